"""Requests whose tables would not fit are refused before anything is allocated."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

__all__ = ["check_memory", "check_pairs", "memory_at_hand"]

MEMINFO = Path("/proc/meminfo")
SMALL = 2**24  # bytes that every machine has
_REMEDY = (
    "take a method that needs memory for nodes and edges only (greedy, cbb, memb, max_cover, "
    "random_sequential, sketch), or a smaller size"
)


def check_memory(n_bytes: int, what: str, *, remedy: str = _REMEDY) -> None:
    """Raise MemoryError if ``n_bytes`` is more than this machine has free.

    The environment variable FEATGRAPH_MEMORY, in GiB, sets another limit.
    """
    if n_bytes <= SMALL and "FEATGRAPH_MEMORY" not in os.environ:
        return
    limit = memory_at_hand()
    if n_bytes > limit:
        raise MemoryError(
            f"{what} would take {n_bytes / 2**30:.3g} GiB, more than the {limit / 2**30:.3g} GiB "
            f"at hand (FEATGRAPH_MEMORY sets the limit in GiB); {remedy}"
        )


def check_pairs(
    n_items: int, what: str, *, bytes_per_pair: float, of: str = "nodes", remedy: str = ""
) -> None:
    """Raise MemoryError if a table of all pairs does not fit, with the number of items that does.

    Examples
    --------
    >>> check_pairs(100, "distances", bytes_per_pair=8)
    """
    n_bytes = int(bytes_per_pair * n_items**2)
    if n_bytes <= SMALL and "FEATGRAPH_MEMORY" not in os.environ:
        return
    fitting = int((memory_at_hand() / bytes_per_pair) ** 0.5)
    advice = f"at most {fitting:,} {of} fit{f'; {remedy}' if remedy else ''}"
    check_memory(n_bytes, f"{what} of {n_items:,} {of}", remedy=advice)


def memory_at_hand() -> float:
    """Return the bytes that this machine has free, or the limit set by FEATGRAPH_MEMORY."""
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
        return float(line.split()[1]) * 1024
    try:
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return 4.0 * 2**30  # a system that does not tell
