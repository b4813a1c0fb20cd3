"""What is worked out for a block of the crowd's events is what each of them draws by itself."""

import numpy as np
import pytest

from lobsim.market import Market, rng
from lobsim.market.state import (AHEAD, K_FLOW, MIN_ACTIVITY, N_AHEAD, N_HIGHEST, R_CANCEL,
                                 R_TOTAL, W_MAX_LIVE)


@pytest.mark.parametrize("name", ["SPY", "MIDCAP", "BTC-USD"])
def test_a_block_of_events_is_what_each_would_draw_alone(name):
    market = Market(name, seed=5)
    flow, seen = market._flow, set()
    key = flow.keys[K_FLOW]
    for k in range(1, 40):
        market.advance(market.start_s + 0.5 * k)
        if flow.count[N_AHEAD] == 0:  # an order rests higher up than ever: all is looked up anew
            continue
        block, minute = divmod(int(flow.count[N_AHEAD]) - 1, 1 << 20)
        first, activity = block * AHEAD, flow.minutes[minute, MIN_ACTIVITY]
        for place in range(AHEAD):
            with np.errstate(over="ignore"):
                index = np.uint64(4 * (first + place))
                draw = rng.uniform(np.uint64(rng.word(key, index + np.uint64(1))))
                wait = rng.exponential(np.uint64(rng.word(key, index + np.uint64(4))))
            choice = draw * flow.real[R_TOTAL]
            slot = 1 + int(choice / flow.real[R_CANCEL] * flow.whole[W_MAX_LIVE])
            if choice >= flow.real[R_CANCEL]:
                slot = -1
            elif slot > flow.count[N_HIGHEST]:
                slot = 0
            assert flow.ahead[place] == slot
            assert flow.waits[0, place] == wait / flow.real[R_TOTAL] / activity * 1e9
            seen.add(np.sign(slot))
    assert seen == {-1, 0, 1}


def test_no_order_of_the_crowd_rests_above_the_highest_slot():
    market = Market("SPY", seed=2)
    market.advance(market.start_s + 60.0)
    book = market._book
    assert np.flatnonzero(book.orders["size"] > 0).max() <= market._flow.count[N_HIGHEST]
