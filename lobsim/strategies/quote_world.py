"""The world in which Avellaneda and Stoikov test their quotes: simulated, and solved exactly.

A mid that goes up or down by ``sigma sqrt(dt)`` at every step, and quotes that are filled with a
probability that falls exponentially with their distance. There is no book, no queue, no tick and
no adverse selection: what holds here is theory, not yet a market.
"""

import math
from dataclasses import dataclass

import numpy as np

from lobsim.engine.jit import njit

__all__ = ["QuoteWorld", "QuotedPaths", "spread_of"]

_FILLS = ("bernoulli", "exponential")


@dataclass(frozen=True, eq=False)
class QuotedPaths:
    """Results of simulated paths, each of shape (n,).

    Attributes
    ----------
    profit : ndarray
        Cash and inventory at the last mid, in price times quotes.
    inventory : ndarray
        At the end, in quotes.
    spread : ndarray
        Average over the steps of ask less bid.
    largest : ndarray
        Largest inventory without its sign.
    """

    profit: np.ndarray
    inventory: np.ndarray
    spread: np.ndarray
    largest: np.ndarray

    def row(self) -> dict[str, float]:
        """One row of the paper's tables, with standard errors (``..._se``)."""
        n = len(self.profit)
        row = {"spread": float(self.spread.mean())}
        for name, values in (("profit", self.profit), ("inventory", self.inventory)):
            mean, std = values.mean(), values.std(ddof=1)
            kurtosis = ((values - mean) ** 4).mean() / std**4
            row |= {
                name: float(mean), f"{name}_se": float(std / math.sqrt(n)),
                f"std_{name}": float(std),
                f"std_{name}_se": float(std * math.sqrt(max(kurtosis - 1, 0) / (4 * n))),
            }
        return row


@dataclass(frozen=True)
class QuoteWorld:
    r"""A Brownian mid and exponential fill rates in N = T / dt steps.

    In every step bid and ask are quoted, each is filled with probability
    :math:`\min(1, A e^{-kd}\,dt)` ("bernoulli", as in the paper) or
    :math:`1 - e^{-A e^{-kd} dt}` ("exponential"), and then the mid moves by
    :math:`\pm\sigma\sqrt{dt}`.

    Parameters
    ----------
    horizon, step : float
        T and dt, units of time.
    volatility : float
        sigma, price per square root of time.
    intensity, decay : float
        A, 1 / time, and k, 1 / price.
    max_inventory : int, optional
        Quotes beyond it are not given, whatever the table says; None = no bound.
    fills : str
        "bernoulli" or "exponential". At dt = 0.005 the choice is worth 12 % of the profit.

    References
    ----------
    M. Avellaneda, S. Stoikov, "High-frequency trading in a limit order book", Quantitative Finance
    8(3), 2008, section 3.3: the default parameters.

    Examples
    --------
    >>> from lobsim.strategies import AvellanedaStoikov
    >>> world = QuoteWorld()
    >>> bid, ask = world.tables(AvellanedaStoikov(0.1, 2, 1.5))
    >>> paths = world.simulate(bid, ask, 1000, np.random.default_rng(1))
    >>> bool(abs(paths.profit.mean() - 64.9) < 4 * 6.5 / 1000**0.5)
    True
    """

    horizon: float = 1.0
    step: float = 0.005
    volatility: float = 2.0
    intensity: float = 140.0
    decay: float = 1.5
    max_inventory: int | None = None
    fills: str = "bernoulli"

    def __post_init__(self):
        for name in ("horizon", "step", "intensity", "decay"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be a number above 0")
        if not 0 <= self.volatility < math.inf:
            raise ValueError(f"volatility is {self.volatility}; it must not be negative")
        if abs(self.horizon / self.step - self.steps) > 1e-6 or self.steps < 1:
            raise ValueError(f"step is {self.step}; horizon {self.horizon} must be a whole number "
                             f"of steps")
        if self.fills not in _FILLS:
            raise ValueError(f"fills is {self.fills!r}; allowed are 'bernoulli' and 'exponential'")
        if self.max_inventory is not None and self.max_inventory < 1:
            raise ValueError(f"max_inventory is {self.max_inventory}; it must be at least 1, or "
                             f"None")

    @property
    def steps(self) -> int:
        """N."""
        return round(self.horizon / self.step)

    @property
    def edge(self) -> int:
        """Largest inventory that can be: the bound, or one more quote in every step."""
        return min(self.max_inventory or self.steps, self.steps)

    @property
    def inventories(self) -> np.ndarray:
        """Columns of the tables, -edge to edge."""
        return np.arange(-self.edge, self.edge + 1)

    @property
    def times_left(self) -> np.ndarray:
        """Rows of the tables: T - t at each step, from T down to dt, shape (N,)."""
        return self.horizon - self.step * np.arange(self.steps)

    # -- quotes as tables ------------------------------------------------------------------------

    def tables(self, model) -> tuple[np.ndarray, np.ndarray]:
        """Distances of a model's bid and ask for every step and inventory.

        Parameters
        ----------
        model
            Anything with ``depths(inventory, time_left) -> (bid, ask)``.

        Returns
        -------
        bid, ask : ndarray, shape (N, 2 edge + 1)
        """
        bid, ask = model.depths(self.inventories[None, :], self.times_left[:, None])
        return self._bounded(bid, ask)

    def flat_tables(self, half_spread: float) -> tuple[np.ndarray, np.ndarray]:
        """The same distance on both sides, always: the paper's "symmetric" strategy."""
        return self._bounded(np.float64(half_spread), np.float64(half_spread))

    def symmetric_twin(self, model) -> tuple[np.ndarray, np.ndarray]:
        """`flat_tables` at the average half-spread of a model without inventory."""
        bid, ask = model.depths(0.0, self.times_left)
        return self.flat_tables(0.5 * float(np.mean(bid + ask)))

    def _bounded(self, bid, ask):
        shape = (self.steps, 2 * self.edge + 1)
        bid, ask = np.array(np.broadcast_to(bid, shape)), np.array(np.broadcast_to(ask, shape))
        bid[:, -1], ask[:, 0] = np.inf, np.inf
        return bid, ask

    def probabilities(self, depths) -> np.ndarray:
        """Chance that a quote at these distances is filled in one step."""
        with np.errstate(over="ignore"):
            rate = self.intensity * np.exp(-self.decay * np.asarray(depths)) * self.step
        return np.minimum(rate, 1.0) if self.fills == "bernoulli" else -np.expm1(-rate)

    # -- many paths ------------------------------------------------------------------------------

    def simulate(self, bid, ask, n_paths: int, rng: np.random.Generator) -> QuotedPaths:
        """Run paths from no inventory under tables of quotes.

        Parameters
        ----------
        bid, ask : ndarray, shape (N, 2 edge + 1)
            From `tables`; infinite = no quote.
        n_paths : int
        rng : numpy.random.Generator
            The same generator state and tables give the same paths; two tables with generators
            of one seed share the moves of the mid.
        """
        if n_paths < 1:
            raise ValueError(f"n_paths is {n_paths}; it must be at least 1")
        bid, ask = self._checked(bid, "bid"), self._checked(ask, "ask")
        gain_bid, gain_ask = np.where(np.isinf(bid), 0.0, bid), np.where(np.isinf(ask), 0.0, ask)
        out = np.empty((n_paths, 4))
        _walk(self.probabilities(bid), self.probabilities(ask), gain_bid, gain_ask,
              self.volatility * math.sqrt(self.step), rng, out)
        return QuotedPaths(out[:, 0].copy(), out[:, 1].copy(), out[:, 2].copy(), out[:, 3].copy())

    # -- exact -----------------------------------------------------------------------------------

    def certainty_equivalent(self, bid, ask, risk_aversion: float) -> float:
        """Sure profit that a maker with constant absolute risk aversion likes as much, exactly.

        Backward in time over (step, inventory), without simulation.

        Parameters
        ----------
        bid, ask : ndarray, shape (N, 2 edge + 1)
        risk_aversion : float
            gamma > 0.
        """
        bid, ask = self._checked(bid, "bid"), self._checked(ask, "ask")
        logs = np.zeros(2 * self.edge + 1)  # of E exp(-gamma profit) still to come
        for n in range(self.steps - 1, -1, -1):
            moved = logs + self._risk(risk_aversion)
            logs = self._before_fills(moved, bid[n], ask[n], risk_aversion)
        return float(-logs[self.edge] / risk_aversion)

    def best_tables(self, risk_aversion: float) -> tuple[np.ndarray, np.ndarray]:
        """The quotes with the largest certainty equivalent in this world, by backward induction.

        Bid and ask may be filled in one step, so each is best against the other: the two are
        found in turn, each in closed form, until they stay. Only for "bernoulli" fills.
        """
        if self.fills != "bernoulli":
            raise ValueError("best_tables needs fills='bernoulli'")
        if not risk_aversion > 0:
            raise ValueError(f"risk_aversion is {risk_aversion}; it must be above 0")
        edge = self.edge
        tables = self._bounded(np.float64(1 / self.decay), np.float64(1 / self.decay))
        logs = np.zeros(2 * edge + 1)
        for n in range(self.steps - 1, -1, -1):
            moved = logs + self._risk(risk_aversion)
            for _ in range(60):
                before = tables[0][n].copy(), tables[1][n].copy()
                self._improve(moved, tables, n, 0, risk_aversion)
                self._improve(moved, tables, n, 1, risk_aversion)
                if all(np.allclose(tables[i][n], old, rtol=0, atol=1e-12)
                       for i, old in enumerate(before)):
                    break
            logs = self._before_fills(moved, tables[0][n], tables[1][n], risk_aversion)
        return tables

    def _risk(self, risk_aversion):
        """ln E exp(-gamma q dS) of one move, shape (2 edge + 1,)."""
        reach = risk_aversion * self.volatility * math.sqrt(self.step) * np.abs(self.inventories)
        return reach + np.log1p(np.exp(-2 * reach)) - math.log(2.0)

    def _before_fills(self, moved, bid, ask, risk_aversion):
        """ln E exp(-gamma ...) before the fills of a step, from that after them."""
        p_bid, p_ask = self.probabilities(bid), self.probabilities(ask)
        up, down = _shifted(moved, 1), _shifted(moved, -1)
        with np.errstate(divide="ignore"):
            terms = np.stack([
                np.log1p(-p_bid) + np.log1p(-p_ask) + moved,
                np.log(p_bid) + np.log1p(-p_ask) - _gain(risk_aversion, bid) + up,
                np.log1p(-p_bid) + np.log(p_ask) - _gain(risk_aversion, ask) + down,
                np.log(p_bid) + np.log(p_ask) - _gain(risk_aversion, bid)
                - _gain(risk_aversion, ask) + moved,
            ])
        return np.logaddexp.reduce(terms, axis=0)

    def _improve(self, moved, tables, n, i, risk_aversion):
        """Best quotes of one side (0 bid, 1 ask) of a step against those of the other."""
        way = 1 if i == 0 else -1
        other = tables[1 - i][n]
        p = self.probabilities(other)
        gain = _gain(risk_aversion, other)
        with np.errstate(divide="ignore"):
            # With this side filled, and without: the other side is filled or not in both.
            filled = np.logaddexp(np.log1p(-p) + _shifted(moved, way), np.log(p) - gain + moved)
            left = np.logaddexp(np.log1p(-p) + moved, np.log(p) - gain + _shifted(moved, -way))
        best = (filled - left + math.log1p(risk_aversion / self.decay)) / risk_aversion
        best = np.maximum(best, math.log(self.intensity * self.step) / self.decay)  # chance <= 1
        tables[i][n] = np.where(np.isinf(tables[i][n]), np.inf, best)

    def _checked(self, table, name) -> np.ndarray:
        table = np.asarray(table, dtype=float)
        shape = (self.steps, 2 * self.edge + 1)
        if table.shape != shape:
            raise ValueError(f"{name} has the shape {table.shape}; it must be {shape}, steps by "
                             f"inventories")
        if np.isnan(table).any():
            raise ValueError(f"{name} has entries that are no numbers; infinite = no quote")
        closed = table[:, -1] if name == "bid" else table[:, 0]
        if not np.isinf(closed).all():
            raise ValueError(f"{name} quotes at the largest inventory, {self.edge}; it must be "
                             f"infinite there")
        return table


def spread_of(model, world: QuoteWorld) -> float:
    """Average total spread of a model without inventory over the steps of a world."""
    bid, ask = model.depths(0.0, world.times_left)
    return float(np.mean(bid + ask))


def _gain(risk_aversion, depths):
    """gamma times the distance, 0 where there is no quote (it is never filled)."""
    return risk_aversion * np.where(np.isinf(depths), 0.0, depths)


def _shifted(values, way):
    """Values at the next inventory up (1) or down (-1); those beyond the edge are never used."""
    out = np.zeros_like(values)
    if way > 0:
        out[:-1] = values[1:]
    else:
        out[1:] = values[:-1]
    return out


@njit
def _walk(p_bid, p_ask, gain_bid, gain_ask, move, rng, out):
    """Fill `out` (modified), one row per path: profit, inventory, mean spread, largest |q|."""
    steps, columns = p_bid.shape
    edge = columns // 2
    for i in range(len(out)):
        q, profit, spread, largest, quoted = 0, 0.0, 0.0, 0, 0
        for n in range(steps):
            k = q + edge
            # The mid's draw comes first, so that it does not depend on the quotes.
            side = move if rng.random() < 0.5 else -move
            bought, sold = rng.random() < p_bid[n, k], rng.random() < p_ask[n, k]
            if p_bid[n, k] > 0.0 and p_ask[n, k] > 0.0:
                spread += gain_bid[n, k] + gain_ask[n, k]
                quoted += 1
            if bought:
                profit += gain_bid[n, k]
                q += 1
            if sold:
                profit += gain_ask[n, k]
                q -= 1
            profit += q * side
            largest = max(largest, abs(q))
        out[i, 0], out[i, 1], out[i, 2] = profit, q, spread / max(quoted, 1)
        out[i, 3] = largest
