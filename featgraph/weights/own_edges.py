"""The released analysis: masses of a neuron's own outgoing edges by their length, and its spectra.

Lengths lie in (1, longest] and are rounded to whole numbers; N_i(r) is 1 and the number of edges
of neuron i of length at most r. No path of more than one edge enters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.csr_graph import FeatureGraph
from featgraph.kernels import kernel
from featgraph.weights.network import WeightNetwork
from featgraph.weights.units import not_finite, read_link

__all__ = ["OwnMasses", "count_graph", "count_network", "find_slopes"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

CHUNK = 4000  # neurons at once: logarithms of a whole model would fill memory
BLOCK = 1024  # sources that are counted together


@dataclass(frozen=True)
class OwnMasses:
    """Masses N_i(r) of the neurons with enough usable edges.

    ``radii`` are the rounded lengths that occur; ``masses`` are whole numbers of shape
    (n_kept, n_radii); ``kept`` are the neurons.
    """

    radii: Floats
    masses: NDArray[np.int32]
    kept: Ints

    @property
    def node_dimensions(self) -> Floats:
        """Slope of ln N_i(r) against ln r of each neuron, shape (n_kept,)."""
        x = np.log(self.radii)
        logs = np.log(np.maximum(np.arange(int(self.masses.max()) + 1), 1))
        starts = range(0, len(self.masses), CHUNK)
        return np.concatenate([find_slopes(x, logs[self.masses[k : k + CHUNK]].T) for k in starts])


def find_slopes(x: Floats, y: Floats) -> Floats:
    """Return the slopes of least squares of ``y`` against ``x``, along the axis before the last."""
    u = x - x.mean()
    return np.asarray((u @ y) / (u @ u), dtype=np.float64)


def count_network(network: WeightNetwork, *, longest: float, min_edges: int) -> OwnMasses:
    """Count the outgoing edges of every neuron by length, one linear map after the other."""
    counts = np.zeros((network.n_nodes, round(longest) + 1), dtype=np.int32)
    for part, sources, _ in network.parts():
        weights, factors = read_link(part, fold=network.fold)
        if not _count_matrix(weights, factors, sources, longest, counts):
            raise not_finite(part.name)
    counts[:, 0] = 0
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
    masses = np.take(counts, occurs, axis=1)
    masses += 1
    return OwnMasses(occurs.astype(np.float64), masses, kept)


@kernel
def _count_matrix(
    weights: NDArray[Any], factors: Floats, sources: Ints, longest: float, counts: NDArray[np.int32]
) -> bool:
    """Count lengths 1/|w·factor| by source; False where a weight is NaN or infinite."""
    n_bad = 0
    bins = np.empty(BLOCK, dtype=np.int32)
    for start in range(0, weights.shape[1], BLOCK):  # whose counts stay at hand
        size = min(BLOCK, weights.shape[1] - start)
        for j in range(weights.shape[0]):
            for i in range(size):  # without branches: bin 0 takes what does not count
                weight = abs(np.float64(weights[j, start + i]))
                n_bad += not weight < np.inf
                length = 1.0 / (weight * factors[j])
                usable = length > 1.0 and length <= longest
                bins[i] = int(np.rint(length if usable else 0.0))
            for i in range(size):
                counts[sources[start + i], bins[i]] += 1
    return n_bad == 0
