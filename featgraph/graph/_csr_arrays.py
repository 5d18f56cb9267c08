"""CSR arrays: put together from pairs of nodes, and the rules that they and labels obey."""

from __future__ import annotations

import numbers
from collections.abc import Hashable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.checks import integer
from featgraph.core.resources import check_memory
from featgraph.core.values import take_as, to_array
from featgraph.kernels import light_kernel

__all__ = [
    *("Assembled", "assemble_csr", "attribute_column", "check_attributes", "check_csr"),
    *("check_labels", "check_nodes", "check_weights", "number_edges"),
]


@dataclass(frozen=True)
class Assembled:
    """CSR arrays, the given row behind each edge if asked for, and what was left out on the way."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
    weights: NDArray[np.float64] | None
    note: str
    rows: NDArray[np.int64] | None


def _pairs(edges: object) -> NDArray[np.int64]:
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
    if n_nodes > pairs.size:  # most have no edge: perhaps they are names
        told = "nodes are numbered from 0 on; networkx.Graph(edges) takes any other names"
        check_memory(24 * n_nodes, f"a graph of {n_nodes} nodes", remedy=told)
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
    degrees = np.bincount(low, minlength=n) + np.bincount(high, minlength=n)
    indptr = np.concatenate([[0], degrees.cumsum()])
    indices = np.empty(2 * low.size, dtype=np.int64)
    data = np.empty(0 if values is None else 2 * low.size)
    _fill_rows(low, high, data[:0] if values is None else values, indptr[:-1].copy(), indices, data)
    return indptr, indices, None if values is None else data


@light_kernel
def _fill_rows(
    low: NDArray[np.int64],
    high: NDArray[np.int64],
    values: NDArray[np.float64],
    places: NDArray[np.int64],
    indices: NDArray[np.int64],
    data: NDArray[np.float64],
) -> None:
    """Write sorted pairs into the rows of both ends, smaller neighbours first: rows rise."""
    for ends, others in ((high, low), (low, high)):
        for k in range(ends.size):
            place = places[ends[k]]
            indices[place] = others[k]
            if data.size:
                data[place] = values[k]
            places[ends[k]] = place + 1


@light_kernel
def _find_flaw(indptr: NDArray[np.int64], indices: NDArray[np.int64]) -> int:
    """Return the place of a loop, or of an index that is no larger than the one before, else −1."""
    for u in range(indptr.size - 1):
        for k in range(indptr[u], indptr[u + 1]):
            if indices[k] == u or (k > indptr[u] and indices[k] <= indices[k - 1]):
                return k
    return -1


@light_kernel
def _find_one_way(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int64],
    weights: NDArray[np.float64],
    places: NDArray[np.int64],
) -> int:
    """Return the place of an edge whose way back is missing, or has another weight, else −1.

    ``places`` begins as ``indptr``: rows rise, so ways back are met in their order.
    """
    for u in range(indptr.size - 1):
        for k in range(indptr[u], indptr[u + 1]):
            back = places[indices[k]]
            if back == indptr[indices[k] + 1] or indices[back] != u:
                return k
            if weights.size and weights[back] != weights[k]:
                return k
            places[indices[k]] = back + 1
    return -1


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


def _index_array(values: object, name: str) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError(
            f"{name} must be one-dimensional with integers, "
            f"got shape {array.shape} of {array.dtype}"
        )
    return np.ascontiguousarray(array, dtype=np.int64)


def check_csr(indptr: object, indices: object) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return both arrays as int64 if they describe an undirected simple graph."""
    indptr, indices = _index_array(indptr, "indptr"), _index_array(indices, "indices")
    n_nodes = indptr.size - 1
    if n_nodes < 1:
        raise ValueError("a graph has at least 1 node, got 0: no indptr, edges or labels")
    if indptr[0] != 0 or indptr[-1] != indices.size or np.any(np.diff(indptr) < 0):
        raise ValueError(
            f"indptr must rise from 0 to the length of indices ({indices.size}), "
            f"got {indptr[0]} … {indptr[-1]}"
        )
    if indices.size and (indices.min() < 0 or indices.max() >= n_nodes):
        raise ValueError(
            f"indices must lie in 0 … {n_nodes - 1}, got {indices.min()} … {indices.max()}"
        )
    if indices.size == 0:  # without edges there is no flaw, and nothing compiled is loaded
        return indptr, indices
    flaw = _find_flaw(indptr, indices)
    if flaw >= 0:
        node = int(np.searchsorted(indptr, flaw, side="right")) - 1
        if indices[flaw] == node:
            raise ValueError(f"indices must hold no self-loops, got one at node {node}")
        raise ValueError(
            "indices must rise within each row without repeats, "
            f"they do not in the row of node {node}"
        )
    if _find_one_way(indptr, indices, np.empty(0), indptr.copy()) >= 0:
        raise ValueError(
            "indices must be symmetric (j a neighbour of i and i of j), but an edge stands in one "
            "direction only; FeatureGraph.from_edges makes an undirected graph"
        )
    return indptr, indices


def check_weights(
    weights: object, indptr: NDArray[np.int64], indices: NDArray[np.int64]
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
    if _find_one_way(indptr, indices, array, indptr.copy()) >= 0:
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


def check_attributes(
    attributes: Mapping[str, object], n_rows: int, owner: str = "node"
) -> dict[str, NDArray[Any]]:
    """Return the attributes as arrays of numbers, booleans or strings, one row per node or edge.

    Whole numbers and truth values of which some are missing, and whole numbers beyond 64 bits,
    stay Python objects in an array of objects; None stands for a missing one.
    """
    checked: dict[str, NDArray[Any]] = {}
    for name, values in attributes.items():
        if not isinstance(name, str):
            raise TypeError(f"{owner}_attributes must have names that are strings, got {name!r}")
        array = np.asarray(values.tolist() if np.ma.isMaskedArray(values) else values)
        plain = array.dtype.kind in "biufU"
        if array.ndim == 1 and not plain:
            column = attribute_column(list(array))
            plain = column is not None and column.dtype.kind in "biufUO"
            array = array if column is None else column
        if not plain:
            raise TypeError(
                f"{owner} attribute {name!r} must be numbers, booleans or strings, "
                f"got an array of {array.dtype}"
            )
        if array.ndim not in (1, 2) or array.shape[0] != n_rows:
            raise ValueError(
                f"{owner} attribute {name!r} must have one value or row per {owner} ({n_rows}), "
                f"got shape {array.shape}"
            )
        checked[name] = array
    return checked


def attribute_column(values: Sequence[Any]) -> NDArray[Any] | None:
    """Return attribute values, None for missing, as an array; None if they are of no such kind.

    Whole numbers stay whole and booleans stay booleans: with gaps, or beyond 64 bits, as objects.
    A missing real number is NaN, a missing string "", a missing row a row of these; dates become
    words as ISO 8601 writes them.

    Examples
    --------
    >>> attribute_column([0.5, None]), attribute_column(["a", None]), attribute_column([{}, {}])
    (array([0.5, nan]), array(['a', ''], dtype='<U1'), None)
    >>> attribute_column([1, None, 2**64])
    array([1, None, 18446744073709551616], dtype=object)
    """
    kinds = set(map(type, values))
    gaps = {kind for kind in kinds if kind.__name__ in _MISSING}
    kinds -= gaps
    if not kinds:
        return None
    if gaps - {type(None)}:
        values = [None if type(value) in gaps else value for value in values]
    if any(issubclass(kind, str | date | np.datetime64) for kind in kinds):
        return np.asarray([_word(value) for value in values])
    if all(issubclass(kind, bool | np.bool_ | numbers.Integral) for kind in kinds):
        truth = all(issubclass(kind, bool | np.bool_) for kind in kinds)
        return _whole_column(values, bool if truth else int, bool(gaps))
    if gaps:
        first = next(value for value in values if value is not None)
        missing = "" if np.asarray(first).dtype.kind == "U" else np.nan
        nothing = np.nan if np.ndim(first) == 0 else np.full(np.shape(first), missing)
        values = [nothing if value is None else value for value in values]
    try:
        real = all(issubclass(kind, numbers.Real | Decimal) for kind in kinds)
        array = np.asarray(values)
        array = array.astype(np.float64) if real and array.dtype.kind == "O" else array
    except (TypeError, ValueError, OverflowError):
        return None
    return array if array.dtype.kind in "biufU" and array.ndim in (1, 2) else None


_MISSING = {"NoneType", "NAType", "NaTType"}  # the last two are of pandas


def _word(value: Any) -> str:
    nothing = value is None or (isinstance(value, numbers.Real | np.datetime64) and value != value)
    return "" if nothing else value.isoformat() if isinstance(value, date) else str(value)


def _whole_column(values: Sequence[object], kind: type, gaps: bool) -> NDArray[Any]:
    for dtype in () if gaps else (np.bool_,) if kind is bool else (np.int64, np.uint64):
        try:
            return np.array(values, dtype=dtype)
        except OverflowError:
            continue
    column = np.empty(len(values), dtype=object)
    column[:] = [None if value is None else kind(value) for value in values]
    return column
