"""A simulated hour as a LOBSTER pair: messages, and the book after each of them."""

import numpy as np

from lobsim.engine.codes import Kind
from lobsim.market.market import Market
from lobsim.market.profile import Profile
from lobsim.market.sketches import SHARE_SKETCH
from lobsim.market.rng import Dice

NS = 1_000_000_000
LEVELS = 10
NO_ASK, NO_BID = 9_999_999_999, -9_999_999_999
"""LOBSTER's dummy prices of a level that does not exist (its size is 0)."""
_ID_OFFSET = 11_000_000
_HIDDEN_SHARE = 0.25

LOBM = SHARE_SKETCH.with_changes(
    name="LOBM", symbol="LOBM",
    description="Fictional mid-tick share at 95 dollars: spread of a few ticks, small queues",
    start_price=95.0, volatility_bps=4.5, daily_volume=1.0e6,
    limit_rate_per_s=0.22, limit_decay=0.35, limit_levels=30, cancel_rate_per_s=0.035,
    limit_sizes=((10, 0.08), (50, 0.12), (100, 0.55), (200, 0.15), (300, 0.05), (500, 0.05)),
    market_rate_per_s=0.35, stale_rate_per_s=8.0, refill_rate_per_s=1.5, maker_slack_ticks=-0.6,
    maker_lean=0.4, depth_per_tick=150.0,
)
"""Profile of the bundled LOBSTER pair."""


def synthesise_lobster(profile: Profile = LOBM, seed: int = 1, start_s: float = 37_800,
                       end_s: float = 41_400) -> tuple[np.ndarray, np.ndarray]:
    """Simulate a window and write it down as LOBSTER does.

    Parameters
    ----------
    profile : Profile
    seed : int
    start_s, end_s : float
        Window, seconds after midnight.

    Returns
    -------
    messages : ndarray of int64, shape (rows, 6)
        Time (ns after midnight), type, order id, size, price (dollars x 10,000), direction.
        Types 1 (new), 2 (partial cancel), 3 (delete), 4 (execution), 5 (hidden execution).
    book : ndarray of int64, shape (rows, 40)
        Ask price, ask size, bid price, bid size of level 1, then level 2, ... after each message.

    Notes
    -----
    As in the real files, only events within the first ten levels have a row, so the messages
    alone cannot rebuild the deepest levels.
    """
    market = Market(profile, seed, start_s, end_s, record=True)
    market.advance(end_s)
    replay = _Replay(market.record(), round(profile.tick_size * 10_000))
    return replay.rows(Dice(seed, 120))


class _Replay:
    """Walks through a recording and writes a row for each visible event."""

    def __init__(self, recording, e4_per_tick: int):
        self.recording = recording
        self.scale = e4_per_tick
        self.sides: dict[int, dict[int, int]] = {1: {}, -1: {}}
        self.messages: list[tuple] = []
        self.book: list[list[int]] = []
        for _, _, price, size, _, _, side, _ in recording.initial.tolist():
            self._change(side, price, size)

    def _change(self, side: int, price: int, lots: int) -> None:
        levels = self.sides[side]
        left = levels.get(price, 0) + lots
        if left:
            levels[price] = left
        else:
            del levels[price]

    def _top(self) -> list[int]:
        asks = sorted(self.sides[-1].items())[:LEVELS]
        bids = sorted(self.sides[1].items(), reverse=True)[:LEVELS]
        row: list[int] = []
        for level in range(LEVELS):
            for side, empty in ((asks, NO_ASK), (bids, NO_BID)):
                if level < len(side):
                    row += [side[level][0] * self.scale, side[level][1]]
                else:
                    row += [empty, 0]
        return row

    def _event(self, time_ns, kind, order_id, size, price, side) -> None:
        """Apply one visible event and write its row if it is inside the ten levels."""
        before = self._top() if not self.book else self.book[-1]
        self._change(side, price, size if kind == 1 else -size)
        after = self._top()
        if after != before:
            self.messages.append((time_ns, kind, order_id + _ID_OFFSET, size, price * self.scale,
                                  side))
            self.book.append(after)

    def _hidden(self, time_ns, side, dice) -> None:
        """A hidden order inside the spread is hit: a row of type 5, the book as it was."""
        best_bid, best_ask = max(self.sides[1]), min(self.sides[-1])
        inside = best_ask - best_bid - 1
        if inside < 1 or not self.book:
            return
        price = best_bid + 1 + int(dice.integers(1, 0, inside)[0])
        size = int(dice.choice(1, [20, 50, 100, 200], [1, 2, 5, 2])[0])
        self.messages.append((time_ns, 5, 0, size, price * self.scale, side))
        self.book.append(self.book[-1])

    def rows(self, dice: Dice) -> tuple[np.ndarray, np.ndarray]:
        fills = self.recording.fills
        fill_at = np.searchsorted(fills["message_index"],
                                  np.arange(len(self.recording.messages) + 1))
        fills = fills.tolist()
        partial = {Kind.LIMIT: 1, Kind.REDUCE: 2, Kind.CANCEL: 3}
        for index, message in enumerate(self.recording.messages.tolist()):
            time_ns, order_id, price, size, _, kind, side, _ = message
            if kind in partial:
                self._event(time_ns, partial[kind], order_id, size, price, side)
                continue
            if dice.uniform(1)[0] < _HIDDEN_SHARE:
                self._hidden(time_ns, -side, dice)
            for k in range(fill_at[index], fill_at[index + 1]):
                _, _, fill_price, fill_size, maker_id, *_ = fills[k]
                self._event(time_ns, 4, maker_id, fill_size, fill_price, -side)
        return (np.array(self.messages, dtype=np.int64), np.array(self.book, dtype=np.int64))
