"""Gain of each network against a measure of its invariance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.plot.style import BLUE, FAINT, INK, SMALL, TEXT, WIDTH, style_axes

if TYPE_CHECKING:
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
    figure = Figure(figsize=(width, 2.7), layout="constrained")
    axes = figure.subplots(1, len(columns), squeeze=False, sharey=True)[0]
    for ax, column in zip(axes, columns, strict=True):
        style_axes(ax)
        ax.axhline(0, color=FAINT, linewidth=0.8, zorder=1)
        for row in rows:
            if row.get(column) is None or row.get(gain) is None:
                continue
            x, y = float(row[column]), float(row[gain])
            low, high = row.get(f"{gain}_low"), row.get(f"{gain}_high")
            if low is not None and high is not None:
                ax.plot([x, x], [low, high], color=BLUE, linewidth=1.0, zorder=2)
            ax.plot(x, y, "o", color=BLUE, markersize=5, markeredgecolor="white", zorder=3)
            ax.annotate(
                str(row["network"]), (x, y), xytext=(5, 3), textcoords="offset points",
                fontsize=SMALL, color=INK,
            )  # fmt: skip
        ax.set_xlabel(f"{column} (small is invariant)", fontsize=TEXT)
        ax.margins(x=0.18, y=0.12)
    axes[0].set_ylabel("gain in accuracy (percentage points)", fontsize=TEXT)
    return figure, np.asarray(axes)
