"""SS_rate (Eq. 3): the distance of log N_θ from a power law in log(1 + θ)."""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import Tensor

from featgraph.distances.pairwise import feature_distances
from featgraph.selfsimilarity.critical import critical_pairs
from featgraph.selfsimilarity.estimators import EstimatorName
from featgraph.selfsimilarity.grid import check_spread, distance_range, pair_values, theta_grid
from featgraph.selfsimilarity.numbers import formula_count

__all__ = ["ss_rate"]


def step_integral(positions: Tensor, counts: Tensor, n_nodes: int) -> Tensor:
    """Return ``2 ∫₀¹ |log N / log D − (1 − x)| dx`` of a step function, in closed form.

    N is ``counts[k]`` between ``positions[k]`` and ``positions[k + 1]`` (increasing, in [0, 1]).
    """
    target = 1 - torch.log(counts) / math.log(n_nodes)
    upper, lower = positions[1:] - target, positions[:-1] - target
    return (upper * upper.abs() - lower * lower.abs()).sum()


def ss_rate(
    features: Any,
    *,
    estimator: EstimatorName = "released",
    numerics: Literal["exact", "released"] = "exact",
    n_theta: int = 256,
) -> Tensor:
    """SS_rate of a layer.

    Examples
    --------
    >>> import numpy as np
    >>> from featgraph.selfsimilarity import ss_rate
    >>> F = np.random.default_rng(0).normal(size=(128, 64)).astype("float32")
    >>> round(float(ss_rate(F, numerics="released")), 4)
    0.2118
    """
    distances = feature_distances(features)
    n_nodes = distances.shape[0]
    smallest, largest = distance_range(distances)
    check_spread(smallest, largest)
    if numerics == "released":
        theta = theta_grid(distances, n_theta)
        pairs = pair_values(distances.detach()).sort().values
        share = torch.searchsorted(pairs, theta).double() / len(pairs)
        counts = formula_count(share, n_nodes, estimator)
        line = torch.linspace(1, 0, n_theta, dtype=torch.float64)
        return 2 * (line - counts.log() / math.log(n_nodes)).abs().mean()
    if estimator in ("packing", "linkage"):
        left, right = critical_pairs(distances, estimator)
        steps = distances[left, right].double().sort().values
        counts = torch.arange(len(steps), 1, -1, device=steps.device, dtype=torch.float64)
    else:
        steps = pair_values(distances).double().sort().values
        share = torch.arange(1, len(steps), device=steps.device, dtype=torch.float64) / len(steps)
        counts = formula_count(share, n_nodes, estimator)
    levels = torch.log1p(steps)
    positions = (levels - levels[0]) / (levels[-1] - levels[0])
    return step_integral(positions, counts, n_nodes).to(distances.dtype)
