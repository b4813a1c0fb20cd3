"""A damaged file gives exactly one DataError: a sentence with file, row, value and what is allowed.

Every law is checked on every reader, on a tiny good file that one thing was done to; the
sniffing readers must give the same error as the format's own.
"""

import gzip
import random
import re
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_files import TINY, Tiny, text, zipped

from lobsim import data
from lobsim.data import DataError

pytestmark = pytest.mark.filterwarnings("error")  # an error is said once, in the error
every_reader = pytest.mark.parametrize("tiny", TINY.values(), ids=lambda tiny: tiny.name)
packed_readers = pytest.mark.parametrize(
    "tiny", [t for t in TINY.values() if t.file_name.endswith((".gz", ".zip"))],
    ids=lambda tiny: tiny.name,
)  # fmt: skip
timed_readers = pytest.mark.parametrize(
    "tiny", [t for t in TINY.values() if t.time >= 0], ids=lambda tiny: tiny.name
)
# The feed's own order within a millisecond is not sure, so these rows stay where they are.
KEEPS_DISORDER = {"Bitstamp events", "Databento MBO", "Databento MBP-1", "Databento trades"} | {
    name for name in TINY if name.startswith("Tardis")
}
ordered_readers = pytest.mark.parametrize(
    "tiny", [t for t in TINY.values() if t.time >= 0 and t.name not in KEEPS_DISORDER],
    ids=lambda tiny: tiny.name,
)  # fmt: skip
taq_readers = pytest.mark.parametrize(
    "tiny", [t for t in TINY.values() if t.trailer], ids=lambda tiny: tiny.name
)
lean_readers = pytest.mark.parametrize(
    "tiny", [t for t in TINY.values() if t.member], ids=lambda tiny: tiny.name
)
HELD_BYTES = 192 << 20  # a few blocks of 32 MB and the index of one; an endless bomb has 256 MB


def refused(tiny: Tiny, path, *, row: int | None = None, says: str = "") -> DataError:
    """The one DataError of the reader, after checking what every such error must be."""
    with pytest.raises(DataError) as caught:
        tiny.read(path)
    error = caught.value
    said = str(error)
    assert path.name in said, "names the file"
    assert "\n" not in said and said.endswith(".") and len(said) < 700, "is one sentence"
    assert "pandas" not in said and "C error" not in said and "Traceback" not in said
    assert error.__cause__ is None, "has no traceback of a library behind it"
    assert error.__context__ is None or error.__suppress_context__
    if row is not None:
        assert error.row == row and f"row {row}" in said, said
    assert re.search(says, said), said
    return error


def middle_row(tiny: Tiny) -> int:
    """A row that is neither the first nor the last."""
    return tiny.first_row + 2


@every_reader
def test_the_undamaged_file_is_read(tiny, tmp_path):
    table = tiny.read(tiny.save(tmp_path))
    table = getattr(table, "messages", table)
    assert table.attrs["report"]["rows_in_file"] == tiny.rows


@every_reader
def test_text_in_a_number(tiny, tmp_path):
    row = middle_row(tiny)
    for column in (tiny.number, tiny.size):
        path = tiny.save(tmp_path, tiny.changed(row, column, "12abc"))
        refused(tiny, path, row=row, says=r"'12abc'.*allowed is a .*number")


@every_reader
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "NA", "NULL", "1e999", "1_000", "0x1F"])
def test_a_word_for_a_number_is_not_a_number(tiny, value, tmp_path):
    row = middle_row(tiny)
    path = tiny.save(tmp_path, tiny.changed(row, tiny.number, value))
    refused(tiny, path, row=row, says=rf"'{value}'.*allowed is a .*number")


@pytest.mark.parametrize(
    "tiny", [t for t in TINY.values() if not re.search("crypto|Bitstamp|Tardis", t.name)],
    ids=lambda tiny: tiny.name,
)  # fmt: skip
@pytest.mark.parametrize("size", ["9" * 19, "9" * 30, "1e30"])
def test_a_size_that_no_whole_number_of_64_bits_can_hold(tiny, size, tmp_path):
    row = middle_row(tiny)
    path = tiny.save(tmp_path, tiny.changed(row, tiny.size, size))
    refused(tiny, path, row=row, says=r"(9{19}|1e\+?(19|30)).*allowed")


@every_reader
def test_a_negative_size(tiny, tmp_path):
    row = middle_row(tiny)
    path = tiny.save(tmp_path, tiny.changed(row, tiny.size, "-5"))
    refused(tiny, path, row=row, says=r"-5.*allowed is .* at least 0")


@pytest.mark.parametrize(
    "tiny", [t for t in TINY.values() if t.reader != "read_databento"], ids=lambda tiny: tiny.name
)  # spreads of futures trade at prices below zero
def test_a_negative_price(tiny, tmp_path):
    row = middle_row(tiny)
    path = tiny.save(tmp_path, tiny.changed(row, tiny.number, "-5"))
    refused(tiny, path, row=row, says=r"-5.*allowed is (.* at least 0|a positive number)")


@every_reader
def test_a_missing_size(tiny, tmp_path):
    row = middle_row(tiny)
    path = tiny.save(tmp_path, tiny.changed(row, tiny.size, " "))
    refused(tiny, path, row=row, says=r"' '.*allowed is a ")


@ordered_readers
def test_shuffled_time(tiny, tmp_path):
    late, early = tiny.first_row + 1, tiny.last_row
    lines = list(tiny.lines)
    lines[late - 1], lines[early - 1] = lines[early - 1], lines[late - 1]
    refused(tiny, tiny.save(tmp_path, lines), row=late + 1, says=r"(?i)time.*order of time")


@timed_readers
@pytest.mark.parametrize("value", ["99999999999999999", "-1", "", "noon", "25:00:00", "1e30"])
def test_a_time_that_is_no_time_of_day(tiny, value, tmp_path):
    row = middle_row(tiny)
    path = tiny.save(tmp_path, tiny.changed(row, tiny.time, value))
    refused(tiny, path, row=row, says=r"(?i)time.*allowed (is|are) ")


@every_reader
@pytest.mark.parametrize("change", ["one more", "one less"])
def test_a_wrong_number_of_columns(tiny, change, tmp_path):
    row = middle_row(tiny)
    line = tiny.lines[row - 1]
    count = line.count(tiny.separator) + 1
    if change == "one more":
        damaged, found = line + tiny.separator + "7", count + 1
    else:
        damaged, found = line.rsplit(tiny.separator, 1)[0], count - 1
    path = tiny.save(tmp_path, tiny.with_line(row, damaged))
    refused(tiny, path, row=row, says=rf"has {found} columns.* has {count} in every row")


@every_reader
def test_a_shift_of_columns_between_two_rows(tiny, tmp_path):
    """As many separators as there should be in the whole file, but not in these two rows."""
    row = middle_row(tiny)
    lines = list(tiny.lines)
    lines[row - 1] += tiny.separator + "7"
    lines[row] = lines[row].rsplit(tiny.separator, 1)[0]
    refused(tiny, tiny.save(tmp_path, lines), row=row, says="columns")


@every_reader
def test_an_empty_line_among_the_rows(tiny, tmp_path):
    row = middle_row(tiny)
    path = tiny.save(tmp_path, tiny.with_line(row, ""))
    refused(tiny, path, row=row, says="has 1 columns")


@every_reader
def test_a_file_cut_within_its_last_row(tiny, tmp_path):
    content = text(tiny.lines[: tiny.last_row])
    last = tiny.lines[tiny.last_row - 1]
    cut = last.index(tiny.separator, len(last) // 3)
    path = tiny.save(tmp_path, content=content[: len(content) - 1 - len(last) + cut])
    refused(tiny, path, row=tiny.last_row, says="truncated")


@every_reader
def test_a_file_that_ends_after_its_header(tiny, tmp_path):
    lines = tiny.lines[: tiny.first_row - 1]
    path = tiny.save(tmp_path, lines)
    refused(tiny, path, says=r"holds no data rows|truncated|is empty \(0 bytes\)")


@taq_readers
def test_a_missing_trailer(tiny, tmp_path):
    path = tiny.save(tmp_path, tiny.lines[:-1])
    refused(tiny, path, row=tiny.last_row, says=r"not the trailer 'END\|YYYYMMDD\|rows\|'.*trunc")


@taq_readers
@pytest.mark.parametrize("count", [0, 3, 99])
def test_a_trailer_that_counts_other_rows(tiny, count, tmp_path):
    row = len(tiny.lines)
    path = tiny.save(tmp_path, tiny.changed(row, 2, str(count)))
    refused(tiny, path, row=row, says=rf"says {count} rows but the file holds {tiny.rows}")


@taq_readers
def test_a_trailer_without_a_count(tiny, tmp_path):
    row = len(tiny.lines)
    path = tiny.save(tmp_path, tiny.changed(row, 2, "many"))
    refused(tiny, path, row=row, says="'many'; allowed is a whole number")


@every_reader
def test_an_empty_file(tiny, tmp_path):
    path = tiny.save(tmp_path)
    path.write_bytes(b"")
    refused(tiny, path, says=r"is empty \(0 bytes\)")


@packed_readers
def test_a_packed_empty_file(tiny, tmp_path):
    refused(tiny, tiny.save(tmp_path, content=b""), says=r"is empty \(0 bytes\)")


@every_reader
def test_a_missing_file(tiny, tmp_path):
    path = tiny.save(tmp_path)
    path.unlink()
    refused(tiny, path, says="there is no such file|there is no orderbook file")


@every_reader
def test_a_folder(tiny, tmp_path):
    path = tiny.save(tmp_path)
    path.unlink()
    path.mkdir()
    refused(tiny, path, says="this is a folder; give one file")


@every_reader
def test_bytes_of_no_meaning(tiny, tmp_path):
    path = tiny.save(tmp_path)
    path.write_bytes(random.Random(1).randbytes(5000))
    refused(tiny, path, says="binary|not ASCII|starts with bytes|damaged|columns")


@every_reader
def test_a_zero_byte_within_a_row(tiny, tmp_path):
    row = middle_row(tiny)
    content = text(tiny.lines[: row - 1]) + b"\0" + text(tiny.lines[row - 1 :])
    refused(tiny, tiny.save(tmp_path, content=content), row=row, says="0x00.*binary.*ASCII")


@every_reader
def test_a_letter_that_is_not_ascii(tiny, tmp_path):
    row = middle_row(tiny)
    damaged = tiny.changed(row, tiny.number, "10٫5")  # an Arabic decimal separator
    refused(tiny, tiny.save(tmp_path, damaged), row=row, says="not ASCII.*plain ASCII text")


@every_reader
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_an_encoding_of_two_or_four_bytes(tiny, encoding, tmp_path):
    content = text(tiny.lines).decode().encode(encoding)
    refused(tiny, tiny.save(tmp_path, content=content), row=1, says="UTF-16|0x00.*plain ASCII")


@every_reader
def test_a_carriage_return_within_a_row(tiny, tmp_path):
    row = middle_row(tiny)
    path = tiny.save(tmp_path, tiny.changed(row, tiny.number, "1\r2"))
    refused(tiny, path, row=row, says=r"0x0d|\\r")


@every_reader
def test_one_value_of_half_a_megabyte(tiny, tmp_path):
    row = middle_row(tiny)
    path = tiny.save(tmp_path, tiny.changed(row, tiny.number, "7" * (1 << 19)))
    refused(tiny, path, row=row, says="777.*allowed")


@packed_readers
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.98])
def test_a_packed_file_cut_off(tiny, kept, tmp_path):
    path = tiny.save(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(kept * len(whole))])
    refused(tiny, path, says="damaged or truncated|truncated")


@packed_readers
def test_a_packed_file_with_wrong_bytes_within(tiny, tmp_path):
    path = tiny.save(tmp_path)
    whole = bytearray(path.read_bytes())
    middle = len(whole) // 3
    whole[middle : middle + 8] = bytes(255 - byte for byte in whole[middle : middle + 8])
    path.write_bytes(whole)
    refused(tiny, path, says="damaged|binary|not ASCII|columns|is ")


@lean_readers
def test_a_zip_of_two_files(tiny, tmp_path):
    path = tiny.save(tmp_path)
    content = text(tiny.lines)
    path.write_bytes(zipped({tiny.member: content, "other.csv": content}))
    refused(tiny, path, says=rf"holds 2 files \({tiny.member}, other.csv\).*one file per zip")


@lean_readers
def test_a_zip_of_no_file(tiny, tmp_path):
    path = tiny.save(tmp_path)
    path.write_bytes(zipped({}))
    refused(tiny, path, says="holds no file")


@lean_readers
def test_a_zip_that_speaks_of_another_day(tiny, tmp_path):
    path = tiny.save(tmp_path)
    path.write_bytes(zipped({"20250116_other_tick_trade.csv": text(tiny.lines)}))
    refused(tiny, path, says="the path says .* but the file inside, 20250116_other_tick_trade.csv")


def bomb_in_zip(path, member: str, head: bytes, chunk: bytes, count: int):
    """A zip whose one file is `head` and then `count` times `chunk`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        with archive.open(member, "w") as stream:
            stream.write(head)
            for _ in range(count):
                stream.write(chunk)


def bomb_in_gzip(path, head: bytes, chunk: bytes, count: int):
    """The same in a gzip; members of a gzip may be strung together, so one is packed once."""
    path.write_bytes(gzip.compress(head) + gzip.compress(chunk, 9, mtime=0) * count)


@pytest.mark.parametrize("shape", ["rows", "one endless row"])
@pytest.mark.parametrize("name", ["LEAN equity trade ticks", "TAQ trades", "WRDS quotes"])
def test_a_zip_bomb_is_refused_without_being_held(name, shape, tmp_path):
    tiny = TINY[name]
    path = tiny.save(tmp_path)
    head = text(tiny.lines[: tiny.first_row - 1])
    line = text([tiny.lines[tiny.first_row - 1]]) if shape == "rows" else b"7"
    chunk = line * ((1 << 20) // len(line))
    count = 64 if shape == "rows" else 256
    if tiny.member:
        bomb_in_zip(path, tiny.member, head, chunk, count)
    else:
        path = path.with_suffix(".gz")
        bomb_in_gzip(path, head, chunk, count)
    assert path.stat().st_size < (count << 20) / 200
    tracemalloc.start()
    try:
        refused(tiny, path, says="unpack to more than .* no market data does|a line of more than")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < HELD_BYTES


@lean_readers
def test_a_zip_that_lies_about_its_size(tiny, tmp_path):
    """Both directories of the zip say that the file is shorter than it is."""
    path = tiny.save(tmp_path)
    whole = bytearray(path.read_bytes())
    for start, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = whole.index(start) + offset
        assert int.from_bytes(whole[place : place + 4], "little") == len(text(tiny.lines))
        whole[place : place + 4] = (50).to_bytes(4, "little")
    path.write_bytes(whole)
    refused(tiny, path, says="damaged or truncated")


def test_a_file_larger_than_allowed_is_refused(tmp_path):
    tiny = TINY["TAQ trades"]
    path = tiny.save(tmp_path)
    size = path.stat().st_size
    assert len(data.read_taq_trades(path, max_bytes=size)) == tiny.rows
    with pytest.raises(DataError, match=f"more than {size - 1:,} bytes, the largest size allowed"):
        data.read_taq_trades(path, max_bytes=size - 1)


def readers_of_other_formats():
    """Each file with each reader of another format."""
    for tiny in TINY.values():
        for other in {t.reader: t for t in TINY.values()}.values():
            if other.reader != tiny.reader:
                yield pytest.param(tiny, other.reader, id=f"{tiny.name} in {other.reader}")


@pytest.mark.parametrize("tiny, reader", list(readers_of_other_formats()))
def test_a_file_of_another_format(tiny, reader, tmp_path):
    path = tiny.save(tmp_path)
    given = {"orderbook": path} if reader == "read_lobster" else {}
    with pytest.raises(DataError) as caught:
        getattr(data, reader)(path, **given)
    said = str(caught.value)
    assert tiny.file_name.rsplit("/", 1)[-1] in said
    assert "\n" not in said and said.endswith(".") and len(said) < 700


@every_reader
def test_the_sniffing_reader_gives_the_same_error(tiny, tmp_path):
    row = middle_row(tiny)
    path = tiny.save(tmp_path, tiny.changed(row, tiny.number, "12abc"))
    error = refused(tiny, path, row=row)
    with pytest.raises(DataError) as caught:
        data.read_any(path)
    assert str(caught.value) == str(error)


@pytest.mark.parametrize(
    "name, content",
    [
        ("prices.csv", b"date,open,high,low,close\n2025-01-15,1,2,1,2\n"),
        ("notes.txt", b"Nothing to see here.\n"),
        ("notes.zip", zipped({"notes.txt": b"Nothing to see here.\n"})),
        ("page.html", b"<!DOCTYPE html>\n<html></html>\n"),
        ("junk.bin", random.Random(2).randbytes(4096)),
        ("zeros", bytes(4096)),
        ("newlines", b"\n" * 100),
        ("two.zip", zipped({"a.csv": b"1\n", "b.csv": b"2\n"})),
        ("half.gz", gzip.compress(random.Random(3).randbytes(3000))[:500]),
    ],
)
@pytest.mark.parametrize("reader", ["read_any", "read_trades", "read_quotes", "sniff"])
def test_a_file_of_no_known_format(name, content, reader, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=re.escape(name)) as caught:
        getattr(data, reader)(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("reader", ["read_any", "read_trades", "read_quotes", "sniff"])
def test_a_path_without_a_file(reader, tmp_path):
    with pytest.raises(DataError, match="missing.csv: there is no such file"):
        getattr(data, reader)(tmp_path / "missing.csv")
    with pytest.raises(DataError, match="this is a folder"):
        getattr(data, reader)(tmp_path)


@pytest.mark.parametrize("tiny", TINY.values(), ids=lambda tiny: tiny.name)
def test_trades_are_no_quotes_and_quotes_no_trades(tiny, tmp_path):
    path = tiny.save(tmp_path)
    kinds = []
    for reader in (data.read_trades, data.read_quotes):
        try:
            kinds.append(reader(path).attrs["kind"])
        except DataError as error:
            assert re.search(f"{path.name}.* holds .*, not (trades|quotes)", str(error))
    tick_quotes = {"quotes", "nbbo"}
    assert len(kinds) <= 1
    if tiny.name in ("TAQ trades", "WRDS trades") or tiny.name.endswith("trade ticks"):
        assert kinds == ["trades"]
    elif "uotes" in tiny.name or "NBBO" in tiny.name or "quote ticks" in tiny.name:
        assert ("daily" in tiny.name and not kinds) or set(kinds) <= tick_quotes


@pytest.mark.parametrize("tiny", TINY.values(), ids=lambda tiny: tiny.name)
@settings(max_examples=60)
@given(draw=st.data())
def test_any_damage_gives_a_table_or_one_data_error(tiny, draw, tmp_path_factory):
    """Bytes overwritten, cut out or put in anywhere, packed or not."""
    content = bytearray(text(tiny.lines))
    for _ in range(draw.draw(st.integers(1, 3))):
        place = draw.draw(st.integers(0, len(content)))
        length = draw.draw(st.integers(0, 12))
        junk = draw.draw(st.one_of(st.binary(max_size=8), st.sampled_from(_SNIPPETS)))
        content[place : place + length] = junk
    folder = tmp_path_factory.getbasetemp() / "damage"
    path = tiny.save(folder, content=bytes(content))
    try:
        tiny.read(path)
    except DataError as error:
        assert path.name in str(error) and "\n" not in str(error)


_SNIPPETS = [
    b"\n", b"\r\n", b"\r", b",", b"|", b'"', b"'", b"-", b".", b"0", b"9" * 20, b"1e5", b"1e-5",
    b" ", b"\t", b"END|", b"nan", b"+1", b"\xef\xbb\xbf", b"\x00", b"\n\n", b"#", b"\\",
]  # fmt: skip
