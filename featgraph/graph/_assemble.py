"""From pairs of node indices to sorted, symmetric CSR arrays."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.checks import integer
from featgraph.core.values import take_as, to_array

__all__ = ["Assembled", "assemble_csr", "check_nodes", "number_edges"]


@dataclass(frozen=True)
class Assembled:
    """CSR arrays, the given row behind each edge if asked for, and what was left out on the way."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
    weights: NDArray[np.float64] | None
    note: str
    rows: NDArray[np.int64] | None


def _pairs(edges: Any) -> NDArray[np.int64]:
    given = list(edges) if isinstance(edges, Set) else edges  # as networkx holds them
    words = "an array of whole numbers, shape (n_rows, 2)"
    pairs: NDArray[Any] = take_as(to_array, given, "edges", words)
    if pairs.size == 0:
        return np.empty((0, 2), dtype=np.int64)
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise ValueError(f"edges must have shape (n_rows, 2), got {pairs.shape}")
    if pairs.dtype.kind not in "iu":
        raise ValueError(f"edges must be integer node indices, got an array of {pairs.dtype}")
    if pairs.min() < 0:
        raise ValueError(f"edges must be node indices of at least 0, got {pairs.min()}")
    return pairs.astype(np.int64, copy=False)


def assemble_csr(
    edges: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    n_nodes: int | None = None,
    directed: bool = False,
    rows: bool = False,
) -> Assembled:
    """Return CSR arrays of the simple graph with these edges.

    Linear in nodes and edges if the rows come sorted as (smaller, larger), else one sort.
    ``directed`` rows (i, j) and (j, i) are no repeat worth a note.
    """
    pairs = _pairs(edges)
    least = int(pairs.max()) + 1 if pairs.size else 0
    n_nodes = least if n_nodes is None else integer(n_nodes, "n_nodes")
    if n_nodes < least:
        raise ValueError(
            f"edges must be indices below n_nodes={n_nodes}, got {least - 1}; labels, where given, "
            "name all nodes"
        )
    values = None if weights is None else np.asarray(weights, dtype=np.float64)
    if values is not None and values.shape != (len(pairs),):
        raise ValueError(f"weights must have one value per edge row, got shape {values.shape}")
    left, right = pairs[:, 0], pairs[:, 1]
    loops = left == right
    n_loops = int(loops.sum())
    kept = np.flatnonzero(~loops) if rows and n_loops else np.arange(len(pairs) if rows else 0)
    if n_loops:
        left, right = left[~loops], right[~loops]
        values = None if values is None else values[~loops]
    ordered = np.sort(left * n_nodes + right) if directed else None
    ends = np.minimum(left, right), np.maximum(left, right)
    low, high, values, order = _distinct(*ends, values, n_nodes, rows)
    n_doubles = left.size - low.size
    if ordered is not None:
        n_doubles = int((ordered[1:] == ordered[:-1]).sum())
    note = _left_out(n_loops, n_doubles)
    indptr, indices, data = _both_ways(low, high, values, n_nodes)
    return Assembled(indptr, indices, data, note, kept[order] if rows else None)


def _distinct(
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    values: NDArray[np.float64] | None,
    n: int,
    rows: bool,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64] | None, Any]:
    """Sort pairs and drop repeats; of several weights the smallest stays, as on a path.

    The last value returned picks the rows that stay, if ``rows`` asks for it.
    """
    key = low * n + high
    if np.all(key[1:] > key[:-1]):
        return low, high, values, slice(None)
    if values is None and not rows:
        key.sort()  # np.unique hashes integers since numpy 2.3, which is seven times slower here
        key = key[np.r_[True, key[1:] > key[:-1]]]
        return key // n, key % n, None, None
    order = np.argsort(key, kind="stable") if values is None else np.lexsort((values, key))
    key = key[order]
    first = np.r_[True, key[1:] > key[:-1]]
    key, order = key[first], order[first]
    return key // n, key % n, None if values is None else values[order], order


def _both_ways(
    low: NDArray[np.int64], high: NDArray[np.int64], values: NDArray[np.float64] | None, n: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64] | None]:
    if n == 0:  # FeatureGraph itself says that a graph has at least one node
        return np.zeros(1, dtype=np.int64), np.empty(0, dtype=np.int64), values
    rows, columns = np.concatenate([high, low]), np.concatenate([low, high])
    key, data = rows * n + columns, None
    if values is None:
        key.sort()
    else:
        order = key.argsort(kind="stable")
        key, data = key[order], np.concatenate([values, values])[order]
    indptr = np.concatenate([[0], np.bincount(rows, minlength=n).cumsum()])
    return indptr, key % n, data


def _left_out(n_loops: int, n_doubles: int) -> str:
    parts = [
        f"{count} {name}{'' if count == 1 else 's'}"
        for count, name in ((n_loops, "self-loop"), (n_doubles, "repeated edge"))
        if count
    ]
    return f"left out {' and '.join(parts)}: a FeatureGraph is a simple graph" if parts else ""


def check_nodes(nodes: ArrayLike, n_nodes: int) -> NDArray[np.int64]:
    """Return distinct node indices from indices or a boolean mask."""
    array: NDArray[Any] = np.asarray(nodes)
    if array.dtype == bool:
        if array.shape != (n_nodes,):
            raise ValueError(f"a mask of nodes must have shape ({n_nodes},), got {array.shape}")
        array = np.flatnonzero(array)
    if array.size == 0:
        raise ValueError("nodes must name at least 1 node, got none")
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(
            f"nodes must be one-dimensional integer indices, got shape {array.shape} "
            f"of {array.dtype}"
        )
    if array.min() < 0 or array.max() >= n_nodes:
        raise ValueError(
            f"nodes must be indices from 0 to {n_nodes - 1}, got {array.min()} … {array.max()}"
        )
    if np.unique(array).size < array.size:
        raise ValueError("nodes must be distinct, some index stands twice")
    return array.astype(np.int64)


def number_edges(indptr: NDArray[np.int64], indices: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of the edge that each CSR entry belongs to, in the order of ``edges``."""
    n_nodes = indptr.size - 1
    rows = np.repeat(np.arange(n_nodes), np.diff(indptr))
    key = np.minimum(rows, indices) * n_nodes + np.maximum(rows, indices)
    return np.searchsorted(key[rows < indices], key)
