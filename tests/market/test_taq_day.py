"""A synthetic TAQ day: the tape's traps are there, and under them is one consistent market."""

import numpy as np
import pytest

from lobsim.analytics import nbbo, regular_trades, trade_costs
from lobsim.market import synthesise_taq_day
from lobsim.market.tape_habits import CLOSE_NS, OPEN_NS, STALE_FROM_NS, STALE_UNTIL_NS
from lobsim.market.taq_text import bbo_lines, clock_text, price_text, trade_lines

NS = 1_000_000_000


@pytest.fixture(scope="module")
def day():
    return synthesise_taq_day(seed=7)


def test_columns_and_order(day):
    quotes, trades = day
    assert list(quotes)[:9] == ["time_ns", "exchange", "symbol", "bid", "bid_size", "ask",
                                "ask_size", "condition", "sequence"]
    assert list(trades)[:8] == ["time_ns", "exchange", "symbol", "price", "size", "condition",
                                "correction", "sequence"]
    for table in day:
        assert table["time_ns"].is_monotonic_increasing and table["sequence"].is_unique
        assert table["sequence"].is_monotonic_increasing
        assert (table["participant_ns"] <= table["time_ns"]).all()
    assert (trades["condition"].str.len() == 4).all() and (trades["size"] > 0).all()
    assert quotes.attrs["kind"] == "quotes" and trades.attrs["kind"] == "trades"


def test_same_seed_same_day_and_another_seed_another(day):
    quotes, trades = synthesise_taq_day(seed=7)
    assert quotes.equals(day[0]) and trades.equals(day[1])
    assert not synthesise_taq_day(seed=8)[1]["price"].equals(trades["price"])


def test_quotes_are_per_exchange_in_round_lots_and_uncrossed_on_each(day):
    quotes, _ = day
    assert quotes["exchange"].nunique() == 10
    assert (quotes[["bid_size", "ask_size"]] % 100 == 0).all().all()
    assert not (quotes["bid"] >= quotes["ask"]).any()
    for side in ("bid", "ask"):
        assert ((quotes[side + "_size"] == 0) == quotes[side].isna()).all()
        assert quotes[side].isna().sum() > 50


def test_every_trap_is_there(day):
    quotes, trades = day
    conditions = "".join(trades["condition"].unique())
    assert set("@FITUZLPBW47VCNROXQ6MH") <= set(conditions)
    assert {"00", "01", "12", "08", "10", "07", "11"} == set(trades["correction"])
    odd = trades["size"] < 100
    assert 0.2 < odd.mean() < 0.6
    off = trades["exchange"] == "D"
    assert 0.2 < trades.loc[off, "size"].sum() / trades["size"].sum() < 0.45
    late = trades.loc[off, "time_ns"] - trades.loc[off, "participant_ns"]
    assert (late > 0.4 * NS).sum() > 50 and late.median() < 0.05 * NS
    subpenny = np.abs(trades["price"] * 100 - np.rint(trades["price"] * 100)) > 1e-6
    assert subpenny[off].any() and not subpenny[~off].any()
    assert (quotes["time_ns"] < OPEN_NS).sum() > 50 and (trades["time_ns"] > CLOSE_NS).any()
    silent = quotes["time_ns"].between(STALE_FROM_NS + NS, STALE_UNTIL_NS - NS)
    assert not (quotes.loc[silent, "exchange"] == "M").any()
    assert quotes["ask"].max() > 1e5 and {"R", "O", "C", "N"} == set(quotes["condition"])


def test_auctions_print_once_and_their_size_again_as_official_price(day):
    _, trades = day
    for cross, official in (("@O X", "@  Q"), ("@6 X", "@  M")):
        a = trades[trades["condition"] == cross]
        b = trades[trades["condition"] == official]
        assert len(a) == len(b) == 1
        assert a["size"].item() == b["size"].item() > 10_000
        assert a["price"].item() == b["price"].item()


def test_consolidated_quotes_lock_or_cross_for_moments_only(day):
    quotes, _ = day
    best = nbbo(quotes)
    report = best.attrs["report"]
    assert 5 < report["locked"] + report["crossed"] < 0.01 * len(quotes)
    session = best[best["time_ns"].between(OPEN_NS + NS, CLOSE_NS - 1)]
    held = np.diff(np.append(session["time_ns"], CLOSE_NS))
    ticks = np.rint((session["ask"] - session["bid"]) * 100)
    assert 0.4 < held[ticks == 1].sum() / held.sum() < 0.8
    assert held[ticks > 10].sum() / held.sum() < 0.01


def test_regular_trades_sit_near_the_quotes_and_makers_are_adversely_selected(day):
    quotes, trades = day
    costs = trade_costs(regular_trades(trades), nbbo(quotes))
    away = np.abs(costs["price"] - costs["mid"])
    assert away.quantile(0.99) < 0.06
    assert 0.010 < costs["effective"].mean() < 0.025
    assert 0 < costs["realised"].mean() < 0.8 * costs["effective"].mean()


def test_sweeps_hit_several_exchanges_at_one_participant_moment(day):
    _, trades = day
    sweeps = trades[trades["condition"].str[1] == "F"]
    times = np.sort(sweeps["participant_ns"].to_numpy())
    alone = (np.diff(times, prepend=-NS) > 900) & (np.diff(times, append=times[-1] + NS) > 900)
    assert len(sweeps) > 100
    assert alone.sum() <= (trades["condition"] == "@ Z ").sum()  # the others of the sweep were late


def test_text_of_times_and_prices():
    assert clock_text(34_200_000_000_123) == "093000000000123"
    assert clock_text(57_599 * NS + 999_999_999) == "155959999999999"
    assert [price_text(x) for x in (450.0, 45.9, 0.0001, float("nan"))] == [
        "450", "45.9", "0.0001", "0"]


def test_file_lines_hold_the_tables(day):
    quotes, trades = day
    lines = trade_lines(trades.head(50), "20250115")
    assert len(lines) == 52 and lines[-1].startswith("END|20250115|50|")
    first = lines[1].split("|")
    assert first[1] == trades["exchange"][0] and int(first[4]) == trades["size"][0]
    assert float(first[5]) == trades["price"][0] and first[3] == trades["condition"][0]
    row = bbo_lines(quotes.head(50), "20250115")[50].split("|")
    assert int(row[4]) * 100 == quotes["bid_size"][49] and len(row) == 23
