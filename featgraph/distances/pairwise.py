"""Distances between the feature vectors of a layer (Eq. 8)."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from featgraph.core.memory import check_pairs
from featgraph.distances.gram import distance_gradient, pairwise_distances, working_dtype
from featgraph.features.feature_matrix import Array, FeatureMatrix, as_feature_matrix

__all__ = ["feature_distances"]


def feature_distances(
    features: FeatureMatrix | Array, *, scaled: bool = True, block_size: int | None = None
) -> Tensor:
    """Return the distance matrix ``C_ij = ‖F_i − F_j‖₂ / √B`` of the nodes of a layer.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples)
        F: one row per node (neuron or channel), one column per sample. bfloat16 and half
        are computed in float32. A tensor that requires grad gives differentiable distances.
    scaled : bool, default=True
        Divide by √n_samples (Eq. 8). False gives the plain Euclidean distance of Eq. 1.
    block_size : int or None, default=None
        Rows per block; None chooses so that a block holds about 8 million numbers.

    Returns
    -------
    Tensor, shape (n_nodes, n_nodes)
        Symmetric, the diagonal exactly 0, and exactly 0 for equal rows; in the unit of the
        activations. float64 for float64 input, otherwise float32, on the device of the input.

    Raises
    ------
    ValueError
        If F is not a finite matrix of at least 2 nodes and 1 sample, or block_size < 1.

    Notes
    -----
    Distances come from one matrix product of the centred rows; the pairs whose squared
    distance is small against their norms, where that product cancels, are recomputed from
    differences. The relative error of every distance stays below about 1e-5 in float32 and
    1e-11 in float64, also for nearly equal rows far from the origin. The derivative at
    distance 0 is taken as 0.

    Time is O(n_nodes² · n_samples), memory O(n_nodes² + block_size · n_nodes).

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Eq. 8.

    Examples
    --------
    >>> import numpy as np
    >>> from featgraph.distances import feature_distances
    >>> feature_distances(np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 4.0]]), scaled=False)
    tensor([[0., 5., 5.],
            [5., 0., 0.],
            [5., 0., 0.]], dtype=torch.float64)
    """
    values = as_feature_matrix(features).values
    values = values.to(working_dtype(values.dtype))
    if values.device.type == "cpu":
        check_pairs(
            len(values),
            "distances",
            bytes_per_pair=2 * values.element_size(),  # squares and their roots
            remedy="or take feature_graph(features, epsilon=...), which keeps edges only",
        )
    scale = 1.0 / math.sqrt(values.shape[1]) if scaled else 1.0
    distances: Tensor = _PairwiseDistance.apply(values, scale, block_size)  # type: ignore[no-untyped-call]
    return distances


class _PairwiseDistance(torch.autograd.Function):
    """Distances whose gradient is one matrix product, not one difference per pair."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, scale: float, block_size: int | None) -> Tensor:
        distances = pairwise_distances(values, scale, block_size)
        ctx.save_for_backward(values, distances)
        ctx.scale = scale
        return distances

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        values, distances = ctx.saved_tensors
        return distance_gradient(values, distances, grad, ctx.scale), None, None
