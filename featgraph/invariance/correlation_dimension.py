"""CorrelationDimension: the slope of log T(r) over a stated range of radii, with interval."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import positive
from featgraph.core.result import Result
from featgraph.core.rules import SHARE, Rule
from featgraph.core.values import RandomState
from featgraph.invariance.correlation_sum import CorrelationSum, PointKind, compute_correlation_sum
from featgraph.kernels import kernel

if TYPE_CHECKING:
    from featgraph.features.feature_matrix import Array, FeatureMatrix

__all__ = [
    "CorrelationDimension",
    "fit_correlation_dimension",
    "longest_plateau",
    "measure_correlation_dimension",
]

Floats: TypeAlias = NDArray[np.float64]
#: Local slopes are taken over this many radii to each side.
REACH = 2
#: A run starts with this many pairs, ends with this share of them, and grows by this factor.
_LEAST_PAIRS, _MOST_SHARE, _GROWTH = 20.0, 0.1, 10.0
#: Radius of the Eckmann–Ruelle bound, relative to the size of the cloud.
_RUELLE_RADIUS = 0.1


@dataclass(frozen=True, repr=False, eq=False)
class CorrelationDimension(Result):
    """Correlation dimension D₂ of one cloud of points.

    Attributes
    ----------
    dimension : float
        D₂: slope of log T(r) against log r over ``window``.
    interval : tuple of float or None
        Percentile interval over resamples of the points, window chosen anew in each; None
        without resamples.
    confidence : float
        Level of ``interval``.
    window : tuple of float
        Smallest and largest radius fitted, in units of the root mean square distance.
    intercept : float
        log T of the fitted line at r = 1.
    has_plateau : bool
        Whether the window is a scaling region; if not, D₂ is the mean slope of a curve that
        bends everywhere, and no dimension in the proper sense. A window that was given is taken
        for one.
    sum : CorrelationSum
        The correlation sum behind it.
    replicates : ndarray of float, shape (n_resamples,)
        D₂ of each resample.

    Examples
    --------
    >>> square = np.random.default_rng(0).random((300, 2))
    >>> fit = measure_correlation_dimension(square, n_resamples=0)
    >>> round(fit.dimension, 1), fit.has_plateau
    (2.0, True)
    """

    _picture: ClassVar = "plot_correlation_sum"
    _shown: ClassVar = ("dimension", "interval", "window", "has_plateau")
    _rules: ClassVar = {"confidence": SHARE, "replicates": Rule("n_resamples")}

    dimension: float
    interval: tuple[float, float] | None
    confidence: float
    window: tuple[float, float]
    intercept: float
    has_plateau: bool
    sum: CorrelationSum
    replicates: Floats

    @property
    def ceiling(self) -> float:
        """Largest dimension that n_points can show, 2 log N / log 10 (Eckmann and Ruelle)."""
        return 2 * math.log(self.sum.n_points) / -math.log(_RUELLE_RADIUS)

    @property
    def in_window(self) -> NDArray[np.bool_]:
        """Which radii were fitted, shape (n_radii,)."""
        low, high = self.window
        return (self.sum.radii >= low) & (self.sum.radii <= high)

    @property
    def local_slopes(self) -> Floats:
        """d log T / d log r over two radii to each side, nan at the ends and without pairs."""
        return _local_slopes(np.log(self.sum.radii), self.sum.counts)

    def predict(self, radii: Floats) -> Floats:
        """Return T of the fitted line at ``radii``."""
        return np.exp(self.intercept + self.dimension * np.log(radii))


def measure_correlation_dimension(
    points: FeatureMatrix | Array,
    *,
    kind: PointKind = "samples",
    window: Literal["auto"] | tuple[float, float] = "auto",
    tolerance: float = 0.1,
    exclude: int = 0,
    duplicates: Literal["refuse", "drop"] = "refuse",
    n_resamples: int = 100,
    confidence: float = 0.95,
    rng: RandomState = None,
) -> CorrelationDimension:
    """Measure the correlation dimension D₂ of a cloud of points.

    Parameters
    ----------
    points : FeatureMatrix, or Tensor or ndarray of shape (n_points, n_features)
        The cloud; a FeatureMatrix is read as ``kind`` says.
    kind : {"samples", "nodes"}, default="samples"
        What the points of a FeatureMatrix are.
    window, tolerance, confidence
        As in :func:`fit_correlation_dimension`.
    exclude, duplicates, n_resamples, rng
        As in :func:`compute_correlation_sum`.

    Returns
    -------
    CorrelationDimension
        D₂ with interval, window and the curve behind it.

    Raises
    ------
    ValueError
        As from the two functions.

    Notes
    -----
    D₂ falls short of the dimension of a solid body by its edges: 3-cube 2.85, 5-cube 4.7,
    10-cube 8.6 with 2000 points; closed surfaces have none (2-sphere 2.02, 3-torus 3.1).
    The interval covers chance, not that shortfall. Time and memory are those of
    :func:`compute_correlation_sum`.

    References
    ----------
    As :func:`fit_correlation_dimension`.

    Examples
    --------
    >>> ball = np.random.default_rng(0).normal(size=(400, 3))
    >>> sphere = ball / np.linalg.norm(ball, axis=1, keepdims=True)
    >>> round(measure_correlation_dimension(sphere, n_resamples=0).dimension, 1)
    2.0
    """
    total = compute_correlation_sum(
        points, kind=kind, exclude=exclude, duplicates=duplicates, n_resamples=n_resamples, rng=rng
    )
    return fit_correlation_dimension(
        total, window=window, tolerance=tolerance, confidence=confidence
    )


def fit_correlation_dimension(
    total: CorrelationSum,
    *,
    window: Literal["auto"] | tuple[float, float] = "auto",
    tolerance: float = 0.1,
    confidence: float = 0.95,
) -> CorrelationDimension:
    """Fit D₂, the slope of log T(r) against log r, over a stated window.

    Parameters
    ----------
    total : CorrelationSum
        Correlation sum, with resamples if an interval is wanted.
    window : "auto" or tuple of float, default="auto"
        Radii to fit, both ends included, in units of the root mean square distance. ``"auto"``
        takes the longest run of radii that starts with at least 20 pairs, ends with at most a
        tenth of all pairs, spans at least a decade of T, and whose local slopes (over two radii to
        each side) all lie within ``tolerance`` of the slope of the run, or within two standard
        errors where pairs are few; of equal runs the one at smaller radii. If no run
        qualifies, all radii between 20 pairs and a tenth of them are fitted and
        ``has_plateau`` is False.
    tolerance : float, default=0.1
        How much local slopes may differ from the fitted one, relative to it.
    confidence : float, default=0.95
        Level of the interval.

    Returns
    -------
    CorrelationDimension
        The fit; least squares, every radius with equal weight.

    Raises
    ------
    ValueError
        If fewer than 5 radii with pairs lie in the window.

    References
    ----------
    P. Grassberger, I. Procaccia 1983, doi:10.1016/0167-2789(83)90298-1; bound on the dimension:
    J.-P. Eckmann, D. Ruelle, Physica D 56, 185 (1992), doi:10.1016/0167-2789(92)90023-G.

    Examples
    --------
    >>> square = np.random.default_rng(0).random((500, 2))
    >>> fit = fit_correlation_dimension(compute_correlation_sum(square))
    >>> fit.has_plateau, 1.8 < fit.dimension < 2.1
    (True, True)
    """
    positive(tolerance, "tolerance")
    x = np.log(total.radii)
    first, last, has_plateau = _choose_window(x, total.counts, total.n_pairs, window, tolerance)
    slope, intercept = _fit_line(x[first : last + 1], total.counts[first : last + 1])
    replicates = _fit_resamples(x, total, window, tolerance, (first, last))
    interval = None
    if replicates.size:
        low, high = np.quantile(replicates, [0.5 - confidence / 2, 0.5 + confidence / 2])
        interval = (float(low), float(high))
    return CorrelationDimension(
        dimension=slope,
        interval=interval,
        confidence=float(confidence),
        window=(float(total.radii[first]), float(total.radii[last])),
        intercept=intercept - math.log(total.n_pairs),
        has_plateau=has_plateau,
        sum=total,
        replicates=replicates,
    )


def _choose_window(
    x: Floats,
    counts: Floats,
    n_pairs: float,
    window: Literal["auto"] | tuple[float, float],
    tolerance: float,
) -> tuple[int, int, bool]:
    """Return first and last radius of the window, and whether it is a scaling region."""
    if window != "auto":
        low, high = window
        radii = np.exp(x)
        inside = np.flatnonzero((radii >= low) & (radii <= high) & (counts > 0))
        _check_inside(inside, f"window {window!r}", radii)
        return int(inside[0]), int(inside[-1]), True
    most = _MOST_SHARE * n_pairs
    first, last = longest_plateau(x, counts, REACH, tolerance, _LEAST_PAIRS, most, _GROWTH)
    if last >= 0:
        return int(first), int(last), True
    inside = np.flatnonzero((counts >= _LEAST_PAIRS) & (counts <= most))
    _check_inside(inside, "range from 20 pairs to a tenth of all", np.exp(x))
    return int(inside[0]), int(inside[-1]), False


def _check_inside(inside: NDArray[np.int64], what: str, radii: Floats) -> None:
    if inside.size < 5:
        raise ValueError(
            f"points must give at least 5 radii in the {what} to fit a dimension, got "
            f"{inside.size} (radii {radii[0]:.3g} to {radii[-1]:.3g} of the root mean square "
            "distance); use more points"
        )


def _fit_line(x: Floats, counts: Floats) -> tuple[float, float]:
    y = np.log(counts)
    centered = x - x.mean()
    slope = float(centered @ y / (centered @ centered))
    return slope, float(y.mean() - slope * x.mean())


def _fit_resamples(
    x: Floats,
    total: CorrelationSum,
    window: Literal["auto"] | tuple[float, float],
    tolerance: float,
    fallback: tuple[int, int],
) -> Floats:
    slopes = np.empty(total.resampled.shape[1])
    for k in range(slopes.size):
        counts = np.ascontiguousarray(total.resampled[:, k])
        try:
            first, last, _ = _choose_window(x, counts, total.pair_totals[k], window, tolerance)
        except ValueError:  # an unlucky resample: the window of the data stands in
            first, last = fallback
        used = counts[first : last + 1] > 0
        slopes[k] = _fit_line(x[first : last + 1][used], counts[first : last + 1][used])[0]
    return slopes


def _local_slopes(x: Floats, counts: Floats) -> Floats:
    slopes = np.full(x.size, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        y = np.log(counts)
        rise = (y[2 * REACH :] - y[: -2 * REACH]) / (x[2 * REACH :] - x[: -2 * REACH])
    slopes[REACH:-REACH] = np.where(np.isfinite(rise), rise, np.nan)
    return slopes


@kernel
def longest_plateau(
    x: Floats,
    counts: Floats,
    reach: int,
    tolerance: float,
    least: float,
    most: float,
    growth: float,
) -> tuple[int, int]:
    """Return the longest run of radii over which log counts is a straight line of log radius.

    ``x`` are equally spaced log radii, ``counts`` the pairs below each. A run qualifies if it
    starts with at least ``least`` and ends with at most ``most`` pairs, its last count is at
    least ``growth`` times its first, and every local slope inside it (over 2 · ``reach``
    steps) differs from the slope of the whole run by at most ``tolerance`` of it, or by two
    standard errors of a count of independent pairs. Ties go to the smaller radii; (0, -1)
    means that no run qualifies.
    """
    n_radii = x.size
    best_first, best_last = 0, -1
    step = 2 * reach
    for first in range(n_radii):
        if counts[first] < least:
            continue
        n, sx, sy, sxx, sxy = 0, 0.0, 0.0, 0.0, 0.0
        for last in range(first, n_radii):
            if counts[last] > most:
                break
            u, v = x[last] - x[first], np.log(counts[last])
            n += 1
            sx += u
            sy += v
            sxx += u * u
            sxy += u * v
            too_short = last - first <= max(step, best_last - best_first)
            if too_short or counts[last] < growth * counts[first]:
                continue
            slope = (n * sxy - sx * sy) / (n * sxx - sx * sx)
            straight = True
            for k in range(first, last - step + 1):
                low, high = counts[k], counts[k + step]
                width = x[k + step] - x[k]
                local = np.log(high / low) / width
                noise = 2.0 * np.sqrt(1.0 / low - 1.0 / high) / width
                if abs(local - slope) > max(tolerance * slope, noise):
                    straight = False
                    break
            if straight:
                best_first, best_last = first, last
    return best_first, best_last
