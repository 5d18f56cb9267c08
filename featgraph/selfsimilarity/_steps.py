"""The exact SS_rate of a step function N(θ) whose steps stand at distances of known pairs."""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from featgraph.selfsimilarity._sorting import argsort
from featgraph.selfsimilarity.critical import critical_pairs
from featgraph.selfsimilarity.estimators import EstimatorName
from featgraph.selfsimilarity.formulas import formula_count
from featgraph.selfsimilarity.grid import Ladder, distance_range

__all__ = ["Steps", "count_steps", "step_integral"]

MOST_BITS = 13  # of a digit of the sort: its counts stay in the first cache


class Steps(NamedTuple):
    """A falling step function N(θ) and the pairs at whose distances it steps.

    Attributes
    ----------
    places : Tensor of whole numbers, shape (n_steps,)
        Flat positions i · D + j in C of the stepping pairs, by rising distance.
    heights : Tensor, shape (n_steps,)
        Their distances, in the dtype of C.
    exponents : Tensor of float64, shape (n_steps + 1,)
        1 − log N / log D below the first step, …, from the last step on.
    """

    places: Tensor
    heights: Tensor
    exponents: Tensor


def count_steps(distances: Tensor, estimator: EstimatorName) -> Steps:
    """Return where N(θ) of an estimator steps and what it is between the steps."""
    distances = distances.detach()
    n_nodes = len(distances)
    if estimator in ("packing", "linkage", "midpoint"):
        places, counts = _critical_steps(distances, estimator)
        return Steps(places, distances.flatten()[places], _exponents(counts, n_nodes))
    places, heights = _order_pairs(distances)
    if estimator == "caro_wei":
        exponents = _exponents(_caro_wei_counts(distances, places), n_nodes)
    else:
        exponents = _formula_exponents(n_nodes, estimator).to(places.device)
    return Steps(places, heights, exponents)


def _exponents(counts: Tensor, n_nodes: int) -> Tensor:
    return counts.log().div_(-math.log(n_nodes)).add_(1.0)


@functools.lru_cache(maxsize=2)  # the same at every step of a training
def _formula_exponents(n_nodes: int, estimator: str) -> Tensor:
    """Return the exponents where p rises from 0 to 1 pair by pair."""
    n_pairs = n_nodes * (n_nodes - 1) // 2
    share = torch.arange(n_pairs + 1, dtype=torch.float64).div_(n_pairs)
    return _exponents(formula_count(share, n_nodes, estimator), n_nodes)


def _critical_steps(distances: Tensor, estimator: EstimatorName) -> tuple[Tensor, Tensor]:
    """Return the places of the steps of packing, linkage or midpoint, and the counts."""
    if estimator == "midpoint":
        return _midpoint_steps(distances)
    n_nodes = len(distances)
    left, right = critical_pairs(distances, "packing" if estimator == "packing" else "linkage")
    places = left * n_nodes + right
    counts = torch.arange(n_nodes, 0, -1, dtype=torch.float64, device=distances.device)
    return places[argsort(distances.flatten()[places])], counts


def _order_pairs(distances: Tensor) -> tuple[Tensor, Tensor]:
    """Return the positions i · D + j of all pairs i < j by rising distance, and the distances."""
    n_nodes = len(distances)
    if distances.device.type != "cpu":
        upper = torch.ones_like(distances, dtype=torch.bool).triu_(1).flatten()
        places = torch.arange(n_nodes**2, device=distances.device)[upper]
        heights, by_height = distances.flatten()[places].sort()
        return places[by_height], heights
    from featgraph.selfsimilarity._step_kernels import list_pairs, sort_digit

    matrix = distances.contiguous().numpy()
    bits = matrix.view(np.int32 if matrix.itemsize == 4 else np.int64)
    smallest, _ = distance_range(distances)
    low = smallest.numpy().view(bits.dtype)[()]
    order, other_order = np.empty((2, n_nodes * (n_nodes - 1) // 2), dtype=np.int32)
    keys, other_keys = np.empty((2, len(order)), dtype=bits.dtype)
    n_bits = int(list_pairs(bits, low, keys, order)).bit_length()
    digit = -(-n_bits // max(1, -(-n_bits // MOST_BITS)))
    starts = np.empty(2**digit, dtype=np.int64)
    for shift in range(0, n_bits, max(1, digit)):
        sort_digit(keys, order, bits.dtype.type(shift), starts, other_keys, other_order)
        keys, other_keys, order, other_order = other_keys, keys, other_order, order
    keys += low
    return torch.from_numpy(order), torch.from_numpy(keys.view(matrix.dtype))


def _midpoint_steps(distances: Tensor) -> tuple[Tensor, Tensor]:
    """Return the steps of the geometric mean of packing and linkage; shared pairs come once."""
    n_nodes = len(distances)
    pairs = [critical_pairs(distances, estimator) for estimator in ("packing", "linkage")]
    both = torch.cat([left * n_nodes + right for left, right in pairs])
    places, number = torch.unique(both, return_inverse=True)
    order = argsort(distances.flatten()[places])
    falls = torch.zeros(2, len(places), dtype=torch.float64, device=distances.device)
    falls[0, number[: n_nodes - 1]] = 1.0
    falls[1, number[n_nodes - 1 :]] = 1.0
    fallen = torch.nn.functional.pad(falls[:, order].cumsum(dim=1), (1, 0))
    return places[order], (n_nodes - fallen).prod(dim=0).sqrt()


def _caro_wei_counts(distances: Tensor, places: Tensor) -> Tensor:
    """Return Σ_i 1 / (1 + degree_i) as the pairs at ``places`` become edges one by one."""
    n_nodes = len(distances)
    if distances.device.type == "cpu":
        from featgraph.selfsimilarity._step_kernels import caro_wei_counts

        filled = torch.empty(len(places) + 1, dtype=torch.float64)
        caro_wei_counts(places.numpy(), n_nodes, filled.numpy())
        return filled
    # The rank of j in row i, the diagonal first, is the degree of i once the edge ij is there.
    order = argsort(distances - torch.eye(n_nodes, dtype=distances.dtype, device=distances.device))
    ranks = torch.empty_like(order)
    ranks.scatter_(1, order, torch.arange(n_nodes, device=order.device).expand(n_nodes, -1))
    del order
    degree = torch.arange(n_nodes, dtype=torch.float64, device=distances.device)
    drop = 1 / (1 + degree) - 1 / degree.clamp(min=1)
    steps = drop[ranks.flatten()[places]]
    steps += drop[ranks.T.flatten()[places]]
    counts = torch.cat([steps.new_zeros(1), steps]).cumsum_(0)
    return counts.add_(n_nodes).clamp_(min=1.0)


def step_integral(
    distances: Tensor, steps: Steps, ladder: Ladder, ends: tuple[Tensor, Tensor] | None
) -> Tensor:
    """Return SS_rate of the step function, exact, with its exact gradient through the steps.

    With x = (lo(θ) − lo(TZ)) / (lo(TV) − lo(TZ)) and a = 1 − log N / log D, SS_rate is
    ``2 ∫₀¹ |x − a(x)| dx``, and ``2 ∫ |x − a| dx = (x − a) |x − a|`` on each piece: the
    crossing inside a piece needs no care.

    ``ends`` = (TZ, TV), which may carry a gradient; None takes the first and last step, which then
    carry it.
    """
    if ladder.scale == "log":  # copies are one node for every θ above 0
        n_copies = int((steps.heights == 0).sum())
        steps = Steps(*(part[n_copies:] for part in steps))
    low, high = (None, None) if ends is None else map(ladder.levels, ends)
    value: Tensor = _StepIntegral.apply(distances, *steps, ladder, low, high)  # type: ignore[no-untyped-call]
    return value


class _StepIntegral(torch.autograd.Function):
    """2 ∫₀¹ |x − a(x)| dx and its derivative by the distances at ``places`` and by the ends."""

    @staticmethod
    def forward(
        ctx: Any,
        distances: Tensor,
        places: Tensor,
        heights: Tensor,
        exponents: Tensor,
        ladder: Ladder,
        low: Tensor | None,
        high: Tensor | None,
    ) -> Tensor:
        levels = ladder.levels(heights)
        ends = [
            float(levels[0] if low is None else low),
            float(levels[-1] if high is None else high),
        ]
        if distances.device.type == "cpu":
            from featgraph.selfsimilarity._step_kernels import integrate_steps

            slopes = torch.empty_like(levels)
            found = integrate_steps(levels.numpy(), exponents.numpy(), slopes.numpy(), *ends)
            value, by_low, by_high = (torch.tensor(one, dtype=torch.float64) for one in found)
        else:
            value, slopes, by_low, by_high = _integrate(levels, exponents, *ends)
        if low is None:
            slopes[0] += by_low
            slopes[-1] += by_high
        slopes /= heights + 1.0 if ladder.scale == "log1p" else heights
        ctx.save_for_backward(places, slopes.to(distances.dtype), by_low, by_high)
        ctx.shape, ctx.is_open = distances.shape, low is None
        return value.to(distances.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        places, slopes, by_low, by_high = ctx.saved_tensors
        result = slopes.new_zeros(ctx.shape)
        result.view(-1)[places] = slopes * grad
        ends = (None, None) if ctx.is_open else (by_low * grad, by_high * grad)
        return result, None, None, None, None, *ends


def _integrate(
    levels: Tensor, exponents: Tensor, low: float, high: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the integral, its derivative by each level, by low and by high, on a device."""
    x = (levels - low) / (high - low)
    edges = torch.cat([x.new_zeros(1), x.clamp(0.0, 1.0), x.new_ones(1)])
    after, before = edges[1:] - exponents, edges[:-1] - exponents
    value = (after * after.abs()).sum() - (before * before.abs()).sum()
    # Moving step k to the right stretches the piece before it and shortens the one after.
    pull = (after[:-1].abs() - before[1:].abs()) * (2.0 / (high - low))
    pull *= (x > 0) & (x < 1)  # what lies on or beyond the ends has no say of its own
    return value, pull, (pull * (x - 1.0)).sum(), -(pull * x).sum()
