"""Fuzzy counting: every pair counts by its distance, no boxes are made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes._opening import open_data
from featgraph.boxes._sizes import check_sizes
from featgraph.boxes.metric_space import FeatureSpace, GraphSpace, MetricSpace
from featgraph.boxes.threads import map_ranges
from featgraph.boxes.weighted_search import fuzzy_weighted
from featgraph.kernels import kernel

__all__ = ["count_fuzzy", "count_sizes", "pass_length"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def count_fuzzy(
    graph: Any,
    sizes: Iterable[float],
    *,
    weight: str | None = None,
    as_undirected: bool = False,
) -> Floats:
    """Count boxes without boxes: 1/N = mean over pairs of exp(−d²/ℓ²) where d ≤ ℓ.

    Parameters
    ----------
    graph : graph, FeatureMatrix, or tensor or array of shape (D, B)
        Whatever ``box_counts`` takes.
    sizes : iterable of float
        Sizes ℓ, inclusive, taken in rising order: whole hops, or any number with ``weight`` or
        on features.
    weight : str, optional
        Name of the edge weights that are distances; default: hops.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.

    Returns
    -------
    ndarray of float64, shape (n_sizes,)
        N(ℓ) = n (n − 1) / Σ_{i ≠ j, d_ij ≤ ℓ} exp(−d_ij²/ℓ²) for each distinct size. Not a
        whole number, and e (not 1) where all pairs are at distance ℓ. Where no pair is within
        ℓ, and for ℓ = 0, the number of nodes.

    Raises
    ------
    ValueError
        If a size is negative, or a fraction of a hop.

    Notes
    -----
    One search cut off at the largest size per node, for all sizes together: O(n_nodes · b)
    time, b the mean number of edges within it; memory O(n_nodes + n_edges).

    References
    ----------
    Zhang, Hu, Lan, Mahadevan & Deng 2014, "Fuzzy fractal dimension of complex networks",
    Applied Soft Computing 25:514.

    Examples
    --------
    >>> import networkx
    >>> count_fuzzy(networkx.complete_graph(5), [0, 1]).round(4).tolist()
    [5.0, 2.7183]
    """
    space, _ = open_data(graph, weight, as_undirected)
    return count_sizes(
        space, check_sizes(space, sizes), np.random.default_rng(0), note=lambda share: None
    )


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
        dist = space.distances[~np.eye(space.n_nodes, dtype=bool)]
        return np.array([np.exp(-((dist[dist <= s] / s) ** 2)).sum() for s in scales])
    if not isinstance(space, GraphSpace):
        raise RuntimeError(f"no fuzzy count for {type(space).__name__}")
    rows = (space.starts, space.stops, space.indices)
    if space.lengths is not None:
        return fuzzy_weighted(*rows, space.lengths, scales)
    deepest = int(min(scales[-1], space.diameter_bounds[1]))
    pairs = np.zeros(deepest + 1, dtype=np.int64)
    guard = threading.Lock()

    def add(low: int, high: int) -> None:
        own = np.zeros(deepest + 1, dtype=np.int64)
        _count_pairs(*rows, deepest, low, high, own)
        with guard:
            np.add(pairs, own, out=pairs)

    map_ranges(add, space.n_nodes)
    d = np.arange(deepest + 1)
    terms = pairs * np.exp(-((d[None] / scales[:, None]) ** 2)) * (d[None] <= scales[:, None])
    total: Floats = terms[:, 1:].sum(axis=1)
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
        head, tail, level_end, distance = 0, 1, 1, 0
        while head < tail and distance < hops:
            while head < level_end:
                u = queue[head]
                head += 1
                for k in range(starts[u], stops[u]):
                    v = indices[k]
                    if seen[v] != source:
                        seen[v] = source
                        queue[tail] = v
                        tail += 1
            distance += 1
            pairs[distance] += tail - level_end
            level_end = tail
