"""Laws of orders in fractions of a coin: nothing is lost between lots and sizes."""

import pytest

from lobsim.market import Market
from lobsim.strategies import (
    POV,
    TWAP,
    VWAP,
    ChildOrder,
    Immediate,
    ParentOrder,
    PassiveTWAP,
    execute,
)

START, END = 36_000, 36_600
LOT = 0.0001
STRATEGIES = {
    "twap": TWAP(60),
    "twap in hundredths": TWAP(60, lot=0.01),
    "vwap": VWAP(interval_s=60),
    "pov": POV(0.2, interval_s=10, finish=True),
    "immediate": Immediate(),
    "passive": PassiveTWAP(60, repeg_s=5),
}


def bitcoin(seed):
    return Market("BTC-USD", seed=seed, start_s=START, end_s=END)


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_fraction_of_a_coin_is_done_to_the_lot(name, side):
    market = bitcoin(4)
    order = ParentOrder(side, 0.5123, START, END, lot_size=LOT)
    done = execute(market, STRATEGIES[name], order)
    assert done.filled == 0.5123
    assert round(market.position / LOT) == order.side * 5123
    assert market.open_orders == []
    paper = -order.side * 0.5123 * done.decision_price
    assert done.shortfall.total == pytest.approx(paper - market.cash, abs=1e-5)


def test_children_are_multiples_of_the_lot_of_the_strategy():
    done = execute(bitcoin(5), TWAP(60, lot=0.01), ParentOrder(1, 0.5055, START, END, None, LOT))
    lots = (done.children["size"] / LOT).round().astype(int).tolist()
    assert sum(lots) == 5055
    assert all(size % 100 == 0 for size in lots[:-1])


def test_scaling_the_lot_scales_every_child():
    coarse = execute(bitcoin(6), TWAP(60), ParentOrder("buy", 0.09, START, END, lot_size=0.01))
    assert ((coarse.children["size"] / 0.01).round(6) % 1 == 0).all()
    assert coarse.filled == 0.09


def test_lots_that_do_not_fit_are_refused_in_a_sentence():
    with pytest.raises(ValueError, match="quantity is 5e-05; it must be a whole number above 0 "
                                         "of lots of 0.0001"):
        ParentOrder("buy", 0.00005, START, END, lot_size=LOT)
    with pytest.raises(ValueError, match="lot_size is 0.5; SPY trades whole lots of 1 shares"):
        market = Market("SPY", seed=1, start_s=START, end_s=END)
        execute(market, TWAP(60), ParentOrder("buy", 1.5, START, END, lot_size=0.5))
    with pytest.raises(ValueError, match="lot is 0.00015; it must be a whole number of the order"):
        order = ParentOrder("buy", 1, START, END, lot_size=LOT)
        execute(bitcoin(1), TWAP(60, lot=0.00015), order)
    with pytest.raises(ValueError, match="size is inf"):
        ChildOrder(float("inf"))
