"""Values over the layers of a network: dimensions, exponents, SS_rate beside its null model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from featgraph.plot.style import (
    BAND,
    BLUE,
    FAINT,
    INK,
    SMALL,
    TEXT,
    new_axes,
    series_style,
    shorten,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from featgraph.invariance.geometric import GeometricInvariance
    from featgraph.invariance.scale import ScaleInvariance

__all__ = ["LayerSeries", "draw_layer_values", "plot_dimensions", "plot_exponents", "plot_ss_rate"]

_KEYS = ("before", "after", "null_mean", "null_sd")


@dataclass(frozen=True)
class LayerSeries:
    """One value per layer with the ends of its bar (nan: no bar).

    ``values``, ``low`` and ``high`` have shape (n_layers,).
    """

    label: str
    layers: tuple[str, ...]
    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def draw_layer_values(ax: Axes, series: Sequence[LayerSeries], *, first_style: int = 0) -> None:
    """Draw series over layers in depth order; a layer missing in a series leaves a gap.

    Parameters
    ----------
    ax : matplotlib Axes
        Styled axes; gets ticks, legend and limits of x.
    series : sequence of LayerSeries
        At least one; the layers of the first come first.
    first_style : int, default=0
        Number of the first spare style.

    Examples
    --------
    >>> from featgraph.plot.style import new_axes
    >>> fig, ax = new_axes()
    >>> ones = np.ones(2)
    >>> draw_layer_values(ax, [LayerSeries("γ", ("a", "b"), ones, ones - 0.1, ones + 0.1)])
    >>> [tick.get_text() for tick in ax.get_xticklabels()]
    ['a', 'b']
    """
    names: list[str] = []
    for item in series:
        names += [name for name in item.layers if name not in names]
    for number, item in enumerate(series):
        style = series_style(item.label, index=first_style + number)
        x = np.array([names.index(name) for name in item.layers], dtype=np.float64)
        x += 0.16 * (number - (len(series) - 1) / 2)
        bars = np.nan_to_num(np.stack([item.values - item.low, item.high - item.values]))
        ax.errorbar(
            x, item.values, yerr=np.maximum(bars, 0), color=style.color, marker=style.marker,
            markersize=5, linewidth=1.2, elinewidth=1.0, capsize=2.5, label=item.label, zorder=3,
            linestyle=("-", "--", ":", "-.")[number % 4],
        )  # fmt: skip
    ax.set_xticks(range(len(names)), [shorten(name, 18) for name in names])
    if len(names) > 5 or max(map(len, names)) > 10:
        ax.tick_params(axis="x", rotation=35)
        for label in ax.get_xticklabels():
            label.set_horizontalalignment("right")
            label.set_rotation_mode("anchor")
    ax.set_xlim(-0.5, len(names) - 0.5)
    ax.grid(False, axis="x")
    ax.set_xlabel("layer, from input to output")
    ax.legend(
        frameon=False, fontsize=SMALL, labelcolor=INK, ncols=3, loc="lower left",
        bbox_to_anchor=(0.0, 1.0), borderaxespad=0.2,
    )  # fmt: skip


def plot_dimensions(
    *results: GeometricInvariance,
    labels: Sequence[str] = (),
    neighbors: bool = True,
    ax: Axes | None = None,
) -> tuple[Figure, Axes]:
    """Draw the dimensions over the layers, with intervals.

    Parameters
    ----------
    *results : GeometricInvariance
        One per variant or state, of the same layers.
    labels : sequence of str, default=()
        One per result; empty names the variant and Δ.
    neighbors : bool, default=True
        Add the TwoNN and likelihood dimensions of the first result.
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        Its axes; bars are intervals. Hollow markers have no plateau.

    Raises
    ------
    ValueError
        If no result is given, or the number of labels is another.

    Examples
    --------
    >>> from featgraph.invariance import measure_geometric_invariance
    >>> features = np.random.default_rng(0).random((2, 200))
    >>> fig, ax = plot_dimensions(measure_geometric_invariance(features, n_resamples=0))
    >>> ax.get_ylabel()
    'intrinsic dimension'
    """
    _check_results(results, labels, "GeometricInvariance")
    fig, ax = new_axes(ax, height=3.2)
    names = labels or [f"D₂ {result.variant}: Δ = {result.delta:.2f}" for result in results]
    series = [_dimension_series(*pair) for pair in zip(results, names, strict=True)]
    if neighbors:
        for name in ("two_nn", "likelihood"):
            series.append(_neighbor_series(results[0], name))
    draw_layer_values(ax, series)
    for result in results:
        for place, row in enumerate(result.layers):
            if row.correlation is not None and not row.correlation.has_plateau:
                x = place + 0.16 * (results.index(result) - (len(series) - 1) / 2)
                ax.plot(x, row.dimension, "o", color="white", markersize=2.6, zorder=4)
    ax.set_ylabel("intrinsic dimension")
    ax.set_ylim(bottom=0)
    return fig, ax


def _check_results(results: Sequence[object], labels: Sequence[str], kind: str) -> None:
    if not results:
        raise ValueError(f"results must hold at least one {kind}, got none")
    if labels and len(labels) != len(results):
        raise ValueError(f"labels must name {len(results)} results, got {len(labels)}")


def _dimension_series(result: GeometricInvariance, label: str) -> LayerSeries:
    ends = np.array([row.interval or (np.nan, np.nan) for row in result.layers])
    names = tuple(row.layer for row in result.layers)
    return LayerSeries(label, names, result.dimensions, ends[:, 0], ends[:, 1])


def _neighbor_series(result: GeometricInvariance, name: str) -> LayerSeries:
    found = [getattr(row, name) for row in result.layers]
    ends = np.array([item.interval for item in found])
    label = {"two_nn": "TwoNN", "likelihood": "likelihood, 20 neighbours"}[name]
    names = tuple(row.layer for row in result.layers)
    values = np.array([item.dimension for item in found])
    return LayerSeries(label, names, values, ends[:, 0], ends[:, 1])


def plot_exponents(
    *results: ScaleInvariance, labels: Sequence[str] = (), ax: Axes | None = None
) -> tuple[Figure, Axes]:
    """Draw the exponents γ over the layers, with error bars and σ as a band.

    Parameters
    ----------
    *results : ScaleInvariance
        One per variant or state, of the same layers. The band is mean ± σ of the first.
    labels : sequence of str, default=()
        One per result; empty names the variant and σ.
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        Its axes; bars are one standard error, from the bootstrap where there is one.

    Raises
    ------
    ValueError
        If no result is given, or the number of labels is another.

    Examples
    --------
    >>> from featgraph.invariance import measure_scale_invariance
    >>> features = np.random.default_rng(0).normal(size=(60, 200))
    >>> fig, ax = plot_exponents(measure_scale_invariance(features, n_resamples=0, rivals=()))
    >>> ax.get_ylabel()
    'power-law exponent γ'
    """
    _check_results(results, labels, "ScaleInvariance")
    fig, ax = new_axes(ax, height=3.1)
    first = results[0]
    mean, sigma = float(first.exponents.mean()), first.sigma
    ax.axhspan(mean - sigma, mean + sigma, color=BAND, alpha=0.6, linewidth=0, zorder=0)
    ax.axhline(mean, color=FAINT, linewidth=0.8, zorder=1)
    labels = labels or [f"{result.variant}: σ = {result.sigma:.3f}" for result in results]
    series = []
    for label, result in zip(labels, results, strict=True):
        fits = [row.fit for row in result.layers]
        errors = np.array([np.std(f.replicates) if f.replicates.size else f.standard_error
                           for f in fits])  # fmt: skip
        names, values = tuple(row.layer for row in result.layers), result.exponents
        series.append(LayerSeries(label, names, values, values - errors, values + errors))
    draw_layer_values(ax, series)
    ax.set_ylabel("power-law exponent γ")
    return fig, ax


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
    ax.set_yticks(np.arange(len(table)), [shorten(name, 28) for name, _ in table])
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
