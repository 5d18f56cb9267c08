"""Compiled swapping of edges that keeps every degree.

Rows of the CSR arrays never change their length, so a swap rewrites four entries in place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels import kernel

__all__ = ["swap_edges"]


@kernel
def _joined(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int64],
    table: NDArray[np.bool_],
    left: int,
    right: int,
) -> bool:
    if table.size:
        return bool(table[left, right])
    if indptr[left + 1] - indptr[left] > indptr[right + 1] - indptr[right]:
        left, right = right, left
    for at in range(indptr[left], indptr[left + 1]):  # noqa: SIM110 - any() does not compile
        if indices[at] == right:
            return True
    return False


@kernel
def _swap(
    indices: NDArray[np.int64],
    twins: NDArray[np.int64],
    table: NDArray[np.bool_],
    one: int,
    two: int,
) -> None:
    """Exchange the heads of two entries, and of their twins; doing it again undoes it."""
    back_one, back_two = twins[one], twins[two]
    if table.size:
        a, b = indices[back_one], indices[one]
        c, d = indices[back_two], indices[two]
        table[a, b] = table[b, a] = table[c, d] = table[d, c] = False
        table[a, d] = table[d, a] = table[c, b] = table[b, c] = True
    indices[one], indices[two] = indices[two], indices[one]
    indices[back_one], indices[back_two] = indices[back_two], indices[back_one]
    twins[one], twins[back_two] = back_two, one
    twins[two], twins[back_one] = back_one, two


@kernel
def _whole(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int64],
    seen: NDArray[np.bool_],
    queue: NDArray[np.int64],
) -> bool:
    n_nodes = indptr.size - 1
    seen[:] = False
    seen[0] = True
    queue[0] = 0
    n_seen, at = 1, 0
    while at < n_seen:
        node = queue[at]
        at += 1
        for k in range(indptr[node], indptr[node + 1]):
            if not seen[indices[k]]:
                seen[indices[k]] = True
                queue[n_seen] = indices[k]
                n_seen += 1
    return n_seen == n_nodes


@kernel
def swap_edges(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int64],
    twins: NDArray[np.int64],
    tails: NDArray[np.int64],
    table: NDArray[np.bool_],
    draws: NDArray[np.int64],
    ring: NDArray[np.int64],
    places: NDArray[np.int64],
    connected: bool,
    window: int,
) -> tuple[int, int]:
    """Try to swap the entries of each row of ``draws``: a–b and c–d become a–d and c–b.

    ``ring`` (empty for none) are the nodes in their order on a ring and ``places`` where each
    stands: then a row names an entry a–b, how many places from a to go to d, and which entry
    of d is d–c; and the two new edges together must not be longer on the ring. ``connected``
    undoes a window of swaps that falls apart; windows grow after success and shrink after
    failure. ``table`` tells which nodes are joined and is kept up to date; where it is empty,
    rows are searched. Returns the number of swaps that stay and the last window.
    """
    n_nodes = indptr.size - 1
    log = np.empty((len(draws), 2), dtype=np.int64)
    seen = np.empty(n_nodes, dtype=np.bool_)
    queue = np.empty(n_nodes, dtype=np.int64)
    kept, pending, tried = 0, 0, 0
    for row in range(len(draws)):
        one, two = draws[row, 0], draws[row, 1]
        if ring.size:
            near = ring[(places[tails[one]] + two) % ring.size]
            two = twins[indptr[near] + draws[row, 2] % (indptr[near + 1] - indptr[near])]
        a, b, c, d = tails[one], indices[one], tails[two], indices[two]
        tried += 1
        good = a != c and b != d and a != d and b != c
        if good and ring.size:
            old = abs(places[a] - places[b])
            new = abs(places[a] - places[d])
            change = min(new, ring.size - new) - min(old, ring.size - old)
            old = abs(places[c] - places[d])
            new = abs(places[c] - places[b])
            good = change + min(new, ring.size - new) - min(old, ring.size - old) <= 0
        good = good and not _joined(indptr, indices, table, a, d)
        if good and not _joined(indptr, indices, table, c, b):
            _swap(indices, twins, table, one, two)
            log[pending, 0], log[pending, 1] = one, two
            pending += 1
        if (tried >= window or row == len(draws) - 1) and connected and pending:
            if _whole(indptr, indices, seen, queue):
                window = 2 * window
            else:
                for k in range(pending - 1, -1, -1):
                    _swap(indices, twins, table, log[k, 0], log[k, 1])
                pending = 0
                window = max(1, window // 2)
            kept += pending
            pending, tried = 0, 0
    return kept + pending, window
