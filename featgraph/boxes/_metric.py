"""Features at the front door: recognised without importing torch, turned into distances."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from featgraph.boxes._world import MetricWorld

__all__ = ["open_metric_world"]


def open_metric_world(data: Any) -> tuple[MetricWorld, str | None] | None:
    """Return the world of features' distances and the layer's name, or None for a graph."""
    torch = sys.modules.get("torch")  # a tensor exists only where torch was imported
    is_tensor = torch is not None and isinstance(data, torch.Tensor)
    is_features = type(data).__name__ == "FeatureMatrix"
    if not (is_features or is_tensor or isinstance(data, np.ndarray)):
        return None
    from featgraph.distances.pairwise import feature_distances

    matrix = data.values if is_features else data
    distances = feature_distances(matrix).detach().cpu().numpy()
    return MetricWorld(distances), getattr(data, "layer", None) if is_features else None
