"""Notebooks that pytest runs keep quiet while they compile: the line is in no stored output."""

import os

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Set ``LOBSIM_QUIET`` for the kernels that the cells of a notebook are run in."""
    if item.path.suffix != ".ipynb":
        return (yield)
    before = os.environ.get("LOBSIM_QUIET")
    os.environ["LOBSIM_QUIET"] = "1"
    try:
        return (yield)
    finally:
        if before is None:
            del os.environ["LOBSIM_QUIET"]
        else:
            os.environ["LOBSIM_QUIET"] = before
