"""Merging: boxes unite in pairs while the size grows, so covers are nested.

Every node starts as a box. For each size 1, 2, … up to ``size``: a random box that was not yet
drawn at this size is united with a random other one such that their union keeps within the size,
if there is any; both have then had their turn. Boxes carry over to the next size, so covers of
rising sizes are nested. They are numbered by their first nodes.

Where all pairs of a component are within the size, it becomes one box at once. With ``weight``,
and on features, the size grows in 32 even steps.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.bits import count_rows
from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.kernels import kernel
from featgraph.kernels.bits import has_bit

__all__ = ["count_sizes", "merge_level", "pass_length", "solve"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

N_LEVELS = 32  # steps up to a real-valued size


def solve(space: MetricSpace, size: float, rng: np.random.Generator) -> RawCover:
    """Return the boxes after all steps up to ``size``."""
    if space.name == "hop":
        levels = [float(level) for level in range(1, int(size) + 1)]
    else:
        levels = [size * (step + 1) / N_LEVELS for step in range(N_LEVELS)]
    labels = np.arange(space.n_nodes, dtype=np.int64)
    for level in levels:
        labels = merge_level(space, level, labels, rng)
    return RawCover(labels)


def pass_length(space: MetricSpace, sizes: list[float]) -> int:
    """Return how many of ``sizes`` one pass answers: all, since each builds on the one before."""
    return len(sizes)


def count_sizes(
    space: MetricSpace,
    sizes: list[float],
    rng: np.random.Generator,
    *,
    note: Callable[[float], None],
) -> Ints:
    """Return the number of boxes of every size from one run through all of them.

    Hop space: through all whole sizes; elsewhere through the given sizes themselves.
    """
    known = {size: space.trivial_cover(size) for size in sizes}
    rest = [size for size in sizes if known[size] is None]
    if space.name == "hop" and rest:
        rest = [float(level) for level in range(1, int(rest[-1]) + 1)]
    counts = {size: int(answer.labels.max()) + 1 for size, answer in known.items() if answer}
    labels = np.arange(space.n_nodes, dtype=np.int64)
    for done, level in enumerate(rest, start=1):
        labels = merge_level(space, level, labels, rng)
        counts[level] = int(labels.max()) + 1
        note(done / len(rest))
    return np.array([counts[size] for size in sizes])


def merge_level(space: MetricSpace, level: float, labels: Ints, rng: np.random.Generator) -> Ints:
    """Return the labels after every box had its turn at one size."""
    draws = rng.random((int(labels.max()) + 1, 2))
    if space.is_dense(level):
        bits = space.bits(level)
        if space.is_complete(count_rows(bits)):
            return space.components
        merged = _merge_bits(bits, labels, draws)
    else:
        rows = space.pairs(level)
        if space.is_complete(rows.stops - rows.starts + 1):
            return space.components
        merged = _merge(rows.starts, rows.stops, rows.indices, labels, draws)
    return np.unique(merged, return_inverse=True)[1].astype(np.int64)


@kernel
def _merge(starts: Ints, stops: Ints, indices: Ints, labels: Ints, draws: Floats) -> Ints:
    # Returns labels with gaps: a united pair keeps the number of the box drawn first. open_[:n]
    # are the boxes that had no turn yet; tally[b] counts pairs within the size between the box
    # at hand and b, so b may unite with it if the tally is the product of their masses.
    n_nodes, n_boxes = labels.size, draws.shape[0]
    new: Ints = labels.copy()
    mass = np.zeros(n_boxes, dtype=np.int64)
    first = np.full(n_boxes, -1, dtype=np.int64)
    following = np.full(n_nodes, -1, dtype=np.int64)
    for v in range(n_nodes - 1, -1, -1):
        following[v] = first[labels[v]]
        first[labels[v]] = v
        mass[labels[v]] += 1
    open_ = np.arange(n_boxes)
    place = np.arange(n_boxes)
    tally = np.zeros(n_boxes, dtype=np.int64)
    fits = np.empty(n_boxes, dtype=np.int64)
    touched = np.empty(n_boxes, dtype=np.int64)
    n_open, turn = n_boxes, 0
    while n_open > 0:
        box = open_[int(draws[turn, 0] * n_open)]
        n_open = _close(open_, place, n_open, box)
        n_fits, n_members, n_touched = 0, 0, 0
        v = first[box]
        while v >= 0 and (n_fits > 0 or n_members == 0):
            for k in range(starts[v], stops[v]):
                other = labels[indices[k]]
                if place[other] >= 0:
                    if tally[other] == 0:
                        touched[n_touched] = other
                        n_touched += 1
                        if n_members == 0:
                            fits[n_fits] = other
                            n_fits += 1
                    tally[other] += 1
            n_members += 1
            kept = 0
            for k in range(n_fits):  # those with all members within the size of all so far
                if tally[fits[k]] == n_members * mass[fits[k]]:
                    fits[kept] = fits[k]
                    kept += 1
            n_fits = kept
            v = following[v]
        for k in range(n_touched):
            tally[touched[k]] = 0
        if n_fits > 0:
            fits[:n_fits].sort()
            chosen = fits[int(draws[turn, 1] * n_fits)]
            n_open = _close(open_, place, n_open, chosen)
            v = first[chosen]
            while v >= 0:
                new[v] = box
                v = following[v]
        turn += 1
    return new


@kernel
def _merge_bits(bits: Ints, labels: Ints, draws: Floats) -> Ints:
    # The same from rows of bits: common are the nodes within the size of all members of the box
    # at hand, and a box may unite with it if all its members are among them.
    n_nodes, n_words = bits.shape
    n_boxes = draws.shape[0]
    new: Ints = labels.copy()
    first = np.full(n_boxes, -1, dtype=np.int64)
    following = np.full(n_nodes, -1, dtype=np.int64)
    for v in range(n_nodes - 1, -1, -1):
        following[v] = first[labels[v]]
        first[labels[v]] = v
    open_ = np.arange(n_boxes)
    place = np.arange(n_boxes)
    common = np.empty(n_words, dtype=np.int64)
    fits = np.empty(n_boxes, dtype=np.int64)
    n_open, turn = n_boxes, 0
    while n_open > 0:
        box = open_[int(draws[turn, 0] * n_open)]
        n_open = _close(open_, place, n_open, box)
        v = first[box]
        for w in range(n_words):
            common[w] = bits[v, w]
        v = following[v]
        while v >= 0:
            for w in range(n_words):
                common[w] &= bits[v, w]
            v = following[v]
        n_fits = 0
        for k in range(n_open):
            v = first[open_[k]]
            while v >= 0 and has_bit(common, v):
                v = following[v]
            if v < 0:
                fits[n_fits] = open_[k]
                n_fits += 1
        if n_fits > 0:
            fits[:n_fits].sort()
            chosen = fits[int(draws[turn, 1] * n_fits)]
            n_open = _close(open_, place, n_open, chosen)
            v = first[chosen]
            while v >= 0:
                new[v] = box
                v = following[v]
        turn += 1
    return new


@kernel
def _close(open_: Ints, place: Ints, n_open: int, box: int) -> int:
    last = open_[n_open - 1]
    open_[place[box]] = last
    place[last] = place[box]
    place[box] = -1
    return n_open - 1
