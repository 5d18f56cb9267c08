"""Graphs of other libraries as FeatureGraph; the way back is FeatureGraph.to_*()."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.core.caller import caller_level
from featgraph.graph._assemble import assemble_csr
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.incoming import RawGraph, choose_reader

__all__ = ["as_feature_graph"]


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
    raw = choose_reader(graph)(graph, None if weight == "ignore" else weight)
    result, note = accept_graph(raw, weight, as_undirected)
    if note:
        warnings.warn(note, UserWarning, stacklevel=caller_level())
    return result


def accept_graph(
    raw: RawGraph, weight: str | None, as_undirected: bool
) -> tuple[FeatureGraph, str]:
    """Apply the rules on directions and weights; return a simple graph and a note on losses."""
    if raw.directed and not as_undirected:
        raise ValueError(
            "graph is directed; box covering needs distances that are the same both ways: "
            "pass as_undirected=True to forget directions"
        )
    weights = _chosen_weights(raw, weight)
    built = assemble_csr(raw.edges, weights=weights, n_nodes=raw.n_nodes, directed=raw.directed)
    labels = None if raw.labels is None else tuple(raw.labels)
    graph = FeatureGraph(
        built.indptr, built.indices, built.weights, labels, raw.attributes, **raw.fields
    )
    return graph, built.note


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


def _chosen_weights(raw: RawGraph, weight: str | None) -> NDArray[np.float64] | None:
    if weight == "ignore":
        return None
    if weight is None:
        values = raw.edge_values.get(raw.usual, ())
        whole = isinstance(values, np.ndarray)
        # an edge without the attribute counts 1, as in networkx
        if np.any(values != 1) if whole else any(v is not None and v != 1 for v in values):
            raise ValueError(
                f'graph carries edge weights; say weight="{raw.usual}" to use them as lengths '
                'or weight="ignore" to count hops'
            )
        return None
    values = raw.edge_values.get(weight, [None] * len(raw.edges))
    if not isinstance(values, np.ndarray) and any(value is None for value in values):
        known = ", ".join(map(repr, raw.edge_names or raw.edge_values)) or "none"
        raise ValueError(f"weight={weight!r} names no attribute of all edges; there is: {known}")
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"weight={weight!r} must be numbers on every edge") from None
