"""Almgren-Chriss for many names at once: their risk is shared, each has limits of its own.

Any units will do as long as they agree: one unit of time and one of money throughout. Quantities
are signed here, positive to sell and negative to buy, so that longs and shorts hedge each other.
"""

from dataclasses import dataclass, field

import numpy as np

__all__ = ["PortfolioChriss", "PortfolioSchedule"]

_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class PortfolioSchedule:
    """A solved schedule.

    Attributes
    ----------
    holdings : ndarray, shape (N + 1, m)
        Signed shares left at the start and after every period; from X to 0.
    trades : ndarray, shape (N, m)
        Signed shares traded in every period, positive = sold.
    cost, variance, objective : float
        E (money), V (money squared) and E + lambda V of it.
    """

    holdings: np.ndarray
    trades: np.ndarray
    cost: float
    variance: float
    objective: float


@dataclass(frozen=True, eq=False)
class PortfolioChriss:
    r"""Trading X_i shares of m names over N periods of length tau = T / N.

    Prices move by :math:`S_k = S_{k-1} + \sqrt\tau\,C\xi_k - \Gamma n_k` with
    :math:`CC^\top=\Sigma`, and trades are done at
    :math:`S_{k-1} - \epsilon\,\mathrm{sgn}(n_k) - \tau^{-1}H n_k`, with diagonal H and Gamma: no
    name's trades move another name. Then

    .. math:: E = \tfrac12 X^\top\Gamma X + \sum_k \epsilon^\top|n_k|
              + \tau^{-1} n_k^\top\tilde H n_k, \qquad
              V = \tau\sum_{k=1}^{N} x_k^\top\Sigma x_k

    with :math:`\tilde H = H - \tfrac12\tau\Gamma`. Nobody sells what shall be bought or buys what
    shall be sold on the way: a client's order is no licence to hedge with it.

    Parameters
    ----------
    quantities : array-like, shape (m,)
        X, signed shares, positive to sell; none is 0.
    horizon : float
        T, units of time, > 0.
    periods : int
        N, at least 1.
    covariance : array-like, shape (m, m)
        Sigma of price changes, money^2 per share^2 and unit of time; symmetric, no negative
        eigenvalue.
    temporary : array-like, shape (m,)
        Diagonal of H, money per share for a speed of one share per unit of time; more than
        ``permanent * tau / 2``.
    permanent, half_spreads : array-like, shape (m,), optional
        Diagonal of Gamma and epsilon, money per share, >= 0; 0 by default.

    References
    ----------
    R. Almgren, N. Chriss, "Optimal execution of portfolio transactions", Journal of Risk 3(2),
    2000, appendix A (many securities), equations (A1) to (A5) there for the model without limits.

    Examples
    --------
    Two names that always move alike, one to sell and one to buy, hedge each other:

    >>> import numpy as np
    >>> pair = PortfolioChriss([100, -100], 1.0, 2, np.ones((2, 2)), [0.01, 0.01])
    >>> pair.solve(risk_aversion=1.0).holdings.round(6).tolist()
    [[100.0, -100.0], [50.0, -50.0], [0.0, 0.0]]
    """

    quantities: np.ndarray
    horizon: float
    periods: int
    covariance: np.ndarray
    temporary: np.ndarray
    permanent: np.ndarray | None = None
    half_spreads: np.ndarray | None = None
    _sides: np.ndarray = field(init=False, repr=False)

    def __post_init__(self):
        names = len(np.atleast_1d(np.asarray(self.quantities, dtype=float)))
        for name, default in (("quantities", None), ("temporary", None), ("permanent", 0.0),
                              ("half_spreads", 0.0)):
            value = getattr(self, name)
            array = np.full(names, default) if value is None else np.array(value, dtype=float)
            if array.shape != (names,) or not np.isfinite(array).all():
                raise ValueError(f"{name} is {array.tolist()}; it must be {names} numbers, one a "
                                 f"name")
            object.__setattr__(self, name, array)
        if names == 0 or not (self.quantities != 0).all():
            raise ValueError(f"quantities is {self.quantities.tolist()}; each name needs shares to "
                             f"sell (positive) or to buy (negative)")
        if not 0 < self.horizon < np.inf:
            raise ValueError(f"horizon is {self.horizon}; it must be a number above 0")
        if self.periods < 1 or int(self.periods) != self.periods:
            raise ValueError(f"periods is {self.periods}; it must be a whole number above 0")
        for name in ("permanent", "half_spreads"):
            if (getattr(self, name) < 0).any():
                raise ValueError(f"{name} is {getattr(self, name).tolist()}; none may be negative")
        if not (self.net_temporary > 0).all():
            raise ValueError(f"temporary is {self.temporary.tolist()}; each must be more than "
                             f"permanent * tau / 2")
        matrix = np.array(self.covariance, dtype=float)
        if matrix.shape != (names, names) or not np.allclose(matrix, matrix.T, rtol=1e-8):
            raise ValueError(f"covariance has the shape {matrix.shape}; it must be symmetric, "
                             f"({names}, {names})")
        least = np.linalg.eigvalsh(matrix)[0]
        if least < -1e-8 * max(np.trace(matrix), 1e-300):
            raise ValueError(f"covariance has the eigenvalue {least:g}; none may be negative")
        object.__setattr__(self, "covariance", matrix)
        object.__setattr__(self, "_sides", np.sign(self.quantities))

    @property
    def period(self) -> float:
        """tau, the length of a period."""
        return self.horizon / self.periods

    @property
    def net_temporary(self) -> np.ndarray:
        """Diagonal of H~, shape (m,): what speed costs beyond what permanent impact counts."""
        return self.temporary - 0.5 * self.permanent * self.period

    # -- what a path costs -----------------------------------------------------------------------

    def expected_cost(self, holdings) -> float:
        """E of a path of shape (N + 1, m) from X to 0, in money."""
        trades = -np.diff(self._checked(holdings), axis=0)
        return float(0.5 * self.permanent @ self.quantities**2
                     + (np.abs(trades) @ self.half_spreads).sum()
                     + (trades**2 @ self.net_temporary).sum() / self.period)

    def variance(self, holdings) -> float:
        """V of a path of shape (N + 1, m), money squared."""
        held = self._checked(holdings)[1:]
        return float(self.period * np.einsum("ki,ij,kj->", held, self.covariance, held))

    def objective(self, holdings, risk_aversion: float) -> float:
        """E + lambda V of a path, in money."""
        return self.expected_cost(holdings) + risk_aversion * self.variance(holdings)

    def _checked(self, holdings) -> np.ndarray:
        holdings = np.asarray(holdings, dtype=float)
        shape = (self.periods + 1, len(self.quantities))
        if holdings.shape != shape:
            raise ValueError(f"holdings has the shape {holdings.shape}; it must be {shape}")
        slack = 1e-6 * np.abs(self.quantities)
        if (np.abs(holdings[0] - self.quantities) > slack).any() or (
                np.abs(holdings[-1]) > slack).any():
            raise ValueError("holdings must run from quantities to 0")
        return holdings

    # -- the optimum -----------------------------------------------------------------------------

    def solve(self, risk_aversion: float, *, most=None, deadlines=None, prices=None,
              most_net: float | None = None) -> PortfolioSchedule:
        """The schedule that minimises E + lambda V within limits.

        Parameters
        ----------
        risk_aversion : float
            lambda >= 0, 1 / money.
        most : array-like, shape (N, m) or (m,), optional
            Shares that may be traded in each period, >= 0: a cap of participation times the
            volume that is expected.
        deadlines : array-like of int, shape (m,), optional
            Period after which nothing of a name is left, 1 to N.
        prices : array-like, shape (m,), optional
            Money per share, for `most_net`.
        most_net : float, optional
            Largest absolute value of what is left to sell less what is left to buy, in money, at
            the end of every period, >= 0: dollar neutrality. It binds only from where it can hold:
            a list that starts further apart comes no further apart than it starts.

        Returns
        -------
        PortfolioSchedule

        Raises
        ------
        ValueError
            When an argument is wrong, or no schedule keeps within the limits; named by the first
            name that cannot be done by its deadline, where there is one.
        """
        if not 0 <= risk_aversion < np.inf:
            raise ValueError(f"risk_aversion is {risk_aversion}; it must be at least 0")
        periods, names = self.periods, len(self.quantities)
        scale = np.abs(self.quantities)  # trades are solved for as shares of each order
        most = self._most(most, deadlines)
        short = np.flatnonzero(most.sum(axis=0) < scale * (1 - _TOLERANCE))
        if len(short):
            i = int(short[0])
            raise ValueError(f"name {i} has {scale[i]:g} shares to trade; its limits allow "
                             f"{most[:, i].sum():g} by its deadline")
        found = self._program(risk_aversion, most, prices, most_net, scale)
        shares = np.clip(found, 0.0, most / scale)
        shares /= shares.sum(axis=0)  # the solver's rounding
        trades = shares * scale * self._sides
        holdings = np.vstack([self.quantities, self.quantities - np.cumsum(trades, axis=0)])
        holdings[-1] = 0.0
        cost, variance = self.expected_cost(holdings), self.variance(holdings)
        return PortfolioSchedule(holdings, trades, cost, variance, cost + risk_aversion * variance)

    def _most(self, most, deadlines) -> np.ndarray:
        """Largest trades, shape (N, m): limits, and nothing after a deadline."""
        shape = (self.periods, len(self.quantities))
        whole = np.broadcast_to(np.abs(self.quantities), shape).copy()
        if most is not None:
            given = np.asarray(most, dtype=float)
            if given.shape not in (shape, shape[1:]) or not (given >= 0).all():
                raise ValueError(f"most has the shape {given.shape}; it must be {shape} or "
                                 f"{shape[1:]}, none of it negative")
            whole = np.minimum(whole, given)
        if deadlines is not None:
            ends = np.asarray(deadlines)
            if ends.shape != shape[1:] or not ((ends >= 1) & (ends <= self.periods)).all():
                raise ValueError(f"deadlines is {ends.tolist()}; it must be {shape[1]} periods "
                                 f"from 1 to {self.periods}")
            whole[np.arange(self.periods)[:, None] >= ends] = 0.0
        return whole

    def _program(self, risk_aversion, most, prices, most_net, scale) -> np.ndarray:
        """Shares of each order to trade, shape (N, m), by an interior-point method.

        Unknown are what is traded u and what is left r, both as shares of each order, with
        ``r_k = r_(k-1) - u_k``. So risk touches one period at a time and the program stays sparse.
        """
        import clarabel
        from scipy import sparse

        periods, names = self.periods, len(scale)
        count, eye = periods * names, sparse.eye_array
        worth = self._sides * scale
        risk = 2 * risk_aversion * self.period * self.covariance * np.outer(worth, worth)
        effort = 2 * self.net_temporary * scale**2 / self.period
        spread = np.tile(self.half_spreads * scale, periods)
        unit = max(np.abs(risk).max(), effort.max(), np.abs(spread).max(initial=0.0), 1e-300)
        quadratic = sparse.block_diag(
            [sparse.diags_array(np.tile(effort / unit, periods)),
             sparse.kron(eye(periods), np.triu(risk / unit))], format="csc")
        linear = np.concatenate([spread / unit, np.zeros(count)])
        steps = sparse.hstack([eye(count), eye(count) - eye(count, k=-names)])
        begins = np.concatenate([np.ones(names), np.zeros(count - names)])
        last = sparse.hstack([sparse.csc_array((names, 2 * count - names)), eye(names)])
        nothing = sparse.csc_array((count, count))
        rows = [steps, last, sparse.hstack([-eye(count), nothing]),
                sparse.hstack([eye(count), nothing])]
        bounds = [begins, np.zeros(names), np.zeros(count), (most / scale).ravel()]
        if most_net is not None:
            left, limit = self._net(prices, most_net, worth)
            net = sparse.hstack([sparse.csc_array((periods, count)),
                                 sparse.kron(eye(periods), left[None, :])])
            rows, bounds = [*rows, net, -net], [*bounds, *2 * [np.full(periods, limit)]]
        settings = clarabel.DefaultSettings()
        settings.verbose = False
        free = sum(len(part) for part in bounds[2:])
        found = clarabel.DefaultSolver(
            quadratic, linear, sparse.vstack(rows, format="csc"), np.concatenate(bounds),
            [clarabel.ZeroConeT(count + names), clarabel.NonnegativeConeT(free)], settings).solve()
        if str(found.status) not in ("Solved", "AlmostSolved"):
            raise ValueError(f"no schedule keeps within all limits (the solver says "
                             f"{found.status}); allow more a period, or more net exposure")
        return np.array(found.x)[:count].reshape(periods, names)

    def _net(self, prices, most_net, worth) -> tuple[np.ndarray, float]:
        """What a whole order of each name adds to the net exposure, and the limit, both scaled."""
        prices = np.asarray(prices if prices is not None else [], dtype=float)
        if prices.shape != worth.shape or not (prices > 0).all():
            raise ValueError(f"most_net needs prices: {len(worth)} numbers above 0")
        if not 0 <= most_net < np.inf:
            raise ValueError(f"most_net is {most_net}; it must be at least 0")
        money = prices * worth
        unit = np.abs(money).sum()
        return money / unit, max(float(most_net), abs(float(money.sum()))) / unit
