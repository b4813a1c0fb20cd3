"""Lesson 00, exercises 0.5 to 0.7: the matching engine, fees, latency."""

import numpy as np

from lobsim.course.declare import Case, Check, Mistake, Part, Tolerance
from lobsim.engine import KEEP_ID, Kind, OrderBook, empty_messages

EXACT = Tolerance(rtol=1e-9, atol=1e-9, why="sums: rounding only")
WHOLE = Tolerance(rtol=0.0, atol=0.0, why="ticks and shares are whole numbers")


def _ints(values):
    return np.array(values, dtype=np.int64)


# ------------------------------------------------------------------------- 0.5 matching engine


def reference_match(orders):
    """lobsim's own fills for the same stream."""
    if not orders:
        return []
    messages = empty_messages(len(orders))
    kinds = {"limit": Kind.LIMIT, "market": Kind.MARKET, "cancel": Kind.CANCEL}
    for message, order in zip(messages, orders):
        message["order_id"], message["kind"] = order["id"], kinds[order["kind"]]
        message["side"] = {"buy": 1, "sell": -1}.get(order.get("side"), 0)
        message["price_ticks"], message["size"] = order.get("price", 0), order.get("size", 0)
        message["new_order_id"] = KEEP_ID
    fills = OrderBook(tick_size=1.0, price_min=1, price_max=100_000).process(messages)
    return [tuple(int(fill[name]) for name in ("taker_id", "maker_id", "price_ticks", "size"))
            for fill in fills]


def _engine(youngest_first=False, strict=False, taker_price=False, market_rests=False,
            forgets_rest=False, no_cancel=False, one_level=False, time_only=False):
    """A small engine with one rule wrong."""

    def wrong(orders):
        bids, asks, fills = {}, {}, []
        for order in orders:
            if order["kind"] == "cancel":
                for levels in (bids, asks) if not no_cancel else ():
                    for price in list(levels):
                        levels[price] = [o for o in levels[price] if o[0] != order["id"]]
                        if not levels[price]:
                            del levels[price]
                continue
            buys, limit = order["side"] == "buy", order.get("price")
            own, other, best = (bids, asks, min) if buys else (asks, bids, max)
            left, first_price = order["size"], None
            while left and other:
                price = next(iter(other)) if time_only else best(other)
                sign = 1 if buys else -1
                if limit is not None and sign * (price - limit) > (-1 if strict else 0):
                    break
                if one_level and first_price not in (None, price):
                    break
                first_price = price
                queue = other[price]
                i = -1 if youngest_first else 0
                traded = min(left, queue[i][1])
                shown = limit if taker_price and limit is not None else price
                fills.append((order["id"], queue[i][0], shown, traded))
                left -= traded
                queue[i][1] -= traded
                if queue[i][1] == 0:
                    queue.pop(i)
                if not queue:
                    del other[price]
            if left and not forgets_rest:
                if limit is not None:
                    own.setdefault(limit, []).append([order["id"], left])
                elif market_rests and first_price is not None:
                    own.setdefault(first_price, []).append([order["id"], left])
        return fills

    return wrong


def _swapped_ids(orders):
    return [(maker, taker, price, size) for taker, maker, price, size in reference_match(orders)]


def _limit(order_id, side, price, size):
    return {"id": order_id, "kind": "limit", "side": side, "price": price, "size": size}


def _market(order_id, side, size):
    return {"id": order_id, "kind": "market", "side": side, "size": size}


def _cancel(order_id):
    return {"id": order_id, "kind": "cancel"}


EXAMPLE = [_limit(1, "sell", 10_004, 300), _limit(2, "sell", 10_003, 100),
           _limit(3, "sell", 10_003, 200), _limit(4, "buy", 10_003, 250), _cancel(3),
           _market(5, "buy", 400)]


def random_stream(rng, n_orders=60):
    """Limit, market and cancel messages around 10,000 ticks, crossing often."""
    orders, used = [], []
    for order_id in range(1, n_orders + 1):
        kind, side = rng.random(), str(rng.choice(["buy", "sell"]))
        if kind < 0.62 or len(used) < 5:
            away = int(rng.integers(-2, 6))
            price = 10_000 - away if side == "buy" else 10_000 + away
            orders.append(_limit(order_id, side, price, 10 * int(rng.integers(1, 30))))
            used.append(order_id)
        elif kind < 0.8:
            orders.append(_market(order_id, side, 10 * int(rng.integers(1, 40))))
        else:
            orders.append(_cancel(int(rng.choice(used))))
    return orders


def _public_streams(rng):
    return [Case({"orders": random_stream(np.random.default_rng(seed), 30)},
                 f"a random stream of 30 messages (number {seed})") for seed in (1, 2)]


def _own_streams(rng):
    return [Case({"orders": random_stream(rng, 120)}) for _ in range(4)]


MATCH = Check(
    name="match", title="A matching engine in thirty lines", reference=reference_match,
    tolerance=WHOLE,
    reread="section 3 for what rests, section 4 for who is first, the five rules of section 6",
    parts=[
        Part("the example of section 6", 1.0, [Case({"orders": EXAMPLE}, "the six messages")],
             True, category="worked example"),
        Part("rule by rule", 2.0, [
            Case({"orders": [_limit(1, "buy", 100, 10), _limit(2, "buy", 100, 10),
                             _market(3, "sell", 10)]}, "two orders at one price: the older first"),
            Case({"orders": [_limit(1, "sell", 101, 10), _limit(2, "sell", 100, 10),
                             _limit(3, "buy", 105, 10)]}, "the best price, at the maker's price"),
            Case({"orders": [_limit(1, "sell", 100, 10), _limit(2, "buy", 100, 30),
                             _limit(3, "sell", 100, 5)]}, "what is left of a limit order rests"),
            Case({"orders": [_limit(1, "sell", 100, 10), _market(2, "buy", 30),
                             _limit(3, "sell", 100, 5)]},
                 "what is left of a market order does not rest")], True, category="rules",
             partial=True),
        Part("random streams", 1.0, _public_streams, True, category="other numbers"),
        Part("longer streams of your own", 1.0, _own_streams, False, category="other numbers"),
        Part("nothing to do, unknown ids, cancelled twice", 1.0, [
            Case({"orders": []}),
            Case({"orders": [_cancel(9), _limit(1, "buy", 100, 10), _cancel(1), _cancel(1),
                             _market(2, "sell", 10)]}),
            Case({"orders": [_limit(1, "sell", 100, 10), _limit(2, "sell", 101, 10),
                             _limit(3, "sell", 102, 10), _market(4, "buy", 35), _cancel(99),
                             _limit(5, "sell", 102, 5), _limit(6, "buy", 103, 5)]})],
             False, category="edge cases"),
    ],
    mistakes=[
        Mistake("youngest_first", _engine(youngest_first=True), "at one price your engine fills "
                "the youngest order first; the oldest has priority"),
        Mistake("time_only", _engine(time_only=True), "your engine trades with the price that came "
                "first; the best price comes before the oldest order"),
        Mistake("taker_price", _engine(taker_price=True), "your trades happen at the incoming "
                "order's price; they happen at the resting order's price"),
        Mistake("strict", _engine(strict=True), "a limit order at exactly the best opposite price "
                "does not trade in your engine; equal prices do trade"),
        Mistake("market_rests", _engine(market_rests=True), "what is left of a market order rests "
                "in your book; a market order never rests"),
        Mistake("forgets_rest", _engine(forgets_rest=True), "what is left of a limit order "
                "disappears; it must rest at its price"),
        Mistake("no_cancel", _engine(no_cancel=True), "cancelled orders still trade in your "
                "engine"),
        Mistake("one_level", _engine(one_level=True), "your engine stops after the first price; an "
                "order goes on to the next level while it has size and its price allows"),
        Mistake("swapped_ids", _swapped_ids, "your fills name maker and taker the wrong way "
                "round: the incoming order (taker) comes first"),
        Mistake("empty_side", None, "your engine asks an empty side of the book for its best "
                "price; look first whether anybody is there", error="ValueError"),
    ],
)

# ------------------------------------------------------------------------- 0.6 fees


def reference_all_in(side, price, is_maker, taker_fee, maker_rebate):
    """Cash of one share: a fee is money that goes away on either side."""
    cash = -price if side == "buy" else price
    cash += maker_rebate if is_maker else -taker_fee
    return abs(cash)


def _fee_case(side, price, is_maker, taker_fee=0.003, maker_rebate=0.002, note=""):
    return Case({"side": side, "price": price, "is_maker": is_maker, "taker_fee": taker_fee,
                 "maker_rebate": maker_rebate}, note)


def _all_in_by(fee_of, sign_of):
    def wrong(side, price, is_maker, taker_fee, maker_rebate):
        return price + sign_of(side) * fee_of(is_maker, taker_fee, maker_rebate)

    return wrong


def _buy_sign(side):
    return 1 if side == "buy" else -1


def _random_fees(rng):
    return [_fee_case(side, round(float(rng.uniform(5, 500)), 2), maker,
                      round(float(rng.uniform(0.0005, 0.003)), 4),
                      round(float(rng.uniform(0.0005, 0.0025)), 4))
            for side in ("buy", "sell") for maker in (True, False)]


FEES = Check(
    name="all_in_price", title="The price after fees", reference=reference_all_in,
    tolerance=EXACT, reread="section 8",
    parts=[
        Part("all four ways to trade", 1.0, [
            _fee_case("buy", 100.03, False, note="a buyer who takes"),
            _fee_case("buy", 100.01, True, note="a buyer who makes"),
            _fee_case("sell", 100.01, False, note="a seller who takes"),
            _fee_case("sell", 100.03, True, note="a seller who makes")], True,
            category="worked example", partial=True),
        Part("other venues", 0.5, _random_fees, False, category="other numbers"),
        Part("an inverted venue, no fees", 0.5, [
            _fee_case("buy", 20.0, True, -0.002, -0.003), _fee_case("sell", 20.0, False, 0.0, 0.0),
            _fee_case("sell", 20.0, True, -0.002, -0.003)], False, category="edge cases"),
    ],
    mistakes=[
        Mistake("same_for_both", _all_in_by(lambda m, t, r: -r if m else t, lambda side: 1),
                "a fee makes a sale cheaper, not dearer: subtract it from what the seller gets"),
        Mistake("rebate_is_fee", _all_in_by(lambda m, t, r: r if m else t, _buy_sign),
                "the rebate has the wrong sign: the venue pays it to the maker"),
        Mistake("fee_is_income", _all_in_by(lambda m, t, r: r if m else -t, _buy_sign),
                "your fees help the trader; they always hurt"),
        Mistake("always_taker", _all_in_by(lambda m, t, r: t, _buy_sign),
                "makers pay the taker's fee in your answer; they get the rebate"),
        Mistake("roles_swapped", _all_in_by(lambda m, t, r: t if m else -r, _buy_sign),
                "maker and taker are the wrong way round: the maker is the one who was resting"),
    ],
)

# ------------------------------------------------------------------------- 0.7 latency


def reference_arrival(times_ns, ask_ticks, decision_ns, feed_delay_ns, order_delay_ns):
    """Walk through the recording and remember the last change at or before each moment."""
    seen = met = None
    for time_ns, ticks in zip(times_ns, ask_ticks):
        if time_ns <= decision_ns - feed_delay_ns:
            seen = int(ticks)
        if time_ns <= decision_ns + order_delay_ns:
            met = int(ticks)
    return seen, met


def _arrival_by(seen_at, met_at, side="right", guard=True):
    def wrong(times_ns, ask_ticks, decision_ns, feed_delay_ns, order_delay_ns):
        def ask_at(moment_ns):
            row = np.searchsorted(times_ns, moment_ns, side=side) - 1
            return int(ask_ticks[row]) if row >= 0 or not guard else None

        delays = (decision_ns, feed_delay_ns, order_delay_ns)
        return ask_at(seen_at(*delays)), ask_at(met_at(*delays))

    return wrong


def _seen(decision_ns, feed_ns, order_ns):
    return decision_ns - feed_ns


def _met(decision_ns, feed_ns, order_ns):
    return decision_ns + order_ns


def _next_change(times_ns, ask_ticks, decision_ns, feed_delay_ns, order_delay_ns):
    def ask_at(moment_ns):
        row = min(np.searchsorted(times_ns, moment_ns), len(times_ns) - 1)
        return int(ask_ticks[row])

    return ask_at(decision_ns - feed_delay_ns), ask_at(decision_ns + order_delay_ns)


def _arrival_case(times_us, ticks, decision_us, feed_us, order_us, note=""):
    return Case({"times_ns": _ints(times_us) * 1_000, "ask_ticks": _ints(ticks),
                 "decision_ns": decision_us * 1_000, "feed_delay_ns": feed_us * 1_000,
                 "order_delay_ns": order_us * 1_000}, note)


def _random_arrivals(rng):
    cases = []
    for _ in range(5):
        times = np.sort(rng.choice(5_000, size=40, replace=False))
        # every change is a new price, so that a wrong row always shows
        ticks = 10_000 + np.cumsum(rng.choice([-2, -1, 1, 2], size=40))
        cases.append(_arrival_case(times, ticks, int(rng.integers(1_500, 4_000)),
                                   int(rng.integers(100, 900)), int(rng.integers(100, 900))))
    return cases


ARRIVAL = Check(
    name="price_on_arrival", title="Seen and met", reference=reference_arrival,
    tolerance=WHOLE, reread="section 9",
    parts=[
        Part("one change on the way", 1.0, [
            _arrival_case([0, 400, 1_000, 1_300], [10_003, 10_004, 10_005, 10_006], 900, 300, 200,
                          "you decide at 900 microseconds; the ask rises at 1,000")], True,
            category="worked example"),
        Part("other recordings", 1.0, _random_arrivals, False, category="other numbers"),
        Part("at exactly the moment", 0.5, [
            _arrival_case([0, 600, 1_100], [10_003, 10_004, 10_005], 900, 300, 200,
                          "changes at exactly both moments")], True, category="edge cases"),
        Part("before the recording begins", 0.5, [
            _arrival_case([500, 700], [10_003, 10_004], 600, 300, 10),
            _arrival_case([500, 700], [10_003, 10_004], 100, 50, 50)], False,
            category="edge cases"),
    ],
    mistakes=[
        Mistake("no_latency", _arrival_by(lambda d, f, o: d, lambda d, f, o: d),
                "both prices are those of the moment of decision; what you see is older, and what "
                "you meet is newer"),
        Mistake("swapped", _arrival_by(_met, _seen), "seen and met are the wrong way round"),
        Mistake("feed_ahead", _arrival_by(lambda d, f, o: d + f, _met), "your screen shows the "
                "future: subtract the feed delay from the moment of decision"),
        Mistake("order_behind", _arrival_by(_seen, lambda d, f, o: d - o), "your order arrives "
                "before you sent it: add the order delay"),
        Mistake("delays_added", _arrival_by(_seen, lambda d, f, o: d - f + o), "the order leaves "
                "when you decide, not when the book you saw was made: met is at decision + order "
                "delay"),
        Mistake("left_side", _arrival_by(_seen, _met, side="left"), "a change at exactly the "
                "moment has happened; use side='right' in searchsorted"),
        Mistake("next_change", _next_change, "you take the next change; the price in force is the "
                "last change at or before the moment"),
        Mistake("index_minus_one", _arrival_by(_seen, _met, guard=False), "before the first change "
                "there is no price: index -1 gives the last price of the day, a look-ahead"),
    ],
)

CHECKS = [MATCH, FEES, ARRIVAL]
