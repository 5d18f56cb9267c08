"""Threads for kernels that release the interpreter lock. Results never depend on their number.

A kernel cannot be interrupted. It therefore runs beside the caller, who only waits, in short
naps: Ctrl-C reaches him at once. He leaves the threads behind then; each ends as soon as its
kernel returns, and what it wrote is dropped. The end of the program waits for them two seconds at
the most.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import Any, TypeVar
from weakref import WeakSet

from featgraph.core.resources import is_worker

__all__ = ["map_ranges", "map_tasks", "run_beside", "run_tasks", "usable_cores"]

Task = TypeVar("Task")
Result = TypeVar("Result")


class _Left(BaseException):
    """The caller has left; nobody waits for this thread any more."""


NAP = 0.1  # seconds between two looks for a call to stop
#: Held while threads start and while threads are told to leave: until a new thread runs, CPython
#: files it under the thread that starts it, and would tell the new one instead.
_STARTING = threading.Lock()
#: Threads left behind that still run. A program waits a moment for them at its end: a kernel that
#: returns while the interpreter is taken down may bring it down.
_LEFT: WeakSet[threading.Thread] = WeakSet()
_LAST_WAIT = 2.0  # seconds
_FEWEST = 2048  # below this many items a thread costs more than it saves


def usable_cores() -> int:
    """Return how many cores this process may use; one, where other tasks use the others."""
    if is_worker():
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_tasks(
    work: Callable[[Task], Result], tasks: Iterable[Task], n_threads: int
) -> dict[int, Result]:
    """Return ``work(task)`` of every task by its place, made by threads beside the caller.

    The first error of a task goes on to the caller; tasks not yet begun are left.
    """
    waiting = deque(enumerate(tasks))
    n_tasks = len(waiting)
    done: SimpleQueue[tuple[int, Any, BaseException | None]] = SimpleQueue()
    at_work: set[int] = set()
    left = threading.Event()

    def serve() -> None:
        with contextlib.suppress(_Left, IndexError), _listed(at_work):
            while not left.is_set():
                place, task = waiting.popleft()
                try:
                    result = work(task)
                except _Left:
                    raise
                except BaseException as error:
                    done.put((place, None, error))
                else:
                    done.put((place, result, None))

    threads = [
        threading.Thread(target=serve, daemon=True, name="featgraph-boxes")
        for _ in range(min(n_threads, n_tasks))
    ]
    results: dict[int, Result] = {}
    try:
        with _STARTING:
            for thread in threads:
                thread.start()
        while len(results) < n_tasks:
            try:
                place, result, error = done.get(timeout=NAP)
            except Empty:
                continue
            if error is not None:
                raise error
            results[place] = result
    except BaseException:
        with _STARTING:
            left.set()
            for ident in at_work:
                _leave(ident)
        _LEFT.update(threads)
        raise
    for thread in threads:
        thread.join()
    return results


def run_beside(work: Callable[[], Result]) -> Result:
    """Return ``work()``, made by a thread beside the caller."""
    return run_tasks(lambda _: work(), [None], 1)[0]


def map_tasks(work: Callable[[Task], Result], tasks: list[Task]) -> list[Result]:
    """Return ``work(task)`` of every task, in order, on all usable cores."""
    if min(usable_cores(), len(tasks)) <= 1:
        return [work(task) for task in tasks]
    results = run_tasks(work, tasks, usable_cores())
    return [results[place] for place in range(len(tasks))]


def map_ranges(work: Callable[[int, int], object], n_items: int, *, grain: int = 1) -> None:
    """Call ``work(low, high)`` on parts of ``range(n_items)``, on all usable cores.

    Parts write to places of their own, so that order and number of threads do not matter; they
    hold a multiple of ``grain`` items.
    """
    if n_items < _FEWEST:
        work(0, n_items)
        return
    cores = usable_cores()
    step = max(_FEWEST // 4, -(-n_items // (8 * cores)))  # smaller parts even out the load
    step = -(-step // grain) * grain
    parts = [(low, min(low + step, n_items)) for low in range(0, n_items, step)]
    if cores == 1:
        for low, high in parts:
            work(low, high)
    else:
        run_tasks(lambda part: work(*part), parts, cores)


@contextlib.contextmanager
def _listed(at_work: set[int]) -> Iterator[None]:
    with _STARTING:
        at_work.add(threading.get_ident())
    try:
        yield
    finally:
        with _STARTING:  # its number may be that of another thread from now on
            at_work.discard(threading.get_ident())


def _leave(ident: int) -> None:
    # the exception comes up in the thread as soon as its kernel is back in Python
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(_Left))


@atexit.register
def _wait_for_left() -> None:
    end = time.monotonic() + _LAST_WAIT
    for thread in list(_LEFT):
        if thread.ident is not None:
            thread.join(max(0.0, end - time.monotonic()))
