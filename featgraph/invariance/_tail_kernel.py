"""Kernel of the power-law fit: the lower cut-off with the smallest Kolmogorov–Smirnov distance."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels import kernel

__all__ = ["ks_distance", "scan_cutoffs"]


@kernel
def ks_distance(logs: NDArray[np.float64], first: int, exponent: float, limit: float) -> float:
    """Return max |F(x) − S(x)| over ``logs[first:]``; stops once above ``limit``.

    F(x) = 1 − (x/x_min)^(1 − γ); S is the share of the tail below x, so that of equal values
    only the first counts (the convention of Clauset's plfit and of the powerlaw package).
    """
    n_tail = logs.size - first
    largest = 0.0
    for k in range(first, logs.size):
        if k > first and logs[k] == logs[k - 1]:
            continue
        model = 1.0 - math.exp((1.0 - exponent) * (logs[k] - logs[first]))
        gap = abs(model - (k - first) / n_tail)
        if gap > largest:
            largest = gap
            if largest > limit:
                break
    return largest


@kernel
def scan_cutoffs(logs: NDArray[np.float64], min_tail: int) -> tuple[int, float, float]:
    """Try every value as x_min; return index, exponent and distance of the best.

    ``logs`` are the logarithms of the values, increasing. Index −1 means that no tail of
    ``min_tail`` values has two different ones.
    """
    best, best_exponent, best_distance = -1, math.nan, math.inf
    total = 0.0
    for k in range(logs.size):
        total += logs[k]
    for first in range(logs.size - min_tail + 1):
        if first > 0:
            total -= logs[first - 1]
            if logs[first] == logs[first - 1]:
                continue
        n_tail = logs.size - first
        spread = total - n_tail * logs[first]
        # Running sums leave about 1e-16 of the total behind where all values are equal.
        if spread <= 1e-12 * n_tail * (1.0 + abs(logs[first])):
            continue
        exponent = 1.0 + n_tail / spread
        distance = ks_distance(logs, first, exponent, best_distance)
        if distance < best_distance:
            best, best_exponent, best_distance = first, exponent, distance
    return best, best_exponent, best_distance
