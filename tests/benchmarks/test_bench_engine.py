"""Speed of the engine on the common stream. Short: a fraction of a second a benchmark.

Figures depend on the machine and its load, so nothing is asserted about them here but a
floor far below any healthy figure; `pytest tests/benchmarks --dist=no --benchmark-only` shows them.
"""

import pytest
from common_stream import LIVE_ORDERS, MARKETABLE, common_stream
from numba import config

from lobsim.engine import Kind, OrderBook, process

COUNT = 50_000
FLOOR_PER_S = 1e6  # interpreted Python reaches about 1e5; a healthy build tens of millions

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="the JIT is off")


@pytest.fixture(scope="module")
def stream():
    """The common stream, long enough to forget how it started."""
    return common_stream(COUNT)


def new_book():
    """Arguments of one round: a fresh book."""
    return (OrderBook(price_max=200.0),), {}


def test_the_common_stream_has_the_stated_mix(stream):
    late = stream[5 * LIVE_ORDERS :]
    share = {kind: float((late["kind"] == kind).mean()) for kind in Kind}
    assert 0.45 <= share[Kind.LIMIT] <= 0.50
    assert 0.40 <= share[Kind.CANCEL] <= 0.45
    assert share[Kind.IOC] == pytest.approx(MARKETABLE, abs=0.01)
    book = OrderBook(price_max=200.0)
    process(book, stream)
    assert book.reject_counts == {}
    alive = len(book.orders("buy")) + len(book.orders("sell"))
    assert 0.8 * LIVE_ORDERS < alive < 1.2 * LIVE_ORDERS


def test_batch_speed(benchmark, stream):
    benchmark.extra_info["messages"] = len(stream)
    benchmark.pedantic(
        lambda book: process(book, stream), setup=new_book, rounds=10, warmup_rounds=2
    )
    if benchmark.stats is not None:
        assert len(stream) / benchmark.stats.stats.min > FLOOR_PER_S


def test_per_call_speed(benchmark):
    book = OrderBook()

    def place_and_cancel():
        book.cancel(book.limit("buy", 10.00, 100).order_id)

    benchmark.pedantic(place_and_cancel, rounds=200, iterations=5, warmup_rounds=2)
