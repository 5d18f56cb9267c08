"""Greedy covering: nodes one by one, each into the first box that can take it.

Nodes are taken in ``order``; each goes into the lowest-numbered box all of whose members are at
most ``size`` away from it, or opens a new box. This is greedy colouring of the auxiliary graph
that joins every two nodes farther apart than ``size``. Boxes come in order of their opening.

Orders: by rising degree, nodes of low degree have the most others far away, and colouring takes
those first (Welsh and Powell): on networks some 5 % fewer boxes than in random order, in one
pass. Smallest-last: of the nodes not yet placed in the order, the one with most others of them
within ``size`` comes last; repeat. DSATUR: next is the node that fits into the fewest boxes, of
these the one with the fewest nodes within ``size``. Both break ties at random.

A box admits node i exactly if the number of its members within ``size`` of i equals its mass, so
one search around i decides about all boxes, and for all sizes at once where the order does not
depend on the size. Where balls are large against the graph, 504 nodes at a time spread as bits
instead.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.boxes.bits import count_rows
from featgraph.boxes.feature_space import FeatureSpace
from featgraph.boxes.metric_space import HopSpace, MetricSpace, Neighborhoods, RawCover
from featgraph.boxes.node_orders import NO_BITS, fit_dsatur, order_smallest_last
from featgraph.kernels import kernel, light_kernel
from featgraph.kernels.bits import (
    BLOCK,
    BLOCK_WORDS,
    WORD,
    begin_block,
    copy_row,
    spread_block,
)
from featgraph.kernels.search import widen

__all__ = [
    "count_sizes",
    "fit_bits",
    "fit_blocks",
    "fit_lists",
    "fit_nodes",
    "open_fit",
    "pass_length",
    "prefer_blocks",
    "solve",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BY_SIZE = ("smallest_last", "dsatur")
MOST_NUMBERS = 2**23  # per table of a pass: a million nodes take 8 sizes at once
FIRST_NODES = 4096
CHUNK = 0.1  # seconds


def solve(
    space: MetricSpace, size: float, rng: np.random.Generator, *, order: str | ArrayLike
) -> RawCover:
    """Return first-fit boxes of one size."""
    rows = space.rows(size)
    if isinstance(order, str) and order in BY_SIZE:
        ties = rng.permutation(space.n_nodes)
        # these two look at every ball twice; explicit lists need no bits
        is_faster = space.name == "hop" and space.prefers_bits(size, same=True)
        bits = space.bits(size) if is_faster else NO_BITS
        if is_faster and space.is_complete(count_rows(bits)):
            return RawCover(space.components)
        if order == "dsatur":
            return RawCover(fit_dsatur(*rows, ties, bits=bits))
        sequence = order_smallest_last(*rows, ties, bits=bits)
    else:
        sequence = order_nodes(rows, order, rng)
    if isinstance(space, FeatureSpace):
        if space.is_dense(size):
            return RawCover(_first_fit_dense(space.distances, sequence, size))
    elif space.name != "hop" and space.is_dense(size):
        return RawCover(fit_bits(space.bits(size), sequence))
    fit = fit_blocks if prefer_blocks(space, size) else fit_nodes
    return RawCover(fit(rows, sequence, np.array([rows.hops]))[0][:, 0])


def pass_length(space: MetricSpace, sizes: list[float], *, order: str | ArrayLike) -> int:
    """Return how many of ``sizes`` one pass answers, 0 where the order depends on the size."""
    by_size = isinstance(order, str) and order in BY_SIZE
    if by_size or space.name != "hop":
        return 0
    return max(1, MOST_NUMBERS // space.n_nodes)


def count_sizes(
    space: MetricSpace,
    sizes: list[float],
    rng: np.random.Generator,
    *,
    order: str | ArrayLike,
    note: Callable[[float], None],
) -> Ints:
    """Return the number of boxes of every size from one pass; ``note`` is told the share done."""
    rows = space.rows(sizes[-1])
    sequence = order_nodes(rows, order, rng)
    found = {}
    for size in sizes:
        trivial = space.trivial_cover(size)
        if trivial is not None:
            found[size] = int(trivial.labels.max()) + 1
    left = [size for size in sizes if size not in found]
    wide = [size for size in left if prefer_blocks(space, size)]
    near = [size for size in left if size not in wide]
    for some, fit, start in ((near, fit_nodes, 0), (wide, fit_blocks, len(near))):

        def tell(done: float, start: int = start, share: int = len(some)) -> None:
            note((start + done * share) / len(left))

        if some:
            n_boxes = fit(rows, sequence, np.array(some, dtype=np.int64), tell)[1]
            found |= dict(zip(some, n_boxes.tolist(), strict=True))
    return np.array([found[size] for size in sizes], dtype=np.int64)


def fit_nodes(
    rows: Neighborhoods, order: Ints, sizes: Ints, note: Callable[[float], None] | None = None
) -> tuple[Ints, Ints]:
    """Return labels of shape (n_nodes, n_sizes) and the number of boxes of each size (rising).

    The kernel takes as many nodes at a time as it places in a fraction of a second, so that
    Ctrl-C has an effect in between.
    """
    n_nodes, shape = order.size, (order.size, sizes.size)
    labels, tally = np.full(shape, -1, np.int64), np.full(shape, -1, np.int64)
    masses = np.zeros(shape, dtype=np.int64)
    n_boxes = np.zeros(sizes.size, dtype=np.int64)
    seen, queue = np.full(n_nodes, -1, np.int64), np.empty(n_nodes, np.int64)
    low, step = 0, FIRST_NODES
    while low < n_nodes and sizes.size:
        begin, high = time.perf_counter(), min(low + step, n_nodes)
        _first_fit(*rows[:3], order, sizes, low, high, labels, masses, tally, n_boxes, seen, queue)
        spent = max(time.perf_counter() - begin, 1e-9)  # clocks may be coarse
        step = int(min(8, max(CHUNK / spent, 0.1)) * (high - low)) + 1
        low = high
        if note is not None:
            note(low / n_nodes)
    return labels, n_boxes


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


def order_nodes(rows: Neighborhoods, order: str | ArrayLike, rng: np.random.Generator) -> Ints:
    """Return the node indices in the order asked for."""
    n_nodes = rows.starts.size
    if not isinstance(order, str):
        given = np.asarray(order)
        if given.shape != (n_nodes,) or not np.array_equal(np.sort(given), np.arange(n_nodes)):
            raise ValueError(
                f"order must name each of the {n_nodes} nodes once by its index from 0, "
                f"got {given.size} entries of {given.dtype}"
            )
        return given.astype(np.int64)
    if order == "index":
        return np.arange(n_nodes, dtype=np.int64)
    ties = rng.permutation(n_nodes)
    if order == "degree":
        return ties[np.argsort((rows.stops - rows.starts)[ties], kind="stable")]
    return ties


@light_kernel
def _first_fit(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    order: Ints,
    sizes: Ints,
    low: int,
    high: int,
    labels: Ints,
    masses: Ints,
    tally: Ints,
    n_boxes: Ints,
    seen: Ints,
    queue: Ints,
) -> None:
    # Places order[low:high]. labels[v, s]: box of v at sizes[s] (rising). tally[b, s] counts
    # members of box b found around the node at hand; it restarts at a new base for each node,
    # so nothing is cleared.
    n_nodes, n_sizes = order.size, sizes.size
    best = np.empty(n_sizes, dtype=np.int64)
    for k in range(low, high):
        base = k * (n_nodes + 1)
        queue[0] = order[k]
        seen[order[k]] = k
        head, tail, distance, first = 0, 1, 0, 0
        copy_row(best, n_boxes)
        while head < tail and distance < sizes[-1]:
            head, tail = tail, widen(starts, stops, indices, k, head, tail, seen, queue)
            distance += 1
            while sizes[first] < distance:
                first += 1
            for q in range(head, tail):
                v = queue[q]
                if labels[v, 0] >= 0:
                    for s in range(first, n_sizes):
                        box = labels[v, s]
                        count = max(tally[box, s], base) + 1
                        tally[box, s] = count
                        if count - base == masses[box, s] and box < best[s]:
                            best[s] = box
        for s in range(n_sizes):
            labels[order[k], s] = best[s]
            masses[best[s], s] += 1
            if best[s] == n_boxes[s]:
                n_boxes[s] += 1


@kernel
def _first_fit_dense(distances: Floats, order: Ints, size: float) -> Ints:
    # The same boxes from a matrix where most pairs are within size: boxes are few, and looking
    # through one ends at the first member too far away. next_in_box chains the members.
    n_nodes = order.size
    labels = np.full(n_nodes, -1, dtype=np.int64)
    newest = np.empty(n_nodes, dtype=np.int64)
    next_in_box = np.full(n_nodes, -1, dtype=np.int64)
    n_boxes = 0
    for node in order:
        box = 0
        while box < n_boxes:
            member = newest[box]
            while member >= 0 and distances[node, member] <= size:
                member = next_in_box[member]
            if member < 0:
                break
            box += 1
        if box == n_boxes:
            n_boxes += 1
        else:
            next_in_box[node] = newest[box]
        newest[box] = node
        labels[node] = box
    return labels


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


def prefer_blocks(space: MetricSpace, size: float) -> bool:
    """Tell whether ``fit_blocks`` costs less than a search from every node."""
    if not isinstance(space, HopSpace):
        return False
    # A search looks at the edges and nodes of a ball; a block at all edges and nodes once per
    # hop, and each node at about half of some 5 n / (nodes in a ball) boxes.
    edges, nodes = space.probe(size)
    shared = (size * (space.indices.size + space.n_nodes) + 2 * space.n_nodes) / BLOCK
    return edges + nodes > shared + 2 * space.n_nodes / nodes


def fit_blocks(
    rows: Neighborhoods, order: Ints, sizes: Ints, note: Callable[[float], None] | None = None
) -> tuple[Ints, Ints]:
    """Return labels of shape (n_nodes, n_sizes) and the number of boxes of each size (rising).

    The same boxes again, for hops: 504 nodes of the order spread as bits, and a box admits
    those of them that reach all its members. O(n_nodes · (hops · n_edges + n_nodes · n_sizes)
    / 504) time beside the boxes looked at, O(n_nodes · n_sizes) memory, whatever the sizes.
    """
    n_nodes = order.size
    labels = np.full((n_nodes, sizes.size), -1, dtype=np.int64)
    n_boxes = np.zeros(sizes.size, dtype=np.int64)
    words = np.empty((3, n_nodes, BLOCK_WORDS), dtype=np.int64)
    for low in range(0, n_nodes, BLOCK):
        _fit_block(rows.starts, rows.stops, rows.indices, order, sizes, low, labels, n_boxes, words)
        if note is not None:
            note(min(low + BLOCK, n_nodes) / n_nodes)
    return labels, n_boxes


@light_kernel
def _fit_block(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    order: Ints,
    sizes: Ints,
    low: int,
    labels: Ints,
    n_boxes: Ints,
    words: Ints,
) -> None:
    # Places order[low : low + 504]. Bit i of admits[b]: node order[low + i] is within the size
    # of all members of box b.
    reach, wider, admits = words[0], words[1], words[2]
    begin_block(order, low, reach)
    hops = 0
    for s in range(sizes.size):
        while hops < sizes[s]:
            spread_block(starts, stops, indices, reach, wider)
            reach, wider = wider, reach
            hops += 1
        admits[: n_boxes[s]] = -1
        for k in range(low):
            box = labels[order[k], s]
            for w in range(BLOCK_WORDS):
                admits[box, w] &= reach[order[k], w]
        for i in range(min(BLOCK, order.size - low)):
            node, word, bit = order[low + i], i // WORD, np.int64(1) << (i % WORD)
            box = 0
            while box < n_boxes[s] and admits[box, word] & bit == 0:
                box += 1
            if box == n_boxes[s]:
                n_boxes[s] += 1
                admits[box] = -1
            for w in range(BLOCK_WORDS):
                admits[box, w] &= reach[node, w]
            labels[node, s] = box
