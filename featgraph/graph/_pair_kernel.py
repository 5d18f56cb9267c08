"""Compiled distances of listed pairs, by differences: the same number for a pair every time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels import kernel

__all__ = ["measure_pairs"]


@kernel
def measure_pairs(
    points: NDArray[np.float64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    out: NDArray[np.float64],
) -> None:
    """Write ‖points[left] − points[right]‖₂; four sums let the processor work ahead."""
    width = points.shape[1]
    whole = width - width % 4
    for k in range(left.size):
        a, b = points[left[k]], points[right[k]]
        s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
        for at in range(0, whole, 4):
            d0, d1 = a[at] - b[at], a[at + 1] - b[at + 1]
            d2, d3 = a[at + 2] - b[at + 2], a[at + 3] - b[at + 3]
            s0 += d0 * d0
            s1 += d1 * d1
            s2 += d2 * d2
            s3 += d3 * d3
        for at in range(whole, width):
            d0 = a[at] - b[at]
            s0 += d0 * d0
        out[k] = math.sqrt((s0 + s1) + (s2 + s3))
