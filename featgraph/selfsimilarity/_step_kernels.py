"""Compiled passes over the pairs of a distance matrix, by rising distance.

Distances are at least 0, so that their bit patterns, read as whole numbers, have their order:
``bits`` is C seen as int32 (of float32) or int64 (of float64).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from featgraph.kernels import kernel

__all__ = [
    "bin_pairs",
    "caro_wei_counts",
    "complete_linkage",
    "integrate_steps",
    "list_pairs",
    "sort_digit",
]


@kernel
def list_pairs(bits: Any, low: Any, keys: Any, places: Any) -> Any:
    """Write bits − low and i · D + j of all pairs i < j, row by row; return the largest key."""
    n_nodes, k = bits.shape[0], 0
    high = low - low
    for i in range(n_nodes - 1):
        row = bits[i]
        for j in range(i + 1, n_nodes):
            key = row[j] - low
            keys[k] = key
            places[k] = i * n_nodes + j
            high = max(high, key)
            k += 1
    return high


@kernel
def sort_digit(
    keys: Any, places: Any, shift: Any, starts: Any, to_keys: Any, to_places: Any
) -> None:
    """Copy keys and places in the order of one digit of the keys, else as they were.

    ``starts`` is room for a power of two of counts; the digit has as many values and begins
    ``shift`` bits up. Sorting by the lowest digit first sorts by all (radix sort).
    """
    mask = starts.shape[0] - 1
    starts[:] = 0
    for k in range(keys.shape[0]):
        starts[(keys[k] >> shift) & mask] += 1
    total = 0
    for digit in range(starts.shape[0]):
        count = starts[digit]
        starts[digit] = total
        total += count
    for k in range(keys.shape[0]):
        digit = (keys[k] >> shift) & mask
        to = starts[digit]
        starts[digit] = to + 1
        to_keys[to] = keys[k]
        to_places[to] = places[k]


@kernel
def caro_wei_counts(places: Any, n_nodes: int, counts: Any) -> None:
    """Fill Σ_i 1 / (1 + degree_i) as the pairs at ``places`` become edges one by one."""
    degree = np.zeros(n_nodes, np.int64)
    drop = np.empty(n_nodes)  # by one more edge at a node of this degree
    for d in range(n_nodes):
        drop[d] = 1 / (1 + d) - 1 / (2 + d)
    total = float(n_nodes)
    counts[0] = total
    for k in range(places.shape[0]):
        i, j = places[k] // n_nodes, places[k] % n_nodes
        total -= drop[degree[i]] + drop[degree[j]]
        degree[i] += 1
        degree[j] += 1
        counts[k + 1] = max(total, 1.0)


@kernel
def integrate_steps(levels: Any, exponents: Any, slopes: Any, low: float, high: float) -> Any:
    """Return 2 ∫₀¹ |x − a(x)| dx and its derivatives by low and by high; fill that by each level.

    ``exponents`` has a below the first step, …, from the last step on. What lies on or beyond the
    ends has no say of its own.
    """
    per_unit = 1.0 / (high - low)
    value, by_low, by_high = exponents[0] * abs(exponents[0]), 0.0, 0.0
    for k in range(levels.shape[0]):
        x = (levels[k] - low) * per_unit
        edge = min(max(x, 0.0), 1.0)
        after, before = edge - exponents[k], edge - exponents[k + 1]
        value += after * abs(after) - before * abs(before)
        slopes[k] = 0.0
        if 0.0 < x < 1.0:
            # Moving a step to the right stretches the piece before it and shortens the one after.
            slopes[k] = (abs(after) - abs(before)) * 2.0 * per_unit
            by_low += slopes[k] * (x - 1.0)
            by_high -= slopes[k] * x
    rest = 1.0 - exponents[-1]
    return value + rest * abs(rest), by_low, by_high


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
