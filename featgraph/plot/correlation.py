"""Correlation sums with local slopes and fit window, and dimensions over layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from featgraph.plot.layer_values import LayerSeries, draw_layer_values
from featgraph.plot.style import (
    BAND,
    BLACK,
    BLUE,
    FAINT,
    INK,
    SMALL,
    TEXT,
    VERMILION,
    WIDTH,
    new_axes,
    new_figure,
    style_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from featgraph.invariance.correlation_dimension import CorrelationDimension
    from featgraph.invariance.geometric import GeometricInvariance, LayerDimension

__all__ = ["plot_correlation_sum", "plot_dimensions"]


def plot_correlation_sum(
    result: CorrelationDimension | GeometricInvariance | Mapping[str, CorrelationDimension],
    *,
    max_layers: int = 4,
) -> tuple[Figure, NDArray[np.object_]]:
    """Draw T(r) with the fitted line above, and its local slopes below.

    Parameters
    ----------
    result : CorrelationDimension, GeometricInvariance or mapping of name to CorrelationDimension
        One column per cloud.
    max_layers : int, default=4
        Columns to draw, the shallowest first.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    axes : ndarray of Axes, shape (2, n_clouds)
        Correlation sums above, local slopes below; the fit window is shaded, and shaded only
        in outline where it is no plateau.

    Raises
    ------
    ValueError
        If no cloud has a correlation sum, as under the variant ``"released"``.

    Examples
    --------
    >>> from featgraph.invariance import measure_correlation_dimension
    >>> square = np.random.default_rng(0).random((200, 2))
    >>> fig, axes = plot_correlation_sum(measure_correlation_dimension(square, n_resamples=0))
    >>> axes.shape
    (2, 1)
    """
    fits = _named_fits(result)
    if not fits:
        raise ValueError(
            "result must hold a correlation sum, got none; the variant 'released' keeps none"
        )
    shown = dict(list(fits.items())[:max_layers])
    width = min(WIDTH + 0.8, 1.9 * len(shown) + 1.9)
    figure = new_figure(width, 4.3)
    axes = figure.subplots(2, len(shown), squeeze=False, sharex="col", height_ratios=(1.25, 1))
    for column, (name, fit) in enumerate(shown.items()):
        _draw_sum(axes[0, column], fit)
        _draw_slopes(axes[1, column], fit)
        axes[0, column].set_title(
            _shorten(name), fontsize=TEXT, color=INK, loc="left", fontweight="bold"
        )
    axes[0, 0].set_ylabel("share T of pairs closer than r")
    axes[1, 0].set_ylabel("local slope of log T(r)")
    # One label for all columns: it is as wide as two of them.
    figure.supxlabel("r (in units of the root mean square distance)", fontsize=TEXT, color=INK)
    return figure, np.asarray(axes)


def _named_fits(
    result: CorrelationDimension | GeometricInvariance | Mapping[str, CorrelationDimension],
) -> dict[str, CorrelationDimension]:
    if isinstance(result, Mapping):
        return dict(result)
    layers: tuple[LayerDimension, ...] | None = getattr(result, "layers", None)
    if layers is None:
        return {"": result}  # type: ignore[dict-item]
    return {row.layer: row.correlation for row in layers if row.correlation is not None}


def _draw_sum(ax: Axes, fit: CorrelationDimension) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    total = fit.sum
    style_axes(ax)
    ax.set(xscale="log", yscale="log")
    _shade(ax, fit)
    seen = total.counts > 0
    ax.plot(
        total.radii[seen], total.values[seen], "o", color=BLUE, markersize=2.6, markeredgewidth=0
    )
    inside = total.radii[fit.in_window]
    ends = np.array([inside[0] / 1.25, inside[-1] * 1.25])
    ax.plot(ends, fit.predict(ends), color=BLACK, linewidth=1.3, zorder=3)
    bounds = "" if fit.interval is None else f"\n({fit.interval[0]:.2f} to {fit.interval[1]:.2f})"
    note = "" if fit.has_plateau else "\nno plateau"
    ax.annotate(
        f"D₂ = {fit.dimension:.2f}{bounds}{note}",
        (0.97, 0.06), xycoords="axes fraction", ha="right", va="bottom", fontsize=SMALL,
        color=INK, linespacing=1.35,
    )  # fmt: skip
    ax.yaxis.set_major_locator(LogLocator(numticks=6))
    ax.yaxis.set_minor_locator(NullLocator())
    _set_radius_ticks(ax, total.radii)


def _set_radius_ticks(ax: Axes, radii: NDArray[np.float64]) -> None:
    """Label 0.1, 0.2, 0.5, 1 … where decades alone would leave one label or none."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    ax.xaxis.set_minor_locator(NullLocator())
    if radii[-1] > 100 * radii[0]:
        ax.xaxis.set_major_locator(LogLocator(numticks=6))
        return
    ax.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=12))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _draw_slopes(ax: Axes, fit: CorrelationDimension) -> None:
    style_axes(ax)
    slopes = fit.local_slopes
    _shade(ax, fit)
    ax.plot(fit.sum.radii, slopes, color=BLUE, linewidth=1.2, zorder=2)
    ax.plot(list(fit.window), [fit.dimension] * 2, color=BLACK, linewidth=1.6, zorder=3)
    if fit.interval is not None:
        low, high = fit.interval
        ax.fill_between(list(fit.window), low, high, color=BLACK, alpha=0.15, linewidth=0, zorder=1)
    # Slopes of a handful of pairs are noise; they must not set the scale of the axis.
    sound = slopes[(fit.sum.counts >= 20) & np.isfinite(slopes)]
    highest = float(sound.max()) if sound.size else fit.dimension
    top = 1.15 * max(highest, fit.dimension, (fit.interval or (0.0, 0.0))[1])
    ax.set_ylim(0, max(top, 0.1))
    if fit.ceiling < top:
        ax.axhline(fit.ceiling, color=VERMILION, linewidth=1.0, linestyle="--", zorder=2)
        ax.annotate(
            "2 log₁₀ N", (0.98, fit.ceiling), xycoords=("axes fraction", "data"), ha="right",
            va="bottom", fontsize=SMALL - 1, color=VERMILION,
        )  # fmt: skip


def _shade(ax: Axes, fit: CorrelationDimension) -> None:
    if fit.has_plateau:
        ax.axvspan(*fit.window, color=BAND, alpha=0.55, linewidth=0, zorder=0)
    else:
        for end in fit.window:
            ax.axvline(end, color=FAINT, linewidth=0.8, linestyle=":", zorder=0)


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
    if not results:
        raise ValueError("results must hold at least one GeometricInvariance, got none")
    if labels and len(labels) != len(results):
        raise ValueError(f"labels must name {len(results)} results, got {len(labels)}")
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


def _dimension_series(result: GeometricInvariance, label: str) -> LayerSeries:
    ends = np.array([row.interval or (np.nan, np.nan) for row in result.layers])
    names = tuple(row.layer for row in result.layers)
    return LayerSeries(label, names, result.dimensions, ends[:, 0], ends[:, 1])


def _neighbor_series(result: GeometricInvariance, name: str) -> LayerSeries:
    found = [getattr(row, name) for row in result.layers]
    ends = np.array([item.interval for item in found])
    label = {"two_nn": "TwoNN", "likelihood": "likelihood, 20 neighbours"}[name]
    names = tuple(row.layer for row in result.layers)
    return LayerSeries(
        label, names, np.array([item.dimension for item in found]), ends[:, 0], ends[:, 1]
    )


def _shorten(name: str, *, length: int = 22) -> str:
    return name if len(name) <= length else f"…{name[1 - length :]}"
