"""Compiled counting of hop distances: 64 sources spread through the graph at once, as bits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels import kernel

__all__ = ["count_hops", "mean_closeness"]


@kernel
def _count_bits(word: np.uint64) -> int:
    """Sum neighbouring fields of 1, 2, 4, … bits; no product, so nothing can overflow."""
    word = (word & np.uint64(0x5555555555555555)) + (
        (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    )
    word = (word & np.uint64(0x3333333333333333)) + (
        (word >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    word = (word & np.uint64(0x0F0F0F0F0F0F0F0F)) + (
        (word >> np.uint64(4)) & np.uint64(0x0F0F0F0F0F0F0F0F)
    )
    word = (word & np.uint64(0x00FF00FF00FF00FF)) + (
        (word >> np.uint64(8)) & np.uint64(0x00FF00FF00FF00FF)
    )
    word = (word & np.uint64(0x0000FFFF0000FFFF)) + (
        (word >> np.uint64(16)) & np.uint64(0x0000FFFF0000FFFF)
    )
    return int((word & np.uint64(0xFFFFFFFF)) + (word >> np.uint64(32)))


@kernel
def _spread(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int64],
    n_nodes: int,
    counts: NDArray[np.int64],
    words: NDArray[np.uint64],
    queues: NDArray[np.int64],
) -> None:
    """Add to ``counts[d]`` the ordered pairs at d hops; ``words`` is (3, n), ``queues`` (2, n)."""
    none = np.uint64(0)
    seen, now, fresh = words[0], words[1], words[2]
    active, touched = queues[0], queues[1]
    for first in range(0, n_nodes, 64):
        seen[:n_nodes] = none
        n_active = min(64, n_nodes - first)
        for bit in range(n_active):
            node = first + bit
            seen[node] = now[node] = np.uint64(1) << np.uint64(bit)
            active[bit] = node
        hops = 0
        while n_active > 0:
            hops += 1
            n_touched = 0
            for k in range(n_active):
                word = now[active[k]]
                for at in range(indptr[active[k]], indptr[active[k] + 1]):
                    node = indices[at]
                    if (word & ~seen[node]) == none:
                        continue
                    if fresh[node] == none:
                        touched[n_touched] = node
                        n_touched += 1
                    fresh[node] |= word
            for k in range(n_touched):
                node = touched[k]
                now[node] = fresh[node] & ~seen[node]
                seen[node] |= now[node]
                fresh[node] = none
                active[k] = node
                counts[hops] += _count_bits(now[node])
            n_active = n_touched


@kernel
def count_hops(
    indptr: NDArray[np.int64], indices: NDArray[np.int64], counts: NDArray[np.int64]
) -> None:
    """Add to ``counts[d]``, shape (n_nodes + 1,), the ordered pairs of nodes at d ≥ 1 hops."""
    n_nodes = indptr.size - 1
    words = np.zeros((3, n_nodes), dtype=np.uint64)
    queues = np.empty((2, n_nodes), dtype=np.int64)
    _spread(indptr, indices, n_nodes, counts, words, queues)


@kernel
def mean_closeness(
    indptr: NDArray[np.int64], indices: NDArray[np.int64], out: NDArray[np.float64]
) -> None:
    """Write per node the mean of 1/hops over the pairs of its neighbours, within them."""
    n_nodes = indptr.size - 1
    widest = 1
    for node in range(n_nodes):
        widest = max(widest, indptr[node + 1] - indptr[node])
    place = np.full(n_nodes, -1, dtype=np.int64)
    inner = np.zeros(widest + 1, dtype=np.int64)
    entries = np.empty(4 * widest, dtype=np.int64)
    counts = np.zeros(widest + 1, dtype=np.int64)
    words = np.zeros((3, widest), dtype=np.uint64)
    queues = np.empty((2, widest), dtype=np.int64)
    for node in range(n_nodes):
        start, degree = indptr[node], indptr[node + 1] - indptr[node]
        out[node] = 0.0
        if degree < 2:
            continue
        for k in range(degree):
            place[indices[start + k]] = k
        n_entries = 0
        for k in range(degree):
            friend = indices[start + k]
            inner[k] = n_entries
            if n_entries + degree > entries.size:
                wider = np.empty(2 * entries.size + degree, dtype=np.int64)
                wider[:n_entries] = entries[:n_entries]
                entries = wider
            for at in range(indptr[friend], indptr[friend + 1]):
                if place[indices[at]] >= 0:
                    entries[n_entries] = place[indices[at]]
                    n_entries += 1
        inner[degree] = n_entries
        counts[: degree + 1] = 0
        _spread(inner, entries, degree, counts, words, queues)
        for hops in range(1, degree):
            out[node] += counts[hops] / hops
        out[node] /= degree * (degree - 1)
        for k in range(degree):
            place[indices[start + k]] = -1
