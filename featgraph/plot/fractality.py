"""Is it fractal? Both models with their bootstrap, and what stays the same in renormalisation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.dimension.evidence import Fractality
from featgraph.dimension.flow import FlowAnalysis
from featgraph.plot.style import (
    BAND,
    BLACK,
    FAINT,
    GRID,
    INK,
    SMALL,
    TEXT,
    VERMILION,
    WIDTH,
    name_size_axis,
    new_axes,
    new_figure,
    series_style,
    set_hop_ticks,
    set_log_ticks,
    style_axes,
    use_count_scale,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

__all__ = ["plot_flow", "plot_fractality"]

_WORDS = {
    "fractal": "fractal: the power law holds",
    "not fractal": "not fractal: the decay is exponential",
    "undecided": "undecided",
}
_SHOWN = (
    ("clustering", "mean clustering", True),
    ("modularity", "modularity", True),
    ("hub_share", "largest degree / (nodes − 1)", True),
    ("mean_degree", "mean degree", False),
    ("mean_distance", "mean distance (hops)", False),
)
_FEWEST = 10


def plot_fractality(result: Fractality, *, ax: Axes | None = None) -> tuple[Figure, Axes]:
    """Draw box counts with power law, exponential and the verdict.

    Parameters
    ----------
    result : Fractality
        From :func:`fractality`.
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        Its axes; x is ℓ spaced as log(1 + ℓ), y is N on a logarithmic scale. Runs that needed
        more boxes than the best are small dots; sizes on which the models are not compared
        are hollow; the band spans the power laws of the bootstrap.

    Examples
    --------
    >>> from featgraph.datasets import make_flower
    >>> from featgraph.dimension import fractality
    >>> fig, ax = plot_fractality(fractality(make_flower(2, 2, 4), method="greedy"))
    >>> ax.get_yscale()
    'log'
    """
    fig, ax = new_axes(ax)
    fit = result.fit
    name_size_axis(ax, fit.space)
    low, high = fit.window
    grid = np.expm1(np.linspace(np.log1p(fit.sizes[0]), np.log1p(fit.sizes[-1]), 160))
    ax.axvspan(low, high, color=GRID, alpha=0.5, linewidth=0, zorder=0, label="window of $d_B$")
    inside = grid[(grid >= low) & (grid <= high)]
    middle = np.log1p(fit.sizes[fit.in_window]).mean()
    level = fit.intercept - fit.dimension * middle
    edges = [np.exp(level - d * (np.log1p(inside) - middle)) for d in result.dimension_interval]
    ax.fill_between(
        inside, np.minimum(*edges), np.maximum(*edges), color=BAND, linewidth=0, zorder=1,
        label=f"{result.confidence:.0%} of draws",
    )  # fmt: skip
    ax.plot(grid, fit.predict(grid), color=VERMILION, linewidth=1.0, linestyle=":")
    ax.plot(inside, fit.predict(inside), color=VERMILION, linewidth=2.0, label="power law")
    slope, start = np.polyfit(
        result.compared, np.log(fit.counts[np.isin(fit.sizes, result.compared)]), 1
    )
    ax.plot(
        grid, np.exp(start + slope * grid), color=FAINT, linewidth=1.6, dashes=(4, 2),
        label="exponential",
    )  # fmt: skip
    _draw_points(ax, result)
    if fit.space == "hop":
        set_hop_ticks(ax, fit.sizes)
    use_count_scale(ax, float(fit.counts.max()))
    ax.set_ylim(bottom=0.7 * float(fit.counts.min()))
    _state(ax, result)
    ax.legend(frameon=False, fontsize=SMALL, loc="lower left")
    return fig, ax


def _draw_points(ax: Axes, result: Fractality) -> None:
    fit = result.fit
    for curve in result.counts:
        for k, size in enumerate(np.asarray(curve.diameter_sizes, dtype=np.float64)):
            if size in fit.sizes:
                runs = np.unique(curve.counts_per_repeat[:, k])
                ax.plot(
                    np.full(runs.size, size), runs, linestyle="none", marker=".", markersize=3,
                    color=FAINT, zorder=2,
                )  # fmt: skip
    compared = np.isin(fit.sizes, result.compared)
    for mask, face, label in (
        (compared, BLACK, "fewest boxes found"),
        (~compared, "white", "too small to compare on"),
    ):
        if mask.any():
            ax.plot(
                fit.sizes[mask], fit.counts[mask], linestyle="none", marker="o", markersize=5.5,
                markerfacecolor=face, markeredgecolor=BLACK, label=label, zorder=3,
            )  # fmt: skip


def _state(ax: Axes, result: Fractality) -> None:
    low, high = result.dimension_interval
    first, last = result.ratio_interval
    ax.text(
        0.98, 0.97,
        f"$d_B$ = {result.dimension:.2f}  [{low:.2f}, {high:.2f}]\n"
        f"R = {result.ratio:.2f}  [{first:.2f}, {last:.2f}]\n"
        f"{result.fit.sizes.size} sizes",
        transform=ax.transAxes, ha="right", va="top", fontsize=TEXT, color=INK, linespacing=1.4,
    )  # fmt: skip
    ax.set_title(_WORDS[result.verdict], loc="right", fontsize=TEXT, color=INK, fontweight="bold")


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
    score = (
        f", scale-invariance score {analysis.score:.2f}" if math.isfinite(analysis.score) else ""
    )
    fig.suptitle(
        f"{analysis.steps[0].n_nodes:,} nodes{score}",
        fontsize=TEXT, color=INK, fontweight="bold", x=0.99, ha="right",
    )  # fmt: skip
    return fig, axes


def _draw_degrees(ax: Axes, analysis: FlowAnalysis, size: float) -> None:
    from matplotlib import colormaps

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
    for axis in (ax.xaxis, ax.yaxis):
        _label_decades(axis)
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
    _label_decades(ax.xaxis)
    ax.set_xlabel("nodes left →", color=INK)
    ax.set_ylabel(label)
    if bounded:
        ax.set_ylim(-0.04, 1.04)
    else:
        ax.set_ylim(bottom=0)
    ax.axhline(0, color=FAINT, linewidth=0.6, zorder=0)


def _label_decades(axis: Axis) -> None:
    """Write 1, 2, 5 of each decade, or over many decades the powers of ten."""
    low, high = sorted(axis.get_view_interval())
    set_log_ticks(axis, (1.0, 2.0, 5.0) if high / low < 100 else (1.0,), "{:,.6g}", None)
