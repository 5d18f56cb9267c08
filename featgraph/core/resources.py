"""Memory and threads: what does not fit is refused, what would only wait is held back."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import math
import multiprocessing
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

__all__ = [
    "SMALL",
    "check_memory",
    "check_pairs",
    "end_with_parent",
    "hold_threads",
    "in_worker",
    "is_worker",
    "keep_warnings",
    "memory_at_hand",
    "own_pages",
    "small_on_one_thread",
]

MEMINFO = Path("/proc/meminfo")
CGROUP = Path("/proc/self/cgroup")  # "0::/path", or "4:memory:/path" of the first version
CGROUPS = Path("/sys/fs/cgroup")
_CGROUP_FILES = {
    "": ("memory.max", "memory.current", "inactive_file"),
    "memory": ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
}
_ALWAYS = 2**24  # bytes that every machine has
#: From here on, malloc of the GNU C library takes memory from the system and gives it back whole
#: (DEFAULT_MMAP_THRESHOLD_MAX). What is smaller leaves a hole when it goes.
_OWN_PAGES = (1 << 25) + 1
_LEAST_HOLE = 1 << 22  # bytes
_REMEDY = (
    "take a method that needs memory for nodes and edges only (greedy, cbb, memb, max_cover, "
    "random_sequential, sketch), or a smaller size"
)


def check_memory(n_bytes: int, what: str, *, remedy: str = _REMEDY) -> None:
    """Raise MemoryError if ``n_bytes`` is more than this machine has free.

    The environment variable FEATGRAPH_MEMORY, in GiB, sets another limit.
    """
    if n_bytes <= _ALWAYS and "FEATGRAPH_MEMORY" not in os.environ:
        return
    limit = memory_at_hand()
    if n_bytes > limit:
        raise MemoryError(
            f"{what} would take {n_bytes / 2**30:.3g} GiB, more than the {limit / 2**30:.3g} GiB "
            f"at hand (FEATGRAPH_MEMORY sets the limit in GiB); {remedy}"
        )


def own_pages(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """Return an array without values whose memory goes back to the system when it goes.

    Of some dozens of MiB each, layers that come and go would leave holes that the next ones do not
    fit into, so that a process grows by every layer that it has seen. Pages that are never written
    take no memory.

    Examples
    --------
    >>> own_pages((2, 3), "float32").shape
    (2, 3)
    """
    import numpy as np

    size, count = np.dtype(dtype).itemsize, math.prod(shape)
    room = _OWN_PAGES // size + 1 if _LEAST_HOLE < count * size < _OWN_PAGES else count
    return np.empty(room, dtype)[:count].reshape(shape)


def check_pairs(
    n_items: int, what: str, *, bytes_per_pair: float, of: str = "nodes", remedy: str = ""
) -> None:
    """Raise MemoryError if a table of all pairs does not fit, with the number of items that does.

    Examples
    --------
    >>> check_pairs(100, "distances", bytes_per_pair=8)
    """
    n_bytes = int(bytes_per_pair * n_items**2)
    if n_bytes <= _ALWAYS and "FEATGRAPH_MEMORY" not in os.environ:
        return
    fitting = int((memory_at_hand() / bytes_per_pair) ** 0.5)
    advice = f"at most {fitting:,} {of} fit{f'; {remedy}' if remedy else ''}"
    check_memory(n_bytes, f"{what} of {n_items:,} {of}", remedy=advice)


def memory_at_hand() -> float:
    """Return the bytes that this machine, or container, has free; FEATGRAPH_MEMORY goes first."""
    given = os.environ.get("FEATGRAPH_MEMORY")
    if given is not None:
        try:
            return float(given) * 2**30
        except ValueError:
            raise ValueError(f"FEATGRAPH_MEMORY must be a number of GiB, got {given!r}") from None
    with contextlib.suppress(OSError, ValueError, IndexError):  # Linux
        lines = MEMINFO.read_text(encoding="ascii").splitlines()
        # not what is free: files that were read stay in memory until it is wanted
        (line,) = (line for line in lines if line.startswith("MemAvailable:"))
        return min(float(line.split()[1]) * 1024, _room_in_groups())
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return 4.0 * 2**30  # a system that does not tell


def _room_in_groups() -> float:
    """Return what the control groups of this process (containers, SLURM's jobs) leave it."""
    room = float("inf")
    with contextlib.suppress(OSError):
        for line in CGROUP.read_text(encoding="utf-8").splitlines():
            _, controllers, inner = line.split(":", 2)
            if controllers and "memory" not in controllers.split(","):
                continue
            kind = "memory" if controllers else ""
            root = CGROUPS / kind
            place = (root / inner.lstrip("/")).resolve()
            for folder in (root, place, *place.parents):  # in a container place may not exist
                if folder.is_relative_to(root):
                    room = min(room, _room_in_group(folder, *_CGROUP_FILES[kind]))
    return room


def _room_in_group(folder: Path, limit: str, usage: str, cache: str) -> float:
    """Return what one group may still take, counting files that were read as free."""
    try:
        most, used = (int((folder / name).read_text()) for name in (limit, usage))
        pages = (folder / "memory.stat").read_text().split()
        return float(most - used + int(pages[pages.index(cache) + 1]))
    except (OSError, ValueError):  # no such group, or "max"
        return float("inf")


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
    torch = sys.modules.get("torch")
    holding = _TORCH.hold(torch, torch.get_num_threads()) if torch else contextlib.nullcontext()
    with _libraries(len(sys.modules)).limit(limits=1), holding:
        yield


class _TorchThreads:
    """Threads of torch, held by its own function while any block holds them.

    Once a program has called ``torch.set_num_threads``, the MKL inside torch keeps that number,
    and threadpoolctl does not see that library (torch 2.13, threadpoolctl 3.8).
    """

    def __init__(self) -> None:
        self._lock, self._n_blocks, self._before = threading.Lock(), 0, 1

    @contextlib.contextmanager
    def hold(self, torch: Any, n_threads: int) -> Iterator[None]:
        with self._lock:
            if self._n_blocks == 0:
                self._before = n_threads
            self._n_blocks += 1
            torch.set_num_threads(1)
        try:
            yield
        finally:
            with self._lock:
                self._n_blocks -= 1
                # A thread that began within another's block never saw the number of before.
                torch.set_num_threads(n_threads if self._n_blocks else self._before)


_TORCH = _TorchThreads()


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


def _is_loky() -> bool:
    return "loky" in type(multiprocessing.current_process()).__module__


@functools.cache
def end_with_parent() -> None:
    """Let a worker of loky end soon after the process that started it, not after minutes.

    Examples
    --------
    >>> end_with_parent()  # nothing, in any other process
    """
    parent = multiprocessing.parent_process()
    if parent is None or not _is_loky():
        return

    def watch() -> None:
        while os.getppid() == parent.pid:
            time.sleep(1.0)
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="featgraph-parent").start()


@contextlib.contextmanager
def keep_warnings(told: list[Any]) -> Iterator[None]:
    """Add warnings in a worker of loky to ``told``: its main process has filters and a place.

    Examples
    --------
    >>> with keep_warnings(told := []):
    ...     told
    []
    """
    if not _is_loky():
        yield
        return
    with warnings.catch_warnings(record=True) as noted:
        try:
            yield
        finally:
            told += [(str(one.message), one.category, one.filename, one.lineno) for one in noted]


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
