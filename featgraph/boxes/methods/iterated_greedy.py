"""Iterated greedy covering: recolour with whole boxes kept together, never worse."""

from __future__ import annotations

from typing import Any

import numpy as np

from featgraph.boxes._run import run_cover
from featgraph.boxes.cover import BoxCover
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.iterated_greedy import fit_boxes, iterate_boxes
from featgraph.boxes.exact.packing import caro_wei, pack_nodes
from featgraph.boxes.exact.reductions import lift_labels, reduce_cliques
from featgraph.boxes.exact.relation import list_pairs, restrict_pairs
from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.core.checks import integer, positive
from featgraph.core.random import RandomState

__all__ = ["cover_iterated_greedy", "solve"]


def cover_iterated_greedy(
    graph: Any,
    size: float,
    *,
    iterations: int = 10_000,
    patience: int = 1_000,
    reduce: bool = True,
    time_limit: float | None = None,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
) -> BoxCover:
    """Cover a graph by diameter boxes, again and again from the boxes of the last time.

    Nodes are put first fit into boxes, box after box of the previous cover. Members of one box
    fit together, so at most as many boxes as before open, often fewer. The boxes come reversed
    (5 times of 10), shuffled (3) or largest first (2).

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        Graph to cover.
    size : float
        Largest distance inside a box, inclusive: whole hops, or any number with ``weight``.
    iterations : int, default=10000
        Most passes, at least 0.
    patience : int, default=1000
        Passes in a row without a gain after which the work ends, at least 1.
    reduce : bool, default=True
        First take out nodes that can always join the box of another; the minimum stays.
    time_limit : float or None, default=None
        Seconds after which the best cover so far is returned; only without it does the result
        depend on ``rng`` alone.
    weight : str, optional
        Name of the edge weights that are distances; default: hops.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of orders; an int makes the run repeatable.

    Returns
    -------
    BoxCover
        Diameter boxes.

    Raises
    ------
    ValueError
        If an option breaks its rule.
    MemoryError
        If the pairs within ``size`` would not fit into memory.

    Notes
    -----
    The pairs within ``size`` are listed once; each pass takes time proportional to their number
    among the nodes that reductions leave. The work also ends where a packing proves the optimum.

    References
    ----------
    J. Culberson 1992, Iterated greedy graph coloring and the difficulty landscape, TR 92-07,
    University of Alberta; the mix of orders follows J. Culberson & F. Luo 1996,
    doi:10.1090/dimacs/026/12. Reductions: D. Strash & L. Thompson 2022,
    doi:10.1137/1.9781611977042.4.

    Examples
    --------
    >>> import networkx
    >>> cover_iterated_greedy(networkx.grid_2d_graph(5, 5), 3, rng=0).n_boxes
    5
    """
    options = {
        "iterations": integer(iterations, "iterations"),
        "patience": integer(patience, "patience", least=1),
        "reduce": bool(reduce),
        "time_limit": None if time_limit is None else positive(time_limit, "time_limit", zero=True),
    }
    return run_cover(
        solve,
        "iterated_greedy",
        graph,
        size,
        weight=weight,
        as_undirected=as_undirected,
        rng=rng,
        options=options,
    )


def solve(
    space: MetricSpace,
    size: float,
    rng: np.random.Generator,
    *,
    iterations: int = 10_000,
    patience: int = 1_000,
    reduce: bool = True,
    time_limit: float | None = None,
) -> RawCover:
    """Return boxes recoloured until patience ends."""
    clock = Clock(time_limit)
    indptr, indices = list_pairs(space, size)
    if not reduce:
        start = fit_boxes(indptr, indices, rng.permutation(space.n_nodes))
        labels = iterate_boxes(
            *(indptr, indices, start, clock, rng), passes=iterations, patience=patience
        )
        return RawCover(labels)
    kernel = reduce_cliques(indptr, indices, clock)
    indptr, indices = restrict_pairs(indptr, indices, kernel.nodes)
    start = fit_boxes(indptr, indices, rng.permutation(kernel.nodes.size))
    labels = iterate_boxes(
        *(indptr, indices, start, clock, rng),
        passes=iterations,
        patience=patience,
        enough=max(pack_nodes(indptr, indices).size, caro_wei(np.diff(indptr))),
    )
    return RawCover(lift_labels(kernel, labels, space.n_nodes))
