"""Measures of the feature network over training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import nearest
from featgraph.plot.style import FAINT, SMALL, TEXT, WIDTH, new_figure, series_style, style_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_tracking"]

_LABELS = {
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


def plot_tracking(
    rows: Sequence[Mapping[str, Any]],
    *,
    measures: Sequence[str] | None = None,
    unit: str = "epoch",
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
        ax.set_title(_LABELS.get(name, name.replace("_", " ")), fontsize=TEXT, loc="left")
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


def _value(value: Any) -> float:
    return float("nan") if value is None else float(value)
