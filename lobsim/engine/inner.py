"""Inner kernels: what Numba makes of a kernel that only other kernels call.

Numba optimises every function and turns it into machine code, then links its intermediate form into
each function that calls it, optimises and emits that, and so on up to the kernel that Python
calls. Of an inner kernel only the intermediate form is ever used. So it is left as it is lowered:
the kernel on top optimises all of it, once. That is two fifths of the time that the market takes
to compile.

Stands on insides of Numba 0.62 to 0.68; where they are not found, an inner kernel is compiled as
any other (`SOURCE_ONLY` is None).
"""

import llvmlite.binding as ll
from numba.core import codegen, compiler

__all__ = ["SOURCE_ONLY"]

_METHODS = ("_finalize_dynamic_globals", "_verify_declare_only_symbols", "_optimize_final_module",
            "_finalize_final_module", "_get_module_for_linking", "enable_object_caching")
_ENVIRONMENT = "_ZN08NumbaEnv"  # how names of the globals begin of which Numba sets the address


class _SourceLibrary(codegen.JITCodeLibrary):
    """Holds the intermediate form of a kernel, and of those it calls, for kernels that call it."""

    def _optimize_final_module(self):
        """Leave it to the kernel on top."""

    def _finalize_final_module(self):
        """Give the engine nothing but the globals that Numba sets when a kernel is loaded."""
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        module = self._final_module
        lines = [f'target triple = "{module.triple}"',
                 f'target datalayout = "{module.data_layout}"']
        lines += [f'@"{variable.name}" = common global ptr null'
                  for variable in module.global_variables
                  if variable.name.startswith(_ENVIRONMENT)]
        stub = ll.parse_assembly("\n".join(lines))
        self._compiled_object = self._codegen._tm.emit_object(stub)  # what the cache keeps as code
        self._codegen._add_module(stub)
        self._codegen._engine.finalize_object()
        self._finalized = True


class _SourceCompiler(compiler.Compiler):
    """Numba's compiler, into a library of the kind above."""

    def compile_extra(self, func):
        if self.state.library is None:
            library = _SourceLibrary(self.state.targetctx.codegen(), func.__qualname__)
            library.enable_object_caching()
            self.state.library = library
        return super().compile_extra(func)


def _is_known() -> bool:
    """Whether Numba has the insides that this file stands on."""
    base = codegen.JITCodeLibrary
    return (all(hasattr(base, name) for name in _METHODS)
            and hasattr(compiler.Compiler, "compile_extra"))


SOURCE_ONLY = _SourceCompiler if _is_known() else None
"""A pipeline for inner kernels, or None."""
