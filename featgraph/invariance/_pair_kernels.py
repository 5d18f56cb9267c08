"""Kernels of the correlation sum: pairs counted under weights, and the longest scaling region."""

from __future__ import annotations

from typing import Any

import numpy as np

from featgraph.kernels import kernel

__all__ = ["longest_plateau", "weigh_pairs"]


@kernel
def weigh_pairs(places: Any, weights: Any, sums: Any) -> None:
    """Add ``weights[i, k] · weights[j, k]`` to ``sums[place, k]`` over all pairs i < j.

    ``places`` holds the first radius above each distance in the order (0, 1), (0, 2), …; a
    negative place leaves the pair out. ``weights[:, k]`` counts how often each point was drawn
    in resample k. A point drawn twice never makes a pair with its own copy.
    """
    n_points, n_resamples = weights.shape
    pair = 0
    for i in range(n_points - 1):
        for j in range(i + 1, n_points):
            place = places[pair]
            pair += 1
            if place < 0:
                continue
            for k in range(n_resamples):
                sums[place, k] += weights[i, k] * weights[j, k]


@kernel
def longest_plateau(
    x: Any, counts: Any, reach: int, tolerance: float, least: float, most: float, growth: float
) -> tuple[int, int]:
    """Return the longest run of radii over which log counts is a straight line of log radius.

    ``x`` are equally spaced log radii, ``counts`` the pairs below each. A run qualifies if it
    starts with at least ``least`` and ends with at most ``most`` pairs, its last count is at
    least ``growth`` times its first, and every local slope inside it (over 2 · ``reach``
    steps) differs from the slope of the whole run by at most ``tolerance`` of it, or by two
    standard errors of a count of independent pairs. Ties go to the smaller radii; (0, -1)
    means that no run qualifies.
    """
    n_radii = x.size
    best_first, best_last = 0, -1
    step = 2 * reach
    for first in range(n_radii):
        if counts[first] < least:
            continue
        n, sx, sy, sxx, sxy = 0, 0.0, 0.0, 0.0, 0.0
        for last in range(first, n_radii):
            if counts[last] > most:
                break
            u, v = x[last] - x[first], np.log(counts[last])
            n += 1
            sx += u
            sy += v
            sxx += u * u
            sxy += u * v
            too_short = last - first <= max(step, best_last - best_first)
            if too_short or counts[last] < growth * counts[first]:
                continue
            slope = (n * sxy - sx * sy) / (n * sxx - sx * sx)
            straight = True
            for k in range(first, last - step + 1):
                low, high = counts[k], counts[k + step]
                width = x[k + step] - x[k]
                local = np.log(high / low) / width
                noise = 2.0 * np.sqrt(1.0 / low - 1.0 / high) / width
                if abs(local - slope) > max(tolerance * slope, noise):
                    straight = False
                    break
            if straight:
                best_first, best_last = first, last
    return best_first, best_last
