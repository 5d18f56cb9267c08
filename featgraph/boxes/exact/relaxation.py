"""Fractional covers: shares of boxes that hold every node once in all, and prices of the nodes.

The linear programme min Σx with Σ_{b ∋ v} x_b ≥ 1 and its dual max Σy with Σ_{v in b} y_v ≤ 1 by
primal-dual steps (A. Chambolle & T. Pock 2011, doi:10.1007/s10851-010-0251-1), each row and column
with a step length of its own (T. Pock & A. Chambolle 2011, doi:10.1109/ICCV.2011.6126441), started
again from the mean of the last steps (D. Applegate et al. 2021, arXiv:2106.04756). Steps go on from
where they stood when boxes are added, and their means lie in the middle of the optimal prices, not
in a corner, which is what column generation wants. Nothing here is exact; callers certify.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels import kernel

__all__ = ["relax", "weigh_boxes"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


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
