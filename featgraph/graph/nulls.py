"""References of a graph: other graphs with the same degrees, random or like a lattice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import choice, positive
from featgraph.core.random import RandomState, as_rng
from featgraph.graph.convert import takes_any_graph
from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["ReferenceKind", "rewire_graph"]

ReferenceKind = Literal["random", "lattice"]

#: Attempted swaps per edge. Random: what igraph does by default. Lattice: most attempts would
#: lengthen edges and are refused, and clustering is still rising after ten per edge.
SWAPS_PER_EDGE: dict[str, float] = {"random": 10.0, "lattice": 200.0}
_CHUNK = 1 << 18  # draws held at once: 4 MiB
_LARGEST_TABLE = 1 << 26  # bytes of a table of joined nodes
_DENSE = 64  # a table that has more bytes per entry than this costs more than it saves


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
        Attempted swaps per edge; default: 10 for "random", 200 for "lattice".
    connected : bool, default=True
        Keep a connected graph connected: swaps are done in windows, and a window that takes the
        graph apart is undone. A graph of several components is rewired without this.
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
    Time O(swaps_per_edge · n_edges) look-ups, each as long as the smaller of two degrees or, in
    dense graphs, a step in a table of n_nodes² bytes (at most 64 MiB); and O(n_edges) per window
    if ``connected``. Memory O(n_edges) beside the table.

    References
    ----------
    Maslov & Sneppen 2002, Science 296:910, doi:10.1126/science.1065103 (swaps); Sporns & Zwi
    2004, Neuroinformatics 2:145, doi:10.1385/NI:2:2:145 (lattice); Gkantsidis, Mihail & Zegura
    2003, ALENEX (connected, in windows).

    Examples
    --------
    >>> ring = FeatureGraph.from_edges([(i, (i + 1) % 8) for i in range(8)])
    >>> other = rewire_graph(ring, rng=0)
    >>> other.degrees.tolist(), other.n_components
    ([2, 2, 2, 2, 2, 2, 2, 2], 1)
    """
    choice(kind, SWAPS_PER_EDGE, "kind")
    rate = SWAPS_PER_EDGE[kind]
    if swaps_per_edge is not None:
        rate = positive(swaps_per_edge, "swaps_per_edge")
    swapper = EdgeSwapper.start(graph, connected=connected)
    indices = swapper.draw(kind, rate, as_rng(rng)).indices
    rows = np.repeat(np.arange(graph.n_nodes), graph.degrees)
    order = np.lexsort((indices, rows))
    return replace(
        graph, indices=indices[order], weights=None, node_attributes={}, edge_attributes={}
    )


@dataclass(frozen=True)
class Rewired:
    """CSR arrays of a reference, rows not sorted, and how many swaps it took."""

    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
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

    def draw(self, kind: str, swaps_per_edge: float, rng: np.random.Generator) -> Rewired:
        """Rewire a copy."""
        from featgraph.graph._swap_kernels import swap_edges

        indices, twins = self.indices.copy(), self.twins.copy()
        n_nodes = self.indptr.size - 1
        table = np.zeros((0, 0), dtype=np.bool_)
        if n_nodes**2 <= min(_LARGEST_TABLE, _DENSE * indices.size):
            table = np.zeros((n_nodes, n_nodes), dtype=np.bool_)
            table[self.tails, indices] = True
        ring = places = np.empty(0, dtype=np.int64)
        if kind == "lattice":
            ring = rng.permutation(np.unique(self.tails))  # nodes without edges have no place
            places = np.full(n_nodes, -1)
            places[ring] = np.arange(ring.size)
        left = int(np.ceil(swaps_per_edge * indices.size / 2)) if indices.size > 2 else 0
        window, n_swaps = max(1, indices.size // 20), 0
        while left > 0:
            draws = _draw(min(left, _CHUNK), indices.size, ring.size, rng)
            arrays = (self.indptr, indices, twins, self.tails, table, draws, ring, places)
            kept, window = swap_edges(*arrays, self.connected, window)
            n_swaps += kept
            left -= len(draws)
        return Rewired(self.indptr, indices, n_swaps)


def _draw(n_draws: int, n_entries: int, n_ring: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return pairs of entries; for a ring an entry, a distance on it and a free number."""
    if not n_ring:
        return rng.integers(0, n_entries, size=(n_draws, 2))
    draws = rng.integers(0, 1 << 40, size=(n_draws, 3))
    draws[:, 0] %= n_entries
    # as many tries in every octave of distances: near ones shape the end, far ones the start
    far = np.exp(rng.random(n_draws) * np.log(max(n_ring / 2, 1.0)))
    draws[:, 1] = far.astype(np.int64) * rng.choice([-1, 1], n_draws)
    return draws
