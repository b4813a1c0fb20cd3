"""Calls through an address: the same as a direct call, and no code of the callee in the caller."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from numba import config

from lobsim.engine.indirect import address_of, call_at
from lobsim.engine.jit import njit

pytestmark = pytest.mark.skipif(bool(config.DISABLE_JIT), reason="the JIT is off: no addresses")

KERNELS = """\
    import numba
    from lobsim.engine.indirect import address_of, call_at
    from lobsim.engine.jit import njit

    @njit
    def scaled(table, i, word):
        if word < 0:
            raise ValueError("a negative word")
        return table[i, 1] * word

    @njit(borrows=True)
    def through(table, i, word):
        return call_at(table[i, 0], table, i, word)

    @njit(parallel=True)
    def spread(table):
        total = 0
        for i in numba.prange(len(table)):
            total += call_at(table[i, 0], table, i, 1)
        return total
    """
RUN = """\
    import numpy as np
    from kernels import address_of, scaled, spread, through

    table = np.array([[address_of(scaled), 10 + i] for i in range(5)])
    told = [through(table, 2, 3), spread(table)]
    try:
        through(table, 0, -1)
    except ValueError as error:
        told.append(str(error))
    hits = sum(sum(k.stats.cache_hits.values()) for k in (scaled, spread, through))
    print(told, hits)
    """


@njit(borrows=True)
def tenfold(table, i, word):
    return 10 * table[i, 1] + word


@njit(borrows=True)
def direct(table, i, word):
    return tenfold(table, i, word)


@njit(borrows=True)
def indirect(table, i, word):
    return call_at(table[i, 0], table, i, word)


def test_a_call_through_the_address_is_the_call():
    table = np.array([[address_of(tenfold), 7], [address_of(tenfold), -3]])
    for i in range(2):
        for word in (0, 5, -(2**62)):
            assert indirect(table, i, word) == direct(table, i, word)
    assert address_of(tenfold) == address_of(tenfold) != address_of(direct)


def test_the_caller_holds_no_code_of_what_it_calls_by_address():
    """Uncached copies of the two, since code from the cache cannot be looked into."""
    from numba import njit as plain

    table = np.array([[address_of(tenfold), 7]])
    for function, holds in ((direct, True), (indirect, False)):
        copy = plain(function.py_func)
        assert copy(table, 0, 1) == 71
        (code,) = copy.inspect_llvm().values()
        assert ("tenfold" in code) is holds


def test_addresses_are_right_in_a_new_process_that_compiles_nothing(tmp_path):
    """Also through threads; and what the kernel raises is raised through the address."""
    for name, source in (("kernels.py", KERNELS), ("run.py", RUN)):
        (tmp_path / name).write_text(textwrap.dedent(source), encoding="utf-8")
    env = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "LOBSIM_QUIET": "1"}
    told = []
    for _ in range(2):
        done = subprocess.run([sys.executable, "run.py"], cwd=tmp_path, env=env, text=True,
                              capture_output=True, timeout=300)
        assert done.returncode == 0, done.stderr
        told.append(done.stdout.strip())
    assert told == ["[36, 60, 'a negative word'] 0", "[36, 60, 'a negative word'] 3"]
