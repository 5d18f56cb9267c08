"""References of a small world: clustering and paths of graphs of the same degrees."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featgraph.core.progress import progress_bar
from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.graph.clustering import clustering_of, hops_of
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.nulls import EdgeSwapper

__all__ = [
    "References",
    "divide_known",
    "divide_sigma",
    "draw_references",
    "find_interval",
    "measure_sigma",
]

_MOST_LATTICES = 5  # C of lattices of the same degrees varies by about a hundredth
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

    def _columns(self) -> Mapping[str, Any]:
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
) -> tuple[References, References, int]:
    """Return random and lattice references of a connected graph, and how many swaps they took."""
    is_tree = main.n_edges == main.n_nodes - 1  # without triangles in any reference: L alone is new
    n_random = 1 if is_tree else n_references
    n_lattices = min(n_random, _MOST_LATTICES)
    swapper = EdgeSwapper.start(main)
    found = []
    with progress_bar(total=n_random + n_lattices, progress=progress, label="references") as bar:
        for kind, number in (("random", n_random), ("lattice", n_lattices)):
            rows = []
            for _ in range(number):
                rows.append(_measure_reference(swapper, kind, clustering, rng))
                bar.update()
            found.append(np.array(rows).T.copy())
    random, lattice = (References(rows[0], rows[1]) for rows in found)
    return random, lattice, int(sum(rows[2].sum() for rows in found))


def _measure_reference(
    swapper: EdgeSwapper, kind: str, clustering: str, rng: np.random.Generator
) -> tuple[float, float, int]:
    """Return C, L and the number of swaps of one reference."""
    other = swapper.draw(kind, rng)
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
    rows = [_measure_reference(swapper, "random", "average", rng) for _ in range(n_references)]
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
