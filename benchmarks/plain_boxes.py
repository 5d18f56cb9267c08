"""Box coverings in plain Python, laid out as in the public package of the comparative study.

Yardsticks for bench_boxes.py, written anew from the definitions: distances of all pairs in
dictionaries {node: {distance: nodes}}, balls united from them whenever one is needed, greedy
covering by networkx on the graph of pairs farther apart. The tables are made beforehand, and
their time is not counted.
"""

from __future__ import annotations

import random
from collections import deque

import networkx as nx

Shells = list[dict[int, set[int]]]


def all_shells(adjacency: list[list[int]]) -> tuple[Shells, list[dict[int, int]]]:
    """Nodes at each distance from each node, and distances by pair."""
    shells, distances = [], []
    for source in range(len(adjacency)):
        depth = {source: 0}
        queue = deque([source])
        while queue:
            u = queue.popleft()
            for v in adjacency[u]:
                if v not in depth:
                    depth[v] = depth[u] + 1
                    queue.append(v)
        distances.append(depth)
        shells.append({})
        for v, d in depth.items():
            shells[-1].setdefault(d, set()).add(v)
    return shells, distances


def ball(shells: Shells, node: int, size: int) -> set[int]:
    """Nodes within ``size``, united anew at each call."""
    found: set[int] = set()
    for d in range(size + 1):
        if d in shells[node]:
            found.update(shells[node][d])
    return found


def greedy(shells: Shells, size: int, rng: random.Random) -> int:
    """Colour the graph of pairs farther apart, nodes in random order."""
    auxiliary = nx.empty_graph(len(shells))
    for v, by_distance in enumerate(shells):
        for d in range(size + 1, len(by_distance)):
            for u in by_distance[d]:
                auxiliary.add_edge(v, u)
    order = rng.sample(range(len(shells)), len(shells))
    colors = nx.greedy_color(auxiliary, strategy=lambda graph, known: order)
    return len(set(colors.values()))


def cbb(shells: Shells, size: int, rng: random.Random) -> int:
    """Compact box burning."""
    uncovered = set(range(len(shells)))
    n_boxes = 0
    while uncovered:
        candidates = uncovered.copy()
        box = set()
        while candidates:
            v = rng.choice(list(candidates))
            candidates.discard(v)
            box.add(v)
            far: set[int] = set()
            for d in range(size + 1, max(shells[v]) + 1):
                far = far.union(shells[v][d])
            candidates = candidates - far
        uncovered -= box
        n_boxes += 1
    return n_boxes


def memb(shells: Shells, size: int, rng: random.Random) -> int:
    """Maximum excluded mass, every mass counted anew for every centre."""
    uncovered = set(range(len(shells)))
    others = set(uncovered)
    while uncovered:
        best, center = 0, 0
        for v in others:
            mass = len(ball(shells, v, size).intersection(uncovered))
            if mass > best:
                best, center = mass, v
        others.discard(center)
        uncovered -= ball(shells, center, size)
    return len(shells) - len(others)


def random_sequential(shells: Shells, size: int, rng: random.Random) -> int:
    """Random uncovered seeds."""
    uncovered = set(range(len(shells)))
    n_boxes = 0
    while uncovered:
        seed = rng.choice(list(uncovered))
        uncovered -= ball(shells, seed, size).intersection(uncovered)
        n_boxes += 1
    return n_boxes


def obca(
    shells: Shells, distances: list[dict[int, int]], adjacency: list[list[int]], size: int
) -> int:
    """Overlapping boxes from the rim, redundant ones dropped."""
    times = [0] * len(shells)
    boxes = []
    for seed in sorted(range(len(shells)), key=lambda v: len(adjacency[v])):
        if times[seed]:
            continue
        box = ball(shells, seed, size)
        order = sorted(box, key=lambda v: times[v])
        for i, v in enumerate(order):
            if v not in box:
                continue
            for u in order[i + 1 :]:
                if distances[v][u] > size and u != seed:
                    box.discard(u)
        for v in box:
            times[v] += 1
        boxes.append(box)
    n_boxes = len(boxes)
    for box in boxes:
        if all(times[v] > 1 for v in box):
            n_boxes -= 1
            for v in box:
                times[v] -= 1
    return n_boxes


def merge_level(
    boxes: list[set[int]], distances: list[dict[int, int]], size: int, rng: random.Random
) -> list[set[int]]:
    """Every box merges at most once at this size."""
    waiting, done = list(boxes), []
    while waiting:
        box = rng.choice(waiting)
        fits = [
            other
            for other in waiting
            if other is not box and all(distances[v][u] <= size for v in box for u in other)
        ]
        waiting.remove(box)
        if fits:
            chosen = rng.choice(fits)
            waiting.remove(chosen)
            box = box | chosen
        done.append(box)
    return done
