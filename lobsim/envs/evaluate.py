"""Agents and rules on the same seeds: cost, risk, completion, and paired differences.

Two measures of cost stand side by side: the shortfall as it was, and less its control variate, the
sum of inventory times news (`lobsim.envs.rewards`), which has mean zero for every policy and takes
most of the price's noise with it. A difference that only the first shows is luck; compare blocks
of seeds (`first`) before believing either.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t as student

from lobsim.envs.baselines import Rule
from lobsim.envs.execution_core import ExecutionCore
from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.envs.seeding import episode_seeds

__all__ = ["Evaluation", "RandomPolicy", "evaluate"]

_TAIL = 0.05
_CONFIDENCE = 0.95
_MEASURES = ("shortfall_bps", "controlled_bps")

Policy = Callable[[np.ndarray], np.ndarray]
"""Actions (N, ...) from observations (N, columns)."""


class RandomPolicy:
    """Discrete actions at random, the same ones in every run.

    Parameters
    ----------
    actions : int
        How many there are to choose from.
    seed : int
    """

    def __init__(self, actions: int, seed: int = 0):
        self._actions, self._rng = actions, np.random.default_rng(seed)

    def __call__(self, seen):
        return self._rng.integers(self._actions, size=len(seen))


@dataclass(frozen=True)
class Evaluation:
    """What several policies did on the same seeds.

    Attributes
    ----------
    episodes : DataFrame
        A row for each policy and episode: ``policy, seed, shortfall_bps, news_bps,
        controlled_bps, reward, completion, maker_share, duration_s``.
    reference : str
        The policy that the others are compared with.
    """

    episodes: pd.DataFrame
    reference: str

    def table(self) -> pd.DataFrame:
        """A row for each policy, in bps, positive = cost.

        Returns
        -------
        DataFrame
            ``mean, std, cvar`` (mean of the dearest 5 %) of the shortfall; ``completion`` (share
            traded before the leftover was priced) and ``maker_share``; ``controlled`` (mean less
            the control variate) and ``controlled_std``; then the paired difference from the
            reference with the half-width of its 95 % interval, ``difference, difference_half``,
            and the same of the controlled cost.
        """
        rows = {}
        wide = {name: self.episodes.pivot(index="seed", columns="policy", values=name)
                for name in _MEASURES}
        for policy, own in self.episodes.groupby("policy", sort=False):
            cost = own["shortfall_bps"].to_numpy()
            row = {"mean": cost.mean(), "std": cost.std(ddof=1), "cvar": cvar(cost),
                   "completion": own["completion"].mean(), "maker_share": own["maker_share"].mean(),
                   "controlled": own["controlled_bps"].mean(),
                   "controlled_std": own["controlled_bps"].std(ddof=1)}
            for name, label in zip(_MEASURES, ("difference", "controlled_difference"), strict=True):
                gap = (wide[name][policy] - wide[name][self.reference]).to_numpy()
                row[label], row[f"{label}_half"] = interval(gap)
            rows[policy] = row
        return pd.DataFrame.from_dict(rows, orient="index")


def cvar(cost: np.ndarray, tail: float = _TAIL) -> float:
    """Mean of the dearest share `tail` of some costs, at least one of them."""
    worst = np.sort(np.asarray(cost, dtype=float))[::-1]
    return float(worst[:max(1, round(tail * len(worst)))].mean())


def interval(values: np.ndarray, confidence: float = _CONFIDENCE) -> tuple[float, float]:
    """Mean of some values and the half-width of its t-interval; NaN for fewer than two."""
    values = np.asarray(values, dtype=float)
    if len(values) < 2:
        return float(values.mean()), float("nan")
    half = student.ppf(0.5 + confidence / 2, len(values) - 1) * values.std(ddof=1)
    return float(values.mean()), float(half / np.sqrt(len(values)))


def evaluate(policies: Mapping[str, Rule | Policy | tuple], *, episodes: int = 500, seed: int = 0,
             first: int = 0, reference: str | None = None, num_envs: int = 64,
             threads: int = 1, **settings) -> Evaluation:
    """Run policies on the same episodes, many at a time.

    Parameters
    ----------
    policies : mapping of name to policy
        A rule of `lobsim.envs.baselines`; or a function of observations (N, columns) that
        returns actions (for a trained model: ``lambda seen: model.predict(seen)[0]``); or a pair
        of one of them and a mapping of settings in which its environment differs
        (``{"blind": True}``).
    episodes : int
        At least 2.
    seed, first : int
        The episodes are numbers `first` to `first` + `episodes` - 1 of this seed: those that an
        environment plays that was reset with it. Another `first` is a fresh block.
    reference : str, optional
        Policy that the others are compared with; the first by default.
    num_envs : int
        Episodes side by side; changes no result, unless a policy draws random numbers.
    threads : int
        That advance them; changes no result.
    **settings
        As in `lobsim.envs.ExecutionEnv`.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        When there are no policies, the reference is none of them, or a setting is wrong.

    Examples
    --------
    >>> from lobsim.envs.baselines import AtOnceRule, TWAPRule
    >>> found = evaluate({"TWAP": TWAPRule(60), "at once": AtOnceRule()}, episodes=2,
    ...                  quantity=500, horizon_s=120)
    >>> found.table()["completion"].tolist()
    [1.0, 1.0]
    """
    if not policies:
        raise ValueError("policies is empty; name at least one")
    reference = next(iter(policies)) if reference is None else reference
    if reference not in policies:
        raise ValueError(f"reference is {reference!r}; it must be one of {', '.join(policies)}")
    if episodes < 2 or num_envs < 1:
        raise ValueError(f"episodes is {episodes} and num_envs {num_envs}; they must be at least "
                         f"2 and 1")
    seeds = episode_seeds(seed, first, episodes)
    tables = []
    for name, policy in policies.items():
        policy, own = policy if isinstance(policy, tuple) else (policy, {})
        if hasattr(policy, "act"):
            own = {**own, "actions": "orders"}
        checked = ExecutionSettings(**{**settings, **own})
        blocks = [_run(policy, checked, seeds[k:k + num_envs], threads)
                  for k in range(0, episodes, num_envs)]
        tables.append(pd.concat(blocks, ignore_index=True).assign(policy=name))
    table = pd.concat(tables, ignore_index=True)
    return Evaluation(table[["policy", *table.columns.drop("policy")]], reference)


def _run(policy, settings, seeds, threads) -> pd.DataFrame:
    """One episode of each seed, side by side, to the end."""
    core = ExecutionCore(len(seeds), settings, threads)
    outcome = core.fresh()
    core.open(range(len(seeds)), seeds, outcome)
    rule = policy if hasattr(policy, "act") else None
    if rule:
        rule.reset(core)
    last = np.zeros((len(seeds), len(core.names)))
    rewards = np.zeros(len(seeds))
    while core.alive.any():
        running = core.alive
        actions = rule.act(core, outcome) if rule else policy(outcome.seen)
        outcome = core.step(actions)
        last[running] = outcome.info[running]
        rewards += outcome.rewards
    told = dict(zip(core.names, last.T, strict=True))
    quantity = told["filled"] + told["left"]
    return pd.DataFrame({
        "seed": seeds, "shortfall_bps": told["shortfall_bps"], "news_bps": told["news_bps"],
        "controlled_bps": told["shortfall_bps"] - told["news_bps"], "reward": rewards,
        "completion": told["filled"] / quantity,
        "maker_share": told["maker_filled"] / np.maximum(told["filled"], 1e-12),
        "duration_s": told["time_s"],
    })  # fmt: skip
