"""Graphs grown by a rule, whose dimension is known, and small worlds, which are not fractal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import integer
from featgraph.core.values import RandomState, as_rng
from featgraph.datasets.graphs import check_size
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.kernels import kernel

__all__ = ["make_barabasi_albert", "make_flower", "make_song_havlin_makse", "make_watts_strogatz"]


def make_flower(u: int, v: int, generation: int) -> FeatureGraph:
    """Return the (u, v)-flower: each edge becomes two parallel paths, of u and of v edges.

    Generation 1 is the cycle of w = u + v nodes; generation g has wᵍ edges and
    ((w − 2) wᵍ + w)/(w − 1) nodes. For 2 ≤ u ≤ v it is fractal with d_B = ln w / ln u and degree
    exponent 1 + ln w / ln 2; for u = 1 it is a small world without a d_B. Diameters of
    generations 1, 2, …: (2, 2) 2, 4, 8, 16; (2, 3) 2, 6, 13, 27, 55.

    Parameters
    ----------
    u, v : int
        Path lengths, 1 ≤ u ≤ v and v ≥ 2.
    generation : int
        At least 1.

    Returns
    -------
    FeatureGraph
        Nodes 0 … w − 1 are the first cycle; later generations follow.

    Raises
    ------
    ValueError
        If a parameter is out of range or the graph would have more than 2²⁸ edges.
    MemoryError, ValueError
        If it would take more memory than the machine has free.

    Notes
    -----
    Time and memory O(n_edges). Box counts follow the power law only at sizes that are powers of
    u, because the graph is self-similar at this discrete scale.

    References
    ----------
    Rozenfeld, Havlin & ben-Avraham 2007, New J. Phys. 9:175, doi:10.1088/1367-2630/9/6/175.

    Examples
    --------
    >>> make_flower(2, 2, 4)
    FeatureGraph(n_nodes=172, n_edges=256)
    """
    generation = integer(generation, "generation", least=1)
    if u > v:
        raise ValueError(f"u must be at most v, got u={u}, v={v}")
    check_size(float(u + v) ** min(generation, 64), f"flower({u}, {v}) of generation {generation}")
    ring = np.arange(u + v)
    edges = np.column_stack([ring, np.roll(ring, -1)])
    n_nodes = u + v
    for _ in range(generation - 1):
        left, right = edges.T
        paths = []
        for length in (u, v):
            inner = n_nodes + np.arange(len(edges) * (length - 1)).reshape(len(edges), -1)
            n_nodes += inner.size
            walk = np.column_stack([left, inner, right])
            paths.append(np.stack([walk[:, :-1], walk[:, 1:]], axis=2).reshape(-1, 2))
        edges = np.concatenate(paths)
    source = f"flower({u}, {v}), generation {generation}"
    return FeatureGraph.from_edges(edges, n_nodes=n_nodes, source=source)


def make_song_havlin_makse(
    m: int, x: int, generation: int, *, keep: float = 0.0, rng: RandomState = None
) -> FeatureGraph:
    """Return a Song-Havlin-Makse graph: grown by multiplying links, fractal if hubs repel.

    Generation 0 is one edge. In each step every end of every edge gets m new leaves; then each
    old edge stays with probability ``keep``, else it is replaced by x edges that pair leaves of
    its two ends. With ``keep=0`` (hubs repel) the graph is fractal, d_B = ln(2m + x) / ln 3, and
    the diameter goes from d to 3d + 2 (3d if x = m); with ``keep=1`` (hubs attract) it is a
    small-world tree, from d to d + 2. For x = 1 (a tree) the number of nodes goes from n to
    (2m + 1) n − 2m.

    Parameters
    ----------
    m : int
        Leaves per end of an edge, at least 1.
    x : int
        Edges that replace a removed one, 1 ≤ x ≤ m.
    generation : int
        Steps, at least 0.
    keep : float, default=0.0
        Probability that an old edge stays, in [0, 1].
    rng : Generator, int or None, default=None
        Source of the choice of edges when 0 < keep < 1.

    Returns
    -------
    FeatureGraph
        Nodes in order of birth.

    Raises
    ------
    ValueError
        If a parameter is out of range or the graph would have more than 2²⁸ edges.
    MemoryError, ValueError
        If it would take more memory than the machine has free.

    References
    ----------
    Song, Havlin & Makse 2006, Nature Physics 2:275, doi:10.1038/nphys266.

    Examples
    --------
    >>> make_song_havlin_makse(2, 1, 4)
    FeatureGraph(n_nodes=626, n_edges=625)
    """
    if x > m:
        raise ValueError(f"x must be at most m, got x={x}, m={m}")
    random = as_rng(rng)
    check_size(float(2 * m + x) ** min(generation, 64), f"song_havlin_makse, {generation} steps")
    edges = np.array([[0, 1]])
    n_nodes = 2
    for _ in range(generation):
        # leaves[e, s, k]: the k-th new leaf at side s of edge e
        leaves = n_nodes + np.arange(len(edges) * 2 * m).reshape(len(edges), 2, m)
        n_nodes += leaves.size
        stays = random.random(len(edges)) < keep
        stems = np.column_stack([np.repeat(edges.ravel(), m), leaves.ravel()])
        bridges = leaves[~stays, :, :x].transpose(0, 2, 1).reshape(-1, 2)
        edges = np.concatenate([edges[stays], stems, bridges])
    source = f"song_havlin_makse(m={m}, x={x}, keep={keep:g}), generation {generation}"
    return FeatureGraph.from_edges(edges, n_nodes=n_nodes, source=source)


_N_ROUNDS = 10_000  # draws of rewired edges before giving up
_N_PATIENT = 200  # draws of single edges before all are drawn anew


@kernel
def _attach(n_nodes: int, m: int, draws: NDArray[np.float64], ends: NDArray[np.int64]) -> int:
    """Fill ``ends`` with the edges, two entries per edge; return how many draws were used, or −1.

    A uniform pick from the filled part of ``ends`` picks a node in proportion to its degree.
    """
    used = 0
    filled = 0
    for leaf in range(1, m + 1):
        ends[filled], ends[filled + 1] = 0, leaf
        filled += 2
    for node in range(m + 1, n_nodes):
        start = filled
        while filled < start + 2 * m:
            if used == draws.size:
                return -1
            target = ends[int(draws[used] * start)]
            used += 1
            fresh = True
            for k in range(start + 1, filled, 2):
                fresh = fresh and ends[k] != target
            if fresh:
                ends[filled], ends[filled + 1] = node, target
                filled += 2
    return used


def make_barabasi_albert(n_nodes: int, m: int, *, rng: RandomState = None) -> FeatureGraph:
    """Return a Barabási-Albert graph: scale-free with exponent 3, a small world, not fractal.

    Starts from a star of m + 1 nodes; each further node joins m distinct nodes, each drawn with
    probability proportional to its degree. It has m (n_nodes − m) edges.

    Parameters
    ----------
    n_nodes : int
        More than m.
    m : int
        Edges of each new node, at least 1.
    rng : Generator, int or None, default=None
        Source of randomness; an int makes the graph repeatable.

    Returns
    -------
    FeatureGraph
        Connected; nodes in order of birth.

    Raises
    ------
    ValueError
        If m < 1 or n_nodes ≤ m.
    MemoryError, ValueError
        If it would take more memory than the machine has free.

    Notes
    -----
    Time and memory O(n_nodes · m); compiled.

    References
    ----------
    Barabási & Albert 1999, Science 286:509, doi:10.1126/science.286.5439.509.

    Examples
    --------
    >>> make_barabasi_albert(1000, 2, rng=1)
    FeatureGraph(n_nodes=1000, n_edges=1996)
    """
    if n_nodes <= m:
        raise ValueError(f"n_nodes must be above m={m}, got {n_nodes}")
    random = as_rng(rng)
    n_edges = m * (n_nodes - m)
    check_size(n_edges, f"barabasi_albert({n_nodes}, {m})")
    ends = np.empty(2 * n_edges, dtype=np.int64)
    draws = random.random(2 * n_edges + 64)
    while _attach(n_nodes, m, draws, ends) < 0:  # repeats used more draws than planned: go on
        draws = np.concatenate([draws, random.random(draws.size)])
    source = f"barabasi_albert({n_nodes}, {m})"
    return FeatureGraph.from_edges(ends.reshape(-1, 2), n_nodes=n_nodes, source=source)


def make_watts_strogatz(n_nodes: int, k: int, p: float, *, rng: RandomState = None) -> FeatureGraph:
    """Return a Watts-Strogatz graph: a ring of near neighbours with some edges rewired.

    Parameters
    ----------
    n_nodes : int
        At least 2k, so that a rewired edge always finds a new end.
    k : int
        Neighbours of each node in the ring, even, at least 2.
    p : float
        Probability that an edge keeps its first end and moves the other to a random node,
        in [0, 1]; never to itself or to a neighbour.
    rng : Generator, int or None, default=None
        Source of randomness; an int makes the graph repeatable.

    Returns
    -------
    FeatureGraph
        n_nodes · k/2 edges; for large p it may fall into components.

    Raises
    ------
    ValueError
        If a parameter is out of range, or 10 000 draws of rewired edges find no place for all.
    MemoryError, ValueError
        If it would take more memory than the machine has free.

    References
    ----------
    Watts & Strogatz 1998, Nature 393:440, doi:10.1038/30918.

    Examples
    --------
    >>> make_watts_strogatz(100, 4, 0.1, rng=0)
    FeatureGraph(n_nodes=100, n_edges=200)
    """
    if k % 2 or n_nodes < 2 * k:
        raise ValueError(f"k must be even and n_nodes at least 2k, got k={k}, n_nodes={n_nodes}")
    check_size(n_nodes * k / 2, f"watts_strogatz({n_nodes}, {k})")
    random = as_rng(rng)
    left = np.tile(np.arange(n_nodes), k // 2)
    right = (left + np.repeat(np.arange(1, k // 2 + 1), n_nodes)) % n_nodes
    moved = random.random(left.size) < p
    redraw = np.flatnonzero(moved)
    for tried in range(_N_ROUNDS):
        if not redraw.size:
            break
        if tried % _N_PATIENT == _N_PATIENT - 1:  # the others may leave an edge no place
            redraw = np.flatnonzero(moved)
        right[redraw] = random.integers(n_nodes, size=redraw.size)
        redraw = _clashing(left, right, moved, n_nodes)
    if redraw.size:
        raise ValueError(
            f"found no simple graph for n_nodes={n_nodes}, k={k}, p={p:g} in {_N_ROUNDS} tries: "
            "take more nodes, a smaller k or p, or another rng"
        )
    source = f"watts_strogatz({n_nodes}, {k}, {p:g})"
    return FeatureGraph.from_edges(np.column_stack([left, right]), n_nodes=n_nodes, source=source)


def _clashing(
    left: NDArray[np.int64], right: NDArray[np.int64], moved: NDArray[np.bool_], n_nodes: int
) -> NDArray[np.int64]:
    """Return moved edges that are self-loops or repeat an edge that has precedence."""
    key = np.minimum(left, right) * n_nodes + np.maximum(left, right)
    order = np.lexsort((moved, key))  # of equal edges one in its old place comes first
    repeats = order[1:][key[order][1:] == key[order][:-1]]
    return np.union1d(repeats, np.flatnonzero(left == right))
