"""A simulated half hour of BTC/USD as Bitstamp order events (the 2026 CSV layout)."""

import numpy as np

from lobsim.engine.codes import Kind
from lobsim.market.market import Market
from lobsim.market.profile import Profile
from lobsim.market.sketches import COIN_SKETCH
from lobsim.market.rng import Dice

NS = 1_000_000_000
_FIRST_ID = 2_002_347_637_000_000
_FLASH_SHARE = 0.12
_CREATED, _CHANGED, _DELETED = "created", "changed", "deleted"

BTC_THIN = COIN_SKETCH.with_changes(
    name="BTC-USD thin", description="BTC-USD with a fifth of the order rates, for a small file",
    limit_rate_per_s=1.2, cancel_rate_per_s=0.12, stale_rate_per_s=30.0, refill_rate_per_s=15.0,
)
"""Profile of the bundled event file."""


def synthesise_bitstamp(profile: Profile = BTC_THIN, seed: int = 1, start_s: float = 50_400,
                        end_s: float = 52_200, midnight_ms: int = 0) -> list[tuple]:
    """Simulate a window and write it down as Bitstamp's order stream.

    Parameters
    ----------
    profile : Profile
    seed : int
    start_s, end_s : float
        Window, seconds after midnight UTC.
    midnight_ms : int
        Midnight of the day, milliseconds since 1970.

    Returns
    -------
    list of tuple
        ``id, timestamp, exchange_timestamp, price, volume, action, direction``: times in ms,
        price in dollars, volume in BTC that *remains* after the event.

    Notes
    -----
    The stream has the habits of the real one: it begins with a synthetic snapshot and ends with
    synthetic deletes; takers are created at their limit price and deleted when done, so the book
    looks crossed in between; some post-only orders that would have traded are created and deleted
    in the same millisecond ("flash" orders); and events of one millisecond are not always in
    order.
    """
    market = Market(profile, seed, start_s, end_s, record=True)
    market.advance(end_s)
    writer = _Stream(market.record(), profile, Dice(seed, 130), midnight_ms)
    return writer.rows(start_s, end_s)


class _Stream:
    """Walks through a recording and writes order events."""

    def __init__(self, recording, profile, dice: Dice, midnight_ms: int):
        self.recording, self.dice, self.midnight_ms = recording, dice, midnight_ms
        self.tick, self.lot = profile.tick_size, profile.lot_size
        self.open: dict[int, list] = {}  # id -> [side, price, lots left]
        self.out: list[tuple] = []
        self.flash = 0
        self.seen_ms = 0

    def _write(self, time_ns, order_id, price, lots, action, side) -> None:
        sent_ms = self.midnight_ms + time_ns // 1_000_000
        delay_ms = 8 + int(self.dice.exponential(1, 6.0)[0])
        self.seen_ms = max(self.seen_ms, sent_ms + delay_ms)
        self.out.append((_FIRST_ID + 4099 * order_id, self.seen_ms, sent_ms,
                         round(price * self.tick, 2), round(lots * self.lot, 8), action,
                         "bid" if side > 0 else "ask"))

    def rows(self, start_s, end_s) -> list[tuple]:
        start_ns, end_ns = round(start_s * NS), round(end_s * NS)
        for _, order_id, price, size, _, _, side, _ in self.recording.initial.tolist():
            self.open[order_id] = [side, price, size]
            self._write(start_ns, order_id, price, size, _CREATED, side)
        self._events()
        for order_id, (side, price, left) in self.open.items():
            self._write(end_ns, order_id, price, left, _DELETED, side)
        self._swap_within_milliseconds()
        return self.out

    def _swap_within_milliseconds(self) -> None:
        """Exchange some neighbours that share a millisecond but not an order."""
        swap = self.dice.uniform(len(self.out)) < 0.10
        for k in range(1, len(self.out)):
            before, after = self.out[k - 1], self.out[k]
            if swap[k] and before[1] == after[1] and before[0] != after[0]:
                self.out[k - 1], self.out[k] = after, before

    def _events(self) -> None:
        fills = self.recording.fills
        fill_at = np.searchsorted(fills["message_index"],
                                  np.arange(len(self.recording.messages) + 1))
        fills = fills.tolist()
        for index, message in enumerate(self.recording.messages.tolist()):
            time_ns, order_id, price, size, _, kind, side, _ = message
            if kind == Kind.LIMIT:
                self.open[order_id] = [side, price, size]
                self._write(time_ns, order_id, price, size, _CREATED, side)
                if self.dice.uniform(1)[0] < _FLASH_SHARE:
                    self._flash_order(time_ns, side, price, size)
            elif kind == Kind.CANCEL:
                self._write(time_ns, order_id, price, size, _DELETED, side)
                del self.open[order_id]
            elif kind == Kind.REDUCE:
                self.open[order_id][2] -= size
                self._write(time_ns, order_id, price, self.open[order_id][2], _CHANGED, side)
            else:
                self._taker(time_ns, order_id, price, size, side,
                            fills[fill_at[index]:fill_at[index + 1]])

    def _taker(self, time_ns, order_id, price, size, side, fills) -> None:
        """A taking order: created, then one change for it and one for the maker at each fill."""
        self._write(time_ns, order_id, price, size, _CREATED, side)
        left = size
        for _, _, fill_price, traded, maker, _, _, _, maker_left, _ in fills:
            left -= traded
            if left:
                self._write(time_ns, order_id, price, left, _CHANGED, side)
            if maker_left:
                self.open[maker][2] = maker_left
                self._write(time_ns, maker, fill_price, maker_left, _CHANGED, -side)
            else:
                del self.open[maker]
                self._write(time_ns, maker, fill_price, 0, _DELETED, -side)
        self._write(time_ns, order_id, price, left, _DELETED, side)

    def _flash_order(self, time_ns, side, price, size) -> None:
        """A post-only order that would have traded: created and deleted in one millisecond."""
        self.flash += 1
        order_id = 50_000_000 + self.flash
        through = price + side * (2 + int(self.dice.integers(1, 0, 6)[0]))
        at = len(self.out)
        self._write(time_ns, order_id, through, size, _CREATED, side)
        created = self.out[at]
        self.out.append((*created[:5], _DELETED, created[6]))
