"""The exact SS_rate of a step function N(θ) whose steps stand at distances of known pairs."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from featgraph.selfsimilarity._sorting import argsort
from featgraph.selfsimilarity.critical import critical_pairs
from featgraph.selfsimilarity.estimators import EstimatorName
from featgraph.selfsimilarity.formulas import formula_count

__all__ = ["count_steps", "step_integral"]


def count_steps(distances: Tensor, estimator: EstimatorName) -> tuple[Tensor, Tensor]:
    """Return where N(θ) steps and what it is between the steps.

    Returns
    -------
    places : Tensor of int64, shape (n_steps,)
        Flat positions i · D + j in C of the stepping pairs, by rising distance.
    counts : Tensor of float64, shape (n_steps + 1,)
        N below the first step, …, N from the last step on.
    """
    distances = distances.detach()
    n_nodes = len(distances)
    if estimator == "midpoint":
        return _midpoint_steps(distances)
    if estimator in ("packing", "linkage"):
        left, right = critical_pairs(distances, estimator)
        places = left * n_nodes + right
        counts = torch.arange(n_nodes, 0, -1, dtype=torch.float64, device=distances.device)
    else:
        upper = torch.ones_like(distances, dtype=torch.bool).triu_(1).flatten()
        places = torch.arange(n_nodes**2, device=distances.device)[upper]
        counts = torch.empty(0)
    places = places[argsort(distances.flatten()[places])]
    if estimator == "caro_wei":
        counts = _caro_wei_counts(distances, places)
    elif not len(counts):
        share = torch.arange(len(places) + 1, dtype=torch.float64, device=places.device)
        counts = formula_count(share.div_(len(places)), n_nodes, estimator)
    return places, counts


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
    distances: Tensor, places: Tensor, counts: Tensor, window: tuple[float, float] | None
) -> Tensor:
    """Return SS_rate of the step function, exact, with its exact gradient through the steps.

    With x = (lo(θ) − lo(TZ)) / (lo(TV) − lo(TZ)) and a = 1 − log N / log D, SS_rate is
    ``2 ∫₀¹ |x − a(x)| dx``, and ``2 ∫ |x − a| dx = (x − a) |x − a|`` on each piece: the
    crossing inside a piece needs no care.

    ``window`` = (TZ, TV) holds the ends fixed; None takes the first and last step, which then
    carry the gradient of TZ and TV.
    """
    exponents = counts.log().div_(-math.log(len(distances))).add_(1.0)
    value: Tensor = _StepIntegral.apply(distances, places, exponents, window)  # type: ignore[no-untyped-call]
    return value


class _StepIntegral(torch.autograd.Function):
    """2 ∫₀¹ |x − a(x)| dx and its derivative by the distances at ``places``."""

    @staticmethod
    def forward(
        ctx: Any,
        distances: Tensor,
        places: Tensor,
        exponents: Tensor,
        window: tuple[float, float] | None,
    ) -> Tensor:
        steps = distances.flatten()[places].double()
        levels = torch.log1p(steps)
        low, high = (float(levels[0]), float(levels[-1])) if window is None else _levels(window)
        x = levels.sub_(low).div_(high - low)
        # With the ends held fixed, what lies on or beyond them has no say.
        free = window is None or (x > 0) & (x < 1)
        edges = torch.cat([x.new_zeros(1), x.clamp(0.0, 1.0), x.new_ones(1)])
        after = edges[1:] - exponents
        before = edges[:-1].sub(exponents)
        value = (after * after.abs()).sum() - (before * before.abs()).sum()
        # Moving step k to the right stretches the piece before it and shortens the one after.
        pull = after[:-1].abs_().sub_(before[1:].abs_()).mul_(2.0 / (high - low))
        pull *= free
        slopes = pull / (1.0 + steps)
        if window is None:
            slopes[0] += (pull * (x - 1.0)).sum() / (1.0 + steps[0])
            slopes[-1] -= (pull * x).sum() / (1.0 + steps[-1])
        ctx.save_for_backward(places, slopes.to(distances.dtype))
        ctx.shape = distances.shape
        return value.to(distances.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        places, slopes = ctx.saved_tensors
        result = slopes.new_zeros(ctx.shape)
        result.view(-1)[places] = slopes * grad
        return result, None, None, None


def _levels(window: tuple[float, float]) -> tuple[float, float]:
    return math.log1p(window[0]), math.log1p(window[1])
