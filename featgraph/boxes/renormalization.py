"""Renormalisation: boxes become nodes, again and again, until one node is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.api import box_cover
from featgraph.boxes.cover import BoxCover
from featgraph.core.result import Result
from featgraph.core.values import RandomState, as_rng
from featgraph.graph.convert import GraphLike, as_feature_graph
from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["RenormalizationFlow", "renormalization_flow", "renormalize"]

Ints = NDArray[np.int64]


def renormalize(
    graph: GraphLike, cover: BoxCover, *, weight: str | None = None, as_undirected: bool = False
) -> FeatureGraph:
    """Replace every box by one node; join two of them if any edge joins their boxes.

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        The graph that was covered.
    cover : BoxCover
        Its boxes.
    weight : str, optional
        Name of edge weights that are distances; the new edge keeps the smallest of those
        between two boxes. Default, and "ignore" for a graph of another library that carries
        weights: the new graph is unweighted.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.

    Returns
    -------
    FeatureGraph
        Nodes 0 … n_boxes − 1 in the order of the boxes, with node attributes ``mass`` (nodes
        in the box) and, for radius boxes, ``center`` (index of the centre in ``graph``).

    Raises
    ------
    ValueError
        If ``cover`` is of another number of nodes.

    Notes
    -----
    O(n_nodes + n_edges) time and memory.

    References
    ----------
    Song, Havlin & Makse 2005, Nature 433:392, doi:10.1038/nature03248.

    Examples
    --------
    >>> import networkx
    >>> ring = networkx.cycle_graph(6)
    >>> boxes = BoxCover(np.array([0, 0, 1, 1, 2, 2]), 1, "diameter", "greedy")
    >>> renormalize(ring, boxes)
    FeatureGraph(n_nodes=3, n_edges=3)
    """
    own = as_feature_graph(graph, weight=weight, as_undirected=as_undirected)
    if cover.n_nodes != own.n_nodes:
        raise ValueError(
            f"cover must be of the graph's {own.n_nodes} nodes, got one of {cover.n_nodes}"
        )
    edges = cover.labels[own.edges]
    between = edges[:, 0] != edges[:, 1]
    pairs = np.sort(edges[between], axis=1)
    attributes: dict[str, NDArray[Any]] = {"mass": cover.masses}
    if cover.centers is not None:
        attributes["center"] = cover.centers
    lengths = None
    if weight not in (None, "ignore") and own.edge_weights is not None:
        lengths = own.edge_weights[between]
    distinct, first = _distinct_pairs(pairs, lengths, cover.n_boxes)
    return FeatureGraph.from_edges(
        distinct,
        n_nodes=cover.n_boxes,
        weights=None if lengths is None else lengths[first],
        node_attributes=attributes,
        layer=own.layer,
        source=own.source,
    )


def _distinct_pairs(
    pairs: Ints, lengths: NDArray[np.float64] | None, n_nodes: int
) -> tuple[Ints, Ints]:
    keys = pairs[:, 0] * n_nodes + pairs[:, 1]
    if lengths is None:
        _, first = np.unique(keys, return_index=True)
    else:
        order = np.lexsort((lengths, keys))  # the shortest edge of each pair comes first
        _, where = np.unique(keys[order], return_index=True)
        first = order[where]
    return pairs[first], first


@dataclass(frozen=True, repr=False, eq=False)
class RenormalizationFlow(Result):
    """A graph, the graph of its boxes, the graph of theirs, and so on.

    Parameters
    ----------
    graphs : tuple of FeatureGraph, length n_steps + 1
        The given graph first, the last one after the last step.
    covers : tuple of BoxCover, length n_steps
        ``covers[k]`` covers ``graphs[k]``; its boxes are the nodes of ``graphs[k + 1]``: the
        box tree, level by level.

    Examples
    --------
    >>> import networkx
    >>> flow = renormalization_flow(networkx.path_graph(9), 2, method="greedy", order="index")
    >>> flow
    RenormalizationFlow(n_nodes=[9, 3, 1])
    """

    _picture: ClassVar = "plot_renormalization"
    _shown: ClassVar = ("n_nodes",)

    graphs: tuple[FeatureGraph, ...]
    covers: tuple[BoxCover, ...]

    @property
    def n_steps(self) -> int:
        """Number of renormalisation steps."""
        return len(self.covers)

    def labels(self, step: int) -> Ints:
        """Return, for each node of the first graph, its node in ``graphs[step]``.

        Examples
        --------
        >>> import networkx
        >>> flow = renormalization_flow(networkx.path_graph(9), 2, method="greedy", order="index")
        >>> flow.labels(1)
        array([0, 0, 0, 1, 1, 1, 2, 2, 2])
        """
        if not 0 <= step <= self.n_steps:
            raise ValueError(f"step must be from 0 to {self.n_steps}, got {step}")
        found = np.arange(self.graphs[0].n_nodes, dtype=np.int64)
        for cover in self.covers[:step]:
            found = cover.labels[found]
        return found

    def _columns(self) -> Mapping[str, object]:
        steps = range(len(self.graphs))
        return {
            "step": list(steps),
            "n_nodes": self.n_nodes,
            "n_edges": [g.n_edges for g in self.graphs],
        }

    @property
    def n_nodes(self) -> list[int]:
        """Nodes of each graph."""
        return [graph.n_nodes for graph in self.graphs]


def renormalization_flow(
    graph: GraphLike,
    size: float,
    *,
    method: str = "memb",
    max_steps: int | None = None,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
    **options: Any,
) -> RenormalizationFlow:
    """Renormalise a graph with boxes of one size until one node per component is left.

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        Graph to start from; its edges count one hop each in every step.
    size : float
        Box size in hops, at least 1, inclusive, as ``method`` understands it.
    method : str, default="memb"
        A key of METHODS. Methods with connected boxes (memb) are the usual choice.
    max_steps : int, optional
        Stop after so many steps, at least 1.
    weight : str, optional
        "ignore" if the edges carry weights; the flow counts hops.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of randomness; an int makes the flow repeatable.
    **options
        Options of the method.

    Returns
    -------
    RenormalizationFlow
        All graphs and covers of the way.

    Raises
    ------
    ValueError
        If ``size`` is less than 1: every box would be one node, for ever.

    Notes
    -----
    A covering (``METHODS[method].cost``) and O(n_nodes + n_edges) per step, of graphs that shrink;
    all of them are kept.

    References
    ----------
    Song, Havlin & Makse 2005, Nature 433:392, doi:10.1038/nature03248; Radicchi et al. 2008,
    Phys. Rev. Lett. 101:148701, doi:10.1103/PhysRevLett.101.148701.

    Examples
    --------
    >>> import networkx
    >>> renormalization_flow(networkx.star_graph(9), 1, rng=0)
    RenormalizationFlow(n_nodes=[10, 1])
    """
    if not size >= 1:
        raise ValueError(f"size must be at least 1, got {size!r}; smaller boxes never merge nodes")
    if max_steps is not None and max_steps < 1:
        raise ValueError(f"max_steps must be at least 1, got {max_steps}")
    own = as_feature_graph(graph, weight=weight, as_undirected=as_undirected).without_weights()
    graphs: list[FeatureGraph] = [own]
    covers: list[BoxCover] = []
    source = as_rng(rng)
    while graphs[-1].n_edges > 0 and (max_steps is None or len(covers) < max_steps):
        cover = box_cover(graphs[-1], size, method=method, rng=source, **options)
        if cover.n_boxes == graphs[-1].n_nodes:
            break  # a method that found nothing to merge will not find it next time
        covers.append(cover)
        graphs.append(renormalize(graphs[-1], cover))
    return RenormalizationFlow(tuple(graphs), tuple(covers))
