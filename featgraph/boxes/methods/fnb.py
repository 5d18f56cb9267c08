"""Fixed number of boxes (FNB): hubs are given, every node joins the nearest."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes._run import run_cover, wrap_cover
from featgraph.boxes.centers import join_centers, reach_centers
from featgraph.boxes.cover import BoxCover
from featgraph.boxes.metric_space import MetricSpace, RawCover, open_graph_space
from featgraph.core.checks import integer
from featgraph.core.random import RandomState, as_rng
from featgraph.kernels import kernel

__all__ = ["cover_fnb", "cover_hubs", "solve"]

Ints = NDArray[np.int64]


def cover_fnb(
    graph: Any,
    size: float,
    *,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
) -> BoxCover:
    """Cover a graph by the Voronoi cells of its largest hubs, as few as ``size`` allows.

    Hubs are the nodes of highest degree, and every node joins its nearest hub. In each
    component hubs are added by falling degree until no node is farther than ``size`` from one.
    The publication fixes the number of boxes instead: ``cover_hubs``.

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        Graph to cover.
    size : float
        Radius, inclusive: whole hops, or any number with ``weight``.
    weight : str, optional
        Name of the edge weights that are distances; default: hops.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of ties, of degree and of distance; an int makes the run repeatable.

    Returns
    -------
    BoxCover
        Connected radius boxes around the hubs, by falling degree of the hub.

    Raises
    ------
    ValueError
        If ``size`` is negative, or a fraction of a hop.

    Notes
    -----
    Hubs that lie close to each other are all taken, so there are many more boxes than with
    ``memb``; in return the number of boxes is what one chooses, and one search gives all.
    Time O(n_boxes · b), b the mean number of edges within ``size`` of a hub; memory
    O(n_nodes + n_edges).

    References
    ----------
    Łepek et al. 2025, arXiv:2501.16030.

    Examples
    --------
    >>> import networkx
    >>> cover_fnb(networkx.star_graph(5), 1, rng=0).centers
    array([0])
    """
    return run_cover(
        solve,
        "fnb",
        graph,
        size,
        weight=weight,
        as_undirected=as_undirected,
        rng=rng,
    )


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
        Name of the edge weights that are distances; default: hops.
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
    hubs = _rank_hubs(space, 1.0, source)
    leaders = np.sort(np.unique(space.components[hubs], return_index=True)[1])
    wanted = integer(n_boxes, "n_boxes", least=1)
    if not leaders.size <= wanted <= space.n_nodes:
        raise ValueError(
            f"n_boxes must be from {leaders.size} (components) to {space.n_nodes} (nodes), "
            f"got {n_boxes}"
        )
    others = np.setdiff1d(np.arange(space.n_nodes), leaders)[: wanted - leaders.size]
    centers = hubs[np.sort(np.concatenate([leaders, others]))]
    labels, size = reach_centers(space, centers, source)
    return wrap_cover(RawCover(labels, centers), space, size, "fnb", rng, {"n_boxes": wanted})


def solve(space: MetricSpace, size: float, rng: np.random.Generator) -> RawCover:
    """Return the cells of the fewest hubs that leave no node farther than ``size``."""
    rows = space.rows(size)
    hubs = _rank_hubs(space, size, rng)
    centers = _take_hubs(*rows, hubs, space.components)
    return RawCover(join_centers(space, rows, size, centers, rng), centers)


def _rank_hubs(space: MetricSpace, size: float, rng: np.random.Generator) -> Ints:
    graph = space.neighbors(size)
    ties = rng.permutation(space.n_nodes)
    order: Ints = ties[np.argsort((graph.starts - graph.stops)[ties], kind="stable")]
    return order


@kernel
def _take_hubs(
    starts: Ints, stops: Ints, indices: Ints, hops: int, hubs: Ints, components: Ints
) -> Ints:
    # A component that is covered takes no more hubs.
    n_nodes = hubs.size
    left = np.zeros(components.max() + 1, dtype=np.int64)
    for v in range(n_nodes):
        left[components[v]] += 1
    covered = np.zeros(n_nodes, dtype=np.bool_)
    seen = np.full(n_nodes, -1, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    taken = np.empty(n_nodes, dtype=np.int64)
    n_taken = 0
    for hub in hubs:
        if left[components[hub]] == 0:
            continue
        taken[n_taken] = hub
        n_taken += 1
        queue[0] = hub
        seen[hub] = hub
        head, tail, level_end, distance = 0, 1, 1, 0
        while head < tail and distance < hops:
            while head < level_end:
                u = queue[head]
                head += 1
                for k in range(starts[u], stops[u]):
                    v = indices[k]
                    if seen[v] != hub:
                        seen[v] = hub
                        queue[tail] = v
                        tail += 1
            level_end = tail
            distance += 1
        for k in range(tail):
            if not covered[queue[k]]:
                covered[queue[k]] = True
                left[components[hub]] -= 1
    chosen: Ints = taken[:n_taken].copy()
    return chosen
