"""Play a policy of `lobsim/Execution-v0` live: observations from the feed, actions as orders.

The trader decides every `interval_s` on the venue's stamps, as the environment does: first it
cancels or shortens what does not suit the decision, then, once the venue has confirmed that, it
sends new orders; at the end it withdraws all that rests (`lobsim.envs.execution_rules`). In a venue
without gaps the same policy trades the same lots at the same prices as in training.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from lobsim.envs import execution_layout as at
from lobsim.envs.execution_settings import ExecutionSettings
from lobsim.market.state import NS
from lobsim.sim_to_real.client import Client
from lobsim.sim_to_real.feed_state import FeedState, LiveScales

__all__ = ["Decision", "LiveDay", "names_of", "run_live", "settings_of"]

_KEEP = -1
_MOST_OWN = 32
_POLL_NS = NS // 10
"""How long a trader in lockstep lets the market run before it asks again for an answer."""


@dataclass
class Decision:
    """One decision: when, what was seen, what was done.

    Attributes
    ----------
    step : int
    time_ns : int
        Stamp of the venue's clock when the trader decided.
    seen : ndarray of float32
    action : list of float
    orders : list of str
        Ids of the requests that it sent.
    filled : int
        Lots of the order filled before it.
    terms : dict of str to float
        What the step cost, in bps of the order's value at arrival, as far as a trader can know.
    """

    step: int
    time_ns: int
    seen: np.ndarray
    action: list[float]
    orders: list[str] = field(default_factory=list)
    filled: int = 0
    terms: dict[str, float] = field(default_factory=dict)


@dataclass
class LiveDay:
    """What a live day came to.

    Attributes
    ----------
    decisions : list of Decision
    filled, left : int
        Lots of the order.
    arrival_ticks : float
    shortfall_bps : float
        Of what was filled, against the mid at arrival and with fees, in bps of the whole order's
        value at arrival; what is left is valued at the last mid.
    last_seen : ndarray
        The observation after the last step.
    """

    decisions: list[Decision]
    filled: int
    left: int
    arrival_ticks: float
    shortfall_bps: float
    last_seen: np.ndarray


def run_live(client: Client, settings: ExecutionSettings, policy: Callable, *, side: int,
             start_s: float) -> LiveDay:
    """Work one parent order at a venue, in lockstep or on a clock of its own.

    Parameters
    ----------
    client : Client
        Of a venue whose day has not gone beyond `start_s`.
    settings : ExecutionSettings
        Of the training environment.
    policy : callable
        From observations (1, columns) to actions (1,) or (1, k): an `lobsim.agents.Agent`, or a
        rule of one's own.
    side : int
        +1 or -1.
    start_s : float
        Seconds after midnight; the order's horizon must lie within the venue's day.

    Returns
    -------
    LiveDay
    """
    trader = _Trader(client, settings, side, start_s)
    try:
        return trader.run(policy)
    finally:
        client.listeners.remove(trader.feed.take)


class _Trader:
    def __init__(self, client: Client, settings: ExecutionSettings, side: int, start_s: float):
        self.client, self.settings, self.side = client, settings, side
        self.scales = LiveScales(settings, start_s, side)
        self.feed = FeedState(self.scales, client.account)
        for message in client.history:
            self.feed.take(message)
        client.listeners.append(self.feed.take)
        band = settings.base.band_ticks // 2
        middle = round(settings.base.start_price / settings.base.tick_size)
        self.low, self.high = middle - band, middle + band
        self.choices = settings.choices()
        self.now_ns = self.scales.E_START_NS
        self.sent: list[str] = []

    def run(self, policy) -> LiveDay:
        """Decide until the order is filled or its time is over."""
        scales, feed, decisions = self.scales, self.feed, []
        self._run_to(self.now_ns)
        feed.begin()
        seen = feed.observe()
        before = self._money()
        while feed.filled < scales.E_LOTS and feed.step < scales.E_STEPS:
            action = np.asarray(policy(seen[None]))[0]
            decision = Decision(feed.step, self.now_ns, seen, np.atleast_1d(action).tolist(),
                                filled=feed.filled)
            self.sent = decision.orders
            old_mid, left = feed.mid, scales.E_LOTS - feed.filled
            self._decide(action)
            self._run_to(self._step_end())
            feed.end_step()
            if feed.filled >= scales.E_LOTS or feed.step >= scales.E_STEPS:
                self._close()
            seen = feed.observe()
            after = self._money()
            decision.terms = self._terms(before, after, old_mid, left)
            before = after
            decisions.append(decision)
        return self._told(decisions, seen)

    def _run_to(self, until_ns: int) -> None:
        self.client.run_to(until_ns)
        self.now_ns = until_ns

    def _step_end(self) -> int:
        scales = self.scales
        return min(scales.E_START_NS + (self.feed.step + 1) * scales.E_INTERVAL_NS,
                   scales.E_END_NS)

    # -- a decision ----------------------------------------------------------------------------

    def _decide(self, action) -> None:
        """The environment's rules, see `lobsim.envs.execution_rules.begin`."""
        scales, feed = self.scales, self.feed
        way, filled = feed.lots_on_their_way(), feed.filled_lots()
        done = filled + way
        cross, offset, rest = self._meaning(action, done)
        if scales.E_GUARD_NS >= 0:
            cross = max(cross, scales.due_lots(self.now_ns - scales.E_GUARD_NS) - done)
        most = scales.E_LOTS - done
        if scales.E_AHEAD_NS >= 0:
            most = min(most, scales.due_lots(self.now_ns + scales.E_AHEAD_NS) - done)
        cross = max(0, min(cross, most))
        if rest != _KEEP:
            rest = max(0, min(rest, most - cross))
        elif cross > most - feed.resting_lots():
            rest = 0
        if rest != _KEEP and self._withdraw_unsuited(rest, offset) and not self._confirmed():
            return  # too late for new orders
        self._place(cross, offset, rest)

    def _meaning(self, action, done: int) -> tuple[int, int, int]:
        """Lots to cross, ticks better than the own best, lots to rest."""
        scales, settings, mode = self.scales, self.settings, self.settings.actions
        if mode == "discrete":
            row = self.choices[int(action)]
            rest = int(np.ceil(row[2] * scales.E_SLICE)) if row[2] >= 0 else _KEEP
            return int(np.ceil(row[0] * scales.E_SLICE)), int(row[1]), rest
        if mode == "continuous":
            aim, size = (min(max(float(x), -1.0), 1.0) for x in action)
            lots = int(np.rint(0.5 * (size + 1.0) * self.choices[0, 2] * scales.E_SLICE))
            offset = int(np.rint(aim * scales.E_LEVELS))
            return (lots, 0, _KEEP) if offset >= scales.E_LEVELS else (0, offset, lots)
        if mode == "orders":
            return int(action[0]), int(action[1]), int(action[2])
        shift = float(np.atleast_1d(action)[0])
        if settings.shift_levels:
            shift = float(np.linspace(-1, 1, settings.shift_levels)[int(shift)])
        shift_ns = int(min(max(shift, -1.0), 1.0) * scales.E_SHIFT_NS)
        around = scales.E_SLICE_NS
        if scales.E_END_NS - self.now_ns <= max(around, scales.E_INTERVAL_NS):
            shift_ns = scales.E_END_NS
        cross = max(0, scales.due_lots(self.now_ns + shift_ns - around) - done)
        return cross, 0, max(0, scales.due_lots(self.now_ns + shift_ns + around) - done - cross)

    def _price_at(self, offset: int) -> int:
        """The price `offset` better than the own best, short of crossing; -1 if none."""
        side, own, other = self.side, self.feed.best(self.side), self.feed.best(-self.side)
        if own < 0 and other < 0:
            return -1
        price = (own if own >= 0 else other - side) + side * offset
        if other >= 0 and side * (price - other) >= 0:
            price = other - side
        return min(max(price, self.low), self.high)

    def _withdraw_unsuited(self, rest: int, offset: int) -> bool:
        """Cancel or shorten what is at another price or too much; whether anything was."""
        resting = self.feed.resting()
        if rest == 0 or len(resting) >= _MOST_OWN:
            for order in resting:
                self.sent.append(self.client.cancel(order.order_id))
            return bool(resting)
        price, kept, before = self._price_at(offset), 0, len(self.sent)
        for order in resting:
            stays = min(order.left, rest - kept) if order.price_ticks == price else 0
            kept += stays
            if stays == 0:
                self.sent.append(self.client.cancel(order.order_id))
            elif stays < order.left:
                self.sent.append(self.client.reduce(order.order_id, order.left - stays))
        return len(self.sent) > before

    def _confirmed(self) -> bool:
        """Wait for the answers to the cancels; whether they came before the step ended."""
        unanswered = self.client.account.unanswered
        self.client.sync()
        while any(request["type"] != "new" for request in unanswered.values()):
            if self.now_ns >= self._step_end():
                return False
            self._run_to(min(self.now_ns + _POLL_NS, self._step_end()))
        return True

    def _place(self, cross: int, offset: int, rest: int) -> None:
        """Send the new orders of the decision."""
        feed, client = self.feed, self.client
        free = (self.scales.E_LOTS - feed.filled_lots() - feed.resting_lots()
                - feed.lots_on_their_way())
        cross = min(cross, free)
        price = self._price_at(offset)  # before the own market order moves it
        if cross > 0:
            self._send_new(cross, "market", 0)
            free -= cross
        if rest > 0 and free > 0:
            there = sum(order.left for order in feed.resting() if order.price_ticks == price)
            lots = min(rest - there, free)
            if price >= 0 and lots > 0:
                self._send_new(lots, "post_only", price)
        client.sync()

    def _send_new(self, lots: int, kind: str, price: int) -> None:
        key = self.client.new(self.side, lots, kind, price)
        self.feed.orders.add(key)
        self.sent.append(key)

    def _close(self) -> None:
        """Withdraw all that rests and wait for the answers, as long as the day allows.

        A cancel that was refused is sent again: an order left behind would go on trading.
        """
        account, feed = self.client.account, self.feed
        end_ns = account.welcome["end_ns"]
        while True:
            asked = {request.get("order") for request in account.unanswered.values()}
            for order in feed.resting():
                if order.order_id not in asked:
                    self.sent.append(self.client.cancel(order.order_id))
            self.client.sync()
            if not (feed.resting() or feed.lots_on_their_way()):
                break
            if self.now_ns >= end_ns or account.ended is not None:
                break
            self._run_to(min(self.now_ns + _POLL_NS, end_ns))
        feed.filled = feed.filled_lots()

    # -- what it cost --------------------------------------------------------------------------

    def _money(self) -> tuple[int, float, int]:
        account = self.client.account
        return account.cash_ticks, account.fees, self.feed.filled

    def _terms(self, before, after, old_mid: float, left: int) -> dict[str, float]:
        """Terms of the reward that need no hidden price, in bps; `impact` with all that moved."""
        scales, feed, side = self.scales, self.feed, self.side
        scale = 1e4 / (scales.E_LOTS * feed.arrival)
        paid, filled = side * (before[0] - after[0]), after[2] - before[2]
        fees = (after[1] - before[1]) / scales.X_MONEY
        return {"execution": scale * side * (paid - filled * feed.mid),
                "arrival": scale * side * (paid - filled * feed.arrival),
                "revaluation": scale * side * left * (feed.mid - old_mid), "fees": scale * fees}

    def _told(self, decisions: list[Decision], seen) -> LiveDay:
        feed, lots = self.feed, self.scales.E_LOTS
        cost = sum(one.terms["execution"] + one.terms["revaluation"] + one.terms["fees"]
                   for one in decisions)
        return LiveDay(decisions, feed.filled, lots - feed.filled, feed.arrival, cost, seen)


def settings_of(agent) -> ExecutionSettings:
    """The environment in which an agent of a case of `lobsim/Execution-v0` was trained.

    Parameters
    ----------
    agent : lobsim.agents.Agent

    Raises
    ------
    ValueError
        When its case is one of another environment.
    """
    from lobsim.agents.cases import find_case

    case = find_case(agent.case)
    if case.world != "lobsim/Execution-v0":
        raise ValueError(f"{agent!r} acts in {case.world}; only agents of lobsim/Execution-v0 "
                         f"can be run live")
    return ExecutionSettings(**{**case.settings, **agent.record.get("task", {}),
                                **agent.environment})


def names_of(settings: ExecutionSettings) -> tuple[str, ...]:
    """Names of the columns of an observation."""
    return (*at.OBSERVED, *at.depth_names(settings.depth_levels))
