"""What the test of self-similarity looks at: distances of different nodes, and null models."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.sparse.csgraph import shortest_path

from featgraph.core.checks import naming
from featgraph.core.resources import check_pairs
from featgraph.distances.distance_matrix import (
    DistanceMatrix,
    as_distance_matrix,
    feature_distances,
)
from featgraph.features.feature_matrix import Array, FeatureMatrix, as_feature_matrix
from featgraph.features.null import Null, draw_nulls
from featgraph.graph.convert import as_feature_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.nulls import rewire_graph
from featgraph.selfsimilarity.grid import check_spread, distance_range
from featgraph.selfsimilarity.null_scores import embed_distances

__all__ = ["SHAPES", "Cloud", "open_cloud"]

#: A piece of a line, plane or space: the variances of its axes differ by less than EVEN, those of
#: all other axes are smaller by GAP, and together less than REST of all.
EVEN, GAP, REST = 10.0, 100.0, 0.02
SHAPES = ("line", "plane", "space")


class Cloud(NamedTuple):
    """Distances of different nodes, and what draws those of null models, by name."""

    distances: torch.Tensor
    nulls: Mapping[str, Callable[[np.random.Generator], Iterator[torch.Tensor]]]
    n_axes: int | None
    n_nodes: int
    layer: str | None


def open_cloud(data: Any) -> Cloud:
    """Return what is to be looked at of features, distances or a graph."""
    if isinstance(data, DistanceMatrix | FeatureMatrix | torch.Tensor | np.ndarray):
        return _open_features(data)
    with naming("features"):
        return _open_graph(as_feature_graph(data, weight="ignore"))


def _open_features(features: FeatureMatrix | DistanceMatrix | Array) -> Cloud:
    matrix = as_distance_matrix(features)
    distances = matrix.values.detach().double().cpu()
    check_spread(*distance_range(distances))
    is_copy = (distances == 0).tril(-1).any(dim=1)
    layer = features if not isinstance(features, DistanceMatrix) else embed_distances(features)
    cloud = FeatureMatrix(as_feature_matrix(layer).values.detach().double().cpu()[~is_copy])

    def draw(rng: np.random.Generator, null: Null) -> Iterator[torch.Tensor]:
        return map(feature_distances, draw_nulls(cloud, null=null, rng=rng))

    n_axes = _count_axes(cloud.values)
    kept = distances[~is_copy][:, ~is_copy]
    nulls = {name: partial(draw, null=name) for name in ("gaussian", "norms")}
    return Cloud(kept, nulls, n_axes, matrix.n_nodes, matrix.layer)


def _open_graph(graph: FeatureGraph) -> Cloud:
    """Return 1 + hops between the nodes of the largest component; nulls keep the degrees."""
    if not graph.n_edges:
        raise ValueError(f"must have at least one edge as a graph, got {graph.n_nodes} nodes alone")
    whole = graph
    graph = graph.giant_component()
    check_pairs(graph.n_nodes, "hops", bytes_per_pair=24)

    def measure(one: FeatureGraph) -> torch.Tensor:
        hops = shortest_path(one.to_scipy(), unweighted=True, directed=False)
        lengths = torch.from_numpy(hops + 1.0)
        return lengths.fill_diagonal_(0.0)

    def draw(rng: np.random.Generator) -> Iterator[torch.Tensor]:
        while True:
            yield measure(rewire_graph(graph, rng=rng))

    distances = measure(graph)
    check_spread(*distance_range(distances))
    return Cloud(distances, {"degrees": draw}, None, whole.n_nodes, graph.layer)


def _count_axes(values: torch.Tensor) -> int | None:
    """Return 1, 2 or 3 where the nodes fill so many dimensions evenly and hardly any other."""
    powers = torch.linalg.svdvals(values - values.mean(dim=0)).square().numpy()
    powers = np.append(powers / powers.sum(), np.zeros(len(SHAPES) + 1))
    for k in range(1, len(SHAPES) + 1):
        is_even = powers[0] <= EVEN * powers[k - 1]
        if is_even and powers[k] * GAP <= powers[k - 1] and powers[k:].sum() <= REST:
            return k
    return None
