"""Power laws by maximum likelihood, and rivals that may describe the tail better."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import choice
from featgraph.core.package import need
from featgraph.kernels import kernel

__all__ = [
    "RIVALS",
    "RivalTest",
    "compare_rivals",
    "fit_rivals",
    "fit_zeta",
    "ks_distance",
    "log_zeta",
    "scan_cutoffs",
    "scan_whole_cutoffs",
]

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
    from scipy.optimize import minimize_scalar  # here: whoever fits no tail does not wait for it

    guess = 1 / (mean_log - math.log(x_min - 0.5))  # of γ − 1 (Clauset et al. 2009, Eq. 3.7)
    most = MOST_LOG / math.log(x_min + 1)  # beyond it ζ(γ, x_min) is 0 in floating point

    def loss(log_excess: float) -> float:
        exponent = 1 + math.exp(log_excess)
        return exponent * mean_log + float(log_zeta(exponent, x_min))

    # ln ζ is convex in γ, so there is one minimum.
    low, high = math.log(min(guess, most) / 20), math.log(min(guess * 20, most))
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-9})
    return 1 + math.exp(found.x)


MOST_LOG = 600.0


def log_zeta(exponent: float, start: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return ln ζ(γ, q), the Hurwitz zeta function."""
    from scipy.special import zeta

    return np.asarray(np.log(zeta(exponent, start)))


class _Rival(NamedTuple):
    """A distribution of the powerlaw package and how it is compared."""

    name: str
    nested: bool
    ranges: dict[str, list[float | None]]


#: powerlaw keeps exponents below 3 unless told otherwise; spectra often have steeper tails.
RIVALS: dict[str, _Rival] = {
    "lognormal": _Rival("Lognormal", False, {}),
    "exponential": _Rival("Exponential", False, {}),
    "truncated_power_law": _Rival("Truncated_Power_Law", True, {"alpha": [0.0, None]}),
}


class RivalTest(NamedTuple):
    """Likelihood-ratio test of the power law against one rival on the same tail.

    ``ratio`` is the sum of log-likelihood differences in nats, above 0 where the power law is
    the better of the two; ``p_value`` is the chance of a ratio that far from 0 if both were
    equally good. Both are nan where the rival could not be fitted.
    """

    ratio: float
    p_value: float


def compare_rivals(
    tail: NDArray[np.float64], exponent: float, *, rivals: Sequence[str] = tuple(RIVALS)
) -> dict[str, RivalTest]:
    """Compare a power law with other distributions of the same tail.

    Parameters
    ----------
    tail : ndarray of float, shape (n_tail,)
        Values in units of x_min, none below 1.
    exponent : float
        Exponent γ of the power law, above 1.
    rivals : sequence of str, default=("lognormal", "exponential", "truncated_power_law")
        Names in ``RIVALS``.

    Returns
    -------
    dict of str to RivalTest
        One row per rival.

    Raises
    ------
    ImportError
        If the powerlaw package (extra ``stats``) is not installed.
    ValueError
        If a name is unknown.

    Notes
    -----
    Rivals are fitted by the powerlaw package, by maximum likelihood on the same tail. The
    p-value is Vuong's for the lognormal and the exponential, and that of a χ² with one degree
    of freedom for the truncated power law, which holds the power law as a special case.

    Cost of ``fit_tail``, and O(n) per step of each fit.

    References
    ----------
    A. Clauset, C. R. Shalizi, M. E. J. Newman, SIAM Rev. 51, 661 (2009), section 5,
    doi:10.1137/070710111; J. Alstott, E. Bullmore, D. Plenz, PLoS ONE 9, e85777 (2014),
    doi:10.1371/journal.pone.0085777.

    Examples
    --------
    >>> import pytest
    >>> _ = pytest.importorskip("powerlaw")
    >>> tail = (1 - np.random.default_rng(0).random(400)) ** -1.0
    >>> test = compare_rivals(tail, 2.0)["exponential"]
    >>> test.ratio > 0, test.p_value < 0.05
    (True, True)
    """
    if not exponent > 1:
        raise ValueError(f"exponent must be above 1, got {exponent!r}")
    if tail.size < 2 or not (np.isfinite(tail) & (tail >= 1)).all():
        raise ValueError("tail must hold at least 2 finite values, each at least 1")
    own = math.log(exponent - 1) - exponent * np.log(tail)
    return {
        name: test for name, (test, _) in fit_rivals(tail, own, rivals=rivals, x_min=1.0).items()
    }


def fit_rivals(
    tail: NDArray[np.float64],
    own: NDArray[np.float64],
    *,
    rivals: Sequence[str],
    x_min: float,
    discrete: bool = False,
) -> dict[str, tuple[RivalTest, dict[str, float]]]:
    """Return the test and the parameters of each rival; ``own`` is the power law's ln p(x)."""
    rows = {name: RIVALS[choice(name, RIVALS, "rivals")] for name in rivals}
    if not rows:
        return {}
    package = need("powerlaw", extra="stats")
    found = {}
    for name, row in rows.items():
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            # The fits say a good deal about bounds and underflow; a failed one ends as nan.
            warnings.simplefilter("ignore")
            fitted = getattr(package, row.name)(
                xmin=x_min, data=tail, discrete=discrete, parameter_ranges=row.ranges or None
            )
            other = np.asarray(fitted.loglikelihoods(tail), dtype=np.float64)
            ratio, p_value = package.loglikelihood_ratio(own.copy(), other, nested=row.nested)
        sound = np.isfinite(other).all() and math.isfinite(ratio) and math.isfinite(p_value)
        test = RivalTest(float(ratio), float(p_value)) if sound else RivalTest(math.nan, math.nan)
        keys = [key for key in (fitted.parameter1_name, fitted.parameter2_name) if key]
        found[name] = test, {key: float(getattr(fitted, key)) for key in keys}
    return found
