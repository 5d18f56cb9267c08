"""Distances between the feature vectors of a layer (Eq. 8)."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from featgraph._checks import integer
from featgraph.distances._gram import (
    centre,
    full_precision,
    safe_ratio,
    squared_distances,
    working_dtype,
)
from featgraph.distances._values import node_values

__all__ = ["feature_distances"]

# Elements of one row block of the distance matrix: 32 MiB in float32.
BLOCK_ELEMENTS = 1 << 23
# Up to this many subtractions (128 nodes, 64 samples) differences cost no more than a product.
DIRECT_OPERATIONS = 1 << 20


def feature_distances(
    features: Any, *, scaled: bool = True, block_size: int | None = None
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
    values = node_values(features)
    if block_size is None:
        block_size = max(1, BLOCK_ELEMENTS // values.shape[0])
    block_size = integer(block_size, "block_size", least=1)
    values = values.to(working_dtype(values.dtype))
    scale = 1.0 / math.sqrt(values.shape[1]) if scaled else 1.0
    distances: Tensor = _PairwiseDistance.apply(values, scale, block_size)  # type: ignore[no-untyped-call]
    return distances


class _PairwiseDistance(torch.autograd.Function):
    """``scale · ‖F_i − F_j‖`` with the gradient ``rowsum(W) F − W F`` of one matrix product."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, scale: float, block_size: int) -> Tensor:
        n_nodes = values.shape[0]
        if n_nodes * values.numel() <= DIRECT_OPERATIONS:
            distances = torch.cdist(values, values, compute_mode="donot_use_mm_for_euclid_dist")
            distances *= scale
            ctx.save_for_backward(values, distances)
            ctx.scale, ctx.block_size = scale, block_size
            return distances
        with full_precision():
            centred = centre(values)
            norms = torch.linalg.vecdot(centred, centred)
            distances = values.new_empty(n_nodes, n_nodes)
            for start in range(0, n_nodes, block_size):
                stop = min(start + block_size, n_nodes)
                distances[start:stop] = squared_distances(values, centred, norms, start, stop)
            _symmetrise(distances, block_size)
            distances.sqrt_().mul_(scale)
        ctx.save_for_backward(values, distances)
        ctx.scale, ctx.block_size = scale, block_size
        return distances

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        values, distances = ctx.saved_tensors
        return distance_gradient(values, distances, grad, ctx.scale, ctx.block_size), None, None


def _symmetrise(matrix: Tensor, block_size: int) -> None:
    """Copy the upper triangle onto the lower one, block by block, in place."""
    n_nodes = matrix.shape[0]
    for start in range(0, n_nodes, block_size):
        stop = min(start + block_size, n_nodes)
        matrix[stop:, start:stop] = matrix[start:stop, stop:].T
        square = matrix[start:stop, start:stop]
        upper = square.triu(1)
        square.copy_(upper + upper.T)


def distance_gradient(
    values: Tensor, distances: Tensor, grad: Tensor, scale: float, block_size: int
) -> Tensor:
    """Return dL/dF from ``grad`` = dL/dC: ``W_ij = scale² (grad_ij + grad_ji) / C_ij``."""
    result = torch.empty_like(values)
    with full_precision():
        # The product rowsum(W) F − W F cancels for near pairs (W large, F_i − F_j small), so
        # it runs in float64 where such pairs exist.
        centred = centre(values)
        norms = torch.linalg.vecdot(centred, centred)
        nearest = (distances + torch.diag(distances.new_full((len(distances),), torch.inf))).min()
        if float(nearest / scale) ** 2 < 2.0 * safe_ratio(values.dtype) * float(norms.max()):
            centred = centred.double()
        for start in range(0, values.shape[0], block_size):
            rows = slice(start, min(start + block_size, values.shape[0]))
            weights = grad[rows] + grad[:, rows].T
            weights = torch.where(distances[rows] > 0, weights / distances[rows], 0.0)
            weights = (weights * scale**2).to(centred.dtype)
            step = weights.sum(dim=1, keepdim=True) * centred[rows]
            result[rows] = torch.addmm(step, weights, centred, alpha=-1.0).to(values.dtype)
    return result
