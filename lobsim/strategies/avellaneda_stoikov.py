"""Avellaneda-Stoikov: quotes around a reservation price that leans against the inventory.

Prices in any unit (dollars, ticks), time in any unit, the same throughout. Inventory is counted in
quotes: q = 1 is what one filled quote brings. Distances are measured from the mid, so that a
positive one is a bid below it or an ask above it.
"""

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["AvellanedaStoikov", "AvellanedaStoikovSteady", "check_terms"]


@dataclass(frozen=True)
class AvellanedaStoikov:
    r"""Quotes for a maker with constant absolute risk aversion and an end at T.

    The mid is a Brownian motion, and a quote at the distance d is filled at the rate
    :math:`A e^{-kd}`.

    Parameters
    ----------
    risk_aversion : float
        gamma > 0, 1 / (price times quote size); 0 is the limit of no aversion.
    volatility : float
        sigma >= 0, price per square root of time.
    decay : float
        k > 0, 1 / price.

    Notes
    -----
    The formulas are the expansion of the optimum for little time left (Gueant, Lehalle and
    Fernandez-Tapia 2013, section 4); far from the end the spread is too wide: see `GLFT`. A, the
    rate at the mid, does not appear.

    References
    ----------
    M. Avellaneda, S. Stoikov, "High-frequency trading in a limit order book", Quantitative Finance
    8(3), 2008, equations (29) and (30) of the finite horizon, section 2.3 of the infinite one.

    Examples
    --------
    The paper's parameters: the total spread at the start, and at the end.

    >>> maker = AvellanedaStoikov(risk_aversion=0.1, volatility=2, decay=1.5)
    >>> round(float(maker.spread(1.0)), 4), round(float(maker.spread(0.0)), 4)
    (1.6908, 1.2908)
    >>> [round(float(depth), 4) for depth in maker.depths(inventory=2, time_left=1.0)]
    [1.6454, 0.0454]
    """

    risk_aversion: float
    volatility: float
    decay: float

    def __post_init__(self):
        check_terms(self)

    def reservation_price(self, mid, inventory, time_left):
        """s - q gamma sigma^2 (T - t): the price at which one more unit is worth nothing."""
        return mid - self._lean(inventory, time_left)

    def spread(self, time_left):
        r"""Total spread, ask less bid:
        :math:`\gamma\sigma^2(T-t) + \frac2\gamma\ln(1+\gamma/k)`; half of it lies on each side of
        the reservation price.
        """
        time_left = np.asarray(time_left, dtype=float)
        return self.risk_aversion * self.volatility**2 * time_left + 2.0 * self.half_spread

    @property
    def half_spread(self) -> float:
        """ln(1 + gamma / k) / gamma; 1 / k without risk aversion."""
        return log_share(self.risk_aversion, self.decay)

    def depths(self, inventory, time_left) -> tuple[np.ndarray, np.ndarray]:
        """Distances of bid and ask from the mid; negative ones lie beyond it.

        Parameters
        ----------
        inventory : float or ndarray
            In quotes, positive = long.
        time_left : float or ndarray
            T - t >= 0; both are broadcast.
        """
        half, lean = 0.5 * self.spread(time_left), self._lean(inventory, time_left)
        return half + lean, half - lean

    def _lean(self, inventory, time_left):
        weight = self.risk_aversion * self.volatility**2
        return np.asarray(inventory, dtype=float) * weight * np.asarray(time_left, dtype=float)


@dataclass(frozen=True)
class AvellanedaStoikovSteady:
    r"""The same without an end: quotes that depend on inventory alone.

    With :math:`\omega = \tfrac12\gamma^2\sigma^2(q_{max}+1)^2` the reservation prices are

    .. math:: r^{a,b} = s + \frac1\gamma\ln\left(1 + \frac{(\pm1 - 2q)\gamma^2\sigma^2}
              {2\omega - \gamma^2q^2\sigma^2}\right)

    and each side adds :math:`\ln(1+\gamma/k)/\gamma`.

    Parameters
    ----------
    risk_aversion, volatility, decay : float
        As in `AvellanedaStoikov`, the risk aversion above 0. Sigma drops out: the bound on
        inventory sets the scale.
    max_inventory : int
        q_max >= 1, quotes; no quote would lead beyond it.

    References
    ----------
    M. Avellaneda, S. Stoikov (2008), section 2.3.

    Examples
    --------
    >>> maker = AvellanedaStoikovSteady(0.1, 2, 1.5, max_inventory=10)
    >>> [round(float(depth), 4) for depth in maker.depths(inventory=0)]
    [0.7284, 0.7284]
    """

    risk_aversion: float
    volatility: float
    decay: float
    max_inventory: int

    def __post_init__(self):
        check_terms(self)
        if not self.risk_aversion > 0:
            raise ValueError(f"risk_aversion is {self.risk_aversion}; it must be above 0 here")
        check_whole("max_inventory", self.max_inventory)

    def depths(self, inventory, time_left=0.0) -> tuple[np.ndarray, np.ndarray]:
        """Distances of bid and ask from the mid; infinite on a side that leads beyond the bound.

        `time_left` is taken for the sake of one interface and has no effect.
        """
        q = np.asarray(inventory, dtype=float)
        room = (self.max_inventory + 1.0) ** 2 - q**2
        base = log_share(self.risk_aversion, self.decay)

        def side(sign):
            open_ = sign * q < self.max_inventory
            inner = np.where(open_, 1.0 - (1.0 + 2.0 * sign * q) / np.where(open_, room, 1.0), 1.0)
            if np.any(inner <= 0):
                open_, inner = open_ & (inner > 0), np.where(inner > 0, inner, 1.0)
            return np.where(open_, base - np.log(inner) / self.risk_aversion, np.inf)

        return side(1.0), side(-1.0)


def log_share(risk_aversion: float, decay: float) -> float:
    """ln(1 + gamma / k) / gamma, and its limit 1 / k without risk aversion."""
    if risk_aversion == 0:
        return 1.0 / decay
    return math.log1p(risk_aversion / decay) / risk_aversion


def check_terms(model) -> None:
    """Refuse terms outside the allowed range of a maker's model."""
    if not 0 <= model.risk_aversion < math.inf:
        raise ValueError(f"risk_aversion is {model.risk_aversion}; it must not be negative")
    if not 0 <= model.volatility < math.inf:
        raise ValueError(f"volatility is {model.volatility}; it must not be negative")
    if not 0 < model.decay < math.inf:
        raise ValueError(f"decay is {model.decay}; it must be a number above 0")


def check_whole(name: str, value) -> None:
    """Refuse what is no whole number of at least 1."""
    if not value >= 1 or int(value) != value:
        raise ValueError(f"{name} is {value}; it must be a whole number of at least 1")
