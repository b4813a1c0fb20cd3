"""The examples in the docstrings of the data floor give what they say."""

import doctest
import importlib
import pkgutil

import pytest

import lobsim.data

MODULES = [f"lobsim.data.{module.name}" for module in pkgutil.iter_modules(lobsim.data.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_the_docstrings(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_every_public_reader_and_writer_has_an_account_of_its_table():
    for name in lobsim.data.__all__:
        if name.startswith(("read_", "write_")):
            text = getattr(lobsim.data, name).__doc__
            assert "Parameters" in text and "Returns" in text and "Raises" in text, name
