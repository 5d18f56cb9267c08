"""The Caro–Wei count with smooth steps, for gradients that see every pair."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from featgraph.core.resources import check_memory
from featgraph.distances.gram import (
    KEPT_NUMBERS,
    center_if_far,
    distance_gradient,
    far_gradient,
    in_main_memory,
    scratch,
)
from featgraph.selfsimilarity.estimators import QUANTILES, Scale
from featgraph.selfsimilarity.grid import (
    ThetaRule,
    check_spread,
    check_theta,
    check_theta_rule,
    smallest_positive,
)

__all__ = ["smooth_counts", "soft_caro_wei"]

# Knots of log(1 + C) per width of the logistic step: 4e-5 by cubic interpolation.
KNOTS_PER_WIDTH = 3
LEAST_SOFTNESS = 1e-6  # below, the curve is a step
# Beyond so many widths outside the grid the step is flat within 1e-8: clamping changes nothing.
REACH = 20


def soft_caro_wei(
    distances: Tensor, theta: Tensor, *, softness: float = 0.02, scale: Scale = "log1p"
) -> Tensor:
    """Return ``Σ_i 1 / (1 + Σ_j σ((lo(θ) − lo(C_ij)) / w))``, lo(x) = log(1 + x).

    The hard count of ``caro_wei`` has a zero derivative almost everywhere; this one replaces
    every step by a logistic curve of width ``w = softness · (lo(TV) − lo(TZ))``.

    Parameters
    ----------
    distances : Tensor, shape (n_nodes, n_nodes)
        C; may carry a gradient.
    theta : Tensor, shape (n_theta,)
        Rising box sizes; the first and last stand for TZ and TV. These two may carry a
        gradient; the others keep their shares of the way between them.
    softness : float, default=0.02
        Width of a step as a share of the range of log(1 + θ), above 0. The smaller, the nearer
        to the hard count and the noisier the gradient.
    scale : {"log1p", "log"}, default="log1p"
        lo(x) = log(1 + x) or log x; under "log" copies count as the nearest pair that is none.

    Returns
    -------
    Tensor of float64, shape (n_theta,)
        N_θ, between 1 and n_nodes, differentiable. An approximation: unlike the hard count it
        is no certified bound.

    Raises
    ------
    ValueError
        If softness is below 1e-6, theta is not rising or the scale is unknown.
    MemoryError
        If the knots would not fit into memory.

    Notes
    -----
    The logistic curve is interpolated by cubics between M = 3 / softness knots (error below
    1e-4), so that neither all pairs nor all thresholds meet: time O(n_nodes² + n_nodes · M ·
    n_theta), memory O(n_nodes² + n_nodes · M).

    References
    ----------
    Caro 1979; Wei 1981, Bell Labs TM 81-11217-9 (the hard bound).

    Examples
    --------
    >>> import torch
    >>> C = torch.tensor([[0.0, 1.0, 7.0], [1.0, 0.0, 6.0], [7.0, 6.0, 0.0]])
    >>> soft_caro_wei(C, torch.tensor([0.5, 3.0, 9.0]), softness=0.01).round(decimals=2)
    tensor([3., 2., 1.], dtype=torch.float64)
    """
    rule = check_theta_rule("range", scale, QUANTILES)
    check_theta(theta, distances)
    levels = rule.levels(theta)
    if not bool(levels[-1] > levels[0]):
        raise ValueError(f"theta must rise by more than rounding, got {theta.tolist()[:4]}")
    shares = ((levels - levels[0]) / (levels[-1] - levels[0])).detach()
    return smooth_counts(distances, (levels[0], levels[-1]), shares, softness, rule)


def smooth_counts(
    distances: Tensor,
    ends: tuple[Tensor, Tensor] | None,
    shares: Tensor,
    softness: float,
    rule: ThetaRule,
    values: Tensor | None = None,
) -> Tensor:
    """Return the counts at shares of the way between two levels, which may carry a gradient.

    None: the levels of the smallest and the largest distance, with their gradient. ``values`` are
    the features behind the distances, which shorten the way back.
    """
    if rule.scale == "log":
        distances, values = torch.maximum(distances, smallest_positive(distances)), None
    if values is not None and not in_main_memory(values):
        values = None
    places = _range_places(distances.detach())
    spread = distances.detach().flatten()[places]
    if ends is None:
        check_spread(*spread)
    inside = rule.levels(spread)
    low, high = (inside[0], inside[1]) if ends is None else ends
    is_inside = bool((low.detach() <= inside[0]) & (inside[1] <= high.detach()))
    if softness < LEAST_SOFTNESS:
        raise ValueError(
            f"softness must be at least {LEAST_SOFTNESS:g}, got {softness!r}; the bound without "
            "softness is estimator='caro_wei'"
        )
    # By the softness alone: rounding of the distances must not decide on one knot more. The ends
    # lie half way between two knots, where a cubic has one derivative.
    per_range = math.ceil(KNOTS_PER_WIDTH / softness)
    check_memory(
        8 * len(distances) * per_range,
        f"knots of a softness of {softness:.3g}",
        remedy="take a larger softness, or the hard bound: estimator='caro_wei'",
    )
    origin = 1.5 + (0 if is_inside else REACH * KNOTS_PER_WIDTH)
    n_knots = per_range + int(2 * origin) + 1
    knots = (torch.arange(n_knots, dtype=torch.float64) - origin).to(shares) / per_range
    step = torch.sigmoid((shares - knots[:, None]) / softness).to(distances.dtype)
    pieces = origin, n_knots, per_range
    how = pieces, rule, places if ends is None else None, float(spread[0])
    if values is not None:
        distances, values = distances.detach(), values.to(distances.dtype)
    counts: Tensor = _Counts.apply(distances, values, low, high, step, how)  # type: ignore[no-untyped-call]
    return counts


class _Counts(torch.autograd.Function):
    """The counts, given the smooth ``step`` of every θ at the knots.

    The others of each node are shared by cubics among four knots each: Σ_k mass_ik f(knot_k)
    interpolates Σ_j f(lo(C_ij)), j ≠ i. Knots stand ``per_range`` to the way between the ends,
    ``origin`` of them up to the first end. Open ends are the smallest and the largest distance.
    """

    @staticmethod
    def forward(
        ctx: Any,
        distances: Tensor,
        values: Tensor | None,
        low: Tensor,
        high: Tensor,
        step: Tensor,
        how: tuple[tuple[float, int, int], ThetaRule, Tensor | None, float],
    ) -> Tensor:
        (origin, n_knots, per_range), ctx.rule, ctx.places, ctx.nearest = how
        first, width = low.item(), (high - low).item()
        ctx.mark = object()
        levels = _logarithms(distances, ctx.rule, ctx.mark)
        per_unit = per_range / width
        ctx.knots = first, per_unit, origin, width
        ctx.unit = 1.0 if ctx.rule.scale == "log1p" else 0.0
        mass = distances.new_zeros(len(distances), n_knots)
        if in_main_memory(distances):
            from featgraph.selfsimilarity._kernels import share_nodes

            start, unit, shift = _typed(levels, first, per_unit, origin)
            share_nodes(levels.numpy(), start, unit, shift, mass.numpy())
        else:
            knot, weights, _ = _weigh(levels, first, per_unit, origin, n_knots)
            for k, weight in enumerate(weights):
                mass.scatter_add_(1, knot + k, weight.fill_diagonal_(0.0))
        near = torch.mm(mass, step).add_(1).reciprocal_()
        ctx.save_for_backward(distances, values, step, near)
        return near.sum(dim=0, dtype=torch.float64)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        distances, values, step, near = ctx.saved_tensors
        first, per_unit, origin, width = ctx.knots
        levels = _logarithms(distances, ctx.rule, ctx.mark)
        scale, centered = 0.0, None
        if values is not None:
            scale = 1.0 / math.sqrt(values.shape[1])
            centered = center_if_far(values, ctx.nearest, scale)
        grad = torch.mm((near * near).mul_(-grad.to(near.dtype)), step.T)
        if in_main_memory(distances):
            from featgraph.selfsimilarity._kernels import slope_nodes

            slopes = torch.empty_like(levels) if values is None else _room(levels, "slopes")
            start, each, shift, unit = _typed(levels, first, per_unit, origin, ctx.unit)
            lengths, by_mass = distances.contiguous().numpy(), grad.numpy()
            how = by_mass, lengths, unit, centered is not None, slopes.numpy()
            total, moment = slope_nodes(levels.numpy(), start, each, shift, *how)
        else:
            knot, _, rises = _weigh(levels, first, per_unit, origin, grad.shape[1])
            slopes = torch.zeros_like(levels)
            for k, rise in enumerate(rises):
                slopes.addcmul_(grad.gather(1, knot + k), rise)
            slopes.fill_diagonal_(0.0)
            total = float(slopes.double().sum())
            moment = float((slopes * (levels - first)).double().sum())
            slopes *= per_unit
            slopes /= distances + ctx.unit
            slopes.fill_diagonal_(0.0)
        # Places count from the first end, in shares of the way between the two.
        sums = torch.as_tensor((total, moment), dtype=torch.float64, device=grad.device)
        by_high = -sums[1] * per_unit / width
        by_low = -sums[0] * per_unit - by_high
        if ctx.places is not None:
            spread = distances.flatten()[ctx.places]
            ends = torch.stack([by_low, by_high]) / (spread + ctx.unit)
            ends = ends if centered is None else ends / spread
            slopes.view(-1)[ctx.places] += ends.to(slopes.dtype)
            by_low = by_high = None
        if values is None:
            return slopes, None, by_low, by_high, None, None
        if centered is None:
            by_value = distance_gradient(values, distances, slopes, scale)
        else:
            by_value = far_gradient(centered, slopes, scale)
        return None, by_value, by_low, by_high, None, None


def _range_places(distances: Tensor) -> Tensor:
    """Return the flat positions of the smallest distance off the diagonal and of the largest."""
    n_nodes = len(distances)
    off = distances.flatten()[1:].view(n_nodes - 1, n_nodes + 1)[:, :-1]
    row = off.amin(dim=1).argmin()
    smallest = 1 + row * (n_nodes + 1) + off[row].argmin()
    if not in_main_memory(distances):
        return torch.stack([smallest, distances.argmax()])
    return torch.tensor([int(smallest), int(distances.numpy().argmax())])  # NumPy is the faster


_FILLED = threading.local()  # mark: whose logarithms stand in the room of this thread


def _logarithms(distances: Tensor, rule: ThetaRule, mark: object) -> Tensor:
    """Return log(1 + C) or log C in the dtype of C, in room that is used again.

    Where they are still there under this mark, they are not computed a second time.
    """
    if in_main_memory(distances):  # NumPy is the faster of the two
        levels = _room(distances, "levels")
        if getattr(_FILLED, "mark", None) is not mark or levels.numel() > KEPT_NUMBERS:
            with np.errstate(divide="ignore"):  # the diagonal is not used
                log = np.log1p if rule.scale == "log1p" else np.log
                log(distances.numpy(), out=levels.numpy())
            _FILLED.mark = mark
        return levels
    return distances.log1p() if rule.scale == "log1p" else distances.log()


def _room(like: Tensor, name: str) -> Tensor:
    """Return room that the next call of this thread uses again."""
    (room,) = scratch(name, (like.numel(), like.numpy().dtype))
    return torch.from_numpy(room).view(like.shape)


def _typed(levels: Tensor, *numbers: float) -> list[Any]:
    """Return numbers of the precision of the levels: numba would widen float32 loops."""
    number = levels.numpy().dtype.type
    return [number(value) for value in numbers]


def _weigh(
    levels: Tensor, first: float, per_unit: float, origin: float, n_knots: int
) -> tuple[Tensor, list[Tensor], list[Tensor]]:
    """Return the first of four knots about each level, their weights, and derivatives of these."""
    place = (levels - first) * per_unit + origin
    flat = (place < 1) | (place > n_knots - 2)
    place = place.clamp(1, n_knots - 2)
    knot = place.long().clamp_(max=n_knots - 3)
    t = place - knot
    weights = [
        -t * (t - 1) * (t - 2) / 6,
        (t + 1) * (t - 1) * (t - 2) / 2,
        -(t + 1) * t * (t - 2) / 2,
        (t + 1) * t * (t - 1) / 6,
    ]
    rises = [
        -(3 * t**2 - 6 * t + 2) / 6,
        (3 * t**2 - 4 * t - 1) / 2,
        -(3 * t**2 - 2 * t - 2) / 2,
        (3 * t**2 - 1) / 6,
    ]
    return knot - 1, weights, [rise.masked_fill(flat, 0.0) for rise in rises]
