"""Order semantics, one law at a time, on books small enough to check by hand."""

import pytest

from lobsim.engine import OrderBook, Reject, SelfTrade


@pytest.fixture
def book():
    """Empty book with a tick of one cent."""
    return OrderBook()


def traded(result):
    """(maker, price, size) of each fill."""
    return [(fill.maker_id, fill.price, fill.size) for fill in result.fills]


def test_better_price_trades_first_then_earlier_arrival(book):
    late_good = [book.limit("sell", p, 10).order_id for p in (10.02, 10.01, 10.01, 10.00)]
    result = book.market("buy", 35)
    assert [fill.maker_id for fill in result.fills] == [
        late_good[3], late_good[1], late_good[2], late_good[0]
    ]
    assert [fill.size for fill in result.fills] == [10, 10, 10, 5]
    assert book.order(late_good[0]).size == 5


def test_trades_happen_at_the_resting_price(book):
    book.limit("sell", 10.00, 10)
    result = book.limit("buy", 10.05, 10)
    assert traded(result) == [(1, 10.00, 10)]
    assert result.average_price == 10.00
    assert result.fills[0].taker_side == 1


def test_a_limit_order_takes_what_crosses_and_rests_the_remainder(book):
    book.limit("sell", 10.00, 10)
    book.limit("sell", 10.02, 10)
    result = book.limit("buy", 10.01, 25)
    assert (result.status, result.filled, result.resting) == ("partly filled", 10, 15)
    assert (book.best_bid, book.best_ask, book.spread_ticks) == (10.01, 10.02, 1)


def test_ioc_never_rests(book):
    book.limit("sell", 10.00, 10)
    result = book.ioc("buy", 10.00, 25)
    assert (result.filled, result.resting, result.cancelled) == (10, 0, 15)
    assert book.best_bid is None
    assert book.ioc("buy", 10.00, 5).status == "cancelled"


def test_a_market_order_takes_any_price_and_never_rests(book):
    book.limit("buy", 10.00, 10)
    book.limit("buy", 0.01, 10)
    result = book.market("sell", 30)
    assert traded(result) == [(1, 10.00, 10), (2, 0.01, 10)]
    assert (result.cancelled, book.orders("buy"), book.orders("sell")) == (10, [], [])


@pytest.mark.parametrize("side, resting_side, step", [("buy", "sell", 1), ("sell", "buy", -1)])
def test_fok_is_all_or_nothing(side, resting_side, step):
    book = OrderBook(1, 1)
    for level in range(3):
        book.limit(resting_side, 1000 + step * level, 10)
    before = book.orders(resting_side)
    for price, size in ((1000, 11), (1000 + step, 21), (1000 - step, 1), (1000 + 2 * step, 31)):
        result = book.fok(side, price, size)
        assert (result.reject, result.fills) == (Reject.CANNOT_FILL, [])
    assert book.orders(resting_side) == before
    result = book.fok(side, 1000 + step, 20)
    assert traded(result) == [(1, 1000, 10), (2, 1000 + step, 10)]
    assert book.fok(side, 1000 + 5 * step, 10).status == "filled"


def test_post_only_never_takes(book):
    book.limit("sell", 10.00, 10)
    assert book.post_only("buy", 10.00, 5).reject == Reject.WOULD_TAKE
    assert book.post_only("buy", 9.99, 5).status == "resting"
    assert book.order(1).size == 10


def test_queue_position_is_exact_while_orders_ahead_leave(book):
    first, second, third = (book.limit("buy", 10.00, size).order_id for size in (10, 20, 30))
    mine = book.limit("buy", 10.00, 5).order_id
    book.limit("buy", 10.00, 7)
    book.limit("buy", 10.01, 99)
    assert book.queue_position(mine) == (60, 3)
    book.cancel(second)
    assert book.queue_position(mine) == (40, 2)
    book.market("sell", 99 + 4)
    assert book.queue_position(mine) == (36, 2)
    book.reduce(third, 6)
    assert book.queue_position(mine) == (30, 2)
    book.market("sell", 6)
    assert book.queue_position(mine) == (24, 1)
    book.replace(third, size=100)
    assert book.queue_position(mine) == (0, 0)
    assert book.queue_position(first + 2) == (12, 2)
    book.market("sell", 2)
    assert book.order(mine).size == 3


def test_reduce_keeps_the_place_and_cannot_exceed_the_order(book):
    mine = book.limit("buy", 10.00, 10).order_id
    book.limit("buy", 10.00, 10)
    result = book.reduce(mine, 4)
    assert (result.resting, result.cancelled, book.queue_position(mine)) == (6, 4, (0, 0))
    assert book.reduce(mine, 7).reject == Reject.BAD_SIZE
    assert book.reduce(mine, 6).status == "cancelled"
    assert book.order(mine) is None


@pytest.mark.parametrize(
    "price, size, keeps_place",
    [
        (10.00, 10, True),
        (10.00, 4, True),
        (10.00, 11, False),
        (9.99, 10, False),
        (9.99, 4, False),
        (10.01, 4, False),
    ],
)
def test_replace_keeps_the_place_only_at_the_same_price_and_no_larger_size(
    book, price, size, keeps_place
):
    mine = book.limit("buy", 10.00, 10).order_id
    other = book.limit("buy", 10.00, 10).order_id
    at_new_price = book.limit("buy", price, 3).order_id
    result = book.replace(mine, price, size)
    assert (result.order_id, result.resting, book.order(mine).size) == (mine, size, size)
    level = [order.order_id for order in book.orders("buy") if order.price == price]
    assert (level[0] == mine) == keeps_place
    assert (level[-1] == mine) == (not keeps_place)
    assert {mine, other, at_new_price} == {order.order_id for order in book.orders("buy")}


@pytest.mark.parametrize("size", [4, 20])
def test_replace_can_rename_and_the_old_id_is_spent(book, size):
    mine = book.limit("buy", 10.00, 10, owner=3).order_id
    result = book.replace(mine, size=size, new_order_id=77)
    assert result.order_id == 77
    assert book.order(mine) is None
    assert book.order(77)[2:] == (10.00, size, 3)
    assert book.replace(77, size=3, new_order_id=mine).reject == Reject.DUPLICATE_ID
    assert book.limit("buy", 9.00, 1).order_id == 78


def test_replace_to_a_crossing_price_trades_at_once(book):
    book.limit("sell", 10.02, 10)
    mine = book.limit("buy", 10.00, 30).order_id
    result = book.replace(mine, price=10.05)
    assert (traded(result), result.filled, result.resting) == ([(1, 10.02, 10)], 10, 20)
    assert book.best_bid == 10.05


SELF_TRADE_CASES = {
    # policy: (makers that trade, own order left, taker rests)
    SelfTrade.ALLOW: ([1, 2, 3], 0, 0),
    SelfTrade.CANCEL_RESTING: ([1, 3], 0, 10),
    SelfTrade.CANCEL_INCOMING: ([1], 10, 0),
    SelfTrade.CANCEL_BOTH: ([1], 0, 0),
}


@pytest.mark.parametrize("policy", list(SelfTrade))
def test_self_trade_policies(policy):
    book = OrderBook(self_trade=policy)
    book.limit("sell", 10.00, 10, owner=0)
    own = book.limit("sell", 10.00, 10, owner=7).order_id
    book.limit("sell", 10.00, 10, owner=8)
    result = book.limit("buy", 10.00, 30, owner=7)
    makers, own_left, rests = SELF_TRADE_CASES[policy]
    assert [fill.maker_id for fill in result.fills] == makers
    assert (book.order(own).size if book.order(own) else 0) == own_left
    assert result.resting == rests
    assert result.filled + result.resting + result.cancelled == 30
    went = policy in (SelfTrade.CANCEL_RESTING, SelfTrade.CANCEL_BOTH)
    assert result.self_cancelled == (10 if went else 0)
    book.check_invariants()


def test_an_incoming_order_stopped_by_the_policy_spends_its_id_and_keeps_its_fills():
    book = OrderBook(self_trade=SelfTrade.CANCEL_INCOMING)
    book.limit("sell", 10.00, 4, owner=1)
    book.limit("sell", 10.00, 10, owner=2)
    result = book.limit("buy", 10.00, 30, owner=2)
    assert (result.filled, result.resting, result.cancelled) == (4, 0, 26)
    assert book.volume == 4
    assert book.limit("buy", 9.00, 1).order_id == result.order_id + 1


def test_anonymous_orders_never_trade_with_themselves():
    book = OrderBook(self_trade=SelfTrade.CANCEL_BOTH)
    book.limit("sell", 10.00, 10)
    assert book.limit("buy", 10.00, 10).status == "filled"


@pytest.mark.parametrize(
    "policy, fits",
    [
        (SelfTrade.ALLOW, 30),
        (SelfTrade.CANCEL_RESTING, 20),
        (SelfTrade.CANCEL_INCOMING, 10),
        (SelfTrade.CANCEL_BOTH, 10),
    ],
)
def test_fok_counts_only_what_the_self_trade_policy_lets_it_take(policy, fits):
    book = OrderBook(self_trade=policy)
    for owner in (0, 7, 8):
        book.limit("sell", 10.00, 10, owner=owner)
    before = book.orders("sell")
    assert book.fok("buy", 10.00, fits + 1, owner=7).reject == Reject.CANNOT_FILL
    assert book.orders("sell") == before
    result = book.fok("buy", 10.00, fits, owner=7)
    assert (result.status, result.filled) == ("filled", fits)


def test_only_the_owner_may_touch_an_order(book):
    mine = book.limit("buy", 10.00, 10, owner=7).order_id
    for attempt in (
        book.cancel(mine, owner=8),
        book.reduce(mine, 1, owner=0),
        book.replace(mine, size=1, owner=8),
    ):
        assert attempt.reject == Reject.NOT_OWNER
    assert book.order(mine).size == 10
    assert book.cancel(mine, owner=7).status == "cancelled"


def test_an_order_far_from_the_best_price_is_found_across_the_whole_band():
    book = OrderBook(1, 1, 0, 100_000)
    book.limit("buy", 0, 1)
    book.limit("buy", 50_000, 1)
    book.limit("sell", 100_000, 1)
    book.limit("sell", 50_001, 1)
    assert book.market("buy", 1).fills[0].price == 50_001
    assert book.best_ask == 100_000
    assert book.market("sell", 1).fills[0].price == 50_000
    assert book.best_bid == 0
    book.check_invariants()


def test_prices_may_be_negative():
    book = OrderBook(0.01, 1, -50.0, 50.0)
    book.limit("buy", -37.63, 5)
    book.limit("sell", -37.60, 5)
    assert (book.best_bid, book.best_ask, book.spread_ticks) == (-37.63, -37.60, 3)
    assert book.market("sell", 5).average_price == -37.63


def test_clear_empties_everything(book):
    book.limit("buy", 10.00, 10)
    book.limit("sell", 10.00, 4)
    book.market("buy", -1)
    book.clear()
    book.check_invariants()
    assert (book.volume, book.reject_counts, book.orders("buy")) == (0, {}, [])
    assert book.limit("buy", 10.00, 10).order_id == 1
