"""Fixed number of boxes (FNB): hubs are given, every node joins the nearest.

Hubs are the nodes of highest degree, and every node joins its nearest hub, so boxes are connected.
In each component hubs are added by falling degree until no node is farther than ``size`` from one.
The publication fixes the number of boxes instead: ``cover_hubs``. Hubs that lie close to each
other are all taken, so there are many more boxes than with ``memb``; in return the number of boxes
is what one chooses, and one search gives all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.centers import join_centers
from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.kernels import kernel
from featgraph.kernels.search import list_ball

__all__ = ["rank_hubs", "solve"]

Ints = NDArray[np.int64]


def solve(space: MetricSpace, size: float, rng: np.random.Generator) -> RawCover:
    """Return the cells of the fewest hubs that leave no node farther than ``size``."""
    rows = space.rows(size)
    hubs = rank_hubs(space, size, rng)
    centers = _take_hubs(*rows, hubs, space.components)
    return RawCover(join_centers(space, rows, size, centers, rng), centers)


def rank_hubs(space: MetricSpace, size: float, rng: np.random.Generator) -> Ints:
    """Return the nodes by falling degree, ties at random."""
    graph = space.neighbors(size)
    ties = rng.permutation(space.n_nodes)
    order: Ints = ties[np.argsort((graph.starts - graph.stops)[ties], kind="stable")]
    return order


@kernel
def _take_hubs(
    starts: Ints, stops: Ints, indices: Ints, hops: int, hubs: Ints, components: Ints
) -> Ints:
    # A component that is covered takes no more hubs.
    n_nodes = hubs.size
    left = np.zeros(components.max() + 1, dtype=np.int64)
    for v in range(n_nodes):
        left[components[v]] += 1
    covered = np.zeros(n_nodes, dtype=np.bool_)
    seen = np.full(n_nodes, -1, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    taken = np.empty(n_nodes, dtype=np.int64)
    n_taken = 0
    for hub in hubs:
        if left[components[hub]] == 0:
            continue
        taken[n_taken] = hub
        n_taken += 1
        count = list_ball(starts, stops, indices, hops, hub, hub, seen, queue)
        for k in range(count):
            if not covered[queue[k]]:
                covered[queue[k]] = True
                left[components[hub]] -= 1
    chosen: Ints = taken[:n_taken].copy()
    return chosen
