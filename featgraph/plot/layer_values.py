"""Values with error bars over the layers of a network, several series side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from featgraph.plot.style import INK, SMALL, series_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LayerSeries", "draw_layer_values"]


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
    ax.set_xticks(range(len(names)), [_shorten(name) for name in names])
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


def _shorten(name: str, *, length: int = 18) -> str:
    return name if len(name) <= length else f"…{name[1 - length :]}"
