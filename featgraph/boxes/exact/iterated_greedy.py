"""Boxes built again with whole boxes kept together, and boxes that are left out and squeezed in.

Both work on the relation of pairs that may share a box. Iterated greedy takes it as CSR rows (both
directions, no self-pairs) and decides by counting: node v fits into a box if as many of its members
are in v's row as the box has members. One pass costs O(pairs). Where nearly all pairs may share a
box, rows of bits are the better table, and covers shrink further by a tabu search: the smallest
box is left out, and each of its nodes in turn goes where it evicts fewest.

Sources: J. Culberson (1992), Iterated greedy graph coloring and the difficulty landscape, TR
92-07, University of Alberta (a new pass over whole boxes never needs more boxes); I. Blöchliger &
N. Zufferey (2008), doi:10.1016/j.cor.2006.05.014 (nodes left out, moves that evict, tabu).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.bits import pack_lists
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.reductions import has_dense_rows
from featgraph.kernels import kernel, light_kernel
from featgraph.kernels.bits import copy_row, lowest_bit

__all__ = ["dissolve_boxes", "fit_boxes", "iterate_boxes"]

Ints = NDArray[np.int64]
CHUNK = 5_000_000  # elementary steps between two looks at the clock
# places in the state of the passes: boxes, passes left, passes without fewer boxes, random number,
# boxes and idle passes to stop at
N_BOXES, PASSES_LEFT, STALLED, RANDOM, ENOUGH, PATIENCE = range(6)
MODULUS = 2147483647
# places in the state of the tabu search: boxes, nodes left out, moves, random number
MOVES, N_BARE = 1, 2
LARGEST_TABLE = 2**22  # nodes times boxes; beyond it moves are too slow to pay


@light_kernel
def _fit(
    indptr: Ints, indices: Ints, order: Ints, labels: Ints, mass: Ints, tally: Ints, seen: Ints
) -> int:
    # First fit in the given order; labels, mass, tally and seen are overwritten.
    n_boxes = 0
    labels[:] = -1
    seen[:] = -1
    for k in range(order.size):
        v = order[k]
        box = n_boxes
        for j in range(indptr[v], indptr[v + 1]):
            b = labels[indices[j]]
            if b >= 0:
                if seen[b] != k:
                    seen[b] = k
                    tally[b] = 0
                tally[b] += 1
                if tally[b] == mass[b] and b < box:
                    box = b
        labels[v] = box
        if box == n_boxes:
            mass[box] = 0
            n_boxes += 1
        mass[box] += 1
    return n_boxes


@kernel
def _fit_rows(bits: Ints, order: Ints, labels: Ints, mass: Ints, allowed: Ints) -> int:
    # The same as _fit, box for box: allowed[b] holds the nodes that may join box b.
    n_boxes = 0
    words = bits.shape[1]
    for k in range(order.size):
        v = order[k]
        box = 0
        while box < n_boxes and not (allowed[box, v // 63] >> (v % 63)) & 1:
            box += 1
        if box == n_boxes:
            mass[box] = 0
            copy_row(allowed[box], bits[v])
            n_boxes += 1
        else:
            for w in range(words):
                allowed[box, w] &= bits[v, w]
        labels[v] = box
        mass[box] += 1
    return n_boxes


@kernel
def _reorder(n_boxes: int, mass: Ints, kind: int, seed: int, rank: Ints, places: Ints) -> int:
    # rank[box] = place of the box in the next pass. kind 0: reversed, 1: shuffled, 2: largest
    # first (ties as they stand; a counting sort). Returns the next random state.
    if kind == 0:
        for b in range(n_boxes):
            rank[b] = n_boxes - 1 - b
    elif kind == 1:
        for b in range(n_boxes):
            rank[b] = b
        for b in range(n_boxes - 1, 0, -1):
            seed = seed * 48271 % 2147483647
            other = seed % (b + 1)
            rank[b], rank[other] = rank[other], rank[b]
    else:
        for size in range(places.size):
            places[size] = 0
        for b in range(n_boxes):
            places[places.size - mass[b]] += 1
        end = n_boxes
        for size in range(places.size - 1, -1, -1):
            end -= places[size]
            places[size] = end
        for b in range(n_boxes):
            size = places.size - mass[b]
            rank[b] = places[size]
            places[size] += 1
    return seed


@kernel
def _lay_out(labels: Ints, n_boxes: int, mass: Ints, rank: Ints, starts: Ints, order: Ints) -> None:
    # order = nodes box by box, boxes by rank (counting sort).
    starts[:n_boxes] = 0
    for b in range(n_boxes):
        if rank[b] + 1 < n_boxes:
            starts[rank[b] + 1] = mass[b]
    for r in range(1, n_boxes):
        starts[r] += starts[r - 1]
    for v in range(labels.size):
        r = rank[labels[v]]
        order[starts[r]] = v
        starts[r] += 1


@kernel
def _iterate(
    indptr: Ints, indices: Ints, bits: Ints, labels: Ints, work: Ints, state: Ints, budget: int
) -> None:
    # work holds six scratch rows of n_nodes; bits has no rows where lists are the better table.
    order, mass, tally, seen, rank, starts = work[0], work[1], work[2], work[3], work[4], work[5]
    steps = 0
    cost = indices.size + 8 * labels.size + 1
    allowed = np.empty_like(bits)
    if bits.size > 0:
        cost = bits.size + labels.size * (state[N_BOXES] // 2 + 8)
    while (
        state[N_BOXES] > state[ENOUGH]
        and state[PASSES_LEFT] > 0
        and state[STALLED] < state[PATIENCE]
        and steps < budget
    ):
        state[RANDOM] = state[RANDOM] * 48271 % 2147483647  # Lehmer's generator
        draw = state[RANDOM] % 10
        kind = 0 if draw < 5 else (1 if draw < 8 else 2)  # Culberson's mix of orders
        state[RANDOM] = _reorder(state[N_BOXES], mass, kind, state[RANDOM], rank, tally)
        _lay_out(labels, state[N_BOXES], mass, rank, starts, order)
        if bits.size > 0:
            n_boxes = _fit_rows(bits, order, labels, mass, allowed)
        else:
            n_boxes = _fit(indptr, indices, order, labels, mass, tally, seen)
        state[PASSES_LEFT] -= 1
        state[STALLED] += 1
        if n_boxes < state[N_BOXES]:
            state[N_BOXES] = n_boxes
            state[STALLED] = 0
        steps += cost


def fit_boxes(indptr: Ints, indices: Ints, order: Ints) -> Ints:
    """Put every node, in ``order``, into the first box that takes it.

    Examples
    --------
    >>> path = np.array([0, 1, 3, 4]), np.array([1, 0, 2, 1])
    >>> fit_boxes(*path, np.arange(3))
    array([0, 0, 1])
    """
    n_nodes = indptr.size - 1
    labels = np.empty(n_nodes, dtype=np.int64)
    work = np.zeros((3, n_nodes), dtype=np.int64)
    _fit(indptr, indices, order, labels, work[0], work[1], work[2])
    return labels


def iterate_boxes(
    indptr: Ints,
    indices: Ints,
    labels: Ints,
    clock: Clock,
    rng: np.random.Generator,
    *,
    passes: int,
    patience: int,
    enough: int = 1,
    bits: Ints | None = None,
) -> Ints:
    """Recolour boxes until there are ``enough``, or nothing was gained for long.

    Parameters
    ----------
    indptr, indices : ndarray of int64
        Rows of the relation.
    labels : ndarray of int64, shape (n_nodes,)
        A valid cover, boxes 0 … n_boxes − 1.
    clock : Clock
        Deadline; looked at about every ten milliseconds.
    rng : numpy Generator
        Gives one seed.
    passes, patience : int
        At most so many passes in all, and in a row without a gain.
    enough : int, default=1
        Stop at so many boxes.
    bits : ndarray of int64, optional
        The rows as bits, own bits included, if they are there already. They are used where rows
        are dense; the result is the same.

    Returns
    -------
    ndarray of int64, shape (n_nodes,)
        A valid cover of at most as many boxes.

    Examples
    --------
    >>> path = np.array([0, 1, 3, 5, 6]), np.array([1, 0, 2, 1, 3, 2])
    >>> start = np.array([0, 1, 1, 2])
    >>> iterate_boxes(*path, start, Clock(None), np.random.default_rng(0), passes=50, patience=50)
    array([0, 0, 1, 1])
    """
    n_nodes = indptr.size - 1
    labels = labels.copy()
    work = np.zeros((6, n_nodes), dtype=np.int64)
    masses = np.bincount(labels)
    work[1, : masses.size] = masses
    seed = int(rng.integers(1, MODULUS))
    state = np.array([masses.size, passes, 0, seed, enough, patience], dtype=np.int64)
    if not has_dense_rows(indptr, indices) or indices.size < n_nodes * masses.size // 2:
        bits = np.empty((0, 0), dtype=np.int64)
    elif bits is None:
        bits = pack_lists(indptr[:-1], indptr[1:], indices)
    while (
        state[N_BOXES] > enough
        and state[PASSES_LEFT] > 0
        and state[STALLED] < patience
        and not clock.expired
    ):
        _iterate(indptr, indices, bits, labels, work, state, CHUNK)
    return labels


@kernel
def _tally(absent: Ints, v: int, box: int, change: int, conflicts: Ints) -> int:
    # v joins (1) or leaves (-1) a box: those that may not share one with it have a conflict more.
    count = 0
    for w in range(absent.shape[1]):
        left = absent[v, w]
        while left:
            conflicts[63 * w + lowest_bit(left), box] += change
            left &= left - 1
            count += 1
    return count


@kernel
def _fill_boxes(absent: Ints, labels: Ints, inside: Ints, conflicts: Ints) -> None:
    for v in range(labels.size):
        if labels[v] >= 0:
            inside[labels[v], v // 63] |= 1 << (v % 63)
            _tally(absent, v, labels[v], 1, conflicts)


@kernel
def _find_move(conflicts: Ints, barred: Ints, bare: Ints, state: Ints) -> tuple[int, int]:
    # The node left out and the box in which it has fewest conflicts, ties at random; a box that
    # evicted it is barred for some moves, unless there is none. (-1, -1): all are barred.
    node = box = -1
    least = conflicts.shape[0]
    ties = 0
    for v in bare[: state[N_BARE]]:
        for b in range(state[N_BOXES]):
            if conflicts[v, b] > least or (conflicts[v, b] > 0 and barred[v, b] >= state[MOVES]):
                continue
            if conflicts[v, b] < least:
                least = conflicts[v, b]
                ties = 0
            ties += 1
            state[RANDOM] = state[RANDOM] * 48271 % 2147483647
            if state[RANDOM] % ties == 0:
                node, box = v, b
    return node, box


@kernel
def _squeeze(
    absent: Ints,
    inside: Ints,
    labels: Ints,
    bare: Ints,
    conflicts: Ints,
    barred: Ints,
    state: Ints,
    budget: int,
) -> None:
    # Moves until no node is left out or the budget of steps is used. absent and inside: whom a node
    # may not share a box with, and what a box holds, as bits.
    steps = 0
    while state[N_BARE] > 0 and steps < budget:
        state[MOVES] += 1
        v, box = _find_move(conflicts, barred, bare, state)
        steps += state[N_BARE] * state[N_BOXES] + absent.shape[1]
        if v < 0:
            continue
        tenure = 3 * state[N_BARE] // 5
        place = 0
        while bare[place] != v:
            place += 1
        state[N_BARE] -= 1
        bare[place] = bare[state[N_BARE]]
        labels[v] = box
        steps += _tally(absent, v, box, 1, conflicts)
        for w in range(absent.shape[1]):
            left = inside[box, w] & absent[v, w]
            inside[box, w] ^= left
            while left:
                u = 63 * w + lowest_bit(left)
                left &= left - 1
                labels[u] = -1
                bare[state[N_BARE]] = u
                state[N_BARE] += 1
                steps += _tally(absent, u, box, -1, conflicts)
                state[RANDOM] = state[RANDOM] * 48271 % 2147483647
                barred[u, box] = state[MOVES] + tenure + state[RANDOM] % 10
        inside[box, v // 63] |= 1 << (v % 63)


def dissolve_boxes(
    bits: Ints,
    labels: Ints,
    clock: Clock,
    rng: np.random.Generator,
    *,
    moves: int,
    enough: int = 1,
) -> Ints:
    """Leave out the smallest box again and again, and squeeze its nodes into the others.

    Parameters
    ----------
    bits : ndarray of int64, shape (n_nodes, n_words)
        The relation as rows of bits, own bits included.
    labels : ndarray of int64, shape (n_nodes,)
        A valid cover, boxes 0 … n_boxes − 1.
    clock : Clock
        Deadline; looked at about every ten milliseconds.
    rng : numpy Generator
        Gives one seed.
    moves : int
        Give up a box after so many moves.
    enough : int, default=1
        Stop at so many boxes.

    Returns
    -------
    ndarray of int64, shape (n_nodes,)
        A valid cover of at most as many boxes. Memory is O(nodes × boxes).

    Examples
    --------
    >>> path = np.array([0b0011, 0b0111, 0b1110, 0b1100])[:, None]
    >>> start, rng = np.array([0, 1, 1, 2]), np.random.default_rng(0)
    >>> dissolve_boxes(path, start, Clock(None), rng, moves=99, enough=2)
    array([1, 1, 0, 0])
    """
    n_nodes, words = bits.shape
    members = np.zeros(words, dtype=np.int64)
    np.bitwise_or.at(members, np.arange(n_nodes) // 63, 1 << (np.arange(n_nodes) % 63))
    absent = members & ~bits
    seed = int(rng.integers(1, MODULUS))
    while True:
        sizes = np.bincount(labels)
        n_boxes = sizes.size - 1
        if n_boxes < max(enough, 1) or n_nodes * n_boxes > LARGEST_TABLE or clock.expired:
            return labels
        smallest = int(sizes.argmin())
        trial = np.where(labels == smallest, -1, labels - (labels > smallest))
        inside = np.zeros((n_boxes, words), dtype=np.int64)
        conflicts = np.zeros((n_nodes, n_boxes), dtype=np.int64)
        _fill_boxes(absent, trial, inside, conflicts)
        bare = np.zeros(n_nodes, dtype=np.int64)
        bare[: sizes[smallest]] = np.flatnonzero(trial < 0)
        state = np.array([n_boxes, 0, sizes[smallest], seed], dtype=np.int64)
        barred = np.zeros_like(conflicts)
        while state[N_BARE] > 0 and state[MOVES] < moves and not clock.expired:
            _squeeze(absent, inside, trial, bare, conflicts, barred, state, CHUNK)
        if state[N_BARE] > 0:
            return labels
        labels, seed = trial, int(state[RANDOM])
