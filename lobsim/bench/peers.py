"""Other matching engines that Python can call, each fed the same messages in its best form.

A peer is never needed: what is not installed is left out. Each adapter prepares everything
that can be prepared outside the timed part (lists of Python numbers, bound methods), sends an
immediate-or-cancel order in the way that costs the peer least, and hands back the fills that
the peer reported. Whether those are the right fills is for `lobsim.bench.engine` to judge.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NamedTuple

import numpy as np

from lobsim.engine.codes import Kind

__all__ = ["CALLS", "PEERS", "PEER_FILL", "Peer", "Prepared", "installed_version"]

PEER_FILL = np.dtype(
    [("price_ticks", np.int64), ("size", np.int64), ("maker_id", np.int64), ("taker_id", np.int64)]
)


class Prepared(NamedTuple):
    """One run of a peer, ready to start on an empty book."""

    run: Callable[[], None]  # what is timed
    fills: Callable[[], np.ndarray | None]  # after the run: `PEER_FILL`, None = not reported
    book: Callable[[], tuple] | None = None  # best bid and ask, lots bid and asked, after the run


class Peer(NamedTuple):
    """A package with a matching engine and the way to drive it."""

    package: str  # as pip knows it
    form: str  # in which messages are handed over: `CALLS`, or what else it is
    prepare: Callable[[np.ndarray], Prepared]


def installed_version(package: str) -> str | None:
    """Version of an installed package, else None."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _rows(messages: np.ndarray) -> list[tuple[bool, bool, bool, int, int, int]]:
    """Is it a cancel, does it take, does it buy; order id, price, size; as Python values."""
    kind = messages["kind"]
    columns = (
        kind == Kind.CANCEL, (kind == Kind.IOC) | (kind == Kind.MARKET), messages["side"] == 1,
        messages["order_id"], messages["price_ticks"], messages["size"],
    )  # fmt: skip
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _play(calls: list[tuple[Callable, tuple]]) -> None:
    for function, arguments in calls:
        function(*arguments)


def _fills(rows: list[tuple]) -> np.ndarray:
    return np.array(rows, PEER_FILL) if rows else np.zeros(0, PEER_FILL)


def _own_ids(messages: np.ndarray, first: int) -> tuple[np.ndarray, np.ndarray]:
    """Ids as a peer gives them that counts new orders from `first`.

    Returns the peer's id of each message, and the stream's id of each order in the peer's order.
    """
    is_new = messages["kind"] != Kind.CANCEL
    given = np.zeros(len(messages) + 2, np.int64)
    ids = messages["order_id"][is_new].astype(np.int64)
    given[ids] = first + np.arange(len(ids))
    return given[messages["order_id"]], ids


def limit_order_book(messages: np.ndarray) -> Prepared:
    """Kautenja's limit-order-book: one call a message; says nothing about fills."""
    book = import_module("limit_order_book").LimitOrderBook()
    calls: list[tuple[Callable, tuple]] = []
    for is_cancel, takes, buys, order_id, price, size in _rows(messages):
        if is_cancel:
            calls.append((book.cancel, (order_id,)))
        elif takes:
            calls.append((book.market_buy if buys else book.market_sell, (order_id, size)))
        else:
            calls.append((book.limit_buy if buys else book.limit_sell, (order_id, size, price)))
    return Prepared(
        lambda: _play(calls),
        lambda: None,
        lambda: (book.best_buy(), book.best_sell(), book.volume_buy(), book.volume_sell()),
    )


def orderly_chaos(messages: np.ndarray) -> Prepared:
    """orderly-chaos: one call a message, fills through a callback."""
    package = import_module("orderly_chaos")
    trades: list[Any] = []
    book = package.LimitOrderBook(on_trade=trades.append)
    calls: list[tuple[Callable, tuple]] = []
    for is_cancel, takes, buys, order_id, price, size in _rows(messages):
        side = package.Side.BUY if buys else package.Side.SELL
        if is_cancel:
            calls.append((book.cancel, (order_id,)))
        elif takes:
            calls.append((book.market, (side, order_id, size)))
        else:
            calls.append((book.limit, (side, order_id, size, price)))
    return Prepared(
        lambda: _play(calls),
        lambda: _fills([(t.price, t.quantity, t.maker_id, t.taker_id) for t in trades]),
    )


def bourse(messages: np.ndarray) -> Prepared:
    """bourse's order book: one call a message, and one for the time, which orders its queues."""
    book = import_module("bourse").core.OrderBook(0, 1, True)
    peer_ids, stream_ids = _own_ids(messages, 0)
    calls: list[tuple[Callable, tuple]] = []
    found: list[tuple] = []
    for now, (peer_id, row) in enumerate(zip(peer_ids.tolist(), _rows(messages), strict=True)):
        is_cancel, takes, buys, _, price, size = row
        calls.append((book.set_time, (now,)))
        if is_cancel:
            calls.append((book.cancel_order, (peer_id,)))
        else:
            calls.append((book.place_order, (buys, size, 0, None if takes else price)))

    def run() -> None:
        _play(calls)
        found.extend(book.get_trades())

    return Prepared(
        run,
        lambda: _fills([
            (price, size, stream_ids[passive], stream_ids[active])
            for _, _, price, size, active, passive in found
        ]),
    )  # fmt: skip


def bourse_arrays(messages: np.ndarray) -> Prepared:
    """bourse's step environment: all messages as arrays, which it shuffles by design."""
    env = import_module("bourse").core.StepEnvNumpy(1, 0, 1, len(messages) + 1)
    peer_ids, stream_ids = _own_ids(messages, 0)
    is_cancel = messages["kind"] == Kind.CANCEL
    instructions = (
        np.where(is_cancel, 2, 1).astype(np.uint32),
        messages["side"] == 1,
        messages["size"].astype(np.uint32),
        np.zeros(len(messages), np.uint32),
        messages["price_ticks"].astype(np.uint32),
        np.where(is_cancel, peer_ids, 0).astype(np.uint64),
    )
    found: list[tuple] = []

    def run() -> None:
        env.submit_instructions(instructions)
        env.step()
        found.extend(env.get_trades())

    return Prepared(
        run,
        lambda: _fills([
            (price, size, stream_ids[passive], stream_ids[active])
            for _, _, price, size, active, passive in found
        ]),
    )  # fmt: skip


def obook(messages: np.ndarray) -> Prepared:
    """obook: one call a message, its events fetched after each."""
    package = import_module("obook")
    book = package.Book(max_orders=len(messages) + 1)
    peer_ids, stream_ids = _own_ids(messages, 1)
    calls: list[tuple[Callable, tuple]] = []
    for peer_id, row in zip(peer_ids.tolist(), _rows(messages), strict=True):
        is_cancel, takes, buys, order_id, price, size = row
        side = package.BUY if buys else package.SELL
        # Each order its own user, because a user does not trade with himself there.
        if is_cancel:
            calls.append((book.cancel, (peer_id, order_id)))
        elif takes:
            calls.append(
                (book.submit, (order_id, side, price, size, package.LIMIT, package.IOC))
            )
        else:
            calls.append((book.submit, (order_id, side, price, size)))
    events: list[Any] = []

    def run() -> None:
        for function, arguments in calls:
            function(*arguments)
            # Fetched later, the trades of several messages come out as copies of the last (0.1.0).
            events.extend(book.events())

    return Prepared(
        run,
        lambda: _fills([
            (e.price, e.qty, stream_ids[e.maker_id - 1], stream_ids[e.taker_id - 1])
            for e in events if e.kind == package.EventKind.TRADE
        ]),
    )  # fmt: skip


def liquibook(messages: np.ndarray) -> Prepared:
    """liquibook's Python wrapper: one call a message on order objects, fills by callback."""
    package = import_module("liquibook")
    found: list[tuple] = []

    class Listener(package.OrderListener):  # every callback must exist
        def __init__(self):
            package.OrderListener.__init__(self)

        def _ignore(self, *_) -> None:
            pass

        on_accept = on_reject = on_cancel = on_cancel_reject = on_replace = _ignore
        on_replace_reject = on_trigger_stop = _ignore

        def on_fill(self, inbound, resting, size, price) -> None:
            inbound.fill(size, price, 0)
            resting.fill(size, price, 0)
            found.append((price, size, resting.order_id_, inbound.order_id_))

    class Depth(package.DepthListener):
        def __init__(self):
            package.DepthListener.__init__(self)

        def on_depth_change(self, book, depth) -> None:
            pass

    class Best(package.DepthOrderBookBboListener):
        def __init__(self):
            package.DepthOrderBookBboListener.__init__(self)

        def on_bbo_change(self, book, depth) -> None:
            pass

    book = package.DepthOrderBook()
    listeners = (Listener(), Depth(), Best())
    book.set_order_listener(listeners[0])
    book.set_depth_listener(listeners[1])
    book.set_bbo_listener(listeners[2])
    orders: dict[int, Any] = {}
    stream_ids: dict[int, int] = {}
    calls: list[tuple[Callable, tuple]] = []
    for is_cancel, takes, buys, order_id, price, size in _rows(messages):
        if is_cancel:
            calls.append((book.cancel, (orders[order_id],)))
            continue
        conditions = package.oc_immediate_or_cancel if takes else package.oc_no_conditions
        order = package.SimpleOrder(buys, price, size, 0, conditions)
        orders[order_id] = order
        stream_ids[order.order_id_] = order_id
        calls.append((book.add, (order, conditions)))

    def fills(alive=listeners) -> np.ndarray:  # the book does not own its listeners
        return _fills([(p, s, stream_ids[m], stream_ids[t]) for p, s, m, t in found])

    return Prepared(lambda: _play(calls), fills)


def lightmatchingengine(messages: np.ndarray) -> Prepared:
    """lightmatchingengine, plain Python: one call a message; what a taker leaves is cancelled."""
    package = import_module("lightmatchingengine.lightmatchingengine")
    engine = package.LightMatchingEngine()
    peer_ids, stream_ids = _own_ids(messages, 1)
    rows = list(zip(peer_ids.tolist(), _rows(messages), strict=True))
    found: list[tuple[int, list]] = []

    def run() -> None:
        add, cancel = engine.add_order, engine.cancel_order
        buy, sell = package.Side.BUY, package.Side.SELL
        for peer_id, (is_cancel, takes, buys, order_id, price, size) in rows:
            if is_cancel:
                cancel(peer_id, "X")
                continue
            order, trades = add("X", price, size, buy if buys else sell)
            if trades:
                found.append((order_id, trades))
            if takes and order.leaves_qty:
                cancel(peer_id, "X")

    def fills() -> np.ndarray:
        # It reports the taker's trade of a price first, then the makers' trades.
        return _fills([
            (trade.trade_price, trade.trade_qty, stream_ids[trade.order_id - 1], taker)
            for taker, trades in found
            for trade in trades if stream_ids[trade.order_id - 1] != taker
        ])  # fmt: skip

    return Prepared(run, fills)


CALLS = "a call a message"
PEERS = (
    Peer("limit-order-book", CALLS, limit_order_book),
    Peer("bourse", CALLS, bourse),
    Peer("bourse", "arrays, shuffled", bourse_arrays),
    Peer("orderly-chaos", CALLS, orderly_chaos),
    Peer("obook", CALLS, obook),
    Peer("liquibook", CALLS, liquibook),
    Peer("lightmatchingengine", CALLS, lightmatchingengine),
)
