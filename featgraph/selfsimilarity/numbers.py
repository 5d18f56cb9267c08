"""N_θ, the number of boxes of diameter at most θ, by each estimator, and the θ where it steps."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from featgraph.distances.distance_matrix import feature_distances
from featgraph.features.feature_matrix import Array, FeatureMatrix, as_feature_matrix
from featgraph.selfsimilarity.estimators import EstimatorName
from featgraph.selfsimilarity.grid import check_theta, pair_values, sort, theta_grid
from featgraph.selfsimilarity.soft import soft_caro_wei

__all__ = [
    "CriticalEstimator",
    "box_number",
    "count_boxes",
    "critical_distances",
    "critical_pairs",
    "formula_count",
    "formula_slope",
    "linkage_heights",
]

CriticalEstimator = Literal["packing", "linkage"]
GREEDY_ORDERS = ("degree", "smallest_last", "dsatur", "random")


def formula_count(share: Tensor, n_nodes: int, estimator: str) -> Tensor:
    """Return N from the share p of pairs within θ.

    Parameters
    ----------
    share : Tensor
        p in [0, 1].
    n_nodes : int
        D, at least 2.
    estimator : {"paper", "released"}
        ``1 + (D − 1) log_D(D + (1 − D) p)``, or ``D − (D − 1) log_D(1 + (D − 1) p)``.

    Returns
    -------
    Tensor, shape of share
        N, from D at p = 0 to 1 at p = 1.

    Notes
    -----
    The two are mirror images: ``released(p) = D + 1 − paper(1 − p)``.

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Eq. 9, and the code released with it.

    Examples
    --------
    >>> formula_count(torch.tensor([0.0, 0.2, 1.0]), 16, "released")
    tensor([16.0000,  8.5000,  1.0000])
    """
    spread = n_nodes - 1
    width = spread / math.log(n_nodes)
    if estimator == "paper":
        return 1 + width * torch.log(n_nodes - spread * share)
    return n_nodes - width * torch.log1p(spread * share)


def formula_slope(share: Tensor, n_nodes: int, estimator: str) -> Tensor:
    """Return dN/dp of :func:`formula_count`.

    Parameters
    ----------
    share, n_nodes, estimator
        As in :func:`formula_count`.

    Returns
    -------
    Tensor, shape of share
        Derivative, negative.

    Examples
    --------
    >>> p = torch.tensor(0.3, requires_grad=True)
    >>> formula_count(p, 16, "paper").backward()
    >>> torch.isclose(formula_slope(p.detach(), 16, "paper"), p.grad).item()
    True
    """
    spread = n_nodes - 1
    width = spread / math.log(n_nodes)
    if estimator == "paper":
        return -width * spread / (n_nodes - spread * share)
    return -width * spread / (1 + spread * share)


def critical_distances(
    features: FeatureMatrix | Array, *, estimator: CriticalEstimator = "linkage"
) -> Tensor:
    """Return the D − 1 box sizes at which N_θ falls by one: ``N_θ = 1 + #{k : h_k > θ}``.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples)
        F of one layer.
    estimator : {"packing", "linkage"}, default="linkage"
        "packing": distances at which the farthest-point permutation inserts nodes.
        "linkage": heights of the merges of complete linkage.

    Returns
    -------
    Tensor, shape (n_nodes - 1,)
        h_k, falling, in the unit of C; each is the distance of one pair of nodes and carries
        its gradient. The first is the largest distance TV, the last the smallest TZ.

    Raises
    ------
    ValueError
        If the estimator is unknown or F is not a finite matrix of at least 2 nodes.

    Notes
    -----
    See :func:`critical_pairs`, also for ties and cost.

    Examples
    --------
    >>> import torch
    >>> from featgraph.selfsimilarity import critical_distances
    >>> F = torch.tensor([[0.0], [1.0], [4.0], [6.0]])
    >>> critical_distances(F, estimator="packing")
    tensor([6., 2., 1.])
    >>> critical_distances(F, estimator="linkage")
    tensor([6., 2., 1.])
    """
    distances = feature_distances(features)
    left, right = critical_pairs(distances, estimator)
    return distances[left, right].sort(descending=True).values


def critical_pairs(distances: Tensor, estimator: CriticalEstimator) -> tuple[Tensor, Tensor]:
    """Return the pairs of nodes at whose distance the count steps, largest distance first.

    Parameters
    ----------
    distances : Tensor, shape (n_nodes, n_nodes)
        C, symmetric with zero diagonal.
    estimator : {"packing", "linkage"}
        As in :func:`critical_distances`.

    Returns
    -------
    left, right : Tensor of int64, shape (n_nodes - 1,)
        Node indices i_k < j_k with h_k = C[i_k, j_k]. No pair comes twice.

    Raises
    ------
    ValueError
        If the estimator is unknown.

    Notes
    -----
    The permutation starts at an end of the widest pair, so the counts do not depend on the
    order of the nodes. Where distances tie, both constructions have a choice; the heights are
    still a valid packing or covering, and the gradient is one of several valid ones.

    Time and memory O(n_nodes²). "packing" runs where the distances are; "linkage" in main
    memory.

    References
    ----------
    Gonzalez 1985, doi:10.1016/0304-3975(85)90224-5 (packing). Defays 1977,
    doi:10.1093/comjnl/20.4.364; Müllner 2011, arXiv:1109.2378 (linkage).

    Examples
    --------
    >>> import torch
    >>> C = torch.tensor([[0.0, 1.0, 7.0], [1.0, 0.0, 6.0], [7.0, 6.0, 0.0]])
    >>> critical_pairs(C, "linkage")
    (tensor([0, 0]), tensor([2, 1]))
    """
    distances = distances.detach()
    if estimator == "linkage":
        pairs = _linkage_pairs(distances)
    elif distances.device.type == "cpu":
        pairs = _farthest_first(distances)
    else:
        pairs = _farthest_first_on_device(distances)
    left, right = pairs.sort(dim=0).values
    return left, right


def _farthest_first(distances: Tensor) -> Tensor:
    """Return (nearest earlier, inserted) of the farthest-point permutation, shape (2, D - 1)."""
    from featgraph.selfsimilarity._kernels import farthest_first

    pairs = np.empty((2, len(distances) - 1), dtype=np.int64)
    matrix = distances.contiguous().numpy()
    farthest_first(matrix, int(matrix.argmax()) // len(matrix), pairs[1], pairs[0])
    return torch.from_numpy(pairs)


def _farthest_first_on_device(distances: Tensor) -> Tensor:
    """Return the same as :func:`_farthest_first` without a transfer to main memory."""
    start = distances.argmax() // len(distances)
    gap = distances[start].clone()
    owner = start.expand_as(gap).clone()
    gap[start] = -1.0
    inserted, nearest = [], []
    for _ in range(len(distances) - 1):
        node = gap.argmax()
        inserted.append(node)
        nearest.append(owner[node])
        row = distances[node]
        closer = row < gap
        gap = torch.where(closer, row, gap)
        owner = torch.where(closer, node, owner)
        gap[node] = -1.0
    return torch.stack([torch.stack(nearest), torch.stack(inserted)])


def linkage_heights(distances: Tensor) -> Tensor:
    """Return the heights of complete linkage, rising, without the pairs that are so far apart."""
    return torch.from_numpy(np.sort(_link(distances)[0])).to(distances.device)


def _linkage_pairs(distances: Tensor) -> Tensor:
    """Return the widest pair of each complete-linkage merge, highest first, shape (2, D - 1)."""
    from featgraph.selfsimilarity._kernels import widest_pairs

    heights, merges = _link(distances)
    pairs = np.zeros_like(merges)
    widest_pairs(distances.contiguous().cpu().numpy(), heights, merges, pairs)
    order = heights.argsort(kind="stable")[::-1]
    return torch.from_numpy(pairs[:, order]).to(distances.device)


def _link(distances: Tensor) -> tuple[NDArray[Any], NDArray[np.int64]]:
    from featgraph.selfsimilarity._kernels import complete_linkage

    matrix = distances.contiguous().cpu().numpy() + 0  # a copy, in which -0 is 0
    bits = matrix.view(np.int32 if matrix.itemsize == 4 else np.int64)
    np.fill_diagonal(bits, np.iinfo(bits.dtype).max)
    heights = np.empty(len(matrix) - 1, dtype=matrix.dtype)
    merges = np.empty((2, len(heights)), dtype=np.int64)
    complete_linkage(bits, heights.view(bits.dtype), merges)
    return heights, merges


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
