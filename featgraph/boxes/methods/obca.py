"""Overlapping box covering (OBCA): boxes as large as they get, redundant ones dropped."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes._run import run_cover
from featgraph.boxes.candidate_boxes import Table, open_table, overlap_boxes
from featgraph.boxes.cover import BoxCover
from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.core.random import RandomState
from featgraph.kernels import kernel

__all__ = ["cover_obca", "shrink_balls", "solve"]

Ints = NDArray[np.int64]


def cover_obca(
    graph: Any,
    size: float,
    *,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
) -> BoxCover:
    """Cover a graph by overlapping diameter boxes from the rim inwards.

    Seeds are the uncovered nodes by rising degree. The box of a seed is its ball, shrunk: its
    nodes are gone through from those covered least often, and each one kept throws out all
    that are farther than ``size`` from it. Boxes may hold nodes of older boxes. In the end, in
    order of making, a box all of whose nodes are covered more than once is dropped.

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
        Source of ties, of degree and of cover; an int makes the run repeatable.

    Returns
    -------
    BoxCover
        Diameter boxes. ``overlaps`` holds them whole; ``labels`` put every node into the first
        box that holds it.

    Raises
    ------
    ValueError
        If ``size`` is negative, or a fraction of a hop.

    Notes
    -----
    Time O(n_boxes · m · b), with m members per box and b nodes within ``size`` of a node;
    memory O(n_nodes · b) for the lists of nodes within ``size``. Ties move the count by about
    a hundredth.

    References
    ----------
    Sun & Zhao 2014, Phys. Rev. E 89:042809, doi:10.1103/PhysRevE.89.042809.

    Examples
    --------
    >>> import networkx
    >>> cover = cover_obca(networkx.path_graph(4), 2, rng=0)
    >>> cover.n_boxes, cover.overlaps[1].size >= 4
    (2, True)
    """
    return run_cover(
        solve,
        "obca",
        graph,
        size,
        weight=weight,
        as_undirected=as_undirected,
        rng=rng,
    )


def solve(space: MetricSpace, size: float, rng: np.random.Generator) -> RawCover:
    """Return the boxes that are not redundant."""
    graph = space.neighbors(size)
    return shrink_balls(open_table(space, size, bits=True), graph.stops - graph.starts, rng)


def shrink_balls(table: Table, degrees: Ints, rng: np.random.Generator) -> RawCover:
    """Return the overlapping boxes that are not redundant, and labels from them."""
    n_nodes = degrees.size
    ties = rng.permutation(n_nodes)
    rank = np.empty(n_nodes, dtype=np.int64)
    rank[ties] = np.arange(n_nodes)
    seeds = ties[np.argsort(degrees[ties], kind="stable")]
    bounds, members, times = overlap_boxes(table, seeds, rank)
    kept = _drop_redundant(bounds, members, times)
    masses = np.diff(bounds)
    overlaps = np.concatenate([[0], np.cumsum(masses[kept])]), members[np.repeat(kept, masses)]
    # written from the last box to the first: the first box that holds a node has the last word
    labels = np.empty(n_nodes, dtype=np.int64)
    labels[overlaps[1][::-1]] = np.repeat(np.arange(kept.sum()), masses[kept])[::-1]
    return RawCover(labels, overlaps=overlaps)


@kernel
def _drop_redundant(bounds: Ints, members: Ints, times: Ints) -> NDArray[np.bool_]:
    kept = np.ones(bounds.size - 1, dtype=np.bool_)
    for box in range(bounds.size - 1):
        needed = False
        for k in range(bounds[box], bounds[box + 1]):
            if times[members[k]] == 1:
                needed = True
        if not needed:
            kept[box] = False
            for k in range(bounds[box], bounds[box + 1]):
                times[members[k]] -= 1
    return kept
