"""SS_rate of a formula, with and without some nodes, from pairs that are merged in bins.

A formula steps at the distance of every pair. Here the pairs of a bin step together, at their
mean distance. In a bin where log N_θ stays on one side of the straight line the integral is then
that of the single steps, but for the curvature of the formula over the pairs of the bin. Nothing
is sorted, and to set nodes aside takes their own pairs only.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from featgraph.selfsimilarity.grid import check_spread
from featgraph.selfsimilarity.numbers import formula_count

__all__ = ["COARSE", "FINE", "FINEST", "can_merge", "merged_rates"]

# Largest error of SS_rate by number of bins, for layers of 64, 300 and 1024 nodes (Gaussian,
# rectified, of two features, null models of these): 8·10⁻⁷, 10⁻⁷, 10⁻⁸; where five loud nodes
# leave a sixtieth of the range to all others 4·10⁻⁵, 2·10⁻⁶, 2·10⁻⁷.
COARSE, FINE, FINEST = 1 << 12, 1 << 14, 1 << 16

Floats = NDArray[np.float64]


def can_merge(distances: Tensor, how: dict[str, Any]) -> bool:
    """Whether SS_rate is that of a formula over all pairs, from TZ to TV in log(1 + θ)."""
    plain = {"grid": "range", "scale": "log1p", "estimator": how["estimator"]}
    is_formula = how["estimator"] in ("released", "paper")
    return is_formula and plain | how == plain and distances.device.type == "cpu"


def merged_rates(
    distances: Tensor, far: NDArray[np.int64], out: NDArray[np.bool_], estimator: str, n_bins: int
) -> Floats:
    """Return SS_rate without some of the nodes ``far``; nan where all distances are equal.

    Each row of ``out`` tells which ones; it has a column per node.
    """
    from featgraph.selfsimilarity._kernels import bin_pairs, find_range

    matrix = distances.contiguous().numpy()
    kept = np.ones(len(matrix), dtype=np.bool_)
    ends = np.array(find_range(matrix, kept), dtype=np.float64)
    check_spread(*torch.from_numpy(ends))
    first, last = (1.0 + ends).view(np.int64)  # bit patterns rise almost as logarithms
    shift = int((last - first) // n_bins).bit_length()
    tallies = np.zeros((2, n_bins))
    bin_pairs(matrix, first, shift, tallies)
    every = np.repeat(tallies[:, None], len(out), axis=1)
    low, high = np.repeat(ends[:, None], len(out), axis=1)
    if far.size:
        kept[far] = False
        rows = matrix[far].astype(np.float64)
        places = ((1.0 + rows).view(np.int64) - first) >> shift
        _take_off(every, rows, places, far, out)
        low, high = _find_ends(find_range(matrix, kept), rows, kept, far, out)
    n_left = len(matrix) - out.sum(axis=1)
    return _integrate(every, (low, high), n_left, estimator)


def _take_off(
    every: Floats,
    rows: Floats,
    places: NDArray[np.int64],
    far: NDArray[np.int64],
    out: NDArray[np.bool_],
) -> None:
    """Take the pairs of the nodes that are out off the numbers and sums by set and bin."""
    n_far, n_bins = len(far), every.shape[2]
    cells = places + n_bins * np.arange(n_far)[:, None]
    others = np.arange(rows.shape[1]) != far[:, None]
    i, j = np.triu_indices(n_far, 1)
    sets, both = np.nonzero(out[:, i] & out[:, j])  # their pair is in two rows
    for tally, weights in zip(every, (np.ones_like(rows), rows), strict=True):
        own = np.bincount(cells[others], weights[others], n_far * n_bins)
        tally -= out.astype(np.float64) @ own.reshape(n_far, n_bins)
        shared = (i[both], far[j[both]])
        np.add.at(tally, (sets, places[shared]), weights[shared])


def _find_ends(
    ends: tuple[float, float],
    rows: Floats,
    kept: NDArray[np.bool_],
    far: NDArray[np.int64],
    out: NDArray[np.bool_],
) -> tuple[Floats, Floats]:
    """Return the smallest and the largest distance of each set; of the nodes kept: ``ends``."""
    i, j = np.triu_indices(len(far), 1)
    lengths = np.concatenate([rows[:, kept].min(axis=1, initial=np.inf), rows[i, far[j]]])
    gone = np.concatenate([out, out[:, i] | out[:, j]], axis=1)
    low = np.where(gone, np.inf, lengths).min(axis=1, initial=ends[0])
    lengths[: len(far)] = rows[:, kept].max(axis=1, initial=-np.inf)
    return low, np.where(gone, -np.inf, lengths).max(axis=1, initial=ends[1])


def _integrate(
    every: Floats, ends: tuple[Floats, Floats], n_nodes: NDArray[np.int64], estimator: str
) -> Floats:
    """Return 2 ∫₀¹ |x − a(x)| dx, a = 1 − log N / log D rising at the mean of each bin."""
    rates = np.full(len(n_nodes), math.nan)
    for k in np.flatnonzero(ends[0] < ends[1]):
        numbers, lengths = torch.from_numpy(every[:, k])
        shares = torch.nn.functional.pad(numbers.cumsum(0), (1, 0)).div_(numbers.sum())
        counts = formula_count(shares, int(n_nodes[k]), estimator)
        a = counts.log_().div_(-math.log(n_nodes[k])).add_(1.0)
        x = (lengths / numbers.clamp(min=1.0)).log1p_()
        low, high = (math.log1p(end[k]) for end in ends)
        x.sub_(low).div_(high - low)
        before, after = x - a[:-1], x - a[1:]
        # 2 ∫ |x − a| dx = (x − a) |x − a| on each piece; a is 0 at first and 1 at last
        rates[k] = before @ before.abs() - after @ after.abs()
    return rates
