"""The simulated market has the probabilities of Cont, Stoikov and Talreja (2010), tables 3 and 4.

Rates are those of the paper, per second instead of per minute: probabilities do not know the unit.
Errors come from blocks of time (visits to a state within a block hang together); the largest of 25
deviations must stay below `ERRORS` of them, on fixed seeds.
"""

import numpy as np
import pytest

from lobsim.analytics.cst import probability_filled_before_move, probability_mid_up
from lobsim.market import Market
from lobsim.market.parts import Takers, ZeroIntelligence
from small_markets import START_S, profile_of

LIMIT = (1.85, 1.51, 1.09, 0.88, 0.77)
CANCEL = (0.71, 0.81, 0.68, 0.56, 0.47)
MARKET = 0.94
ERRORS = 4.0
CELLS = np.ix_(range(1, 6), range(1, 6))
PAPER = profile_of(
    ZeroIntelligence(limit_rate_per_s=LIMIT[0], limit_shape=LIMIT, cancel_rate_per_s=CANCEL[0],
                     cancel_shape=tuple(np.array(CANCEL) / CANCEL[0]), partial_cancels=False),
    # Takers of both sides, each order by a coin of its own: a meta-order of no length.
    Takers(market_rate_per_s=2 * MARKET, meta_min_orders=0.0),
    day_end_s=10**6, max_live=192, band_ticks=1 << 15)
BLOCKS = 24
SECONDS = 100_000


def largest_deviation(up, visits, theory):
    """Largest deviation in standard errors over the 25 cells, and the largest error.

    `up` and `visits` have the shape (blocks, 5, 5); the error of a ratio of sums.
    """
    share = up.sum(0) / visits.sum(0)
    apart = up - share * visits
    error = np.sqrt((apart**2).sum(0) * BLOCKS / (BLOCKS - 1)) / visits.sum(0)
    return np.abs((share - theory) / error).max(), error.max()


def in_cells(bid, ask, rows, block):
    """Counts by block and by queue lengths from 1 to 5."""
    inside = rows & (bid >= 1) & (bid <= 5) & (ask >= 1) & (ask <= 5)
    counts = np.zeros((BLOCKS, 6, 6))
    np.add.at(counts, (block[inside], bid[inside], ask[inside]), 1)
    return counts[:, 1:, 1:]


def next_move(bid, ask):
    """Direction of the next change of either best price after each row; 0 where none follows."""
    moved = np.flatnonzero((np.diff(bid) != 0) | (np.diff(ask) != 0))
    way = np.sign((np.diff(bid) + np.diff(ask))[moved])
    place = np.searchsorted(moved, np.arange(len(bid)))
    return np.append(way, 0)[place]


@pytest.fixture(scope="module")
def tops():
    """Best quotes of a long market: ticks, lots, and the block of time of each row."""
    end = START_S + SECONDS
    market = Market(PAPER, 3, START_S, end, record=True)
    market.advance(end)
    assert market.dropped == 0
    table = market.record().tops.dropna()
    bid, ask = (np.rint(table[name].to_numpy() / 0.01).astype(int) for name in ("bid", "ask"))
    block = ((table["time_ns"].to_numpy() / 1e9 - START_S) / SECONDS * BLOCKS).astype(int)
    sizes = (table[name].to_numpy().astype(int) for name in ("bid_size", "ask_size"))
    return bid, ask, *sizes, block


def test_the_mid_moves_up_first_as_in_table_3(tops):
    bid, ask, bid_size, ask_size, block = tops
    way = next_move(bid, ask)
    at_one = (ask - bid == 1) & (way != 0)
    visits = in_cells(bid_size, ask_size, at_one, block)
    up = in_cells(bid_size, ask_size, at_one & (way > 0), block)
    theory = probability_mid_up(*CELLS, LIMIT, CANCEL, MARKET)
    largest, error = largest_deviation(up, visits, theory)
    assert error < 0.03
    assert largest < ERRORS


def test_two_ticks_apart_the_mid_moves_up_first_as_in_proposition_4(tops):
    bid, ask, bid_size, ask_size, block = tops
    way = next_move(bid, ask)
    at_two = (ask - bid == 2) & (way != 0)
    visits = in_cells(bid_size, ask_size, at_two, block)
    up = in_cells(bid_size, ask_size, at_two & (way > 0), block)
    theory = probability_mid_up(*CELLS, LIMIT, CANCEL, MARKET, spread=2)
    populated = visits.sum(0) > 200
    share = up.sum(0) / visits.sum(0).clip(1)
    apart = np.sqrt(((up - share * visits)**2).sum(0) * BLOCKS / (BLOCKS - 1))
    z = (share - theory)[populated] / (apart / visits.sum(0))[populated]
    assert populated.sum() >= 15
    assert np.abs(z).max() < ERRORS


def test_an_own_order_is_filled_before_the_mid_moves_as_in_proposition_5():
    """Own orders join a best queue at spread 1, in turn on both sides, and stay until the answer.

    For a sell order the queues change places.
    """
    end, wait_s = START_S + 120_000, 8.0
    market = Market(PAPER, 4, START_S, end, record=True)
    sent = []
    while market.clock_s + 2 * wait_s < end and len(sent) < 12_000:
        if market.spread_ticks == 1:
            side = 1 if len(sent) % 2 else -1
            order_id = market.submit(side, 1, market.best_bid if side > 0 else market.best_ask)
            shown = market.depth(1)
            own, other = (shown.bid_size, shown.ask_size)[::side]
            sent.append((market.clock_s, order_id, own[0], other[0]))
            market.advance(market.clock_s + wait_s)
            market.cancel_all()
        market.advance(market.clock_s + 0.5)
    time_s, order_id, own_queue, other_queue = np.array(sent).T
    recording = market.record()
    top = recording.tops
    quotes = top[["bid", "ask"]].to_numpy()
    change_s = top["time_ns"].to_numpy()[1:][(quotes[1:] != quotes[:-1]).any(1)] / 1e9
    move_s = np.append(change_s, np.inf)[np.searchsorted(change_s, time_s, side="right")]
    fills = market.own_fills.groupby("order_id")["time_s"].first()
    fill_s = fills.reindex(order_id.astype(int)).to_numpy()
    fill_s = np.where(np.isnan(fill_s), np.inf, fill_s)
    # The own fill may empty the queue, which moves the mid at the same instant: that is a fill.
    filled = fill_s <= move_s + 1e-9
    known = filled | (move_s <= time_s + wait_s)
    assert known.mean() > 0.99
    block = np.minimum((np.arange(len(sent)) * BLOCKS) // len(sent), BLOCKS - 1)
    bids, asks = own_queue.astype(int), other_queue.astype(int)
    visits = in_cells(bids, asks, known, block)
    hits = in_cells(bids, asks, known & filled, block)
    theory = probability_filled_before_move(*CELLS, LIMIT, CANCEL, MARKET)
    total = visits.sum(0)
    populated = total > 30
    error = np.sqrt(theory * (1 - theory) / total.clip(1))  # trials are independent
    z = ((hits.sum(0) / total.clip(1) - theory) / error)[populated]
    assert populated.sum() >= 20
    assert np.abs(z).max() < ERRORS
    assert abs(z.mean()) < ERRORS / np.sqrt(len(z))
