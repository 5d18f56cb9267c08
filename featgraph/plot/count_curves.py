"""Box counts on log–log axes: over sizes ℓ with fit, rival and bounds, and over θ by estimator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.counts import BoxCounts
from featgraph.core.checks import choice
from featgraph.dimension.compare import ComparisonRow, DimensionComparison
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

__all__ = ["plot_box_counts", "plot_theta_curves"]

Floats: TypeAlias = NDArray[np.float64]
_BRACKET = "certified bracket"
_WIDTHS = {"approximation": 1.8, "lower bound": 1.2, "covering": 1.0}
#: Right edges of the three columns of numbers, and the height of a row, in inches.
_COLUMNS, _STEP = (2.62, 3.16, 3.58), 0.2


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


def exponential_curve(fit: DimensionFit, sizes: Floats) -> Floats:
    """Return N of log N = a − b·ℓ fitted to all usable sizes, as the fit compares it."""
    slope, intercept = np.polyfit(fit.sizes, np.log(fit.counts), 1)
    return np.asarray(np.exp(intercept + slope * sizes))


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


@dataclass(frozen=True)
class _Entry:
    """One line of the key beside the axes."""

    style: SeriesStyle
    label: str
    width: float
    numbers: tuple[str, ...] = ()


def plot_theta_curves(
    comparison: DimensionComparison, *, curves: Sequence[str] | None = None, ax: Axes | None = None
) -> tuple[Figure, Axes]:
    """Draw approximate, certified and true box counts of a layer over θ.

    Parameters
    ----------
    comparison : DimensionComparison
        From :func:`featgraph.dimension.compare_dimensions`.
    curves : sequence of str or None, default=None
        Which of ``comparison.curves`` to draw; None draws all. The best covering, the
        certified bracket and the ideal line are always there.
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure. The key stands to the right of the axes.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        Its axes; x is θ spaced as log(1 + θ), y is N on a logarithmic scale. Each curve is
        a line whose ``gid`` is its name.

    Raises
    ------
    ValueError
        If a name in ``curves`` is not in the comparison.

    Notes
    -----
    Approximations are dashed, true coverings solid, lower bounds dotted. The smallest
    possible number of boxes is the black line where that is proven; elsewhere it lies in the
    shaded bracket below it. The key lists the curves from top to bottom as they lie in the
    middle of the picture, with d_θ, SS_rate and the mean of |log N − log N_best|.

    Examples
    --------
    >>> from featgraph.dimension import compare_dimensions
    >>> features = np.random.default_rng(0).normal(size=(20, 8))
    >>> fig, ax = plot_theta_curves(compare_dimensions(features, n_theta=16, rng=0))
    >>> sorted(line.get_gid() for line in ax.lines)[:3]
    ['best', 'caro_wei', 'cbb']
    """
    names = list(comparison.curves) if curves is None else list(curves)
    for name in names:
        choice(name, list(comparison.curves), "curves")
    fig, ax = new_axes(ax, width=8.4, height=3.8)
    name_size_axis(ax, "metric")
    theta, n_nodes = comparison.theta, comparison.n_nodes
    ax.fill_between(
        theta, comparison.lower, comparison.best, color=BAND, linewidth=0, gid="bracket"
    )
    heights = {}
    for index, name in enumerate(names):
        row = comparison.row(name)
        style = _style(row, index)
        _draw_line(ax, theta, comparison.curves[name], style, _WIDTHS[row.role], name)
        heights[name] = _mean_height(comparison.curves[name])
    _draw_line(ax, theta, comparison.best, series_style("best"), 2.2, "best")
    heights["best"] = _mean_height(comparison.best)
    _draw_straight_lines(ax, comparison)
    use_count_scale(ax, n_nodes)
    ax.set_xlim(theta[0], theta[-1])
    order = sorted(heights, key=lambda name: -heights[name])
    _write_key(ax, [_curve_entry(comparison, name, names) for name in order], comparison)
    return fig, ax


def _style(row: ComparisonRow, index: int) -> SeriesStyle:
    return series_style(row.name, index=index, dashed=row.role == "approximation")


def _draw_line(
    ax: Axes, theta: Floats, values: Floats, style: SeriesStyle, width: float, name: str
) -> None:
    line = ax.plot(theta, values, color=style.color, linewidth=width, gid=name)[0]
    if style.dashes:
        line.set_dashes(style.dashes)


def _mean_height(values: Floats) -> float:
    quarter = values.size // 4
    return float(np.log(values[quarter : values.size - quarter]).mean())


def _draw_straight_lines(ax: Axes, comparison: DimensionComparison) -> None:
    """Draw pf, the line of SS_rate 0, and the line fitted to the best covering."""
    theta, best = comparison.theta, comparison.best
    ends = theta[[0, -1]]
    ax.plot(ends, [comparison.n_nodes, 1], color=FAINT, linewidth=1.0, gid="ideal")
    usable = best > 1
    if np.count_nonzero(usable) < 4:
        return
    slope, intercept = np.polyfit(np.log1p(theta[usable]), np.log(best[usable]), 1)
    fitted = np.exp(intercept + slope * np.log1p(theta))
    shown = (fitted >= 1) & (fitted <= comparison.n_nodes * 1.2)
    line = ax.plot(theta[shown], fitted[shown], color=BLACK, linewidth=0.9, gid="fit")[0]
    line.set_dashes((1.0, 2.0))


def _curve_entry(comparison: DimensionComparison, name: str, names: Sequence[str]) -> _Entry:
    row = comparison.row(name)
    numbers = (f"{row.dimension:.2f}", f"{row.ss_rate:.3f}", f"{row.log_error:.2f}")
    if name == "best":
        style = series_style("best")
        label = PROVEN if comparison.proven == 1 else style.label
        return _Entry(style, label, 2.2, numbers)
    style = _style(row, names.index(name))
    return _Entry(style, style.label, _WIDTHS[row.role], numbers)


def _write_key(ax: Axes, curves: list[_Entry], comparison: DimensionComparison) -> None:
    """Write the key right of the axes: a small table in the order of the curves."""
    from matplotlib.transforms import ScaledTranslation

    # Inches from the upper right corner: the layout can make room for a key of fixed size.
    corner = ScaledTranslation(1, 1, ax.transAxes)  # type: ignore[arg-type]
    inches = ax.figure.dpi_scale_trans + corner
    below = [
        _Entry(SeriesStyle(FAINT), "power law with SS_rate = 0", 1.0),
        _Entry(SeriesStyle(BLACK, (1.0, 2.0)), "fit to the thickest line", 0.9),
    ]
    if comparison.proven < 1:
        below.insert(0, _Entry(SeriesStyle(BAND), "bracket of the minimum", 8.0))
    text: dict[str, Any] = {"transform": inches, "fontsize": SMALL, "va": "center", "color": INK}
    for x, head in zip(_COLUMNS, (r"$d_\theta$", "SS_rate", "error"), strict=True):
        ax.text(x, -0.05, head, **{**text, "ha": "right", "color": FAINT})
    y = -0.05
    for place, entry in enumerate([*curves, *below]):
        y -= _STEP * (1.6 if place == len(curves) else 1)
        style = entry.style
        line = ax.plot([0.12, 0.48], [y, y], transform=inches, color=style.color, gid="key")[0]
        line.set(linewidth=entry.width, clip_on=False, solid_capstyle="butt")
        if style.dashes:
            line.set_dashes(style.dashes)
        ax.text(0.58, y, entry.label, **text)
        for x, number in zip(_COLUMNS, entry.numbers, strict=False):
            ax.text(x, y, number, **{**text, "ha": "right"})
