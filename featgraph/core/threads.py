"""Threads of linear algebra, held back where they only wait for one another."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

__all__ = ["SMALL", "hold_threads", "in_worker", "is_worker", "small_on_one_thread"]

SMALL = 4096  # rows of a matrix; threads do not pay below
_WORKER = contextvars.ContextVar("featgraph_worker", default=False)
Function = TypeVar("Function", bound=Callable[..., Any])


@contextlib.contextmanager
def hold_threads(hold: bool = True) -> Iterator[None]:
    """Run the block with BLAS and OpenMP (that of torch too) on one thread.

    Work on matrices of a few thousand rows gains little from threads, and loses a
    factor of ten and more when other programs share the processors, because threads
    that wait do so spinning. ``hold=False`` changes nothing; the former numbers of threads
    come back after the block.

    Examples
    --------
    >>> import torch
    >>> before = torch.get_num_threads()
    >>> with hold_threads():
    ...     torch.get_num_threads()
    1
    >>> torch.get_num_threads() == before
    True
    """
    if not hold:
        yield
        return
    with _libraries(len(sys.modules)).limit(limits=1):
        yield


@functools.lru_cache(maxsize=1)
def _libraries(n_modules: int) -> Any:
    """Return the libraries with threads of their own; the search costs 1 ms, a limit 10 µs."""
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]

    del n_modules  # a new module may have brought a new library
    return ThreadpoolController()


@contextlib.contextmanager
def in_worker() -> Iterator[None]:
    """Run the block as one of several tasks at a time, which starts no threads of its own."""
    before = _WORKER.set(True)
    try:
        yield
    finally:
        _WORKER.reset(before)


def is_worker() -> bool:
    """Whether other tasks keep the other cores busy.

    Examples
    --------
    >>> with in_worker():
    ...     is_worker()
    True
    """
    return _WORKER.get()


def small_on_one_thread(function: Function) -> Function:
    """Hold threads back in calls whose first argument has at most ``SMALL`` rows.

    Examples
    --------
    >>> import torch
    >>> @small_on_one_thread
    ... def count_threads(features):
    ...     return torch.get_num_threads()
    >>> count_threads(torch.zeros(8, 3))
    1
    """

    @functools.wraps(function)
    def held(first: Any, *arguments: Any, **options: Any) -> Any:
        n_rows = (*getattr(first, "shape", ()), getattr(first, "n_nodes", SMALL + 1))[0]
        with hold_threads(n_rows <= SMALL):
            return function(first, *arguments, **options)

    return cast(Function, held)
