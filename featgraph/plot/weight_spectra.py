"""Spectra of networks of weights beside their null models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.plot.style import SMALL, WIDTH, new_figure, series_style, style_axes
from featgraph.weights.spectrum import WeightSpectrum

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_weight_spectra"]


def plot_weight_spectra(
    spectra: WeightSpectrum | Mapping[str, WeightSpectrum],
) -> tuple[Figure, NDArray[Any]]:
    """Draw f(α), and the widths of the networks and of their null models.

    Parameters
    ----------
    spectra : WeightSpectrum, or mapping of str to WeightSpectrum
        One, or several of one variant with their names.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    axes : ndarray of matplotlib Axes, shape (2,)
        f against α, and widths with their 95 % intervals.

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
    >>> axes[0].get_xlabel()
    'α'
    """
    named = (
        {spectra.source or "network": spectra}
        if isinstance(spectra, WeightSpectrum)
        else dict(spectra)
    )
    variants = {one.variant for one in named.values()}
    if len(variants) != 1:
        raise ValueError(f"spectra must be of one variant, got {sorted(variants) or 'none'}")
    fig = new_figure(WIDTH * 1.25, 3.4)
    axes = fig.subplots(1, 2)
    rows: list[tuple[str, Any, Any]] = []
    for index, (name, one) in enumerate(named.items()):
        style = series_style(f"spectrum {index}", index=index)
        axes[0].plot(one.alpha, one.f, color=style.color, linewidth=1.6, label=name)
        rows.append((name, one, style))
        rows += [(f"{name}: {null.null}", null, style) for null in one.nulls]
    for place, (_, one, style) in enumerate(rows):
        low, high = one.width_interval
        is_own = isinstance(one, WeightSpectrum)
        axes[1].plot([low, high], [place, place], color=style.color, linewidth=1.2)
        axes[1].plot(
            one.width, place, marker="o" if is_own else "s", markersize=5, color=style.color,
            markerfacecolor=style.color if is_own else "white",
        )  # fmt: skip
    for ax in axes:
        style_axes(ax)
    axes[0].set_xlabel("α")
    axes[0].set_ylabel("f(α)")
    axes[0].legend(frameon=False, fontsize=SMALL, loc="best")
    axes[1].set_yticks(np.arange(len(rows)), [name for name, _, _ in rows], fontsize=SMALL)
    axes[1].invert_yaxis()
    axes[1].set_xlabel("width of the spectrum")
    axes[0].set_title(f"{variants.pop()} analysis", fontsize=SMALL, loc="left")
    return fig, axes
