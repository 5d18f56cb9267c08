"""The tensor behind whatever a function accepts as features."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["node_values"]


def node_values(features: Any) -> Tensor:
    """Return F as a tensor of shape (n_nodes, n_samples)."""
    if hasattr(features, "values") and isinstance(features.values, Tensor):
        return features.values
    values = torch.as_tensor(features)
    if values.ndim != 2 or values.shape[0] < 2 or values.shape[1] < 1:
        raise ValueError(
            "features must have shape (n_nodes, n_samples) with at least 2 nodes and 1 sample, "
            f"got {tuple(values.shape)}"
        )
    if not bool(torch.isfinite(values).all()):
        raise ValueError("features must be finite, got NaN or infinity")
    return values
