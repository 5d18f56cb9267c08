"""Figure 2: neurons of every layer in the plane, untrained against trained, and their clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from featgraph.plot.graph_drawing import group_colors
from featgraph.plot.mds import (
    MDSMethod,
    align_positions,
    draw_length,
    frame_points,
    half_width,
    scale_distances,
)
from featgraph.plot.style import FAINT, INK, SMALL, TEXT, WIDTH, new_figure, shorten

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from featgraph.invariance.neurons import LayerChange, Linearity, TrainingChange

    Points = NDArray[np.float64]

__all__ = ["plot_figure2", "plot_node_clusters"]

STATES = ("untrained", "trained")
#: Above this ratio of extents one shared scale would shrink the smaller cloud to a blot.
_MAX_RATIO = 5.0
_SMALL = SMALL - 1.0
_FRAME: dict[str, Any] = {"room": 1.08, "color": "#C8C8C8", "linewidth": 0.7}


def plot_figure2(
    change: TrainingChange | Mapping[str, TrainingChange],
    *,
    max_layers: int = 4,
    method: MDSMethod = "classical",
    seed: int = 0,
) -> tuple[Figure, NDArray[np.object_]]:
    """Draw the neurons of each layer so that distance means C_ij, before and after training.

    One column per layer, two rows per model; with one layer of each model, one column per
    model. A neuron keeps its colour: the colour is its place
    along the first axis of the trained cloud, so the untrained row shows where it came from.

    Parameters
    ----------
    change : TrainingChange, or mapping of model name to TrainingChange
        From :func:`featgraph.invariance.compare_training`.
    max_layers : int, default=4
        Layers to draw, the shallowest first.
    method : {"classical", "metric", "nonmetric"}, default="classical"
        Multidimensional scaling, see :func:`scale_distances`.
    seed : int, default=0
        Seed of the iterative methods.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    axes : ndarray of Axes, shape (2 · n_models, n_layers) or (2, n_models)
        The panels. The trained cloud is turned onto the untrained one; both share a scale
        unless one is five times as large, and each has a scale bar in units of C.

    Raises
    ------
    ValueError
        If there is no model, or ``max_layers`` < 1.

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Figure 2.

    Examples
    --------
    >>> from featgraph.invariance import compare_training
    >>> rng = np.random.default_rng(0)
    >>> before, after = rng.normal(size=(2, 20, 30))
    >>> fig, axes = plot_figure2(compare_training({"fc1": before}, {"fc1": after}))
    >>> axes.shape
    (2, 1)
    """
    models = change if isinstance(change, Mapping) else {"": change}
    if not models:
        raise ValueError("change must hold at least one model, got none")
    bands = _arrange(models, max_layers)
    n_columns = max(map(len, bands.values()))
    side = min(2.2, (WIDTH + 0.8) / n_columns)
    below = 0.42 if side >= 1.6 else 0.58
    height = (side + below) * 2 * len(bands) + 0.2
    figure = new_figure(max(side * n_columns, 3.2) + 0.35, height)
    axes = figure.subplots(2 * len(bands), n_columns, squeeze=False)
    for row, (name, columns) in enumerate(bands.items()):
        for column in range(n_columns):
            pair = axes[2 * row : 2 * row + 2, column]
            if column >= len(columns):
                for ax in pair:
                    ax.set_axis_off()
                continue
            title, layer = columns[column]
            _draw_pair(pair, layer, method, seed, narrow=side < 1.6)
            pair[0].set_title(title, fontsize=TEXT, color=INK, fontweight="bold", pad=4)
        for state, ax in zip(STATES, axes[2 * row : 2 * row + 2, 0], strict=True):
            ax.set_ylabel(f"{name}, {state}" if name else state, fontsize=TEXT, color=INK)
    return figure, np.asarray(axes)


def _arrange(
    models: Mapping[str, TrainingChange], max_layers: int
) -> dict[str, list[tuple[str, LayerChange]]]:
    """Return the columns of each band of two rows: layers of a model, or one layer of each."""
    if max_layers == 1 and len(models) > 1:
        names = {name: item.layers[0] for name, item in models.items()}
        return {"": [(f"{name}\n{shorten(row.layer, 20)}", row) for name, row in names.items()]}
    return {
        name: [(shorten(row.layer, 20), row) for row in item.layers[:max_layers]]
        for name, item in models.items()
    }


def plot_node_clusters(
    layer: LayerChange,
    *,
    levels: Sequence[float] = (0.25, 0.5, 0.75),
    linkage: Literal["complete", "single"] = "complete",
    method: MDSMethod = "classical",
    seed: int = 0,
) -> tuple[Figure, NDArray[np.object_]]:
    """Draw the clusters that a layer's neurons form at rising thresholds, before and after.

    Parameters
    ----------
    layer : LayerChange
        One layer of :func:`featgraph.invariance.compare_training`.
    levels : sequence of float, default=(0.25, 0.5, 0.75)
        Places of the thresholds on the θ grid, see :func:`featgraph.invariance.cluster_nodes`.
    linkage : {"complete", "single"}, default="complete"
        How clusters merge: boxes of diameter θ, or connected components.
    method, seed
        Of the multidimensional scaling, see :func:`scale_distances`.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    axes : ndarray of Axes, shape (2, n_levels)
        Untrained above, trained below; each disc is a cluster at its centre of mass, its area
        in proportion to its neurons, spokes lead to them. Clusters of one neuron are grey.

    Raises
    ------
    ValueError
        As from :func:`featgraph.invariance.cluster_nodes`.

    Examples
    --------
    >>> from featgraph.invariance import compare_training
    >>> rng = np.random.default_rng(0)
    >>> before, after = rng.normal(size=(2, 20, 30))
    >>> fig, axes = plot_node_clusters(compare_training(before, after).layers[0])
    >>> axes.shape
    (2, 3)
    """
    from featgraph.invariance.neurons import cluster_nodes

    clouds = _place_pair(layer, method, seed)
    side = min(2.2, (WIDTH + 0.4) / len(levels))
    figure = new_figure(side * len(levels) + 0.35, (side + 0.3) * 2 + 0.3)
    axes = figure.subplots(2, len(levels), squeeze=False)
    for row, (matrix, (points, _)) in enumerate(
        zip((layer.before, layer.after), clouds, strict=True)
    ):
        found = cluster_nodes(matrix, levels=levels, linkage=linkage)
        for column, ax in enumerate(axes[row]):
            frame_points(ax, points, half_width(points), **_FRAME)
            _draw_clusters(ax, points, found.labels[column])
            ax.set_title(
                f"θ = {found.thresholds[column]:.3g}: {found.n_clusters[column]} clusters",
                fontsize=SMALL, color=INK, loc="left", pad=3,
            )  # fmt: skip
        axes[row, 0].set_ylabel(STATES[row], fontsize=TEXT, color=INK)
    figure.suptitle(
        f"{layer.layer}: {layer.before.n_nodes} neurons, clusters at rising thresholds",
        fontsize=TEXT, color=INK, x=0.01, ha="left",
    )  # fmt: skip
    return figure, np.asarray(axes)


def _place_pair(layer: LayerChange, method: MDSMethod, seed: int) -> list[tuple[Points, float]]:
    from featgraph.distances.distance_matrix import feature_distances

    pair = (feature_distances(matrix).detach() for matrix in (layer.before, layer.after))
    before, after = (
        scale_distances(C.cpu().double().numpy(), method=method, seed=seed) for C in pair
    )
    return [before, (align_positions(after[0], before[0]), after[1])]


def _draw_pair(
    pair: NDArray[np.object_], layer: LayerChange, method: MDSMethod, seed: int, *, narrow: bool
) -> None:
    clouds = _place_pair(layer, method, seed)
    extents = [half_width(points) for points, _ in clouds]
    shared = max(extents) <= _MAX_RATIO * min(extents)
    # Ranks, not coordinates: one far neuron must not take all the colours.
    trained = clouds[1][0]
    first = np.linalg.svd(trained - trained.mean(axis=0), full_matrices=False)[2][0]
    order = np.argsort(np.argsort(trained @ first)) / max(len(trained) - 1, 1)
    measures = (layer.before_linearity, layer.after_linearity)
    for number, (ax, (points, _)) in enumerate(zip(pair, clouds, strict=True)):
        extent = max(extents) if shared else extents[number]
        frame_points(ax, points, extent, **_FRAME)
        size = float(np.clip(1300 / len(points), 4, 14 if narrow else 22))
        ax.scatter(
            points[:, 0], points[:, 1], s=size, c=order, cmap="viridis", vmin=-0.03, vmax=1.06,
            edgecolor="white", linewidth=0.25, zorder=3,
        )  # fmt: skip
        _write_panel(ax, extent, measures[number], narrow)


def _write_panel(ax: Axes, extent: float, measured: Linearity, narrow: bool) -> None:
    """Put a bar of a round length and the shape of the cloud under the panel."""
    length = draw_length(ax, 0.7 * extent, 2.16 * extent, y=-0.035, width=1.6)
    ax.set_xlabel(
        f"bar: C = {length:g}\naxes 1 + 2: {measured.first + measured.second:.0%}"
        f"{chr(10) if narrow else ', '}isotropy {measured.isotropy:.2f}",
        fontsize=_SMALL, color=FAINT, loc="left", labelpad=7, linespacing=1.3,
    )  # fmt: skip


def _draw_clusters(ax: Axes, points: Points, labels: NDArray[np.int64]) -> None:
    from matplotlib.collections import LineCollection

    masses = np.bincount(labels)
    centers = np.stack([points[labels == k].mean(axis=0) for k in range(masses.size)])
    colors = group_colors(labels, len(points))
    many = masses[labels] > 1
    ax.add_collection(
        LineCollection(
            list(np.stack([points[many], centers[labels[many]]], axis=1)),
            colors=colors[many], linewidths=0.5, alpha=0.55, zorder=1,
        )
    )  # fmt: skip
    ax.scatter(points[~many, 0], points[~many, 1], s=4, c="#A0A0A0", zorder=2, linewidth=0)
    ax.scatter(points[many, 0], points[many, 1], s=3, c=colors[many], zorder=2, linewidth=0)
    big = np.flatnonzero(masses > 1)
    first = np.array([int(np.flatnonzero(labels == k)[0]) for k in big], dtype=np.int64)
    ax.scatter(
        centers[big, 0], centers[big, 1], s=np.clip(900 * masses[big] / len(points), 8, None),
        c=colors[first], edgecolor="white", linewidth=0.6, alpha=0.85, zorder=3,
    )  # fmt: skip
