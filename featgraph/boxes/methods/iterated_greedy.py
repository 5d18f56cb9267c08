"""Iterated greedy covering: first fit again with whole boxes kept together, never worse.

Nodes are put first fit into boxes, box after box of the previous cover. Members of one box fit
together, so at most as many boxes as before open, often fewer. The boxes come reversed (5 times
of 10), shuffled (3) or largest first (2).

The pairs within ``size`` are listed once; each pass takes time proportional to their number among
the nodes that reductions leave (D. Strash & L. Thompson 2022, doi:10.1137/1.9781611977042.4). The
work also ends where a packing proves the optimum.
"""

from __future__ import annotations

import numpy as np

from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.iterated_greedy import fit_boxes, iterate_boxes
from featgraph.boxes.exact.packing import caro_wei, pack_nodes
from featgraph.boxes.exact.reductions import lift_labels, list_pairs, reduce_cliques, restrict_pairs
from featgraph.boxes.metric_space import MetricSpace, RawCover

__all__ = ["solve"]


def solve(
    space: MetricSpace,
    size: float,
    rng: np.random.Generator,
    *,
    iterations: int,
    patience: int,
    reduce: bool,
    time_limit: float | None,
) -> RawCover:
    """Return the boxes of the last pass."""
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
