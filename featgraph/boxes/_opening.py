"""The front door: a graph or the features of a layer as the space that is to be covered."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from featgraph.boxes.memory import check_memory
from featgraph.boxes.metric_space import FeatureSpace, MetricSpace, open_graph_space

__all__ = ["open_data"]

_REMEDY = "cover the graph that feature_graph makes of them, or take fewer nodes"


def open_data(
    data: Any, weight: str | None, as_undirected: bool
) -> tuple[MetricSpace, dict[str, Any]]:
    """Return the space of a graph or of features, and what a result says of where it comes from.

    A space that is open already comes back as it is.
    """
    if isinstance(data, MetricSpace):
        return data, {}
    metric = _open_features(data)
    if metric is not None:
        return metric
    space = open_graph_space(data, weight=weight, as_undirected=as_undirected)
    return space, {"layer": space.graph.layer, "epsilon": space.graph.epsilon}


def _open_features(data: Any) -> tuple[FeatureSpace, dict[str, Any]] | None:
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
    return FeatureSpace(matrix.values.cpu().numpy()), {"layer": matrix.layer}
