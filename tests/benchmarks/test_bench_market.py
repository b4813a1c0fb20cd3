"""Speed of markets. Short: a fraction of a second a benchmark; nothing is asserted about speed.

`lobsim bench market` measures the ratios to plain C++ and to other packages.
"""

import numpy as np
import pytest
from numba import config

from lobsim.bench.market_cases import START_S, base_flows, named_markets
from lobsim.market import Market, MarketBatch
from lobsim.market.state import N_MESSAGE

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="the JIT is off")
SECONDS = 600.0
FLOWS = ("zero intelligence", "Hawkes", "queue-reactive", "replay")


@pytest.fixture(scope="module")
def flows():
    return base_flows(SECONDS)


def _measure(benchmark, profile):
    """Time ten minutes of a market; returns it."""
    made = []

    def opened():
        made.append(Market(profile, 1, START_S, START_S + SECONDS, keep_trades=False))
        return (START_S + SECONDS,), {}

    benchmark.pedantic(lambda until_s: made[-1].advance(until_s), setup=opened, rounds=5)
    messages = {int(market._flow.count[N_MESSAGE]) for market in made}
    assert len(messages) == 1  # one seed, one market
    benchmark.extra_info["messages"] = messages.pop()
    return made[-1]


@pytest.mark.parametrize("name", FLOWS)
def test_speed_of_a_base_flow(benchmark, flows, name):
    market = _measure(benchmark, flows[name])
    assert market.volume > 0


@pytest.mark.parametrize("name", sorted(named_markets()))
def test_speed_of_a_named_market(benchmark, name):
    assert _measure(benchmark, named_markets()[name]).volume > 0


@pytest.mark.parametrize("markets", [1, 64])
def test_speed_of_a_batch(benchmark, markets):
    batch = MarketBatch("SPY", range(markets), START_S, START_S + 4 * 3600)
    clock = iter(range(1, 10_000))
    benchmark.pedantic(lambda: batch.advance(START_S + next(clock)), rounds=20, warmup_rounds=2)
    assert np.isfinite(batch.mid).all() and batch.volume.sum() > 0
    benchmark.extra_info["bytes_per_market"] = batch.bytes_per_market
