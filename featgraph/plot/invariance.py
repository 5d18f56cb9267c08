"""Correlation sums and spectra of layers on log–log axes, with their fits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

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
    new_figure,
    shorten,
    style_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from featgraph.invariance.correlation_dimension import CorrelationDimension
    from featgraph.invariance.geometric import GeometricInvariance, LayerDimension
    from featgraph.invariance.scale import LayerExponent, ScaleInvariance

__all__ = ["plot_correlation_sum", "plot_spectra"]


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
            shorten(name, 22), fontsize=TEXT, color=INK, loc="left", fontweight="bold"
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


def plot_spectra(
    result: ScaleInvariance, *, max_layers: int = 12, n_columns: int | None = None
) -> tuple[Figure, NDArray[np.object_]]:
    """Draw the eigenvalue distribution of each layer on log–log axes, with its fit.

    Parameters
    ----------
    result : ScaleInvariance
        From :func:`featgraph.invariance.measure_scale_invariance`.
    max_layers : int, default=12
        Layers to draw, the shallowest first.
    n_columns : int or None, default=None
        Panels side by side; None takes 3, or 2 for four layers.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    axes : ndarray of Axes, shape (n_layers,)
        One panel per layer: the share of eigenvalues of at least λ, a straight line of slope
        1 − γ where the law holds. The fitted tail is shaded.

    Raises
    ------
    ValueError
        If ``max_layers`` or ``n_columns`` is below 1.

    Examples
    --------
    >>> from featgraph.invariance import measure_scale_invariance
    >>> features = np.random.default_rng(0).normal(size=(60, 200))
    >>> result = measure_scale_invariance(features, n_resamples=0, rivals=())
    >>> fig, axes = plot_spectra(result)
    >>> axes.shape
    (1,)
    """
    layers = result.layers[:max_layers]
    if n_columns is None:
        n_columns = 2 if len(layers) == 4 else 3
    across = min(n_columns, len(layers))
    down = -(-len(layers) // across)
    width = (WIDTH + 0.6) * max(across, 2) / 3
    figure = new_figure(width, 2.15 * down + 0.25)
    axes = figure.subplots(down, across, squeeze=False)
    for ax in axes.ravel()[len(layers) :]:
        ax.set_axis_off()
    for index, (ax, layer) in enumerate(zip(axes.ravel(), layers, strict=False)):
        _draw_spectrum(ax, layer)
        if index % across == 0:
            ax.set_ylabel("share of eigenvalues ≥ λ")
        if index >= len(layers) - across:
            ax.set_xlabel("eigenvalue λ (activation²)")
    return figure, np.asarray(axes.ravel()[: len(layers)])


def _draw_spectrum(ax: Axes, layer: LayerExponent) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    values, fit = layer.spectrum.values, layer.fit
    share = np.arange(1, values.size + 1) / values.size
    style_axes(ax)
    ax.set(xscale="log", yscale="log")
    ax.axvspan(fit.x_min, values[0], color=BAND, alpha=0.55, linewidth=0, zorder=0)
    ax.plot(
        values, share, "o", markersize=2.6, color=BLUE, markeredgewidth=0, zorder=2, rasterized=True
    )
    ends = np.array([fit.x_min, values[0]])
    ax.plot(
        ends, fit.n_tail / fit.n_values * (ends / fit.x_min) ** (1 - fit.exponent),
        color=BLACK, linewidth=1.3, zorder=3,
    )  # fmt: skip
    lines = [
        f"γ = {fit.exponent:.2f} ± {fit.standard_error:.2f}",
        f"{fit.n_tail} of {fit.n_values} values",
    ]
    if fit.p_value is not None:
        lines.append(f"p = {fit.p_value:.2g}")
    if fit.better_rivals:
        lines.append(f"better: {fit.better_rivals[0].replace('_', ' ')}")
    ax.annotate(
        "\n".join(lines),
        (0.04, 0.05), xycoords="axes fraction", fontsize=SMALL, color=INK, va="bottom",
        linespacing=1.35,
    )  # fmt: skip
    ax.set_ylim(0.6 / values.size, 1.6)
    ax.set_title(shorten(layer.layer, 26), fontsize=TEXT, color=INK, loc="left", fontweight="bold")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(numticks=5))
        axis.set_minor_locator(NullLocator())
    ax.tick_params(labelsize=SMALL - 0.5)
