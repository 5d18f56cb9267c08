"""Tails of distributions: power law, lognormal or exponential?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.result import Result
from featgraph.graph.power_laws import (
    RivalTest,
    fit_rivals,
    log_zeta,
    scan_cutoffs,
    scan_whole_cutoffs,
)

__all__ = ["TailFit", "fit_tail"]

_RIVALS = ("lognormal", "exponential")
#: Shorter tails decide nothing (Clauset et al. 2009, section 4).
MIN_TAIL = 50
_LEAST = 10  # values that every start of the tail leaves: fewer have an exponent by accident
_DECISIVE = 0.1  # level of the likelihood-ratio tests, as in their section 5


@dataclass(frozen=True, repr=False, eq=False)
class TailFit(Result):
    """Power law p(x) ~ x^−α from x_min on, and its rivals on the same tail.

    Attributes
    ----------
    exponent, standard_error : float
        α by maximum likelihood, and its error (x_min taken as given); nan if it has none.
    x_min : float
        Start of the tail, by the least Kolmogorov–Smirnov distance.
    n_values, n_tail : int
        Positive values, and those from x_min on.
    distance : float
        Kolmogorov–Smirnov distance of the tail from the fit.
    rivals : mapping of str to RivalTest
        "lognormal" and "exponential".
    parameters : mapping of str to mapping
        Fitted parameters of the rivals: "mu" and "sigma", "Lambda".
    discrete : bool
        Whole numbers or real ones.
    verdict : {"power law", "lognormal", "exponential", "undecided"}
        Which distribution the tests leave.
    explanation : str
        Why, in one sentence.
    """

    _shown: ClassVar = ("exponent", "x_min", "n_tail", "verdict")

    exponent: float
    standard_error: float
    x_min: float
    n_values: int
    n_tail: int
    distance: float
    rivals: Mapping[str, RivalTest] = field(default_factory=dict)
    parameters: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    discrete: bool = True
    verdict: str = "undecided"
    explanation: str = ""

    def _columns(self) -> Mapping[str, object]:
        row: dict[str, Any] = {"exponent": self.exponent, "standard_error": self.standard_error}
        row |= {"x_min": self.x_min, "n_tail": self.n_tail, "distance": self.distance}
        for name, test in self.rivals.items():
            row |= {f"{name}_ratio": test.ratio, f"{name}_p": test.p_value}
        return {**row, "verdict": self.verdict}


def fit_tail(values: ArrayLike, *, discrete: bool | None = None) -> TailFit:
    """Fit a power law to the tail of a sample and test it against two rivals.

    Parameters
    ----------
    values : array-like of float, shape (n,)
        Sample, for example degrees. Values of 0 (isolated nodes) are left out.
    discrete : bool, optional
        Whole numbers; default: whether all values are, and below 2⁵³ (beyond, no others exist).

    Returns
    -------
    TailFit
        "power law" is the verdict where both rivals are beaten, or none of them beats it and one
        is beaten; a rival's name where it beats the power law; else "undecided", as
        for tails of fewer than 50 values. A sample without spread has no fit: nan, "undecided".

    Raises
    ------
    ImportError
        If the powerlaw package (extra ``stats``) is not installed.
    ValueError
        If a value is negative or not finite, or ``discrete`` and not whole.

    Notes
    -----
    No value of a fit says that a power law is true: it says which of three descriptions is the
    least bad one. Starts of the tail leave at least 10 values. Whole numbers follow
    x^−α / ζ(α, x_min), whose likelihood is maximised to the end; of more than 400 different ones
    400 are tried as starts, evenly by rank. (powerlaw 2.0.0 stops short of that maximum on steep
    tails of large numbers: 7.08 where 7.57 is best.) Time O(n_distinct · n).

    References
    ----------
    Clauset, Shalizi & Newman 2009, SIAM Rev. 51:661, doi:10.1137/070710111; Alstott, Bullmore &
    Plenz 2014, PLoS ONE 9:e85777, doi:10.1371/journal.pone.0085777 (the package).

    Examples
    --------
    >>> import pytest
    >>> _ = pytest.importorskip("powerlaw")
    >>> sample = (1 - np.random.default_rng(0).random(2000)) ** (-1 / 1.5)
    >>> fit = fit_tail(sample)
    >>> round(fit.exponent, 1), fit.rivals["exponential"].ratio > 0
    (2.5, True)
    """
    sample = np.asarray(values, dtype=np.float64).ravel()
    if not np.isfinite(sample).all() or np.any(sample < 0):
        raise ValueError("values must be finite and at least 0")
    whole = bool(np.all(sample == np.round(sample)))
    if discrete and not whole:
        raise ValueError("values must be whole numbers if discrete=True; pass discrete=False")
    if discrete is None:
        discrete = whole and bool(sample.max(initial=0) < 2**53)
    sample = sample[sample > 0]
    n_distinct = np.unique(sample).size
    if n_distinct < 3 or sample.size < _LEAST:
        why = f"{sample.size} values, {n_distinct} of them different, have no tail"
        return _no_fit(sample, discrete, why)
    return _fit(sample, discrete)


def _no_fit(sample: NDArray[np.float64], discrete: bool, why: str) -> TailFit:
    nan = math.nan
    x_min = float(sample.min()) if sample.size else nan
    return TailFit(nan, nan, x_min, sample.size, 0, nan, discrete=discrete, explanation=why)


def _fit(sample: NDArray[np.float64], discrete: bool) -> TailFit:
    values = np.sort(sample)
    logs = np.log(values)
    scan = scan_whole_cutoffs if discrete else scan_cutoffs
    first, exponent, distance = scan(values if discrete else logs, _LEAST)
    if first < 0:
        return _no_fit(sample, discrete, f"no {_LEAST} largest values differ")
    tail, x_min = values[first:], float(values[first])
    if discrete:
        unit = 1.0
        own = -exponent * logs[first:] - log_zeta(exponent, x_min)
    else:  # in units of x_min: where the package's search for a rival ends depends on the unit
        unit = x_min
        own = math.log(exponent - 1) - exponent * (logs[first:] - logs[first])
    try:
        found = fit_rivals(tail / unit, own, rivals=_RIVALS, x_min=x_min / unit, discrete=discrete)
    except (ValueError, RuntimeError, ZeroDivisionError, IndexError) as error:
        return _no_fit(sample, discrete, f"no fit was found ({error})")
    tests = {name: test for name, (test, _) in found.items()}
    verdict, why = _judge(tests, tail.size)
    return TailFit(
        exponent=float(exponent),
        standard_error=float((exponent - 1) / math.sqrt(tail.size)),
        x_min=x_min,
        n_values=sample.size,
        n_tail=tail.size,
        distance=float(distance),
        rivals=tests,
        parameters={name: _in_unit(parameters, unit) for name, (_, parameters) in found.items()},
        discrete=discrete,
        verdict=verdict,
        explanation=why,
    )


def _in_unit(parameters: Mapping[str, float], unit: float) -> dict[str, float]:
    """Return parameters of a distribution of x/unit as those of x."""
    moved = dict(parameters)
    if "mu" in moved:
        moved["mu"] += math.log(unit)
    if "Lambda" in moved:
        moved["Lambda"] /= unit
    return moved


def _judge(tests: Mapping[str, RivalTest], n_tail: int) -> tuple[str, str]:
    if n_tail < MIN_TAIL:
        return "undecided", f"the tail holds {n_tail} values, fewer than the {MIN_TAIL} it takes"
    decided = {name: test for name, test in tests.items() if test.p_value < _DECISIVE}
    beaten = [name for name, test in decided.items() if test.ratio > 0]
    better = [name for name, test in decided.items() if test.ratio < 0]
    if better:
        best = min(better, key=lambda name: tests[name].ratio)
        return best, f"the {best} describes the tail better (p = {tests[best].p_value:.2g})"
    if not beaten:
        return "undecided", "neither rival is clearly better or worse than the power law"
    rest = [name for name in tests if name not in beaten]
    tie = f", and no worse than the {rest[0]}" if rest else ""
    return "power law", f"the power law is better than the {' and the '.join(beaten)}{tie}"
