"""Almgren-Chriss: how fast to trade, when speed costs money and waiting costs risk.

Any units will do as long as they agree: one unit of time (days, seconds) and one of money per
share throughout. Everything is written for a sale; a purchase is its mirror image.
"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import ndtri

from lobsim.strategies.schedules import Scheduled

__all__ = ["AlmgrenChriss", "AlmgrenChrissSchedule"]

_LARGEST_KAPPA_TAU = 50.0  # nothing is left after the first period beyond that


@dataclass(frozen=True)
class AlmgrenChriss:
    r"""Selling X shares over N periods of length tau = T / N with linear impact.

    The price moves by :math:`S_k = S_{k-1} + \alpha\tau + \sigma\sqrt\tau\,\xi_k - \gamma n_k`
    and trade k is done at :math:`S_{k-1} - \epsilon\,\mathrm{sgn}(n_k) - (\eta/\tau)\,n_k`.

    Parameters
    ----------
    quantity : float
        X, shares to sell, > 0.
    horizon : float
        T, in units of time, > 0.
    periods : int
        N, at least 1.
    volatility : float
        sigma, money per share and square root of time, >= 0.
    temporary : float
        eta, money per share for a speed of one share per unit of time; more than
        ``permanent * tau / 2``, so that trading costs something.
    permanent : float
        gamma, money per share for every share traded, >= 0.
    half_spread : float
        epsilon, money per share, >= 0: fixed costs of trading.
    drift : float
        alpha, expected change of the price per unit of time; positive is good for who holds.

    References
    ----------
    R. Almgren, N. Chriss, "Optimal execution of portfolio transactions", Journal of Risk 3(2),
    2000; equations (1)-(4) and (8) for the model, (14)-(20) for the optimum, section 4.1 for the
    drift. The paper calls ``1 / kappa`` a half-life; it is an e-folding time (`decay_time`).

    Examples
    --------
    The paper's example (Table 1), time in days:

    >>> paper = AlmgrenChriss(1e6, 5, 5, volatility=0.95, temporary=2.5e-6, permanent=2.5e-7,
    ...                       half_spread=0.0625)
    >>> holdings = paper.trajectory(1e-6)
    >>> holdings.round().astype(int).tolist()
    [1000000, 541956, 289854, 147897, 62142, 0]
    >>> round(paper.expected_cost(holdings), 2), round(paper.variance(holdings) ** 0.5, 2)
    (911226.99, 603430.67)
    """

    quantity: float
    horizon: float
    periods: int
    volatility: float
    temporary: float
    permanent: float = 0.0
    half_spread: float = 0.0
    drift: float = 0.0

    def __post_init__(self):
        for name in ("quantity", "horizon"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be a number above 0")
        if self.periods < 1 or int(self.periods) != self.periods:
            raise ValueError(f"periods is {self.periods}; it must be a whole number above 0")
        for name in ("volatility", "permanent", "half_spread"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must not be negative")
        if not self.net_temporary > 0:
            raise ValueError(
                f"temporary is {self.temporary}; it must be more than permanent * tau / 2 = "
                f"{self.permanent * self.period / 2:g}"
            )

    @property
    def period(self) -> float:
        """tau, the length of a period."""
        return self.horizon / self.periods

    @property
    def times(self) -> np.ndarray:
        """Ends of the periods and the start, shape (N + 1,)."""
        return np.linspace(0.0, self.horizon, self.periods + 1)

    @property
    def net_temporary(self) -> float:
        """eta~ = eta - gamma tau / 2: what speed costs beyond what permanent impact counts."""
        return self.temporary - 0.5 * self.permanent * self.period

    # -- the optimum ---------------------------------------------------------------------------

    def kappa(self, risk_aversion: float) -> float:
        r"""Urgency in 1 / time, of the discrete optimum.

        .. math:: \frac{2}{\tau^2}(\cosh\kappa\tau - 1) = \tilde\kappa^2
                  = \frac{\lambda\sigma^2}{\tilde\eta}

        Parameters
        ----------
        risk_aversion : float
            lambda >= 0, 1 / money.
        """
        curvature = self._curvature(risk_aversion)
        if curvature < 0:
            raise ValueError(f"risk_aversion is {risk_aversion}; kappa needs one of at least 0")
        # arccosh(1 + c) without loss for small c: 2 arcsinh(sqrt(c / 2)).
        return 2.0 * math.asinh(math.sqrt(curvature / 4.0)) / self.period

    def continuous_kappa(self, risk_aversion: float) -> float:
        """sqrt(lambda sigma^2 / eta): the urgency when the periods become short."""
        if risk_aversion < 0:
            raise ValueError(f"risk_aversion is {risk_aversion}; kappa needs one of at least 0")
        return math.sqrt(risk_aversion * self.volatility**2 / self.temporary)

    def decay_time(self, risk_aversion: float) -> float:
        """1 / kappa: time in which the position falls by a factor e (the paper's "half-life")."""
        kappa = self.kappa(risk_aversion)
        return 1.0 / kappa if kappa > 0 else math.inf

    def static_holding(self, risk_aversion: float) -> float:
        """alpha / (2 lambda sigma^2): the position that drift alone makes worth holding."""
        if self.drift == 0:
            return 0.0
        return self.drift / (2.0 * risk_aversion * self.volatility**2)

    def trajectory(self, risk_aversion: float) -> np.ndarray:
        r"""Holdings that minimise E + lambda V.

        .. math:: x_j = \bar x + (X - \bar x)\frac{\sinh\kappa(T-t_j)}{\sinh\kappa T}
                  - \bar x\,\frac{\sinh\kappa t_j}{\sinh\kappa T}

        Parameters
        ----------
        risk_aversion : float
            lambda, 1 / money. 0 gives equal trades (TWAP); a negative one seeks risk.

        Returns
        -------
        ndarray, shape (N + 1,)
            From X to 0. With a drift the curve need not be monotone.

        Raises
        ------
        ValueError
            When risk is sought so eagerly that no optimum exists (kappa T beyond pi).
        """
        times, total = self.times, self.quantity
        curvature = self._curvature(risk_aversion)
        if curvature == 0:
            straight = total * (1.0 - times / self.horizon)
            return straight + self.drift * times * (self.horizon - times) / (4 * self.net_temporary)
        held = self.static_holding(risk_aversion)
        if curvature < 0:
            # The linear system is definite as long as the wave has no second half in the window.
            if curvature <= -4.0 * math.sin(math.pi / (2 * self.periods)) ** 2:
                raise ValueError(
                    f"risk_aversion is {risk_aversion}; below "
                    f"{self._risk_aversion(-4.0 * math.sin(math.pi / (2 * self.periods)) ** 2):g} "
                    f"there is no optimum"
                )
            wave = 2.0 * math.asin(math.sqrt(-curvature / 4.0)) / self.period
            left = np.sin(wave * (self.horizon - times)) / math.sin(wave * self.horizon)
            passed = np.sin(wave * times) / math.sin(wave * self.horizon)
        else:
            kappa = min(self.kappa(risk_aversion), _LARGEST_KAPPA_TAU / self.period)
            left = _sinh_ratio(kappa, self.horizon - times, self.horizon)
            passed = _sinh_ratio(kappa, times, self.horizon)
        holdings = held + (total - held) * left - held * passed
        holdings[0], holdings[-1] = total, 0.0
        return holdings

    def trades(self, risk_aversion: float) -> np.ndarray:
        """Shares sold in each period by the optimum, shape (N,)."""
        return -np.diff(self.trajectory(risk_aversion))

    # -- what a path costs -----------------------------------------------------------------------

    def expected_cost(self, holdings) -> float:
        r"""Expected shortfall of a path, in money.

        .. math:: E = \tfrac12\gamma X^2 + \epsilon\sum|n_k| + \frac{\tilde\eta}{\tau}\sum n_k^2
                  - \alpha\tau\sum_{k\ge1} x_k

        Parameters
        ----------
        holdings : array-like, shape (N + 1,)
            From X to 0.
        """
        holdings = self._checked(holdings)
        sold = -np.diff(holdings)
        return float(
            0.5 * self.permanent * self.quantity**2
            + self.half_spread * np.abs(sold).sum()
            + self.net_temporary / self.period * (sold**2).sum()
            - self.drift * self.period * holdings[1:].sum()
        )

    def variance(self, holdings) -> float:
        """sigma^2 tau sum_{k>=1} x_k^2: variance of the shortfall of a path, money squared."""
        holdings = self._checked(holdings)
        return float(self.volatility**2 * self.period * (holdings[1:] ** 2).sum())

    def objective(self, holdings, risk_aversion: float) -> float:
        """E + lambda V of a path, in money."""
        return self.expected_cost(holdings) + risk_aversion * self.variance(holdings)

    def value_at_risk(self, holdings, confidence: float = 0.95) -> float:
        """L-VaR: the cost that is not exceeded with this probability, E + z sqrt(V), money."""
        return self.expected_cost(holdings) + _quantile(confidence) * math.sqrt(
            self.variance(holdings)
        )

    # -- the frontier ----------------------------------------------------------------------------

    def frontier(self, risk_aversions) -> pd.DataFrame:
        """The efficient frontier: the optimum of each risk aversion.

        Returns
        -------
        DataFrame
            ``risk_aversion, expected_cost, std, objective, first_trade`` (shares), one row each.
        """
        rows = []
        for one in risk_aversions:
            path = self.trajectory(one)
            rows.append((one, self.expected_cost(path), math.sqrt(self.variance(path)),
                         self.objective(path, one), path[0] - path[1]))
        return pd.DataFrame(
            rows, columns=["risk_aversion", "expected_cost", "std", "objective", "first_trade"]
        )

    def value_at_risk_aversion(self, confidence: float = 0.95) -> float:
        """Risk aversion whose optimum has the smallest L-VaR: 2 lambda sqrt(V) = z.

        Parameters
        ----------
        confidence : float
            Above 0.5 and below 1.

        Returns
        -------
        float
            lambda, 1 / money; infinite when it is best to sell everything at once.
        """
        z = _quantile(confidence)
        if not z > 0:
            raise ValueError(f"confidence is {confidence}; it must lie between 0.5 and 1")

        def excess(log_aversion: float) -> float:
            aversion = math.exp(log_aversion)
            return 2 * aversion * math.sqrt(self.variance(self.trajectory(aversion))) - z

        # Around the risk aversion at which kappa is 1 / T, e^-30 to the end of the scale.
        if self.volatility == 0 or self.periods == 1:
            return math.inf
        middle = math.log(self._risk_aversion((self.period / self.horizon) ** 2))
        low, high = middle - 30.0, middle + 2.0 * math.log(self.periods) + 30.0
        if excess(high) < 0:
            return math.inf
        return math.exp(brentq(excess, low, high, xtol=1e-12))

    def _curvature(self, risk_aversion: float) -> float:
        """kappa~^2 tau^2."""
        return risk_aversion * self.volatility**2 / self.net_temporary * self.period**2

    def _risk_aversion(self, curvature: float) -> float:
        return curvature * self.net_temporary / (self.volatility * self.period) ** 2

    def _checked(self, holdings) -> np.ndarray:
        holdings = np.asarray(holdings, dtype=float)
        if holdings.shape != (self.periods + 1,):
            raise ValueError(
                f"holdings has the shape {holdings.shape}; it must be ({self.periods + 1},), "
                f"the start and the end of every period"
            )
        if abs(holdings[0] - self.quantity) > 1e-9 * self.quantity or abs(
            holdings[-1]
        ) > 1e-9 * self.quantity:
            raise ValueError(
                f"holdings run from {holdings[0]:g} to {holdings[-1]:g}; they must run from "
                f"{self.quantity:g} to 0"
            )
        return holdings


class AlmgrenChrissSchedule(Scheduled):
    """The Almgren-Chriss path as a benchmark that trades on a market.

    Parameters
    ----------
    risk_aversion : float
        lambda >= 0, 1 / money. 0 is TWAP (without drift).
    volatility : float
        Money per share and square root of a second.
    temporary : float
        Money per share for a speed of one share a second.
    permanent, drift : float
        As in `AlmgrenChriss`, in seconds; `drift` is that of the price, so it favours a seller
        who waits and a buyer who hurries. A path that would trade the wrong way waits instead.
    interval_s : float
        Seconds between child orders, each crossing the spread at the start of its slice.
    lot : float, optional
        As in `TWAP`.

    Examples
    --------
    >>> AlmgrenChrissSchedule(1e-6, volatility=0.01, temporary=1e-3, interval_s=300).interval_s
    300.0
    """

    def __init__(self, risk_aversion: float, *, volatility: float, temporary: float,
                 permanent: float = 0.0, drift: float = 0.0, interval_s: float = 300.0,
                 lot: float | None = None) -> None:
        super().__init__(interval_s, lot)
        if not 0 <= risk_aversion < math.inf:
            raise ValueError(f"risk_aversion is {risk_aversion}; it must not be negative")
        self.risk_aversion = float(risk_aversion)
        self.market_terms = dict(volatility=volatility, temporary=temporary, permanent=permanent)
        self.drift = float(drift)

    def model(self, order) -> AlmgrenChriss:
        """The problem that an order poses, one period per slice."""
        periods = max(1, round(order.duration_s / self.interval_s))
        return AlmgrenChriss(order.quantity, order.duration_s, periods,
                             drift=-order.side * self.drift, **self.market_terms)

    def weights(self, edges_s, market):
        """Shares that the optimum trades in each slice."""
        model = self.model(self.order)
        holdings = model.trajectory(self.risk_aversion)
        held = np.interp(edges_s - self.order.start_s, model.times, holdings)
        return np.diff(np.maximum.accumulate(np.clip(model.quantity - held, 0, model.quantity)))


def _sinh_ratio(kappa: float, part, whole: float) -> np.ndarray:
    """sinh(kappa part) / sinh(kappa whole) for 0 <= part <= whole, without overflow."""
    part = np.asarray(part, dtype=float)
    return (np.exp(kappa * (part - whole)) * np.expm1(-2 * kappa * part)
            / math.expm1(-2 * kappa * whole))


def _quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; it must lie between 0 and 1")
    return float(ndtri(confidence))
