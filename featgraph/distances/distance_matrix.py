"""DistanceMatrix: the distances of a layer with what its features would still be needed for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
import torch

from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.distances._moments import NodeMoments
from featgraph.distances.pairwise import feature_distances
from featgraph.features.feature_matrix import Array, FeatureMatrix, as_feature_matrix

__all__ = ["DistanceMatrix", "Features", "as_distance_matrix"]


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

    def _columns(self) -> Mapping[str, Any]:
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
