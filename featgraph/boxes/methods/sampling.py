"""Sampling: many boxes are drawn, then as few as possible of them are chosen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes._run import run_cover
from featgraph.boxes.candidate_boxes import Boxes, open_table, propose_boxes
from featgraph.boxes.cover import BoxCover
from featgraph.boxes.greedy_set_cover import choose_boxes
from featgraph.boxes.methods.random_sequential import solve as solve_sequential
from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.core.checks import choice, integer
from featgraph.core.random import RandomState

__all__ = ["cover_sampling", "solve"]

Ints = NDArray[np.int64]

BOXES = ("maximal", "random_sequential")
STRATEGIES = ("small_first", "big_first")


def cover_sampling(
    graph: Any,
    size: float,
    *,
    boxes: str = "maximal",
    strategy: str = "small_first",
    n_samples: int = 10,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
) -> BoxCover:
    """Cover a graph by boxes chosen from many random ones.

    Maximal boxes grow from a random node that no sample holds yet (from any, once all are
    held) by random nodes within ``size`` of all members, covered or not, until none is left;
    there are ``n_samples`` times as many as random sequential covering needs. Random
    sequential boxes are those of ``n_samples`` runs. Then boxes are chosen until all is
    covered.

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        Graph to cover.
    size : float
        Largest distance inside a box, or radius if ``boxes="random_sequential"``, inclusive:
        whole hops, or any number with ``weight``.
    boxes : {"maximal", "random_sequential"}, default="maximal"
        Kind of boxes drawn: diameter boxes, or radius boxes.
    strategy : {"small_first", "big_first"}, default="small_first"
        "small_first": by rising number of uncovered nodes, each box is dropped unless it alone
        still holds some node. "big_first": the box with most uncovered nodes is next.
    n_samples : int, default=10
        Sampling density, at least 1; 10 and 40 in the comparative study of Kovács et al. 2021.
    weight : str, optional
        Name of the edge weights that are distances; default: hops.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of the random boxes; an int makes the run repeatable.

    Returns
    -------
    BoxCover
        Diameter or radius boxes in order of choice, each without what older ones hold.

    Raises
    ------
    ValueError
        If an option breaks its rule, or ``size`` is negative or a fraction of a hop.

    Notes
    -----
    Time O(n_samples · n_nodes · b), memory O(n_samples · n_nodes + n_nodes · b), b the mean
    number of nodes within ``size`` of a node.

    References
    ----------
    Wei et al. 2019, Chaos 29:063122.

    Examples
    --------
    >>> import networkx
    >>> cover_sampling(networkx.star_graph(9), 2, n_samples=3, rng=0).n_boxes
    1
    """
    return run_cover(
        solve,
        "sampling",
        graph,
        size,
        weight=weight,
        as_undirected=as_undirected,
        rng=rng,
        options={"boxes": boxes, "strategy": strategy, "n_samples": n_samples},
    )


def solve(
    space: MetricSpace,
    size: float,
    rng: np.random.Generator,
    *,
    boxes: str = "maximal",
    strategy: str = "small_first",
    n_samples: int = 10,
) -> RawCover:
    """Return the chosen boxes."""
    choice(boxes, BOXES, "boxes")
    choice(strategy, STRATEGIES, "strategy")
    integer(n_samples, "n_samples", least=1)
    if boxes == "random_sequential":
        drawn, centers = _draw_sequential(space, size, n_samples, rng)
        chosen, labels = choose_boxes(drawn, space.n_nodes, strategy)
        return RawCover(labels, centers[chosen])
    radius = size // 2 if space.name == "hop" else size / 2
    few = solve_sequential(space, radius, rng).labels.max() + 1
    seeds = rng.permutation(space.n_nodes)
    wanted = n_samples * int(few)
    drawn = propose_boxes(open_table(space, size), seeds, wanted, rng, prefer_uncovered=False)
    return RawCover(choose_boxes(drawn, space.n_nodes, strategy)[1])


def _draw_sequential(
    space: MetricSpace, size: float, n_samples: int, rng: np.random.Generator
) -> tuple[Boxes, Ints]:
    runs = [solve_sequential(space, size, rng) for _ in range(n_samples)]
    masses = np.concatenate([np.bincount(run.labels) for run in runs])
    members = np.concatenate([np.argsort(run.labels, kind="stable") for run in runs])
    centers = [run.centers for run in runs if run.centers is not None]
    return (np.concatenate([[0], np.cumsum(masses)]), members), np.concatenate(centers)
