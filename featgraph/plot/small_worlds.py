"""A graph between its lattice and its random references."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from featgraph.plot.style import BLUE, FAINT, INK, ORANGE, SMALL, TEXT, VERMILION, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from featgraph.graph.smallworld import SmallWorld

__all__ = ["plot_small_world"]


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
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    lengths = np.concatenate(
        [result.random.path_length, result.lattice.path_length, [result.path_length]]
    )
    low, high = float(lengths.min()), float(lengths.max())
    if high / low > 1.3:
        ax.set_xscale("log")
        steps = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)
        ax.xaxis.set_major_locator(LogLocator(base=10, subs=steps, numticks=15))
        ax.xaxis.set_minor_formatter(NullFormatter())
        ax.set_xlim(low / (high / low) ** 0.12, high * (high / low) ** 0.12)
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.3g}"))
    else:
        middle, half = (low + high) / 2, max(0.6 * (high - low), 0.02)
        ax.set_xlim(middle - half, middle + half)
    ax.tick_params(which="minor", length=0)
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
