"""Critical distances: the θ at which the counts of packing and linkage step, and their pairs."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from featgraph.distances.distance_matrix import feature_distances
from featgraph.features.feature_matrix import Array, FeatureMatrix

__all__ = ["CriticalEstimator", "critical_distances", "critical_pairs"]

CriticalEstimator = Literal["packing", "linkage"]


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
    order of the nodes. Where distances tie, both constructions have a choice; the first pair
    in node order is taken, the heights are still a valid packing or covering, and the
    gradient is one of several valid ones.

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
    start = int(distances.argmax()) // len(distances)
    farthest_first(distances.contiguous().numpy(), start, pairs[1], pairs[0])
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


def _linkage_pairs(distances: Tensor) -> Tensor:
    """Return the widest pair of each complete-linkage merge, highest first, shape (2, D - 1)."""
    from featgraph.selfsimilarity._step_kernels import complete_linkage

    matrix = distances.cpu().numpy().copy()
    bits = matrix.view(np.int32 if matrix.itemsize == 4 else np.int64)
    np.fill_diagonal(bits, np.iinfo(bits.dtype).max)
    pairs = np.empty((2, len(matrix) - 1), dtype=np.int64)
    complete_linkage(bits, pairs)
    heights = distances.cpu().numpy()[pairs[0], pairs[1]]
    order = heights.argsort(kind="stable")[::-1]
    return torch.from_numpy(pairs[:, order]).to(distances.device)
