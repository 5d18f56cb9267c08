"""The decorator of all kernels: compiled when first called, kept on disk, free of the
interpreter lock."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

__all__ = ["kernel"]

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile ``function`` with numba when it is first called.

    Without fastmath, because infinity marks "no path" and must survive; division by zero gives
    infinity or nan, because a test for it would keep loops from becoming vector code.

    A kernel calls kernels of its own file and of ``featgraph.kernels`` only, and takes constants
    from there: what is kept on disk is compiled again when one of these files changes.
    """
    return cast(Function, _Kernel(function))


class _Kernel:
    """A function that loads numba at its first call; to other kernels it is numba's own."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._compiled: Any = None

    def __call__(self, *arguments: Any) -> Any:
        return (self._compiled or self._compile())(*arguments)

    def _compile(self) -> Any:
        """Return what numba makes of the function: itself where NUMBA_DISABLE_JIT is set."""
        from numba import njit

        from featgraph.kernels.cache import keep

        self._compiled = keep(njit(nogil=True, error_model="numpy")(self._function))
        return self._compiled

    @property
    def _numba_type_(self) -> Any:
        return (self._compiled or self._compile())._numba_type_

    def __reduce__(self) -> str:
        return self._function.__qualname__
