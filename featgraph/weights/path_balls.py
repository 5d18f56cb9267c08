"""Masses of balls over shortest paths in a network of weights: the sandbox method by length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.weighted_search import count_weighted, sweep_weighted
from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["PathMasses", "count_paths"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

PER_OCTAVE = 48  # lengths at which balls are counted, evenly spread in their logarithm
N_PILOTS = 64  # centres that tell how far the searches have to go
N_RADII = 24
#: A ball that holds more of the nodes feels that the network ends.
MOST_OF_ALL = 0.5
#: Share of the centres whose balls must hold another node at the smallest radius.
REACH_ANOTHER = 0.9
MIN_RADII = 4


@dataclass(frozen=True)
class PathMasses:
    """Numbers of nodes within ``radii`` of each centre, shape (n_centers, n_radii).

    ``centers`` are nodes of the whole graph, ``n_nodes`` those of the component that was measured.
    """

    radii: Floats
    masses: NDArray[np.int32]
    centers: Ints
    n_nodes: int


def count_paths(
    graph: FeatureGraph, *, n_centers: int | None, radii: Floats | None, rng: np.random.Generator
) -> PathMasses:
    """Count balls around nodes of the largest component; radii in its range of scaling."""
    if graph.weights is None:
        raise ValueError("graph must have weights, the lengths 1/|w| of its edges")
    own = graph.with_attributes(node=np.arange(graph.n_nodes)).giant_component()
    weights = own.weights
    if weights is None or not weights.size or not weights.min() > 0:
        raise ValueError("graph must have edges, all of a length above 0")
    n_nodes = own.n_nodes
    centers = np.arange(n_nodes, dtype=np.int64)
    if n_centers is not None and n_centers < n_nodes:
        centers = np.sort(rng.choice(n_nodes, size=n_centers, replace=False))
    rows = sort_by_length(own)
    if radii is None:
        fine, counts = _count_growth(rows, centers, float(weights.min()))
        chosen = _choose_radii(fine, counts, n_nodes)
        radii, masses = fine[chosen], counts[:, chosen]
    else:
        masses = count_weighted(*rows, centers, radii)
    known = own.node_attributes["node"][centers]
    return PathMasses(radii, masses.astype(np.int32), known, n_nodes)


def sort_by_length(graph: FeatureGraph) -> tuple[Ints, Ints, Ints, Floats]:
    """Return the rows of a graph with the shortest edges first: starts, stops, ends, lengths."""
    weights = graph.weights
    if weights is None:
        raise RuntimeError("a graph without lengths")
    rows = np.repeat(np.arange(graph.n_nodes), graph.degrees)
    order = np.lexsort((weights, rows))
    return graph.indptr[:-1], graph.indptr[1:], graph.indices[order], weights[order]


def _count_growth(
    rows: tuple[Ints, Ints, Ints, Floats], centers: Ints, shortest: float
) -> tuple[Floats, Ints]:
    """Return lengths up to where the mean ball is large enough, and all balls at these.

    The lengths themselves follow from the shortest edge alone, not from the order of the nodes.
    """
    n_nodes = len(rows[0])
    middles = np.empty(1, dtype=np.int64)
    reach = sweep_weighted(*rows, np.zeros(1, dtype=np.int64), middles)
    n_steps = int(np.ceil(PER_OCTAVE * np.log2(reach / shortest))) + 1
    fine = shortest * 2.0 ** (np.arange(n_steps + 1) / PER_OCTAVE)
    few = centers[:: max(1, len(centers) // N_PILOTS)]
    large = (MOST_OF_ALL + 0.1) * n_nodes
    enough = int(np.argmax(count_weighted(*rows, few, fine).mean(axis=0) > large)) or n_steps
    counts = count_weighted(*rows, centers, fine[: enough + 1])
    if counts[:, -1].mean() <= MOST_OF_ALL * n_nodes:  # the few were not like the rest
        return fine, count_weighted(*rows, centers, fine)
    return fine[: enough + 1], counts


def _choose_radii(fine: Floats, counts: Ints, n_nodes: int) -> Ints:
    """Return places in ``fine`` between the first balls of two nodes and those of half of all."""
    grows = np.flatnonzero(np.diff(counts.sum(axis=0), prepend=len(counts)) > 0)
    reached = (counts > 1).mean(axis=0) >= REACH_ANOTHER
    inside = np.flatnonzero(reached & (counts.mean(axis=0) <= MOST_OF_ALL * n_nodes))
    grows_inside = np.intersect1d(grows, inside)
    if grows_inside.size < MIN_RADII:  # balls grow in few steps, which are all there is
        grows_inside = grows[grows >= (inside[0] if inside.size else np.argmax(reached))]
    if grows_inside.size < 2:
        raise ValueError(
            "balls over shortest paths must grow by steps to give a slope, got "
            f"{grows_inside.size}: the lengths have no spread, or the network is too small"
        )
    spread = np.linspace(grows_inside[0], grows_inside[-1], N_RADII).round().astype(np.int64)
    # equal lengths make stairs: a radius stands at the step before it, not somewhere behind
    return np.unique(grows_inside[np.searchsorted(grows_inside, spread, side="right") - 1])
