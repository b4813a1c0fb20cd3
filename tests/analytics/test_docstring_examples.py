"""The examples in the docstrings of the analytics are true."""

import doctest
import importlib

import pytest

MODULES = [
    *("_checks", "compare", "consolidate", "matching"),
    *("facts_numbers", "facts_of", "facts_tape", "imbalance", "scorecard", "stylised_facts"),
    *("shortfall", "signs", "spreads", "targets", "trades"),
    *("book_levels", "flow_bars", "mark_outs", "micro_price", "regression", "tape_of"),
    *("leak_detector", "leakage"),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name):
    result = doctest.testmod(importlib.import_module(f"lobsim.analytics.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
