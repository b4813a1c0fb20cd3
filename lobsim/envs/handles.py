"""Many markets for one kernel call: a table of addresses in place of arrays by the dozen.

A market is some thirty arrays. Handed to a compiled function one by one they cost six
microseconds a call, as much as a hundred events; so the kernels of this floor get one table of
addresses and lengths, from which they rebuild the arrays without copying (`market_at`). Each
market has arrays of its own, of whatever size its profile needs; tables that only depend on the
profile are shared.

`Markets` owns the arrays and opens markets anew.
"""

import weakref

import numpy as np
from numba import from_dtype, types
from numba.extending import intrinsic, overload
from numba.np import arrayobj

from lobsim.engine.records import FILL, MESSAGE
from lobsim.engine.state import LEVEL, ORDER, BookState
from lobsim.market.market import Market
from lobsim.market.opening import open_market
from lobsim.market.parts import Regimes
from lobsim.market.profile import Profile
from lobsim.market.state import NS, OWN_ORDER, REPORT, TOP, W_BASE, Flow
from lobsim.market.venue import Tape

__all__ = ["Markets", "market_at"]

_SHARED = ("real", "whole", "distances", "limit_sizes", "market_sizes", "cancel_shape", "tables",
           "rates", "halts", "recorded")
_WORD, _REAL = np.dtype(np.int64), np.dtype(np.float64)
_BOOK_TYPES = ((_WORD, 1), (ORDER, 1), (LEVEL, 1), (_WORD, 1), (_WORD, 1), (np.dtype(np.int32), 1))
_FLOW_TYPES = ((_REAL, 1), (_WORD, 1), (_REAL, 2), (_WORD, 1), (_WORD, 1), (_WORD, 1), (_REAL, 1),
               (_REAL, 3), (_REAL, 1), (_WORD, 2), (MESSAGE, 1), (np.dtype(np.uint64), 1),
               (_WORD, 1), (_WORD, 1), (_REAL, 1), (_REAL, 1), (OWN_ORDER, 1), (MESSAGE, 1),
               (_REAL, 2))
_TAPE_TYPES = ((FILL, 1), (FILL, 1), (REPORT, 1), (FILL, 1), (MESSAGE, 1), (TOP, 1))
"""Type of item and number of axes of each array of a market, in the order of its fields."""

_TYPES = _BOOK_TYPES + _FLOW_TYPES + _TAPE_TYPES
_ENTRIES = 4  # address and three lengths of an array
_WIDTH = _ENTRIES * len(_TYPES)
_OPEN: dict[int, tuple] = {}
"""Markets by the address of their first array: what `market_at` looks up when uncompiled."""


@intrinsic
def _rebuild(typingctx, table, i):
    """Primitive of the compiler: the arrays of row `i`, over memory that others keep alive."""
    groups = []
    for group, items in ((BookState, _BOOK_TYPES), (Flow, _FLOW_TYPES), (Tape, _TAPE_TYPES)):
        arrays = [types.Array(from_dtype(dtype), rank, "C") for dtype, rank in items]
        groups.append(types.NamedTuple(arrays, group))

    def codegen(context, builder, signature, args):
        base = arrayobj.make_array(table)(context, builder, args[0]).data
        row = builder.mul(args[1], args[1].type(_WIDTH))
        entry, built = 0, []
        for group in groups:
            values = []
            for kind in group.types:
                def word(k, entry=entry):
                    place = builder.add(row, row.type(entry + k))
                    return builder.load(builder.gep(base, [place]))

                made = arrayobj.make_array(kind)(context, builder)
                item = context.get_data_type(kind.dtype)
                itemsize = context.get_constant(types.intp, context.get_abi_sizeof(item))
                shape = [word(1 + axis) for axis in range(kind.ndim)]
                strides = [itemsize]
                for length in reversed(shape[1:]):
                    strides.insert(0, builder.mul(strides[0], length))
                arrayobj.populate_array(
                    made, data=builder.inttoptr(word(0), made.data.type), shape=shape,
                    strides=strides, itemsize=itemsize, meminfo=None)
                values.append(made._getvalue())
                entry += _ENTRIES
            built.append(context.make_tuple(builder, group, values))
        return context.make_tuple(builder, signature.return_type, built)

    return types.Tuple(groups)(table, i), codegen


def market_at(table, i):
    """Book, flow and buffers of market `i` of a table of addresses."""
    return _OPEN[int(table[i, 0])]


@overload(market_at)
def _market_at_compiled(table, i):
    return lambda table, i: _rebuild(table, i)


class Markets:
    """N markets side by side, each of its own profile, opened again for every episode.

    Parameters
    ----------
    count : int
        N.

    Attributes
    ----------
    table : ndarray of int64, shape (N, ...)
        What kernels get; see `market_at`.
    """

    def __init__(self, count: int):
        self.table = np.zeros((count, _WIDTH), np.int64)
        self._arrays: list[tuple | None] = [None] * count
        self._profiles: list[Profile | None] = [None] * count
        self._shared: dict[int, tuple] = {}
        self._weak = weakref.finalize(self, _close, self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def open(self, i: int, profile: Profile, seed: int, start_s: float) -> None:
        """Let market `i` be ``Market(profile, seed, start_s=start_s)``, bit for bit."""
        book, flow, tape = open_market(profile, int(seed), round(start_s * NS), 0)
        self._drop(i)
        flow = self._share(profile, flow)
        self._profiles[i] = profile
        self._arrays[i] = (book, flow, tape)
        for k, array in enumerate((*book, *flow, *tape)):
            entry = self.table[i, _ENTRIES * k:_ENTRIES * (k + 1)]
            entry[0] = array.ctypes.data
            entry[1:1 + array.ndim] = array.shape
        _OPEN[int(self.table[i, 0])] = self._arrays[i]

    def _share(self, profile, flow):
        """The flow with tables that all markets of a profile read from the same memory."""
        kept = self._shared.setdefault(id(profile), (profile, flow))[1]
        names = _SHARED if profile.part(Regimes) else (*_SHARED, "minutes")
        return flow._replace(**{name: getattr(kept, name) for name in names})

    def _drop(self, i):
        """Forget market `i`, and what only its profile needed."""
        if self._arrays[i] is None:
            return
        _OPEN.pop(int(self.table[i, 0]), None)
        profile, self._profiles[i], self._arrays[i] = self._profiles[i], None, None
        if not any(one is profile for one in self._profiles):
            self._shared.pop(id(profile), None)

    def bases(self) -> set[int]:
        """Base flows of the markets (`lobsim.market.state.BASE_POISSON` ...)."""
        return {int(arrays[1].whole[W_BASE]) for arrays in self._arrays if arrays is not None}

    def arrays(self, i: int) -> tuple[BookState, Flow, Tape]:
        """Book, flow and buffers of market `i`."""
        return self._arrays[i]

    def view(self, i: int, seed: int, start_s: float, end_s: float) -> Market:
        """Market `i` as a `Market` over the same arrays, to look at (it keeps no own fills)."""
        return Market._of_arrays(self._profiles[i], int(seed), (start_s, end_s), self._arrays[i])


def _close(arrays: list) -> None:
    for held in arrays:
        if held is not None:
            _OPEN.pop(held[0].scalars.ctypes.data, None)
