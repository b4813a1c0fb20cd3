"""The examples in the docstrings of the analytics are true."""

import doctest
import importlib

import pytest

MODULES = [
    *("_checks", "compare", "consolidate", "matching"),
    *("shortfall", "signs", "spreads", "trades"),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name):
    result = doctest.testmod(importlib.import_module(f"lobsim.analytics.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
