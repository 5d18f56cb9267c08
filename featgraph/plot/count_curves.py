"""Box counting: log N against log(1 + ℓ), its fitted line, its rival and its bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.counts import BoxCounts
from featgraph.dimension.fit import DimensionFit
from featgraph.plot.style import (
    BAND,
    BLACK,
    FAINT,
    GRID,
    INK,
    PROVEN,
    SMALL,
    TEXT,
    VERMILION,
    SeriesStyle,
    name_size_axis,
    new_axes,
    series_style,
    series_styles,
    set_hop_ticks,
    use_count_scale,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_box_counts"]

_BRACKET = "certified bracket"


def plot_box_counts(
    counts: BoxCounts | Sequence[BoxCounts] | DimensionFit,
    *,
    fit: DimensionFit | None = None,
    labels: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> tuple[Figure, Axes]:
    """Draw box counts on the scale where a fractal is a straight line.

    Parameters
    ----------
    counts : BoxCounts or sequence of BoxCounts, or DimensionFit
        One curve, or several to compare, or what was fitted to one; radius boxes stand at
        ℓ = 2r. Where repeats differ, a thin bar spans them; where lower bounds are certified,
        the band between them and the counts is shaded. Sizes with one box are drawn hollow:
        they are left out of every fit.
    fit : DimensionFit or None, default=None
        Adds the fitted line (solid inside its window, dotted outside), the window, the
        exponential alternative and the verdict. It belongs to the first curve.
    labels : sequence of str or None, default=None
        Names of the curves; None takes the covering methods.
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        Its axes; x is ℓ spaced as log(1 + ℓ), y is N on a logarithmic scale.

    Raises
    ------
    ValueError
        If ``counts`` is empty, mixes units of size, or ``labels`` differ in number.

    Examples
    --------
    >>> import networkx as nx
    >>> from featgraph.boxes import box_counts
    >>> counts = box_counts(nx.path_graph(60), sizes=[0, 1, 2, 4, 8, 16], rng=0)
    >>> fig, ax = plot_box_counts(counts)
    >>> ax.get_yscale()
    'log'
    """
    if isinstance(counts, DimensionFit):
        fit = counts
        counts = BoxCounts(
            fit.sizes, fit.counts, fit.method, "diameter", math.ceil(fit.counts.max()), fit.space
        )
    curves = [counts] if isinstance(counts, BoxCounts) else list(counts)
    names = _curve_names(curves, labels)
    fig, ax = new_axes(ax)
    name_size_axis(ax, curves[0].space)
    if fit is not None:
        _draw_fit(ax, fit)
    styles = series_styles([curve.method for curve in curves])
    for curve, name, style in zip(curves, names, styles, strict=True):
        _draw_curve(ax, curve, name, SeriesStyle(BLACK) if len(curves) == 1 else style)
    sizes = np.unique(np.concatenate([curve.diameter_sizes for curve in curves]))
    if curves[0].space == "hop":
        set_hop_ticks(ax, sizes)
    use_count_scale(ax, float(max(curve.counts.max() for curve in curves)))
    if fit is not None:
        _state_verdict(ax, fit)
    ax.legend(frameon=False, fontsize=SMALL, loc="lower left")
    return fig, ax


def _curve_names(curves: list[BoxCounts], labels: Sequence[str] | None) -> list[str]:
    if not curves:
        raise ValueError("counts must hold at least one BoxCounts, got none")
    spaces = sorted({curve.space for curve in curves})
    if len(spaces) > 1:
        raise ValueError(f"counts must share one unit of size, got {spaces}; draw them apart")
    if labels is None:
        return [
            PROVEN
            if curve.method == "optimum" and curve.proven.all()
            else series_style(curve.method).label
            for curve in curves
        ]
    if len(labels) != len(curves):
        raise ValueError(f"labels must name {len(curves)} curves, got {len(labels)} names")
    return list(labels)


def _draw_curve(ax: Axes, curve: BoxCounts, name: str, style: SeriesStyle) -> None:
    sizes = np.asarray(curve.diameter_sizes, dtype=np.float64)
    n_boxes = np.asarray(curve.counts, dtype=np.float64)
    if curve.lower_bounds is not None and not curve.proven.all():
        named = any(area.get_label() == _BRACKET for area in ax.collections)
        ax.fill_between(
            sizes, curve.lower_bounds, n_boxes, color=BAND, linewidth=0,
            label=None if named else _BRACKET,
        )  # fmt: skip
    most = curve.counts_per_repeat.max(axis=0)
    if (most > n_boxes).any():
        ax.vlines(sizes, n_boxes, most, color=style.color, linewidth=1.0)
    usable = n_boxes > 1
    ax.plot(sizes, n_boxes, color=style.color, linewidth=0.8, alpha=0.4, zorder=1.8, gid="counts")
    dots: dict[str, Any] = {
        "linestyle": "none",
        "marker": style.marker,
        "markersize": 5,
        "color": style.color,
    }
    ax.plot(sizes[usable], n_boxes[usable], label=name, **dots)
    ax.plot(sizes[~usable], n_boxes[~usable], markerfacecolor="white", **dots)


def _draw_fit(ax: Axes, fit: DimensionFit) -> None:
    low, high = fit.window
    ax.axvspan(low, high, color=GRID, alpha=0.55, linewidth=0, zorder=0, label="fit window")
    grid = np.expm1(np.linspace(np.log1p(fit.sizes.min()), np.log1p(fit.sizes.max()), 120))
    inside = (grid >= low) & (grid <= high)
    ax.plot(grid, fit.predict(grid), color=VERMILION, linewidth=1.0, linestyle=":")
    ax.plot(  # over the thin line that joins the counts, under their markers
        grid[inside], fit.predict(grid[inside]), color=VERMILION, linewidth=2.0, label="power law"
    )
    rival = exponential_curve(fit, grid)
    ax.plot(grid, rival, color=FAINT, linewidth=1.4, dashes=(4, 2), label="exponential")


def exponential_curve(fit: DimensionFit, sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return N of log N = a − b·ℓ fitted to all usable sizes, as the fit compares it."""
    slope, intercept = np.polyfit(fit.sizes, np.log(fit.counts), 1)
    curve: NDArray[np.float64] = np.exp(intercept + slope * sizes)
    return curve


def _state_verdict(ax: Axes, fit: DimensionFit) -> None:
    low, high = fit.interval
    name, size = (r"d_\theta", "θ") if fit.space == "metric" else ("d_B", "ℓ")
    text = (
        f"${name}$ = {fit.dimension:.2f}  [{low:.2f}, {high:.2f}]\n{size} from "
        f"{fit.window[0]:.3g} to {fit.window[1]:.3g}, {int(fit.in_window.sum())} sizes"
    )
    look: dict[str, Any] = {"fontsize": TEXT, "color": INK}
    ax.text(0.98, 0.97, text, transform=ax.transAxes, ha="right", va="top", linespacing=1.4, **look)
    ax.set_title(f"verdict: {fit.verdict}", loc="right", fontweight="bold", **look)
