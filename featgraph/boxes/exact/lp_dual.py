"""Lower bounds of covering problems from prices of the rows, certified in whole numbers.

Give every row v a price y_v ≥ 0. Any cover pays at least Σ_v y_v + Σ_c min(0, 1 − Σ_{v in c} y_v)
columns (weak duality), so every choice of prices proves a bound, whatever rounding made it. Here
prices are rounded down to multiples of 2⁻³⁰ and the bound is taken in integers: no tolerance.
Good prices come from subgradient steps (M. Held, P. Wolfe & H. Crowder 1974,
doi:10.1007/BF01580223; A. Caprara, M. Fischetti & P. Toth 1999, doi:10.1287/opre.47.5.730) or
from the dual of the linear programme.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.exact.clock import Clock
from featgraph.kernels import kernel

__all__ = ["UNIT", "Certificate", "ascend_prices", "certify"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
UNIT = 1 << 30  # one column, in units of whole prices
CHUNK = 3_000_000
# places in the state of the ascent: best value, step length, turns without progress, turns
BEST_VALUE, STEP, STALLED, TURN = range(4)


class Certificate(NamedTuple):
    """``bound`` columns are needed; reduced costs and the exact value are in units of 2⁻³⁰."""

    bound: int
    value: int
    reduced_costs: Ints


def certify(prices: Floats, col_indptr: Ints, col_indices: Ints) -> Certificate:
    """Return the bound that prices prove, in exact integer arithmetic.

    Parameters
    ----------
    prices : ndarray of float, shape (n_rows,)
        Any numbers; negative ones count as 0, those above 1 as 1.
    col_indptr, col_indices : ndarray of int64
        Rows of each column; all columns of the problem must be there.

    Returns
    -------
    Certificate
        The bound is the value rounded up to a whole number of columns.

    Examples
    --------
    >>> certify(np.array([0.5, 0.6, 0.5]), np.array([0, 2, 4]), np.array([0, 1, 1, 2])).bound
    2
    """
    whole = np.floor(np.clip(prices, 0.0, 1.0) * UNIT).astype(np.int64)
    sums = np.concatenate(([0], np.cumsum(whole[col_indices])))
    reduced = UNIT - (sums[col_indptr[1:]] - sums[col_indptr[:-1]])
    value = int(whole.sum()) + int(np.minimum(reduced, 0).sum())
    return Certificate(max(0, -(-value // UNIT)), value, reduced)


@kernel
def _ascend(
    col_indptr: Ints,
    col_indices: Ints,
    prices: Floats,
    best: Floats,
    slope: Floats,
    state: Floats,
    goal: float,
    budget: int,
) -> None:
    # state: best value, step length, turns without progress, turns. Subgradient steps of Polyak's
    # length step * (goal - value) / |slope|^2, halved after 40 turns without progress.
    steps = 0
    while steps < budget and state[STEP] > 1e-4:
        value = prices.sum()
        slope[:] = 1.0
        for c in range(col_indptr.size - 1):
            cost = 1.0
            for k in range(col_indptr[c], col_indptr[c + 1]):
                cost -= prices[col_indices[k]]
            if cost < 0:
                value += cost
                for k in range(col_indptr[c], col_indptr[c + 1]):
                    slope[col_indices[k]] -= 1.0
        if value > state[BEST_VALUE] + 1e-6 * max(1.0, state[BEST_VALUE]):
            state[STALLED] = 0
        else:
            state[STALLED] += 1
            if state[STALLED] >= 40:
                state[STEP] *= 0.5
                state[STALLED] = 0
        if value > state[BEST_VALUE]:
            state[BEST_VALUE] = value
            best[:] = prices
        norm = 0.0
        for row in range(slope.size):
            if slope[row] > 0 or prices[row] > 0:
                norm += slope[row] * slope[row]
        state[TURN] += 1
        steps += col_indices.size + 4 * slope.size
        if norm == 0:
            state[STEP] = 0.0  # nothing to correct: these prices are optimal
            break
        length = state[STEP] * max(goal - value, 0.05) / norm
        for row in range(slope.size):
            prices[row] = min(1.0, max(0.0, prices[row] + length * slope[row]))


def ascend_prices(
    row_indptr: Ints,
    row_indices: Ints,
    col_indptr: Ints,
    col_indices: Ints,
    goal: int,
    clock: Clock,
) -> Floats:
    """Return good prices of the rows by subgradient steps towards ``goal`` columns.

    Parameters
    ----------
    row_indptr, row_indices, col_indptr, col_indices : ndarray of int64
        Columns of each row, rows of each column.
    goal : int
        Size of a known cover.
    clock : Clock
        Deadline; the best prices so far are returned.

    Returns
    -------
    ndarray of float, shape (n_rows,)
        Prices in [0, 1], ready for ``certify``.

    Notes
    -----
    O(entries) time per step, some hundred steps.

    Examples
    --------
    >>> balls = np.array([0, 2, 5, 7]), np.array([0, 1, 0, 1, 2, 1, 2])
    >>> certify(ascend_prices(*balls, *balls, 1, Clock(None)), *balls).bound
    1
    """
    # Start: each row pays its share of the largest column that holds it (a feasible price).
    shares = 1.0 / np.maximum(np.diff(col_indptr), 1)
    prices: Floats = np.minimum.reduceat(shares[row_indices], row_indptr[:-1])
    best: Floats = prices.copy()
    slope = np.empty_like(prices)
    state = np.array([0.0, 1.0, 0.0, 0.0])
    while state[STEP] > 1e-4 and state[BEST_VALUE] <= goal - 1 + 1e-3 and not clock.expired:
        _ascend(col_indptr, col_indices, prices, best, slope, state, float(goal), CHUNK)
    return best
