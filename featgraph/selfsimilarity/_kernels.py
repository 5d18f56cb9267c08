"""Compiled passes over the pairs of a distance matrix in main memory."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels import kernel, summing_kernel

__all__ = [
    "bin_pairs",
    "caro_wei_counts",
    "complete_linkage",
    "find_range",
    "count_pairs",
    "farthest_first",
    "integrate_steps",
    "share_nodes",
    "slope_nodes",
    "widest_pairs",
]

Values: TypeAlias = NDArray[Any]


@kernel
def count_pairs(
    matrix: Values, theta: Values, guess: Values, low: float, per_unit: float, counts: Values
) -> None:
    """Count the pairs i < j by the first of the rising ``theta`` above their distance.

    ``theta`` ends in infinity. ``guess[b]`` is a first try, never too high, for distances in
    bucket ``b`` of equal buckets that start at ``low``, ``per_unit`` of them per unit of
    distance; it has an entry more than there are buckets, for the largest distance.
    """
    n_nodes, last = matrix.shape[0], np.int32(guess.shape[0] - 1)
    zero = np.int32(0)
    buckets = np.empty(n_nodes, np.int32)
    for i in range(n_nodes - 1):
        row = matrix[i, i + 1 :]
        for j in range(row.shape[0]):
            buckets[j] = min(max(np.int32((row[j] - low) * per_unit), zero), last)
        for j in range(row.shape[0]):
            place = guess[buckets[j]]
            while theta[place] <= row[j]:
                place += 1
            counts[place] += 1


@kernel
def farthest_first(matrix: Values, start: int, inserted: Values, nearest: Values) -> None:
    """Fill the farthest-point permutation from ``start``: each node, and its nearest earlier."""
    n_nodes = matrix.shape[0]
    gap = matrix[start].copy()
    owner = np.full(n_nodes, start)
    gap[start] = -1.0  # below every distance: nodes already taken are never taken again
    for step in range(n_nodes - 1):
        node = gap.argmax()
        inserted[step] = node
        nearest[step] = owner[node]
        gap[node] = -1.0
        row = matrix[node]
        for j in range(n_nodes):
            if row[j] < gap[j]:
                gap[j] = row[j]
                owner[j] = node


@kernel
def caro_wei_counts(places: Values, n_nodes: int, counts: Values) -> None:
    """Fill Σ_i 1 / (1 + degree_i) as the pairs at ``places`` become edges one by one."""
    degree = np.zeros(n_nodes, np.int64)
    drop = np.empty(n_nodes)  # by one more edge at a node of this degree
    for d in range(n_nodes):
        drop[d] = 1 / (1 + d) - 1 / (2 + d)
    total = float(n_nodes)
    per_row, width = 1.0 / n_nodes, np.uint64(n_nodes)  # unsigned: no test for indices from the end
    counts[0] = total
    for k in range(places.shape[0]):
        i = np.uint64((places[k] + 0.5) * per_row)  # as a whole division, and several times faster
        j = np.uint64(places[k]) - i * width
        total -= drop[np.uint64(degree[i])] + drop[np.uint64(degree[j])]
        degree[i] += 1
        degree[j] += 1
        counts[k + 1] = max(total, 1.0)


@summing_kernel
def integrate_steps(
    levels: Values,
    exponents: Values,
    heights: Values,
    slopes: Values,
    low: float,
    high: float,
    unit: float,
) -> Any:
    """Return sums over steps of the integral, of its derivative by x, and of that times x.

    ``exponents`` has a below the first step, …, from the last step on; what is before the first
    and after the last step is left out. Fill the derivatives by each height h: that of its level
    is 1 / (unit + h). What lies on or beyond the ends has no say of its own.
    """
    per_unit = 1.0 / (high - low)
    total, total_slope, total_moment = 0.0, 0.0, 0.0
    for k in range(levels.shape[0]):
        x = (levels[k] - low) * per_unit
        edge = x if x > 0.0 else 0.0
        edge = edge if edge < 1.0 else 1.0
        after, before = edge - exponents[k], edge - exponents[k + 1]
        total += after * abs(after) - before * abs(before)
        # Moving a step to the right stretches the piece before it and shortens the one after.
        slope = (abs(after) - abs(before)) * 2.0 * per_unit
        slope = slope if x > 0.0 else 0.0
        slope = slope if x < 1.0 else 0.0
        total_slope += slope
        total_moment += slope * x
        slopes[k] = slope / (unit + heights[k])
    return total, total_slope, total_moment


@kernel
def complete_linkage(bits: Values, heights: Values, merges: Values) -> None:
    """Fill the bits of the height of each complete-linkage merge, and the clusters it joins.

    Nearest-neighbour chains: two clusters that are each other's nearest merge at once, and
    complete linkage never regrets it. ``bits`` is overwritten; the diagonal must be the
    largest number of its type. A cluster has the number of one of its nodes; the merged one, as in
    SciPy, the larger number of the two, ``merges[0]``, so that ties fall alike.
    """
    n_nodes = bits.shape[0]
    gone = bits[0, 0]
    hidden = np.zeros(n_nodes, bits.dtype)  # all ones where a cluster is gone
    chain = np.empty(n_nodes, np.int64)
    length, first = 0, 0
    for merge in range(n_nodes - 1):
        if length == 0:
            while hidden[first]:
                first += 1
            chain[0], length = first, 1
        while True:
            tip = chain[length - 1]
            row = bits[tip]
            nearest = gone
            for j in range(n_nodes):
                nearest = min(nearest, row[j] | hidden[j])
            if length > 1 and row[chain[length - 2]] == nearest:
                break  # the one before is as near as any: they are mutual neighbours
            j = 0
            while row[j] | hidden[j] != nearest:
                j += 1
            chain[length] = j
            length += 1
        kept, lost = max(tip, chain[length - 2]), min(tip, chain[length - 2])
        length -= 2
        heights[merge], merges[0, merge], merges[1, merge] = nearest, kept, lost
        hidden[lost] = gone
        row, other = bits[kept], bits[lost]
        for j in range(n_nodes):
            row[j] = max(row[j], other[j])
        for j in range(n_nodes):
            if not hidden[j]:
                bits[j, kept] = row[j]


@kernel
def widest_pairs(matrix: Values, heights: Values, merges: Values, pairs: Values) -> None:
    """Fill a pair of nodes of the two clusters of each merge that are as far apart as its height.

    A cluster is a list that begins with the node of its number; each pair of nodes is looked at
    in one merge at most.
    """
    n_nodes = matrix.shape[0]
    after, last = np.full(n_nodes, -1), np.arange(n_nodes)
    others = np.empty(n_nodes, np.int64)
    for k in range(n_nodes - 1):
        kept, lost = merges[0, k], merges[1, k]
        size, j = 0, lost
        while j >= 0:
            others[size] = j
            size, j = size + 1, after[j]
        i = kept
        while i >= 0:
            row = matrix[i]
            farthest = row[lost]
            for m in range(size):
                farthest = max(farthest, row[others[m]])
            if farthest == heights[k]:
                m = 0
                while row[others[m]] != farthest:
                    m += 1
                pairs[0, k], pairs[1, k] = i, others[m]
                break
            i = after[i]
        after[last[kept]], last[kept] = lost, last[lost]


@kernel
def bin_pairs(distances: Values, first: int, shift: int, tallies: Values) -> None:
    """Add up number and distance of the pairs i < j by bin of log(1 + distance).

    The bit pattern of a number rises almost as its logarithm; ``first`` is that of 1 + TZ.
    """
    n_nodes = distances.shape[0]
    moved = np.empty(n_nodes)
    bits = moved.view(np.int64)
    for i in range(n_nodes - 1):
        row = distances[i, i + 1 :]
        for j in range(row.shape[0]):
            moved[j] = 1.0 + row[j]
        for j in range(row.shape[0]):
            place = np.uint64((bits[j] - first) >> shift)
            tallies[0, place] += 1.0
            tallies[1, place] += row[j]


@kernel
def find_range(distances: Values, kept: Values) -> Any:
    """Return the smallest and largest distance of two nodes that are kept."""
    n_nodes = distances.shape[0]
    number = distances.dtype.type
    low, high = number(np.inf), number(-np.inf)
    for i in range(n_nodes - 1):
        if kept[i]:
            row, is_kept = distances[i, i + 1 :], kept[i + 1 :]
            for j in range(row.shape[0]):
                low = min(low, row[j] if is_kept[j] else number(np.inf))
                high = max(high, row[j] if is_kept[j] else number(-np.inf))
    return low, high


@kernel
def share_nodes(levels: Values, first: float, per_unit: float, origin: float, mass: Values) -> None:
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
    levels: Values,
    first: float,
    per_unit: float,
    origin: float,
    grad: Values,
    distances: Values,
    unit: float,
    as_shares: bool,
    slopes: Values,
) -> Any:
    """Fill the derivative by each distance, given that by the mass on the knots.

    ``unit`` + distance is what a level is the logarithm of; ``as_shares`` divides by the distance
    itself, too. Returned are the sums of the derivative by each place of a level, plain and times
    level − first.
    """
    n_nodes, n_knots = levels.shape[0], grad.shape[1]
    number = levels.dtype.type
    zero, one, two, half = number(0), number(1), number(2), number(0.5)
    third, sixth, end = number(1 / 3), number(1 / 6), number(n_knots - 2)
    knots, ways = np.empty(n_nodes, np.int32), np.empty(n_nodes, levels.dtype)
    curve = np.zeros((n_knots, 4), levels.dtype)  # of the derivative: powers 0, 1, 2 of t
    total, moment = 0.0, 0.0
    for i in range(n_nodes):
        row, to, length = levels[i], slopes[i], distances[i]
        for k in range(n_knots - 3):
            before, at, after, far = grad[i, k : k + 4]
            curve[k, 0] = after - third * before - half * at - sixth * far
            curve[k, 1] = before - two * at + after
            curve[k, 2] = half * (far - before) + (one + half) * (at - after)
        _place_row(row, first, per_unit, origin, n_knots, knots, ways)
        for j in range(n_nodes):
            t, piece = ways[j], curve[np.uint32(knots[j])]
            to[j] = piece[0] + t * (piece[1] + t * piece[2])
        to[i] = zero
        row_total, row_moment = zero, zero
        for j in range(n_nodes):
            place = (row[j] - first) * per_unit + origin
            to[j] = to[j] if (place >= one) & (place <= end) else zero
            row_total += to[j]
            row_moment += to[j] * (row[j] - first)
            divisor = length[j] + unit
            to[j] *= per_unit / (divisor * length[j] if as_shares else divisor)
        to[i] = zero  # 0 / 0 under log: a node has no distance to itself
        total += row_total
        moment += row_moment
    return total, moment


@kernel
def _place_row(
    row: Values,
    first: float,
    per_unit: float,
    origin: float,
    n_knots: int,
    knots: Values,
    ways: Values,
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
