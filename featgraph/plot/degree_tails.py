"""Degrees or strengths and the three laws of their tail."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.graph.degrees import DegreeStatistics
from featgraph.plot.style import BLUE, FAINT, INK, ORANGE, SMALL, TEXT, VERMILION, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from featgraph.graph.tails import TailFit

__all__ = ["plot_degrees"]

_LAWS = {
    "power law": (BLUE, "-"),
    "lognormal": (VERMILION, "--"),
    "exponential": (ORANGE, ":"),
}


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
    _set_plain_ticks(ax)
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

    curve: NDArray[np.float64]
    if law == "power law":
        if tail.discrete:
            curve = zeta(tail.exponent, x) / zeta(tail.exponent, tail.x_min)
        else:
            curve = (x / tail.x_min) ** (1 - tail.exponent)
        return curve
    found = tail.parameters.get(law, {})
    if not found or not all(math.isfinite(value) for value in found.values()):
        return None
    if law == "exponential":
        curve = np.exp(-found["Lambda"] * (x - tail.x_min))
        return curve
    half = 0.5 if tail.discrete else 0.0  # a whole number stands for the numbers that round to it
    log_share = log_ndtr((found["mu"] - np.log(x - half)) / found["sigma"])
    start = log_ndtr((found["mu"] - math.log(tail.x_min - half)) / found["sigma"])
    curve = np.exp(log_share - start)
    return curve


def _set_plain_ticks(ax: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = ax.get_xlim()
    steps = (1.0, 2.0, 5.0) if high / low < 300 else (1.0,)
    ax.xaxis.set_major_locator(LogLocator(base=10, subs=steps, numticks=15))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    ax.tick_params(which="minor", length=0)
