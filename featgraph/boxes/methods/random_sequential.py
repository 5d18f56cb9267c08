"""Random sequential covering: a random seed, the uncovered rest of its ball, and again.

The seeds are the centres of the boxes, in order of their making. With any node as a seed, one may
lie in an older box, so that its own box does not hold it. Distances are those of the whole graph,
so a box need not be connected inside.

Seeds are taken from one random permutation: the first uncovered node of it is a uniformly random
uncovered node. A search ends where an older one had as many hops left: all beyond is covered.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.kernels import kernel

__all__ = ["solve"]

Ints = NDArray[np.int64]


def solve(space: MetricSpace, size: float, rng: np.random.Generator, *, seeds: str) -> RawCover:
    """Return the boxes around a random permutation of seeds."""
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
