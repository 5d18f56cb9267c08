"""Paths, lattices, trees and other plain graphs whose box counts are known.

Fractal ones grown by a rule and random ones are in ``graph_models``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import integer
from featgraph.core.resources import check_memory
from featgraph.graph.csr_graph import FeatureGraph

__all__ = [
    "check_size",
    "load_karate",
    "make_complete",
    "make_cycle",
    "make_lattice",
    "make_path",
    "make_petersen",
    "make_star",
    "make_tree",
]

_MOST_EDGES = 1 << 28  # 4 GiB of edge list: a recursive graph asked for one generation too many
_EDGE_BYTES = 80  # while a graph is made: 50 of a complete one to 120 of a cycle
_CHOOSE = "choose fewer (n_nodes, shape, branching, height, generation, m or k)"


def check_size(n_edges: float, name: str) -> None:
    """Refuse a graph of more than 2²⁸ edges, or than fit into memory, before one is made."""
    if n_edges > _MOST_EDGES:
        raise ValueError(
            f"{name} would have {n_edges:.3g} edges, more than {_MOST_EDGES}: {_CHOOSE}"
        )
    check_memory(int(_EDGE_BYTES * n_edges), f"{name}, {n_edges:.3g} edges,", remedy=_CHOOSE)


def make_path(n_nodes: int) -> FeatureGraph:
    """Return a path: ⌈n/(ℓ+1)⌉ diameter boxes and ⌈n/(2r+1)⌉ balls cover it, d_B = 1.

    Parameters
    ----------
    n_nodes : int
        At least 1.

    Returns
    -------
    FeatureGraph
        Nodes in order along the path; node attribute ``position``.

    Raises
    ------
    ValueError
        If ``n_nodes`` is no whole number of at least 1.
    MemoryError, ValueError
        If it would take more memory than the machine has free.

    Examples
    --------
    >>> make_path(4).edges.tolist()
    [[0, 1], [1, 2], [2, 3]]
    """
    return make_lattice((n_nodes,))


def make_cycle(n_nodes: int) -> FeatureGraph:
    """Return a cycle: ⌈n/(ℓ+1)⌉ diameter boxes cover it for ℓ < ⌊n/2⌋, ⌈n/(2r+1)⌉ balls.

    Parameters
    ----------
    n_nodes : int
        At least 3.

    Returns
    -------
    FeatureGraph
        Nodes in order around the cycle; node attribute ``position``.

    Raises
    ------
    ValueError
        If ``n_nodes`` is no whole number of at least 3.
    MemoryError, ValueError
        If it would take more memory than the machine has free.

    Examples
    --------
    >>> make_cycle(4).edges.tolist()
    [[0, 1], [0, 3], [1, 2], [2, 3]]
    """
    return make_lattice((integer(n_nodes, "n_nodes", least=3),), periodic=True)


def make_star(n_nodes: int) -> FeatureGraph:
    """Return a star with node 0 in the middle: n − 1 boxes at ℓ = 1, one box for ℓ ≥ 2.

    Parameters
    ----------
    n_nodes : int
        At least 1, the middle included.

    Returns
    -------
    FeatureGraph
        n_nodes − 1 edges.

    Raises
    ------
    ValueError
        If ``n_nodes`` is no whole number of at least 1.
    MemoryError, ValueError
        If it would take more memory than the machine has free.

    Examples
    --------
    >>> make_star(4).degrees.tolist()
    [3, 1, 1, 1]
    """
    check_size(n_nodes, f"star({n_nodes})")
    rays = np.arange(1, n_nodes)
    edges = np.column_stack([np.zeros_like(rays), rays])
    return FeatureGraph.from_edges(edges, n_nodes=n_nodes, source=f"star({n_nodes})")


def make_complete(n_nodes: int) -> FeatureGraph:
    """Return the complete graph: one box for every ℓ ≥ 1.

    Parameters
    ----------
    n_nodes : int
        At least 1.

    Returns
    -------
    FeatureGraph
        n (n − 1)/2 edges.

    Raises
    ------
    ValueError
        If ``n_nodes`` is below 1, or the graph would have more than 2²⁸ edges.
    MemoryError, ValueError
        If it would take more memory than the machine has free.

    Examples
    --------
    >>> make_complete(5)
    FeatureGraph(n_nodes=5, n_edges=10)
    """
    check_size(n_nodes * (n_nodes - 1) / 2, f"complete({n_nodes})")
    edges = np.column_stack(np.triu_indices(n_nodes, k=1))
    return FeatureGraph.from_edges(edges, n_nodes=n_nodes, source=f"complete({n_nodes})")


def make_tree(height: int, *, branching: int = 2) -> FeatureGraph:
    """Return the complete tree in which every node above the leaves has ``branching`` children.

    Not fractal: the number of nodes grows exponentially with the diameter, 2·height. The binary
    tree of height 4 needs 31, 21, 9, 9, 4, 4, 2, 2, 1 diameter boxes at ℓ = 0 … 8.

    Parameters
    ----------
    height : int
        Hops from the root, node 0, to the leaves; at least 0.
    branching : int, default=2
        Children per node, at least 1.

    Returns
    -------
    FeatureGraph
        Nodes level by level.

    Raises
    ------
    ValueError
        If a parameter is out of range, or the graph would have more than 2²⁸ edges.
    MemoryError, ValueError
        If it would take more memory than the machine has free.

    Examples
    --------
    >>> make_tree(4)
    FeatureGraph(n_nodes=31, n_edges=30)
    """
    check_size(float(branching) ** min(height, 64) if branching > 1 else height, "tree")
    n_nodes = sum(branching**level for level in range(height + 1))
    child = np.arange(1, n_nodes)
    edges = np.column_stack([(child - 1) // branching, child])
    source = f"tree(height={height}, branching={branching})"
    return FeatureGraph.from_edges(edges, n_nodes=n_nodes, source=source)


def make_lattice(shape: Sequence[int], *, periodic: bool | Sequence[bool] = False) -> FeatureGraph:
    """Return a rectangular lattice: d_B is the number of its (long) dimensions.

    Parameters
    ----------
    shape : sequence of int
        Nodes along each axis, each at least 1. The 5 × 5 lattice needs
        25, 13, 7, 5, 4, 3, 2, 2, 1 diameter boxes at ℓ = 0 … 8; ``(2, 2, 2, 2)`` is the 4-cube.
    periodic : bool or sequence of bool, default=False
        Join the ends of all axes, or of each axis; an axis of 2 nodes is joined already.

    Returns
    -------
    FeatureGraph
        Node attribute ``position``, shape (n_nodes, n_axes); the last axis runs fastest.

    Raises
    ------
    ValueError
        If a side is below 1, ``periodic`` does not fit, or there would be more than 2²⁸ edges.
    MemoryError, ValueError
        If it would take more memory than the machine has free.

    Notes
    -----
    Time and memory O(n_nodes · n_axes); 10⁶ nodes take about a second.

    Examples
    --------
    >>> make_lattice((5, 5))
    FeatureGraph(n_nodes=25, n_edges=40)
    >>> make_lattice((5, 5), periodic=True)
    FeatureGraph(n_nodes=25, n_edges=50)
    """
    sides = tuple(integer(side, "shape", least=1) for side in shape)
    if not sides:
        raise ValueError("shape must have at least 1 axis, got none")
    n_nodes = math.prod(sides)
    check_size(n_nodes * len(sides), f"lattice{sides}")
    wraps = [periodic] * len(sides) if isinstance(periodic, bool) else list(periodic)
    if len(wraps) != len(sides):
        raise ValueError(f"periodic must have one entry per axis ({len(sides)}), got {len(wraps)}")
    number = np.arange(n_nodes).reshape(sides)
    pairs: list[NDArray[np.int64]] = []
    for axis, (side, wrap) in enumerate(zip(sides, wraps, strict=True)):
        line = np.moveaxis(number, axis, 0)
        pairs.append(np.column_stack([line[:-1].ravel(), line[1:].ravel()]))
        if wrap and side > 2:
            pairs.append(np.column_stack([line[0].ravel(), line[-1].ravel()]))
    return FeatureGraph.from_edges(
        np.concatenate(pairs),
        n_nodes=n_nodes,
        node_attributes={"position": np.stack(np.unravel_index(number.ravel(), sides), axis=1)},
        source=f"lattice({'×'.join(map(str, sides))}{', periodic' if any(wraps) else ''})",
    )


def make_petersen() -> FeatureGraph:
    """Return the Petersen graph: 10, 5, 1 diameter boxes at ℓ = 0, 1, 2; 10, 3, 1 balls.

    Returns
    -------
    FeatureGraph
        Nodes 0 … 4 are the outer ring, 5 … 9 the inner star.

    Examples
    --------
    >>> make_petersen()
    FeatureGraph(n_nodes=10, n_edges=15)
    """
    ring = np.arange(5)
    rim = np.column_stack([ring, (ring + 1) % 5])
    spokes = np.column_stack([ring, ring + 5])
    inner = np.column_stack([ring + 5, (ring + 2) % 5 + 5])
    return FeatureGraph.from_edges(np.concatenate([rim, spokes, inner]), source="Petersen graph")


def load_karate() -> FeatureGraph:
    """Return Zachary's karate club: 34, 20, 4, 2, 2, 1 diameter boxes at ℓ = 0 … 5.

    Balls of radius 0 … 3: 34, 4, 2, 1. Unweighted; node attribute ``club``.

    Returns
    -------
    FeatureGraph
        34 nodes, 78 edges.

    References
    ----------
    Zachary 1977, J. Anthropol. Res. 33:452, doi:10.1086/jar.33.4.3629752; data of networkx.

    Examples
    --------
    >>> load_karate()
    FeatureGraph(n_nodes=34, n_edges=78)
    """
    import networkx

    from featgraph.graph.convert import as_feature_graph

    return as_feature_graph(networkx.karate_club_graph(), weight="ignore")
