"""Cartea-Jaimungal liquidation: continuous trading with a penalty on inventory, now and at the end.

Time and money as one likes, the same throughout; written for a sale, a purchase is its mirror.
"""

import math
from dataclasses import dataclass

import numpy as np

from lobsim.strategies.schedules import Scheduled

__all__ = ["CarteaJaimungal", "CarteaJaimungalSchedule"]


@dataclass(frozen=True)
class CarteaJaimungal:
    r"""Selling N shares at a speed :math:`\nu_t = -\dot Q_t` that minimises

    .. math:: \mathbb E\left[\int_0^T \left(k\nu_t^2 + b\,\nu_t (N - Q_t) + \phi Q_t^2\right)dt
              + b\,Q_T (N - Q_T) + a\,Q_T^2\right],

    the cost of temporary impact k, permanent impact b, a running penalty phi and a price a for
    each share squared that is left and sold at once.

    Parameters
    ----------
    quantity : float
        N > 0, shares.
    horizon : float
        T > 0, units of time.
    temporary : float
        k > 0, money per share for a speed of one share per unit of time.
    running_penalty : float
        phi >= 0, money per share squared and unit of time. With risk aversion lambda of Almgren
        and Chriss it is ``lambda * volatility**2``.
    terminal_penalty : float
        a, money per share squared, more than ``permanent / 2``; infinite = nothing may be left.
    permanent : float
        b >= 0, money per share for every share traded.

    References
    ----------
    A. Cartea, S. Jaimungal, J. Penalva, "Algorithmic and High-Frequency Trading", Cambridge
    University Press, 2015, section 6.5.

    Examples
    --------
    >>> model = CarteaJaimungal(1000, 1.0, temporary=1e-3, running_penalty=1e-2)
    >>> model.holdings([0.0, 0.5, 1.0]).round(2).tolist()
    [1000.0, 197.39, 0.0]
    """

    quantity: float
    horizon: float
    temporary: float
    running_penalty: float = 0.0
    terminal_penalty: float = math.inf
    permanent: float = 0.0

    def __post_init__(self):
        for name in ("quantity", "horizon", "temporary"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be a number above 0")
        for name in ("running_penalty", "permanent"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must not be negative")
        if not self.terminal_penalty > 0.5 * self.permanent:
            raise ValueError(
                f"terminal_penalty is {self.terminal_penalty}; it must be more than half of "
                f"permanent, {0.5 * self.permanent:g}"
            )

    @property
    def urgency(self) -> float:
        """sqrt(phi / k), 1 / time: Almgren and Chriss' kappa of short periods."""
        return math.sqrt(self.running_penalty / self.temporary)

    def holdings(self, times) -> np.ndarray:
        r"""Shares held at some times.

        With :math:`g = \sqrt{\phi/k}` and :math:`\zeta = \frac{a - b/2 + \sqrt{k\phi}}
        {a - b/2 - \sqrt{k\phi}}`,

        .. math:: Q_t = N\,\frac{\zeta e^{g(T-t)} - e^{-g(T-t)}}{\zeta e^{gT} - e^{-gT}}.

        Parameters
        ----------
        times : array-like
            0 to the horizon.

        Returns
        -------
        ndarray
            From N to what is left for the end (0 with an infinite terminal penalty).
        """
        times = np.asarray(times, dtype=float)
        left = self.horizon - times
        grip = self.terminal_penalty - 0.5 * self.permanent
        g = self.urgency
        if g * self.horizon < 1e-9:  # the limit without a running penalty: constant speed
            rest = self.temporary / grip
            return self.quantity * (left + rest) / (self.horizon + rest)
        # The same as the formula, in falling exponentials that cannot overflow: both sides are
        # divided by zeta, and root / grip vanishes with an infinite penalty.
        share = self.temporary * g / grip
        ratio = (1.0 - share) / (1.0 + share)  # 1 / zeta
        top = np.exp(-g * times) * (1.0 - ratio * np.exp(-2 * g * left))
        return self.quantity * top / (1.0 - ratio * math.exp(-2 * g * self.horizon))

    def cost(self, times, holdings) -> float:
        """The objective of a path that is straight between given times, in money.

        Parameters
        ----------
        times, holdings : array-like, shape (n,)
            Times from 0 to the horizon, and shares held then, the first N.
        """
        t, q = np.asarray(times, dtype=float), np.asarray(holdings, dtype=float)
        if t.shape != q.shape or t.ndim != 1 or len(t) < 2:
            raise ValueError(f"times and holdings have the shapes {t.shape} and {q.shape}; both "
                             f"must be (n,) with n of at least 2")
        step, sold = np.diff(t), -np.diff(q)
        running = (q[:-1] ** 2 + q[:-1] * q[1:] + q[1:] ** 2) / 3.0
        gone = self.quantity - q[-1]
        end = 0.0 if q[-1] == 0 else self.terminal_penalty * q[-1] ** 2
        return float(self.temporary * (sold**2 / step).sum()
                     + self.running_penalty * (running * step).sum()
                     + self.permanent * (0.5 * gone**2 + q[-1] * gone) + end)


class CarteaJaimungalSchedule(Scheduled):
    """Cartea and Jaimungal's liquidation as a benchmark; what they leave is sold at the end.

    Parameters
    ----------
    temporary, running_penalty, terminal_penalty, permanent : float
        As in `CarteaJaimungal`, time in seconds.
    interval_s : float
        Seconds between child orders, each crossing the spread at the start of its slice.
    lot : float, optional
        As in `TWAP`.
    """

    def __init__(self, *, temporary: float, running_penalty: float = 0.0,
                 terminal_penalty: float = math.inf, permanent: float = 0.0,
                 interval_s: float = 300.0, lot: float | None = None) -> None:
        super().__init__(interval_s, lot)
        self.terms = dict(temporary=temporary, running_penalty=running_penalty,
                          terminal_penalty=terminal_penalty, permanent=permanent)
        CarteaJaimungal(1.0, 1.0, **self.terms)  # tell wrong terms now

    def weights(self, edges_s, market):
        """Shares of each slice, and what is left for the end."""
        model = CarteaJaimungal(self.order.quantity, self.order.duration_s, **self.terms)
        held = model.holdings(edges_s - self.order.start_s)
        return np.append(-np.diff(held), held[-1])
