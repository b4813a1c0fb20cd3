"""Rates of the queue-reactive model: counts over the time that a queue had each length."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import stats
from scipy.special import xlogy

from lobsim.market.calibrate.events import CANCEL, LIMIT, MARKET, EventLog
from lobsim.market.calibrate.goodness import exponential_tests
from lobsim.market.calibrate.reference import fit_reference_moves, mid_statistics
from lobsim.market.calibrate.result import Calibration, Estimate, FitTest
from lobsim.market.parts import QueueReactive

LONGEST = 60
"""Most units that a table of rates goes up to."""

_COVERED = 0.995  # of the time that a queue is at most as long as the table
_LEAST_EXPECTED = 5  # observations per cell of a chi-squared test


class QueueTables(NamedTuple):
    """Counts and times by queue i = 1..K (row i - 1) and length n = 0..n_max, both sides added.

    `best` arrays go by the length of the best queue, whichever it is.
    """

    unit: float  # lots
    limit: np.ndarray
    cancel: np.ndarray
    market: np.ndarray
    time_s: np.ndarray
    best_market: np.ndarray
    best_time_s: np.ndarray
    lengths: np.ndarray  # (rows, 2, K): units before each message
    best_lengths: np.ndarray  # (rows, 2)
    rows: np.ndarray  # message that each counted event came with

    def rates(self):
        """Limit and cancel rates (K, n + 1), market rates (n + 1,), each per second and side.

        A length that was never seen takes the rate of the next shorter one.
        """
        return (_rate(self.limit, self.time_s), _rate(self.cancel, self.time_s, empty=0.0),
                _rate(self.best_market[None], self.best_time_s[None], empty=0.0)[0])


def queue_tables(log: EventLog, n_max: int | None = None, unit: float | None = None) -> QueueTables:
    """Count events and times by queue and length.

    Parameters
    ----------
    log : EventLog
    n_max : int, optional
        Longest queue of the tables in units (longer ones count as this); by default what covers
        99.5 % of the time, at most 60.
    unit : float, optional
        Lots per unit; by default the average size of the events at the K queues.

    Notes
    -----
    When the spread is an even number of ticks, both sides may rest at the tick in its middle. A
    limit order there fills an empty first queue, whichever side it is on, for the reference price
    may lie on either side of that tick.

    Of several events of one nanosecond the first counts. What follows it in no time (a book that
    is drawn anew) is its consequence, and no rate.
    """
    events, k = log.events[_leads(log.events)], log.queues.shape[2]
    sign = np.where(events["kind"] == MARKET, -events["side"], events["side"]).astype(np.int64)
    reference2 = log.reference2[events["message_index"]]
    i = (sign * (reference2 - 2 * events["price_ticks"].astype(np.int64)) + 1) // 2
    inside = (events["kind"] == LIMIT) & (i == 0)
    i = np.where(inside, 1, i)
    tracked = (i >= 1) & (i <= k)
    if tracked.sum() < 2:
        raise ValueError(f"{int(tracked.sum())} events touch the first {k} queues; there is "
                         f"nothing to fit")
    unit = float(events["size"][tracked].mean()) if unit is None else float(unit)
    if not unit > 0:
        raise ValueError(f"unit is {unit}; it must be positive")
    units = np.ceil(log.queues / unit - 1e-9).astype(np.int64)
    row_time = np.broadcast_to(log.row_time_s[:, None, None], units.shape)
    if n_max is None:
        n_max = _covering(units, row_time)
    if not 1 <= n_max <= 10_000:
        raise ValueError(f"n_max is {n_max}; it must be from 1 to 10000")
    lengths = np.minimum(units, n_max)
    best = np.minimum(np.ceil(log.best[:, :, 1] / unit - 1e-9).astype(np.int64), n_max)
    width = n_max + 1
    before = np.where(inside, 0, np.ceil(events["queue_lots"] / unit - 1e-9)).astype(np.int64)
    cell = (i - 1) * width + np.minimum(before, n_max)

    def count(kind):
        chosen = cell[tracked & (events["kind"] == kind)]
        return np.bincount(chosen, minlength=k * width).reshape(k, width).astype(float)

    markets = events[events["kind"] == MARKET]
    hit = best[markets["message_index"], np.where(markets["side"] > 0, 1, 0)]
    time = np.bincount((np.arange(k) * width + lengths).ravel(), row_time.ravel(), k * width)
    best_time = np.bincount(best.ravel(), np.repeat(log.row_time_s, 2), width)
    counted = tracked | (events["kind"] == MARKET)
    return QueueTables(unit, count(LIMIT), count(CANCEL), count(MARKET), time.reshape(k, width),
                       np.bincount(hit, minlength=width).astype(float), best_time, lengths, best,
                       events["message_index"][counted].astype(np.int64))


def _leads(events) -> np.ndarray:
    """Whether an event is the first of its nanosecond."""
    return np.append(True, np.diff(events["time_ns"]) > 0)[:len(events)]


def _covering(units, row_time) -> int:
    time = np.bincount(np.minimum(units, LONGEST).ravel(), row_time.ravel())
    share = np.cumsum(time) / time.sum()
    return max(3, int(np.searchsorted(share, _COVERED)))


def _rate(counts, time, empty=None):
    """Counts over times; unseen lengths take the rate before; `empty` is the rate at n = 0."""
    rate = np.zeros_like(counts)
    for row in range(len(counts)):
        last = 0.0
        for n in range(counts.shape[1]):
            if n == 0 and empty is not None:
                rate[row, 0] = empty
                continue
            if time[row, n] > 0:
                last = counts[row, n] / time[row, n]
            rate[row, n] = last
    return rate


def invariant_law(limit, down) -> np.ndarray:
    r"""Stationary law of a queue with one-unit steps.

    .. math:: \pi(n) = \pi(0) \prod_{j=1}^n \frac{\lambda^L(j - 1)}{\lambda^C(j) + \lambda^M(j)}

    Parameters
    ----------
    limit, down : array_like of float, shape (n + 1,)
        Rates up and (cancellations and market orders) down, by length; down[0] is not used.

    Returns
    -------
    ndarray, shape (n + 1,)
        Adds up to 1. Where nothing leads down from a length, all weight lies at it and beyond.

    References
    ----------
    W. Huang, C.-A. Lehalle, M. Rosenbaum, "Simulating and analyzing order book data: the
    queue-reactive model", JASA 110(509), 2015, section 2.3.1.

    Examples
    --------
    >>> invariant_law([1.0, 1.0, 1.0], [0.0, 1.0, 2.0]).round(3).tolist()
    [0.4, 0.4, 0.2]
    """
    limit, down = np.asarray(limit, float), np.asarray(down, float)
    up, tiny = limit[:-1], np.finfo(float).tiny
    steps = np.log(np.maximum(up, tiny)) - np.log(np.maximum(down[1:], tiny))
    steps = np.where(up > 0, steps, -np.inf)  # a length that nothing leads to
    weight = np.append(0.0, np.cumsum(steps))
    law = np.exp(weight - weight.max())
    return law / law.sum()


def fit_queue_reactive(log: EventLog, *, lot_size: float = 1.0, n_max: int | None = None,
                       unit: float | None = None,
                       simulate: Callable | None = None) -> Calibration:
    """Fit `QueueReactive` to events.

    Parameters
    ----------
    log : EventLog
        Its `queues` say how many queues K a side has.
    lot_size : float
        Shares (or coins) per lot.
    n_max, unit
        See `queue_tables`.
    simulate : callable, optional
        ``simulate(part, seed) -> (times_s, mid_ticks, duration_s)``, changes of the mid in a
        market with this part. With it, theta and theta_reinit are those whose ten-minute
        volatility and mean-reversion ratio are nearest to the observed ones
        (`lobsim.market.calibrate.reference`). Without it theta is told from who fills an opened
        spread, and theta_reinit, of which the queues say nothing, is set to 0.

    Returns
    -------
    Calibration
        Estimates ``limit_i(n)``, ``cancel_i(n)``, ``market(n)`` per second and side, the unit in
        shares, theta, theta_reinit, and the observed volatility and ratio.

    Notes
    -----
    A rate is a count over the time that the queue had the length, which is the maximum-likelihood
    estimate, with the error of a Poisson count. Sizes are ignored: each event counts as one unit
    step, and the test of the invariant law says how far that holds.

    References
    ----------
    W. Huang, C.-A. Lehalle, M. Rosenbaum, "Simulating and analyzing order book data: the
    queue-reactive model", JASA 110(509), 2015, sections 2.2, 2.3 and 3.
    """
    tables = queue_tables(log, n_max, unit)
    limit, cancel, market = tables.rates()
    moves = mid_statistics(*mid_changes(log), log.duration_s)
    theta = opened_spread_share(log)
    reinit = Estimate("theta_reinit", 0.0)
    part = QueueReactive(_nested(limit), _nested(cancel), tuple(market.tolist()),
                         tables.unit * lot_size, theta.value, reinit.value)
    notes = ["theta_reinit was not estimated: no simulate was given"]
    if simulate is not None:
        part, theta, reinit = fit_reference_moves(part, moves, simulate)
        notes = []
    residual = _residuals(log, tables, limit, cancel, market)
    tests = (*exponential_tests([residual], "waits have the rates of the queues' lengths"),
             *invariant_tests(log, tables))
    estimates = (*_estimates(tables, limit, cancel, market, lot_size), theta, reinit,
                 Estimate("volatility_ticks", *moves.volatility),
                 Estimate("eta", *moves.eta))
    counts = ((tables.limit, tables.time_s), (tables.cancel, tables.time_s),
              (tables.best_market, tables.best_time_s))
    likelihood = sum(float((xlogy(n, n / np.where(t > 0, t, 1)) - n).sum()) for n, t in counts)
    left_out = len(log.events) - len(tables.rows)
    if left_out:
        notes.append(f"{left_out} events were left out: they lie beyond the first {len(limit)} "
                     f"queues, or follow another one in the same nanosecond")
    return Calibration("queue_reactive", (part,), estimates, tests, len(tables.rows),
                       log.duration_s, likelihood, tuple(notes))


def _nested(rates):
    return tuple(tuple(row) for row in rates.tolist())


def _estimates(tables, limit, cancel, market, lot_size):
    found = [Estimate("unit", tables.unit * lot_size)]
    k, width = limit.shape

    def error(counts, time):
        return float(np.sqrt(max(counts, 1.0)) / time) if time > 0 else float("nan")

    for i in range(k):
        for n in range(width):
            time = tables.time_s[i, n]
            found.append(Estimate(f"limit_{i + 1}({n})", float(limit[i, n]),
                                  error(tables.limit[i, n], time)))
            if n:
                found.append(Estimate(f"cancel_{i + 1}({n})", float(cancel[i, n]),
                                      error(tables.cancel[i, n], time)))
    found += [Estimate(f"market({n})", float(market[n]),
                       error(tables.best_market[n], tables.best_time_s[n]))
              for n in range(1, width)]
    return found


def _residuals(log, tables, limit, cancel, market):
    """Integral of the total rate between one counted event and the next."""
    k = limit.shape[0]
    total = np.zeros(len(tables.lengths))
    for side in range(2):
        for i in range(k):
            n = tables.lengths[:, side, i]
            total += limit[i, n] + cancel[i, n]
        total += market[tables.best_lengths[:, side]]
    passed = np.cumsum(total * log.row_time_s)
    return np.diff(passed[tables.rows], prepend=0.0)


def invariant_tests(log: EventLog, tables: QueueTables) -> list[FitTest]:
    """Chi-squared test of each queue's invariant law against the time spent at each length.

    Neighbouring moments are alike, so the number of observations is the window over the
    integrated autocorrelation time of the length (both sides added). The law is made of rates from
    the same data: what is tested is whether queues move by one unit at a time.
    """
    limit, cancel, _ = tables.rates()
    down = cancel + _rate(tables.market, tables.time_s, empty=0.0)
    found = []
    for i in range(len(limit)):
        observed = tables.time_s[i] / tables.time_s[i].sum()
        law = invariant_law(limit[i], down[i])
        n_eff = sum(_effective(log, tables.lengths[:, side, i]) for side in range(2))
        q, cells = _chi_squared(observed * n_eff, law * n_eff)
        p = float(stats.chi2.sf(q, cells - 1)) if cells > 1 else float("nan")
        found.append(FitTest(f"invariant law of queue {i + 1}", q, p,
                             f"queue {i + 1} has the lengths that its rates imply"))
    return found


def _effective(log, lengths) -> float:
    """Independent observations of a length that were in the window."""
    duration = log.duration_s
    clock = np.cumsum(log.row_time_s)
    grid = np.linspace(0, duration, 1 << 14, endpoint=False)
    # Row r of the states holds before message r, that is until clock[r].
    x = lengths[np.minimum(np.searchsorted(clock, grid, side="right"), len(lengths) - 1)]
    x = x - x.mean()
    variance = x @ x / len(x)
    if variance == 0:
        return 1.0
    power = np.abs(np.fft.rfft(x, 2 * len(x))) ** 2
    acf = np.fft.irfft(power)[:len(x)] / (len(x) * variance)
    stop = int(np.argmax(acf < 0.05)) or len(x)  # the noise beyond it does not add up to anything
    time = (grid[1] - grid[0]) * (1 + 2 * acf[1:stop].sum())
    return max(1.0, duration / time)


def _chi_squared(observed, expected):
    """Statistic and number of cells, neighbours merged until each expects enough."""
    q, cells = 0.0, 0
    o = e = 0.0
    last = None
    for one, other in zip(observed, expected, strict=True):
        o, e = o + one, e + other
        if e >= _LEAST_EXPECTED:
            if last is not None:
                q, cells = q + (last[0] - last[1]) ** 2 / last[1], cells + 1
            last, o, e = (o, e), 0.0, 0.0
    if last is not None:
        o, e = o + last[0], e + last[1]
        q, cells = q + (o - e) ** 2 / e, cells + 1
    return q, cells


def mid_changes(log: EventLog) -> tuple[np.ndarray, np.ndarray]:
    """Times (s since the start) and values (ticks) of the mid, at its start and at each change.

    States that a moment's messages only pass through, and those with an empty side, are left out.
    """
    both = (log.best[:, 0, 1] > 0) & (log.best[:, 1, 1] > 0)
    mid = 0.5 * log.best[:, :, 0].sum(axis=1)
    since = np.concatenate([[0.0], np.cumsum(log.row_time_s)[:-1]])  # row r holds from here on
    seen = both & (log.row_time_s > 0)
    mid, since = mid[seen], since[seen]
    new = np.append(True, np.diff(mid) != 0) if len(mid) else np.zeros(0, bool)
    return since[new], mid[new]


def opened_spread_share(log: EventLog) -> Estimate:
    """theta from opened spreads: how often the side that pushed fills the gap.

    When the first queue of a side is emptied and the spread becomes two ticks, the reference price
    has followed (probability theta) or not; the next limit order at the tick in between comes
    from the other side if it has, and from the same side if not.

    Returns
    -------
    Estimate
        Share and its binomial error; 0.5 with the error NaN where no spread of two ticks was filled
        in this way.
    """
    lasted = log.row_time_s > 0  # states that a moment's messages pass through do not count
    bid, ask = log.best[lasted, 0, 0], log.best[lasted, 1, 0]
    place = np.cumsum(lasted) - 1
    spread = ask - bid
    events = log.events
    index = events["message_index"]
    fills = events[(events["kind"] == LIMIT) & _leads(events) & lasted[index]]
    row = place[fills["message_index"]]
    inside = (spread[row] == 2) & (2 * fills["price_ticks"] == (bid + ask)[row]) & (row > 0)
    fills, row = fills[inside], row[inside]
    # The last change of the best quotes before the fill: did the ask rise or the bid fall?
    changed = np.flatnonzero((np.diff(bid) != 0) | (np.diff(ask) != 0)) + 1
    at = np.searchsorted(changed, row, side="right") - 1
    fills, row, at = fills[at >= 0], row[at >= 0], at[at >= 0]
    when = changed[at]
    opened = spread[when - 1] == 1
    rose = ask[when] > ask[when - 1]
    followed = np.where(rose, fills["side"] > 0, fills["side"] < 0)[opened]
    m = len(followed)
    if m == 0:
        return Estimate("theta", 0.5)
    share = float(followed.mean())
    return Estimate("theta", share, float(np.sqrt(max(share * (1 - share), 1 / m) / m)))


