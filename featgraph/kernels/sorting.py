"""Counting sorts: rows turned into columns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels.compiler import light_kernel

__all__ = ["invert_rows"]

Ints = NDArray[np.int64]


@light_kernel
def invert_rows(starts: Ints, stops: Ints, members: Ints, n_members: int) -> tuple[Ints, Ints]:
    """Return the rows that hold each member, rising: ``holders[bounds[m]:bounds[m + 1]]``.

    Row r is ``members[starts[r]:stops[r]]``, of numbers below ``n_members``.
    """
    bounds = np.zeros(n_members + 1, dtype=np.int64)
    for row in range(starts.size):
        for k in range(starts[row], stops[row]):
            bounds[members[k] + 1] += 1
    for m in range(n_members):
        bounds[m + 1] += bounds[m]
    cursor = bounds[:-1].copy()
    holders = np.empty(bounds[n_members], dtype=np.int64)
    for row in range(starts.size):
        for k in range(starts[row], stops[row]):
            holders[cursor[members[k]]] = row
            cursor[members[k]] += 1
    return bounds, holders
