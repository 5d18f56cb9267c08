"""Multifractal spectra: D_q, and f(α)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.dimension.spectrum import MultifractalSpectrum
from featgraph.plot.style import FAINT, SMALL, WIDTH, new_figure, series_style, style_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["plot_multifractal"]

_NAMES = {"boxes": "box masses", "sandbox": "sandbox"}


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
