"""Rivals: is a power law a better description of the tail than another distribution?"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import choice
from featgraph.core.lazy import need

__all__ = ["RIVALS", "RivalTest", "compare_rivals", "fit_rivals"]


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
