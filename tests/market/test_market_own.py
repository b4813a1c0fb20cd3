"""Own orders: true queue, conservation of shares and cash, fees, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.engine import Kind, Side
from lobsim.market import Market, profiles
from lobsim.market.state import OWN_ROOM

START = 36_000

actions = st.lists(st.tuples(st.sampled_from(["buy", "sell"]),
                             st.sampled_from(["limit", "market", "ioc", "fok", "post_only",
                                              "cancel"]),
                             st.integers(1, 40), st.integers(-3, 3), st.floats(0, 8)),
                   min_size=1, max_size=40)


@settings(max_examples=25, deadline=None)
@given(actions=actions, seed=st.integers(0, 2**60), name=st.sampled_from(["SPY", "BTC-USD"]))
def test_shares_and_cash_are_conserved(actions, seed, name):
    profile = profiles[name]
    lot, tick = (50, 0.01) if name == "SPY" else (0.01, 1.0)
    market = Market(name, seed, START, START + 400)
    sent, withdrawn = {}, {}
    for side, kind, lots, away, wait in actions:
        market.advance(market.clock_s + wait)
        if kind == "cancel":
            for order in market.open_orders[:1]:
                withdrawn[order.order_id] = market.cancel(order.order_id)
            continue
        price = round((market.best_bid if side == "buy" else market.best_ask) + away * tick, 2)
        order_id = market.submit(side, lots * lot, None if kind == "market" else price, kind)
        if order_id:
            sent[order_id] = (1 if side == "buy" else -1, lots * lot, kind)
    market.advance(START + 400)
    fills = market.own_fills
    signed = (fills["side"] * fills["size"]).sum()
    assert market.position == pytest.approx(signed, abs=1e-9)
    paid = (fills["side"] * fills["size"] * fills["price"]).sum() + fills["fee"].sum()
    assert market.cash == pytest.approx(-paid, rel=1e-12, abs=1e-6)
    assert market.fees == pytest.approx(fills["fee"].sum(), abs=1e-9)
    rate = np.where(fills["maker"], profile.maker_fee, profile.taker_fee)
    basis = fills["size"] if name == "SPY" else fills["size"] * fills["price"] * 1e-4
    assert np.allclose(fills["fee"], rate * basis)
    resting = {order.order_id: order.size for order in market.open_orders}
    traded = fills.groupby("order_id")["size"].sum()
    for order_id, (side, size, kind) in sent.items():
        done = traded.get(order_id, 0) + resting.get(order_id, 0) + withdrawn.get(order_id, 0)
        assert done <= size + 1e-9
        assert (fills.loc[fills["order_id"] == order_id, "side"] == side).all()
    assert set(traded.index) <= set(sent) and set(resting) <= set(sent)


def test_own_trades_are_on_the_tape_and_in_the_volume():
    market = Market("SPY", 4, START, START + 60)
    before = market.volume
    market.submit("buy", 1234, kind="market")
    assert market.volume == before + 1234
    assert market.trades["size"].sum() == market.volume


def test_market_order_takes_the_depth_it_pays_for():
    market = Market("SPY", 8, START, START + 60)
    asks = market.depth(3)
    size = int(asks.ask_size[0] + asks.ask_size[1] // 2)
    market.submit("buy", size, kind=Kind.MARKET)
    after = market.depth(2)
    half = asks.ask_size[1] // 2
    assert after.ask_price[0] == asks.ask_price[1]
    assert after.ask_size[0] == asks.ask_size[1] - half
    fills = market.own_fills
    spent = asks.ask_price[0] * asks.ask_size[0] + asks.ask_price[1] * half
    assert (fills["price"] * fills["size"]).sum() == pytest.approx(spent)
    assert not fills["maker"].any() and market.position == size


def test_queue_position_never_worsens_until_the_fill():
    fills = 0
    for seed in range(6):
        market = Market("SPY", seed, START, START + 300)
        order_id = market.submit("buy", 100, price=market.best_bid)
        ahead = market.queue_position(order_id)
        assert ahead[0] == market.depth(1).bid_size[0] - 100
        for step in range(300):
            market.advance(START + 1 + step)
            if not market.open_orders:
                break
            now = market.queue_position(order_id)
            assert now[0] <= ahead[0] and now[1] <= ahead[1]
            ahead = now
        done = market.own_fills
        fills += len(done) > 0
        assert done["maker"].all() and (done["fee"] <= 0).all()
    assert fills >= 4


def test_own_order_waits_for_the_queue_ahead():
    """No own fill before the tape has printed what stood ahead (less what was withdrawn)."""
    market = Market("SPY", 2, START, START + 600, record=True)
    order_id = market.submit("sell", 100, price=market.best_ask)
    ahead = market.queue_position(order_id)[0]
    price = market.open_orders[0].price
    market.advance(START + 600)
    filled = market.own_fills
    assert len(filled)
    recording = market.record()
    first = recording.fills["maker_owner"].argmax()
    at_price = recording.fills["price_ticks"][:first] == round(price * 100)
    messages = recording.messages[:recording.fills["message_index"][first]]
    gone = messages[np.isin(messages["kind"], [6, 7]) & (messages["side"] == -1)
                    & (messages["price_ticks"] == round(price * 100))]
    assert recording.fills["size"][:first][at_price].sum() + gone["size"].sum() >= ahead


def test_post_only_and_fill_or_kill_refuse_without_a_trace():
    market = Market("SPY", 6, START, START + 60)
    before = (market.volume, *[column.tobytes() for column in market.depth(30)])
    assert market.submit("buy", 100, market.best_ask, "post_only") == 0
    depth = int(market.depth(1).ask_size[0])
    assert market.submit("buy", depth + 1, market.best_ask, "fok") == 0
    assert (market.volume, *[column.tobytes() for column in market.depth(30)]) == before
    assert market.submit("buy", depth, market.best_ask, "fok") > 0
    assert market.position == depth


def test_cancel_gives_back_what_rests_once():
    market = Market("SPY", 6, START, START + 60)
    order_id = market.submit(Side.BUY, 300, price=round(market.best_bid - 0.02, 2))
    assert market.cancel(order_id) == 300
    assert market.cancel(order_id) == 0 and market.cancel(10**9) == 0 and market.cancel(-1) == 0
    assert market.open_orders == []
    with pytest.raises(KeyError, match="rests"):
        market.queue_position(order_id)


def test_orders_of_others_cannot_be_cancelled():
    market = Market("SPY", 6, START, START + 60, record=True)
    other = int(market.record().initial["order_id"][0])
    assert market.cancel(other) == 0


@pytest.mark.parametrize("arguments, word", [
    (("hold", 100, 168.0), "side is 'hold'"), ((0, 100, 168.0), "side is 0"),
    (("buy", 0, 168.0), "size is 0"), (("buy", -5, 168.0), "size is -5"),
    (("buy", 1.5, 168.0), "size is 1.5"), (("buy", float("nan"), 168.0), "size is nan"),
    (("buy", 1e12, 168.0), "at most"), (("buy", 100, 168.005), "multiple of 0.01"),
    (("buy", 100, 5.0), "multiple of 0.01 from"), (("buy", 100, float("inf")), "price is inf"),
    (("buy", 100), "needs a price"), (("buy", 100, 168.0, "stop"), "kind is 'stop'"),
    (("buy", 100, 168.0, Kind.CANCEL), "must be one of"),
])
def test_bad_orders_are_told_and_change_nothing(arguments, word):
    market = Market("SPY", 6, START, START + 60)
    before = [column.tobytes() for column in market.depth(30)]
    with pytest.raises(ValueError, match=word):
        market.submit(*arguments)
    assert [column.tobytes() for column in market.depth(30)] == before


def test_own_orders_are_limited_and_do_not_starve_the_flow():
    market = Market("SPY", 6, START, START + 120, record=True)
    far = round(market.best_bid - 0.15, 2)
    for _ in range(OWN_ROOM):
        market.submit("buy", 1, price=far)
    with pytest.raises(ValueError, match="64 own orders rest"):
        market.submit("buy", 1, price=far)
    market.submit("sell", 1, kind="market")
    market.cancel(market.open_orders[0].order_id)
    assert market.submit("buy", 1, price=far) > 0
    market.advance(START + 120)
    kinds = market.record().messages["kind"]
    assert (kinds == Kind.LIMIT).sum() > 120 * 10


def test_own_orders_never_trade_with_each_other():
    market = Market("SPY", 6, START, START + 60)
    rested = [market.submit("sell", 10, price=round(market.best_bid + 0.01, 2)) for _ in range(3)]
    depth = int(market.depth(1).ask_size[0])
    market.submit("buy", depth - 20, kind="market")
    fills = market.own_fills
    assert not fills["maker"].any() and market.position == depth - 20
    assert market.open_orders == [] and all(market.cancel(k) == 0 for k in rested)
    for _ in range(OWN_ROOM):  # their places are free again
        market.submit("buy", 1, price=round(market.best_bid - 0.20, 2))
