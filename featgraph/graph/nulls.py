"""References of a graph: others of the same degrees, random or like a lattice, and their paths."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from featgraph.core.progress import progress_bar
from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.core.values import RandomState, as_rng
from featgraph.graph.clustering import clustering_of, hops_of
from featgraph.graph.convert import takes_any_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.kernels.bits import pack_neighbors, rows_of_bits_pay

__all__ = [
    "MANY_EDGES",
    "OF_MANY",
    "ReferenceKind",
    "References",
    "divide_known",
    "divide_sigma",
    "draw_references",
    "find_interval",
    "measure_sigma",
    "rewire_graph",
]

ReferenceKind = Literal["random", "lattice"]

#: Swaps made per edge of a random reference. Measured on scale-free, small-world, ring-like and
#: tree-like graphs: after three the edges shared with the graph and the clustering are those of
#: ten times as many swaps.
RANDOM_SWAPS = 5.0
#: Attempted swaps per edge of a lattice: most would lengthen edges and are refused, and twice as
#: many raise the clustering by less than a tenth.
LATTICE_TRIES = 200.0
_CHUNK = 1 << 12  # draws held at once: 96 KiB
#: Draws in a chunk of a connected random reference: a sixteenth of all entries leaves 3 of 4 edges
#: alone (measured: 8 to 32 are about as good). Few entries are searched as fast.
_SHARE, _LEAST_ENTRIES = 16, 1 << 12


@takes_any_graph()
def rewire_graph(
    graph: FeatureGraph,
    *,
    kind: ReferenceKind = "random",
    swaps_per_edge: float | None = None,
    connected: bool = True,
    rng: RandomState = None,
) -> FeatureGraph:
    """Return a reference of ``graph``: every node keeps its degree, edges are swapped.

    A swap turns the edges a–b and c–d into a–d and c–b; swaps that would make a self-loop or a
    doubled edge are refused.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph. Weights and attributes do not come along, labels do.
    kind : {"random", "lattice"}, default="random"
        "random": all swaps. "lattice": nodes stand on a ring in random order, and a swap must
        not lengthen the two edges on it, so neighbours end up near each other and clustered.
    swaps_per_edge : float, optional
        Attempted swaps per edge; default: 200 for "lattice", and for "random" as many as make
        five swaps per edge (in graphs of more than half of all pairs, per pair not joined).
    connected : bool, default=True
        Keep a connected graph connected: a swap that takes the graph apart is undone. A graph
        of several components is rewired without this.
    rng : Generator, int or None, default=None
        Source of the swaps.

    Returns
    -------
    FeatureGraph
        Unweighted, same degrees. Where no swap is possible (complete graphs, stars, no two
        edges) it is ``graph`` again.

    Raises
    ------
    ValueError
        If ``kind`` is unknown or ``swaps_per_edge`` is not above 0.

    Notes
    -----
    After three swaps per edge the edges shared with the graph and the clustering are those of
    thirty, measured on scale-free, small-world, ring- and tree-like graphs. Where more than half
    of all pairs are joined, pairs that are not are swapped: the complement, whose degrees are
    as fixed.

    Time O(swaps_per_edge · n_edges) look-ups, each as long as the smaller of two degrees; dense
    graphs (mean degree above n_nodes / 63) use rows of bits and are as fast at any density. If
    ``connected``, a swap of a lattice also searches from both ends until they meet: some √n_nodes
    look-ups, up to n_edges in trees. Swaps of a random reference are drawn n_edges / 8 at a time:
    edges that none of these may touch are searched once and join nearly all nodes, so that few
    swaps need a search (trees apart). Memory O(n_nodes + n_edges). 10⁶ edges take about 5 s, a
    lattice 80.

    References
    ----------
    Maslov & Sneppen 2002, Science 296:910, doi:10.1126/science.1065103 (swaps); Sporns & Zwi
    2004, Neuroinformatics 2:145, doi:10.1385/NI:2:2:145 (lattice); Gkantsidis, Mihail & Zegura
    2003, ALENEX (connected).

    Examples
    --------
    >>> ring = FeatureGraph.from_edges([(i, (i + 1) % 8) for i in range(8)])
    >>> other = rewire_graph(ring, rng=0)
    >>> other.degrees.tolist(), other.n_components
    ([2, 2, 2, 2, 2, 2, 2, 2], 1)
    """
    found = EdgeSwapper.start(graph, connected=connected).draw(kind, as_rng(rng), swaps_per_edge)
    tails = np.repeat(found.nodes, np.diff(found.indptr))
    heads = found.nodes[found.indices]
    heads = heads[np.lexsort((heads, tails))]
    return replace(graph, indices=heads, weights=None, node_attributes={}, edge_attributes={})


@dataclass(frozen=True)
class Rewired:
    """A reference: CSR arrays, rows not sorted; which node of the graph each node is; swaps."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
    nodes: NDArray[np.int64]
    n_swaps: int


@dataclass(frozen=True)
class EdgeSwapper:
    """What rewirings of one graph share."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
    tails: NDArray[np.int64]
    twins: NDArray[np.int64]
    connected: bool

    @classmethod
    def start(cls, graph: FeatureGraph, *, connected: bool = True) -> EdgeSwapper:
        """Prepare the rewiring of ``graph``."""
        tails = np.repeat(np.arange(graph.n_nodes), graph.degrees)
        # sorted by head, then tail, the k-th entry is the mirror of the k-th in CSR order
        twins = np.lexsort((tails, graph.indices))
        connected = connected and graph.n_components == 1
        return cls(graph.indptr, graph.indices, tails, twins, connected)

    def draw(
        self, kind: str, rng: np.random.Generator, swaps_per_edge: float | None = None
    ) -> Rewired:
        """Rewire a copy; ``swaps_per_edge`` are attempts, by default those that mix."""
        n_nodes = self.indptr.size - 1
        n_ring, nodes, start = 0, np.arange(n_nodes), self
        if kind == "lattice":
            degrees = np.diff(self.indptr)
            # nodes without edges have no place
            nodes = np.concatenate(
                [rng.permutation(np.flatnonzero(degrees)), np.flatnonzero(degrees == 0)]
            )
            n_ring, start = int(np.count_nonzero(degrees)), self._renumber(nodes)
        n_tries = self._count_tries(kind, swaps_per_edge)
        state = rng.integers(1, 1 << 62, size=1)
        if rows_of_bits_pay(n_nodes, self.indices.size):
            indices, n_swaps = start._swap_bits(n_tries, state, n_ring)
        else:
            indices, n_swaps = start._swap_lists(n_tries, state, n_ring)
        return Rewired(start.indptr, indices, nodes, n_swaps)

    def _renumber(self, order: NDArray[np.int64]) -> EdgeSwapper:
        """Return the same graph with node ``order[k]`` as node k."""
        number, moved = np.empty_like(order), np.empty_like(self.twins)
        number[order] = np.arange(order.size)
        entries = np.argsort(number[self.tails], kind="stable")
        moved[entries] = np.arange(entries.size)
        indptr = np.concatenate([[0], np.cumsum(np.diff(self.indptr)[order])])
        indices, twins = number[self.indices[entries]], moved[self.twins[entries]]
        return EdgeSwapper(indptr, indices, number[self.tails[entries]], twins, self.connected)

    def _count_tries(self, kind: str, swaps_per_edge: float | None) -> int:
        n_nodes, n_edges = self.indptr.size - 1, self.indices.size // 2
        if n_edges < 2:
            return 0
        if kind == "lattice":
            return math.ceil((swaps_per_edge or LATTICE_TRIES) * n_edges)
        n_pairs = n_nodes * (n_nodes - 1) // 2
        fewer = min(n_edges, n_pairs - n_edges)  # edges, or pairs that are not joined
        rate = swaps_per_edge or RANDOM_SWAPS / (1 - fewer / n_pairs) ** 2
        return math.ceil(rate * fewer)

    def _swap_lists(
        self, n_tries: int, state: NDArray[np.int64], n_ring: int
    ) -> tuple[NDArray[np.int64], int]:
        from featgraph.graph._swap_kernels import draw_swaps, join_lasting, swap_edges

        indices, twins, n_swaps = self.indices.copy(), self.twins.copy(), 0
        chunk = max(_CHUNK, self.indptr.size)  # each begins with a look at every node
        parts = np.arange(self.indptr.size - 1)
        # random draws name the edges they may take: the others join nearly all nodes
        lasting = self.connected and not n_ring and indices.size >= _LEAST_ENTRIES
        if lasting:
            chunk = indices.size // _SHARE
        for done in range(0, n_tries, chunk):
            draws = np.empty((min(n_tries - done, chunk), 3), dtype=np.int64)
            draw_swaps(state, indices.size, n_ring, draws)
            if lasting:
                parts = join_lasting(self.indptr, indices, twins, draws)
            arrays = self.indptr, indices, twins, self.tails, draws
            n_swaps += swap_edges(*arrays, n_ring, self.connected, parts)
        return indices, n_swaps

    def _swap_bits(
        self, n_tries: int, state: NDArray[np.int64], n_ring: int
    ) -> tuple[NDArray[np.int64], int]:
        from featgraph.graph._swap_kernels import list_rows, swap_bits

        bits, degrees = pack_neighbors(self.indptr, self.indices), np.diff(self.indptr)
        # of more than half of all nodes every two sets of neighbours meet
        fragile = self.connected and bool(2 * degrees.min() < degrees.size)
        n_swaps = swap_bits(bits, degrees, n_tries, state, n_ring, fragile)
        indices = np.empty_like(self.indices)
        list_rows(bits, indices)
        return indices, n_swaps


#: C of lattices of the same degrees varies by about a hundredth at thousands of edges and by a
#: thousandth at 100,000, where each takes as long as ten random references.
_MOST_LATTICES, OF_MANY, MANY_EDGES = 5, 2, 100_000
_SOURCES = 1008  # nodes at which the paths of a reference begin


@dataclass(frozen=True, repr=False, eq=False)
class References(Result):
    """Clustering and path length of reference graphs of one kind.

    Attributes
    ----------
    clustering, path_length : ndarray of float, shape (n_references,)
        C and L of each reference (L in hops).
    """

    _shown: ClassVar = ("n_references",)
    _rules: ClassVar = {
        "clustering": Rule("n_references"),
        "path_length": Rule("n_references"),
    }

    clustering: NDArray[np.float64]
    path_length: NDArray[np.float64]

    def _columns(self) -> Mapping[str, object]:
        return {"clustering": self.clustering, "path_length": self.path_length}

    @property
    def n_references(self) -> int:
        """Number of reference graphs."""
        return self.clustering.size


def draw_references(
    main: FeatureGraph,
    n_references: int,
    clustering: str,
    rng: np.random.Generator,
    progress: bool | None,
    watch: Callable[[NDArray[np.int64]], None] | None = None,
) -> tuple[References, References, int]:
    """Return random and lattice references of a connected graph, and how many swaps they took.

    ``watch`` is called with the heads of each random reference, in rows as those of ``main``.
    """
    is_tree = main.n_edges == main.n_nodes - 1  # without triangles in any reference: L alone is new
    n_random = 1 if is_tree else n_references
    n_lattices = min(n_random, OF_MANY if main.n_edges > MANY_EDGES else _MOST_LATTICES)
    swapper = EdgeSwapper.start(main)
    found = []
    with progress_bar(total=n_random + n_lattices, progress=progress, label="references") as bar:
        for kind, number in (("random", n_random), ("lattice", n_lattices)):
            rows = []
            for _ in range(number):
                other = swapper.draw(kind, rng)
                if watch is not None and kind == "random":
                    watch(other.indices)
                rows.append(_measure_reference(other, clustering, rng))
                bar.update()
            found.append(np.array(rows).T.copy())
    random, lattice = (References(rows[0], rows[1]) for rows in found)
    return random, lattice, int(sum(rows[2].sum() for rows in found))


def _measure_reference(
    other: Rewired, clustering: str, rng: np.random.Generator
) -> tuple[float, float, int]:
    """Return C, L and the number of swaps of one reference."""
    c = clustering_of(other.indptr, other.indices, clustering)
    n_nodes = other.indptr.size - 1
    sources = rng.choice(n_nodes, _SOURCES, replace=False) if n_nodes > _SOURCES else None
    return c, hops_of(other.indptr, other.indices, sources).path_length, other.n_swaps


def measure_sigma(
    graph: FeatureGraph, n_references: int, rng: np.random.Generator
) -> tuple[float, tuple[float, float]]:
    """Return σ of a connected graph as ``small_world`` does, and its interval, without lattices.

    Examples
    --------
    >>> import networkx as nx
    >>> from featgraph.graph import as_feature_graph
    >>> net = as_feature_graph(nx.connected_watts_strogatz_graph(200, 8, 0.1, seed=0))
    >>> measure_sigma(net, 2, np.random.default_rng(0))[0] > 5
    True
    """
    swapper = EdgeSwapper.start(graph)
    others = (swapper.draw("random", rng) for _ in range(n_references))
    rows = [_measure_reference(other, "average", rng) for other in others]
    cs, lengths, n_swaps = np.array(rows).T
    if not n_swaps.any():
        return math.nan, (math.nan, math.nan)
    c = clustering_of(graph.indptr, graph.indices, "average")
    length = hops_of(graph.indptr, graph.indices).path_length
    sigma = float(divide_sigma(c, length, cs.mean(), lengths.mean()))
    return sigma, find_interval(divide_sigma(c, length, cs, lengths))


def find_interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the central 95 % of the finite values; nan where there are none."""
    known = values[np.isfinite(values)]
    if not known.size:
        return math.nan, math.nan
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def divide_sigma(c: float, length: float, c_random: Any, l_random: Any) -> Any:
    """Return σ = (C/C_rand) / (L/L_rand); nan where C_rand is 0."""
    return divide_known(c, c_random) / (length / l_random)


def divide_known(top: Any, bottom: Any) -> Any:
    """Return a quotient; nan where the denominator is 0."""
    bottom = np.asarray(bottom, dtype=np.float64)
    result = np.full(bottom.shape, np.nan)
    np.divide(top, bottom, out=result, where=bottom != 0)
    return result
