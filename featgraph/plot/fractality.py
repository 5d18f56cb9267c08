"""Is it fractal? The counts, both models, and what the bootstrap leaves of the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from featgraph.dimension.evidence import Fractality
from featgraph.plot.style import (
    BAND,
    BLACK,
    FAINT,
    GRID,
    INK,
    SMALL,
    TEXT,
    VERMILION,
    name_size_axis,
    new_axes,
    set_hop_ticks,
    use_count_scale,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_fractality"]

_WORDS = {
    "fractal": "fractal: the power law holds",
    "not fractal": "not fractal: the decay is exponential",
    "undecided": "undecided",
}


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
