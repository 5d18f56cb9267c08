"""Pictures of the validation study: errors of estimators, and agreement of SS_rate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from featgraph.plot.style import FAINT, INK, SMALL, TEXT, new_axes, series_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_estimator_errors", "plot_rate_agreement"]

_SHOWN = ("paper", "released", "caro_wei", "packing", "linkage", "midpoint", "greedy")


def plot_estimator_errors(
    rows: Sequence[Mapping[str, Any]], *, ax: Axes | None = None
) -> tuple[Figure, Axes]:
    """Draw the mean |log N − log N_best| of each estimator, one point per layer.

    Parameters
    ----------
    rows : sequence of mapping
        "curve" and "log_error" of each layer.
    ax : Axes or None, default=None
        Where to draw.

    Returns
    -------
    figure, axes
        The picture: layers as points, their median as a bar; the axis is the factor by which N
        is off on average.

    Raises
    ------
    ValueError
        If no row is of a known estimator.

    Examples
    --------
    >>> fig, ax = plot_estimator_errors([{"curve": "paper", "log_error": 0.7}])
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['paper, Eq. 9 as printed']
    """
    fig, ax = new_axes(ax, height=3.2)
    names = [name for name in _SHOWN if any(row["curve"] == name for row in rows)]
    if not names:
        raise ValueError(f"rows must hold a curve of {_SHOWN}, got none")
    for place, name in enumerate(names):
        factors = np.exp([row["log_error"] for row in rows if row["curve"] == name])
        style = series_style(name)
        # A fixed pattern instead of a random one: the same picture for the same rows.
        shift = 0.5 * (np.arange(len(factors)) * 0.618 % 1 - 0.5)
        ax.plot(
            factors, place + shift, linestyle="none", marker=style.marker, markersize=3.5,
            color=style.color, alpha=0.6, markeredgewidth=0,
        )  # fmt: skip
        ax.plot([np.median(factors)] * 2, [place - 0.36, place + 0.36], color=INK, linewidth=1.6)
    ax.set_yticks(range(len(names)), [series_style(name).label for name in names], fontsize=TEXT)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_xscale("log")
    ticks = [1, 1.2, 1.5, 2, 3, 5, 10, 20, 50]
    shown = [t for t in ticks if t <= 1.3 * ax.get_xlim()[1]]
    ax.set_xticks(shown, [f"×{t:g}" for t in shown])
    ax.set_xticks([], minor=True)
    ax.grid(False, axis="y")
    ax.set_xlabel("N is off by this factor (geometric mean over θ; bar: median over layers)")
    return fig, ax


def plot_rate_agreement(
    rows: Sequence[Mapping[str, Any]],
    *,
    curves: Sequence[str] = ("released", "packing", "linkage", "midpoint"),
    ax: Axes | None = None,
) -> tuple[Figure, Axes]:
    """Draw SS_rate by estimators against that of the smallest number of boxes, one point per layer.

    Parameters
    ----------
    rows : sequence of mapping
        "curve", "state", "ss_rate" and "ss_rate_true" of each layer.
    curves : sequence of str
        Estimators to draw.
    ax : Axes or None, default=None
        Where to draw.

    Returns
    -------
    figure, axes
        The picture; filled points are trained networks, hollow ones all others.

    Raises
    ------
    ValueError
        If no row is of one of the curves.

    Examples
    --------
    >>> row = {"curve": "linkage", "state": "trained", "ss_rate": 0.3, "ss_rate_true": 0.2}
    >>> fig, ax = plot_rate_agreement([row])
    >>> ax.get_ylabel()
    'SS_rate by the estimator'
    """
    shown = [row for row in rows if row["curve"] in curves]
    if not shown:
        raise ValueError(f"rows must hold a curve of {list(curves)}, got none")
    fig, ax = new_axes(ax, width=5.2, height=5.4)
    highest = 1.05 * max(max(row["ss_rate"], row["ss_rate_true"]) for row in shown)
    ax.plot([0, highest], [0, highest], color=FAINT, linewidth=1, zorder=1)
    for index, name in enumerate(curves):
        style = series_style(name, index=index)
        for is_trained in (False, True):
            found = [
                (row["ss_rate_true"], row["ss_rate"])
                for row in shown
                if row["curve"] == name and (row["state"] == "trained") == is_trained
            ]
            if found:
                true, measured = zip(*found, strict=True)
                ax.scatter(
                    true, measured, s=26, marker=style.marker, linewidth=1.1,
                    facecolor=style.color if is_trained else "none", edgecolor=style.color,
                )  # fmt: skip
        ax.scatter([], [], s=26, marker=style.marker, color=style.color, label=style.label)
    ax.set_xlim(0, highest)
    ax.set_ylim(0, highest)
    ax.set_aspect("equal")
    ax.set_xlabel("SS_rate of the smallest number of boxes")
    ax.set_ylabel("SS_rate by the estimator")
    ax.legend(
        frameon=False, fontsize=SMALL, ncols=2, loc="lower left", bbox_to_anchor=(0, 1.0),
        borderaxespad=0.2, handletextpad=0.2, columnspacing=1.0, title="filled: trained networks",
        title_fontsize=SMALL, alignment="left",
    )  # fmt: skip
    return fig, ax
