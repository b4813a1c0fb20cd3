"""Whatever parts a market is made of: a whole book, a tape the engine agrees with, no step sizes.

Small bands, few places and violent parts, so that every border is met.
"""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lobsim.engine import FILL, OrderBook, process
from lobsim.engine.views import FAULTS, find_fault
from lobsim.market import Market
from lobsim.market.parts import (
    FILL_RULES,
    FillRule,
    Fundamental,
    Halts,
    Hidden,
    Impact,
    Latency,
    Makers,
    Metaorders,
    Predator,
    Regime,
    Regimes,
    Takers,
    ZeroIntelligence,
)
from lobsim.market.state import OWN_ROOM
from small_markets import EXCITED, QUEUES, START_S, TICK, profile_of, same_bits

SECONDS = 40


def maybe(part):
    return st.one_of(st.none(), part)


SIZES = st.sampled_from([((1, 1.0),), ((1, 0.5), (40, 0.5)), ((7, 1.0),)])
PARTS = st.tuples(
    st.builds(ZeroIntelligence, st.floats(0.2, 12.0), st.floats(0.02, 2.0),
              limit_levels=st.integers(1, 8), limit_sizes=SIZES,
              limit_tail=st.sampled_from([0.0, 0.7, 1.5]), inside_share=st.sampled_from([0.0, 0.5]),
              cancel_shape=st.sampled_from([(), (1.0, 0.3)])),
    st.builds(Takers, st.floats(0.0, 12.0), market_sizes=SIZES,
              meta_min_orders=st.floats(0, 5), informed_share=st.floats(0, 1),
              lookahead_s=st.floats(0, 6), sweep_share=st.sampled_from([0.0, 0.5]),
              widest_spread_ticks=st.sampled_from([0, 3]),
              bursts=st.sampled_from([(), ((0.5, 1.0),), ((0.4, 0.01), (0.4, 5.0))])),
    maybe(st.sampled_from([EXCITED, QUEUES])), maybe(st.builds(Hidden, st.floats(0, 1))),
    maybe(st.builds(Fundamental, st.sampled_from([0.0, 5.0, 80.0]),
                    jump_share=st.sampled_from([0.0, 0.9]), jump_rate_per_s=st.just(0.2),
                    trend_bps_per_min=st.sampled_from([0.0, -50.0, 50.0]))),
    maybe(st.builds(Makers, st.floats(-1, 2), st.floats(0, 1), st.floats(0, 1),
                    st.floats(0.5, 100), st.floats(0, 1), st.floats(0.5, 100),
                    st.integers(1, 4))),
    maybe(st.builds(Impact, st.sampled_from([2.0, 200.0]), st.floats(0, 1),
                    depth_growth=st.sampled_from([0.0, 0.1]))),
    maybe(st.builds(Metaorders, st.just(1800.0), st.floats(5, 200), st.floats(1, 20),
                    st.floats(0.01, 2))),
    maybe(st.builds(Predator, st.floats(1, 10), st.floats(5, 60), st.floats(1, 20),
                    st.floats(0.2, 3), st.floats(0.1, 2))),
    maybe(st.sampled_from([Halts(((START_S + 5.0, 5.0), (START_S + 20.0, 1.0))),
                           Halts(((START_S - 30.0, 35.0),))])),
    maybe(st.builds(Latency, *[st.sampled_from([0.0, 0.3])] * 6)),
    maybe(st.builds(FillRule, st.sampled_from(FILL_RULES), st.floats(0, 5), st.floats(0, 1))),
    maybe(st.just(Regimes((Regime("calm", 1.0), Regime("wild", 1.0, 4.0, 4.0, 20.0, -0.5))))),
)
ACTIONS = st.lists(st.tuples(
    st.sampled_from(["limit", "market", "ioc", "fok", "post_only", "cancel", "replace", "reduce"]),
    st.sampled_from([1, -1]), st.integers(1, 120), st.integers(-4, 6), st.floats(0, 2)),
    max_size=30)


def act(market, action):
    kind, side, size, away, wait = action
    market.advance(min(market.clock_s + wait, START_S + SECONDS))
    here = market.best_bid if side > 0 else market.best_ask
    here = here if np.isfinite(here) else 200.0
    low, high = (int(k) for k in market._flow.whole[3:5])
    price = round(min(max(round(here / TICK) + side * away, low), high) * TICK, 2)
    orders = market.open_orders
    if kind in ("cancel", "replace", "reduce"):
        if orders:
            order = orders[size % len(orders)]
            if kind == "cancel":
                market.cancel(order.order_id)
            elif kind == "replace":
                market.replace(order.order_id, price, size)
            else:
                market.reduce(order.order_id, min(size, order.size))
    elif len(orders) < OWN_ROOM - 1:
        market.submit(side, size, None if kind == "market" else price, kind)


@settings(max_examples=150)
@given(parts=PARTS, actions=ACTIONS, seed=st.integers(0, 2**62),
       band=st.sampled_from([24, 640, 4096]), max_live=st.sampled_from([66, 90, 200, 600]))
def test_the_book_stays_whole_and_the_engine_agrees(parts, actions, seed, band, max_live):
    profile = profile_of(*(part for part in parts if part is not None), band_ticks=band,
                         max_live=max_live)
    market = Market(profile, seed, START_S, START_S + SECONDS, record=True)
    for action in actions:
        act(market, action)
        assert FAULTS[find_fault(market._book)] == ""
    market.advance(START_S + SECONDS)
    assert FAULTS[find_fault(market._book)] == ""
    recording = market.record()
    tops = recording.tops.dropna()
    assert (tops["ask"] > tops["bid"]).all() and (tops[["bid_size", "ask_size"]] > 0).all().all()
    assert (np.diff(recording.messages["time_ns"]) >= 0).all()
    assert (recording.messages["size"] > 0).all()
    book = OrderBook(price_min=200 - band // 2 * TICK, price_max=200 + band // 2 * TICK)
    process(book, recording.initial)
    fills = process(book, recording.messages)
    assert not any(book.reject_counts.values()), book.reject_counts
    assert len(fills) == len(recording.fills)
    for name in FILL.names:
        assert same_bits(fills[name], recording.fills[name]), name
    for mine, theirs in zip(market.depth(5000), book.depth(5000), strict=True):
        np.testing.assert_allclose(mine, theirs)
    live = market.depth(5000).bid_orders.sum() + market.depth(5000).ask_orders.sum()
    assert live <= max_live


@settings(max_examples=60)
@given(parts=PARTS, seed=st.integers(0, 2**62), steps=st.lists(st.floats(0, 5), max_size=30))
def test_the_step_size_changes_nothing(parts, seed, steps):
    profile = profile_of(*(part for part in parts if part is not None), max_live=300)
    coarse, fine = (Market(profile, seed, START_S, START_S + SECONDS, record=True)
                    for _ in range(2))
    jitter = profile.part(Latency)
    for step in steps if not (jitter and jitter.feed_jitter_s) else ():
        fine.advance(min(fine.clock_s + step, START_S + SECONDS))
    for market in (coarse, fine):
        market.advance(START_S + SECONDS)
    first, second = coarse.record(), fine.record()
    assert same_bits(first.messages, second.messages) and same_bits(first.fills, second.fills)
    assert first.tops.equals(second.tops)
