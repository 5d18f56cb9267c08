"""Graphs grown by a rule, fractal or not, whose dimension is known."""

from __future__ import annotations

import numpy as np

from featgraph.core.checks import integer
from featgraph.core.random import RandomState, as_rng
from featgraph.datasets._size import check_size
from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["make_flower", "make_song_havlin_makse"]


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
