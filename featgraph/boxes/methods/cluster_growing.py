"""Cluster growing: boxes grow around random uncovered nodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from featgraph.boxes._run import run_cover
from featgraph.boxes.cover import BoxCover
from featgraph.boxes.methods.random_sequential import solve as solve_sequential
from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.core.random import RandomState

__all__ = ["cover_cluster_growing", "solve"]


def cover_cluster_growing(
    graph: Any,
    size: float,
    *,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
) -> BoxCover:
    """Cover a graph by clusters grown to a radius around random uncovered nodes.

    The cluster of a seed is all that is not yet covered within ``size`` of it. This is random
    sequential covering with uncovered seeds, under the name it has in the source paper.

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
        Source of the seeds; an int makes the run repeatable.

    Returns
    -------
    BoxCover
        Radius boxes with their seeds as centres.

    Raises
    ------
    ValueError
        If ``size`` is negative, or a fraction of a hop.

    Notes
    -----
    Time O(n_boxes · b), b the mean number of edges within ``size`` of a seed; memory
    O(n_nodes + n_edges).

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Appendix A ("cluster-growing"); Kim, Goh, Kahng & Kim
    2007, New J. Phys. 9:177, doi:10.1088/1367-2630/9/6/177.

    Examples
    --------
    >>> import networkx
    >>> cover_cluster_growing(networkx.complete_graph(5), 1, rng=0).n_boxes
    1
    """
    return run_cover(
        solve,
        "cluster_growing",
        graph,
        size,
        weight=weight,
        as_undirected=as_undirected,
        rng=rng,
    )


def solve(space: MetricSpace, size: float, rng: np.random.Generator) -> RawCover:
    """Return the clusters around a random permutation of seeds."""
    return solve_sequential(space, size, rng)
