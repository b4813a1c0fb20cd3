"""Reports, open orders, position and cash say the same at every step, under every rule."""

from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.engine import FILL, Kind, OrderBook, process
from lobsim.engine.views import FAULTS, find_fault
from lobsim.market import MarketBatch
from lobsim.market.parts import FILL_RULES, Fees, FillRule, Halts, Latency
from lobsim.market.reports import HALTED, NO_ROOM, explain_reason
from lobsim.market.state import OWN_ROOM
from small_markets import FLOWS, START_S, TICK, market_of, profile_of

SECONDS = 60
KINDS = ("limit", "market", "ioc", "fok", "post_only")
NEW = st.tuples(st.just("new"), st.sampled_from(KINDS), st.sampled_from([1, -1]),
                st.integers(1, 40), st.integers(-3, 4), st.floats(0, 2))
CHANGE = st.tuples(st.sampled_from(["cancel", "cancel", "replace", "reduce", "all"]),
                   st.integers(0, 9), st.just(1), st.integers(1, 40), st.integers(-3, 4),
                   st.floats(0, 2))
ACTIONS = st.lists(st.one_of(NEW, CHANGE), min_size=1, max_size=35)
DELAYS = st.sampled_from([(), (Latency(0.2, 0.3, 0.1, 0.1, 0.2, 0.3),)])


class Books:
    """What the trader's own books say, from the reports alone."""

    def __init__(self, market):
        self.market, self.seen = market, 0
        self.open, self.price, self.filled, self.cancelled, self.reduced, self.refused = (
            defaultdict(int) for _ in range(6))
        self.replaced = defaultdict(int)

    def read(self):
        rows = self.market.reports
        for row in rows.iloc[self.seen:].itertuples():
            k, before = row.order_id, self.open[row.order_id]
            if row.what == "filled":
                self.filled[k] += row.size
                self.open[k] = row.left
            elif row.what == "cancelled":
                self.cancelled[k] += row.size
                self.open[k] = 0
            elif row.what == "accepted":
                assert row.left <= row.size
                self.open[k], self.price[k] = row.left, row.price
            else:
                assert row.reason
                self.refused[k] = max(self.refused[k], row.size)
                assert self.open[k] == before
        assert (rows["time_s"].diff().iloc[1:] >= 0).all()
        self.seen = len(rows)


def check(market, books):
    """The identities that hold at every step."""
    books.read()
    fills = market.own_fills
    assert market.position == (fills["side"] * fills["size"]).sum()
    fees = market.profile.part(Fees)
    rate = np.where(fills["maker"], fees.maker_fee, fees.taker_fee) + fees.share_fee
    np.testing.assert_allclose(fills["fee"], rate * fills["size"], atol=1e-12)
    cancels = (market.reports["what"] == "cancelled").sum()
    paid = fills["fee"].sum() + fees.cancel_fee * cancels
    assert market.fees == pytest.approx(paid, abs=1e-9)
    spent = (fills["side"] * fills["size"] * fills["price"]).sum()
    assert market.cash == pytest.approx(-spent - paid, abs=1e-6)
    traded = fills.groupby("order_id")["size"].sum()
    assert traded.to_dict() == {k: v for k, v in books.filled.items() if v}
    shown = {order.order_id: (order.size, order.price) for order in market.open_orders}
    assert shown == {k: (left, books.price[k]) for k, left in books.open.items() if left}
    assert FAULTS[find_fault(market._book)] == ""
    orders = market._book.orders
    own = orders[(orders["size"] > 0) & (orders["owner"] == 1)]
    if market.profile.part(FillRule).fill_rule == "queue":
        assert dict(zip(own["order_id"].tolist(), own["size"].tolist(), strict=True)) == {
            k: size for k, (size, _) in shown.items()}
    else:
        assert len(own) == 0


def act(market, action, sent):
    """Carry out one drawn action; sizes sent are noted in `sent` (id -> lots)."""
    what, which, side, size, away, wait = action
    market.advance(min(market.clock_s + wait, START_S + SECONDS))
    here = market.best_bid if side > 0 else market.best_ask
    here = here if np.isfinite(here) else 200.0
    price = round(here + side * away * TICK, 2)
    if what == "new":
        if len(market.open_orders) < OWN_ROOM - 1:
            order_id = market.submit(side, size, None if which == "market" else price, which)
            if order_id:
                sent[order_id] += size
        return
    orders = market.open_orders
    if what == "all":
        assert market.cancel_all() == len(orders)
    elif orders:
        order = orders[which % len(orders)]
        if what == "cancel":
            market.cancel(order.order_id)
        elif what == "replace":
            market.replace(order.order_id, price, size)
        else:
            market.reduce(order.order_id, min(size, order.size))


@settings(max_examples=40)
@given(actions=ACTIONS, seed=st.integers(0, 2**60), flow=st.sampled_from(sorted(FLOWS)),
       rule=st.sampled_from(FILL_RULES), delays=DELAYS, halted=st.booleans())
def test_the_account_closes_at_every_step(actions, seed, flow, rule, delays, halted):
    parts = [FillRule(rule, 0.5, 0.2), *delays]
    parts += [Halts(((START_S + 8.0, 4.0),))] if halted else []
    market = market_of(*FLOWS[flow], *parts, seed=seed, seconds=SECONDS)
    books, sent = Books(market), defaultdict(int)
    for action in actions:
        act(market, action, sent)
        check(market, books)
    market.advance(START_S + SECONDS)
    check(market, books)


@settings(max_examples=25)
@given(actions=st.lists(st.one_of(NEW, NEW, CHANGE.filter(lambda a: a[0] in ("cancel", "all"))),
                        min_size=1, max_size=35),
       seed=st.integers(0, 2**60), rule=st.sampled_from(FILL_RULES), delays=DELAYS)
def test_every_lot_sent_is_filled_cancelled_open_or_refused(actions, seed, rule, delays):
    market = market_of(*FLOWS["poisson"], FillRule(rule, 0.5, 0.2), *delays, seed=seed,
                       seconds=SECONDS + 60)
    books, sent = Books(market), defaultdict(int)
    for action in actions:
        act(market, action, sent)
    market.advance(START_S + SECONDS + 60)  # all that was on its way has arrived and is told
    books.read()
    for order_id, lots in sent.items():
        new = market.reports.query("order_id == @order_id")
        refused = lots if new["what"].iloc[0] == "rejected" else 0
        assert (books.filled[order_id] + books.cancelled[order_id] + books.open[order_id]
                + refused) == lots


def test_a_recording_with_every_kind_of_own_message_can_be_played_again():
    market = market_of(*FLOWS["poisson"], seed=8, seconds=300, record=True)
    for k in range(1, 90):
        market.advance(START_S + 3 * k)
        bid, ask = market.best_bid, market.best_ask
        market.submit(1 if k % 2 else -1, 9, bid if k % 2 else ask)
        market.submit(-1 if k % 2 else 1, 5, kind="market")
        for n, order in enumerate(market.open_orders):
            if n % 4 == 0:
                market.replace(order.order_id, round(order.price + (k % 3 - 1) * TICK, 2), 7)
            elif n % 4 == 1 and order.size > 1:
                market.reduce(order.order_id, 1)
            elif n % 4 == 2:
                market.cancel(order.order_id)
    recording = market.record()
    own = recording.messages[recording.messages["owner"] == 1]
    assert set(own["kind"].tolist()) == {Kind.LIMIT, Kind.MARKET, Kind.CANCEL, Kind.REDUCE,
                                         Kind.REPLACE}
    book = OrderBook(price_min=160, price_max=240)
    process(book, recording.initial)
    fills = process(book, recording.messages)
    assert len(fills) == len(recording.fills) > 300
    for name in FILL.names:
        assert np.array_equal(fills[name], recording.fills[name]), name
    for side, depth in (("buy", market.depth(1000).bid_size), ("sell",
                                                              market.depth(1000).ask_size)):
        assert sum(order.size for order in book.orders(side)) == depth.sum()
    assert not any(book.reject_counts.values())


def test_a_replaced_order_is_told_as_cancelled_and_entered_anew():
    market = market_of(*FLOWS["poisson"], seconds=60)
    market.advance(START_S + 10)
    far = round(market.best_bid - 20 * TICK, 2)
    order_id = market.submit("buy", 10, far)
    market.replace(order_id, far, 6)  # keeps its place
    market.replace(order_id, round(far - TICK, 2), 8)
    told = market.reports
    assert told["what"].tolist() == ["accepted", "accepted", "cancelled", "accepted"]
    assert told["size"].tolist() == [10, 6, 6, 8] and told["left"].tolist() == [10, 6, 0, 8]
    assert (told["order_id"] == order_id).all()
    fees = market.profile.part(Fees)
    assert market.fees == fees.cancel_fee
    market.cancel(order_id)
    assert market.fees == 2 * fees.cancel_fee


@pytest.mark.parametrize("code, words", [(HALTED, "halted"), (NO_ROOM, "too many own orders"),
                                         (12, "post-only"), (13, "fill-or-kill")])
def test_reasons_are_said_in_words(code, words):
    assert words in explain_reason(code)


def test_refusals_are_reported_with_their_reason():
    market = market_of(*FLOWS["poisson"], Halts(((START_S + 30.0, 10.0),)), seconds=60)
    market.advance(START_S + 10)
    assert market.submit("buy", 1, market.best_ask, "post_only") == 0
    assert market.submit("buy", 10**6, market.best_ask, "fok") == 0
    market.cancel(10**6)
    order_id = market.submit("buy", 5, round(market.best_bid - 20 * TICK, 2))
    market.reduce(order_id, 9)
    market.advance(START_S + 31)
    assert market.submit("buy", 1, kind="market") == 0
    assert market.reports.query("what == 'rejected'")["reason"].tolist() == [
        "a post-only order would have traded at once",
        "a fill-or-kill order could not be filled completely",
        "no resting order has this id",
        explain_reason(3), "trading is halted"]
    assert [order.size for order in market.open_orders] == [5]


def test_more_own_orders_than_there_is_room_for_are_refused_on_arrival():
    market = market_of(*FLOWS["poisson"], Latency(order_s=0.5), seconds=60)
    price = round(market.best_bid - 20 * TICK, 2)
    for _ in range(OWN_ROOM + 3):
        market.submit("buy", 1, price)
    market.advance(START_S + 1)
    assert len(market.open_orders) == OWN_ROOM
    assert market.reports["reason"].tolist()[-3:] == ["too many own orders rest already"] * 3


@pytest.mark.parametrize("fees", [
    Fees(-0.002, 0.003), Fees(1.5, 4.0, "bps"), Fees(0.0, 0.0, "bps", 0.25, 0.01),
    Fees(-0.2, 2.5, "bps", 0.02, 0.001)], ids=lambda fees: f"{fees.fee_unit} {fees.maker_fee}")
def test_fees_are_those_of_each_fill_and_the_batch_counts_the_same(fees):
    profile = profile_of(*FLOWS["poisson"]).with_parts(fees)
    batch = MarketBatch(profile, [1, 2], START_S, START_S + 200)
    for k in range(1, 60):
        batch.advance(START_S + 3 * k)
        side = 1 if k % 2 else -1
        ids = batch.submit([0, 1], side, 6, batch.best_bid if side > 0 else batch.best_ask)
        batch.submit([0, 1], -side, 3, kind="market")
        batch.cancel([k % 2], ids[k % 2])
    for i, market in enumerate(batch):
        fills = market.own_fills
        assert fills["maker"].any() and not fills["maker"].all()
        rate = np.where(fills["maker"], fees.maker_fee, fees.taker_fee)
        basis = fills["size"] if fees.fee_unit == "per_share" else (
            fills["size"] * fills["price"] * 1e-4)
        np.testing.assert_allclose(fills["fee"], rate * basis + fees.share_fee * fills["size"])
        cancels = (market.reports["what"] == "cancelled").sum()
        assert cancels > 5
        paid = fills["fee"].sum() + cancels * fees.cancel_fee
        assert market.fees == pytest.approx(paid, abs=1e-9)
        assert batch.fees[i] == pytest.approx(market.fees, rel=1e-12, abs=1e-9)
        assert batch.cash[i] == pytest.approx(market.cash, rel=1e-12, abs=1e-6)
        assert batch.position[i] == market.position


def test_an_unknown_fee_unit_is_told():
    with pytest.raises(ValueError, match="fee_unit is 'percent'; it must be 'per_share' or 'bps'"):
        Fees(fee_unit="percent")
