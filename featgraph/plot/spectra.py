"""Spectra of layers with their power-law fits, and exponents over layers."""

from __future__ import annotations

from collections.abc import Sequence
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
    WIDTH,
    new_axes,
    new_figure,
    style_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from featgraph.invariance.scale import LayerExponent, ScaleInvariance

__all__ = ["plot_exponents", "plot_spectra"]


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
    ax.set_title(_shorten(layer.layer), fontsize=TEXT, color=INK, loc="left", fontweight="bold")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(LogLocator(numticks=5))
        axis.set_minor_locator(NullLocator())
    ax.tick_params(labelsize=SMALL - 0.5)


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
    if not results:
        raise ValueError("results must hold at least one ScaleInvariance, got none")
    if labels and len(labels) != len(results):
        raise ValueError(f"labels must name {len(results)} results, got {len(labels)}")
    fig, ax = new_axes(ax, height=3.1)
    first = results[0]
    mean, sigma = float(first.exponents.mean()), first.sigma
    ax.axhspan(mean - sigma, mean + sigma, color=BAND, alpha=0.6, linewidth=0, zorder=0)
    ax.axhline(mean, color=FAINT, linewidth=0.8, zorder=1)
    series = []
    for number, result in enumerate(results):
        errors = np.array(
            [
                np.std(row.fit.replicates) if row.fit.replicates.size else row.fit.standard_error
                for row in result.layers
            ]
        )
        series.append(
            LayerSeries(
                labels[number] if labels else f"{result.variant}: σ = {result.sigma:.3f}",
                tuple(row.layer for row in result.layers),
                result.exponents,
                result.exponents - errors,
                result.exponents + errors,
            )
        )
    draw_layer_values(ax, series)
    ax.set_ylabel("power-law exponent γ")
    return fig, ax


def _shorten(name: str, *, length: int = 26) -> str:
    return name if len(name) <= length else f"…{name[1 - length :]}"
