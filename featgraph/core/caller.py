"""Where a warning should point: at the line outside the package that led to it."""

from __future__ import annotations

import sys

__all__ = ["caller_level"]


def caller_level() -> int:
    """Return the ``stacklevel`` that points at the first frame outside featgraph.

    Call it in the argument list of ``warnings.warn``.

    Examples
    --------
    >>> caller_level() >= 1
    True
    """
    level = 1
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("featgraph"):
        frame = frame.f_back
        level += 1
    return level
