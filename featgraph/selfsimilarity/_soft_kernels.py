"""Compiled passes that share each pair of nodes among four knots by cubic interpolation."""

from __future__ import annotations

from typing import Any

import numpy as np

from featgraph.kernels import kernel, summing_kernel

__all__ = ["share_nodes", "slope_nodes"]


@kernel
def share_nodes(levels: Any, first: Any, per_unit: Any, origin: Any, mass: Any) -> None:
    """Add the cubic (Lagrange) weights of every level ij, j ≠ i, to row i of ``mass``.

    A level stands at ``(level − first) · per_unit + origin`` of the knots, held within all but
    the outer two of them. At t of the way from its knot the weights of the knot before, this one
    and two after are ``−t (t − 1) (t − 2) / 6``, ``(t + 1) (t − 1) (t − 2) / 2``,
    ``−(t + 1) t (t − 2) / 2`` and ``(t + 1) t (t − 1) / 6``: sums of t⁰ to t³ are enough.
    """
    n_nodes, n_knots = levels.shape[0], mass.shape[1]
    number = levels.dtype.type
    one, half, sixth = number(1), number(0.5), number(1 / 6)
    knots, ways = np.empty(n_nodes, np.int32), np.empty(n_nodes, levels.dtype)
    powers = np.empty((n_knots + 1, 4), levels.dtype)
    for i in range(n_nodes):
        _place_row(levels[i], first, per_unit, origin, n_knots, knots, ways)
        knots[i] = n_knots  # beyond all that is read: a node is not near itself
        powers[:] = number(0)
        for j in range(n_nodes):
            t, sums = ways[j], powers[knots[j]]
            sums[0] += one
            sums[1] += t
            sums[2] += t * t
            sums[3] += t * t * t
        to = mass[i]
        for k in range(n_knots - 3):
            zeroth, linear, square, cube = powers[k]
            to[k] += half * square - sixth * (cube + linear + linear)
            to[k + 1] += zeroth - half * (linear - cube) - square
            to[k + 2] += linear + half * (square - cube)
            to[k + 3] += sixth * (cube - linear)


@summing_kernel
def slope_nodes(
    levels: Any,
    first: Any,
    per_unit: Any,
    origin: Any,
    grad: Any,
    distances: Any,
    unit: Any,
    slopes: Any,
) -> Any:
    """Fill the derivative by each distance, given that by the mass on the knots.

    ``unit`` + distance is what a level is the logarithm of. Returned are the sums of the derivative
    by each place of a level, plain and times level − first.
    """
    n_nodes, n_knots = levels.shape[0], grad.shape[1]
    number = levels.dtype.type
    zero, one, two, half = number(0), number(1), number(2), number(0.5)
    third, sixth, end = number(1 / 3), number(1 / 6), number(n_knots - 2)
    knots, ways = np.empty(n_nodes, np.int32), np.empty(n_nodes, levels.dtype)
    curve = np.zeros((n_knots, 4), levels.dtype)  # of the derivative: powers 0, 1, 2 of t
    pull, turn = 0.0, 0.0
    for i in range(n_nodes):
        row, to, length = levels[i], slopes[i], distances[i]
        for k in range(n_knots - 3):
            before, at, after, far = grad[i, k : k + 4]
            curve[k, 0] = after - third * before - half * at - sixth * far
            curve[k, 1] = before - two * at + after
            curve[k, 2] = half * (far - before) + (one + half) * (at - after)
        _place_row(row, first, per_unit, origin, n_knots, knots, ways)
        for j in range(n_nodes):
            t, piece = ways[j], curve[knots[j]]
            to[j] = piece[0] + t * (piece[1] + t * piece[2])
        to[i] = zero
        here, there = zero, zero
        for j in range(n_nodes):
            place = (row[j] - first) * per_unit + origin
            to[j] = to[j] if (place >= one) & (place <= end) else zero
            here += to[j]
            there += to[j] * (row[j] - first)
            to[j] *= per_unit / (length[j] + unit)
        to[i] = zero  # 0 / 0 under log: a node has no distance to itself
        pull += here
        turn += there
    return pull, turn


@kernel
def _place_row(
    row: Any, first: Any, per_unit: Any, origin: Any, n_knots: int, knots: Any, ways: Any
) -> None:
    """Fill the first of four knots about each level of a row, and the way from the second."""
    number = row.dtype.type
    one, end = number(1), number(n_knots - 2)
    for j in range(row.shape[0]):
        place = (row[j] - first) * per_unit + origin
        place = place if place > one else one
        place = place if place < end else end
        knot = min(np.int32(place), np.int32(n_knots - 3))
        knots[j] = knot - 1
        ways[j] = place - number(knot)
