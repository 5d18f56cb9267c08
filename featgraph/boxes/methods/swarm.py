"""Discrete particle swarm: many covers at once, nodes drift into neighbouring boxes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes._run import run_cover
from featgraph.boxes.cover import BoxCover
from featgraph.boxes.first_fit import fit_lists, map_tasks
from featgraph.boxes.memory import check_memory
from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.core.checks import integer, positive
from featgraph.core.random import RandomState
from featgraph.kernels import kernel

__all__ = ["cover_swarm", "solve"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def cover_swarm(
    graph: Any,
    size: float,
    *,
    particles: int = 20,
    steps: int = 100,
    attraction: float = 1.494,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
) -> BoxCover:
    """Cover a graph by diameter boxes with a swarm of covers.

    Each particle is a cover, greedy in a random order to begin with. In each step every node
    of it moves or stays: with ω, r₁, r₂ uniform in [0, 1] and v the last decision, it moves
    with probability 1 / (1 + exp(−x)), x = ω v + c r₁ [own best differs here] + c r₂ [best of
    all differs here]. A node that moves goes to a random one of its neighbours' boxes that
    admits it, if there is any. A box that loses its last node is gone.

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        Graph to cover.
    size : float
        Largest distance inside a box, inclusive: whole hops, or any number with ``weight``.
    particles : int, default=20
        Number of covers, at least 1; 99 in the comparative study of Kovács et al. 2021.
    steps : int, default=100
        Number of steps, at least 0; 200 and 1000 in that study.
    attraction : float, default=1.494
        c, the pull of the best covers, above 0; c₁ = c₂ in the paper.
    weight : str, optional
        Name of the edge weights that are distances; default: hops.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of orders and moves; an int makes the run repeatable.

    Returns
    -------
    BoxCover
        Diameter boxes of the best cover met.

    Raises
    ------
    ValueError
        If an option breaks its rule, or ``size`` is negative or a fraction of a hop.

    Notes
    -----
    Particles of one step know the best cover as it was when the step began. Time
    O(particles · steps · n_nodes · b), memory O(n_nodes · b), b the mean number of nodes within
    ``size`` of a node.

    References
    ----------
    Kuang, Wang, Li, Mao, Lin & Yu 2015, "A discrete particle swarm optimization box-covering
    algorithm for fractal dimension on complex networks", IEEE Congress on Evolutionary
    Computation 1396.

    Examples
    --------
    >>> import networkx
    >>> cover_swarm(networkx.cycle_graph(9), 2, rng=0).n_boxes
    3
    """
    return run_cover(
        solve,
        "swarm",
        graph,
        size,
        weight=weight,
        as_undirected=as_undirected,
        rng=rng,
        options={"particles": particles, "steps": steps, "attraction": attraction},
    )


def solve(
    space: MetricSpace,
    size: float,
    rng: np.random.Generator,
    *,
    particles: int = 20,
    steps: int = 100,
    attraction: float = 1.494,
) -> RawCover:
    """Return the best cover that the swarm met."""
    integer(particles, "particles", least=1)
    integer(steps, "steps")
    positive(attraction, "attraction")
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
