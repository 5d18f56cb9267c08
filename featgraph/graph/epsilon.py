"""How to choose the threshold ε of G_M: named rules, and the minimum spanning tree behind some."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import integer, nearest, positive
from featgraph.graph._blocks import (
    DistanceBlocks,
    as_blocks,
    kth_distance,
    largest_distance,
    nearest_pairs,
)
from featgraph.graph._near_pairs import NearPairs
from featgraph.graph.csr_graph import FeatureGraph

if TYPE_CHECKING:
    from torch import Tensor

__all__ = [
    "EPSILON_RULES",
    "EpsilonRule",
    "choose_epsilon",
    "describe_rule",
    "minimum_spanning_tree",
]

#: A number, "percolation", "mst", or a pair such as ("density", 0.1).
EpsilonRule: TypeAlias = float | Literal["percolation", "mst"] | tuple[str, float]

#: Rule to what it means. Names with a parameter are given as a pair, like ``("density", 0.1)``.
EPSILON_RULES: dict[str, str] = {
    "percolation": "smallest ε whose graph is connected: longest edge of the minimum spanning tree",
    "mst": "ε of percolation; the graph is the minimum spanning tree itself",
    "density": "smallest ε at which at least a share p of all pairs are edges, 0 < p ≤ 1",
    "degree": "smallest ε at which the mean degree is at least k, 0 < k ≤ n_nodes − 1",
    "quantile": "the q-quantile of all distances (linear interpolation), 0 < q ≤ 1",
    "giant": "smallest ε whose largest component holds at least a share f of the nodes, 0 < f ≤ 1",
    "neighbors": "largest distance to a k-th nearest node, 1 ≤ k < n_nodes; the graph joins each "
    "node with its k nearest",
}
_PLAIN = ("percolation", "mst")
RECOMPUTED = 1e-11  # relative error of a distance from a product of matrices in double precision


def choose_epsilon(distances: Tensor | NDArray[Any], rule: EpsilonRule = "percolation") -> float:
    """Return the threshold ε that ``rule`` chooses for these distances.

    An edge of G_M is a distance *strictly* below ε (Eq. 1). "Smallest ε that reaches a target"
    is therefore the distance that has to be included, moved up to the next number of the
    precision of ``distances`` (one unit in the last place), so that the graph {C < ε} does
    reach the target. Of equal distances all become edges, so a density or degree may be larger
    than asked for.

    Parameters
    ----------
    distances : Tensor or ndarray, shape (n_nodes, n_nodes)
        C: symmetric, finite, at least 0. float32 or float64.
    rule : float, str or pair, default="percolation"
        A number is ε itself, in the unit of ``distances``. Else one of ``EPSILON_RULES``:
        "percolation", "mst", ("density", p), ("degree", k), ("quantile", q), ("giant", f),
        ("neighbors", k).

    Returns
    -------
    float
        ε > 0.

    Raises
    ------
    TypeError
        If ``distances`` are not real numbers.
    ValueError
        If the rule is unknown, its parameter out of range, or all distances are 0 (constant
        features: no threshold tells the nodes apart).

    Notes
    -----
    Time O(n_nodes²) for density, degree and quantile (two to four passes),
    O(n_nodes² log n_nodes) for the others; memory of one block of rows beside ``distances``.

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Eq. 1 and 8.

    Examples
    --------
    >>> import numpy as np
    >>> line = np.abs(np.subtract.outer([0.0, 1.0, 3.0], [0.0, 1.0, 3.0]))
    >>> choose_epsilon(line) == float(np.nextafter(2.0, 3.0))
    True
    >>> choose_epsilon(line, ("quantile", 0.5))
    2.0
    >>> choose_epsilon(line, ("densty", 0.5))
    Traceback (most recent call last):
    ValueError: rule must be a number above 0, "percolation", "mst", ("density", p), \
("degree", k), ("quantile", q), ("giant", f) or ("neighbors", k), got ('densty', 0.5); did you \
mean 'density'?
    """
    name, parameter = split_rule(rule, "rule")
    return find_epsilon(as_blocks(distances), name, parameter)


def split_rule(rule: Any, argument: str = "epsilon") -> tuple[str, float]:
    """Return name and parameter of a rule; a number is the rule "given"."""
    if isinstance(rule, str) and rule in _PLAIN:
        return rule, math.nan
    if isinstance(rule, int | float | np.number):
        return "given", positive(rule, argument)
    pair = isinstance(rule, tuple | list) and len(rule) == 2
    if pair and isinstance(rule[0], str) and rule[0] in EPSILON_RULES and rule[0] not in _PLAIN:
        if rule[0] == "neighbors":
            return rule[0], float(integer(rule[1], f"neighbors in {argument}", least=1))
        parameter = positive(rule[1], f"{rule[0]} in {argument}")
        if rule[0] != "degree" and parameter > 1:
            raise ValueError(f"{rule[0]} in {argument} must be at most 1, got {rule[1]!r}")
        return rule[0], parameter
    name = rule[0] if pair else rule
    hint = nearest(name, list(EPSILON_RULES)) if isinstance(name, str) else ""
    if isinstance(rule, str) and rule in EPSILON_RULES:
        hint = f"; {rule!r} takes a parameter: ({rule!r}, number)"
    raise ValueError(
        f'{argument} must be a number above 0, "percolation", "mst", ("density", p), '
        f'("degree", k), ("quantile", q), ("giant", f) or ("neighbors", k), got {rule!r}{hint}'
    )


def describe_rule(rule: EpsilonRule) -> str:
    """Return a rule in one word for ``FeatureGraph.epsilon_rule``.

    Examples
    --------
    >>> describe_rule(("density", 0.1)), describe_rule(0.5), describe_rule("percolation")
    ('density=0.1', 'given', 'percolation')
    """
    name, parameter = split_rule(rule)
    return name if name in (*_PLAIN, "given") else f"{name}={parameter:g}"


def find_epsilon(source: DistanceBlocks, name: str, parameter: float) -> float:
    """Return ε for a rule already split, from any source of distances."""
    refuse_constant(source)
    if name == "given":
        return parameter
    epsilon = _FINDERS[name](source, parameter)
    if epsilon > 0:
        return epsilon
    raise ValueError(
        f"epsilon by {name}={parameter:g} would be 0, because that many pairs of nodes are "
        "identical, and a graph needs ε > 0: choose a larger value"
    )


def refuse_constant(source: DistanceBlocks) -> None:
    """Raise ValueError if all distances are 0."""
    near = source.near
    if largest_distance(source) == 0 if near is None else not near.tells_apart():
        raise ValueError(
            "all distances are 0 (constant or identical features): no ε tells the nodes apart; "
            "features that differ by less than 1e-22 need float64"
        )


def just_above(value: float, source: DistanceBlocks) -> float:
    """Return the next number above ``value`` in the precision of the distances.

    Distances that are not kept are computed again at every pass, not always in the same way: the
    number is then above all that may be this distance, rounded.
    """
    kind = source.dtype.type
    if source.near is not None:
        value *= 1 + 2 * max(float(np.finfo(kind).eps), RECOMPUTED)
    return float(np.nextafter(kind(value), kind(np.inf)))


def _percolation(source: DistanceBlocks, _: float) -> float:
    return just_above(float(span_tree(source)[1][-1]), source)


def _density(source: DistanceBlocks, share: float) -> float:
    n_pairs = source.n_nodes * (source.n_nodes - 1) // 2
    return just_above(kth_distance(source, _least(share * n_pairs)), source)


def _degree(source: DistanceBlocks, degree: float) -> float:
    n_nodes = source.n_nodes
    if degree > n_nodes - 1:
        raise ValueError(
            f"degree in epsilon must be at most n_nodes − 1 = {n_nodes - 1}, got {degree:g}"
        )
    return just_above(kth_distance(source, _least(degree * n_nodes / 2)), source)


def _least(count: float) -> int:
    """Return the smallest whole number ≥ ``count``, blind to the rounding of a product."""
    return max(1, math.ceil(count * (1 - 1e-12)))


def _quantile(source: DistanceBlocks, share: float) -> float:
    n_pairs = source.n_nodes * (source.n_nodes - 1) // 2
    position = share * (n_pairs - 1)
    low = kth_distance(source, math.floor(position) + 1)
    part = position - math.floor(position)
    if part == 0:
        return low
    return low + part * (kth_distance(source, math.floor(position) + 2) - low)


def _giant(source: DistanceBlocks, share: float) -> float:
    edges, lengths = span_tree(source)
    needed = max(2, math.ceil(share * source.n_nodes * (1 - 1e-12)))
    # The tree's edges in rising order join the same components as all pairs do (Kruskal).
    root, size = list(range(source.n_nodes)), [1] * source.n_nodes
    for (i, j), length in zip(edges.tolist(), lengths.tolist(), strict=True):
        a, b = find_root(root, i), find_root(root, j)
        root[b] = a
        size[a] += size[b]
        if size[a] >= needed:
            return just_above(length, source)
    raise RuntimeError(f"a spanning tree of {source.n_nodes} nodes joins fewer than {needed}")


def _neighbors(source: DistanceBlocks, k: float) -> float:
    return just_above(float(nearest_pairs(source, int(k))[2].max()), source)


_FINDERS: dict[str, Callable[[DistanceBlocks, float], float]] = {
    "percolation": _percolation,
    "mst": _percolation,
    "density": _density,
    "degree": _degree,
    "quantile": _quantile,
    "giant": _giant,
    "neighbors": _neighbors,
}


_START_DEGREE = 16  # mean degree of the pairs from which the tree of many nodes starts


def minimum_spanning_tree(distances: Tensor | NDArray[Any]) -> FeatureGraph:
    """Return the minimum spanning tree of a distance matrix.

    Parameters
    ----------
    distances : Tensor or ndarray, shape (n_nodes, n_nodes)
        Symmetric, finite, at least 0; for example ``feature_distances(F)``.

    Returns
    -------
    FeatureGraph
        n_nodes − 1 edges, weights = distances. With equal distances there may be several
        minimum spanning trees: one of them; their sorted edge lengths are the same.

    Raises
    ------
    TypeError
        If ``distances`` are not real numbers.
    ValueError
        If ``distances`` is not such a matrix of at least 2 nodes.

    Notes
    -----
    Borůvka's algorithm on all pairs: time O(n_nodes² log n_nodes), memory of one block of rows.

    References
    ----------
    Borůvka 1926; Nešetřil, Milková & Nešetřilová 2001, Discrete Math. 233:3,
    doi:10.1016/S0012-365X(00)00224-7.

    Examples
    --------
    >>> import numpy as np
    >>> line = np.abs(np.subtract.outer([0.0, 1.0, 3.0], [0.0, 1.0, 3.0]))
    >>> minimum_spanning_tree(line).edges.tolist()
    [[0, 1], [1, 2]]
    """
    source = as_blocks(distances)
    edges, lengths = span_tree(source)
    return FeatureGraph.from_edges(edges, n_nodes=source.n_nodes, weights=lengths)


def span_tree(source: DistanceBlocks) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return edges, shape (D − 1, 2), and lengths of a minimum spanning tree, shortest first."""
    if source.near is not None:
        return _join_near_pairs(source.near)
    n_nodes = source.n_nodes
    part = np.arange(n_nodes)
    edges: list[tuple[int, int]] = []
    lengths: list[float] = []
    while len(edges) < n_nodes - 1:
        gap, other = _nearest_outside(source, part)
        # the shortest way out of each part
        order = np.argsort(gap, kind="stable")
        first = np.unique(part[order], return_index=True)[1]
        # Sorted by length, a pair that closes a circle closes one of equal lengths (each part's
        # choice is at most as long as the choice that leads into it): dropping it is harmless.
        root = part.tolist()
        for node in order[np.sort(first)].tolist():
            a, b = find_root(root, node), find_root(root, int(other[node]))
            if a != b:
                root[max(a, b)] = min(a, b)
                edges.append((node, int(other[node])))
                lengths.append(float(gap[node]))
        part = np.array([find_root(root, node) for node in range(n_nodes)])
    rising = np.argsort(lengths, kind="stable")
    return np.array(edges, dtype=np.int64)[rising], np.array(lengths)[rising]


def _join_near_pairs(near: NearPairs) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Span the tree from the nearest pairs, then let small parts look for their way out.

    Kruskal on all pairs below a limit gives the part of the tree below it. After that the
    shortest way out of a part belongs to a tree (cut property), and it is enough that all parts
    but the largest look for theirs.
    """
    n_nodes = near.n_nodes
    limit = near.kth(min(_START_DEGREE * n_nodes // 2, near.n_pairs))
    rows = (None if limit is None else near.below(limit)) or near.neighbors(1)
    # an edge to the nearest node, too, belongs to a tree
    root = list(range(n_nodes))
    chosen = _join(root, *rows)
    while len(chosen) < n_nodes - 1:
        part = np.array([find_root(root, node) for node in range(n_nodes)])
        largest = np.bincount(part).argmax()
        nodes, other, gap = near.leave(np.flatnonzero(part != largest), part)
        order = np.argsort(gap, kind="stable")
        first = order[np.sort(np.unique(part[nodes][order], return_index=True)[1])]
        chosen += _join(root, nodes[first], other[first], gap[first])
    chosen.sort(key=lambda row: row[2])
    edges = np.array([row[:2] for row in chosen], dtype=np.int64)
    return edges, np.array([row[2] for row in chosen])


def _join(
    root: list[int], left: NDArray[np.int64], right: NDArray[np.int64], lengths: NDArray[Any]
) -> list[tuple[int, int, float]]:
    """Join sets along pairs, shortest first; return the pairs that joined two."""
    order = np.argsort(lengths, kind="stable")
    joined = []
    rows = (left[order].tolist(), right[order].tolist(), lengths[order].tolist())
    for i, j, length in zip(*rows, strict=True):
        a, b = find_root(root, i), find_root(root, j)
        if a != b:
            root[max(a, b)] = min(a, b)
            joined.append((i, j, length))
    return joined


def _nearest_outside(
    source: DistanceBlocks, part: NDArray[np.int64]
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return for each node the distance to the nearest node of another part, and that node."""
    gap = np.full(source.n_nodes, np.inf, dtype=source.dtype)
    other = np.full(source.n_nodes, -1, dtype=np.int64)
    for start, stop, block in source.blocks():
        outside = part[start:stop, None] != part[start:]
        masked = np.where(outside, block, block.dtype.type(np.inf))
        for axis, nodes, offset in ((1, slice(start, stop), start), (0, slice(start, None), start)):
            at = masked.argmin(axis=axis)
            best = np.take_along_axis(masked, np.expand_dims(at, axis), axis).ravel()
            closer = best < gap[nodes]
            gap[nodes] = np.where(closer, best, gap[nodes])
            other[nodes] = np.where(closer, at + offset, other[nodes])
    return gap, other


def find_root(root: list[int], node: int) -> int:
    """Return the representative of ``node``'s set, halving the path to it."""
    while root[node] != node:
        root[node] = root[root[node]]
        node = root[node]
    return node
