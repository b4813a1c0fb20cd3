"""Gueant-Lehalle-Fernandez-Tapia: the exact optimum of Avellaneda and Stoikov's problem.

Units as in `lobsim.strategies.avellaneda_stoikov`: prices and time as one likes, inventory in
quotes, distances from the mid.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from lobsim.strategies.avellaneda_stoikov import check_terms, check_whole, log_share
from lobsim.strategies.ladder import Ladder

__all__ = ["GLFT"]

_SOLUTIONS = ("exact", "asymptotic", "closed")


@dataclass(frozen=True)
class GLFT:
    r"""Optimal quotes under constant absolute risk aversion with a bound on the inventory.

    With :math:`\alpha = \tfrac12 k\gamma\sigma^2`, :math:`\eta = A(1+\gamma/k)^{-(1+k/\gamma)}`
    and :math:`v(\tau) = e^{-M\tau}\mathbf 1`, M tridiagonal with :math:`\alpha q^2 - k\mu q` on
    and :math:`-\eta` beside the diagonal,

    .. math:: \delta^b = \frac1k\ln\frac{v_q}{v_{q+1}} + C, \quad
              \delta^a = \frac1k\ln\frac{v_q}{v_{q-1}} + C, \quad
              C = \frac1\gamma\ln\left(1+\frac\gamma k\right).

    Parameters
    ----------
    risk_aversion : float
        gamma > 0, 1 / (price times quote size).
    volatility : float
        sigma, price per square root of time.
    intensity : float
        A > 0, fills per unit of time of a quote at the mid.
    decay : float
        k > 0, 1 / price.
    max_inventory : int
        Q >= 1, quotes.
    drift : float
        mu, price per unit of time.
    solution : str
        What `depths` gives: "exact" for a finite end, "asymptotic" far from it (the lowest
        eigenvector), "closed" the closed-form approximation of that.

    References
    ----------
    O. Gueant, C.-A. Lehalle, J. Fernandez-Tapia, "Dealing with the inventory risk: a solution to
    the market making problem", Mathematics and Financial Economics 7(4), 2013, theorems 1 and 2,
    section 4 (closed form), section 5 (drift).

    Examples
    --------
    The parameters of the paper's figures, in ticks and seconds:

    >>> figure = GLFT(0.01, volatility=0.3, intensity=0.9, decay=0.3, max_inventory=30)
    >>> [round(float(depth), 4) for depth in figure.depths(0, time_left=600)]
    [3.313, 3.313]
    >>> [round(float(depth), 4) for depth in figure.closed_depths(0)]
    [3.3129, 3.3129]
    """

    risk_aversion: float
    volatility: float
    intensity: float
    decay: float
    max_inventory: int
    drift: float = 0.0
    solution: str = "exact"

    def __post_init__(self):
        check_terms(self)
        if not self.risk_aversion > 0:
            raise ValueError(f"risk_aversion is {self.risk_aversion}; it must be above 0 here: "
                             f"without it use CarteaJaimungalMaking")
        if not 0 < self.intensity < math.inf:
            raise ValueError(f"intensity is {self.intensity}; it must be a number above 0")
        check_whole("max_inventory", self.max_inventory)
        if self.solution not in _SOLUTIONS:
            raise ValueError(f"solution is {self.solution!r}; allowed are "
                             f"{', '.join(map(repr, _SOLUTIONS))}")

    @property
    def half_spread(self) -> float:
        """C = ln(1 + gamma / k) / gamma, price."""
        return log_share(self.risk_aversion, self.decay)

    @property
    def fill_gain(self) -> float:
        """eta = A (1 + gamma / k)^-(1 + k / gamma), 1 / time."""
        ratio = self.risk_aversion / self.decay
        return self.intensity * math.exp(-(1.0 + 1.0 / ratio) * math.log1p(ratio))

    @property
    def lean(self) -> float:
        """D = sqrt(alpha / eta) / k, price: what the closed form adds per unit of inventory."""
        alpha = 0.5 * self.decay * self.risk_aversion * self.volatility**2
        return math.sqrt(alpha / self.fill_gain) / self.decay

    @cached_property
    def ladder(self) -> Ladder:
        """The linear problem of this model."""
        q = np.arange(-self.max_inventory, self.max_inventory + 1, dtype=float)
        alpha = 0.5 * self.decay * self.risk_aversion * self.volatility**2
        return Ladder(alpha * q**2 - self.decay * self.drift * q, self.fill_gain, np.ones(len(q)))

    def depths(self, inventory, time_left=math.inf) -> tuple[np.ndarray, np.ndarray]:
        """Distances of bid and ask from the mid, by the chosen solution.

        Parameters
        ----------
        inventory : float or ndarray
            In quotes, positive = long.
        time_left : float or ndarray
            T - t >= 0; without effect but in the exact solution.

        Returns
        -------
        bid, ask : ndarray
            Infinite on a side that would lead beyond the bound.
        """
        if self.solution == "closed":
            return self.closed_depths(inventory)
        if self.solution == "asymptotic":
            time_left = math.inf
        up, down = self.ladder.gains(inventory, time_left)
        return up / self.decay + self.half_spread, down / self.decay + self.half_spread

    def closed_depths(self, inventory) -> tuple[np.ndarray, np.ndarray]:
        r"""The approximation far from the end, infinite beyond the bound.

        .. math:: \delta^{b,a} = C + \frac{1 \pm 2q}{2} D, \qquad D = \sqrt{\alpha/\eta}/k

        With a drift q is counted from :math:`\mu/(\gamma\sigma^2)`, at which the diagonal of M
        is lowest.
        """
        q = np.asarray(inventory, dtype=float)
        shift = self.drift / (self.risk_aversion * self.volatility**2) if self.drift else 0.0
        bid = self.half_spread + 0.5 * (2 * (q - shift) + 1) * self.lean
        ask = self.half_spread - 0.5 * (2 * (q - shift) - 1) * self.lean
        edge = self.max_inventory + 1e-9
        return np.where(q + 1 <= edge, bid, np.inf), np.where(q - 1 >= -edge, ask, np.inf)

    def certainty_equivalent(self, time_left: float) -> float:
        """ln v_0 / k: what the game is worth to a maker without inventory, price times quotes."""
        return float(self.ladder.log_values(time_left)[self.max_inventory] / self.decay)
