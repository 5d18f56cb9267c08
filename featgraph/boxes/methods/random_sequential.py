"""Random sequential covering: a random seed, the uncovered rest of its ball, and again."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes._run import run_cover
from featgraph.boxes.cover import BoxCover
from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.core.checks import choice
from featgraph.core.random import RandomState
from featgraph.kernels import kernel

__all__ = ["SEEDS", "cover_random_sequential", "solve"]

Ints = NDArray[np.int64]

SEEDS = ("uncovered", "any")


def cover_random_sequential(
    graph: Any,
    size: float,
    *,
    seeds: str = "uncovered",
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
) -> BoxCover:
    """Cover a graph by radius boxes around random seeds.

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        Graph to cover.
    size : float
        Radius, inclusive: whole hops, or any number with ``weight``.
    seeds : {"uncovered", "any"}, default="uncovered"
        "uncovered": the next seed is a random node not covered yet. "any": a random node,
        covered or not, whose ball holds something uncovered, as published; such a seed may lie
        in an older box, so that its own box does not hold it.
    weight : str, optional
        Name of the edge weights that are distances; default: hops.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of the seeds; an int makes the run repeatable.

    Returns
    -------
    BoxCover
        Radius boxes with their seeds as centres, in order of their making. Distances are those
        of the whole graph, so a box need not be connected inside.

    Raises
    ------
    ValueError
        If ``size`` or ``seeds`` is not one of the above.

    Notes
    -----
    Seeds are taken from one random permutation: the first uncovered node of it is a uniformly
    random uncovered node. A search ends where an older one had as many hops left: all beyond is
    covered. Time is at most O(n_boxes · b), b the mean number of edges within ``size`` of a
    seed; memory O(n_nodes + n_edges).

    References
    ----------
    Kim, Goh, Kahng & Kim 2007, New J. Phys. 9:177, doi:10.1088/1367-2630/9/6/177.

    Examples
    --------
    >>> import networkx
    >>> cover_random_sequential(networkx.star_graph(9), 2, rng=0).n_boxes
    1
    """
    return run_cover(
        solve,
        "random_sequential",
        graph,
        size,
        weight=weight,
        as_undirected=as_undirected,
        rng=rng,
        options={"seeds": seeds},
    )


def solve(
    space: MetricSpace, size: float, rng: np.random.Generator, *, seeds: str = "uncovered"
) -> RawCover:
    """Return the boxes around a random permutation of seeds."""
    choice(seeds, SEEDS, "seeds")
    labels, centers = _grow(*space.rows(size), rng.permutation(space.n_nodes), seeds == "any")
    return RawCover(labels, centers)


@kernel
def _grow(
    starts: Ints, stops: Ints, indices: Ints, hops: int, seeds: Ints, from_covered: bool
) -> tuple[Ints, Ints]:
    # reach[v]: most hops that a ball had left at v, -1 if none came there. All nodes within
    # reach[v] of v are covered, so a search that comes to v with no more hops left turns back.
    n_nodes = seeds.size
    labels = np.full(n_nodes, -1, dtype=np.int64)
    centers = np.empty(n_nodes, dtype=np.int64)
    reach = np.full(n_nodes, -1, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    n_boxes, n_covered = 0, 0
    for seed in seeds:
        if n_covered == n_nodes:
            break
        if labels[seed] >= 0 and (not from_covered or reach[seed] == hops):
            continue
        before = n_covered
        if labels[seed] < 0:
            labels[seed] = n_boxes
            n_covered += 1
        reach[seed] = hops
        queue[0] = seed
        head, tail, level_end, left = 0, 1, 1, hops
        while head < tail and left > 0:
            left -= 1
            while head < level_end:
                u = queue[head]
                head += 1
                for k in range(starts[u], stops[u]):
                    v = indices[k]
                    if reach[v] < left:
                        if reach[v] < 0:
                            labels[v] = n_boxes
                            n_covered += 1
                        reach[v] = left
                        queue[tail] = v
                        tail += 1
            level_end = tail
        if n_covered > before:
            centers[n_boxes] = seed
            n_boxes += 1
    return labels, centers[:n_boxes].copy()
