"""SS_rate with the numerics of the released code: hard counts forward, smooth counts backward."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from featgraph.distances.gram import distance_gradient, look_up, pairwise_distances, table_gradient
from featgraph.selfsimilarity.grid import check_spread, distance_range, grid_between
from featgraph.selfsimilarity.numbers import formula_count, formula_slope

__all__ = ["Recipe", "count_below", "released_rate", "released_rate_of_distances"]

# Buckets of the first guess in counting: 8192 int32 lie in the first-level cache.
N_BUCKETS = 8192
# Knots of the tabulated slope per width 1/k of the sigmoid: 1e-5 of its peak by interpolation.
KNOTS_PER_WIDTH = 100
# More knots than this are not tabulated: the slope is then summed at every pair.
MAX_KNOTS = 1 << 20
# Beyond this many widths the slope of the sigmoid is below 1e-17.
REACH = 40.0
ROWS_ELEMENTS = 1 << 22


@dataclass(frozen=True)
class Recipe:
    """What is computed: ``2/n · Σ_s |pf(θ_s) − log N_s / log D|`` over n thresholds.

    Counting is strict (C < θ) and θ carries no gradient. The share of close pairs p is
    differentiated as ``gain · mean_pairs σ(sharpness · (θ − C))``; a gain of None is D.
    """

    estimator: str
    n_theta: int
    theta: Tensor | None
    sharpness: float
    gain: float | None


def released_rate(values: Tensor, recipe: Recipe) -> Tensor:
    """Return the rate from F: no matrix dL/dC is made on the way back."""
    rate: Tensor = _FusedRate.apply(values, recipe)  # type: ignore[no-untyped-call]
    return rate


def released_rate_of_distances(distances: Tensor, recipe: Recipe) -> Tensor:
    """Return the rate from C."""
    rate: Tensor = _DistanceRate.apply(distances, recipe)  # type: ignore[no-untyped-call]
    return rate


class _FusedRate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, recipe: Recipe) -> Tensor:
        ctx.scale = 1.0 / math.sqrt(values.shape[1])
        distances = pairwise_distances(values, ctx.scale, None)
        rate, theta, weights, ends = _rate_and_weights(distances, recipe)
        ctx.save_for_backward(values, distances, theta, weights, ends)
        ctx.sharpness = recipe.sharpness
        return rate

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        values, distances, theta, weights, ends = ctx.saved_tensors
        weights = weights * grad.double()
        tabulated = _tabulate(theta, weights, ctx.sharpness, ends)
        if tabulated is None:
            slopes = _sum_slopes_of_pairs(distances, theta, weights, ctx.sharpness)
            return distance_gradient(values, distances, slopes, ctx.scale), None
        table, low, per_unit = tabulated
        table = table.to(distances.dtype)
        return table_gradient(values, distances, table, low, per_unit, ctx.scale), None


class _DistanceRate(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, distances: Tensor, recipe: Recipe) -> Tensor:
        rate, theta, weights, ends = _rate_and_weights(distances, recipe)
        ctx.save_for_backward(distances, theta, weights, ends)
        ctx.sharpness = recipe.sharpness
        return rate

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        distances, theta, weights, ends = ctx.saved_tensors
        weights = weights * grad.double()
        tabulated = _tabulate(theta, weights, ctx.sharpness, ends)
        if tabulated is None:
            return _sum_slopes_of_pairs(distances, theta, weights, ctx.sharpness), None
        table, low, per_unit = tabulated
        return look_up(distances, table.to(distances.dtype), low, per_unit), None


def _rate_and_weights(distances: Tensor, recipe: Recipe) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the rate, θ, the weight of each θ in its gradient, and (TZ, TV).

    The derivative by C_ij is ``Σ_s w_s σ'(sharpness · (θ_s − C_ij))``.
    """
    n_nodes = len(distances)
    n_pairs = n_nodes * (n_nodes - 1) // 2
    smallest, largest = distance_range(distances)
    check_spread(smallest, largest)
    theta = recipe.theta
    if theta is None:
        theta = grid_between(smallest, largest, recipe.n_theta)
    share = count_below(distances, theta).double() / n_pairs
    counts = formula_count(share, n_nodes, recipe.estimator)
    levels = torch.log1p(theta.double())
    line = (levels[-1] - levels) / (levels[-1] - levels[0])
    gap = counts.log() / math.log(n_nodes) - line
    rate = (2 * gap.abs().mean()).to(distances.dtype)
    gain = n_nodes if recipe.gain is None else recipe.gain
    weights = gap.sign() * formula_slope(share, n_nodes, recipe.estimator) / counts
    weights *= -2 * gain * recipe.sharpness / (len(theta) * math.log(n_nodes) * n_pairs)
    return rate, theta, weights, torch.stack([smallest, largest])


def count_below(distances: Tensor, theta: Tensor) -> Tensor:
    """Return how many pairs i < j have C_ij < θ, for each of the rising ``theta``."""
    if distances.device.type != "cpu":
        return _count_below_on_device(distances, theta)
    from featgraph.selfsimilarity._kernels import count_pairs

    grid = theta.numpy()
    low = grid[0]
    per_unit = grid.dtype.type(N_BUCKETS / max(float(grid[-1] - low), 1e-30))
    # A guess must not pass the answer: two buckets of slack absorb the rounding.
    starts = np.clip(((grid - low) * per_unit).astype(np.int64) + 2, 0, N_BUCKETS + 1)
    guess = np.bincount(starts, minlength=N_BUCKETS + 2).cumsum().astype(np.int32)
    counts = np.zeros(len(grid) + 1, dtype=np.int64)
    open_ended = np.append(grid, grid.dtype.type(np.inf))
    matrix = distances.detach().contiguous().numpy()
    count_pairs(matrix, open_ended, guess[: N_BUCKETS + 1], low, per_unit, counts)
    return torch.from_numpy(counts[:-1].cumsum())


def _count_below_on_device(distances: Tensor, theta: Tensor) -> Tensor:
    n_nodes = len(distances)
    counts = torch.zeros(len(theta) + 1, dtype=torch.int64, device=distances.device)
    for rows in torch.split(distances, max(1, ROWS_ELEMENTS // n_nodes)):
        places = torch.searchsorted(theta, rows.flatten(), right=True)
        counts += torch.bincount(places, minlength=len(counts))
    below = counts[:-1].cumsum(0)
    # Both triangles were counted, and the zeros of the diagonal wherever θ > 0.
    return (below - n_nodes * (theta > 0)) // 2


def _tabulate(
    theta: Tensor, weights: Tensor, sharpness: float, ends: Tensor
) -> tuple[Tensor, float, float] | None:
    """Return the derivative by a distance at equal steps over all distances, or None if long.

    It is one smooth function for all pairs, so thresholds and pairs never meet. Returned are
    the table, the distance of its first entry, and the number of entries per unit.
    """
    low, high = ends.tolist()
    n_knots = math.ceil((high - low) * sharpness * KNOTS_PER_WIDTH) + 2
    if n_knots > MAX_KNOTS:
        return None
    per_unit = (n_knots - 1) / (high - low)
    # Two knots past the largest distance: its neighbours exist whatever the rounding.
    knots = low + torch.arange(n_knots + 2, dtype=torch.float64, device=theta.device) / per_unit
    parts = torch.split(knots, max(64, ROWS_ELEMENTS // 16 // len(theta)))
    table = torch.cat([sum_slopes(part, theta, weights, sharpness) for part in parts])
    return table, low, per_unit


def sum_slopes(points: Tensor, theta: Tensor, weights: Tensor, sharpness: float) -> Tensor:
    """Return ``Σ_s w_s σ'(sharpness · (θ_s − c))`` at each point c."""
    reach = REACH / sharpness
    bounds = torch.stack([points.min() - reach, points.max() + reach]).to(theta.dtype)
    first, last = torch.searchsorted(theta, bounds).tolist()
    near = slice(first, last)
    rise = torch.sigmoid(sharpness * (theta[near].double() - points.double()[:, None]))
    return (rise * (1 - rise)) @ weights[near]


def _sum_slopes_of_pairs(
    distances: Tensor, theta: Tensor, weights: Tensor, sharpness: float
) -> Tensor:
    """Return the derivative by each C_ij, i < j, without a table."""
    blocks = torch.split(distances, max(1, ROWS_ELEMENTS // (len(distances) * len(theta))))
    sums = [sum_slopes(rows.flatten(), theta, weights, sharpness) for rows in blocks]
    return torch.cat(sums).view_as(distances).to(distances.dtype).triu_(1)
