"""What portfolio days give away: labelled days for a detector, and what a predator takes from them.

A *name-day* is one block of one day. The same name-day without any client is its null: the same
seeds, the same windows, nobody at work (`NobodyDay`). Names of a day move together, so the unit of
training, test and intervals stays the day.
"""

from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np
import pandas as pd

from lobsim.analytics.leak_detector import LeakageDetector, LeakDay, auc_of
from lobsim.envs.portfolio_evaluate import play_days
from lobsim.envs.portfolio_rules import DayRule, orders_of
from lobsim.envs.portfolio_settings import PortfolioSettings
from lobsim.envs.portfolio_watched import HuntedDays, WatchedDays

__all__ = ["LOOK_S", "STEP_S", "WINDOW_S", "NobodyDay", "fitted", "hunted_days", "leakage_of",
           "quiet", "settings_for", "watched_days"]

WINDOW_S, STEP_S, LOOK_S = 300.0, 150.0, 120.0
"""Length of a detector's windows and from one to the next, and between two looks of a predator."""


class NobodyDay:
    """A rule that never trades; with `quiet` settings the tapes are those of nobody's day."""

    def reset(self, core):
        """Nothing to prepare."""

    def act(self, core, outcome):
        """No orders at all."""
        return orders_of(np.zeros(core.filled_lots.shape))


def settings_for(policy: DayRule | Callable, **settings) -> PortfolioSettings:
    """Settings in which a policy acts: rules send orders, agents bring settings of their own."""
    own = {"actions": "orders"} if hasattr(policy, "act") else getattr(policy, "environment", {})
    return PortfolioSettings(**{**settings, **own})


def quiet(**settings) -> PortfolioSettings:
    """The same days, with clients who do not insist: with `NobodyDay` they are without clients."""
    checked = PortfolioSettings(**{**settings, "actions": "orders"})
    if checked.blocks is not None:
        blocks = tuple(replace(one, min_completion=0.0) for one in checked.blocks if one)
        return replace(checked, blocks=blocks)
    none = (0.0,) * len(checked.clients.completions)  # as many draws, so that blocks are the same
    return replace(checked, clients=replace(checked.clients, completions=none))


def watched_days(policy: DayRule | Callable, settings: PortfolioSettings, seeds, *,
                 window_s: float = WINDOW_S, step_s: float = STEP_S, num_envs: int = 4,
                 audit: bool = True) -> tuple[pd.DataFrame, list[LeakDay]]:
    """Play days and look at their public tapes.

    Parameters
    ----------
    policy : DayRule or callable
        `NobodyDay` gives name-days without an order, of side 0 and share 0.
    settings : PortfolioSettings
    seeds : sequence of int
        Of the days.
    window_s, step_s : float
        Of the features; a block that is at work for less than a window is looked at for one.
    num_envs : int
        Days side by side; changes no result.
    audit : bool

    Returns
    -------
    blocks : DataFrame
        Those of `lobsim.envs.portfolio_evaluate.DayEvaluation`, with ``violations`` of the day.
    tapes : list of LeakDay
        One for each row of `blocks`.

    Examples
    --------
    >>> from lobsim.envs.portfolio_rules import TWAPDay
    >>> blocks, tapes = watched_days(TWAPDay(), settings_for(TWAPDay(), names=2, horizon_s=300),
    ...                              [1, 2])
    >>> len(blocks) == len(tapes) == 4
    True
    """
    found, tapes = [], []
    nobody = isinstance(policy, NobodyDay)
    for part in _parts(seeds, num_envs):
        core = WatchedDays(len(part), settings)
        days, blocks = play_days(policy, core, part, audit)
        found.append(_with_violations(days, blocks))
        shares = iter(blocks["participation"])
        for e, n in _name_days(core):
            share, day = next(shares), core.days[e]
            end_s = day.start_s + max(core.ends[e, n] * settings.interval_s, window_s)
            seen = core.features(e, n, window_s, step_s=step_s, end_s=end_s)
            tapes.append(LeakDay(seen, 0 if nobody else day.blocks[n].side,
                                 0.0 if nobody else share))
    return pd.concat(found, ignore_index=True), tapes


def hunted_days(policy: DayRule | Callable, settings: PortfolioSettings, seeds,
                detector: LeakageDetector, threshold: float, *, window_s: float = WINDOW_S,
                look_s: float = LOOK_S, prey: Collection[str] | None = None,
                num_envs: int = 4) -> pd.DataFrame:
    """Play days on which predators trade on a detector.

    Parameters
    ----------
    policy, seeds, num_envs
        As in `watched_days`.
    settings : PortfolioSettings
        With ``parts=(sized_predator(share),)``.
    detector, threshold, window_s, look_s, prey
        As in `lobsim.envs.portfolio_watched.HuntedDays`.

    Returns
    -------
    DataFrame
        Blocks, with ``predator_bps`` (profit of the predator in that name, bps of the block's
        value; NaN where it does not hunt) and ``violations``.
    """
    found = []
    for part in _parts(seeds, num_envs):
        core = HuntedDays(len(part), settings, detector, threshold, window_s=window_s,
                          look_s=look_s, prey=prey)
        days, blocks = play_days(policy, core, part)
        profit = [core.predator_bps(e) for e in range(len(part))]
        found.append(_with_violations(days, blocks).assign(
            predator_bps=[profit[e][n] for e, n in _name_days(core)]))
    return pd.concat(found, ignore_index=True)


def _parts(seeds, num_envs: int) -> list:
    return [seeds[k:k + num_envs] for k in range(0, len(seeds), num_envs)]


def _name_days(core) -> list[tuple[int, int]]:
    return [(e, n) for e in range(len(core)) for n in range(core.names_count)
            if core.days[e].blocks[n] is not None]


def _with_violations(days: pd.DataFrame, blocks: pd.DataFrame) -> pd.DataFrame:
    return blocks.join(days.set_index("seed")["violations"], on="seed")


def fitted(tapes, null, *, quiet_share: float = 0.9) -> tuple[LeakageDetector, float]:
    """A detector of training name-days with and without orders, and a predator's threshold.

    Parameters
    ----------
    tapes, null : list of LeakDay
    quiet_share : float
        Share of the windows without an order in which the predator keeps still, 0 to 1.
    """
    detector = LeakageDetector().fit([*null, *tapes])
    ordinary = np.concatenate([np.abs(detector.lean(one.features)) for one in null])
    return detector, float(np.clip(np.quantile(ordinary, quiet_share), 0.02, 0.98))


def leakage_of(detector: LeakageDetector, tapes, null, days) -> dict[str, float]:
    """How well a detector tells name-days apart, those of its own strategy from nobody's.

    Parameters
    ----------
    detector : LeakageDetector
        Fitted to other days.
    tapes, null : list of LeakDay
        Entry i of both is one name-day, with and without the order.
    days : sequence
        The day that each belongs to.

    Returns
    -------
    dict
        ``auc, auc_low, auc_high`` (95 %, days drawn whole), ``right_side`` (share of orders whose
        side is told), ``size_correlation`` (of the share of volume that it estimates with the true
        one, over the orders; NaN where all are alike).
    """
    scores = [np.array([detector.day_score(one.features) for one in kind])
              for kind in (tapes, null)]
    area = auc_of(*scores, days=np.asarray(days))
    told = np.array([detector.day_share(one.features) for one in tapes])
    true = np.array([one.share for one in tapes])
    alike = min(told.std(), true.std()) < 1e-12
    return {"auc": area.value, "auc_low": area.ci_low, "auc_high": area.ci_high,
            "right_side": float(np.mean([detector.day_side(one.features) == one.side
                                         for one in tapes])),
            "size_correlation": np.nan if alike else float(np.corrcoef(told, true)[0, 1])}
