r"""Reconciliation: what a live day cost beyond the simulator's, split by what was different.

The simulator is run again with one thing after another taken over from the live day; each part is
the difference between two neighbours, so that parts add up exactly to the gap:

========== ======================================== ==============================================
stage      what costs are those of                  part: what the step to it changes
========== ======================================== ==============================================
simulated  the simulator's day of the same seed
delayed    the same with the delays measured live   ``latency``: older books, later orders and
                                                    reports, with all that the policy makes of them
replayed   the same, with the actions taken live    ``decisions``: the policy saw another market
                                                    than the simulator's, and acted on it
repriced   these fills, each as far from the mid    ``prices``: the market went elsewhere, the
           as it was, on the live path of the mid   own impact included
filled     the live fills, at the simulator's fees  ``fills``: more, fewer, earlier, later or worse
                                                    ones than the simulator gives to these actions
live       the live day                             ``fees``
========== ======================================== ==============================================

Delays come first because the trader's decisions follow from them: a policy that acts on old books
has the venue to thank for it. Decisions come before prices, because only in the simulator can they
be replayed: a price path that is not the simulator's own knows no counterfactual fills. Fees come
last, since they alone are known fill by fill. Another order would give other parts wherever two
differences meet; the split that knows no order is `lobsim.sim_to_real.attribute`.

It is Perold's paper portfolio (1988) with a simulator for the paper: fills and fees are his costs
of execution, and what prices do to lots that were not filled his cost of opportunity.

References
----------
A. Perold, "The implementation shortfall: paper versus reality", Journal of Portfolio Management
14(3), 1988.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.stats import t as student

from lobsim.market.parts import Latency
from lobsim.market.state import NS
from lobsim.sim_to_real.day_measures import mids_of, schedule_fees
from lobsim.sim_to_real.day_record import DayRecord, play_day
from lobsim.sim_to_real.gaps import Gap
from lobsim.sim_to_real.laboratory import Laboratory

__all__ = ["PARTS", "Delays", "GapParts", "measured_delays", "parts_table", "split_gap"]

PARTS = ("latency", "decisions", "prices", "fills", "fees")
"""Names of the parts, in the order of the stages."""
STAGES = ("simulated", "delayed", "replayed", "repriced", "filled", "live")

_RESOLUTION_S = 1e-3


@dataclass(frozen=True)
class Delays:
    """Least delays and the mean of what comes on top, in seconds, as stamps tell them.

    Attributes
    ----------
    order_s, order_jitter_s : float
        From a request's reaching the venue to its working in the book; of new orders.
    cancel_s, cancel_jitter_s : float
        The same of cancels and other changes; those of new orders if there was none.
    feed_s, feed_jitter_s : float
        Age of a published book.
    ack_s, ack_jitter_s : float
        Age of a report of an own order, beyond that of the feed.
    """

    order_s: float = 0.0
    order_jitter_s: float = 0.0
    cancel_s: float = 0.0
    cancel_jitter_s: float = 0.0
    feed_s: float = 0.0
    feed_jitter_s: float = 0.0
    ack_s: float = 0.0
    ack_jitter_s: float = 0.0


@dataclass(frozen=True, eq=False)
class GapParts:
    """A gap in cost and its parts; all in basis points of the order's value at arrival, > 0 worse.

    Attributes
    ----------
    costs : dict of str to float
        Cost of each stage, by the names in the head of this module.
    delays : Delays
        Of the live day.
    """

    costs: dict[str, float]
    delays: Delays

    @property
    def gap_bps(self) -> float:
        """Cost of the live day less that of the simulator's."""
        return self.costs["live"] - self.costs["simulated"]

    @property
    def parts(self) -> dict[str, float]:
        """Part by name; they add up to the gap."""
        costs = [self.costs[stage] for stage in STAGES]
        return dict(zip(PARTS, np.diff(costs).tolist(), strict=True))


def split_gap(live: DayRecord, laboratory: Laboratory, seed: int) -> GapParts:
    """Split the gap of one live day.

    Parameters
    ----------
    live : DayRecord
        Of the laboratory's policy and settings.
    laboratory : Laboratory
    seed : int
        Of the simulator's day to compare with: that of the live day where it is known. With any
        other the market of both days differs by chance, and the parts, which still add up, tell
        mostly that: then look at means over many days (`parts_table`).

    Returns
    -------
    GapParts
    """
    settings = laboratory.settings
    if len(live.looks) < 2:
        raise ValueError("the live day holds fewer than two looks at the book")

    def played(policy: Callable, delays: Delays | None) -> DayRecord:
        day = laboratory.day(() if delays is None else _ack_gap(delays), seed)
        if delays is not None:
            day = replace(day, parts=(_latency(delays),))
        return play_day(day, settings, policy, side=live.side)

    simulated = played(laboratory.policy, None)
    delays, usual = measured_delays(live), measured_delays(simulated)
    is_late = any(abs(getattr(delays, name) - getattr(usual, name)) > _RESOLUTION_S
                  for name in ("order_s", "cancel_s", "feed_s", "ack_s"))
    used = delays if is_late else None
    delayed = played(laboratory.policy, used) if is_late else simulated
    replayed = played(_Script(live, settings, laboratory.policy), used)
    moved = (_valued(replayed, live, simulated) - _valued(replayed, replayed, simulated))
    more_fees = _more_fees(live, laboratory)
    costs = {"simulated": simulated.cost_bps, "delayed": delayed.cost_bps,
             "replayed": replayed.cost_bps, "repriced": replayed.cost_bps + moved,
             "filled": live.cost_bps - more_fees, "live": live.cost_bps}
    return GapParts(costs, delays)


def parts_table(days: Sequence[GapParts], *, confidence: float = 0.95) -> pd.DataFrame:
    """Parts over several days with intervals.

    Parameters
    ----------
    days : sequence of GapParts
    confidence : float

    Returns
    -------
    DataFrame
        Index `PARTS` and ``gap``; ``mean_bps``, ``low``, ``high`` (Student's t over days; NaN for
        a single day) and ``largest_bps`` (of a day, by size).
    """
    if not days:
        raise ValueError("there is no day to tell of")
    rows = {name: np.array([day.parts[name] for day in days]) for name in PARTS}
    rows["gap"] = np.array([day.gap_bps for day in days])
    n, found = len(days), []
    for values in rows.values():
        half = math.nan
        if n > 1:
            half = float(student.ppf(0.5 + confidence / 2, n - 1) * values.std(ddof=1)
                         / math.sqrt(n))
        mean = float(values.mean())
        found.append({"mean_bps": mean, "low": mean - half, "high": mean + half,
                      "largest_bps": float(values[np.argmax(np.abs(values))])})
    return pd.DataFrame(found, index=pd.Index(rows, name="part"))


def measured_delays(record: DayRecord) -> Delays:
    """Delays of a day by its stamps.

    Each is taken for a shifted exponential: the least of n delays, less the mean excess over n - 1,
    and that excess (the unbiased estimates of smallest variance).
    """
    log = record.log
    told = log[log["event"].isin(["report", "fill"]) & (log["what"] != "known")]
    answers = told[(told["received_ns"] > 0)].drop_duplicates("id")
    worked = (answers["venue_ns"] - answers["received_ns"]).to_numpy() / NS
    is_new = (answers["id"] == answers["order"]).to_numpy()
    in_book = ((answers["what"] != "rejected") | (answers["venue_ns"] > answers["received_ns"])
               ).to_numpy()
    order = _shifted(worked[is_new & in_book])
    cancel = _shifted(worked[~is_new & in_book]) if (~is_new & in_book).any() else order
    feed = _shifted((record.looks[1:, 0] - record.looks[1:, 1]) / NS)
    age = (told["told_ns"] - told["venue_ns"]).to_numpy() / NS
    ack_s, ack_jitter_s = _shifted(age)
    least = age.min() - feed[0] if len(age) else 0.0
    ack = (ack_s - feed[0], ack_jitter_s) if least > 0.05 else (0.0, 0.0)  # else told in time
    return Delays(*order, *cancel, *feed, *(max(0.0, value) for value in ack))


def _shifted(delays: np.ndarray) -> tuple[float, float]:
    n = len(delays)
    if n < 2:
        return (float(delays[0]), 0.0) if n else (0.0, 0.0)
    more = float(delays.mean() - delays.min()) * n / (n - 1)
    return max(0.0, float(delays.min()) - more / n), more


def _latency(delays: Delays) -> Latency:
    return Latency(feed_s=delays.feed_s, order_s=delays.order_s, cancel_s=delays.cancel_s,
                   feed_jitter_s=delays.feed_jitter_s, order_jitter_s=delays.order_jitter_s,
                   cancel_jitter_s=delays.cancel_jitter_s)


def _ack_gap(delays: Delays) -> tuple[Gap, ...]:
    """The venue's rule for late reports, whose jitter is half of its least delay."""
    return (Gap("ack_delay", delays.ack_s),) if delays.ack_s else ()


class _Script:
    """The actions of a logged day, in order; where they end the policy goes on by itself."""

    def __init__(self, live: DayRecord, settings, policy: Callable):
        decisions = live.events("decision")
        table = decisions[[name for name in decisions if name.startswith("action.")]].to_numpy()
        self._rows = [row[np.isfinite(row)] for row in table]
        self._is_number = bool(settings.discrete_actions)
        self._policy, self._next = policy, 0

    def __call__(self, seen):
        if self._next == len(self._rows):
            return self._policy(seen)
        row = self._rows[self._next]
        self._next += 1
        return [int(row[0])] if self._is_number else row[None]


def _valued(fills_of: DayRecord, path_of: DayRecord, clock: DayRecord) -> float:
    """Shortfall before fees of the fills of one day on the mids of another, bps.

    Looks of both days are counted from the same start, by the simulator's clock, which is right;
    a live stamp is put right by what the venue's clock was ahead at that look.
    """
    fills = fills_of.events("fill")
    time_ns, lots = fills["venue_ns"].to_numpy(), fills["lots"].to_numpy()
    own = _mid_at(fills_of, clock, time_ns)
    on_path = _mid_at(path_of, clock, time_ns) + fills["price_ticks"].to_numpy() - own
    arrival, last = path_of.arrival_ticks, mids_of(path_of)[-1]
    paid = float((lots * (on_path - arrival)).sum())
    left = (fills_of.lots - fills_of.filled) * (last - arrival)
    return 1e4 * fills_of.side * (paid + left) / path_of.notional


def _mid_at(record: DayRecord, clock: DayRecord, time_ns: np.ndarray) -> np.ndarray:
    n = min(len(record.looks), len(clock.looks))
    sent, seen = record.looks[:n, 0], record.looks[:n, 1]
    true_ns = np.maximum.accumulate(seen - (sent - clock.looks[:n, 0]))
    at = np.clip(np.searchsorted(true_ns, time_ns, "right") - 1, 0, n - 1)
    return mids_of(record)[at]


def _more_fees(live: DayRecord, laboratory: Laboratory) -> float:
    """Fees of the day beyond the simulator's schedule for the same fills and cancels, bps."""
    usual, per_cancel = schedule_fees(live, laboratory.settings.base)
    log = live.log
    withdrawn = (log["what"].isin(["cancelled", "replaced"]) & (log["event"] == "report")
                 & (log["reason"] == ""))  # an order that lapses at the end pays nothing
    paid = log.loc[log["event"].isin(["report", "fill"]), "fee"].sum()
    scheduled = usual.sum() + per_cancel * int(withdrawn.sum())
    return 1e4 * float(paid - scheduled) / live.money / live.notional
