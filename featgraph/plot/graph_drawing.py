"""A graph with its boxes in colour."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.values import RandomState, as_rng
from featgraph.graph.convert import takes_any_graph
from featgraph.graph.layout import place_nodes
from featgraph.plot.style import FAINT, INK, TEXT, WIDTH, new_axes, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from featgraph.boxes.cover import BoxCover
    from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["layout_graph", "plot_graph"]

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
#: Above this number of edges a vector file would take seconds to open.
_RASTER_EDGES = 3000
_CROSSING = "#BDBDBD"


@takes_any_graph()
def plot_graph(
    graph: FeatureGraph,
    *,
    cover: BoxCover | None = None,
    positions: ArrayLike | None = None,
    rng: RandomState = 0,
    ax: Axes | None = None,
) -> tuple[Figure, Axes]:
    """Draw a graph; edges inside a box have its colour, edges between boxes are grey.

    Parameters
    ----------
    graph : FeatureGraph, networkx or igraph graph, PyG Data or SciPy sparse matrix
        Any graph that :func:`featgraph.graph.as_feature_graph` accepts.
    cover : BoxCover or None, default=None
        Boxes of the nodes. Neighbouring numbers get different colours; with more boxes
        than colours, colours come again, and boxes of one node are small and grey.
    positions : array_like of float, shape (n_nodes, 2), or None, default=None
        For example MDS positions; None lays the graph out by forces (Fruchterman and
        Reingold, igraph).
    rng : None, int or Generator, default=0
        Start of the layout.
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        Its axes, without ticks.

    Raises
    ------
    ValueError
        If ``positions`` or ``cover`` do not fit the graph.

    Notes
    -----
    More than 3000 edges are drawn as one bitmap inside vector files.

    Examples
    --------
    >>> import networkx as nx
    >>> from featgraph.boxes import box_cover
    >>> karate = nx.Graph(nx.karate_club_graph().edges)
    >>> fig, ax = plot_graph(karate, cover=box_cover(karate, 2, rng=0))
    """
    points = _check_positions(positions, graph, rng)
    labels = None if cover is None else _check_cover(cover, graph)
    extent = np.ptp(points, axis=0)
    ratio = float(np.clip(extent[1] / max(extent[0], 1e-12), 0.2, 1.2))
    fig, ax = new_axes(ax, width=WIDTH * 0.85, height=WIDTH * 0.85 * ratio + 0.4)
    _draw_boxes(ax, graph, points, labels)
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.set_title(_describe(graph, cover), loc="left", fontsize=TEXT, color=INK)
    return fig, ax


def _check_positions(positions: ArrayLike | None, net: FeatureGraph, rng: RandomState) -> Floats:
    if positions is None:
        return layout_graph(net, rng=rng)
    points = np.asarray(positions, dtype=np.float64)
    if points.shape != (net.n_nodes, 2) or not np.isfinite(points).all():
        raise ValueError(
            f"positions must be finite, of shape ({net.n_nodes}, 2), got {points.shape}"
        )
    return points


def _check_cover(cover: BoxCover, net: FeatureGraph) -> Ints:
    if len(cover.labels) != net.n_nodes:
        raise ValueError(
            f"cover must have one label for each of the {net.n_nodes} nodes, "
            f"got {len(cover.labels)}; cover this graph, not another"
        )
    return cover.labels


@takes_any_graph()
def layout_graph(graph: FeatureGraph, *, rng: RandomState = 0) -> Floats:
    """Lay a graph out by forces, the same for the same ``rng``.

    Parameters
    ----------
    graph : FeatureGraph
        Hops count, weights do not.
    rng : None, int or Generator, default=0
        Source of the layout; Python's own generator, which igraph uses, is put back.

    Returns
    -------
    ndarray of float, shape (n_nodes, 2)
        Centred positions of unit extent.

    Notes
    -----
    Each component starts from scaled distances to pivots and is moved by forces: Fruchterman
    and Reingold, on a grid above 1000 nodes, O(n_nodes) per step, else all pairs. The largest
    twenty components stand on shelves, the nodes of the others in rows below.

    Examples
    --------
    >>> from featgraph.graph import FeatureGraph
    >>> layout_graph(FeatureGraph.from_edges([(0, 1), (1, 2)])).shape
    (3, 2)
    """
    generator = as_rng(rng)

    def refine(nodes: Ints, points: Floats) -> Floats:
        heat = np.sqrt(nodes.size)
        start = heat * points / max(float(np.abs(points).max()), 1e-12)
        start += generator.normal(scale=0.1, size=start.shape)
        part = graph.subgraph(nodes)
        relaxed = relax_layout(part, start, heat=0.2 * heat, n_iter=500, generator=generator)
        places = center_layout(relaxed)
        across, up = np.ptp(places, axis=0)
        places[:, 1] *= np.clip(0.35 * across / max(up, 1e-12), 1, 4)  # a strip is all margin
        return places

    matrix = graph.to_scipy(weighted=False)
    points = place_nodes(matrix, graph.components, weighted=False, refine=refine)
    low, high = points.min(axis=0), points.max(axis=0)
    return np.asarray((2 * points - low - high) / max(float((high - low).max()), 1e-12))


def relax_layout(
    graph: FeatureGraph, start: Floats, *, heat: float, n_iter: int, generator: np.random.Generator
) -> Floats:
    """Let the nodes move from ``start`` by forces; an edge wants length 1, ``heat`` is a step."""
    import igraph

    net = igraph.Graph(n=graph.n_nodes, edges=graph.edges.tolist())
    with _seeded_python_random(int(generator.integers(2**31))):
        layout = net.layout_fruchterman_reingold(
            niter=n_iter,
            seed=start.tolist(),
            start_temp=heat,
            grid="grid" if graph.n_nodes > 1000 else "nogrid",
        )
    return np.asarray(layout.coords, dtype=np.float64).reshape(-1, 2)


def center_layout(points: Floats) -> Floats:
    """Centre positions, turn their long axis across the page and scale them to unit extent."""
    points = points - points.mean(axis=0)
    points = points @ np.linalg.eigh(points.T @ points)[1][:, ::-1]
    return points / max(float(np.abs(points).max()), 1e-12)


@contextlib.contextmanager
def _seeded_python_random(seed: int) -> Iterator[None]:
    """Seed the generator that igraph draws from, and put its state back."""
    state = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(state)


def _draw_boxes(ax: Axes, net: FeatureGraph, points: Floats, labels: Ints | None) -> None:
    edges = net.edges
    size = float(np.clip(5200 / net.n_nodes, 4, 60))
    width = float(np.clip(800 / max(net.n_edges, 1), 0.3, 1.3))
    if labels is None:
        draw_edges(ax, points, edges, color=_CROSSING, width=width, alpha=0.8)
        _draw_nodes(ax, points, size=size, color="#0072B2")
        return
    colors = group_colors(labels, net.n_nodes)
    inside = labels[edges[:, 0]] == labels[edges[:, 1]]
    draw_edges(ax, points, edges[~inside], color=_CROSSING, width=width * 0.7, alpha=0.7)
    color = colors[edges[inside, 0]]
    draw_edges(ax, points, edges[inside], color=color, width=width * 1.6, alpha=0.9)
    alone = np.bincount(labels)[labels] == 1
    _draw_nodes(ax, points[alone], size=size * 0.7, color="white", edge=FAINT)
    _draw_nodes(ax, points[~alone], size=size, color=colors[~alone])


def _draw_nodes(ax: Axes, points: Floats, *, size: float, color: Any, edge: str = "white") -> None:
    width = 0.5 if edge == "white" else 0.8
    x, y = points.T
    ax.scatter(x, y, s=size, c=color, edgecolor=edge, linewidth=width, zorder=3)


def draw_edges(
    ax: Axes, points: Floats, edges: Ints, *, color: object, width: float, alpha: float
) -> None:
    """Draw edges as one collection, as a bitmap when there are many."""
    from matplotlib.collections import LineCollection

    if len(edges) == 0:
        return
    many = len(edges) > _RASTER_EDGES
    style = {"colors": color, "linewidths": width, "alpha": alpha, "rasterized": many}
    ax.add_collection(LineCollection(list(points[edges]), zorder=1, **style))


def group_colors(groups: ArrayLike, n_nodes: int) -> Floats:
    """Return one RGB colour per node, shape (n_nodes, 3), the same for the same group."""
    from featgraph.io.colors import box_colors

    numbers = np.unique(np.asarray(groups), return_inverse=True)[1].reshape(-1)
    if numbers.size != n_nodes:
        raise ValueError(f"groups must have one entry per node ({n_nodes}), got {numbers.size}")
    return np.asarray(box_colors(int(numbers.max()) + 1), dtype=np.float64)[numbers] / 255


def _describe(net: FeatureGraph, cover: BoxCover | None) -> str:
    parts = [f"{net.n_nodes} nodes, {net.n_edges} edges"]
    if net.epsilon is not None:
        parts.append(f"ε = {net.epsilon:.3g}")
    if cover is not None:
        letter = "r" if cover.kind == "radius" else "ℓ"
        parts.append(f"{cover.n_boxes} boxes at {letter} = {cover.size:g} ({cover.method})")
    facts = "  ·  ".join(parts)
    if net.layer is None:
        return facts
    # a long name takes a line of its own: the picture has room for about 70 letters
    name = shorten(net.layer, 70)
    return f"{name}{'  ·  ' if len(name) + len(facts) < 65 else chr(10)}{facts}"
