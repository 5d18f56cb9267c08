"""UMAP embedding of samples, and the correlation dimension that the released code finds in it."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import integer
from featgraph.core.package import need
from featgraph.core.values import RandomState, as_rng
from featgraph.invariance.correlation_sum import PointKind, take_points
from featgraph.invariance.nearest import neighbor_distances

if TYPE_CHECKING:
    from featgraph.features.feature_matrix import Array, FeatureMatrix

__all__ = ["ReleasedDimension", "embed_points", "measure_released_dimension"]

_N_NEIGHBORS = 29
_MAX_POINTS = 3000
_RADII = np.logspace(-3, 0.5, 40)


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


class ReleasedDimension(NamedTuple):
    """Slope of the truncated correlation sum; radii in the unit of the points.

    ``dimension`` is 0.0 where the released code gives up. ``window`` holds the first and the
    last radius fitted; ``values`` the neighbour sum at each of the 40 ``radii``.

    Examples
    --------
    >>> found = measure_released_dimension(np.random.default_rng(0).random((1000, 3)))
    >>> round(found.dimension, 1), found.radii.size
    (2.1, 40)
    """

    dimension: float
    window: tuple[float, float]
    radii: NDArray[np.float64]
    values: NDArray[np.float64]


def measure_released_dimension(
    points: FeatureMatrix | Array, *, kind: PointKind = "samples", rng: RandomState = None
) -> ReleasedDimension:
    """Compute the correlation dimension as the released code does.

    Only the 29 nearest neighbours of each point are counted, at 40 radii from 0.001 to 3.16
    in absolute units, and the middle half of those with pairs is fitted.

    Parameters
    ----------
    points : FeatureMatrix, or Tensor or ndarray of shape (n_points, n_features)
        The cloud; a FeatureMatrix is read as ``kind`` says.
    kind : {"samples", "nodes"}, default="samples"
        What the points of a FeatureMatrix are.
    rng : Generator, int or None, default=None
        Draws 3000 points where there are more.

    Returns
    -------
    ReleasedDimension
        Slope, window and curve; slope 0.0 if the spread is below 1e-4 or fewer than two radii
        hold a pair, and never negative.

    Raises
    ------
    ValueError
        If there are fewer than 30 points.

    Notes
    -----
    The sum saturates at 29 neighbours and the radii are absolute, so the number depends on
    the unit of the points: a 3-cube of side 1 gives 1.6 to 2.1, the same cube
    three times as large 2.4 to 2.8. Use it to compare with published tables only;
    :func:`measure_correlation_dimension` has neither fault. Time as for ``estimate_two_nn``.

    References
    ----------
    Code released with Ding et al. 2025, arXiv:2507.17785.

    Examples
    --------
    >>> cube = np.random.default_rng(0).random((1000, 3))
    >>> small, large = (measure_released_dimension(side * cube).dimension for side in (1, 3))
    >>> round(small, 1), round(large, 1)
    (2.1, 2.8)
    """
    cloud = take_points(points, kind=kind)
    if cloud.shape[0] <= _N_NEIGHBORS:
        raise ValueError(
            f"points must number at least {_N_NEIGHBORS + 1} for {_N_NEIGHBORS} neighbours, "
            f"got {cloud.shape[0]}"
        )
    if cloud.shape[0] > _MAX_POINTS:
        drawn = as_rng(rng).choice(cloud.shape[0], _MAX_POINTS, replace=False)
        cloud = cloud[drawn]
    nothing = ReleasedDimension(0.0, (np.nan, np.nan), _RADII.copy(), np.zeros(_RADII.size))
    if float(np.std(cloud)) < 1e-4:
        return nothing
    near = np.sort(neighbor_distances(cloud, _N_NEIGHBORS).ravel())
    below = np.searchsorted(near, _RADII, side="left")
    values = below / cloud.shape[0] / (cloud.shape[0] - 1)
    valid = np.flatnonzero(values > 0)
    if valid.size < 2:
        return nothing._replace(values=values)
    if valid.size > 5:
        valid = valid[valid.size // 4 : 3 * valid.size // 4]
    slope = float(np.polyfit(np.log(_RADII[valid]), np.log(values[valid]), 1)[0])
    window = (float(_RADII[valid[0]]), float(_RADII[valid[-1]]))
    return ReleasedDimension(max(0.0, slope), window, _RADII.copy(), values)
