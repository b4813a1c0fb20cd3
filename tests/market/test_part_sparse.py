"""Sparse books: power-law places, orders within the spread, hidden orders, takers who wait."""

import numpy as np
import pytest

from lobsim.analytics import facts_of
from lobsim.engine import Kind
from lobsim.market.parts import Hidden, Takers, ZeroIntelligence
from lobsim.market.setup import distance_table
from lobsim.market.state import HIDDEN
from small_markets import EXCITED, NS, TICK, market_of

TAIL, SCALE, LEVELS, INSIDE = 0.9, 3.0, 120, 0.3
SPARSE = ZeroIntelligence(
    limit_rate_per_s=1.5, cancel_rate_per_s=0.3, limit_tail=TAIL, limit_scale_ticks=SCALE,
    limit_levels=LEVELS, inside_share=INSIDE, limit_sizes=((1, 0.3), (5, 0.7)),
    cancel_shape=tuple(1 / (1 + i / 10) for i in range(40)))
TAKERS = Takers(1.5, market_sizes=((1, 0.5), (4, 0.3), (9, 0.2)))


def at_least(ticks, levels=LEVELS):
    """The stated law of distances from the own best, cut behind `levels`."""
    chance = (1 + np.asarray(ticks) / SCALE) ** -TAIL
    last = (1 + (levels + 1) / SCALE) ** -TAIL
    return (chance - last) / (1 - last)


def played(*parts, seconds=4000, **options):
    market = market_of(*parts, seconds=seconds, record=True, band_ticks=4096, **options)
    market.advance(market.end_s)
    return market


def quotes_before(recording, times):
    """Best bid and ask in ticks just before each time; NaN where a side is empty or unknown."""
    tops = recording.tops
    row = np.searchsorted(tops["time_ns"].to_numpy(), times, side="left") - 1
    known = row >= 0
    return [np.where(known, np.rint(tops[side].to_numpy()[row] / TICK), np.nan)
            for side in ("bid", "ask")]


def placed(market):
    """Side, ticks behind the own best, and spread before it, of every limit order of the crowd."""
    recording = market.record()
    orders = recording.messages[(recording.messages["kind"] == Kind.LIMIT)
                                & (recording.messages["owner"] != HIDDEN)]
    bid, ask = quotes_before(recording, orders["time_ns"])
    side = orders["side"].astype(float)
    behind = np.where(side > 0, bid - orders["price_ticks"], orders["price_ticks"] - ask)
    seen = np.isfinite(behind) & np.isfinite(ask - bid)
    return side[seen], behind[seen], (ask - bid)[seen]


def test_the_table_of_places_is_the_stated_power_law():
    found = distance_table(SPARSE)
    ticks = np.arange(LEVELS + 1)
    share = (found[None, :] >= ticks[:, None]).mean(axis=1)
    np.testing.assert_allclose(share, at_least(ticks), atol=1 / len(found))
    assert found.min() == 0 and found.max() <= LEVELS


@pytest.mark.parametrize("parts", [(SPARSE, TAKERS), (EXCITED, SPARSE, TAKERS)],
                         ids=["poisson", "hawkes"])
def test_orders_are_placed_by_the_law_whatever_the_arrivals(parts):
    _, behind, spread = placed(played(*parts))
    wide = spread > 1
    inside = behind[wide] < 0
    error = np.sqrt(INSIDE * (1 - INSIDE) / wide.sum())
    assert wide.sum() > 4000 and abs(inside.mean() - INSIDE) < 4 * error
    outside = behind[wide][~inside]
    for ticks in (1, 3, 10, 40):
        chance = at_least(ticks)
        error = np.sqrt(chance * (1 - chance) / len(outside))
        assert abs((outside >= ticks).mean() - chance) < 4 * error + 1 / 1024, ticks
    # Any tick of the spread alike: improvements of 1 to spread - 1 ticks.
    better, width = -behind[wide][inside], spread[wide][inside]
    assert better.min() == 1 and (better < width).all()
    middle = (better - 0.5) / (width - 1)
    assert abs(middle.mean() - 0.5) < 4 * np.sqrt(1 / 12 / len(middle))


def test_within_a_spread_of_one_tick_an_order_joins_the_best():
    near = ZeroIntelligence(2.0, 0.1, limit_tail=2.0, limit_scale_ticks=0.5, limit_levels=5,
                            inside_share=0.5)
    _, behind, spread = placed(played(near, seconds=1000))
    tight = spread == 1
    assert tight.sum() > 1000 and behind[tight].min() == 0


def gaps_and_sizes(*parts, times=100, levels=6):
    """Distances in ticks from each of the best prices to the next, and the sizes at the former."""
    market = market_of(*parts, seconds=60 * times, band_ticks=4096)
    gaps, sizes = [], []
    for k in range(times):
        market.advance(market.start_s + 60 * k)
        depth = market.depth(levels)
        for price, size in ((depth.bid_price, depth.bid_size), (depth.ask_price, depth.ask_size)):
            gaps.append(np.abs(np.diff(price)) / TICK)
            sizes.append(size[:-1])
    return np.concatenate(gaps), np.concatenate(sizes)


def test_a_power_tail_leaves_gaps_that_the_sizes_do_not_tell():
    """As varied as those between points without any order, whose spread is their mean."""
    gaps, sizes = gaps_and_sizes(SPARSE, TAKERS)
    assert len(gaps) > 500 and gaps.mean() > 3 and gaps.std() > 0.8 * gaps.mean()
    assert abs(np.corrcoef(gaps, sizes)[0, 1]) < 4 / np.sqrt(len(gaps))


def hidden_trades(market):
    """Fills of hidden orders, and the messages that made them."""
    recording = market.record()
    messages = recording.messages
    hidden = messages[messages["owner"] == HIDDEN]
    return hidden, recording.fills[recording.fills["maker_owner"] == HIDDEN], recording


def test_hidden_orders_are_met_within_the_spread_as_often_as_stated():
    share = 0.4
    hidden, fills, recording = hidden_trades(played(SPARSE, TAKERS, Hidden(share)))
    bid, ask = quotes_before(recording, hidden["time_ns"])
    assert ((hidden["price_ticks"] > bid) & (hidden["price_ticks"] < ask)).all()
    takers = recording.messages[recording.messages["kind"] == Kind.IOC]
    bid, ask = quotes_before(recording, takers["time_ns"])
    wide = (ask - bid > 1).sum()  # False where a side is empty
    assert abs(len(hidden) - share * wide) < 4 * np.sqrt(wide * share * (1 - share))
    # Each is filled in full, by the taker of its moment, and gone.
    assert np.array_equal(np.sort(fills["maker_id"]), np.sort(hidden["order_id"]))
    assert (fills["maker_left"] == 0).all()
    assert np.array_equal(fills["time_ns"], hidden["time_ns"])
    assert (fills["taker_side"] == -hidden["side"]).all()


def test_no_quote_shows_a_hidden_order_and_no_fact_of_orders_counts_it():
    market = played(SPARSE, TAKERS, Hidden(0.5))
    hidden, fills, recording = hidden_trades(market)
    tops, ticks = recording.tops, hidden["price_ticks"] * TICK
    row = np.searchsorted(tops["time_ns"].to_numpy(), hidden["time_ns"], side="right") - 1
    after = tops.iloc[row]
    sold = hidden["side"] < 0
    assert not np.isclose(np.where(sold, after["ask"], after["bid"]), ticks).any()
    facts = facts_of(market)
    limits = np.count_nonzero(recording.messages["kind"] == Kind.LIMIT)
    seconds = (recording.messages["time_ns"][-1] - market.start_s * NS) / NS
    assert len(hidden) > 500
    assert facts.limits_per_s == pytest.approx((limits - len(hidden)) / seconds, rel=1e-3)


def test_takers_stay_away_from_a_wide_spread():
    def spreads(**choice):
        takers = Takers(1.5, market_sizes=TAKERS.market_sizes, **choice)
        recording = played(SPARSE, takers).record()
        sent = recording.messages[recording.messages["kind"] == Kind.IOC]
        bid, ask = quotes_before(recording, sent["time_ns"])
        return (ask - bid)[np.isfinite(ask - bid)]

    patient = spreads(widest_spread_ticks=8)
    assert len(patient) > 500 and patient.max() <= 8
    assert spreads().max() > 8


def test_no_meta_order_is_longer_than_its_most():
    """With a smallest length that is also the most, sides come in runs of that many orders."""
    deep = ZeroIntelligence(limit_rate_per_s=4.0, cancel_rate_per_s=0.1, limit_levels=3,
                            limit_sizes=((50, 1.0),))
    takers = Takers(2.0, meta_min_orders=6.0, meta_most_orders=6.0)
    fills = played(deep, takers, seconds=3000).record().fills
    _, first = np.unique(fills["message_index"], return_index=True)
    side = fills["taker_side"][first]
    changes = np.flatnonzero(np.diff(side)) + 1
    assert len(changes) > 300 and (np.diff(changes) % 6 == 0).all()
