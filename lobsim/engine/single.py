"""The way from Python into the kernel, with as little as possible in between.

Handing ten arrays to a compiled function costs more than a hundred messages, because each is
looked at on every call. Here the addresses of a book's arrays stand in one array of integers,
the wiring, which is all that a call hands over. For single messages even the message is there:
it is packed into its 32 bytes by `struct`, which also refuses what does not fit, and the
outcome is unpacked the same way. `lobsim bench engine --calls` shows what is left.

The addresses are those of one `BookState`. Whoever calls compares the book with `Single.state`
first and calls `Single.wire` where another one has taken its place (`OrderBook` does). With
NUMBA_DISABLE_JIT=1 nothing can follow an address, and the arrays are used as they are.
"""

import struct

import numpy as np
from numba.core import config, types
from numba.extending import intrinsic
from numba.np.arrayobj import populate_array

from .bits import at
from .dispatch import process_messages
from .jit import njit
from .records import FILL, MESSAGE, OUTCOME
from .room import make_room
from .state import LEVEL, ORDER, BookState

__all__ = ["Single", "send_one", "send_many", "PACK", "UNPACK", "UNPACK_FILLS"]

PACK = struct.Struct("=qiiiihhi").pack_into  # the fields of MESSAGE
UNPACK = struct.Struct("=qiiii").unpack_from  # of OUTCOME
UNPACK_FILLS = struct.Struct("=qiiiiiiiih6x").iter_unpack  # of FILL
FIRST_FILLS = 64

# What the message shall take over from the resting order that it names; may be added.
KEEP_OWNER = 1
KEEP_PRICE = 2
KEEP_SIZE = 4

# Array -> type of its entries, in the order in which addresses and lengths stand in the wiring.
ENTRIES = (np.dtype(np.int64), ORDER, LEVEL, np.dtype(np.int64), np.dtype(np.int64),
           np.dtype(np.int32), MESSAGE, FILL, OUTCOME)  # fmt: skip


@intrinsic
def _array(typing_context, address, length, dtype):
    """The array of `length` entries that stands at an address; it is borrowed, not owned."""
    entry = dtype.dtype
    array_type = types.Array(entry, 1, "C")

    def generate(context, builder, signature, arguments):
        array = context.make_array(array_type)(context, builder)
        entry_size = context.get_constant(types.intp, context.get_abi_sizeof(
            context.get_data_type(entry)))
        populate_array(
            array,
            data=builder.inttoptr(arguments[0], context.get_data_type(entry).as_pointer()),
            shape=[arguments[1]],
            strides=[entry_size],
            itemsize=entry_size,
            meminfo=None,
        )
        return array._getvalue()

    return array_type(address, length, dtype), generate


@njit(borrows=True, inner=True)
def _complete(book, message, keep):
    """Write into the message what it keeps of the resting order that it names."""
    order_id = np.int64(message["order_id"])
    if order_id < 1 or order_id >= book.slot_of.shape[0]:
        return
    slot = np.int64(book.slot_of[at(order_id)])
    if slot <= 0:
        return
    order = book.orders[at(slot)]
    if keep & KEEP_OWNER:
        message["owner"] = order["owner"]
    if keep & KEEP_PRICE:
        message["price_ticks"] = order["price_ticks"]
    if keep & KEEP_SIZE:
        message["size"] = order["size"]


@njit(borrows=True, inline="always")
def _wired_book(wiring):
    """The book at the wired addresses."""
    return BookState(
        _array(wiring[0], wiring[1], np.int64),
        _array(wiring[2], wiring[3], ORDER),
        _array(wiring[4], wiring[5], LEVEL),
        _array(wiring[6], wiring[7], np.int64),
        _array(wiring[8], wiring[9], np.int64),
        _array(wiring[10], wiring[11], np.int32),
    )


@njit(borrows=True)
def _send_many_wired(wiring, messages, start, fills, n_fills, outcomes):
    """`process_messages` on the book at the wired addresses."""
    return process_messages(_wired_book(wiring), messages, start, fills, n_fills, outcomes)


@njit(borrows=True)
def _send_one_wired(wiring, keep):
    """Apply the message at the wired addresses; returns fills written, or a negative NEED."""
    book = _wired_book(wiring)
    messages = _array(wiring[12], wiring[13], MESSAGE)
    fills = _array(wiring[14], wiring[15], FILL)
    outcomes = _array(wiring[16], wiring[17], OUTCOME)
    if keep:
        _complete(book, messages[0], keep)
    _, n_fills, need = process_messages(book, messages, 0, fills, 0, outcomes)
    return need if need < 0 else n_fills


def _send_many_plain(arrays, messages, start, fills, n_fills, outcomes):
    """The same on the arrays themselves, where nothing is compiled."""
    return process_messages(BookState(*arrays[:6]), messages, start, fills, n_fills, outcomes)


def _send_one_plain(arrays, keep):
    """The same on the arrays themselves, where nothing is compiled."""
    book = BookState(*arrays[:6])
    messages, fills, outcomes = arrays[6:]
    if keep:
        _complete(book, messages[0], keep)
    _, n_fills, need = process_messages(book, messages, 0, fills, 0, outcomes)
    return need if need < 0 else n_fills


send_one = _send_one_plain if config.DISABLE_JIT else _send_one_wired
send_many = _send_many_plain if config.DISABLE_JIT else _send_many_wired


class Single:
    """Room for one message, its outcome and its fills, and the way to a book.

    Attributes
    ----------
    message, outcome, fills : memoryview of bytes
        Filled with `PACK`, read with `UNPACK` and `UNPACK_FILLS`.
    wiring : ndarray
        First argument of `send_one` and `send_many`; valid for `state` only.
    state : BookState or None
        The book that the wiring leads to.
    """

    def __init__(self):
        self._message = np.zeros(1, MESSAGE)
        self._outcome = np.zeros(1, OUTCOME)
        self._fills = np.zeros(FIRST_FILLS, FILL)
        self.message = memoryview(self._message.view(np.uint8))
        self.outcome = memoryview(self._outcome.view(np.uint8))
        self.fills = memoryview(self._fills.view(np.uint8))
        self.state: BookState | None = None
        self.wiring = None

    def __reduce__(self):
        return Single, ()  # addresses mean nothing to a copy or to another process

    def wire(self, state: BookState) -> None:
        """Lead to this book from now on.

        Raises
        ------
        ValueError
            If an array of the book is not what `new_state` makes.
        """
        arrays = (*state, self._message, self._fills, self._outcome)
        names = (*state._fields, "message", "fills", "outcome")
        for name, array, dtype in zip(names, arrays, ENTRIES, strict=True):
            if array.dtype != dtype or array.ndim != 1 or not array.flags.carray:
                raise ValueError(
                    f"the book's {name} is an array of {array.dtype} with {array.ndim} dimensions; "
                    f"it must be a writable, contiguous array of {dtype} with one"
                )
        if config.DISABLE_JIT:
            self.wiring = arrays
        else:
            pairs = [(array.ctypes.data, len(array)) for array in arrays]
            self.wiring = np.array(pairs, np.int64).reshape(-1)
        self.state = state

    def make_room(self, need: int) -> BookState:
        """Grow what `send_one` said it needs; returns the book, wired."""
        state, self._fills = make_room(self.state, self._message[0], self._fills, 0, need)
        self.fills = memoryview(self._fills.view(np.uint8))
        self.wire(state)
        return state
