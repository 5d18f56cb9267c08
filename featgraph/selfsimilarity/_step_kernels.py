"""Compiled passes over the pairs of a distance matrix, by rising distance.

Distances are at least 0, so that their bit patterns, read as whole numbers, have their order:
``bits`` is C seen as int32 (of float32) or int64 (of float64).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from featgraph.kernels import kernel, summing_kernel

__all__ = [
    "bin_pairs",
    "caro_wei_counts",
    "complete_linkage",
    "integrate_steps",
    "list_pairs",
    "pack_pairs",
    "place_slopes",
    "unpack_pairs",
]


@kernel
def pack_pairs(bits: Any, packed: Any) -> None:
    """Write distance and place i · D + j of all pairs i < j as one whole number, row by row."""
    n_nodes, to = bits.shape[0], 0
    for i in range(n_nodes - 1):
        row, place = bits[i, i + 1 :], i * n_nodes + i + 1
        for j in range(row.shape[0]):
            packed[to + j] = (np.int64(row[j]) << 32) | np.int64(place + j)
        to += row.shape[0]


@kernel
def unpack_pairs(packed: Any, bits: Any, places: Any) -> None:
    """Write the distances and the places of packed pairs."""
    for k in range(packed.shape[0]):
        bits[k] = packed[k] >> 32
        places[k] = packed[k]


@kernel
def list_pairs(matrix: Any, values: Any) -> None:
    """Write the values of all pairs i < j, row by row."""
    n_nodes, to = matrix.shape[0], 0
    for i in range(n_nodes - 1):
        values[to : to + n_nodes - 1 - i] = matrix[i, i + 1 :]
        to += n_nodes - 1 - i


@kernel
def place_slopes(places: Any, slopes: Any, factor: Any, matrix: Any) -> None:
    """Write ``factor`` · slope at each of the places of a flat matrix."""
    for k in range(places.shape[0]):
        matrix[places[k]] = slopes[k] * factor


@kernel
def caro_wei_counts(places: Any, n_nodes: int, counts: Any) -> None:
    """Fill Σ_i 1 / (1 + degree_i) as the pairs at ``places`` become edges one by one."""
    degree = np.zeros(n_nodes, np.int64)
    drop = np.empty(n_nodes)  # by one more edge at a node of this degree
    for d in range(n_nodes):
        drop[d] = 1 / (1 + d) - 1 / (2 + d)
    total = float(n_nodes)
    per_row, width = 1.0 / n_nodes, np.uint64(n_nodes)  # unsigned: no test for indices from the end
    counts[0] = total
    for k in range(places.shape[0]):
        i = np.uint64((places[k] + 0.5) * per_row)  # as a whole division, and several times faster
        j = np.uint64(places[k]) - i * width
        total -= drop[np.uint64(degree[i])] + drop[np.uint64(degree[j])]
        degree[i] += 1
        degree[j] += 1
        counts[k + 1] = max(total, 1.0)


@summing_kernel
def integrate_steps(
    levels: Any, exponents: Any, heights: Any, slopes: Any, low: float, high: float, unit: float
) -> Any:
    """Return sums over steps of the integral, of its derivative by x, and of that times x.

    ``exponents`` has a below the first step, …, from the last step on; what is before the first
    and after the last step is left out. Fill the derivatives by each height h: that of its level
    is 1 / (unit + h). What lies on or beyond the ends has no say of its own.
    """
    per_unit = 1.0 / (high - low)
    total, total_pull, total_turn = 0.0, 0.0, 0.0
    for k in range(levels.shape[0]):
        x = (levels[k] - low) * per_unit
        edge = x if x > 0.0 else 0.0
        edge = edge if edge < 1.0 else 1.0
        after, before = edge - exponents[k], edge - exponents[k + 1]
        total += after * abs(after) - before * abs(before)
        # Moving a step to the right stretches the piece before it and shortens the one after.
        pull = (abs(after) - abs(before)) * 2.0 * per_unit
        pull = pull if x > 0.0 else 0.0
        pull = pull if x < 1.0 else 0.0
        total_pull += pull
        total_turn += pull * x
        slopes[k] = pull / (unit + heights[k])
    return total, total_pull, total_turn


@kernel
def complete_linkage(bits: Any, pairs: Any) -> None:
    """Fill ``pairs`` (2, D − 1) with the widest pair of each complete-linkage merge.

    Nearest-neighbour chains: two clusters that are each other's nearest merge at once, and
    complete linkage never regrets it. ``bits`` is overwritten; the diagonal must be the
    largest number of its type, which marks clusters that are gone, too.
    """
    n_nodes = bits.shape[0]
    gone = bits[0, 0]
    widest = np.empty((n_nodes, n_nodes), np.int32)  # the pair that parts two clusters
    for i in range(n_nodes):
        for j in range(n_nodes):
            widest[i, j] = min(i, j) * n_nodes + max(i, j)
    chain = np.empty(n_nodes, np.int64)
    length, first = 0, 0
    for merge in range(n_nodes - 1):
        if length == 0:
            while widest[first, first] < 0:
                first += 1
            chain[0], length = first, 1
        while True:
            tip = chain[length - 1]
            row = bits[tip]
            nearest = gone
            for j in range(n_nodes):
                nearest = min(nearest, row[j])
            if length > 1 and row[chain[length - 2]] == nearest:
                break  # the one before is as near as any: they are mutual neighbours
            j = 0
            while row[j] != nearest:
                j += 1
            chain[length] = j
            length += 1
        # The merged cluster takes the place of the later one, as in SciPy: ties fall alike.
        kept, lost = max(tip, chain[length - 2]), min(tip, chain[length - 2])
        length -= 2
        pairs[0, merge] = widest[kept, lost] // n_nodes
        pairs[1, merge] = widest[kept, lost] % n_nodes
        widest[lost, lost] = -1
        bits[kept, lost] = bits[lost, kept] = gone
        for j in range(n_nodes):
            if bits[lost, j] != gone:
                if bits[lost, j] > bits[kept, j]:
                    bits[kept, j] = bits[j, kept] = bits[lost, j]
                    widest[kept, j] = widest[j, kept] = widest[lost, j]
                bits[lost, j] = bits[j, lost] = gone


@kernel
def bin_pairs(distances: Any, ranks: Any, low: float, per_unit: float, counts: Any) -> None:
    """Count the pairs i < j by min(rank_i, rank_j) and by the bin of log(1 + distance)."""
    last = counts.shape[1] - 1
    for i in range(distances.shape[0] - 1):
        for j in range(i + 1, distances.shape[0]):
            place = int((math.log1p(distances[i, j]) - low) * per_unit)
            counts[min(ranks[i], ranks[j]), min(max(place, 0), last)] += 1
