"""What becomes of a feature network while ε grows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from featgraph.plot.style import (
    BAND,
    BLUE,
    FAINT,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SMALL,
    TEXT,
    VERMILION,
    new_figure,
    style_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from featgraph.dimension.sweep import EpsilonSweep

__all__ = ["plot_epsilon_sweep"]

_SHARES = {
    "giant_share": ("share in the largest component", BLUE, "o", "-"),
    "clustering": ("clustering C", GREEN, "s", "--"),
    "density": ("density", ORANGE, "^", ":"),
}


def plot_epsilon_sweep(
    sweep: EpsilonSweep, *, chosen: float | None = None, fig: Figure | None = None
) -> tuple[Figure, tuple[Axes, Axes, Axes]]:
    """Draw a sweep over ε in three panels: how connected, how small a world, how fractal.

    Parameters
    ----------
    sweep : EpsilonSweep
        Result of ``epsilon_sweep``.
    chosen : float or None, default=None
        The ε that was used elsewhere, marked in every panel.
    fig : matplotlib Figure or None, default=None
        Empty figure to draw into; None makes a new one.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    axes : tuple of matplotlib Axes
        Shares; σ on a logarithmic axis with its interval over references; d_B with its 95 %
        interval. They share ε; the threshold of percolation is a vertical line. Where a measure
        is undefined its curve has a gap; where the network is too dense for σ (see
        ``epsilon_sweep``) the panel says so.

    Examples
    --------
    >>> from featgraph.dimension.sweep import epsilon_sweep
    >>> F = np.random.default_rng(0).normal(size=(30, 8))
    >>> fig, axes = plot_epsilon_sweep(epsilon_sweep(F, n_steps=4, n_references=1, progress=False))
    >>> len(axes)
    3
    """
    if fig is None:
        fig = new_figure(6.4, 5.6)
    top, middle, bottom = fig.subplots(3, 1, sharex=True, height_ratios=[1.25, 1, 1])
    for ax in (top, middle, bottom):
        style_axes(ax)
        _mark(ax, sweep, chosen)
    _draw_shares(top, sweep)
    _draw_band(middle, sweep, "sigma", PURPLE)
    middle.axhline(1, color=FAINT, linewidth=0.9, linestyle="--", zorder=1)
    middle.set_ylabel("small world σ", fontsize=TEXT)
    _use_log(middle, sweep)
    _mark_dense(middle, sweep)
    _draw_band(bottom, sweep, "dimension", VERMILION)
    bottom.set_ylim(bottom=0)
    bottom.set_ylabel("dimension d$_B$", fontsize=TEXT)
    if not np.isfinite(sweep.measures["dimension"]).any():
        bottom.annotate(
            "no ε leaves enough box sizes for a fit", (0.5, 0.5), xycoords="axes fraction",
            ha="center", color=FAINT, fontsize=TEXT,
        )  # fmt: skip
    layer = "" if sweep.layer is None else f"  ·  {sweep.layer}"
    bottom.set_xlabel(f"threshold ε (activation distance per sample){layer}", fontsize=TEXT)
    return fig, (top, middle, bottom)


def _mark(ax: Axes, sweep: EpsilonSweep, chosen: float | None) -> None:
    ax.axvline(sweep.percolation, color=INK, linewidth=1.0, zorder=2)
    if chosen is not None and abs(chosen / sweep.percolation - 1) > 1e-6:
        ax.axvline(chosen, color=INK, linewidth=1.0, linestyle=(0, (3, 2)), zorder=2)


def _draw_shares(ax: Axes, sweep: EpsilonSweep) -> None:
    for name, (label, color, marker, dashes) in _SHARES.items():
        ax.plot(
            sweep.epsilons, sweep.measures[name], color=color, marker=marker, markersize=3.5,
            linewidth=1.4, linestyle=dashes, label=label, zorder=3,
        )  # fmt: skip
    ax.set_ylim(0, 1.05)
    ax.set_ylabel("share", fontsize=TEXT)
    ax.annotate(
        "percolation", (sweep.percolation, 1.0), xycoords=("data", "axes fraction"),
        xytext=(0, 4), textcoords="offset points", fontsize=SMALL, color=INK, ha="center",
    )  # fmt: skip
    ax.legend(  # above the word on percolation, wherever that stands
        frameon=False, fontsize=SMALL, ncols=3, loc="lower left", bbox_to_anchor=(0.0, 1.09),
        borderaxespad=0.0,
    )  # fmt: skip


def _draw_band(ax: Axes, sweep: EpsilonSweep, name: str, color: str) -> None:
    low, high = sweep.measures[f"{name}_low"], sweep.measures[f"{name}_high"]
    ax.fill_between(sweep.epsilons, low, high, color=BAND, linewidth=0, zorder=1)
    ax.plot(
        sweep.epsilons, sweep.measures[name], color=color, marker="o", markersize=3.5,
        linewidth=1.4, zorder=3,
    )  # fmt: skip


def _mark_dense(ax: Axes, sweep: EpsilonSweep) -> None:
    """Shade the thresholds at which σ is left out because the network is too dense."""
    dense = np.flatnonzero(np.array(sweep.sigma_notes) == "too dense")
    if dense.size == 0:
        return
    first, last = int(dense[0]), sweep.epsilons[dense[-1]]
    left = sweep.epsilons[max(first - 1, 0) : first + 1].mean()
    ax.axvspan(left, last, color=BAND, alpha=0.5, linewidth=0, zorder=0)
    ax.annotate(
        "too dense", ((left + last) / 2, 0.5), xycoords=("data", "axes fraction"), ha="center",
        va="center", rotation=90, color=FAINT, fontsize=SMALL,
    )  # fmt: skip


def _use_log(ax: Axes, sweep: EpsilonSweep) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    values = sweep.measures["sigma"]
    values = values[np.isfinite(values) & (values > 0)]
    if values.size == 0:
        return
    ax.set_yscale("log")
    ax.set_ylim(min(0.8, 0.9 * float(values.min())), 1.3 * max(2.0, float(values.max())))
    ax.yaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0), numticks=8))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(axis="y", which="minor", length=0)
