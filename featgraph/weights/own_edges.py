"""The released analysis: masses of a neuron's own outgoing edges by their length, and its spectra.

Lengths lie in (1, longest] and are rounded to whole numbers; N_i(r) is 1 and the number of edges
of neuron i of length at most r. No path of more than one edge enters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.dimension.spectrum import fit_slopes
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.kernels import kernel
from featgraph.weights.network import WeightNetwork

__all__ = ["OwnMasses", "count_graph", "count_network"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


CHUNK = 4000  # neurons, a multiple of the groups that are drawn together


@dataclass(frozen=True)
class OwnMasses:
    """Masses N_i(r) of the neurons with enough usable edges.

    ``radii`` are the rounded lengths that occur; ``masses`` are whole numbers of shape
    (n_kept, n_radii); ``kept`` are the neurons.
    """

    radii: Floats
    masses: NDArray[np.int32]
    kept: Ints

    def logs(self) -> Iterator[Floats]:
        """Yield ln N_i(r) of some neurons after others: of a whole model they would fill memory."""
        for start in range(0, len(self.masses), CHUNK):
            yield np.log(self.masses[start : start + CHUNK])

    @property
    def node_dimensions(self) -> Floats:
        """Slope of ln N_i(r) against ln r of each neuron, shape (n_kept,)."""
        x = np.log(self.radii)
        return np.concatenate([fit_slopes(x, part)[0] for part in self.logs()])


def count_network(network: WeightNetwork, *, longest: float, min_edges: int) -> OwnMasses:
    """Count the outgoing edges of every neuron by length, one linear map after the other."""
    counts = np.zeros((network.n_nodes, round(longest) + 1), dtype=np.int32)
    for part in network.connections():
        if not part.is_fixed:
            _count_matrix(part.strengths, part.sources, longest, counts)
    return _select(counts, min_edges, longest)


def count_graph(graph: FeatureGraph, *, longest: float, min_edges: int) -> OwnMasses:
    """Count the edges to greater depth, or all edges of a node where no depth is known."""
    if graph.weights is None:
        raise ValueError("graph must have weights, the lengths 1/|w| of its edges")
    counts = np.zeros((graph.n_nodes, round(longest) + 1), dtype=np.int32)
    rows = np.repeat(np.arange(graph.n_nodes), graph.degrees)
    usable = (graph.weights > 1) & (graph.weights <= longest)
    usable &= goes_out(graph)
    bins = np.rint(graph.weights[usable]).astype(np.int64)
    np.add.at(counts, (rows[usable], bins), 1)
    return _select(counts, min_edges, longest)


def goes_out(graph: FeatureGraph) -> NDArray[np.bool_]:
    """Return which entries of the rows of a graph are outgoing edges."""
    rows = np.repeat(np.arange(graph.n_nodes), graph.degrees)
    depth = graph.node_attributes.get("depth")
    if depth is None:
        return np.ones(graph.indices.size, dtype=bool)
    return np.asarray(depth[rows] < depth[graph.indices], dtype=bool)


def _select(counts: NDArray[np.int32], min_edges: int, longest: float) -> OwnMasses:
    degrees = counts.sum(axis=1)
    kept = np.flatnonzero(degrees > min_edges)
    if not kept.size:
        raise ValueError(
            f"no neuron has more than {min_edges} outgoing edges of a length 1/|w| in (1, "
            f"{longest:g}], the most is {degrees.max(initial=0)}; sample more neurons, raise "
            "max_length or lower min_edges"
        )
    if kept.size < len(counts):
        counts = counts[kept]
    occurs = np.flatnonzero(counts.any(axis=0))
    if occurs.size < 2:
        raise ValueError(
            "lengths of edges must differ to give a slope, all usable ones round to "
            f"{occurs[0]}: the weights have no spread"
        )
    np.cumsum(counts, axis=1, out=counts)
    masses = counts[:, occurs]
    masses += 1
    return OwnMasses(occurs.astype(np.float64), masses, kept)


@kernel
def _count_matrix(
    strengths: Floats, sources: Ints, longest: float, counts: NDArray[np.int32]
) -> None:
    for i in range(strengths.shape[0]):
        row = sources[i]
        for j in range(strengths.shape[1]):
            length = 1.0 / strengths[i, j]
            if 1.0 < length <= longest:  # nan, between groups of channels, is neither
                counts[row, int(np.rint(length))] += 1
