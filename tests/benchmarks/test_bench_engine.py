"""Speed of the engine on the common stream. Short: a fraction of a second a benchmark.

Figures depend on the machine and its load, so nothing is asserted about them here;
`pytest tests/benchmarks --dist=no --benchmark-only` shows them, and `lobsim bench engine` measures
the ratios to a plain C++ loop and to other packages.
"""

import tempfile
import time
from pathlib import Path

import numpy as np
import pytest
from common_stream import DEPTHS, MARKETABLE, stream_of
from numba import config

from lobsim.bench.engine import new_book
from lobsim.bench.stream import BAND_TICKS, common_stream, shape_of
from lobsim.bench.twin import Twin, compile_twin, find_compiler
from lobsim.engine import Kind, OrderBook, process

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="the JIT is off")


@pytest.mark.parametrize("live_orders", DEPTHS)
def test_the_common_stream_has_the_stated_mix_and_depth(live_orders):
    stream = stream_of(live_orders)
    late = stream[5 * live_orders :]
    share = {kind: float((late["kind"] == kind).mean()) for kind in Kind}
    assert 0.45 <= share[Kind.LIMIT] <= 0.50
    assert 0.40 <= share[Kind.CANCEL] <= 0.45
    assert share[Kind.IOC] == pytest.approx(MARKETABLE, abs=0.01)
    book = new_book(len(stream))
    process(book, stream)
    alive = len(book.orders("buy")) + len(book.orders("sell"))
    assert 0.8 * live_orders < alive < 1.2 * live_orders


@pytest.mark.parametrize("live_orders", DEPTHS)
def test_every_message_of_the_common_stream_is_accepted(live_orders):
    stream = stream_of(live_orders)
    book = new_book(len(stream))
    fills = process(book, stream)
    assert book.reject_counts == {}
    book.check_invariants()
    takers = int((stream["kind"] == Kind.IOC).sum())
    assert takers <= len(fills) < 3 * takers
    assert BAND_TICKS[0] <= stream["price_ticks"].min()
    assert stream["price_ticks"].max() <= BAND_TICKS[1]


def test_the_common_stream_follows_its_seed_and_nothing_else():
    assert common_stream(2_000, 50, 3).tobytes() == common_stream(2_000, 50, 3).tobytes()
    assert common_stream(2_000, 50, 3).tobytes() != common_stream(2_000, 50, 4).tobytes()
    assert len(common_stream(0)) == 0
    assert set(common_stream(500, 1_000)["kind"].tolist()) == {int(Kind.LIMIT)}


@pytest.mark.parametrize("live_orders", [0, -1, 1_000_001])
def test_a_depth_out_of_range_is_one_clear_error(live_orders):
    with pytest.raises(ValueError, match=f"live_orders is {live_orders}; it must be from 1 to"):
        shape_of(live_orders)


@pytest.mark.parametrize("live_orders", DEPTHS)
def test_batch_speed(benchmark, live_orders):
    stream = stream_of(live_orders)
    book = new_book(len(stream))
    fills = process(book, stream)
    benchmark.extra_info |= {"messages": len(stream), "live_orders": live_orders}

    def empty_book():
        book.clear()
        return (book, stream), {}

    found = benchmark.pedantic(process, setup=empty_book, rounds=10, warmup_rounds=2)
    assert np.array_equal(found, fills)
    compiler = find_compiler()
    if benchmark.stats is None or compiler is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        with Twin(compile_twin(compiler, Path(folder)), stream) as twin:
            ratios = []
            for _ in range(10):
                book.clear()
                start_s = time.thread_time()
                process(book, stream)
                ours_s = time.thread_time() - start_s
                ratios.append(twin.run() / ours_s)
    benchmark.extra_info["ratio_to_cpp"] = float(np.median(ratios))


def test_per_call_speed(benchmark):
    book = OrderBook()

    def place_and_cancel():
        book.cancel(book.limit("buy", 10.00, 100).order_id)

    benchmark.pedantic(place_and_cancel, rounds=200, iterations=5, warmup_rounds=2)
    assert book.orders("buy") == []
    assert book.reject_counts == {}
