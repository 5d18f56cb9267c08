"""Renormalisation flows: what stays the same from step to step, and what does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.dimension.flow import FlowAnalysis
from featgraph.plot.style import (
    FAINT,
    INK,
    SMALL,
    TEXT,
    WIDTH,
    new_figure,
    series_style,
    style_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_flow"]

_SHOWN = (
    ("clustering", "mean clustering", True),
    ("modularity", "modularity", True),
    ("hub_share", "largest degree / (nodes − 1)", True),
    ("mean_degree", "mean degree", False),
    ("mean_distance", "mean distance (hops)", False),
)
_FEWEST = 10


def plot_flow(analysis: FlowAnalysis, *, size: float | None = None) -> tuple[Figure, NDArray[Any]]:
    """Draw a renormalisation flow: degree distributions and five measures over the steps.

    Parameters
    ----------
    analysis : FlowAnalysis
        From :func:`analyze_flow`.
    size : float or None, default=None
        Box size whose degree distributions are drawn; None takes the smallest. The measures
        are drawn for all sizes, against the number of nodes left.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    axes : ndarray of matplotlib Axes, shape (2, 3)
        Degree distributions first, then clustering, modularity, share of the largest hub, mean
        degree and mean distance.

    Raises
    ------
    ValueError
        If ``size`` is not one of the analysis.

    Examples
    --------
    >>> from featgraph.datasets import make_flower
    >>> from featgraph.dimension import analyze_flow
    >>> fig, axes = plot_flow(analyze_flow(make_flower(2, 2, 4), sizes=[1, 2]))
    >>> axes.shape
    (2, 3)
    """
    chosen = analysis.sizes[0] if size is None else float(size)
    if chosen not in analysis.sizes:
        raise ValueError(f"size must be one of {analysis.sizes}, got {size!r}")
    fig = new_figure(WIDTH * 1.35, 5.0)
    axes = fig.subplots(2, 3)
    for ax in axes.flat:
        style_axes(ax)
    _draw_degrees(axes.flat[0], analysis, chosen)
    for ax, (name, label, bounded) in zip(axes.flat[1:], _SHOWN, strict=True):
        _draw_measure(ax, analysis, name, label, bounded)
    axes.flat[1].legend(frameon=False, fontsize=SMALL, loc="best", title="box size",
                        title_fontsize=SMALL)  # fmt: skip
    fig.suptitle(
        f"{analysis.steps[0].n_nodes:,} nodes, scale-invariance score {analysis.score:.2f}",
        fontsize=TEXT, color=INK, fontweight="bold", x=0.99, ha="right",
    )  # fmt: skip
    return fig, axes


def _draw_degrees(ax: Axes, analysis: FlowAnalysis, size: float) -> None:
    from matplotlib import colormaps
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    steps = [step for step in analysis.of_size(size) if step.n_nodes >= _FEWEST]
    shades = colormaps["viridis"](np.linspace(0.0, 0.85, max(len(steps), 2)))
    for shade, step in zip(shades, steps, strict=False):
        degrees = np.sort(analysis.degrees[size, step.step])
        share = 1 - np.searchsorted(degrees, np.unique(degrees), side="left") / degrees.size
        ax.plot(
            np.unique(degrees) / degrees.mean(), share, color=shade, linewidth=1.2,
            marker="o", markersize=3, label=f"{step.step}: {step.n_nodes:,} nodes",
        )  # fmt: skip
    ax.set_xscale("log")
    ax.set_yscale("log")
    # Degrees span one or two decades: 0.5, 1, 2, 5 say more than powers of ten and fit.
    ax.xaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0), numticks=12))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("degree / mean degree")
    ax.set_ylabel("share of nodes with at least it")
    ax.legend(
        frameon=False, fontsize=SMALL - 1, loc="lower left", title=f"step, size {size:g}",
        title_fontsize=SMALL - 1,
    )  # fmt: skip


def _draw_measure(ax: Axes, analysis: FlowAnalysis, name: str, label: str, bounded: bool) -> None:
    for index, size in enumerate(analysis.sizes):
        steps = [step for step in analysis.of_size(size) if step.n_nodes > 1]
        style = series_style(f"size {size:g}", index=index)
        ax.plot(
            [step.n_nodes for step in steps], [getattr(step, name) for step in steps],
            color=style.color, marker=style.marker, markersize=4, linewidth=1.2, label=f"{size:g}",
        )  # fmt: skip
    ax.set_xscale("log")
    ax.invert_xaxis()  # time of the flow runs to the right
    ax.set_xlabel("nodes left →", color=INK)
    ax.set_ylabel(label)
    if bounded:
        ax.set_ylim(-0.04, 1.04)
    else:
        ax.set_ylim(bottom=0)
    ax.axhline(0, color=FAINT, linewidth=0.6, zorder=0)
