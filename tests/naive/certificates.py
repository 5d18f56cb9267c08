"""Certificates of lower bounds, looked at again in whole numbers and fractions only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction


def heaviest_clique(near: Sequence[set[int]], weight: Sequence[int]) -> int:
    """Largest weight of pairwise near nodes; sums of what is left cut off the search."""
    best = 0

    def grow(total: int, nodes: list[int]) -> None:
        nonlocal best
        best = max(best, total)
        left = sum(weight[v] for v in nodes)
        for i, v in enumerate(nodes):
            if total + left <= best:
                return
            grow(total + weight[v], [u for u in nodes[i + 1 :] if u in near[v]])
            left -= weight[v]

    grow(0, sorted(range(len(near)), key=lambda v: -weight[v]))
    return best


def bound_of_prices(near: Sequence[set[int]], prices: Sequence[int], heaviest: int) -> int:
    """Number of boxes that prices prove: no box may cost more than ``heaviest``."""
    if min(prices) < 0:
        raise ValueError("a price is negative")
    if heaviest_clique(near, prices) > heaviest:
        raise ValueError("a box costs more than is claimed")
    return math.ceil(Fraction(sum(prices), heaviest))


def check_cover(near: Sequence[set[int]], labels: Sequence[int]) -> int:
    """Number of boxes of a cover; an error where two nodes of a box are not near."""
    for u, first in enumerate(labels):
        for v in range(u):
            if labels[v] == first and v not in near[u]:
                raise ValueError(f"nodes {v} and {u} share box {first} but are not near")
    return len(set(labels))
