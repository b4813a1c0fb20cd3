"""How the price answers an injected order, for any market: `injected_response`.

A flow that only looks right may not answer an order as a market does. So the same question is put
to every flow: what does the mid do after a market order that nobody had reason to send?
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from lobsim.market import Market

__all__ = ["Response", "injected_response"]


class Response(NamedTuple):
    """Mean move of the mid after a buy, in ticks: half the difference between a buy and a sell.

    Attributes
    ----------
    horizons_s : ndarray of float64, shape (k,)
        Seconds after the order; the first is 0, just after it.
    mean, stderr : ndarray of float64, shape (k,)
        Over the markets. Positive = the price went the way of the order.
    values : ndarray of float64, shape (markets, k)
    """

    horizons_s: np.ndarray
    mean: np.ndarray
    stderr: np.ndarray
    values: np.ndarray


def injected_response(make_market: Callable[[int], Market], seeds: Iterable[int], size: float,
                      at_s: float, horizons_s=(1.0, 5.0, 20.0, 60.0)) -> Response:
    """Inject a market order into a market, buying in one and selling in its twin.

    Parameters
    ----------
    make_market : callable
        Takes a seed and returns a new market; called twice a seed, for a buy and for a sell.
        Half the difference of the two is the answer, so that what the market does by itself falls
        out as far as the twins share it.
    seeds : iterable of int
    size : float
        In the market's unit.
    at_s : float
        Time of the order, seconds after midnight.
    horizons_s : sequence of float
        Increasing, within the market's window.

    Returns
    -------
    Response

    Raises
    ------
    ValueError
        When there are fewer than two seeds.
    """
    horizons = np.concatenate([[0.0], np.asarray(horizons_s, float)])
    rows = []
    for seed in seeds:
        paths = {}
        for side in (1, -1):
            market = make_market(seed)
            market.advance(at_s)
            start = market.mid
            market.submit(side, size, kind="market")
            mids = [market.mid]
            for horizon in horizons[1:]:
                market.advance(at_s + horizon)
                mids.append(market.mid)
            paths[side] = (np.array(mids) - start) / market.profile.tick_size
        rows.append(0.5 * (paths[1] - paths[-1]))
    if len(rows) < 2:
        raise ValueError(f"there are {len(rows)} seeds; an error bar needs at least 2")
    values = np.array(rows)
    return Response(horizons, values.mean(axis=0),
                    values.std(axis=0, ddof=1) / np.sqrt(len(values)), values)
