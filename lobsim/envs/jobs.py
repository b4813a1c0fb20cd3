"""A step as a job: its arrays by their addresses in one array, to be done in chunks by any thread.

Handed to a compiled function one by one, the eleven arrays of a step cost two microseconds a call,
as much as twenty events. So a job holds their addresses, and a call gets the job. The same memory
tells threads that stand by (`lobsim.envs.threads`) what to do: each claims chunks of its own rows,
then of those of others, so that nobody waits for a thread that the machine does not let run.

A chunk is done by a kernel of the form of `lobsim.engine.indirect`, ``kernel(job, chunk, 0)``,
whose address is in the job too.
"""

import platform

import numpy as np
from llvmlite import ir
from numba import from_dtype, types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj

from lobsim.engine.indirect import call_at
from lobsim.engine.jit import njit

__all__ = ["FAILED", "LOST", "SLEEPS", "STOP", "again", "arrays_of", "line_of", "new_job", "put",
           "rows_of", "serve", "start_and_help"]

_WORD, _REAL = np.dtype(np.int64), np.dtype(np.float64)
_TYPES = ((_WORD, 2), (_WORD, 2), (_REAL, 2), (_REAL, 2), (_REAL, 2), (_REAL, 1), (_REAL, 2),
          (np.dtype(np.float32), 2), (_REAL, 1), (np.dtype(np.bool_), 1), (_REAL, 2))
"""Type of item and number of axes of each array, in the order of arguments of a step."""
_ENTRIES = 3  # address and two lengths of an array
_SEEN = 7  # place of the first of the arrays that a step may bring along
_X86, _ARM = ("llvm.x86.sse2.pause", ()), ("llvm.aarch64.hint", (1,))
_PAUSE = {"x86_64": _X86, "amd64": _X86, "aarch64": _ARM, "arm64": _ARM}
_LINE = 16  # words: nothing else is written near what threads wait for
AT_KERNEL, AT_CHECK, ROWS, EACH, THREADS = range(_ENTRIES * len(_TYPES),
                                                 _ENTRIES * len(_TYPES) + 5)
DONE, FAILED, STOP, FIRST = 3 * _LINE, 4 * _LINE, 5 * _LINE, 6 * _LINE
"""Chunks done; whether a thread failed; whether threads shall end; the first line of a thread."""
NEXT, SLEEPS = 0, 1
"""In the line of a thread: its next chunk to claim, `EACH` or more without work; it sleeps."""
LOST = -2
"""What a step tells when another thread has failed."""


def line_of(number: int) -> int:
    """First word of what belongs to a thread."""
    return FIRST + _LINE * number


def new_job(kernel_address: int, check_address: int, rows: int, threads: int,
            each: int) -> np.ndarray:
    """Memory of a job without arrays: `rows` rows in `each` chunks for each of the threads.

    The second kernel is asked before anything moves, ``check(job, 0, 0)``: it tells -1 or why not.
    """
    job = np.zeros((1, line_of(threads)), np.int64)
    job[0, [AT_KERNEL, AT_CHECK, ROWS, EACH, THREADS]] = (kernel_address, check_address, rows,
                                                          each, threads)
    for k in range(threads):
        job[0, line_of(k) + NEXT] = each
    return job


def put(job: np.ndarray, arrays) -> None:
    """Enter the first arrays of a step, which the caller keeps alive."""
    for k, (array, (dtype, axes)) in enumerate(zip(arrays, _TYPES)):  # noqa: B905
        if array.dtype != dtype or array.ndim != axes or not array.flags.carray:
            raise TypeError(f"array {k} of a step is {array.dtype} with {array.ndim} axes; it must "
                            f"be {dtype} with {axes}, in a row and writable")
        entry = job[0, _ENTRIES * k:_ENTRIES * (k + 1)]
        entry[0] = array.ctypes.data
        entry[1:1 + axes] = array.shape


def _data_of(context, builder, kind, array):
    return arrayobj.make_array(kind)(context, builder, array).data


@intrinsic
def arrays_of(typingctx, job):
    """The arrays of a job; only compiled code may call it."""
    kinds = [types.Array(from_dtype(dtype), axes, "C") for dtype, axes in _TYPES]

    def codegen(context, builder, signature, args):
        base = _data_of(context, builder, signature.args[0], args[0])
        made = []
        for k, kind in enumerate(kinds):
            words = [builder.load(builder.gep(base, [ir.IntType(64)(_ENTRIES * k + n)]))
                     for n in range(1 + kind.ndim)]
            array = arrayobj.make_array(kind)(context, builder)
            size = context.get_abi_sizeof(context.get_data_type(kind.dtype))
            itemsize = context.get_constant(types.intp, size)
            strides = [itemsize]
            for length in reversed(words[2:]):
                strides.insert(0, builder.mul(strides[0], length))
            arrayobj.populate_array(
                array, data=builder.inttoptr(words[0], array.data.type), shape=words[1:],
                strides=strides, itemsize=itemsize, meminfo=None)
            made.append(array._getvalue())
        return context.make_tuple(builder, signature.return_type, made)

    return types.Tuple(kinds)(job), codegen


@intrinsic
def _address(typingctx, array):
    def codegen(context, builder, signature, args):
        data = _data_of(context, builder, signature.args[0], args[0])
        return builder.ptrtoint(data, ir.IntType(64))

    return types.int64(array), codegen


@intrinsic
def _claim(typingctx, job, place):
    """Add one to a word at once, for all threads; returns what it was."""
    def codegen(context, builder, signature, args):
        word = builder.gep(_data_of(context, builder, signature.args[0], args[0]), [args[1]])
        return builder.atomic_rmw("add", word, ir.IntType(64)(1), "seq_cst")

    return types.int64(job, types.int64), codegen


@intrinsic
def _read(typingctx, job, place):
    """A word as other threads have left it."""
    def codegen(context, builder, signature, args):
        word = builder.gep(_data_of(context, builder, signature.args[0], args[0]), [args[1]])
        return builder.load_atomic(word, "seq_cst", 8)

    return types.int64(job, types.int64), codegen


@intrinsic
def _write(typingctx, job, place, value):
    """Set a word after all that was written before, for all threads."""
    def codegen(context, builder, signature, args):
        word = builder.gep(_data_of(context, builder, signature.args[0], args[0]), [args[1]])
        builder.store_atomic(args[2], word, "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(job, types.int64, types.int64), codegen


@intrinsic
def _pause(typingctx):
    """Wait a moment, and leave the processor to the other thread of the core, if there is one."""
    name, numbers = _PAUSE.get(platform.machine().lower(), ("", ()))

    def codegen(context, builder, signature, args):
        if name:
            form = ir.FunctionType(ir.VoidType(), [ir.IntType(32)] * len(numbers))
            hint = cgutils.get_or_insert_function(builder.module, form, name)
            builder.call(hint, [ir.IntType(32)(number) for number in numbers])
        return context.get_dummy_value()

    return types.void(), codegen


@njit(borrows=True, inner=True, forceinline=True)
def rows_of(job, chunk):
    """First row of a chunk, and that after its last."""
    rows, chunks = job[0, ROWS], job[0, EACH] * job[0, THREADS]
    return rows * chunk // chunks, rows * (chunk + 1) // chunks


@njit(borrows=True, inner=True)
def _help(job, number):
    """Do chunks of the job that is open until none is left; returns whether there was one.

    First those of this thread, which are the same in each step and may lie in its cache, then
    those that others have not begun.
    """
    helped, each, threads = False, job[0, EACH], job[0, THREADS]
    for k in range(threads):
        owner = (number + k) % threads
        place = FIRST + _LINE * owner + NEXT
        while _read(job, place) < each:
            chunk = _claim(job, place)
            if chunk >= each:
                break
            # No job ends before a chunk that was claimed is done: its addresses hold from here on.
            call_at(job[0, AT_KERNEL], job, owner * each + chunk, 0)
            _claim(job, DONE)
            helped = True
    return helped


@njit(borrows=True, nogil=True)
def again(job):
    """Do a job, with all who help; returns -1, what its check told, or `LOST`."""
    told = call_at(job[0, AT_CHECK], job, 0, 0)
    if told >= 0:
        return told
    threads = job[0, THREADS]
    if threads == 1:
        call_at(job[0, AT_KERNEL], job, 0, 0)
        return -1
    _write(job, DONE, 0)
    for k in range(threads):
        _write(job, FIRST + _LINE * k + NEXT, 0)  # from here on others may help
    _help(job, 0)
    while _read(job, DONE) < threads * job[0, EACH]:
        if _read(job, FAILED) != 0:
            return LOST
        _pause()
    return -1


@njit(borrows=True, nogil=True)
def start_and_help(job, seen, rewards, over, info):
    """`again` with other arrays for what a step tells."""
    place = _ENTRIES * _SEEN
    job[0, place], job[0, place + 1], job[0, place + 2] = _address(seen), len(seen), seen.shape[1]
    job[0, place + 3], job[0, place + 4] = _address(rewards), len(rewards)
    job[0, place + 6], job[0, place + 7] = _address(over), len(over)
    job[0, place + 9], job[0, place + 10] = _address(info), len(info)
    job[0, place + 11] = info.shape[1]
    return again(job)


@njit(borrows=True, nogil=True)
def serve(job, number, patience):
    """Help with every job that comes; go to sleep after `patience` looks without one."""
    looks = 0
    while looks < patience and _read(job, STOP) == 0:
        if _help(job, number):
            looks = 0
        else:
            looks += 1
            _pause()
    _write(job, FIRST + _LINE * number + SLEEPS, 1)
