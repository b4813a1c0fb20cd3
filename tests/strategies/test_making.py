"""Laws of running a market maker on a market."""

import numpy as np
import pytest

from lobsim.market import Market
from lobsim.market.parts import Fees, Halts, Latency
from lobsim.strategies import (
    GLFT,
    AvellanedaStoikov,
    AvellanedaStoikovSteady,
    CarteaJaimungalMaking,
    FixedMaker,
    MakingSession,
    ModelMaker,
    Quotes,
    make_markets,
    make_seeds,
)

START, END = 36_000, 36_300
SLOW = Latency(feed_s=0.3, order_s=0.4, cancel_s=0.9, order_jitter_s=0.2, cancel_jitter_s=0.5)
MAKERS = {
    "symmetric": FixedMaker(1.5),
    "a-s": ModelMaker(AvellanedaStoikov(0.003, 3.0, 0.23), horizon_s=60),
    "a-s steady": ModelMaker(AvellanedaStoikovSteady(0.01, 3.0, 0.5, 3)),
    "glft": ModelMaker(GLFT(0.003, 3.0, 0.06, 0.23, 3)),
    "c-j": ModelMaker(CarteaJaimungalMaking(0.01, 0.06, 0.23, 3), reference="weighted"),
}


def bitcoin(seed=3, *parts, end_s=END + 20):
    return Market("BTC-USD", seed=seed, start_s=START - 5, end_s=end_s, parts=parts,
                  keep_trades=False)


def session(**changes):
    return MakingSession(**dict(start_s=START, end_s=END, quote_size=0.05,
                                max_inventory=0.15) | changes)


def lots(sizes):
    return np.rint(np.asarray(sizes) / 0.0001).astype(int)


@pytest.mark.parametrize("flatten", [False, True])
@pytest.mark.parametrize("name", MAKERS)
def test_profit_is_the_sum_of_its_parts_and_of_the_account(name, flatten):
    market = bitcoin()
    done = make_markets(market, MAKERS[name], session(flatten=flatten))
    assert len(done.fills) > 3
    assert done.profit.total == pytest.approx(done.value, abs=1e-8)
    assert done.value == pytest.approx(market.cash + market.position * done.end_mid, abs=1e-8)
    assert done.profit.fees == pytest.approx(-done.fills["fee"].sum(), abs=1e-8)
    assert market.open_orders == []
    if flatten:
        assert done.inventory == 0 and market.position == 0
        assert done.value == pytest.approx(done.cash)


@pytest.mark.parametrize("parts", [(), (SLOW,), (Latency(order_s=1.7, cancel_s=3.1),)])
@pytest.mark.parametrize("seed", [1, 2])
def test_inventory_never_passes_the_limit_at_any_latency(parts, seed):
    market = bitcoin(seed, *parts)
    done = make_markets(market, FixedMaker(0.5, interval_s=0.5), session(max_inventory=0.1))
    held = lots(done.fills["side"] * done.fills["size"]).cumsum()
    assert len(held) > 5
    assert np.abs(held).max() <= 1000  # 0.1 BTC
    assert np.abs(held).max() >= 500  # and the limit was met at least half way
    assert lots(done.inventory) == held[-1] == lots(market.position)


def test_makers_only_make():
    done = make_markets(bitcoin(4, SLOW), FixedMaker(0.5), session())
    assert len(done.fills) and done.fills["maker"].all()
    assert (done.profit.spread > 0) and done.refused > 0  # late orders that would have traded


def test_an_order_that_is_right_keeps_its_place():
    class Still:
        interval_s = 1.0

        def reset(self, session, market):
            self.low = round(market.mid) - 400

        def quote(self, state):
            return Quotes(self.low, self.low + 800, 0.05, 0.05)

    done = make_markets(bitcoin(), Still(), session())
    assert (done.orders_sent, done.cancels_sent) == (2, 2)
    assert done.path["bid"].nunique() == 1


def test_quotes_are_sent_on_the_grid_and_in_lots():
    market = Market("BTC-USD", seed=3, start_s=START, end_s=END, record=True)
    make_markets(market, ModelMaker(GLFT(0.003, 3.0, 0.06, 0.23, 3)),
                 session(quote_size=0.0333, max_inventory=0.1))
    sent = market.record().messages
    own = sent[(sent["owner"] != 0) & (sent["kind"] == 5)]  # post-only
    assert len(own) > 10
    assert set(own["size"]) <= set(range(1, 334))


def test_a_silent_maker_trades_nothing_and_the_market_does_not_notice():
    class Silent:
        interval_s = 1.0

        def reset(self, session, market):
            pass

        def quote(self, state):
            return Quotes(None, None, 0.05, 0.05)

    alone, watched = bitcoin(9), bitcoin(9)
    alone.advance(END)
    done = make_markets(watched, Silent(), session())
    assert (alone.mid, alone.volume) == (watched.mid, watched.volume)
    assert done.value == 0 and done.orders_sent == 0 and done.largest_inventory == 0


def test_same_seed_gives_the_same_session_whatever_ran_before():
    one = make_seeds(bitcoin, MAKERS, session(), [5])
    two = make_seeds(bitcoin, dict(reversed(MAKERS.items())), session(), [5])
    both = one.merge(two, on=["seed", "maker"])
    assert (both["profit_x"] == both["profit_y"]).all()
    assert (both["fills_x"] == both["fills_y"]).all()


def test_asking_only_on_a_change_gives_the_same_quotes_where_time_does_not_count():
    model = GLFT(0.003, 3.0, 0.06, 0.23, 3, solution="asymptotic")
    always, seldom = (make_markets(bitcoin(), ModelMaker(model, on_change=on), session())
                      for on in (False, True))
    assert always.path.equals(seldom.path) and always.value == seldom.value


def test_aversion_holds_less_inventory():
    calm, averse = (make_seeds(bitcoin, {"": ModelMaker(
        GLFT(g, 3.0, 0.06, 0.23, 20, solution="asymptotic"))}, session(max_inventory=1.0),
        range(6))["inventory_std"].mean() for g in (1e-5, 1e-2))
    assert averse < 0.75 * calm


def test_fees_are_told_apart_from_everything_else():
    free, dear = (make_markets(bitcoin(3, Fees(maker_fee=fee, fee_unit="bps")), FixedMaker(1.5),
                               session()) for fee in (0.0, 2.0))
    for part in ("spread", "adverse", "inventory"):
        assert getattr(free.profit, part) == pytest.approx(getattr(dear.profit, part))
    notional = (dear.fills["price"] * dear.fills["size"]).sum()
    assert (free.profit.fees, dear.profit.fees) == (0, pytest.approx(-2e-4 * notional))


def test_a_fee_moves_both_quotes_by_as_much():
    near = FixedMaker(3.0)
    far = FixedMaker(3.0, fee_ticks=10.0)
    spreads = [make_markets(bitcoin(), maker, session()).path.eval("ask - bid").dropna()
               for maker in (near, far)]
    assert spreads[1].median() - spreads[0].median() == pytest.approx(20, abs=1)


def test_rounding_to_ticks_favours_no_side():
    class At:
        def depths(self, inventory, time_left):
            return 1.5 + 0.3 * inventory, 1.5 - 0.3 * inventory

    from lobsim.strategies.makers import MakerState

    maker = ModelMaker(At())
    maker.reset(session(), None)
    for mid in (100.0, 100.5):
        for q in (-0.05, 0.0, 0.05):
            long = maker.quote(MakerState(0, 10, q, 95, 106, mid, mid, 0, None))
            short = maker.quote(MakerState(0, 10, -q, -106, -95, -mid, -mid, 0, None))
            assert (long.bid_ticks, long.ask_ticks) == (-short.ask_ticks, -short.bid_ticks)


def test_a_halt_is_waited_out():
    done = make_markets(bitcoin(3, Halts(((START + 60, 100),))), FixedMaker(1.5), session())
    inside = done.fills["time_s"].between(START + 60, START + 160)
    assert len(done.fills) and not inside.any()
    assert done.profit.total == pytest.approx(done.value, abs=1e-8)


@pytest.mark.parametrize("make, message", [
    (lambda: session(quote_size=0.00005), "quote_size is 5e-05; BTC-USD trades whole lots"),
    (lambda: session(start_s=START - 10), "past the start of the session"),
    (lambda: session(end_s=START), "start comes first"),
    (lambda: session(max_inventory=0.01), "it must be at least one quote, 0.05"),
    (lambda: session(markout_s=0), "markout_s is 0"),
])
def test_an_impossible_session_is_refused_in_a_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make_markets(bitcoin(), FixedMaker(1.0), make())


def test_quotes_that_cross_one_another_are_refused():
    class Crossed:
        interval_s = 1.0

        def reset(self, session, market):
            pass

        def quote(self, state):
            return Quotes(state.bid_ticks, state.bid_ticks, 0.05, 0.05)

    with pytest.raises(ValueError, match="the bid must be below the ask"):
        make_markets(bitcoin(), Crossed(), session())
