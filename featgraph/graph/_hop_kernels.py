"""Compiled counting of hop distances, many sources at once, or on rows of bits in dense graphs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels import kernel, light_kernel
from featgraph.kernels.bits import WORD, copy_row, count_bits, lowest_bit
from featgraph.kernels.search import measure_depth

__all__ = ["count_hops", "count_hops_in_bits", "mean_closeness", "mean_closeness_in_bits"]

Ints = NDArray[np.int64]
WIDE, SHALLOW = 8, 32  # words of one line of the cache; hops from a node to the farthest


@kernel
def _gather(indptr: Ints, indices: Ints, size: int) -> Ints:
    """Return the nodes in an order in which every ``size`` form a ball of those left.

    Sources that lie together reach a node within a few rounds of each other, so that their bits
    travel together. What a ball leaves behind is begun in the order of a search.
    """
    n_nodes = indptr.size - 1
    starts, stops = indptr[:-1], indptr[1:]
    depth = np.full(n_nodes, -1, dtype=np.int64)
    seeds = np.empty(n_nodes, dtype=np.int64)
    met = 0
    for node in range(n_nodes):
        if depth[node] < 0:
            depth[node] = 0
            seeds[met] = node
            met += measure_depth(starts, stops, indices, 1, depth, seeds[met:])
    order = np.empty(n_nodes, dtype=np.int64)
    end, next_seed = 0, 0
    while end < n_nodes:
        head, stop = end, min(n_nodes, end + size)
        while end < stop:
            if head == end:  # nothing is left around the nodes gathered so far
                while depth[seeds[next_seed]] < 0:
                    next_seed += 1
                order[end] = seeds[next_seed]
                depth[order[end]] = -1  # taken
                end += 1
            u = order[head]
            head += 1
            for k in range(indptr[u], indptr[u + 1]):
                if depth[indices[k]] >= 0 and end < stop:
                    order[end] = indices[k]
                    depth[order[end]] = -1
                    end += 1
    return order


@kernel
def _renumber(indptr: Ints, indices: Ints, order: Ints) -> tuple[Ints, Ints]:
    """Return the same graph with node ``order[k]`` as node k."""
    number = np.empty(order.size, dtype=np.int64)
    number[order] = np.arange(order.size)
    new_indptr, new_indices = np.zeros_like(indptr), np.empty_like(indices)
    end = 0
    for place in range(order.size):
        for k in range(indptr[order[place]], indptr[order[place] + 1]):
            new_indices[end] = number[indices[k]]
            end += 1
        new_indptr[place + 1] = end
    return new_indptr, new_indices


@kernel
def _spread(
    indptr: Ints,
    indices: Ints,
    n_nodes: int,
    n_sources: int,
    counts: Ints,
    words: Ints,
    queues: Ints,
) -> None:
    """Add to ``counts[d]`` the ordered pairs at d hops from the first ``n_sources`` nodes.

    ``words`` is scratch of shape (3, n), ``queues`` of shape (2, n).
    """
    seen, now, fresh = words[0], words[1], words[2]
    active, touched = queues[0], queues[1]
    for first in range(0, n_sources, WORD):
        seen[:n_nodes] = 0
        n_active = min(WORD, n_sources - first)
        for bit in range(n_active):
            node = first + bit
            seen[node] = now[node] = np.int64(1) << bit
            active[bit] = node
        hops = 0
        while n_active > 0:
            hops += 1
            n_touched = 0
            for k in range(n_active):
                word = now[active[k]]
                for at in range(indptr[active[k]], indptr[active[k] + 1]):
                    node = indices[at]
                    if word & ~seen[node] == 0:
                        continue
                    if fresh[node] == 0:
                        touched[n_touched] = node
                        n_touched += 1
                    fresh[node] |= word
            for k in range(n_touched):
                node = touched[k]
                now[node] = fresh[node] & ~seen[node]
                seen[node] |= now[node]
                fresh[node] = 0
                active[k] = node
                counts[hops] += count_bits(now[node])
            n_active = n_touched


@kernel
def _spread_wide(
    indptr: Ints, indices: Ints, n_sources: int, counts: Ints, words: Ints, queues: Ints
) -> None:
    """Add the same from ``WIDE`` words of sources at once: half the time where balls grow fast.

    ``words`` is scratch of shape (n, 3, WIDE): what has been seen from a node, what is new, and
    what will be.
    """
    active, touched = queues[0], queues[1]
    for first in range(0, n_sources, WORD * WIDE):
        words[:, 0] = 0
        n_active = min(WORD * WIDE, n_sources - first)
        for k in range(n_active):
            node = active[k] = first + k
            words[node, 1] = 0
            words[node, 0, k // WORD] = words[node, 1, k // WORD] = np.int64(1) << (k % WORD)
        hops = 0
        while n_active > 0:
            hops += 1
            n_touched = 0
            for k in range(n_active):
                source = active[k]
                for at in range(indptr[source], indptr[source + 1]):
                    node = indices[at]
                    news, before = np.int64(0), np.int64(0)
                    for w in range(WIDE):
                        news |= words[source, 1, w] & ~words[node, 0, w]
                    if news == 0:
                        continue
                    for w in range(WIDE):
                        before |= words[node, 2, w]
                        words[node, 2, w] |= words[source, 1, w]
                    if before == 0:
                        touched[n_touched] = node
                        n_touched += 1
            for k in range(n_touched):
                node = active[k] = touched[k]
                for w in range(WIDE):
                    words[node, 1, w] = words[node, 2, w] & ~words[node, 0, w]
                    words[node, 0, w] |= words[node, 1, w]
                    words[node, 2, w] = 0
                    counts[hops] += count_bits(words[node, 1, w])
            n_active = n_touched


@light_kernel
def count_hops(indptr: Ints, indices: Ints, sources: Ints, counts: Ints) -> None:
    """Add to ``counts[d]``, shape (n_nodes + 1,), the ordered pairs of nodes at d ≥ 1 hops.

    From distinct ``sources``, or from all nodes where that is empty.
    """
    n_nodes = indptr.size - 1
    n_sources = sources.size if sources.size else n_nodes
    depth = np.full(n_nodes, -1, dtype=np.int64)
    queues = np.empty((2, n_nodes), dtype=np.int64)
    hub = 0
    for node in range(n_nodes):
        if indptr[node + 1] - indptr[node] > indptr[hub + 1] - indptr[hub]:
            hub = node
    queues[0, 0], depth[hub] = hub, 0
    n_met = measure_depth(indptr[:-1], indptr[1:], indices, 1, depth, queues[0])
    is_shallow = n_sources > WORD and depth[queues[0, n_met - 1]] <= SHALLOW
    size = WORD * WIDE if is_shallow else WORD
    order = _gather(indptr, indices, size) if sources.size == 0 else _put_first(sources, n_nodes)
    near, others = _renumber(indptr, indices, order)
    if is_shallow:
        wide = np.zeros((n_nodes, 3, WIDE), dtype=np.int64)
        _spread_wide(near, others, n_sources, counts, wide, queues)
    else:
        words = np.zeros((3, n_nodes), dtype=np.int64)
        _spread(near, others, n_nodes, n_sources, counts, words, queues)


@kernel
def _put_first(sources: Ints, n_nodes: int) -> Ints:
    """Return all nodes, the sources before the others."""
    order = np.empty(n_nodes, dtype=np.int64)
    copy_row(order, sources)
    taken = np.zeros(n_nodes, dtype=np.bool_)
    taken[sources] = True
    end = sources.size
    for node in range(n_nodes):
        if not taken[node]:
            order[end] = node
            end += 1
    return order


@light_kernel
def mean_closeness(indptr: Ints, indices: Ints, out: NDArray[np.float64]) -> None:
    """Write per node the mean of 1/hops over the pairs of its neighbours, within them."""
    n_nodes = indptr.size - 1
    widest = 1
    for node in range(n_nodes):
        widest = max(widest, indptr[node + 1] - indptr[node])
    place = np.full(n_nodes, -1, dtype=np.int64)
    inner = np.zeros(widest + 1, dtype=np.int64)
    entries = np.empty(4 * widest, dtype=np.int64)
    counts = np.zeros(widest + 1, dtype=np.int64)
    words = np.zeros((3, widest), dtype=np.int64)
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
                copy_row(wider, entries[:n_entries])
                entries = wider
            for at in range(indptr[friend], indptr[friend + 1]):
                if place[indices[at]] >= 0:
                    entries[n_entries] = place[indices[at]]
                    n_entries += 1
        inner[degree] = n_entries
        counts[: degree + 1] = 0
        _spread(inner, entries, degree, degree, counts, words, queues)
        for hops in range(1, degree):
            out[node] += counts[hops] / hops
        out[node] /= degree * (degree - 1)
        for k in range(degree):
            place[indices[start + k]] = -1


@kernel
def _add_levels(bits: Ints, source: int, work: Ints, counts: Ints) -> None:
    """Add to ``counts[d]`` the nodes at d hops from ``source``, within ``work[0]``.

    ``work`` has four rows of words: who may be met, who is not met yet, the last level and the
    next one. A level ends early where nobody is left: in dense graphs after a few rows.
    """
    n_words = bits.shape[1]
    allowed, left, now, fresh = work[0], work[1], work[2], work[3]
    n_left, n_now = 0, 0
    for w in range(n_words):
        now[w] = allowed[w] & bits[source, w]
        left[w] = allowed[w] & ~bits[source, w]
        fresh[w] = 0
        n_now += count_bits(now[w])
    left[source // 63] &= ~(np.int64(1) << (source % 63))
    for w in range(n_words):
        n_left += count_bits(left[w])
    hops = 1
    counts[1] += n_now
    while n_left > 0 and n_now > 0:
        hops += 1
        some = True
        for v in range(n_words):
            word = now[v]
            while word and some:
                node = 63 * v + lowest_bit(word)
                word &= word - 1
                rest = np.int64(0)
                for w in range(n_words):
                    met = left[w] & bits[node, w]
                    fresh[w] |= met
                    left[w] ^= met
                    rest |= left[w]
                some = rest != 0
        n_now = 0
        for w in range(n_words):
            now[w] = fresh[w]
            fresh[w] = 0
            n_now += count_bits(now[w])
        n_left -= n_now
        counts[hops] += n_now


@light_kernel
def count_hops_in_bits(bits: Ints, counts: Ints) -> None:
    """Add to ``counts[d]``, shape (n_nodes + 1,), the ordered pairs of nodes at d ≥ 1 hops."""
    work = np.zeros((4, bits.shape[1]), dtype=np.int64)
    for node in range(bits.shape[0]):
        work[0, node // 63] |= np.int64(1) << (node % 63)
    for node in range(bits.shape[0]):
        _add_levels(bits, node, work, counts)


@light_kernel
def mean_closeness_in_bits(
    indptr: Ints, indices: Ints, bits: Ints, out: NDArray[np.float64]
) -> None:
    """Write per node the mean of 1/hops over the pairs of its neighbours, within them."""
    work = np.zeros((4, bits.shape[1]), dtype=np.int64)
    counts = np.zeros(out.size + 1, dtype=np.int64)
    for node in range(out.size):
        degree = indptr[node + 1] - indptr[node]
        out[node] = 0.0
        if degree < 2:
            continue
        work[0] = bits[node]
        counts[: degree + 1] = 0
        for k in range(indptr[node], indptr[node + 1]):
            _add_levels(bits, indices[k], work, counts)
        for hops in range(1, degree):
            out[node] += counts[hops] / hops
        out[node] /= degree * (degree - 1)
