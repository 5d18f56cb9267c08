"""Fuzzy counting: every pair counts by its distance, no boxes are made.

N(ℓ) = n (n − 1) / Σ_{i ≠ j, d_ij ≤ ℓ} exp(−d_ij²/ℓ²). Not a whole number, and e (not 1) where all
pairs are at distance ℓ. Where no pair is within ℓ, and for ℓ = 0, the number of nodes. One search
cut off at the largest size per node serves all sizes together.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.feature_space import FeatureSpace
from featgraph.boxes.metric_space import MetricSpace, WeightedSpace
from featgraph.boxes.threads import map_ranges
from featgraph.boxes.weighted_search import SLACK
from featgraph.kernels import kernel
from featgraph.kernels.search import dijkstra, open_search, widen

__all__ = ["count_sizes", "pass_length"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def pass_length(space: MetricSpace, sizes: list[float]) -> int:
    """Return how many of ``sizes`` one pass answers: all."""
    return len(sizes)


def count_sizes(
    space: MetricSpace,
    sizes: list[float],
    rng: np.random.Generator,
    *,
    note: Callable[[float], None],
) -> Floats:
    """Return N of every size; neither chance nor notes play a part."""
    del rng, note
    scales = np.asarray(sizes, dtype=np.float64)
    sums = np.zeros(scales.size)
    some = scales > 0
    if some.any():
        sums[some] = _sum_pairs(space, scales[some])
    n_nodes = space.n_nodes
    found = np.full(scales.size, float(n_nodes))
    np.divide(n_nodes * (n_nodes - 1), sums, out=found, where=sums > 0)
    return found


def _sum_pairs(space: MetricSpace, scales: Floats) -> Floats:
    if isinstance(space, FeatureSpace):
        dist = space.distances[~np.eye(space.n_nodes, dtype=bool)].astype(np.float64)
        return np.array([np.exp(-((dist[dist <= s] / s) ** 2)).sum() for s in scales])
    if isinstance(space, WeightedSpace):
        return _sum_weighted_pairs(space, scales)
    deepest = int(min(scales[-1], space.diameter_bounds[1]))
    pairs = np.zeros(deepest + 1, dtype=np.int64)
    starts, stops, indices, _ = space.rows(deepest)
    guard = threading.Lock()

    def add(low: int, high: int) -> None:
        own = np.zeros(deepest + 1, dtype=np.int64)
        _count_pairs(starts, stops, indices, deepest, low, high, own)
        with guard:
            np.add(pairs, own, out=pairs)

    map_ranges(add, space.n_nodes)
    d = np.arange(deepest + 1)
    terms = pairs * np.exp(-((d[None] / scales[:, None]) ** 2)) * (d[None] <= scales[:, None])
    total: Floats = terms[:, 1:].sum(axis=1)
    return total


def _sum_weighted_pairs(space: WeightedSpace, scales: Floats) -> Floats:
    args = (space.starts, space.stops, space.indices, space.lengths, scales, scales * SLACK)
    sums = np.zeros((space.n_nodes, scales.size))  # a row per source: the order of adding is fixed
    map_ranges(lambda low, high: _add_pairs(*args, low, high, sums), space.n_nodes)
    total: Floats = sums.sum(axis=0)
    return total


@kernel
def _count_pairs(
    starts: Ints, stops: Ints, indices: Ints, hops: int, low: int, high: int, pairs: Ints
) -> None:
    # pairs[d]: ordered pairs at distance d from the sources low … high - 1.
    n_nodes = starts.size
    seen = np.full(n_nodes, -1, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    for source in range(low, high):
        queue[0] = source
        seen[source] = source
        head, tail, distance = 0, 1, 0
        while head < tail and distance < hops:
            head, tail = tail, widen(starts, stops, indices, source, head, tail, seen, queue)
            distance += 1
            pairs[distance] += tail - head


@kernel
def _add_pairs(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    lengths: Floats,
    sizes: Floats,
    limits: Floats,
    low: int,
    high: int,
    sums: Floats,
) -> None:
    search = open_search(starts.size, indices.size)
    dist, queue = search[0], search[2]
    for source in range(low, high):
        count = dijkstra(starts, stops, indices, lengths, limits[-1], source, *search)
        for k in range(count):
            d = dist[queue[k]]
            dist[queue[k]] = np.inf
            for s in range(sizes.size):
                if k > 0 and d <= limits[s]:
                    sums[source, s] += np.exp(-((d / sizes[s]) ** 2))
