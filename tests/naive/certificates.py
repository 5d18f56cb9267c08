"""Certificates of lower bounds, looked at again in whole numbers and fractions only."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
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


def cheapest_cover(order: Iterable[int], columns: Sequence[tuple[set[int], int]]) -> int:
    """Least cost of columns that hold all rows: the first row not held takes a column, and on."""
    least: dict[frozenset[int], int] = {frozenset(): 0}
    retired: set[int] = set()
    for row in order:
        retired.add(row)
        after: dict[frozenset[int], int] = {}
        for held, cost in least.items():
            choices = [(set(), 0)] if row in held else [c for c in columns if row in c[0]]
            for column, price in choices:
                state = frozenset((held | column) - retired)
                after[state] = min(after.get(state, cost + price), cost + price)
        least = after
    return min(least.values())


def bound_of_regions(
    columns: Sequence[set[int]],
    prices: Sequence[int],
    regions: Sequence[tuple[list[int], list[tuple[int, set[int], int]], int]],
    unit: int,
) -> int:
    """Number of columns that regions prove: (rows, parts of columns with costs, least cost) each.

    What a column has in a region must lie in its parts there; costs of its parts, and prices of
    its rows in no region, may come to no more than one column.
    """
    if min(prices) < 0:
        raise ValueError("a price is negative")
    inside = [row for rows, _, _ in regions for row in rows]
    if len(inside) != len(set(inside)):
        raise ValueError("two regions share a row")
    paid = [sum(prices[row] for row in column - set(inside)) for column in columns]
    for rows, parts, value in regions:
        for number, column in enumerate(columns):
            held = set().union(*(part for owner, part, _ in parts if owner == number))
            if held != column & set(rows):
                raise ValueError("a row of a column is left out")
        for owner, _, cost in parts:
            if cost < 0:
                raise ValueError("a cost is negative")
            paid[owner] += cost
        if cheapest_cover(rows, [(part, cost) for _, part, cost in parts]) < value:
            raise ValueError("a region costs less than is claimed")
    if max(paid) > unit:
        raise ValueError("a column pays for more than one column")
    total = sum(value for _, _, value in regions)
    total += sum(price for row, price in enumerate(prices) if row not in set(inside))
    return math.ceil(Fraction(total, unit))
