"""Settings of a venue as a desk can measure them on a recorded day, one number each.

========================= =======================================================================
name                      what it is on one day
========================= =======================================================================
``order_delay_s``         mean time from a request's reaching the venue to its working in the book
``feed_delay_s``          mean age of a book when it leaves the venue
``ack_delay_s``           mean age of a report of an own order, beyond that of the feed
``clock_ahead_s``         median lead of the venue's stamps over the clock that the trader
                          decides by
``fee_bps``               fees of fills beyond the simulator's schedule, bps of what was traded
``cancel_fee_ticks``      fees of cancels beyond the schedule, ticks times lots a cancel
``throttled_share``       requests refused for coming too fast, of all
``refused_share``         requests refused for any other reason of the gateway's
``repeated_share``        looks at the book that show exactly what the last one showed
``queue_lost_share``      of an own order's pairs of looks at one price, those with *more* lots
                          ahead in the second: in a queue by time that cannot be
``log_swing``             log of the mean absolute move of the mid in ten seconds, ticks
``log_swing_minute``      the same for a minute
``trend_bps``             move of the mid over the day, basis points a minute
``trend_with_us_bps``     the same in the direction of the own order, > 0 costs
``spread_ticks``          mean spread
``log_depth``             log of the mean lots at the best prices
``log_volume``            log of the lots traded a second
``log_prints``            log of the prints a second
``uneven_volume``         standard deviation of the log of volume over the minutes
``uneven_swing``          the same of the mean absolute ten-second move
``inside_share``          of prints, those inside the spread that was last shown
``mark_out_ticks``        mean move of the mid in a taker's direction in the five seconds after its
                          print
``own_mark_out_ticks``    the same for own fills, in the own direction, over a minute
``run_share``             mean product of the signs of one print and the next
``with_us_share``         others' takers' lots in the own direction less those against, of all,
                          while the order is worked
========================= =======================================================================

A measurement that a day does not hold (no cancel, no fill) is NaN. The trader's own prints are
taken off where others are meant.
"""

import math

import numpy as np
import pandas as pd

from lobsim.market.parts import Fees
from lobsim.market.profile import Profile
from lobsim.market.state import NS
from lobsim.sim_to_real.day_record import DayRecord

__all__ = ["MEASURES", "RESOLUTION", "measure_day", "measure_days", "mids_of",
           "schedule_fees"]

_PERIOD_S, _MINUTE_S, _AFTER_S, _OWN_AFTER_S = 10, 60, 5, 60

RESOLUTION: dict[str, float] = {
    "order_delay_s": 1e-3, "feed_delay_s": 1e-3, "ack_delay_s": 1e-3, "clock_ahead_s": 1e-3,
    "fee_bps": 1e-3, "cancel_fee_ticks": 1e-3, "throttled_share": 1e-3, "refused_share": 1e-3,
    "repeated_share": 2e-3, "queue_lost_share": 2e-3, "log_swing": 0.01, "log_swing_minute": 0.01,
    "trend_bps": 0.01, "trend_with_us_bps": 0.01, "spread_ticks": 0.005, "log_depth": 0.005,
    "log_volume": 0.01, "log_prints": 0.01, "uneven_volume": 0.005, "uneven_swing": 0.005,
    "inside_share": 5e-4, "mark_out_ticks": 0.005, "own_mark_out_ticks": 0.05,
    "run_share": 2e-3, "with_us_share": 2e-3,
}  # fmt: skip
"""Smallest difference of each measurement that counts: measurements without any noise have it."""
MEASURES: tuple[str, ...] = tuple(RESOLUTION)
"""Names of the measurements, in the order of the table at the head of the module."""


def measure_days(records, profile: Profile) -> pd.DataFrame:
    """`measure_day` for several days, a row each."""
    return pd.DataFrame([measure_day(record, profile) for record in records], columns=MEASURES)


def measure_day(record: DayRecord, profile: Profile) -> dict[str, float]:
    """Measure one day.

    Parameters
    ----------
    record : DayRecord
        Live or simulated.
    profile : Profile
        Of the simulator, for the fees that it charges.

    Returns
    -------
    dict of str to float
        By the names in `MEASURES`; NaN where the day holds nothing to measure.
    """
    fills = record.events("fill")
    found = _of_requests(record) | _of_fees(record, profile) | _of_looks(record)
    found |= _of_tape(record, fills)
    return {name: found[name] for name in MEASURES}


def schedule_fees(record: DayRecord, profile: Profile) -> tuple[np.ndarray, float]:
    """What the simulator would charge for the fills of a day, each, and for one cancel.

    Returns
    -------
    fills : ndarray of float
        Currency, paid > 0, in the order of the log.
    cancel : float
        Currency.
    """
    fees, fills = profile.part(Fees) or Fees(), record.events("fill")
    size = fills["lots"].to_numpy() * profile.lot_size
    rate = np.where(fills["maker"], fees.maker_fee, fees.taker_fee)
    if fees.fee_unit == "bps":
        rate = rate * 1e-4 * fills["price_ticks"].to_numpy() * profile.tick_size
    return (rate + fees.share_fee) * size, fees.cancel_fee


def _mean(values) -> float:
    return float(np.mean(values)) if len(values) else math.nan


def _log(value: float) -> float:
    return math.log(value) if value > 0 else math.nan


def _of_requests(record: DayRecord) -> dict[str, float]:
    """What the stamps and the refusals say."""
    log = record.log
    told = log[log["event"].isin(["report", "fill"]) & (log["what"] != "known")]
    answers = told[told["received_ns"] > 0].drop_duplicates("id")
    refused = answers["what"] == "rejected"
    at_gateway = refused & (answers["venue_ns"] == answers["received_ns"])
    throttled = at_gateway & answers["reason"].str.contains("throttled")
    in_book = answers[~at_gateway]
    requests = record.events("request")
    decided = record.events("decision").set_index("step")["decided_ns"]
    first = requests.groupby("step")["sent_ns"].min()
    ahead = (first - decided.reindex(first.index)) / NS
    feed = _mean((record.looks[1:, 0] - record.looks[1:, 1]) / NS)
    report_age = _mean((told["told_ns"] - told["venue_ns"]).to_numpy() / NS)
    count = max(len(requests), 1)
    risk = at_gateway & answers["reason"].str.contains("risk check")
    return {
        "order_delay_s": _mean((in_book["venue_ns"] - in_book["received_ns"]).to_numpy() / NS),
        "feed_delay_s": feed,
        "ack_delay_s": report_age - feed,
        "clock_ahead_s": float(ahead.median()) if len(ahead) else math.nan,
        "throttled_share": float(throttled.sum()) / count,
        "refused_share": float(risk.sum()) / count,
    }


def _of_fees(record: DayRecord, profile: Profile) -> dict[str, float]:
    fills, log = record.events("fill"), record.log
    usual, cancel = schedule_fees(record, profile)
    traded = float((fills["lots"] * fills["price_ticks"]).sum())
    more = float(fills["fee"].sum() - usual.sum()) / record.money
    cancelled = log[(log["event"] == "report") & log["what"].isin(["cancelled", "replaced"])
                    & (log["id"] != "")]
    per_cancel = _mean(cancelled["fee"].to_numpy() - cancel) / record.money
    return {"fee_bps": 1e4 * more / traded if traded else math.nan,
            "cancel_fee_ticks": per_cancel}


def mids_of(record: DayRecord) -> np.ndarray:
    """Mid of each look in ticks; that of the look before where a side was empty."""
    bid, ask = record.looks[:, 2], record.looks[:, 4]
    mid = np.where((bid >= 0) & (ask >= 0), 0.5 * (bid + ask), np.nan)
    return pd.Series(mid).ffill().bfill().to_numpy()


def _of_looks(record: DayRecord) -> dict[str, float]:
    """What the published books say."""
    looks, mid = record.looks, mids_of(record)
    step_s = float(np.median(np.diff(looks[:, 0]))) / NS
    period, minute = (max(1, round(s / step_s)) for s in (_PERIOD_S, _MINUTE_S))
    moves = np.abs(np.diff(mid[::period]))
    per_minute = max(1, minute // period)
    whole = len(moves) // per_minute * per_minute
    by_minute = moves[:whole].reshape(-1, per_minute).mean(axis=1)
    volume = np.diff(looks[::minute, 6])
    same = (np.diff(looks[:, 2:], axis=0) == 0).all(axis=1)
    minutes = (len(mid) - 1) * step_s / 60
    trend = 1e4 * (mid[-1] - mid[0]) / mid[0] / minutes
    shown = (looks[:, 2] >= 0) & (looks[:, 4] >= 0)
    return {
        "repeated_share": _mean(same),
        "queue_lost_share": _queue_lost(record.resting),
        "log_swing": _log(_mean(moves)),
        "log_swing_minute": _log(_mean(np.abs(np.diff(mid[::minute])))),
        "trend_bps": trend,
        "trend_with_us_bps": record.side * trend,
        "spread_ticks": _mean((looks[:, 4] - looks[:, 2])[shown]),
        "log_depth": _log(_mean(looks[shown][:, [3, 5]])),
        "log_volume": _log((looks[-1, 6] - looks[0, 6]) / (60 * minutes)),
        "uneven_volume": float(np.log1p(np.maximum(volume, 0)).std()),
        "uneven_swing": float(np.log(by_minute + 0.25).std()),
    }


def _queue_lost(resting: np.ndarray) -> float:
    """Share of pairs of looks at one resting order after which more lots were ahead of it."""
    rows = resting[np.lexsort((resting[:, 0], resting[:, 1]))]
    step = np.diff(rows, axis=0)
    pairs = (step[:, 0] == 1) & (step[:, 1] == 0) & (step[:, 2] == 0)
    return _mean(step[pairs, 4] > 0)


def _of_tape(record: DayRecord, fills: pd.DataFrame) -> dict[str, float]:
    """What the prints say, and what follows them."""
    looks, mid, tape = record.looks, mids_of(record), record.tape
    seen_ns = looks[:, 1]

    def look_at(time_ns) -> np.ndarray:
        return np.clip(np.searchsorted(seen_ns, time_ns, "right") - 1, 0, len(mid) - 1)

    def mark_out(time_ns, sign, after_s: float) -> float:
        later = time_ns + round(after_s * NS)
        inside = later <= seen_ns[-1]
        return _mean((sign * (mid[look_at(later)] - mid[look_at(time_ns)]))[inside])

    time_ns, price, lots, sign = tape.T
    before = looks[look_at(time_ns)]
    inside = (price > before[:, 2]) & (price < before[:, 4]) & (before[:, 2] >= 0)
    own_ns, own_lots = fills["venue_ns"].to_numpy(), fills["lots"].to_numpy()
    own_sign = np.where(fills["maker"], -record.side, record.side)
    worked = time_ns <= (own_ns.max() if len(own_ns) else seen_ns[-1])
    total = int(lots[worked].sum())
    lean = int((lots * sign)[worked].sum()) - int((own_lots * own_sign).sum())
    seconds = (seen_ns[-1] - seen_ns[0]) / NS
    return {
        "log_prints": _log(len(tape) / seconds),
        "inside_share": _mean(inside),
        "mark_out_ticks": mark_out(time_ns, sign, _AFTER_S),
        "own_mark_out_ticks": mark_out(own_ns, np.full(len(own_ns), record.side), _OWN_AFTER_S),
        "run_share": _mean(sign[1:] * sign[:-1]),
        "with_us_share": record.side * lean / total if total else math.nan,
    }
