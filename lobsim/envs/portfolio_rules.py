"""Hand-written rules for portfolio days: what an agent for many names has to be better than.

A rule speaks in orders (``actions="orders"``): lots to cross, ticks better than the own best, lots
to rest, for each name of each day, and all respect clients' limits because the environment does.
Those that plan with a cost of trading take it from the `Impact` of each name and the spread at
arrival (`trading_costs`), which a desk would have estimated from its own trades.
"""

from typing import NamedTuple, Protocol

import numpy as np

from lobsim.envs import portfolio_layout as pl
from lobsim.envs.baselines import POVRule
from lobsim.envs.core import Outcome
from lobsim.envs.portfolio_core import PortfolioCore
from lobsim.market.parts import Impact
from lobsim.strategies import AlmgrenChriss, PortfolioChriss

__all__ = ["AtOnceDay", "ChrissDay", "CurveDay", "DayRule", "POVDay", "PassiveDay",
           "PortfolioChrissDay", "TWAPDay", "TradingCosts", "VWAPDay", "day_rules",
           "orders_of", "trading_costs"]

_LEAST_COST = 1e-12  # money: an impact of nothing would let a plan trade all at once for free


class DayRule(Protocol):
    """What `lobsim.envs.portfolio_evaluate.evaluate_days` needs of a rule."""

    def reset(self, core: PortfolioCore) -> None:
        """Take the blocks of new days."""

    def act(self, core: PortfolioCore, outcome: Outcome) -> np.ndarray:
        """Lots to cross, offset in ticks, lots to rest of every name; shape (N, 3 M)."""


class TradingCosts(NamedTuple):
    """What it costs to trade the blocks of a day, by the linear model of Almgren and Chriss.

    All of shape (m,), for the names with blocks; money per share unless told otherwise.
    """

    half_spread: np.ndarray
    temporary: np.ndarray  # per share of a decision
    permanent: np.ndarray  # per share traded
    price: np.ndarray  # at arrival
    shares: np.ndarray  # of the blocks, units


def trading_costs(core: PortfolioCore, e: int) -> TradingCosts:
    r"""The costs of the blocks of day `e`, seen at its start.

    .. math:: \eta = \frac{tick}{v} \sum_k w_k f\Big(\frac{(1 - p) v}{D}
              T_k (1 - e^{-H / T_k})\Big) + \frac{\gamma}{2}, \qquad \gamma = tick\,\frac{p}{D}

    with `lobsim.market.parts.Impact` (depth D, permanent share p, weights w, decay times T in
    decisions, f) and v the even speed of the block in its H decisions: where the price stands after
    H decisions at this speed, as a line through the origin. It is too dear for slower trading and
    too cheap for faster trading, as f is concave.
    """
    day, every_s = core.days[e], core.settings.interval_s
    rows = []
    for n, block in enumerate(day.blocks):
        if block is None:
            continue
        profile, decisions = day.profiles[n], int(core.ends[e, n])
        market = core.market(e, n)
        spread = market.best_ask - market.best_bid
        impact, tick, speed = profile.part(Impact), profile.tick_size, block.quantity / decisions
        temporary, permanent = _LEAST_COST, 0.0
        if impact is not None:
            times = np.array(impact.impact_times_s) / every_s
            flow = (1.0 - impact.permanent_share) * speed / impact.depth_per_tick
            u, g = flow * times * (1.0 - np.exp(-decisions / times)), impact.depth_growth
            moved = u if g == 0.0 else (np.sqrt(1.0 + 2.0 * g * u) - 1.0) / g
            temporary += tick * float(np.dot(impact.impact_weights, moved)) / speed
            permanent = tick * impact.permanent_share / impact.depth_per_tick
        half = 0.5 * spread if np.isfinite(spread) else 0.5 * tick
        rows.append((half, temporary + 0.5 * permanent, permanent,
                     core.client[e * core.names_count + n, pl.C_PRICE] / profile.lot_size,
                     block.quantity))
    return TradingCosts(*np.array(rows).T)


def orders_of(cross, rest=None) -> np.ndarray:
    """Orders of shape (N, 3 M) from lots to cross and lots to rest at the best, shape (N, M)."""
    rest = np.zeros_like(cross) if rest is None else rest
    return np.stack([cross, np.zeros_like(cross), rest], axis=2).reshape(len(cross), -1)


class AtOnceDay:
    """Everything by market orders, as fast as the limits allow."""

    def reset(self, core):
        """Nothing to prepare."""

    def act(self, core, outcome):
        """Cross what is left."""
        return orders_of((core.quantity_lots - core.filled_lots).astype(float))


class CurveDay:
    """Market orders along a curve of shares for each name: each part at its decision."""

    def shares(self, core: PortfolioCore, e: int) -> np.ndarray:
        """Share of each block that is done after 0, 1, ... K decisions; shape (M, K + 1)."""
        raise NotImplementedError

    def reset(self, core):
        """Lay out the curves, in lots."""
        shares = np.stack([self.shares(core, e) for e in range(len(core))])
        self._target = np.floor(core.quantity_lots[..., None] * shares + 0.5 + 1e-9)

    def _due(self, core, ahead: int) -> np.ndarray:
        """Lots that are due so many decisions from now, shape (N, M)."""
        step = np.minimum(core.step_number + ahead, self._target.shape[2] - 1)
        return self._target[np.arange(len(core)), :, step]

    def act(self, core, outcome):
        """Cross what is due by the next decision."""
        return orders_of(np.maximum(self._due(core, 1) - core.filled_lots, 0))


def _even(core, e) -> np.ndarray:
    step = np.arange(core.settings.steps + 1)
    return np.minimum(step / np.maximum(core.ends[e], 1)[:, None], 1.0)


class TWAPDay(CurveDay):
    """Equal parts until each deadline."""

    def shares(self, core, e):
        """Straight lines."""
        return _even(core, e)


class VWAPDay(CurveDay):
    """Parts in proportion to the volume that each name expects until its deadline."""

    def shares(self, core, e):
        """Cumulated shares of the expected volume."""
        m = core.names_count
        return core.schedule[e * m:(e + 1) * m]


class PassiveDay(VWAPDay):
    """Rests at the own best what the VWAP wants by the next decision, crosses what it missed."""

    def act(self, core, outcome):
        """Cross what is overdue, rest what is due next."""
        overdue = np.maximum(self._due(core, 0) - core.filled_lots, 0)
        return orders_of(overdue, np.maximum(self._due(core, 1) - core.filled_lots - overdue, 0))


class POVDay(POVRule):
    """A share of each market's volume, its own included; the environment completes it.

    Parameters
    ----------
    rate : float
        Between 0 and 1.
    """

    def act(self, core, outcome):
        """Catch up with the volume of others."""
        others = core.volume_lots - core.filled_lots
        wanted = np.floor(others * self.rate / (1 - self.rate) + 1e-9) - core.filled_lots
        return orders_of(np.clip(wanted, 0, core.quantity_lots - core.filled_lots))


class ChrissDay(CurveDay):
    """The trajectory of Almgren and Chriss for every name by itself, at its client's aversion.

    References
    ----------
    R. Almgren, N. Chriss, "Optimal execution of portfolio transactions", Journal of Risk 3(2),
    2000, equation (17).
    """

    def shares(self, core, e):
        """One less the holdings of each plan."""
        found = np.ones((core.names_count, core.settings.steps + 1))
        costs, day = trading_costs(core, e), core.days[e]
        with_block = [n for n, block in enumerate(day.blocks) if block is not None]
        for k, n in enumerate(with_block):
            ends, worth = int(core.ends[e, n]), costs.price[k] * costs.shares[k]
            volatility = costs.price[k] * 1e-4 * core.covariance[e, n, n] ** 0.5
            plan = AlmgrenChriss(costs.shares[k], float(ends), ends, volatility,
                                 costs.temporary[k], costs.permanent[k], costs.half_spread[k])
            # c bps + lambda v bps^2 of a worth W are W / 1e4 times money and 1e4 lambda / W
            left = plan.trajectory(1e4 * day.blocks[n].risk_aversion / worth)
            found[n, :ends + 1] = 1.0 - left / costs.shares[k]
        return found


class PortfolioChrissDay(CurveDay):
    """The joint plan: names that hedge each other may wait, and limits are planned for.

    It minimises the expected cost and the ``aversion`` of the environment, through the full
    covariance, with the caps (of the volume that is expected; nothing can be traded before there is
    any), the deadlines and a dollar limit if there is one. Where the caps of an expected day leave
    no plan, it plans without them, and the environment sees to them.
    """

    def shares(self, core, e):
        """One less the holdings of the plan."""
        settings, day = core.settings, core.days[e]
        costs = trading_costs(core, e)
        names = np.array([n for n, block in enumerate(day.blocks) if block is not None])
        blocks = [day.blocks[n] for n in names]
        gross = float(costs.price @ costs.shares)
        weight = 1e-4 * costs.price * np.sqrt([block.risk_aversion for block in blocks])
        sigma = core.covariance[e][np.ix_(names, names)] * np.outer(weight, weight)
        sells = np.array([-block.side for block in blocks])
        model = PortfolioChriss(sells * costs.shares, float(settings.steps), settings.steps, sigma,
                                costs.temporary, costs.permanent, costs.half_spread)
        limits = dict(deadlines=core.ends[e, names])
        if settings.neutral == "dollar":
            limits |= dict(prices=costs.price, most_net=settings.most_net * gross)
        aversion = 1e4 / gross  # as for one name: bps of the gross value into money
        try:
            plan = model.solve(aversion, most=self._caps(core, e, names), **limits)
        except ValueError:
            plan = model.solve(aversion, **limits)
        found = np.ones((core.names_count, settings.steps + 1))
        found[names] = 1.0 - (plan.holdings / model.quantities).T
        return found

    def _caps(self, core, e, names) -> np.ndarray:
        """Units that each name's cap leaves it in each decision of an ordinary day."""
        day, m = core.days[e], core.names_count
        most = np.zeros((core.settings.steps, len(names)))
        for k, n in enumerate(names):
            block, volume = day.blocks[n], core.expected_volume(e, n)
            if block.max_participation == 1.0:
                most[:, k] = block.quantity
                continue
            share = core.schedule[e * m + n]
            room = block.max_participation / (1.0 - block.max_participation)
            most[1:, k] = room * volume * np.diff(share)[:-1]
        return most


def day_rules() -> dict[str, DayRule]:
    """The rules that every agent should stand beside, by name."""
    return {"passive": PassiveDay(), "TWAP": TWAPDay(), "VWAP": VWAPDay(), "POV": POVDay(),
            "Almgren-Chriss": ChrissDay(), "portfolio Almgren-Chriss": PortfolioChrissDay(),
            "immediate": AtOnceDay()}
