"""Pictures of gains: by way of training, and against a measure of invariance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.plot.style import (
    BLACK,
    BLUE,
    FAINT,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    SMALL,
    TEXT,
    VERMILION,
    WIDTH,
    new_axes,
    series_style,
    style_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_gain_scatter", "plot_gains"]

_COLORS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)


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


def plot_gains(rows: Sequence[Mapping[str, Any]], *, ax: Axes | None = None) -> tuple[Figure, Axes]:
    """Draw what each way to train adds to the accuracy of the baseline, with 95 % intervals.

    Parameters
    ----------
    rows : sequence of mapping
        "net", "variant", "gain", "gain_low" and "gain_high", in percentage points; rows
        without a gain are left out.
    ax : Axes or None, default=None
        Where to draw.

    Returns
    -------
    figure, axes
        The picture.

    Raises
    ------
    ValueError
        If no row has a gain.

    Examples
    --------
    >>> row = {"net": "mlp", "variant": "linkage", "gain": 1.0, "gain_low": -1, "gain_high": 3}
    >>> fig, ax = plot_gains([row])
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['mlp']
    """
    shown = [row for row in rows if row.get("gain") is not None]
    if not shown:
        raise ValueError("rows must hold at least one gain, got none")
    nets = list(dict.fromkeys(row["net"] for row in shown))
    variants = list(dict.fromkeys(row["variant"] for row in shown))
    fig, ax = new_axes(ax, height=1.4 + 0.2 * len(nets) * max(2, len(variants)))
    ax.axvline(0, color=INK, linewidth=0.9)
    for number, variant in enumerate(variants):
        mine = {row["net"]: row for row in shown if row["variant"] == variant}
        shift = (number - (len(variants) - 1) / 2) * 0.8 / max(len(variants), 2)
        places = np.array([nets.index(net) + shift for net in mine])
        gains = np.array([row["gain"] for row in mine.values()])
        low = np.array([row["gain_low"] for row in mine.values()])
        high = np.array([row["gain_high"] for row in mine.values()])
        style = series_style(variant, index=number)
        color = _COLORS[number % len(_COLORS)]
        ax.errorbar(
            gains, places, xerr=[gains - low, high - gains], fmt=style.marker, color=color,
            markersize=4.5, linewidth=1.2, label=variant.replace("_", " "),
        )  # fmt: skip
    ax.set_yticks(range(len(nets)), nets, fontsize=TEXT)
    ax.set_ylim(len(nets) - 0.45, -0.55)
    ax.grid(False, axis="y")
    for border in range(1, len(nets)):
        ax.axhline(border - 0.5, color=FAINT, linewidth=0.4)
    ax.set_xlabel("gain over the baseline of the same seed (percentage points, 95 % interval)")
    ax.legend(
        frameon=False, fontsize=SMALL, ncols=4, loc="lower left", bbox_to_anchor=(0, 1.0),
        handletextpad=0.4, columnspacing=1.2,
    )  # fmt: skip
    return fig, ax
