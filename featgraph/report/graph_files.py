"""The graph of a layer as a file for drawing programs: packed, and thinned where it is dense."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.csr_graph import FeatureGraph
from featgraph.report.analysis import LayerAnalysis

__all__ = ["GRAPH_FILES", "LINKS_KEPT", "keeps_all_links", "thin_graph", "write_layer_graph"]

#: Which graph files a report writes.
GRAPH_FILES = ("thinned", "whole", "none")
#: More edges than this nobody sees apart, and a file of 150,000 takes megabytes.
LINKS_KEPT = 5_000
_DIGITS = 6


def keeps_all_links(graph: FeatureGraph, graphs: str) -> bool:
    """Whether the file of a graph holds all of its edges."""
    return graphs == "whole" or graph.n_edges <= LINKS_KEPT


def thin_graph(graph: FeatureGraph, n_links: int = LINKS_KEPT) -> FeatureGraph:
    """Return the graph with its shortest edges only, and those that hold its parts together.

    Parameters
    ----------
    graph : FeatureGraph
        Distances as weights.
    n_links : int, default=5000
        Edges to keep; a minimum spanning forest is among them.

    Returns
    -------
    FeatureGraph
        The same nodes and components.

    Examples
    --------
    >>> triangle = FeatureGraph.from_edges([(0, 1), (1, 2), (0, 2)], weights=[1.0, 2.0, 3.0])
    >>> thin_graph(triangle, 2).edges.tolist()
    [[0, 1], [1, 2]]
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import minimum_spanning_tree

    if graph.n_edges <= n_links:
        return graph
    edges, weights = graph.edges, graph.edge_weights
    order = np.arange(len(edges)) if weights is None else np.argsort(weights, kind="stable")
    rank = np.empty(len(edges))
    rank[order] = np.arange(1, len(edges) + 1)  # no ties and no zeros, which the tree would drop
    shape = (graph.n_nodes, graph.n_nodes)
    tree = minimum_spanning_tree(csr_matrix((rank, (edges[:, 0], edges[:, 1])), shape=shape))
    kept = np.zeros(len(edges), dtype=bool)
    kept[order[tree.data.astype(np.int64) - 1]] = True
    rest = order[~kept[order]]
    kept[rest[: max(0, n_links - int(kept.sum()))]] = True
    thin = FeatureGraph.from_edges(
        edges[kept], n_nodes=graph.n_nodes, weights=None if weights is None else weights[kept]
    )
    return replace(
        graph, indptr=thin.indptr, indices=thin.indices, weights=thin.weights, edge_attributes={}
    )


def write_layer_graph(analysis: LayerAnalysis, folder: Path, *, graphs: str) -> Path:
    """Write the graph of a layer with boxes and places; numbers with six digits."""
    from featgraph.io import write_graphml

    graph = analysis.graph
    whole = keeps_all_links(graph, graphs)
    graph = graph if whole else thin_graph(graph)
    columns = {**graph.node_attributes, "mds": analysis.positions}
    rounded = {name: _round(np.asarray(values)) for name, values in columns.items()}
    weights = None if graph.weights is None else _round(graph.weights)
    graph = replace(graph, weights=weights).with_attributes(**rounded)
    path = folder / f"{analysis.key}{'' if whole else '--thinned'}.graphml.gz"
    path.parent.mkdir(exist_ok=True)
    return write_graphml(
        graph, path, cover=analysis.cover, positions=_round(spread_positions(analysis.positions))
    )


def _round(values: NDArray[Any]) -> NDArray[Any]:
    """Round to six digits: 17 of them would double the file and tell a drawing nothing."""
    if values.dtype.kind != "f":
        return values
    size = np.floor(np.log10(np.where((values == 0) | ~np.isfinite(values), 1, np.abs(values))))
    scale = 10.0 ** (_DIGITS - 1 - size)
    rounded: NDArray[Any] = np.round(values * scale) / scale
    return rounded


def spread_positions(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return positions stretched to 1000 units: drawing programs count in pixels, not in C."""
    extent = float(np.abs(positions).max()) if positions.size else 0.0
    stretched: NDArray[np.float64] = positions * (500.0 / extent if extent > 0 else 1.0)
    return stretched
