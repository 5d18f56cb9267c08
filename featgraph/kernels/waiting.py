"""What is said on a terminal, once, about the wait while kernels compile."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from multiprocessing import parent_process

__all__ = ["silent_compiler", "tell_wait"]

_is_over = False


@contextlib.contextmanager
def silent_compiler() -> Iterator[None]:
    """Let nothing be said about the wait while kernels compile.

    Examples
    --------
    >>> with silent_compiler():
    ...     tell_wait()
    """
    global _is_over
    before, _is_over = _is_over, True
    try:
        yield
    finally:
        _is_over = before


def tell_wait() -> None:
    """Say once, where somebody looks on, what the first call of a kernel waits for."""
    global _is_over
    looks_on = sys.stderr is not None and (sys.stderr.isatty() or "ipykernel" in sys.modules)
    if looks_on and not _is_over and parent_process() is None:
        _is_over = True
        sys.stderr.write(
            "featgraph: compiling for this processor: seconds at each first use, and never again\n"
        )
