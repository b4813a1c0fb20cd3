"""The markets under a market-making environment: N rows of arrays, each opened anew by a seed."""

import numpy as np

from lobsim.market.opening import open_market
from lobsim.market.profile import Profile
from lobsim.market.stack import SHARED, Stack

__all__ = ["open_row", "stack_for"]


def stack_for(profile: Profile, count: int, start_ns: int) -> Stack:
    """Arrays for `count` markets of one profile; the rows are empty until `open_row`.

    Parameters
    ----------
    profile : Profile
    count : int
    start_ns : int
        Start of every market, ns after midnight.
    """
    named, tape = _arrays(profile, 0, start_ns)
    rows = {name: 1 if name in SHARED else count for name in named}
    stack = {name: np.zeros((rows[name], *array.shape), array.dtype)
             for name, array in named.items()}
    for name in SHARED:
        stack[name][0] = named[name]
    return Stack(**stack, kind=np.zeros(count, np.int64), path=np.arange(count), fills=tape.fills,
                 messages=tape.messages, tops=tape.tops)


def open_row(stack: Stack, i: int, profile: Profile, seed: int, start_ns: int) -> None:
    """Open the market of a seed in row `i` (modified): the same as ``Market(profile, seed)``."""
    named, _ = _arrays(profile, seed, start_ns)
    for name, array in named.items():
        if name not in SHARED:
            getattr(stack, name)[i] = array


def _arrays(profile, seed, start_ns):
    book, flow, tape = open_market(profile, seed, start_ns, 0)
    named = book._asdict() | flow._asdict()
    return named | {"scratch": tape.scratch, "own_fills": tape.own, "reports": tape.reports}, tape
