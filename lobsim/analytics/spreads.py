"""Spreads: quoted (time-weighted), effective, realised, and the price impact between them.

All are full spreads (twice the distance from the midpoint) unless ``half=True``; positive is a
cost to whoever took the liquidity. Units are currency per share, or basis points of the midpoint.
"""

import numpy as np
import pandas as pd

from lobsim.analytics._checks import NS_PER_S, float_array, need_columns, one_of, same_length
from lobsim.analytics.matching import between, match_quotes, mid_at
from lobsim.analytics.signs import lee_ready

BPS = 1e4


def quoted_spread(
    nbbo: pd.DataFrame,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    unit: str = "dollars",
    statistic: str = "mean",
) -> float:
    r"""Quoted spread, weighted by the time for which each quote stood.

    .. math:: \bar s = \frac{\sum_i (a_i - b_i)\,(t_{i+1} - t_i)}{\sum_i (t_{i+1} - t_i)}

    Parameters
    ----------
    nbbo : DataFrame
        With ``time_ns, bid, ask``, sorted by time.
    start_s, end_s : float, optional
        Window in seconds since midnight; the state at the start is carried in. Without them the
        first quote opens the window and the last one closes it (and weighs nothing).
    unit : {"dollars", "bps"}
        Currency per share, or bps of the midpoint of the same moment.
    statistic : {"mean", "median"}
        Time-weighted mean, or the smallest spread not exceeded for half of the time.

    Returns
    -------
    float
        Full spread. States with an empty side or bid > ask have no weight. NaN when nothing is
        left.

    Examples
    --------
    A spread of 1 cent for 3 s and of 5 cents for 1 s:

    >>> best = pd.DataFrame({"time_ns": [0, 3_000_000_000], "bid": [10.00, 10.00],
    ...                      "ask": [10.01, 10.05]})
    >>> round(quoted_spread(best, start_s=0, end_s=4), 6)
    0.02
    """
    need_columns(nbbo, ("time_ns", "bid", "ask"), "nbbo")
    one_of(unit, ("dollars", "bps"), "unit")
    one_of(statistic, ("mean", "median"), "statistic")
    time = nbbo["time_ns"].to_numpy(np.int64)
    if time.size == 0:
        return np.nan
    start_s = time[0] / NS_PER_S if start_s is None else start_s
    end_s = time[-1] / NS_PER_S if end_s is None else end_s
    if end_s <= start_s:
        return np.nan
    state = nbbo[["time_ns", "bid", "ask"]]
    state.attrs["kind"] = "nbbo"
    state = between(state, start_s, end_s)
    held_s = np.diff(np.append(state["time_ns"].to_numpy(), round(end_s * NS_PER_S))) / NS_PER_S
    bid, ask = state["bid"].to_numpy(np.float64), state["ask"].to_numpy(np.float64)
    spread = ask - bid
    if unit == "bps":
        spread = BPS * spread / (0.5 * (bid + ask))
    good = (ask >= bid) & (held_s > 0)
    return _weighted(spread[good], held_s[good], statistic)


def effective_spread(price, mid, sign, *, unit: str = "dollars", half: bool = False) -> np.ndarray:
    r"""What a trade paid against the midpoint just before it, per trade.

    .. math:: e_i = 2\,\epsilon_i\,(p_i - m_i)

    Parameters
    ----------
    price, mid : array_like of float, shape (n,)
        Trade price and the midpoint in force before it, in currency.
    sign : array_like of int, shape (n,)
        +1 buyer-initiated, -1 seller-initiated, 0 unknown.
    unit : {"dollars", "bps"}
        Currency per share, or bps of ``mid``.
    half : bool
        Return the half spread, without the factor 2.

    Returns
    -------
    ndarray of float64, shape (n,)
        Positive = cost to the taker. NaN where the sign is 0 or a price is NaN. Exactly
        :func:`realised_spread` + :func:`price_impact`, up to rounding.

    References
    ----------
    R. Huang and H. Stoll (1996), "Dealer versus auction markets", Journal of Financial Economics
    41, equations 1 to 3; there as half spreads.

    Examples
    --------
    >>> effective_spread([10.03, 9.98], [10.00, 10.00], [1, -1]).round(6).tolist()
    [0.06, 0.04]
    """
    price, mid, sign = _arrays(price=price, mid=mid, sign=sign)
    return _scaled(price - mid, mid, sign, unit, half)


def realised_spread(
    price, mid, mid_after, sign, *, unit: str = "dollars", half: bool = False
) -> np.ndarray:
    r"""What the passive side kept once the midpoint had moved, per trade.

    .. math:: r_i = 2\,\epsilon_i\,(p_i - m_i(\tau))

    Parameters
    ----------
    price, mid, mid_after : array_like of float, shape (n,)
        Trade price, midpoint before it, and midpoint a horizon :math:`\tau` later, in currency.
        ``mid`` only scales bps, so that the three measures add in bps too.
    sign, unit, half
        As in :func:`effective_spread`.

    Returns
    -------
    ndarray of float64, shape (n,)
        Positive = earned by the maker (paid by the taker). NaN as in :func:`effective_spread`.

    References
    ----------
    Huang and Stoll (1996), equation 2.

    Examples
    --------
    The price followed the buyer up by 2 cents, so the maker kept 1 of 3:

    >>> realised_spread([10.03], [10.00], [10.02], [1], half=True).round(6).tolist()
    [0.01]
    """
    price, mid, mid_after, sign = _arrays(price=price, mid=mid, mid_after=mid_after, sign=sign)
    return _scaled(price - mid_after, mid, sign, unit, half)


def price_impact(
    mid, mid_after, sign, *, unit: str = "dollars", half: bool = False
) -> np.ndarray:
    r"""How far the midpoint moved in the direction of the trade, per trade.

    .. math:: d_i = 2\,\epsilon_i\,(m_i(\tau) - m_i)

    Parameters
    ----------
    mid, mid_after : array_like of float, shape (n,)
        Midpoint before the trade and a horizon later, in currency.
    sign, unit, half
        As in :func:`effective_spread`.

    Returns
    -------
    ndarray of float64, shape (n,)
        Positive = the price moved with the taker (adverse to the maker). NaN as in
        :func:`effective_spread`.

    References
    ----------
    Huang and Stoll (1996), equation 3.

    Examples
    --------
    >>> price_impact([10.00], [9.99], [-1], half=True).round(6).tolist()
    [0.01]
    """
    mid, mid_after, sign = _arrays(mid=mid, mid_after=mid_after, sign=sign)
    return _scaled(mid_after - mid, mid, sign, unit, half)


def trade_costs(
    trades: pd.DataFrame,
    nbbo: pd.DataFrame,
    *,
    horizon_s: float = 60.0,
    lag_ns: int = 0,
    same_time: bool = False,
    unit: str = "dollars",
    half: bool = False,
    until_s: float | None = None,
) -> pd.DataFrame:
    """Match, sign and measure every trade.

    Parameters
    ----------
    trades, nbbo, lag_ns, same_time
        As in :func:`lobsim.analytics.lee_ready`; filter the trades first.
    horizon_s : float
        Seconds after the trade at which the midpoint is read again; the quote in force then.
    unit, half
        As in :func:`effective_spread`.
    until_s : float, optional
        End of the session; a horizon beyond it gives NaN instead of a stale price. Default: the
        time of the last quote.

    Returns
    -------
    DataFrame
        ``trades`` with the columns of :func:`match_quotes` and ``sign, mid_after, effective,
        realised, impact`` (effective = realised + impact).

    Examples
    --------
    >>> best = pd.DataFrame({"time_ns": [0, 2_000_000_000], "bid": [10.00, 10.02],
    ...                      "bid_size": 100, "ask": [10.02, 10.04], "ask_size": 100})
    >>> tape = pd.DataFrame({"time_ns": [1_000_000_000], "price": [10.02], "size": [100]})
    >>> costs = trade_costs(tape, best, horizon_s=1.0)
    >>> costs[["effective", "realised", "impact"]].round(6).values.tolist()
    [[0.02, -0.02, 0.04]]
    """
    if not horizon_s >= 0:
        raise ValueError(f"horizon_s is {horizon_s}; it must not be negative")
    matched = match_quotes(trades, nbbo, lag_ns, same_time=same_time)
    sign = lee_ready(matched)
    when = matched["time_ns"].to_numpy(np.int64) + round(horizon_s * NS_PER_S)
    last_ns = int(nbbo["time_ns"].iloc[-1]) if len(nbbo) else 0
    until_ns = last_ns if until_s is None else round(until_s * NS_PER_S)
    after = mid_at(nbbo, when, until_ns=until_ns)
    price, mid = matched["price"], matched["mid"]
    scale = {"unit": unit, "half": half}
    costs = matched.assign(
        sign=sign,
        mid_after=after,
        effective=effective_spread(price, mid, sign, **scale),
        realised=realised_spread(price, mid, after, sign, **scale),
        impact=price_impact(mid, after, sign, **scale),
    )
    costs.attrs = dict(matched.attrs)
    return costs


def _arrays(**values) -> list[np.ndarray]:
    arrays = {name: float_array(value, name) for name, value in values.items()}
    same_length(**arrays)
    sign = arrays["sign"]
    if not np.isin(sign, (-1.0, 0.0, 1.0)).all():
        odd = sign[~np.isin(sign, (-1.0, 0.0, 1.0))][0]
        raise ValueError(f"sign holds {odd}; allowed are +1, -1 and 0 (unknown)")
    return list(arrays.values())


def _scaled(distance, mid, sign, unit, half) -> np.ndarray:
    """Signed distance, doubled unless ``half``, in the unit asked for; NaN without a sign."""
    one_of(unit, ("dollars", "bps"), "unit")
    signed = np.where(sign == 0, np.nan, sign) * distance * (1.0 if half else 2.0)
    return BPS * signed / mid if unit == "bps" else signed


def _weighted(values: np.ndarray, weights: np.ndarray, statistic: str) -> float:
    if not values.size:
        return float("nan")
    if statistic == "mean":
        return float(np.average(values, weights=weights))
    order = np.argsort(values, kind="stable")
    passed = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(passed, 0.5 * passed[-1])])
