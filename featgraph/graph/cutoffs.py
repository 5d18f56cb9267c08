"""Power laws by maximum likelihood, from the lower cut-off with the least Kolmogorov–Smirnov
distance: of real numbers, and of whole numbers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from featgraph.kernels import kernel

__all__ = ["fit_zeta", "ks_distance", "log_zeta", "scan_cutoffs", "scan_whole_cutoffs"]

FEW = 32  # every so many of the values are tried before all of them
MOST_CUTOFFS = 400  # of whole numbers; more are thinned evenly by rank


@kernel
def ks_distance(logs: NDArray[np.float64], first: int, exponent: float, limit: float) -> float:
    """Return max |F(x) − S(x)| over ``logs[first:]``; stops once above ``limit``.

    F(x) = 1 − (x/x_min)^(1 − γ); S is the share of the tail below x, so that of equal values
    only the first counts (the convention of Clauset's plfit and of the powerlaw package).
    """
    n_tail = logs.size - first
    largest = 0.0
    for step in (FEW, 1):  # a few values are enough to see most cut-offs fail
        for k in range(first, logs.size, step):
            if k > first and logs[k] == logs[k - 1]:
                continue
            model = 1.0 - math.exp((1.0 - exponent) * (logs[k] - logs[first]))
            gap = abs(model - (k - first) / n_tail)
            if gap > largest:
                largest = gap
                if largest > limit:
                    return largest
    return largest


@kernel
def scan_cutoffs(logs: NDArray[np.float64], min_tail: int) -> tuple[int, float, float]:
    """Try every value as x_min; return index, exponent and distance of the best.

    ``logs`` are the logarithms of the values, increasing. Index −1 means that no tail of
    ``min_tail`` values has two different ones.
    """
    exponents = _fit_tails(logs, min_tail)
    limit = math.inf  # of the best distance, from some of the cut-offs
    for first in range(0, exponents.size, FEW):
        if exponents[first] > 0.0:
            limit = min(limit, ks_distance(logs, first, exponents[first], limit))
    best, best_exponent, best_distance = -1, math.nan, math.inf
    for first in range(exponents.size):
        if exponents[first] > 0.0:
            most = min(limit, best_distance)
            distance = ks_distance(logs, first, exponents[first], most)
            if distance <= limit and distance < best_distance:
                best, best_exponent, best_distance = first, exponents[first], distance
    return best, best_exponent, best_distance


@kernel
def _fit_tails(logs: NDArray[np.float64], min_tail: int) -> NDArray[np.float64]:
    # The exponent of every tail; 0 where it starts inside equal values or has no spread.
    exponents = np.zeros(max(0, logs.size - min_tail + 1))
    total = 0.0
    for k in range(logs.size):
        total += logs[k]
    for first in range(exponents.size):
        if first > 0:
            total -= logs[first - 1]
            if logs[first] == logs[first - 1]:
                continue
        n_tail = logs.size - first
        spread = total - n_tail * logs[first]
        # Running sums leave about 1e-16 of the total behind where all values are equal.
        if spread <= 1e-12 * n_tail * (1.0 + abs(logs[first])):
            continue
        exponents[first] = 1.0 + n_tail / spread
    return exponents


def scan_whole_cutoffs(values: NDArray[np.float64], min_tail: int) -> tuple[int, float, float]:
    """Return index, exponent and distance of the best cut-off of rising whole numbers.

    The law is p(x) = x^−γ / ζ(γ, x_min); the distance compares the shares at or below each
    whole number (Clauset et al. 2009, appendix B). Index −1: no tail of ``min_tail`` values has two
    different ones.
    """
    distinct, first, counts = np.unique(values, return_index=True, return_counts=True)
    logs = np.log(distinct) * counts
    starts = np.flatnonzero(values.size - first[:-1] >= min_tail)
    if starts.size > MOST_CUTOFFS:
        starts = starts[np.linspace(0, starts.size - 1, MOST_CUTOFFS).astype(np.int64)]
    best, best_exponent, best_distance = -1, math.nan, math.inf
    for start in starts.tolist():
        n_tail, x_min = values.size - int(first[start]), float(distinct[start])
        exponent = fit_zeta(float(logs[start:].sum()) / n_tail, x_min)
        below, up_to = (
            1 - np.exp(log_zeta(exponent, distinct[start:] + step) - log_zeta(exponent, x_min))
            for step in (0, 1)
        )
        share = counts[start:].cumsum() / n_tail
        # Between two values of the sample the law goes on rising: look at both ends of a gap.
        distance = float(np.abs(up_to - share).max())
        distance = max(distance, float(np.abs(below[1:] - share[:-1]).max()))
        if distance < best_distance:
            best, best_exponent, best_distance = int(first[start]), exponent, distance
    return best, best_exponent, best_distance


def fit_zeta(mean_log: float, x_min: float) -> float:
    """Return the γ that maximises −γ · mean_log − ln ζ(γ, x_min), the likelihood per value."""
    guess = 1 / (mean_log - math.log(x_min - 0.5))  # of γ − 1 (Clauset et al. 2009, Eq. 3.7)
    most = MOST_LOG / math.log(x_min + 1)  # beyond it ζ(γ, x_min) is 0 in floating point

    def loss(log_excess: float) -> float:
        exponent = 1 + math.exp(log_excess)
        return exponent * mean_log + float(log_zeta(exponent, x_min))

    # ln ζ is convex in γ, so there is one minimum.
    low, high = math.log(guess / 20), math.log(min(guess * 20, most))
    found = optimize.minimize_scalar(
        loss, bounds=(low, high), method="bounded", options={"xatol": 1e-9}
    )
    return 1 + math.exp(found.x)


MOST_LOG = 600.0


def log_zeta(exponent: float, start: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return ln ζ(γ, q), the Hurwitz zeta function."""
    return np.asarray(np.log(special.zeta(exponent, start)))
