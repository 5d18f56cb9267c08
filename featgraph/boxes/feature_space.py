"""Features as a metric space, without any graph; and the door that tells features from graphs.

Neurons with the same activations are one: nothing is measured or solved for their copies.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.bits import bits_fit
from featgraph.boxes.metric_space import (
    MetricSpace,
    Neighborhoods,
    RawCover,
    is_crowded,
    open_graph_space,
)
from featgraph.boxes.neighborhoods import count_sorted
from featgraph.core.checks import naming, positive
from featgraph.core.resources import check_pairs
from featgraph.kernels import kernel

__all__ = ["DistinctSpace", "FeatureSpace", "holds_features", "open_distinct", "open_space"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

N_THETA = 256  # the source paper's grid
BLOCK_ELEMENTS = 1 << 20  # distances sorted at once


class FeatureSpace(MetricSpace):
    """Distances are a matrix; the box of size θ is a set of points at most θ apart."""

    name = "metric"

    def __init__(self, distances: Floats) -> None:
        self.n_nodes = len(distances)
        self.distances = np.ascontiguousarray(distances)
        self._sorted = np.empty(self.distances.shape)
        order = np.empty(self.distances.shape, dtype=np.int64)
        step = max(1, BLOCK_ELEMENTS // self.n_nodes)  # rows: no third matrix beside these
        for low in range(0, self.n_nodes, step):
            rows = slice(low, low + step)
            others = self.distances[rows].astype(np.float64)
            own = np.arange(len(others))
            others[own, low + own] = np.inf  # a node is not its own neighbour
            order[rows] = np.argsort(others, axis=1, kind="stable")
            self._sorted[rows] = np.take_along_axis(others, order[rows], axis=1)
        self.shortest = float(self._sorted[:, 0].min())  # distance of two nodes
        self.indices = order.ravel()
        self.starts = np.arange(self.n_nodes, dtype=np.int64) * self.n_nodes

    def size(self, size: object) -> float:
        """Return ``size`` checked."""
        return positive(size, "size", zero=True)

    def box_sizes(self, sizes: Iterable[float], kind: str) -> list[float]:
        """Return θ for diameter boxes and θ/2 for radius boxes: those have diameter at most θ."""
        return [size / 2 if kind == "radius" else size for size in sizes]

    def size_grid(self, *, per_node: bool = True) -> list[float]:
        """Return values of θ even in log(1 + θ), from the smallest to the largest distance."""
        shortest, bound = self.shortest, self.diameter_bounds[1]
        grid = np.expm1(np.linspace(np.log1p(shortest), np.log1p(bound), N_THETA))
        grid[0], grid[-1] = shortest, bound  # exact, or the nearest pair would stay apart
        return [float(theta) for theta in np.unique(grid)]

    def rows(self, size: float) -> Neighborhoods:
        """Return, for each node, the part of its sorted row within ``size``."""
        stops = self.starts + count_sorted(self._sorted, size)
        return Neighborhoods(self.starts, stops, self.indices, 1)

    def pairs(self, size: float) -> Neighborhoods:
        """Return the same as ``rows``: the lists are explicit already."""
        return self.rows(size)

    def sorted_pairs(self, size: float) -> tuple[Ints, Ints]:
        """Return (indptr, indices) of all pairs within ``size``, rows rising, from the matrix."""
        indptr = np.zeros(self.n_nodes + 1, dtype=np.int64)
        np.cumsum(count_sorted(self._sorted, size), out=indptr[1:])
        indices = np.empty(indptr[-1] + 1, dtype=np.int64)
        _list_near_pairs(self.distances, size, indices)
        return indptr, indices[:-1]

    def neighbors(self, size: float) -> Neighborhoods:
        """Return the same as ``rows``: there is no graph besides."""
        return self.rows(size)

    def is_dense(self, size: float) -> bool:
        """Tell whether so many pairs are within ``size`` that a matrix is the better table."""
        return is_crowded(self.rows(size), self.n_nodes)

    def prefers_bits(self, size: float, *, same: bool = False) -> bool:
        """Tell whether ``bits`` costs less than going through the lists."""
        return bits_fit(self.n_nodes, same=same) and self.is_dense(size)

    @property
    def arrays(self) -> list[NDArray[Any]]:
        """The matrix."""
        return [self.distances]

    @cached_property
    def diameter_bounds(self) -> tuple[Ints, float]:
        """The point whose farthest other is nearest, and the largest distance."""
        if self.n_nodes == 1:
            return np.zeros(1, dtype=np.int64), 0.0
        farthest = self._sorted[:, -2]
        return np.array([int(farthest.argmin())]), float(farthest.max())

    @cached_property
    def mean_distances(self) -> Floats:
        """Mean distance of each node to the others."""
        return np.asarray(self._sorted[:, :-1].mean(axis=1), dtype=np.float64)


@kernel
def _list_near_pairs(distances: Floats, size: float, indices: Ints) -> None:
    end = 0
    for u in range(len(distances)):
        for v in range(len(distances)):
            indices[end] = v  # where it stays, or the next one goes: a branch would cost more
            end += (distances[u, v] <= size) & (v != u)


def holds_features(data: object) -> bool:
    """Tell whether data are features: a FeatureMatrix, a tensor or an array.

    Examples
    --------
    >>> holds_features(np.zeros((3, 2))), holds_features([[0.0]])
    (True, False)
    """
    torch = sys.modules.get("torch")  # a tensor exists only where torch was imported
    is_tensor = torch is not None and isinstance(data, torch.Tensor)
    return is_tensor or isinstance(data, np.ndarray) or type(data).__name__ == "FeatureMatrix"


def open_space(
    data: object, weight: str | None, as_undirected: bool
) -> tuple[MetricSpace, dict[str, Any]]:
    """Return the space of a graph or of features, and what a result says of where it comes from.

    A space that is open already comes back as it is.
    """
    if isinstance(data, MetricSpace):
        return data, {}
    if holds_features(data) or type(data).__name__ == "DistanceMatrix":
        return _open_features(data)
    space = open_graph_space(data, weight=weight, as_undirected=as_undirected)
    return space, {"layer": space.graph.layer, "epsilon": space.graph.epsilon}


def _open_features(features: Any) -> tuple[FeatureSpace, dict[str, object]]:
    from featgraph.distances.distance_matrix import as_distance_matrix

    with naming("graph"):  # features stand where covers take a graph
        matrix = as_distance_matrix(features)
    check_pairs(  # in double precision, rows sorted, the order of these
        matrix.n_nodes,
        "sorted distances",
        bytes_per_pair=24,
        remedy="or cover the graph that feature_graph makes of them",
    )
    return FeatureSpace(matrix.values.cpu().numpy()), {"layer": matrix.layer}


class DistinctSpace(NamedTuple):
    """A space in which no two nodes are the same, and what it stands for.

    ``first`` is the first neuron of each node of ``space`` and ``node`` the node of each neuron;
    both are None where all are distinct.
    """

    space: MetricSpace
    about: dict[str, Any]
    first: Ints | None = None
    node: Ints | None = None

    @property
    def n_nodes(self) -> int:
        """Number of neurons, copies included."""
        return self.space.n_nodes if self.node is None else self.node.size

    def spread(self, cover: RawCover) -> RawCover:
        """Return the cover with every neuron in the box of its node."""
        if self.first is None or self.node is None:
            return cover
        centers = None if cover.centers is None else self.first[cover.centers]
        return cover._replace(labels=cover.labels[self.node], centers=centers)


def open_distinct(data: Any, weight: str | None, as_undirected: bool) -> DistinctSpace:
    """Return the space of a graph, or of the distinct neurons of features.

    Distances that are given in place of features stay as they are.

    Examples
    --------
    >>> opened = open_distinct(np.array([[0.0], [2.0], [0.0], [0.0]]), None, False)
    >>> opened.space.n_nodes, opened.n_nodes, opened.node.tolist()
    (2, 4, [0, 1, 0, 0])
    """
    if not holds_features(data):
        return DistinctSpace(*open_space(data, weight, as_undirected))
    from featgraph.core.checks import naming
    from featgraph.features import as_feature_matrix

    with naming("graph"):  # features stand where covers take a graph
        matrix = as_feature_matrix(data)
    values = matrix.values.detach()
    numbers: dict[bytes, int] = {}
    rows = values.cpu().numpy() + 0.0  # no row has a zero of the other sign
    node = np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in rows])
    node[-1] += len(numbers) == 1  # features have two nodes at least
    first = np.unique(node, return_index=True)[1]
    if first.size == node.size:
        return DistinctSpace(*open_space(matrix, weight, as_undirected))
    space, _ = open_space(values[first.tolist()], None, False)
    if isinstance(space, FeatureSpace):
        space.shortest = 0.0  # between copies
    return DistinctSpace(space, {"layer": matrix.layer}, first, node)
