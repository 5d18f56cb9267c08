"""Critical distances: the θ at which the count of packing or linkage steps, and their pairs."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["CriticalEstimator", "critical_pairs"]

CriticalEstimator = Literal["packing", "linkage"]


def critical_pairs(distances: Tensor, estimator: CriticalEstimator) -> tuple[Tensor, Tensor]:
    """Return the node pairs (i_k, j_k) at whose distance the count steps, largest first."""
    if estimator == "packing":
        left, right = _farthest_first(distances)
    else:
        left, right = _linkage_pairs(distances)
    return left, right


def _farthest_first(distances: Tensor) -> tuple[Tensor, Tensor]:
    """Return (inserted, nearest earlier) of the farthest-point permutation, O(D²)."""
    distances = distances.detach()
    n_nodes = distances.shape[0]
    # Starting from an end of the widest pair makes the result independent of the node order.
    start = torch.div(distances.argmax(), n_nodes, rounding_mode="floor")
    gap = distances[start].clone()
    owner = start.expand(n_nodes).clone()
    gap[start] = -1.0
    inserted, nearest = [], []
    for _ in range(n_nodes - 1):
        node = gap.argmax()
        inserted.append(node)
        nearest.append(owner[node])
        row = distances[node]
        closer = row < gap
        gap = torch.where(closer, row, gap)
        owner = torch.where(closer, node, owner)
        gap[node] = -1.0
    return torch.stack(inserted), torch.stack(nearest)


def _linkage_pairs(distances: Tensor) -> tuple[Tensor, Tensor]:
    """Return the widest pair of each complete-linkage merge, highest merge first, O(D²)."""
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    matrix = distances.detach().cpu().double().numpy()
    merges = linkage(squareform(matrix, checks=False), method="complete")
    n_nodes = matrix.shape[0]
    members: list[NDArray[np.int64]] = [np.array([node]) for node in range(n_nodes)]
    pairs = np.empty((n_nodes - 1, 2), dtype=np.int64)
    for step, (first, second) in enumerate(merges[:, :2].astype(np.int64)):
        left, right = members[first], members[second]
        # Every pair of nodes is parted by exactly one merge: O(D²) over all steps.
        place = int(matrix[np.ix_(left, right)].argmax())
        pairs[step] = left[place // len(right)], right[place % len(right)]
        members.append(np.concatenate([left, right]))
    found = torch.from_numpy(pairs[::-1].copy()).to(distances.device)
    return found[:, 0], found[:, 1]
