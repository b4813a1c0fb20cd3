"""Fill rules: what each assumes about own orders, rebuilt from the market that knew none.

The truth for "no_impact" is rebuilt here in plain Python from the recorded messages and fills: an
own order is reached by what trades at a worse price, by what trades at its price with an order
that came later, by what a taker wanted and did not find, and by a limit order that crosses it.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.engine import Kind
from lobsim.engine.views import FAULTS, find_fault
from lobsim.market.parts import FillRule, Halts, Latency, Takers, ZeroIntelligence
from small_markets import FLOWS, NS, START_S, TICK, market_of, same_bits

NO_IMPACT, TOUCH = FillRule("no_impact"), FillRule("touch")
PAPER_RULES = (NO_IMPACT, TOUCH, FillRule("probability", 0.5, 0.3))
SECONDS = 240


def ticks_of(price):
    return round(price / TICK)


def same_market(first, second):
    """Whether two recordings tell of the same market; own orders may have taken ids in between."""
    assert len(first.messages) == len(second.messages) > 200
    for name in first.messages.dtype.names:
        if name != "order_id":
            assert same_bits(first.messages[name], second.messages[name]), name
    for name in first.fills.dtype.names:
        if name not in ("maker_id", "taker_id"):
            assert same_bits(first.fills[name], second.fills[name]), name
    new_id = dict(zip(first.messages["order_id"].tolist(), second.messages["order_id"].tolist(),
                      strict=True))
    ids = list(new_id)
    opened = first.initial["order_id"].tolist()
    assert all(new_id[k] == k for k in set(ids) & set(opened))
    later = [new_id[k] for k in sorted(set(ids) - set(opened))]
    assert later == sorted(later)
    assert first.tops.equals(second.tops)
    return True


def trade_a_lot(market, seconds=SECONDS):
    """Own orders of all kinds, some cancelled or replaced, without a look at the own position."""
    for k in range(1, seconds // 3):
        market.advance(START_S + 3 * k)
        side = 1 if k % 2 else -1
        here, there = ((market.best_bid, market.best_ask) if side > 0
                       else (market.best_ask, market.best_bid))
        market.submit(side, 3, here)
        market.submit(side, 2, round(here - side * 2 * TICK, 2))
        market.submit(-side, 30 if k % 5 == 0 else 1, kind="market")
        market.submit(side, 2, there, "ioc")
        if k % 4 == 0 and market.open_orders:
            market.replace(market.open_orders[0].order_id, here, 4)
        if k % 6 == 0:
            market.cancel_all()
    market.advance(START_S + seconds)


@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("rule", PAPER_RULES, ids=lambda rule: rule.fill_rule)
def test_nobody_knows_of_orders_on_paper(flow, rule):
    untouched = market_of(*FLOWS[flow], seed=3, record=True, seconds=SECONDS)
    traded = market_of(*FLOWS[flow], rule, seed=3, record=True, seconds=SECONDS)
    untouched.advance(START_S + SECONDS)
    trade_a_lot(traded)
    assert len(traded.own_fills) > 80 and traded.own_fills["maker"].any()
    assert same_market(untouched.record(), traded.record())
    assert untouched.volume == traded.volume
    assert (traded._book.orders["owner"] == 0).all()
    assert FAULTS[find_fault(traded._book)] == ""


def test_queue_is_the_rule_of_a_market_without_one():
    plain = market_of(*FLOWS["poisson"], seed=3, record=True, seconds=SECONDS)
    named = market_of(*FLOWS["poisson"], FillRule("queue"), seed=3, record=True, seconds=SECONDS)
    for market in (plain, named):
        trade_a_lot(market)
    assert same_bits(plain.record().messages, named.record().messages)
    assert plain.own_fills.equals(named.own_fills) and plain.cash == named.cash


def reached(recording, side, price_ticks, size, from_ns, until_ns=2**62):
    """Fills (time, lots) of one own order on paper, by brute force."""
    arrived = {int(k): -1 for k in recording.initial["order_id"]}
    by_message = {}
    for fill in recording.fills:
        by_message.setdefault(int(fill["message_index"]), []).append(fill)
    found, left = [], size
    for index, message in enumerate(recording.messages):
        kind, now = int(message["kind"]), int(message["time_ns"])
        if kind == Kind.LIMIT:
            arrived[int(message["order_id"])] = now
        if now <= from_ns or now > until_ns or message["side"] == side or left == 0:
            continue
        if kind not in (Kind.LIMIT, Kind.IOC):
            continue
        wants = int(message["size"])
        for fill in by_message.get(index, ()):
            wants -= int(fill["size"])
            worse = (price_ticks - int(fill["price_ticks"])) * side > 0
            behind = (fill["price_ticks"] == price_ticks
                      and arrived[int(fill["maker_id"])] > from_ns)
            if worse or behind:
                got = min(left, int(fill["size"]))
                left -= got
                found += [(now, got)] if got else []
        if wants and left and (price_ticks - int(message["price_ticks"])) * side >= 0:
            got = min(left, wants)
            left -= got
            found.append((now, got))
    return found


def as_fills(market, order_id):
    rows = market.own_fills
    rows = rows[(rows["order_id"] == order_id) & rows["maker"]]
    return list(zip(np.rint(rows["time_s"] * 1e6).astype(int), rows["size"].astype(int)))


def in_us(fills):
    return [(round(time_ns / 1000), lots) for time_ns, lots in fills]


@settings(max_examples=25)
@given(seed=st.integers(0, 2**60), flow=st.sampled_from(sorted(FLOWS)), size=st.integers(1, 60),
       side=st.sampled_from([1, -1]), away=st.integers(-2, 3), life_s=st.integers(5, 200))
def test_without_impact_an_order_is_filled_by_what_would_have_reached_it(seed, flow, size, side,
                                                                         away, life_s):
    market = market_of(*FLOWS[flow], NO_IMPACT, seed=seed, seconds=SECONDS, record=True)
    market.advance(START_S + 20)
    best = market.best_bid if side > 0 else market.best_ask
    ticks = ticks_of(best) - side * away
    if (ticks - ticks_of(market.best_ask if side > 0 else market.best_bid)) * side >= 0:
        ticks = ticks_of(best)  # it should rest
    order_id = market.submit(side, size, round(ticks * TICK, 2))
    market.advance(START_S + 20 + life_s)
    market.cancel_all()
    market.advance(START_S + SECONDS)
    expected = reached(market.record(), side, ticks, size, (START_S + 20) * NS,
                       (START_S + 20 + life_s) * NS)
    assert as_fills(market, order_id) == in_us(expected)
    assert (market.own_fills["price"].map(ticks_of) == ticks).all()


def test_the_brute_force_sees_fills_of_every_reason():
    """So that the test above cannot pass on orders that are never reached."""
    total = 0
    for seed in range(8):
        market = market_of(*FLOWS["queues"], NO_IMPACT, seed=seed, seconds=SECONDS, record=True)
        market.advance(START_S + 20)
        order_id = market.submit("buy", 25, market.best_bid)
        market.advance(START_S + SECONDS)
        total += len(as_fills(market, order_id))
    assert total > 20


def test_a_replaced_order_stands_behind_those_that_came_meanwhile():
    """Its id is old, its place is new; the same holds for an order that was long on its way."""
    for parts, wait_s in ((), 0.0), ((Latency(order_s=3.0),), 3.0):
        filled = 0
        for seed in range(6):
            market = market_of(*FLOWS["poisson"], NO_IMPACT, *parts, seed=seed, seconds=SECONDS,
                               record=True)
            market.advance(START_S + 20)
            ticks = ticks_of(market.best_bid)
            order_id = market.submit("buy", 5, round((ticks - 30) * TICK, 2))
            market.advance(START_S + 40)
            market.replace(order_id, round(ticks * TICK, 2), 5)
            arrival_s = START_S + 40 + wait_s
            market.advance(START_S + SECONDS)
            told = market.reports.query("order_id == @order_id")
            assert told["what"].tolist()[:2] == ["accepted", "cancelled"]
            taken = market.own_fills.query("not maker")
            if len(taken):
                continue  # it arrived as a taking order
            expected = reached(market.record(), 1, ticks, 5, round(arrival_s * NS))
            assert as_fills(market, order_id) == in_us(expected)
            filled += len(expected)
        assert filled > 3


def test_own_orders_without_impact_are_reached_in_order_of_price_and_age():
    filled = 0
    for seed in range(8):
        market = market_of(*FLOWS["poisson"], NO_IMPACT, seed=seed, seconds=600)
        market.advance(START_S + 20)
        bid = ticks_of(market.best_bid)
        ids = [market.submit("buy", 3, round((bid - k) * TICK, 2)) for k in (2, 1, 1, 0, 0)]
        market.advance(START_S + 600)
        order = list(dict.fromkeys(market.own_fills["order_id"]))
        assert order == [ids[3], ids[4], ids[1], ids[2], ids[0]][:len(order)]
        filled += len(order) == 5
    assert filled >= 2


def test_taking_without_impact_walks_the_visible_depth_and_leaves_it():
    market = market_of(*FLOWS["poisson"], NO_IMPACT, seed=6)
    market.advance(START_S + 20)
    asks = market.depth(4)
    size = int(asks.ask_size[:3].sum()) - 1
    for _ in range(2):
        market.submit("buy", size, kind="market")
    fills = market.own_fills
    walked = [*asks.ask_size[:2], asks.ask_size[2] - 1] * 2
    assert fills["size"].tolist() == walked
    assert fills["price"].tolist() == list(asks.ask_price[:3]) * 2
    assert market.depth(4).ask_size.tolist() == asks.ask_size.tolist()
    limit = market.submit("buy", size, asks.ask_price[0])
    assert market.open_orders[0].size == size - asks.ask_size[0]
    assert market.queue_position(limit) == (0, 0)


def test_a_taking_order_beyond_the_book_is_cancelled_without_impact():
    market = market_of(*FLOWS["poisson"], NO_IMPACT, seed=6)
    depth = int(market.depth(1000).bid_size.sum())
    order_id = market.submit("sell", depth + 7, kind="market")
    assert market.position == -depth
    last = market.reports.iloc[-1]
    assert (last["order_id"], last["what"], last["size"]) == (order_id, "cancelled", 7)


def first_beyond(recording, side, price_ticks, from_ns):
    """Time of the first trade strictly beyond a resting order's price; None without one."""
    fills = recording.fills
    beyond = ((fills["time_ns"] > from_ns) & (fills["taker_side"] == -side)
              & ((price_ticks - fills["price_ticks"]) * side > 0))
    return int(fills["time_ns"][beyond][0]) if beyond.any() else None


@settings(max_examples=20)
@given(seed=st.integers(0, 2**60), flow=st.sampled_from(sorted(FLOWS)), size=st.integers(1, 500),
       side=st.sampled_from([1, -1]), away=st.integers(0, 4))
def test_touch_fills_in_full_at_the_limit_when_a_trade_goes_through_it(seed, flow, size, side,
                                                                       away):
    market = market_of(*FLOWS[flow], TOUCH, seed=seed, seconds=SECONDS, record=True)
    market.advance(START_S + 20)
    ticks = ticks_of(market.best_bid if side > 0 else market.best_ask) - side * away
    order_id = market.submit(side, size, round(ticks * TICK, 2))
    market.advance(START_S + SECONDS)
    when = first_beyond(market.record(), side, ticks, (START_S + 20) * NS)
    expected = [] if when is None else [(round(when / 1000), size)]
    assert as_fills(market, order_id) == expected
    assert (market.own_fills["price"].map(ticks_of) == ticks).all()


@pytest.mark.parametrize("rule", PAPER_RULES[1:], ids=lambda rule: rule.fill_rule)
@pytest.mark.parametrize("kind", ["market", "limit", "ioc", "fok"])
def test_rules_without_depth_take_any_size_at_the_best_quote(rule, kind):
    market = market_of(*FLOWS["poisson"], rule)
    market.advance(START_S + 20)
    ask, size = market.best_ask, int(market.depth(1000).ask_size.sum()) + 1000
    assert market.submit("buy", size, None if kind == "market" else ask, kind) > 0
    assert market.own_fills["size"].tolist() == [size]
    assert market.own_fills["price"].tolist() == [ask] and market.best_ask == ask
    assert market.submit("buy", size, round(ask - 3 * TICK, 2), "fok") == 0


STILL = (ZeroIntelligence(limit_rate_per_s=1e-9, cancel_rate_per_s=1e-9, limit_levels=5),
         Takers(market_rate_per_s=1e-9))
"""A book in which nothing happens."""


@pytest.mark.parametrize("distance", [0.5, 2.5, 4.5])
def test_fill_times_are_exponential_with_the_stated_rate(distance):
    """Drawn once a tenth of a second, hence geometric with the same chance to survive."""
    rate, decay = 0.8, 0.4
    market = market_of(*STILL, FillRule("probability", rate, decay), seconds=20_000)
    price = round(market.mid - distance * TICK, 2)
    hazard = rate * np.exp(-decay * distance)
    steps = []
    while len(steps) < 1800:
        start_s = market.clock_s
        ids = [market.submit("buy", 1, price) for _ in range(60)]
        market.advance(start_s + round(12 / hazard, 1))
        fills = market.own_fills.set_index("order_id")["time_s"].reindex(ids)
        assert fills.notna().mean() > 0.95
        market.cancel_all()
        steps += np.rint((fills.dropna() - start_s).to_numpy() * 10).astype(int).tolist()
    steps = np.array(steps)
    assert steps.min() >= 1
    chance = 1 - np.exp(-hazard / 10)
    assert abs(steps.mean() - 1 / chance) < 4.5 / chance / np.sqrt(len(steps))
    grid = np.arange(1, steps.max() + 1)
    seen = np.searchsorted(np.sort(steps), grid, side="right") / len(steps)
    assert np.abs(seen - (1 - (1 - chance) ** grid)).max() < 1.95 / np.sqrt(len(steps))


def test_halted_nobody_is_filled_by_chance():
    market = market_of(*STILL, FillRule("probability", 50.0, 0.0),
                       Halts(((START_S + 9.96, 20.0),)))
    market.advance(START_S + 9.95)
    market.submit("buy", 1, market.best_bid)
    market.advance(START_S + 29.9)
    assert market.position == 0 and len(market.open_orders) == 1
    market.advance(START_S + 32)
    assert market.position == 1


def test_the_rules_order_fills_as_they_should():
    """Of the same resting orders: who needs a trade through is filled last, and no rule fills an
    order without impact later than the touch rule does (a trade beyond has passed it)."""
    first = {}
    for rule in (NO_IMPACT, TOUCH):
        times = []
        for seed in range(12):
            market = market_of(*FLOWS["poisson"], rule, seed=seed, seconds=SECONDS)
            market.advance(START_S + 20)
            market.submit("buy", 1, market.best_bid)
            market.advance(START_S + SECONDS)
            fills = market.own_fills
            times.append(fills["time_s"].iloc[0] if len(fills) else np.inf)
        first[rule.fill_rule] = np.array(times)
    assert (first["no_impact"] <= first["touch"]).all()
    assert (first["no_impact"] < first["touch"]).any()


def test_unknown_rules_are_told():
    with pytest.raises(ValueError, match="fill_rule is 'magic'; it must be one of queue, no_imp"):
        FillRule("magic")
    with pytest.raises(ValueError, match="must not be negative"):
        FillRule("probability", fill_rate_per_s=-1.0)
