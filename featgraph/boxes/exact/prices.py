"""Prices of rows: lower bounds of covering problems in whole numbers, and fractional covers.

Give every row v a price y_v ≥ 0. Any cover pays at least Σ_v y_v + Σ_c min(0, 1 − Σ_{v in c} y_v)
columns (weak duality), so every choice of prices proves a bound, whatever rounding made it. Here
prices are rounded down to multiples of 2⁻³⁰ and the bound is taken in integers: no tolerance.

Good prices come from subgradient steps (M. Held, P. Wolfe & H. Crowder 1974,
doi:10.1007/BF01580223; A. Caprara, M. Fischetti & P. Toth 1999, doi:10.1287/opre.47.5.730), from
the dual of the linear programme, or from ``relax``: the linear programme min Σx with
Σ_{b ∋ v} x_b ≥ 1 and its dual max Σy with Σ_{v in b} y_v ≤ 1 by primal-dual steps (A. Chambolle &
T. Pock 2011, doi:10.1007/s10851-010-0251-1), each row and column with a step length of its own
(T. Pock & A. Chambolle 2011, doi:10.1109/ICCV.2011.6126441), started again from the mean of the
last steps (D. Applegate et al. 2021, arXiv:2106.04756). Its steps go on from where they stood when
boxes are added, and their means lie in the middle of the optimal prices, not in a corner, which is
what column generation wants. Nothing of ``relax`` is exact; callers certify.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.exact.clock import Clock
from featgraph.kernels import kernel
from featgraph.kernels.bits import copy_row

__all__ = ["UNIT", "Certificate", "ascend_prices", "certify", "relax", "weigh_boxes"]

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
            copy_row(best, prices)
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


@kernel
def _step(
    indptr: Ints,
    members: Ints,
    demand: Floats,
    prices: Floats,
    shares: Floats,
    means: tuple[Floats, Floats, Floats],
    turns: int,
) -> None:
    # Steps from prices and shares; both end at their means. means: of prices, of shares, scratch.
    mean_prices, mean_shares, held = means
    degree = np.ones(prices.size)
    for v in members:
        degree[v] += 1.0
    mean_prices[:] = 0.0
    mean_shares[:] = 0.0
    for _ in range(turns):
        held[:] = 0.0
        for b in range(shares.size):
            cost = 1.0
            for k in range(indptr[b], indptr[b + 1]):
                cost -= prices[members[k]]
            new = max(0.0, shares[b] - 2.0 * cost / (indptr[b + 1] - indptr[b]))
            ahead = 2.0 * new - shares[b]
            shares[b] = new
            mean_shares[b] += new
            if ahead != 0.0:
                for k in range(indptr[b], indptr[b + 1]):
                    held[members[k]] += ahead
        for v in range(prices.size):
            prices[v] = max(0.0, prices[v] + 0.5 * (demand[v] - held[v]) / degree[v])
            mean_prices[v] += prices[v]
    for v in range(prices.size):
        prices[v] = mean_prices[v] / turns
    for b in range(shares.size):
        shares[b] = mean_shares[b] / turns


@kernel
def weigh_boxes(indptr: Ints, members: Ints, prices: Floats) -> Floats:
    """Return the price of each box, shape (n_boxes,)."""
    found = np.zeros(indptr.size - 1)
    for b in range(found.size):
        for k in range(indptr[b], indptr[b + 1]):
            found[b] += prices[members[k]]
    return found


def relax(
    indptr: Ints, members: Ints, demand: Floats, prices: Floats, shares: Floats, turns: int
) -> float:
    """Improve prices and shares in place; return the size of a fractional cover.

    Parameters
    ----------
    indptr, members : ndarray of int64
        Box b is ``members[indptr[b]:indptr[b + 1]]``.
    demand : ndarray of float, shape (n_nodes,)
        1 for nodes that are to be covered, 0 for the others, whose prices must be 0.
    prices, shares : ndarray of float, shapes (n_nodes,) and (n_boxes,)
        Where to start; at the end the means of all steps.
    turns : int
        Steps, each O(entries).

    Returns
    -------
    float
        Σx and what the shares leave uncovered, to be covered by boxes of one node: no prices of
        these boxes and of single nodes sum up to more.

    Examples
    --------
    >>> path = np.array([0, 2, 4, 6]), np.array([0, 1, 1, 2, 2, 3])
    >>> prices, shares = np.full(4, 0.5), np.full(3, 0.5)
    >>> round(relax(*path, np.ones(4), prices, shares, 999), 2)
    2.0
    """
    means = np.empty_like(prices), np.empty_like(shares), np.empty_like(prices)
    _step(indptr, members, demand, prices, shares, means, turns)
    held = np.bincount(members, weights=np.repeat(shares, np.diff(indptr)), minlength=prices.size)
    return float(shares.sum() + np.maximum(demand - held, 0.0).sum())
