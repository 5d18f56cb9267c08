"""Compact box burning (CBB): boxes filled with random candidates until none fits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph._random import RandomState
from featgraph.boxes._kernel import kernel
from featgraph.boxes._run import run_cover
from featgraph.boxes._world import Solution, World
from featgraph.boxes.cover import BoxCover

__all__ = ["cover_cbb", "solve"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def cover_cbb(
    graph: Any,
    size: float,
    *,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
) -> BoxCover:
    """Cover a graph by diameter boxes that nothing uncovered could be added to.

    A box starts with all uncovered nodes as candidates. A random candidate joins the box, and
    only candidates within ``size`` of it remain; repeat until none is left, then the next box.

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        Graph to cover.
    size : float
        Largest distance inside a box, inclusive: whole hops, or any number with ``weight``.
    weight : str, optional
        Name of the edge weights that are distances; default: hops.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of the random candidates; an int makes the run repeatable.

    Returns
    -------
    BoxCover
        Diameter boxes in order of their making.

    Raises
    ------
    ValueError
        If ``size`` is negative, or a fraction of a hop.

    Notes
    -----
    One search per node, cut off at ``size`` and when all candidates are met. Time
    O(n_nodes · b), b the mean number of edges within ``size`` of a node; memory
    O(n_nodes + n_edges).

    References
    ----------
    Song, Gallos, Havlin & Makse 2007, J. Stat. Mech. P03006, section 3.1,
    doi:10.1088/1742-5468/2007/03/P03006.

    Examples
    --------
    >>> import networkx
    >>> cover_cbb(networkx.complete_graph(4), 1, rng=0).n_boxes
    1
    """
    return run_cover(
        solve,
        "cbb",
        graph,
        size,
        weight=weight,
        as_undirected=as_undirected,
        rng=rng,
    )


def solve(world: World, size: float, rng: np.random.Generator) -> Solution:
    """Return compact boxes; every node is drawn once, so n_nodes random numbers are enough."""
    draws = rng.random(world.n_nodes)
    if world.prefers_bits(size):
        labels, _ = _burn_bits(world.bits(size), draws)
    else:
        labels, _ = _burn(*world.walk(size), draws)
    return Solution(labels)


@kernel
def _burn(starts: Ints, stops: Ints, indices: Ints, hops: int, draws: Floats) -> tuple[Ints, Ints]:
    # Labels, and the nodes in the order they were drawn.
    #
    # pool[:n_left] are the uncovered nodes, place their positions in it; the candidates of the
    # box at hand stand first, pool[:n_open]. A draw u takes the one at int(u * number).
    n_nodes = draws.size
    labels = np.full(n_nodes, -1, dtype=np.int64)
    order = np.empty(n_nodes, dtype=np.int64)
    pool = np.arange(n_nodes)
    place = np.arange(n_nodes)
    seen = np.full(n_nodes, -1, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    n_left, n_open, box = n_nodes, n_nodes, 0
    for k in range(n_nodes):
        if n_open == 0:
            box += 1
            n_open = n_left
        node = pool[int(draws[k] * n_open)]
        labels[node] = box
        order[k] = node
        for last in (n_open - 1, n_left - 1):  # out of the candidates, then out of the pool
            other, here = pool[last], place[node]
            pool[here], pool[last] = other, node
            place[other], place[node] = here, last
        n_open -= 1
        n_left -= 1
        n_met = 0
        if n_open > 0:
            queue[0] = node
            seen[node] = k
            head, tail, level_end, distance = 0, 1, 1, 0
            while head < tail and distance < hops and n_met < n_open:
                while head < level_end:
                    u = queue[head]
                    head += 1
                    for e in range(starts[u], stops[u]):
                        v = indices[e]
                        if seen[v] != k:
                            seen[v] = k
                            queue[tail] = v
                            tail += 1
                            here = place[v]
                            if n_met <= here < n_open:  # a candidate: to the front
                                other = pool[n_met]
                                pool[n_met], pool[here] = v, other
                                place[v], place[other] = n_met, here
                                n_met += 1
                level_end = tail
                distance += 1
        n_open = n_met
    return labels, order


@kernel
def _burn_bits(bits: Ints, draws: Floats) -> tuple[Ints, Ints]:
    # The same from rows of bits; candidates are open_[:n_open].
    n_nodes = bits.shape[0]
    labels = np.full(n_nodes, -1, dtype=np.int64)
    order = np.empty(n_nodes, dtype=np.int64)
    pool = np.arange(n_nodes)
    place = np.arange(n_nodes)
    open_ = np.empty(n_nodes, dtype=np.int64)
    k, box = 0, 0
    while k < n_nodes:
        n_left = n_nodes - k
        node = pool[int(draws[k] * n_left)]
        n_open = -1
        while True:
            labels[node] = box
            order[k] = node
            last = pool[n_nodes - k - 1]
            pool[place[node]], place[last] = last, place[node]
            k += 1
            n_kept = 0
            if n_open < 0:  # the seed: candidates are the uncovered nodes of its row
                for p in range(n_nodes - k):
                    v = pool[p]
                    if (bits[node, v // 63] >> (v % 63)) & 1:
                        open_[n_kept] = v
                        n_kept += 1
            else:
                for p in range(n_open):
                    v = open_[p]
                    if v != node and (bits[node, v // 63] >> (v % 63)) & 1:
                        open_[n_kept] = v
                        n_kept += 1
            n_open = n_kept
            if n_open == 0:
                break
            node = open_[int(draws[k] * n_open)]
        box += 1
    return labels, order
