"""Points of a cloud that are copies of others, up to rounding."""

from __future__ import annotations

import math
import warnings
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.core.package import caller_level

__all__ = ["NEAR_COPY", "NearCopiesWarning", "find_close_pairs", "find_distinct"]

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
#: Points closer than this share of the radius of the cloud are copies of one, up to rounding.
NEAR_COPY = 1e-6


class NearCopiesWarning(UserWarning):
    """Points that differ by rounding alone were left out of an estimate of dimension."""


def find_distinct(cloud: Floats, *, note: bool = True) -> Ints:
    """Return the indices, rising, of one point of each group closer than ``NEAR_COPY`` radii.

    The radius is the root mean square distance from the mean. One sample that is measured twice,
    such as an image in two batches, differs by rounding and would look like a point in 0
    dimensions. Pairs that close are copies where at least eight times fewer are up to ten times
    as far apart, as in no cloud of any dimension, and they are 1 % of the points or more; else
    only equal points are. Those left out, other than equal ones, are counted in a
    ``NearCopiesWarning`` unless ``note=False``.

    Examples
    --------
    >>> find_distinct(np.array([[0.0], [1.0], [1.0], [2.0]])).tolist()
    [0, 1, 3]
    """
    middle = cloud - cloud.mean(axis=0)  # points that the shift makes equal are equal for us
    largest = float(np.abs(middle).max(initial=0.0))
    if largest == 0:
        return np.arange(min(len(cloud), 1))
    middle /= largest
    _, first = np.unique(middle, axis=0, return_index=True)
    first.sort()
    kept = middle[first]
    radius = math.sqrt(float(np.square(middle).sum(axis=1).mean()))
    pairs = find_close_pairs(kept, NEAR_COPY * radius)
    few = 100 * len(pairs) < len(kept)
    if few or len(find_close_pairs(kept, 10 * NEAR_COPY * radius)) > 9 / 8 * len(pairs):
        return first.astype(np.int64)  # distances of every size: a cloud, not its rounding
    left_out = np.unique(pairs[:, 1])
    if note:
        warnings.warn(
            f"{left_out.size} of {len(cloud)} points are near copies, closer than {NEAR_COPY:g} of "
            "the radius of the cloud to another point, and were left out: such distances are "
            "rounding, as of one image in two batches",
            NearCopiesWarning,
            stacklevel=caller_level(),
        )
    return np.delete(first, left_out).astype(np.int64)


def find_close_pairs(points: Floats, radius: float) -> Ints:
    """Return the pairs i < j of points at most ``radius`` apart, shape (n_pairs, 2).

    They are as close along one coordinate, the widest. Where few points are, these are looked
    at; else a tree is made, which in many dimensions takes as long as all nearest neighbours.

    Examples
    --------
    >>> find_close_pairs(np.array([[0.0, 1.0], [2.0, 0.0], [0.0, 1.5]]), 0.5).tolist()
    [[0, 2]]
    """
    n_points = len(points)
    line = points[:, np.ptp(points, axis=0).argmax()]
    order = np.argsort(line, kind="stable")
    line = line[order]
    reach = 2 * radius  # of which no rounding takes half
    n_near = np.searchsorted(line, line + reach, side="right") - np.arange(1, n_points + 1)
    if n_near.sum() > 4 * n_points:
        from scipy.spatial import KDTree

        found: Ints = KDTree(points).query_pairs(radius, output_type="ndarray")
        return found
    first = np.repeat(np.arange(n_points), n_near)
    second = np.arange(first.size) - np.repeat(np.cumsum(n_near) - n_near, n_near) + first + 1
    pairs: Ints = np.sort(np.column_stack([order[first], order[second]]), axis=1)
    apart = np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1)
    close: Ints = pairs[apart <= radius]
    return close
