"""Logs of both sides have one form, lose nothing on disk, and refuse what cannot be."""

import doctest
from importlib import import_module

import numpy as np
import pandas as pd
import pytest

from lobsim.envs.execution_settings import ExecutionSettings
import lobsim.sim_to_real
from lobsim.sim_to_real import logs
from lobsim.sim_to_real.links import embedded
from lobsim.sim_to_real.live_run import run_live
from lobsim.sim_to_real.venue import VenueDay

SETTINGS = ExecutionSettings(quantity=3000, horizon_s=240, interval_s=10, side="buy")


def logged(side, gaps=()):
    client, gateway = embedded(VenueDay(seed=9, start_s=36_000, end_s=36_250, gaps=gaps))
    recorder = logs.Recorder(client)
    dice = np.random.default_rng(1)
    live = run_live(client, SETTINGS, lambda seen: [int(dice.integers(10))], side=1,
                    start_s=36_000)
    client.step(gateway.core.end_ns)
    return logs.day_table(recorder, live, SETTINGS, side=side), live, client


@pytest.fixture(scope="module")
def both():
    return {"training": logged("training"),
            "live": logged("live", ("order_latency", "ack_delay", "clock_skew"))}


def test_a_log_of_either_side_comes_back_from_disk_as_it_was(both, tmp_path):
    tables = [both[side][0] for side in ("training", "live")]
    path = logs.write_log(tmp_path / "days.parquet", tables, {"policy": "dice"})
    read = logs.read_log(path)
    pd.testing.assert_frame_equal(read, pd.concat(tables, ignore_index=True))
    assert read.attrs["about"] == {"policy": "dice"}
    assert list(tables[0].columns) == list(tables[1].columns)


def test_the_log_adds_up_to_the_day(both):
    for table, live, client in both.values():
        account, fills = client.account, table[table["event"] == "fill"]
        assert (fills["direction"] * fills["lots"]).sum() == account.position == live.filled
        assert table["fee"].sum() == pytest.approx(account.fees)
        assert set(table.loc[table["event"] == "request", "id"]) == set(account.asked)
        answered = set(table.loc[table["event"].isin(["report", "fill"]), "id"]) - {""}
        assert answered == set(account.asked)
        cost = table[["term.execution", "term.revaluation", "term.fees"]].sum().sum()
        assert cost == pytest.approx(live.shortfall_bps)
        decisions = table[table["event"] == "decision"]
        assert decisions["step"].tolist() == list(range(len(live.decisions)))
        np.testing.assert_array_equal(
            decisions[[name for name in table if name.startswith("state.")]].to_numpy(),
            np.array([one.seen for one in live.decisions]))


def test_the_hops_tell_where_the_time_went(both):
    spent = {}
    for side, (table, *_) in both.items():
        told = table[(table["event"] == "report") & (table["received_ns"] > 0)]
        spent[side] = (((told["venue_ns"] - told["received_ns"]).median() / 1e9),
                       ((told["told_ns"] - told["venue_ns"]).median() / 1e9))
    assert spent["training"] == (0, 0)
    assert spent["live"][0] > 1 and spent["live"][1] > 1


@pytest.mark.parametrize(("spoil", "word"), [
    (lambda t: t.drop(columns="exec"), "no column exec"),
    (lambda t: t.assign(lots=t["lots"].astype(float)), "column lots holds float64"),
    (lambda t: t.assign(side="paper"), "row 0: side is 'paper'"),
    (lambda t: t.assign(event="rumour"), "event is 'rumour'"),
    (lambda t: t.assign(exec=1), "counted double"),
    (lambda t: t.assign(venue_ns=1), "is before received_ns"),
    (lambda t: t.assign(**{"state.left": np.float32(np.nan)}), "state of a decision"),
    (lambda t: t.assign(lots=0), "lots is .*0.*; it of a fill must be at least 1"),
])
def test_a_log_that_cannot_be_is_refused_in_one_sentence(both, tmp_path, spoil, word):
    with pytest.raises(logs.LogError, match=word):
        logs.write_log(tmp_path / "days.parquet", spoil(both["live"][0]))
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_log_is_refused(tmp_path):
    path = tmp_path / "days.parquet"
    path.write_bytes(b"PAR1 nonsense")
    with pytest.raises(logs.LogError, match="no Parquet file"):
        logs.read_log(path)
    pd.DataFrame({"a": [1]}).to_parquet(path)
    with pytest.raises(logs.LogError, match="no log"):
        logs.read_log(path)
    with pytest.raises(logs.LogError, match="no Parquet file"):
        logs.read_log(tmp_path / "nothing.parquet")


@pytest.mark.parametrize("name", ["stored_attribution", "day_record", "gaps", "links", "protocol",
                                  "venue"])
def test_examples_in_docstrings_do_what_they_say(name):
    failed, tried = doctest.testmod(import_module(f"lobsim.sim_to_real.{name}"))
    assert tried and not failed


def test_all_public_names_load():
    for name in lobsim.sim_to_real.__all__:
        assert getattr(lobsim.sim_to_real, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        lobsim.sim_to_real.nonsense
