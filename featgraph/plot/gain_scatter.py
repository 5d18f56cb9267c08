"""Gain of each network against a measure of its invariance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.plot.style import FAINT, INK, SMALL, TEXT, WIDTH, series_style, style_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_gain_scatter"]


def plot_gain_scatter(
    rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, gain: str = "gain"
) -> tuple[Figure, NDArray[np.object_]]:
    """Draw one point per network: its gain against each of several measures.

    Parameters
    ----------
    rows : sequence of mapping
        One per network, with ``"network"``, ``gain`` in percentage points, ``gain`` followed
        by ``"_low"`` and ``"_high"`` for its bar if known, and the columns; None leaves it out.
    columns : sequence of str
        Measures, one panel each; small is invariant.
    gain : str, default="gain"
        Key of the gain.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    axes : ndarray of Axes, shape (n_columns,)
        The panels; a falling cloud speaks for "more invariant networks gain more".

    Raises
    ------
    ValueError
        If no columns are named.

    Examples
    --------
    >>> rows = [{"network": "mlp", "gain": 0.4, "σ": 0.1}, {"network": "cnn", "gain": 0, "σ": 0.3}]
    >>> fig, axes = plot_gain_scatter(rows, ["σ"])
    >>> axes[0].get_xlabel()
    'σ (small is invariant)'
    """
    from matplotlib.figure import Figure

    if not columns:
        raise ValueError("columns must name at least one measure, got none")
    width = min(WIDTH + 0.8, 2.4 * len(columns) + 0.9)
    figure = Figure(figsize=(width, 3.0), layout="constrained")
    axes = figure.subplots(1, len(columns), squeeze=False, sharey=True)[0]
    for ax, column in zip(axes, columns, strict=True):
        style_axes(ax)
        ax.axhline(0, color=FAINT, linewidth=0.8, zorder=1)
        for number, row in enumerate(rows):
            _draw_network(ax, row, column, gain, number)
        ax.set_xlabel(f"{column} (small is invariant)", fontsize=TEXT)
        ax.margins(x=0.1, y=0.12)
        ax.locator_params(axis="x", nbins=5)
    axes[0].set_ylabel("gain in accuracy (percentage points)", fontsize=TEXT)
    # Names in a legend: networks with equal gains would write over each other.
    seen = {line.get_label(): line for ax in axes for line in ax.lines if line.get_gid() == "net"}
    figure.legend(
        seen.values(), seen.keys(), loc="outside upper left", ncols=7, frameon=False,
        fontsize=SMALL, labelcolor=INK, handletextpad=0.1, columnspacing=1.0,
    )  # fmt: skip
    return figure, np.asarray(axes)


def _draw_network(ax: Axes, row: Mapping[str, Any], column: str, gain: str, number: int) -> None:
    if row.get(column) is None or row.get(gain) is None:
        return
    style = series_style(str(row["network"]), index=number)
    x, y = float(row[column]), float(row[gain])
    low, high = row.get(f"{gain}_low"), row.get(f"{gain}_high")
    if low is not None and high is not None:
        ax.plot([x, x], [low, high], color=style.color, linewidth=1.0, zorder=2)
    ax.plot(
        x, y, style.marker, color=style.color, markersize=7, markeredgecolor="white", zorder=3,
        label=str(row["network"]), linestyle="none", gid="net",
    )  # fmt: skip
