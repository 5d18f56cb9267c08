"""Greedy set cover by balls: always the ball with most uncovered nodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from featgraph.boxes._run import run_cover
from featgraph.boxes.centers import break_ties, select_centers
from featgraph.boxes.cover import BoxCover
from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.core.random import RandomState

__all__ = ["cover_max_cover", "solve"]


def cover_max_cover(
    graph: Any,
    size: float,
    *,
    ties: str = "small_ball",
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
) -> BoxCover:
    """Cover a graph by the balls that hold most uncovered nodes, one after the other.

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        Graph to cover.
    size : float
        Radius, inclusive: whole hops, or any number with ``weight``.
    ties : {"small_ball", "random", "index"}, default="small_ball"
        Which of several nodes of equal excluded mass becomes the centre. "small_ball": one
        with the fewest nodes within ``size``, covered ones included, because it overlaps least
        with older boxes (about half a per cent fewer boxes than "random" on large networks);
        of these a random one. "index": the first.
    weight : str, optional
        Name of the edge weights that are distances; default: hops.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of ties between balls of equal gain; an int makes the run repeatable.

    Returns
    -------
    BoxCover
        Radius boxes: each ball without what older balls cover. A centre may lie in an older
        box, and a box need not be connected inside; ``memb`` takes the same centres and makes
        connected boxes.

    Raises
    ------
    ValueError
        If ``size`` is negative, or a fraction of a hop.

    Notes
    -----
    Greedy set cover: at most 1 + ln(largest ball) times the smallest number of balls (Chvátal
    1979, doi:10.1287/moor.4.3.233). Costs are those of ``memb``.

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Appendix A ("greedy").

    Examples
    --------
    >>> import networkx
    >>> cover_max_cover(networkx.star_graph(6), 1, rng=0).n_boxes
    1
    """
    return run_cover(
        solve,
        "max_cover",
        graph,
        size,
        weight=weight,
        as_undirected=as_undirected,
        rng=rng,
        options={"ties": ties},
    )


def solve(
    space: MetricSpace, size: float, rng: np.random.Generator, *, ties: str = "small_ball"
) -> RawCover:
    """Return the balls of largest gain, each without what is covered before."""
    order, small_first = break_ties(space.n_nodes, ties, rng)
    centers, labels = select_centers(space, size, order, small_first=small_first)
    return RawCover(labels, centers)
