"""Cases and budgets so small that a training takes a second, for the tests of agents."""

from dataclasses import replace

import numpy as np
from small_markets import FLOWS, START_S, profile_of

from lobsim.agents.case import Case
from lobsim.agents.cases import find_case
from lobsim.agents.training import Training

SMALL = profile_of(*FLOWS["poisson"])


def _around_its_rule(case: Case) -> Case:
    """The case with PPO as a residual of its rule: one of `LinearQuotes` in these tests."""
    return replace(case, recipes={**case.recipes, "ppo": replace(case.recipe("ppo"), residual=0.5)})


_FULL = {
    "chriss": find_case("chriss"),
    "stoikov": find_case("stoikov").with_settings(horizon=0.05),
    "signal": _around_its_rule(find_case("signal").with_settings(horizon=0.05)),
    "execution": find_case("execution").with_settings(
        profile=SMALL, quantity=60, horizon_s=60.0, interval_s=3.0, start_s=START_S, slice_s=6.0),
    "making": find_case("making").with_settings(session_s=10.0),
}
CASES: dict[str, Case] = {name: replace(case, validation_episodes=8, judge_envs=8)
                          for name, case in _FULL.items()}
_OFF_POLICY = {"n_envs": 4, "batch_size": 32, "net": (16, 16), "validations": 2,
               "options": {"learning_starts": 40, "buffer_size": 500, "train_freq": 5,
                           "gradient_steps": 2}}
BUDGETS = {
    "ppo": {"steps": 320, "n_envs": 4, "batch_size": 40, "net": (16, 16), "validations": 2,
            "options": {"n_steps": 20, "n_epochs": 2}},
    "dqn": {"steps": 320} | _OFF_POLICY,
    "sac": {"steps": 320} | _OFF_POLICY,
}
KINDS = [("chriss", "ppo"), ("chriss", "sac"), ("stoikov", "sac"), ("signal", "ppo"),
         ("execution", "dqn"), ("execution", "ppo"), ("making", "ppo")]
"""Every algorithm, discrete and continuous actions, residuals of both rules, normalised rewards."""


def training(case: str, algo: str, seed: int = 1, **arguments) -> Training:
    """A tiny training that has not begun."""
    given = BUDGETS[algo] | {"case": CASES[case], "algo": algo, "seed": seed} | arguments
    return Training(given.pop("case"), given.pop("algo"), given.pop("seed"), **given)


def seen(case: str, count: int = 50, seed: int = 0, **settings):
    """Observations at random within their space, shape (count, columns)."""
    space = CASES[case].vector(1, **settings).single_observation_space
    rng = np.random.default_rng(seed)
    return rng.uniform(space.low, space.high, (count, len(space.low))).astype(np.float32)
