"""Weights of edges as strengths: what a distance is worth to programs that add weights up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.convert import takes_any_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.edge_weight import EdgeWeight, choose_weights, strengths_of

__all__ = ["EdgeWeight", "edge_strengths", "node_strengths", "with_edge_weight"]


@takes_any_graph(weights=True)
def edge_strengths(graph: FeatureGraph) -> NDArray[np.float64]:
    """Return for each edge how strongly it joins: 1 − C_ij/ε, in (0, 1].

    Weights of a feature network are distances, where small means near. Layouts, modularity,
    graph convolutions and Gephi read weights as strengths, where large means near.

    Parameters
    ----------
    graph : FeatureGraph
        With distances as weights. Without ``epsilon`` the scale is the longest distance, and
        strengths are in [0, 1].

    Returns
    -------
    ndarray of float, shape (n_edges,)
        Strengths of the rows of ``graph.edges``; of an unweighted graph all 1.

    Raises
    ------
    ValueError
        If a weight is negative: then weights are not distances.

    Notes
    -----
    Time and memory O(n_edges).

    Examples
    --------
    >>> graph = FeatureGraph.from_edges([(0, 1), (1, 2)], weights=[0.5, 1.5], epsilon=2.0)
    >>> edge_strengths(graph).tolist()
    [0.75, 0.25]
    """
    weights = graph.edge_weights
    return np.ones(graph.n_edges) if weights is None else strengths_of(weights, graph.epsilon)


@takes_any_graph(weights=True)
def node_strengths(
    graph: FeatureGraph, *, weight: EdgeWeight = "similarity"
) -> NDArray[np.float64]:
    """Return the sum of the edge weights at each node.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph; unweighted edges count 1.
    weight : {"given", "similarity", "none"}, default="similarity"
        What an edge counts: its weight, ``edge_strengths``, or 1.

    Returns
    -------
    ndarray of float, shape (n_nodes,)
        Strengths; 0 for isolated nodes.

    Raises
    ------
    ValueError
        If ``weight`` is unknown, or "similarity" meets a negative weight.

    Notes
    -----
    Time and memory O(n_nodes + n_edges).

    Examples
    --------
    >>> graph = FeatureGraph.from_edges([(0, 1), (1, 2)], weights=[0.5, 1.5], epsilon=2.0)
    >>> node_strengths(graph).tolist()
    [0.75, 1.0, 0.25]
    """
    weights = with_edge_weight(graph, weight).weights
    if weights is None:
        return graph.degrees.astype(np.float64)
    rows = np.repeat(np.arange(graph.n_nodes), graph.degrees)
    sums = np.bincount(rows, weights=weights, minlength=graph.n_nodes)
    return sums.astype(np.float64)


@takes_any_graph(weights=True)
def with_edge_weight(graph: FeatureGraph, weight: EdgeWeight) -> FeatureGraph:
    """Return the graph with its weights as they are, as similarities, or without.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph.
    weight : {"given", "similarity", "none"}
        What the weights shall be; "similarity" of an unweighted graph changes nothing.

    Returns
    -------
    FeatureGraph
        The same edges.

    Raises
    ------
    ValueError
        If ``weight`` is unknown, or "similarity" meets a negative weight.

    Notes
    -----
    Time and memory O(n_nodes + n_edges).

    Examples
    --------
    >>> graph = FeatureGraph.from_edges([(0, 1)], weights=[0.5], epsilon=2.0)
    >>> with_edge_weight(graph, "similarity").weights
    array([0.75, 0.75])
    """
    from dataclasses import replace

    weights = choose_weights(graph.weights, graph.epsilon, weight)
    if weights is graph.weights:
        return graph
    return graph.without_weights() if weights is None else replace(graph, weights=weights)
