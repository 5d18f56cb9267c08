"""Weighted distances: searches by length, cut off at a size, and what is made of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.threads import map_ranges
from featgraph.core.resources import check_memory
from featgraph.kernels import kernel
from featgraph.kernels.search import dijkstra, open_search
from featgraph.kernels.sorting import pop_nearest, push_nearest

__all__ = [
    "SLACK",
    "assign_weighted",
    "count_weighted",
    "list_weighted",
    "spread_weighted",
    "sum_weighted",
    "sweep_weighted",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SLACK = 1 + 1e-12  # sums of weights in another order differ by rounding; those still count
FEW_CENTERS, MANY_EDGES = 256, 32  # from here on it pays to drop edges with a shorter way around
N_SHORTEST = 6  # edges of a node that ways around are made of


def list_weighted(
    starts: Ints, stops: Ints, indices: Ints, lengths: Floats, size: float
) -> tuple[Ints, Ints, Ints]:
    """Return (starts, stops, indices) of the lists of all other nodes within ``size``."""
    # Only pairs i < j are searched for, then mirrored: distances summed from the two ends may
    # differ in the last bit, and the relation must be symmetric.
    n_nodes = len(starts)
    counts = np.zeros(n_nodes, dtype=np.int64)
    nothing = np.empty(0, dtype=np.int64)
    limit = size * SLACK
    args = (starts, stops, indices, lengths, limit)
    map_ranges(
        lambda low, high: _search_weighted(*args, low, high, counts, nothing, nothing), n_nodes
    )
    check_memory(40 * int(counts.sum()), f"the lists of all nodes within size {size:g}")
    bounds = np.zeros(n_nodes + 1, dtype=np.int64)
    np.cumsum(counts, out=bounds[1:])
    above = np.empty(bounds[-1], dtype=np.int64)
    map_ranges(lambda low, high: _search_weighted(*args, low, high, counts, bounds, above), n_nodes)
    below = np.repeat(np.arange(n_nodes, dtype=np.int64), counts)
    rows = np.concatenate([below, above])
    order = np.lexsort((np.concatenate([above, below]), rows))
    np.cumsum(np.bincount(rows, minlength=n_nodes), out=bounds[1:])
    return bounds[:-1], bounds[1:], np.concatenate([above, below])[order]


def assign_weighted(
    starts: Ints, stops: Ints, indices: Ints, lengths: Floats, centers: Ints, size: float
) -> Ints:
    """Return, for each node, the position in ``centers`` of the one nearest along weighted paths.

    Labels pass along shortest paths, so each box is connected.
    """
    labels = np.full(len(starts), -1, dtype=np.int64)
    # a hair more than the lists' limit: sums from the centre may round up
    limit = size * SLACK * SLACK
    _assign_weighted(starts, stops, indices, lengths, limit, centers, labels)
    return labels


def spread_weighted(
    starts: Ints, stops: Ints, indices: Ints, lengths: Floats, centers: Ints
) -> tuple[Ints, float]:
    """Return the same without a limit, and the largest distance from the nearest centre."""
    labels = np.full(len(starts), -1, dtype=np.int64)
    reach = _assign_weighted(starts, stops, indices, lengths, np.inf, centers, labels)
    return labels, float(reach)


def sum_weighted(starts: Ints, stops: Ints, indices: Ints, lengths: Floats) -> tuple[Floats, Ints]:
    """Return the sum of weighted distances of each node to all it reaches, and their number."""
    sums = np.zeros(len(starts))
    reached = np.zeros(len(starts), dtype=np.int64)
    map_ranges(
        lambda low, high: _sum_weighted(starts, stops, indices, lengths, low, high, sums, reached),
        len(starts),
    )
    return sums, reached


def sweep_weighted(
    starts: Ints, stops: Ints, indices: Ints, lengths: Floats, firsts: Ints, middles: Ints
) -> float:
    """Fill ``middles`` from the ``firsts`` of all components; return a bound of all diameters."""
    return SLACK * _sweep_weighted(starts, stops, indices, lengths, firsts, middles)


@kernel
def _search_weighted(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    lengths: Floats,
    limit: float,
    low: int,
    high: int,
    counts: Ints,
    bounds: Ints,
    above: Ints,
) -> None:
    # Counts (and, given bounds, lists) the nodes v > source within limit of each source.
    search = open_search(starts.size, indices.size)
    dist, queue = search[0], search[2]
    for source in range(low, high):
        count = dijkstra(starts, stops, indices, lengths, limit, source, *search)
        n_above = 0
        for k in range(count):
            v = queue[k]
            dist[v] = np.inf
            if v > source:
                if bounds.size:
                    above[bounds[source] + n_above] = v
                n_above += 1
        counts[source] = n_above


@kernel
def _sweep_weighted(
    starts: Ints, stops: Ints, indices: Ints, lengths: Floats, firsts: Ints, middles: Ints
) -> float:
    search = open_search(starts.size, indices.size)
    dist, parent, queue = search[:3]
    bound = 0.0
    for component in range(firsts.size):
        source = firsts[component]
        for turn in range(3):
            count = dijkstra(starts, stops, indices, lengths, np.inf, source, *search)
            last = queue[count - 1]
            reach = dist[last]
            if turn < 2:
                source = last
            if turn == 1:
                while dist[source] > reach / 2:
                    source = parent[source]
            if turn == 2:
                bound = max(bound, 2 * reach)
            for k in range(count):
                dist[queue[k]] = np.inf
        middles[component] = source
    return bound


@kernel
def _sum_weighted(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    lengths: Floats,
    low: int,
    high: int,
    sums: Floats,
    reached: Ints,
) -> None:
    search = open_search(starts.size, indices.size)
    dist, queue = search[0], search[2]
    for source in range(low, high):
        count = dijkstra(starts, stops, indices, lengths, np.inf, source, *search)
        for k in range(count):
            sums[source] += dist[queue[k]]
            dist[queue[k]] = np.inf
        reached[source] = count - 1


@kernel
def _assign_weighted(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    lengths: Floats,
    limit: float,
    centers: Ints,
    labels: Ints,
) -> float:
    # Dijkstra from all centres at once; a node is settled with the label of its parent.
    n_nodes = starts.size
    dist = np.full(n_nodes, np.inf)
    keys = np.empty(indices.size + centers.size + 1)
    nodes = np.empty(indices.size + centers.size + 1, dtype=np.int64)
    heap = 0
    for box in range(centers.size):
        dist[centers[box]] = 0.0
        labels[centers[box]] = box
        heap = push_nearest(keys, nodes, heap, 0.0, centers[box])
    while heap > 0:
        key, u = keys[0], nodes[0]
        heap = pop_nearest(keys, nodes, heap)
        if key > dist[u]:
            continue
        for k in range(starts[u], stops[u]):
            v = indices[k]
            reach = key + lengths[k]
            if reach <= limit and reach < dist[v]:
                dist[v] = reach
                labels[v] = labels[u]
                heap = push_nearest(keys, nodes, heap, reach, v)
    farthest: float = dist.max()
    return farthest


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
    search = open_search(starts.size, indices.size)
    dist, queue = search[0], search[2]
    for source in range(low, high):
        if starts[source] == stops[source]:
            continue
        limit = lengths[stops[source] - 1]
        count = dijkstra(starts, few, indices, lengths, limit, source, *search)
        for k in range(starts[source], stops[source]):
            kept[k] = lengths[k] <= dist[indices[k]] * SLACK
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
