"""The metric space that is covered: hops, weighted paths or features, behind one interface.

Every algorithm needs only the relation "d(u, v) ≤ size". It gets neighbourhoods
(``indices[starts[v]:stops[v]]``) and walks at most ``hops`` steps along them:

* hops: the graph's own rows and ``hops = size``, or lists of all nodes within ``size``;
* weighted paths: lists of all nodes within ``size`` along weighted paths and one hop;
* features: each node's others sorted by distance, cut at ``size``, and one hop. The lists of all
  sizes share one array, so nothing is built per size.
"""

from __future__ import annotations

import threading
import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.bits import bits_fit, pack_lists, spread_bits
from featgraph.boxes.neighborhoods import (
    list_near,
    prefer_bits,
    profile_balls,
    sum_distances,
    sweep_components,
)
from featgraph.boxes.weighted_search import sum_weighted
from featgraph.core.checks import integer, naming, positive
from featgraph.core.package import caller_level
from featgraph.graph.convert import GraphLike, as_feature_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.kernels.bits import count_words

__all__ = [
    "GraphSpace",
    "HopSpace",
    "MetricSpace",
    "Neighborhoods",
    "RawCover",
    "WeightedSpace",
    "is_crowded",
    "open_graph_space",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

DENSE = 0.07  # share of pairs within the size above which boxes are few enough; measured
QUICK = 50_000  # entries of neighbourhoods up to which no kernel is long at work
EVERY_SIZE = 32  # hops: every size up to here, then growing by a sixteenth
N_WEIGHTED = 32  # sizes in even ratios
MOST_LOOKS = 1e11  # edges that the searches of one size may pass: about an hour of one core


class Neighborhoods(NamedTuple):
    """Neighbours of node v are ``indices[starts[v]:stops[v]]``; boxes reach ``hops`` steps."""

    starts: Ints
    stops: Ints
    indices: Ints
    hops: int


class RawCover(NamedTuple):
    """What an algorithm found: labels from 0, centres or overlapping boxes if it has them.

    ``lower_bound`` is one of the smallest number of boxes and ``certified_bound`` as much of it as
    was proven in whole numbers; ``interrupted`` tells that Ctrl-C ended the search.
    """

    labels: Ints
    centers: Ints | None = None
    overlaps: tuple[Ints, Ints] | None = None
    lower_bound: int | None = None
    certified_bound: int | None = None
    interrupted: bool = False

    @property
    def n_boxes(self) -> int:
        """Number of boxes."""
        return int(self.labels.max()) + 1


class MetricSpace(ABC):
    """Distances of one kind: sizes are checked, and covers that need no work are given."""

    name: str
    n_nodes: int
    indices: Ints

    @abstractmethod
    def size(self, size: object) -> float:
        """Return ``size`` checked: a whole number of hops, else a float."""

    def half(self, size: float) -> float:
        """Return the largest radius whose balls are boxes of diameter ``size``."""
        return size / 2

    def box_sizes(self, sizes: Iterable[float], kind: str) -> list[float]:
        """Return the sizes of counts as boxes of a kind take them."""
        del kind
        return list(sizes)

    def check_sizes(self, sizes: Iterable[float]) -> list[float]:
        """Return ``sizes`` checked, rising and distinct."""
        with naming("sizes"):
            checked = sorted({self.size(size) for size in sizes})
        if not checked:
            raise ValueError("sizes must hold at least one size, got none")
        return checked

    @abstractmethod
    def size_grid(self, *, per_node: bool = True) -> list[float]:
        """Return sizes for a caller who named none.

        For methods that look around every node (``per_node``), sizes of large graphs end where
        that would take hours, and a warning says so.
        """

    @abstractmethod
    def rows(self, size: float) -> Neighborhoods:
        """Return neighbourhoods and hops for ``size`` in as little memory as there is."""

    @abstractmethod
    def pairs(self, size: float) -> Neighborhoods:
        """Return the explicit lists of all other nodes within ``size``, one hop."""

    @abstractmethod
    def neighbors(self, size: float) -> Neighborhoods:
        """Return the neighbours along edges; features have only those within ``size``."""

    @abstractmethod
    def is_dense(self, size: float) -> bool:
        """Tell whether so many pairs are within ``size`` that rows of bits are the better table."""

    def prefers_bits(self, size: float, *, same: bool = False) -> bool:
        """Tell whether ``bits`` costs less than a search from every node.

        Callers whose result is the ``same`` without bits let the memory at hand count too.
        """
        return self.is_dense(size)

    def bits(self, size: float) -> Ints:
        """Return who is within ``size`` of whom as rows of bits, each node in its own row."""
        return pack_lists(*self.pairs(size)[:3])

    @property
    def is_quick(self) -> bool:
        """Whether kernels are done so soon that Ctrl-C may wait for them."""
        return self.indices.size <= QUICK

    def search_cost(self, size: float) -> float:
        """Return what a search around one node costs, against one of another size."""
        del size
        return 1.0

    def is_complete(self, masses: Ints) -> bool:
        """Tell whether balls of these masses, centres included, are whole components."""
        return bool(np.all(masses == np.bincount(self.components)[self.components]))

    @property
    @abstractmethod
    def arrays(self) -> list[NDArray[Any]]:
        """The arrays that all distances follow from."""

    @property
    def components(self) -> Ints:
        """Component of each node, from 0; features are one component."""
        return np.zeros(self.n_nodes, dtype=np.int64)

    @property
    @abstractmethod
    def diameter_bounds(self) -> tuple[Ints, float]:
        """A middle node of each component, and an upper bound of every component's diameter."""

    @property
    @abstractmethod
    def mean_distances(self) -> Floats:
        """Mean distance of each node to the others of its component; 0 for a lone node."""

    def trivial_cover(self, size: float) -> RawCover | None:
        """Return the cover where it needs no work, else None.

        Size 0 separates all nodes (hops); a size beyond every component's diameter, as far as
        a bound from few searches tells, leaves one box per component.
        """
        middles, bound = self.diameter_bounds
        if size >= bound:
            return RawCover(self.components, middles)
        return None


class GraphSpace(MetricSpace):
    """Distances along the edges of a graph."""

    def __init__(self, graph: FeatureGraph) -> None:
        self.graph = graph
        self.starts = graph.indptr[:-1]
        self.stops = graph.indptr[1:]
        self.n_nodes = self.starts.size
        self.indices = graph.indices
        self._lengths: Floats | None = None  # of the edges; None: hops
        self._lists: tuple[float, Neighborhoods] | None = None  # the latest, with their size
        self._lock = threading.Lock()

    def neighbors(self, size: float) -> Neighborhoods:
        """Return the graph's own rows."""
        return Neighborhoods(self.starts, self.stops, self.indices, 1)

    def pairs(self, size: float) -> Neighborhoods:
        """Return the lists of all other nodes within ``size``."""
        with self._lock:  # threads that run repeats of one size share its lists
            if self._lists is None or self._lists[0] != size:
                self._lists = None  # let go of the old lists before the new ones are made
                found = list_near(self.starts, self.stops, self.indices, self._lengths, size)
                self._lists = size, Neighborhoods(*found, 1)
            return self._lists[1]

    @property
    def arrays(self) -> list[NDArray[Any]]:
        """The rows, and the lengths of their edges."""
        lengths = [] if self._lengths is None else [self._lengths]
        return [self.graph.indptr, self.indices, *lengths]

    @property
    def components(self) -> Ints:
        """Component of each node, from 0."""
        return self.graph.components

    @cached_property
    def diameter_bounds(self) -> tuple[Ints, float]:
        """A middle node of each component, and an upper bound of every component's diameter."""
        return sweep_components(
            self.starts, self.stops, self.indices, self._lengths, self.components
        )


class HopSpace(GraphSpace):
    """Distances are numbers of edges."""

    name = "hop"

    def __init__(self, graph: FeatureGraph) -> None:
        super().__init__(graph)
        self._bits: dict[int, Ints] = {}  # the latest rows of bits by hops

    def size(self, size: object) -> float:
        """Return ``size`` checked."""
        return integer(size, "size")

    def half(self, size: float) -> float:
        """Return half of ``size``, rounded down."""
        return size // 2

    def size_grid(self, *, per_node: bool = True) -> list[float]:
        """Return 0, 1, …, 32 and then sizes growing by about a sixteenth, up to the diameter."""
        _, bound = self.diameter_bounds
        sizes = [0]
        while sizes[-1] < bound:
            sizes.append(sizes[-1] + max(1, sizes[-1] // 16 if sizes[-1] >= EVERY_SIZE else 1))
        if per_node and not bits_fit(self.n_nodes):
            sizes = self._leave_out_long(sizes)
        return [float(size) for size in sizes]

    def _leave_out_long(self, sizes: list[int]) -> list[int]:
        for place, size in enumerate(sizes):
            n_looks = self.n_nodes * self.probe(size)[0]
            if n_looks > MOST_LOOKS:
                warnings.warn(
                    f"sizes above {sizes[place - 1]} are left out: searches around all "
                    f"{self.n_nodes} nodes would pass {n_looks:.1e} edges at size {size}; name "
                    "sizes to count them, or take 'random_sequential' or 'sketch', which look "
                    "around few nodes",
                    stacklevel=caller_level(),
                )
                return sizes[:place]
        return sizes

    def rows(self, size: float) -> Neighborhoods:
        """Return the graph's own rows and ``size`` hops."""
        return Neighborhoods(self.starts, self.stops, self.indices, int(size))

    def is_dense(self, size: float) -> bool:
        """Tell whether so many pairs are within ``size`` that rows of bits are the better table."""
        if not bits_fit(self.n_nodes) or not self.prefers_bits(size):
            return False
        # greedy covering looks at a ball's edges and nodes, or at bits of about half of all
        # boxes, of which there are some 5 n / (nodes in a ball); measured in nanoseconds
        edges, nodes = self.probe(size)
        return 1.5 * (edges + nodes) > 6 * self.n_nodes / nodes + count_words(self.n_nodes) / 3

    def prefers_bits(self, size: float, *, same: bool = False) -> bool:
        """Tell whether ``bits`` costs less than a search from every node."""
        # most often the bits of somewhat fewer hops are there already, and a ball is looked into
        # several times. What is there may not count: the choice must not depend on threads.
        hops, edges = max(min(int(size), 2), int(size) // 8), 3 * self.probe(size)[0]
        return prefer_bits(self.n_nodes, self.indices.size, hops, edges, same=same)

    def search_cost(self, size: float) -> float:
        """Return about how many edges a search around one node passes, and one more."""
        return 1 + self.probe(size)[0]

    def probe(self, size: float) -> tuple[float, float]:
        """Return about how many edges and nodes a search around one node passes."""
        edges, nodes = self._profile
        place = min(int(size), edges.size - 1)
        return float(edges[place]), float(nodes[place])

    @cached_property
    def _profile(self) -> tuple[Floats, Floats]:
        return profile_balls(self.starts, self.stops, self.indices, self.n_nodes)

    def bits(self, size: float) -> Ints:
        """Return who is within ``size`` of whom as rows of bits, each node in its own row."""
        hops = int(size)
        with self._lock:  # threads share the latest rows, and go on from them
            known = max((h for h in self._bits if h <= hops), default=0)
            found = spread_bits(
                *(self.starts, self.stops, self.indices, hops - known), self._bits.get(known)
            )
            self._bits = {hops: found, **dict(list(self._bits.items())[:1])}
            return found

    @cached_property
    def mean_distances(self) -> Floats:
        """Mean number of hops from each node to the others of its component."""
        rows = (self.starts, self.stops, self.indices)
        hops, reached = sum_distances(*rows, deep=self.diameter_bounds[1])
        return np.asarray(hops / np.maximum(reached, 1), dtype=np.float64)

    def trivial_cover(self, size: float) -> RawCover | None:
        """Return the cover where it needs no work, else None."""
        found = super().trivial_cover(size)
        if found is None and size == 0:
            nodes = np.arange(self.n_nodes, dtype=np.int64)
            return RawCover(nodes, nodes)
        return found


class WeightedSpace(GraphSpace):
    """Distances are sums of weights along the edges."""

    name = "weighted"

    def __init__(self, graph: FeatureGraph, lengths: Floats) -> None:
        super().__init__(graph)
        self.lengths = self._lengths = lengths
        if lengths.size and lengths.min() < 0:
            raise ValueError(
                f"weights must be lengths of at least 0, got {lengths.min()}; "
                "turn similarities into distances first"
            )

    def size(self, size: object) -> float:
        """Return ``size`` checked."""
        return positive(size, "size", zero=True)

    def size_grid(self, *, per_node: bool = True) -> list[float]:
        """Return sizes in even ratios from the shortest edge to the diameter."""
        _, bound = self.diameter_bounds
        above_zero = self.lengths[self.lengths > 0]
        if not above_zero.size or bound == 0:  # no lengths, or ways of length 0 around all of them
            return [1.0]
        return [float(size) for size in np.geomspace(above_zero.min(), bound, N_WEIGHTED)]

    def rows(self, size: float) -> Neighborhoods:
        """Return the lists of all other nodes within ``size``."""
        return self.pairs(size)

    def is_dense(self, size: float) -> bool:
        """Tell whether so many pairs are within ``size`` that rows of bits are the better table."""
        return bits_fit(self.n_nodes) and is_crowded(self.pairs(size), self.n_nodes)

    @cached_property
    def mean_distances(self) -> Floats:
        """Mean weighted distance of each node to the others of its component."""
        sums, reached = sum_weighted(self.starts, self.stops, self.indices, self.lengths)
        return sums / np.maximum(reached, 1)


def is_crowded(lists: Neighborhoods, n_nodes: int) -> bool:
    """Tell whether so many pairs are within the size that boxes are few."""
    return float((lists.stops - lists.starts).mean()) > DENSE * n_nodes


def open_graph_space(graph: GraphLike, *, weight: str | None, as_undirected: bool) -> GraphSpace:
    """Return any graph as a space: hops, or ``weight`` as lengths; an open space as it is."""
    if isinstance(graph, GraphSpace):
        return graph
    if weight is None and isinstance(graph, FeatureGraph):
        return HopSpace(graph)  # undirected and checked already
    own = as_feature_graph(graph, weight=weight, as_undirected=as_undirected)
    if weight in (None, "ignore"):
        return HopSpace(own)
    return WeightedSpace(own, np.empty(0) if own.weights is None else own.weights)
