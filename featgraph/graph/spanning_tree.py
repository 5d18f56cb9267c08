"""Minimum spanning trees of distances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph._blocks import DistanceBlocks, as_blocks
from featgraph.graph._near_pairs import NearPairs
from featgraph.graph.csr_graph import FeatureGraph

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["minimum_spanning_tree"]

_START_DEGREE = 16  # mean degree of the pairs from which the tree of many nodes starts


def minimum_spanning_tree(distances: Tensor | NDArray[Any]) -> FeatureGraph:
    """Return the minimum spanning tree of a distance matrix.

    Parameters
    ----------
    distances : Tensor or ndarray, shape (n_nodes, n_nodes)
        Symmetric, finite, at least 0; for example ``feature_distances(F)``.

    Returns
    -------
    FeatureGraph
        n_nodes − 1 edges, weights = distances. With equal distances there may be several
        minimum spanning trees: one of them; their sorted edge lengths are the same.

    Raises
    ------
    TypeError
        If ``distances`` are not real numbers.
    ValueError
        If ``distances`` is not such a matrix of at least 2 nodes.

    Notes
    -----
    Borůvka's algorithm on all pairs: time O(n_nodes² log n_nodes), memory of one block of rows.

    References
    ----------
    Borůvka 1926; Nešetřil, Milková & Nešetřilová 2001, Discrete Math. 233:3,
    doi:10.1016/S0012-365X(00)00224-7.

    Examples
    --------
    >>> import numpy as np
    >>> line = np.abs(np.subtract.outer([0.0, 1.0, 3.0], [0.0, 1.0, 3.0]))
    >>> minimum_spanning_tree(line).edges.tolist()
    [[0, 1], [1, 2]]
    """
    source = as_blocks(distances)
    edges, lengths = span_tree(source)
    return FeatureGraph.from_edges(edges, n_nodes=source.n_nodes, weights=lengths)


def span_tree(source: DistanceBlocks) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return edges, shape (D − 1, 2), and lengths of a minimum spanning tree, shortest first."""
    if source.near is not None:
        return _join_near_pairs(source.near)
    n_nodes = source.n_nodes
    part = np.arange(n_nodes)
    edges: list[tuple[int, int]] = []
    lengths: list[float] = []
    while len(edges) < n_nodes - 1:
        gap, other = _nearest_outside(source, part)
        # the shortest way out of each part
        order = np.argsort(gap, kind="stable")
        first = np.unique(part[order], return_index=True)[1]
        # Sorted by length, a pair that closes a circle closes one of equal lengths (each part's
        # choice is at most as long as the choice that leads into it): dropping it is harmless.
        root = part.tolist()
        for node in order[np.sort(first)].tolist():
            a, b = find_root(root, node), find_root(root, int(other[node]))
            if a != b:
                root[max(a, b)] = min(a, b)
                edges.append((node, int(other[node])))
                lengths.append(float(gap[node]))
        part = np.array([find_root(root, node) for node in range(n_nodes)])
    rising = np.argsort(lengths, kind="stable")
    return np.array(edges, dtype=np.int64)[rising], np.array(lengths)[rising]


def _join_near_pairs(near: NearPairs) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Span the tree from the nearest pairs, then let small parts look for their way out.

    Kruskal on all pairs below a limit gives the part of the tree below it. After that the
    shortest way out of a part belongs to a tree (cut property), and it is enough that all parts
    but the largest look for theirs.
    """
    n_nodes = near.n_nodes
    limit = near.kth(min(_START_DEGREE * n_nodes // 2, near.n_pairs))
    rows = (None if limit is None else near.below(limit)) or near.neighbors(1)
    # an edge to the nearest node, too, belongs to a tree
    root = list(range(n_nodes))
    chosen = _join(root, *rows)
    while len(chosen) < n_nodes - 1:
        part = np.array([find_root(root, node) for node in range(n_nodes)])
        largest = np.bincount(part).argmax()
        nodes, other, gap = near.leave(np.flatnonzero(part != largest), part)
        order = np.argsort(gap, kind="stable")
        first = order[np.sort(np.unique(part[nodes][order], return_index=True)[1])]
        chosen += _join(root, nodes[first], other[first], gap[first])
    chosen.sort(key=lambda row: row[2])
    edges = np.array([row[:2] for row in chosen], dtype=np.int64)
    return edges, np.array([row[2] for row in chosen])


def _join(
    root: list[int], left: NDArray[np.int64], right: NDArray[np.int64], lengths: NDArray[Any]
) -> list[tuple[int, int, float]]:
    """Join sets along pairs, shortest first; return the pairs that joined two."""
    order = np.argsort(lengths, kind="stable")
    joined = []
    rows = (left[order].tolist(), right[order].tolist(), lengths[order].tolist())
    for i, j, length in zip(*rows, strict=True):
        a, b = find_root(root, i), find_root(root, j)
        if a != b:
            root[max(a, b)] = min(a, b)
            joined.append((i, j, length))
    return joined


def _nearest_outside(
    source: DistanceBlocks, part: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return for each node the distance to the nearest node of another part, and that node."""
    gap = np.full(source.n_nodes, np.inf, dtype=source.dtype)
    other = np.full(source.n_nodes, -1, dtype=np.int64)
    for start, stop, block in source.blocks():
        outside = part[start:stop, None] != part[start:]
        masked = np.where(outside, block, block.dtype.type(np.inf))
        for axis, nodes, offset in ((1, slice(start, stop), start), (0, slice(start, None), start)):
            at = masked.argmin(axis=axis)
            best = np.take_along_axis(masked, np.expand_dims(at, axis), axis).ravel()
            closer = best < gap[nodes]
            gap[nodes] = np.where(closer, best, gap[nodes])
            other[nodes] = np.where(closer, at + offset, other[nodes])
    return gap, other


def find_root(root: list[int], node: int) -> int:
    """Return the representative of ``node``'s set, halving the path to it."""
    while root[node] != node:
        root[node] = root[root[node]]
        node = root[node]
    return node
