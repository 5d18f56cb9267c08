"""Threads for kernels that release the interpreter lock. Results never depend on their number."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

__all__ = ["map_ranges", "usable_cores"]

_FEWEST = 2048  # below this many items a thread costs more than it saves


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_ranges(work: Callable[[int, int], object], n_items: int, *, grain: int = 1) -> None:
    """Call ``work(low, high)`` on parts of ``range(n_items)``, on all usable cores.

    Parts write to places of their own, so that order and number of threads do not matter; they
    hold a multiple of ``grain`` items.
    """
    cores = usable_cores()
    if cores == 1 or n_items < _FEWEST:
        work(0, n_items)
        return
    step = max(_FEWEST // 4, -(-n_items // (8 * cores)))  # smaller parts even out the load
    step = -(-step // grain) * grain
    lows = range(0, n_items, step)
    with ThreadPoolExecutor(cores) as pool:
        for done in [pool.submit(work, low, min(low + step, n_items)) for low in lows]:
            done.result()
