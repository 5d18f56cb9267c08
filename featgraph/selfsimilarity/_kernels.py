"""Compiled passes over the pairs of a distance matrix in main memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from featgraph.kernels import kernel

__all__ = ["count_pairs", "farthest_first"]


@kernel
def count_pairs(matrix: Any, theta: Any, guess: Any, low: Any, per_unit: Any, counts: Any) -> None:
    """Count the pairs i < j by the first of the rising ``theta`` above their distance.

    ``theta`` ends in infinity. ``guess[b]`` is a first try, never too high, for distances in
    bucket ``b`` of equal buckets that start at ``low``, ``per_unit`` of them per unit of
    distance; it has an entry more than there are buckets, for the largest distance.
    """
    n_nodes, last = matrix.shape[0], np.int32(guess.shape[0] - 1)
    zero = np.int32(0)
    buckets = np.empty(n_nodes, np.int32)
    for i in range(n_nodes - 1):
        row = matrix[i, i + 1 :]
        for j in range(row.shape[0]):
            buckets[j] = min(max(np.int32((row[j] - low) * per_unit), zero), last)
        for j in range(row.shape[0]):
            place = guess[buckets[j]]
            while theta[place] <= row[j]:
                place += 1
            counts[place] += 1


@kernel
def farthest_first(matrix: Any, start: int, inserted: Any, nearest: Any) -> None:
    """Fill the farthest-point permutation from ``start``: each node, and its nearest earlier."""
    n_nodes = matrix.shape[0]
    gap = matrix[start].copy()
    owner = np.full(n_nodes, start)
    gap[start] = -1.0  # below every distance: nodes already taken are never taken again
    for step in range(n_nodes - 1):
        node = gap.argmax()
        inserted[step] = node
        nearest[step] = owner[node]
        gap[node] = -1.0
        row = matrix[node]
        for j in range(n_nodes):
            if row[j] < gap[j]:
                gap[j] = row[j]
                owner[j] = node
