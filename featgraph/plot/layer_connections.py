"""Which layers of a model are joined with which, in the graph over all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from featgraph.plot.style import FAINT, INK, SMALL, TEXT, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    from featgraph.graph.layered import LayerConnectivity

__all__ = ["plot_layer_matrix"]

_MOST_NUMBERS = 12  # layers up to which each cell says its number


def plot_layer_matrix(
    connectivity: LayerConnectivity, *, ax: Axes | None = None
) -> tuple[Figure, Axes]:
    """Draw the density of edges between every two layers as a matrix.

    Parameters
    ----------
    connectivity : LayerConnectivity
        Result of ``connect_layers``.
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        Its axes; layers from input (top left) to output. Colours are logarithmic, cells without
        an edge are hatched. Up to 12 layers, numbers in the cells are densities in per cent.

    Examples
    --------
    >>> from featgraph.graph import connect_layers, feature_graph
    >>> rng = np.random.default_rng(0)
    >>> layers = {name: rng.normal(size=(20, 5)) for name in ("conv", "head")}
    >>> fig, ax = plot_layer_matrix(connect_layers(feature_graph(layers)))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['conv', 'head']
    """
    from matplotlib.colors import LogNorm
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    density = 100 * connectivity.density
    k = len(connectivity.layers)
    size = float(np.clip(1.9 + 0.42 * k, 3.4, 8.5))
    fig, ax = new_axes(ax, width=size + 1.0, height=size)
    shown = np.ma.masked_where(~(density > 0), density)
    low, high = (1e-3, 100.0) if shown.count() == 0 else (float(shown.min()), float(shown.max()))
    norm = LogNorm(low if low < high else low / 2, high)
    ax.set_facecolor("white")
    picture = ax.imshow(shown, cmap="cividis", norm=norm, zorder=2)
    for i, j in np.argwhere(~(density > 0)).tolist():
        ax.add_patch(_empty_cell(j, i))
    if k <= _MOST_NUMBERS:
        _write_numbers(ax, density, norm)
    _name_layers(ax, connectivity.layers)
    bar = fig.colorbar(picture, ax=ax, shrink=0.8, pad=0.03)
    bar.set_label("pairs of neurons that are joined (%)", fontsize=TEXT, color=INK)
    bar.ax.tick_params(which="both", labelsize=SMALL, labelcolor=INK)
    bar.ax.yaxis.set_major_locator(LogLocator(base=10, subs=(1.0, 2.0, 5.0), numticks=12))
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    bar.ax.yaxis.set_minor_formatter(NullFormatter())
    bar.ax.tick_params(which="minor", length=0)
    bar.outline.set_visible(False)
    ax.set_title(
        f"{connectivity.inter_share:.0%} of the edges join two layers "
        f"(random pairs: {connectivity.expected_share:.0%})",
        loc="left", fontsize=TEXT, color=INK,
    )  # fmt: skip
    return fig, ax


def _empty_cell(x: int, y: int) -> Patch:
    from matplotlib.patches import Rectangle

    return Rectangle(
        (x - 0.5, y - 0.5), 1, 1, facecolor="#F4F4F4", edgecolor=FAINT, hatch="////", linewidth=0,
        zorder=2,
    )  # fmt: skip


def _write_numbers(ax: Axes, density: np.ndarray, norm: object) -> None:
    for (i, j), value in np.ndenumerate(density):
        if not value > 0:
            continue
        dark = float(norm(value)) < 0.55  # type: ignore[operator]
        text = f"{value:.0f}" if value >= 9.5 else f"{value:.1f}" if value >= 0.095 else "<0.1"
        ax.text(
            j, i, text, ha="center", va="center", fontsize=SMALL,
            color="white" if dark else INK, zorder=3,
        )  # fmt: skip


def _name_layers(ax: Axes, layers: tuple[str, ...]) -> None:
    names = [name if len(name) <= 18 else f"…{name[-17:]}" for name in layers]
    step = -(-len(names) // 40)  # more than forty names would touch
    places = range(0, len(names), step)
    ax.set_xticks(places, names[::step], rotation=40, ha="right", rotation_mode="anchor")
    ax.set_yticks(places, names[::step])
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines[["left", "bottom"]].set_visible(False)
