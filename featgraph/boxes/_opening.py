"""The front door: a graph or the features of a layer as the world that is to be covered."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from featgraph.boxes.memory import check_memory
from featgraph.boxes.metric_space import MetricWorld, World, open_world

__all__ = ["open_data"]

_REMEDY = "cover the graph that feature_graph makes of them, or take fewer nodes"


def open_data(data: Any, weight: str | None, as_undirected: bool) -> tuple[World, dict[str, Any]]:
    """Return the world of a graph or of features, and what a result says of where it comes from.

    A world that is open already comes back as it is.
    """
    if isinstance(data, World):
        return data, {}
    metric = _open_features(data)
    if metric is not None:
        return metric
    world = open_world(data, weight=weight, as_undirected=as_undirected)
    return world, {"layer": world.graph.layer, "epsilon": world.graph.epsilon}


def _open_features(data: Any) -> tuple[MetricWorld, dict[str, Any]] | None:
    # Recognised without importing torch; None for a graph.
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
    return MetricWorld(matrix.values.cpu().numpy()), {"layer": matrix.layer}
