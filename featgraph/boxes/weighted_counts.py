"""The number of nodes within each of many lengths of a node, for many nodes at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.threads import map_ranges
from featgraph.boxes.weighted_search import SLACK, dijkstra
from featgraph.kernels import kernel
from featgraph.kernels.heaps import pop_nearest, push_nearest

__all__ = ["count_weighted"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

FEW_CENTERS, MANY_EDGES = 256, 32  # from here on it pays to drop edges with a shorter way around
N_SHORTEST = 6  # edges of a node that ways around are made of


def count_weighted(
    starts: Ints, stops: Ints, indices: Ints, lengths: Floats, centers: Ints, sizes: Floats
) -> Ints:
    """Return the number of nodes within each size (rising) of each centre, itself included.

    Rows must have their shortest edges first.
    """
    counts = np.zeros((len(centers), len(sizes)), dtype=np.int64)
    limits = sizes * SLACK
    rows = starts, stops, indices, lengths
    if len(centers) > FEW_CENTERS and indices.size > MANY_EDGES * len(starts):
        rows = _drop_detours(*rows)
    args = (*rows, limits, centers)
    map_ranges(lambda low, high: _count_weighted(*args, low, high, counts), len(centers))
    return counts


def _drop_detours(
    starts: Ints, stops: Ints, indices: Ints, lengths: Floats
) -> tuple[Ints, Ints, Ints, Floats]:
    """Return the rows without edges that are longer than a way over the shortest few of each node.

    No shortest path takes one of those.
    """
    kept = np.ones(indices.size, dtype=np.bool_)
    args = (starts, stops, np.minimum(stops, starts + N_SHORTEST), indices, lengths)
    map_ranges(lambda low, high: _mark_detours(*args, low, high, kept), len(starts))
    bounds = np.concatenate([[0], np.cumsum(kept)])
    return bounds[starts], bounds[stops], indices[kept], lengths[kept]


@kernel
def _mark_detours(
    starts: Ints,
    stops: Ints,
    few: Ints,
    indices: Ints,
    lengths: Floats,
    low: int,
    high: int,
    kept: NDArray[np.bool_],
) -> None:
    n_nodes = starts.size
    dist = np.full(n_nodes, np.inf)
    parent = np.empty(n_nodes, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    keys = np.empty(indices.size + 1)
    nodes = np.empty(indices.size + 1, dtype=np.int64)
    for source in range(low, high):
        if starts[source] == stops[source]:
            continue
        limit = lengths[stops[source] - 1]
        count = dijkstra(
            starts, few, indices, lengths, limit, source, dist, parent, queue, keys, nodes
        )
        for k in range(starts[source], stops[source]):
            kept[k] = lengths[k] <= dist[indices[k]] * (1 + 1e-12)
        for k in range(count):
            dist[queue[k]] = np.inf


@kernel
def _count_weighted(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    lengths: Floats,
    limits: Floats,
    centers: Ints,
    low: int,
    high: int,
    counts: Ints,
) -> None:
    # A settled node is in the heap once, with its shortest edge not yet looked at: most edges of
    # a dense network are longer than a way around, and the search ends before they come.
    n_nodes = starts.size
    settled = np.full(n_nodes, -1, dtype=np.int64)
    dist = np.empty(n_nodes)
    place = np.empty(n_nodes, dtype=np.int64)
    keys = np.empty(n_nodes + 1)
    nodes = np.empty(n_nodes + 1, dtype=np.int64)
    last = limits[-1]
    for c in range(low, high):
        center = centers[c]
        settled[center] = c
        dist[center] = 0.0
        place[center] = starts[center]
        n_settled, size, heap = 1, 0, 0
        if starts[center] < stops[center]:
            heap = push_nearest(keys, nodes, heap, lengths[starts[center]], center)
        while heap > 0:
            key, u = keys[0], nodes[0]
            heap = pop_nearest(keys, nodes, heap)
            if key > last:
                break
            v = indices[place[u]]
            if settled[v] != c:
                while key > limits[size]:
                    counts[c, size] = n_settled
                    size += 1
                settled[v] = c
                dist[v] = key
                n_settled += 1
                k = starts[v]
                while k < stops[v] and settled[indices[k]] == c:
                    k += 1
                if k < stops[v]:
                    place[v] = k
                    heap = push_nearest(keys, nodes, heap, key + lengths[k], v)
                if n_settled == n_nodes:
                    break
            k = place[u] + 1
            while k < stops[u] and settled[indices[k]] == c:
                k += 1
            if k < stops[u]:
                place[u] = k
                heap = push_nearest(keys, nodes, heap, dist[u] + lengths[k], u)
        while size < limits.size:
            counts[c, size] = n_settled
            size += 1
