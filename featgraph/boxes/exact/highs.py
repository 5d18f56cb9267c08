"""Linear and integer programmes by HiGHS, always back by the deadline.

HiGHS cannot be interrupted from Python. The solver therefore runs in a thread of its own (it
releases the interpreter lock), told to stop at the deadline; the caller waits in short naps, so
Ctrl+C acts at once, and leaves a solver that overruns its limit behind. Such a thread ends by
itself soon after its limit and touches nothing that the caller sees.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.exact.clock import Clock

__all__ = ["Choice", "choose_columns", "price_rows"]

Floats = NDArray[np.float64]
NAP = 0.05  # seconds between two looks for Ctrl+C
GRACE = 1.0  # seconds that an overrunning solver is waited for
# HiGHS' bound is rounded up less this: tolerances of 1e-6 in rows and columns move the objective by
# 1e-6 of itself, as prices, and columns chosen, sum to it. Branching itself is not certified.
SLACK, RELATIVE = 1e-4, 1e-6


class Choice(NamedTuple):
    """Columns chosen (None: none found) and a bound of the smallest number."""

    chosen: NDArray[np.int64] | None
    bound: int


def _run(job: Callable[[], object], clock: Clock) -> Any:
    """Return what ``job`` returns, or None if it is not done soon after the deadline."""
    box: list[Any] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            box.append(job())
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True, name="featgraph-highs")
    thread.start()
    while thread.is_alive() and time.monotonic() < clock.end + GRACE:
        thread.join(NAP)
    if errors:
        raise RuntimeError(f"HiGHS failed: {errors[0]}") from errors[0]
    return box[0] if box else None


def _limit(clock: Clock) -> dict[str, float]:
    """Return the option that stops HiGHS at the deadline."""
    left = clock.left()
    return {} if math.isinf(left) else {"time_limit": max(left, 0.01)}


def price_rows(matrix: Any, clock: Clock) -> Floats | None:
    """Return optimal prices of the rows of min Σx, matrix·x ≥ 1, x ≥ 0; None out of time.

    Parameters
    ----------
    matrix : scipy sparse, shape (n_rows, n_columns)
        Ones where a column covers a row.
    clock : Clock
        Deadline.

    Returns
    -------
    ndarray of float, shape (n_rows,), or None
        Dual solution, at least 0. Its sum bounds the number of columns from below up to
        rounding; callers certify it in whole numbers.

    Examples
    --------
    >>> import scipy.sparse
    >>> price_rows(scipy.sparse.csr_matrix([[1.0, 1.0], [0.0, 1.0]]), Clock(None))
    array([0., 1.])
    """
    from scipy.optimize import linprog

    n_rows, n_columns = matrix.shape
    options = _limit(clock)

    def solve() -> Any:
        return linprog(
            np.ones(n_columns),
            A_ub=-matrix,
            b_ub=-np.ones(n_rows),
            bounds=(0, None),
            method="highs-ipm",
            options=options,
        )

    result = _run(solve, clock)
    if result is None or result.status != 0:
        return None
    return np.maximum(-np.asarray(result.ineqlin.marginals, dtype=np.float64), 0.0)


def choose_columns(matrix: Any, clock: Clock) -> Choice:
    """Choose fewest columns that cover all rows.

    Parameters
    ----------
    matrix : scipy sparse, shape (n_rows, n_columns)
        Ones where a column covers a row; every row has a column.
    clock : Clock
        Deadline.

    Returns
    -------
    Choice
        Columns of the best cover found, and a lower bound of the minimum; they meet if the
        minimum is settled.

    Examples
    --------
    >>> import scipy.sparse
    >>> choose_columns(scipy.sparse.csr_matrix([[1.0, 1.0], [0.0, 1.0]]), Clock(None))
    Choice(chosen=array([1]), bound=1)
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    n_columns = matrix.shape[1]
    options = _limit(clock) | {"mip_rel_gap": 0.0}

    def solve() -> Any:
        return milp(
            np.ones(n_columns),
            integrality=np.ones(n_columns),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(matrix, 1.0, np.inf),
            options=options,
        )

    result = _run(solve, clock)
    if result is None:
        return Choice(None, 0)
    bound = getattr(result, "mip_dual_bound", None)
    if bound is None or not math.isfinite(bound):
        bound = 0.0
    whole = max(0, math.ceil(bound * (1.0 - RELATIVE) - SLACK))
    if result.x is None:
        return Choice(None, whole)
    chosen = np.flatnonzero(result.x > 0.5).astype(np.int64)
    if np.any(matrix[:, chosen].sum(axis=1) < 1):  # HiGHS' rounding must not break a cover
        return Choice(None, whole)
    return Choice(chosen, whole)
