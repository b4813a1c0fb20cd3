"""Many markets for one kernel call: a table of addresses in place of arrays by the dozen.

A market is some thirty arrays. Handed to a compiled function one by one they cost six
microseconds a call, as much as a hundred events; so kernels get a table with a row for each market,
which holds the addresses and lengths of its arrays, and make those that they use without copying
(`market_at`). A row also holds the addresses of the kernels that play its market
(`lobsim.engine.indirect`).

Whoever writes a row keeps its arrays alive, and writes it anew when one is replaced.
"""

import ctypes

import numpy as np
from llvmlite import ir
from numba import from_dtype, types
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import intrinsic, models, overload, register_model
from numba.np import arrayobj

from lobsim.engine.records import FILL, MESSAGE
from lobsim.engine.state import LEVEL, ORDER, BookState
from lobsim.market.state import OWN_ORDER, REPORT, TOP, Flow
from lobsim.market.venue import Tape

__all__ = ["AT_BASE", "AT_RUN", "WIDTH", "market_at", "write_row"]

_WORD, _REAL = np.dtype(np.int64), np.dtype(np.float64)
_BOOK_TYPES = ((_WORD, 1), (ORDER, 1), (LEVEL, 1), (_WORD, 1), (_WORD, 1), (np.dtype(np.int32), 1))
_FLOW_TYPES = ((_REAL, 1), (_WORD, 1), (_REAL, 2), (_WORD, 1), (_WORD, 1), (_WORD, 1), (_REAL, 1),
               (_REAL, 3), (_REAL, 1), (_WORD, 2), (MESSAGE, 1), (np.dtype(np.uint64), 1),
               (_WORD, 1), (_WORD, 1), (_REAL, 1), (_REAL, 1), (OWN_ORDER, 1), (MESSAGE, 1),
               (_REAL, 2), (_WORD, 1), (_REAL, 2))
_TAPE_TYPES = ((FILL, 1), (FILL, 1), (REPORT, 1), (FILL, 1), (MESSAGE, 1), (TOP, 1))
"""Type of item and number of axes of each array of a market, in the order of its fields."""

_GROUPS = ((BookState, _BOOK_TYPES), (Flow, _FLOW_TYPES), (Tape, _TAPE_TYPES))
_TYPES = _BOOK_TYPES + _FLOW_TYPES + _TAPE_TYPES
_ENTRIES = 4  # address and three lengths of an array
AT_RUN = _ENTRIES * len(_TYPES)
"""Column of the address of the kernel that plays the market."""
AT_BASE = AT_RUN + 1
"""Column of the address of the kernel that plays an event of its base flow, 0 for the crowd."""
WIDTH = AT_RUN + 4


def write_row(table: np.ndarray, i: int, arrays: tuple[BookState, Flow, Tape]) -> None:
    """Enter the arrays of a market into row `i` of a table (modified); its kernels stay as are."""
    book, flow, tape = arrays
    for k, (array, (dtype, axes)) in enumerate(zip((*book, *flow, *tape), _TYPES, strict=True)):
        if array.dtype != dtype or array.ndim != axes or not array.flags.carray:
            raise TypeError(f"array {k} of the market is {array.dtype} with {array.ndim} axes; "
                            f"it must be {dtype} with {axes}, in a row and writable")
        entry = table[i, _ENTRIES * k:_ENTRIES * (k + 1)]
        entry[0] = array.ctypes.data
        entry[1:1 + axes] = array.shape


class Part(types.Type):
    """Compiler's type of a book, a flow or a tape that lies in a row: a pointer into the row.

    Its arrays are made where they are asked for. Handed over as the NamedTuple that it stands for,
    a market would be some two hundred arguments of every function that is not inlined.

    Parameters
    ----------
    k : int
        0 the book, 1 the flow, 2 the tape.
    """

    def __init__(self, k: int):
        self.k = k
        super().__init__(f"lobsim.market.Part({_GROUPS[k][0].__name__})")

    def place_of(self, name: str) -> int:
        """Position of an array among those of this part, -1 if there is none of that name."""
        fields = _GROUPS[self.k][0]._fields
        return fields.index(name) if name in fields else -1


@register_model(Part)
class _PartModel(models.PrimitiveModel):
    def __init__(self, manager, part):
        super().__init__(manager, part, ir.IntType(64).as_pointer())


@infer_getattr
class _PartTyping(AttributeTemplate):
    key = Part

    def generic_resolve(self, part, name):
        place = part.place_of(name)
        if place >= 0:
            dtype, axes = _GROUPS[part.k][1][place]
            return types.Array(from_dtype(dtype), axes, "C")


@lower_getattr_generic(Part)
def _array_of_part(context, builder, part, pointer, name):
    """The array that the row tells of, over memory that others keep alive."""
    kind = _PartTyping(context.typing_context).generic_resolve(part, name)
    entry = _ENTRIES * part.place_of(name)

    def word(k):
        place = builder.gep(pointer, [ir.IntType(64)(entry + k)], inbounds=True)
        told = builder.load(place)
        # Rows are written between calls and never within one: it need not be read twice.
        told.set_metadata("invariant.load", builder.module.add_metadata([]))
        return told

    made = arrayobj.make_array(kind)(context, builder)
    item = context.get_data_type(kind.dtype)
    itemsize = context.get_constant(types.intp, context.get_abi_sizeof(item))
    shape = [word(1 + axis) for axis in range(kind.ndim)]
    strides = [itemsize]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    arrayobj.populate_array(made, data=builder.inttoptr(word(0), made.data.type), shape=shape,
                            strides=strides, itemsize=itemsize, meminfo=None)
    return made._getvalue()


@intrinsic
def _parts(typingctx, table, i):
    """Primitive of the compiler: pointers to the parts of row `i`."""

    def codegen(context, builder, signature, args):
        base = arrayobj.make_array(signature.args[0])(context, builder, args[0]).data
        row = builder.mul(args[1], args[1].type(WIDTH))
        starts = [_ENTRIES * sum(len(items) for _, items in _GROUPS[:k]) for k in range(3)]
        pointers = [builder.gep(base, [builder.add(row, row.type(start))]) for start in starts]
        return context.make_tuple(builder, signature.return_type, pointers)

    return types.Tuple([Part(0), Part(1), Part(2)])(table, types.int64), codegen


def market_at(table, i):
    """Book, flow and buffers of market `i` of a table of addresses."""
    entries = table[i, :AT_RUN].reshape(-1, _ENTRIES).tolist()
    arrays = [_array_at(address, shape[:axes], dtype)
              for (address, *shape), (dtype, axes) in zip(entries, _TYPES, strict=True)]
    built = []
    for group, items in _GROUPS:
        built.append(group(*arrays[:len(items)]))
        del arrays[:len(items)]
    return tuple(built)


def _array_at(address, shape, dtype):
    """An array over memory that others keep alive."""
    size = int(np.prod(shape)) * dtype.itemsize
    if size == 0:
        return np.zeros(shape, dtype)
    return np.frombuffer((ctypes.c_char * size).from_address(address), dtype).reshape(shape)


@overload(market_at)
def _market_at_compiled(table, i):
    return lambda table, i: _parts(table, i)
