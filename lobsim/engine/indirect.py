"""Calls through an address: a kernel that many others call is compiled once and not in each.

Numba links a kernel's code into every kernel that calls it, optimises and emits it anew there. That
is right for a few lines and wrong for a whole market, which takes most of a minute. So such a
kernel is called through its address instead. The address stands in an array among the data, which
Python writes anew in every process (`address_of`); in compiled code, which outlives the process in
the cache, there is none.

Kernels that are called so share one form, ``kernel(table, i, word) -> int64`` with a table of
int64 of two axes, so that each has exactly one compiled version.
"""

from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

__all__ = ["address_of", "call_at"]

_TABLE = types.Array(types.int64, 2, "C")
_FORM = types.int64(_TABLE, types.int64, types.int64)
_addresses: dict[int, int] = {}


def address_of(kernel) -> int:
    """Address of the compiled code of a kernel of this form, valid in this process and its forks.

    Compiles the kernel, or loads it from the cache, at the first time.

    Parameters
    ----------
    kernel : Dispatcher
        Made by `lobsim.engine.jit.njit` at the top of a module, so that it lives as long as the
        process.

    Returns
    -------
    int
        0 without the compiler.
    """
    if config.DISABLE_JIT:
        return 0
    if id(kernel) not in _addresses:
        made = kernel.get_compile_result(_FORM)
        _addresses[id(kernel)] = made.library.get_pointer_to_function(made.fndesc.llvm_func_name)
    return _addresses[id(kernel)]


@intrinsic
def call_at(typingctx, address, table, i, word):
    """``kernel(table, i, word)`` for the kernel at an address; what it raises is raised here too.

    Only compiled code may call it, and only with an address that `address_of` gave in the same
    process: nothing is checked.
    """

    def codegen(context, builder, signature, args):
        form = context.call_conv.get_function_type(_FORM.return_type, _FORM.args)
        kernel = builder.inttoptr(args[0], form.as_pointer())
        status, told = context.call_conv.call_function(
            builder, kernel, _FORM.return_type, _FORM.args, args[1:])
        with cgutils.if_unlikely(builder, status.is_error):
            context.call_conv.return_status_propagate(builder, status)
        return told

    return types.int64(types.int64, *_FORM.args), codegen
