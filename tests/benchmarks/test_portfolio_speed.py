"""The speed of portfolio days: what is told in the README is stored, and a day's parts fit."""

import json

import portfolio_speed_table as table
import pytest
import readme_parts

from measure_portfolio import days_of


def test_the_speed_of_days_in_the_readme_is_that_of_the_stored_runs():
    assert readme_parts.shown("portfolio-speed") == table.section()


def test_every_name_decides_once_in_each_interval_of_each_day():
    found = days_of(names=2, days=3, horizon_s=240.0, turn=0)
    assert found["name_decisions_per_s"] / found["days_per_s"] == pytest.approx(2 * 240 / 60)
    seconds = found["open_s_per_day"] + found["play_s_per_day"]
    assert seconds * found["days_per_s"] == pytest.approx(1.0)
    assert found["process_mb"] > 10


def test_a_run_replaces_its_own_part_and_leaves_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(table, "STORED", tmp_path / "speed.json")
    table.keep("names", {"rows": [1]})
    table.keep("workers", {"rows": [2]})
    table.keep("names", {"rows": [3]})
    found = json.loads(table.STORED.read_text(encoding="utf-8"))
    assert (found["names"]["rows"], found["workers"]["rows"]) == ([3], [2])
    assert found["names"]["machine"]["cores"] >= 1
