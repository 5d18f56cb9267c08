"""A portfolio: the best of several methods, improved by iterated greedy for a while.

Diameter boxes: nodes that can always join the box of another are set aside; the rest is covered by
greedy in DSATUR and in smallest-last order, and by OBCA, and the best of these goes on to iterated
greedy until the time is over or a packing proves that no cover is smaller. Radius boxes: the better
of ``memb`` and of the search behind ``optimum``, which also goes on to prove how few there can be.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.candidate_boxes import Table
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.iterated_greedy import iterate_boxes
from featgraph.boxes.exact.packing import caro_wei, pack_nodes
from featgraph.boxes.exact.reductions import lift_labels, list_pairs, reduce_cliques, restrict_pairs
from featgraph.boxes.methods.greedy import fit_lists
from featgraph.boxes.methods.memb import solve as solve_memb
from featgraph.boxes.methods.obca import shrink_balls
from featgraph.boxes.methods.optimum import solve as solve_optimum
from featgraph.boxes.metric_space import MetricSpace, Neighborhoods, RawCover
from featgraph.boxes.node_orders import fit_dsatur, order_smallest_last

__all__ = ["solve"]

Ints = NDArray[np.int64]

NO_BITS = np.zeros((0, 0), dtype=np.int64)
PASSES = 10**9  # of iterated greedy: time is the limit


def solve(
    space: MetricSpace,
    size: float,
    rng: np.random.Generator,
    *,
    kind: str,
    time_limit: float,
) -> RawCover:
    """Return the best cover that the portfolio finds in time."""
    clock = Clock(time_limit)
    if kind == "radius":
        covers = [solve_memb(space, size, rng, ties="small_ball")]
        if not clock.expired:
            left = clock.left()
            covers.append(solve_optimum(space, size, rng, kind="radius", time_limit=left))
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
