"""Compact box burning (CBB): boxes filled with random candidates until none fits.

A box starts with all uncovered nodes as candidates. A random candidate joins the box, and only
candidates within ``size`` of it remain; repeat until none is left, then the next box. Nothing
uncovered could be added to any box when it is closed. One search per node, cut off at ``size``
and when all candidates are met.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.kernels import kernel
from featgraph.kernels.bits import has_bit, lowest_bit
from featgraph.kernels.random import draw_uniform
from featgraph.kernels.search import widen

__all__ = ["solve"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def solve(space: MetricSpace, size: float, rng: np.random.Generator) -> RawCover:
    """Return compact boxes, from searches or from rows of bits, whichever costs less."""
    if space.prefers_bits(size):
        labels, _ = _burn_bits(space.bits(size), rng.integers(1, 2**63, size=1))
    else:
        labels, _ = _burn(*space.rows(size), rng.random(space.n_nodes))
    return RawCover(labels)


@kernel
def _burn(starts: Ints, stops: Ints, indices: Ints, hops: int, draws: Floats) -> tuple[Ints, Ints]:
    # Labels, and the nodes in the order they were drawn.
    #
    # pool[:n_left] are the uncovered nodes, place their positions in it; the candidates of the
    # box at hand stand first, pool[:n_open]. A draw u takes the one at int(u * number).
    n_nodes = draws.size
    labels = np.full(n_nodes, -1, dtype=np.int64)
    order = np.empty(n_nodes, dtype=np.int64)
    pool = np.arange(n_nodes)
    place = np.arange(n_nodes)
    seen = np.full(n_nodes, -1, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    n_left, n_open, box = n_nodes, n_nodes, 0
    for k in range(n_nodes):
        if n_open == 0:
            box += 1
            n_open = n_left
        node = pool[int(draws[k] * n_open)]
        labels[node] = box
        order[k] = node
        for last in (n_open - 1, n_left - 1):  # out of the candidates, then out of the pool
            other, here = pool[last], place[node]
            pool[here], pool[last] = other, node
            place[other], place[node] = here, last
        n_open -= 1
        n_left -= 1
        n_met = 0
        if n_open > 0:
            queue[0] = node
            seen[node] = k
            head, tail, distance = 0, 1, 0
            while head < tail and distance < hops and n_met < n_open:
                head, tail = tail, widen(starts, stops, indices, k, head, tail, seen, queue)
                distance += 1
                for q in range(head, tail):
                    v = queue[q]
                    here = place[v]
                    if n_met <= here < n_open:  # a candidate: to the front
                        other = pool[n_met]
                        pool[n_met], pool[here] = v, other
                        place[v], place[other] = n_met, here
                        n_met += 1
        n_open = n_met
    return labels, order


@kernel
def _burn_bits(bits: Ints, state: Ints) -> tuple[Ints, Ints]:
    # The same from rows of bits. A random candidate of those left is the first that is still
    # one in a random order of all; allowed are the nodes within the size of all members.
    n_nodes, n_words = bits.shape
    labels = np.full(n_nodes, -1, dtype=np.int64)
    order = np.empty(n_nodes, dtype=np.int64)
    pool = np.arange(n_nodes)
    allowed = np.empty(n_words, dtype=np.int64)
    open_ = np.empty(n_nodes, dtype=np.int64)
    n_left, k, box = n_nodes, 0, 0
    while k < n_nodes:
        place = int(draw_uniform(state) * n_left)
        seed = pool[place]
        n_left -= 1
        pool[place] = pool[n_left]
        if labels[seed] >= 0:
            continue  # went into a box since; a random one of the rest is drawn
        labels[seed] = box
        order[k] = seed
        k += 1
        n_open = 0
        for w in range(n_words):
            word = bits[seed, w]
            allowed[w] = word
            while word:
                v = 63 * w + lowest_bit(word)
                word &= word - 1
                if labels[v] < 0:
                    open_[n_open] = v
                    n_open += 1
        for p in range(n_open):
            place = p + int(draw_uniform(state) * (n_open - p))
            v = open_[place]
            open_[place] = open_[p]
            if has_bit(allowed, v):
                labels[v] = box
                order[k] = v
                k += 1
                for w in range(n_words):
                    allowed[w] &= bits[v, w]
        box += 1
    return labels, order
