"""Traps of the TAQ family: what trips readers of the exchange's files and of the WRDS tables."""

import gzip

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from tiny_files import TINY, text, zipped

from lobsim import data
from lobsim.data import DataError

TRADES, QUOTES, NBBO = TINY["TAQ trades"], TINY["TAQ quotes"], TINY["TAQ NBBO"]
CTM, CQM, COMPLETE = TINY["WRDS trades"], TINY["WRDS quotes"], TINY["WRDS NBBO"]
OPEN_NS = 34_200 * 10**9  # 09:30
pytestmark = pytest.mark.filterwarnings("error")


def read_lines(tiny, folder, lines, **options):
    """Read these lines with the reader of `tiny`."""
    return getattr(data, tiny.reader)(tiny.save(folder, lines), **options)


def assert_same(table, other):
    """Same columns, types and values; what is known about the files may differ."""
    assert_frame_equal(table, other, check_exact=True)


# The exchange's files


def test_every_value_of_the_tiny_trade_file(tmp_path):
    trades = TRADES.read(TRADES.save(tmp_path))
    expected = pd.DataFrame(
        {
            "time_ns": [OPEN_NS + 17_837_001, OPEN_NS + 304_985_000, OPEN_NS + 1_099_950_000,
                        OPEN_NS + 1_099_950_000, 57_599_999_999_999],
            "exchange": pd.Series(list("ZNDQP"), dtype=str),
            "symbol": pd.Series(["LOBS"] * 5, dtype=str),
            "price": [45.88, 45.91, 45.9, 45.905, 46.0],
            "size": [300, 10_017, 100, 7, 200],
            "condition": pd.Series(["@   ", " O  ", "@4 B", "@F I", "    "], dtype=str),
            "correction": pd.Series(["00", "00", "00", "01", "00"], dtype=str),
            "sequence": [1231, 1329, 1655, 1656, 9001],
        }
    )  # fmt: skip
    assert_same(trades, expected)
    known = {key: trades.attrs[key] for key in ("format", "kind", "date", "time_zone", "symbol")}
    assert known == {
        "format": "taq_trades", "kind": "trades", "date": "2025-01-15",
        "time_zone": "America/New_York", "symbol": "LOBS",
    }  # fmt: skip
    assert trades.attrs["report"]["corrected"] == 1


@pytest.mark.parametrize("tiny", [TRADES, QUOTES, NBBO], ids=lambda tiny: tiny.name)
def test_the_trailer_is_no_row_and_may_be_ignored(tiny, tmp_path):
    table = tiny.read(tiny.save(tmp_path))
    assert len(table) == tiny.rows
    without = read_lines(tiny, tmp_path, tiny.lines[:-1], trailer="ignore")
    assert_same(without, table)
    wrong = read_lines(tiny, tmp_path, tiny.changed(len(tiny.lines), 2, "7"), trailer="ignore")
    assert_same(wrong, table)


def test_the_day_comes_from_the_trailer_and_else_from_the_name(tmp_path):
    row = len(TRADES.lines)
    of_trailer = read_lines(TRADES, tmp_path, TRADES.changed(row, 1, "20240229"))
    assert of_trailer.attrs["date"] == "2024-02-29"
    of_name = read_lines(TRADES, tmp_path, TRADES.lines[:-1], trailer="ignore")
    assert of_name.attrs["date"] == "2025-01-15"


def test_a_share_with_the_symbol_end_is_no_trailer(tmp_path):
    lines = [line.replace("|LOBS|", "|END|") for line in TRADES.lines]
    trades = read_lines(TRADES, tmp_path, lines)
    assert len(trades) == 5
    assert set(trades["symbol"]) == {"END"}


def test_a_time_of_fifteen_digits_keeps_its_leading_zero(tmp_path):
    quotes = QUOTES.read(QUOTES.save(tmp_path))
    assert quotes["time_ns"].iloc[0] == 4 * 3600 * 10**9 + 100_000
    assert quotes["time_ns"].dtype == np.int64


def test_a_time_that_lost_its_leading_zero_is_refused_and_not_shifted(tmp_path):
    row = 3
    short = QUOTES.value(row, 0).lstrip("0")
    with pytest.raises(DataError, match=rf"row 3: Time is '{short}'; allowed is a time HHMMSS"):
        read_lines(QUOTES, tmp_path, QUOTES.changed(row, 0, short))


@pytest.mark.parametrize("digits", [6, 9, 12])
def test_a_file_of_shorter_times_is_read_with_its_own_precision(digits, tmp_path):
    lines = [TRADES.lines[0]]
    for row in range(TRADES.first_row, TRADES.last_row + 1):
        values = TRADES.lines[row - 1].split("|")
        values[0], values[12], values[13] = values[0][:digits], "", ""
        lines.append("|".join(values))
    trades = read_lines(TRADES, tmp_path, [*lines, TRADES.lines[-1]])
    full = TRADES.read(TRADES.save(tmp_path))["time_ns"]
    step = 10 ** (15 - digits)
    assert (trades["time_ns"] == full // step * step).all()


@pytest.mark.parametrize("style", ["underscores", "blanks", "upper case", "lower case"])
@pytest.mark.parametrize("tiny", [TRADES, QUOTES, NBBO], ids=lambda tiny: tiny.name)
def test_headers_with_blanks_underscores_and_either_case_are_the_same(tiny, style, tmp_path):
    header = {
        "underscores": tiny.lines[0].replace(" ", "_"),
        "blanks": tiny.lines[0].replace("_", " "),
        "upper case": tiny.lines[0].upper(),
        "lower case": tiny.lines[0].lower(),
    }[style]
    assert_same(
        read_lines(tiny, tmp_path, tiny.with_line(1, header)), tiny.read(tiny.save(tmp_path))
    )


def test_columns_are_found_by_name_in_any_order(tmp_path):
    order = [5, 4, 2, 1, 0, 3, 8, 7, 6, *range(9, 15)]
    mixed = [
        "|".join(line.split("|")[place] for place in order) for line in TRADES.lines[:-1]
    ] + [TRADES.lines[-1]]
    assert_same(read_lines(TRADES, tmp_path, mixed), TRADES.read(TRADES.save(tmp_path)))


@pytest.mark.parametrize(
    "tiny, columns", [(QUOTES, 22), (NBBO, 28)], ids=["22 of 23 columns", "28 of 30 columns"]
)
def test_files_before_version_three_have_fewer_columns(tiny, columns, tmp_path):
    older = ["|".join(line.split("|")[:columns]) for line in tiny.lines]
    assert_same(read_lines(tiny, tmp_path, older), tiny.read(tiny.save(tmp_path)))


def test_a_header_that_lacks_a_column_is_refused_by_its_name(tmp_path):
    without = ["|".join(line.split("|")[:5] + line.split("|")[6:]) for line in TRADES.lines]
    with pytest.raises(DataError, match="row 1: .*Trade Price not found"):
        read_lines(TRADES, tmp_path, without)


def test_a_header_that_names_a_column_twice_is_refused(tmp_path):
    twice = TRADES.lines[0].replace("Trade Id", "Trade Price")
    with pytest.raises(DataError, match="row 1: the header names Trade Price twice"):
        read_lines(TRADES, tmp_path, TRADES.with_line(1, twice))


def test_quotes_are_counted_in_round_lots_and_trades_in_shares(tmp_path):
    quotes = QUOTES.read(QUOTES.save(tmp_path))
    assert quotes["bid_size"].tolist() == [100, 300, 100, 0, 2000]
    assert quotes["ask_size"].tolist() == [0, 1200, 200, 400, 100]
    assert quotes["bid_size"].dtype == np.int64
    trades = TRADES.read(TRADES.save(tmp_path))
    assert trades["size"].tolist()[3] == 7
    in_shares = read_lines(QUOTES, tmp_path, QUOTES.lines, round_lot=1)
    assert in_shares["ask_size"].tolist() == [0, 12, 2, 4, 1]


def test_a_price_of_zero_is_no_quote_whatever_its_size(tmp_path):
    quotes = read_lines(QUOTES, tmp_path, QUOTES.changed(5, 4, "9"))  # bid price 0, size 9
    assert quotes["bid"].isna().tolist() == [False, False, False, True, False]
    assert quotes["ask"].isna().tolist() == [True, False, False, False, False]
    assert quotes["bid_size"].iloc[3] == 0
    report = quotes.attrs["report"]
    assert (report["no_bid"], report["no_ask"]) == (1, 1)


def test_quotes_of_each_exchange_are_told_from_the_best_of_all(tmp_path):
    quotes = QUOTES.read(QUOTES.save(tmp_path))
    assert quotes.attrs["kind"] == "quotes"
    assert quotes["exchange"].tolist() == list("PQZQN")
    nbbo = NBBO.read(NBBO.save(tmp_path))
    assert nbbo.attrs["kind"] == "nbbo"
    # Row 2 is caused by a worse bid of Z: the best bid stays that of Q.
    assert nbbo["exchange"].iloc[1] == "Z"
    assert nbbo.loc[1, ["bid", "bid_exchange", "ask", "ask_exchange"]].tolist() == [
        45.88, "Q", 45.89, "Z",
    ]  # fmt: skip
    assert np.isnan(nbbo["bid"].iloc[2]) and nbbo["bid_size"].iloc[2] == 0


def test_corrections_stay_text_and_are_counted_not_dropped(tmp_path):
    trades = read_lines(TRADES, tmp_path, TRADES.changed(3, 7, "12"))
    assert trades["correction"].tolist() == ["00", "12", "00", "01", "00"]
    assert trades.attrs["report"]["corrected"] == 2


@pytest.mark.parametrize("tiny, column", [(TRADES, 7), (CTM, 8)], ids=["TAQ", "WRDS"])
def test_corrections_that_lost_their_leading_zero_regain_it(tiny, column, tmp_path):
    """Spreadsheets and exports write 00 as 0, and a filter for "00" would drop every trade."""
    trades = read_lines(tiny, tmp_path, tiny.changed(2, column, "0"))
    assert trades["correction"].iloc[0] == "00"
    assert read_lines(tiny, tmp_path, tiny.changed(2, column, "8"))["correction"].iloc[0] == "08"
    for wrong in ("x", "", "100"):
        with pytest.raises(DataError, match=f"row 2: .*'{wrong}'; allowed are 00 to 99"):
            read_lines(tiny, tmp_path, tiny.changed(2, column, wrong))


def test_time_begins_anew_with_each_symbol(tmp_path):
    second = [line.replace("|LOBS|", "|LOBX|") for line in TRADES.lines[1:-1]]
    lines = [*TRADES.lines[:-1], *second, TRADES.changed(7, 2, "10")[-1]]
    both = read_lines(TRADES, tmp_path, lines)
    assert len(both) == 10
    assert both.attrs["symbol"] is None
    one = read_lines(TRADES, tmp_path, lines, symbol="LOBX")
    assert set(one["symbol"]) == {"LOBX"}
    assert one.attrs["report"]["rows_in_file"] == 10
    assert one.attrs["report"]["rows_returned"] == len(one) == 5
    assert_same(one.drop(columns="symbol"), both.iloc[:5].drop(columns="symbol"))


def test_a_symbol_that_the_file_does_not_hold_is_refused_with_those_it_holds(tmp_path):
    for wanted in ("LOB", "LOBSTER", "lobs"):
        with pytest.raises(DataError, match=f"no row of symbol '{wanted}'; it holds LOBS"):
            read_lines(TRADES, tmp_path, TRADES.lines, symbol=wanted)


def test_extra_columns_hold_the_other_two_clocks(tmp_path):
    trades = read_lines(TRADES, tmp_path, TRADES.lines, extra=True)
    assert trades["participant_time_ns"].iloc[0] == OPEN_NS + 17_230_000
    assert trades["facility_time_ns"].tolist() == [-1, -1, OPEN_NS + 1_000_500_000, -1, -1]
    assert (trades["participant_time_ns"] < trades["time_ns"]).all()
    assert trades["reporting_facility"].tolist() == ["", "", "N", "", ""]


@pytest.mark.parametrize(
    "tiny", [t for t in TINY.values() if not t.member], ids=lambda tiny: tiny.name
)
def test_line_ends_of_windows_a_byte_order_mark_and_a_missing_last_line_end(tiny, tmp_path):
    def table(path):
        found = tiny.read(path)
        return getattr(found, "messages", found)

    good = table(tiny.save(tmp_path))
    content = text(tiny.lines)
    variants = (
        content.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + content,
        content.rstrip(b"\n"),
        content + b"\n\n",
    )
    for variant in variants:
        assert_same(table(tiny.save(tmp_path, content=variant)), good)


@pytest.mark.parametrize("tiny", [TRADES, QUOTES, CTM], ids=lambda tiny: tiny.name)
def test_packing_is_recognised_by_content_and_not_by_name(tiny, tmp_path):
    good = tiny.read(tiny.save(tmp_path))
    content = text(tiny.lines)
    for packed in (content, gzip.compress(content), zipped({"inside.csv": content})):
        path = tmp_path / "named_like_nothing"
        path.write_bytes(packed)
        assert_same(getattr(data, tiny.reader)(path), good)


# The tables of WRDS


def test_every_value_of_the_tiny_ctm_table(tmp_path):
    trades = CTM.read(CTM.save(tmp_path))
    expected = pd.DataFrame(
        {
            "time_ns": [4 * 3600 * 10**9 + 14_686_000, OPEN_NS + 43_000_000,
                        OPEN_NS + 92_000_000, 36_000 * 10**9, 71_910_170_000_000],
            "exchange": pd.Series(list("PKPDD"), dtype=str),
            "symbol": pd.Series(["LOBS"] * 5, dtype=str),
            "price": [22.01, 158.3, 158.305, 158.0, 157.8],
            "size": [54, 100, 2, 300, 35],
            "condition": pd.Series(["@ TI", " F  ", "   Q", "    ", "  TI"], dtype=str),
            "correction": pd.Series(["00", "00", "00", "00", "08"], dtype=str),
            "sequence": [2026, 2537, 2607, 2700, 2800],
        }
    )  # fmt: skip
    assert_same(trades, expected)
    assert trades.attrs["date"] == "2025-01-15"
    assert trades.attrs["time_zone"] == "America/New_York"


def test_hours_need_no_leading_zero(tmp_path):
    padded = [line.replace(",9:", ",09:").replace(",4:", ",04:") for line in CTM.lines]
    assert padded != list(CTM.lines)
    assert_same(read_lines(CTM, tmp_path, padded), CTM.read(CTM.save(tmp_path)))


def _with_nanoseconds(lines, nanos, *, joined):
    """WRDS has them in a column of their own or at the end of TIME_M, or both."""
    out = [lines[0].replace("TIME_M", "TIME_M,TIME_M_NANO")]
    for line, nano in zip(lines[1:], nanos, strict=True):
        date, time, rest = line.split(",", 2)
        time += f"{nano:03}" if joined else ""
        out.append(f"{date},{time},{nano},{rest}")
    return out


@pytest.mark.parametrize("joined", [False, True])
def test_nanoseconds_in_a_column_of_their_own_are_added_once(joined, tmp_path):
    nanos = [791, 0, 1, 999, 50]
    lines = _with_nanoseconds(CTM.lines, nanos, joined=joined)
    trades = read_lines(CTM, tmp_path, lines)
    micros = CTM.read(CTM.save(tmp_path))["time_ns"]
    assert trades["time_ns"].tolist() == (micros + nanos).tolist()


def test_nanoseconds_that_contradict_the_time_are_refused(tmp_path):
    lines = _with_nanoseconds(CTM.lines, [791, 0, 1, 999, 50], joined=True)
    damaged = [line.replace(",999,", ",998,") for line in lines]
    with pytest.raises(DataError, match="row 5: TIME_M_NANO is 998 but TIME_M ends with 999"):
        read_lines(CTM, tmp_path, damaged)
    beyond = _with_nanoseconds(CTM.lines, [0, 0, 1000, 0, 0], joined=False)
    with pytest.raises(DataError, match="row 4: TIME_M_NANO is 1000; allowed are 0 to 999"):
        read_lines(CTM, tmp_path, beyond)


@pytest.mark.parametrize("tiny", [CTM, CQM, COMPLETE], ids=lambda tiny: tiny.name)
def test_names_of_columns_in_lower_and_upper_case_are_the_same(tiny, tmp_path):
    lower = tiny.with_line(1, tiny.lines[0].lower())
    assert_same(read_lines(tiny, tmp_path, lower), tiny.read(tiny.save(tmp_path)))


def test_values_in_quotation_marks_are_the_same(tmp_path):
    quoted = [",".join(f'"{value}"' for value in line.split(",")) for line in CTM.lines]
    assert_same(read_lines(CTM, tmp_path, quoted), CTM.read(CTM.save(tmp_path)))


@pytest.mark.parametrize(
    "squeezed, four",
    [
        ("", "    "), ("@", "@   "), ("F", " F  "), ("T", "  T "), ("I", "   I"), ("FTI", " FTI"),
        ("F I", " F I"), ("TI", "  TI"), ("@ TI", "@ TI"), ("@FTI", "@FTI"), ("@F I", "@F I"),
        (" F", " F  "), ("O X", " O X"), ("6 X", " 6 X"), ("4 W", " 4 W"), ("4I", " 4 I"),
        ("R", "R   "), ("Z", "  Z "), ("M", "   M"), ("@6 X", "@6 X"),
    ],
)  # fmt: skip
def test_squeezed_sale_conditions_regain_their_four_places(squeezed, four, tmp_path):
    trades = read_lines(CTM, tmp_path, CTM.changed(2, 5, squeezed))
    assert trades["condition"].iloc[0] == four
    assert trades.attrs["report"]["unknown_condition"] == 0


@pytest.mark.parametrize("strange", ["?", "II", "FO"])
def test_a_sale_condition_without_a_place_is_kept_and_counted(strange, tmp_path):
    trades = read_lines(CTM, tmp_path, CTM.changed(2, 5, strange))
    assert trades["condition"].iloc[0] == f"{strange:<4}"
    assert trades.attrs["report"]["unknown_condition"] == 1


def test_wrds_quotes_are_in_round_lots_but_the_complete_nbbo_in_shares(tmp_path):
    quotes = CQM.read(CQM.save(tmp_path))
    assert quotes.attrs["kind"] == "quotes"
    assert quotes["bid_size"].tolist() == [2000, 300, 300, 0, 100]
    assert quotes["ask_size"].tolist() == [0, 300, 100, 200, 200]
    assert np.isnan(quotes["ask"].iloc[0]) and np.isnan(quotes["bid"].iloc[3])
    complete = COMPLETE.read(COMPLETE.save(tmp_path))
    assert complete.attrs["kind"] == "nbbo"
    assert complete["bid_size"].tolist() == [300, 300, 100, 100]
    appended = [
        COMPLETE.lines[0].replace("SIZESHARES", "SIZ").replace("QU_COND", "NBBO_QU_COND"),
        *COMPLETE.lines[1:],
    ]
    nbbom = read_lines(COMPLETE, tmp_path, appended)
    assert nbbom.attrs["kind"] == "nbbo"
    assert nbbom["bid_size"].tolist() == [30_000, 30_000, 10_000, 10_000]
    assert nbbom["condition"].tolist() == ["R"] * 4


def test_an_export_of_two_days_needs_a_choice(tmp_path):
    later = [line.replace("2025-01-15", "2025-01-16") for line in CTM.lines[1:]]
    lines = [*CTM.lines, *later]
    with pytest.raises(DataError, match=r"holds 2 days \(2025-01-15, 2025-01-16.*date='YYYY"):
        read_lines(CTM, tmp_path, lines)
    one = read_lines(CTM, tmp_path, lines, date="2025-01-16")
    assert one.attrs["date"] == "2025-01-16"
    assert_same(one, CTM.read(CTM.save(tmp_path)))


@pytest.mark.parametrize("written", ["20250115", "2025/01/15", "15JAN2025", "15Jan2025"])
def test_dates_are_read_in_the_ways_that_exports_write_them(written, tmp_path):
    lines = [line.replace("2025-01-15", written) for line in CTM.lines]
    assert read_lines(CTM, tmp_path, lines).attrs["date"] == "2025-01-15"


@pytest.mark.parametrize("written", ["2025-13-15", "2025-02-30", "yesterday", ""])
def test_a_day_that_is_none_is_refused(written, tmp_path):
    with pytest.raises(DataError, match=f"row 3: DATE is '{written}'; allowed are YYYY-MM-DD"):
        read_lines(CTM, tmp_path, CTM.changed(3, 0, written))


def test_root_and_suffix_make_the_symbol(tmp_path):
    trades = read_lines(CTM, tmp_path, CTM.changed(2, 4, "B"))
    assert trades["symbol"].tolist() == ["LOBS B", "LOBS", "LOBS", "LOBS", "LOBS"]
    only = read_lines(CTM, tmp_path, CTM.changed(2, 4, "B"), symbol="LOBS B")
    assert len(only) == 1
