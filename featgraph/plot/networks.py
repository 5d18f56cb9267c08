"""What a feature network is like: small world, degree tail, and measures while ε grows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.graph.degrees import DegreeStatistics
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
    new_axes,
    new_figure,
    set_log_ticks,
    style_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from featgraph.dimension.sweep import EpsilonSweep
    from featgraph.graph.smallworld import SmallWorld
    from featgraph.graph.tails import TailFit

__all__ = ["plot_degrees", "plot_epsilon_sweep", "plot_small_world"]

_LAWS = {"power law": (BLUE, "-"), "lognormal": (VERMILION, "--"), "exponential": (ORANGE, ":")}
_SHARES = {
    "giant_share": ("share in the largest component", BLUE, "o", "-"),
    "clustering": ("clustering C", GREEN, "s", "--"),
    "density": ("density", ORANGE, "^", ":"),
}


def plot_small_world(result: SmallWorld, *, ax: Axes | None = None) -> tuple[Figure, Axes]:
    """Draw clustering against path length of a graph and of its references.

    Parameters
    ----------
    result : SmallWorld
        Result of ``small_world``.
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        Its axes: L in hops (logarithmic) and C. Small worlds stand top left: clustered like the
        lattices, with paths like those of the random graphs.

    Examples
    --------
    >>> import networkx as nx
    >>> from featgraph.graph import small_world
    >>> ring = nx.connected_watts_strogatz_graph(60, 6, 0.1, seed=0)
    >>> fig, ax = plot_small_world(small_world(ring, n_references=2))
    >>> ax.get_ylabel()
    'clustering C'
    """
    fig, ax = new_axes(ax, width=5.4, height=3.8)
    l_random, c_random = result.random.path_length.mean(), result.random.clustering.mean()
    l_lattice, c_lattice = result.lattice.path_length.mean(), result.lattice.clustering.mean()
    for end in ((l_random, c_random), (l_lattice, c_lattice)):
        ax.plot(
            [result.path_length, end[0]], [result.clustering, end[1]], color=FAINT,
            linewidth=0.9, linestyle=(0, (3, 2)), zorder=1,
        )  # fmt: skip
    for reference, color, marker, name in (
        (result.random, ORANGE, "^", "random, same degrees"),
        (result.lattice, BLUE, "s", "lattice, same degrees"),
    ):
        ax.scatter(
            reference.path_length, reference.clustering, s=24, color=color, marker=marker,
            alpha=0.75, linewidth=0, zorder=3, label=name,
        )  # fmt: skip
    ax.scatter(
        [result.path_length], [result.clustering], s=90, color=VERMILION, marker="o",
        edgecolor="white", linewidth=1.0, zorder=4, label="this graph",
    )  # fmt: skip
    _write_axes(ax, result)
    return fig, ax


def _write_axes(ax: Axes, result: SmallWorld) -> None:
    lengths = np.concatenate(
        [result.random.path_length, result.lattice.path_length, [result.path_length]]
    )
    low, high = float(lengths.min()), float(lengths.max())
    if high / low > 1.3:
        ax.set_xscale("log")
        set_log_ticks(ax.xaxis, (1.0, 1.5, 2.0, 3.0, 5.0, 7.0), "{:.3g}", 15)
        ax.set_xlim(low / (high / low) ** 0.12, high * (high / low) ** 0.12)
    else:
        middle, half = (low + high) / 2, max(0.6 * (high - low), 0.02)
        ax.set_xlim(middle - half, middle + half)
    ax.set_ylim(-0.03, 1.03)
    ax.set_xlabel("path length L (hops)", fontsize=TEXT)
    ax.set_ylabel("clustering C", fontsize=TEXT)
    ax.set_title(
        f"σ = {_number(result.sigma)}   ω = {_number(result.omega)}   "
        f"φ = {_number(result.propensity)}",
        loc="left", fontsize=TEXT, color=INK,
    )  # fmt: skip
    ax.legend(
        frameon=False, fontsize=SMALL, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.16),
        handletextpad=0.2, columnspacing=1.2,
    )  # fmt: skip


def _number(value: float) -> str:
    if not np.isfinite(value):
        return "–"
    return f"{value:.3g}".replace("-", "−")


def plot_degrees(
    values: ArrayLike | DegreeStatistics,
    *,
    tail: TailFit | None = None,
    name: str = "degree k",
    ax: Axes | None = None,
) -> tuple[Figure, Axes]:
    """Draw the share of nodes at or above each degree, with the laws fitted to the tail.

    Parameters
    ----------
    values : array_like of float, shape (n_nodes,), or DegreeStatistics
        Degrees or strengths; nodes of 0 count but have no place on a logarithmic axis.
    tail : TailFit or None, default=None
        Fit of the same values; draws a line per law from x_min on. None takes that of the
        statistics.
    name : str, default="degree k"
        Label of the x axis.
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        Its axes, both logarithmic.

    Raises
    ------
    ValueError
        If there is no value above 0.

    Notes
    -----
    Cumulative shares need no bins, and a power law p(k) ~ k^−α is a line of slope 1 − α.

    Examples
    --------
    >>> fig, ax = plot_degrees([1, 1, 2, 4])
    >>> ax.get_xscale(), ax.get_yscale()
    ('log', 'log')
    """
    if isinstance(values, DegreeStatistics):
        tail = tail or values.degree_tail
        values = values.degrees
    sample = np.asarray(values, dtype=np.float64)
    if not np.any(sample > 0):
        raise ValueError("values must hold a number above 0; a graph without edges has no degrees")
    points = np.unique(sample[sample > 0])
    shares = 1.0 - np.searchsorted(np.sort(sample), points) / sample.size
    fig, ax = new_axes(ax, width=5.2, height=3.8)
    ax.scatter(points, shares, s=16, color=INK, linewidth=0, zorder=4, label="nodes")
    if tail is not None and tail.n_tail > 1 and math.isfinite(tail.exponent):
        _draw_laws(ax, tail, float(points[-1]), float(shares[points >= tail.x_min][0]))
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel(name, fontsize=TEXT)
    ax.set_ylabel("share of nodes at or above", fontsize=TEXT)
    ax.set_ylim(0.6 * float(shares.min()), 1.5)
    low, high = ax.get_xlim()
    set_log_ticks(ax.xaxis, (1.0, 2.0, 5.0) if high / low < 300 else (1.0,), "{:,.6g}", 15)
    set_log_ticks(ax.yaxis, (1.0,), "{:.6g}", None)
    ax.legend(
        fontsize=SMALL, loc="lower left", handlelength=2.4, facecolor="white", edgecolor="none",
        framealpha=0.9,
    )  # fmt: skip
    return fig, ax


def _draw_laws(ax: Axes, tail: TailFit, last: float, height: float) -> None:
    x = np.geomspace(tail.x_min, max(last, 1.01 * tail.x_min), 200)
    best = tail.verdict
    for law, (color, dashes) in _LAWS.items():
        curve = _survival(tail, law, x)
        if curve is None:
            continue
        label = f"power law, α = {tail.exponent:.2f}" if law == "power law" else law
        ax.plot(
            x, height * curve, color=color, linestyle=dashes, zorder=5,
            linewidth=2.4 if law == best else 1.3,
            label=f"{label} (favoured)" if law == best else label,
        )  # fmt: skip
    ax.axvline(tail.x_min, color=FAINT, linewidth=0.9, zorder=1)
    ax.annotate(
        f"tail from {tail.x_min:.3g}: {tail.n_tail} nodes", (tail.x_min, 1.0),
        xycoords=("data", "axes fraction"), xytext=(0, 4), textcoords="offset points",
        fontsize=SMALL, color=FAINT, ha="center",
    )  # fmt: skip


def _survival(tail: TailFit, law: str, x: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the share of the tail at or above x."""
    from scipy.special import log_ndtr, zeta

    if law == "power law" and tail.discrete:
        return np.asarray(zeta(tail.exponent, x) / zeta(tail.exponent, tail.x_min))
    if law == "power law":
        return np.asarray((x / tail.x_min) ** (1 - tail.exponent))
    found = tail.parameters.get(law, {})
    if not found or not all(math.isfinite(value) for value in found.values()):
        return None
    if law == "exponential":
        return np.asarray(np.exp(-found["Lambda"] * (x - tail.x_min)))
    half = 0.5 if tail.discrete else 0.0  # a whole number stands for the numbers that round to it
    log_share = log_ndtr((found["mu"] - np.log(x - half)) / found["sigma"])
    start = log_ndtr((found["mu"] - math.log(tail.x_min - half)) / found["sigma"])
    return np.asarray(np.exp(log_share - start))


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
        ax.axvline(sweep.percolation, color=INK, linewidth=1.0, zorder=2)
        if chosen is not None and abs(chosen / sweep.percolation - 1) > 1e-6:
            ax.axvline(chosen, color=INK, linewidth=1.0, linestyle=(0, (3, 2)), zorder=2)
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
    values = sweep.measures["sigma"]
    values = values[np.isfinite(values) & (values > 0)]
    if values.size == 0:
        return
    ax.set_yscale("log")
    ax.set_ylim(min(0.8, 0.9 * float(values.min())), 1.3 * max(2.0, float(values.max())))
    set_log_ticks(ax.yaxis, most=8)
