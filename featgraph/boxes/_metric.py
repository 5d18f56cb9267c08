"""Features at the front door: recognised without importing torch, turned into distances."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from featgraph.boxes._memory import check_memory
from featgraph.boxes._world import MetricWorld

__all__ = ["open_metric_world"]

_REMEDY = "cover the graph that feature_graph makes of them, or take fewer nodes"


def open_metric_world(data: Any) -> tuple[MetricWorld, str | None] | None:
    """Return the world of features' distances and the layer's name, or None for a graph."""
    torch = sys.modules.get("torch")  # a tensor exists only where torch was imported
    is_tensor = torch is not None and isinstance(data, torch.Tensor)
    is_layer = type(data).__name__ in ("FeatureMatrix", "DistanceMatrix")
    if not (is_layer or is_tensor or isinstance(data, np.ndarray)):
        return None
    from featgraph.distances.distance_matrix import as_distance_matrix

    matrix = as_distance_matrix(data)
    # in double precision, their rows sorted, the order of these, and a copy while sorting
    check_memory(
        32 * matrix.n_nodes**2, f"sorted distances of {matrix.n_nodes} nodes", remedy=_REMEDY
    )
    return MetricWorld(matrix.values.cpu().numpy()), matrix.layer
