"""UMAP embedding of a layer's samples, seeded and checked."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import integer
from featgraph.core.package import need
from featgraph.invariance.correlation_sum import PointKind, take_points

if TYPE_CHECKING:
    from featgraph.features.feature_matrix import Array, FeatureMatrix

__all__ = ["embed_points"]


def embed_points(
    points: FeatureMatrix | Array,
    *,
    kind: PointKind = "samples",
    n_components: int = 30,
    n_neighbors: int = 20,
    min_dist: float = 0.05,
    normalize: bool = False,
    seed: int = 42,
) -> NDArray[np.float64]:
    """Embed a cloud of points with UMAP.

    Parameters
    ----------
    points : FeatureMatrix, or Tensor or ndarray of shape (n_points, n_features)
        The cloud; a FeatureMatrix is read as ``kind`` says.
    kind : {"samples", "nodes"}, default="samples"
        What the points of a FeatureMatrix are.
    n_components : int, default=30
        Dimension of the embedding, less than ``n_points - 1``.
    n_neighbors : int, default=20
        Neighbours of the fuzzy graph; there must be more points than that.
    min_dist : float, default=0.05
        Smallest distance of points in the embedding.
    normalize : bool, default=False
        Divide each point by its Euclidean norm first, as the released code does.
    seed : int, default=42
        Seed; the same seed gives the same embedding on the same machine.

    Returns
    -------
    ndarray of float, shape (n_points, n_components)
        Coordinates in UMAP's own unit: distances are not those of the activations.

    Raises
    ------
    ImportError
        If umap-learn (extra ``umap``) is not installed.
    ValueError
        If there are not more points than neighbours, or too few for the components.

    Notes
    -----
    The default values are those of the released code. UMAP pulls neighbours together on
    purpose: a dimension measured in its embedding is a property of the embedding.

    References
    ----------
    L. McInnes, J. Healy, J. Melville, arXiv:1802.03426; Ding et al. 2025, Appendix C.

    Examples
    --------
    >>> embed_points(np.random.default_rng(0).normal(size=(25, 3)), n_neighbors=30)
    Traceback (most recent call last):
    ValueError: points must number more than n_neighbors=30, got 25; use more samples, or \
fewer neighbours
    """
    cloud = take_points(points, kind=kind)
    n_points = cloud.shape[0]
    n_neighbors = integer(n_neighbors, "n_neighbors", least=2)
    if n_points <= n_neighbors:
        raise ValueError(
            f"points must number more than n_neighbors={n_neighbors}, got {n_points}; "
            "use more samples, or fewer neighbours"
        )
    if n_points <= n_components + 1:
        raise ValueError(
            f"points must number more than n_components + 1 = {n_components + 1}, got {n_points}; "
            "use more samples, or fewer components"
        )
    if normalize:
        norms = np.linalg.norm(cloud, axis=1, keepdims=True)
        cloud = cloud / np.where(norms > 0, norms, 1.0)
    reducer = need("umap", extra="umap").UMAP(
        n_components=n_components,
        n_neighbors=n_neighbors,
        min_dist=min_dist,
        metric="euclidean",
        random_state=seed,
        n_jobs=1,  # a seeded run is serial anyway; saying so avoids a warning
    )
    with warnings.catch_warnings():
        # A disconnected neighbour graph is embedded part by part, which is all we ask.
        warnings.filterwarnings("ignore", module=r"umap|sklearn|pynndescent")
        embedded = np.asarray(reducer.fit_transform(cloud.astype(np.float32)), dtype=np.float64)
    return embedded
