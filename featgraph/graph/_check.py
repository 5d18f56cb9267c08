"""Rules that the arrays of a FeatureGraph obey, checked in time linear in nodes and edges."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["check_attributes", "check_csr", "check_labels", "check_weights"]


def _index_array(values: Any, name: str) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError(
            f"{name} must be one-dimensional with integers, "
            f"got shape {array.shape} of {array.dtype}"
        )
    return np.ascontiguousarray(array, dtype=np.int64)


def check_csr(indptr: Any, indices: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return both arrays as int64 if they describe an undirected simple graph."""
    indptr, indices = _index_array(indptr, "indptr"), _index_array(indices, "indices")
    n_nodes = indptr.size - 1
    if n_nodes < 1:
        raise ValueError("a graph has at least 1 node, got 0: there is nothing to analyse")
    if indptr[0] != 0 or indptr[-1] != indices.size or np.any(np.diff(indptr) < 0):
        raise ValueError(
            f"indptr must rise from 0 to the length of indices ({indices.size}), "
            f"got {indptr[0]} … {indptr[-1]}"
        )
    if indices.size and (indices.min() < 0 or indices.max() >= n_nodes):
        raise ValueError(
            f"indices must lie in 0 … {n_nodes - 1}, got {indices.min()} … {indices.max()}"
        )
    rows = np.repeat(np.arange(n_nodes), np.diff(indptr))
    if np.any(rows == indices):
        node = int(rows[rows == indices][0])
        raise ValueError(f"indices must hold no self-loops, got one at node {node}")
    falls = (np.diff(indices) <= 0) & (np.diff(rows) == 0)
    if falls.any():
        raise ValueError(
            "indices must rise within each row without repeats, "
            f"they do not in the row of node {rows[1:][falls][0]}"
        )
    flipped, neighbours, _ = _transpose(indptr, indices, None)
    if not (np.array_equal(flipped, indptr) and np.array_equal(neighbours, indices)):
        raise ValueError(
            "indices must be symmetric (j a neighbour of i and i of j), but an edge stands in one "
            "direction only; FeatureGraph.from_edges makes an undirected graph"
        )
    return indptr, indices


def _transpose(
    indptr: NDArray[np.int64], indices: NDArray[np.int64], data: NDArray[np.float64] | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any]]:
    from scipy.sparse import csr_array

    entries = np.zeros(indices.size, dtype=np.int8) if data is None else data
    shape = (indptr.size - 1, indptr.size - 1)
    turned = csr_array((entries, indices, indptr), shape=shape).tocsc()  # linear: a counting sort
    return turned.indptr, turned.indices, turned.data


def check_weights(
    weights: Any, indptr: NDArray[np.int64], indices: NDArray[np.int64]
) -> NDArray[np.float64] | None:
    """Return the weights as float64 if they are finite and equal in both directions."""
    if weights is None:
        return None
    array = np.ascontiguousarray(weights, dtype=np.float64)
    if array.shape != indices.shape:
        raise ValueError(
            f"weights must have the shape of indices {indices.shape}, got {array.shape}"
        )
    if not np.isfinite(array).all():
        bad = float(array[~np.isfinite(array)][0])
        raise ValueError(f"weights must be finite, got {bad}; leave out edges without a weight")
    if not np.array_equal(_transpose(indptr, indices, array)[2], array):
        raise ValueError("weights must be equal in both directions of an edge")
    return array


def check_labels(labels: Sequence[Hashable] | None, n_nodes: int) -> tuple[Hashable, ...] | None:
    """Return the labels as a tuple if there is a distinct hashable one per node."""
    if labels is None:
        return None
    names = tuple(labels)
    if len(names) != n_nodes:
        raise ValueError(f"labels must be one per node ({n_nodes}), got {len(names)}")
    try:
        distinct = len(set(names))
    except TypeError as error:
        raise TypeError(f"labels must be hashable: {error}") from None
    if distinct < n_nodes:
        seen: set[Hashable] = set()
        double = next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise ValueError(f"labels must be distinct, {double!r} stands for two nodes")
    if all(type(name) is int and name == i for i, name in enumerate(names)):
        return None  # the default numbering: nothing to keep
    return names


def check_attributes(attributes: Mapping[str, Any], n_nodes: int) -> dict[str, NDArray[Any]]:
    """Return the attributes as arrays of numbers, booleans or strings, one row per node."""
    checked: dict[str, NDArray[Any]] = {}
    for name, values in attributes.items():
        if not isinstance(name, str):
            raise TypeError(f"node_attributes must have names that are strings, got {name!r}")
        array = np.asarray(values)
        if array.dtype.kind not in "biufU":
            raise TypeError(
                f"node attribute {name!r} must be numbers, booleans or strings, "
                f"got an array of {array.dtype}"
            )
        if array.ndim not in (1, 2) or array.shape[0] != n_nodes:
            raise ValueError(
                f"node attribute {name!r} must have one value or row per node ({n_nodes}), "
                f"got shape {array.shape}"
            )
        checked[name] = array
    return checked
