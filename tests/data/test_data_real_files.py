"""Real files read with the right rows, values, units and zones, and are written back as they were.

The files stay where LOBSIM_REAL_DATA points to. Rows are counted here by the lines of the unpacked
file, independently of the readers; of each file the first and last row are decoded by hand from its
text (a row or two, as numbers, is all of them that stands here).
"""

import bz2
import gzip
import zipfile

import numpy as np
import pytest

from lobsim import data

LEAN = "quantconnect_lean/Data/"
IBM = LEAN + "equity/usa/tick/ibm/2013100{}_{}.zip"
SPY = LEAN + "equity/usa/{}/spy/20131008_{}.zip"
COINBASE = LEAN + "crypto/coinbase/{}"
NS_PER_MS = 1_000_000
pytestmark = pytest.mark.filterwarnings("error")


def raw(path, member=""):
    """The unpacked bytes of a file; of a zip the member with this word in its name."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            (name,) = [name for name in archive.namelist() if member in name]
            return archive.read(name)
    with {".gz": gzip.open, ".bz2": bz2.open}.get(path.suffix, open)(path, "rb") as file:
        return file.read()


def lines_of(path, member=""):
    """Its lines; LEAN and the trimmed LOBSTER file end without a line feed after the last."""
    return raw(path, member).splitlines()


def first_and_last(table, columns):
    """Values of the first and the last row."""
    return [tuple(table[list(columns)].iloc[place]) for place in (0, -1)]


@pytest.fixture(scope="module")
def read(real_data):
    """Reads each file once."""
    tables = {}

    def reader(name):
        if name not in tables:
            tables[name] = data.read_any(real_data / name)
        return tables[name]

    return reader


# name -> rows in the file, rows of the table, format, kind, symbol, date
TABLES = {
    "taq/cqm_20180102.csv.gz": (220_557, 220_557, "wrds_quotes", "quotes", "XXX", "2018-01-02"),
    "taq/ctm_20180102.csv.gz": (39_470, 39_470, "wrds_trades", "trades", "XXX", "2018-01-02"),
    SPY.format("tick", "trade"): (451_545, 451_545, "lean", "trades", "SPY", "2013-10-08"),
    IBM.format(7, "trade"): (24_293, 24_293, "lean", "trades", "IBM", "2013-10-07"),
    IBM.format(8, "trade"): (33_381, 33_381, "lean", "trades", "IBM", "2013-10-08"),
    IBM.format(7, "quote"): (109_067, 54_534, "lean", "nbbo", "IBM", "2013-10-07"),
    IBM.format(8, "quote"): (125_750, 62_875, "lean", "nbbo", "IBM", "2013-10-08"),
    SPY.format("second", "quote"): (29_832, 29_832, "lean", "bars", "SPY", "2013-10-08"),
    SPY.format("second", "trade"): (22_383, 22_383, "lean", "bars", "SPY", "2013-10-08"),
    SPY.format("minute", "quote"): (910, 910, "lean", "bars", "SPY", "2013-10-08"),
    SPY.format("minute", "trade"): (828, 828, "lean", "bars", "SPY", "2013-10-08"),
    COINBASE.format("daily/btcusd_quote.zip"): (1332, 1332, "lean", "bars", "BTCUSD", None),
    COINBASE.format("second/btcusd/20161007_trade.zip"):
        (4063, 4063, "lean", "bars", "BTCUSD", "2016-10-07"),
    COINBASE.format("minute/btcusd/20180404_trade.zip"):
        (1007, 1007, "lean", "bars", "BTCUSD", "2018-04-04"),
    COINBASE.format("minute/btcusd/20180404_quote.zip"):
        (1437, 1437, "lean", "bars", "BTCUSD", "2018-04-04"),
    "bitstamp_btcusd/2015-05-01_orders.csv.bz2":
        (242_524, 242_524, "bitstamp", "order events", "BTCUSD", "2015-05-01"),
}  # fmt: skip
LOBSTER = {  # name -> rows, levels, symbol
    "lobster/LOBSTER_SampleFile_AMZN_2012-06-21_1.zip": (57_515, 1, "AMZN"),
    "lobster/LOBSTER_SampleFile_GOOG_2012-06-21_5.zip": (112_673, 5, "GOOG"),
    "lobster/AAPL_2012-06-21_trimmed998_message_10.csv": (999, 10, "AAPL"),
}
LEAN_FILES = [name for name in TABLES if name.startswith(LEAN)]


def test_every_file_of_a_known_format_is_in_these_tables(real_data):
    folders = ("taq", "quantconnect_lean", "lobster", "bitstamp_btcusd")
    there = {
        path.relative_to(real_data).as_posix()
        for folder in folders
        for path in (real_data / folder).rglob("*")
        if path.is_file() and "orderbook" not in path.name
    }
    assert there == TABLES.keys() | LOBSTER.keys()


@pytest.mark.parametrize("name", TABLES)
def test_no_row_of_a_file_is_lost(name, read, real_data):
    in_file, returned, *_ = TABLES[name]
    header = not name.startswith(LEAN)
    assert len(lines_of(real_data / name)) - header == in_file
    table = read(name)
    assert len(table) == returned
    report = table.attrs["report"]
    assert (report["rows_in_file"], report["rows_returned"]) == (in_file, returned)
    if "pairs" in report:  # two one-sided rows of an update become its one row
        lone = report["lone_bids"] + report["lone_asks"]
        assert 2 * report["pairs"] + lone + report["empty_rows"] == in_file
        assert report["pairs"] + lone + report["empty_rows"] == returned


@pytest.mark.parametrize("name", TABLES)
def test_format_kind_day_symbol_and_time_zone_are_recognised(name, read, real_data):
    _, _, file_format, kind, symbol, date = TABLES[name]
    assert data.sniff(real_data / name) == file_format
    attrs = read(name).attrs
    found = tuple(attrs[key] for key in ("format", "kind", "symbol", "date"))
    assert found == (file_format, kind, symbol, date)
    utc = "coinbase" in name or "bitstamp" in name
    assert attrs["time_zone"] == ("UTC" if utc else "America/New_York")


@pytest.mark.parametrize("name", TABLES)
def test_columns_have_the_documented_types_and_times_are_in_order(name, read):
    table = read(name)
    whole = ["time_ns", "sequence", "condition_flags", "suspicious", "order_id"]
    if table.attrs.get("security_type") != "crypto":
        whole += ["size", "bid_size", "ask_size", "volume"]
    for column in table:
        if column in whole:
            assert table[column].dtype == np.int64, column
        elif column in ("exchange", "symbol", "condition", "correction", "date", "action"):
            assert table[column].dtype == "str", column
    if table.attrs["kind"] != "order events" and "date" not in table:
        assert (np.diff(table["time_ns"]) >= 0).all()
        assert table["time_ns"].between(0, 86_400 * 10**9 - 1).all()


@pytest.mark.parametrize("name", [name for name in TABLES if TABLES[name][3] == "trades"])
def test_trades_come_with_the_shared_columns(name, read, real_data):
    trades = data.read_trades(real_data / name)
    assert list(trades)[:8] == [
        "time_ns", "exchange", "symbol", "price", "size", "condition", "correction", "sequence",
    ]  # fmt: skip
    assert (trades["condition"].str.len() == 4).all()
    assert trades["price"].between(100, 250).all()
    assert trades["exchange"].str.fullmatch("[A-Z]").all()
    assert trades.attrs["report"].get("unknown_condition", 0) == 0


@pytest.mark.parametrize(
    "name", [name for name in TABLES if TABLES[name][3] in ("quotes", "nbbo")]
)  # fmt: skip
def test_quotes_come_with_the_shared_columns_and_without_zero_prices(name, read, real_data):
    quotes = data.read_quotes(real_data / name)
    assert list(quotes)[:9] == [
        "time_ns", "exchange", "symbol", "bid", "bid_size", "ask", "ask_size", "condition",
        "sequence",
    ]  # fmt: skip
    for side in ("bid", "ask"):
        price, size = quotes[side], quotes[f"{side}_size"]
        assert (price.dropna() > 0).all()
        assert (size[price.isna()] == 0).all()
        assert quotes.attrs["report"][f"no_{side}"] == price.isna().sum()


def test_values_of_the_wrds_tables(read):
    quotes, trades = read("taq/cqm_20180102.csv.gz"), read("taq/ctm_20180102.csv.gz")
    assert first_and_last(quotes, ("time_ns", "exchange", "bid", "bid_size", "ask_size")) == [
        (14_400_029_000_000, "P", 136.5, 100, 0),
        (72_001_580_000_000, "P", 157.18, 100, 300),
    ]
    assert np.isnan(quotes["ask"].iloc[0]) and quotes["ask"].iloc[-1] == 157.8
    assert quotes["exchange"].nunique() == 12
    assert first_and_last(trades, ("time_ns", "exchange", "condition", "size", "price")) == [
        (18_081_479_000_000, "P", " FTI", 2, 157.8),
        (71_910_170_000_000, "D", "  TI", 35, 157.8),
    ]
    assert first_and_last(trades, ["sequence"]) == [(48_101,), (145_244_701,)]


def test_values_of_the_lean_tick_files(read):
    columns = ("time_ns", "price", "size", "exchange", "condition_flags", "condition")
    assert first_and_last(read(SPY.format("tick", "trade")), columns) == [
        (14_417_034 * NS_PER_MS, 167.42, 210, "Q", 0x2000, "  T "),
        (71_998_962 * NS_PER_MS, 165.95, 100, "P", 0x20002020, " FT "),
    ]
    assert first_and_last(read(IBM.format(8, "trade")), columns) == [
        (31_669_457 * NS_PER_MS, 182.1, 300, "P", 0x2000, "  T "),
        (69_836_822 * NS_PER_MS, 179.55, 200, "K", 0x2000, "  T "),
    ]
    assert first_and_last(read(IBM.format(7, "trade")), columns) == [
        (14_430_270 * NS_PER_MS, 181.52, 283, "P", 0x20002020, " FT "),
        (69_967_550 * NS_PER_MS, 181.99, 200, "P", 0x20002020, " FT "),
    ]
    quotes = read(IBM.format(8, "quote"))
    assert first_and_last(quotes.head(1), ("time_ns", "bid", "bid_size", "ask", "ask_size")) == [
        (14_400_640 * NS_PER_MS, 180.01, 200, 182.62, 100)
    ] * 2
    assert first_and_last(quotes.tail(1), ("time_ns", "ask", "ask_size", "ask_suspicious")) == [
        (72_000_646 * NS_PER_MS, 185.0, 100, 1)
    ] * 2
    lone = read(IBM.format(7, "quote"))  # begins with an ask row whose bid row is missing
    assert np.isnan(lone["bid"].iloc[0]) and lone["ask"].iloc[0] == 183.63
    assert lone["time_ns"].iloc[0] == 14_400_054 * NS_PER_MS
    assert lone["bid"].iloc[1] == 180.01 and lone["ask"].iloc[1] == 181.8


@pytest.mark.parametrize("day", [7, 8])
def test_quote_ticks_are_what_a_plain_reading_of_the_pairs_gives(day, read, real_data):
    """Row by row in plain Python: an ask row ends an update, a bid row waits for its ask row."""
    name = IBM.format(day, "quote")
    rows = [line.decode().split(",") for line in lines_of(real_data / name)]
    expected, state = [], [np.nan, 0, np.nan, 0]
    for place, (ms, bid, bid_size, ask, ask_size, *_) in enumerate(rows):
        if int(bid):
            state[:2] = int(bid) / 1e4, int(bid_size)
            assert rows[place + 1][0] == ms and int(rows[place + 1][3]), "its ask row follows"
        else:
            state[2:] = int(ask) / 1e4, int(ask_size)
            expected.append((int(ms) * NS_PER_MS, *state))
    quotes = read(name)
    columns = ("time_ns", "bid", "bid_size", "ask", "ask_size")
    for column, values in zip(columns, zip(*expected, strict=True), strict=True):
        np.testing.assert_array_equal(quotes[column], values)
    locked = quotes.attrs["report"]["crossed"] + quotes.attrs["report"]["locked"]
    assert 0 < locked < 0.01 * len(quotes)


def test_values_of_the_lean_bars(read):
    quote = ("time_ns", "bid_open", "bid_close", "bid_size", "ask_high", "ask_close", "ask_size")
    trade = ("time_ns", "open", "high", "low", "close", "volume")
    assert first_and_last(read(SPY.format("second", "quote")), quote) == [
        (14_400_000 * NS_PER_MS, 166.95, 166.95, 100, 167.55, 167.55, 100),
        (72_000_000 * NS_PER_MS, 165.94, 165.94, 100, 165.97, 165.97, 1400),
    ]
    assert first_and_last(read(SPY.format("second", "trade")), trade) == [
        (14_417_000 * NS_PER_MS, 167.42, 167.42, 167.42, 167.42, 210),
        (71_998_000 * NS_PER_MS, 165.95, 165.95, 165.95, 165.95, 100),
    ]
    assert first_and_last(read(SPY.format("minute", "quote")), quote) == [
        (14_400_000 * NS_PER_MS, 166.95, 167.37, 20_000, 167.55, 167.41, 20_000),
        (72_000_000 * NS_PER_MS, 165.94, 165.94, 100, 165.97, 165.97, 1400),
    ]
    assert first_and_last(read(SPY.format("minute", "trade")), trade) == [
        (14_400_000 * NS_PER_MS, 167.42, 167.42, 167.42, 167.42, 210),
        (71_940_000 * NS_PER_MS, 165.99, 166.0, 165.95, 165.95, 7925),
    ]


def test_values_of_the_crypto_bars(read):
    trade = ("time_ns", "open", "high", "low", "close", "volume")
    assert first_and_last(read(COINBASE.format("second/btcusd/20161007_trade.zip")), trade) == [
        (4_000 * NS_PER_MS, 611.78, 611.87, 611.78, 611.87, 0.60046),
        (86_398_000 * NS_PER_MS, 618.04, 618.04, 617.98, 617.98, 0.2),
    ]
    assert first_and_last(read(COINBASE.format("minute/btcusd/20180404_trade.zip")), trade) == [
        (0, 7424.91, 7424.91, 7422.0, 7422.0, 7.14319709),
        (60_420_000 * NS_PER_MS, 6894.01, 6894.01, 6894.01, 6894.01, 0.0373333),
    ]
    quote = ("time_ns", "bid_low", "bid_size", "ask_open", "ask_size")
    assert first_and_last(read(COINBASE.format("minute/btcusd/20180404_quote.zip")), quote) == [
        (0, 7424.9, 1.88483821, 7424.91, 33.35399601000002),
        (86_280_000 * NS_PER_MS, 6791.67, 1.76705729, 6791.68, 27.039899029999997),
    ]
    daily = read(COINBASE.format("daily/btcusd_quote.zip"))
    assert first_and_last(daily, ("date", "time_ns", "bid_high", "bid_size", "ask_size")) == [
        ("2015-04-27", 0, 219.83, 5.8133, 0.0100001),
        ("2018-12-24", 0, 4235.84, 5.0, 31.115892870000003),
    ]


def test_trade_bars_agree_with_the_ticks_they_are_made_of(read):
    """Volume of the minute bars = of the second bars; every bar's prices occur in its ticks."""
    ticks, bars = read(SPY.format("tick", "trade")), read(SPY.format("minute", "trade"))
    seconds = read(SPY.format("second", "trade"))
    assert bars["volume"].sum() == seconds["volume"].sum()
    minute = ticks["time_ns"] // (60 * 10**9) * (60 * 10**9)
    highest = ticks.groupby(minute)["price"].max()
    assert set(bars["time_ns"]) <= set(highest.index)
    assert (bars["high"].to_numpy() <= highest.loc[bars["time_ns"]].to_numpy()).all()


def test_values_of_the_bitstamp_events(read):
    events = read("bitstamp_btcusd/2015-05-01_orders.csv.bz2")
    # 1430438404518 ms since 1970 is 4.518 s after the midnight of 1 May 2015, UTC
    assert events["time_ns"].iloc[0] == 4_518 * NS_PER_MS
    assert events["exchange_time_ns"].iloc[0] == 4_000 * NS_PER_MS
    columns = ("order_id", "price", "remaining", "action", "side")
    assert first_and_last(events.head(2), columns) == [
        (65_595_247, 236.47, 2.0, "created", 1),
        (65_595_247, 236.47, 1.78855669, "changed", 1),
    ]
    assert events["remaining"].median() < 100  # bitcoin and not satoshi


@pytest.mark.parametrize("name", LOBSTER)
def test_no_row_of_a_lobster_day_is_lost(name, read, real_data):
    rows, levels, symbol = LOBSTER[name]
    day = read(name)
    path = real_data / name
    book = path.with_name(path.name.replace("message", "orderbook") + ".gz")
    for word, other in (("_message_", path), ("_orderbook_", book)):
        assert len(lines_of(path if path.suffix == ".zip" else other, word)) == rows
    assert len(day) == len(day.book) == rows
    assert day.book.shape[1] == 4 * levels == 4 * day.levels
    known = {key: day.attrs[key] for key in ("format", "symbol", "date", "time_zone", "levels")}
    assert known == {
        "format": "lobster", "symbol": symbol, "date": "2012-06-21",
        "time_zone": "America/New_York", "levels": levels,
    }  # fmt: skip
    assert data.sniff(path) == "lobster"
    assert set(day.messages["type"]) <= {1, 2, 3, 4, 5, 7}
    assert (day.messages["order_id"][day.messages["type"] == 5] == 0).all()
    assert (day.book["bid_price_1"] < day.book["ask_price_1"]).all()


def test_values_of_the_lobster_days(read):
    columns = ("time_ns", "type", "order_id", "size", "price", "direction")
    amzn, goog, aapl = (read(name) for name in LOBSTER)
    assert first_and_last(amzn.messages, columns) == [
        (34_200_017_459_617, 5, 0, 1, 223.82, -1),
        (57_599_959_359_650, 3, 287_174_077, 100, 220.63, -1),
    ]
    assert first_and_last(goog.messages, columns) == [
        (34_200_015_105_074, 4, 15_818_974, 4, 579.4, 1),
        (57_599_871_751_084, 3, 287_151_822, 100, 565.5, -1),
    ]
    assert first_and_last(aapl.messages, columns) == [
        (34_200_004_241_176, 1, 16_113_575, 18, 585.33, 1),
        (34_249_086_375_027, 1, 18_259_338, 18, 585.35, 1),
    ]
    assert first_and_last(amzn.book, amzn.book) == [
        (223.95, 100, 223.18, 100), (220.64, 100, 220.51, 249),
    ]  # fmt: skip
    assert first_and_last(goog.book, ("ask_price_5", "ask_size_5", "bid_price_5")) == [
        (580.67, 100, 577.18), (565.6, 100, 565.0),
    ]  # fmt: skip
    assert first_and_last(aapl.book, ("ask_price_10", "ask_size_10", "bid_size_10")) == [
        (587.9, 500, 300), (586.03, 100, 2),
    ]  # fmt: skip


def test_one_message_turns_each_book_into_the_next(read):
    """Best levels of GOOG: the row before and a message at that price give the row after."""
    day = read("lobster/LOBSTER_SampleFile_GOOG_2012-06-21_5.zip")
    kind, size, price, direction = (
        day.messages[name].to_numpy() for name in ("type", "size", "price", "direction")
    )
    sign = np.select([kind == 1, np.isin(kind, (2, 3, 4))], [1, -1], 0)
    checked = 0
    for side, at in (("bid", 1), ("ask", -1)):
        best, shares = day.book[f"{side}_price_1"], day.book[f"{side}_size_1"]
        best, shares = best.to_numpy(), shares.to_numpy()
        same = best[1:] == best[:-1]  # where the best price stays, its shares change by the message
        change = np.where((direction == at) & (price == best), sign * size, 0)[1:]
        assert (np.diff(shares)[same] == change[same]).all()
        checked += int(same.sum())
    assert checked > 200_000


@pytest.mark.parametrize("name", LEAN_FILES)
def test_a_lean_file_is_written_back_byte_for_byte(name, read, real_data, tmp_path):
    path = data.write_lean(read(name), tmp_path)
    assert path == tmp_path / name.removeprefix(LEAN)
    with zipfile.ZipFile(path) as new, zipfile.ZipFile(real_data / name) as old:
        assert new.namelist() == old.namelist()
    assert raw(path) == raw(real_data / name)


@pytest.mark.parametrize("name", LOBSTER)
def test_a_lobster_day_is_written_back_byte_for_byte(name, read, real_data, tmp_path):
    path = real_data / name
    paths = data.write_lobster(read(name), tmp_path)
    book = path.with_name(path.name.replace("message", "orderbook") + ".gz")
    for written, word, other in zip(paths, ("_message_", "_orderbook_"), (path, book), strict=True):
        source = path if path.suffix == ".zip" else other
        # The trimmed file ends without a line feed, LOBSTER's own files end with one.
        assert written.read_bytes() == raw(source, word).rstrip(b"\n") + b"\n"
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                assert written.name in archive.namelist()


def test_nothing_of_the_real_data_is_in_the_repository(real_data, repo):
    """No file of the clone is a copy of one, and none holds its first row of data."""
    telling = {}
    for name in (*TABLES, *LOBSTER):
        path = real_data / name
        lines = lines_of(path, "_message_" if path.suffix == ".zip" and name in LOBSTER else "")
        telling[name] = b"\n".join(lines[100:103])  # three rows in a row are no coincidence
    kept = [repo / "lobsim", repo / "tests", repo / "data", repo / "solutions", repo / "lessons"]
    for path in (path for folder in kept for path in folder.rglob("*")):
        if not path.is_file() or path.suffix in (".pyc", ".png"):
            continue
        content = raw(path) if path.suffix == ".gz" else path.read_bytes()
        for name, rows in telling.items():
            assert rows not in content, f"{path} holds rows of {name}"
