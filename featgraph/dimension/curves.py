"""What the test of fractality looks at: curves, pooled runs, a bootstrap, and how balls grow."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.counts import BoxCounts
from featgraph.core.checks import choice, integer
from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.core.values import RandomState, as_rng
from featgraph.dimension.fit import MIN_POINTS
from featgraph.dimension.model_selection import (
    ModelWeights,
    compare_errors,
    hop_size_grid,
    size_grid,
    weigh_models,
)
from featgraph.graph.clustering import hops_of
from featgraph.graph.convert import GraphLike, as_feature_graph, takes_any_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.nulls import rewire_graph

__all__ = [
    "EQUAL_WINDOWS",
    "BallGrowth",
    "Tendency",
    "as_curves",
    "at_powers",
    "count_size_grid",
    "draw_fits",
    "largest_component",
    "measure_growth",
    "pool_runs",
    "rmse_ratio",
]

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
#: Windows whose relative standard error is at most so many times the best are as good a choice.
EQUAL_WINDOWS = 2.0
Tendency: TypeAlias = Literal["small world", "fractal", "unclear"]
#: Balls that hold more of the nodes feel that the network ends.
MOST_OF_ALL = 1 / 3
#: A small world: the mean distance is of the order of log n, balls grow faster than in a plane,
#: and either no distance is longer than in random networks or growth quickens with the radius.
SHORT, STEEP, RANDOM_LIKE, QUICKENS = 1.4, 2.4, 1.25, 1.3
#: Or growth quickens so much, to so high a dimension, that it is exponential beyond a radius.
EXPONENTIAL, QUICKENS_MUCH = 2.6, 1.5
#: A fractal network: longer distances, and a dimension that hardly rises with the radius.
LONG, STEADY, ALLOWANCE = 1.5, 1.15, 0.35


def as_curves(counts: object) -> tuple[BoxCounts, ...] | None:
    """Return box counts as a tuple, or None where ``counts`` is a graph."""
    if isinstance(counts, BoxCounts):
        return (counts,)
    if isinstance(counts, Sequence) and all(isinstance(one, BoxCounts) for one in counts):
        if not counts:
            raise ValueError("counts must hold at least one BoxCounts, got none")
        for name in ("space", "n_nodes"):
            values = sorted({getattr(one, name) for one in counts})
            if len(values) > 1:
                raise ValueError(f"counts must be of one graph and unit, got {name} {values}")
        return tuple(counts)
    return None


def largest_component(
    graph: GraphLike, weight: str | None, as_undirected: bool
) -> tuple[FeatureGraph, float]:
    """Return the largest component of a graph, unweighted, and its share of the nodes."""
    if weight not in (None, "ignore"):
        raise ValueError(
            f"weight must be None or 'ignore', got {weight!r}; for weighted sizes pass "
            "box_counts(graph, weight=...)"
        )
    own = as_feature_graph(graph, weight=weight, as_undirected=as_undirected).without_weights()
    if own.n_components == 1:
        return own, 1.0
    giant = own.giant_component()
    return giant, giant.n_nodes / own.n_nodes


def count_size_grid(
    graph: GraphLike,
    method: str,
    repeats: int,
    scale: int | None,
    spacing: float,
    rng: np.random.Generator,
    jobs: int | None,
    progress: bool | None,
    options: Mapping[str, Any],
) -> BoxCounts:
    """Count the boxes of a graph on the grid of sizes that suits it."""
    from featgraph.boxes.api import box_counts
    from featgraph.boxes.methods import METHODS

    row = METHODS[choice(method, METHODS, "method")]
    kind = row.box_kind(row.check_options(options))
    grid = hop_size_grid(graph, kind, scale, spacing)
    return box_counts(
        graph, sizes=grid, method=method, repeats=repeats, rng=rng, jobs=jobs,
        progress=progress, **options,
    )  # fmt: skip


def pool_runs(curves: tuple[BoxCounts, ...]) -> tuple[Floats, list[Floats]]:
    """Return all diameter sizes with N > 1, and the runs of all curves at each."""
    found: dict[float, list[Floats]] = {}
    for curve in curves:
        for k, size in enumerate(np.asarray(curve.diameter_sizes, dtype=np.float64).tolist()):
            column = np.asarray(curve.counts_per_repeat[:, k], dtype=np.float64)
            found.setdefault(size, []).append(column)
    runs = {size: np.concatenate(found[size]) for size in sorted(found)}
    usable = [size for size, values in runs.items() if values.min() > 1]
    if len(usable) < MIN_POINTS:
        raise ValueError(
            f"counts must hold at least {MIN_POINTS} sizes with more than one box to fit a "
            f"dimension, got {len(usable)}; add smaller sizes (by sizes, scale or spacing), or use "
            "a larger graph"
        )
    return np.array(usable), [runs[size] for size in usable]


def at_powers(sizes: Floats, kind: str, scale: int) -> Ints:
    """Return positions of sizes at powers of ``scale``."""
    wanted = size_grid(max(float(sizes[-1]), 2.0), kind=kind, scale=scale)
    kept = np.flatnonzero(np.isin(sizes, np.array(wanted) * (2 if kind == "radius" else 1)))
    if kept.size < MIN_POINTS:
        raise ValueError(
            f"counts must hold at least {MIN_POINTS} sizes with more than one box at powers of "
            f"scale={scale}, got {sizes[kept].tolist()} of {sizes.tolist()}"
        )
    return kept


def rmse_ratio(models: ModelWeights) -> float:
    """Return R: 1 where both models are exact, inf where only the exponential is."""
    return compare_errors(models.rmse["power"], models.rmse["exponential"])


def draw_fits(
    sizes: Floats,
    runs: list[Floats],
    compared: NDArray[np.bool_],
    windows: Floats,
    n_resamples: int,
    rng: np.random.Generator,
) -> Floats:
    """Return d_B, R and ΔAICc of every draw, shape (n_resamples, 3)."""
    draws = np.full((n_resamples, 3), math.nan)
    x = np.log1p(sizes)
    pool = np.flatnonzero(compared)
    for draw in draws:
        y = np.log([values[rng.integers(values.size, size=values.size)].min() for values in runs])
        low, high = windows[rng.integers(len(windows)), :2]
        inside = np.flatnonzero((sizes >= low) & (sizes <= high))
        draw[0] = _slope(x, y, _resample(inside, rng))
        chosen = _resample(pool, rng)
        models = weigh_models(sizes[chosen], x[chosen], y[chosen])
        draw[1:] = rmse_ratio(models), models.delta
    draws[:, 2][~np.isfinite(draws[:, 2])] = math.nan  # too few different sizes for AICc
    return draws


def _resample(positions: Ints, rng: np.random.Generator) -> Ints:
    """Draw positions with replacement, at least three different ones, so that lines differ."""
    while True:
        chosen = rng.choice(positions, size=positions.size)
        if np.unique(chosen).size >= min(3, positions.size):
            return np.sort(chosen)


def _slope(x: Floats, y: Floats, chosen: Ints) -> float:
    u = x[chosen] - x[chosen].mean()
    return -float(u @ y[chosen]) / float(u @ u)


@dataclass(frozen=True, repr=False, eq=False)
class BallGrowth(Result):
    """Mean ball sizes and mean distance of a connected graph.

    Attributes
    ----------
    radii : ndarray of int, shape (n_radii,)
        0, 1, 2, … hops.
    masses : ndarray of float, shape (n_radii,)
        Mean number of nodes within each radius of a node, itself included.
    path_length : float
        Mean distance of two nodes, in hops.
    random_length : float
        The same in graphs of the same degrees with edges drawn anew (``rewire_graph``).
    n_nodes : int
        Number of nodes.

    Examples
    --------
    >>> from featgraph.datasets import make_lattice
    >>> growth = measure_growth(make_lattice((20, 20)), rng=0)
    >>> growth.tendency, growth.n_nodes
    ('fractal', 400)
    """

    _shown: ClassVar = ("tendency", "path_length", "random_length", "n_nodes")
    _rules: ClassVar = {"radii": Rule("n_radii", least=0), "masses": Rule("n_radii", least=1)}

    radii: Ints
    masses: Floats
    path_length: float
    random_length: float
    n_nodes: int

    @property
    def slopes(self) -> Floats:
        """Local dimension of ball growth, d log M / d log(r + ½), from r = 1 to a third of all."""
        inside = (self.radii >= 1) & (self.masses <= MOST_OF_ALL * self.n_nodes)
        x, y = np.log(self.radii[inside] + 0.5), np.log(self.masses[inside])
        return np.asarray(np.diff(y) / np.diff(x))

    @property
    def first_slope(self) -> float:
        """Mean of the first slopes, at most three and half of all; nan without any."""
        n_first = min(3, max(1, self.slopes.size // 2))
        return float(self.slopes[:n_first].mean()) if self.slopes.size else math.nan

    @property
    def last_slope(self) -> float:
        """Mean of the last slopes, as many; nan without any."""
        n_last = min(3, max(1, self.slopes.size // 2))
        return float(self.slopes[-n_last:].mean()) if self.slopes.size else math.nan

    @property
    def tendency(self) -> Tendency:
        """What growth and distances speak for, see :func:`measure_growth`."""
        shortness = self.path_length / math.log(self.n_nodes) if self.n_nodes > 1 else 0.0
        if not self.slopes.size:  # a third of all within two hops
            return "small world" if shortness <= SHORT else "unclear"
        first, last = self.first_slope, self.last_slope
        is_random_like = self.path_length <= RANDOM_LIKE * self.random_length
        is_short = shortness <= SHORT and self.slopes.max() >= STEEP
        if is_short and (is_random_like or last >= QUICKENS * first):
            return "small world"
        if last >= EXPONENTIAL and last >= QUICKENS_MUCH * first:
            return "small world"
        if shortness >= LONG and last <= min(EXPONENTIAL, STEADY * first + ALLOWANCE):
            return "fractal"
        return "unclear"

    def tell(self) -> str:
        """Return the evidence in words."""
        text = f"mean distance {self.path_length:.3g} hops, {self.random_length:.3g} at random"
        if self.slopes.size:
            text += f"; balls grow with dimension {self.first_slope:.2g} to {self.last_slope:.2g}"
        return text


@takes_any_graph()
def measure_growth(
    graph: FeatureGraph, *, n_references: int = 2, n_sources: int = 2000, rng: RandomState = None
) -> BallGrowth:
    """Measure how balls grow in the largest component of a graph, and how far nodes are apart.

    In a small world the mean distance grows as the logarithm of the number of nodes, because
    balls grow exponentially; in a fractal network as a power, because they grow as a power of
    their radius. One network tells this from its own balls: their local dimension
    d log M / d log(r + ½) rises with the radius in the one and stays in the other.

    Parameters
    ----------
    graph : FeatureGraph, networkx graph, igraph.Graph, torch_geometric Data or scipy sparse matrix
        Any graph; edge weights do not matter.
    n_references : int, default=2
        Graphs of the same degrees for ``random_length``, at least 1.
    n_sources : int, default=2000
        Centres of balls in larger graphs, drawn at random; at least 1.
    rng : Generator, int or None, default=None
        Source of references and centres.

    Returns
    -------
    BallGrowth
        Masses by radius, distances, and the tendency: "small world" where the mean distance is at
        most 1.4 ln n with balls of a local dimension of 2.4 or more, and it is at most 1.25 times
        that of random graphs or the dimension rises by 1.3; or where the dimension rises by 1.5
        to 2.6 or more. "fractal" where the mean distance is at least 1.5 ln n and the dimension
        hardly rises. "unclear" between.

    Raises
    ------
    ValueError
        If an option is out of range or the graph has no edges.

    Notes
    -----
    O(n_sources · n_edges) for the graph and each reference.

    References
    ----------
    Watts & Strogatz 1998, doi:10.1038/30918; Newman & Watts 1999,
    doi:10.1103/PhysRevE.60.7332 (crossover of distances); Song, Havlin & Makse 2005,
    doi:10.1038/nature03248.

    Examples
    --------
    >>> from featgraph.datasets import make_barabasi_albert, make_lattice
    >>> measure_growth(make_lattice((20, 20)), rng=0).tendency
    'fractal'
    >>> measure_growth(make_barabasi_albert(400, 2, rng=0), rng=0).tendency
    'small world'
    """
    generator = as_rng(rng)
    integer(n_references, "n_references", least=1)
    graph = graph.without_weights().giant_component()
    if graph.n_edges == 0:
        raise ValueError("graph must have edges to measure distances, got none")

    def count(one: FeatureGraph) -> Floats:
        sources = None
        if one.n_nodes > n_sources:
            sources = np.sort(generator.choice(one.n_nodes, n_sources, replace=False))
        pairs = hops_of(one.indptr, one.indices, sources).pairs.astype(np.float64)
        pairs /= pairs.sum()
        return pairs

    shares = count(graph)
    lengths = []
    for _ in range(n_references):
        random = count(rewire_graph(graph, rng=generator))
        lengths.append(float(random @ np.arange(random.size)))
    return BallGrowth(
        radii=np.arange(shares.size),
        masses=1.0 + np.cumsum(shares) * (graph.n_nodes - 1),
        path_length=float(shares @ np.arange(shares.size)),
        random_length=float(np.mean(lengths)),
        n_nodes=graph.n_nodes,
    )
