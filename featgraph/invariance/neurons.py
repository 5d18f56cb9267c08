"""The cloud of a layer's neurons: its linearity, its clusters, and what training changes in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import fraction, naming, nearest
from featgraph.core.resources import small_on_one_thread
from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.features.feature_matrix import FeatureMatrix, as_feature_matrix
from featgraph.invariance.layer_spread import name_layers

if TYPE_CHECKING:
    from featgraph.features.feature_matrix import Array
    from featgraph.invariance.layer_spread import Layers

__all__ = [
    "ClusterLevels",
    "LayerChange",
    "Linearity",
    "TrainingChange",
    "cluster_nodes",
    "compare_training",
    "measure_linearity",
    "pair_layers",
]

Ints: TypeAlias = NDArray[np.int64]


class Linearity(NamedTuple):
    """Shape of the cloud of neurons in the space of samples.

    ``first``, ``second``, ``third`` are the shares of the variance along the leading axes; the
    first two together are what a plane picture by classical multidimensional scaling shows.
    ``n_axes`` is how many axes carry 90 % of it. ``participation_ratio`` = (Σλ)² / Σλ² is
    between 1 (a line) and D − 1. ``isotropy`` is that ratio over the one of D independent
    Gaussian points on B samples: 1 for a ball, near 0 for a line or sheet. ``mean_share`` is the
    share of the variance that comes from neurons having different means over the samples: that
    part is the same for every sample and lies on one line.

    Examples
    --------
    >>> line = np.outer(np.arange(5.0), np.arange(1, 8.0))
    >>> round(measure_linearity(line).first, 6)
    1.0
    """

    first: float
    second: float
    third: float
    n_axes: int
    participation_ratio: float
    isotropy: float
    mean_share: float


@small_on_one_thread
def measure_linearity(features: FeatureMatrix | Array, *, share: float = 0.9) -> Linearity:
    """Measure how few axes the cloud of a layer's neurons needs.

    Neurons are the points, as in G_M: the eigenvalues λ are those of the doubly centred squared
    distances C_ij², the axes of classical multidimensional scaling.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples)
        F.
    share : float, default=0.9
        Share of the variance that ``n_axes`` axes are to carry.

    Returns
    -------
    Linearity
        Shares, number of axes, participation ratio and isotropy; the same in any unit.

    Raises
    ------
    ValueError
        If all neurons are equal on every sample.

    Notes
    -----
    Independent Gaussian neurons have a participation ratio of 1 / (1/D + 1/B), not D: even a
    round cloud looks flat through few samples, which ``isotropy`` takes into account. Time is
    O(D · B · min(D, B)).

    References
    ----------
    P. Gao et al., "A theory of multineuronal dimensionality, dynamics and measurement",
    bioRxiv 214262 (2017), doi:10.1101/214262 (participation ratio); W. S. Torgerson 1952,
    doi:10.1007/BF02288916 (axes).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> line = np.outer(rng.normal(size=50), rng.normal(size=80))
    >>> found = measure_linearity(line)
    >>> round(found.first, 6), found.n_axes, round(found.participation_ratio, 6)
    (1.0, 1, 1.0)
    >>> 0.9 < measure_linearity(rng.normal(size=(50, 80))).isotropy < 1.1
    True
    """
    from scipy.linalg import svdvals

    matrix = as_feature_matrix(features)
    values = matrix.numpy().astype(np.float64)
    centered = values - values[0]  # first, since means of many equal rows are off by rounding
    centered -= centered.mean(axis=0)
    largest = float(np.abs(centered).max())
    if largest <= 4 * float(np.finfo(np.float64).eps) * float(np.abs(values).max()):
        where = f"layer {matrix.layer!r}" if matrix.layer is not None else "features"
        raise ValueError(f"{where} must hold different neurons, got {matrix.n_nodes} equal ones")
    centered /= largest
    of_means = matrix.n_samples * float(np.sum(centered.mean(axis=1) ** 2))
    squares = svdvals(centered, check_finite=False) ** 2
    shares = squares / squares.sum()
    ratio = float(1 / (shares @ shares))
    first, second, third = (float(x) for x in np.pad(shares, (0, 3))[:3])
    n_axes = int(np.searchsorted(np.cumsum(shares), share * (1 - 1e-12))) + 1
    round_one = 1 / (1 / matrix.n_nodes + 1 / matrix.n_samples)
    isotropy, mean_share = ratio / round_one, of_means / float(squares.sum())
    return Linearity(first, second, third, n_axes, ratio, isotropy, mean_share)


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

    Examples
    --------
    >>> found = cluster_nodes(np.array([[0.0], [0.1], [5.0], [5.3]]), levels=(0.1, 1.0))
    >>> found.n_clusters.tolist(), found.labels.tolist()
    ([2, 1], [[0, 0, 1, 1], [0, 0, 0, 0]])
    """

    _shown: ClassVar = ("n_clusters", "n_nodes", "linkage")
    _rules: ClassVar = {
        "levels": Rule("n_levels"),
        "thresholds": Rule("n_levels"),
        "labels": Rule("n_levels n_nodes", least=0),
    }

    levels: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    labels: Ints
    linkage: str

    @property
    def n_clusters(self) -> Ints:
        """Number of clusters at each level, shape (n_levels,)."""
        return np.asarray(self.labels.max(axis=1) + 1)

    def _columns(self) -> Mapping[str, object]:
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
    thresholds = np.expm1(np.log1p(low) + places * (np.log1p(high) - np.log1p(low)))
    tree = merge(pairs, method=linkage)
    # The last threshold is the largest distance itself; rounding must not leave it out.
    found = [fcluster(tree, theta * (1 + 1e-9), criterion="distance") for theta in thresholds]
    return ClusterLevels(places, thresholds, np.stack([_by_size(row) for row in found]), linkage)


def _by_size(labels: NDArray[np.int32]) -> Ints:
    """Number clusters from 0 by falling size, ties by their first node."""
    _, first, inverse, counts = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(counts.size, dtype=np.int64)
    rank[np.lexsort((first, -counts))] = np.arange(counts.size)
    return rank[inverse]


@dataclass(frozen=True, repr=False, eq=False)
class LayerChange(Result):
    """Features and linearity of one layer before and after training.

    Examples
    --------
    >>> ball = np.random.default_rng(0).normal(size=(40, 60))
    >>> row = compare_training({"fc1": ball}, {"fc1": 2 * ball}).layers[0]
    >>> row.before_linearity == row.after_linearity
    True
    """

    _picture: ClassVar = "plot_node_clusters"
    _shown: ClassVar = ("layer",)

    layer: str
    before: FeatureMatrix
    after: FeatureMatrix
    before_linearity: Linearity
    after_linearity: Linearity

    def _columns(self) -> Mapping[str, object]:
        sides = ((self.before, self.before_linearity), (self.after, self.after_linearity))
        row: dict[str, Any] = {"layer": self.layer, "state": ["untrained", "trained"]}
        row |= {k: [getattr(F, k) for F, _ in sides] for k in ("n_nodes", "n_samples")}
        return row | {
            k: [getattr(one, k) for _, one in sides] for k in self.before_linearity._fields
        }


@dataclass(frozen=True, repr=False, eq=False)
class TrainingChange(Result):
    """What training did to the clouds of neurons, layer by layer.

    Examples
    --------
    >>> ball = np.random.default_rng(0).normal(size=(40, 60))
    >>> change = compare_training({"fc1": ball}, {"fc1": 2 * ball})
    >>> [(row["layer"], row["state"]) for row in change.to_rows()]
    [('fc1', 'untrained'), ('fc1', 'trained')]
    """

    _picture: ClassVar = "plot_figure2"
    _shown: ClassVar = ("n_layers",)

    layers: tuple[LayerChange, ...]

    @property
    def n_layers(self) -> int:
        """Number of layers."""
        return len(self.layers)

    def to_rows(self) -> list[dict[str, Any]]:
        """Return two flat rows per layer, before and after."""
        return [row for layer in self.layers for row in layer.to_rows()]


def compare_training(
    before: Layers, after: Layers, *, remove_means: bool = False
) -> TrainingChange:
    """Compare the clouds of neurons of a network before and after training.

    Parameters
    ----------
    before, after : FeatureMatrix, array, or mapping or sequence of these
        F of each layer, shape (n_nodes, n_samples): the same layers with the same neurons on
        the same samples in the same order.
    remove_means : bool, default=False
        Subtract from each neuron its mean over the samples first. What is left is how neurons
        answer to different samples; the means alone often make the cloud a line.

    Returns
    -------
    TrainingChange
        Explained variance of the leading axes, participation ratio and isotropy per layer.

    Raises
    ------
    ValueError
        If layers, widths or numbers of samples differ between the two, or a layer holds only
        equal neurons.

    Notes
    -----
    Time O(D · B · min(D, B)) per layer and state.

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Figure 2.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> ball = rng.normal(size=(40, 60))
    >>> line = np.outer(rng.normal(size=40), rng.normal(size=60))
    >>> rows = compare_training({"fc1": ball}, {"fc1": line}).to_rows()
    >>> [(row["state"], round(row["first"], 2), round(row["isotropy"], 2)) for row in rows]
    [('untrained', 0.07, 0.98), ('trained', 1.0, 0.04)]
    """
    rows = []
    for name, pair in pair_layers(before, after).items():
        one, other = (_without_means(matrix) if remove_means else matrix for matrix in pair)
        rows.append(LayerChange(name, one, other, measure_linearity(one), measure_linearity(other)))
    return TrainingChange(tuple(rows))


def _without_means(matrix: FeatureMatrix) -> FeatureMatrix:
    values = matrix.values.detach()
    values = values - values[:, :1]  # so that a constant neuron leaves exactly 0
    return replace(matrix, values=values - values.mean(dim=1, keepdim=True))


def pair_layers(before: Layers, after: Layers) -> dict[str, tuple[FeatureMatrix, FeatureMatrix]]:
    """Return the layers of both states side by side, checked to hold the same neurons."""
    with naming("before"):
        first = name_layers(before)
    with naming("after"):
        second = name_layers(after)
    for missing in sorted(set(first) ^ set(second)):
        where = "after" if missing in first else "before"
        others = second if missing in first else first
        raise ValueError(
            f"{where} must hold the layer {missing!r}, got {sorted(others)}, as before and after "
            f"hold the same layers"
            f"{nearest(missing, others)}"
        )
    pairs = {name: (matrix, second[name]) for name, matrix in first.items()}
    for name, (one, other) in pairs.items():
        if one.n_nodes != other.n_nodes:
            raise ValueError(
                f"layer {name!r} must have the same neurons before and after, got widths "
                f"{one.n_nodes} and {other.n_nodes}; compare one architecture with itself"
            )
        if one.n_samples != other.n_samples:
            raise ValueError(
                f"layer {name!r} must see the same samples before and after, got "
                f"{one.n_samples} and {other.n_samples}"
            )
    return pairs
