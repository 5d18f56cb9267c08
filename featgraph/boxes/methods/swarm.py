"""Discrete particle swarm: many covers at once, nodes drift into neighbouring boxes.

Each particle is a cover, greedy in a random order to begin with. In each step every node of it
moves or stays: with ω, r₁, r₂ uniform in [0, 1] and v the last decision, it moves with probability
1 / (1 + exp(−x)), x = ω v + c r₁ [own best differs here] + c r₂ [best of all differs here]. A node
that moves goes to a random one of its neighbours' boxes that admits it, if there is any. A box
that loses its last node is gone. The best cover met is returned. Particles of one step know the
best cover as it was when the step began.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.methods.greedy import fit_lists
from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.boxes.threads import map_tasks
from featgraph.core.resources import check_memory
from featgraph.kernels import kernel

__all__ = ["solve"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def solve(
    space: MetricSpace,
    size: float,
    rng: np.random.Generator,
    *,
    particles: int,
    steps: int,
    attraction: float,
) -> RawCover:
    """Return the best cover that the swarm met."""
    check_memory(64 * particles * space.n_nodes, f"{particles} covers of {space.n_nodes} nodes")
    lists, graph = space.pairs(size), space.neighbors(size)
    n_nodes = space.n_nodes
    orders = [rng.permutation(n_nodes) for _ in range(particles)]
    covers = map_tasks(lambda order: fit_lists(lists, order), orders)
    bests = [cover.copy() for cover in covers]
    counts = [int(cover.max()) + 1 for cover in covers]
    leader = int(np.argmin(counts))
    top, top_count = bests[leader].copy(), counts[leader]
    speeds = np.zeros((particles, n_nodes), dtype=np.int64)
    own = [np.random.default_rng(int(seed)) for seed in rng.integers(2**63, size=particles)]

    def fly(i: int) -> int:
        return _fly(
            lists.starts, lists.stops, lists.indices, graph.starts, graph.stops, graph.indices,
            covers[i], speeds[i], bests[i], top, attraction, own[i].random((n_nodes, 5)),
        )  # fmt: skip

    for _ in range(steps):
        for i, count in enumerate(map_tasks(fly, list(range(particles)))):
            if count < counts[i]:
                bests[i], counts[i] = covers[i].copy(), count
        leader = int(np.argmin(counts))
        if counts[leader] < top_count:
            top, top_count = bests[leader].copy(), counts[leader]
    return RawCover(np.unique(top, return_inverse=True)[1].astype(np.int64))


@kernel
def _fly(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    graph_starts: Ints,
    graph_stops: Ints,
    graph_indices: Ints,
    labels: Ints,
    speed: Ints,
    own_best: Ints,
    top: Ints,
    attraction: float,
    draws: Floats,
) -> int:
    # One step of one particle, in place; returns its number of boxes.
    n_nodes = labels.size
    masses = np.zeros(n_nodes, dtype=np.int64)
    for v in range(n_nodes):
        masses[labels[v]] += 1
    tally = np.full(n_nodes, -1, dtype=np.int64)
    fits = np.empty(n_nodes, dtype=np.int64)
    for v in range(n_nodes):
        pull = draws[v, 0] * speed[v]
        if own_best[v] != labels[v]:
            pull += attraction * draws[v, 1]
        if top[v] != labels[v]:
            pull += attraction * draws[v, 2]
        speed[v] = 1 if draws[v, 3] < 1 / (1 + np.exp(-pull)) else 0
        if speed[v] == 0:
            continue
        base = v * (n_nodes + 1)
        for k in range(starts[v], stops[v]):
            box = labels[indices[k]]
            tally[box] = max(tally[box], base) + 1
        n_fits = 0
        for k in range(graph_starts[v], graph_stops[v]):
            box = labels[graph_indices[k]]
            if box != labels[v] and tally[box] - base == masses[box]:
                tally[box] = base  # listed once
                fits[n_fits] = box
                n_fits += 1
        if n_fits > 0:
            masses[labels[v]] -= 1
            labels[v] = fits[int(draws[v, 4] * n_fits)]
            masses[labels[v]] += 1
    return int((masses > 0).sum())
