"""Cartea-Jaimungal market making: expected profit less a running penalty on squared inventory.

Units as in `lobsim.strategies.avellaneda_stoikov`: prices and time as one likes, inventory in
quotes, distances from the mid.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lobsim.strategies.avellaneda_stoikov import check_whole
from lobsim.strategies.ladder import Ladder

__all__ = ["CarteaJaimungalMaking"]


@dataclass(frozen=True)
class CarteaJaimungalMaking:
    r"""Quotes that maximise :math:`E[X_T + Q_T(S_T - aQ_T) - \phi\int_0^T Q_t^2\,dt]`.

    With :math:`h = \ln\omega / k`, :math:`\omega(\tau) = e^{B\tau} z`, :math:`z_q = e^{-akq^2}`,
    B tridiagonal with :math:`-k\phi q^2` on and :math:`A/e` beside the diagonal,

    .. math:: \delta^b = \frac1k + h_q - h_{q+1}, \qquad \delta^a = \frac1k + h_q - h_{q-1}.

    Parameters
    ----------
    running_penalty : float
        phi >= 0, price times quotes per quote squared and unit of time. A maker of risk aversion
        gamma has ``gamma * volatility**2 / 2``.
    intensity, decay : float
        A > 0 and k > 0, as in `GLFT`.
    max_inventory : int
        Q >= 1, quotes.
    terminal_penalty : float
        a >= 0, price per quote: what the last units cost to get rid of.

    References
    ----------
    A. Cartea, S. Jaimungal, J. Penalva, "Algorithmic and High-Frequency Trading", Cambridge
    University Press, 2015, section 10.2, proposition 10.1 onward.

    Examples
    --------
    >>> maker = CarteaJaimungalMaking(0.2, intensity=140, decay=1.5, max_inventory=10)
    >>> bid, ask = maker.depths([-10, 0, 10], time_left=1.0)
    >>> bid.round(4).tolist(), ask.round(4).tolist()
    ([0.0541, 0.6925, inf], [inf, 0.6925, 0.0541])
    """

    running_penalty: float
    intensity: float
    decay: float
    max_inventory: int
    terminal_penalty: float = 0.0

    def __post_init__(self):
        for name in ("running_penalty", "terminal_penalty"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must not be negative")
        for name in ("intensity", "decay"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be a number above 0")
        check_whole("max_inventory", self.max_inventory)

    @cached_property
    def ladder(self) -> Ladder:
        """The linear problem of this model."""
        q = np.arange(-self.max_inventory, self.max_inventory + 1, dtype=float)
        return Ladder(self.decay * self.running_penalty * q**2, self.intensity / math.e,
                      np.exp(-self.terminal_penalty * self.decay * q**2))

    def depths(self, inventory, time_left=math.inf) -> tuple[np.ndarray, np.ndarray]:
        """Distances of bid and ask from the mid; infinite where they lead beyond the bound.

        Parameters
        ----------
        inventory : float or ndarray
            In quotes, positive = long.
        time_left : float or ndarray
            T - t >= 0; infinite far from the end, where a and T no longer matter.
        """
        up, down = self.ladder.gains(inventory, time_left)
        return (1.0 + up) / self.decay, (1.0 + down) / self.decay

    def value(self, inventory, time_left: float):
        """h_q: what the rest of the game is worth, price times quotes, the inventory at its mid."""
        grid = np.arange(-self.max_inventory, self.max_inventory + 1, dtype=float)
        return np.interp(inventory, grid, self.ladder.log_values(time_left)) / self.decay
