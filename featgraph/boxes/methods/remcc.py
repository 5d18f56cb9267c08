"""REMCC: large excluded mass, far from everything: ratio of excluded mass to closeness."""

from __future__ import annotations

from typing import Any

import numpy as np

from featgraph.boxes._run import run_cover
from featgraph.boxes.centers import join_centers, select_centers
from featgraph.boxes.cover import BoxCover
from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.core.random import RandomState

__all__ = ["cover_remcc", "solve"]


def cover_remcc(
    graph: Any,
    size: float,
    *,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
) -> BoxCover:
    """Cover a graph by radius boxes, centres of large mass and low closeness first.

    The next centre is the *uncovered* node with the largest product of excluded mass and mean
    distance to all nodes of its component (excluded mass over closeness centrality). Members
    join as in ``memb``, so boxes are connected; the publication counts centres only.

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
        Source of ties, also those between closer neighbours; an int makes the run repeatable.

    Returns
    -------
    BoxCover
        Connected radius boxes with their centres, in order of their choice.

    Raises
    ------
    ValueError
        If ``size`` is negative, or a fraction of a hop.

    Notes
    -----
    Mean distances take one search over the whole component per node, 504 at once as bits:
    O(n_nodes · n_edges / 63) times the diameter, or O(n_nodes · n_edges) if that is less. The
    rest costs what ``memb`` does. Distances are those of the component, so that a node alone
    in its component has mean distance 0; it is taken last.

    References
    ----------
    Zheng, Pan, Sun, Deng, Zhao & Kang 2016, Chinese Phys. Lett. 33:038901,
    doi:10.1088/0256-307X/33/3/038901.

    Examples
    --------
    >>> import networkx
    >>> cover_remcc(networkx.path_graph(5), 1, rng=0).n_boxes
    2
    """
    return run_cover(
        solve,
        "remcc",
        graph,
        size,
        weight=weight,
        as_undirected=as_undirected,
        rng=rng,
    )


def solve(space: MetricSpace, size: float, rng: np.random.Generator) -> RawCover:
    """Return the boxes around uncovered centres of largest mass times mean distance."""
    rows = space.rows(size)
    ties = rng.permutation(space.n_nodes)
    # a lone node (mean distance 0) still needs a positive weight to be chosen at all
    weights = np.maximum(space.mean_distances, np.finfo(np.float64).tiny)
    centers, _ = select_centers(space, size, ties, weights=weights, only_uncovered=True)
    return RawCover(join_centers(space, rows, size, centers, rng), centers)
