"""A market lasts: twenty million events without a broken invariant, and the soak finds harm."""

import numpy as np
import pytest
from numba import config

from lobsim.bench import market_soak
from lobsim.bench.market_soak import MONTH_DAYS, MONTH_EVENTS, soak, soak_profile
from lobsim.engine.state import BEST_BID
from lobsim.market import Market

EVENTS = 20_000_000
pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="the JIT is off: it takes hours")


@pytest.fixture(scope="module")
def report():
    return soak(EVENTS)


def test_no_invariant_breaks_and_memory_stays(report):
    assert report.faults == []
    assert report.sound
    assert report.checks >= market_soak.CHECKS // 2
    assert report.last_mb - report.first_mb <= market_soak.GROWTH_MB


def test_a_month_is_as_many_events_as_it_says(report):
    assert report.days == pytest.approx(MONTH_DAYS * EVENTS / MONTH_EVENTS, rel=0.02)
    assert report.events == pytest.approx(EVENTS, rel=0.1)


def test_the_soak_meets_what_it_is_meant_to_meet(report):
    assert report.ids_began_anew == 1
    assert report.own_fills > 100
    assert report.own_rejected > 10
    assert report.own_refused > 50
    assert report.own_resting > 1
    assert report.own_sent == market_soak.MESSAGES * report.checks


def test_the_efficient_price_runs_into_both_ends_of_its_band_and_back():
    made = soak_profile("SPY", 520)
    market = Market(made, 3, 0.0, 40_000.0, keep_trades=False)
    low, high = (market._flow.whole[k] for k in (market_soak.W_LOW, market_soak.W_HIGH))
    margin = market_soak.BAND_MARGIN
    stood = []
    for k in range(1, 400):
        market.advance(100.0 * k)
        price = market._flow.level[market_soak.L_EXOGENOUS]
        assert low + margin <= price <= high - margin
        stood.append(-1 if price <= low + margin else 1 if price >= high - margin else 0)
        assert market_soak._faults(market) == []
    assert {-1, 0, 1} == set(stood)


def _broken(harm):
    """The faults of a market after `harm` was done to it."""
    market = Market("SPY", 1, keep_trades=False)
    market.submit("buy", 100, price=market.best_bid)
    assert market_soak._faults(market) == []
    harm(market)
    return market_soak._faults(market)


def _outside(market):
    market._flow.whole[market_soak.W_LOW] = market._book.scalars[BEST_BID] + 1


def _same_ids(market):
    orders = market._book.orders
    first, second = np.flatnonzero(orders["size"] > 0)[:2]
    orders["order_id"][first] = orders["order_id"][second]


def _not_a_number(market):
    market._flow.level[0] = np.nan


@pytest.mark.parametrize("harm, told", [
    (lambda m: m._book.levels["total"].__iadd__(1), "a level's total or count"),
    (_outside, "the best bid lies outside the band"),
    (_same_ids, "two resting orders have one id"),
    (lambda m: m._flow.own["left"].__iadd__(1), "an own order is not in the book as the account"),
    (lambda m: m._flow.count.__setitem__(market_soak.N_OWN_LIVE, 0),
     "an own order rests that the account does not know"),
    (lambda m: m._flow.count.__setitem__(market_soak.N_POSITION, 7),
     "the two accounts of the position differ"),
    (_not_a_number, "a level is not a number"),
], ids=["total", "band", "ids", "own", "unknown", "position", "nan"])
def test_every_harm_is_found(harm, told):
    assert any(fault.startswith(told) for fault in _broken(harm))


def test_a_fault_ends_the_soak_and_is_told(monkeypatch):
    honest = market_soak._faults

    def late(market):
        return ["something broke"] if market.venue_s > 300 else honest(market)

    monkeypatch.setattr(market_soak, "_faults", late)
    found = soak(1e6)
    assert not found.sound
    assert len(found.faults) == 1 and found.faults[0].endswith("s: something broke")
    assert found.events < 500_000


def test_growing_memory_is_a_fault(monkeypatch):
    monkeypatch.setattr(market_soak, "GROWTH_MB", -1e9)
    found = soak(1e6)
    assert [fault.partition(" from")[0] for fault in found.faults] == ["memory grew"]


@pytest.mark.parametrize("arguments, text", [
    ((10,), "events is 10 and"), ((2e9,), "events is 2e"), ((1e6, "SPY", 1, 100), "band_ticks 100"),
])
def test_wrong_use_is_one_sentence(arguments, text):
    with pytest.raises(ValueError, match=text) as error:
        soak(*arguments)
    assert "\n" not in str(error.value)
