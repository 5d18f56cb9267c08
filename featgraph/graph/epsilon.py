"""How to choose the threshold ε of G_M: a named rule, the same answer every time."""

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
from featgraph.graph.spanning_tree import find_root, span_tree

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["EPSILON_RULES", "EpsilonRule", "choose_epsilon", "describe_rule"]

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
            "all distances are 0 (constant or identical features): no ε tells the nodes apart"
        )


def just_above(value: float, dtype: np.dtype[Any]) -> float:
    """Return the next number above ``value`` in this precision."""
    return float(np.nextafter(dtype.type(value), dtype.type(np.inf)))


def _percolation(source: DistanceBlocks, _: float) -> float:
    return just_above(float(span_tree(source)[1][-1]), source.dtype)


def _density(source: DistanceBlocks, share: float) -> float:
    n_pairs = source.n_nodes * (source.n_nodes - 1) // 2
    return just_above(kth_distance(source, _least(share * n_pairs)), source.dtype)


def _degree(source: DistanceBlocks, degree: float) -> float:
    n_nodes = source.n_nodes
    if degree > n_nodes - 1:
        raise ValueError(
            f"degree in epsilon must be at most n_nodes − 1 = {n_nodes - 1}, got {degree:g}"
        )
    return just_above(kth_distance(source, _least(degree * n_nodes / 2)), source.dtype)


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
            return just_above(length, source.dtype)
    raise RuntimeError(f"a spanning tree of {source.n_nodes} nodes joins fewer than {needed}")


def _neighbors(source: DistanceBlocks, k: float) -> float:
    return just_above(float(nearest_pairs(source, int(k))[2].max()), source.dtype)


_FINDERS: dict[str, Callable[[DistanceBlocks, float], float]] = {
    "percolation": _percolation,
    "mst": _percolation,
    "density": _density,
    "degree": _degree,
    "quantile": _quantile,
    "giant": _giant,
    "neighbors": _neighbors,
}
