"""Clustering and paths: how dense neighbourhoods are, how far nodes lie apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.graph.convert import takes_any_graph
from featgraph.graph.csr_graph import FeatureGraph

__all__ = [
    "HopCounts",
    "average_clustering",
    "count_hop_distances",
    "local_clustering",
    "local_efficiency",
]

ClusteringKind = Literal["average", "transitivity"]
#: Larger graphs are summarised by the paths from so many random nodes.
EXACT_NODES, SOURCES = 20_000, 2016
CLUSTERING_KINDS = ("average", "transitivity")


@takes_any_graph()
def local_clustering(graph: FeatureGraph) -> NDArray[np.float64]:
    """Return for each node the share of pairs of its neighbours that are joined.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph; weights do not count.

    Returns
    -------
    ndarray of float, shape (n_nodes,)
        0 for nodes with fewer than two neighbours.

    Notes
    -----
    Time O(n_edges^1.5) at most, and O(n_edges · n_nodes / 63) by rows of bits in graphs of a mean
    degree above n_nodes / 63, where that is less; memory O(n_nodes + n_edges).

    References
    ----------
    Watts & Strogatz 1998, Nature 393:440, doi:10.1038/30918.

    Examples
    --------
    >>> graph = FeatureGraph.from_edges([(0, 1), (1, 2), (0, 2), (2, 3)])
    >>> local_clustering(graph).round(2).tolist()
    [1.0, 1.0, 0.33, 0.0]
    """
    triangles = count_node_triangles(graph.indptr, graph.indices)
    pairs = graph.degrees * (graph.degrees - 1) / 2
    return np.divide(triangles, pairs, out=np.zeros(graph.n_nodes), where=pairs > 0)


@takes_any_graph()
def average_clustering(graph: FeatureGraph, *, kind: ClusteringKind = "average") -> float:
    """Return the clustering coefficient C of a graph.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph; weights do not count.
    kind : {"average", "transitivity"}, default="average"
        "average": mean of ``local_clustering`` (Watts & Strogatz). "transitivity": share of
        paths of two edges that are closed.

    Returns
    -------
    float
        In [0, 1]; 0 where no node has two neighbours.

    Raises
    ------
    ValueError
        If ``kind`` is unknown.

    Notes
    -----
    Cost of ``local_clustering``.

    Examples
    --------
    >>> graph = FeatureGraph.from_edges([(0, 1), (1, 2), (0, 2), (2, 3)])
    >>> round(average_clustering(graph), 4), average_clustering(graph, kind="transitivity")
    (0.5833, 0.6)
    """
    return clustering_of(graph.indptr, graph.indices, kind)


def count_node_triangles(
    indptr: NDArray[np.int64], indices: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the number of triangles at each node, shape (n_nodes,)."""
    from featgraph.graph._bit_kernels import count_triangles_in_bits, pack_rows, rows_of_bits_pay
    from featgraph.graph._triangle_kernels import count_triangles

    out = np.empty(indptr.size - 1, dtype=np.int64)
    if rows_of_bits_pay(out.size, indices.size):
        count_triangles_in_bits(indptr, indices, pack_rows(indptr, indices), out)
    else:
        count_triangles(indptr, indices, out)
    return out


def clustering_of(indptr: NDArray[np.int64], indices: NDArray[np.int64], kind: str) -> float:
    """Return ``average_clustering`` of CSR arrays, whose rows need not be sorted."""
    triangles = count_node_triangles(indptr, indices)
    degrees = np.diff(indptr)
    pairs = degrees * (degrees - 1) / 2
    if kind == "transitivity":
        return float(triangles.sum() / pairs.sum()) if pairs.any() else 0.0
    return float(np.divide(triangles, pairs, out=np.zeros(pairs.size), where=pairs > 0).mean())


@dataclass(frozen=True, repr=False)
class HopCounts(Result):
    """How many ordered pairs of nodes lie how many hops apart.

    Attributes
    ----------
    pairs : ndarray of int64, shape (diameter + 1,)
        Ordered pairs of distinct nodes at each number of hops; entry 0 is 0.
    n_nodes : int
        Number of nodes.
    """

    _shown: ClassVar = ("n_nodes", "diameter", "path_length", "efficiency")
    _rules: ClassVar = {
        "pairs": Rule("n_hops", least=0),
        "n_nodes": Rule(least=1),
    }

    pairs: NDArray[np.int64]
    n_nodes: int

    @property
    def diameter(self) -> int:
        """Largest distance between connected nodes, in hops."""
        return self.pairs.size - 1

    @property
    def path_length(self) -> float:
        """Mean hops over the connected pairs; nan if there are none."""
        total = int(self.pairs.sum())
        return float(np.arange(self.pairs.size) @ self.pairs) / total if total else math.nan

    @property
    def efficiency(self) -> float:
        """Mean of 1/hops over all pairs, 0 for pairs without a path; nan for one node."""
        all_pairs = self.n_nodes * (self.n_nodes - 1)
        if all_pairs == 0:
            return math.nan
        return float((self.pairs[1:] / np.arange(1, self.pairs.size)).sum() / all_pairs)

    def _columns(self) -> Mapping[str, Any]:
        return {"hops": np.arange(self.pairs.size), "n_pairs": self.pairs}


@takes_any_graph()
def count_hop_distances(graph: FeatureGraph) -> HopCounts:
    """Count the pairs of nodes at each number of hops.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph; weights do not count.

    Returns
    -------
    HopCounts
        With ``path_length``, ``diameter`` and ``efficiency``. Pairs in different components
        are in no entry of ``pairs``.

    Notes
    -----
    Breadth-first search from 63 nodes at once, as bits of a word: time
    O(n_nodes · n_edges / 64 · diameter) for graphs of small diameter, never more than
    O(n_nodes · n_edges); memory O(n_nodes).

    References
    ----------
    Then et al. 2014, Proc. VLDB Endow. 8:449, doi:10.14778/2735496.2735507; efficiency: Latora &
    Marchiori 2001, Phys. Rev. Lett. 87:198701, doi:10.1103/PhysRevLett.87.198701.

    Examples
    --------
    >>> hops = count_hop_distances(FeatureGraph.from_edges([(0, 1), (1, 2)], n_nodes=4))
    >>> hops.pairs.tolist(), hops.diameter, round(hops.path_length, 4), round(hops.efficiency, 4)
    ([0, 4, 2], 2, 1.3333, 0.4167)
    """
    return hops_of(graph.indptr, graph.indices)


def hops_of(
    indptr: NDArray[np.int64],
    indices: NDArray[np.int64],
    sources: NDArray[np.int64] | None = None,
) -> HopCounts:
    """Return ``count_hop_distances`` of CSR arrays, whose rows need not be sorted.

    With ``sources`` the pairs that begin at these nodes alone.
    """
    from featgraph.graph._bit_kernels import count_hops_in_bits, pack_rows, rows_of_bits_pay
    from featgraph.graph._hop_kernels import count_hops

    n_nodes = indptr.size - 1
    counts = np.zeros(n_nodes + 1, dtype=np.int64)
    if sources is None and rows_of_bits_pay(n_nodes, indices.size):
        count_hops_in_bits(pack_rows(indptr, indices), counts)
    else:
        every = np.empty(0, dtype=np.int64)
        count_hops(indptr, indices, every if sources is None else sources, counts)
    reached = np.flatnonzero(counts)
    return HopCounts(counts[: int(reached[-1]) + 1 if reached.size else 1], n_nodes)


def sample_hops(graph: FeatureGraph, rng: np.random.Generator) -> HopCounts:
    """Return ``count_hop_distances``; above 20,000 nodes as estimated from 2016 of them.

    Examples
    --------
    >>> ring = FeatureGraph.from_edges([(i, (i + 1) % 8) for i in range(8)])
    >>> sample_hops(ring, np.random.default_rng(0)).diameter
    4
    """
    if graph.n_nodes <= EXACT_NODES:
        return hops_of(graph.indptr, graph.indices)
    sources = rng.choice(graph.n_nodes, min(SOURCES, graph.n_nodes), replace=False)
    found = hops_of(graph.indptr, graph.indices, sources)
    scaled = np.rint(found.pairs * (graph.n_nodes / sources.size)).astype(np.int64)
    return HopCounts(scaled, graph.n_nodes)


@takes_any_graph()
def local_efficiency(graph: FeatureGraph) -> float:
    """Return the mean over nodes of the efficiency among each node's neighbours.

    Distances are hops within the subgraph of the neighbours, the node itself left out.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph; weights do not count.

    Returns
    -------
    float
        In [0, 1]; nodes with fewer than two neighbours count 0.

    Notes
    -----
    Time O(Σ degree²) for the subgraphs, and a bit-parallel search in each; by rows of bits,
    O(n_edges · n_nodes / 63) per hop at most, in graphs of a mean degree above n_nodes / 63. Memory
    O(n_nodes + n_edges).

    References
    ----------
    Latora & Marchiori 2001, Phys. Rev. Lett. 87:198701, doi:10.1103/PhysRevLett.87.198701.

    Examples
    --------
    >>> local_efficiency(FeatureGraph.from_edges([(0, 1), (1, 2), (0, 2)]))
    1.0
    """
    from featgraph.graph._bit_kernels import mean_closeness_in_bits, pack_rows, rows_of_bits_pay
    from featgraph.graph._hop_kernels import mean_closeness

    out = np.empty(graph.n_nodes)
    if rows_of_bits_pay(graph.n_nodes, graph.indices.size):
        bits = pack_rows(graph.indptr, graph.indices)
        mean_closeness_in_bits(graph.indptr, graph.indices, bits, out)
    else:
        mean_closeness(graph.indptr, graph.indices, out)
    return float(out.mean())
