"""The measurement of leakage: what it compares, and how it names and pairs."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import measure_portfolio_leakage as program
from lobsim.envs.portfolio_discreet import DiscreetDay


def test_schedules_that_are_best_for_several_weights_are_one_strategy():
    a, b = DiscreetDay(cross=0.5).numbers, DiscreetDay(tilt=2.0).numbers
    found = program.by_name({0.0: a, 20.0: b, 100.0: a})
    assert list(found) == ["learned, 0, 100", "learned, 20"]
    assert found["learned, 20"].numbers == b


def test_all_are_compared_with_twap_which_comes_first():
    found = program.strategies(0.1, {"learned, 0": DiscreetDay()})
    assert next(iter(found)) == "TWAP" and len(found) >= 10
    assert found["POV"].rate == pytest.approx(0.1 / 1.1)


def test_predators_hunt_where_the_spread_is_small_on_training_days():
    null = program.Null.__new__(program.Null)
    null.blocks = pd.DataFrame({"name": ["A", "B", "A", "B"], "seed": [1, 1, 2, 2]})
    null.tapes = [SimpleNamespace(features=pd.DataFrame({"spread_bps": [bps]}))
                  for bps in (1.0, 6.0, 2.0, 1.0)]
    assert null.prey(3.0) == ("A",)
    assert null.of([2]) == null.tapes[2:]


def test_a_day_counts_once_however_many_blocks_it_has():
    days = pd.Series([1, 1, 1, 2])
    told = program.gap(pd.Series([2.0, 4.0, 6.0, 0.0]), pd.Series(np.zeros(4)), days, "gap")
    assert told["gap_bps"] == 2.0 and told["gap_low"] < 0 < told["gap_high"]


def test_what_is_stored_has_few_digits_and_no_nan():
    told = program._short({"a": [np.float64(1.23456), np.nan], "b": (np.int64(3),), "c": "x"})
    assert told == {"a": [1.2346, None], "b": [3], "c": "x"}
