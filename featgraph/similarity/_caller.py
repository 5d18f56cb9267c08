"""Warnings that point at the line outside the package that caused them."""

from __future__ import annotations

import sys
import warnings

__all__ = ["warn_caller"]


def warn_caller(message: str) -> None:
    """Warn at the first frame outside featgraph, however deep the call is inside.

    Examples
    --------
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn_caller("look here")
    >>> str(caught[0].message)
    'look here'
    """
    level, frame = 1, sys._getframe(0)
    # One measure is reached directly, through a table or through a matrix of layers, so no
    # fixed stacklevel is right for all.
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("featgraph"):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, UserWarning, stacklevel=level)
