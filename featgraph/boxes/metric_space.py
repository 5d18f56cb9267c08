"""What a box-covering kernel walks on: rows of neighbours and a number of hops.

Every algorithm needs only the relation "d(u, v) ≤ size". A kernel gets rows of neighbours
(``indices[starts[v]:stops[v]]``) and walks at most ``hops`` steps along them:

* hop space: the graph's own rows and ``hops = size``, or lists of all nodes within ``size``
  and one hop;
* weighted space: lists of all nodes within ``size`` along weighted paths and one hop;
* metric space: each node's others sorted by distance, cut at ``size``, and one hop. The lists
  of all sizes share one array, so nothing is built per size.
"""

from __future__ import annotations

import threading
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import integer, positive
from featgraph.graph.convert import as_feature_graph
from featgraph.graph.csr_graph import FeatureGraph

__all__ = [
    "GraphSpace",
    "FeatureSpace",
    "Neighborhoods",
    "RawCover",
    "MetricSpace",
    "open_graph_space",
]

Ints = NDArray[np.int64]

DENSE = 0.07  # share of pairs within the size above which boxes are few enough; measured


class Neighborhoods(NamedTuple):
    """Neighbours of node v are ``indices[starts[v]:stops[v]]``; boxes reach ``hops`` steps."""

    starts: Ints
    stops: Ints
    indices: Ints
    hops: int


class RawCover(NamedTuple):
    """What an algorithm found: dense labels, and centres or overlapping boxes if it has them."""

    labels: Ints
    centers: Ints | None = None
    overlaps: tuple[Ints, Ints] | None = None
    lower_bound: int | None = None  # certified, of the smallest number of boxes


class MetricSpace:
    """Distances of one kind; sizes are checked, and answers that need no work are given."""

    name: str
    n_nodes: int
    indices: Ints

    def size(self, size: object) -> float:
        """Return ``size`` checked: a whole number in the hop space, else a float."""
        raise NotImplementedError

    def rows(self, size: float) -> Neighborhoods:
        """Return rows and hops for ``size`` in as little memory as there is."""
        raise NotImplementedError

    def pairs(self, size: float) -> Neighborhoods:
        """Return the explicit lists of all other nodes within ``size``, one hop."""
        raise NotImplementedError

    def is_dense(self, size: float) -> bool:
        """Tell whether so many pairs are within ``size`` that rows of bits are the better table."""
        raise NotImplementedError

    def prefers_bits(self, size: float) -> bool:
        """Tell whether ``bits`` costs less than a search from every node."""
        return self.is_dense(size)

    def bits(self, size: float) -> Ints:
        """Return who is within ``size`` of whom as rows of bits, each node in its own row."""
        from featgraph.boxes.bits import pack_lists

        rows = self.pairs(size)
        return pack_lists(rows.starts, rows.stops, rows.indices)

    def neighbors(self, size: float) -> Neighborhoods:
        """Return the neighbours along edges; features have only those within ``size``."""
        raise NotImplementedError

    def is_complete(self, masses: Ints) -> bool:
        """Tell whether balls of these masses, centres included, are whole components."""
        return bool(np.all(masses == np.bincount(self.components)[self.components]))

    @cached_property
    def components(self) -> Ints:
        """Component of each node, from 0."""
        raise NotImplementedError

    @cached_property
    def diameter_bounds(self) -> tuple[Ints, float]:
        """A middle node of each component, and an upper bound of every component's diameter."""
        raise NotImplementedError

    @cached_property
    def mean_distances(self) -> NDArray[np.float64]:
        """Mean distance of each node to the others of its component; 0 for a lone node."""
        raise NotImplementedError

    def trivial_cover(self, size: float) -> RawCover | None:
        """Return the cover where it needs no work, else None.

        Size 0 separates all nodes (hops); a size beyond every component's diameter, as far as
        a bound from few searches tells, leaves one box per component.
        """
        middles, bound = self.diameter_bounds
        if size >= bound:
            return RawCover(self.components, middles)
        if size == 0 and self.name == "hop":
            nodes = np.arange(self.n_nodes, dtype=np.int64)
            return RawCover(nodes, nodes)
        return None


class GraphSpace(MetricSpace):
    """Distances are hops, or sums of weights, along the edges of a graph."""

    def __init__(self, graph: FeatureGraph, *, weighted: bool) -> None:
        self.graph = graph
        self.name = "weighted" if weighted else "hop"
        self.n_nodes = graph.n_nodes
        self.starts = graph.indptr[:-1]
        self.stops = graph.indptr[1:]
        self.indices = graph.indices
        self.lengths = graph.weights if weighted else None
        self._latest: tuple[float, Neighborhoods] | None = None
        self._spread: dict[int, Ints] = {}  # the latest rows of bits by hops
        self._probes: dict[float, tuple[float, float]] = {}
        self._lock = threading.Lock()
        if self.lengths is not None and self.lengths.size and self.lengths.min() < 0:
            raise ValueError(
                f"weights must be lengths of at least 0, got {self.lengths.min()}; "
                "turn similarities into distances first"
            )

    def size(self, size: object) -> float:
        """Return ``size`` checked."""
        return integer(size, "size") if self.name == "hop" else positive(size, "size", zero=True)

    def rows(self, size: float) -> Neighborhoods:
        """Return the graph's own rows (hops) or the lists of all within ``size`` (weights)."""
        if self.name == "hop":
            return Neighborhoods(self.starts, self.stops, self.indices, int(size))
        return self.pairs(size)

    def neighbors(self, size: float) -> Neighborhoods:
        """Return the graph's own rows."""
        return Neighborhoods(self.starts, self.stops, self.indices, 1)

    def pairs(self, size: float) -> Neighborhoods:
        """Return the lists of all other nodes within ``size``."""
        from featgraph.boxes.neighborhoods import list_near

        with self._lock:  # threads that run repeats of one size share its lists
            if self._latest is None or self._latest[0] != size:
                self._latest = None  # let go of the old lists before the new ones are made
                rows = (self.starts, self.stops, self.indices)
                self._latest = size, Neighborhoods(*list_near(*rows, self.lengths, size), 1)
            return self._latest[1]

    def is_dense(self, size: float) -> bool:
        """Tell whether so many pairs are within ``size`` that rows of bits are the better table."""
        from featgraph.boxes.bits import bits_fit, count_words

        if not bits_fit(self.n_nodes):
            return False
        if self.lengths is None:
            if not self.prefers_bits(size):
                return False
            # greedy covering looks at a ball's edges and nodes, or at bits of about half of all
            # boxes, of which there are some 5 n / (nodes in a ball); measured in nanoseconds
            edges, nodes = self._probe(size)
            return 1.5 * (edges + nodes) > 6 * self.n_nodes / nodes + count_words(self.n_nodes) / 3
        rows = self.pairs(size)
        return float((rows.stops - rows.starts).mean()) > DENSE * self.n_nodes

    def prefers_bits(self, size: float) -> bool:
        """Tell whether ``bits`` costs less than a search from every node."""
        from featgraph.boxes.neighborhoods import prefer_bits

        if self.lengths is not None:
            return self.is_dense(size)
        # most often the bits of somewhat fewer hops are there already, and a ball is looked into
        # several times. What is there may not count: the choice must not depend on threads.
        hops, edges = max(min(int(size), 2), int(size) // 8), 3 * self._probe(size)[0]
        return prefer_bits(self.n_nodes, self.indices.size, hops, edges)

    def ball_edges(self, size: float) -> float:
        """Return about how many edges a search around one node passes."""
        return self._probe(size)[0]

    def _probe(self, size: float) -> tuple[float, float]:
        from featgraph.boxes.neighborhoods import probe_balls

        if size not in self._probes:
            rows = (self.starts, self.stops, self.indices)
            self._probes[size] = probe_balls(*rows, int(size))
        return self._probes[size]

    def bits(self, size: float) -> Ints:
        """Return who is within ``size`` of whom as rows of bits, each node in its own row."""
        from featgraph.boxes.bits import spread_bits

        if self.lengths is not None:
            return super().bits(size)
        rows, hops = (self.starts, self.stops, self.indices), int(size)
        with self._lock:  # threads share the latest rows, and go on from them
            known = max((h for h in self._spread if h <= hops), default=0)
            found = spread_bits(*rows, hops - known, self._spread.get(known))
            self._spread = {hops: found, **dict(list(self._spread.items())[:1])}
            return found

    @cached_property
    def components(self) -> Ints:
        """Component of each node, from 0."""
        return self.graph.components

    @cached_property
    def diameter_bounds(self) -> tuple[Ints, float]:
        """A middle node of each component, and an upper bound of every component's diameter."""
        from featgraph.boxes.neighborhoods import sweep_components

        return sweep_components(
            self.starts, self.stops, self.indices, self.lengths, self.components
        )

    @cached_property
    def mean_distances(self) -> NDArray[np.float64]:
        """Mean distance of each node to the others of its component; 0 for a lone node."""
        from featgraph.boxes.coverage_gain import sum_distances
        from featgraph.boxes.weighted_search import sum_weighted

        rows = (self.starts, self.stops, self.indices)
        if self.lengths is None:
            hops, reached = sum_distances(*rows, deep=self.diameter_bounds[1])
            return np.asarray(hops / np.maximum(reached, 1), dtype=np.float64)
        sums, reached = sum_weighted(*rows, self.lengths)
        return sums / np.maximum(reached, 1)


class FeatureSpace(MetricSpace):
    """Distances are a matrix; the box of size θ is a set of points at most θ apart."""

    name = "metric"

    def __init__(self, distances: NDArray[np.float64]) -> None:
        self.n_nodes = len(distances)
        self.distances = np.ascontiguousarray(distances, dtype=np.float64)
        others = self.distances.copy()
        np.fill_diagonal(others, np.inf)  # a node is not its own neighbour
        order = np.argsort(others, axis=1, kind="stable")
        self._sorted = np.take_along_axis(others, order, axis=1)
        self.indices = order.astype(np.int64, copy=False).ravel()
        self.starts = np.arange(self.n_nodes, dtype=np.int64) * self.n_nodes

    def size(self, size: object) -> float:
        """Return ``size`` checked."""
        return positive(size, "size", zero=True)

    def rows(self, size: float) -> Neighborhoods:
        """Return, for each node, the part of its sorted row within ``size``."""
        from featgraph.boxes.neighborhoods import count_sorted

        return Neighborhoods(
            self.starts, self.starts + count_sorted(self._sorted, size), self.indices, 1
        )

    def neighbors(self, size: float) -> Neighborhoods:
        """Return the same as ``walk``: there is no graph besides."""
        return self.rows(size)

    def is_dense(self, size: float) -> bool:
        """Tell whether so many pairs are within ``size`` that a matrix is the better table."""
        rows = self.rows(size)
        return float((rows.stops - rows.starts).mean()) > DENSE * self.n_nodes

    def prefers_bits(self, size: float) -> bool:
        """Tell whether ``bits`` costs less than going through the lists."""
        from featgraph.boxes.bits import bits_fit

        return bits_fit(self.n_nodes) and self.is_dense(size)

    def pairs(self, size: float) -> Neighborhoods:
        """Return the same as ``walk``: the lists are explicit already."""
        return self.rows(size)

    @property
    def shortest(self) -> float:
        """Smallest distance between two points, TZ of the source paper."""
        return float(self._sorted[:, 0].min())

    @cached_property
    def components(self) -> Ints:
        """All points are in one component: distances between points are finite."""
        return np.zeros(self.n_nodes, dtype=np.int64)

    @cached_property
    def diameter_bounds(self) -> tuple[Ints, float]:
        """The point whose farthest other is nearest, and the largest distance."""
        if self.n_nodes == 1:
            return np.zeros(1, dtype=np.int64), 0.0
        farthest = self._sorted[:, -2]
        return np.array([int(farthest.argmin())]), float(farthest.max())

    @cached_property
    def mean_distances(self) -> NDArray[np.float64]:
        """Mean distance of each node to the others."""
        return np.asarray(self._sorted[:, :-1].mean(axis=1), dtype=np.float64)


def open_graph_space(graph: Any, *, weight: str | None, as_undirected: bool) -> GraphSpace:
    """Return any graph as a space: hops, unless ``weight`` names the edges' lengths."""
    own = as_feature_graph(graph, weight=weight, as_undirected=as_undirected)
    return GraphSpace(own, weighted=weight is not None and weight != "ignore")
