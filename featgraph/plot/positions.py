"""Positions of nodes in the plane from their distances (multidimensional scaling)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["align_positions", "scale_distances", "scale_features", "scale_hops"]

Floats: TypeAlias = NDArray[np.float64]
MDSMethod = Literal["classical", "metric", "nonmetric"]


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
    positions, share = _classical(matrix, n_components)
    if method == "classical" or not positions.any():
        return positions, share
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
    return _sign_axes(found - found.mean(axis=0)), share


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
