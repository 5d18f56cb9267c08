"""SS_rate of every layer before and after training, beside its null model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from featgraph.plot.style import BAND, BLUE, FAINT, INK, SMALL, TEXT, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_ss_rate"]

_KEYS = ("before", "after", "null_mean", "null_sd")


def plot_ss_rate(
    rows: Sequence[Mapping[str, object]],
    *,
    estimator: str | None = None,
    names: tuple[str, str] = ("before training", "after training"),
    ax: Axes | None = None,
) -> tuple[Figure, Axes]:
    """Draw one line per layer from SS_rate before training to SS_rate after it.

    Parameters
    ----------
    rows : sequence of mapping
        One per layer, top to bottom: ``"layer"`` (str), and any of ``"before"``,
        ``"after"``, ``"null_mean"``, ``"null_sd"`` (float or None). A null model is drawn
        as a band of two standard deviations to each side of its mean.
    estimator : str or None, default=None
        Estimator of N_θ behind the rates, for the axis label.
    names : tuple of str, default=("before training", "after training")
        Names of the two ends.
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure, higher for more layers.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        Its axes; x is SS_rate, 0 a perfect power law.

    Raises
    ------
    ValueError
        If ``rows`` is empty or a row names no layer.

    Examples
    --------
    >>> fig, ax = plot_ss_rate([{"layer": "fc1", "before": 0.2, "after": 0.5}])
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['fc1']
    """
    table = [_read_row(row, number) for number, row in enumerate(rows)]
    if not table:
        raise ValueError("rows must hold at least one layer, got none")
    if not {*_KEYS} & {key for row in rows for key in row}:
        raise ValueError(f"rows must hold one of {', '.join(_KEYS)}, got {', '.join(rows[0])}")
    fig, ax = new_axes(ax, height=1.5 + 0.34 * len(table))
    places = np.arange(len(table))
    _draw_null(ax, table)
    before, after = _column(table, "before"), _column(table, "after")
    for place, start, end in zip(places, before, after, strict=True):
        if np.isfinite(start) and np.isfinite(end):
            ax.plot([start, end], [place, place], color=INK, linewidth=1.2, zorder=2)
    ax.scatter(
        before, places, s=42, facecolor="white", edgecolor=INK, linewidth=1.4, zorder=3,
        label=names[0] if np.isfinite(before).any() else None,
    )  # fmt: skip
    ax.scatter(
        after, places, s=46, color=BLUE, edgecolor=BLUE, zorder=4,
        label=names[1] if np.isfinite(after).any() else None,
    )  # fmt: skip
    _write_axes(ax, table, estimator)
    return fig, ax


def _read_row(row: Mapping[str, object], number: int) -> tuple[str, dict[str, float]]:
    if "layer" not in row:
        raise ValueError(f"rows must each name a 'layer', row {number} has {sorted(row)}")
    values = {key: row.get(key) for key in _KEYS}
    return str(row["layer"]), {
        key: float("nan") if value is None else float(value)  # type: ignore[arg-type]
        for key, value in values.items()
    }


def _column(table: list[tuple[str, dict[str, float]]], key: str) -> np.ndarray:
    return np.array([values[key] for _, values in table])


def _draw_null(ax: Axes, table: list[tuple[str, dict[str, float]]]) -> None:
    mean, spread = _column(table, "null_mean"), np.nan_to_num(_column(table, "null_sd"))
    label: str | None = "null model ± 2 sd"
    for place in np.flatnonzero(np.isfinite(mean)):
        half = max(2 * spread[place], 0.002)  # a vanishing spread still leaves a visible tick
        ax.barh(
            place, 2 * half, left=mean[place] - half, height=0.62, color=BAND, zorder=1, label=label
        )
        label = None


def _write_axes(ax: Axes, table: list[tuple[str, dict[str, float]]], estimator: str | None) -> None:
    ax.set_yticks(np.arange(len(table)), [_shorten(name) for name, _ in table])
    ax.set_ylim(len(table) - 0.4, -0.6)
    highest = np.nanmax(
        [[values[key] for key in ("before", "after", "null_mean")] for _, values in table]
        + [[0.0] * 3]
    )
    ax.set_xlim(0, min(1.0, max(0.3, 1.12 * float(highest))))
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)
    of = f" of the {estimator} estimator" if estimator else ""
    ax.set_xlabel(f"SS_rate{of} (0 = perfect power law)")
    ax.annotate(
        "← closer to self-similar", (0.0, 1.0), xycoords="axes fraction",
        xytext=(0, 5), textcoords="offset points", fontsize=SMALL, color=FAINT,
    )  # fmt: skip
    ax.legend(
        frameon=False, fontsize=SMALL, ncols=3, loc="lower right", bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.2, handletextpad=0.4, columnspacing=1.2,
    )  # fmt: skip
    for label in ax.get_yticklabels():
        label.set_fontsize(TEXT)


def _shorten(name: str, *, length: int = 28) -> str:
    return name if len(name) <= length else f"…{name[1 - length :]}"
