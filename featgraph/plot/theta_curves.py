"""Exact against approximate: the N_θ curves of one layer in one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import choice
from featgraph.dimension.comparison import ComparisonRow, DimensionComparison
from featgraph.plot.style import (
    BAND,
    BLACK,
    FAINT,
    INK,
    PROVEN,
    SMALL,
    SeriesStyle,
    name_size_axis,
    new_axes,
    series_style,
    use_count_scale,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_theta_curves"]

_WIDTHS = {"approximation": 1.8, "lower bound": 1.2, "covering": 1.0}


@dataclass(frozen=True)
class _Entry:
    """One line of the key beside the axes."""

    style: SeriesStyle
    label: str
    width: float
    numbers: tuple[str, ...] = ()


def plot_theta_curves(
    comparison: DimensionComparison,
    *,
    curves: Sequence[str] | None = None,
    ax: Axes | None = None,
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
    ax: Axes,
    theta: NDArray[np.float64],
    values: NDArray[np.float64],
    style: SeriesStyle,
    width: float,
    name: str,
) -> None:
    line = ax.plot(theta, values, color=style.color, linewidth=width, gid=name)[0]
    if style.dashes:
        line.set_dashes(style.dashes)


def _mean_height(values: NDArray[np.float64]) -> float:
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


#: Right edges of the three columns of numbers, and the height of a row, in inches.
_COLUMNS, _STEP = (2.62, 3.16, 3.58), 0.2
