"""Traps of QuantConnect LEAN's zips."""

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from tiny_files import TINY, text, zipped

from lobsim import data
from lobsim.data import DataError

TRADES, QUOTES = TINY["LEAN equity trade ticks"], TINY["LEAN equity quote ticks"]
SECONDS, MINUTES = TINY["LEAN equity second trade bars"], TINY["LEAN equity minute quote bars"]
COIN_TRADES, COIN_QUOTES = TINY["LEAN crypto trade ticks"], TINY["LEAN crypto quote ticks"]
COIN_MINUTES = TINY["LEAN crypto minute trade bars"]
COIN_DAYS = TINY["LEAN crypto daily quote bars"]
ALL = [tiny for tiny in TINY.values() if tiny.member]
NS_PER_MS = 1_000_000
OPEN_NS = 34_200 * 10**9
pytestmark = pytest.mark.filterwarnings("error")
each = pytest.mark.parametrize("tiny", ALL, ids=lambda tiny: tiny.name)


def read_lines(tiny, folder, lines):
    """Read these lines under the path and inner name of `tiny`."""
    return data.read_lean(tiny.save(folder, lines))


def test_every_value_of_the_tiny_trade_file(tmp_path):
    trades = TRADES.read(TRADES.save(tmp_path))
    expected = pd.DataFrame(
        {
            "time_ns": [14_417_034 * NS_PER_MS, OPEN_NS, OPEN_NS + 250_000,
                        36_000_000 * NS_PER_MS, 57_599_999 * NS_PER_MS],
            "exchange": pd.Series(list("QPKDN"), dtype=str),
            "symbol": pd.Series(["LOBS"] * 5, dtype=str),
            "price": [167.42, 167.5, 167.51, 167.505, 167.6],
            "size": [210, 5000, 100, 300, 200],
            "condition": pd.Series(["  T ", " O  ", " F  ", "   W", "@   "], dtype=str),
            "correction": pd.Series(["00"] * 5, dtype=str),
            "sequence": [1, 2, 3, 4, 5],
            "condition_flags": [0x2000, 0x40, 0x20000020, 0x100000, 0x1],
            "suspicious": [0, 0, 0, 1, 0],
        }
    )  # fmt: skip
    assert_frame_equal(trades, expected, check_exact=True)


def test_prices_of_equities_are_scaled_and_those_of_coins_are_not(tmp_path):
    assert TRADES.read(TRADES.save(tmp_path))["price"].iloc[0] == 167.42
    assert QUOTES.read(QUOTES.save(tmp_path))["bid"].iloc[0] == 181.75
    assert SECONDS.read(SECONDS.save(tmp_path))["open"].iloc[0] == 167.42
    assert MINUTES.read(MINUTES.save(tmp_path))["ask_low"].iloc[0] == 167.43
    assert COIN_TRADES.read(COIN_TRADES.save(tmp_path))["price"].iloc[0] == 7424.91
    assert COIN_QUOTES.read(COIN_QUOTES.save(tmp_path))["ask"].iloc[2] == 7424.85
    assert COIN_MINUTES.read(COIN_MINUTES.save(tmp_path))["close"].iloc[2] == 7395.88
    assert COIN_DAYS.read(COIN_DAYS.save(tmp_path))["bid_open"].iloc[0] == 219.16


def test_sizes_are_whole_shares_or_parts_of_coins(tmp_path):
    assert TRADES.read(TRADES.save(tmp_path))["size"].dtype == np.int64
    assert MINUTES.read(MINUTES.save(tmp_path))["bid_size"].tolist() == [200, 200, 400, 100]
    coins = COIN_TRADES.read(COIN_TRADES.save(tmp_path))["size"]
    assert coins.tolist() == [0.25, 1.00000001, 2.0, 0.0373333]
    with pytest.raises(DataError, match=r"row 2: (quantity|size) is '?100.5'?; allowed is a whole"):
        read_lines(TRADES, tmp_path, TRADES.changed(2, 2, "100.5"))


def test_two_one_sided_rows_are_one_update(tmp_path):
    quotes = QUOTES.read(QUOTES.save(tmp_path))
    assert quotes.attrs["kind"] == "nbbo"
    assert quotes["time_ns"].tolist() == [
        ms * NS_PER_MS for ms in (34_200_065, 34_200_165, 34_201_000, 34_202_000)
    ]
    assert quotes["bid"].tolist() == [181.75, 181.76, 181.76, 181.98]
    assert quotes["bid_size"].tolist() == [500, 200, 200, 400]
    assert quotes["ask"].tolist() == [182.05, 182.05, 181.99, 181.99]
    assert quotes["ask_size"].tolist() == [100, 300, 100, 100]
    report = quotes.attrs["report"]
    assert [report[key] for key in ("pairs", "lone_bids", "lone_asks")] == [2, 1, 1]
    assert report["rows_in_file"] == 2 * 2 + 1 + 1


def test_each_side_names_the_exchange_that_set_it(tmp_path):
    quotes = QUOTES.read(QUOTES.save(tmp_path))
    assert quotes["bid_exchange"].tolist() == ["K", "P", "P", "Q"]
    assert quotes["ask_exchange"].tolist() == ["K", "Z", "Q", "Q"]


def test_the_state_between_the_two_rows_of_an_update_is_never_shown(tmp_path):
    """The market rises by more than the spread: between the rows it looks crossed."""
    lines = [
        "34200000,1000000,100,0,0,K,1,0", "34200000,0,0,1000100,100,K,1,0",
        "34200001,1000200,100,0,0,P,1,0", "34200001,0,0,1000300,100,P,1,0",
        "34200001,1000500,100,0,0,Q,1,0", "34200001,0,0,1000600,100,Q,1,0",
        "34200002,1000100,100,0,0,K,1,0", "34200002,0,0,1000200,100,Z,1,0",
    ]  # fmt: skip
    quotes = read_lines(QUOTES, tmp_path, lines)
    assert len(quotes) == 4
    assert quotes["bid"].tolist() == [100.0, 100.02, 100.05, 100.01]
    assert (quotes["ask"] - quotes["bid"]).round(9).eq(0.01).all()
    assert quotes.attrs["report"]["crossed"] == quotes.attrs["report"]["locked"] == 0


def test_before_a_side_is_first_set_it_has_no_quote(tmp_path):
    quotes = read_lines(QUOTES, tmp_path, QUOTES.lines[1:])
    assert np.isnan(quotes["bid"].iloc[0]) and quotes["bid_size"].iloc[0] == 0
    assert quotes["ask"].iloc[0] == 182.05
    assert quotes["bid"].iloc[1] == 181.76


@pytest.mark.parametrize(
    "written, flags, condition",
    [
        ("0", 0x0, "    "), ("1", 0x1, "@   "), ("20", 0x20, " F  "), ("40", 0x40, " O  "),
        ("80", 0x80, " 6  "), ("200", 0x200, " 4  "), ("400", 0x400, "  T "),
        ("2000", 0x2000, "  T "), ("100000", 0x100000, "   W"),
        ("20000000", 0x20000000, "    "), ("20002020", 0x20002020, " FT "),
        ("80000000", 0x80000000, "   I"), ("80000001", 0x80000001, "@  I"),
        ("A0000020", 0xA0000020, " F I"), ("a0000020", 0xA0000020, " F I"),
    ],
)  # fmt: skip
def test_condition_flags_are_hexadecimal_and_have_taq_letters(written, flags, condition, tmp_path):
    trades = read_lines(TRADES, tmp_path, TRADES.changed(1, 4, written))
    assert trades["condition_flags"].iloc[0] == flags
    assert trades["condition"].iloc[0] == condition


@pytest.mark.parametrize("written", ["G1", "0x20", "123456789", "-1", ""])
def test_flags_that_are_not_hexadecimal_are_refused(written, tmp_path):
    with pytest.raises(DataError, match=f"row 2: condition flags is '{written}'; allowed is a hex"):
        read_lines(TRADES, tmp_path, TRADES.changed(2, 4, written))


@pytest.mark.parametrize("written", ["2", "-1", "yes"])
def test_suspicious_is_nought_or_one(written, tmp_path):
    with pytest.raises(DataError, match=f"row 2: suspicious is '?{written}'?; allowed"):
        read_lines(TRADES, tmp_path, TRADES.changed(2, 5, written))


@pytest.mark.parametrize(
    "written, nanoseconds",
    [("14400009.367", 14_400_009_367_000), ("14400009.000001", 14_400_009_000_001),
     ("14400009.5", 14_400_009_500_000), ("14400009", 14_400_009_000_000), ("0", 0)],
)  # fmt: skip
def test_milliseconds_may_have_decimals(written, nanoseconds, tmp_path):
    trades = read_lines(TRADES, tmp_path, TRADES.changed(1, 0, written))
    assert trades["time_ns"].iloc[0] == nanoseconds


def test_bars_bear_the_time_of_their_start(tmp_path):
    bars = MINUTES.read(MINUTES.save(tmp_path))
    assert bars.attrs["kind"] == "bars"
    assert bars.attrs["bar_ns"] == 60 * 10**9
    assert bars["time_ns"].tolist() == [OPEN_NS + k * 60 * 10**9 for k in (0, 1, 2, 389)]
    assert SECONDS.read(SECONDS.save(tmp_path)).attrs["bar_ns"] == 10**9


def test_the_closing_quote_of_a_bar_is_known_at_its_end(tmp_path):
    path = MINUTES.save(tmp_path)
    bars, quotes = data.read_lean(path), data.read_quotes(path)
    assert (quotes["time_ns"] == bars["time_ns"] + 60 * 10**9).all()
    assert (quotes["bid"] == bars["bid_close"]).all() and (quotes["ask"] == bars["ask_close"]).all()
    assert quotes.attrs["kind"] == "nbbo"


def test_equities_keep_new_york_time_and_coins_utc(tmp_path):
    for tiny in ALL:
        zone = tiny.read(tiny.save(tmp_path)).attrs["time_zone"]
        assert zone == ("America/New_York" if "equity" in tiny.name else "UTC")


def test_a_day_of_coins_has_twenty_four_hours(tmp_path):
    trades = COIN_TRADES.read(COIN_TRADES.save(tmp_path))
    assert trades["time_ns"].iloc[0] == 0
    assert trades["time_ns"].iloc[-1] == 86_399_999 * NS_PER_MS
    with pytest.raises(DataError, match="row 4: time is '86400000'; allowed is milliseconds"):
        read_lines(COIN_TRADES, tmp_path, COIN_TRADES.changed(4, 0, "86400000"))


def test_daily_bars_name_their_days(tmp_path):
    days = COIN_DAYS.read(COIN_DAYS.save(tmp_path))
    assert days["date"].tolist() == ["2015-04-27", "2015-04-28", "2015-04-30", "2016-01-01"]
    assert (days["time_ns"] == 0).all()
    assert days.attrs["bar_ns"] == 86_400 * 10**9
    for wrong in ("20160230 00:00", "20160228", "20160228 24:00", "2016-02-28 00:00"):
        with pytest.raises(DataError, match="row 4: .*allowed is"):
            read_lines(COIN_DAYS, tmp_path, COIN_DAYS.changed(4, 0, wrong))


@pytest.mark.parametrize("tiny", [COIN_TRADES, COIN_QUOTES], ids=lambda tiny: tiny.name)
def test_ticks_of_coins_may_end_with_suspicious_or_not(tiny, tmp_path):
    longer = read_lines(tiny, tmp_path, [f"{line},0" for line in tiny.lines])
    assert_frame_equal(
        longer.drop(columns="suspicious", errors="ignore"),
        tiny.read(tiny.save(tmp_path)).drop(columns="suspicious", errors="ignore"),
    )


@each
def test_the_last_row_needs_no_line_end(tiny, tmp_path):
    """LEAN writes none; a reader that counts line ends loses the row."""
    whole = tiny.read(tiny.save(tmp_path))
    bare = tiny.read(tiny.save(tmp_path, content=text(tiny.lines).rstrip(b"\n")))
    assert_frame_equal(bare, whole)
    assert bare.attrs["report"]["rows_in_file"] == tiny.rows


@each
def test_path_and_inner_name_say_what_the_file_holds(tiny, tmp_path):
    attrs = tiny.read(tiny.save(tmp_path)).attrs
    security, market, resolution = tiny.file_name.split("/")[1:4]
    assert (attrs["security_type"], attrs["market"], attrs["resolution"]) == (
        security, market, resolution,
    )  # fmt: skip
    assert attrs["symbol"] == ("LOBS" if security == "equity" else "BTCUSD")
    assert attrs["date"] == (None if resolution == "daily" else "2025-01-15")
    assert attrs["tick_type"] in tiny.file_name


def test_equity_ticks_and_bars_have_differently_built_inner_names(tmp_path):
    """20250115_lobs_Trade_Tick.csv, but 20250115_lobs_minute_quote.csv."""
    path = tmp_path / "Data/equity/usa/tick/lobs/20250115_trade.zip"
    path.parent.mkdir(parents=True)
    for member in ("20250115_lobs_Trade_Tick.csv", "20250115_lobs_tick_trade.csv", "lobs.csv"):
        path.write_bytes(zipped({member: text(TRADES.lines)}))
        assert len(data.read_lean(path)) == TRADES.rows
    path.write_bytes(zipped({"20250115_lobs_Quote_Tick.csv": text(TRADES.lines)}))
    with pytest.raises(DataError, match="the path says tick_type 'trade' but the file inside"):
        data.read_lean(path)


def test_a_moved_zip_is_read_when_the_caller_says_what_it_is(tmp_path):
    path = tmp_path / "moved.zip"
    path.write_bytes(TRADES.save(tmp_path).read_bytes())
    with pytest.raises(DataError, match="do not say security_type, market"):
        data.read_lean(path)
    moved = data.read_lean(path, security_type="equity", market="usa")
    assert_frame_equal(moved, TRADES.read(TRADES.save(tmp_path)))
    with pytest.raises(DataError, match="security_type is 'bond'; allowed are equity, crypto"):
        data.read_lean(path, security_type="bond", market="usa")


def test_a_share_named_like_a_folder_of_lean_is_found_by_the_folders_around_it(tmp_path):
    path = tmp_path / "Data/equity/usa/tick/tick/20250115_trade.zip"
    path.parent.mkdir(parents=True)
    path.write_bytes(zipped({"20250115_tick_Trade_Tick.csv": text(TRADES.lines)}))
    attrs = data.read_lean(path).attrs
    assert (attrs["symbol"], attrs["resolution"], attrs["market"]) == ("TICK", "tick", "usa")


def test_a_bar_whose_low_is_above_its_high_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"row 3: .*low.* above .*high"):
        read_lines(SECONDS, tmp_path, SECONDS.changed(3, 3, "1676001"))


def test_a_bar_without_a_side_has_no_quote_there(tmp_path):
    line = "34260000,,,,,,1675500,1675500,1675500,1675500,300"
    bars = read_lines(MINUTES, tmp_path, MINUTES.with_line(2, line))
    assert bars.loc[1, ["bid_open", "bid_high", "bid_low", "bid_close"]].isna().all()
    assert bars["bid_size"].tolist() == [200, 0, 400, 100]
    assert bars["bid_size"].dtype == np.int64
    assert bars.attrs["report"]["no_bid"] == 1
