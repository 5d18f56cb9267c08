"""Centres of radius boxes by largest score, and the boxes around given centres.

Score of a node = number of uncovered nodes within reach × a fixed weight of the node. Scores
only fall while nodes get covered, so an old score is an upper bound: the node on top of a heap
of old scores is the next centre if its score, computed anew, has not changed. That gives the
same centres as scoring every node in every step, at a fraction of the cost. When many scores
have turned out old, all are counted anew in one go.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.bits import count_rows
from featgraph.boxes.metric_space import GraphSpace, MetricSpace, Neighborhoods, WeightedSpace
from featgraph.boxes.neighborhoods import MassCounter
from featgraph.boxes.weighted_search import assign_weighted, spread_weighted
from featgraph.kernels import kernel, light_kernel
from featgraph.kernels.bits import copy_row, count_bits, lowest_bit
from featgraph.kernels.search import list_ball, measure_depth
from featgraph.kernels.sorting import replace_top

__all__ = ["break_ties", "join_centers", "reach_centers", "select_centers"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

N_BOXES, N_COVERED, N_HEAP = range(3)  # places in the state of the choice of centres


def select_centers(
    space: MetricSpace,
    size: float,
    ties: Ints,
    *,
    small_first: bool = False,
    weights: Floats | None = None,
    only_uncovered: bool = False,
) -> tuple[Ints, Ints]:
    """Return the centres in order of their choice, and the first centre to cover each node.

    Parameters
    ----------
    space : MetricSpace
        Distances.
    size : float
        Radius of the balls.
    ties : ndarray of int64, shape (n_nodes,)
        All nodes; of equal scores the node that stands first is taken.
    small_first : bool, default=False
        Of equal scores take the node with fewest nodes within reach, and only then by ``ties``.
    weights : ndarray of float64, shape (n_nodes,), optional
        Positive factor of each node's score; default: 1.
    only_uncovered : bool, default=False
        Whether covered nodes may not become centres.
    """
    factor = np.ones(space.n_nodes) if weights is None else weights
    if space.prefers_bits(size, same=True):
        return _select_by_bits(space.bits(size), ties, small_first, factor, only_uncovered)
    return _select_by_search(space.rows(size), ties, small_first, factor, only_uncovered)


def _rank_nodes(ties: Ints, masses: Ints, small_first: bool) -> tuple[Ints, Ints]:
    # Order of nodes of equal score, and the place of each in it.
    order: Ints = ties[np.argsort(masses[ties], kind="stable")] if small_first else ties
    rank = np.empty(ties.size, dtype=np.int64)
    rank[order] = np.arange(ties.size)
    return order, rank


def _select_by_bits(
    bits: Ints, ties: Ints, small_first: bool, factor: Floats, only_uncovered: bool
) -> tuple[Ints, Ints]:
    masses = count_rows(bits)
    order, rank = _rank_nodes(ties, masses, small_first)
    # sorted by falling score, equals by rank: that is a valid heap
    heap = order[np.argsort(-(masses * factor)[order], kind="stable")]
    return _select_bits(bits, masses, factor, rank, only_uncovered, heap)


def _select_by_search(
    rows: Neighborhoods, ties: Ints, small_first: bool, factor: Floats, only_uncovered: bool
) -> tuple[Ints, Ints]:
    n_nodes = ties.size
    counter = MassCounter(*rows)
    masses = counter.count(np.arange(n_nodes))
    order, rank = _rank_nodes(ties, masses, small_first)
    labels = np.full(n_nodes, -1, dtype=np.int64)
    centers = np.empty(n_nodes, dtype=np.int64)
    is_center = np.zeros(n_nodes, dtype=np.int64)
    state = np.zeros(3, dtype=np.int64)
    while state[N_COVERED] < n_nodes:
        uncovered = np.flatnonzero(labels < 0)
        if state[N_BOXES] > 0:
            masses = counter.count(uncovered)
        open_nodes = order[(masses > 0)[order] & (is_center[order] == 0)]
        if only_uncovered:
            open_nodes = open_nodes[labels[open_nodes] < 0]
        heap = open_nodes[np.argsort(-(masses * factor)[open_nodes], kind="stable")]
        state[N_HEAP] = heap.size
        budget = counter.cost(uncovered.size)
        _select(
            *rows, masses, factor, rank, only_uncovered, heap, labels, centers, is_center, state,
            budget,
        )  # fmt: skip
    return centers[: state[N_BOXES]].copy(), labels


def break_ties(n_nodes: int, ties: str, rng: np.random.Generator) -> tuple[Ints, bool]:
    """Return the order of nodes for ties, and whether smaller balls come first."""
    if ties == "index":
        return np.arange(n_nodes, dtype=np.int64), False
    return rng.permutation(n_nodes), ties == "small_ball"


def join_centers(
    space: MetricSpace, rows: Neighborhoods, size: float, centers: Ints, rng: np.random.Generator
) -> Ints:
    """Return box labels: every node joins its nearest centre, so that boxes are connected.

    A node takes the box of a random neighbour that is one step closer to the centres (on
    weighted graphs: of the neighbour before it on a shortest path), so central distance falls
    along a path inside the box.
    """
    if isinstance(space, WeightedSpace):
        return assign_weighted(
            space.starts, space.stops, space.indices, space.lengths, centers, size
        )
    choices = rng.random(space.n_nodes)
    return np.asarray(_join(rows.starts, rows.stops, rows.indices, centers, choices))


def reach_centers(space: GraphSpace, centers: Ints, rng: np.random.Generator) -> tuple[Ints, float]:
    """Return box labels around centres of any reach, and the largest distance from a centre."""
    if isinstance(space, WeightedSpace):
        return spread_weighted(space.starts, space.stops, space.indices, space.lengths, centers)
    labels = np.asarray(
        _join(space.starts, space.stops, space.indices, centers, rng.random(space.n_nodes))
    )
    return labels, float(_depth(space.starts, space.stops, space.indices, centers))


@kernel
def _depth(starts: Ints, stops: Ints, indices: Ints, centers: Ints) -> int:
    # Largest number of hops from the nearest centre.
    central = np.full(starts.size, -1, dtype=np.int64)
    queue = np.empty(starts.size, dtype=np.int64)
    copy_row(queue, centers)
    central[centers] = 0
    measure_depth(starts, stops, indices, centers.size, central, queue)
    deepest: int = central.max()
    return deepest


@kernel
def _select(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    hops: int,
    masses: Ints,
    factor: Floats,
    rank: Ints,
    only_uncovered: bool,
    heap: Ints,
    labels: Ints,
    centers: Ints,
    is_center: Ints,
    state: Ints,
    budget: float,
) -> None:
    # Takes centres until all is covered or more than budget entries of rows were looked at.
    n_nodes = starts.size
    score = masses * factor
    seen = np.full(n_nodes, -1, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    n_boxes, n_covered, n_heap = state[N_BOXES], state[N_COVERED], state[N_HEAP]
    stamp, work = 0, 0
    while n_covered < n_nodes and (work <= budget or stamp < 1):
        center = heap[0]
        if only_uncovered and labels[center] >= 0:
            n_heap -= 1
            replace_top(heap, n_heap, int(heap[n_heap]), score, rank)
            continue
        stamp += 1
        tail, mass, looked = _gain(starts, stops, indices, hops, center, stamp, labels, seen, queue)
        work += looked
        if mass == masses[center]:
            for k in range(tail):
                if labels[queue[k]] < 0:
                    labels[queue[k]] = n_boxes
            n_covered += mass
            centers[n_boxes] = center
            is_center[center] = 1
            n_boxes += 1
            n_heap -= 1
            replace_top(heap, n_heap, int(heap[n_heap]), score, rank)
        elif mass == 0:
            n_heap -= 1
            replace_top(heap, n_heap, int(heap[n_heap]), score, rank)
        else:
            masses[center] = mass
            score[center] = mass * factor[center]
            replace_top(heap, n_heap, center, score, rank)
    state[N_BOXES], state[N_COVERED], state[N_HEAP] = n_boxes, n_covered, n_heap


@kernel
def _gain(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    hops: int,
    center: int,
    stamp: int,
    labels: Ints,
    seen: Ints,
    queue: Ints,
) -> tuple[int, int, int]:
    # Ball of the centre into queue; returns its nodes, the uncovered ones, and the work.
    count = list_ball(starts, stops, indices, hops, center, stamp, seen, queue)
    mass, work = 0, 0
    for k in range(count):
        mass += labels[queue[k]] < 0
        work += stops[queue[k]] - starts[queue[k]]
    return count, mass, work


@light_kernel
def _select_bits(
    bits: Ints, masses: Ints, factor: Floats, rank: Ints, only_uncovered: bool, heap: Ints
) -> tuple[Ints, Ints]:
    # The same from rows of bits: a score is counted anew in n / 63 steps.
    n_nodes, n_words = bits.shape
    score = masses * factor
    labels = np.full(n_nodes, -1, dtype=np.int64)
    centers = np.empty(n_nodes, dtype=np.int64)
    uncovered = np.zeros(n_words, dtype=np.int64)
    for v in range(n_nodes):
        uncovered[v // 63] |= np.int64(1) << (v % 63)
    n_heap, n_boxes, n_covered = n_nodes, 0, 0
    while n_covered < n_nodes:
        center = int(heap[0])
        mass = 0
        if not only_uncovered or labels[center] < 0:
            for w in range(n_words):
                mass += count_bits(bits[center, w] & uncovered[w])
        if mass == 0:
            n_heap -= 1
            replace_top(heap, n_heap, int(heap[n_heap]), score, rank)
        elif mass < masses[center]:
            masses[center] = mass
            score[center] = mass * factor[center]
            replace_top(heap, n_heap, center, score, rank)
        else:
            for w in range(n_words):
                word = bits[center, w] & uncovered[w]
                uncovered[w] &= ~word
                while word:
                    labels[63 * w + lowest_bit(word)] = n_boxes
                    word &= word - 1
            centers[n_boxes] = center
            n_boxes += 1
            n_covered += mass
            n_heap -= 1
            replace_top(heap, n_heap, int(heap[n_heap]), score, rank)
    return centers[:n_boxes].copy(), labels


@light_kernel
def _join(starts: Ints, stops: Ints, indices: Ints, centers: Ints, choices: Floats) -> Ints:
    # One search from all centres; then each node draws among the neighbours one step closer.
    n_nodes = starts.size
    labels = np.empty(n_nodes, dtype=np.int64)
    central = np.full(n_nodes, -1, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    copy_row(queue, centers)
    for box in range(centers.size):
        central[centers[box]], labels[centers[box]] = 0, box
    n_met = measure_depth(starts, stops, indices, centers.size, central, queue)
    for place in range(centers.size, n_met):
        u = queue[place]
        n_closer = 0
        for k in range(starts[u], stops[u]):
            n_closer += central[indices[k]] < central[u]
        draw = int(choices[u] * n_closer)
        for k in range(starts[u], stops[u]):
            if central[indices[k]] < central[u]:
                if draw == 0:
                    labels[u] = labels[indices[k]]
                    break
                draw -= 1
    return labels
