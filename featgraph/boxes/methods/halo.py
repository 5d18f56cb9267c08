"""HALO: balls around hubs and compact boxes from the rim, the redundant ones dropped."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes._run import run_cover
from featgraph.boxes.candidate_boxes import (
    Boxes,
    join_proposals,
    open_table,
    propose_boxes,
)
from featgraph.boxes.centers import select_centers
from featgraph.boxes.cover import BoxCover
from featgraph.boxes.greedy_set_cover import choose_boxes
from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.core.random import RandomState

__all__ = ["cover_halo", "solve"]

Ints = NDArray[np.int64]


def cover_halo(
    graph: Any,
    size: float,
    *,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
) -> BoxCover:
    """Cover a graph by boxes chosen from balls around hubs and boxes grown at the rim.

    Proposed are the balls of the centres that ``memb`` finds for half the size (rounded
    down), and compact boxes: from an uncovered seed of lowest degree, random nodes within
    ``size`` of all members join, uncovered ones first, until none is left; again until all are
    covered. Then, by rising number of uncovered nodes, each proposal is dropped unless it
    alone still holds some node.

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        Graph to cover.
    size : float
        Largest distance inside a box, inclusive: whole hops, or any number with ``weight``.
    weight : str, optional
        Name of the edge weights that are distances; default: hops.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of ties and of the compact boxes; an int makes the run repeatable.

    Returns
    -------
    BoxCover
        Diameter boxes in order of choice, each without what older ones hold.

    Raises
    ------
    ValueError
        If ``size`` is negative, or a fraction of a hop.

    Notes
    -----
    Costs are those of ``memb`` and of one maximal box per compact box; memory O(n_nodes · b),
    b the mean number of nodes within ``size`` of a node.

    References
    ----------
    Guo, Zhou, Ruan, Zhang & Qi 2022, "Hub-collision avoidance and leaf-node options algorithm
    for fractal dimension and renormalization of complex networks", Chaos 32,
    doi:10.1063/5.0113001.

    Examples
    --------
    >>> import networkx
    >>> cover_halo(networkx.star_graph(5), 2, rng=0).n_boxes
    1
    """
    return run_cover(
        solve,
        "halo",
        graph,
        size,
        weight=weight,
        as_undirected=as_undirected,
        rng=rng,
    )


def solve(space: MetricSpace, size: float, rng: np.random.Generator) -> RawCover:
    """Return the boxes chosen from balls and compact boxes."""
    graph = space.neighbors(size)
    ties = rng.permutation(space.n_nodes)
    by_degree = ties[np.argsort((graph.stops - graph.starts)[ties], kind="stable")]
    grown = propose_boxes(open_table(space, size), by_degree, 0, rng, prefer_uncovered=True)
    boxes = join_proposals(_hub_balls(space, size, rng), grown)
    return RawCover(choose_boxes(boxes, space.n_nodes, "small_first")[1])


def _hub_balls(space: MetricSpace, size: float, rng: np.random.Generator) -> Boxes:
    radius = size // 2 if space.name == "hop" else size / 2
    if radius == 0 and space.name == "hop":  # balls of single nodes
        nodes = np.arange(space.n_nodes, dtype=np.int64)
        return np.arange(space.n_nodes + 1, dtype=np.int64), nodes
    centers, _ = select_centers(space, radius, rng.permutation(space.n_nodes))
    near = space.pairs(radius)
    balls = [np.append(near.indices[near.starts[c] : near.stops[c]], c) for c in centers.tolist()]
    return np.concatenate([[0], np.cumsum([ball.size for ball in balls])]), np.concatenate(balls)
