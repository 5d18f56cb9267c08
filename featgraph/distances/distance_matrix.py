"""Distances between the feature vectors of a layer (Eq. 8), and DistanceMatrix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
import torch
from torch import Tensor, distributed
from torch.autograd.function import once_differentiable

from featgraph.core.resources import check_pairs
from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.distances.gram import (
    distance_gradient,
    pair_gradient,
    pairwise_distances,
    working_dtype,
)
from featgraph.features.feature_matrix import Array, FeatureMatrix, as_feature_matrix

__all__ = [
    "DistanceMatrix",
    "Features",
    "NodeMoments",
    "as_distance_matrix",
    "feature_distances",
    "pair_distances",
]


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
    1e-11 in float64, also for nearly equal rows far from the origin, as long as their squares
    are numbers of that precision: between 1e-20 and 1e18 in float32. Smaller distances lose
    digits and become 0. The derivative at distance 0 is taken as 0.

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


def pair_distances(values: Tensor, places: Tensor, heights: Tensor) -> Tensor:
    """Return the distances of some pairs, which are known, with their gradient.

    Parameters
    ----------
    values : Tensor, shape (n_nodes, n_samples)
        F, in main memory.
    places : Tensor of int32 or int64, shape (n_pairs,)
        Flat positions i · D + j in the distance matrix; no pair comes twice.
    heights : Tensor, shape (n_pairs,)
        What ``feature_distances`` has there.

    Returns
    -------
    Tensor, shape (n_pairs,)
        ``heights``; their gradient reaches F without one by all distances, which matters where the
        pairs are few.

    Examples
    --------
    >>> F = torch.tensor([[0.0], [3.0], [7.0]], requires_grad=True)
    >>> pair_distances(F, torch.tensor([2]), torch.tensor([7.0])).sum().backward()
    >>> F.grad.flatten().tolist()
    [-1.0, 0.0, 1.0]
    """
    values = values.to(working_dtype(values.dtype))
    found: Tensor = _PairDistance.apply(values, places, heights)  # type: ignore[no-untyped-call]
    return found


class _PairDistance(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, places: Tensor, heights: Tensor) -> Tensor:
        ctx.save_for_backward(values, places, heights)
        return heights.detach()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        values, places, heights = ctx.saved_tensors
        scale = 1.0 / math.sqrt(values.shape[1])
        return pair_gradient(values, places, heights, grad, scale), None, None


@dataclass
class NodeMoments:
    """What is known of each row after ``n_samples`` columns; tensors have shape (n_nodes,)."""

    n_samples: int
    mean: Tensor
    squares: Tensor  # sum of squared deviations from the mean
    lowest: Tensor
    highest: Tensor

    @classmethod
    def of(cls, values: Tensor) -> NodeMoments:
        """Return the moments of the rows of ``values``, in float64."""
        wide = values.double()
        mean = wide.mean(dim=1)
        squares = (wide - mean[:, None]).square_().sum(dim=1)
        return cls(values.shape[1], mean, squares, *wide.aminmax(dim=1))

    @property
    def deviation(self) -> Tensor:
        """Population standard deviation of each node."""
        return (self.squares / self.n_samples).sqrt()

    @property
    def is_silent(self) -> Tensor:
        """Whether a node has one value for all samples."""
        return self.lowest == self.highest

    def add(self, other: NodeMoments) -> None:
        """Add other samples of the same nodes (Chan, Golub & LeVeque 1983, Eq. 2.1)."""
        total = self.n_samples + other.n_samples
        gap = other.mean - self.mean
        self.squares += other.squares + gap.square() * (self.n_samples * other.n_samples / total)
        self.mean += gap * (other.n_samples / total)
        self.lowest = torch.minimum(self.lowest, other.lowest)
        self.highest = torch.maximum(self.highest, other.highest)
        self.n_samples = total

    def all_reduce(self, n_samples: int) -> None:
        """Replace by the moments of all processes, which have ``n_samples`` samples together."""
        mean = self.mean * (self.n_samples / n_samples)
        distributed.all_reduce(mean)
        self.squares += (self.mean - mean).square() * self.n_samples
        distributed.all_reduce(self.squares)
        distributed.all_reduce(self.lowest, op=distributed.ReduceOp.MIN)
        distributed.all_reduce(self.highest, op=distributed.ReduceOp.MAX)
        self.mean, self.n_samples = mean, n_samples


@dataclass(frozen=True, repr=False, eq=False)
class DistanceMatrix(Result):
    """Distances C of the nodes of one layer; takes the place of features too large to keep.

    Attributes
    ----------
    values : Tensor of float32 or float64, shape (n_nodes, n_nodes)
        C, per sample (Eq. 8): symmetric, the diagonal 0.
    n_samples : int
        Number of samples B behind the distances.
    mean, deviation : Tensor of float64, shape (n_nodes,)
        Mean and population standard deviation of each node's activation over the samples.
    is_silent : Tensor of bool, shape (n_nodes,)
        Nodes whose activation is the same for every sample.
    layer, reduce, source : str or None, default=None
        As in ``FeatureMatrix``.

    Examples
    --------
    >>> as_distance_matrix(torch.tensor([[0.0, 0.0], [3.0, 3.0]]))
    DistanceMatrix(n_nodes=2, n_samples=2, dtype=float32)
    """

    _shown: ClassVar = ("n_nodes", "n_samples", "dtype", "layer", "reduce", "source")
    _picture: ClassVar = "plot_mds"
    _rules: ClassVar = {
        "mean": Rule("n_nodes", finite=True),
        "deviation": Rule("n_nodes", least=0, finite=True),
        "is_silent": Rule("n_nodes"),
        "n_samples": Rule(least=1),
        "values": Rule("n_nodes n_nodes", least=0, finite=True),
    }

    values: torch.Tensor
    n_samples: int
    mean: torch.Tensor
    deviation: torch.Tensor
    is_silent: torch.Tensor
    layer: str | None = None
    reduce: str | None = None
    source: str | None = None

    def _check(self, *, tensors: bool = False) -> dict[str, int]:
        for name in ("values", "mean", "deviation"):
            if (dtype := getattr(self, name).dtype) not in (torch.float32, torch.float64):
                raise ValueError(f"{name} must be of float32 or float64, got {dtype}")
        if self.is_silent.dtype != torch.bool:
            raise ValueError(f"is_silent must be of bool, got {self.is_silent.dtype}")
        if tensors and ((self.values != self.values.T).any() or self.values.diagonal().any()):
            raise ValueError("values must be symmetric, with a diagonal of 0")
        return super()._check(tensors=tensors)

    @property
    def n_nodes(self) -> int:
        """Number of nodes D."""
        return len(self.values)

    def _columns(self) -> Mapping[str, object]:
        return {
            "node": np.arange(self.n_nodes),
            "mean": self.mean.numpy(force=True),
            "deviation": self.deviation.numpy(force=True),
            "silent": self.is_silent.numpy(force=True),
        }

    @property
    def dtype(self) -> torch.dtype:
        """float32 or float64."""
        return self.values.dtype


Features: TypeAlias = "FeatureMatrix | DistanceMatrix | Array"


def as_distance_matrix(features: Features) -> DistanceMatrix:
    """Return the distances of a layer, computed from its features unless they are there.

    Parameters
    ----------
    features : FeatureMatrix, DistanceMatrix, Tensor or ndarray
        F of shape (n_nodes, n_samples), or distances, which are returned as they are.

    Returns
    -------
    DistanceMatrix
        Without gradient; of the precision and on the device of F.

    Raises
    ------
    TypeError, ValueError
        As ``as_feature_matrix``.

    Notes
    -----
    Cost of ``feature_distances``.

    Examples
    --------
    >>> C = as_distance_matrix(torch.tensor([[0.0, 2.0], [3.0, 3.0]]))
    >>> C.mean.tolist(), C.deviation.tolist(), C.is_silent.tolist()
    ([1.0, 3.0], [1.0, 0.0], [False, True])
    >>> as_distance_matrix(C) is C
    True
    """
    if isinstance(features, DistanceMatrix):
        return features
    matrix = as_feature_matrix(features)
    values = matrix.values.detach()
    moments = NodeMoments.of(values)
    distances = feature_distances(values)
    if not distances.isfinite().all():
        raise ValueError(
            f"features must have distances that {distances.dtype} can hold, got inf: scale the "
            "features, or give them in float64"
        )
    return DistanceMatrix(
        values=distances,
        n_samples=matrix.n_samples,
        mean=moments.mean,
        deviation=moments.deviation,
        is_silent=moments.is_silent,
        layer=matrix.layer,
        reduce=matrix.reduce,
        source=matrix.source,
    )
