"""Exercise 1 of lesson 07: a replay buffer that knows how episodes end."""

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-5, atol=1e-6, why="rows are kept as they came, in single precision")


def _replay(capacity, steps, count, seed, after="final", flag="terminated", ring="wraps",
            draw="anew"):
    columns = steps["seen"].shape[2]
    over = steps["terminated"] | steps["truncated"]
    whose = {"final": over, "fresh": np.zeros_like(over), "terminated": steps["terminated"],
             "all": np.ones_like(over)}[after]
    rows = {"seen": steps["seen"], "action": steps["action"], "reward": steps["reward"],
            "next": np.where(whose[..., None], steps["final_seen"], steps["next_seen"]),
            "end": {"terminated": steps["terminated"], "over": over,
                    "never": np.zeros_like(over)}[flag]}
    rows = {name: value.reshape(-1, columns) if value.ndim == 3 else value.reshape(-1)
            for name, value in rows.items()}
    added = len(rows["action"])
    kept = {name: np.zeros((capacity, *value.shape[1:]), value.dtype)
            for name, value in rows.items()}
    for n in range(added):
        slot = n % capacity
        if ring == "full" and n >= capacity:
            break
        if ring == "last" and n >= capacity:
            slot = capacity - 1
        for name, value in rows.items():
            kept[name][slot] = value[n]
    stored = min(added, capacity)
    rng = np.random.default_rng(seed)
    if draw == "anew":
        slots = rng.integers(stored, size=count)
    elif draw == "capacity":
        slots = rng.integers(capacity, size=count)
    else:
        slots = np.arange(stored - count, stored) % stored
    return (stored, kept["seen"][slots], kept["action"][slots], kept["reward"][slots],
            kept["next"][slots], kept["end"][slots])


def reference_replay(capacity, steps, count, seed):
    return _replay(capacity, steps, count, seed)


def _fresh(capacity, steps, count, seed):
    return _replay(capacity, steps, count, seed, after="fresh")


def _only_terminated_final(capacity, steps, count, seed):
    return _replay(capacity, steps, count, seed, after="terminated")


def _always_final(capacity, steps, count, seed):
    return _replay(capacity, steps, count, seed, after="all")


def _over(capacity, steps, count, seed):
    return _replay(capacity, steps, count, seed, flag="over")


def _fresh_and_over(capacity, steps, count, seed):
    return _replay(capacity, steps, count, seed, after="fresh", flag="over")


def _never(capacity, steps, count, seed):
    return _replay(capacity, steps, count, seed, flag="never")


def _full(capacity, steps, count, seed):
    return _replay(capacity, steps, count, seed, ring="full")


def _last(capacity, steps, count, seed):
    return _replay(capacity, steps, count, seed, ring="last")


def _newest(capacity, steps, count, seed):
    return _replay(capacity, steps, count, seed, draw="newest")


def _capacity(capacity, steps, count, seed):
    return _replay(capacity, steps, count, seed, draw="capacity")


def _steps(rng, length, envs, columns, ends=0.3):
    end = rng.random((length, envs))
    terminated = end < ends / 2
    truncated = (end >= ends / 2) & (end < ends)
    terminated[0, 0], truncated[0, 0] = True, False
    terminated[-1, -1], truncated[-1, -1] = False, True
    shape = (length, envs, columns)
    return {"seen": rng.normal(size=shape).round(2), "action": rng.integers(0, 5, (length, envs)),
            "reward": rng.normal(size=(length, envs)).round(2),
            "next_seen": rng.normal(size=shape).round(2),
            "final_seen": rng.normal(size=shape).round(2), "terminated": terminated,
            "truncated": truncated}


def rollouts(rng):
    return [Case({"capacity": 40, "steps": _steps(rng, 6, 4, 3), "count": 60, "seed": 5},
                 "with room to spare"),
            Case({"capacity": 16, "steps": _steps(rng, 9, 4, 2), "count": 50, "seed": 6},
                 "overwritten twice")]


def odd_rings(rng):
    return [Case({"capacity": 7, "steps": _steps(rng, 5, 3, 2), "count": 40, "seed": 7},
                 "a ring that wraps in the middle of a step"),
            Case({"capacity": 4, "steps": _steps(rng, 2, 6, 1), "count": 30, "seed": 8},
                 "more environments than slots")]


TWO_STEPS = {
    "seen": np.array([[[10.0], [20.0]], [[11.0], [0.0]]]), "action": np.array([[1, 0], [2, 1]]),
    "reward": np.array([[-1.0, 2.0], [0.0, 1.0]]),
    "next_seen": np.array([[[11.0], [0.0]], [[0.0], [1.0]]]),
    "final_seen": np.array([[[0.0], [21.0]], [[12.0], [0.0]]]),
    "terminated": np.array([[False, True], [False, False]]),
    "truncated": np.array([[False, False], [True, False]])}

CHECKS = [Check(
    name="replay",
    title="A replay buffer that knows how episodes end",
    reference=reference_replay,
    tolerance=EXACT,
    reread='"The replay buffer": the two kinds of end, and the table',
    parts=[
        Part("two steps by hand", 2.0,
             [Case({"capacity": 3, "steps": TWO_STEPS, "count": 12, "seed": 1},
                   "the table above, twelve draws")], category="worked example"),
        Part("longer rollouts", 4.0, rollouts, False, category="other numbers"),
        Part("rings that wrap at odd places", 2.0, odd_rings, False, category="edge cases"),
    ],
    mistakes=[
        Mistake("fresh_and_over", _fresh_and_over,
                "a truncated episode keeps its value, at its own last view: you keep the first "
                "view of the next episode, and mark both kinds of end"),
        Mistake("fresh", _fresh,
                "where an episode ended the next view belongs to another one: keep final_seen"),
        Mistake("over", _over,
                "a truncated step is no end of the task: only terminated is the flag"),
        Mistake("only_terminated_final", _only_terminated_final,
                "truncated episodes started anew as well: their last view is in final_seen"),
        Mistake("always_final", _always_final,
                "final_seen counts only where an episode ended; elsewhere it is next_seen"),
        Mistake("never", _never, "no row of yours has the flag: terminated ones need it"),
        Mistake("full", _full, "a full buffer goes on: the oldest row is overwritten"),
        Mistake("last", _last, "row n goes into slot n modulo capacity, not always the last one"),
        Mistake("newest", _newest,
                "draw at random, by rng.integers(stored, size=count): the newest rows are alike"),
        Mistake("capacity", _capacity, "draw among the slots in use, not among empty ones"),
    ],
)]
