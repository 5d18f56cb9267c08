"""Orders of greedy covering that depend on who is within the size: smallest-last and DSATUR.

In the auxiliary graph, which joins nodes farther apart than the size, the degree of a node is
n_nodes minus the number of nodes within the size. Both kernels count those, so the auxiliary
graph is never built.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels import kernel
from featgraph.kernels.bits import count_bits, lowest_bit
from featgraph.kernels.search import list_ball
from featgraph.kernels.sorting import replace_largest

__all__ = ["NO_BITS", "fit_dsatur", "order_smallest_last"]

Ints = NDArray[np.int64]

NO_BITS = np.zeros((0, 0), dtype=np.int64)


def order_smallest_last(
    starts: Ints, stops: Ints, indices: Ints, hops: int, ties: Ints, *, bits: Ints = NO_BITS
) -> Ints:
    """Return the smallest-last order of the auxiliary graph; of equals the first in ``ties``.

    Who is within the size is read from rows of ``bits`` where they are given, else searched.
    The order is filled from its end: the node with the most remaining nodes within the size
    comes last, and is no longer counted.
    """
    rank = np.empty(ties.size, dtype=np.int64)
    rank[ties] = np.arange(ties.size)
    return np.asarray(_smallest_last(starts, stops, indices, hops, bits, rank))


def fit_dsatur(
    starts: Ints, stops: Ints, indices: Ints, hops: int, ties: Ints, *, bits: Ints = NO_BITS
) -> Ints:
    """Return the first-fit boxes in DSATUR order; of equals the first in ``ties`` is next.

    Next is the node that the fewest boxes admit, of these the one with the fewest nodes within
    the size. Each box keeps the list of nodes that it still admits: it starts as the ball of
    the first member and only shrinks, so the work is that of one ball per node.
    """
    rank = np.empty(ties.size, dtype=np.int64)
    rank[ties] = np.arange(ties.size)
    return np.asarray(_dsatur(starts, stops, indices, hops, bits, rank))


@kernel
def _list_within(
    starts: Ints, stops: Ints, indices: Ints, hops: int, bits: Ints,
    source: int, stamp: int, seen: Ints, queue: Ints,
) -> int:  # fmt: skip
    # Puts the nodes within hops of the source into the queue, itself first.
    if bits.size == 0:
        return list_ball(starts, stops, indices, hops, source, stamp, seen, queue)
    queue[0] = source
    seen[source] = stamp
    count = 1
    for w in range(bits.shape[1]):
        word = bits[source, w]
        while word:
            u = 63 * w + lowest_bit(word)
            word &= word - 1
            if u != source:
                seen[u] = stamp
                queue[count] = u
                count += 1
    return count


@kernel
def _count_near(
    starts: Ints, stops: Ints, indices: Ints, hops: int, bits: Ints,
    source: int, stamp: int, seen: Ints, queue: Ints,
) -> int:  # fmt: skip
    # Returns how many nodes are within hops of the source.
    if bits.size == 0:
        return list_ball(starts, stops, indices, hops, source, stamp, seen, queue)
    count = 0
    for w in range(bits.shape[1]):
        count += count_bits(bits[source, w])
    return count


@kernel
def _smallest_last(
    starts: Ints, stops: Ints, indices: Ints, hops: int, bits: Ints, rank: Ints
) -> Ints:
    # Buckets by number of remaining nodes within hops; the fullest ball (the smallest degree in
    # the auxiliary graph) is taken last. A heap entry is mass * n + (n - 1 - rank), stale ones
    # are corrected when they come up: masses only fall.
    n_nodes = starts.size
    seen = np.full(n_nodes, -1, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    mass = np.zeros(n_nodes, dtype=np.int64)
    order = np.empty(n_nodes, dtype=np.int64)
    heap = np.empty(n_nodes, dtype=np.int64)
    by_rank = np.empty(n_nodes, dtype=np.int64)
    for v in range(n_nodes):
        by_rank[n_nodes - 1 - rank[v]] = v
        mass[v] = _count_near(starts, stops, indices, hops, bits, v, v, seen, queue)
        heap[v] = mass[v] * n_nodes + n_nodes - 1 - rank[v]
    heap[:] = -np.sort(-heap)  # falling: a valid heap with the largest first
    n_heap = n_nodes
    for place in range(n_nodes - 1, -1, -1):
        v = by_rank[heap[0] % n_nodes]
        while heap[0] // n_nodes != mass[v]:
            replace_largest(heap, n_heap, mass[v] * n_nodes + n_nodes - 1 - rank[v])
            v = by_rank[heap[0] % n_nodes]
        n_heap -= 1
        replace_largest(heap, n_heap, heap[n_heap])
        order[place] = v
        count = _list_within(starts, stops, indices, hops, bits, v, n_nodes + v, seen, queue)
        for k in range(count):
            mass[queue[k]] -= 1
    return order


@kernel
def _plant(key: Ints) -> Ints:
    # Tournament tree: leaves behind, each place above holds the better of the two below.
    n_leaves = key.size
    tree = np.empty(2 * n_leaves, dtype=np.int64)
    tree[n_leaves:] = np.arange(n_leaves)
    for place in range(n_leaves - 1, 0, -1):
        left, right = tree[2 * place], tree[2 * place + 1]
        tree[place] = left if key[left] <= key[right] else right
    return tree


@kernel
def _raise_winner(tree: Ints, n_leaves: int, key: Ints, leaf: int) -> None:
    # Tournament tree with the smallest key on top, replayed from one leaf.
    place = (n_leaves + leaf) // 2
    while place > 0:
        left, right = tree[2 * place], tree[2 * place + 1]
        tree[place] = left if key[left] <= key[right] else right
        place //= 2


@kernel
def _dsatur(starts: Ints, stops: Ints, indices: Ints, hops: int, bits: Ints, rank: Ints) -> Ints:
    n_nodes = rank.size
    seen = np.full(n_nodes, -1, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    # key: (boxes that admit the node, nodes within the size, rank) as one number
    key = np.empty(n_nodes, dtype=np.int64)
    for v in range(n_nodes):
        count = _count_near(starts, stops, indices, hops, bits, v, v, seen, queue)
        key[v] = count * n_nodes + rank[v]
    one_box = (n_nodes + 1) * n_nodes
    tree = _plant(key)
    labels = np.full(n_nodes, -1, dtype=np.int64)
    masses = np.zeros(n_nodes, dtype=np.int64)
    tally = np.full(n_nodes, -1, dtype=np.int64)
    first = np.zeros(n_nodes, dtype=np.int64)  # admitted by box b: pool[first[b]:last[b]]
    last = np.zeros(n_nodes, dtype=np.int64)
    pool = np.empty(4 * n_nodes, dtype=np.int64)
    n_pool, n_boxes = 0, 0
    for k in range(n_nodes):
        v = tree[1] if n_nodes > 1 else 0
        stamp = n_nodes + k
        count = _list_within(starts, stops, indices, hops, bits, v, stamp, seen, queue)
        base = k * (n_nodes + 1)
        box = n_boxes
        for q in range(1, count):
            b = labels[queue[q]]
            if b >= 0:
                tally[b] = max(tally[b], base) + 1
                if tally[b] - base == masses[b] and b < box:
                    box = b
        labels[v] = box
        masses[box] += 1
        key[v] = np.iinfo(np.int64).max  # never again
        _raise_winner(tree, n_nodes, key, v)
        if box == n_boxes:
            n_boxes += 1
            if n_pool + count > pool.size:
                pool = np.concatenate((pool, np.empty(pool.size + count, dtype=np.int64)))
            first[box] = n_pool
            for q in range(1, count):
                u = queue[q]
                if labels[u] < 0:
                    pool[n_pool] = u
                    n_pool += 1
                    key[u] += one_box
                    _raise_winner(tree, n_nodes, key, u)
            last[box] = n_pool
        else:
            kept = first[box]
            for q in range(first[box], last[box]):
                u = pool[q]
                if labels[u] < 0:
                    if seen[u] == stamp:
                        pool[kept] = u
                        kept += 1
                    else:
                        key[u] -= one_box
                        _raise_winner(tree, n_nodes, key, u)
            last[box] = kept
    return labels
