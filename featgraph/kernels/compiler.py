"""The decorator of all kernels: compiled when first called, kept on disk, free of the
interpreter lock; and what is said on a terminal, once, about the wait."""

from __future__ import annotations

import contextlib
import functools
import sys
import threading
from collections.abc import Callable, Iterator
from multiprocessing import parent_process
from typing import Any, TypeVar, cast

__all__ = [
    "kernel", "light_kernel", "light_loop", "silent_compiler", "small_work_in_python",
    "summing_kernel",
]  # fmt: skip

Function = TypeVar("Function", bound=Callable[..., Any])

# Elements of arrays: what takes hundredths of a second in plain Python, and what takes a tenth
# altogether; to load numba takes three of them. A step of a counted loop is as much as STEP.
SMALL_CALL, SMALL_WORK, STEP = 1 << 11, 1 << 16, 60


def kernel(function: Function) -> Function:
    """Compile ``function`` with numba when it is first called.

    Without fastmath, because infinity marks "no path" and must survive; division by zero gives
    infinity or nan, because a test for it would keep loops from becoming vector code.

    A kernel calls kernels of its own file and of ``featgraph.kernels`` only, and takes constants
    from there: what is kept on disk is compiled again when one of these files changes.
    """
    return cast(Function, _Kernel(function))


def summing_kernel(function: Function) -> Function:
    """Return a kernel that may add in any order, so that sums over arrays become vector code.

    Infinity and nan keep their meaning, as in every kernel.
    """
    return cast(Function, _Kernel(function, fastmath={"reassoc"}))


def light_kernel(function: Function) -> Function:
    """Return a kernel whose work grows little faster than the arrays that it takes.

    Within ``small_work_in_python`` it runs as plain Python while arrays are small: a command on a
    small graph then neither loads numba nor waits for its compiler.
    """
    return cast(Function, _Kernel(function, SMALL_WORK))


def light_loop(counter: str) -> Callable[[Function], Function]:
    """Return the decorator of light kernels whose work grows with their argument ``counter``."""

    def decorate(function: Function) -> Function:
        return cast(Function, _Kernel(function, SMALL_WORK, counter=counter))

    return decorate


@contextlib.contextmanager
def small_work_in_python() -> Iterator[None]:
    """Let light kernels begin without numba; for commands, which end before it would pay.

    Examples
    --------
    >>> with small_work_in_python():
    ...     light_kernel(abs)(-1)
    1
    """
    before = _Kernel.begins_in_python
    _Kernel.begins_in_python = True
    try:
        yield
    finally:
        _Kernel.begins_in_python = before


_is_over = False


@contextlib.contextmanager
def silent_compiler() -> Iterator[None]:
    """Let nothing be said about the wait while kernels compile.

    Examples
    --------
    >>> with silent_compiler():
    ...     _tell_wait()
    """
    global _is_over
    before, _is_over = _is_over, True
    try:
        yield
    finally:
        _is_over = before


def _tell_wait() -> None:
    """Say once, where somebody looks on, what the first call of a kernel waits for."""
    global _is_over
    looks_on = sys.stderr is not None and (sys.stderr.isatty() or "ipykernel" in sys.modules)
    if looks_on and not _is_over and parent_process() is None:
        _is_over = True
        sys.stderr.write(
            "featgraph: compiling for this processor: seconds at each first use, and never again\n"
        )


class _Kernel:
    """A function that loads numba at its first call; to other kernels it is numba's own."""

    begins_in_python = False
    _in_python = threading.local()  # holds "now" while a light kernel runs as plain Python

    def __init__(
        self,
        function: Callable[..., Any],
        small_work: int = 0,
        fastmath: set[str] | None = None,
        counter: str = "",
    ) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._options = {"nogil": True, "error_model": "numpy", "fastmath": fastmath or False}
        self._small_work = small_work  # what is left of it
        self._counter = function.__code__.co_varnames.index(counter) if counter else None
        self._compiled: Any = None

    def __call__(self, *arguments: Any) -> Any:
        if self._compiled is not None:
            return self._compiled(*arguments)
        if hasattr(self._in_python, "now"):  # counted with the kernel that calls this one
            return self._function(*arguments)
        if self._small_work > 0 and _Kernel.begins_in_python:
            size = 1 + sum(getattr(value, "size", 0) for value in arguments)
            work = size if self._counter is None else size + STEP * arguments[self._counter]
            if size <= SMALL_CALL and work <= self._small_work:
                self._small_work -= work
                return self._run_in_python(*arguments)
            self._small_work = 0
        return self._compile()(*arguments)

    def _run_in_python(self, *arguments: Any) -> Any:
        self._in_python.now = True
        try:
            return self._function(*arguments)
        finally:
            del self._in_python.now

    def _compile(self) -> Any:
        """Return what numba makes of the function: itself where NUMBA_DISABLE_JIT is set."""
        from numba import njit

        from featgraph.kernels.cache import keep

        self._compiled = keep(njit(**self._options)(self._function), _tell_wait)
        return self._compiled

    @property
    def _numba_type_(self) -> Any:
        return (self._compiled or self._compile())._numba_type_

    def __reduce__(self) -> str:
        return self._function.__qualname__
