"""Pictures of training: learning curves, SS_rate over epochs, measures of G_M over training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import choice, nearest
from featgraph.core.result import Result
from featgraph.plot.style import (
    BLACK,
    BLUE,
    FAINT,
    GREEN,
    INK,
    MARKERS,
    ORANGE,
    PURPLE,
    SKY,
    SMALL,
    TEXT,
    VERMILION,
    WIDTH,
    new_axes,
    new_figure,
    series_style,
    style_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_learning_curves", "plot_rate_trajectories", "plot_tracking"]

_COLORS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)
_CURVES = {
    "loss": "training loss (nats)",
    "accuracy": "accuracy in training",
    "test_loss": "test loss (nats)",
    "test_accuracy": "test accuracy",
    "term": "SS_rate term of the loss",
    "lr": "learning rate",
}
_MEASURES = {
    "ss_rate_released": "SS_rate, released estimator",
    "ss_rate_linkage": "SS_rate, true boxes (linkage)",
    "dimension": "box dimension $d_B$",
    "sigma": "small world σ",
    "modularity": "modularity",
    "n_communities": "communities",
    "clustering": "mean clustering",
    "community_stability": "communities kept (Rand index)",
    "epsilon": "ε (activation distance)",
    "mean_degree": "mean degree",
    "n_edges": "edges",
}
_DEFAULT = (
    "ss_rate_released", "ss_rate_linkage", "sigma",
    "modularity", "n_communities", "community_stability",
)  # fmt: skip


def plot_learning_curves(
    runs: Result | Mapping[str, Result | Sequence[Mapping[str, Any]]],
    *,
    quantity: str | None = None,
    ax: Axes | None = None,
) -> tuple[Figure, Axes]:
    """Draw one quantity over the epochs of one or more runs.

    Parameters
    ----------
    runs : TrainingLog, or mapping of str to TrainingLog or sequence of mapping
        A run; or names of runs to them, or to rows as ``TrainingLog.to_rows()`` gives them.
    quantity : str or None, default=None
        "loss", "accuracy", "test_loss", "test_accuracy", "term" or "lr". None: "test_accuracy",
        or "loss" where no run was tested.
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
    if not isinstance(runs, Mapping):
        runs = {"run": runs}
    if not runs:
        raise ValueError("runs must hold at least one run, got none")
    told = {name: run if isinstance(run, Sequence) else run.to_rows() for name, run in runs.items()}
    if quantity is None:
        tests = [row.get("test_accuracy", math.nan) for rows in told.values() for row in rows]
        quantity = "loss" if all(map(math.isnan, tests)) else "test_accuracy"
    choice(quantity, _CURVES, "quantity")
    fig, ax = new_axes(ax)
    for index, (name, rows) in enumerate(told.items()):
        style = series_style(name, index=index)
        epochs = [row["epoch"] for row in rows]
        values = [row[quantity] for row in rows]
        ax.plot(
            epochs, values, color=style.color, dashes=style.dashes or (None, None),
            marker=style.marker, markersize=4, markevery=max(1, len(rows) // 12), label=name,
        )  # fmt: skip
    ax.set_ylabel(_CURVES[quantity])
    _count_epochs(ax)
    if len(told) > 1:
        ax.legend(frameon=False, fontsize=SMALL)
    return fig, ax


def plot_rate_trajectories(
    rows: Result | Sequence[Mapping[str, object]], *, ax: Axes | None = None
) -> tuple[Figure, Axes]:
    """Draw SS_rate of every layer over the epochs, one line style per estimator.

    Parameters
    ----------
    rows : TrainingLog or sequence of mapping
        A run; or "epoch", "layer" and one column per estimator, as ``TrainingLog.rate_rows()``
        gives them.
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

    told: Any = rows if isinstance(rows, Sequence) else rows.rate_rows()  # type: ignore[attr-defined]
    if not told:
        raise ValueError("rows must hold at least one measurement, got none")
    fig, ax = new_axes(ax)
    layers = list(dict.fromkeys(row["layer"] for row in told))
    estimators = [key for key in told[0] if key not in ("epoch", "layer")]
    handles = []
    colors: Any = _COLORS
    if len(layers) > len(_COLORS):  # by depth, in steps that stay apart on white
        colors = matplotlib.colormaps["viridis"](np.linspace(0, 0.9, len(layers)))
    markers = MARKERS if len(layers) <= len(MARKERS) else ("",) * len(layers)
    for layer, color, marker in zip(layers, colors, markers, strict=False):
        mine = [row for row in told if row["layer"] == layer]
        for estimator in estimators:
            known = [row for row in mine if row.get(estimator) is not None]
            dashes = series_style(estimator).dashes
            ax.plot(
                [row["epoch"] for row in known], [row[estimator] for row in known],
                color=color, dashes=dashes or (None, None), linewidth=1.4, marker=marker,
                markersize=4, markevery=max(1, len(known) // 6),
            )  # fmt: skip
        handles.append(Line2D([], [], color=color, marker=marker, markersize=4, label=layer))
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


def plot_tracking(
    rows: Sequence[Mapping[str, Any]], *, measures: Sequence[str] | None = None, unit: str = "epoch"
) -> tuple[Figure, NDArray[Any]]:
    """Draw measures of G_M over training, one panel per measure and one line per layer.

    Parameters
    ----------
    rows : sequence of mapping
        ``Tracker.rows``: ``time``, ``layer`` and the measures.
    measures : sequence of str or None, default=None
        Columns to draw. None: of both SS_rates, σ, modularity, number of communities and how
        many of them stayed those that were measured; of weights α₀, widths and emergence.
    unit : str, default="epoch"
        What time counts, for the axis.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    axes : ndarray of matplotlib Axes, shape (n_measures,)
        The panels in order.

    Raises
    ------
    ValueError
        If there is no row or no measure, or a measure is not a column.

    Examples
    --------
    >>> rows = [{"time": t, "layer": "fc", "sigma": 1 + t} for t in range(3)]
    >>> fig, axes = plot_tracking(rows, measures=["sigma"])
    >>> axes[0].get_title(loc="left")
    'small world σ'
    """
    from matplotlib.ticker import MaxNLocator

    if rows and measures is None:
        columns = dict.fromkeys(key for row in rows for key in row)
        weights = [key for key in columns if key.startswith(("alpha0_", "width_", "emergence_"))]
        measures = [key for key in _DEFAULT if key in columns] or weights
    if not rows or not measures:
        raise ValueError("rows and measures must hold at least one entry each")
    known = sorted({key for row in rows for key in row})
    for name in measures:
        if name not in known:
            raise ValueError(
                f"measures must be columns {known}, got {name!r}{nearest(name, known)}"
            )
    layers = list(dict.fromkeys(str(row["layer"]) for row in rows))
    n_columns = min(3, len(measures))
    n_rows = -(-len(measures) // n_columns)
    fig = new_figure(WIDTH * 1.35, 0.6 + 2.2 * n_rows)
    grid = fig.subplots(n_rows, n_columns, squeeze=False, sharex=True)
    panels = np.array(grid.flat[: len(measures)])
    for spare in grid.flat[len(measures) :]:
        spare.set_visible(False)
    for ax, name in zip(panels, measures, strict=True):
        style_axes(ax)
        for index, layer in enumerate(layers):
            own = [row for row in rows if str(row["layer"]) == layer]
            style = series_style(layer, index=index)
            ax.plot(
                [row["time"] for row in own], [_value(row.get(name)) for row in own],
                color=style.color, marker=style.marker, markersize=3.5, linewidth=1.3, label=layer,
            )  # fmt: skip
        ax.set_title(_MEASURES.get(name, name.replace("_", " ")), fontsize=TEXT, loc="left")
        if name.startswith("n_"):
            ax.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=6))
        if not any(np.isfinite(_value(row.get(name))) for row in rows):
            ax.text(0.5, 0.5, "no value", transform=ax.transAxes, ha="center", color=FAINT)
    for ax in panels[-n_columns:]:
        ax.set_xlabel(f"{unit} (−1: before training)" if rows[0]["time"] < 0 else unit)
    handles, names = panels[0].get_legend_handles_labels()
    fig.legend(
        handles, names, frameon=False, fontsize=SMALL, ncols=min(len(names), 5),
        loc="outside upper right",
    )  # fmt: skip
    return fig, panels


def _value(value: float | None) -> float:
    return float("nan") if value is None else float(value)
