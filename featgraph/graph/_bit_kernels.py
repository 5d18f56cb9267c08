"""Compiled counting in dense graphs, whose neighbours stand as rows of bits.

Where a row of bits is no longer than the list of neighbours, 63 nodes are compared in one step,
and no table is larger than the lists.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels import kernel, light_kernel
from featgraph.kernels.bits import WORD, count_bits, count_words, lowest_bit

__all__ = [
    "count_four_in_bits",
    "count_hops_in_bits",
    "count_triangles_in_bits",
    "mean_closeness_in_bits",
    "pack_rows",
    "rows_of_bits_pay",
]

Ints = NDArray[np.int64]


def rows_of_bits_pay(n_nodes: int, n_entries: int, *, times: int = 1) -> bool:
    """Tell whether rows of bits have at most ``times`` as many words as there are neighbours."""
    return n_nodes * count_words(n_nodes) <= times * n_entries


def pack_rows(indptr: Ints, indices: Ints) -> Ints:
    """Return lists of neighbours as rows of bits, shape (n_nodes, n_words)."""
    bits = np.zeros((indptr.size - 1, count_words(indptr.size - 1)), dtype=np.int64)
    _pack_neighbors(indptr, indices, bits)
    return bits


@light_kernel
def _pack_neighbors(indptr: Ints, indices: Ints, bits: Ints) -> None:
    for u in range(indptr.size - 1):
        for k in range(indptr[u], indptr[u + 1]):
            bits[u, indices[k] // WORD] |= np.int64(1) << (indices[k] % WORD)


@kernel
def _count_common(bits: Ints, one: int, two: int) -> int:
    common = 0
    for w in range(bits.shape[1]):
        common += count_bits(bits[one, w] & bits[two, w])
    return common


@light_kernel
def count_triangles_in_bits(indptr: Ints, indices: Ints, bits: Ints, out: Ints) -> None:
    """Write the number of triangles at each node."""
    out[:] = 0
    for u in range(out.size):
        for k in range(indptr[u], indptr[u + 1]):
            if indices[k] > u:
                common = _count_common(bits, u, indices[k])
                out[u] += common
                out[indices[k]] += common
    out //= 2  # each triangle at a node is met on two of its edges


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


@light_kernel
def count_four_in_bits(indptr: Ints, indices: Ints, bits: Ints, out: Ints) -> None:
    """Write how often paths, stars, cycles, paws, diamonds and cliques of 4 nodes occur.

    Occurrences that need not be induced, in this order; ``out`` has shape (6,).
    """
    n_nodes, n_words = bits.shape
    common = np.zeros(n_words, dtype=np.int64)
    out[:] = 0
    for u in range(n_nodes):
        k_u = indptr[u + 1] - indptr[u]
        out[1] += k_u * (k_u - 1) * (k_u - 2) // 6
        for v in range(u + 1, n_nodes):
            n_common = _count_common(bits, u, v)
            out[2] += n_common * (n_common - 1) // 2
        for k in range(indptr[u], indptr[u + 1]):
            v = indices[k]
            if v < u:
                continue
            k_v = indptr[v + 1] - indptr[v]
            n_common = 0
            for w in range(n_words):
                common[w] = bits[u, w] & bits[v, w]
                n_common += count_bits(common[w])
            out[0] += (k_u - 1) * (k_v - 1) - n_common
            out[3] += n_common * (k_u + k_v - 4)
            out[4] += n_common * (n_common - 1) // 2
            out[5] += _count_edges_among(bits, common, v)
    out[2] //= 2  # a cycle has two diagonals
    out[3] //= 2  # a triangle at a node is met on two of its edges


@kernel
def _count_edges_among(bits: Ints, common: Ints, above: int) -> int:
    """Return the joined pairs w < x in a set, of nodes above a number."""
    n_words = common.size
    first = above // 63
    common[first] &= ~((np.int64(1) << (above % 63)) - 1)  # ``above`` itself is not in the set
    found = 0
    for v in range(first, n_words):
        word = common[v]
        while word:
            node = 63 * v + lowest_bit(word)
            word &= word - 1
            found += count_bits(word & bits[node, v])
            for w in range(v + 1, n_words):
                found += count_bits(common[w] & bits[node, w])
    return found
