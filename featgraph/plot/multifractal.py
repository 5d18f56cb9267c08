"""Multifractal spectra, of graphs and of networks of weights, and emergence in training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.dimension.spectrum import MultifractalSpectrum
from featgraph.plot.style import (
    FAINT,
    SMALL,
    WIDTH,
    new_axes,
    new_figure,
    series_style,
    series_styles,
    style_axes,
)
from featgraph.weights.spectrum import WeightSpectrum

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from featgraph.weights.emergence import EmergenceCurve, NullEmergence

__all__ = ["plot_emergence", "plot_multifractal", "plot_weight_spectra"]

_NAMES = {"boxes": "box masses", "sandbox": "sandbox"}
_NULLS = {"rows": "rows permuted", "gaussian": "Gaussian rows", "untrained": "untrained twin"}
#: Of the curves of null models.
_DASHES = {"rows": (1, 1), "gaussian": (4, 2), "untrained": (6, 2, 1, 2)}


def plot_multifractal(
    spectra: MultifractalSpectrum | Mapping[str, MultifractalSpectrum],
    *,
    theory: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]] | None = None,
) -> tuple[Figure, NDArray[Any]]:
    """Draw generalised dimensions D_q and the spectrum f(α) side by side.

    Parameters
    ----------
    spectra : MultifractalSpectrum, or mapping of str to MultifractalSpectrum
        One, or several with their names. Bands, and crosses at whole q, are one standard error
        to each side.
    theory : mapping of str to tuple of arrays, optional
        Known curves: name to (q, D_q), drawn as broken grey lines.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    axes : ndarray of matplotlib Axes, shape (2,)
        D_q against q, and f against α.

    Raises
    ------
    ValueError
        If there is no spectrum.

    Examples
    --------
    >>> from featgraph.datasets import make_lattice
    >>> from featgraph.dimension import multifractal_sandbox
    >>> spectrum = multifractal_sandbox(make_lattice((20, 20), periodic=True), radii=[1, 2, 3, 4])
    >>> fig, axes = plot_multifractal(spectrum)
    >>> axes[0].get_xlabel()
    'moment q'
    """
    named = (
        {_NAMES[spectra.method]: spectra}
        if isinstance(spectra, MultifractalSpectrum)
        else dict(spectra)
    )
    if not named:
        raise ValueError("spectra must hold at least one spectrum, got none")
    fig = new_figure(WIDTH * 1.25, 3.6)
    axes = fig.subplots(1, 2)
    for ax in axes:
        style_axes(ax)
    for name, (q, values) in (theory or {}).items():
        axes[0].plot(q, values, color=FAINT, linewidth=1.6, dashes=(4, 2), label=name, zorder=1)
    for index, (name, one) in enumerate(named.items()):
        style = series_style(f"spectrum {index}", index=index)
        low, high = one.dimensions - one.dimension_error, one.dimensions + one.dimension_error
        axes[0].fill_between(one.q, low, high, color=style.color, alpha=0.18, linewidth=0)
        axes[0].plot(one.q, one.dimensions, color=style.color, linewidth=1.6, label=name)
        axes[1].plot(one.alpha, one.f, color=style.color, linewidth=1.0, label=name)
        whole = one.q == np.round(one.q)  # crosses at every moment would hide the curve
        axes[1].errorbar(
            one.alpha[whole], one.f[whole], xerr=one.alpha_error[whole], yerr=one.f_error[whole],
            linestyle="none", marker=style.marker, markersize=3.5, elinewidth=0.6,
            color=style.color,
        )  # fmt: skip
    axes[0].set_xlabel("moment q")
    axes[0].set_ylabel("generalised dimension $D_q$")
    axes[1].set_xlabel("strength of singularity α")
    axes[1].set_ylabel("dimension f(α) of its support")
    values = np.concatenate([one.dimensions for one in named.values()])
    axes[0].set_ylim(0, 1.25 * float(values.max()))
    axes[1].set_ylim(min(0.0, *(float(one.f.min()) for one in named.values())) - 0.05, None)
    axes[0].legend(frameon=False, fontsize=SMALL, loc="best")
    return fig, axes


def plot_weight_spectra(
    spectra: WeightSpectrum | Mapping[str, WeightSpectrum],
) -> tuple[Figure, NDArray[Any]]:
    """Draw D_q, f(α), and the widths of the networks and of their null models.

    Parameters
    ----------
    spectra : WeightSpectrum, or mapping of str to WeightSpectrum
        One, or several of one variant with their names.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    axes : ndarray of matplotlib Axes, shape (3,)
        D_q against q, broken lines for null models; f against α; widths. Bands and bars are
        95 % intervals.

    Raises
    ------
    ValueError
        If there is no spectrum, or they are of several variants.

    Examples
    --------
    >>> import torch
    >>> from featgraph.weights import multifractal_weights
    >>> net = torch.nn.Linear(40, 40)
    >>> fig, axes = plot_weight_spectra(multifractal_weights(net, n_samples=2))
    >>> [ax.get_xlabel() for ax in axes]
    ['moment q', 'α', 'width of the spectrum']
    """
    named = (
        {spectra.source or "network": spectra}
        if isinstance(spectra, WeightSpectrum)
        else dict(spectra)
    )
    variants = {one.variant for one in named.values()}
    if len(variants) != 1:
        raise ValueError(f"spectra must be of one variant, got {sorted(variants) or 'none'}")
    fig = new_figure(WIDTH * 1.8, 3.4)
    axes = fig.subplots(1, 3)
    rows: list[tuple[str, Any, Any]] = []
    for index, (name, one) in enumerate(named.items()):
        style = series_style(f"spectrum {index}", index=index)
        axes[0].fill_between(one.q, *one.dimensions_interval.T, color=style.color, alpha=0.18, lw=0)
        axes[0].plot(one.q, one.dimensions, color=style.color, linewidth=1.6, label=name)
        axes[1].plot(one.alpha, one.f, color=style.color, linewidth=1.6)
        rows.append((name, one, style))
        for item in one.nulls:
            label, dashes = _NULLS[item.null], _DASHES[item.null]
            rows.append((f"{name}: {label}", item, style))
            axes[0].plot(one.q, item.dimensions, color=style.color, dashes=dashes, linewidth=1.2,
                         label=None if index else label)  # fmt: skip
    for place, (_, one, style) in enumerate(rows):
        is_own = isinstance(one, WeightSpectrum)
        axes[2].plot(one.width_interval, [place, place], color=style.color, linewidth=1.2)
        axes[2].plot(
            one.width, place, marker="o" if is_own else "s", markersize=5, color=style.color,
            markerfacecolor=style.color if is_own else "white",
        )  # fmt: skip
    for ax in axes:
        style_axes(ax)
    axes[0].set_xlabel("moment q")
    axes[0].set_ylabel("$D_q$")
    axes[0].legend(frameon=False, fontsize=SMALL, loc="best")
    axes[1].set_xlabel("α")
    axes[1].set_ylabel("f(α)")
    axes[2].set_yticks(np.arange(len(rows)), [name for name, _, _ in rows], fontsize=SMALL)
    axes[2].invert_yaxis()
    axes[2].set_xlabel("width of the spectrum")
    axes[0].set_title(f"{variants.pop()} analysis", fontsize=SMALL, loc="left")
    return fig, axes


def plot_emergence(
    curve: EmergenceCurve, *, unit: str = "step", ax: Axes | None = None
) -> tuple[Figure, Axes]:
    """Draw the degree of emergence over a training, beside that of null models.

    Parameters
    ----------
    curve : EmergenceCurve
        From :func:`featgraph.weights.measure_emergence`.
    unit : str, default="step"
        What time counts, for the axis.
    ax : matplotlib Axes, default=None
        Where to draw; None makes a figure.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        E against time; bands and bars are 95 % intervals over samples.

    Examples
    --------
    >>> import torch
    >>> from featgraph.weights import measure_emergence
    >>> nets = {k: torch.nn.Linear(40, 40) for k in range(2)}
    >>> fig, ax = plot_emergence(measure_emergence(nets, n_samples=2, nulls=("rows",)))
    >>> ax.get_ylabel()
    'degree of emergence'
    """
    fig, ax = new_axes(ax)
    names = [curve.source or "network", *(_NULLS[item.null] for item in curve.nulls)]
    shown: list[EmergenceCurve | NullEmergence] = [curve, *curve.nulls]
    for style, one in zip(series_styles(names), shown, strict=True):
        low, high = one.emergence_interval.T
        if one is curve:
            ax.fill_between(curve.times, low, high, color=style.color, alpha=0.18, lw=0)
            ax.plot(curve.times, one.emergence, marker=style.marker, markersize=4,
                    color=style.color, label=style.label)  # fmt: skip
        else:  # hollow, so that a null model on the curve leaves it in sight
            ax.vlines(curve.times, low, high, color=style.color, linewidth=1)
            ax.plot(curve.times, one.emergence, marker=style.marker, markersize=8, linestyle="none",
                    markerfacecolor="none", color=style.color, label=style.label)  # fmt: skip
    ax.set_xlabel(unit)
    ax.set_ylabel("degree of emergence")
    ax.legend(frameon=False, fontsize=SMALL, loc="best")
    ax.set_title(f"{curve.variant} analysis", fontsize=SMALL, loc="left")
    return fig, ax
