"""CorrelationSum: the share of pairs of points closer than r."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import choice, integer
from featgraph.core.resources import check_pairs
from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.core.values import RandomState, as_rng
from featgraph.invariance.near_copies import NEAR_COPY, find_distinct
from featgraph.kernels import kernel

if TYPE_CHECKING:
    from featgraph.features.feature_matrix import Array, FeatureMatrix

__all__ = [
    "CorrelationSum",
    "PointKind",
    "compute_correlation_sum",
    "find_unit",
    "take_points",
]

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
PointKind: TypeAlias = Literal["samples", "nodes"]
#: The smallest default radius has this many pairs below it; fewer say nothing about a slope.
_FIRST_PAIRS = 10
_MIN_POINTS = 20
_MAX_POINTS = 20000  # 2 GB for the distances of all pairs


@dataclass(frozen=True, repr=False, eq=False)
class CorrelationSum(Result):
    """Correlation sum T(r) of a cloud of points.

    Attributes
    ----------
    radii : ndarray of float, shape (n_radii,)
        Increasing radii r in units of ``scale``, equally spaced in log r.
    counts : ndarray of float, shape (n_radii,)
        Number of pairs i < j closer than each radius.
    resampled : ndarray of float, shape (n_radii, n_resamples)
        The same for bootstrap resamples of the points.
    n_pairs : int
        Number of pairs that could be counted.
    pair_totals : ndarray of float, shape (n_resamples,)
        The same for each resample.
    scale : float
        Root mean square distance of the pairs, in the unit of the points.
    n_points, n_features : int
        Number of points and of coordinates.
    exclude : int
        Pairs of points at most this far apart in order were left out.

    Examples
    --------
    >>> total = compute_correlation_sum(np.linspace(0, 1, 101)[:, None])
    >>> total.n_pairs, float(total.values[-1])
    (5050, 1.0)
    """

    _shown: ClassVar = ("n_points", "n_features", "n_radii", "scale")
    _rules: ClassVar = {
        "radii": Rule("n_radii", least=0, rising=True),
        "counts": Rule("n_radii", least=0),
        "resampled": Rule("n_radii n_resamples"),
        "pair_totals": Rule("n_resamples"),
        "n_pairs": Rule(least=1),
    }

    radii: Floats
    counts: Floats
    resampled: Floats
    n_pairs: int
    pair_totals: Floats
    scale: float
    n_points: int
    n_features: int
    exclude: int = 0

    @property
    def values(self) -> Floats:
        """T(r) at each radius, in [0, 1]."""
        return self.counts / self.n_pairs

    def _columns(self) -> Mapping[str, object]:
        return {"radius": self.radii, "share": self.values}


def take_points(
    points: FeatureMatrix | Array, *, kind: PointKind = "samples", where: str = "points"
) -> Floats:
    """Return the cloud of a layer as float64, one row per point.

    Parameters
    ----------
    points : FeatureMatrix, or Tensor or ndarray of shape (n_points, n_features)
        A FeatureMatrix is read as ``kind`` says; an array holds one point per row already.
    kind : {"samples", "nodes"}, default="samples"
        Which of the two the points of a FeatureMatrix are.
    where : str, default="points"
        Name for messages.

    Returns
    -------
    ndarray of float, shape (n_points, n_features)
        A copy.

    Raises
    ------
    ValueError
        If the shape is not (n_points, n_features), there are fewer than 20 points, a value is
        not finite, or all points are equal.

    Examples
    --------
    >>> take_points(np.random.default_rng(0).normal(size=(30, 2))).shape
    (30, 2)
    """
    from featgraph.features.feature_matrix import FeatureMatrix

    choice(kind, ("samples", "nodes"), "kind")
    if isinstance(points, FeatureMatrix):
        nodes = points.numpy()
        array = np.array(nodes.T if kind == "samples" else nodes, dtype=np.float64)
    elif isinstance(points, np.ndarray):
        array = np.array(points, dtype=np.float64)
    else:
        array = points.detach().cpu().double().numpy().copy()
    if array.ndim != 2 or array.shape[1] < 1:
        raise ValueError(f"{where} must have shape (n_points, n_features), got {array.shape}")
    if array.shape[0] < _MIN_POINTS:
        raise ValueError(f"{where} must hold at least {_MIN_POINTS} points, got {array.shape[0]}")
    if not np.isfinite(array).all():
        raise ValueError(f"{where} must be finite, got NaN or infinite coordinates")
    if not np.ptp(array, axis=0).any():
        raise ValueError(
            f"{where} must differ, got zero variance: {array.shape[0]} copies of one point"
        )
    return array


def compute_correlation_sum(
    points: FeatureMatrix | Array,
    *,
    kind: PointKind = "samples",
    radii: Floats | None = None,
    n_radii: int = 80,
    exclude: int = 0,
    duplicates: Literal["refuse", "drop"] = "refuse",
    n_resamples: int = 0,
    weights: Ints | None = None,
    rng: RandomState = None,
) -> CorrelationSum:
    """Compute the full correlation sum T(r) = Σ_{i≠j} Θ(r − d_ij) / (N (N − 1)).

    Parameters
    ----------
    points : FeatureMatrix, or Tensor or ndarray of shape (n_points, n_features)
        The cloud; a FeatureMatrix is read as ``kind`` says.
    kind : {"samples", "nodes"}, default="samples"
        What the points of a FeatureMatrix are.
    radii : ndarray of float, shape (n_radii,), or None, default=None
        Radii in units of the root mean square distance, equally spaced in log r. None takes
        ``n_radii`` of them from the distance that 10 pairs stay below to the largest one.
    n_radii : int, default=80
        Number of default radii.
    exclude : int, default=0
        Theiler window: pairs of points at most this far apart in order are left out. For
        points along a trajectory or from neighbouring frames, use the correlation time.
    duplicates : {"refuse", "drop"}, default="refuse"
        What to do with points that are equal or closer than 1e-6 of the radius of the cloud
        (copies up to rounding), which would hold T(r) up at the smallest radii: an error,
        or keep the first of each, with a ``NearCopiesWarning`` that counts copies that are not
        equal.
    n_resamples : int, default=0
        Bootstrap resamples of the points.
    weights : ndarray of int, shape (n_points, n_resamples), or None, default=None
        How often each point stands in each resample; None draws ``n_resamples`` of them. Give
        the same weights for every layer to resample the same images.
    rng : Generator, int or None, default=None
        Source of the resamples.

    Returns
    -------
    CorrelationSum
        Counts of pairs strictly closer than each radius.

    Raises
    ------
    ValueError
        If a cloud has fewer than 20 or more than 20000 points, all equal or not finite ones, or
        duplicates, or an option is out of range.

    Notes
    -----
    Every pair is counted; distances are differences, not products, so close pairs are exact.
    Radii are relative to the cloud itself: the same cloud, scaled, moved or rotated, gives
    the same counts. A resample counts pairs of different points only, each as often as the
    product of its weights.

    Time is O(n_points² · (n_features + n_resamples)), memory 10 bytes per pair: 2000 points
    take 20 MB.

    References
    ----------
    P. Grassberger, I. Procaccia, Physica D 9, 189 (1983), doi:10.1016/0167-2789(83)90298-1;
    J. Theiler, Phys. Rev. A 34, 2427 (1986), doi:10.1103/PhysRevA.34.2427.

    Examples
    --------
    >>> line = np.linspace(0, 1, 101)[:, None]
    >>> compute_correlation_sum(line)
    CorrelationSum(n_points=101, n_features=1, n_radii=80, scale=0.414367)
    """
    from scipy.spatial.distance import pdist

    cloud = take_points(points, kind=kind)
    if cloud.shape[0] > _MAX_POINTS:
        raise ValueError(
            f"points must number at most {_MAX_POINTS} for a sum over all pairs, got "
            f"{cloud.shape[0]}; measure a random part of them"
        )
    check_pairs(len(cloud), "distances", bytes_per_pair=10, of="points")
    if weights is None:
        weights = draw_weights(cloud.shape[0], n_resamples, as_rng(rng))
    elif weights.ndim != 2 or weights.shape[0] != cloud.shape[0]:
        raise ValueError(
            f"weights must have one row for each of {cloud.shape[0]} points, got {weights.shape}"
        )
    kept = _first_copies(cloud, duplicates)
    cloud, weights = cloud[kept], weights[kept]
    unit = find_unit(cloud)
    distances = pdist(cloud / unit)
    used = _theiler_mask(cloud.shape[0], exclude)
    scale = math.sqrt(float(np.mean(np.square(distances if used is None else distances[used]))))
    distances /= scale
    pairs = distances if used is None else distances[used]
    radii = _default_radii(pairs, n_radii) if radii is None else _check_radii(radii)
    places = np.searchsorted(radii, distances, side="right").astype(np.int16)
    if used is not None:
        places[~used] = -1
    counts = np.bincount(places[places >= 0], minlength=radii.size + 1)[:-1].cumsum()
    sums = np.zeros((radii.size + 1, weights.shape[1]), dtype=np.int64)
    if weights.shape[1]:
        weigh_pairs(places, weights, sums)
    n_points, n_features = cloud.shape
    return CorrelationSum(
        radii, counts.astype(np.float64), sums[:-1].cumsum(axis=0).astype(np.float64),
        int(pairs.size), sums.sum(axis=0).astype(np.float64), scale * unit, n_points,
        n_features, exclude,
    )  # fmt: skip


def find_unit(cloud: Floats) -> float:
    """Return the power of two that brings the largest coordinate near 1.

    Squares of tiny or huge units then stay in range, and differences keep all their digits, which
    shifting the cloud to a point far from the others would not.

    Examples
    --------
    >>> find_unit(np.array([[3e-200, 0.0], [0.0, 1e-200]])) > 0, find_unit(np.array([[5.0]]))
    (True, 8.0)
    """
    return float(np.ldexp(1.0, int(np.frexp(np.abs(cloud).max())[1])))


def draw_weights(n_points: int, n_resamples: int, rng: np.random.Generator) -> Ints:
    """Return how often each point is drawn in each resample, shape (n_points, n_resamples)."""
    weights = np.zeros((n_points, n_resamples), dtype=np.int64)
    for k in range(n_resamples):
        drawn = rng.integers(n_points, size=n_points)
        weights[:, k] = np.bincount(drawn, minlength=n_points)
    return weights


def _first_copies(cloud: Floats, duplicates: str) -> Ints:
    n_points = cloud.shape[0]
    first = find_distinct(cloud, note=duplicates == "drop")
    if first.size == n_points or duplicates == "drop":
        if first.size < _MIN_POINTS:
            raise ValueError(
                f"points must hold at least {_MIN_POINTS} different ones, got {first.size}"
            )
        return first
    raise ValueError(
        f"points must all differ, got {n_points - first.size} duplicates among {n_points} "
        f"(closer than {NEAR_COPY:g} of the radius of the cloud); a copy counts "
        "at every radius: leave them out, or pass duplicates='drop'"
    )


def _theiler_mask(n_points: int, exclude: int) -> NDArray[np.bool_] | None:
    """Return which pairs, in the order of pdist, are more than ``exclude`` apart in order."""
    if exclude == 0:
        return None
    if exclude > n_points - 10:
        raise ValueError(f"exclude must leave pairs over, got {exclude} for {n_points} points")
    first, second = np.triu_indices(n_points, k=1)
    return np.asarray(second - first > exclude)


def _default_radii(distances: Floats, n_radii: int) -> Floats:
    integer(n_radii, "n_radii", least=16)
    rank = min(_FIRST_PAIRS, distances.size - 1)
    low = float(np.partition(distances, rank)[rank])
    # The last radius lies just beyond the largest distance, which "closer than" would leave out.
    high = float(distances.max()) * (1 + 1e-9)
    if not 0 < low < high / (1 + 1e-6):
        raise ValueError(
            f"points must lie at different distances, got {low:.4g} to {high:.4g} of the root "
            "mean square: no range of radii to measure a dimension in"
        )
    return np.geomspace(low, high, n_radii)


def _check_radii(radii: Floats) -> Floats:
    array = np.asarray(radii, dtype=np.float64)
    if array.ndim != 1 or array.size < 16 or not (array > 0).all():
        raise ValueError("radii must be at least 16 positive numbers")
    steps = np.diff(np.log(array))
    if not (steps > 0).all() or not np.allclose(steps, steps[0], rtol=1e-6):
        raise ValueError("radii must rise in equal steps of log r, as np.geomspace gives them")
    return array


@kernel
def weigh_pairs(places: NDArray[np.int16], weights: Ints, sums: Ints) -> None:
    """Add ``weights[i, k] · weights[j, k]`` to ``sums[place, k]`` over all pairs i < j.

    ``places`` holds the first radius above each distance in the order (0, 1), (0, 2), …; a
    negative place leaves the pair out. ``weights[:, k]`` counts how often each point was drawn
    in resample k. A point drawn twice never makes a pair with its own copy.
    """
    n_points, n_resamples = weights.shape
    pair = 0
    for i in range(n_points - 1):
        for j in range(i + 1, n_points):
            place = places[pair]
            pair += 1
            if place < 0:
                continue
            for k in range(n_resamples):
                sums[place, k] += weights[i, k] * weights[j, k]
