"""Databento's CSV exports and DBN files: every trap of the format has a test named after it."""

import gzip
import io
import tomllib

import numpy as np
import pytest
from databento_rows import BAD_BOOK, BAD_TIME, DAY_NS, LAST, MIDNIGHT, NOON, Mbo, found, queue
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from tiny_files import TINY

from lobsim import data
from lobsim.data import DataError
from lobsim.data.databento_layout import ACTIONS, SCHEMAS, SIDES
from lobsim.engine import Side

pytestmark = pytest.mark.filterwarnings("error")
REAL = "databento/futures_{}_2024-07-01T23-58_2024-07-02T00-02.{}"


# -- the two ways of writing -----------------------------------------------------------------------


def test_iso_times_and_integer_times_are_the_same(tmp_path):
    tables = []
    for pretty in (True, False):
        rows = Mbo(pretty).put("R").put("A", "B", 4799.25, 2, 11).put("A", "A", 4799.5, 3, 12)
        tables.append(rows.read(tmp_path))
    assert_frame_equal(*tables)
    assert tables[0]["time_ns"].tolist() == [DAY_NS // 2 + 1000 * k + 1 for k in (1, 2, 3)]
    assert tables[0]["event_time_ns"].tolist() == [DAY_NS // 2 + 1000 * k for k in (1, 2, 3)]
    assert tables[0].attrs["date"] == "2025-01-15" and tables[0].attrs["time_zone"] == "UTC"


@pytest.mark.parametrize(
    "text, time_ns",
    [("2025-01-15T12:00:00.000000001Z", NOON + 1), ("2025-01-15 12:00:00+00:00", NOON),
     ("2025-01-15T12:00:00.5Z", NOON + 5 * 10**8), ("2025-01-15T12:00:00Z", NOON),
     (str(NOON + 7), NOON + 7), ("2024-02-29T00:00:00Z", MIDNIGHT - 321 * DAY_NS)],
)  # fmt: skip
def test_times_in_every_usual_form(text, time_ns, tmp_path):
    tiny = TINY["Databento trades"]
    table = tiny.read(tiny.save(tmp_path, tiny.changed(3, 1, text)))
    assert table["event_time_ns"][1] + MIDNIGHT == time_ns


@pytest.mark.parametrize(
    "text", ["2025-02-29T12:00:00Z", "2025-13-01T12:00:00Z", "2025-01-15T24:00:00Z",
             "2025-01-15T12:00:00", "2025-01-15T12:00:00+01:00", "2025-01-15", "12:00:00",
             "2025-01-15T12:00:00.Z", "1736899200", "9" * 19],
)  # fmt: skip
def test_times_that_are_none_are_refused(text, tmp_path):
    tiny = TINY["Databento trades"]
    with pytest.raises(DataError, match=r"row 3: ts_recv is .*allowed (is|are)"):
        tiny.read(tiny.save(tmp_path, tiny.changed(3, 0, text)))


def test_prices_in_units_of_a_billionth_and_decimal_prices_are_the_same(tmp_path):
    tiny = TINY["Databento MBP-1"]
    whole = tiny.read(tiny.save(tmp_path))
    assert whole["price"].tolist() == [4799.25, 4799.5, 4799.5, 4799.5]
    lines = [
        line.replace("4799250000000", "4799.250000000").replace("4799500000000", "4799.500000000")
        .replace(str(2**63 - 1), "")
        for line in tiny.lines
    ]  # fmt: skip
    assert_frame_equal(tiny.read(tiny.save(tmp_path, lines)), whole)


def test_whole_decimal_prices_are_read_as_told(tmp_path):
    """Without a decimal point a price could be either."""
    tiny = TINY["Databento trades"]
    lines = [line.replace("4799.25", "4799").replace("4799.5", "4800") for line in tiny.lines]
    path = tiny.save(tmp_path, lines)
    prices = [4800.0, 4799.0, 4799.0, 4799.0]
    assert data.read_databento(path, prices="decimal")["price"].tolist() == prices
    units = [price / 1e9 for price in prices]
    assert data.read_databento(path)["price"].tolist() == units
    with pytest.raises(ValueError, match="prices is 'cents'; allowed are auto, decimal, integer"):
        data.read_databento(path, prices="cents")


@pytest.mark.parametrize("pretty", [True, False])
def test_an_undefined_price_is_nan(pretty, tmp_path):
    table = Mbo(pretty).put("R").put("A", "B", 4799.25, 2, 11).read(tmp_path)
    assert np.isnan(table["price"][0]) and table["price"][1] == 4799.25
    assert table.attrs["report"]["no_price"] == 1


def test_an_undefined_event_time_is_counted(tmp_path):
    tiny = TINY["Databento MBP-1"]
    for text in (str(2**64 - 1), ""):
        table = tiny.read(tiny.save(tmp_path, tiny.changed(3, 1, text)))
        assert table.attrs["report"]["no_event_time"] == 1
        assert table["event_time_ns"][1] == table["time_ns"][1]


def test_prices_below_zero_are_prices(tmp_path):
    """As of calendar spreads, and of oil on one day."""
    rows = Mbo().put("A", "B", -37.75, 2, 11).put("A", "A", -37.5, 2, 12).put("M", "B", -38, 2, 11)
    table = rows.read(tmp_path)
    assert table["price"].tolist() == [-37.75, -37.5, -38.0]
    assert queue(data.mbo_to_messages(table, 0.25), Side.BUY) == [(11, -38.0, 2)]


def test_a_packed_export_gives_the_same_table(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    tiny = TINY["Databento MBP-1"]
    plain = tiny.read(tiny.save(tmp_path))
    content = "\n".join(tiny.lines).encode()
    packers = {
        "gz": gzip.compress,
        "zst": lambda text: zstandard.compress(text[:100]) + zstandard.compress(text[100:]),
    }
    for name, pack in packers.items():
        path = tmp_path / f"x.csv.{name}"
        path.write_bytes(pack(content))
        assert_frame_equal(data.read_databento(path), plain)
        assert_frame_equal(data.read_any(path), plain)
        path.write_bytes(pack(content)[:-5])
        with pytest.raises(DataError, match="damaged or truncated"):
            data.read_databento(path)


def test_a_zstd_bomb_is_refused_without_being_held(tmp_path):
    zstandard = pytest.importorskip("zstandard")
    head = (TINY["Databento MBP-1"].lines[0] + "\n").encode()
    path = tmp_path / "bomb.csv.zst"
    path.write_bytes(zstandard.compress(head) + zstandard.compress(b"7" * (64 << 20)) * 4)
    with pytest.raises(DataError, match="no market data does|a line of more than"):
        data.read_databento(path)


def test_without_the_libraries_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "x.csv.zst"
    path.write_bytes(zstandard.compress(b"ts_recv\n"))
    dbn = tmp_path / "x.dbn"
    dbn.write_bytes(dbn_file("mbo", []))

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr("lobsim.data.zstd.import_module", missing)
    monkeypatch.setattr("lobsim.data.databento.import_module", missing)
    for file, what in ((path, "packed with zstd"), (dbn, "is a DBN file")):
        with pytest.raises(DataError, match=rf'{what}.*install.*pip install "lobsim\[databento\]"'):
            data.read_databento(file)


# -- DBN -------------------------------------------------------------------------------------------


def decoder():
    """Databento's own package; CI has it."""
    return pytest.importorskip("databento_dbn")


def dbn_file(schema, records, mappings=()):
    """A DBN file of these bytes of records, its head written by Databento's package."""
    dbn = decoder()
    metadata = dbn.Metadata(
        dataset="GLBX.MDP3", start=NOON, stype_in=dbn.SType.RAW_SYMBOL,
        stype_out=dbn.SType.INSTRUMENT_ID, schema=dbn.Schema.from_str(schema),
        symbols=["LOBF"], mappings=list(mappings), version=1,
    )  # fmt: skip
    return bytes(metadata) + b"".join(records)


def record_of(schema, **values):
    """One record as bytes."""
    record = np.zeros(1, SCHEMAS[schema].record)
    record["length"], record["rtype"] = record.itemsize // 4, SCHEMAS[schema].rtype
    record["ts_recv"], record["ts_event"] = NOON + 5, NOON
    record["action"], record["side"], record["instrument_id"] = b"A", b"B", 7
    for name, value in values.items():
        record[name] = value
    return record.tobytes()


def test_records_are_laid_out_as_databento_lays_them_out():
    dbn = decoder()
    for name, message in (
        ("mbo", dbn.MBOMsg), ("mbp-1", dbn.MBP1Msg), ("mbp-10", dbn.MBP10Msg),
        ("trades", dbn.TradeMsg),
    ):  # fmt: skip
        assert SCHEMAS[name].record == np.dtype(message._dtypes), name


@pytest.mark.parametrize("schema", SCHEMAS)
def test_dbn_and_csv_of_the_same_records_give_the_same_table(schema, tmp_path):
    """Records with every field different, through Databento's own CSV writer, in both styles."""
    dbn = decoder()
    rng = np.random.default_rng(3)
    records = []
    for _ in range(50):
        values = {}
        for name in SCHEMAS[schema].record.names[2:]:
            kind = SCHEMAS[schema].record[name]
            if kind.kind == "S":
                allowed = SIDES if name == "side" else ACTIONS
                values[name] = rng.choice([letter.encode() for letter in allowed])
            elif name.startswith("ts_") and kind.itemsize == 8:
                time = NOON + int(rng.integers(0, 10**12))
                no_time = name == "ts_event" and rng.random() < 0.2
                values[name] = np.uint64(2**64 - 1 if no_time else time)
            elif kind == np.dtype("<i8"):
                values[name] = rng.choice([2**63 - 1, int(rng.integers(-(10**6), 10**6)) * 10**7])
            else:
                values[name] = int(rng.integers(0, 200))
        records.append(record_of(schema, **values))
    content = dbn_file(schema, records)
    path = tmp_path / "x.dbn"
    path.write_bytes(content)
    table = data.read_databento(path)
    assert table.attrs["schema"] == schema and len(table) == 50
    assert table["bid_0" if "mbp" in schema else "price"].isna().any()
    assert 0 < table.attrs["report"]["no_event_time"] < 50
    for pretty in (True, False):
        out = io.BytesIO()
        writer = dbn.Transcoder(
            out, dbn.Encoding.CSV, dbn.Compression.NONE, pretty_px=pretty, pretty_ts=pretty,
            map_symbols=False,
        )  # fmt: skip
        writer.write(content)
        writer.flush()
        other = tmp_path / "x.csv"
        other.write_bytes(out.getvalue())
        assert_frame_equal(data.read_databento(other), table)


def test_symbols_come_from_the_table_of_ids_of_their_day(tmp_path):
    rows = [record_of("mbo", instrument_id=i, ts_recv=NOON + d * DAY_NS)
            for i, d in ((7, 0), (8, 0), (7, 1), (9, 0))]  # fmt: skip
    intervals = {"LOBF": [("2025-01-15", "2025-01-16", "7"), ("2025-01-16", "2025-01-17", "8")],
                 "LOBG": [("2025-01-15", "2025-01-16", "8"), ("2025-01-16", "2025-01-17", "7")]}

    class Entry:
        def __init__(self, start, end, symbol):
            day = np.datetime64
            self.start_date, self.end_date = day(start).item(), day(end).item()
            self.symbol = symbol

    class Mapping:
        def __init__(self, name, parts):
            self.raw_symbol, self.intervals = name, [Entry(*part) for part in parts]

    mappings = [Mapping(name, parts) for name, parts in intervals.items()]
    path = tmp_path / "x.dbn"
    path.write_bytes(dbn_file("mbo", rows, mappings))
    table = data.read_databento(path)
    assert table["symbol"].tolist() == ["LOBF", "LOBG", "LOBG", ""]
    assert data.read_databento(path, "LOBG")["instrument_id"].tolist() == [8, 7]
    with pytest.raises(DataError, match="no row with symbol 'NONE'; it holds LOBF, LOBG"):
        data.read_databento(path, "NONE")


def test_a_dbn_file_cut_off_says_so(tmp_path):
    whole = dbn_file("mbo", [record_of("mbo", order_id=k) for k in range(3)])
    path = tmp_path / "x.dbn"
    path.write_bytes(whole[:-20])
    with pytest.raises(DataError, match="truncated: it ends inside record 3"):
        data.read_databento(path)
    path.write_bytes(whole[:60])
    with pytest.raises(DataError, match="truncated|not a readable DBN"):
        data.read_databento(path)
    path.write_bytes(dbn_file("mbo", []))
    with pytest.raises(DataError, match="holds no data rows"):
        data.read_databento(path)


def test_a_dbn_file_of_another_schema_is_refused(tmp_path):
    path = tmp_path / "x.dbn"
    path.write_bytes(dbn_file("ohlcv-1s", []))
    with pytest.raises(DataError, match="holds the schema ohlcv-1s; allowed are mbo, mbp-1"):
        data.read_databento(path)


@settings(max_examples=60)
@given(draw=st.data())
def test_any_damage_to_a_dbn_file_gives_a_table_or_one_data_error(draw, tmp_path_factory):
    content = bytearray(dbn_file("mbo", [record_of("mbo", order_id=k) for k in range(3)]))
    for _ in range(draw.draw(st.integers(1, 3))):
        place = draw.draw(st.integers(0, len(content)))
        content[place : place + draw.draw(st.integers(0, 6))] = draw.draw(st.binary(max_size=6))
    path = tmp_path_factory.getbasetemp() / "damaged.dbn"
    path.write_bytes(bytes(content))
    try:
        data.read_databento(path)
    except DataError as error:
        assert "damaged.dbn" in str(error) and "\n" not in str(error)


def test_an_order_number_beyond_63_bits_is_refused(tmp_path):
    path = tmp_path / "x.dbn"
    path.write_bytes(dbn_file("mbo", [record_of("mbo"), record_of("mbo", order_id=2**63)]))
    with pytest.raises(DataError, match="row 2: order_id is 9223372036854775808; allowed"):
        data.read_databento(path)


# -- quotes and trades -----------------------------------------------------------------------------


def test_a_trade_has_the_aggressors_side_and_leaves_the_quote(tmp_path):
    """The tiny file: a buyer takes 2 of 9 at 4799.5; the C behind the T takes them off."""
    tiny = TINY["Databento MBP-1"]
    table = tiny.read(tiny.save(tmp_path))
    trades = data.databento_trades(table)
    assert trades[["price", "size", "sign"]].values.tolist() == [[4799.5, 2, 1]]
    quotes = data.databento_quotes(table)
    assert quotes["ask_size"].tolist() == [0, 9, 7], "the T row is within its event"
    assert np.isnan(quotes["ask"][0]) and quotes["ask"].tolist()[1:] == [4799.5, 4799.5]
    assert quotes.attrs["report"]["within_event"] == 1
    signs = data.databento_trades(TINY["Databento trades"].read(
        TINY["Databento trades"].save(tmp_path)))["sign"]  # fmt: skip
    assert signs.tolist() == [1, -1, 0, -1]


def test_quotes_are_those_after_an_event(tmp_path):
    """An event ends at flag 128, or where the next row has another time of the venue."""
    tiny = TINY["Databento MBP-1"]
    for flags, same_time, kept in (
        (0, True, False), (0, False, True), (LAST, True, True), (LAST, False, True),
    ):  # fmt: skip
        values = tiny.lines[3].split(",")
        values[10] = str(flags)
        values[1] = tiny.value(5, 1) if same_time else tiny.value(3, 1)
        table = tiny.read(tiny.save(tmp_path, tiny.with_line(4, ",".join(values))))
        quotes = data.databento_quotes(table)
        assert quotes["ask_size"].tolist() == [0, 9, *([9] if kept else []), 7]


def test_quotes_of_two_instruments_do_not_end_each_others_events(tmp_path):
    tiny = TINY["Databento MBP-1"]
    between = tiny.lines[4].split(",")
    between[4] = "8"
    lines = [*tiny.lines[:4], ",".join(between), *tiny.lines[4:]]
    quotes = data.databento_quotes(tiny.read(tiny.save(tmp_path, lines)))
    assert quotes["ask_size"].tolist() == [0, 9, 7, 7]


def test_bad_flags_and_a_clock_that_goes_back_are_counted(tmp_path):
    rows = Mbo().put("A", "B", 4799, 1, 1, BAD_TIME).put("A", "B", 4799, 1, 2, BAD_BOOK | LAST)
    rows.put("C", "B", 4799, 1, 2, LAST, late=-5000)
    table = rows.read(tmp_path)
    report = found(table.attrs["report"])
    assert report == {"rows_in_file": 3, "rows_returned": 3, "last": 2, "bad_receive_time": 1,
                      "maybe_bad_book": 1, "clock_back": 1}  # fmt: skip
    assert data.mbo_to_messages(table, 0.25).report["maybe_bad_book"] == 1


def test_crossed_quotes_are_counted_and_left(tmp_path):
    tiny = TINY["Databento MBP-1"]
    lines = tiny.changed(3, 14, "4799000000000")
    table = tiny.read(tiny.save(tmp_path, lines))
    assert table.attrs["report"]["crossed"] == 1
    assert table["ask_0"][1] == 4799.0


# -- real files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("schema, rows", [("mbp-1", 2288), ("trades", 120)])
def test_the_real_export_and_dbn_file_give_the_same_table(schema, rows, real_data):
    decoder()
    export = data.read_databento(real_data / REAL.format(schema, "csv.gz"))
    file = data.read_databento(real_data / REAL.format(schema, "dbn.zst"))
    assert_frame_equal(export, file)
    without = {"source"}
    assert {k: v for k, v in export.attrs.items() if k not in without} == {
        k: v for k, v in file.attrs.items() if k not in without
    }
    assert len(export) == rows and export.attrs["symbol"] == "ESU4"
    assert data.sniff(real_data / REAL.format(schema, "dbn.zst")) == "databento"
    with gzip.open(real_data / REAL.format(schema, "csv.gz"), "rt") as text:
        lines = text.read().splitlines()
    names = lines[0].split(",")
    assert len(lines) == rows + 1
    for place in (0, rows // 2, -1):
        values = dict(zip(names, lines[1:][place].split(","), strict=True))
        row = export.iloc[place]
        origin = np.datetime64(export.attrs["date"], "ns")
        received = np.datetime64(values["ts_recv"].removesuffix("Z"))
        assert origin + np.timedelta64(row["time_ns"], "ns") == received
        assert row["price"] == float(values["price"]) and row["size"] == int(values["size"])
        assert row["side"] == {"B": 1, "A": -1, "N": 0}[values["side"]]


def test_the_real_quotes_and_trades_agree(real_data):
    """Trades of the mbp-1 file are those of the trades file, at the quote before them."""
    book = data.read_databento(real_data / REAL.format("mbp-1", "csv.gz"))
    trades = data.databento_trades(book)
    alone = data.databento_trades(data.read_databento(real_data / REAL.format("trades", "csv.gz")))
    assert_frame_equal(trades.drop(columns="row"), alone.drop(columns="row"))
    before = book.iloc[trades["row"]]
    quote = np.where(trades["sign"] > 0, before["ask_0"], before["bid_0"])
    assert (quote == trades["price"]).all()
    quotes = data.databento_quotes(book)
    assert len(quotes) + quotes.attrs["report"]["within_event"] == len(book)
    assert (quotes["bid"] < quotes["ask"]).all()


def test_the_decoder_is_an_extra_that_the_tests_have(repo):
    """So that CI reads DBN files and learners need not install it."""
    project = tomllib.loads((repo / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    assert set(extras["databento"]) <= set(extras["test"])
    assert not any("databento" in line or "zstandard" in line for line in project["dependencies"])
