"""Fractal dimension from box counts, with a stated window and its rivals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.counts import BoxCounts
from featgraph.core.checks import choice, fraction
from featgraph.core.result import Result
from featgraph.core.rules import SHARE, Rule
from featgraph.dimension.model_selection import (
    COUNT_NOISE,
    Verdict,
    compare_errors,
    judge_models,
    weigh_models,
)

__all__ = ["DimensionFit", "fit_curve", "fit_dimension", "score_windows"]

Floats: TypeAlias = NDArray[np.float64]
MIN_POINTS = 4


@dataclass(frozen=True, repr=False, eq=False)
class DimensionFit(Result):
    """Box dimension d_B of one curve of box counts.

    Attributes
    ----------
    dimension : float
        d_B, minus the slope of log N_B against log(1 + ℓ) over ``window``.
    standard_error : float
        Standard error of the slope from the residuals in the window.
    interval : tuple of float
        Student-t interval of ``dimension`` at level ``confidence``. Counts at
        neighbouring sizes are not independent, so it is a lower limit of the
        uncertainty.
    confidence : float
        Level of ``interval``.
    window : tuple of float
        Smallest and largest size used for ``dimension``, as diameter sizes ℓ.
    intercept : float
        log N_B of the fitted line at ℓ = 0.
    sizes : ndarray of float, shape (n_points,)
        All usable diameter sizes ℓ (those with N_B > 1); the models below use them all.
    counts : ndarray of float, shape (n_points,)
        N_B at ``sizes``.
    rmse_power, rmse_exponential : float
        Root mean squared residual of log N_B for log N = a − d·log(1+ℓ) and
        log N = a − b·ℓ over all usable sizes.
    weights : mapping of str to float
        AICc weights of the models ``"power"``, ``"exponential"`` and ``"both"``.
    verdict : {"fractal", "not fractal", "undecided"}
        What the numbers allow to say.
    explanation : str
        Why, in one sentence.
    method : str
        Covering method of the counts.
    space : str
        ``"hop"``, ``"metric"`` or ``"weighted"``: the unit of the sizes.

    Examples
    --------
    >>> import networkx as nx
    >>> from featgraph.boxes import box_counts
    >>> counts = box_counts(nx.path_graph(240), sizes=[0, 1, 2, 3, 5, 7], order="index")
    >>> fit = fit_dimension(counts)
    >>> round(fit.dimension, 2), fit.verdict, fit.window
    (1.0, 'undecided', (0.0, 7.0))
    """

    _picture: ClassVar = "plot_box_counts"
    _shown: ClassVar = ("dimension", "interval", "window", "verdict")
    _rules: ClassVar = {
        "sizes": Rule("n_points", least=0, rising=True, finite=True),
        "counts": Rule("n_points", least=0, finite=True),
        "confidence": SHARE,
        "standard_error": Rule(least=0),
        "weights": SHARE,
    }

    dimension: float
    standard_error: float
    interval: tuple[float, float]
    confidence: float
    window: tuple[float, float]
    intercept: float
    sizes: Floats
    counts: Floats
    rmse_power: float
    rmse_exponential: float
    weights: Mapping[str, float]
    verdict: Verdict
    explanation: str
    method: str = "unknown"
    space: str = "hop"

    @property
    def ratio(self) -> float:
        """R = RMSE of the power law over RMSE of the exponential; R < 1 speaks for fractal."""
        return compare_errors(self.rmse_power, self.rmse_exponential)

    @property
    def in_window(self) -> NDArray[np.bool_]:
        """Which of ``sizes`` the dimension was fitted on, shape (n_points,)."""
        low, high = self.window
        return (self.sizes >= low) & (self.sizes <= high)

    def predict(self, sizes: Floats) -> Floats:
        """Return N_B of the fitted power law at diameter sizes ``sizes``."""
        return np.exp(self.intercept - self.dimension * np.log1p(sizes))

    def _curve(self) -> tuple[object, object]:
        return self.sizes, self.counts


def fit_dimension(
    counts: BoxCounts, *, window: str | tuple[float, float] = "auto", confidence: float = 0.95
) -> DimensionFit:
    """Fit the box dimension d_B of a curve of box counts.

    The slope of log N_B against log(1 + ℓ) is fitted by least squares, ℓ being the
    inclusive box diameter (2r for boxes of radius r); sizes with N_B = 1 are left out.
    The power law is then held against an exponential decay and against both together,
    on all usable sizes.

    Parameters
    ----------
    counts : BoxCounts
        Box counts; the minimum over repeats is used.
    window : {"auto", "all"} or tuple of float, default="auto"
        Sizes for the slope, as diameter sizes ℓ, both ends included. ``"auto"`` scores
        every run of at least 4 neighbouring sizes by the relative standard error of its
        slope (with a residual of at least 1 %) and takes the best.
    confidence : float, default=0.95
        Level of the interval, in (0, 1).

    Returns
    -------
    DimensionFit
        Dimension, interval, window, model weights and a verdict in words.

    Raises
    ------
    ValueError
        If fewer than 4 sizes with N_B > 1 are left, in all or in the window.

    Notes
    -----
    The verdict needs at least 5 sizes with N_B > 1 and a largest size at least 8 times
    the smallest positive one; otherwise it is ``"undecided"``. Beyond that, the power
    law or the exponential is named when it has the smaller error and at least 95 % of
    the AICc weight the two share, unless the combined model shows that most of the
    decay is of the other kind. Time is O(n_sizes²).

    References
    ----------
    C. Song, S. Havlin, H. Makse, Nature 433, 392 (2005), doi:10.1038/nature03248;
    E. Zakar-Polyák, M. Nagy, R. Molontay, Sci. Rep. 13, 10061 (2023).

    Examples
    --------
    >>> import networkx as nx
    >>> from featgraph.boxes import box_counts
    >>> counts = box_counts(nx.path_graph(240), sizes=[0, 1, 2, 3, 4, 5, 7, 9, 11], order="index")
    >>> fit = fit_dimension(counts)
    >>> round(fit.dimension, 2), fit.verdict
    (1.0, 'fractal')
    """
    return fit_curve(
        np.asarray(counts.diameter_sizes, dtype=np.float64),
        np.asarray(counts.counts, dtype=np.float64),
        window=window,
        confidence=confidence,
        method=counts.method,
        space=counts.space,
    )


def fit_curve(
    sizes: Floats,
    counts: Floats,
    *,
    window: str | tuple[float, float] = "auto",
    confidence: float = 0.95,
    method: str = "unknown",
    space: str = "hop",
) -> DimensionFit:
    """Fit d_B to any curve of N against diameter size; :func:`fit_dimension` explains how.

    Parameters
    ----------
    sizes : ndarray of float, shape (n_sizes,)
        Increasing diameter sizes ℓ ≥ 0, in hops or in activation distance.
    counts : ndarray of float, shape (n_sizes,)
        N at each size; approximations need not be whole numbers.
    window, confidence
        As in :func:`fit_dimension`.
    method, space : str
        Kept in the result.

    Returns
    -------
    DimensionFit
        As from :func:`fit_dimension`.

    Raises
    ------
    ValueError
        If fewer than 4 sizes with N > 1 are left.

    Examples
    --------
    >>> import numpy as np
    >>> sizes = np.arange(0.0, 20.0)
    >>> round(fit_curve(sizes, 1000 * (1 + sizes) ** -1.5).dimension, 6)
    1.5
    """
    if not 0 < fraction(confidence, "confidence") < 1:
        raise ValueError(f"confidence must lie strictly between 0 and 1, got {confidence}")
    usable = counts > 1
    sizes, counts = sizes[usable], counts[usable]
    if sizes.size < MIN_POINTS:
        raise ValueError(
            f"counts must hold at least {MIN_POINTS} sizes with more than one box to fit a "
            f"dimension, got {sizes.size}; add smaller sizes, or use a larger graph"
        )
    x, y = np.log1p(sizes), np.log(counts)
    first, last = _choose_window(sizes, x, y, window)
    slope, intercept, error = _fit_line(x[first:last], y[first:last])
    half = _student_quantile(confidence, last - first - 2) * error
    models = weigh_models(sizes, x, y)
    verdict, explanation = judge_models(sizes, models)
    return DimensionFit(
        dimension=-slope,
        standard_error=error,
        interval=(-slope - half, -slope + half),
        confidence=float(confidence),
        window=(float(sizes[first]), float(sizes[last - 1])),
        intercept=intercept,
        sizes=sizes,
        counts=counts,
        rmse_power=models.rmse["power"],
        rmse_exponential=models.rmse["exponential"],
        weights=models.weights,
        verdict=verdict,
        explanation=explanation,
        method=method,
        space=space,
    )


def _fit_line(x: Floats, y: Floats) -> tuple[float, float, float]:
    """Return slope, intercept and the standard error of the slope."""
    centered = x - x.mean()
    spread = float(centered @ centered)
    slope = float(centered @ y) / spread
    intercept = float(y.mean() - slope * x.mean())
    residuals = y - intercept - slope * x
    return slope, intercept, math.sqrt(float(residuals @ residuals) / (x.size - 2) / spread)


def _student_quantile(confidence: float, freedom: int) -> float:
    """Return the t within ±t of which Student's distribution has this probability.

    By Newton's rule from below, where the distribution bends downwards. Its finite sums spare a
    command the loading of SciPy (Abramowitz & Stegun 1964, 26.7.3 and 26.7.4).
    """
    peak = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2))
    peak /= math.sqrt(freedom * math.pi)
    t = 0.0
    for _ in range(100):
        density = peak * (1 + t * t / freedom) ** (-(freedom + 1) / 2)
        step = (confidence - _student_inside(t, freedom)) / (2 * density)
        t += step
        if step <= 1e-15 * t:  # rounding is all that is left
            break
    return t


def _student_inside(t: float, freedom: int) -> float:
    """Return the probability within ±t."""
    angle = math.atan(t / math.sqrt(freedom))
    square, is_odd = math.cos(angle) ** 2, freedom % 2
    term, total = (math.cos(angle) if is_odd else 1.0), 0.0
    for k in range(freedom // 2):
        total += term
        term *= square * (2 * k + 1 + is_odd) / (2 * k + 2 + is_odd)
    if is_odd:
        return (angle + math.sin(angle) * total) * 2 / math.pi
    return math.sin(angle) * total


def _choose_window(
    sizes: Floats, x: Floats, y: Floats, window: str | tuple[float, float]
) -> tuple[int, int]:
    """Return the half-open range of points that the slope is fitted on."""
    if isinstance(window, str):
        choice(window, ("all", "auto"), "window")
        return _best_window(x, y) if window == "auto" else (0, sizes.size)
    low, high = window
    inside = np.flatnonzero((sizes >= low) & (sizes <= high))
    if inside.size < MIN_POINTS:
        raise ValueError(
            f"window must hold at least {MIN_POINTS} sizes with more than one box, "
            f"got {inside.size} in {window!r}; usable sizes are {sizes.tolist()}"
        )
    return int(inside[0]), int(inside[-1]) + 1


def score_windows(sizes: Floats, counts: Floats) -> Floats:
    """Return every window with its smallest and largest size, d_B and score, the best first.

    The score is the relative standard error of the slope, with a residual of at least 1 %;
    inf where counts rise. Shape (n_windows, 4).

    Examples
    --------
    >>> sizes = np.arange(5.0)
    >>> score_windows(sizes, 64 / (1 + sizes))[0, :3].round(6).tolist()
    [0.0, 4.0, 1.0]
    """
    first, last, slope, score = _score_ranges(np.log1p(sizes), np.log(counts))
    order = np.argsort(score, kind="stable")
    table = np.column_stack([sizes[first], sizes[last - 1], -slope, score])
    return table[order]


def _best_window(x: Floats, y: Floats) -> tuple[int, int]:
    """Return the range whose slope has the smallest relative standard error."""
    first, last, _, score = _score_ranges(x, y)
    best = int(np.argmin(score))
    return int(first[best]), int(last[best])


def _score_ranges(x: Floats, y: Floats) -> tuple[NDArray[Any], ...]:
    """Return first, last (half-open), slope and score of all ranges, the longest first.

    Sums over a range are differences of running sums, so all ranges cost O(n_points²);
    x and y are centred first, which keeps those differences sound. Ties go to the longer.
    """
    u, v = x - x.mean(), y - y.mean()
    sums = [np.concatenate([[0.0], np.cumsum(part)]) for part in (u, v, u * u, u * v, v * v)]
    first, last = np.triu_indices(x.size + 1, k=MIN_POINTS)
    order = np.argsort(first - last, kind="stable")  # the longest first
    first, last = first[order], last[order]
    n_points = last - first
    su, sv, suu, suv, svv = (total[last] - total[first] for total in sums)
    spread = suu - su * su / n_points
    slope = (suv - su * sv / n_points) / spread
    squares = np.maximum(svv - sv * sv / n_points - slope * slope * spread, 0.0)
    error = np.sqrt((squares / (n_points - 2) + COUNT_NOISE**2) / spread)
    score = np.where(slope < 0, error / np.where(slope < 0, -slope, 1.0), np.inf)
    return first, last, slope, score
