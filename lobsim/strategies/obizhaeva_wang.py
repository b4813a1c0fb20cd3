"""Obizhaeva-Wang: trading against a book that refills, with a block at both ends.

Time and money as one likes, the same throughout; written for a purchase, a sale is its mirror.
"""

import math
from dataclasses import dataclass

import numpy as np

from lobsim.strategies.schedules import Scheduled

__all__ = ["ObizhaevaWang", "ObizhaevaWangSchedule"]


@dataclass(frozen=True)
class ObizhaevaWang:
    r"""Buying X shares within T from a block-shaped book with resilience rho.

    A trade of x moves the price by :math:`(\lambda + \kappa) x` and pays half of that on average;
    :math:`\lambda x` stays, :math:`\kappa x` decays at the rate rho.

    Parameters
    ----------
    quantity : float
        X > 0, shares.
    horizon : float
        T > 0, units of time.
    resilience : float
        rho >= 0, 1 / time.
    transient : float
        kappa > 0, money per share and share. With a book of q shares per unit of price it is
        ``1 / q - permanent``.
    permanent : float
        lambda >= 0, money per share and share.

    References
    ----------
    A. Obizhaeva, J. Wang, "Optimal trading strategy and supply/demand dynamics", Journal of
    Financial Markets 16(1), 2013, propositions 1 (discrete) and 3 (continuous), risk-neutral.

    Examples
    --------
    >>> model = ObizhaevaWang(100_000, 1.0, resilience=20.0, transient=1e-4)
    >>> block, rate = model.continuous()
    >>> round(block, 2), round(rate, 1), round(2 * block + rate * model.horizon, 6)
    (4545.45, 90909.1, 100000.0)
    """

    quantity: float
    horizon: float
    resilience: float
    transient: float = 1.0
    permanent: float = 0.0

    def __post_init__(self):
        for name in ("quantity", "horizon", "transient"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be a number above 0")
        for name in ("resilience", "permanent"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must not be negative")

    def continuous(self) -> tuple[float, float]:
        """The block traded at the start and again at the end, and the rate between them.

        Returns
        -------
        block : float
            X / (2 + rho T), shares.
        rate : float
            rho X / (2 + rho T), shares per unit of time.
        """
        block = self.quantity / (2.0 + self.resilience * self.horizon)
        return block, self.resilience * block

    def continuous_cost(self) -> float:
        """Impact cost of the continuous optimum: lambda X^2 / 2 + kappa X^2 / (2 + rho T)."""
        square = self.quantity**2
        return (0.5 * self.permanent * square
                + self.transient * square / (2.0 + self.resilience * self.horizon))

    def trades(self, periods: int) -> np.ndarray:
        r"""The cheapest N + 1 trades at equal distances.

        With :math:`a = e^{-\rho T/N}` the two at the ends are :math:`X/(2+(N-1)(1-a))`, those
        between them (1 - a) times that.

        Parameters
        ----------
        periods : int
            N >= 1.

        Returns
        -------
        ndarray, shape (N + 1,)
        """
        if periods < 1 or int(periods) != periods:
            raise ValueError(f"periods is {periods}; it must be a whole number above 0")
        refilled = -math.expm1(-self.resilience * self.horizon / periods)
        end = self.quantity / (2.0 + (periods - 1) * refilled)
        sizes = np.full(periods + 1, end * refilled)
        sizes[0] = sizes[-1] = end
        return sizes

    def cost(self, sizes) -> float:
        r"""Impact cost of trades at equal distances over the window, in money.

        .. math:: \sum_k x_k\left(\lambda\sum_{j<k}x_j + D_k + \tfrac12(\lambda+\kappa)x_k\right),
                  \qquad D_{k+1} = (D_k + \kappa x_k)\,a

        Parameters
        ----------
        sizes : array-like, shape (N + 1,)
            Trades at times 0, T / N, ..., T; any sign.
        """
        sizes = np.atleast_1d(np.asarray(sizes, dtype=float))
        if sizes.ndim != 1 or len(sizes) < 2:
            raise ValueError(f"sizes has the shape {sizes.shape}; at least two trades are needed")
        kept = math.exp(-self.resilience * self.horizon / (len(sizes) - 1))
        done = displaced = cost = 0.0
        for size in sizes:
            move = (self.permanent + self.transient) * size
            cost += size * (self.permanent * done + displaced + 0.5 * move)
            done += size
            displaced = (displaced + self.transient * size) * kept
        return float(cost)


class ObizhaevaWangSchedule(Scheduled):
    """Obizhaeva and Wang's discrete optimum as a benchmark: a block, equal parts, a block.

    The optimum depends on nothing but the resilience: neither the depth of the book nor the share
    of impact that is permanent changes it.

    Parameters
    ----------
    resilience_per_s : float
        rho >= 0. 0 trades half at the start and half at the end; a large one is TWAP with N + 1
        trades.
    interval_s : float
        Seconds between child orders, all crossing the spread; the last at the end of the order.
    lot : float, optional
        As in `TWAP`.
    """

    def __init__(self, resilience_per_s: float, interval_s: float = 300.0,
                 lot: float | None = None) -> None:
        super().__init__(interval_s, lot)
        if not 0 <= resilience_per_s < math.inf:
            raise ValueError(f"resilience_per_s is {resilience_per_s}; it must not be negative")
        self.resilience_per_s = float(resilience_per_s)

    def weights(self, edges_s, market):
        """Sizes at all edges of the slices, the end included."""
        model = ObizhaevaWang(self.order.quantity, self.order.duration_s, self.resilience_per_s)
        return model.trades(len(edges_s) - 1)
