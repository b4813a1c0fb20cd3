"""Own orders through time: where each rested, from when to when, and how it ended."""

from typing import NamedTuple

import numpy as np

from lobsim.plots.stream import NS, OWN, Stream, new_book


class OwnRest(NamedTuple):
    """An own order at one price; a replaced order begins a new one.

    Attributes
    ----------
    order_id, side : int
        Side +1 buy, -1 sell.
    price : float
        In currency.
    start_ns, end_ns : int
        When it began and ceased to rest there; `end_ns` of an order that still rests is the end
        of the recording.
    end : str
        "filled", "cancelled", "replaced" or "resting".
    fills : tuple of (int, float)
        Time in ns and size of each fill while it rested.
    size : float
        With which it began to rest. What `reduce` takes off later is in no line.
    """

    order_id: int
    side: int
    price: float
    start_ns: int
    end_ns: int
    end: str
    fills: tuple[tuple[int, float], ...]
    size: float

    def size_at(self, now_ns: int) -> float:
        """Size that the fills until a time have left of it."""
        return self.size - sum(size for when, size in self.fills if when <= now_ns)


class _Open:
    """An own order while it rests, in ticks and lots."""

    def __init__(self, order_id, side, ticks, lots, start_ns, index):
        self.order_id, self.side, self.ticks, self.lots = order_id, side, ticks, lots
        self.first_lots = lots
        self.start_ns, self.index = start_ns, index
        self.fills: list[tuple[int, int]] = []


def own_orders(stream: Stream, owner: int = OWN) -> list[OwnRest]:
    """Where the orders of an owner rested, in order of their ends.

    Parameters
    ----------
    stream : Stream
        From :func:`lobsim.plots.stream.stream_of`.
    owner : int
        Whose orders; by default a market's own ones.

    Returns
    -------
    list of OwnRest
        Nothing for orders that were filled or cancelled at once.

    Notes
    -----
    The engine says what became of every message, so refused messages and the self-trade policy
    are accounted for. Orders that a fill rule keeps out of the book are in no message; see
    :func:`paper_orders`.
    """
    from lobsim.engine import OUTCOME, process

    messages = stream.messages
    if not (messages["owner"] == owner).any():
        return []
    outcomes = np.zeros(len(messages), OUTCOME)
    fills = process(new_book(stream), messages, outcomes)
    return _Story(stream, owner).told(messages, outcomes, fills)


class _Story:
    """Goes through own messages and own fills in the order in which they happened."""

    def __init__(self, stream: Stream, owner: int):
        from lobsim.engine import Kind
        from lobsim.engine.units import Grid

        self.owner, self.end_ns, self.kinds = owner, stream.end_ns, Kind
        self.tick, self.lot = Grid(stream.tick_size, "tick_size"), Grid(stream.lot_size, "lot_size")
        self.open: dict[int, _Open] = {}
        self.done: list[OwnRest] = []

    def told(self, messages, outcomes, fills) -> list[OwnRest]:
        own = np.flatnonzero((messages["owner"] == self.owner) & (outcomes["reject"] == 0))
        rested = fills[fills["maker_owner"] == self.owner]
        # A message fills resting orders before what is left of it rests: fills come first.
        events = sorted([(int(fill["message_index"]), 0, fill) for fill in rested]
                        + [(int(index), 1, None) for index in own], key=lambda event: event[:2])
        for index, is_message, fill in events:
            if is_message:
                self._message(messages[index], outcomes[index], index)
            else:
                self._fill(fill)
        for order in list(self.open.values()):
            self._close(order, max(self.end_ns, order.start_ns), "resting")
        return self.done

    def _fill(self, fill) -> None:
        order = self.open.get(int(fill["maker_id"]))
        if order is None:
            return
        order.fills.append((int(fill["time_ns"]), int(fill["size"])))
        order.lots = int(fill["maker_left"])
        if order.lots == 0:
            self._close(order, int(fill["time_ns"]), "filled")

    def _message(self, message, outcome, index) -> None:
        kind, order_id = int(message["kind"]), int(message["order_id"])
        now, resting = int(message["time_ns"]), int(outcome["resting"])
        order = self.open.get(order_id)
        side = int(message["side"]) if order is None else order.side
        ticks = int(message["price_ticks"])
        if outcome["self_cancelled"]:
            self._met_itself(side, int(outcome["self_cancelled"]), now, order)
        if kind in (self.kinds.LIMIT, self.kinds.POST_ONLY):
            if resting:
                self.open[order_id] = _Open(order_id, side, ticks, resting, now, index)
        elif order is None:
            return
        elif kind == self.kinds.REPLACE:
            self._replaced(order, message, ticks, resting, now, index)
        elif resting == 0:
            self._close(order, now, "cancelled")
        else:
            order.lots = resting

    def _replaced(self, order, message, ticks, resting, now, index) -> None:
        new_id = int(message["new_order_id"])
        new_id = order.order_id if new_id == -1 else new_id
        if ticks == order.ticks and resting:  # the same line goes on
            del self.open[order.order_id]
            order.order_id, order.lots = new_id, resting
            self.open[new_id] = order
            return
        self._close(order, now, "replaced")
        if resting:
            self.open[new_id] = _Open(new_id, order.side, ticks, resting, now, index)

    def _met_itself(self, side, lots, now, taker) -> None:
        """Own resting orders that the self-trade policy took away, in order of priority."""
        others = [order for order in self.open.values() if order.side == -side
                  and order is not taker]
        others.sort(key=lambda order: (side * order.ticks, order.index))
        for order in others:
            if lots < order.lots:
                return
            lots -= order.lots
            self._close(order, now, "cancelled")

    def _close(self, order, now, end) -> None:
        del self.open[order.order_id]
        fills = tuple((when, self.lot.value(lots)) for when, lots in order.fills)
        self.done.append(OwnRest(order.order_id, order.side, float(self.tick.value(order.ticks)),
                                 order.start_ns, now, end, fills,
                                 self.lot.value(order.first_lots)))


def paper_orders(market) -> list[OwnRest]:
    """The same for a market whose fill rule keeps own orders out of the book, from its reports.

    The reports do not name the side: an order that was accepted at or below the mid of that time
    is taken for a buy, where no fill of it tells.
    """
    reports, fills = market.reports, market.own_fills
    sides = dict(zip(fills["order_id"].tolist(), fills["side"].tolist(), strict=True))
    tops = market.record().tops
    now_ns = round(market.venue_s * NS)
    rests, done = {}, []
    for row in reports.itertuples():
        at_ns = round(row.time_s * NS)
        order = rests.get(row.order_id)
        if row.what == "accepted" and row.left > 0:
            if order is not None and order.price == row.price:
                continue
            if order is not None:
                done.append(order._replace(end_ns=at_ns, end="replaced"))
            side = sides.get(row.order_id) or _side_of(row.price, tops, at_ns)
            rests[row.order_id] = OwnRest(row.order_id, side, row.price, at_ns, now_ns, "resting",
                                          (), row.left)
        elif order is not None and row.what == "filled":
            order = order._replace(fills=(*order.fills, (at_ns, row.size)))
            rests[row.order_id] = order
        if order is not None and row.left == 0 and row.what in ("filled", "cancelled"):
            done.append(rests.pop(row.order_id)._replace(end_ns=at_ns, end=row.what))
    return done + list(rests.values())


def _side_of(price, tops, at_ns) -> int:
    row = int(np.searchsorted(tops["time_ns"].to_numpy(), at_ns, side="right")) - 1
    if row < 0:
        return 1
    return 1 if price <= 0.5 * (tops["bid"].iloc[row] + tops["ask"].iloc[row]) else -1
