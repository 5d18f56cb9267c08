"""Slow twins of the box-covering algorithms: sets, lists and whole distance tables."""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Callable, Iterable, Sequence

INF = math.inf
Edge = tuple[int, int]
Table = list[list[float]]


def neighbors(n_nodes: int, edges: Iterable[Edge]) -> list[list[int]]:
    """Sorted neighbours of each node."""
    found: list[set[int]] = [set() for _ in range(n_nodes)]
    for u, v in edges:
        if u != v:
            found[u].add(v)
            found[v].add(u)
    return [sorted(others) for others in found]


def hop_distances(n_nodes: int, edges: Iterable[Edge]) -> Table:
    """All hop distances, infinity where there is no path."""
    adjacency = neighbors(n_nodes, edges)
    table = []
    for source in range(n_nodes):
        row = [INF] * n_nodes
        row[source] = 0
        queue = deque([source])
        while queue:
            u = queue.popleft()
            for v in adjacency[u]:
                if row[v] == INF:
                    row[v] = row[u] + 1
                    queue.append(v)
        table.append(row)
    return table


def weighted_distances(n_nodes: int, weights: dict[Edge, float]) -> Table:
    """All weighted distances, infinity where there is no path."""
    adjacency: list[list[tuple[int, float]]] = [[] for _ in range(n_nodes)]
    for (u, v), length in weights.items():
        adjacency[u].append((v, length))
        adjacency[v].append((u, length))
    table = []
    for source in range(n_nodes):
        row = [INF] * n_nodes
        heap = [(0.0, source)]
        while heap:
            reach, u = heapq.heappop(heap)
            if reach >= row[u]:
                continue
            row[u] = reach
            for v, length in adjacency[u]:
                heapq.heappush(heap, (reach + length, v))
        table.append(row)
    return table


def ball(dist: Table, node: int, size: float) -> set[int]:
    """Nodes at most ``size`` from ``node``."""
    return {other for other, d in enumerate(dist[node]) if d <= size}


def greedy(dist: Table, size: float, order: Iterable[int]) -> list[int]:
    """Each node into the first box all of whose members are within ``size``."""
    boxes: list[list[int]] = []
    labels = [-1] * len(dist)
    for node in order:
        for box, members in enumerate(boxes):
            if all(dist[node][member] <= size for member in members):
                labels[node] = box
                members.append(node)
                break
        else:
            labels[node] = len(boxes)
            boxes.append([node])
    return labels


def smallest_last(dist: Table, size: float, ties: Sequence[int]) -> list[int]:
    """Order whose last is the node nearest to most, among those not yet ordered."""
    remaining = list(ties)
    order: list[int] = []
    while remaining:
        last = max(remaining, key=lambda v: len(ball(dist, v, size) & set(remaining)))
        remaining.remove(last)
        order.insert(0, last)
    return order


def dsatur(dist: Table, size: float, ties: Sequence[int]) -> list[int]:
    """First fit; next is the node that fewest boxes admit, then the one with smallest ball."""
    boxes: list[list[int]] = []
    labels = [-1] * len(dist)
    remaining = list(ties)

    def admitting(node: int) -> list[int]:
        return [
            box
            for box, members in enumerate(boxes)
            if all(dist[node][member] <= size for member in members)
        ]

    while remaining:
        node = min(remaining, key=lambda v: (len(admitting(v)), len(ball(dist, v, size))))
        remaining.remove(node)
        admitted = admitting(node)
        if not admitted:
            boxes.append([])
        labels[node] = admitted[0] if admitted else len(boxes) - 1
        boxes[labels[node]].append(node)
    return labels


def cbb(dist: Table, size: float, choose: Callable[[set[int]], int]) -> list[int]:
    """Compact box burning; ``choose`` draws from a set of candidates."""
    labels = [-1] * len(dist)
    uncovered = set(range(len(dist)))
    box = 0
    while uncovered:
        candidates = set(uncovered)
        while candidates:
            node = choose(candidates)
            labels[node] = box
            uncovered.discard(node)
            candidates = (candidates - {node}) & ball(dist, node, size)
        box += 1
    return labels


def random_sequential(
    dist: Table, size: float, seeds: Iterable[int], from_covered: bool = False
) -> tuple[list[int], list[int]]:
    """Labels and centres: the uncovered rest of the ball of each seed in turn."""
    labels = [-1] * len(dist)
    centers: list[int] = []
    for seed in seeds:
        if labels[seed] >= 0 and not from_covered:
            continue
        members = [v for v in sorted(ball(dist, seed, size)) if labels[v] < 0]
        for v in members:
            labels[v] = len(centers)
        if members:
            centers.append(seed)
    return labels, centers


def best_centers(
    dist: Table,
    size: float,
    ties: Sequence[int],
    weights: Sequence[float] | None = None,
    only_uncovered: bool = False,
) -> tuple[list[int], list[int]]:
    """Centres of largest weight × uncovered mass, and the first centre to cover each node."""
    factor = [1.0] * len(dist) if weights is None else weights
    labels = [-1] * len(dist)
    centers: list[int] = []
    while -1 in labels:

        def score(v: int) -> float:
            return sum(labels[u] < 0 for u in ball(dist, v, size)) * factor[v]

        allowed = [v for v in ties if v not in centers]
        if only_uncovered:
            allowed = [v for v in allowed if labels[v] < 0]
        center = max(allowed, key=score)  # the first of equals
        for v in ball(dist, center, size):
            if labels[v] < 0:
                labels[v] = len(centers)
        centers.append(center)
    return centers, labels


def join_centers(
    adjacency: list[list[int]], dist: Table, centers: Sequence[int], choices: Sequence[float]
) -> list[int]:
    """Each node takes the box of a drawn neighbour that is closer to the centres."""
    central = [min((dist[c][v] for c in centers), default=INF) for v in range(len(dist))]
    labels = [-1] * len(dist)
    for box, center in enumerate(centers):
        labels[center] = box
    for v in sorted(range(len(dist)), key=lambda node: central[node]):
        if central[v] > 0:
            closer = [u for u in adjacency[v] if central[u] < central[v]]
            labels[v] = labels[closer[int(choices[v] * len(closer))]]
    return labels


def mean_distances(dist: Table) -> list[float]:
    """Mean distance to the other nodes that can be reached, 0 if there are none."""
    means = []
    for row in dist:
        finite = [d for d in row if d < INF]
        means.append(sum(finite) / max(len(finite) - 1, 1))
    return means


def packing_bound(dist: Table, size: float) -> int:
    """Number of nodes pairwise farther apart than ``size``, found greedily: all need a box."""
    chosen: list[int] = []
    for v in sorted(range(len(dist)), key=lambda node: len(ball(dist, node, size))):
        if all(dist[v][u] > size for u in chosen):
            chosen.append(v)
    return len(chosen)


def flower(u: int, v: int, generation: int) -> list[Edge]:
    """Edges of the (u, v)-flower; generation 1 is a cycle of u + v nodes."""
    n_nodes = u + v
    edges = [(i, (i + 1) % n_nodes) for i in range(n_nodes)]
    for _ in range(generation - 1):
        longer: list[Edge] = []
        for a, b in edges:
            for length in (u, v):
                inner = list(range(n_nodes, n_nodes + length - 1))
                n_nodes += length - 1
                path = [a, *inner, b]
                longer += list(itertools.pairwise(path))
        edges = longer
    return edges
