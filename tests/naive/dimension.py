"""Slow twins of the dimension stage."""

from __future__ import annotations

import math

COUNT_NOISE = 0.01


def fit_line(x, y):
    """Slope, its standard error and the spread of x, by the textbook formulas."""
    n = len(x)
    mean_x, mean_y = sum(x) / n, sum(y) / n
    spread = sum((a - mean_x) ** 2 for a in x)
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread
    intercept = mean_y - slope * mean_x
    squares = sum((b - intercept - slope * a) ** 2 for a, b in zip(x, y, strict=True))
    return slope, math.sqrt(squares / (n - 2) / spread), spread


def relative_error(slope, error, spread):
    """Relative standard error of a slope whose residuals are at least COUNT_NOISE."""
    if slope >= 0:
        return math.inf
    return math.sqrt(error**2 + COUNT_NOISE**2 / spread) / -slope


def best_window(sizes, counts, least=4):
    """Slope, error and score of the window with the smallest relative standard error."""
    points = [(math.log1p(s), math.log(c)) for s, c in zip(sizes, counts, strict=True) if c > 1]
    best = (math.nan, math.nan, math.inf)
    for first in range(len(points)):
        for last in range(first + least, len(points) + 1):
            x, y = zip(*points[first:last], strict=True)
            slope, error, spread = fit_line(x, y)
            score = relative_error(slope, error, spread)
            if score < best[2]:
                best = (slope, error, score)
    return best


def mean_log_error(values, best):
    """Mean absolute difference of logarithms."""
    return sum(abs(math.log(a) - math.log(b)) for a, b in zip(values, best, strict=True)) / len(
        best
    )


def ss_rate_of_curve(theta, values, n_nodes):
    """Eq. 3 with log D, by the trapezoid rule on log(1 + θ)."""
    lo = [math.log1p(t) for t in theta]
    gaps = []
    for x, n in zip(lo, values, strict=True):
        line = (lo[-1] - x) / (lo[-1] - lo[0]) * math.log(n_nodes)
        gaps.append(abs(math.log(n) - line))
    area = sum((lo[k + 1] - lo[k]) * (gaps[k] + gaps[k + 1]) / 2 for k in range(len(lo) - 1))
    return 2 * area / (math.log(n_nodes) * (lo[-1] - lo[0]))
