"""ClusterLevels: neurons merged into clusters at rising distances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import fraction
from featgraph.core.result import Result
from featgraph.core.rules import Rule

if TYPE_CHECKING:
    from featgraph.features.feature_matrix import Array, FeatureMatrix

__all__ = ["ClusterLevels", "cluster_nodes"]


@dataclass(frozen=True, repr=False, eq=False)
class ClusterLevels(Result):
    """Clusters of neurons at rising thresholds, each level made of whole clusters of the last.

    Attributes
    ----------
    levels : ndarray of float, shape (n_levels,)
        Place s of each threshold on the paper's θ grid, from 0 (smallest distance) to 1.
    thresholds : ndarray of float, shape (n_levels,)
        θ of each level, in activation distance per sample.
    labels : ndarray of int, shape (n_levels, n_nodes)
        Cluster of each node, numbered from 0 by falling size.
    linkage : {"complete", "single"}
        How clusters were merged.
    """

    _shown: ClassVar = ("n_clusters", "n_nodes", "linkage")
    _rules: ClassVar = {
        "levels": Rule("n_levels"),
        "thresholds": Rule("n_levels"),
        "labels": Rule("n_levels n_nodes", least=0),
    }

    levels: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    labels: NDArray[np.int64]
    linkage: str

    @property
    def n_clusters(self) -> NDArray[np.int64]:
        """Number of clusters at each level, shape (n_levels,)."""
        counts: NDArray[np.int64] = self.labels.max(axis=1) + 1
        return counts

    def _columns(self) -> Mapping[str, Any]:
        return {"level": self.levels, "threshold": self.thresholds, "n_clusters": self.n_clusters}


def cluster_nodes(
    features: FeatureMatrix | Array,
    *,
    levels: Sequence[float] = (0.25, 0.5, 0.75),
    linkage: Literal["complete", "single"] = "complete",
) -> ClusterLevels:
    """Merge the neurons of a layer into clusters at rising distance thresholds.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples)
        F.
    levels : sequence of float, default=(0.25, 0.5, 0.75)
        Rising places s in [0, 1] on the θ grid of the source paper,
        θ_s = (1 + TZ) ((1 + TV) / (1 + TZ))^s − 1, TZ and TV the smallest and the largest
        distance of two neurons.
    linkage : {"complete", "single"}, default="complete"
        ``"complete"``: no two neurons of a cluster are farther apart than θ, so clusters are
        boxes of diameter θ. ``"single"``: connected components of the graph {C ≤ θ}.

    Returns
    -------
    ClusterLevels
        Labels at each level.

    Raises
    ------
    ValueError
        If levels do not rise or leave [0, 1], or all neurons are equal.

    Notes
    -----
    Time and memory O(n_nodes²) beside those of the distances.

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Figure 2; θ grid ibid., Eq. 3.

    Examples
    --------
    >>> cluster_nodes(np.array([[0.0], [0.1], [5.0], [5.3]]), levels=(0.1, 1.0))
    ClusterLevels(n_clusters=[2, 1], n_nodes=4, linkage='complete')
    """
    from scipy.cluster.hierarchy import fcluster, linkage as merge
    from scipy.spatial.distance import squareform

    from featgraph.distances.distance_matrix import feature_distances

    places = np.array([fraction(level, "levels") for level in levels])
    if places.size == 0 or not (np.diff(places) > 0).all():
        raise ValueError(f"levels must rise strictly, got {list(levels)}")
    distances = feature_distances(features).detach().cpu().double().numpy()
    pairs = squareform(distances, checks=False)
    low, high = float(pairs.min()), float(pairs.max())
    if not np.isfinite(high):
        raise ValueError("features must have finite distances: scale them to smaller numbers")
    if high == 0:
        raise ValueError(f"features must hold different neurons, got {len(distances)} equal ones")
    thresholds = np.exp(np.log1p(low) + places * (np.log1p(high) - np.log1p(low))) - 1
    tree = merge(pairs, method=linkage)
    # The last threshold is the largest distance itself; rounding must not leave it out.
    found = [fcluster(tree, theta * (1 + 1e-9), criterion="distance") for theta in thresholds]
    return ClusterLevels(places, thresholds, np.stack([_by_size(row) for row in found]), linkage)


def _by_size(labels: NDArray[np.int32]) -> NDArray[np.int64]:
    """Number clusters from 0 by falling size, ties by their first node."""
    _, first, inverse, counts = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(counts.size, dtype=np.int64)
    rank[np.lexsort((first, -counts))] = np.arange(counts.size)
    return rank[inverse]
