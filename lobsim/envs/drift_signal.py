"""A drift that comes and goes and is seen with noise, and fills that move the price against one."""

import math
from dataclasses import dataclass

__all__ = ["DriftSignal"]

_SETTLED = 1e-15  # relative change at which the filter's variance counts as settled


@dataclass(frozen=True)
class DriftSignal:
    r"""An Ornstein-Uhlenbeck drift :math:`\alpha` of the mid, readings of it, adverse fills.

    Over a step of length dt

    .. math:: \alpha' = \varphi\alpha + s\sqrt{1-\varphi^2}\,z, \quad \varphi = e^{-\kappa\,dt},
              \qquad y = \alpha + \nu z'

    and the mid goes up by :math:`\sigma\sqrt{dt}` with probability
    :math:`\tfrac12(1 + \alpha\sqrt{dt}/\sigma)`, else down: its mean change is
    :math:`\alpha\,dt`. Fills are adverse: every one moves the mid by `impact` against the maker,
    down after he bought and up after he sold. The estimate m is that of a Kalman filter of the
    readings which has always run; it leaves out what the moves of the mid tell.

    Parameters
    ----------
    drift_std : float
        s >= 0, stationary standard deviation of the drift, price per unit of time.
    reversion : float
        kappa > 0, 1 / time.
    reading_noise : float
        nu >= 0, standard deviation of a reading's error, price per unit of time.
    impact : float
        epsilon >= 0, price.

    References
    ----------
    A. Cartea, S. Jaimungal, J. Penalva, "Algorithmic and High-Frequency Trading", Cambridge
    University Press, 2015, section 10.4: adverse selection by jumps at fills, and a drift of
    short-term alpha.

    Examples
    --------
    >>> clean = DriftSignal(drift_std=10.0, reading_noise=0.0)
    >>> clean.filter_terms(0.005)[1:]
    (1.0, 0.0)
    """

    drift_std: float = 6.0
    reversion: float = 10.0
    reading_noise: float = 6.0
    impact: float = 0.35

    def __post_init__(self):
        for name in ("drift_std", "reading_noise", "impact"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must not be negative")
        if not 0 < self.reversion < math.inf:
            raise ValueError(f"reversion is {self.reversion}; it must be a number above 0")

    def filter_terms(self, step: float) -> tuple[float, float, float]:
        r"""Persistence of the drift, gain of the filter, and its variance after a reading.

        .. math:: P^- = \varphi^2 P + s^2(1-\varphi^2), \quad K = \frac{P^-}{P^- + \nu^2},
                  \quad P = (1-K) P^-

        Parameters
        ----------
        step : float
            dt, time.

        References
        ----------
        R. Kalman, "A new approach to linear filtering and prediction problems", Journal of Basic
        Engineering 82(1), 1960.
        """
        keep = math.exp(-self.reversion * step)
        stationary, noise = self.drift_std**2, self.reading_noise**2
        variance = stationary
        while True:
            ahead = keep**2 * variance + stationary * (1 - keep**2)
            gain = ahead / (ahead + noise) if ahead > 0 else 0.0
            after = (1 - gain) * ahead
            if abs(after - variance) <= _SETTLED * stationary:
                return keep, gain, after
            variance = after
