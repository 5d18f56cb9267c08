"""MDS pictures of a feature network before and after training (Figure 2 of the paper)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.checks import naming
from featgraph.plot.graph_drawing import draw_edges, group_colors
from featgraph.plot.positions import MDSMethod, align_positions, scale_distances
from featgraph.plot.style import FAINT, INK, SMALL, TEXT, WIDTH, new_figure, root_figure

if TYPE_CHECKING:
    import torch
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from featgraph.distances.distance_matrix import DistanceMatrix
    from featgraph.features.feature_matrix import FeatureMatrix
    from featgraph.graph.csr_graph import FeatureGraph

    NodeMap: TypeAlias = (
        FeatureMatrix
        | DistanceMatrix
        | torch.Tensor
        | NDArray[np.floating[Any]]
        | tuple[NDArray[np.float64], float]
    )

__all__ = ["plot_mds"]

#: Above this ratio of extents one shared scale would shrink a panel to a blot.
_MAX_RATIO = 6.0


def plot_mds(
    before: NodeMap,
    after: NodeMap | None = None,
    *,
    groups: ArrayLike | None = None,
    graphs: Sequence[FeatureGraph | None] = (),
    titles: Sequence[str] | None = None,
    method: MDSMethod = "classical",
    seed: int = 0,
    share_scale: bool | None = None,
    ax: Sequence[Axes] | Axes | None = None,
) -> tuple[Figure, NDArray[np.object_]]:
    """Draw the neurons of a layer in the plane so that distance means C_ij.

    Parameters
    ----------
    before, after : FeatureMatrix, Tensor, ndarray (n_nodes, n_samples), DistanceMatrix or tuple
        Features, or their distances; or ``(positions, share)`` from :func:`scale_distances`.
        With as many nodes in both, ``after`` is turned onto ``before``: the same neuron is
        looked for in the same place. ``after=None`` draws one panel.
    groups : array_like, shape (n_nodes,), or None, default=None
        Box or cluster of each node: the same neuron has the same colour in both panels.
    graphs : sequence of FeatureGraph or None, default=()
        Edges of each panel, if wanted.
    titles : sequence of str or None, default=None
        One per panel; None: before and after training, or the layer of a single panel.
    method : {"classical", "metric", "nonmetric"}, default="classical"
        See :func:`scale_distances`.
    seed : int, default=0
        Seed of the iterative methods.
    share_scale : bool or None, default=None
        One scale for both panels; None shares it unless one extent is more than six times
        the other. Each panel has a scale bar either way.
    ax : Axes, sequence of Axes or None, default=None
        One per panel; None makes a new figure.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    axes : ndarray of Axes, shape (n_panels,)
        The panels; titles state the share of the squared distances that the plane keeps.

    Raises
    ------
    ValueError
        If the number of axes, titles or groups does not fit.

    Examples
    --------
    >>> features = np.random.default_rng(0).normal(size=(12, 30))
    >>> fig, axes = plot_mds(features, features / 2)
    >>> len(axes)
    2
    """
    maps = [_place_nodes(before, "before", method=method, seed=seed)]
    if after is not None:
        maps.append(_place_nodes(after, "after", method=method, seed=seed))
    if len(maps) == 2 and maps[0][0].shape == maps[1][0].shape:
        maps[1] = (align_positions(maps[1][0], maps[0][0]), maps[1][1])
    axes = _make_axes(len(maps), ax)
    if titles is None:
        alone = (getattr(before, "layer", None) or "",)
        titles = alone if after is None else ("before training", "after training")
    if len(titles) < len(maps):
        raise ValueError(f"titles must name {len(maps)} panels, got {len(titles)}")
    extents = [half_width(points) for points, _ in maps]
    if share_scale is None:
        share_scale = max(extents) <= _MAX_RATIO * min(extents)
    for index, (panel, (points, share)) in enumerate(zip(axes, maps, strict=True)):
        extent = max(extents) if share_scale else extents[index]
        graph = graphs[index] if index < len(graphs) else None
        _draw_panel(panel, points, extent, groups, graph)
        panel.set_title(titles[index], loc="left", fontsize=TEXT, color=INK, fontweight="bold")
        _write_scale(panel, extent, share)
    return root_figure(axes[0]), axes


def _place_nodes(
    item: NodeMap, name: str, *, method: MDSMethod, seed: int
) -> tuple[NDArray[np.float64], float]:
    if isinstance(item, tuple) and len(item) == 2 and np.ndim(item[0]) == 2:
        return np.asarray(item[0], dtype=np.float64), float(item[1])
    from featgraph.distances import as_distance_matrix

    with naming(name):
        distances = as_distance_matrix(item).values  # type: ignore[arg-type]
    return scale_distances(distances.cpu().numpy(), method=method, seed=seed)


def _make_axes(n_panels: int, ax: Sequence[Axes] | Axes | None) -> NDArray[np.object_]:
    if ax is None:
        fig = new_figure(WIDTH * n_panels / 2 + 0.2, WIDTH / 2 + 0.65)
        panels = fig.subplots(1, n_panels, squeeze=False)
        return np.asarray(panels[0])
    given = np.atleast_1d(np.asarray(ax, dtype=object)).ravel()
    if given.size != n_panels:
        raise ValueError(f"ax must hold {n_panels} axes, got {given.size}")
    return given


def _draw_panel(
    ax: Axes,
    points: NDArray[np.float64],
    extent: float,
    groups: ArrayLike | None,
    graph: FeatureGraph | None,
) -> None:
    colors = group_colors(np.zeros(len(points)) if groups is None else groups, len(points))
    if graph is not None:
        alpha = float(np.clip(400 / max(graph.n_edges, 1), 0.06, 0.4))
        draw_edges(ax, points, graph.edges, color="#8A8A8A", width=0.35, alpha=alpha)
    size = float(np.clip(2600 / len(points), 6, 36))
    ax.scatter(
        points[:, 0], points[:, 1], s=size, c=colors, edgecolor="white", linewidth=0.4, zorder=3
    )
    frame_points(ax, points, extent, room=1.06, color="#D0D0D0")


def half_width(points: NDArray[np.float64]) -> float:
    """Return half of the larger extent of positions, above 0."""
    return max(float(np.ptp(points, axis=0).max()) / 2, 1e-12)


def frame_points(
    ax: Axes, points: NDArray[np.float64], extent: float, *, room: float, **spine: Any
) -> None:
    """Show a square of ``room * extent`` to each side of the middle of positions, in a frame."""
    x, y = (points.max(axis=0) + points.min(axis=0)) / 2
    half = room * extent
    ax.set(xlim=(x - half, x + half), ylim=(y - half, y + half), xticks=[], yticks=[])
    ax.set_aspect("equal")
    ax.spines[:].set(**spine)


def draw_length(ax: Axes, aim: float, across: float, *, y: float, width: float) -> float:
    """Draw a bar of the largest round length up to ``aim`` under axes ``across`` wide."""
    power = 10.0 ** np.floor(np.log10(aim))
    length = power * max(step for step in (1.0, 2.0, 5.0) if step * power <= aim * (1 + 1e-9))
    ax.plot(
        [0, length / across], [y, y], transform=ax.transAxes, color=INK, linewidth=width,
        solid_capstyle="butt", clip_on=False, gid="scale",
    )  # fmt: skip
    return float(length)


def _write_scale(ax: Axes, extent: float, share: float) -> None:
    """Put a bar of a round length under the panel, as on a map, and what the plane keeps."""
    length = draw_length(ax, extent / 2, 2.12 * extent, y=-0.03, width=1.8)
    ax.annotate(
        f"C = {length:g}", (0, -0.045), xycoords="axes fraction", fontsize=SMALL, va="top",
        color=INK,
    )  # fmt: skip
    ax.annotate(
        f"{share:.0%} of squared distances kept", (1, -0.03), xycoords="axes fraction",
        fontsize=SMALL, va="top", ha="right", color=FAINT,
    )  # fmt: skip
