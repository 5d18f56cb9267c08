"""N_θ, the number of boxes of diameter at most θ, by each estimator."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from featgraph._checks import choice
from featgraph.distances.pairwise import feature_distances
from featgraph.selfsimilarity.critical import critical_pairs
from featgraph.selfsimilarity.estimators import ESTIMATORS, EstimatorName
from featgraph.selfsimilarity.grid import pair_values, theta_grid

__all__ = ["box_number", "count_boxes", "formula_count"]


def formula_count(share: Tensor, n_nodes: int, estimator: str) -> Tensor:
    """Return N from the share p of pairs within θ, by the formula of the paper or its code."""
    width = (n_nodes - 1) / math.log(n_nodes)
    if estimator == "paper":
        return 1 + width * torch.log(n_nodes - (n_nodes - 1) * share)
    return n_nodes - width * torch.log1p((n_nodes - 1) * share)


def box_number(
    features: Any, theta: Tensor | None = None, *, estimator: EstimatorName = "released"
) -> Tensor:
    """N_θ of a layer at box sizes theta (default: ``theta_grid``), a float64 tensor.

    Examples
    --------
    >>> import torch
    >>> from featgraph.selfsimilarity import box_number
    >>> F = torch.tensor([[0.0], [1.0], [7.0]])
    >>> box_number(F, torch.tensor([0.5, 1.0, 6.5, 7.0]), estimator="linkage")
    tensor([3., 2., 2., 1.], dtype=torch.float64)
    """
    distances = feature_distances(features).detach()
    theta = theta_grid(distances) if theta is None else theta
    return count_boxes(distances, theta, estimator=estimator)


def count_boxes(distances: Tensor, theta: Tensor, *, estimator: EstimatorName) -> Tensor:
    """N_θ at box sizes theta from the distance matrix C, a float64 tensor.

    Examples
    --------
    >>> import torch
    >>> from featgraph.selfsimilarity import count_boxes
    >>> C = torch.tensor([[0.0, 1.0, 7.0], [1.0, 0.0, 6.0], [7.0, 6.0, 0.0]])
    >>> count_boxes(C, torch.tensor([0.5, 1.0, 7.0]), estimator="packing")
    tensor([3., 2., 1.], dtype=torch.float64)
    """
    choice(estimator, ESTIMATORS, "estimator")
    distances, theta = distances.detach(), theta.detach().to(distances)
    n_nodes = distances.shape[0]
    if estimator in ("packing", "linkage"):
        left, right = critical_pairs(distances, estimator)
        steps = distances[left, right].sort().values
        return (1 + len(steps) - torch.searchsorted(steps, theta, right=True)).double()
    if estimator == "caro_wei":
        ranks = torch.searchsorted(
            distances.sort(dim=1).values, theta.expand(n_nodes, -1).contiguous(), right=True
        )
        return ranks.double().reciprocal().sum(dim=0)
    if estimator in ("greedy", "optimum"):
        raise NotImplementedError(f"{estimator} comes with box covering")
    pairs = pair_values(distances).sort().values
    share = torch.searchsorted(pairs, theta, right=True).double() / len(pairs)
    return formula_count(share, n_nodes, estimator)
