"""Few boxes chosen from many proposed: big boxes first, or small ones dropped first.

Boxes come as ``members[bounds[b]:bounds[b + 1]]``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.candidate_boxes import Boxes
from featgraph.core.resources import check_memory
from featgraph.kernels import kernel
from featgraph.kernels.search import invert_rows
from featgraph.kernels.sorting import replace_largest

__all__ = ["choose_boxes"]

Ints = NDArray[np.int64]


def choose_boxes(boxes: Boxes, n_nodes: int, strategy: str) -> tuple[Ints, Ints]:
    """Return which boxes stay, in order of choice, and the first of them to hold each node.

    "big_first": the box with most uncovered nodes, until all are covered. "small_first": boxes
    by rising number of uncovered nodes; one stays if it alone still holds some node, and is
    dropped otherwise. Of equals the earlier proposal comes first.
    """
    bounds, members = boxes
    check_memory(24 * members.size, f"{bounds.size - 1} proposed boxes")
    holder_bounds, holders = invert_rows(bounds[:-1], bounds[1:], members, n_nodes)
    choose = _big_first if strategy == "big_first" else _small_first
    return choose(bounds, members, holder_bounds, holders)


@kernel
def _big_first(
    bounds: Ints, members: Ints, holder_bounds: Ints, holders: Ints
) -> tuple[Ints, Ints]:
    # left[b]: uncovered nodes of box b. The heap holds left * n + (n - 1 - b), perhaps old and
    # then too large: a top that is up to date is the best box.
    n_boxes, n_nodes = bounds.size - 1, holder_bounds.size - 1
    labels = np.full(n_nodes, -1, dtype=np.int64)
    left = bounds[1:] - bounds[:-1]
    heap = -np.sort(-(left * n_boxes + n_boxes - 1 - np.arange(n_boxes)))
    chosen = np.empty(n_boxes, dtype=np.int64)
    n_heap, n_chosen, n_covered = n_boxes, 0, 0
    while n_covered < n_nodes:
        box = n_boxes - 1 - heap[0] % n_boxes
        if heap[0] // n_boxes != left[box]:
            replace_largest(heap, n_heap, left[box] * n_boxes + n_boxes - 1 - box)
            continue
        for k in range(bounds[box], bounds[box + 1]):
            v = members[k]
            if labels[v] < 0:
                labels[v] = n_chosen
                n_covered += 1
                for h in range(holder_bounds[v], holder_bounds[v + 1]):
                    left[holders[h]] -= 1
        chosen[n_chosen] = box
        n_chosen += 1
    return chosen[:n_chosen].copy(), labels


@kernel
def _small_first(
    bounds: Ints, members: Ints, holder_bounds: Ints, holders: Ints
) -> tuple[Ints, Ints]:
    # times[v]: remaining boxes that hold v, 0 once v is covered. Boxes wait in a heap by
    # (uncovered nodes, number); place tells where, so that a box can move up when it loses some.
    n_boxes, n_nodes = bounds.size - 1, holder_bounds.size - 1
    labels = np.full(n_nodes, -1, dtype=np.int64)
    left = bounds[1:] - bounds[:-1]
    times = holder_bounds[1:] - holder_bounds[:-1]
    heap = np.sort(left * n_boxes + np.arange(n_boxes))  # sorted: a heap, smallest on top
    place = np.empty(n_boxes, dtype=np.int64)
    for k in range(n_boxes):
        place[heap[k] % n_boxes] = k
    chosen = np.empty(n_boxes, dtype=np.int64)
    touched = np.full(n_boxes, -1, dtype=np.int64)
    smaller = np.empty(n_boxes, dtype=np.int64)
    n_heap, n_chosen = n_boxes, 0
    while n_heap > 0:
        box = heap[0] % n_boxes
        place[box] = -1
        n_heap -= 1
        if n_heap > 0:
            _settle(heap, place, n_heap, 0, heap[n_heap], n_boxes)
        needed = False
        n_smaller = 0
        for k in range(bounds[box], bounds[box + 1]):
            if times[members[k]] == 1:
                needed = True
        for k in range(bounds[box], bounds[box + 1]):
            v = members[k]
            if labels[v] >= 0:
                continue
            if not needed:
                times[v] -= 1
                continue
            labels[v] = n_chosen
            times[v] = 0
            for h in range(holder_bounds[v], holder_bounds[v + 1]):
                other = holders[h]
                left[other] -= 1
                if place[other] >= 0 and touched[other] != n_chosen:
                    touched[other] = n_chosen
                    smaller[n_smaller] = other
                    n_smaller += 1
        for k in range(n_smaller):
            key = left[smaller[k]] * n_boxes + smaller[k]
            _settle(heap, place, n_heap, place[smaller[k]], key, n_boxes)
        if needed:
            chosen[n_chosen] = box
            n_chosen += 1
    return chosen[:n_chosen].copy(), labels


@kernel
def _settle(heap: Ints, place: Ints, n_heap: int, hole: int, key: int, n_boxes: int) -> None:
    # Puts key into the hole of a heap with the smallest first, and moves it up or down.
    while hole > 0 and heap[(hole - 1) // 2] > key:
        heap[hole] = heap[(hole - 1) // 2]
        place[heap[hole] % n_boxes] = hole
        hole = (hole - 1) // 2
    while 2 * hole + 1 < n_heap:
        child = 2 * hole + 1
        if child + 1 < n_heap and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[hole] = heap[child]
        place[heap[hole] % n_boxes] = hole
        hole = child
    heap[hole] = key
    place[key % n_boxes] = hole
