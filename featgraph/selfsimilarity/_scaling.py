"""Statistics of scaling of distances and their null models: slopes, widths, intervals."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
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
from featgraph.graph.convert import open_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.nulls import rewire_graph
from featgraph.selfsimilarity.grid import check_spread, distance_range, pair_values
from featgraph.selfsimilarity.null_scores import embed_distances
from featgraph.selfsimilarity.numbers import critical_pairs

__all__ = [
    "SHAPES",
    "Cloud",
    "Octaves",
    "box_interval",
    "box_slope",
    "find_widest_window",
    "local_slopes",
    "measure_octaves",
    "open_cloud",
    "pair_dimension",
    "pair_interval",
]

#: A piece of a line, plane or space: the variances of its axes differ by less than EVEN, those of
#: all other axes are smaller by GAP, and together less than REST of all.
EVEN, GAP, REST = 10.0, 100.0, 0.02
SHAPES = ("line", "plane", "space")
Floats: TypeAlias = NDArray[np.float64]
#: Box numbers of a window differ by at least three octaves, a factor of 8.
LEAST_OCTAVES = 3
#: A jackknife that keeps this share of the nodes.
KEPT, N_JACKKNIFE = 0.8, 24


class Cloud(NamedTuple):
    """Distances of different nodes, and what draws those of null models, by name."""

    distances: torch.Tensor
    nulls: Mapping[str, Callable[[np.random.Generator], Iterator[torch.Tensor]]]
    n_axes: int | None
    n_nodes: int
    layer: str | None


def open_cloud(data: object) -> Cloud:
    """Return what is to be looked at of features, distances or a graph."""
    if isinstance(data, DistanceMatrix | FeatureMatrix | torch.Tensor | np.ndarray):
        return _open_features(data)
    with naming("features"):
        return _open_graph(open_graph(data).without_weights())


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
    check_pairs(int(np.bincount(graph.components).max()), "hops", bytes_per_pair=24)
    graph = graph.giant_component()

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


class Octaves(NamedTuple):
    """log θ at which packing and linkage fall to 2, 4, 8, … boxes."""

    low: Floats
    high: Floats

    @property
    def middle(self) -> Floats:
        return (self.low + self.high) / 2


def measure_octaves(distances: torch.Tensor, counts: NDArray[np.int64]) -> Octaves:
    """Return log θ at which N falls to each count, by the lower and the upper bound of N."""
    ends = []
    for estimator in ("packing", "linkage"):
        left, right = critical_pairs(distances, estimator)
        heights = np.sort(distances[left, right].numpy())[::-1]
        ends.append(np.log(heights[counts - 1]))
    return Octaves(np.minimum(*ends), np.maximum(*ends))


def find_widest_window(found: Floats, draws: Floats) -> tuple[float, int, int]:
    """Return the p-value and the ends of the window that is widest in standard deviations."""
    last = len(found) - 1
    windows = [(a, b) for a in range(last) for b in range(a + LEAST_OCTAVES, last + 1)]
    if not windows or not len(draws):
        return math.nan, 0, last
    every = np.vstack([found, draws])
    widths = np.array([every[:, a] - every[:, b] for a, b in windows])
    spread = widths.std(axis=1, keepdims=True)
    scores = (widths - widths.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
    largest = scores.max(axis=0)
    first, last = windows[int(scores[:, 0].argmax())]
    return float(np.mean(largest >= largest[0])), first, last


def local_slopes(levels: Floats) -> Floats:
    """Return the dimension between neighbouring octaves."""
    with np.errstate(divide="ignore"):
        slopes: Floats = math.log(2) / -np.diff(levels)
    return slopes


def box_slope(levels: Floats, counts: NDArray[np.int64], window: slice) -> float:
    """Return minus the slope of log N on log θ, by least squares over the window."""
    x = levels[window]
    if len(x) < 2 or not np.ptp(x) > 0:
        return math.nan
    return float(-np.polyfit(x, np.log(counts[window]), 1)[0])


def box_interval(found: Octaves, counts: NDArray[np.int64], window: slice) -> tuple[float, float]:
    """Return the smallest and largest slope of packing, linkage and their middle."""
    ends = [box_slope(one, counts, window) for one in (found.low, found.high, found.middle)]
    return min(ends), max(ends)


def pair_dimension(distances: torch.Tensor, levels: Floats) -> float:
    """Return the slope of log(pairs within θ) on log θ, at equal steps over the small scales.

    From half of the nodes to 16 boxes, to 8 where there are fewer octaves.
    """
    pairs = np.sort(pair_values(distances).numpy())
    x = np.linspace(levels[-1], levels[max(0, min(3, len(levels) - 3))], 17)
    within = np.searchsorted(pairs, np.exp(x) * (1 + 1e-12), side="right")
    if within[0] == 0 or not x[-1] > x[0]:
        return math.nan
    return float(np.polyfit(x, np.log(within), 1)[0])


def pair_interval(
    distances: torch.Tensor, levels: Floats, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the dimension by pairs less and plus two standard errors of a jackknife."""
    n_nodes = len(distances)
    value = pair_dimension(distances, levels)
    values = []
    for _ in range(N_JACKKNIFE):
        kept = torch.from_numpy(rng.permutation(n_nodes)[: max(2, int(KEPT * n_nodes))])
        values.append(pair_dimension(distances[kept][:, kept], levels))
    # Parts of a share f of the nodes vary less than samples anew, by (1 − f) / f.
    error = float(np.std(values, ddof=1)) * math.sqrt(KEPT / (1 - KEPT))
    return value - 2 * error, value + 2 * error
