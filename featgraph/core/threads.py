"""Threads of linear algebra, held back where they only wait for one another."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

__all__ = ["hold_threads"]


@contextlib.contextmanager
def hold_threads(hold: bool = True) -> Iterator[None]:
    """Run the block with BLAS and OpenMP (that of torch too) on one thread.

    Work on matrices of a few hundred rows gains nothing from threads, and loses a
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
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1 if hold else None):
        yield
