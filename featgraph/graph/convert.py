"""Graphs of other libraries as FeatureGraph; the way back is FeatureGraph.to_*()."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph._assemble import assemble_csr
from featgraph.graph._outgoing import GRAPH_FIELDS
from featgraph.graph.feature_graph import FeatureGraph

__all__ = ["as_feature_graph"]


@dataclass
class _Raw:
    """What a foreign graph says, before any rule is applied."""

    edges: NDArray[np.int64]
    n_nodes: int
    directed: bool
    labels: Sequence[Hashable] | None = None
    weights: NDArray[Any] | None = None  # found under the name asked for, else the usual name
    weight_names: Sequence[str] = ()
    attributes: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    both_ways: bool = False  # each edge is expected twice: that is no repeat to warn about


def as_feature_graph(
    graph: Any, *, weight: str | None = None, as_undirected: bool = False
) -> FeatureGraph:
    """Return any graph as a FeatureGraph: undirected, simple, labels and attributes kept.

    Parameters
    ----------
    graph : FeatureGraph, networkx graph, igraph.Graph, torch_geometric Data or scipy sparse matrix
        A square sparse matrix is read as an adjacency matrix: one of zeros and ones has edges
        where the ones are; in any other every stored entry is an edge, stored zeros included (as
        in ``scipy.sparse.csgraph``).
    weight : str, optional
        Name of the edge attribute to keep as weights ("weight" or "distance" for a matrix or a
        FeatureGraph), or "ignore" for hops. Default: a graph that carries weights other than 1
        under the usual name ("weight"; "edge_weight" in Data; the values of a matrix) is refused,
        because distances in it would be ambiguous.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions; of two opposite weights the smaller stays.

    Returns
    -------
    FeatureGraph
        A FeatureGraph comes back as it is (without weights if ``weight="ignore"``).

    Raises
    ------
    TypeError
        If the type is not one of those above.
    ValueError
        If the graph has no nodes, is directed or carries weights without a word about it, or
        ``weight`` names an attribute that edges lack.

    Warns
    -----
    UserWarning
        Once, if self-loops or repeated edges are left out (of parallel edges the smallest weight
        stays).

    Examples
    --------
    >>> import networkx
    >>> as_feature_graph(networkx.path_graph(["a", "b", "c"]))
    FeatureGraph(n_nodes=3, n_edges=2)
    >>> as_feature_graph(networkx.DiGraph([(0, 1)]))
    Traceback (most recent call last):
    ValueError: graph is directed; box covering needs distances that are the same both ways: \
pass as_undirected=True to forget directions
    """
    if isinstance(graph, FeatureGraph):
        return _own(graph, weight)
    raw = _reader(graph)(graph, None if weight == "ignore" else weight)
    if raw.directed and not as_undirected:
        raise ValueError(
            "graph is directed; box covering needs distances that are the same both ways: "
            "pass as_undirected=True to forget directions"
        )
    weights = _chosen_weights(raw, weight)
    built = assemble_csr(raw.edges, weights=weights, n_nodes=raw.n_nodes)
    if built.note and not (raw.both_ways and "loop" not in built.note):
        warnings.warn(built.note, UserWarning, stacklevel=2)
    return FeatureGraph(
        built.indptr,
        built.indices,
        built.weights,
        None if raw.labels is None else tuple(raw.labels),
        raw.attributes,
        **raw.fields,
    )


def _own(graph: FeatureGraph, weight: str | None) -> FeatureGraph:
    if weight == "ignore":
        return graph.without_weights()
    if weight not in (None, "weight", "distance"):
        raise ValueError(
            f'weight must be "weight", "distance" or "ignore" for a FeatureGraph, got {weight!r}'
        )
    if weight is not None and graph.weights is None:
        raise ValueError(f"weight={weight!r}, but this FeatureGraph is unweighted")
    return graph


def _reader(graph: Any) -> Callable[[Any, str | None], _Raw]:
    """Return the reader for ``graph``, without importing a library it does not come from."""
    roots = {base.__module__.split(".")[0] for base in type(graph).__mro__}
    if "networkx" in roots and hasattr(graph, "adj"):
        return _from_networkx
    if "scipy" in roots and hasattr(graph, "tocoo"):
        return _from_scipy
    hint = ""
    if isinstance(graph, np.ndarray):
        hint = "; an adjacency matrix goes in as scipy.sparse.csr_array(matrix)"
    raise TypeError(
        "graph must be a FeatureGraph, networkx graph, igraph.Graph, torch_geometric Data or "
        f"scipy sparse matrix, got {type(graph).__name__}{hint}"
    )


def _chosen_weights(raw: _Raw, weight: str | None) -> NDArray[np.float64] | None:
    if weight == "ignore":
        return None
    if weight is None:
        if raw.weights is not None and np.any(raw.weights != 1):
            raise ValueError(
                'graph carries edge weights; say weight="weight" to use them as lengths '
                'or weight="ignore" to count hops'
            )
        return None
    if raw.weights is None:
        known = ", ".join(repr(name) for name in raw.weight_names) or "none"
        raise ValueError(f"weight={weight!r} names no attribute of all edges; there is: {known}")
    try:
        return np.asarray(raw.weights, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"weight={weight!r} must be numbers on every edge") from None


def _column(values: list[Any]) -> NDArray[Any] | None:
    """Return attribute values as an array of numbers, booleans or strings; None if they are not."""
    if all(value is None for value in values):
        return None
    kinds = {type(value) for value in values}
    if kinds <= {int, float, type(None)} and type(None) in kinds:
        values = [np.nan if value is None else value for value in values]
    elif str in kinds:
        values = ["" if value is None else str(value) for value in values]
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, OverflowError):
        return None
    return array if array.dtype.kind in "biufU" and array.ndim in (1, 2) else None


def _from_networkx(graph: Any, weight: str | None) -> _Raw:
    names = list(graph)
    number = {name: i for i, name in enumerate(names)}
    rows = list(graph.edges(data=True))
    pairs = [(number[a], number[b]) for a, b, _ in rows]
    usual = "weight" if weight is None else weight
    found = [data.get(usual) for _, _, data in rows]
    some = any(value is not None for value in found)
    if weight is None and some:  # an edge without the attribute counts 1, as in networkx itself
        found = [1 if value is None else value for value in found]
    whole = some and all(value is not None for value in found)
    keys = sorted({key for _, data in graph.nodes(data=True) for key in data if type(key) is str})
    columns = {key: _column([data.get(key) for _, data in graph.nodes(data=True)]) for key in keys}
    return _Raw(
        edges=np.array(pairs, dtype=np.int64).reshape(-1, 2),
        n_nodes=len(names),
        directed=graph.is_directed(),
        labels=names,
        weights=np.array(found) if whole else None,
        weight_names=sorted({str(key) for _, _, data in rows for key in data}),
        attributes={key: column for key, column in columns.items() if column is not None},
        fields={key: graph.graph[key] for key in GRAPH_FIELDS if key in graph.graph},
    )


def _from_scipy(matrix: Any, weight: str | None) -> _Raw:
    if len(matrix.shape) != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"an adjacency matrix must be square, got shape {matrix.shape}")
    if weight not in (None, "weight", "distance"):
        raise ValueError(
            f'weight must be "weight", "distance" or "ignore" for a matrix, got {weight!r}'
        )
    entries = matrix.tocoo(copy=True)
    values = np.asarray(entries.data)
    if values.dtype.kind not in "biuf":
        raise ValueError(f"an adjacency matrix must hold numbers, got {values.dtype}")
    rows, columns = (np.asarray(side, dtype=np.int64) for side in (entries.row, entries.col))
    kept = (values != 0) if np.isin(values, (0, 1)).all() else (values != 0) | (rows != columns)
    rows, columns, values = rows[kept], columns[kept], values[kept]
    turned = np.lexsort((rows, columns)), np.lexsort((columns, rows))
    same = np.array_equal(rows[turned[0]], columns[turned[1]]) and np.array_equal(
        columns[turned[0]], rows[turned[1]]
    )
    same = same and np.array_equal(values[turned[0]], values[turned[1]], equal_nan=True)
    # A symmetric matrix names each edge twice; one triangle is enough and hides no repeats.
    if same:
        upper = rows <= columns
        rows, columns, values = rows[upper], columns[upper], values[upper]
    return _Raw(
        edges=np.column_stack([rows, columns]),
        n_nodes=matrix.shape[0],
        directed=not same,
        weights=values.astype(np.float64),
        weight_names=("weight",),
        both_ways=not same,
    )
