"""Compiled swapping of edges that keeps every degree, on lists of neighbours.

Rows of the CSR arrays never change their length, so a swap rewrites four entries in place.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels import kernel
from featgraph.kernels.random import draw_uniform
from featgraph.kernels.rings import lengthens

__all__ = ["draw_swaps", "swap_edges"]

Ints = NDArray[np.int64]


@kernel
def draw_swaps(state: Ints, n_entries: int, n_ring: int, draws: Ints) -> None:
    """Fill ``draws``, shape (n_draws, 3), with two entries and a free number below 2³¹ each.

    With ``n_ring`` nodes on a ring the second is a distance on it, as many tries in every octave:
    near ones shape the end, far ones the start.
    """
    octaves = math.log(max(n_ring / 2, 1.0))
    for row in range(draws.shape[0]):
        draws[row, 0] = int(draw_uniform(state) * n_entries)
        if n_ring > 0:
            far = int(math.exp(draw_uniform(state) * octaves))
            free = int(draw_uniform(state) * 4294967296.0)
            draws[row, 1] = far if free & 1 else -far
            draws[row, 2] = free >> 1
        else:
            draws[row, 1] = int(draw_uniform(state) * n_entries)
            draws[row, 2] = 0


@kernel
def _joined(indptr: Ints, indices: Ints, left: int, right: int) -> bool:
    if indptr[left + 1] - indptr[left] > indptr[right + 1] - indptr[right]:
        left, right = right, left
    for at in range(indptr[left], indptr[left + 1]):  # noqa: SIM110 - any() does not compile
        if indices[at] == right:
            return True
    return False


@kernel
def _swap(indices: Ints, twins: Ints, one: int, two: int) -> None:
    """Exchange the heads of two entries, and of their twins; doing it again undoes it."""
    back_one, back_two = twins[one], twins[two]
    indices[one], indices[two] = indices[two], indices[one]
    indices[back_one], indices[back_two] = indices[back_two], indices[back_one]
    twins[one], twins[back_two] = back_two, one
    twins[two], twins[back_one] = back_one, two


@kernel
def _meet(
    indptr: Ints, indices: Ints, one: int, two: int, stamp: int, seen: Ints, queues: Ints
) -> bool:
    """Whether two nodes are connected: searches from both, the one that looked less goes on.

    ``seen`` holds numbers below ``2 * stamp``; the search ends where the two meet, or where one
    has nowhere to go.
    """
    queues[0, 0], queues[1, 0] = one, two
    seen[one], seen[two] = 2 * stamp, 2 * stamp + 1
    head, tail, looked = 0, 1, 0
    other_head, other_tail, other_looked = 0, 1, 0
    side = 0
    while head < tail:
        node = queues[side, head]
        head += 1
        looked += indptr[node + 1] - indptr[node]
        for k in range(indptr[node], indptr[node + 1]):
            near = indices[k]
            if seen[near] == 2 * stamp + 1 - side:
                return True
            if seen[near] != 2 * stamp + side:
                seen[near] = 2 * stamp + side
                queues[side, tail] = near
                tail += 1
        if looked > other_looked:
            side = 1 - side
            head, other_head = other_head, head
            tail, other_tail = other_tail, tail
            looked, other_looked = other_looked, looked
    return False


@kernel
def swap_edges(
    indptr: Ints,
    indices: Ints,
    twins: Ints,
    tails: Ints,
    draws: Ints,
    n_ring: int,
    connected: bool,
) -> int:
    """Try to swap the entries of each row of ``draws``: a–b and c–d become a–d and c–b.

    Where the first ``n_ring`` nodes stand on a ring, a row names an entry a–b, how many places
    from a to go to d, and which entry of d is d–c; and the two new edges together must not be
    longer on the ring. ``connected`` undoes a swap that takes the graph apart: it does exactly
    where a and c, one of which is in every part, are no longer connected. Returns the number of
    swaps that stay.
    """
    n_nodes = indptr.size - 1
    seen = np.full(n_nodes, -1, dtype=np.int64)
    queues = np.empty((2, n_nodes), dtype=np.int64)
    kept = 0
    for row in range(draws.shape[0]):
        one, two = draws[row, 0], draws[row, 1]
        a, b = tails[one], indices[one]
        if n_ring > 0:
            d = (a + two + n_ring) % n_ring
            back = indptr[d] + ((draws[row, 2] * (indptr[d + 1] - indptr[d])) >> 31)
            c = indices[back]
            if lengthens(n_ring, a, b, c, d):
                continue
            two = twins[back]
        else:
            c, d = tails[two], indices[two]
        if a in (c, d) or b in (c, d):
            continue
        if _joined(indptr, indices, a, d) or _joined(indptr, indices, c, b):
            continue
        _swap(indices, twins, one, two)
        if connected and not _meet(indptr, indices, a, c, row, seen, queues):
            _swap(indices, twins, one, two)
        else:
            kept += 1
    return kept
