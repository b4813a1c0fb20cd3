"""Any known file is recognised by what it holds and read by the reader of its format."""

import shutil

import pytest
from pandas.testing import assert_frame_equal
from tiny_files import TINY, text

from lobsim import data
from lobsim.data import DataError

pytestmark = pytest.mark.filterwarnings("error")
each = pytest.mark.parametrize("tiny", TINY.values(), ids=lambda tiny: tiny.name)
FORMAT = {
    "TAQ trades": "taq_trades", "TAQ quotes": "taq_quotes", "TAQ NBBO": "taq_nbbo",
    "WRDS trades": "wrds_trades", "WRDS quotes": "wrds_quotes", "WRDS NBBO": "wrds_nbbo",
    "Bitstamp events": "bitstamp",
}  # fmt: skip


def format_of(tiny):
    """The format that a tiny file has."""
    return FORMAT.get(tiny.name, tiny.name.split()[0].lower())


def frames(found):
    """The tables that a reader returned."""
    return [found.messages, found.book] if hasattr(found, "book") else [found]


BINARY = {"itch", "hftbacktest"}  # their tests make the bytes themselves


def test_every_known_text_format_has_a_tiny_file():
    assert {format_of(tiny) for tiny in TINY.values()} == set(data.FORMATS) - BINARY


@each
def test_the_format_is_recognised(tiny, tmp_path):
    assert data.sniff(tiny.save(tmp_path)) == format_of(tiny)


@each
def test_any_file_is_read_as_its_own_reader_reads_it(tiny, tmp_path):
    path = tiny.save(tmp_path)
    for found, own in zip(frames(data.read_any(path)), frames(tiny.read(path)), strict=True):
        assert_frame_equal(found, own, check_exact=True)
        assert found.attrs == own.attrs


@pytest.mark.parametrize("name", FORMAT)
def test_a_table_with_a_header_is_recognised_under_any_name(name, tmp_path):
    tiny = TINY[name]
    for content in (text(tiny.lines), b"\xef\xbb\xbf" + text(tiny.lines).replace(b"\n", b"\r\n")):
        path = tmp_path / "download(1).txt"
        path.write_bytes(content)
        assert data.sniff(path) == format_of(tiny)
        assert_frame_equal(data.read_any(path), tiny.read(tiny.save(tmp_path)), check_exact=True)


@each
def test_every_reader_says_what_it_read(tiny, tmp_path):
    path = tiny.save(tmp_path)
    for table in frames(tiny.read(path)):
        attrs = table.attrs
        assert {"source", "format", "kind", "date", "time_zone", "symbol", "report"} <= set(attrs)
        assert attrs["format"] == format_of(tiny)
        assert str(tmp_path) in attrs["source"]
        assert attrs["report"]["rows_in_file"] == tiny.rows
        assert attrs["report"]["rows_returned"] == len(table)
        assert all(isinstance(count, int) for count in attrs["report"].values())


@pytest.mark.parametrize("name", [name for name in TINY if "TAQ" not in name])
def test_a_symbol_that_the_file_does_not_hold_is_refused(name, tmp_path):
    tiny = TINY[name]
    path = tiny.save(tmp_path)
    held = frames(data.read_any(path))[0].attrs["symbol"]
    assert len(frames(data.read_any(path, held))[0]) > 0
    with pytest.raises(DataError, match="'NONE'"):
        data.read_any(path, "NONE")


@pytest.mark.parametrize(
    "name, kind",
    [("taq_trades", "trades"), ("taq_quotes", "quotes"), ("lobster_messages", "messages"),
     ("btcusd_events", "order events")],
)  # fmt: skip
def test_the_bundled_files_are_read(name, kind):
    path = data.bundled(name)
    table = frames(data.read_any(path))[0]
    assert table.attrs["kind"] == kind
    assert len(table) > 10_000
    if kind in ("trades", "quotes"):
        reader = {"trades": data.read_trades, "quotes": data.read_quotes}[kind]
        assert_frame_equal(reader(path), table)


def test_bundled_files_are_looked_for_in_the_learners_folder_first(tmp_path, monkeypatch):
    folder = tmp_path / "data" / "taq"
    folder.mkdir(parents=True)
    own = shutil.copy(data.bundled("taq_trades"), folder)
    below = tmp_path / "01_lesson"
    below.mkdir()
    monkeypatch.chdir(below)
    assert data.bundled("taq_trades").samefile(own)
    monkeypatch.setenv("LOBSIM_COURSE", str(tmp_path))
    monkeypatch.chdir("/")
    assert data.bundled("taq_trades").samefile(own)


def test_an_unknown_bundled_name_is_answered_with_the_known_ones():
    with pytest.raises(DataError, match="no bundled data set; there are taq_trades, taq_quotes"):
        data.bundled("taq")


@pytest.mark.parametrize(("name", "write"), [
    ("taq_trades", data.write_taq_trades), ("taq_quotes", data.write_taq_quotes)])
def test_the_bundled_day_of_the_market_is_what_our_writer_makes_of_it(name, write, tmp_path):
    table = data.read_any(data.bundled(name))
    again = data.read_any(write(table, tmp_path / "again.gz", date=table.attrs["date"]))
    assert_frame_equal(again, table)
    assert len(table) > 10_000
