"""Exercise 2 of lesson 06: the environment, asked by six questions whether it keeps its rules."""

import contextlib
import io
import warnings

import gymnasium
import numpy as np
from gymnasium.utils.env_checker import check_env

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance

EXACT = Tolerance(rtol=1e-9, atol=1e-9, why="plain arithmetic: only the order of sums may differ")
TERMS = ("execution", "impact", "exogenous", "fees", "leftover")


class Sale(gymnasium.Env):
    """The environment of the lesson; `fault` builds in one of the typical mistakes."""

    def __init__(self, quantity, steps, chance, fee, impact, fault=""):
        self.quantity, self.steps, self.chance = quantity, steps, chance
        self.fee, self.push, self.fault = fee, impact, fault
        high = 1.0 if fault != "outside" else 0.5
        self.observation_space = gymnasium.spaces.Box(0.0, high, (2,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(3)
        self.other = np.random.default_rng(2006)  # of the fault "unseeded"

    def _see(self):
        time = self.time / self.steps
        seen = np.array([self.left / self.quantity, time if self.fault == "steps_done" else
                         1 - time], np.float32)
        return seen.astype(float) if self.fault == "float64" else seen

    def _tell(self, terms):
        told = {"left": self.left, "mid": self.mid, "cash": self.cash, "terms": terms}
        return {"left": self.left} if self.fault == "no_terms" else told

    def reset(self, *, seed=None, options=None):
        if self.fault != "unseeded":
            super().reset(seed=seed)
        self.left, self.time, self.mid, self.cash = self.quantity, 0, 0, 0.0
        return self._see(), self._tell(dict.fromkeys(TERMS, 0.0))

    def step(self, action):
        fault = self.fault
        rng = self.other if fault == "unseeded" else self.np_random
        u, v = rng.random(), rng.random()
        before, mid = self.left, self.mid
        crossed = action if fault == "uncapped" else min(int(action), self.left)
        rested = int(action == 0 and self.left > 0 and u < self.chance)
        got = sum(mid - i for i in range(1, crossed + 1)) + rested * (mid + 1)
        if fault == "no_walk":
            got = crossed * (mid - 1) + rested * (mid + 1)
        up = 1 if v < 0.5 else -1
        self.left -= crossed + rested
        self.time += 1
        self.mid += up + (1 if fault == "pushed_up" else -1) * self.push * crossed
        held = self.left if fault == "held_after" else before
        terms = {
            "execution": (crossed + rested) * self.mid - got, "impact": held * self.push * crossed,
            "exogenous": -held * up, "fees": self.fee * crossed, "leftover": 0.0}
        if fault == "before":
            terms["execution"] = (crossed + rested) * mid - got
        self.cash += got - self.fee * crossed * (fault != "gross")
        over = self.time == self.steps
        if over and fault != "no_leftover":
            walk = self.left * (self.left + 1) / 2 + self.fee * self.left
            walk = 0.0 if fault == "leftover_at_mid" else walk
            walk -= self.fee * self.left * (fault == "leftover_free")
            terms["leftover"], self.cash = walk, self.cash + self.left * self.mid - walk
        reward = -sum(terms.values())
        if fault == "cost":
            reward = -reward
        if fault == "not_the_sum":
            reward = -terms["execution"]
        over = over if fault == "late" else over or self.left == 0
        if over and fault == "sold_out":
            self.left = 0
        ended = (False, bool(over)) if fault == "truncated" else (bool(over), False)
        return self._see(), float(reward), *ended, self._tell(terms)


def ask_env(env, ask, actions, seed):
    """The lesson's own six questions."""
    if ask == "gymnasium":
        quiet = io.StringIO()
        with warnings.catch_warnings(), contextlib.redirect_stdout(quiet):
            warnings.simplefilter("ignore")
            try:
                check_env(env, skip_render_check=True)
            except Exception as problem:
                return f"{type(problem).__name__}: {problem}"[:300]
        return "passes"
    if ask == "seed":
        runs = [_run(env, actions, s) for s in (seed, seed, seed + 1, None)]
        told = [[(float(r), info["mid"]) for _, r, _, _, info in run] for run in runs]
        return {"again": told[0] == told[1], "another": told[0] != told[2],
                "goes on": told[2] != told[3]}
    first, steps = env.reset(seed=seed), _run(env, actions, seed)
    if ask == "observation":
        seen = [first[0], *(step[0] for step in steps)]
        return [[*map(float, o), env.observation_space.contains(o)] for o in seen]
    if ask == "ending":
        return [[bool(end), bool(cut)] for _, _, end, cut, _ in steps]
    infos = [first[1], *(step[4] for step in steps)]
    if ask == "info":
        return [[i["left"], i["mid"], i["cash"], *(i["terms"][t] for t in TERMS)] for i in infos]
    return [[float(r), -sum(i["terms"].values())] for (_, r, *_), i in zip(steps, infos[1:])]


def _run(env, actions, seed):
    env.reset(seed=seed)
    steps = []
    for action in actions:
        steps.append(env.step(action))
        if steps[-1][2] or steps[-1][3]:
            break
    return steps


def reference_env(ask, actions, seed, quantity, steps, chance, fee, impact):
    return ask_env(Sale(quantity, steps, chance, fee, impact), ask, actions, seed)


def _with(fault):
    def wrong(ask, actions, seed, quantity, steps, chance, fee, impact):
        return ask_env(Sale(quantity, steps, chance, fee, impact, fault), ask, actions, seed)

    return wrong


def _case(ask, actions, seed, quantity=2, steps=2, chance=0.3, fee=0.0, impact=0, note=""):
    return Case({"ask": ask, "actions": list(actions), "seed": seed, "quantity": quantity,
                 "steps": steps, "chance": chance, "fee": fee, "impact": impact}, note)


def random_orders(rng):
    cases = []
    for ask in ("info", "reward", "ending", "observation"):
        actions = rng.choice([0, 0, 1, 2], 5).tolist()
        cases.append(_case(ask, actions, int(rng.integers(1000)), 12, 5,  # two are left, or more
                           round(float(rng.uniform(0.3, 0.8)), 2),
                           round(float(rng.uniform(0.1, 0.5)), 2), int(rng.integers(1, 3))))
    return cases


SEVEN = [0, 1, 0, 0, 2, 0, 1]
DONE = [0, 2, 2, 2, 2, 0, 0]

ENV = Check(
    name="sale_env",
    title="Your own environment",
    reference=reference_env,
    tolerance=EXACT,
    reread='"An environment of your own": the order of things in a step, and what info holds',
    parts=[
        Part("two lots by hand", 2.0, [
            _case("info", [0, 1], 8, note="rest one, then cross one; info at the start and after"),
            _case("reward", [0, 1], 8, note="the reward, and minus the sum of the terms"),
            _case("ending", [0, 1], 8, note="terminated and truncated after each step"),
        ], category="worked example", partial=True),
        Part("what Gymnasium asks of any environment", 2.0, [
            _case("gymnasium", [], 0, 6, 7, 0.5, 0.2, 1, "Gymnasium's own check_env"),
            _case("seed", SEVEN, 3, 9, 7, 0.5, 0.2, 1,
                  "the same seed again, another one, and a reset without one"),
            _case("observation", SEVEN, 3, 9, 7, 0.5, 0.2, 1,
                  "each observation, and whether its space contains it"),
        ], category="the interface", partial=True),
        Part("orders of your own", 2.0, random_orders, False, category="other numbers"),
        Part("an order that is done early, and more than is left", 2.0, [
            _case("ending", DONE, 5, 3, 7, 0.9, 0.1, 1), _case("info", DONE, 5, 3, 7, 0.9, 0.1, 1),
            _case("reward", [1, 2], 2, 2, 5, 0.5, 0.3, 2),
            _case("info", [2, 2, 0, 0], 1, 5, 3, 1.0, 0.0, 0),
        ], False, category="edge cases"),
    ],
    mistakes=[
        Mistake("no_terms", None,
                "info must hold left, mid, cash and terms (a dict of the five), after reset, too",
                error="KeyError"),
        Mistake("unseeded", _with("unseeded"),
                "begin reset with super().reset(seed=seed) and draw from self.np_random only: one "
                "seed must give one episode"),
        Mistake("float64", _with("float64"),
                "the space holds float32: make the observation with dtype=np.float32"),
        Mistake("truncated", _with("truncated"),
                "the deadline is part of the task and of the observation: it terminates; truncated "
                "is for an episode that is cut off from outside"),
        Mistake("late", _with("late"), "nothing left to sell terminates the episode, too"),
        Mistake("no_leftover", _with("no_leftover"),
                "what is left at the end is sold into the book in the same step: the leftover"),
        Mistake("leftover_at_mid", _with("leftover_at_mid"),
                "nobody buys the leftover at the mid: it walks the book like any crossed lot"),
        Mistake("held_after", _with("held_after"),
                "impact and exogenous move all that was left *before* the step; execution is "
                "measured at the mid after it"),
        Mistake("before", _with("before"),
                "execution is measured at the mid after the step; with the mid before it the "
                "terms count the move of what was sold twice"),
        Mistake("pushed_up", _with("pushed_up"), "your sales push the mid down, not up"),
        Mistake("leftover_free", _with("leftover_free"),
                "the leftover is crossed: it pays `fee` for each lot, too, within its own term"),
        Mistake("gross", _with("gross"),
                "cash holds everything: what lots were sold for, less all fees"),
        Mistake("sold_out", _with("sold_out"),
                "`left`, in info and in the observation, is counted before the leftover is sold"),
        Mistake("steps_done", _with("steps_done"),
                "the observation holds the steps that are left, not those that are done"),
        Mistake("uncapped", _with("uncapped"), "you cannot sell more lots than are left"),
        Mistake("no_walk", _with("no_walk"),
                "the second lot crossed finds the next price level: mid - 2"),
        Mistake("cost", _with("cost"), "the terms are costs, and the reward is minus their sum"),
        Mistake("not_the_sum", _with("not_the_sum"),
                "the reward is minus the sum of all five terms of the step"),
        Mistake("outside", _with("outside"),
                "an observation lies outside observation_space: scale it, or widen the space"),
    ],
)

CHECKS = [ENV]
