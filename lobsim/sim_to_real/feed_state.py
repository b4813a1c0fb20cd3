"""What a trader knows of a live day, in the columns of `lobsim/Execution-v0`.

Plain Python on the public feed and the trader's own reports; nothing of the simulator is looked at.
In a venue without gaps every column is that of the environment, bit for bit, with one exception: in
the environment the mid of a book whose side was empty *at the very start* is the hidden price;
here such a day cannot begin (`FeedState.begin` raises).
"""

import numpy as np

from lobsim.envs import execution_layout as at
from lobsim.envs.execution_core import ExecutionCore
from lobsim.envs.execution_settings import Episode, ExecutionSettings
from lobsim.sim_to_real.account import Account

__all__ = ["FeedState", "LiveScales"]

_FEW = 5.0  # ticks of a distance, slices behind
_MEMORY = 1.0 / 6.0  # weight of the newest step in trend and swing
_MEAN_SWING = 0.7978845608028654  # E|z| of a standard normal


class LiveScales:
    """The constants of an episode: what the environment divides its columns by, and the schedule.

    Parameters
    ----------
    settings : ExecutionSettings
        Of the training environment: the trader believes in the training market.
    start_s : float
    side : int
    """

    def __init__(self, settings: ExecutionSettings, start_s: float, side: int):
        core = ExecutionCore(1, settings)
        core._set_up(0, Episode(settings.base, start_s, side))  # parameters only, no market
        self._word, self._real = core._word[0], core._real[0]
        self.schedule = core._schedule[0]
        self.settings, self.side = settings, side

    def __getattr__(self, name: str):
        if name.startswith("E_"):
            return int(self._word[getattr(at, name)])
        if name.startswith("X_"):
            return float(self._real[getattr(at, name)])
        raise AttributeError(name)

    def due_lots(self, time_ns: int) -> int:
        """Lots that the schedule wants traded by a time."""
        place = (time_ns - self.E_START_NS) / self.E_INTERVAL_NS
        if place <= 0.0:
            return 0
        if place >= self.E_STEPS or time_ns >= self.E_END_NS:
            return self.E_LOTS
        k = int(place)
        share = self.schedule[k] + (place - k) * (self.schedule[k + 1] - self.schedule[k])
        return int(self.E_LOTS * share + 1e-9)


class FeedState:
    """The trader's picture of the market, from the messages alone.

    Parameters
    ----------
    scales : LiveScales
    account : Account
        The trader's own.

    Attributes
    ----------
    book : dict
        The latest ``book`` message.
    orders : set of str
        Ids of the orders sent for this parent order; others of the account are left alone.
    """

    def __init__(self, scales: LiveScales, account: Account):
        self.scales, self.account = scales, account
        self.book: dict = {}
        self.mid = self.arrival = self.move = self.trend = self.ofi = 0.0
        self.swing = 1.0
        self.orders: set[str] = set()
        self.volume_before = 0
        self.filled = self.filled_before = self.step = 0
        self._quotes: tuple | None = None

    def take(self, message: dict) -> None:
        """Hear a numbered message."""
        if message["type"] == "book":
            self.book = message
            self._look()

    def begin(self) -> None:
        """The order arrives: the latest book is the first that counts.

        Raises
        ------
        ValueError
            When the book has not both sides.
        """
        if not (self.book and self.book["bids"] and self.book["asks"]):
            raise ValueError("the order cannot begin: the book has not two sides")
        self.mid = self.arrival = self._mid()
        self.ofi, self.volume_before = 0.0, self.book["volume"]

    def _mid(self) -> float:
        bids, asks = self.book["bids"], self.book["asks"]
        return 0.5 * (bids[0][0] + asks[0][0]) if bids and asks else self.mid

    def _look(self) -> None:
        """Order flow imbalance between two looks, as the environment takes it."""
        bids, asks = self.book["bids"], self.book["asks"]
        bid, bid_lots = bids[0] if bids else (-1, 0)
        ask, ask_lots = asks[0] if asks else (-1, 0)
        if self._quotes is not None:
            old_bid, old_bid_lots, old_ask, old_ask_lots = self._quotes
            if bid >= 0 and old_bid >= 0:
                self.ofi += bid_lots if bid >= old_bid else 0
                self.ofi -= old_bid_lots if bid <= old_bid else 0
            if ask >= 0 and old_ask >= 0:
                self.ofi -= ask_lots if ask <= old_ask else 0
                self.ofi += old_ask_lots if ask >= old_ask else 0
        self._quotes = bid, bid_lots, ask, ask_lots

    # -- own orders ----------------------------------------------------------------------------

    def resting(self) -> list:
        """Own orders that rest as far as the trader knows, oldest first."""
        return [order for order in self.account.open_orders
                if order.order_id in self.orders
                and order.order_id not in self.account.unanswered]

    def resting_lots(self) -> int:
        """Lots of them."""
        return sum(order.left for order in self.resting())

    def lots_on_their_way(self) -> int:
        """Lots of new orders of which the venue has not said anything."""
        return sum(self.account.orders[key].left for key in self.account.unanswered
                   if key in self.orders)

    def filled_lots(self) -> int:
        """Lots of the order that have traded."""
        return sum(self.account.orders[key].filled for key in self.orders)

    def best(self, side: int) -> int:
        """Best price of a side, -1 if none, once the own orders are gone that have gone since."""
        gone: dict[int, int] = {}
        for key, price, left, _, _ in self.book["own"]:
            order = self.account.orders[key]
            now = order.left if order.price_ticks == price else 0
            gone[price] = gone.get(price, 0) + left - min(left, now)
        for price, lots in self.book["bids" if side > 0 else "asks"]:
            if lots > gone.get(price, 0):
                return price
        return -1

    # -- the observation -----------------------------------------------------------------------

    def end_step(self) -> None:
        """A step of the environment is over: what moved in it."""
        mid = self._mid()
        scale = self.scales.X_SIGMA_STEP
        self.move = self.scales.side * (mid - self.mid)
        self.trend += _MEMORY * (self.move - self.trend)
        self.swing += _MEMORY * (abs(self.move) / (_MEAN_SWING * scale) - self.swing)
        self.mid = mid
        self.step += 1
        self.filled_before, self.filled = self.filled, self.filled_lots()

    def observe(self) -> np.ndarray:
        """The observation of `lobsim.envs.ExecutionEnv` at the end of a step, float32."""
        scales = self.scales
        seen = np.zeros(at.O_DEPTH + 2 * scales.E_DEPTH, np.float32)
        self._observe_order(seen)
        if not scales.X_BLIND:
            self._observe_market(seen)
        self.ofi, self.volume_before = 0.0, self.book["volume"]
        return seen

    def _observe_order(self, seen) -> None:
        scales, lots = self.scales, self.scales.E_LOTS
        left = lots - self.filled
        seen[at.O_TIME_LEFT] = 1.0 - self.step / scales.E_STEPS
        seen[at.O_LEFT] = left / lots
        slices = (scales.schedule[self.step] * lots - self.filled) / scales.E_SLICE
        seen[at.O_BEHIND] = _within(slices / _FEW, 1.0)
        seen[at.O_FILLED] = min((self.filled - self.filled_before) / scales.E_SLICE, 5.0)
        seen[at.O_RESTING] = self.resting_lots() / left if left > 0 else 0.0
        known = {order.order_id for order in self.resting()}
        own = [row for row in self.book["own"] if row[0] in known]
        if own:
            _, price, _, ahead, there = own[0]
            best = self.book["bids" if scales.side > 0 else "asks"]
            if best:
                seen[at.O_DISTANCE] = _within(scales.side * (best[0][0] - price) / _FEW, 1.0)
            seen[at.O_QUEUE] = ahead / max(there, 1)

    def _observe_market(self, seen) -> None:
        scales, side, book = self.scales, self.scales.side, self.book
        near, far = (book["bids"], book["asks"])[::side]
        own, other = near[0][1] if near else 0, far[0][1] if far else 0
        deep_own, deep_other = (sum(lots for _, lots in levels[:5]) for levels in (near, far))
        if near and far:
            spread = book["asks"][0][0] - book["bids"][0][0]
            seen[at.O_SPREAD] = min(spread / _FEW, 4.0)
        seen[at.O_IMBALANCE] = (own - other) / max(own + other, 1)
        seen[at.O_IMBALANCE_5] = (deep_own - deep_other) / max(deep_own + deep_other, 1)
        ratio = side * self.ofi / scales.X_DEPTH
        seen[at.O_OFI] = ratio / (1.0 + abs(ratio))
        seen[at.O_MOVE] = _within(self.move / scales.X_SIGMA_STEP, 5.0)
        seen[at.O_TREND] = _within(self.trend / scales.X_SIGMA_STEP, 5.0)
        seen[at.O_SWING] = min(self.swing, 5.0)
        seen[at.O_VOLUME] = min((book["volume"] - self.volume_before) / scales.X_VOLUME, 5.0)
        seen[at.O_FROM_ARRIVAL] = _within(
            side * (self.mid - self.arrival) / scales.X_SIGMA_ALL, 5.0)
        seen[at.O_OWN_DEPTH] = own / (own + scales.X_DEPTH)
        seen[at.O_OTHER_DEPTH] = other / (other + scales.X_DEPTH)
        mine: dict[int, int] = {}
        for _, price, left, _, _ in book["own"]:
            mine[price] = mine.get(price, 0) + left
        for k, levels in enumerate((near, far)):
            others = [lots - mine.get(price, 0) for price, lots in levels]
            shown = [lots for lots in others if lots > 0][:scales.E_DEPTH]
            first = at.O_DEPTH + k * scales.E_DEPTH
            for column, lots in enumerate(shown, first):
                seen[column] = lots / (lots + scales.X_DEPTH)


def _within(value: float, most: float) -> float:
    return min(max(value, -most), most)
