"""Pictures of training: learning curves, SS_rate over epochs, gains of a constraint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from featgraph.core.checks import choice
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
    new_axes,
    series_style,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_gains", "plot_learning_curves", "plot_rate_trajectories"]

_COLORS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)
_LABELS = {
    "loss": "training loss (nats)",
    "accuracy": "accuracy in training",
    "test_loss": "test loss (nats)",
    "test_accuracy": "test accuracy",
    "term": "SS_rate term of the loss",
    "lr": "learning rate",
}


def plot_learning_curves(
    runs: Mapping[str, Sequence[Mapping[str, Any]]],
    *,
    quantity: str = "test_accuracy",
    ax: Axes | None = None,
) -> tuple[Figure, Axes]:
    """Draw one quantity over the epochs of one or more runs.

    Parameters
    ----------
    runs : mapping of str to sequence of mapping
        Name of a run to its rows, as ``TrainingLog.to_rows()`` gives them.
    quantity : str, default="test_accuracy"
        "loss", "accuracy", "test_loss", "test_accuracy", "term" or "lr".
    ax : Axes or None, default=None
        Where to draw.

    Returns
    -------
    figure, axes
        The picture.

    Raises
    ------
    ValueError
        If there is no run, or the quantity is unknown.

    Examples
    --------
    >>> rows = [{"epoch": 0, "test_accuracy": 0.1}, {"epoch": 1, "test_accuracy": 0.8}]
    >>> fig, ax = plot_learning_curves({"baseline": rows})
    >>> ax.get_ylabel()
    'test accuracy'
    """
    choice(quantity, _LABELS, "quantity")
    if not runs:
        raise ValueError("runs must hold at least one run, got none")
    fig, ax = new_axes(ax)
    for index, (name, rows) in enumerate(runs.items()):
        style = series_style(name, index=index)
        epochs = [row["epoch"] for row in rows]
        values = [row[quantity] for row in rows]
        ax.plot(
            epochs, values, color=style.color, dashes=style.dashes or (None, None),
            marker=style.marker, markersize=4, markevery=max(1, len(rows) // 12), label=name,
        )  # fmt: skip
    ax.set_ylabel(_LABELS[quantity])
    _count_epochs(ax)
    if len(runs) > 1:
        ax.legend(frameon=False, fontsize=SMALL)
    return fig, ax


def plot_rate_trajectories(
    rows: Sequence[Mapping[str, Any]], *, ax: Axes | None = None
) -> tuple[Figure, Axes]:
    """Draw SS_rate of every layer over the epochs, one line style per estimator.

    Parameters
    ----------
    rows : sequence of mapping
        "epoch", "layer" and one column per estimator, as ``TrainingLog.rate_rows()`` gives them.
    ax : Axes or None, default=None
        Where to draw.

    Returns
    -------
    figure, axes
        The picture: coverings (true box counts) as full lines, approximations dashed.

    Raises
    ------
    ValueError
        If there are no rows.

    Examples
    --------
    >>> rows = [{"epoch": e, "layer": "a", "released": 0.2, "linkage": 0.3} for e in (0, 1)]
    >>> fig, ax = plot_rate_trajectories(rows)
    >>> len(ax.lines)
    2
    """
    import matplotlib
    from matplotlib.lines import Line2D

    if not rows:
        raise ValueError("rows must hold at least one measurement, got none")
    fig, ax = new_axes(ax)
    layers = list(dict.fromkeys(row["layer"] for row in rows))
    estimators = [key for key in rows[0] if key not in ("epoch", "layer")]
    handles = []
    colors: Any = _COLORS
    if len(layers) > len(_COLORS):  # by depth, in steps that stay apart on white
        colors = matplotlib.colormaps["viridis"](np.linspace(0, 0.9, len(layers)))
    for layer, color in zip(layers, colors, strict=False):
        mine = [row for row in rows if row["layer"] == layer]
        for estimator in estimators:
            known = [row for row in mine if row.get(estimator) is not None]
            dashes = series_style(estimator).dashes
            ax.plot(
                [row["epoch"] for row in known], [row[estimator] for row in known],
                color=color, dashes=dashes or (None, None), linewidth=1.4,
            )  # fmt: skip
        handles.append(Line2D([], [], color=color, label=layer))
    for estimator in estimators:
        style = series_style(estimator)
        line = Line2D([], [], color=INK, label=style.label)
        line.set_dashes(style.dashes or (None, None))
        handles.append(line)
    ax.set_ylabel("SS_rate (0 = perfect power law)")
    ax.set_ylim(bottom=0)
    _count_epochs(ax)
    ax.legend(
        handles=handles, frameon=False, fontsize=SMALL, loc="upper left", bbox_to_anchor=(1.01, 1)
    )
    return fig, ax


def _count_epochs(ax: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.set_xlabel("epoch")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


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
