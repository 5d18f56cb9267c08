"""The graphs of a renormalisation flow side by side: boxes of one panel are nodes of the next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.boxes.renormalization import RenormalizationFlow
from featgraph.core.values import RandomState, as_rng
from featgraph.plot._flow_colors import choose_families, color_boxes, flow_masses
from featgraph.plot._flow_layout import layout_flow, mass_centers
from featgraph.plot.graph_drawing import draw_edges
from featgraph.plot.style import INK, SMALL, WIDTH, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_renormalization"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_CROSSING = "#BDBDBD"
_COLUMNS = 4
_PANEL = 2.1  # inches
_AREA = 700.0  # points², all nodes of a panel together
_SMALLEST = 1.5  # points², so that a node of a large graph is still seen
_RASTER_NODES = 3000


def plot_renormalization(
    flow: RenormalizationFlow,
    *,
    positions: ArrayLike | None = None,
    rng: RandomState = 0,
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
