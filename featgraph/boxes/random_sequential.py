"""Random sequential covering: a random seed, the uncovered rest of its ball, and again."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph._checks import choice
from featgraph._random import RandomState
from featgraph.boxes._kernel import kernel
from featgraph.boxes._run import run_cover
from featgraph.boxes._world import Solution, World
from featgraph.boxes.cover import BoxCover

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
    random uncovered node. Time O(n_boxes · b), b the mean number of edges within ``size`` of a
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
    world: World, size: float, rng: np.random.Generator, *, seeds: str = "uncovered"
) -> Solution:
    """Return the boxes around a random permutation of seeds."""
    choice(seeds, SEEDS, "seeds")
    labels, centers = _grow(*world.walk(size), rng.permutation(world.n_nodes), seeds == "any")
    return Solution(labels, centers)


@kernel
def _grow(
    starts: Ints, stops: Ints, indices: Ints, hops: int, seeds: Ints, from_covered: bool
) -> tuple[Ints, Ints]:
    n_nodes = seeds.size
    labels = np.full(n_nodes, -1, dtype=np.int64)
    centers = np.empty(n_nodes, dtype=np.int64)
    seen = np.full(n_nodes, -1, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    n_boxes, n_covered = 0, 0
    for seed in seeds:
        if n_covered == n_nodes:
            break
        if labels[seed] >= 0 and not from_covered:
            continue
        before = n_covered
        queue[0] = seed
        seen[seed] = seed
        head, tail, level_end, distance = 0, 1, 1, 0
        while head < tail and distance < hops:
            while head < level_end:
                u = queue[head]
                head += 1
                for k in range(starts[u], stops[u]):
                    v = indices[k]
                    if seen[v] != seed:
                        seen[v] = seed
                        queue[tail] = v
                        tail += 1
            level_end = tail
            distance += 1
        for k in range(tail):
            v = queue[k]
            if labels[v] < 0:
                labels[v] = n_boxes
                n_covered += 1
        if n_covered > before:
            centers[n_boxes] = seed
            n_boxes += 1
    return labels, centers[:n_boxes].copy()
