"""Renormalisation flows: graphs side by side, the box tree, and the colours both share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.boxes.renormalization import RenormalizationFlow
from featgraph.core.values import RandomState, as_rng
from featgraph.io.colors import box_colors
from featgraph.plot.graph_drawing import center_layout, draw_edges, relax_layout
from featgraph.plot.mds import align_positions
from featgraph.plot.style import INK, SMALL, TEXT, WIDTH, new_axes, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "choose_families",
    "color_boxes",
    "flow_masses",
    "layout_flow",
    "mass_centers",
    "plot_box_tree",
    "plot_renormalization",
]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
#: The colours of Okabe and Ito, those of boxes everywhere, and what has none.
_COLORS, _NO_COLOR = box_colors(7).tolist(), [150, 150, 150]
#: Mixed into a colour, so that boxes of one colour differ: share of white (above 0) or black.
_SHADES = (0.0, 0.45, -0.35, 0.25, -0.18, 0.6)
#: Above this number of nodes an overlap is a point on a point, and pairs are too many.
_MOST_SEPARATED = 600
_CROSSING = "#BDBDBD"
_COLUMNS = 4
_PANEL = 2.1  # inches
_AREA = 700.0  # points², all nodes of a panel together
_SMALLEST = 1.5  # points², so that a node of a large graph is still seen
_RASTER_NODES = 3000
#: Narrower boxes than this share of the width have no border, or all would be border.
_BORDERED = 0.004
_RASTER_BOXES = 1000


def plot_renormalization(
    flow: RenormalizationFlow, *, positions: ArrayLike | None = None, rng: RandomState = 0
) -> tuple[Figure, NDArray[Any]]:
    """Draw every graph of a renormalisation flow, the given one first, the last one last.

    Parameters
    ----------
    flow : RenormalizationFlow
        From :func:`featgraph.boxes.renormalization_flow`.
    positions : array_like of float, shape (n_nodes, 2), or None, default=None
        Positions of the first graph's nodes, for example on a map: each later node then
        stands at the mean position of the nodes in it, and all panels show the same section.
        None lays the graphs out by forces from the last to the first, each box around the
        place of the node that it becomes; every panel then shows its graph in full.
    rng : None, int or Generator, default=0
        Source of the layout.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    axes : ndarray of matplotlib Axes, shape (n_steps + 1,)
        One panel per step. The area of a node is its mass, the share of the first graph's
        nodes in it; nodes and edges of one colour become one node in the next panel.

    Raises
    ------
    ValueError
        If ``positions`` do not fit the first graph.

    Notes
    -----
    A box keeps the colour of the heaviest node in it from panel to panel. Seven colours go to
    the heaviest nodes that end in a box of another colour; all others take the colour of the
    box they end in, and boxes of one colour differ in lightness.

    The layout is that of multilevel drawing and costs O(n_nodes + n_edges) per step of the
    forces. More than 3000 edges or nodes become one bitmap inside vector files.

    References
    ----------
    C. Song, S. Havlin, H. Makse 2006, doi:10.1038/nphys266 (drawings of renormalised
    networks); C. Walshaw 2003, doi:10.7155/jgaa.00070 (multilevel layout).

    Examples
    --------
    >>> from featgraph.boxes import renormalization_flow
    >>> from featgraph.datasets import make_flower
    >>> fig, axes = plot_renormalization(renormalization_flow(make_flower(2, 2, 4), 1, rng=0))
    >>> [ax.get_title(loc="left") for ax in axes[-2:]]
    ['step 4: 2 nodes, 1 edge', 'step 5: 1 node, 0 edges']
    """
    masses = flow_masses(flow)
    if positions is None:
        radius = np.sqrt(_AREA / np.pi) / (72 * _PANEL / 2)
        places = layout_flow(flow, masses, radius=radius, generator=as_rng(rng))
    else:
        places = mass_centers(flow, masses, _check_positions(positions, masses[0].size))
    families = choose_families(flow, masses)
    n_panels = len(flow.graphs)
    n_columns = min(n_panels, _COLUMNS)
    n_rows = -(-n_panels // n_columns)
    low, high = _section(places if positions is None else places[:1])
    ratio = float(np.clip((high - low)[1] / (high - low)[0], 0.4, 1.2))
    size = (max(n_columns * _PANEL, WIDTH / 2), n_rows * (_PANEL * ratio + 0.25))
    fig = new_figure(*size)
    grid = fig.subplots(n_rows, n_columns, squeeze=False).ravel()
    for ax in grid:
        ax.set_axis_off()
    for step, ax in enumerate(grid[:n_panels]):
        _draw_step(ax, flow, step, places[step], masses, families)
        ax.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect="equal")
    return fig, grid[:n_panels]


def _check_positions(positions: ArrayLike, n_nodes: int) -> Floats:
    points = np.asarray(positions, dtype=np.float64)
    if points.shape != (n_nodes, 2) or not np.isfinite(points).all():
        raise ValueError(f"positions must be finite, of shape ({n_nodes}, 2), got {points.shape}")
    return points


def _draw_step(
    ax: Axes,
    flow: RenormalizationFlow,
    step: int,
    places: Floats,
    masses: list[Floats],
    families: list[Ints],
) -> None:
    graph, mass = flow.graphs[step], masses[step]
    last = step == flow.n_steps
    labels = np.arange(graph.n_nodes) if last else flow.covers[step].labels
    above = step if last else step + 1
    colors = color_boxes(families[above], masses[above])[labels]
    edges = graph.edges
    inside = labels[edges[:, 0]] == labels[edges[:, 1]]
    width = float(np.clip(600 / max(graph.n_edges, 1), 0.25, 1.0))
    draw_edges(ax, places, edges[~inside], color=_CROSSING, width=0.7 * width, alpha=0.7)
    draw_edges(
        ax, places, edges[inside], color=colors[edges[inside, 0]], width=1.5 * width, alpha=0.9
    )
    areas = np.maximum(_AREA * mass / mass.sum(), _SMALLEST)
    order = np.argsort(-areas, kind="stable")  # the light ones on top
    ax.scatter(
        places[order, 0],
        places[order, 1],
        s=areas[order],
        c=colors[order],
        edgecolor="white",
        linewidth=np.clip(0.08 * np.sqrt(areas[order]) - 0.1, 0, 0.6),
        zorder=3,
        rasterized=graph.n_nodes > _RASTER_NODES,
    )
    nodes = f"{graph.n_nodes:,} node{'' if graph.n_nodes == 1 else 's'}"
    ax.set_title(
        f"step {step}: {nodes}, {graph.n_edges:,} edge{'' if graph.n_edges == 1 else 's'}",
        loc="left", fontsize=SMALL, color=INK,
    )  # fmt: skip


def _section(places: list[Floats]) -> tuple[Floats, Floats]:
    """Return the corners of the section that all panels show, with room at the border."""
    low = np.min([points.min(axis=0) for points in places], axis=0)
    high = np.max([points.max(axis=0) for points in places], axis=0)
    margin = 0.1 * max(float((high - low).max()), 0.5)
    return low - margin, high + margin


def plot_box_tree(flow: RenormalizationFlow, *, ax: Axes | None = None) -> tuple[Figure, Axes]:
    """Draw which boxes lie in which, from the boxes of the first step up to the last node.

    Parameters
    ----------
    flow : RenormalizationFlow
        From :func:`featgraph.boxes.renormalization_flow`, of at least one step.
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        y is the step; each bar is a box, x from 0 to 1 its share of the nodes, and under it
        lie the boxes of the step before that it is made of, the heaviest to the left.

    Raises
    ------
    ValueError
        If the flow has no step.

    Notes
    -----
    Colours are those of :func:`plot_renormalization`: a bar of step k is a colour of panel
    k − 1. A graph that repeats itself splits in like ways on all levels; in a small world one
    box takes nearly everything within a step or two.

    Examples
    --------
    >>> from featgraph.boxes import renormalization_flow
    >>> from featgraph.datasets import make_flower
    >>> fig, ax = plot_box_tree(renormalization_flow(make_flower(2, 2, 4), 1, rng=0))
    >>> ax.get_xlabel()
    'share of the nodes'
    """
    if flow.n_steps == 0:
        raise ValueError("flow must have at least one step, got none; the graph has no edge")
    masses = flow_masses(flow)
    families = choose_families(flow, masses)
    order = _tree_order(flow, masses)
    fig, ax = new_axes(ax, height=0.8 + 0.34 * flow.n_steps)
    n_nodes = order.size
    for step in range(1, flow.n_steps + 1):
        labels = flow.labels(step)[order]
        starts = np.flatnonzero(np.diff(labels, prepend=-1))
        widths = np.diff(starts, append=n_nodes) / n_nodes
        ax.bar(
            starts / n_nodes,
            1.0,
            width=widths,
            bottom=step - 0.5,
            align="edge",
            color=color_boxes(families[step], masses[step])[labels[starts]],
            edgecolor="white",
            linewidth=np.where(widths > _BORDERED, 0.6, 0.0),
            rasterized=starts.size > _RASTER_BOXES,
        )
    ax.set(xlim=(0, 1), ylim=(0.5, flow.n_steps + 0.5), xlabel="share of the nodes")
    ax.set_yticks(
        np.arange(1, flow.n_steps + 1),
        [f"{step}: {graph.n_nodes:,}" for step, graph in enumerate(flow.graphs)][1:],
    )
    ax.set_ylabel("step: boxes")
    ax.grid(False)
    nodes = f"{n_nodes:,} nodes, boxes of {flow.covers[0].kind} {flow.covers[0].size:g}"
    ax.set_title(f"{nodes} ({flow.covers[0].method})", loc="left", fontsize=TEXT, color=INK)
    return fig, ax


def _tree_order(flow: RenormalizationFlow, masses: list[Floats]) -> Ints:
    """Order the first graph's nodes so that every box of every step is one stretch."""
    ranks = []
    for step in range(1, flow.n_steps + 1):
        rank = np.empty(masses[step].size, dtype=np.int64)
        rank[np.argsort(-masses[step], kind="stable")] = np.arange(rank.size)
        ranks.append(rank[flow.labels(step)])
    return np.lexsort(ranks)


def flow_masses(flow: RenormalizationFlow) -> list[Floats]:
    """Return for each node of each graph how many nodes of the first graph are in it."""
    masses: list[Floats] = [np.ones(flow.graphs[0].n_nodes)]
    for cover in flow.covers:
        masses.append(np.bincount(cover.labels, masses[-1]).astype(np.float64))
    return masses


def choose_families(flow: RenormalizationFlow, masses: list[Floats]) -> list[Ints]:
    """Return the colour number of each node of each graph, −1 without a colour.

    A head is a node that is not the heaviest of its box: what is in it goes its own way up to
    there. The heaviest heads of all graphs get the colours, and nodes that are no heads the
    colour of the box they end in.
    """
    n_steps = flow.n_steps
    heads = [np.ones(mass.size, dtype=bool) for mass in masses]
    for head, cover, mass in zip(heads, flow.covers, masses, strict=False):
        order = np.argsort(-mass, kind="stable")
        head[order[np.unique(cover.labels[order], return_index=True)[1]]] = False
    if n_steps:
        heads[0][:] = False  # single nodes are never seen as boxes
    level = np.concatenate([np.full(mass.size, k) for k, mass in enumerate(masses)])
    node = np.concatenate([np.arange(mass.size) for mass in masses])
    weight = np.concatenate(masses) * np.concatenate(heads)
    chosen = np.lexsort((-level, -weight))[: len(_COLORS)]
    found = [np.full(mass.size, -1, dtype=np.int64) for mass in masses]
    for step in range(n_steps, -1, -1):
        if step < n_steps:
            found[step] = found[step + 1][flow.covers[step].labels]
        for color, k in enumerate(chosen.tolist()):
            if level[k] == step and weight[k] > 0:
                found[step][node[k]] = color
    return found


def color_boxes(families: Ints, masses: Floats) -> Floats:
    """Return one RGB colour per box; boxes of one family differ in lightness."""
    order = np.lexsort((-masses, families))
    sorted_families = families[order]
    rank = np.arange(order.size) - np.searchsorted(sorted_families, sorted_families)
    shade = np.empty(order.size)
    shade[order] = np.array(_SHADES)[rank % len(_SHADES)]
    colors = np.array([*_COLORS, _NO_COLOR])[families] / 255  # −1 is the last row
    return np.asarray(colors * (1 - np.abs(shade))[:, None] + np.maximum(shade, 0)[:, None])


def layout_flow(
    flow: RenormalizationFlow,
    masses: list[Floats],
    *,
    radius: float,
    generator: np.random.Generator,
) -> list[Floats]:
    """Lay out every graph, each starting where the nodes of the next one stand.

    The layout comes out of the boxes themselves, coarse before fine, as in multilevel drawing
    (Walshaw 2003, doi:10.7155/jgaa.00070). Each is scaled to the unit square; ``radius`` is
    that of a node of all the mass, and nodes move apart until none covers another.
    """
    last = flow.graphs[-1]
    places = [_sunflower(masses[-1])]
    if last.n_edges:
        heat = 0.6 * np.sqrt(last.n_nodes)
        places = [relax_layout(last, places[0], heat=heat, n_iter=300, generator=generator)]
    for graph, cover in zip(flow.graphs[-2::-1], flow.covers[::-1], strict=True):
        n_nodes = graph.n_nodes
        spread = np.sqrt(n_nodes / cover.n_boxes)  # an edge wants length 1 in every graph
        start = spread * places[0][cover.labels] + generator.normal(scale=0.7, size=(n_nodes, 2))
        heat = max(1.0, 0.06 * np.sqrt(n_nodes))
        # Large graphs begin near their end, and a round of theirs costs most of a second.
        n_iter = int(np.clip(min(1e6 / n_nodes, 3e9 / n_nodes**2), 10, 300))
        places.insert(0, relax_layout(graph, start, heat=heat, n_iter=n_iter, generator=generator))
    places[0] = center_layout(places[0])
    for k, cover in enumerate(flow.covers):  # forces turn a graph as a whole; turn it back
        target = _pool(places[k], cover.labels, masses[k])
        places[k + 1] = align_positions(_center(places[k + 1]), _center(target))
    return [
        _separate(_fit(points), radius * np.sqrt(mass / mass.sum()))
        for points, mass in zip(places, masses, strict=True)
    ]


def mass_centers(flow: RenormalizationFlow, masses: list[Floats], first: Floats) -> list[Floats]:
    """Return mean positions of the nodes of the first graph in each node of each graph."""
    found = [first]
    for cover, mass in zip(flow.covers, masses, strict=False):
        found.append(_pool(found[-1], cover.labels, mass))
    return found


def _pool(points: Floats, labels: Ints, mass: Floats) -> Floats:
    sums = [np.bincount(labels, mass * points[:, k]) for k in (0, 1)]
    return np.stack(sums, axis=1) / np.bincount(labels, mass)[:, None]


def _center(points: Floats) -> Floats:
    return np.asarray(points - points.mean(axis=0))


def _sunflower(mass: Floats) -> Floats:
    """Place nodes without edges on a spiral, the heaviest inside, each with room by its mass."""
    order = np.argsort(-mass, kind="stable")
    before = np.cumsum(mass[order]) - mass[order]
    angle = np.arange(mass.size) * np.pi * (3 - np.sqrt(5))
    distance = np.sqrt((before + mass[order] / 2) / mass.mean()) * (mass.size > 1)
    places = np.empty((mass.size, 2))
    places[order] = distance[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return places


def _fit(points: Floats) -> Floats:
    """Scale positions to the square from −1 to 1; fewer than nine nodes leave more of it free."""
    low, high = points.min(axis=0), points.max(axis=0)
    extent = max(float((high - low).max()) / 2, 1e-12)
    return np.asarray((points - (low + high) / 2) / extent * min(1.0, np.sqrt(len(points)) / 3))


def _separate(points: Floats, radii: Floats, n_iter: int = 60) -> Floats:
    """Push discs apart along the line between them until none covers another."""
    if not 1 < len(points) <= _MOST_SEPARATED:
        return points
    need = 1.1 * (radii[:, None] + radii[None, :])
    share = radii[None, :] / (radii[:, None] + radii[None, :])  # the lighter one gives way
    for _ in range(n_iter):
        apart = points[:, None] - points[None, :]
        gaps = np.maximum(np.linalg.norm(apart, axis=2), 1e-9)
        push = np.maximum(need - gaps, 0) * share / gaps
        np.fill_diagonal(push, 0)
        if not push.any():
            break
        points = points + (push[:, :, None] * apart).sum(axis=1)
    return _fit(points)
