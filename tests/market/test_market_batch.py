"""A batch: each market bit for bit what it is alone, whatever stands beside it."""

from copy import deepcopy

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.engine import Kind
from lobsim.engine.indirect import address_of
from lobsim.market import Market, MarketBatch
from lobsim.market.parts import (
    FillRule,
    Halts,
    Latency,
    Metaorders,
    Predator,
    Recorded,
    Regime,
    Regimes,
    VolumeCurve,
    ZeroIntelligence,
)
from lobsim.market.handles import AT_RUN
from lobsim.market.kernel import DONE, TAPE_FULL, run, table_of
from lobsim.market.opening import open_market
from lobsim.market.stack import run_all
from lobsim.market.venue import new_order_id
from small_markets import FLOWS, START_S, TAKERS, market_of, profile_of, same_bits

SECONDS = 120
PER_MARKET = ("clock", "count", "level", "ring", "own", "keys", "excite")


def recording_of(seed):
    market = market_of(*FLOWS["crowd alone"], seed=seed, seconds=60 + 20 * seed, record=True)
    market.advance(START_S + 60 + 20 * seed)
    recording = market.record()
    return Recorded(recording.messages, recording.initial)


VARIED = {
    "poisson": profile_of(*FLOWS["poisson"]),
    "bursts": profile_of(*FLOWS["bursts"], max_live=700),
    "hawkes": profile_of(*FLOWS["hawkes"], max_live=512),
    "queues": profile_of(*FLOWS["queues"], band_ticks=4096),
    "shape": profile_of(ZeroIntelligence(3.0, 0.3, limit_shape=(1.0, 2.0, 1.5),
                                         cancel_shape=(1.0, 0.6, 0.3)), TAKERS),
    "long day": profile_of(*FLOWS["poisson"], VolumeCurve((3.0, 1.0, 2.0)), day_start_s=0,
                           day_end_s=86_400),
    "halts": profile_of(*FLOWS["poisson"], Halts(((START_S + 10.0, 5.0), (START_S + 40.0, 9.0)))),
    "a halt": profile_of(*FLOWS["poisson"], Halts(((START_S + 20.0, 5.0),))),
    "late": profile_of(*FLOWS["poisson"], Latency(0.1, 0.2, 0.1, 0.05, 0.1, 0.1)),
    "paper": profile_of(*FLOWS["poisson"], FillRule("no_impact")),
    "large": profile_of(*FLOWS["poisson"], Metaorders(900.0, 60.0, 10.0, 1.0),
                        Predator(5.0, 30.0, 10.0, 1.0, 0.5)),
    "regimes": profile_of(*FLOWS["poisson"], Regimes((Regime("calm", 1.0), Regime("wild", 1.0, 2.0,
                                                                                   2.0)))),
    "replay": profile_of(recording_of(1)),
    "long replay": profile_of(recording_of(2)),
}
NAMES = sorted(VARIED)


def same_market(batch, i, alone):
    """Whether everything that a market shows, and its state, is the same in both."""
    view = batch[i]
    for name in PER_MARKET:
        ours, theirs = getattr(view._flow, name), getattr(alone._flow, name)
        if name == "excite":
            ours = ours[:len(theirs)]
        assert same_bits(np.ascontiguousarray(ours), theirs), name
    for first, second in zip(view.depth(1000), alone.depth(1000), strict=True):
        assert same_bits(first, second)
    for name in ("best_bid", "best_ask", "mid", "volume", "position", "efficient_price"):
        np.testing.assert_equal(getattr(batch, name)[i], getattr(alone, name), name)
        np.testing.assert_equal(getattr(view, name), getattr(alone, name), name)
    assert view.own_fills.equals(alone.own_fills) and view.reports.equals(alone.reports)
    assert view.cash == pytest.approx(alone.cash, abs=1e-9)
    assert (view.dropped, view.regime, view.halted) == (alone.dropped, alone.regime, alone.halted)
    return True


def trade(market, k):
    """What a trader does in one market at step k, told as (side, size, price or None)."""
    side = 1 if k % 2 else -1
    here = market.best_bid if side > 0 else market.best_ask
    orders = [(-side, 2, None)]
    return orders + ([(side, 3, here)] if np.isfinite(here) else [])


def run_alone(name, seed, steps):
    market = Market(VARIED[name], seed, START_S, START_S + SECONDS, keep_trades=False)
    for k, at in enumerate(steps):
        market.advance(at)
        for side, size, price in trade(market, k):
            market._send(*_message(market, side, size, price))
    market.advance(START_S + SECONDS)
    return market


def _message(market, side, size, price):
    """As a batch sends: ids of refused orders are used up, which `Market.submit` takes back."""
    kind = Kind.MARKET if price is None else Kind.LIMIT
    ticks = 0 if price is None else market._ticks(price)
    return kind, side, ticks, size, int(new_order_id(market._flow))


def run_batch(names, seeds, steps, threads=1):
    batch = MarketBatch([VARIED[name] for name in names], seeds, START_S, START_S + SECONDS,
                        threads=threads)
    for k, at in enumerate(steps):
        batch.advance(at)
        orders = [trade(batch[i], k) for i in range(len(batch))]
        for place in range(2):
            rows = [i for i in range(len(batch)) if len(orders[i]) > place]
            if not rows:
                continue
            sides, sizes, prices = zip(*(orders[i][place] for i in rows), strict=True)
            kind = "market" if prices[0] is None else "limit"
            batch.submit(rows, sides, sizes, None if prices[0] is None else prices, kind)
    batch.advance(START_S + SECONDS)
    return batch


STEPS = [START_S + 4 * k for k in range(1, 25)]


@pytest.fixture(scope="module")
def alone():
    """Each profile with two seeds, alone."""
    return {(name, seed): run_alone(name, seed, STEPS) for name in NAMES for seed in (1, 2)}


def test_every_market_of_a_mixed_batch_is_as_it_is_alone(alone):
    names = NAMES * 2
    seeds = [1] * len(NAMES) + [2] * len(NAMES)
    batch = run_batch(names, seeds, STEPS)
    for i, (name, seed) in enumerate(zip(names, seeds, strict=True)):
        assert same_market(batch, i, alone[name, seed]), name
    assert np.abs(batch.position).sum() > 0


@settings(max_examples=10)
@given(chosen=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([1, 2])), min_size=1,
                       max_size=7))
def test_size_and_order_of_a_batch_change_nothing(alone, chosen):
    names, seeds = zip(*chosen, strict=True)
    batch = run_batch(names, seeds, STEPS)
    for i, key in enumerate(chosen):
        assert same_market(batch, i, alone[key])


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="this machine has one core")
def test_two_threads_give_the_same_bits_as_one(alone):
    batch = run_batch(NAMES, [1] * len(NAMES), STEPS, threads=2)
    for i, name in enumerate(NAMES):
        assert same_market(batch, i, alone[name, 1])


def test_markets_of_a_batch_may_run_to_different_times():
    batch = MarketBatch(VARIED["poisson"], [1, 2], START_S, START_S + SECONDS)
    batch.advance([START_S + 10, START_S + 50])
    for i, until in enumerate((10, 50)):
        market = Market(VARIED["poisson"], i + 1, START_S, START_S + SECONDS)
        market.advance(START_S + until)
        assert batch.mid[i] == market.mid and batch.volume[i] == market.volume
    assert batch.clock_s.tolist() == [START_S + 10, START_S + 50]


def test_a_view_is_the_market_itself():
    """What is sent through a view is in the batch, and a view kept from before stays true."""
    batch = MarketBatch(VARIED["poisson"], [1, 2], START_S, START_S + SECONDS)
    view = batch[1]
    batch.advance(START_S + 10)
    assert view.clock_s == START_S + 10 and view.mid == batch.mid[1]
    view.submit("buy", 7, kind="market")
    assert batch.position.tolist() == [0, 7]
    batch.submit([1], -1, 3, kind="market")
    assert view.position == 4 and len(view.own_fills) >= 2
    assert view.cash == pytest.approx(batch.cash[1]) and view.fees == pytest.approx(batch.fees[1])
    assert view.reports["what"].tolist()[-1] == "filled"
    assert batch[1] is view and batch[-1] is view and len(list(batch)) == 2


def test_buffers_that_fill_up_lose_nothing():
    """More own messages than a buffer holds, between two looks at the account."""
    profile = VARIED["poisson"].with_changes(max_live=128)
    batch = MarketBatch(profile, [3], START_S, START_S + SECONDS)
    alone = Market(profile, 3, START_S, START_S + SECONDS)
    for k in range(900):
        at = START_S + 0.1 * k
        batch.advance(at), alone.advance(at)
        batch.submit([0], 1 if k % 2 else -1, 1, kind="market")
        alone.submit(1 if k % 2 else -1, 1, kind="market")
    assert len(alone.own_fills) > 4 * 130  # a buffer has four times the fills of one order
    assert batch[0].own_fills.equals(alone.own_fills)
    assert batch[0].reports.equals(alone.reports)


def test_best_sizes_are_those_of_the_depth():
    batch = MarketBatch([VARIED["poisson"], VARIED["queues"]], [1, 2], START_S, START_S + SECONDS)
    batch.advance(START_S + 30)
    bids, asks = batch.best_sizes()
    for i, market in enumerate(batch):
        assert (bids[i], asks[i]) == (market.depth(1).bid_size[0], market.depth(1).ask_size[0])


@pytest.mark.parametrize("call, words", [
    (lambda b: b.advance(START_S - 1), "it must lie between its clock, 36000.0 s, and the end"),
    (lambda b: b.advance([START_S, START_S + 10**4]), "46000.0 s for market 1"),
    (lambda b: b.submit([2], 1, 5, 200.0), "a batch of 2 has 0 to 1"),
    (lambda b: b.cancel([2], [1]), "a batch of 2 has 0 to 1"),
    (lambda b: b.cancel([-1], [1]), "a batch of 2 has 0 to 1"),
    (lambda b: b.cancel([0], [0]), "ids are at least 1"),
    (lambda b: b.submit([0], 0, 5, 200.0), "side is 0"),
    (lambda b: b.submit([0, 1], [1, 2], 5, 200.0), r"sides must be \+1"),
    (lambda b: b.submit([0], 1, 1.5, 200.0), "size"),
    (lambda b: b.submit([0], 1, 5, 200.005), "price"),
    (lambda b: b.submit([0], 1, 5), "needs a price"),
    (lambda b: b.submit([0], 1, 5, 200.0, "stop"), "kind is 'stop'"),
])
def test_wrong_use_is_told_in_one_sentence_and_changes_nothing(call, words):
    batch = MarketBatch(VARIED["poisson"], [1, 2], START_S, START_S + SECONDS)
    before = batch._stack.count.copy()
    with pytest.raises(ValueError, match=words):
        call(batch)
    assert same_bits(batch._stack.count, before)


@pytest.mark.parametrize("arguments, words", [
    ({"seeds": []}, "seeds is empty"), ({"seeds": [-1]}, "seed is -1"),
    ({"threads": 0}, "threads is 0"), ({"threads": 10**6}, "the cores of this machine"),
    ({"profiles": [VARIED["poisson"]] * 3}, "there are 2 seeds, 3 profiles"),
    ({"common_seed": [1, 2, 3]}, "3 common seeds"),
    ({"start_s": 10, "end_s": 20}, "inside the day"),
    ({"profiles": [VARIED["long day"], VARIED["poisson"]], "start_s": 10, "end_s": 20},
     "inside the day"),
])
def test_wrong_arguments_are_told(arguments, words):
    given = dict(profiles=VARIED["poisson"], seeds=[1, 2], start_s=START_S,
                 end_s=START_S + SECONDS) | arguments
    with pytest.raises(ValueError, match=words):
        MarketBatch(**given)
    with pytest.raises(IndexError, match="of a batch of 2"):
        MarketBatch(VARIED["poisson"], [1, 2], START_S, START_S + SECONDS)[2]


def test_a_copy_of_a_batch_runs_on_like_the_original():
    batch = MarketBatch(VARIED["late"], (1, 2), START_S, START_S + SECONDS)
    batch.advance(START_S + 10)
    batch.submit([0, 1], "buy", 3, kind="market")
    copies = [deepcopy(batch) for _ in range(2)]
    copies[0].advance(START_S + 60)  # nothing of the others moves with it
    assert (batch.clock_s == START_S + 10).all() and (copies[1].clock_s == START_S + 10).all()
    batch.advance(START_S + 60)
    for i in range(2):
        for name in PER_MARKET:
            ours, theirs = getattr(copies[0][i]._flow, name), getattr(batch[i]._flow, name)
            assert same_bits(np.ascontiguousarray(ours), np.ascontiguousarray(theirs)), name


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="the JIT is off: nothing is compiled")
def test_the_market_is_in_no_kernel_but_its_own():
    """An uncached copy of one that runs markets, since code from the cache cannot be read."""
    arrays = open_market(VARIED["poisson"], 1, START_S * 10**9, 0)
    table = table_of(arrays)
    until, status = np.full(1, (START_S + 1) * 10**9), np.full(1, TAPE_FULL)
    copy = numba.njit(run_all.py_func)
    copy(table, until, status)
    assert status[0] == DONE and table[0, AT_RUN] == address_of(run)
    (code,) = copy.inspect_llvm().values()
    assert "run_all" in code and "base_event" not in code and "step_price" not in code
