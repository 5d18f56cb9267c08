"""Overlapping box covering (OBCA): boxes as large as they get, redundant ones dropped.

Seeds are the uncovered nodes by rising degree. The box of a seed is its ball, shrunk: its nodes
are gone through from those covered least often, and each one kept throws out all that are farther
than ``size`` from it. Boxes may hold nodes of older boxes. In the end, in order of making, a box
all of whose nodes are covered more than once is dropped. ``overlaps`` holds the boxes whole;
``labels`` put every node into the first box that holds it. Ties move the count by about a
hundredth.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.candidate_boxes import Table, open_table, overlap_boxes
from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.kernels import kernel

__all__ = ["shrink_balls", "solve"]

Ints = NDArray[np.int64]


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
