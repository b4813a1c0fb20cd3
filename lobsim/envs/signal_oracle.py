r"""Dynamic programming in the Avellaneda-Stoikov world with a drift signal.

The state is (step, belief m, inventory q): the drift is normal around the estimate m with the
filter's variance P. With the drift seen clearly (P = 0) the recursion is exact but for the grid
on which m lives, and since nobody can do better with less knowledge its optimum is a bound for
every policy. With noise it is an approximation: moves of the mid and the steps without a fill
would tell a little more about the drift than the filter knows.
"""

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from lobsim.envs.drift_signal import DriftSignal
from lobsim.strategies.quote_world import QuoteWorld

__all__ = ["SignalOracle"]

_ROUNDS = 40  # of improving bid and ask in turn
_REACH = 5.0  # standard deviations of the estimate that the grid spans to either side
_NODES = 9  # of Gauss and Hermite's rule for the next estimate


@dataclass(frozen=True)
class SignalOracle:
    r"""Values of quotes in a signal world at constant absolute risk aversion.

    With :math:`L` = ln E exp(-gamma profit still to come) the recursion is that of
    `QuoteWorld.certainty_equivalent`, with one more dimension for the estimate, which goes from m
    to :math:`m' \sim N(\varphi m, P^- - P)`, a mid that goes up with probability
    :math:`\tfrac12(1 + m\sqrt{dt}/\sigma)`, and the impact of fills on what is held after them.

    Parameters
    ----------
    world : QuoteWorld
        With a bound on the inventory, and Bernoulli fills.
    signal : DriftSignal
    risk_aversion : float
        gamma > 0.
    points : int
        Of the grid of beliefs, odd.

    Examples
    --------
    >>> world = QuoteWorld(horizon=0.1, max_inventory=5)
    >>> oracle = SignalOracle(world, DriftSignal(), 0.1)
    >>> bool(oracle.informed().optimum > oracle.optimum)
    True
    """

    world: QuoteWorld
    signal: DriftSignal
    risk_aversion: float = 0.1
    points: int = 61

    def __post_init__(self):
        if self.world.max_inventory is None or self.world.fills != "bernoulli":
            raise ValueError("the world needs max_inventory and fills='bernoulli'")
        if not self.risk_aversion > 0:
            raise ValueError(f"risk_aversion is {self.risk_aversion}; it must be above 0")
        if self.points < 5 or self.points % 2 == 0:
            raise ValueError(f"points is {self.points}; it must be odd and at least 5")

    def informed(self) -> "SignalOracle":
        """The same world with the drift seen without noise: its optimum bounds all policies."""
        return replace(self, signal=replace(self.signal, reading_noise=0.0))

    # -- the grid of beliefs -------------------------------------------------------------------

    @cached_property
    def _filter(self) -> tuple[float, float, float, float]:
        """Persistence, variance of the belief, of a move of the estimate, of the estimate."""
        keep, _, variance = self.signal.filter_terms(self.world.step)
        stationary = self.signal.drift_std**2
        ahead = keep**2 * variance + stationary * (1 - keep**2)
        return keep, variance, ahead - variance, stationary - variance

    @cached_property
    def beliefs(self) -> np.ndarray:
        """Estimates m on the grid, shape (points,)."""
        reach = _REACH * math.sqrt(self._filter[3])
        if reach == 0:
            return np.zeros(1)
        return np.linspace(-reach, reach, self.points)

    @cached_property
    def _onward(self) -> np.ndarray:
        """Matrix of chances from a belief to the next: quadrature between the grid's points."""
        keep, _, moved, _ = self._filter
        nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
        chances = np.zeros((len(self.beliefs), len(self.beliefs)))
        for node, weight in zip(nodes, weights / weights.sum()):
            chances += weight * self._weights_at(keep * self.beliefs + math.sqrt(moved) * node)
        return chances

    def _weights_at(self, places) -> np.ndarray:
        """Rows of weights that interpolate on the grid by cubics; flat beyond its ends.

        Straight lines would add a variance of the order of the grid's width squared at every step.
        """
        size = len(self.beliefs)
        out = np.zeros((len(places), size))
        if size == 1:
            out[:] = 1.0
            return out
        at = np.clip((places - self.beliefs[0]) / (self.beliefs[1] - self.beliefs[0]), 0, size - 1)
        first = np.clip(np.floor(at).astype(int) - 1, 0, size - 4)
        x, rows = at - first, np.arange(len(places))
        for k in range(4):
            others = [j for j in range(4) if j != k]
            out[rows, first + k] = np.prod([(x - j) / (k - j) for j in others], axis=0)
        return out

    @cached_property
    def _moves(self) -> np.ndarray:
        """ln E exp(-gamma q dS) of one move, shape (points, 2 edge + 1)."""
        world = self.world
        tilt = np.clip(self.beliefs * math.sqrt(world.step) / world.volatility, -1, 1)[:, None]
        reach = self.risk_aversion * world.volatility * math.sqrt(world.step) * world.inventories
        return np.log(0.5 * (1 + tilt) * np.exp(-reach) + 0.5 * (1 - tilt) * np.exp(reach))

    def _after(self, logs):
        """Values after the fills of a step from those of the next one: same, bought, sold."""
        top = logs.max()
        moved = np.log(self._onward @ np.exp(logs - top)) + top + self._moves
        push = self.risk_aversion * self.signal.impact * self.world.inventories
        bought, sold = np.zeros_like(moved), np.zeros_like(moved)
        bought[:, :-1] = (moved + push)[:, 1:]  # the mid falls by the impact on what is held then
        sold[:, 1:] = (moved - push)[:, :-1]
        return moved, bought - moved, sold - moved

    # -- values --------------------------------------------------------------------------------

    def value(self, bid, ask) -> float:
        """Certainty equivalent at the start of tables of shape (N, points, 2 edge + 1)."""
        shape = (self.world.steps, len(self.beliefs), 2 * self.world.edge + 1)
        bid, ask = (np.broadcast_to(np.asarray(t, dtype=float), shape) for t in (bid, ask))
        logs = np.zeros(shape[1:])
        for n in range(self.world.steps - 1, -1, -1):
            logs = self._before_fills(self._after(logs), bid[n], ask[n])
        return self._at_start(logs)

    @cached_property
    def best(self) -> tuple[np.ndarray, np.ndarray]:
        """Best bid and ask distances, tables of shape (N, points, 2 edge + 1)."""
        return self._solved[:2]

    @property
    def optimum(self) -> float:
        """Certainty equivalent of `best`."""
        return self._solved[2]

    @cached_property
    def _solved(self):
        world = self.world
        shape = (world.steps, len(self.beliefs), 2 * world.edge + 1)
        bid, ask = np.full(shape, 1 / world.decay), np.full(shape, 1 / world.decay)
        bid[..., -1], ask[..., 0] = np.inf, np.inf
        logs = np.zeros(shape[1:])
        for n in range(world.steps - 1, -1, -1):
            after = self._after(logs)
            if n < world.steps - 1:  # the quotes of the step after are a good first guess
                bid[n], ask[n] = bid[n + 1], ask[n + 1]
            for _ in range(_ROUNDS):
                before = bid[n].copy()
                bid[n] = self._improved(after[1], after[2], ask[n], bid[n])
                ask[n] = self._improved(after[2], after[1], bid[n], ask[n])
                if np.allclose(bid[n], before, rtol=0, atol=1e-10):
                    break
            logs = self._before_fills(after, bid[n], ask[n])
        return bid, ask, self._at_start(logs)

    def _at_start(self, logs) -> float:
        """Certainty equivalent without inventory over the estimate's stationary law."""
        middle = logs[:, self.world.edge]
        spread = math.sqrt(self._filter[3])
        if spread == 0:
            return float(-middle[0] / self.risk_aversion)
        nodes, weights = np.polynomial.hermite_e.hermegauss(31)
        inside = np.interp(nodes * spread, self.beliefs, middle)
        top = inside.max()
        total = (weights / weights.sum() * np.exp(inside - top)).sum()
        return float(-(math.log(total) + top) / self.risk_aversion)

    def _before_fills(self, after, bid, ask):
        moved, bought, sold = after
        gamma = self.risk_aversion
        p_bid, p_ask = self.world.probabilities(bid), self.world.probabilities(ask)
        gain_bid = np.exp(-gamma * np.where(np.isinf(bid), 0.0, bid))
        gain_ask = np.exp(-gamma * np.where(np.isinf(ask), 0.0, ask))
        return moved + np.log((1 - p_bid) * (1 - p_ask)
                              + p_bid * (1 - p_ask) * gain_bid * np.exp(bought)
                              + p_ask * (1 - p_bid) * gain_ask * np.exp(sold)
                              + p_bid * p_ask * gain_bid * gain_ask)

    def _improved(self, mine, theirs, other, now):
        """Best distances of one side against those of the other, as in `QuoteWorld.best_tables`."""
        gamma, world = self.risk_aversion, self.world
        chance = world.probabilities(other)
        gain = np.exp(-gamma * np.where(np.isinf(other), 0.0, other))
        filled = (1 - chance) * np.exp(mine) + chance * gain
        left = 1 - chance + chance * gain * np.exp(theirs)
        best = (np.log(filled / left) + math.log1p(gamma / world.decay)) / gamma
        best = np.maximum(best, math.log(world.intensity * world.step) / world.decay)
        return np.where(np.isinf(now), np.inf, best)

    # -- policies ------------------------------------------------------------------------------

    def tables(self, quotes) -> tuple[np.ndarray, np.ndarray]:
        """Tables of ``quotes(inventory, time_left, estimate) -> (bid, ask)`` distances."""
        q, left = self.world.inventories[None, None, :], self.world.times_left[:, None, None]
        shape = (self.world.steps, len(self.beliefs), 2 * self.world.edge + 1)
        bid, ask = (np.array(np.broadcast_to(side, shape), dtype=float) for side in
                    quotes(q, left, self.beliefs[None, :, None]))
        bid[..., -1], ask[..., 0] = np.inf, np.inf
        return bid, ask

    def policy_tables(self, env, policy) -> tuple[np.ndarray, np.ndarray]:
        """The quotes of a policy of an environment, its reading set to the estimate."""
        def quotes(q, left, estimate):
            inventory, time, seen = np.broadcast_arrays(
                q / self.world.edge, left / self.world.horizon,
                0.0 if env.blind else estimate / self.signal.drift_std)
            obs = np.stack([inventory, time, seen, seen], -1).astype(np.float32)
            obs = np.clip(obs, env.single_observation_space.low, env.single_observation_space.high)
            actions = np.asarray(policy(obs.reshape(-1, 4)), dtype=float)
            return env.distances_of(actions.reshape(*obs.shape[:-1], 2))

        return self.tables(quotes)

    def best_quotes(self, inventory, time_left, estimate):
        """`best` looked up at states, by straight lines between beliefs."""
        world = self.world
        n = np.clip(np.rint((world.horizon - np.asarray(time_left)) / world.step), 0,
                    world.steps - 1).astype(int)
        q = np.asarray(inventory).astype(int) + world.edge
        if len(self.beliefs) == 1:
            return tuple(table[n, 0, q] for table in self.best)
        width = self.beliefs[1] - self.beliefs[0]
        at = np.clip((estimate - self.beliefs[0]) / width, 0, len(self.beliefs) - 1)
        low = np.minimum(at.astype(int), len(self.beliefs) - 2)
        found = []
        for table in self.best:
            closed = np.isinf(table[n, low, q])
            line = np.where(closed, 0.0, table[n, low, q]) * (1 - (at - low)) \
                + np.where(closed, 0.0, table[n, low + 1, q]) * (at - low)
            found.append(np.where(closed, np.inf, line))
        return tuple(found)
