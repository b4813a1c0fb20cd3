"""Stylised facts of returns: volatility by step, tails, memory; and the volume curve."""

import numpy as np

from lobsim.analytics._checks import NS_PER_S
from lobsim.analytics.facts_numbers import autocorrelation, kurtosis, ratio
from lobsim.analytics.facts_tape import Quotes, Trades, grid_ns, pick

BPS = 1e4
SIGNATURE_STEPS_S = (0.1, 1.0, 10.0, 60.0, 300.0, 600.0)
"""Sampling steps of the signature plot, in seconds; each a multiple of the first."""
BIN_S = 1800
LONG_DAY_S = 12 * 3600
"""Windows longer than this are round-the-clock markets; their volume is binned by the hour."""


def return_facts(quotes: Quotes, trades: Trades, start_ns: int, second_ns: int = NS_PER_S):
    """Volatility, kurtosis and autocorrelation of mid returns, and both signature plots.

    Parameters
    ----------
    quotes, trades : Quotes, Trades
    start_ns : int
    second_ns : int
        A second of the market's own clock, in which all steps are taken.

    Returns
    -------
    facts : dict of str to float
    mid_bps, trade_bps : ndarray of float64, shape (6,)
        Realised volatility of the window, sampled every `SIGNATURE_STEPS_S`; NaN where not even
        two returns fit.
    """
    at = grid_ns(start_ns, quotes.end_ns, round(SIGNATURE_STEPS_S[0] * second_ns))
    log_mid = np.log(quotes.mid_at(at))
    last_trade = np.searchsorted(trades.time_ns, at, side="right") - 1
    log_price = pick(np.log(trades.price), last_trade)
    returns = {}
    mid_bps, trade_bps = np.full((2, len(SIGNATURE_STEPS_S)), np.nan)
    for k, step_s in enumerate(SIGNATURE_STEPS_S):
        every = round(step_s / SIGNATURE_STEPS_S[0])
        returns[step_s] = BPS * _steps(log_mid, every)
        mid_bps[k] = _realised(returns[step_s])
        trade_bps[k] = _realised(BPS * _steps(log_price, every))
    second, minute = returns[1.0], returns[60.0]
    at_minute = SIGNATURE_STEPS_S.index(60.0)
    return {
        "volatility_1min_bps": float(minute.std(ddof=1)) if len(minute) > 1 else np.nan,
        "kurtosis_1s": kurtosis(second),
        "kurtosis_1min": kurtosis(minute),
        "return_acf_1s": autocorrelation(second, 1),
        "abs_return_acf_1min": autocorrelation(np.abs(minute), 1),
        "signature_flatness": ratio(mid_bps[0], mid_bps[at_minute]),
        "trade_signature_bounce": ratio(trade_bps[0], trade_bps[at_minute]),
    }, mid_bps, trade_bps


def _steps(log_price: np.ndarray, every: int) -> np.ndarray:
    """Changes from one `every`-th place to the next; before the first price there are none."""
    change = np.diff(log_price[::every])
    unknown = np.isnan(change)
    return change[~unknown] if unknown.any() else change


def _realised(returns: np.ndarray) -> float:
    return float(np.sqrt(returns @ returns)) if len(returns) > 1 else np.nan


def volume_facts(trades: Trades, start_ns: int, end_ns: int, day_s):
    """Share of the volume in each half hour (hour where the window is longer than 12 h).

    Returns
    -------
    facts : dict of str to float
        Shares of the first and last half hour of the day; NaN unless the window is all of a day of
        at most 12 h.
    curve : ndarray of float64
        One share a bin, from the start of the window; the last bin may be shorter.
    """
    span_ns = end_ns - start_ns
    is_long = span_ns > LONG_DAY_S * NS_PER_S
    width = (2 if is_long else 1) * BIN_S * NS_PER_S
    bins = -(-span_ns // width)
    volume = np.bincount((trades.time_ns - start_ns) // width, weights=trades.size, minlength=bins)
    total = volume.sum()
    curve = volume / total if total > 0 else np.full(bins, np.nan)
    whole = day_s is not None and not is_long and (
        (start_ns, end_ns) == tuple(round(edge * NS_PER_S) for edge in day_s))
    ends = (float(curve[0]), float(curve[-1])) if whole else (np.nan, np.nan)
    return {"volume_first_half_hour": ends[0], "volume_last_half_hour": ends[1]}, curve
