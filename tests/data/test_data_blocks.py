"""Large files are read in blocks; where a block ends changes neither the table nor the error."""

import pytest
from pandas.testing import assert_frame_equal
from tiny_files import TINY, text

from lobsim import data
from lobsim.data import DataError, source

pytestmark = pytest.mark.filterwarnings("error")
each = pytest.mark.parametrize("tiny", TINY.values(), ids=lambda tiny: tiny.name)
SIZES = (1, 7, 64, 100, 150, 301)  # bytes: within a value, a row, or a few rows


def frames(tiny, path):
    """The tables of a file."""
    found = tiny.read(path)
    return [found.messages, found.book] if hasattr(found, "book") else [found]


@each
def test_the_table_does_not_depend_on_the_blocks(tiny, tmp_path, monkeypatch):
    path = tiny.save(tmp_path)
    whole = frames(tiny, path)
    for size in SIZES:
        monkeypatch.setattr(source, "BLOCK_BYTES", size)
        for part, table in zip(frames(tiny, path), whole, strict=True):
            assert_frame_equal(part, table, check_exact=True)
            assert part.attrs == table.attrs


@each
@pytest.mark.parametrize("damage", ["value", "columns", "byte", "cut"])
def test_the_error_does_not_depend_on_the_blocks(tiny, damage, tmp_path, monkeypatch):
    row = tiny.last_row - 1
    if damage == "value":
        content = text(tiny.changed(row, tiny.number, "12abc"))
    elif damage == "columns":
        content = text(tiny.with_line(row, tiny.lines[row - 1] + tiny.separator))
    elif damage == "byte":
        content = text(tiny.lines[: row - 1]) + b"\0" + text(tiny.lines[row - 1 :])
    else:
        content = text(tiny.lines[:row]) + tiny.lines[row].split(tiny.separator)[0].encode()
    path = tiny.save(tmp_path, content=content)
    with pytest.raises(DataError) as caught:
        tiny.read(path)
    assert caught.value.row == row + (damage == "cut")
    for size in SIZES:
        monkeypatch.setattr(source, "BLOCK_BYTES", size)
        with pytest.raises(DataError) as again:
            tiny.read(path)
        assert str(again.value) == str(caught.value), size


@pytest.mark.parametrize("name", ["TAQ trades", "TAQ quotes", "TAQ NBBO"])
def test_one_symbol_is_found_in_all_blocks(name, tmp_path, monkeypatch):
    """Rows of the symbol before, between and after blocks that hold none of it."""
    tiny = TINY[name]
    rows = tiny.lines[1:-1]
    mixed = [row.replace("LOBS", symbol) for symbol in ("AAA", "LOBS", "ZZZ") for row in rows]
    path = tiny.save(tmp_path, [tiny.lines[0], *mixed, f"END|20250115|{len(mixed)}|||"])
    alone = tiny.read(tiny.save(tmp_path / "alone"))
    for size in (*SIZES, 1 << 20):
        monkeypatch.setattr(source, "BLOCK_BYTES", size)
        found = getattr(data, tiny.reader)(path, "LOBS")
        assert_frame_equal(found, alone, check_exact=True)
        assert found.attrs["report"]["rows_in_file"] == 3 * len(rows)
