"""A portfolio: the best of several methods, improved by iterated greedy for a while."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes._run import run_cover
from featgraph.boxes.candidate_boxes import Table
from featgraph.boxes.cover import BoxCover
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.iterated_greedy import iterate_boxes
from featgraph.boxes.exact.packing import caro_wei, pack_nodes
from featgraph.boxes.exact.reductions import lift_labels, reduce_cliques
from featgraph.boxes.exact.relation import list_pairs, restrict_pairs
from featgraph.boxes.first_fit import fit_lists
from featgraph.boxes.methods import optimum
from featgraph.boxes.methods.memb import solve as solve_memb
from featgraph.boxes.methods.obca import shrink_balls
from featgraph.boxes.metric_space import MetricSpace, Neighborhoods, RawCover
from featgraph.boxes.node_orders import fit_dsatur, order_smallest_last
from featgraph.core.checks import choice, positive
from featgraph.core.random import RandomState

__all__ = ["cover_best", "solve"]

Ints = NDArray[np.int64]

KINDS = ("diameter", "radius")
NO_BITS = np.zeros((0, 0), dtype=np.int64)
PASSES = 10**9  # of iterated greedy: time is the limit


def cover_best(
    graph: Any,
    size: float,
    *,
    kind: str = "diameter",
    time_limit: float = 10.0,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
) -> BoxCover:
    """Cover a graph by the fewest boxes that a portfolio of methods finds in a given time.

    Diameter boxes: nodes that can always join the box of another are set aside; the rest is
    covered by greedy in DSATUR and in smallest-last order, and by OBCA, and the best of these
    goes on to iterated greedy until the time is over or a packing proves that no cover is
    smaller. Radius boxes: the better of ``memb`` and of the search behind ``optimum``.

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        Graph to cover.
    size : float
        Inclusive bound of the distances inside a box, or radius: whole hops, or any number with
        ``weight``.
    kind : {"diameter", "radius"}, default="diameter"
        What ``size`` bounds.
    time_limit : float, default=10.0
        Seconds, at least 0; the first quick cover is always finished. A cover cut short by time
        need not repeat with the same ``rng``.
    weight : str, optional
        Name of the edge weights that are distances; default: hops.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of randomness; an int makes the run repeatable.

    Returns
    -------
    BoxCover
        The best cover found.

    Raises
    ------
    ValueError
        If an option breaks its rule, or ``size`` is negative or a fraction of a hop.

    Notes
    -----
    The pairs within ``size`` are listed: O(n_nodes · b) memory, b the mean number of nodes
    within ``size`` of a node. ``optimum`` goes on to prove how few boxes there can be.

    References
    ----------
    Those of the methods; J. Culberson 1992, TR 92-07, University of Alberta.

    Examples
    --------
    >>> import networkx
    >>> cover_best(networkx.grid_2d_graph(5, 5), 3, time_limit=1.0, rng=0).n_boxes
    5
    """
    return run_cover(
        solve,
        "best",
        graph,
        size,
        weight=weight,
        as_undirected=as_undirected,
        rng=rng,
        options={"kind": kind, "time_limit": time_limit},
    )


def solve(
    space: MetricSpace,
    size: float,
    rng: np.random.Generator,
    *,
    kind: str = "diameter",
    time_limit: float = 10.0,
) -> RawCover:
    """Return the best cover that the portfolio finds in time."""
    choice(kind, KINDS, "kind")
    clock = Clock(positive(time_limit, "time_limit", zero=True))
    if kind == "radius":
        covers = [solve_memb(space, size, rng)]
        if not clock.expired:
            left = clock.left()
            covers.append(optimum.solve(space, size, rng, kind="radius", time_limit=left))
        return min(covers, key=lambda cover: int(cover.labels.max()))
    indptr, indices = list_pairs(space, size)
    kernel = reduce_cliques(indptr, indices, clock.share(0.5))
    indptr, indices = restrict_pairs(indptr, indices, kernel.nodes)
    best = _improve(indptr, indices, clock, rng)
    return RawCover(lift_labels(kernel, best, space.n_nodes))


def _improve(indptr: Ints, indices: Ints, clock: Clock, rng: np.random.Generator) -> Ints:
    rows = Neighborhoods(indptr[:-1], indptr[1:], indices, 1)
    n_nodes = rows.starts.size
    enough = max(pack_nodes(indptr, indices).size, caro_wei(np.diff(indptr)))
    portfolio: tuple[Callable[[], Ints], ...] = (
        lambda: fit_dsatur(*rows, rng.permutation(n_nodes)),
        lambda: fit_lists(rows, order_smallest_last(*rows, rng.permutation(n_nodes))),
        lambda: shrink_balls(Table(*rows[:3], NO_BITS), rows.stops - rows.starts, rng).labels,
    )
    best = portfolio[0]()
    for method in portfolio[1:]:
        if best.size == 0 or best.max() < enough or clock.expired:
            break
        best = min(best, method(), key=lambda labels: int(labels.max()))
    return iterate_boxes(
        *(indptr, indices, best, clock, rng), passes=PASSES, patience=PASSES, enough=enough
    )
