"""Several processes that work together through ``torch.distributed``."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator
from typing import Any

import torch
from torch import distributed

if distributed.is_available():
    # Functions of this module take the group that exists when it is first imported as their
    # default and so keep it, and its threads, for ever. DistributedDataParallel imports it:
    # after the group is made, unless it is imported here.
    import torch.distributed.nn.functional

__all__ = [
    "agree_on",
    "fail_together",
    "is_distributed",
    "leave_processes",
    "process_rank",
    "share_objects",
]


def is_distributed() -> bool:
    """Whether several processes work together."""
    ready = distributed.is_available() and distributed.is_initialized()
    return ready and distributed.get_world_size() > 1


def process_rank() -> tuple[int, int]:
    """Return the number of this process and how many there are; alone it is 0 of 1.

    Examples
    --------
    >>> process_rank()
    (0, 1)
    """
    if not is_distributed():
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()


def agree_on(number: int, device: torch.device) -> int:
    """Return the number of process 0 in all processes."""
    if not is_distributed():
        return number
    shared = torch.tensor(number, device=device)
    distributed.broadcast(shared, src=0)
    return int(shared)


def share_objects(value: object) -> list[Any]:
    """Return the values of all processes, in their order; small things, which are pickled.

    Examples
    --------
    >>> share_objects("conv1")
    ['conv1']
    """
    if not is_distributed():
        return [value]
    values = [None] * distributed.get_world_size()
    distributed.all_gather_object(values, value)
    return values


def leave_processes() -> None:
    """Destroy the process group, and wait until its threads have ended.

    A thread of gloo that lets go of a tensor while the interpreter ends brings the process down
    ("terminate called without an active exception"). The threads end with the group, which
    objects in reference cycles may keep; and the last to let go of it must be Python, which
    waits for the threads without keeping them from the interpreter.
    """
    group = distributed.group.WORLD
    distributed.destroy_process_group()
    gc.collect()
    del group


@contextlib.contextmanager
def fail_together() -> Iterator[None]:
    """Raise in all processes when the block raises in one; none is left waiting for it.

    The block must not communicate itself. Every process must enter it.

    Raises
    ------
    ValueError
        Where the block raised in another process; the message names it and says what it said.

    Examples
    --------
    >>> with fail_together():
    ...     int("seven")
    Traceback (most recent call last):
    ValueError: invalid literal for int() with base 10: 'seven'
    """
    own: Exception | None = None
    try:
        yield
    except Exception as error:
        own = error
    said = share_objects(None if own is None else str(own) or type(own).__name__)
    others = [f"process {rank}: {text}" for rank, text in enumerate(said) if text]
    if own is None and others:
        raise ValueError(others[0])
    if own is not None:
        try:
            raise own
        finally:
            del own  # its traceback holds this frame: a cycle that would outlive the group
