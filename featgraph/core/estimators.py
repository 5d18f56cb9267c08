"""Parameters and rows of estimators of scikit-learn, looked at when they are fitted."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.validation import check_random_state, validate_data

from featgraph.core.arguments import check_values
from featgraph.core.checks import ArgumentError, integer, naming
from featgraph.core.values import describe, take_as, to_array

__all__ = ["check_parameters", "check_rows", "draw_seed"]


def check_parameters(estimator: Any) -> dict[str, Any]:
    """Return the parameters by name, checked as the arguments of a function are."""
    return check_values(type(estimator).__init__, estimator.get_params(deep=False))


def check_rows(estimator: Any, X: Any, **options: Any) -> Any:
    """Return what ``validate_data`` makes of ``X`` as float64, with errors that name it."""
    kind = getattr(getattr(X, "dtype", None), "kind", "")
    if np.ma.is_masked(X) or kind in ("M", "m", "V"):
        raise ArgumentError(f"X must hold real numbers, got {describe(X)}")
    if hasattr(X, "detach"):
        X = take_as(to_array, X, "X", "an array of real numbers")
    try:
        with naming("X"):
            return validate_data(estimator, X, dtype=np.float64, **options)
    except OverflowError as error:
        raise ArgumentError(f"X must hold numbers that floats can hold: {error}") from error


def draw_seed(random_state: Any) -> int:
    """Return a seed drawn from what scikit-learn takes as ``random_state``."""
    if isinstance(random_state, int | np.integer):
        integer(random_state, "random_state", most=2**32 - 1)
    with naming("random_state"):
        return int(check_random_state(random_state).randint(2**31 - 1))
