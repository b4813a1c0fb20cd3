"""Lesson 00, exercises 0.1 to 0.4: reading the book, walking it, waiting in it."""

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance
from lobsim.engine import OrderBook

EXACT = Tolerance(rtol=1e-9, atol=1e-9, why="sums and a division: rounding only")
WHOLE = Tolerance(rtol=0.0, atol=0.0, why="ticks and shares are whole numbers")


def _ints(values):
    return np.array(values, dtype=np.int64)


def _book(bids=(), asks=()):
    """A lobsim book with one order per (ticks, size)."""
    book = OrderBook(tick_size=1.0, price_min=1, price_max=100_000)
    for side, levels in (("buy", bids), ("sell", asks)):
        for ticks, size in levels:
            book.limit(side, float(ticks), int(size))
    return book


# ------------------------------------------------------------------------- 0.1 top of the book


def reference_top(bid_ticks, bid_sizes, ask_ticks, ask_sizes):
    """The top as lobsim's own book shows it."""
    top = _book(zip(bid_ticks, bid_sizes), zip(ask_ticks, ask_sizes)).depth(1)
    has_bid, has_ask = len(top.bid_price) > 0, len(top.ask_price) > 0
    both = has_bid and has_ask
    return {
        "spread_ticks": round(float(top.ask_price[0] - top.bid_price[0])) if both else None,
        "mid_ticks": float(top.bid_price[0] + top.ask_price[0]) / 2 if both else None,
        "bid_size": int(top.bid_size[0]) if has_bid else None,
        "ask_size": int(top.ask_size[0]) if has_ask else None,
    }


def _top_case(bids, asks, note=""):
    def column(levels, i):
        return _ints([level[i] for level in levels])

    return Case({"bid_ticks": column(bids, 0), "bid_sizes": column(bids, 1),
                 "ask_ticks": column(asks, 0), "ask_sizes": column(asks, 1)}, note)


def _first_level(bid_ticks, bid_sizes, ask_ticks, ask_sizes):
    return {"spread_ticks": int(ask_ticks[0] - bid_ticks[0]),
            "mid_ticks": (bid_ticks[0] + ask_ticks[0]) / 2,
            "bid_size": int(bid_sizes[0]), "ask_size": int(ask_sizes[0])}


def _worst_bid(bid_ticks, bid_sizes, ask_ticks, ask_sizes):
    bid, ask = bid_ticks.argmin(), ask_ticks.argmin()
    return {"spread_ticks": int(ask_ticks[ask] - bid_ticks[bid]),
            "mid_ticks": (bid_ticks[bid] + ask_ticks[ask]) / 2,
            "bid_size": int(bid_sizes[bid]), "ask_size": int(ask_sizes[ask])}


def _swapped_sides(bid_ticks, bid_sizes, ask_ticks, ask_sizes):
    bid, ask = bid_ticks.argmin(), ask_ticks.argmax()
    return {"spread_ticks": int(ask_ticks[ask] - bid_ticks[bid]),
            "mid_ticks": (bid_ticks[bid] + ask_ticks[ask]) / 2,
            "bid_size": int(bid_sizes[bid]), "ask_size": int(ask_sizes[ask])}


def _with(change):
    def wrong(**inputs):
        right = reference_top(**inputs)
        return {**right, **change(right, inputs)}

    return wrong


def _weighted_mid(right, inputs):
    bid, ask = inputs["bid_ticks"].max(), inputs["ask_ticks"].min()
    total = right["bid_size"] + right["ask_size"]
    return {"mid_ticks": (bid * right["ask_size"] + ask * right["bid_size"]) / total}


def _random_books(rng):
    cases = []
    for _ in range(3):
        middle = int(rng.integers(5_000, 20_000))
        bids = middle - rng.permutation(np.arange(1, 9))[:5]
        asks = middle + rng.permutation(np.arange(0, 9))[:4]
        cases.append(_top_case([(p, 100 * int(rng.integers(1, 20))) for p in bids],
                               [(p, 100 * int(rng.integers(1, 20))) for p in asks]))
    return cases


TOP = Check(
    name="top_of_book", title="Read the top of the book", reference=reference_top,
    tolerance=EXACT, reread="section 1, the symbol table",
    parts=[
        Part("the small book, shuffled", 1.0, [_top_case(
            [(10_000, 400), (10_001, 250)], [(10_004, 300), (10_003, 300)],
            "the book of section 1; its first bid is not its best bid")], True,
            category="worked example"),
        Part("other books", 0.5, _random_books, False, category="other numbers"),
        Part("an empty side", 0.5, [
            _top_case([(10_001, 250)], [], "nobody sells"),
            _top_case([], [(10_004, 300)]), _top_case([], [])], False, category="edge cases"),
    ],
    mistakes=[
        Mistake("first_level", _first_level, "you take the first level of each side; the levels "
                "come in no particular order"),
        Mistake("worst_bid", _worst_bid, "you take the lowest bid; the best bid is the highest "
                "price that somebody pays"),
        Mistake("swapped_sides", _swapped_sides, "your best bid is the lowest and your best ask "
                "the highest; it is the other way round, the best prices are nearest the middle"),
        Mistake("whole_depth", _with(lambda r, i: {"bid_size": int(i["bid_sizes"].sum()),
                                                   "ask_size": int(i["ask_sizes"].sum())}),
                "your sizes are those of the whole side; only the best price is asked for"),
        Mistake("weighted_mid", _with(_weighted_mid), "your mid-price is weighted by size; the "
                "mid-price is the plain middle (the weighted one comes in lesson 02)"),
        Mistake("half_spread", _with(lambda r, i: {"spread_ticks": r["spread_ticks"] / 2}),
                "you return the half-spread; the spread is the whole distance"),
        Mistake("empty_side", None, "a side without orders has no best price: ask for it first "
                "and return None", error="ValueError"),
    ],
)

# ------------------------------------------------------------------------- 0.2 walk the book


def reference_walk(side, quantity, level_ticks, level_sizes):
    """What a market order pays in lobsim's own book."""
    levels = list(zip(level_ticks, level_sizes))
    book = _book(asks=levels) if side == "buy" else _book(bids=levels)
    fills = book.market(side, int(quantity)).fills
    filled = sum(fill.size for fill in fills)
    paid = sum(fill.price * fill.size for fill in fills)
    return (paid / filled if filled else None), filled


def _walk(order):
    """A walk in another order of levels, or with another divisor."""

    def wrong(side, quantity, level_ticks, level_sizes):
        levels, left, paid = order(side, list(zip(level_ticks, level_sizes))), quantity, 0
        for price, size in levels:
            traded = min(left, size)
            paid, left = paid + traded * price, left - traded
        return (paid / (quantity - left) if left < quantity else None), int(quantity - left)

    return wrong


def _all_at_best(side, quantity, level_ticks, level_sizes):
    best = level_ticks.min() if side == "buy" else level_ticks.max()
    return float(best), int(min(quantity, level_sizes.sum()))


def _divide_by_wanted(side, quantity, level_ticks, level_sizes):
    mean, filled = reference_walk(side, quantity, level_ticks, level_sizes)
    return mean * filled / quantity, filled


def _claims_all(side, quantity, level_ticks, level_sizes):
    return reference_walk(side, quantity, level_ticks, level_sizes)[0], int(quantity)


def _plain_mean(side, quantity, level_ticks, level_sizes):
    order, left, used = np.argsort(level_ticks)[:: 1 if side == "buy" else -1], quantity, []
    for i in order:
        if left > 0:
            used.append(level_ticks[i])
            left -= min(left, level_sizes[i])
    return float(np.mean(used)), int(quantity - left)


def _walk_case(side, quantity, levels, note=""):
    return Case({"side": side, "quantity": quantity, "level_ticks": _ints([p for p, _ in levels]),
                 "level_sizes": _ints([v for _, v in levels])}, note)


def _random_walks(rng):
    cases = []
    for side in ("buy", "sell", "buy"):
        prices = 10_000 + rng.permutation(20)[:6]
        levels = [(int(p), 100 * int(rng.integers(1, 9))) for p in prices]
        total = sum(v for _, v in levels)
        cases.append(_walk_case(side, int(rng.integers(total // 3, total - 50)), levels))
    return cases


WALK = Check(
    name="walk_the_book", title="What does a market order pay?", reference=reference_walk,
    tolerance=EXACT, reread="section 2",
    parts=[
        Part("the two orders of the text", 1.0, [
            _walk_case("buy", 450, [(10_004, 300), (10_003, 300)], "the 450 shares of section 2"),
            _walk_case("sell", 400, [(10_000, 400), (10_001, 250)], "the sale you predicted")],
            True, category="worked example"),
        Part("deeper books, both sides", 1.0, _random_walks, False, category="other numbers"),
        Part("more than the book holds", 0.5, [
            _walk_case("buy", 900, [(10_004, 300), (10_003, 300)], "only 600 shares are there")],
            True, category="edge cases"),
        Part("an empty book, one level exactly", 0.5, [
            _walk_case("sell", 100, []), _walk_case("sell", 400, [(9_999, 400), (9_998, 1)])],
            False, category="edge cases"),
    ],
    mistakes=[
        Mistake("all_at_best", _all_at_best, "you trade everything at the best price; when the "
                "first level is used up, the rest trades at the next one"),
        Mistake("wrong_way", _walk(lambda side, ls: sorted(ls, reverse=(side == "buy"))),
                "you start at the worst price; a buyer takes the lowest ask first, a seller the "
                "highest bid"),
        Mistake("sorted_as_buy", _walk(lambda side, ls: sorted(ls)),
                "you sort upwards for both sides; that is right for a buy, and this is a sell"),
        Mistake("as_given", _walk(lambda side, ls: ls),
                "you take the levels as they come; they are in no particular order"),
        Mistake("divide_by_wanted", _divide_by_wanted, "you divide by the shares wanted; the mean "
                "price is over the shares that traded"),
        Mistake("claims_all", _claims_all, "you report all the shares wanted as filled; the book "
                "held fewer"),
        Mistake("plain_mean", _plain_mean, "you average the prices of the levels without their "
                "sizes; each price counts as often as shares traded there"),
        Mistake("empty_book", None, "no share traded, so there is no mean price: return None "
                "before you divide", error="ZeroDivisionError"),
    ],
)

# ------------------------------------------------------------------------- 0.3 queue position


def reference_ahead(queue, my_id, events):
    """The place of the order as lobsim's book knows it."""
    book, ids = _book(), {}
    for order_id, size in queue:
        ids[order_id] = book.limit("buy", 10_000.0, int(size)).order_id
    for event in events:
        if event[0] == "cancel":
            book.cancel(ids[event[1]])
        elif event[0] == "join":
            ids[event[1]] = book.limit("buy", 10_000.0, int(event[2])).order_id
        else:
            book.market("sell", int(event[1]))
    waits = book.order(ids[my_id]) is not None
    return int(book.queue_position(ids[my_id])[0]) if waits else None


def _ahead_by(totals_cancel=False, trades_from_back=False, whole_orders=False):
    """A queue kept with one rule wrong."""

    def wrong(queue, my_id, events):
        waiting = [list(order) for order in queue]
        for event in events:
            if event[0] == "cancel":
                waiting = [o for o in waiting if o[0] != event[1]]
            elif event[0] == "join":
                waiting.append([event[1], event[2]])
            else:
                left = event[1]
                while left > 0 and waiting:
                    i = -1 if trades_from_back else 0
                    traded = min(left, waiting[i][1])
                    if whole_orders:
                        left -= waiting[i][1]
                        waiting.pop(i)
                        continue
                    waiting[i][1] -= traded
                    left -= traded
                    if waiting[i][1] == 0:
                        waiting.pop(i)
        ids = [o[0] for o in waiting]
        return sum(o[1] for o in waiting[: ids.index(my_id)]) if my_id in ids else None

    return wrong


def _ignores_trades(queue, my_id, events):
    return reference_ahead(queue, my_id, [e for e in events if e[0] != "trade"])


def _ignores_cancels(queue, my_id, events):
    return reference_ahead(queue, my_id, [e for e in events if e[0] != "cancel"])


def _counts_cancels_behind(queue, my_id, events):
    sizes = dict(queue) | {e[1]: e[2] for e in events if e[0] == "join"}
    ahead, seen = 0, False
    for order_id, size in queue:
        seen = seen or order_id == my_id
        ahead += 0 if seen else size
    for event in events:
        ahead -= {"cancel": lambda e: sizes[e[1]], "trade": lambda e: e[1],
                  "join": lambda e: 0}[event[0]](event)
    return max(ahead, 0)


def _with_own_size(queue, my_id, events):
    ahead = reference_ahead(queue, my_id, events)
    return ahead if ahead is None else ahead + dict(queue)[my_id]


def _zero_when_gone(queue, my_id, events):
    ahead = reference_ahead(queue, my_id, events)
    return 0 if ahead is None else ahead


def _ahead_case(queue, my_id, events, note=""):
    return Case({"queue": list(queue), "my_id": my_id, "events": list(events)}, note)


def _random_queues(rng):
    cases = []
    for _ in range(4):
        queue = [(i, 100 * int(rng.integers(1, 8))) for i in range(1, 9)]
        mine, live, events = 6, {i for i, _ in queue}, []
        for k in range(6):
            what = rng.random()
            if what < 0.4:
                candidates = sorted(live - {mine})
                gone = int(rng.choice(candidates))
                live.discard(gone)
                events.append(("cancel", gone))
            elif what < 0.7:
                events.append(("join", 20 + k, 100 * int(rng.integers(1, 8))))
            else:
                # small enough that no order behind `mine` trades and cancels stay possible
                events.append(("trade", int(rng.integers(20, 90))))
        cancelled = [e[1] for e in events if e[0] == "cancel"]
        first = min(i for i, _ in queue)
        if first in cancelled:  # the front must still be there when it is cancelled
            events.sort(key=lambda e: e != ("cancel", first))
        cases.append(_ahead_case(queue, mine, events))
    return cases


AHEAD = Check(
    name="shares_ahead", title="Where am I in the queue?", reference=reference_ahead,
    tolerance=WHOLE, reread="section 4, the three things that can happen",
    parts=[
        Part("the queue of the text", 1.0, [
            _ahead_case([(1, 200), (2, 50), (3, 100)], 3,
                        [("cancel", 2), ("join", 4, 500), ("trade", 120)],
                        "the three events of section 4"),
            _ahead_case([(1, 200), (2, 100), (3, 300)], 2, [("cancel", 3)],
                        "a cancellation behind you")], True, category="worked example"),
        Part("longer stories", 1.0, _random_queues, False, category="other numbers"),
        Part("filled, cancelled, partly filled", 1.0, [
            _ahead_case([(1, 200), (2, 100)], 2, [("trade", 300)], "all of yours trades"),
            _ahead_case([(1, 200), (2, 100), (3, 300)], 2, [("trade", 250)],
                        "half of yours trades, a larger order is behind you"),
            _ahead_case([(1, 200), (2, 100)], 2, [("cancel", 2)], "you cancel"),
            _ahead_case([(7, 100)], 7, [])], False, category="edge cases"),
    ],
    mistakes=[
        Mistake("ignores_trades", _ignores_trades, "trades do not move you up; they fill the "
                "front of the queue, which is in front of you"),
        Mistake("ignores_cancels", _ignores_cancels, "cancellations in front of you do not move "
                "you up, but they should"),
        Mistake("counts_cancels_behind", _counts_cancels_behind, "a cancellation behind you moves "
                "you up; only those in front of you count"),
        Mistake("trades_from_back", _ahead_by(trades_from_back=True), "trades fill the youngest "
                "order first; at one price the oldest goes first"),
        Mistake("whole_orders", _ahead_by(whole_orders=True), "a trade removes whole orders; the "
                "last one that it meets may be filled only in part"),
        Mistake("with_own_size", _with_own_size, "your own shares are counted; only those in "
                "front of you are asked for"),
        Mistake("zero_when_gone", _zero_when_gone, "an order that is filled or cancelled has no "
                "place any more: None, not 0 (0 means that you are first)"),
    ],
)

# ------------------------------------------------------------------------- 0.4 find the bug


def reference_filled(my_size, shares_ahead_at_join, trade_ticks, trade_sizes, my_ticks):
    """Trade by trade: what comes at my price eats the queue ahead, then me."""
    ahead, filled = shares_ahead_at_join, 0
    for ticks, size in zip(trade_ticks, trade_sizes):
        if ticks < my_ticks:
            return int(my_size)
        if ticks == my_ticks:
            eaten = min(ahead, size)
            ahead -= eaten
            filled += min(my_size - filled, size - eaten)
    return int(filled)


def _touch_is_fill(my_size, shares_ahead_at_join, trade_ticks, trade_sizes, my_ticks):
    return int(my_size) if (trade_ticks <= my_ticks).any() else 0


def _no_queue(my_size, shares_ahead_at_join, trade_ticks, trade_sizes, my_ticks):
    return reference_filled(my_size, 0, trade_ticks, trade_sizes, my_ticks)


def _all_or_nothing(my_size, shares_ahead_at_join, trade_ticks, trade_sizes, my_ticks):
    right = reference_filled(my_size, shares_ahead_at_join, trade_ticks, trade_sizes, my_ticks)
    return int(my_size) if right > 0 else 0


def _only_if_complete(my_size, shares_ahead_at_join, trade_ticks, trade_sizes, my_ticks):
    right = reference_filled(my_size, shares_ahead_at_join, trade_ticks, trade_sizes, my_ticks)
    return int(my_size) if right == my_size else 0


def _counts_better_prices(my_size, shares_ahead_at_join, trade_ticks, trade_sizes, my_ticks):
    if (trade_ticks < my_ticks).any():
        return int(my_size)
    return int(min(my_size, max(0, trade_sizes.sum() - shares_ahead_at_join)))


def _forgets_through(my_size, shares_ahead_at_join, trade_ticks, trade_sizes, my_ticks):
    at = int(trade_sizes[trade_ticks == my_ticks].sum())
    return int(min(my_size, max(0, at - shares_ahead_at_join)))


def _fill_case(my_size, ahead, trades, my_ticks=10_001, note=""):
    return Case({"my_size": my_size, "shares_ahead_at_join": ahead,
                 "trade_ticks": _ints([t for t, _ in trades]),
                 "trade_sizes": _ints([v for _, v in trades]), "my_ticks": my_ticks}, note)


def _random_fills(rng):
    cases = []
    for k in range(5):
        mine, ahead = 100 * int(rng.integers(2, 9)), 100 * int(rng.integers(2, 9))
        at_mine = ahead + int(rng.integers(-100, mine + 100))
        trades = [(10_001, at_mine // 2), (10_002, 300), (10_001, at_mine - at_mine // 2)]
        cases.append(_fill_case(mine, ahead, trades + ([(10_000, 10)] if k == 4 else [])))
    return cases


FILLED = Check(
    name="filled_shares", title="A backtest says you were filled", reference=reference_filled,
    tolerance=WHOLE, reread="section 5",
    parts=[
        Part("the queue of the text", 1.0, [
            _fill_case(100, 250, [(10_001, 100)], note="100 trade, and 250 are ahead of you"),
            _fill_case(100, 250, [(10_001, 200), (10_001, 90)], note="290 trade, 250 ahead")],
            True, category="worked example"),
        Part("prices around yours", 1.0, [
            _fill_case(100, 250, [(10_002, 400), (10_001, 30)],
                       note="most sells hit a better bid"),
            _fill_case(100, 250, [(10_001, 10), (10_000, 10)], note="the price goes through you")],
            True, category="prices"),
        Part("other days", 1.0, _random_fills, False, category="other numbers"),
    ],
    mistakes=[
        Mistake("touch_is_fill", _touch_is_fill, "this is still touch = fill: a trade at your "
                "price fills the shares ahead of you first"),
        Mistake("no_queue", _no_queue, "you count what trades at your price, but from the first "
                "share on; the shares ahead of you come first"),
        Mistake("all_or_nothing", _all_or_nothing, "you are filled completely as soon as the "
                "queue ahead is gone; a trade may fill only a part of yours"),
        Mistake("only_if_complete", _only_if_complete, "partial fills are missing: what is left "
                "of a trade after the queue ahead is yours, even if it is not all you want"),
        Mistake("counts_better_prices", _counts_better_prices, "trades above your price are "
                "counted; they hit a better bid and never reached your level"),
        Mistake("forgets_through", _forgets_through, "a trade below your price is missing: if "
                "the price went through you, your whole level was gone"),
    ],
)

CHECKS = [TOP, WALK, AHEAD, FILLED]
