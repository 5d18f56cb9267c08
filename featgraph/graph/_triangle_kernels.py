"""Compiled counting of triangles and of the connected subgraphs of four nodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels import kernel, light_kernel

__all__ = ["count_four", "count_triangles"]


@kernel
def _forward(indptr: NDArray[np.int64], indices: NDArray[np.int64]) -> NDArray[np.int64]:
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
def count_triangles(
    indptr: NDArray[np.int64], indices: NDArray[np.int64], out: NDArray[np.int64]
) -> None:
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
def count_four(
    indptr: NDArray[np.int64], indices: NDArray[np.int64], out: NDArray[np.int64]
) -> None:
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
                    out[5] += _cliques_on(indptr, indices, both, u, v, i)
        for k in range(n_ends):
            out[2] += paths[ends[k]] * (paths[ends[k]] - 1) // 2
            paths[ends[k]] = 0
    out[2] //= 2  # a cycle has two diagonals
    out[3] //= 2


@kernel
def _cliques_on(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int64],
    both: NDArray[np.int64],
    u: int,
    v: int,
    edge: int,
) -> int:
    """Return the 4-cliques u < v < w < x, where ``both`` marks the common neighbours."""
    found = 0
    for j in range(indptr[v], indptr[v + 1]):
        w = indices[j]
        if w < v or both[w] != edge:
            continue
        for k in range(indptr[w], indptr[w + 1]):
            if indices[k] > w and both[indices[k]] == edge:
                found += 1
    return found
