"""Compiled passes over degrees: core numbers, and the sums behind assortativity."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels import light_kernel

__all__ = ["peel_cores", "sum_ends"]


@light_kernel
def peel_cores(
    indptr: NDArray[np.int64], indices: NDArray[np.int64], core: NDArray[np.int64]
) -> None:
    """Write the core number of each node: nodes in order of what is left of their degree.

    Bins of equal degree make the order; a node whose neighbour goes moves one bin down.
    """
    n_nodes = indptr.size - 1
    largest = 0
    for node in range(n_nodes):
        core[node] = indptr[node + 1] - indptr[node]
        largest = max(largest, core[node])
    start = np.zeros(largest + 2, dtype=np.int64)  # where each bin starts in the order
    for node in range(n_nodes):
        start[core[node] + 1] += 1
    for k in range(largest + 1):
        start[k + 1] += start[k]
    order = np.empty(n_nodes, dtype=np.int64)
    place = np.empty(n_nodes, dtype=np.int64)
    free = start.copy()
    for node in range(n_nodes):
        place[node] = free[core[node]]
        order[place[node]] = node
        free[core[node]] += 1
    for at in range(n_nodes):
        node = order[at]
        for k in range(indptr[node], indptr[node + 1]):
            other = indices[k]
            if core[other] <= core[node]:
                continue
            first = order[start[core[other]]]
            if first != other:  # change places with the first of the bin, then the bin shrinks
                order[place[other]], order[place[first]] = first, other
                place[other], place[first] = place[first], place[other]
            start[core[other]] += 1
            core[other] -= 1


@light_kernel
def sum_ends(indptr: NDArray[np.int64], indices: NDArray[np.int64]) -> tuple[float, float]:
    """Return the sums over entries of the centred degree squared, and of tail times head."""
    n_nodes, n_entries = indptr.size - 1, indices.size
    mean = 0.0
    for node in range(n_nodes):
        degree = float(indptr[node + 1] - indptr[node])
        mean += degree * degree / n_entries
    squares, products = 0.0, 0.0
    for node in range(n_nodes):
        degree = indptr[node + 1] - indptr[node]
        own = degree - mean
        squares += degree * own * own
        for k in range(indptr[node], indptr[node + 1]):
            other = indices[k]
            products += own * (indptr[other + 1] - indptr[other] - mean)
    return squares, products
