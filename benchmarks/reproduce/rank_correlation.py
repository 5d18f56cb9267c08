"""Rank correlation of a few items, with an interval and an exact test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["RankCorrelation", "correlate_ranks"]

#: Above this number of items orders are drawn instead of listed: 8! = 40320.
_MAX_EXACT = 8
_DRAWN_ORDERS = 20000


class RankCorrelation(NamedTuple):
    """Spearman's rank correlation; ``p_value`` is the share of all orders as extreme."""

    rank: float
    low: float
    high: float
    p_value: float
    n_items: int


def correlate_ranks(
    x: Sequence[float],
    y: Sequence[float],
    *,
    y_runs: Sequence[Sequence[float]] | None = None,
    n_resamples: int = 2000,
    confidence: float = 0.95,
    seed: int = 0,
) -> RankCorrelation:
    """Correlate the ranks of two measurements of the same items.

    Parameters
    ----------
    x, y : sequence of float, shape (n_items,)
        At least 3 items.
    y_runs : sequence of sequences of float or None, default=None
        Single runs whose mean is ``y``, one sequence per item: the bootstrap draws runs as
        well as items, so that noise in ``y`` widens the interval.
    n_resamples : int, default=2000
        Bootstrap resamples; those with fewer than 3 different items are drawn again.
    confidence : float, default=0.95
        Level of the percentile interval.
    seed : int, default=0
        Seed of the bootstrap.

    Returns
    -------
    RankCorrelation
        All nan but n_items if there are fewer than 3 items or one side is constant.

    Examples
    --------
    >>> found = correlate_ranks([1, 2, 3, 4], [10, 20, 30, 40])
    >>> found.rank, round(found.p_value, 3)
    (1.0, 0.083)
    """
    first, second = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    n_items = first.size
    rank = _spearman(first, second)
    if n_items < 3 or not np.isfinite(rank):
        return RankCorrelation(np.nan, np.nan, np.nan, np.nan, n_items)
    rng = np.random.default_rng(seed)
    runs = (
        [np.array([value]) for value in second] if y_runs is None else list(map(np.array, y_runs))
    )
    draws = []
    for _ in range(20 * n_resamples):
        chosen = rng.integers(n_items, size=n_items)
        if np.unique(chosen).size < 3:
            continue
        noisy = [float(rng.choice(runs[k], size=runs[k].size).mean()) for k in chosen]
        value = _spearman(first[chosen], np.array(noisy))
        if np.isfinite(value):
            draws.append(value)
        if len(draws) == n_resamples:
            break
    tails = [0.5 - confidence / 2, 0.5 + confidence / 2]
    low, high = np.quantile(draws, tails) if draws else (np.nan, np.nan)
    p_value = _order_share(first, second, rank, rng)
    return RankCorrelation(rank, float(low), float(high), p_value, n_items)


def _spearman(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    from scipy.stats import rankdata

    a, b = rankdata(x) - (x.size + 1) / 2, rankdata(y) - (y.size + 1) / 2
    norm = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / norm if norm > 0 else float("nan")


def _order_share(
    x: NDArray[np.float64], y: NDArray[np.float64], rank: float, rng: np.random.Generator
) -> float:
    """Return the share of orders of y whose rank correlation is at least as far from 0."""
    from itertools import permutations

    from scipy.stats import rankdata

    a, b = rankdata(x) - (x.size + 1) / 2, rankdata(y) - (y.size + 1) / 2
    if x.size <= _MAX_EXACT:
        orders = np.array(list(permutations(range(x.size))))
    else:
        orders = np.argsort(rng.random((_DRAWN_ORDERS, x.size)), axis=1)
    found = b[orders] @ a / np.sqrt((a @ a) * (b @ b))
    return float(np.mean(np.abs(found) >= abs(rank) - 1e-9))
