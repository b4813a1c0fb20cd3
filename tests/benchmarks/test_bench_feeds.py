"""Speed of the readers of order feeds: an ITCH file of 1.2 million messages, Databento's MBO.

As in `test_bench_data`, nothing is asserted about the figures.
"""

import numpy as np
import pytest
from databento_rows import Mbo
from itch_bytes import SYMBOLS, day_of_many_symbols

from lobsim import data

ROUNDS, ROUNDS_WHEN_OFF = 6_000, 60
MBO_ROWS, MBO_ROWS_WHEN_OFF = 200_000, 200


@pytest.fixture()
def itch_file(benchmark, tmp_path):
    """Each symbol's orders are added, cut, hit, replaced and deleted in turn."""
    rounds = ROUNDS if benchmark.enabled else ROUNDS_WHEN_OFF
    path = day_of_many_symbols(tmp_path / "feed.itch", rounds)
    messages = (5 * rounds + 1) * SYMBOLS
    benchmark.extra_info |= {"rows": messages, "bytes": path.stat().st_size}
    return path, messages


@pytest.fixture()
def mbo_file(benchmark, tmp_path):
    """Orders far from each other, each added and cancelled."""
    rng = np.random.default_rng(4)
    rows = Mbo()
    for order in range((MBO_ROWS if benchmark.enabled else MBO_ROWS_WHEN_OFF) // 2):
        side, price = ("B", 4700) if rng.random() < 0.5 else ("A", 4900)
        price += 0.25 * int(rng.integers(0, 40))
        rows.put("A", side, price, 5, order).put("C", side, price, 5, order)
    benchmark.extra_info |= {"rows": len(rows.rows)}
    return rows.save(tmp_path), len(rows.rows)


def test_scanning_an_itch_file(benchmark, itch_file):
    path, messages = itch_file
    table = benchmark.pedantic(data.read_itch_directory, (path,), rounds=3, warmup_rounds=1)
    assert table.attrs["report"]["rows_in_file"] == messages


def test_reading_one_symbol_of_an_itch_file(benchmark, itch_file):
    path, messages = itch_file
    table = benchmark.pedantic(data.read_itch, (path, "SYM3"), rounds=3, warmup_rounds=1)
    assert len(table) == messages // SYMBOLS - 1


def test_turning_itch_events_into_messages(benchmark, itch_file):
    table = data.read_itch(itch_file[0], "SYM3")
    replay = benchmark.pedantic(data.itch_to_messages, (table,), rounds=3, warmup_rounds=1)
    assert len(replay.messages) == len(table) + (table["type"] == "U").sum()


def test_reading_a_databento_export(benchmark, mbo_file):
    path, rows = mbo_file
    table = benchmark.pedantic(data.read_databento, (path,), rounds=3, warmup_rounds=1)
    assert len(table) == rows


def test_turning_market_by_order_into_messages(benchmark, mbo_file):
    path, rows = mbo_file
    table = data.read_databento(path)
    replay = benchmark.pedantic(data.mbo_to_messages, (table,), rounds=3, warmup_rounds=1)
    assert len(replay.messages) == rows
