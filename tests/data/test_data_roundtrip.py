"""What a writer writes, the reader reads back as the same table: TAQ, LOBSTER, LEAN, Bitstamp.

Tables are drawn by hypothesis within what the format can hold; on the way each file's packing,
number of columns and precision vary too. Writing is also checked to be repeatable byte for byte
and to refuse, in one sentence, what the format cannot hold.
"""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from tiny_files import TINY

from lobsim import data
from lobsim.data import LobsterDay

DAY_NS = 86_400 * 10**9
DATE = "2025-01-15"
few = settings(max_examples=25)
pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One folder for all examples of a test; each writes over the last."""
    return tmp_path_factory.mktemp("roundtrip")


def texts(values):
    """A column of str."""
    return pd.Series(values, dtype=str)


def times(count, step_ns=1, bars_ns=None):
    """Times of day in order, on a grid of `step_ns`; bars start at distinct times."""
    grid = bars_ns or step_ns
    place = st.integers(0, DAY_NS // grid - 1)
    listed = st.lists(place, min_size=count, max_size=count, unique=bars_ns is not None)
    return listed.map(lambda found: np.sort(np.array(found, dtype=np.int64)) * grid)


def column(values, count):
    """A column of `count` drawn values."""
    return st.lists(values, min_size=count, max_size=count)


counts = st.integers(1, 12)
dollars = st.integers(1, 9_999_999).map(lambda e4: e4 / 1e4)
or_none = st.one_of(st.just(float("nan")), dollars)
shares = st.integers(0, 10**9)
coins = st.floats(1e-8, 1e6).map(lambda size: round(size, 8))
coin_prices = st.floats(0.01, 1e6).map(lambda price: round(price, 8))
letters = st.sampled_from("ABCDHIJKLMNPQTUVWXYZ")
conditions = st.tuples(
    st.sampled_from(" @CNR"), st.sampled_from(" FO456"), st.sampled_from(" TLZU"),
    st.sampled_from(" IBEHKMPQVWX1"),
).map("".join)  # fmt: skip
corrections = st.sampled_from(["00", "01", "07", "08", "10", "11", "12"])


def read_back(written, table):
    """Same values in the same columns and types; also the same kind, day and symbol."""
    assert_frame_equal(written, table, check_exact=True)
    for key in ("date", "symbol"):
        if key in table.attrs:
            assert written.attrs[key] == table.attrs[key]


@st.composite
def trades_tables(draw):
    """Trades of one or two symbols, in TAQ's order: by symbol, then time."""
    tables = []
    for symbol in draw(st.sampled_from([["LOBS"], ["BRK B"], ["END"], ["A", "LOBS"]])):
        n = draw(counts)
        tables.append(pd.DataFrame({
            "time_ns": draw(times(n)),
            "exchange": texts(draw(column(letters, n))),
            "symbol": texts([symbol] * n),
            "price": draw(column(dollars, n)),
            "size": np.array(draw(column(shares, n)), dtype=np.int64),
            "condition": texts(draw(column(conditions, n))),
            "correction": texts(draw(column(corrections, n))),
            "sequence": np.array(draw(column(st.integers(-1, 10**15), n)), dtype=np.int64),
        }))  # fmt: skip
    return pd.concat(tables, ignore_index=True)


@few
@given(table=trades_tables(), packed=st.booleans())
def test_taq_trades(table, packed, folder):
    path = folder / ("trades.gz" if packed else "trades")
    assert data.write_taq_trades(table, path, date=DATE) == path
    read_back(data.read_taq_trades(path), table)
    only = table["symbol"].iloc[-1]
    one = table[table["symbol"] == only].reset_index(drop=True)
    read_back(data.read_taq_trades(path, symbol=only), one)


@st.composite
def quotes_tables(draw, *, nbbo=False):
    """Quotes in round lots; a side without a price has no size."""
    n = draw(counts)
    table = {
        "time_ns": draw(times(n)),
        "exchange": texts(draw(column(letters, n))),
        "symbol": texts(["LOBS"] * n),
    }
    for side in ("bid", "ask"):
        price = np.array(draw(column(or_none, n)))
        lots = np.array(draw(column(st.integers(0, 10**6), n)), dtype=np.int64)
        table[side] = price
        table[f"{side}_size"] = np.where(np.isnan(price), 0, lots * 100)
    table["condition"] = texts(draw(column(st.sampled_from("ABHORW"), n)))
    table["sequence"] = np.array(draw(column(st.integers(-1, 10**15), n)), dtype=np.int64)
    if nbbo:
        for side in ("bid", "ask"):
            table[f"{side}_exchange"] = texts(draw(column(letters, n)))
    return pd.DataFrame(table)


@few
@given(table=quotes_tables(), columns=st.sampled_from([22, 23]))
def test_taq_quotes(table, columns, folder):
    path = data.write_taq_quotes(table, folder / "quotes.gz", date=DATE, columns=columns)
    read_back(data.read_taq_quotes(path), table)


@few
@given(table=quotes_tables(nbbo=True), columns=st.sampled_from([28, 30]))
def test_taq_nbbo(table, columns, folder):
    path = data.write_taq_nbbo(table, folder / "nbbo", date=DATE, columns=columns)
    read_back(data.read_taq_nbbo(path), table)


@st.composite
def lobster_days(draw):
    """Any messages with any books: levels in order, missing ones at the end."""
    n, levels = draw(counts), draw(st.integers(1, 4))
    kind = np.array(draw(column(st.integers(1, 7), n)), dtype=np.int64)
    price_e4 = np.array(draw(column(st.integers(1, 10**8), n)), dtype=np.int64)
    size = np.array(draw(column(st.integers(1, 10**6), n)), dtype=np.int64)
    halt = kind == 7
    price_e4[halt] = np.array(draw(column(st.integers(-1, 1), n)), dtype=np.int64)[halt]
    size[halt] = 0
    messages = pd.DataFrame({
        "time_ns": draw(times(n)),
        "type": kind,
        "order_id": np.array(draw(column(st.integers(0, 10**12), n)), dtype=np.int64),
        "size": size,
        "price_e4": price_e4,
        "price": np.where(halt, np.nan, price_e4 / 1e4),
        "direction": np.array(draw(column(st.sampled_from([1, -1]), n)), dtype=np.int64),
    })  # fmt: skip
    book = {}
    for level in range(1, levels + 1):
        for side in ("ask", "bid"):
            book[f"{side}_price_{level}"] = np.full(n, np.nan)
            book[f"{side}_size_{level}"] = np.zeros(n, dtype=np.int64)
    for row in range(n):
        mid = draw(st.integers(10**5, 10**6))
        for side, sign in (("ask", 1), ("bid", -1)):
            gaps = draw(st.lists(st.integers(1, 500), max_size=levels))
            for level, gap in enumerate(np.cumsum(gaps), start=1):
                book[f"{side}_price_{level}"][row] = (mid + sign * int(gap)) / 1e4
                book[f"{side}_size_{level}"][row] = draw(st.integers(1, 10**6))
    day = LobsterDay(messages, pd.DataFrame(book))
    day.messages.attrs = {"symbol": "LOBM", "date": DATE}
    return day


@few
@given(day=lobster_days(), packed=st.booleans())
def test_lobster(day, packed, folder):
    paths = data.write_lobster(day, folder, gz=packed)
    suffix = f"_{day.levels}.csv" + (".gz" if packed else "")
    assert [path.name for path in paths] == [
        f"LOBM_{DATE}_34200000_57600000_{word}{suffix}" for word in ("message", "orderbook")
    ]
    found = data.read_lobster(paths[0], paths[1])
    read_back(found.messages, day.messages)
    assert_frame_equal(found.book, day.book, check_exact=True)


@st.composite
def lean_trade_ticks(draw, security_type):
    n = draw(counts)
    equity = security_type == "equity"
    table = pd.DataFrame({
        "time_ns": draw(times(n, draw(st.sampled_from([10**6, 1])))),
        "exchange": texts(draw(column(letters, n)) if equity else [""] * n),
        "symbol": texts(["LOBS"] * n),
        "price": draw(column(dollars if equity else coin_prices, n)),
        "size": np.array(draw(column(shares if equity else coins, n))),
    })  # fmt: skip
    if equity:
        flags = st.integers(0, 2**32 - 1)
        table["condition_flags"] = np.array(draw(column(flags, n)), dtype=np.int64)
        table["suspicious"] = np.array(draw(column(st.integers(0, 1), n)), dtype=np.int64)
    return table


def write_lean(table, folder, security_type, **options):
    market = {"equity": "usa", "crypto": "coinbase"}[security_type]
    options = {"symbol": "LOBS", "date": DATE, **options}
    return data.write_lean(table, folder, security_type=security_type, market=market, **options)


@pytest.mark.parametrize("security_type", ["equity", "crypto"])
@few
@given(draw=st.data())
def test_lean_trade_ticks(security_type, draw, folder):
    table = draw.draw(lean_trade_ticks(security_type))
    found = data.read_lean(write_lean(table, folder, security_type))
    assert found.attrs["kind"] == "trades"
    read_back(found[list(table)], table)


@st.composite
def lean_quote_ticks(draw, security_type):
    """One market state a row; both sides are always written."""
    n = draw(counts)
    equity = security_type == "equity"
    table = {"time_ns": draw(times(n, 10**6))}
    for side in ("bid", "ask"):
        price = np.array(draw(column(or_none if equity else coin_prices, n)))
        size = np.array(draw(column(st.integers(1, 10**9) if equity else coins, n)))
        table[side], table[f"{side}_size"] = price, np.where(np.isnan(price), 0, size)
        table[f"{side}_exchange"] = texts(draw(column(letters, n)) if equity else [""] * n)
    return pd.DataFrame(table)


@pytest.mark.parametrize("security_type", ["equity", "crypto"])
@few
@given(draw=st.data())
def test_lean_quote_ticks(security_type, draw, folder):
    table = draw.draw(lean_quote_ticks(security_type))
    found = data.read_lean(write_lean(table, folder, security_type))
    assert found.attrs["kind"] == "nbbo"
    read_back(found[list(table)], table)


@st.composite
def lean_bars(draw, security_type, tick_type, resolution):
    n = draw(counts)
    equity = security_type == "equity"
    bar_ns = {"second": 10**9, "minute": 60 * 10**9}[resolution]
    table = {"time_ns": draw(times(n, bars_ns=bar_ns))}
    size = shares if equity else coins
    for prefix in ("",) if tick_type == "trade" else ("bid_", "ask_"):
        prices = np.array(draw(column(dollars if equity else coin_prices, 4 * n))).reshape(n, 4)
        low, first, last, high = np.sort(prices, axis=1).T
        for name, value in (("open", first), ("high", high), ("low", low), ("close", last)):
            table[f"{prefix}{name}"] = value
        table[f"{prefix}size" if prefix else "volume"] = np.array(draw(column(size, n)))
    return pd.DataFrame(table)


@pytest.mark.parametrize("resolution", ["second", "minute"])
@pytest.mark.parametrize("tick_type", ["trade", "quote"])
@pytest.mark.parametrize("security_type", ["equity", "crypto"])
@few
@given(draw=st.data())
def test_lean_bars(security_type, tick_type, resolution, draw, folder):
    table = draw.draw(lean_bars(security_type, tick_type, resolution))
    path = write_lean(table, folder, security_type, resolution=resolution)
    found = data.read_lean(path)
    assert (found.attrs["resolution"], found.attrs["tick_type"]) == (resolution, tick_type)
    assert found.attrs["bar_ns"] == {"second": 1, "minute": 60}[resolution] * 10**9
    read_back(found, table)


@pytest.mark.parametrize(
    "tiny",
    [t for t in TINY.values() if t.reader not in ("read_databento", "read_tardis")],
    ids=lambda tiny: tiny.name,
)  # those two have no writer
def test_a_tiny_file_survives_reading_writing_and_reading(tiny, tmp_path):
    """Also twice written is written the same, byte for byte."""
    table = tiny.read(tiny.save(tmp_path))
    if tiny.name.startswith("WRDS"):
        write = {"wrds_trades": data.write_taq_trades, "wrds_quotes": data.write_taq_quotes,
                 "wrds_nbbo": data.write_taq_nbbo}[table.attrs["format"]]  # fmt: skip
        if table.attrs["kind"] == "nbbo":  # the complete NBBO of WRDS names no exchange
            table = table.assign(exchange="Q", bid_exchange="Q", ask_exchange="Q")
        reader = {"trades": data.read_taq_trades, "quotes": data.read_taq_quotes,
                  "nbbo": data.read_taq_nbbo}[table.attrs["kind"]]  # fmt: skip
        paths = [write(table, tmp_path / f"{n}.gz") for n in (1, 2)]
        read_back(reader(paths[0]), table)
    elif table.attrs["format"] == "lobster":
        paths = [data.write_lobster(table, tmp_path / str(n))[0] for n in (1, 2)]
        read_back(data.read_lobster(paths[0]).messages, table.messages)
        assert_frame_equal(data.read_lobster(paths[0]).book, table.book, check_exact=True)
    elif table.attrs["format"] == "lean":
        paths = [data.write_lean(table, tmp_path / str(n)) for n in (1, 2)]
        read_back(data.read_lean(paths[0]), table)
    else:
        write = {"taq_trades": data.write_taq_trades, "taq_quotes": data.write_taq_quotes,
                 "taq_nbbo": data.write_taq_nbbo,
                 "bitstamp": data.write_bitstamp}[table.attrs["format"]]  # fmt: skip
        paths = [write(table, tmp_path / f"{n}.gz") for n in (1, 2)]
        read_back(getattr(data, tiny.reader)(paths[0]), table)
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_taq_file_in_a_folder_gets_its_official_name(tmp_path):
    tables = {name: TINY[name].read(TINY[name].save(tmp_path)) for name in TINY if "TAQ" in name}
    names = [
        data.write_taq_trades(tables["TAQ trades"], tmp_path).name,
        data.write_taq_quotes(tables["TAQ quotes"], tmp_path).name,
        data.write_taq_nbbo(tables["TAQ NBBO"], tmp_path).name,
    ]
    assert names == [
        "EQY_US_ALL_TRADE_20250115.gz", "SPLITS_US_ALL_BBO_L_20250115.gz",
        "EQY_US_ALL_NBBO_20250115.gz",
    ]  # fmt: skip


def test_trades_of_taq_become_lean_ticks_with_the_same_conditions(tmp_path):
    tiny = TINY["TAQ trades"]
    trades = tiny.read(tiny.save(tmp_path))
    trades["time_ns"] = trades["time_ns"] // 10**6 * 10**6
    back = data.read_lean(data.write_lean(trades, tmp_path))
    for name in ("time_ns", "exchange", "symbol", "price", "size"):
        assert back[name].tolist() == trades[name].tolist()
    # LEAN says "regular" with a flag, so a blank condition comes back as "@".
    regular = trades["condition"].str.replace("^    $", "@   ", regex=True)
    assert back["condition"].tolist() == regular.tolist()


@pytest.mark.parametrize(
    "change, problem",
    [
        ({"size": -1}, "size is -1 in row 0; allowed is at least 0"),
        ({"price": -0.01}, "price is -0.01 in row 0; allowed is at least 0"),
        ({"time_ns": -1}, "time_ns runs from -1 .* allowed are times within a day"),
        ({"time_ns": DAY_NS}, "time_ns runs from .* allowed are times within a day"),
        ({"symbol": "A|B"}, "symbol"),
        ({"exchange": "A\nB"}, "exchange"),
        ({"price": float("nan")}, "price is nan in row 0"),
    ],
)
def test_values_that_a_taq_file_cannot_hold_are_refused(change, problem, tmp_path):
    tiny = TINY["TAQ trades"]
    trades = tiny.read(tiny.save(tmp_path)).head(1).assign(**change)
    with pytest.raises(ValueError, match=problem) as caught:
        data.write_taq_trades(trades, tmp_path / "out", date=DATE)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_odd_lots_are_no_round_lots(tmp_path):
    tiny = TINY["TAQ quotes"]
    quotes = tiny.read(tiny.save(tmp_path)).assign(bid_size=150)
    with pytest.raises(ValueError, match="bid_size is 150 in row 0; .*whole round lots of 100"):
        data.write_taq_quotes(quotes, tmp_path / "out")
    path = data.write_taq_quotes(quotes, tmp_path / "out", odd_lots="floor")
    assert set(data.read_taq_quotes(path)["bid_size"]) == {0, 100}
