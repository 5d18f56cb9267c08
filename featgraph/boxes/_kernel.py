"""The decorator of all kernels: compiled once, kept on disk, free of the interpreter lock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

__all__ = ["kernel"]

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel(function: Function) -> Function:
    """Compile ``function`` without fastmath, because infinity marks "no path" and must survive.

    numba keeps the result on disk and looks only at the file of the function itself for
    changes: kernels that call each other therefore share a file.
    """
    return cast(Function, njit(cache=True, nogil=True)(function))
