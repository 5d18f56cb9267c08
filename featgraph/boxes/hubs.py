"""Boxes of chosen number around the largest hubs of a graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from featgraph.boxes.centers import reach_centers
from featgraph.boxes.cover import BoxCover
from featgraph.boxes.methods.fnb import rank_hubs
from featgraph.boxes.metric_space import RawCover, open_graph_space
from featgraph.boxes.raw_results import as_box_cover
from featgraph.core.values import RandomState, as_rng

__all__ = ["cover_hubs"]


def cover_hubs(
    graph: Any,
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
