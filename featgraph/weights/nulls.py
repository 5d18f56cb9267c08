"""Null models of a network of weights: permuted rows, Gaussian rows, an untrained twin."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["NULLS", "RowNull", "draw_null_graph", "draw_rows"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
RowNull: TypeAlias = Literal["rows", "gaussian"]
NULLS = ("rows", "gaussian", "untrained")


def draw_rows(lengths: Floats, rows: Ints, kind: RowNull, rng: np.random.Generator) -> Floats:
    """Return lengths permuted within their rows, or those of Gaussian weights of equal norms."""
    if kind == "rows":
        fresh = np.empty_like(lengths)
        order = np.lexsort((rng.random(lengths.size), rows))
        fresh[np.argsort(rows, kind="stable")] = lengths[order]
        return fresh
    drawn = np.maximum(np.abs(rng.standard_normal(lengths.size)), 1e-300)
    wanted, got = np.bincount(rows, weights=lengths**-2.0), np.bincount(rows, weights=drawn**2)
    scale = np.sqrt(wanted / np.where(got > 0, got, 1))
    return np.asarray(1 / (drawn * scale[rows]), dtype=np.float64)


def draw_null_graph(graph: FeatureGraph, kind: RowNull, rng: np.random.Generator) -> FeatureGraph:
    """Return the graph with other weights on the same edges.

    A row holds the edges from one neuron into one layer; without layers, those to later nodes.
    Edges of attention and gates, which hold no weight, stay.
    """
    edges, weights = graph.edges, graph.edge_weights
    if weights is None:
        raise ValueError("graph must have weights, the lengths 1/|w| of its edges")
    lengths = weights.copy()
    starts, ends = edges.T
    depth = graph.node_attributes.get("depth")
    if depth is not None:
        turned = depth[starts] > depth[ends]
        starts, ends = np.where(turned, ends, starts), np.where(turned, starts, ends)
    layer = graph.node_attributes.get("layer")
    into = np.zeros(graph.n_nodes, dtype=np.int64)
    if layer is not None:
        into = np.unique(layer, return_inverse=True)[1].astype(np.int64)
    rows = np.unique(starts * (int(into.max()) + 1) + into[ends], return_inverse=True)[1]
    free = ~np.asarray(graph.edge_attributes.get("fixed", np.zeros(len(edges), dtype=bool)))
    lengths[free] = draw_rows(lengths[free], rows[free], kind, rng)
    return FeatureGraph.from_edges(
        edges,
        weights=lengths,
        n_nodes=graph.n_nodes,
        node_attributes=dict(graph.node_attributes),
    )
