"""A hint to the processor: fetch this entry of an array, for it will be read soon."""

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload
from numba.np import arrayobj

__all__ = ["prefetch"]

_BYTE, _INT = ir.IntType(8), ir.IntType(32)
_READ, _STAYS, _DATA = 0, 3, 1  # arguments of LLVM's intrinsic: for reading, into all caches, data


@intrinsic
def _hint(typingctx, array, index):
    """Primitive of the compiler; the index may be anything, since a hint cannot fail."""

    def codegen(context, builder, signature, args):
        data = arrayobj.make_array(signature.args[0])(context, builder, args[0]).data
        place = builder.bitcast(builder.gep(data, [args[1]]), _BYTE.as_pointer())
        form = ir.FunctionType(ir.VoidType(), [_BYTE.as_pointer(), _INT, _INT, _INT])
        hint = builder.module.declare_intrinsic("llvm.prefetch", [_BYTE.as_pointer()], form)
        builder.call(hint, [place, _INT(_READ), _INT(_STAYS), _INT(_DATA)])
        return context.get_dummy_value()

    return types.void(array, types.int64), codegen


def prefetch(array, index):
    """Ask for the cache line of ``array[index]`` (one axis) without waiting; changes nothing."""


@overload(prefetch)
def _prefetch_compiled(array, index):
    return lambda array, index: _hint(array, index)
