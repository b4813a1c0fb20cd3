"""Imbalance at the best quotes: of the book that stands (OBI), and of the flow that changed it."""

import numpy as np
import pandas as pd

from lobsim.analytics._checks import float_array, need_columns, same_length


def order_book_imbalance(bid_size, ask_size) -> np.ndarray:
    r"""Order-book imbalance (OBI): how much more is bid than offered, from -1 to 1.

    .. math:: \rho = \frac{q^b - q^a}{q^b + q^a}

    Parameters
    ----------
    bid_size, ask_size : array_like of float, shape (n,)
        Sizes at the best bid and ask, >= 0, in any unit.

    Returns
    -------
    ndarray of float64, shape (n,)
        +1 only bids, -1 only asks; NaN where both are 0 or one is NaN.

    Notes
    -----
    Stoikov's imbalance is :math:`I = q^b/(q^b + q^a)`, from 0 to 1; :math:`\rho = 2I - 1`.

    References
    ----------
    S. Stoikov (2018), "The micro-price", Quantitative Finance 18(12), section 2, for :math:`I`.

    Examples
    --------
    >>> order_book_imbalance([300, 100, 0], [100, 100, 0]).tolist()
    [0.5, 0.0, nan]
    """
    bid, ask = float_array(bid_size, "bid_size"), float_array(ask_size, "ask_size")
    same_length(bid_size=bid, ask_size=ask)
    return _book_imbalance(bid, ask)


def _book_imbalance(bid_size: np.ndarray, ask_size: np.ndarray) -> np.ndarray:
    total = bid_size + ask_size
    return np.divide(bid_size - ask_size, total, out=np.full(len(total), np.nan), where=total > 0)


def order_flow_imbalance(quotes: pd.DataFrame) -> np.ndarray:
    r"""Order-flow imbalance (OFI): the net demand in each change of the best quotes.

    .. math::

        e_n = 1_{b_n \ge b_{n-1}}\, q^b_n - 1_{b_n \le b_{n-1}}\, q^b_{n-1}
            - 1_{a_n \le a_{n-1}}\, q^a_n + 1_{a_n \ge a_{n-1}}\, q^a_{n-1}

    Prices are :math:`b, a`, sizes :math:`q^b, q^a`. The OFI of an interval is the sum of its
    :math:`e_n`.

    Parameters
    ----------
    quotes : DataFrame
        ``bid, bid_size, ask, ask_size`` after each change, in order of time; prices in currency
        (equal prices must be equal floats), sizes in any unit.

    Returns
    -------
    ndarray of float64, shape (len(quotes),)
        In units of size; positive = buying pressure. The first row has nothing before it: 0. NaN
        where a value of the row or of the one before is NaN.

    Notes
    -----
    Both inequalities of a side are weak, so at an unchanged price the size change remains. A bid
    that falls contributes *minus* the size that stood there, as buyers left (the paper's text
    says otherwise once; its formula is right).

    References
    ----------
    R. Cont, A. Kukanov and S. Stoikov (2014), "The price impact of order book events", Journal of
    Financial Econometrics 12(1), the definition of :math:`e_n` in section 2.1.

    Examples
    --------
    200 more are bid; then the bid of 500 falls by a cent:

    >>> quotes = pd.DataFrame({"bid": [10.00, 10.00, 9.99], "bid_size": [300, 500, 400],
    ...                        "ask": 10.02, "ask_size": 100})
    >>> order_flow_imbalance(quotes).tolist()
    [0.0, 200.0, -500.0]
    """
    need_columns(quotes, ("bid", "bid_size", "ask", "ask_size"), "quotes")
    columns = [quotes[name].to_numpy(np.float64) for name in ("bid", "bid_size", "ask", "ask_size")]
    flow = _flow_imbalance(*columns)
    known = np.isfinite(np.column_stack(columns)).all(axis=1)
    flow[1:][~(known[1:] & known[:-1])] = np.nan
    return flow


def _flow_imbalance(bid, bid_size, ask, ask_size) -> np.ndarray:
    """The formula on arrays without NaN (prices may be whole ticks)."""
    flow = np.zeros(len(bid))
    up, down = bid[1:] >= bid[:-1], bid[1:] <= bid[:-1]
    flow[1:] = np.where(up, bid_size[1:], 0.0) - np.where(down, bid_size[:-1], 0.0)
    up, down = ask[1:] >= ask[:-1], ask[1:] <= ask[:-1]
    flow[1:] += np.where(up, ask_size[:-1], 0.0) - np.where(down, ask_size[1:], 0.0)
    return flow
