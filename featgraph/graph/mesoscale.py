"""Between node and graph: k-cores, communities and the rich club."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.checks import integer
from featgraph.core.progress import track_progress
from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.core.values import RandomState, as_rng
from featgraph.graph.convert import GraphLike, open_graph, takes_any_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.nulls import EdgeSwapper
from featgraph.kernels import light_kernel

__all__ = [
    "RichClub",
    "find_communities",
    "find_cores",
    "join_members",
    "make_club",
    "measure_modularity",
    "rich_club",
]


@takes_any_graph()
def find_cores(graph: FeatureGraph) -> NDArray[np.int64]:
    """Return the core number of each node: the largest k whose k-core holds it.

    The k-core is what is left after removing nodes with fewer than k neighbours, again and again.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph; isolated nodes have core number 0.

    Returns
    -------
    ndarray of int64, shape (n_nodes,)
        Core numbers.

    Notes
    -----
    Time and memory O(n_nodes + n_edges), compiled; more per edge where a graph outgrows the cache.

    References
    ----------
    Seidman 1983, Soc. Networks 5:269, doi:10.1016/0378-8733(83)90028-X; Batagelj & Zaversnik
    2011, Adv. Data Anal. Classif. 5:129, doi:10.1007/s11634-010-0079-y (algorithm).

    Examples
    --------
    >>> find_cores(FeatureGraph.from_edges([(0, 1), (1, 2), (0, 2), (2, 3)])).tolist()
    [2, 2, 2, 1]
    """
    core = np.empty(graph.n_nodes, dtype=np.int64)
    _peel_cores(graph.indptr, graph.indices, core)
    return core


@light_kernel
def _peel_cores(
    indptr: NDArray[np.int64], indices: NDArray[np.int64], core: NDArray[np.int64]
) -> None:
    """Write the core number of each node: nodes in order of what is left of their degree.

    Bins of equal degree make the order; a node whose neighbour goes moves one bin down.
    """
    n_nodes = indptr.size - 1
    largest = 0
    for node in range(n_nodes):
        core[node] = indptr[node + 1] - indptr[node]
        largest = max(largest, core[node])
    start = np.zeros(largest + 2, dtype=np.int64)  # where each bin starts in the order
    for node in range(n_nodes):
        start[core[node] + 1] += 1
    for k in range(largest + 1):
        start[k + 1] += start[k]
    order = np.empty(n_nodes, dtype=np.int64)
    place = np.empty(n_nodes, dtype=np.int64)
    free = start.copy()
    for node in range(n_nodes):
        place[node] = free[core[node]]
        order[place[node]] = node
        free[core[node]] += 1
    for at in range(n_nodes):
        node = order[at]
        for k in range(indptr[node], indptr[node + 1]):
            other = indices[k]
            if core[other] <= core[node]:
                continue
            first = order[start[core[other]]]
            if first != other:  # change places with the first of the bin, then the bin shrinks
                order[place[other]], order[place[first]] = first, other
                place[other], place[first] = place[first], place[other]
            start[core[other]] += 1
            core[other] -= 1


MANY_EDGES = 20_000  # beyond, rounds until nothing changes take seconds


@takes_any_graph()
def find_communities(
    graph: FeatureGraph,
    *,
    resolution: float = 1.0,
    n_iterations: int | None = None,
    rng: RandomState = 0,
) -> NDArray[np.int64]:
    """Return the community of each node by the Leiden method for modularity.

    Every edge counts 1, whatever its weight: weights of a FeatureGraph are distances, and
    modularity would read them as strengths.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph; components never share a community.
    resolution : float, default=1.0
        Above 1 gives more and smaller communities.
    n_iterations : int or None, default=None
        Rounds, each from the communities of the one before; None: until a round changes nothing,
        on graphs of more than 20,000 edges 2.
    rng : Generator, int or None, default=0
        Source of the order in which nodes are visited.

    Returns
    -------
    ndarray of int64, shape (n_nodes,)
        Numbers from 0, the largest community first.

    Raises
    ------
    ValueError
        If ``resolution`` is not above 0, or ``n_iterations`` below 1.

    Notes
    -----
    A round takes about O(n_nodes + n_edges) time. On scale-free graphs of 10⁵ edges rounds until
    nothing changes take 20 times as long as two, for a modularity higher by 5 %. The igraph
    library draws from one generator per process; it is lent a private one for the call and given
    back Python's ``random``, its default.

    References
    ----------
    Traag, Waltman & van Eck 2019, Sci. Rep. 9:5233, doi:10.1038/s41598-019-41695-z.

    Examples
    --------
    >>> graph = FeatureGraph.from_edges([(0, 1), (1, 2), (0, 2), (3, 4), (5, 6)])
    >>> find_communities(graph).tolist()
    [0, 0, 0, 1, 1, 2, 2]
    """
    import igraph

    rounds = n_iterations or (2 if graph.n_edges > MANY_EDGES else -1)
    seed = int(as_rng(rng).integers(2**63))
    bare = igraph.Graph(n=graph.n_nodes, edges=graph.edges.tolist())
    igraph.set_random_number_generator(random.Random(seed))
    try:
        parts = bare.community_leiden(
            objective_function="modularity", resolution=resolution, n_iterations=rounds
        )
    finally:
        igraph.set_random_number_generator(random)
    labels = np.array(parts.membership, dtype=np.int64)
    # stable: of communities of equal size the one with the first node comes first
    first = np.unique(labels, return_index=True)[1]
    order = np.lexsort((first, -np.bincount(labels)))
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    result: NDArray[np.int64] = rank[labels]
    return result


@takes_any_graph()
def measure_modularity(graph: FeatureGraph, labels: ArrayLike, *, resolution: float = 1.0) -> float:
    """Return the modularity Q of a partition; every edge counts 1.

    Q = Σ_c [m_c/m − γ (K_c/2m)²], m_c the edges inside group c, K_c the sum of its degrees.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph; weights do not count.
    labels : array-like of int, shape (n_nodes,)
        Group of each node: communities, boxes, layers as numbers.
    resolution : float, default=1.0
        γ.

    Returns
    -------
    float
        At most 1; nan for a graph without edges.

    Raises
    ------
    ValueError
        If there is not one whole number per node, or ``resolution`` is not above 0.

    Notes
    -----
    Time O(n_nodes + n_edges).

    References
    ----------
    Newman & Girvan 2004, Phys. Rev. E 69:026113, doi:10.1103/PhysRevE.69.026113.

    Examples
    --------
    >>> graph = FeatureGraph.from_edges([(0, 1), (2, 3)])
    >>> measure_modularity(graph, [0, 0, 1, 1])
    0.5
    """
    groups = np.asarray(labels)
    if groups.shape != (graph.n_nodes,) or groups.dtype.kind not in "iu":
        raise ValueError(
            f"labels must be one whole number per node of the graph ({graph.n_nodes}), "
            f"got shape {groups.shape} of {groups.dtype}"
        )
    if graph.n_edges == 0:
        return float("nan")
    number = np.unique(groups, return_inverse=True)[1]
    inside = float((number[graph.edges[:, 0]] == number[graph.edges[:, 1]]).mean())
    shares = np.bincount(number, weights=graph.degrees) / (2 * graph.n_edges)
    return inside - resolution * float((shares**2).sum())


@dataclass(frozen=True, repr=False, eq=False)
class RichClub(Result):
    """Rich-club coefficients φ(k) beside those of rewired graphs.

    Attributes
    ----------
    degrees : ndarray of int64, shape (n_degrees,)
        k from 0 to the largest degree − 1.
    n_members : ndarray of int64, shape (n_degrees,)
        Nodes of degree above k.
    coefficients : ndarray of float, shape (n_degrees,)
        φ(k), the share of pairs of members that are joined; nan for one member.
    references : ndarray of float, shape (n_references, n_degrees)
        φ(k) of graphs of the same degrees.
    """

    _shown: ClassVar = ("max_degree", "n_references")
    _rules: ClassVar = {
        "degrees": Rule("n_degrees"),
        "n_members": Rule("n_degrees", least=0),
        "coefficients": Rule("n_degrees", least=0, most=1),
        "references": Rule("n_references n_degrees", least=0, most=1),
    }

    degrees: NDArray[np.int64]
    n_members: NDArray[np.int64]
    coefficients: NDArray[np.float64]
    references: NDArray[np.float64]

    @property
    def ratio(self) -> NDArray[np.float64]:
        """φ(k) over the mean φ(k) of the references, shape (n_degrees,); nan for 0/0."""
        mean = self.references.mean(axis=0)
        result = np.full(mean.shape, np.nan)
        np.divide(self.coefficients, mean, out=result, where=mean > 0)
        return result

    @property
    def z(self) -> NDArray[np.float64]:
        """(φ(k) − mean) / sd over the references, shape (n_degrees,); nan where sd is 0."""
        sd = self.references.std(axis=0, ddof=1 if len(self.references) > 1 else 0)
        result = np.full(sd.shape, np.nan)
        gap = self.coefficients - self.references.mean(axis=0)
        np.divide(gap, sd, out=result, where=sd > 1e-12)
        return result

    def _columns(self) -> Mapping[str, object]:
        return {
            "degree": self.degrees,
            "n_members": self.n_members,
            "coefficient": self.coefficients,
            "reference": self.references.mean(axis=0),
            "ratio": self.ratio,
            "z": self.z,
        }

    @property
    def max_degree(self) -> int:
        """Largest degree of the graph."""
        return self.degrees.size


def rich_club(
    graph: GraphLike,
    *,
    n_references: int = 20,
    rng: RandomState = 0,
    progress: bool | None = None,
) -> RichClub:
    """Measure the rich club of a graph against rewired graphs.

    φ(k) = 2 E_k / (N_k (N_k − 1)), N_k the nodes of degree above k and E_k the edges among them.

    Parameters
    ----------
    graph : FeatureGraph, networkx graph, igraph.Graph, PyG Data or scipy sparse matrix
        Any graph; weights do not count.
    n_references : int, default=20
        Random graphs of the same degrees, at least 1.
    rng : Generator, int or None, default=0
        Source of the references.
    progress : bool, optional
        Show a bar; default: on a terminal.

    Returns
    -------
    RichClub
        φ(k), references, ratios and z-scores.

    Raises
    ------
    ValueError
        If the graph has no edge or ``n_references`` is below 1.

    Notes
    -----
    φ(k) rises with k in any graph: only the ratio to the references says something. Time
    O(n_edges) per reference beside the rewiring.

    References
    ----------
    Zhou & Mondragón 2004, IEEE Commun. Lett. 8:180, doi:10.1109/LCOMM.2004.823426; Colizza et al.
    2006, Nat. Phys. 2:110, doi:10.1038/nphys209 (references).

    Examples
    --------
    >>> import networkx as nx
    >>> club = rich_club(nx.barbell_graph(5, 1), rng=0)
    >>> club.coefficients.round(2).tolist()
    [0.4, 0.4, 0.44, 0.44, 0.0]
    """
    n_references = integer(n_references, "n_references", least=1)
    net = open_graph(graph).without_weights()
    if net.n_edges == 0:
        raise ValueError(f"graph must have at least one edge, got {net.n_nodes} nodes and none")
    swapper, generator = EdgeSwapper.start(net), as_rng(rng)
    references = []
    for _ in track_progress(range(n_references), progress=progress, label="references"):
        references.append(join_members(net, swapper.draw("random", generator).indices))
    return make_club(net, references)


def make_club(graph: FeatureGraph, references: list[NDArray[np.float64]]) -> RichClub:
    """Return the rich club of a graph beside φ(k) of references.

    Examples
    --------
    >>> star = FeatureGraph.from_edges([(0, 1), (0, 2), (0, 3)])
    >>> make_club(star, [join_members(star, star.indices)])
    RichClub(max_degree=3, n_references=1)
    """
    members = _above(np.bincount(graph.degrees))
    return RichClub(
        degrees=np.arange(members.size),
        n_members=members,
        coefficients=join_members(graph, graph.indices),
        references=np.array(references),
    )


def join_members(graph: FeatureGraph, heads: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return φ(k) of a graph of the same degrees whose rows have these ``heads``.

    Examples
    --------
    >>> star = FeatureGraph.from_edges([(0, 1), (0, 2), (0, 3)])
    >>> join_members(star, star.indices).tolist()
    [0.5, nan, nan]
    """
    degrees = graph.degrees
    # an edge lies in the club of k while both of its ends do
    lower = np.minimum(np.repeat(degrees, degrees), degrees[heads])
    edges = _above(np.bincount(lower, minlength=int(degrees.max()) + 1)) / 2
    members = _above(np.bincount(degrees))
    pairs = members * (members - 1) / 2
    result = np.full(members.size, np.nan)
    np.divide(edges, pairs, out=result, where=pairs > 0)
    return result


def _above(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many lie above each k but the last."""
    return counts[::-1].cumsum()[::-1][1:]
