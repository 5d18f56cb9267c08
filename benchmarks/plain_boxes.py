"""Box coverings in plain Python, as the public packages write them: dictionaries of sets.

Yardsticks for bench_boxes.py. Distances and balls of all nodes are tables made beforehand, whose
time is not counted.
"""

from __future__ import annotations

import random
from collections import deque

Balls = list[set[int]]


def all_balls(adjacency: list[list[int]], size: int) -> Balls:
    """Nodes within ``size`` hops of each node."""
    found = []
    for source in range(len(adjacency)):
        depth = {source: 0}
        queue = deque([source])
        while queue:
            u = queue.popleft()
            if depth[u] == size:
                break
            for v in adjacency[u]:
                if v not in depth:
                    depth[v] = depth[u] + 1
                    queue.append(v)
        found.append(set(depth))
    return found


def greedy(balls: Balls, rng: random.Random) -> int:
    """Colour the graph of pairs farther apart, nodes in random order."""
    order = list(range(len(balls)))
    rng.shuffle(order)
    boxes: list[set[int]] = []
    for v in order:
        for box in boxes:
            if box <= balls[v]:
                box.add(v)
                break
        else:
            boxes.append({v})
    return len(boxes)


def cbb(balls: Balls, rng: random.Random) -> int:
    """Compact box burning."""
    uncovered = set(range(len(balls)))
    n_boxes = 0
    while uncovered:
        candidates = set(uncovered)
        while candidates:
            v = rng.choice(list(candidates))
            uncovered.discard(v)
            candidates = (candidates & balls[v]) - {v}
        n_boxes += 1
    return n_boxes


def memb(balls: Balls, rng: random.Random) -> int:
    """Maximum excluded mass, every mass counted anew for every centre."""
    uncovered = set(range(len(balls)))
    others = set(uncovered)
    while uncovered:
        center = max(others, key=lambda v: len(balls[v] & uncovered))
        others.discard(center)
        uncovered -= balls[center]
    return len(balls) - len(others)


def random_sequential(balls: Balls, rng: random.Random) -> int:
    """Random uncovered seeds."""
    uncovered = set(range(len(balls)))
    n_boxes = 0
    while uncovered:
        uncovered -= balls[rng.choice(list(uncovered))]
        n_boxes += 1
    return n_boxes


def obca(balls: Balls, adjacency: list[list[int]]) -> int:
    """Overlapping boxes from the rim, redundant ones dropped."""
    times = [0] * len(balls)
    boxes = []
    for seed in sorted(range(len(balls)), key=lambda v: len(adjacency[v])):
        if times[seed]:
            continue
        box = set(balls[seed])
        for v in sorted(box, key=lambda u: times[u]):
            if v in box and v != seed:
                box &= balls[v]
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


def merge_level(boxes: list[set[int]], balls: Balls, rng: random.Random) -> list[set[int]]:
    """Every box merges at most once at this size."""
    waiting, done = list(boxes), []
    while waiting:
        box = rng.choice(waiting)
        common = set.intersection(*(balls[v] for v in box))
        fits = [other for other in waiting if other is not box and other <= common]
        waiting.remove(box)
        if fits:
            chosen = rng.choice(fits)
            waiting.remove(chosen)
            box = box | chosen
        done.append(box)
    return done
