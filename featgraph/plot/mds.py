"""Multidimensional scaling: nodes in the plane by their distances, before and after training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.checks import naming
from featgraph.graph.convert import open_graph
from featgraph.plot.graph_drawing import draw_edges, group_colors
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

__all__ = ["align_positions", "plot_mds", "scale_distances", "scale_features", "scale_hops"]

#: Above this ratio of extents one shared scale would shrink a panel to a blot.
_MAX_RATIO = 6.0
Floats: TypeAlias = NDArray[np.float64]
MDSMethod = Literal["classical", "metric", "nonmetric"]


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
    graphs : sequence of graphs or None, default=()
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
        given = graphs[index] if index < len(graphs) else None
        graph = None if given is None else open_graph(given)
        _draw_panel(panel, points, extent, groups, graph)
        panel.set_title(titles[index], loc="left", fontsize=TEXT, color=INK, fontweight="bold")
        _write_scale(panel, extent, share)
    return root_figure(axes[0]), axes


def _place_nodes(item: NodeMap, name: str, *, method: MDSMethod, seed: int) -> tuple[Floats, float]:
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
    ax: Axes, points: Floats, extent: float, groups: ArrayLike | None, graph: FeatureGraph | None
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


def half_width(points: Floats) -> float:
    """Return half of the larger extent of positions, above 0."""
    return float(np.ptp(points, axis=0).max()) / 2 or 1.0


def frame_points(ax: Axes, points: Floats, extent: float, *, room: float, **spine: Any) -> None:
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


def scale_distances(
    distances: ArrayLike, *, n_components: int = 2, method: MDSMethod = "classical", seed: int = 0
) -> tuple[Floats, float]:
    """Place points so that their plane distances follow a distance matrix.

    Parameters
    ----------
    distances : array_like of float, shape (n_nodes, n_nodes)
        Symmetric, non-negative, zero diagonal; for example C of a layer.
    n_components : int, default=2
        Number of coordinates.
    method : {"classical", "metric", "nonmetric"}, default="classical"
        ``"classical"``: leading eigenvectors of the double-centred squared distances
        (for C exactly the principal components of the features). ``"metric"`` and
        ``"nonmetric"``: SMACOF of scikit-learn, started from the classical answer.
    seed : int, default=0
        Seed of SMACOF; the classical answer draws nothing.

    Returns
    -------
    positions : ndarray of float, shape (n_nodes, n_components)
        Coordinates in the unit of ``distances`` (``"nonmetric"``: scaled to it), centred;
        each axis is signed so that its largest coordinate is positive.
    share : float
        Share of the squared distances that the picture keeps, in [0, 1]: leading
        eigenvalues over the sum of the positive ones. It is that of the classical answer
        for every ``method``.

    Raises
    ------
    ValueError
        If ``distances`` is not a square matrix of finite numbers.

    Notes
    -----
    Time is O(n_nodes³) once, about 0.1 s for 512 nodes; memory O(n_nodes²).

    References
    ----------
    W. S. Torgerson, Psychometrika 17, 401 (1952), doi:10.1007/BF02288916;
    J. de Leeuw, J. Classif. 5, 163 (1988), doi:10.1007/BF01897162 (SMACOF).

    Examples
    --------
    >>> line = abs(np.subtract.outer([0.0, 1.0, 3.0], [0.0, 1.0, 3.0]))
    >>> positions, share = scale_distances(line)
    >>> round(share, 6), np.round(positions[:, 0] - positions[0, 0], 6).tolist()
    (1.0, [0.0, 1.0, 3.0])
    """
    matrix = np.asarray(distances, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        raise ValueError(
            "distances must be a square matrix of finite numbers, got shape "
            f"{matrix.shape}; leave unreachable nodes out"
        )
    unit = np.ldexp(1.0, int(np.frexp(matrix.max(initial=0.0))[1]))  # changes no digit
    matrix = matrix / unit  # the iteration stops, and starts, by numbers without a unit
    positions, share = _classical(matrix, n_components)
    if method == "classical" or not positions.any():
        return positions * unit, share
    from sklearn.manifold import smacof

    metric = method == "metric"
    found, _ = smacof(
        matrix,
        metric=metric,
        n_components=n_components,
        init=positions if metric else positions + 1e-9,
        n_init=1,
        random_state=seed,
        normalized_stress=False,
    )
    if not metric:  # ranks fix the shape only: give it the mean distance of the classical answer
        found = found * (np.linalg.norm(positions) / max(np.linalg.norm(found), 1e-300))
    return _sign_axes(found - found.mean(axis=0)) * unit, share


def _classical(matrix: Floats, n_components: int) -> tuple[Floats, float]:
    n_nodes = matrix.shape[0]
    squared = matrix**2
    means = squared.mean(axis=0)
    gram = -0.5 * (squared - means[:, None] - means[None, :] + means.mean())
    values, vectors = np.linalg.eigh((gram + gram.T) / 2)
    order = np.argsort(values)[::-1][:n_components]
    kept = np.maximum(values[order], 0.0)
    total = float(np.maximum(values, 0.0).sum())
    positions = np.zeros((n_nodes, n_components))
    positions[:, : order.size] = vectors[:, order] * np.sqrt(kept)
    return _sign_axes(positions), float(kept.sum() / total) if total > 0 else 1.0


def scale_features(features: Any) -> tuple[Floats, float]:
    """Return ``scale_distances`` of the distances of features, from the features themselves.

    Classical scaling of C gives the principal components of F, which cost
    O(n_nodes · n_samples · min(n_nodes, n_samples)) and no n_nodes × n_nodes matrix where there
    are fewer samples.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples)
        F of a layer.

    Returns
    -------
    positions : ndarray of float, shape (n_nodes, 2)
        Coordinates in activation distance per sample, centred and signed as by
        ``scale_distances``.
    share : float
        Share of the squared distances that the picture keeps, in [0, 1].

    Examples
    --------
    >>> positions, share = scale_features(np.array([[0.0, 0.0], [1.0, 1.0], [3.0, 3.0]]))
    >>> round(share, 6), np.round(positions[:, 0] - positions[0, 0], 6).tolist()
    (1.0, [0.0, 1.0, 3.0])
    """
    from scipy.linalg import eigh

    from featgraph.features.feature_matrix import as_feature_matrix

    values = as_feature_matrix(features).numpy().astype(np.float64)
    centered = (values - values.mean(axis=0)) / np.sqrt(values.shape[1])
    n_nodes, n_samples = centered.shape
    gram = centered.T @ centered if n_samples < n_nodes else centered @ centered.T
    n_axes = min(2, len(gram))
    powers, vectors = eigh(gram, subset_by_index=[len(gram) - n_axes, len(gram) - 1])
    powers, vectors = np.maximum(powers[::-1], 0.0), vectors[:, ::-1]
    positions = np.zeros((n_nodes, 2))
    axes = centered @ vectors if n_samples < n_nodes else vectors * np.sqrt(powers)
    positions[:, :n_axes] = axes
    total = float(np.trace(gram))
    return _sign_axes(positions), min(1.0, float(powers.sum()) / total) if total > 0 else 1.0


def _sign_axes(positions: Floats) -> Floats:
    """Fix the free sign of each axis, or the picture would flip from machine to machine."""
    if positions.size == 0:
        return positions
    far = np.abs(positions).argmax(axis=0)
    signs = np.sign(positions[far, np.arange(positions.shape[1])])
    return positions * np.where(signs == 0, 1.0, signs)


def align_positions(positions: Floats, target: Floats) -> Floats:
    """Rotate or mirror ``positions`` onto ``target`` without changing any distance.

    Parameters
    ----------
    positions, target : ndarray of float, shape (n_nodes, n_components)
        Centred coordinates of the same nodes.

    Returns
    -------
    ndarray of float, shape (n_nodes, n_components)
        The orthogonal Procrustes solution; distances are those of ``positions``.

    References
    ----------
    P. H. Schönemann, Psychometrika 31, 1 (1966), doi:10.1007/BF02289451.

    Examples
    --------
    >>> shape = np.array([[1.0, 0.0], [-1.0, 0.5], [0.0, -0.5]])
    >>> turned = shape[:, ::-1] * [1, -1]
    >>> bool(np.allclose(align_positions(turned, shape), shape))
    True
    """
    if positions.shape != target.shape:
        raise ValueError(
            f"positions and target must have the same shape, got {positions.shape} "
            f"and {target.shape}"
        )
    left, _, right = np.linalg.svd(positions.T @ target)
    return np.asarray(positions @ (left @ right))


def scale_hops(graph: FeatureGraph) -> Floats:
    """Place nodes so that their plane distances follow their hops; components stand apart.

    Raises
    ------
    ValueError
        If the graph has more than 5000 nodes: all pairs are compared.

    Examples
    --------
    >>> from featgraph.datasets import make_path
    >>> np.abs(scale_hops(make_path(3))[:, 0]).round(9).tolist()
    [1.0, 0.0, 1.0]
    """
    from scipy.sparse.csgraph import shortest_path

    if graph.n_nodes > 5000:
        raise ValueError(
            f"layout 'mds' compares all pairs of at most 5000 nodes, got {graph.n_nodes}; "
            "take --layout force"
        )
    hops = shortest_path(graph.to_scipy(weighted=False), unweighted=True, directed=False)
    reached = np.isfinite(hops)
    hops[~reached] = hops[reached].max() + 2
    return scale_distances(hops)[0]
