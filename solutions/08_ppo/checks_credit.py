"""Exercise 2 of lesson 08: generalised advantage estimation."""

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-6, atol=1e-6, why="PyTorch may count in single precision")


def reference_gae(rewards, values, starts, last_values, last_done, cut_values, gamma, lam):
    return _gae(rewards, values, starts, last_values, last_done, cut_values, gamma, lam)


def _gae(rewards, values, starts, last_values, last_done, cut_values, gamma, lam, *, leak=False,
         carry=False, shift=1, cut=True, last=True, ahead=True, decay=None, flipped=False,
         done_last=True, cut_discount=True, overlap=False, skip_last=False):
    steps = len(rewards)
    ended = np.vstack([starts[1:], last_done[None]]).astype(float)
    if not done_last:
        ended[-1] = 0.0
    if shift == 0:
        ended = starts.astype(float)
    after = np.vstack([values[1:], last_values[None]])
    if not last:
        after[-1] = 0.0
    on = np.ones_like(ended) if leak else 1.0 - ended
    keep = np.ones_like(ended) if leak or carry else 1.0 - ended
    earned = rewards + (gamma if cut_discount else 1.0) * cut_values * cut
    if overlap:  # the next order's first value counts beside the cut one's
        on = np.where(cut_values != 0, 1.0, on)
    delta = earned + gamma * after * on * ahead - values
    decay = gamma * lam if decay is None else decay(gamma, lam)
    found, run = np.zeros_like(delta), np.zeros(delta.shape[1])
    order = range(steps) if flipped else range(steps - 1 - skip_last, -1, -1)
    for t in order:
        run = delta[t] + decay * keep[t] * run
        found[t] = run
    return found, found + values


def _variant(**changes):
    def wrong(rewards, values, starts, last_values, last_done, cut_values, gamma, lam):
        return _gae(rewards, values, starts, last_values, last_done, cut_values, gamma, lam,
                    **changes)

    return wrong


def _no_values(rewards, values, starts, last_values, last_done, cut_values, gamma, lam):
    """Advantages are right, and so called the returns."""
    found, _ = _gae(rewards, values, starts, last_values, last_done, cut_values, gamma, lam)
    return found, found


def _of_rewards(rewards, values, starts, last_values, last_done, cut_values, gamma, lam):
    """Returns are discounted sums of rewards, as with lambda = 1."""
    found, _ = _gae(rewards, values, starts, last_values, last_done, cut_values, gamma, lam)
    plain, _ = _gae(rewards, values, starts, last_values, last_done, cut_values, gamma, 1.0)
    return found, plain + values


def _swapped(rewards, values, starts, last_values, last_done, cut_values, gamma, lam):
    found, returns = _gae(rewards, values, starts, last_values, last_done, cut_values, gamma, lam)
    return returns, found


def _scaled(rewards, values, starts, last_values, last_done, cut_values, gamma, lam):
    found, returns = _gae(rewards, values, starts, last_values, last_done, cut_values, gamma, lam)
    return (found - found.mean()) / (found.std() + 1e-8), returns


def _cut_runs_on(rewards, values, starts, last_values, last_done, cut_values, gamma, lam):
    """The sum does not stop at a time limit."""
    ended = np.vstack([starts[1:], last_done[None]]).astype(float)
    after = np.vstack([values[1:], last_values[None]])
    delta = rewards + gamma * cut_values + gamma * after * (1 - ended) - values
    keep = np.where(cut_values != 0, 1.0, 1 - ended)
    found, run = np.zeros_like(delta), np.zeros(delta.shape[1])
    for t in range(len(rewards) - 1, -1, -1):
        run = delta[t] + gamma * lam * keep[t] * run
        found[t] = run
    return found, found + values


def _rollout(rng, steps, envs, gamma, lam, ends=0.3, cuts=0.5):
    starts = rng.random((steps, envs)) < ends
    starts[0] = True
    last_done = rng.random(envs) < ends
    ended = np.vstack([starts[1:], last_done[None]])
    cut = ended & (rng.random((steps, envs)) < cuts)
    return {"rewards": rng.normal(-1, 1, (steps, envs)).round(2),
            "values": rng.normal(-3, 1, (steps, envs)).round(2), "starts": starts,
            "last_values": rng.normal(-3, 1, envs).round(2), "last_done": last_done,
            "cut_values": np.where(cut, rng.normal(-3, 1, (steps, envs)).round(2), 0.0),
            "gamma": gamma, "lam": lam}


def random_rollouts(rng):
    return [Case(_rollout(rng, 6, 3, 0.99, 0.95)), Case(_rollout(rng, 12, 2, 0.9, 0.8))]


def long_episodes(rng):
    return [Case(_rollout(rng, 8, 2, 0.95, 0.9, ends=0.0)),
            Case(_rollout(rng, 6, 2, 1.0, 0.95, ends=0.0)
                 | {"last_done": np.array([True, False])})]


def limits(rng):
    return [Case(_rollout(rng, 5, 2, 0.9, 0.0)),
            Case(_rollout(rng, 5, 2, 1.0, 1.0)),
            Case(_rollout(rng, 1, 3, 0.9, 0.5))]


FOUR_STEPS = {"rewards": np.array([[-1.0], [0.0], [-2.0], [-1.0]]),
              "values": np.array([[-3.0], [-2.0], [-2.0], [-4.0]]),
              "starts": np.array([[True], [False], [False], [True]]),
              "last_values": np.array([-3.0]), "last_done": np.array([False]),
              "cut_values": np.zeros((4, 1)), "gamma": 0.9, "lam": 0.5}
CUT = FOUR_STEPS | {"cut_values": np.array([[0.0], [0.0], [-2.0], [0.0]])}

GAE = Check(
    name="gae",
    title="Who deserves the credit?",
    reference=reference_gae,
    tolerance=EXACT,
    reread='"Who deserves the credit?": the table of four steps, and the line about time limits',
    parts=[
        Part("four steps by hand", 1.0, [Case(FOUR_STEPS, "the table above")],
             category="worked example"),
        Part("the same, cut by a time limit", 1.0, [Case(CUT, "the second table")],
             category="worked example"),
        Part("rollouts of your own", 3.0, random_rollouts, False, category="other numbers"),
        Part("episodes longer than the rollout", 1.0, long_episodes, False,
             category="edge cases"),
        Part("the smallest and largest lambda, and a single step", 1.0, limits, False,
             category="edge cases"),
    ],
    mistakes=[
        Mistake("leak", _variant(leak=True),
                "your sums run on into the next episode: nothing after an end belongs to it"),
        Mistake("carry", _variant(carry=True),
                "the value after an end is gone, but the running sum still goes on across it"),
        Mistake("shift", _variant(shift=0),
                "starts[t] says that step t begins an episode, so step t - 1 was the last one of "
                "another"),
        Mistake("no_cut", _variant(cut=False),
                "a time limit is no end: add gamma x the value of what was seen last"),
        Mistake("no_last", _variant(last=False),
                "the rollout stops, the episode goes on: after the last step comes last_values"),
        Mistake("last_not_done", _variant(done_last=False),
                "last_done tells whether the last step ended its episode"),
        Mistake("no_next", _variant(ahead=False),
                "the value of the next state belongs to what a step earned"),
        Mistake("no_gamma", _variant(decay=lambda gamma, lam: lam),
                "each step back multiplies the running sum by gamma *and* lambda"),
        Mistake("no_lambda", _variant(decay=lambda gamma, lam: gamma),
                "each step back multiplies the running sum by gamma *and* lambda"),
        Mistake("forward", _variant(flipped=True),
                "credit flows backwards: begin at the last step"),
        Mistake("returns", _no_values,
                "the return is the advantage plus the value: what the critic should have said"),
        Mistake("of_rewards", _of_rewards,
                "the return here is the advantage plus the value, not the plain sum of discounted "
                "rewards (that is lambda = 1)"),
        Mistake("swapped", _swapped, "first the advantages, then the returns"),
        Mistake("scaled", _scaled,
                "leave the advantages in bps: they are brought to one scale later, batch by batch"),
        Mistake("cut_undiscounted", _variant(cut_discount=False),
                "the value of what was seen last lies one step ahead: multiply cut_values by "
                "gamma"),
        Mistake("cut_runs_on", _cut_runs_on,
                "a time limit adds a value to the reward, but the running sum stops there as at "
                "any end"),
        Mistake("overlap", _variant(overlap=True),
                "after a time limit the next row is another order's: cut_values stands in place "
                "of its value, not beside it"),
        Mistake("skip_last", _variant(skip_last=True),
                "the loop never visits the last step: begin at T - 1"),
    ],
)

CHECKS = [GAE]
