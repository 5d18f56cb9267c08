"""Clustering, small patterns and paths: how dense neighbourhoods are, how far nodes lie apart."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import choice
from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.graph.convert import GraphLike, open_graph, takes_any_graph
from featgraph.graph.csr_graph import FeatureGraph

__all__ = [
    "MOTIFS",
    "HopCounts",
    "average_clustering",
    "count_hop_distances",
    "count_motifs",
    "local_clustering",
    "local_efficiency",
]

ClusteringKind = Literal["average", "transitivity"]
#: Larger graphs are summarised by the paths from so many random nodes.
EXACT_NODES, SOURCES = 20_000, 2016


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
    from featgraph.graph._subgraph_kernels import count_triangles, count_triangles_in_bits
    from featgraph.kernels.bits import pack_neighbors, rows_of_bits_pay

    out = np.empty(indptr.size - 1, dtype=np.int64)
    if rows_of_bits_pay(out.size, indices.size):
        count_triangles_in_bits(indptr, indices, pack_neighbors(indptr, indices), out)
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

    def _columns(self) -> Mapping[str, object]:
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
    All pairs: breadth-first search from 63 nodes at once, as bits of a word, or from 504 where
    balls grow fast. Time O(n_nodes · n_edges / 63 · diameter) for graphs of small diameter, never
    more than O(n_nodes · n_edges); memory O(n_edges + n_nodes), 192 bytes per node of it for 504.
    Twelve seconds at 50,000 nodes and 250,000 edges; four times the nodes take some 30 times as
    long, 16 by the pairs and the rest because words that do not fit the cache take longer to
    reach. ``small_world`` and ``network_summary`` estimate the paths of more than 20,000 nodes
    from 2016 of them, in seconds.

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
    from featgraph.graph._hop_kernels import count_hops, count_hops_in_bits
    from featgraph.kernels.bits import pack_neighbors, rows_of_bits_pay

    n_nodes = indptr.size - 1
    counts = np.zeros(n_nodes + 1, dtype=np.int64)
    if sources is None and rows_of_bits_pay(n_nodes, indices.size):
        count_hops_in_bits(pack_neighbors(indptr, indices), counts)
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
    from featgraph.graph._hop_kernels import mean_closeness, mean_closeness_in_bits
    from featgraph.kernels.bits import pack_neighbors, rows_of_bits_pay

    out = np.empty(graph.n_nodes)
    if rows_of_bits_pay(graph.n_nodes, graph.indices.size):
        bits = pack_neighbors(graph.indptr, graph.indices)
        mean_closeness_in_bits(graph.indptr, graph.indices, bits, out)
    else:
        mean_closeness(graph.indptr, graph.indices, out)
    return float(out.mean())


#: Patterns of 3 and of 4 nodes that hang together, sparsest first.
MOTIFS: dict[int, tuple[str, ...]] = {
    3: ("empty", "edge", "path", "triangle"),
    4: ("path", "star", "cycle", "paw", "diamond", "clique"),
}
#: Row: a pattern; column: how often it holds each pattern of 4 nodes, its own or a denser one.
_HOLDS = np.array(
    [
        [1, 0, 4, 2, 6, 12],
        [0, 1, 0, 1, 2, 4],
        [0, 0, 1, 0, 1, 3],
        [0, 0, 0, 1, 4, 12],
        [0, 0, 0, 0, 1, 6],
        [0, 0, 0, 0, 0, 1],
    ]
)


def count_motifs(graph: GraphLike, *, size: int = 3) -> dict[str, int]:
    """Count the induced subgraphs of 3 or 4 nodes by their pattern.

    Parameters
    ----------
    graph : FeatureGraph, networkx graph, igraph.Graph, PyG Data or scipy sparse matrix
        Any graph; weights do not count.
    size : {3, 4}, default=3
        3: the triad census, all sets of three nodes: "empty", "edge", "path" (two edges),
        "triangle". 4: connected sets of four: "path", "star", "cycle", "paw" (a triangle with a
        tail), "diamond" (a clique without an edge), "clique".

    Returns
    -------
    dict of str to int
        Number of node sets of each pattern.

    Raises
    ------
    ValueError
        If ``size`` is neither 3 nor 4.

    Notes
    -----
    Patterns that need not be induced are counted from degrees, triangles and common neighbours,
    and the system that ties them to the induced ones is solved, so no set of nodes is listed.
    Time O(n_edges^1.5) for 3; O(Σ degree² + triangles · degree) for 4, and by rows of bits
    O((n_nodes² + triangles) · n_nodes / 63) in graphs of a mean degree above n_nodes / 63. Memory
    O(n_nodes + n_edges).

    References
    ----------
    Milo et al. 2002, Science 298:824, doi:10.1126/science.298.5594.824; Pinar, Seshadhri &
    Vishal 2017, WWW, doi:10.1145/3038912.3052597 (counting).

    Examples
    --------
    >>> import networkx as nx
    >>> count_motifs(nx.path_graph(4))
    {'empty': 0, 'edge': 2, 'path': 2, 'triangle': 0}
    >>> count_motifs(nx.complete_graph(4), size=4)["clique"]
    1
    """
    if size not in MOTIFS:
        choice(str(size), [str(number) for number in MOTIFS], "size")
    net = open_graph(graph).without_weights()
    n, m = net.n_nodes, net.n_edges
    if size == 3:
        triangles = int(count_node_triangles(net.indptr, net.indices).sum()) // 3
        paths = sum(k * (k - 1) // 2 for k in net.degrees.tolist()) - 3 * triangles
        edges = m * (n - 2) - 2 * paths - 3 * triangles
        empty = n * (n - 1) * (n - 2) // 6 - edges - paths - triangles
        return dict(zip(MOTIFS[3], (empty, edges, paths, triangles), strict=True))
    from featgraph.graph._subgraph_kernels import count_four, count_four_in_bits
    from featgraph.kernels.bits import pack_neighbors, rows_of_bits_pay

    counts = np.zeros(6, dtype=np.int64)
    if rows_of_bits_pay(n, net.indices.size):
        bits = pack_neighbors(net.indptr, net.indices)
        count_four_in_bits(net.indptr, net.indices, bits, counts)
    else:
        count_four(net.indptr, net.indices, counts)
    for row in range(5, -1, -1):
        counts[row] -= _HOLDS[row, row + 1 :] @ counts[row + 1 :]
    return dict(zip(MOTIFS[4], counts.tolist(), strict=True))
