"""Persistent homology of G_M: components, loops and voids of a layer as ε grows."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from featgraph.core.package import need
from featgraph.core.resources import check_pairs
from featgraph.features.feature_matrix import FeatureMatrix
from featgraph.similarity.diagram import PersistenceDiagrams

__all__ = ["distance_persistence"]


def distance_persistence(
    distances: torch.Tensor | NDArray[Any] | FeatureMatrix,
    *,
    max_dimension: int = 1,
    max_epsilon: float | None = None,
) -> PersistenceDiagrams:
    """Vietoris–Rips persistence of the distances C between the neurons of a layer.

    The complex at ε holds every set of neurons that are pairwise closer than ε, so its edges
    are G_M at ε: ``betti(epsilons, dimension=0)`` counts the components of G_M, dimension 1
    its loops that no triangles fill, dimension 2 its voids. Curves of these against ε stand
    beside box counts against the same ε.

    Parameters
    ----------
    distances : Tensor or ndarray of shape (n_nodes, n_nodes), or FeatureMatrix
        C, symmetric with zero diagonal (``feature_distances``); a FeatureMatrix F is turned
        into its C.
    max_dimension : int, default=1
        Highest homology dimension.
    max_epsilon : float, optional
        Largest ε; loops that close or fill later are cut off (they stay ``inf``). None takes
        the radius of the cloud, min over nodes of the largest distance, beyond which the
        complex is a cone and nothing changes.

    Returns
    -------
    PersistenceDiagrams
        In the unit of C; the component that never dies is left out (``reduced``).

    Raises
    ------
    ImportError
        If ``max_dimension`` is above 0 and gudhi is not installed.
    ValueError
        If C is not square, symmetric, finite and zero on the diagonal.

    Notes
    -----
    Dimension 0 is the minimum spanning tree, O(D²). Higher dimensions go to gudhi's estimator,
    a form of Ripser [2]_: about a second for D of a thousand in dimension 1; in dimension 2 it
    collapses dominated edges first (exact, [3]_), and some hundreds of nodes take seconds.

    References
    ----------
    .. [1] H. Edelsbrunner, J. Harer, "Computational topology", AMS 2010, Ch. VII.
    .. [2] U. Bauer, "Ripser: efficient computation of Vietoris-Rips persistence barcodes",
       J. Appl. Comput. Topol. 5, 2021, doi:10.1007/s41468-021-00071-5.
    .. [3] J.-D. Boissonnat, S. Pritam, "Edge collapse and persistence of flag complexes",
       SoCG 2020, doi:10.4230/LIPIcs.SoCG.2020.19.

    Examples
    --------
    >>> line = np.abs(np.subtract.outer([0.0, 1.0, 3.0], [0.0, 1.0, 3.0]))
    >>> d = distance_persistence(line, max_dimension=0)
    >>> d.points[0].tolist(), d.betti([0.5, 1.5, 2.5]).tolist()
    ([[0.0, 1.0], [0.0, 2.0]], [3, 2, 1])
    """
    layer = distances.layer if isinstance(distances, FeatureMatrix) else None
    matrix = _check_distances(distances)
    check_pairs(
        len(matrix), "persistence", bytes_per_pair=16 if max_dimension < 2 else 400, of="neurons"
    )
    reach = float(matrix.max(axis=1).min())
    limit = reach if max_epsilon is None else max_epsilon
    points = {0: _components(matrix, limit)}
    if max_dimension >= 1:
        points.update(_holes(matrix, limit, max_dimension))
    return PersistenceDiagrams(points, "distances", True, layer, {"max_epsilon": limit})


def _check_distances(given: Any) -> NDArray[np.float64]:
    from featgraph.distances.distance_matrix import feature_distances

    if isinstance(given, FeatureMatrix):
        given = feature_distances(given)
    array = given.detach().cpu().numpy() if isinstance(given, torch.Tensor) else np.asarray(given)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.shape[0] < 2:
        raise ValueError(
            f"distances must be a square matrix of at least 2 nodes, got shape {array.shape}; "
            "give C of feature_distances(F), or F as a FeatureMatrix"
        )
    matrix = array.astype(np.float64)
    if not np.isfinite(matrix).all() or (matrix < 0).any():
        raise ValueError("distances must be finite and at least 0")
    if matrix.diagonal().any() or not np.array_equal(matrix, matrix.T):
        raise ValueError("distances must be symmetric with a zero diagonal")
    return matrix


def _components(matrix: NDArray[np.float64], limit: float) -> NDArray[np.float64]:
    from featgraph.graph.spanning_tree import minimum_spanning_tree

    tree = minimum_spanning_tree(matrix)
    deaths = np.sort(np.asarray(tree.edge_weights, dtype=np.float64))
    deaths = np.where(deaths <= limit, deaths, np.inf)
    return np.column_stack([np.zeros(len(deaths)), deaths])


def _holes(matrix: NDArray[np.float64], limit: float, top: int) -> dict[int, NDArray[np.float64]]:
    need("gudhi", extra="topology")
    from gudhi.sklearn.rips_persistence import RipsPersistence

    dimensions = range(1, top + 1)
    rips = RipsPersistence(list(dimensions), threshold=limit, input_type="full distance matrix")
    (found,) = rips.fit_transform([matrix])
    pairs = (np.asarray(points, dtype=np.float64).reshape(-1, 2) for points in found)
    return dict(zip(dimensions, pairs, strict=True))
