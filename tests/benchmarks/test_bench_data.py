"""Speed of the readers on a TAQ day of the usual size: 500,000 rows.

Figures depend on the machine and its load, so nothing is asserted about them;
`pytest tests/benchmarks --dist=no --benchmark-only` shows them. Where benchmarks are off a short
file shows that the code runs.
"""

import numpy as np
import pandas as pd
import pytest

from lobsim import data

ROWS = 500_000
ROWS_WHEN_OFF = 5_000
DATE = "2025-01-15"


def trades_table(rows: int) -> pd.DataFrame:
    """Trades of one symbol as a liquid share has them: many prices, few conditions."""
    rng = np.random.default_rng(3)
    symbol, exchanges = "LOBS", np.array(list("BDJKNPQVYZ"))
    conditions = np.array(["@   ", "@F  ", "@  I", "@F I", "@4 W", "   I", "@ TI"])
    return pd.DataFrame({
        "time_ns": np.sort(rng.integers(4 * 3600 * 10**9, 20 * 3600 * 10**9, rows)),
        "exchange": exchanges[rng.integers(0, len(exchanges), rows)],
        "symbol": symbol,
        "price": np.round(450 + np.cumsum(rng.normal(0, 0.002, rows)), 4),
        "size": rng.geometric(0.01, rows),
        "condition": conditions[rng.integers(0, len(conditions), rows)],
        "sequence": np.arange(1, rows + 1),
    })  # fmt: skip


@pytest.fixture()
def rows(benchmark):
    """Rows of the file: a whole day where something is measured."""
    return ROWS if benchmark.enabled else ROWS_WHEN_OFF


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Kept for the module, so that the large file is written once."""
    return tmp_path_factory.mktemp("bench")


@pytest.fixture()
def trade_file(folder, rows):
    """A plain Daily TAQ trade file."""
    path = folder / f"EQY_US_ALL_TRADE_20250115_{rows}"
    return path if path.exists() else data.write_taq_trades(trades_table(rows), path, date=DATE)


def test_reading_a_taq_trade_file(benchmark, trade_file, rows):
    benchmark.extra_info |= {"rows": rows, "bytes": trade_file.stat().st_size}
    trades = benchmark.pedantic(data.read_taq_trades, (trade_file,), rounds=3, warmup_rounds=1)
    assert len(trades) == rows


def test_reading_one_symbol_of_a_taq_trade_file(benchmark, trade_file, rows):
    benchmark.extra_info["rows"] = rows
    trades = benchmark.pedantic(
        data.read_taq_trades, (trade_file, "LOBS"), rounds=3, warmup_rounds=1
    )
    assert len(trades) == rows


def test_reading_a_lean_tick_zip(benchmark, rows, tmp_path):
    trades = trades_table(rows).assign(price=lambda table: table["price"].round(2))
    path = data.write_lean(trades, tmp_path, symbol="LOBS", date=DATE)
    benchmark.extra_info["rows"] = rows
    assert len(benchmark.pedantic(data.read_lean, (path,), rounds=3, warmup_rounds=1)) == rows


def test_writing_a_taq_trade_file(benchmark, rows, tmp_path):
    table = trades_table(rows)
    benchmark.extra_info["rows"] = rows
    path = benchmark.pedantic(
        data.write_taq_trades, (table, tmp_path / "trades"), {"date": DATE}, rounds=1
    )
    assert path.stat().st_size > 50 * rows
