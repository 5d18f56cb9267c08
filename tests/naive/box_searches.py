"""Slow twins of the box searches; random draws come in as numbers in [0, 1)."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tests.naive.boxes import Table, ball


def pick(items: Sequence[int], u: float) -> int:
    """The item that a number in [0, 1) stands for."""
    return items[int(u * len(items))]


def merge(
    dist: Table, size: float, labels: Sequence[int], draws: Sequence[Sequence[float]]
) -> tuple[list[int], list[int]]:
    """One level of merging: new labels with gaps, and how many boxes each turn could choose."""
    boxes = {b: [v for v in range(len(labels)) if labels[v] == b] for b in set(labels)}
    waiting = list(range(len(boxes)))  # a box that leaves is replaced by the last
    new = list(labels)
    choices = []

    def leave(box: int) -> None:
        place = waiting.index(box)
        waiting[place] = waiting[-1]
        waiting.pop()

    for u, w in draws:
        if not waiting:
            break
        box = pick(waiting, u)
        leave(box)
        fits = sorted(
            other
            for other in waiting
            if all(dist[i][j] <= size for i in boxes[box] for j in boxes[other])
        )
        choices.append(len(fits))
        if fits:
            chosen = pick(fits, w)
            leave(chosen)
            for v in boxes[chosen]:
                new[v] = box
    return new, choices


def shake(
    adjacency: list[list[int]],
    dist: Table,
    size: float,
    before: Sequence[int],
    n_moves: int,
    n_splits: int,
    draws: Sequence[Sequence[float]],
) -> list[int]:
    """Moves and splits of one annealing step."""
    members: dict[int, list[int]] = {}
    for v, box in enumerate(before):
        members.setdefault(box, []).insert(0, v)
    labels = list(before)

    def put(v: int, box: int) -> None:
        members[labels[v]].remove(v)
        members.setdefault(box, []).insert(0, v)
        labels[v] = box

    moved = 0
    for u, w in draws[: 2 * n_moves]:
        if moved == n_moves:
            break
        box = int(u * len(members))
        rim: list[int] = []
        for a in members[box]:
            for v in adjacency[a]:
                if labels[v] != box and v not in rim and len(members[labels[v]]) > 1:
                    rim.append(v)
        offset = int(w * len(rim))
        for v in rim[offset:] + rim[:offset]:
            if all(dist[v][a] <= size for a in members[box]):
                put(v, box)
                moved += 1
                break
    split = 0
    for u, w in draws[2 * n_moves :]:
        box = int(u * len(members))
        if split < n_splits and len(members[box]) > 1:
            put(pick(members[box], w), len(members))
            split += 1
    return labels


def obca(
    dist: Table, size: float, seeds: Sequence[int], rank: Sequence[int]
) -> tuple[list[set[int]], list[set[int]]]:
    """Overlapping boxes as grown, and those that are not redundant."""
    times = [0] * len(dist)
    boxes = []
    for seed in seeds:
        if times[seed]:
            continue
        rest = sorted(ball(dist, seed, size) - {seed}, key=lambda v: (times[v], rank[v]))
        box = {seed}
        for v in rest:
            if all(dist[v][u] <= size for u in box):
                box.add(v)
        for v in box:
            times[v] += 1
        boxes.append(box)
    kept = []
    for box in boxes:
        if all(times[v] > 1 for v in box):
            for v in box:
                times[v] -= 1
        else:
            kept.append(box)
    return boxes, kept


def fly(
    adjacency: list[list[int]],
    dist: Table,
    size: float,
    labels: list[int],
    speed: list[int],
    own_best: Sequence[int],
    top: Sequence[int],
    attraction: float,
    draws: Sequence[Sequence[float]],
) -> int:
    """One step of one particle, in place; the number of boxes."""
    for v, (a, b, c, d, e) in enumerate(draws):
        pull = a * speed[v]
        pull += attraction * b * (own_best[v] != labels[v])
        pull += attraction * c * (top[v] != labels[v])
        speed[v] = int(d < 1 / (1 + math.exp(-pull)))
        if not speed[v]:
            continue
        fits: list[int] = []
        for u in adjacency[v]:
            box = labels[u]
            inside = [w for w, label in enumerate(labels) if label == box]
            if box != labels[v] and box not in fits and all(dist[v][w] <= size for w in inside):
                fits.append(box)
        if fits:
            labels[v] = pick(fits, e)
    return len(set(labels))


def choose_big_first(boxes: Sequence[set[int]], n_nodes: int) -> list[int]:
    """Always the box with most uncovered nodes, the first of equals."""
    uncovered = set(range(n_nodes))
    chosen = []
    while uncovered:
        best = max(range(len(boxes)), key=lambda b: len(boxes[b] & uncovered))
        chosen.append(best)
        uncovered -= boxes[best]
    return chosen


def choose_small_first(boxes: Sequence[set[int]], n_nodes: int) -> list[int]:
    """By rising number of uncovered nodes; a box stays if it alone still holds some node."""
    uncovered = set(range(n_nodes))
    waiting = list(range(len(boxes)))
    chosen = []
    while waiting:
        box = min(waiting, key=lambda b: (len(boxes[b] & uncovered), b))
        waiting.remove(box)
        others = set().union(*(boxes[b] for b in waiting)) if waiting else set()
        if (boxes[box] & uncovered) - others:
            chosen.append(box)
            uncovered -= boxes[box]
    return chosen


def hubs_within(dist: Table, size: float, hubs: Sequence[int]) -> list[int]:
    """Hubs in order until every node is within ``size`` of one, per component."""
    uncovered = set(range(len(dist)))
    taken = []
    for hub in hubs:
        if any(dist[hub][v] < math.inf for v in uncovered):
            taken.append(hub)
            uncovered -= ball(dist, hub, size)
    return taken


def fuzzy(dist: Table, size: float) -> float:
    """n (n - 1) over the sum of exp(-d²/size²) over ordered pairs within ``size``."""
    n_nodes = len(dist)
    terms = [
        math.exp(-((dist[i][j] / size) ** 2))
        for i in range(n_nodes)
        for j in range(n_nodes)
        if i != j and size > 0 and dist[i][j] <= size
    ]
    return n_nodes * (n_nodes - 1) / math.fsum(terms) if terms else float(n_nodes)


def sketches(dist: Table, size: float, by_rank: Sequence[int], k: int) -> list[list[int]]:
    """The k smallest ranks within ``size`` of each node."""
    rank = {v: r for r, v in enumerate(by_rank)}
    return [sorted(rank[u] for u in ball(dist, v, size) if u in rank)[:k] for v in range(len(dist))]
