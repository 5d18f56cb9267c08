"""What a covering looks like from inside (masses, overlap, compactness), and boxes around hubs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.centers import reach_centers
from featgraph.boxes.cover import BoxCover, as_box_cover
from featgraph.boxes.methods.fnb import rank_hubs
from featgraph.boxes.metric_space import RawCover, open_graph_space
from featgraph.core.result import Result
from featgraph.core.rules import SHARE, Rule
from featgraph.core.values import RandomState, as_rng
from featgraph.graph.convert import GraphLike, as_feature_graph
from featgraph.kernels import kernel
from featgraph.kernels.search import measure_depth, widen

__all__ = ["BoxAnalysis", "analyze_boxes", "box_diameters", "cover_hubs"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, repr=False, eq=False)
class BoxAnalysis(Result):
    """Figures of one covering.

    Parameters
    ----------
    masses : ndarray of int64, shape (n_boxes,)
        Nodes in each box, each node counted once.
    connected : ndarray of bool, shape (n_boxes,)
        Whether the members are connected among themselves, without leaving the box.
    compactness : float
        Share of boxes that are connected inside, in [0, 1].
    overlap : float
        Mean number of boxes that hold a node: 1 without overlap.
    internal_edges : float
        Share of edges with both ends in one box, in [0, 1]; nan for a graph without edges.
    """

    _shown: ClassVar = ("n_boxes", "compactness", "overlap", "internal_edges")
    _rules: ClassVar = {
        "masses": Rule("n_boxes", least=1),
        "connected": Rule("n_boxes"),
        "compactness": SHARE,
        "overlap": Rule(least=1),
        "internal_edges": SHARE,
    }

    masses: Ints
    connected: NDArray[np.bool_]
    compactness: float
    overlap: float
    internal_edges: float

    def _columns(self) -> Mapping[str, object]:
        return {
            "box": np.arange(self.masses.size),
            "mass": self.masses,
            "connected": self.connected,
        }


def analyze_boxes(graph: GraphLike, cover: BoxCover, *, as_undirected: bool = False) -> BoxAnalysis:
    """Describe the boxes of a covering.

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        The graph that was covered; edge weights play no part.
    cover : BoxCover
        Its boxes.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.

    Returns
    -------
    BoxAnalysis
        Masses, connectedness, overlap and share of internal edges.

    Raises
    ------
    ValueError
        If ``cover`` is of another number of nodes.

    Notes
    -----
    O(n_nodes + n_edges) time and memory. Diameter boxes bound distances in the whole graph, so
    the shortest path between two members may leave the box: compactness says how often it
    must. Boxes that overlap are judged with all their members.

    Examples
    --------
    >>> import networkx
    >>> cover = BoxCover(np.array([0, 1, 0]), 2, "diameter", "greedy")
    >>> analyze_boxes(networkx.path_graph(3), cover)
    BoxAnalysis(n_boxes=2, compactness=0.5, overlap=1, internal_edges=0)
    """
    own = as_feature_graph(graph, weight="ignore", as_undirected=as_undirected)
    if cover.n_nodes != own.n_nodes:
        raise ValueError(
            f"cover must be of the graph's {own.n_nodes} nodes, got one of {cover.n_nodes}"
        )
    if cover.overlaps is None:
        bounds = np.concatenate([[0], np.cumsum(cover.masses)]).astype(np.int64)
        members = np.argsort(cover.labels, kind="stable")
    else:
        bounds, members = cover.overlaps
    rows = (own.indptr[:-1], own.indptr[1:], own.indices)
    connected = _reached(*rows, bounds, members) == np.diff(bounds)
    ends = cover.labels[own.edges]
    return BoxAnalysis(
        masses=cover.masses,
        connected=connected,
        compactness=float(connected.mean()),
        overlap=float(members.size / cover.n_nodes),
        internal_edges=float((ends[:, 0] == ends[:, 1]).mean()) if len(ends) else float("nan"),
    )


def box_diameters(graph: GraphLike, cover: BoxCover, *, as_undirected: bool = False) -> Ints:
    """Measure the largest distance between two members of each box, in the whole graph.

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        The graph that was covered; edge weights play no part.
    cover : BoxCover
        Its boxes, each node in the box of its label.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.

    Returns
    -------
    ndarray of int64, shape (n_boxes,)
        Diameters in hops; −1 for a box with members of two components.

    Raises
    ------
    ValueError
        If ``cover`` is of another number of nodes.

    Notes
    -----
    One search per node that ends when its box is met: at most O(n_nodes · n_edges).

    Examples
    --------
    >>> import networkx
    >>> cover = BoxCover(np.array([0, 0, 1, 0]), 3, "diameter", "greedy")
    >>> box_diameters(networkx.path_graph(4), cover)
    array([3, 0])
    """
    own = as_feature_graph(graph, weight="ignore", as_undirected=as_undirected)
    if cover.n_nodes != own.n_nodes:
        raise ValueError(
            f"cover must be of the graph's {own.n_nodes} nodes, got one of {cover.n_nodes}"
        )
    found = _farthest(own.indptr[:-1], own.indptr[1:], own.indices, cover.labels, cover.masses)
    diameters = np.zeros(cover.n_boxes, dtype=np.int64)
    np.maximum.at(diameters, cover.labels, found)
    diameters[cover.labels[found < 0]] = -1
    return diameters


@kernel
def _farthest(starts: Ints, stops: Ints, indices: Ints, labels: Ints, masses: Ints) -> Ints:
    # Distance from each node to the farthest of its box, -1 if one cannot be reached.
    n_nodes = labels.size
    seen = np.full(n_nodes, -1, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    far = np.full(n_nodes, -1, dtype=np.int64)
    for source in range(n_nodes):
        queue[0] = source
        seen[source] = source
        head, tail, met, distance = 0, 1, 0, 0
        while head < tail:
            for k in range(head, tail):
                met += labels[queue[k]] == labels[source]
            if met == masses[labels[source]]:
                far[source] = distance
                break
            head, tail = tail, widen(starts, stops, indices, source, head, tail, seen, queue)
            distance += 1
    return far


@kernel
def _reached(starts: Ints, stops: Ints, indices: Ints, bounds: Ints, members: Ints) -> Ints:
    # Number of members of each box that its first member reaches inside the box.
    depth = np.zeros(starts.size, dtype=np.int64)  # negative only inside the box at hand
    queue = np.empty(starts.size, dtype=np.int64)
    counts = np.zeros(bounds.size - 1, dtype=np.int64)
    for box in range(bounds.size - 1):
        inside = members[bounds[box] : bounds[box + 1]]
        depth[inside] = -1
        queue[0] = inside[0]
        depth[inside[0]] = 0
        counts[box] = measure_depth(starts, stops, indices, 1, depth, queue)
        depth[inside] = 0
    return counts


def cover_hubs(
    graph: GraphLike,
    n_boxes: int,
    *,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
) -> BoxCover:
    """Cover a graph by the Voronoi cells of its ``n_boxes`` largest hubs.

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        Graph to cover.
    n_boxes : int
        Number of boxes, from the number of components to the number of nodes. The largest hub
        of every component is always one; the others are those of highest degree.
    weight : str, optional
        Name of the edge weights that are distances, or "ignore" for hops. Default: hops; a graph
        of another library that carries weights is then refused.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of ties, of degree and of distance; an int makes the run repeatable.

    Returns
    -------
    BoxCover
        Connected radius boxes around the hubs, by falling degree of the hub; ``size`` is the
        largest distance of a node from its hub.

    Raises
    ------
    ValueError
        If ``n_boxes`` is out of range.

    Notes
    -----
    One search from all hubs: O(n_nodes + n_edges). Mean diameters of the boxes, against which
    the publication plots ``n_boxes``, come from ``box_diameters``.

    References
    ----------
    Łepek et al. 2025, arXiv:2501.16030.

    Examples
    --------
    >>> import networkx
    >>> cover_hubs(networkx.path_graph(7), 1, rng=0).n_boxes
    1
    """
    space = open_graph_space(graph, weight=weight, as_undirected=as_undirected)
    source = as_rng(rng)
    hubs = rank_hubs(space, 1.0, source)
    leaders = np.sort(np.unique(space.components[hubs], return_index=True)[1])
    if not leaders.size <= n_boxes <= space.n_nodes:
        raise ValueError(
            f"n_boxes must be from {leaders.size} (components) to {space.n_nodes} (nodes), "
            f"got {n_boxes}"
        )
    others = np.setdiff1d(np.arange(space.n_nodes), leaders)[: n_boxes - leaders.size]
    centers = hubs[np.sort(np.concatenate([leaders, others]))]
    labels, size = reach_centers(space, centers, source)
    found, used = RawCover(labels, centers), {"n_boxes": n_boxes}
    return as_box_cover(found, space, size, "fnb", "radius", rng, used)
