"""Layer × layer heat maps: similarity of networks, connections in one, agreement of views."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from featgraph.plot.style import (
    BLUE,
    FAINT,
    INK,
    SMALL,
    TEXT,
    VERMILION,
    new_axes,
    set_log_ticks,
    shorten,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage
    from matplotlib.patches import Patch

    from featgraph.graph.layered import LayerConnectivity
    from featgraph.similarity.cross_views import CrossViews
    from featgraph.similarity.layer_matrix import SimilarityMatrix

__all__ = ["color_limits", "plot_cross_views", "plot_layer_matrix", "plot_similarity"]

#: Dark is alike: cividis is even in brightness, so it survives grey print and colour blindness.
_MAP = "cividis"
_MOST_NUMBERS = 12  # cells per side up to which values are written


def plot_similarity(
    matrix: SimilarityMatrix,
    *,
    names: tuple[str, str] | None = None,
    limits: tuple[float, float] | None = None,
    matches: bool = True,
    ax: Axes | None = None,
) -> tuple[Figure, Axes]:
    """Draw layer × layer scores as a heat map with layer names.

    Parameters
    ----------
    matrix : SimilarityMatrix
        Scores of the layers of A (rows, first layer at the bottom) with those of B (columns).
    names : tuple of str or None, default=None
        Names of the two networks; None takes their classes.
    limits : tuple of float or None, default=None
        Ends of the colour scale; None takes 0 to 1 for similarities that fill much of that
        range, 1 and a round number below the scores for those that lie close to 1, else the
        range of the scores.
    matches : bool, default=True
        Mark the most similar layer of B in each row.
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        Its axes.

    Examples
    --------
    >>> from featgraph.similarity import compare_layers
    >>> X = np.random.default_rng(0).normal(size=(30, 4))
    >>> fig, ax = plot_similarity(compare_layers({"fc1": X, "fc2": X**2}))
    >>> [tick.get_text() for tick in ax.get_xticklabels()]
    ['fc1', 'fc2']
    """
    values = matrix.values
    rows, columns = values.shape
    if ax is None:
        side = min(max(0.34 * max(rows, columns), 2.4), 7.0)
        _, ax = new_axes(width=side + 2.6, height=side + 1.4)
    fig, _ = new_axes(ax)
    ax.grid(False)
    low, high = limits or color_limits(matrix)
    cmap = _MAP if matrix.larger_is_more_similar else f"{_MAP}_r"
    image = ax.imshow(values, cmap=cmap, vmin=low, vmax=high, origin="lower", aspect="equal")
    _name_axes(ax, matrix, names)
    if max(rows, columns) <= _MOST_NUMBERS:
        _write_scores(ax, matrix, image)
    if matches:
        _mark_matches(ax, matrix, numbers=max(rows, columns) <= _MOST_NUMBERS)
    bar = fig.colorbar(image, ax=ax, shrink=0.85, pad=0.02)
    direction = "larger" if matrix.larger_is_more_similar else "smaller"
    bar.set_label(f"{_measure_name(matrix)} ({direction}: more alike)", size=SMALL, color=INK)
    bar.ax.tick_params(labelsize=SMALL, labelcolor=INK)
    bar.outline.set_visible(False)
    return fig, ax


def plot_cross_views(views: CrossViews, *, ax: Axes | None = None) -> tuple[Figure, Axes]:
    """Draw the correlation of every two views over pairs of models, with its interval.

    Parameters
    ----------
    views : CrossViews
        Result of ``cross_view_correlations`` or ``correlate_views``.
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        x is the correlation, one row per pair of views.

    Examples
    --------
    >>> from featgraph.similarity import correlate_views
    >>> table = np.random.default_rng(0).normal(size=(5, 5))
    >>> fig, ax = plot_cross_views(
    ...     correlate_views({"a": table + table.T, "b": -table - table.T}, n_resamples=20, rng=0))
    >>> [tick.get_text() for tick in ax.get_yticklabels()]
    ['a – b']
    """
    rows = views.correlations[::-1]
    fig, ax = new_axes(ax, height=1.4 + 0.32 * len(rows))
    ax.axvline(0, color=FAINT, linewidth=1)
    for place, row in enumerate(rows):
        ax.plot(row.interval, [place, place], color=INK, linewidth=1.4, zorder=2)
        ax.plot(row.correlation, place, "o", color=BLUE, markersize=6, zorder=3)
    labels = [f"{row.first} – {row.second}".replace("_", " ") for row in rows]
    ax.set_yticks(np.arange(len(rows)), labels, size=SMALL)
    ax.set_xlim(-1.05, 1.05)
    ax.set_ylim(-0.6, len(rows) - 0.4)
    kind = views.method.capitalize()
    ax.set_xlabel(
        f"{kind} correlation over pairs of {len(views.models)} models, "
        f"{views.confidence:.0%} interval",
        size=TEXT,
    )
    return fig, ax


def color_limits(*matrices: SimilarityMatrix) -> tuple[float, float]:
    """Return the ends of one colour scale for the scores of all matrices, which it resolves."""
    low = min(float(matrix.values.min()) for matrix in matrices)
    high = max(float(matrix.values.max()) for matrix in matrices)
    if matrices[0].larger_is_more_similar and low >= 0 and high <= 1:
        # scores between 0.88 and 0.98 would all be one colour on a scale from 0
        return (0.0, 1.0) if low < 0.5 else (min(np.floor(20 * low) / 20, 0.95), 1.0)
    if low >= 0:
        low = 0.0
    return low, high if high > low else low + 1.0


def _measure_name(matrix: SimilarityMatrix) -> str:
    names = {"cka": "linear CKA", "procrustes": "Procrustes s", "lsim": "LSim"}
    return names.get(matrix.measure, matrix.measure.replace("_", " "))


def _name_axes(ax: Axes, matrix: SimilarityMatrix, names: tuple[str, str] | None) -> None:
    first, second = names or (matrix.source_a or "A", matrix.source_b or "B")
    for axis, layers in (("x", matrix.layers_b), ("y", matrix.layers_a)):
        step = max(1, -(-len(layers) // 26))  # more names than this cannot be read
        places = np.arange(0, len(layers), step)
        shown = [layers[k] for k in places]
        if axis == "x":
            long = max(map(len, shown)) > 3 or len(shown) > 8
            ax.set_xticks(places, shown, size=SMALL, rotation=90 if long else 0)
        else:
            ax.set_yticks(places, shown, size=SMALL)
    ax.set_xlabel(f"layers of {second}", size=TEXT, color=INK)
    ax.set_ylabel(f"layers of {first}", size=TEXT, color=INK)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)


def _write_scores(ax: Axes, matrix: SimilarityMatrix, image: AxesImage) -> None:
    digits = 2 if np.ptp(matrix.values) > 0.3 or np.abs(matrix.values).max() > 9.9 else 3
    bright = image.to_rgba(matrix.values)[..., :3] @ [0.3, 0.6, 0.1] > 0.45
    for (i, j), value in np.ndenumerate(matrix.values):
        text = f"{value:.{digits}f}"
        text = text.replace("0.", ".", 1) if text.startswith("0.") else text
        ax.text(
            j, i, text, ha="center", va="center", size=SMALL - 1,
            color="black" if bright[i, j] else "white",
        )  # fmt: skip


def _mark_matches(ax: Axes, matrix: SimilarityMatrix, *, numbers: bool) -> None:
    from matplotlib.patches import Rectangle

    scores = matrix.values if matrix.larger_is_more_similar else -matrix.values
    for i, j in enumerate(scores.argmax(axis=1)):
        if numbers:
            box = (float(j) - 0.5, i - 0.5)
            ax.add_patch(Rectangle(box, 1, 1, fill=False, edgecolor=VERMILION, linewidth=1.6))
        else:
            ax.plot(j, i, ".", color=VERMILION, markersize=4)


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
        _write_shares(ax, density, norm)
    _name_both_axes(ax, connectivity.layers)
    bar = fig.colorbar(picture, ax=ax, shrink=0.8, pad=0.03)
    bar.set_label("pairs of neurons that are joined (%)", fontsize=TEXT, color=INK)
    bar.ax.tick_params(which="both", labelsize=SMALL, labelcolor=INK)
    set_log_ticks(bar.ax.yaxis)
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


def _write_shares(ax: Axes, density: np.ndarray, norm: object) -> None:
    for (i, j), value in np.ndenumerate(density):
        if not value > 0:
            continue
        dark = float(norm(value)) < 0.55  # type: ignore[operator]
        text = f"{value:.0f}" if value >= 9.5 else f"{value:.1f}" if value >= 0.095 else "<0.1"
        ax.text(
            j, i, text, ha="center", va="center", fontsize=SMALL,
            color="white" if dark else INK, zorder=3,
        )  # fmt: skip


def _name_both_axes(ax: Axes, layers: tuple[str, ...]) -> None:
    names = [shorten(name, 18) for name in layers]
    step = -(-len(names) // 40)  # more than forty names would touch
    places = range(0, len(names), step)
    ax.set_xticks(places, names[::step], rotation=40, ha="right", rotation_mode="anchor")
    ax.set_yticks(places, names[::step])
    ax.tick_params(length=0)
    ax.grid(False)
    ax.spines[["left", "bottom"]].set_visible(False)
