"""First-fit boxes from lists of nodes within the size, for methods that try many orders."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.metric_space import MetricSpace, Neighborhoods
from featgraph.boxes.threads import run_tasks, usable_cores
from featgraph.kernels import kernel

__all__ = ["fit_bits", "fit_lists", "map_tasks", "open_fit"]

Ints = NDArray[np.int64]
Task = TypeVar("Task")
Result = TypeVar("Result")


def fit_lists(rows: Neighborhoods, order: Ints) -> Ints:
    """Return the first-fit boxes for ``rows`` of one hop, as in greedy covering."""
    return np.asarray(_fit_lists(rows.starts, rows.stops, rows.indices, order))


def fit_bits(bits: Ints, order: Ints) -> Ints:
    """Return the same boxes from rows of bits."""
    return np.asarray(_fit_bits(bits, order))


def open_fit(space: MetricSpace, size: float) -> Callable[[Ints], Ints]:
    """Return a function from orders to first-fit boxes, on the table that suits the size."""
    if space.is_dense(size):
        bits = space.bits(size)
        return lambda order: fit_bits(bits, order)
    rows = space.pairs(size)
    return lambda order: fit_lists(rows, order)


def map_tasks(work: Callable[[Task], Result], tasks: list[Task]) -> list[Result]:
    """Return ``work(task)`` of every task, in order, on all usable cores."""
    if min(usable_cores(), len(tasks)) <= 1:
        return [work(task) for task in tasks]
    results = run_tasks(work, tasks, usable_cores())
    return [results[place] for place in range(len(tasks))]


@kernel
def _fit_lists(starts: Ints, stops: Ints, indices: Ints, order: Ints) -> Ints:
    # tally[b] counts members of box b in the list of the node at hand, from a base of its own.
    n_nodes = order.size
    labels = np.full(n_nodes, -1, dtype=np.int64)
    masses = np.zeros(n_nodes, dtype=np.int64)
    tally = np.full(n_nodes, -1, dtype=np.int64)
    n_boxes = 0
    for turn in range(n_nodes):
        node = order[turn]
        base = turn * (n_nodes + 1)
        best = n_boxes
        for k in range(starts[node], stops[node]):
            box = labels[indices[k]]
            if box >= 0:
                count = max(tally[box], base) + 1
                tally[box] = count
                if count - base == masses[box] and box < best:
                    best = box
        labels[node] = best
        masses[best] += 1
        if best == n_boxes:
            n_boxes += 1
    return labels


@kernel
def _fit_bits(bits: Ints, order: Ints) -> Ints:
    # allowed[b]: nodes within the size of all members of box b. Where most are, boxes are few.
    n_nodes, n_words = bits.shape
    labels = np.empty(n_nodes, dtype=np.int64)
    allowed = np.empty((n_nodes, n_words), dtype=np.int64)
    n_boxes = 0
    for node in order:
        word, shift = node // 63, node % 63
        box = 0
        while box < n_boxes and (allowed[box, word] >> shift) & 1 == 0:
            box += 1
        if box == n_boxes:
            n_boxes += 1
            for w in range(n_words):
                allowed[box, w] = bits[node, w]
        else:
            for w in range(n_words):
                allowed[box, w] &= bits[node, w]
        labels[node] = box
    return labels
