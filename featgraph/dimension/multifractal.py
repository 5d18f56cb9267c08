"""Multifractal analysis by the masses of covering boxes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.checks import choice, integer
from featgraph.core.progress import track_progress
from featgraph.core.values import RandomState, as_rng
from featgraph.dimension._size_grid import hop_size_grid
from featgraph.dimension.spectrum import (
    DEFAULT_Q,
    MultifractalSpectrum,
    check_q,
    choose_range,
    fit_spectrum,
)

__all__ = ["measure_moments", "multifractal_boxes"]

Floats = NDArray[np.float64]


def multifractal_boxes(
    graph: Any,
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
    graph: Any, method: str, weight: str | None, as_undirected: bool, options: dict[str, Any]
) -> tuple[Any, float, str]:
    """Return the largest component, its share of the nodes, and the kind of box of a method."""
    from featgraph.boxes.methods import METHODS
    from featgraph.dimension._evidence import largest_component

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
