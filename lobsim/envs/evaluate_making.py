"""Judging quoting policies on the same seeds: profit, certainty equivalent, tail, inventory."""

import math
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from scipy.special import ndtri
from gymnasium.vector import AutoresetMode

from lobsim.analytics.compare import paired_difference

__all__ = ["certainty_equivalent", "compare", "evaluate", "summary"]


def evaluate(env, policies: Mapping[str, Callable], episodes: int, seed: int = 0) -> pd.DataFrame:
    """Play every policy on the same episodes, N at a time.

    Parameters
    ----------
    env : KernelVectorEnv
        A market-making environment of this floor with automatic reset in the same step. Its
        reward does not matter but for the column ``reward``.
    policies : mapping of str to callable
        ``policy(observations) -> actions``, for all N at once; one with a method ``reset()`` is
        told when episodes begin.
    episodes : int
        Whole number above 0; the last round plays no more than are left.
    seed : int
        Episode i is the first one of seed + i: blocks that shall not overlap need seeds that far
        apart.

    Returns
    -------
    DataFrame
        One row per policy and episode: ``policy, seed, profit`` (wealth at the end), ``reward``
        (sum), ``end_inventory, inventory_rms, largest_inventory`` (over the steps), and the sums
        of the terms of the reward that the environment tells (`env.sum_names`).
    """
    if episodes < 1:
        raise ValueError(f"episodes is {episodes}; it must be at least 1")
    if env.autoreset_mode != AutoresetMode.SAME_STEP:
        raise ValueError(f"autoreset_mode is {env.autoreset_mode.value!r}; it must be 'SameStep'")
    if not env.tells_all:
        raise ValueError("info is 'end'; it must be 'all', so that what each step adds is told")
    tables = []
    for name, policy in policies.items():
        for first in range(0, episodes, env.num_envs):
            played = _round(env, policy, seed + first)
            played.insert(0, "policy", name)
            played.insert(1, "seed", seed + first + np.arange(env.num_envs))
            tables.append(played.iloc[:episodes - first])
    return pd.concat(tables, ignore_index=True)


def _round(env, policy, seed) -> pd.DataFrame:
    """The first episode of every environment after a reset with this seed."""
    n = env.num_envs
    obs, _ = env.reset(seed=seed)
    if hasattr(policy, "reset"):
        policy.reset()
    going = np.ones(n, np.bool_)
    steps, reward, squares, largest = np.zeros((4, n))
    sums = {name: np.zeros(n) for name in env.sum_names}
    profit, end = np.full((2, n), np.nan)
    while going.any():
        obs, rewards, terminated, truncated, info = env.step(policy(obs))
        ended = terminated | truncated
        told = {name: info[name] for name in ("wealth", "inventory", *sums)}
        if ended.any():  # the rows that ended tell of the next episode already
            told = {name: np.where(ended, info["final_info"][name], column)
                    for name, column in told.items()}
        held = np.where(going, told["inventory"], 0.0)
        steps += going
        reward += np.where(going, rewards, 0.0)
        squares += held**2
        largest = np.maximum(largest, np.abs(held))
        for name, column in sums.items():
            column += np.where(going, told[name], 0.0)
        now = ended & going
        profit[now], end[now] = told["wealth"][now], told["inventory"][now]
        going &= ~ended
    return pd.DataFrame({"profit": profit, "reward": reward, "end_inventory": end,
                         "inventory_rms": np.sqrt(squares / steps), "largest_inventory": largest}
                        | sums)


def certainty_equivalent(profit, risk_aversion: float) -> tuple[float, np.ndarray]:
    r"""Certainty equivalent of a sample, and what each episode contributes to its error.

    .. math:: CE = -\frac1\gamma\ln\overline{e^{-\gamma W}}, \qquad
              \psi_i = \frac1\gamma\left(1 - \frac{e^{-\gamma W_i}}
              {\overline{e^{-\gamma W}}}\right)

    The standard error is that of the mean of psi; a paired difference of two certainty equivalents
    has the standard error of the mean of the differences of psi.

    Parameters
    ----------
    profit : array-like, shape (n,)
    risk_aversion : float
        gamma, 1 / money; 0 is the mean.

    Returns
    -------
    value : float
    contributions : ndarray, shape (n,)

    Examples
    --------
    >>> round(certainty_equivalent([0.0, 2.0], 0.1)[0], 4)
    0.9501
    """
    profit = np.asarray(profit, dtype=float)
    if risk_aversion == 0:
        return float(profit.mean()), profit - profit.mean()
    low = profit.min()
    utility = np.exp(-risk_aversion * (profit - low))
    mean = utility.mean()
    return float(low - math.log(mean) / risk_aversion), (1.0 - utility / mean) / risk_aversion


def summary(table: pd.DataFrame, risk_aversion: float, *, tail: float = 0.05,
            confidence: float = 0.95) -> pd.DataFrame:
    """One row per policy of `evaluate`'s table, best certainty equivalent first.

    Parameters
    ----------
    table : DataFrame
    risk_aversion : float
    tail : float
        Share of the worst episodes whose mean profit is the CVaR.
    confidence : float
        Coverage of the intervals (normal).

    Returns
    -------
    DataFrame
        Index ``policy``; ``episodes, mean, mean_low, mean_high, std, ce, ce_low, ce_high, cvar,
        inventory_rms, largest_inventory`` (mean over episodes), and means of all other columns.
    """
    z = float(ndtri(0.5 * (1 + confidence)))
    rows = {}
    for name, one in table.groupby("policy", sort=False):
        profit = one["profit"].to_numpy()
        n = len(profit)
        std = float(profit.std(ddof=1)) if n > 1 else math.nan
        ce, parts = certainty_equivalent(profit, risk_aversion)
        error = float(parts.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
        worst = np.sort(profit)[:max(1, round(tail * n))]
        reach = z * std / math.sqrt(n)
        rows[name] = {
            "episodes": n, "mean": float(profit.mean()), "mean_low": profit.mean() - reach,
            "mean_high": profit.mean() + reach, "std": std, "ce": ce, "ce_low": ce - z * error,
            "ce_high": ce + z * error, "cvar": float(worst.mean()),
        } | {column: float(one[column].mean()) for column in one.columns
             if column not in ("policy", "seed", "profit")}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("policy").sort_values(
        "ce", ascending=False)


def compare(table: pd.DataFrame, against: str, risk_aversion: float, *,
            confidence: float = 0.95) -> pd.DataFrame:
    """Paired differences of every policy to one of them, on the same seeds.

    Returns
    -------
    DataFrame
        Index ``policy``; ``mean, mean_low, mean_high`` of the profit's difference (Student's t) and
        ``ce, ce_low, ce_high`` of the certainty equivalent's (delta method), ``pairs``.
    """
    wide = table.pivot(index="seed", columns="policy", values="profit")
    if against not in wide:
        raise ValueError(f"against is {against!r}; the policies are {', '.join(wide.columns)}")
    base, base_parts = certainty_equivalent(wide[against], risk_aversion)
    rows = {}
    for name in table["policy"].unique():
        if name == against:
            continue
        mean = paired_difference(wide[name], wide[against], confidence=confidence)
        ce, parts = certainty_equivalent(wide[name], risk_aversion)
        part = paired_difference(parts, base_parts, confidence=confidence)
        rows[name] = {"mean": mean.mean, "mean_low": mean.ci_low, "mean_high": mean.ci_high,
                      "ce": ce - base, "ce_low": ce - base + part.ci_low,
                      "ce_high": ce - base + part.ci_high, "pairs": mean.n}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("policy")
