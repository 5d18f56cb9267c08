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
    the outer two of them.
    """
    n_nodes, n_knots = levels.shape[0], mass.shape[1]
    number = levels.dtype.type
    one, two, half, sixth = number(1), number(2), number(0.5), number(1 / 6)
    end = number(n_knots - 2)
    knots, weights = np.empty(n_nodes, np.int32), np.empty((4, n_nodes), levels.dtype)
    before, at, after, far = weights[0], weights[1], weights[2], weights[3]
    for i in range(n_nodes):
        row = levels[i]
        for j in range(n_nodes):
            place = (row[j] - first) * per_unit + origin
            place = place if place > one else one
            place = place if place < end else end
            knot = min(np.int32(place), np.int32(n_knots - 3))
            t = place - number(knot)
            knots[j] = knot - 1
            before[j] = t * (one - t) * (t - two) * sixth
            at[j] = (t + one) * (t - one) * (t - two) * half
            after[j] = (t + one) * t * (two - t) * half
            far[j] = (t + one) * t * (t - one) * sixth
        weights[:, i] = number(0)
        to = mass[i]
        for j in range(n_nodes):
            k = knots[j]
            to[k] += before[j]
            to[k + 1] += at[j]
            to[k + 2] += after[j]
            to[k + 3] += far[j]


@summing_kernel
def slope_nodes(levels: Any, first: Any, per_unit: Any, origin: Any, grad: Any, slopes: Any) -> Any:
    """Fill the derivative by each place of a level, given that by the mass on the knots.

    Returned are its sums over all levels, plain and times level − first.
    """
    n_nodes, n_knots = levels.shape[0], grad.shape[1]
    number = levels.dtype.type
    zero, one, two, three, half, sixth = (
        number(0),
        number(1),
        number(2),
        number(3),
        number(0.5),
        number(1 / 6),
    )
    end = number(n_knots - 2)
    knots, rises = np.empty(n_nodes, np.int32), np.empty((4, n_nodes), levels.dtype)
    before, at, after, far = rises[0], rises[1], rises[2], rises[3]
    pull, turn = 0.0, 0.0
    for i in range(n_nodes):
        row, pulls, to = levels[i], grad[i], slopes[i]
        for j in range(n_nodes):
            place = (row[j] - first) * per_unit + origin
            inside = (place >= one) & (place <= end)
            place = place if place > one else one
            place = place if place < end else end
            knot = min(np.int32(place), np.int32(n_knots - 3))
            t = place - number(knot)
            knots[j] = knot - 1
            square = three * t * t
            before[j] = (two * three * t - square - two) * sixth
            at[j] = (square - two * two * t - one) * half
            after[j] = (two * t - square + two) * half
            far[j] = (square - one) * sixth
            to[j] = one if inside else zero
        for j in range(n_nodes):
            k = knots[j]
            to[j] *= (
                before[j] * pulls[k]
                + at[j] * pulls[k + 1]
                + after[j] * pulls[k + 2]
                + far[j] * pulls[k + 3]
            )
        to[i] = zero
        here, there = zero, zero
        for j in range(n_nodes):
            here += to[j]
            there += to[j] * (row[j] - first)
        pull += here
        turn += there
    return pull, turn
