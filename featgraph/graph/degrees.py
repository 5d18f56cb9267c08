"""Degrees and strengths: how many neighbours nodes have, how strongly they hold them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.graph.convert import GraphLike, open_graph, takes_any_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.outgoing import EdgeWeight, choose_weights, strengths_of
from featgraph.graph.tails import TailFit, fit_tail
from featgraph.kernels import light_kernel

__all__ = [
    "DegreeStatistics",
    "EdgeWeight",
    "degree_assortativity",
    "degree_statistics",
    "edge_strengths",
    "node_strengths",
    "with_edge_weight",
]


@takes_any_graph(weights=True)
def edge_strengths(graph: FeatureGraph) -> NDArray[np.float64]:
    """Return for each edge how strongly it joins: 1 − C_ij/ε, in (0, 1].

    Weights of a feature network are distances, where small means near. Layouts, modularity,
    graph convolutions and Gephi read weights as strengths, where large means near.

    Parameters
    ----------
    graph : FeatureGraph
        With distances as weights. Without ``epsilon`` the scale is the next number above the
        longest distance, as it is for rules that give ε.

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


@dataclass(frozen=True, repr=False, eq=False)
class DegreeStatistics(Result):
    """Distribution of degrees and strengths.

    Attributes
    ----------
    degrees : ndarray of int64, shape (n_nodes,)
        Neighbours of each node.
    strengths : ndarray of float, shape (n_nodes,), or None
        Sum of the edge weights at each node; None for an unweighted graph.
    degree_tail : TailFit or None
        Power law, lognormal or exponential tail of the degrees; None without the powerlaw
        package or where it was not asked for.
    strength_tail : TailFit or None
        The same for the strengths.
    assortativity : float
        Correlation of the degrees at the two ends of an edge; nan where all are equal.
    weight : {"given", "similarity", "none"}
        What the weights of ``strengths`` are.
    """

    _picture: ClassVar = "plot_degrees"
    _shown: ClassVar = ("n_nodes", "mean", "max", "assortativity", "tail")
    _rules: ClassVar = {
        "degrees": Rule("n_nodes", least=0, shortest=1),
        "strengths": Rule("n_nodes"),
    }

    degrees: NDArray[np.int64]
    strengths: NDArray[np.float64] | None
    degree_tail: TailFit | None
    strength_tail: TailFit | None
    assortativity: float
    weight: EdgeWeight

    @property
    def distribution(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Degrees that occur, rising, and the share of nodes that has each."""
        values, counts = np.unique(self.degrees, return_counts=True)
        return values, counts / self.degrees.size

    def _columns(self) -> Mapping[str, object]:
        row: dict[str, Any] = {
            "mean_degree": self.mean,
            "sd_degree": float(self.degrees.std()),
            "max_degree": self.max,
            "n_isolated": int((self.degrees == 0).sum()),
            "assortativity": self.assortativity,
        }
        if self.strengths is not None:
            row["mean_strength"] = float(self.strengths.mean())
        for name, tail in (("degree", self.degree_tail), ("strength", self.strength_tail)):
            if tail is not None:
                row |= {f"{name}_tail_{key}": value for key, value in tail.to_rows()[0].items()}
        return row

    @property
    def mean(self) -> float:
        """Mean degree."""
        return float(self.degrees.mean())

    @property
    def max(self) -> int:
        """Largest degree."""
        return int(self.degrees.max())

    @property
    def tail(self) -> str:
        """Verdict on the tail of the degrees, "none" where it was not tested."""
        return "none" if self.degree_tail is None else self.degree_tail.verdict


def degree_statistics(
    graph: GraphLike, *, weight: EdgeWeight = "similarity", tails: bool = True
) -> DegreeStatistics:
    """Describe degrees and strengths of a graph, and test their tails.

    Parameters
    ----------
    graph : FeatureGraph, networkx graph, igraph.Graph, PyG Data or scipy sparse matrix
        Of graphs of other libraries the weights are left out; ``as_feature_graph`` keeps them.
    weight : {"given", "similarity", "none"}, default="similarity"
        What an edge adds to the strength of a node: its weight, 1 − distance/ε (distances are no
        strengths), or nothing.
    tails : bool, default=True
        Test power law, lognormal and exponential (needs the extra ``stats``).

    Returns
    -------
    DegreeStatistics
        Degrees, strengths, their tails, assortativity.

    Raises
    ------
    ImportError
        If ``tails`` and the powerlaw package is not installed.
    ValueError
        If ``weight`` is unknown, or "similarity" meets negative weights.

    Notes
    -----
    Time O(n_nodes + n_edges), and for the tails O(n_nodes · n_degrees).

    References
    ----------
    Barrat et al. 2004, PNAS 101:3747, doi:10.1073/pnas.0400087101 (strength).

    Examples
    --------
    >>> import networkx as nx
    >>> degree_statistics(nx.path_graph(4), tails=False)
    DegreeStatistics(n_nodes=4, mean=1.5, max=2, assortativity=-0.5, tail='none')
    """
    net = open_graph(graph)
    weighted = net.weights is not None and weight != "none"
    strengths = node_strengths(net, weight=weight) if weighted else None
    return DegreeStatistics(
        degrees=net.degrees,
        strengths=strengths,
        degree_tail=fit_tail(net.degrees, discrete=True) if tails else None,
        strength_tail=(
            fit_tail(strengths, discrete=False) if tails and strengths is not None else None
        ),
        assortativity=degree_assortativity(net),
        weight=weight,
    )


@takes_any_graph()
def degree_assortativity(graph: FeatureGraph) -> float:
    """Return the correlation of the degrees at the two ends of an edge.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph; weights do not count.

    Returns
    -------
    float
        In [−1, 1]: above 0, nodes of many neighbours join each other. nan where all ends have the
        same degree, and without edges.

    Notes
    -----
    Time O(n_edges).

    References
    ----------
    Newman 2002, Phys. Rev. Lett. 89:208701, doi:10.1103/PhysRevLett.89.208701.

    Examples
    --------
    >>> degree_assortativity(FeatureGraph.from_edges([(0, 1), (0, 2), (0, 3)]))
    -1.0
    """
    degrees = graph.degrees
    reached = degrees[degrees > 0]
    if reached.size == 0 or reached.min() == reached.max():
        return math.nan
    squares, products = _sum_ends(graph.indptr, graph.indices)
    return float(products / squares)


@light_kernel
def _sum_ends(indptr: NDArray[np.int64], indices: NDArray[np.int64]) -> tuple[float, float]:
    """Return the sums over entries of the centred degree squared, and of tail times head."""
    n_nodes, n_entries = indptr.size - 1, indices.size
    mean = 0.0
    for node in range(n_nodes):
        degree = float(indptr[node + 1] - indptr[node])
        mean += degree * degree / n_entries
    squares, products = 0.0, 0.0
    for node in range(n_nodes):
        degree = indptr[node + 1] - indptr[node]
        own = degree - mean
        squares += degree * own * own
        for k in range(indptr[node], indptr[node + 1]):
            other = indices[k]
            products += own * (indptr[other + 1] - indptr[other] - mean)
    return squares, products
