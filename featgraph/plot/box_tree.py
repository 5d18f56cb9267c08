"""The box tree of a renormalisation flow: boxes within boxes, as wide as they are heavy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.renormalization import RenormalizationFlow
from featgraph.plot._flow_colors import choose_families, color_boxes, flow_masses
from featgraph.plot.style import INK, TEXT, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_box_tree"]

#: Narrower boxes than this share of the width have no border, or all would be border.
_BORDERED = 0.004
_RASTER_BOXES = 1000


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


def _tree_order(flow: RenormalizationFlow, masses: list[NDArray[np.float64]]) -> NDArray[np.int64]:
    """Order the first graph's nodes so that every box of every step is one stretch."""
    ranks = []
    for step in range(1, flow.n_steps + 1):
        rank = np.empty(masses[step].size, dtype=np.int64)
        rank[np.argsort(-masses[step], kind="stable")] = np.arange(rank.size)
        ranks.append(rank[flow.labels(step)])
    return np.lexsort(ranks)
