"""Probabilities of the Cont-Stoikov-Talreja order book: the next move, a fill, both sides filled.

Queue lengths are in orders (of the mean size), rates per unit of time. ``method="transform"``
inverts Laplace transforms as the paper does, ``method="chain"`` solves the (truncated) Markov chain
itself: two independent ways to the same number.

References
----------
R. Cont, S. Stoikov, R. Talreja, "A stochastic model for order book dynamics", Operations Research
58(3), 2010, sections 3 and 4 (Propositions 3 to 6, tables 3 to 5).
"""

from typing import NamedTuple

import numpy as np
from scipy.linalg import expm
from scipy.special import gammaln

from lobsim.analytics._checks import one_of
from lobsim.analytics.birth_death import (
    check_rates,
    first_passage_transform,
    log_frequencies,
    probability_earlier,
    pure_death_transform,
    stopped_transform,
)
from lobsim.analytics.cst_chain import filled_by_chain, making_by_chain, mid_up_by_chain

METHODS = ("transform", "chain")
_TIME_STEP = 0.1  # of log time, in the integral over the first of two fills
_NEGLIGIBLE = 1e-14  # Poisson weight of residual queues that are left out


class _Queue(NamedTuple):
    """Rates that rule both best queues at a given spread."""

    birth: float  # limit orders that join a best queue
    death: float  # market orders
    cancel: float  # per resting order
    inside: float  # limit orders inside the spread, per side


def probability_mid_up(bid, ask, limit_rates, cancel_rates, market_rate: float, *,
                       spread: int = 1, method: str = "transform"):
    """Probability that the next move of the mid is upwards (Propositions 3 and 4; table 3).

    Parameters
    ----------
    bid, ask : int or array_like of int
        Orders in the best queues, at least 1; broadcast against each other.
    limit_rates : float or sequence of float
        lambda(1), lambda(2), ...: arrivals per unit of time and side at distance i from the
        *opposite* best quote; entries up to `spread` are used.
    cancel_rates : float or sequence of float
        theta(1), theta(2), ...: per resting order.
    market_rate : float
        mu, market orders per unit of time and side.
    spread : int
        In ticks, at least 1. Above 1, limit orders inside the spread move the mid as well.
    method : "transform" or "chain"

    Returns
    -------
    float or ndarray

    Examples
    --------
    The second entry of the first row of the paper's table 3 (printed there as .336):

    >>> round(float(probability_mid_up(1, 2, 1.85, 0.71, 0.94)), 5)
    0.33517
    """
    bid, ask, queue = _checked(bid, ask, limit_rates, cancel_rates, market_rate, spread, method)
    if method == "chain":
        return _each(lambda b, a: mid_up_by_chain(b, a, queue), bid, ask)
    iu = 1j * log_frequencies()[0] * _scale(queue)
    n_max = int(max(bid.max(), ask.max()))
    empty = first_passage_transform(iu + queue.inside, n_max, *queue[:3])
    moves = stopped_transform(empty, iu, queue.inside)
    return probability_earlier(moves[ask], moves[bid])[()]


def probability_filled_before_move(bid, ask, limit_rates, cancel_rates, market_rate: float, *,
                                   spread: int = 1, method: str = "transform"):
    """Probability that the last order of the bid queue is filled before the mid moves (Prop. 5).

    The order is one of the `bid` orders, the last in the queue, and is never cancelled. For an
    order on the ask side swap the queues.

    Parameters
    ----------
    bid, ask, limit_rates, cancel_rates, market_rate, spread, method
        As in `probability_mid_up`; `bid` counts the order itself. `market_rate` > 0.

    Returns
    -------
    float or ndarray

    Notes
    -----
    The paper's table 4 does not show this number: its entry in row a and column b is one minus the
    value of the Proposition for `bid` = a and `ask` = b, for all 25 entries within 5e-4.

    Examples
    --------
    >>> round(float(probability_filled_before_move(1, 2, 1.85, 0.71, 0.94)), 5)
    0.698
    """
    bid, ask, queue = _checked(bid, ask, limit_rates, cancel_rates, market_rate, spread, method)
    if method == "chain":
        return _each(lambda b, a: filled_by_chain(b, a, queue), bid, ask)
    return _filled(queue, int(bid.max()), int(ask.max()))[bid, ask][()]


def _filled(queue: _Queue, n_bid: int, n_ask: int) -> np.ndarray:
    """P(order b is filled before queue a is empty or the spread is entered), [b, a]."""
    iu = 1j * log_frequencies()[0] * _scale(queue)
    rate = 2 * queue.inside  # a limit order inside the spread moves the mid, on either side
    moves = stopped_transform(first_passage_transform(iu + rate, n_ask, *queue[:3]), iu, rate)
    filled = pure_death_transform(iu, n_bid, queue.death, queue.cancel)
    table = np.empty((n_bid + 1, n_ask + 1))
    for b in range(n_bid + 1):
        table[b] = probability_earlier(filled[b], moves)
    table[0], table[:, 0] = 1.0, 0.0
    return table


def probability_making_the_spread(bid, ask, limit_rates, cancel_rates, market_rate: float, *,
                                  spread: int = 1, method: str = "transform"):
    r"""Probability that the last orders of both queues are filled before the mid moves (Prop. 6).

    .. math:: P = h_{b,a} + h_{a,b}, \qquad h_{b,a} = \int g_b(t) \sum_j p_{a \to j}(t)
        \sum_n \pi_n(t)\, P(\epsilon_j < \sigma_n)\, dt

    with the density g of the first fill, the orders j that then still stand at or before the other
    order, and the orders n behind the filled one, which are Poisson with mean
    ``(lambda / theta) (1 - exp(-theta t))``; with n = 0 the mid moves.

    Parameters
    ----------
    bid, ask, limit_rates, cancel_rates, market_rate, spread, method
        As in `probability_mid_up`; the queues count the own orders. `market_rate` > 0.

    Returns
    -------
    float or ndarray
        Symmetric in `bid` and `ask`.

    Notes
    -----
    The paper gives spread 1; above it, orders inside the spread end the game at their rate.

    Examples
    --------
    >>> round(float(probability_making_the_spread(1, 1, 1.85, 0.71, 0.94)), 5)
    0.26575
    """
    bid, ask, queue = _checked(bid, ask, limit_rates, cancel_rates, market_rate, spread, method)
    if method == "chain":
        return _each(lambda b, a: making_by_chain(b, a, queue), bid, ask)
    n_max = int(max(bid.max(), ask.max()))
    first = _first_fill_then_other(queue, n_max)
    return (first[bid, ask] + first[ask, bid])[()]


def _first_fill_then_other(queue: _Queue, n_max: int) -> np.ndarray:
    """h[b, a]: order b is filled first, order a after it, and the mid has not moved."""
    birth, death, cancel, inside = queue
    log_t = np.arange(-42.0, np.log(60.0), _TIME_STEP)  # rates are at least `death`
    t = np.exp(log_t) / death
    rates = np.append(0.0, death + np.arange(n_max) * cancel)
    generator = np.diag(-rates) + np.diag(rates[1:], -1)
    stays = expm(generator * t[:, None, None])  # [t, from, to], rows 1..n_max are the queues
    density = stays[:, :, 1] * rates[1]  # of the fill of order b at time t
    weight = t * _TIME_STEP * np.exp(-2 * inside * t)
    mean = birth * (t if cancel == 0 else -np.expm1(-cancel * t) / cancel)
    n_queue = 8
    while _poisson(n_queue, mean).max(where=mean > 1e-12, initial=0) > _NEGLIGIBLE or (
        n_queue < mean.max()
    ):
        n_queue *= 2
    n = np.arange(n_queue + 1)
    behind = _poisson(n, mean[:, None])
    then = behind @ _filled(queue, n_max, n_queue)[:, n].T  # [t, j]
    after = np.einsum("taj,tj->ta", stays[:, :, 1:], then[:, 1:])
    return np.einsum("t,tb,ta->ba", weight, density, after)


def _poisson(n, mean):
    return np.exp(n * np.log(mean) - mean - gammaln(n + 1.0)) if np.all(mean > 0) else (
        np.where(np.asarray(n) == 0, 1.0, 0.0) * np.ones_like(mean)
    )


def _scale(queue: _Queue) -> float:
    """A rate of the right size, so that the grid of frequencies lies around it."""
    return queue.birth + queue.death + queue.cancel + queue.inside


def _each(function, bid, ask):
    return np.vectorize(function, otypes=[float])(bid, ask)[()]


def _checked(bid, ask, limit_rates, cancel_rates, market_rate, spread, method):
    one_of(method, METHODS, "method")
    bid, ask = np.broadcast_arrays(bid, ask)
    for name, n in (("bid", bid), ("ask", ask)):
        if n.dtype.kind not in "iu" or n.min() < 1:
            raise ValueError(f"{name} is {n.tolist()}; queue lengths are whole numbers from 1")
    if spread != int(spread) or spread < 1:
        raise ValueError(f"spread is {spread}; it must be a whole number of ticks, at least 1")
    spread = int(spread)
    limits, cancels = np.atleast_1d(limit_rates), np.atleast_1d(cancel_rates)
    for name, rates in (("limit_rates", limits), ("cancel_rates", cancels)):
        if len(rates) < spread:
            raise ValueError(f"{name} has {len(rates)} entries; a spread of {spread} ticks needs "
                             f"one for each distance up to it")
    queue = _Queue(float(limits[spread - 1]), float(market_rate), float(cancels[spread - 1]),
                   float(limits[: spread - 1].sum()))
    check_rates(*queue[:3])
    return bid, ask, queue
