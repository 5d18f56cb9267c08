"""Slow twins of the optimum: every partition, every choice of centres, every subset."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from fractions import Fraction

Table = Sequence[Sequence[float]]


def relation(dist: Table, size: float) -> list[set[int]]:
    """Others within ``size`` of each node."""
    nodes = range(len(dist))
    return [{v for v in nodes if v != u and dist[u][v] <= size} for u in nodes]


def smallest_clique_cover(near: Sequence[set[int]]) -> int:
    """Fewest sets of nodes, pairwise near, that hold all nodes: partitions, worst cut off."""
    best = len(near)

    def place(node: int, boxes: list[list[int]]) -> None:
        nonlocal best
        if len(boxes) >= best:
            return
        if node == len(near):
            best = len(boxes)
            return
        for box in boxes:
            if all(member in near[node] for member in box):
                box.append(node)
                place(node + 1, boxes)
                box.pop()
        boxes.append([node])
        place(node + 1, boxes)
        boxes.pop()

    place(0, [])
    return best


def smallest_ball_cover(near: Sequence[set[int]]) -> int:
    """Fewest nodes such that each node is one of them or near one."""
    nodes = range(len(near))
    for count in range(1, len(near) + 1):
        for centers in itertools.combinations(nodes, count):
            if all(v in centers or any(c in near[v] for c in centers) for v in nodes):
                return count
    return 0


def smallest_set_cover(n_rows: int, columns: Sequence[set[int]]) -> int:
    """Fewest columns that hold all rows."""
    for count in range(len(columns) + 1):
        for chosen in itertools.combinations(columns, count):
            if len(set().union(*chosen)) == n_rows:
                return count
    raise ValueError("the columns do not hold all rows")


def largest_packing(near: Sequence[set[int]]) -> int:
    """Most nodes no two of which are near."""
    nodes = range(len(near))
    for count in range(len(near), 0, -1):
        for packed in itertools.combinations(nodes, count):
            if all(v not in near[u] for u, v in itertools.combinations(packed, 2)):
                return count
    return 0


def cliques(near: Sequence[set[int]]) -> list[frozenset[int]]:
    """All non-empty sets of pairwise near nodes."""
    found = []
    for count in range(1, len(near) + 1):
        for nodes in itertools.combinations(range(len(near)), count):
            if all(v in near[u] for u, v in itertools.combinations(nodes, 2)):
                found.append(frozenset(nodes))
    return found


def maximal_cliques(near: Sequence[set[int]]) -> set[frozenset[int]]:
    """Cliques that no node can join."""
    return {
        clique
        for clique in cliques(near)
        if not any(clique <= near[v] for v in range(len(near)) if v not in clique)
    }


def caro_wei(near: Sequence[set[int]]) -> int:
    """Sum of 1 / (1 + others near), rounded up."""
    total = sum((Fraction(1, 1 + len(others)) for others in near), Fraction(0))
    return -(-total.numerator // total.denominator)


def fit_boxes(near: Sequence[set[int]], order: Iterable[int]) -> list[int]:
    """First box all of whose members are near, node by node."""
    boxes: list[list[int]] = []
    labels = [-1] * len(near)
    for node in order:
        fitting = [
            number
            for number, box in enumerate(boxes)
            if all(member in near[node] for member in box)
        ]
        labels[node] = fitting[0] if fitting else len(boxes)
        if not fitting:
            boxes.append([])
        boxes[labels[node]].append(node)
    return labels


def pack_nodes(near: Sequence[set[int]]) -> set[int]:
    """A node with fewest free others near it, out with those, and again."""
    free = set(range(len(near)))
    packed = set()
    while free:
        node = min(free, key=lambda v: (len(near[v] & free), v))
        packed.add(node)
        free -= near[node] | {node}
    return packed
