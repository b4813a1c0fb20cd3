"""Information leakage: what the public tape of a window tells of a parent order at work in it.

Nothing here needs more than trades and best quotes. Features named in `SIGNED` change their sign
when buyers and sellers swap places; those in `UNSIGNED` do not. All are free of units of price and
of volume, so that a detector (`lobsim.analytics.leak_detector`) may be asked about other names.
"""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.ndimage import median_filter

from lobsim.analytics._checks import NS_PER_S
from lobsim.analytics.facts_tape import market_orders, quote_arrays, trade_arrays
from lobsim.analytics.flow_bars import flow_bars

__all__ = ["SIGNED", "UNSIGNED", "tape_features"]

SIGNED = ("flow", "signs", "runs", "period_side", "repeat_side", "ofi", "obi", "refill", "move")
"""Features that change sign with the side of the market; positive = buyers."""
UNSIGNED = ("sign_acf_1", "sign_acf_10", "run_length", "period", "repeat", "volume", "spread_bps",
            "refilled")
"""Features that do not know a side."""

_BAR_S = 1.0
_PERIODS_S = 10.0, 300.0
_HARMONICS = np.arange(1, 5)
_NEIGHBOURS = 17  # frequencies whose median is the ordinary power around a peak
_NO_PEAK = 1e-3  # of the ordinary power: all of it lies beyond the periods that are looked for
_FEWEST = 12  # market orders without which a window tells nothing of signs


def tape_features(
    trades: pd.DataFrame,
    quotes: pd.DataFrame,
    window_s: float,
    *,
    step_s: float | None = None,
    start_s: float | None = None,
    end_s: float | None = None,
    tick_size: float = 0.01,
    expected_volume: Callable[[np.ndarray], np.ndarray] | None = None,
) -> pd.DataFrame:
    r"""What anyone can see in each window of a tape.

    A window uses what happened from its start up to its end and nothing later; the state of the
    book at its start is known from before.

    Parameters
    ----------
    trades : DataFrame
        ``time_ns, price, size, sign`` (+1 bought by the aggressor), sorted; fills of one moment
        and side are joined to one market order.
    quotes : DataFrame
        Best quotes ``time_ns, bid, bid_size, ask, ask_size``, sorted: every change, or samples.
    window_s : float
        Length of a window, a whole number of seconds of at least 60. Periods of up to half of it,
        and at most 300 s, are looked for.
    step_s : float, optional
        From one window's end to the next, whole seconds; by default `window_s`.
    start_s, end_s : float, optional
        In seconds since midnight: the first window starts at `start_s`, the last ends by `end_s`.
        By default the first and last quote.
    tick_size : float
        In currency, > 0.
    expected_volume : callable, optional
        Expected cumulated volume at times in seconds, in the unit of the sizes: the time-of-day
        curve. Without it ``volume`` is NaN.

    Returns
    -------
    DataFrame
        One row a window, ``time_s`` (its end), then `SIGNED`, positive where buyers press:

        ============ ==================================================================== =======
        name         meaning                                                              range
        ============ ==================================================================== =======
        flow         volume bought less sold by aggressors, over all volume               -1 to 1
        signs        the same of numbers of market orders                                 -1 to 1
        runs         mean run of buys less that of sells, over their sum [2]_             -1 to 1
        period_side  ``period`` of the buys less that of the sells                        log
        repeat_side  ``repeat`` of the buys less that of the sells                        -1 to 1
        ofi          order-flow imbalance of one-second bars, over its absolute sum [3]_  -1 to 1
        obi          mean order-book imbalance at the touch                               -1 to 1
        refill       depth added at an unchanged bid less that at the ask, over the sum   -1 to 1
        move         change of the mid in mean spreads                                    spreads
        ============ ==================================================================== =======

        and `UNSIGNED`:

        ============ ==================================================================== =======
        sign_acf_1   autocorrelation of the signs of successive market orders [2]_        -1 to 1
        sign_acf_10  mean of the autocorrelations at lags 2 to 10                         -1 to 1
        run_length   log of the mean run of equal signs                                   log
        period       larger of both sides' log spectral peaks (below)                     log
        repeat       larger of both sides' excess of one size (below)                     0 to 1
        volume       log of the volume over that of the time-of-day curve                 log
        spread_bps   mean quoted spread                                                   bps
        refilled     log of depth added at unchanged touches over the volume traded       log
        ============ ==================================================================== =======

        NaN where a window has too little to tell.

    Raises
    ------
    ValueError
        A window or step that is no whole number of seconds, or a tape shorter than a window.

    Notes
    -----
    *period*: for the square roots of one side's volume in seconds, with power :math:`P_k` at
    frequency k / window and :math:`\tilde P_k` its median over 17 neighbouring frequencies, the
    peak is

    .. math:: \max_k\; \log \frac14 \sum_{h=1}^4 P_{hk} / \tilde P_{hk}

    over periods of 10 to 300 s: clockwork sends pulses, which have harmonics [1]_.

    *repeat*: the largest difference, over sizes, of that size's share of one side's market orders
    and its share of the other side's. The other side knows the ordinary sizes of the hour.

    References
    ----------
    .. [1] J. Hasbrouck and G. Saar (2013), "Low-latency trading", Journal of Financial Markets
       16(4), section 3.1 (periodicities of messages), for the idea that schedules show as clocks.
    .. [2] F. Lillo and J. D. Farmer (2004), "The long memory of the efficient market", Studies in
       Nonlinear Dynamics and Econometrics 8(3): split orders make signs persist.
    .. [3] R. Cont, A. Kukanov and S. Stoikov (2014), Journal of Financial Econometrics 12(1).

    Examples
    --------
    >>> seconds = np.arange(0, 120, 2) * 10**9
    >>> trades = pd.DataFrame({"time_ns": seconds, "price": 10.01, "size": 5, "sign": 1})
    >>> quotes = pd.DataFrame({"time_ns": [0], "bid": 10.0, "bid_size": 9, "ask": 10.01,
    ...                        "ask_size": 3})
    >>> seen = tape_features(trades, quotes, 60, start_s=0, end_s=120)
    >>> seen[["time_s", "flow", "obi"]].values.tolist()
    [[60.0, 1.0, 0.5], [120.0, 1.0, 0.5]]
    """
    step_s = window_s if step_s is None else step_s
    for name, value, least in (("window_s", window_s, 60), ("step_s", step_s, 1)):
        if not (value >= least and float(value).is_integer()):
            raise ValueError(f"{name} is {value}; it must be a whole number of at least {least}")
    first_ns = int(quotes["time_ns"].iloc[0]) if start_s is None else round(start_s * NS_PER_S)
    last_ns = int(quotes["time_ns"].iloc[-1]) if end_s is None else round(end_s * NS_PER_S)
    length, step = round(window_s), round(step_s)
    seconds = (last_ns - first_ns) // NS_PER_S
    if seconds < length:
        raise ValueError(f"the tape of {seconds} s is shorter than one window of {window_s:g} s")
    last_ns = first_ns + seconds * NS_PER_S
    bars = flow_bars(quotes, _BAR_S, tick_size=tick_size, start_s=first_ns / NS_PER_S,
                     end_s=last_ns / NS_PER_S)
    book = quote_arrays(quotes, tick_size, first_ns, last_ns)
    orders = trade_arrays(market_orders(trades), tick_size, first_ns, last_ns)
    refills = np.stack([_added(book.bid, book.bid_size), _added(book.ask, book.ask_size)])
    rows = []
    for begin in range(0, seconds - length + 1, step):
        from_ns, to_ns = (first_ns + (begin + k) * NS_PER_S for k in (0, length))
        told = slice(*np.searchsorted(orders.time_ns, (from_ns, to_ns)))
        changed = slice(*np.searchsorted(book.time_ns, (from_ns, to_ns)))
        second = (orders.time_ns[told] - from_ns) // NS_PER_S
        row = {"time_s": to_ns / NS_PER_S}
        row |= _of_orders(orders.size[told], orders.sign[told], second, length)
        row |= _of_book(bars.iloc[begin:begin + length], tick_size)
        row |= _of_refills(refills[:, changed].sum(axis=1), orders.size[told].sum())
        row["volume"] = math.nan
        if expected_volume is not None:
            usual = float(np.diff(expected_volume(np.array([from_ns, to_ns]) / NS_PER_S))[0])
            row["volume"] = _log_ratio(orders.size[told].sum(), usual)
        rows.append(row)
    return pd.DataFrame(rows, columns=["time_s", *SIGNED, *UNSIGNED])


def _of_orders(size, sign, second, length: int) -> dict[str, float]:
    """Features of the market orders of one window; `second` counts from its start."""
    known = sign != 0
    size, sign, second = size[known], sign[known], second[known]
    if len(sign) < _FEWEST:
        return {}
    buys, sells = sign > 0, sign < 0
    acf = [_autocorrelation(sign, lag) for lag in range(1, 11)]
    changes = np.flatnonzero(np.diff(sign)) + 1
    run = np.diff(np.concatenate([[0], changes, [len(sign)]]))
    run_sign = sign[np.concatenate([[0], changes])]
    mean_run = [run[run_sign == side].mean() if (run_sign == side).any() else 0.0
                for side in (1, -1)]
    periods = [_spectral_peak(np.bincount(second[side], size[side], minlength=length))
               for side in (buys, sells)]
    repeats = _repeats(size[buys], size[sells])
    return {
        "flow": _balance(size[buys].sum(), size[sells].sum()),
        "signs": _balance(buys.sum(), sells.sum()),
        "runs": _balance(*mean_run),
        "period_side": periods[0] - periods[1],
        "repeat_side": repeats[0] - repeats[1],
        "sign_acf_1": acf[0],
        "sign_acf_10": float(np.mean(acf[1:])),
        "run_length": math.log(run.mean()),
        "period": max(periods),  # NaN when a side has no volume
        "repeat": max(repeats),
    }


def _of_book(bars: pd.DataFrame, tick_size: float) -> dict[str, float]:
    """Features of the one-second bars of one window."""
    mid, spread = bars["mid_start"].to_numpy(), bars["spread_start_ticks"].to_numpy()
    seen = np.isfinite(mid)
    if not seen.any():
        return {}
    flow = bars["ofi"].to_numpy()
    total = np.nansum(np.abs(flow))
    mean_spread = tick_size * spread[seen].mean()
    moved = tick_size * np.nansum(bars["move_ticks"].to_numpy())
    return {
        "ofi": float(np.nansum(flow) / total) if total > 0 else 0.0,
        "obi": float(bars["obi_start"].to_numpy()[seen].mean()),
        "move": float(moved / mean_spread),
        "spread_bps": float(1e4 * mean_spread / mid[seen].mean()),
    }


def _of_refills(added: np.ndarray, volume: float) -> dict[str, float]:
    return {"refill": _balance(*added), "refilled": _log_ratio(added.sum(), volume)}


def _added(price: np.ndarray, size: np.ndarray) -> np.ndarray:
    """What each state adds to the size of a best price that stayed where it was."""
    added = np.zeros(len(price))
    added[1:] = np.where(np.diff(price) == 0, np.maximum(np.diff(size), 0.0), 0.0)
    return added


def _balance(a, b) -> float:
    """``(a - b) / (a + b)``, 0 when both are 0."""
    return float((a - b) / (a + b)) if a + b > 0 else 0.0


def _log_ratio(a: float, b: float) -> float:
    return math.log(a / b) if a > 0 and b > 0 else math.nan


def _autocorrelation(sign: np.ndarray, lag: int) -> float:
    """Of a series of +1 and -1; 1 where all are equal: nothing could be more persistent."""
    spread = sign - sign.mean()
    total = spread @ spread
    return float(spread[lag:] @ spread[:-lag] / total) if total > 1e-12 else 1.0


def _spectral_peak(volume: np.ndarray) -> float:
    """Log of the largest harmonic mean power over its neighbourhood; NaN without volume."""
    series = np.sqrt(volume)
    series = series - series.mean()
    length = len(series)
    power = np.abs(np.fft.rfft(series)[1:])**2
    if not power.sum() > 0:
        return math.nan
    # The floor keeps a line spectrum, whose neighbours are all rounding, from dividing by them.
    ordinary = median_filter(power, _NEIGHBOURS, mode="nearest") + 1e-3 * power.mean()
    ratio = power / ordinary
    slowest = max(2, math.ceil(length / _PERIODS_S[1]))
    k = np.arange(slowest, int(length / _PERIODS_S[0]) + 1)
    # a fast clock's highest harmonics may lie beyond the last frequency: they are left out
    at = _HARMONICS[:, None] * k - 1
    inside = at < len(ratio)
    summed = np.where(inside, ratio[np.minimum(at, len(ratio) - 1)], 0.0).sum(axis=0)
    return float(np.log(max((summed / inside.sum(axis=0)).max(), _NO_PEAK)))


def _repeats(bought: np.ndarray, sold: np.ndarray) -> tuple[float, float]:
    """Largest excess share of one size among buys over sells, and among sells over buys."""
    if not (len(bought) and len(sold)):
        return math.nan, math.nan
    _, number = np.unique(np.concatenate([bought, sold]), return_inverse=True)
    most = int(number.max()) + 1
    shares = [np.bincount(part, minlength=most) / len(part)
              for part in np.split(number, [len(bought)])]
    excess = shares[0] - shares[1]
    return float(excess.max()), float(-excess.min())
