"""Multifractal analysis by the masses of covering boxes, and of balls around many centres."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.checks import choice, integer
from featgraph.core.progress import track_progress
from featgraph.core.values import RandomState, as_rng
from featgraph.dimension.curves import largest_component
from featgraph.dimension.model_selection import hop_size_grid
from featgraph.dimension.spectrum import (
    DEFAULT_Q,
    MultifractalSpectrum,
    check_q,
    choose_range,
    fit_spectrum,
)
from featgraph.graph.convert import GraphLike, takes_any_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.kernels import light_kernel
from featgraph.kernels.search import widen

__all__ = ["ball_masses", "measure_moments", "multifractal_boxes", "multifractal_sandbox"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


def multifractal_boxes(
    graph: GraphLike,
    *,
    q: ArrayLike | Iterable[float] = DEFAULT_Q,
    sizes: Iterable[int] | None = None,
    method: str = "auto",
    repeats: int = 4,
    scale: int | None = None,
    spacing: float = 1.3,
    window: str | tuple[float, float] = "auto",
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = 0,
    progress: bool | None = None,
    **options: Any,
) -> MultifractalSpectrum:
    """Measure D_q, τ(q) and f(α) of a graph by the masses of its boxes.

    At each size the graph is covered; p_i is the share of nodes in box i and
    Z_q = Σ p_i^q. τ(q) is the slope of the mean of log Z_q over repeats against log(1 + ℓ).

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        Graph; its largest component is analysed, in hops.
    q : array-like of float
        Moments; default −5, −4.75, …, 5. Beyond that the lightest or heaviest box decides.
    sizes : iterable of int or None, default=None
        Sizes in the convention of the method; None takes sizes even in log(1 + ℓ).
    method : str, default="auto"
        Covering method with boxes, a key of METHODS.
    repeats : int, default=4
        Covers per size, at least 1.
    scale : int or None, default=None
        Ratio of a graph that repeats itself at powers of it, as in :func:`fractality`.
    spacing : float, default=1.3
        Ratio of neighbouring 1 + ℓ of the default.
    window : {"auto", "all"} or tuple of float, default="auto"
        Diameter sizes for all slopes; "auto" is the best window of the box counts (q = 0).
    weight : str, optional
        "ignore" if the edges carry weights.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : int, Generator or None, default=0
        Source of covers.
    progress : bool or None, default=None
        Show a progress bar; None shows it on a terminal.
    **options
        Options of the covering method.

    Returns
    -------
    MultifractalSpectrum
        Exponents with standard errors: that of the slope and the spread over repeats.

    Raises
    ------
    ValueError
        If fewer than 4 sizes need more than one box, or an option breaks its rule.

    Notes
    -----
    D_0 is the box dimension of the geometric mean of the counts over repeats; with one repeat
    exactly that of the counts. For q < 0 boxes of one or two nodes, left over by a heuristic,
    raise D_q; the sandbox method is sounder there.

    Costs ``repeats`` covers per size.

    References
    ----------
    S. Furuya & K. Yakubo 2011, doi:10.1103/PhysRevE.84.036118 (bifractality of fractal
    scale-free networks); A. Chhabra & R. Jensen 1989, doi:10.1103/PhysRevLett.62.1327.

    Examples
    --------
    >>> from featgraph.datasets import make_flower
    >>> flower = multifractal_boxes(make_flower(2, 2, 5), scale=2, window="all", repeats=1)
    >>> round(flower.dimension(0), 2)
    2.0
    """
    moments = check_q(q)
    random = as_rng(rng)
    own, share, kind = open_giant(graph, method, weight, as_undirected, options)
    chosen = (
        hop_size_grid(own, kind, scale, spacing)
        if sizes is None
        else sorted({integer(size, "sizes") for size in sizes})
    )
    diameters: list[float] = []
    shares: list[list[Floats]] = []
    from featgraph.boxes.api import box_cover
    from featgraph.boxes.metric_space import open_graph_space

    space = open_graph_space(own, weight=None, as_undirected=False)  # one size, one table
    for size in track_progress(chosen, progress=progress, label="box masses"):
        found = [
            box_cover(space, size, method=method, rng=random, **options).masses / own.n_nodes
            for _ in range(repeats)
        ]
        if min(masses.size for masses in found) > 1:
            diameters.append(2.0 * size if kind == "radius" else float(size))
            shares.append(found)
    table = np.array(diameters)
    if table.size:
        pairs = [[measure_moments(p, moments) for p in row] for row in shares]
        each = np.array(pairs).transpose(2, 1, 3, 0)  # (sums or means, repeat, q, size)
        counts = np.exp([np.mean([np.log(p.size) for p in row]) for row in shares])
    inside = choose_range(table, counts if table.size else table, window)
    return fit_spectrum(
        moments,
        table,
        inside,
        each[0].mean(axis=0),
        each[1].mean(axis=0),
        (each[0] / np.sqrt(repeats), each[1] / np.sqrt(repeats)),
        {"method": "boxes", "n_nodes": own.n_nodes, "node_share": share},
    )


def open_giant(
    graph: GraphLike,
    method: str,
    weight: str | None,
    as_undirected: bool,
    options: dict[str, object],
) -> tuple[FeatureGraph, float, str]:
    """Return the largest component, its share of the nodes, and the kind of box of a method."""
    from featgraph.boxes.methods import METHODS

    choice(method, [name for name, row in METHODS.items() if row.box != "none"], "method")
    row = METHODS[method]
    kind = row.box_kind(row.check_options(options))
    return (*largest_component(graph, weight, as_undirected), kind)


def measure_moments(masses: Floats, q: Floats) -> tuple[Floats, Floats]:
    """Return log Σ p^q and Σ μ log p with μ = p^q / Σ p^q, each of shape (n_q,).

    Examples
    --------
    >>> sums, means = measure_moments(np.array([0.5, 0.5]), np.array([0.0, 1.0, 2.0]))
    >>> np.exp(sums).round(6).tolist()
    [2.0, 1.0, 0.5]
    """
    logs = np.log(masses)
    weights = q[:, None] * logs
    top = weights.max(axis=1, keepdims=True)  # so that no power overflows
    powers = np.exp(weights - top)
    total = powers.sum(axis=1)
    return np.log(total) + top[:, 0], (powers @ logs) / total


def multifractal_sandbox(
    graph: GraphLike,
    *,
    q: ArrayLike | Iterable[float] = DEFAULT_Q,
    radii: Iterable[int] | None = None,
    n_centers: int | None = None,
    scale: int | None = None,
    spacing: float = 1.3,
    window: str | tuple[float, float] = "auto",
    n_resamples: int = 50,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = 0,
) -> MultifractalSpectrum:
    """Measure D_q, τ(q) and f(α) of a graph by the masses of balls.

    M(r) is the number of nodes at most r hops from a centre; τ(q) is the slope of the
    logarithm of the mean of (M(r)/n)^(q−1) over centres against log(1 + 2r), D_1 that of the
    mean of log(M(r)/n).

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        Graph; its largest component is analysed, in hops.
    q : array-like of float
        Moments; default −5, −4.75, …, 5.
    radii : iterable of int or None, default=None
        Radii in hops; None takes sizes even in log(1 + 2r).
    n_centers : int or None, default=None
        Centres, drawn without replacement; None takes all nodes up to 2000, else 1000.
    scale : int or None, default=None
        Ratio u of a graph that repeats itself at powers of it: r = ⌊uᵏ/2⌋.
    spacing : float, default=1.3
        Ratio of neighbouring radii of the default.
    window : {"auto", "all"} or tuple of float, default="auto"
        Diameter sizes 2r for all slopes; "auto" is the best window at q = 0. Where balls
        reach the border of the graph the slopes flatten; give a window that ends before.
    n_resamples : int, default=50
        Bootstrap draws of centres for the errors, at least 2.
    weight : str, optional
        "ignore" if the edges carry weights.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : int, Generator or None, default=0
        Source of centres and draws.

    Returns
    -------
    MultifractalSpectrum
        Exponents with standard errors: that of the slope and the bootstrap over centres.

    Raises
    ------
    ValueError
        If fewer than 4 radii leave the mean ball smaller than the graph, or an option breaks
        its rule.

    Notes
    -----
    Balls, unlike boxes, are all full, so negative q are sound. One search per centre answers
    all radii: O(n_centers · n_edges) time, O(n_centers · n_radii) memory.

    References
    ----------
    J.-L. Liu, Z.-G. Yu, V. Anh 2015, Chaos 25:023103, doi:10.1063/1.4907557; T. Tél, Á. Fülöp,
    T. Vicsek 1989, doi:10.1016/0378-4371(89)90563-3.

    Examples
    --------
    >>> from featgraph.datasets import make_lattice
    >>> torus = make_lattice((40, 40), periodic=True)
    >>> spectrum = multifractal_sandbox(torus, radii=[2, 3, 4, 6, 8, 10])
    >>> [round(spectrum.dimension(q), 2) for q in (-4, 0, 1, 2, 4)]
    [1.98, 1.98, 1.98, 1.98, 1.98]
    """
    moments = check_q(q)
    random = as_rng(rng)
    own, share = largest_component(graph, weight, as_undirected)
    chosen = hop_size_grid(own, "radius", scale, spacing) if radii is None else radii
    table = np.array(sorted({integer(radius, "radii") for radius in chosen}), dtype=np.int64)
    centers = _draw_centers(own.n_nodes, n_centers, random)
    logs = np.log(ball_masses(own, table, centers=centers)) - np.log(own.n_nodes)
    usable = logs.mean(axis=0) < -1e-12  # some ball still leaves nodes out
    sizes, logs = 2.0 * table[usable], logs[:, usable]
    sums, means = _average(logs, moments, np.ones((1, centers.size)))
    boxes = np.exp(_average(logs, np.zeros(1), np.ones((1, centers.size)))[0][0, 0])
    inside = choose_range(sizes, boxes, window)
    weights = random.multinomial(centers.size, np.full(centers.size, 1 / centers.size), n_resamples)
    sample = _average(logs, moments, weights.astype(np.float64))
    about = {"method": "sandbox", "n_nodes": own.n_nodes, "node_share": share}
    return fit_spectrum(moments, sizes, inside, sums[0], means[0], sample, about)


@takes_any_graph()
def ball_masses(graph: FeatureGraph, radii: Ints, *, centers: Ints | None = None) -> Ints:
    """Return the number of nodes within each radius of each centre.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph; edges count one hop.
    radii : ndarray of int64, shape (n_radii,)
        Rising radii in hops, inclusive.
    centers : ndarray of int64, shape (n_centers,), optional
        Node indices; default: all nodes.

    Returns
    -------
    ndarray of int64, shape (n_centers, n_radii)
        Masses, the centre included.

    Raises
    ------
    ValueError
        If a centre is no node, or radii do not rise from 0 or more.

    Notes
    -----
    One search per centre, O(n_centers · n_edges).

    Examples
    --------
    >>> from featgraph.datasets import make_path
    >>> ball_masses(make_path(5), np.array([0, 1, 2])).tolist()
    [[1, 2, 3], [1, 3, 4], [1, 3, 5], [1, 3, 4], [1, 2, 3]]
    """
    chosen = np.arange(graph.n_nodes, dtype=np.int64) if centers is None else centers
    if chosen.size and not 0 <= chosen.min() <= chosen.max() < graph.n_nodes:
        raise ValueError(
            f"centers must lie in 0 … {graph.n_nodes - 1}, got {chosen.min()} to {chosen.max()}"
        )
    if radii.size and (radii[0] < 0 or (np.diff(radii) < 0).any()):
        raise ValueError(f"radii must rise and be at least 0, got {radii.tolist()[:6]}")
    masses = np.zeros((chosen.size, len(radii)), dtype=np.int64)
    rows = (graph.indptr[:-1], graph.indptr[1:], graph.indices)
    _count_balls(*rows, chosen, np.asarray(radii, dtype=np.int64), masses)
    return masses


def _draw_centers(n_nodes: int, n_centers: int | None, rng: np.random.Generator) -> Ints:
    if n_centers is None:
        n_centers = n_nodes if n_nodes <= 2000 else 1000
    n_centers = min(integer(n_centers, "n_centers", least=1), n_nodes)
    if n_centers == n_nodes:
        return np.arange(n_nodes, dtype=np.int64)
    return np.sort(rng.choice(n_nodes, size=n_centers, replace=False))


def _average(logs: Floats, q: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return log mean p^(q−1) and its derivative in q, shape (n_draws, n_q, n_sizes).

    ``logs`` is log p, shape (n_centers, n_sizes); ``weights`` counts each centre in each draw.
    """
    sums = np.empty((len(weights), q.size, logs.shape[1]))
    means = np.empty_like(sums)
    for k, moment in enumerate(q):
        scaled = (moment - 1) * logs
        top = scaled.max(axis=0)
        powers = np.exp(scaled - top)
        total = weights @ powers
        sums[:, k] = np.log(total / weights.sum(axis=1, keepdims=True)) + top
        means[:, k] = weights @ (powers * logs) / total
    return sums, means


@light_kernel
def _count_balls(
    starts: Ints, stops: Ints, indices: Ints, centers: Ints, radii: Ints, masses: Ints
) -> None:
    seen = np.full(starts.size, -1, dtype=np.int64)
    queue = np.empty(starts.size, dtype=np.int64)
    for c in range(centers.size):
        queue[0] = centers[c]
        seen[centers[c]] = c
        head, tail, distance = 0, 1, 0
        for k in range(radii.size):
            while head < tail and distance < radii[k]:
                head, tail = tail, widen(starts, stops, indices, c, head, tail, seen, queue)
                distance += 1
            masses[c, k] = tail
