"""N_θ, the number of boxes of diameter at most θ, by each estimator."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from featgraph.distances.distance_matrix import feature_distances
from featgraph.features.feature_matrix import Array, FeatureMatrix, as_feature_matrix
from featgraph.selfsimilarity._sorting import sort
from featgraph.selfsimilarity.critical import critical_pairs
from featgraph.selfsimilarity.estimators import EstimatorName
from featgraph.selfsimilarity.formulas import formula_count
from featgraph.selfsimilarity.grid import check_theta, pair_values, theta_grid
from featgraph.selfsimilarity.soft import soft_caro_wei

__all__ = ["box_number", "count_boxes"]


GREEDY_ORDERS = ("degree", "smallest_last", "dsatur", "random")


def box_number(
    features: FeatureMatrix | Array,
    theta: Tensor | None = None,
    *,
    estimator: EstimatorName = "released",
    n_theta: int = 256,
    time_limit: float | None = 30.0,
    rng: int = 0,
) -> Tensor:
    """Return N_θ, how many boxes of diameter at most θ cover the nodes of a layer.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples)
        F of one layer.
    theta : Tensor or None, shape (n_theta,), default=None
        Rising box sizes in the unit of C, inclusive (C ≤ θ). None takes ``theta_grid``.
    estimator : str, default="released"
        A key of ``ESTIMATORS``; its ``role`` says whether N is a formula, a certified lower
        bound or the size of a real covering.
    n_theta : int, default=256
        Number of box sizes when theta is None.
    time_limit : float or None, default=30.0
        Seconds of "optimum" for all θ together, at least 0; None: until all N_θ are proven.
    rng : int, default=0
        Seed of the covering heuristics ("greedy", "optimum").

    Returns
    -------
    Tensor of float64, shape (n_theta,)
        N_θ without gradient, from n_nodes down to 1; whole numbers except for the formulas,
        Caro–Wei sums and the midpoint.

    Raises
    ------
    ValueError
        If the estimator is unknown, F is not a finite matrix of at least 2 nodes, theta is not
        rising, or theta is None and all distances are equal.

    Notes
    -----
    Time O(n_nodes² log n_nodes), memory O(n_nodes²), except "greedy" and "optimum", which
    search for a covering at every θ.

    References
    ----------
    The table ``ESTIMATORS`` names the source of each.

    Examples
    --------
    >>> import torch
    >>> from featgraph.selfsimilarity import box_number
    >>> F = torch.tensor([[0.0], [1.0], [7.0]])
    >>> box_number(F, torch.tensor([0.5, 1.0, 6.0, 7.0]), estimator="linkage")
    tensor([3., 2., 2., 1.], dtype=torch.float64)
    """
    matrix = as_feature_matrix(features)
    distances = feature_distances(matrix.values.detach())
    theta = theta_grid(distances, n_theta) if theta is None else check_theta(theta, distances)
    if estimator in ("greedy", "optimum"):
        return _covering_counts(matrix, theta, estimator, rng, time_limit)
    return count_boxes(distances, theta, estimator=estimator)


def count_boxes(distances: Tensor, theta: Tensor, *, estimator: EstimatorName) -> Tensor:
    """Return N_θ from the distance matrix: :func:`box_number` for distances already there.

    Parameters
    ----------
    distances : Tensor, shape (n_nodes, n_nodes)
        C, symmetric with zero diagonal.
    theta : Tensor, shape (n_theta,)
        Rising box sizes, inclusive (C ≤ θ).
    estimator : str
        A key of ``ESTIMATORS`` other than "greedy" and "optimum".

    Returns
    -------
    Tensor of float64, shape (n_theta,)
        N_θ, without gradient.

    Raises
    ------
    ValueError
        If the estimator is unknown or needs features, or theta is not rising.

    Notes
    -----
    Time O(n_nodes² log n_nodes), memory O(n_nodes²).

    References
    ----------
    The table ``ESTIMATORS`` names the source of each.

    Examples
    --------
    >>> import torch
    >>> from featgraph.selfsimilarity import count_boxes
    >>> C = torch.tensor([[0.0, 1.0, 7.0], [1.0, 0.0, 6.0], [7.0, 6.0, 0.0]])
    >>> count_boxes(C, torch.tensor([0.5, 1.0, 7.0]), estimator="packing")
    tensor([3., 2., 1.], dtype=torch.float64)
    """
    if estimator in ("greedy", "optimum"):
        raise ValueError(
            f"estimator must not be {estimator!r} here: it covers features; "
            f"call box_number(features, estimator={estimator!r})"
        )
    distances = distances.detach()
    theta = check_theta(theta, distances)
    n_nodes = len(distances)
    if estimator == "midpoint":
        ends = [count_boxes(distances, theta, estimator=one) for one in ("packing", "linkage")]
        return torch.sqrt(ends[0] * ends[1])
    if estimator in ("packing", "linkage"):
        left, right = critical_pairs(distances, estimator)
        steps = sort(distances[left, right])
        return (1 + len(steps) - torch.searchsorted(steps, theta, right=True)).double()
    if estimator == "caro_wei":
        rows = sort(distances)
        grid = theta.expand(n_nodes, -1).contiguous()
        return torch.searchsorted(rows, grid, right=True).double().reciprocal().sum(dim=0)
    if estimator == "soft_caro_wei":
        return soft_caro_wei(distances, theta)
    pairs = sort(pair_values(distances))
    share = torch.searchsorted(pairs, theta, right=True).double() / len(pairs)
    return formula_count(share, n_nodes, estimator)


def _covering_counts(
    matrix: FeatureMatrix, theta: Tensor, estimator: str, rng: int, time_limit: float | None
) -> Tensor:
    """Return the sizes of the best coverings found at each θ."""
    from featgraph.boxes.api import box_counts
    from featgraph.boxes.minimum import heed_interrupt, minimum_box_counts

    sizes = theta.cpu().numpy().astype(np.float64)
    distinct = np.unique(sizes)
    how: dict[str, Any] = {"sizes": distinct, "rng": rng, "progress": False}
    if estimator == "optimum":
        proven = minimum_box_counts(matrix, time_limit=time_limit, **how)
        found = [heed_interrupt(proven).counts]
    else:
        found = [box_counts(matrix, order=order, **how).counts for order in GREEDY_ORDERS]
    # A covering by boxes of some diameter is one for every larger diameter too.
    best = np.minimum.accumulate(np.min(found, axis=0))
    counts = best[np.searchsorted(distinct, sizes)].astype(np.float64)
    return torch.from_numpy(counts).to(theta.device)
