"""Compiled counting of triangles and of the connected subgraphs of four nodes.

Where a row of bits is no longer than the list of neighbours, 63 nodes are compared in one step,
and no table is larger than the lists.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels import kernel, light_kernel
from featgraph.kernels.bits import count_bits, lowest_bit

__all__ = ["count_four", "count_four_in_bits", "count_triangles", "count_triangles_in_bits"]

Ints = NDArray[np.int64]


@kernel
def _forward(indptr: Ints, indices: Ints) -> NDArray[np.int64]:
    """Return the neighbours of more neighbours (of equals, the later ones), then where each
    node's start: at most √(2 n_edges) per node, however many a hub has."""
    n_nodes = indptr.size - 1
    forward = np.empty(indices.size // 2 + n_nodes + 1, dtype=np.int64)
    end = 0
    for u in range(n_nodes):
        forward[indices.size // 2 + u] = end
        degree = indptr[u + 1] - indptr[u]
        for k in range(indptr[u], indptr[u + 1]):
            v = indices[k]
            more = indptr[v + 1] - indptr[v] - degree
            if more > 0 or (more == 0 and v > u):
                forward[end] = v
                end += 1
    forward[indices.size // 2 + n_nodes] = end
    return forward


@light_kernel
def count_triangles(indptr: Ints, indices: Ints, out: Ints) -> None:
    """Write the number of triangles at each node; rows need not be sorted."""
    n_nodes = indptr.size - 1
    out[:] = 0
    both = _forward(indptr, indices)
    forward, starts = both[: indices.size // 2], both[indices.size // 2 :]
    mark = np.full(n_nodes, -1, dtype=np.int64)
    for u in range(n_nodes):
        for i in range(starts[u], starts[u + 1]):
            mark[forward[i]] = u
        for i in range(starts[u], starts[u + 1]):
            v = forward[i]
            for j in range(starts[v], starts[v + 1]):
                w = forward[j]
                if mark[w] == u:
                    out[u] += 1
                    out[v] += 1
                    out[w] += 1


@light_kernel
def count_four(indptr: Ints, indices: Ints, out: Ints) -> None:
    """Write how often paths, stars, cycles, paws, diamonds and cliques of 4 nodes occur.

    Occurrences that need not be induced, in this order; ``out`` has shape (6,).
    """
    n_nodes = indptr.size - 1
    out[:] = 0
    mark = np.full(n_nodes, -1, dtype=np.int64)  # u for neighbours of u
    both = np.full(n_nodes, -1, dtype=np.int64)  # edge number for common neighbours of its ends
    paths = np.zeros(n_nodes, dtype=np.int64)  # paths of two hops from u
    ends = np.empty(n_nodes, dtype=np.int64)
    for u in range(n_nodes):
        k_u = indptr[u + 1] - indptr[u]
        out[1] += k_u * (k_u - 1) * (k_u - 2) // 6
        for i in range(indptr[u], indptr[u + 1]):
            mark[indices[i]] = u
        n_ends = 0
        for i in range(indptr[u], indptr[u + 1]):
            v = indices[i]
            k_v = indptr[v + 1] - indptr[v]
            n_common, n_later = 0, 0
            for j in range(indptr[v], indptr[v + 1]):
                w = indices[j]
                if w > u:
                    if paths[w] == 0:
                        ends[n_ends] = w
                        n_ends += 1
                    paths[w] += 1
                if mark[w] == u:
                    n_common += 1
                    if w > v > u:
                        both[w] = i
                        n_later += 1
            out[3] += n_common * (k_u - 2)  # halved below: each triangle at u is met twice
            if v > u:
                out[0] += (k_u - 1) * (k_v - 1) - n_common
                out[4] += n_common * (n_common - 1) // 2
                if n_later > 1:
                    out[5] += _cliques_on(indptr, indices, both, v, i)
        for k in range(n_ends):
            out[2] += paths[ends[k]] * (paths[ends[k]] - 1) // 2
            paths[ends[k]] = 0
    out[2] //= 2  # a cycle has two diagonals
    out[3] //= 2


@kernel
def _cliques_on(
    indptr: Ints,
    indices: Ints,
    both: Ints,
    v: int,
    edge: int,
) -> int:
    """Return the 4-cliques u < v < w < x, where ``both`` marks the common neighbours of u and v."""
    found = 0
    for j in range(indptr[v], indptr[v + 1]):
        w = indices[j]
        if w < v or both[w] != edge:
            continue
        for k in range(indptr[w], indptr[w + 1]):
            if indices[k] > w and both[indices[k]] == edge:
                found += 1
    return found


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
