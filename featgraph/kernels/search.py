"""Rows of neighbours ``indices[starts[u]:stops[u]]``: searched by hops or lengths, and inverted.

Nodes wait in ``queue`` in the order in which they are met, so nearest first. ``seen`` and
``depth`` belong to the caller, who may use them for many searches: a node is in the queue of
this one if ``seen`` holds its ``stamp``, or ``depth`` is not negative.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels.compiler import kernel, light_kernel
from featgraph.kernels.sorting import pop_nearest, push_nearest

__all__ = [
    "dijkstra",
    "invert_rows",
    "label_components",
    "list_ball",
    "measure_depth",
    "open_search",
    "widen",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@light_kernel
def widen(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    stamp: int,
    head: int,
    tail: int,
    seen: Ints,
    queue: Ints,
) -> int:
    """Put the unseen neighbours of ``queue[head:tail]`` behind it; return where they end."""
    end = tail
    for place in range(head, tail):
        u = queue[place]
        for k in range(starts[u], stops[u]):
            v = indices[k]
            if seen[v] != stamp:
                seen[v] = stamp
                queue[end] = v
                end += 1
    return end


@light_kernel
def list_ball(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    hops: int,
    source: int,
    stamp: int,
    seen: Ints,
    queue: Ints,
) -> int:
    """Put the nodes within ``hops`` of ``source`` into ``queue``; return how many they are."""
    queue[0] = source
    seen[source] = stamp
    head, tail, level_end, distance = 0, 1, 1, 0
    while head < tail and distance < hops:
        while head < level_end:
            u = queue[head]
            head += 1
            for k in range(starts[u], stops[u]):
                v = indices[k]
                if seen[v] != stamp:
                    seen[v] = stamp
                    queue[tail] = v
                    tail += 1
        level_end = tail
        distance += 1
    return tail


@light_kernel
def measure_depth(
    starts: Ints, stops: Ints, indices: Ints, n_sources: int, depth: Ints, queue: Ints
) -> int:
    """Write the hops of all nodes from the nearest of ``queue[:n_sources]``, whose depth is set.

    Goes only to nodes whose ``depth`` is negative. Returns how many nodes are in the queue.
    """
    head, tail = 0, n_sources
    while head < tail:
        u = queue[head]
        head += 1
        for k in range(starts[u], stops[u]):
            v = indices[k]
            if depth[v] < 0:
                depth[v] = depth[u] + 1
                queue[tail] = v
                tail += 1
    return tail


@light_kernel
def label_components(starts: Ints, stops: Ints, indices: Ints) -> Ints:
    """Return the number of the connected component of each node, in the order of their firsts."""
    label = np.full(starts.size, -1, dtype=np.int64)
    queue = np.empty(starts.size, dtype=np.int64)
    n_components = 0
    for first in range(starts.size):
        if label[first] >= 0:
            continue
        queue[0] = first
        label[first] = n_components
        head, tail = 0, 1
        while head < tail:
            u = queue[head]
            head += 1
            for k in range(starts[u], stops[u]):
                v = indices[k]
                if label[v] < 0:
                    label[v] = n_components
                    queue[tail] = v
                    tail += 1
        n_components += 1
    return label


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


@kernel
def open_search(n_nodes: int, n_edges: int) -> tuple[Floats, Ints, Ints, Floats, Ints]:
    """Return what ``dijkstra`` works on: distances (inf), parents, queue, and its heap."""
    dist = np.full(n_nodes, np.inf)
    parent, queue = np.empty(n_nodes, dtype=np.int64), np.empty(n_nodes, dtype=np.int64)
    return dist, parent, queue, np.empty(n_edges + 1), np.empty(n_edges + 1, dtype=np.int64)


@kernel
def dijkstra(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    lengths: Floats,
    limit: float,
    source: int,
    dist: Floats,
    parent: Ints,
    queue: Ints,
    keys: Floats,
    nodes: Ints,
) -> int:
    """Settle the nodes within the limit of a source, nearest first; return how many there are."""
    # Nodes within limit of source into queue, nearest first. dist must come in as inf; exactly
    # the nodes in queue have theirs set afterwards, for the caller to use and reset.
    dist[source] = 0.0
    parent[source] = source
    heap = push_nearest(keys, nodes, 0, 0.0, source)
    count = 0
    while heap > 0:
        key, u = keys[0], nodes[0]
        heap = pop_nearest(keys, nodes, heap)
        if key > dist[u]:
            continue
        queue[count] = u
        count += 1
        for k in range(starts[u], stops[u]):
            v = indices[k]
            reach = key + lengths[k]
            if reach <= limit and reach < dist[v]:
                dist[v] = reach
                parent[v] = u
                heap = push_nearest(keys, nodes, heap, reach, v)
    return count
