"""Who started a trade: the quote rule, the tick rule and Lee and Ready's combination."""

import numpy as np
import pandas as pd

from lobsim.analytics._checks import float_array, need_columns, need_one_symbol, same_length
from lobsim.analytics.matching import match_quotes

# Half a billionth of the price: far below any tick, far above the rounding of bid + ask.
_RELATIVE_TOLERANCE = 5e-10


def quote_rule(price, bid, ask) -> np.ndarray:
    r"""Sign of a trade by its price against the midpoint.

    .. math:: \epsilon_i = \operatorname{sign}\left(p_i - (b_i + a_i)/2\right)

    Parameters
    ----------
    price, bid, ask : array_like of float, shape (n,)
        Trade prices and the quotes in force just before, in currency.

    Returns
    -------
    ndarray of int8, shape (n,)
        +1 buyer-initiated (above the mid), -1 seller-initiated, 0 at the mid (within half a
        billionth of the price) or where a quote or price is NaN.

    Examples
    --------
    >>> quote_rule([10.02, 10.00, 10.01, 10.01], [10.0, 10.0, 10.0, np.nan], 4 * [10.02])
    array([ 1, -1,  0,  0], dtype=int8)
    """
    price, bid, ask = (float_array(v, n) for v, n in ((price, "price"), (bid, "bid"), (ask, "ask")))
    same_length(price=price, bid=bid, ask=ask)
    return _sign(price - 0.5 * (bid + ask), price)


def tick_rule(price) -> np.ndarray:
    """Sign of a trade by the last different price before it.

    An uptick is a buy, a downtick a sell; a trade at an unchanged price has the sign of the
    trade before ("zero tick"). The first trades, before any price change, have no sign: 0.

    Parameters
    ----------
    price : array_like of float, shape (n,)
        Trade prices in order of time. NaN prices get 0 and are skipped.

    Returns
    -------
    ndarray of int8, shape (n,)
        +1, -1 or 0.

    References
    ----------
    Lee and Ready (1991), section I ("reverse tick test" is the other variant).

    Examples
    --------
    >>> tick_rule([10.00, 10.00, 10.01, 10.01, 10.00])
    array([ 0,  0,  1,  1, -1], dtype=int8)
    """
    price = float_array(price, "price")
    signs = np.zeros(len(price), dtype=np.int8)
    given = np.flatnonzero(~np.isnan(price))
    if not given.size:
        return signs
    seen = price[given]
    move = np.zeros(given.size, dtype=np.int8)
    move[1:] = _sign(np.diff(seen), seen[1:])
    last_move = np.maximum.accumulate(np.where(move != 0, np.arange(given.size), 0))
    signs[given] = move[last_move]
    return signs


def lee_ready(
    trades: pd.DataFrame,
    nbbo: pd.DataFrame | None = None,
    lag_ns: int = 0,
    *,
    same_time: bool = False,
) -> np.ndarray:
    """Sign trades by the quote rule, and at the midpoint by the tick rule.

    Parameters
    ----------
    trades : DataFrame
        With ``time_ns, price`` in order of time; one symbol. The tick rule looks at these rows, so
        filter first (:func:`regular_trades`).
    nbbo : DataFrame, optional
        Quotes for :func:`match_quotes`; None when ``trades`` already has ``bid`` and ``ask``.
    lag_ns, same_time
        As in :func:`match_quotes`.

    Returns
    -------
    ndarray of int8, shape (len(trades),)
        +1 buyer-initiated, -1 seller-initiated. A trade at the mid, or without a usable quote,
        takes the tick rule; 0 remains only before the first price change.

    References
    ----------
    Lee and Ready (1991), section IV. They held quotes back by 5 s for the clocks of 1988; here
    the last quote strictly before the trade is used unless ``lag_ns`` says otherwise.

    Examples
    --------
    >>> tape = pd.DataFrame({"time_ns": [5, 6, 7], "price": [10.02, 10.01, 10.00],
    ...                      "bid": 10.00, "ask": 10.02})
    >>> lee_ready(tape)
    array([ 1, -1, -1], dtype=int8)
    """
    need_columns(trades, ("time_ns", "price"), "trades")
    need_one_symbol(trades, "trades")
    if nbbo is not None:
        trades = match_quotes(trades, nbbo, lag_ns, same_time=same_time)
    need_columns(trades, ("bid", "ask"), "trades without nbbo")
    by_quote = quote_rule(trades["price"], trades["bid"], trades["ask"])
    return np.where(by_quote != 0, by_quote, tick_rule(trades["price"])).astype(np.int8)


def _sign(difference: np.ndarray, price: np.ndarray) -> np.ndarray:
    """Sign of a price difference, 0 when it is rounding noise or NaN."""
    clear = np.abs(difference) > _RELATIVE_TOLERANCE * np.abs(price)
    return np.where(clear, np.sign(difference), 0.0).astype(np.int8)
