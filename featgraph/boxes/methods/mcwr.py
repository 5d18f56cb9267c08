"""MCWR: centres of maximum excluded mass mixed with random ones.

In each step, with probability ``p`` the node of maximum excluded mass becomes the next centre, as
in ``memb``; otherwise a node that is no centre yet is drawn at random, and if its ball holds
nothing uncovered the step starts over. Members join as in ``memb``.

Starting over tosses the coin again, so that masses win more often towards the end. The same
distribution is drawn in one step: maximum mass with probability p / (p + (1 − p) f), f the share
of nodes that still cover something. Excluded masses are kept up to date around every newly
covered node. Where balls are large, rows of bits are quicker: O(n_boxes · n_nodes² / 63).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.bits import count_rows
from featgraph.boxes.centers import join_centers
from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.boxes.neighborhoods import MassCounter
from featgraph.kernels import kernel
from featgraph.kernels.bits import count_bits
from featgraph.kernels.search import list_ball
from featgraph.kernels.sorting import replace_largest

__all__ = ["solve"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def solve(space: MetricSpace, size: float, rng: np.random.Generator, *, p: float) -> RawCover:
    """Return the boxes around the mixed centres."""
    rows = space.rows(size)
    n_nodes = space.n_nodes
    ties = rng.permutation(n_nodes)
    draws = rng.random((n_nodes, 2))
    if space.is_dense(size):
        bits = space.bits(size)
        centers = _mix_bits(bits, count_rows(bits), ties, p, draws)
    else:
        masses = MassCounter(*rows).count(np.arange(n_nodes))
        centers = _mix(*rows, masses, ties, p, draws)
    return RawCover(join_centers(space, rows, size, centers, rng), centers)


@kernel
def _mix(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    hops: int,
    masses: Ints,
    ties: Ints,
    p: float,
    draws: Floats,
) -> Ints:
    # useful[:n_useful] are the nodes that are no centres and cover something, place their
    # positions; by_mass[m] lists the nodes that had mass m when they were put there.
    n_nodes = ties.size
    covered = np.zeros(n_nodes, dtype=np.bool_)
    centers = np.empty(n_nodes, dtype=np.int64)
    useful = np.arange(n_nodes)
    place = np.arange(n_nodes)
    rank = np.empty(n_nodes, dtype=np.int64)
    rank[ties] = np.arange(n_nodes)
    heap = -np.sort(-(masses * n_nodes + n_nodes - 1 - rank))  # a heap, largest on top
    n_heap, n_useful, n_covered, n_boxes = n_nodes, n_nodes, 0, 0
    seen = np.full(n_nodes, -1, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    fresh = np.empty(n_nodes, dtype=np.int64)
    stamp = 0
    while n_covered < n_nodes:
        share = n_useful / (n_nodes - n_boxes)
        if draws[n_boxes, 0] * (p + (1 - p) * share) < p:
            n_heap = _raise_best(heap, n_heap, masses, ties, place)
            center = ties[n_nodes - 1 - heap[0] % n_nodes]
        else:
            center = useful[int(draws[n_boxes, 1] * n_useful)]
        centers[n_boxes] = center
        n_boxes += 1
        n_useful = _drop(useful, place, n_useful, center)
        stamp += 1
        count = list_ball(starts, stops, indices, hops, center, stamp, seen, queue)
        n_fresh = 0
        for k in range(count):
            if not covered[queue[k]]:
                covered[queue[k]] = True
                fresh[n_fresh] = queue[k]
                n_fresh += 1
        n_covered += n_fresh
        for f in range(n_fresh):
            stamp += 1
            count = list_ball(starts, stops, indices, hops, fresh[f], stamp, seen, queue)
            for k in range(count):
                v = queue[k]
                masses[v] -= 1
                if masses[v] == 0 and place[v] >= 0:
                    n_useful = _drop(useful, place, n_useful, v)
    chosen: Ints = centers[:n_boxes].copy()
    return chosen


@kernel
def _mix_bits(bits: Ints, masses: Ints, ties: Ints, p: float, draws: Floats) -> Ints:
    # The same from rows of bits: what a node loses to a box is counted word by word.
    n_nodes, n_words = bits.shape
    uncovered = np.zeros(n_words, dtype=np.int64)
    for v in range(n_nodes):
        uncovered[v // 63] |= np.int64(1) << (v % 63)
    fresh = np.empty(n_words, dtype=np.int64)
    centers = np.empty(n_nodes, dtype=np.int64)
    useful = np.arange(n_nodes)
    place = np.arange(n_nodes)
    rank = np.empty(n_nodes, dtype=np.int64)
    rank[ties] = np.arange(n_nodes)
    heap = -np.sort(-(masses * n_nodes + n_nodes - 1 - rank))
    n_heap, n_useful, n_covered, n_boxes = n_nodes, n_nodes, 0, 0
    while n_covered < n_nodes:
        share = n_useful / (n_nodes - n_boxes)
        if draws[n_boxes, 0] * (p + (1 - p) * share) < p:
            n_heap = _raise_best(heap, n_heap, masses, ties, place)
            center = ties[n_nodes - 1 - heap[0] % n_nodes]
        else:
            center = useful[int(draws[n_boxes, 1] * n_useful)]
        centers[n_boxes] = center
        n_boxes += 1
        n_useful = _drop(useful, place, n_useful, center)
        for w in range(n_words):
            fresh[w] = bits[center, w] & uncovered[w]
            uncovered[w] &= ~fresh[w]
            n_covered += count_bits(fresh[w])
        for k in range(n_useful - 1, -1, -1):
            v = useful[k]
            for w in range(n_words):
                word = bits[v, w] & fresh[w]
                if word:
                    masses[v] -= count_bits(word)
            if masses[v] == 0:
                n_useful = _drop(useful, place, n_useful, v)
    chosen: Ints = centers[:n_boxes].copy()
    return chosen


@kernel
def _raise_best(heap: Ints, n_heap: int, masses: Ints, ties: Ints, place: Ints) -> int:
    # Brings the useful node of largest mass to the top: masses only fall, so an old key that
    # is no longer true sinks. Returns what is left of the heap.
    n_nodes = ties.size
    while True:
        best = ties[n_nodes - 1 - heap[0] % n_nodes]
        if place[best] < 0:
            n_heap -= 1
            replace_largest(heap, n_heap, heap[n_heap])
        elif heap[0] // n_nodes != masses[best]:
            replace_largest(heap, n_heap, masses[best] * n_nodes + heap[0] % n_nodes)
        else:
            return n_heap


@kernel
def _drop(useful: Ints, place: Ints, n_useful: int, node: int) -> int:
    last = useful[n_useful - 1]
    useful[place[node]] = last
    place[last] = place[node]
    place[node] = -1
    return n_useful - 1
