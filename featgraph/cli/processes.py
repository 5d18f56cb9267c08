"""Several processes started by ``torchrun``, each with its share of the work."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

__all__ = ["count_processes", "joined_processes", "own_device"]


def count_processes() -> int:
    """Return how many processes ``torchrun`` started, 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1")) if "RANK" in os.environ else 1


@contextlib.contextmanager
def joined_processes(device: str = "cpu") -> Iterator[tuple[int, int]]:
    """Join the processes for the length of the block; yield the number of this one, and how many.

    Tensors on the given kind of device can be shared, and those in main memory. One process
    alone, or processes that are joined already, are left as they are.

    Examples
    --------
    >>> with joined_processes() as place:
    ...     place
    (0, 1)
    """
    from torch import distributed

    from featgraph.core.processes import leave_processes, process_rank

    if count_processes() == 1 or distributed.is_initialized():
        yield process_rank()
        return
    distributed.init_process_group("cpu:gloo,cuda:nccl" if device.startswith("cuda") else "gloo")
    try:
        yield process_rank()
    finally:
        leave_processes()


def own_device(device: str) -> str:
    """Return the device of this process: of several on one machine, each takes a GPU of its own."""
    if device == "cuda" and count_processes() > 1:
        return f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    return device
