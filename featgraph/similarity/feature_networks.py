"""Two layers by their feature networks G_M: box-count curve, spectrum, path-length portrait.

The other measures compare what layers say about samples; these compare how the neurons of
each layer stand to one another, which is what SS_rate and the box dimension see. The samples
need not be the same.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from featgraph.core.checks import choice, integer, naming
from featgraph.core.resources import check_pairs
from featgraph.graph.convert import takes_any_graph
from featgraph.similarity._recipe import (
    Recipe,
    Samples,
    as_given,
    as_samples,
    exact_self,
    unit_factor,
)

if TYPE_CHECKING:
    from featgraph.graph.csr_graph import FeatureGraph
    from featgraph.graph.epsilon import EpsilonRule
    from featgraph.selfsimilarity.estimators import EstimatorName

__all__ = ["box_count_distance", "network_portrait", "portrait_divergence", "spectrum_distance"]

Floats: TypeAlias = NDArray[np.float64]
#: Equal density, so that the two graphs differ by shape and not by how many edges they have.
DENSITY: EpsilonRule = ("density", 0.1)


def box_count_distance(
    X: Samples, Y: Samples, *, estimator: EstimatorName = "linkage", n_theta: int = 256
) -> torch.Tensor | float:
    """Area between the box-count curves of two feature networks.

    The curve of a layer is log N(θ) / log D against x in [0, 1], the place of θ between the
    smallest and largest distance on the paper's grid, uniform in log(1 + θ). A perfect power
    law is the straight line from 1 to 0, and SS_rate is twice the area between curve and line.

    Parameters
    ----------
    X : Tensor, ndarray or FeatureMatrix, shape (n_samples_x, n_features_x)
        First layer; rows are samples, features are the nodes of G_M.
    Y : Tensor, ndarray or FeatureMatrix, shape (n_samples_y, n_features_y)
        Second layer; samples may differ.
    estimator : str, default="linkage"
        How boxes are counted, a row of ``featgraph.selfsimilarity.ESTIMATORS``; "linkage"
        counts a true covering.
    n_theta : int, default=256
        Points of the grid, at least 2.

    Returns
    -------
    0-d Tensor if X or Y is a Tensor (no gradient), else float
        In [0, 1), 0 for equal curves; a metric on curves. |SS_rate(X) − SS_rate(Y)| is at
        most twice this (up to the grid).

    Raises
    ------
    ValueError
        Fewer than 2 features, equal distances between all neurons, unknown estimator.

    Notes
    -----
    Invariant to permutation of features and to a signal added to all features of a sample;
    not to scaling, because log(1 + θ) has a natural unit. O(D² · (n_samples + log D)).

    References
    ----------
    .. [1] Y. Ding et al., "Self-similarity analysis in deep neural networks",
       arXiv:2507.17785, Sect. 3.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(40, 20))
    >>> box_count_distance(X, X), round(box_count_distance(X, np.exp(X)), 3)
    (0.0, 0.099)
    """
    return _run(box_count_recipe(estimator=estimator, n_theta=n_theta), X, Y)


def spectrum_distance(
    X: Samples | FeatureGraph, Y: Samples | FeatureGraph, *, epsilon: EpsilonRule = DENSITY
) -> torch.Tensor | float:
    """Distance of the Laplacian spectra of two feature networks.

    The Wasserstein-1 distance between the distributions of eigenvalues of the normalised
    Laplacian 1 − D^{−1/2} A D^{−1/2} of the two unweighted graphs; isolated nodes have
    eigenvalue 0. Graphs of different size can be compared.

    Parameters
    ----------
    X : Tensor, ndarray, FeatureMatrix of shape (n_samples_x, n_features_x), or graph
        First layer, or its graph.
    Y : Tensor, ndarray, FeatureMatrix of shape (n_samples_y, n_features_y), or graph
        Second layer, or its graph.
    epsilon : float, str or pair, default=("density", 0.1)
        Threshold of G_M as in ``feature_graph``; used for layers, not for graphs.

    Returns
    -------
    0-d Tensor if X or Y is a Tensor (no gradient), else float
        In [0, 1], 0 for equal spectra; a metric on spectra.

    Raises
    ------
    ValueError
        Fewer than 2 features, all distances 0, or a rule out of range.

    Notes
    -----
    Invariant to permutation and (with the default rule) scaling of features and to a signal
    added to all features of a sample. O(D³).

    References
    ----------
    .. [1] J. Gu, B. Hua, S. Liu, "Spectral distances on graphs", Discrete Appl. Math. 190–191
       (2015), doi:10.1016/j.dam.2015.04.011.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(40, 20))
    >>> spectrum_distance(X, 5 * X)
    0.0
    """
    return _run(spectrum_recipe(epsilon=epsilon), X, Y)


def portrait_divergence(
    X: Samples | FeatureGraph, Y: Samples | FeatureGraph, *, epsilon: EpsilonRule = DENSITY
) -> torch.Tensor | float:
    """Divergence of the path-length portraits of two feature networks.

    Jensen–Shannon divergence (base 2) between P(k, ℓ) of the two graphs: draw two nodes of
    one component at random, ℓ is their distance in hops and k the number of nodes at distance
    ℓ from a random node. It sees all scales at once and needs no matching of nodes.

    Parameters
    ----------
    X : Tensor, ndarray, FeatureMatrix of shape (n_samples_x, n_features_x), or graph
        First layer, or its graph.
    Y : Tensor, ndarray, FeatureMatrix of shape (n_samples_y, n_features_y), or graph
        Second layer, or its graph.
    epsilon : float, str or pair, default=("density", 0.1)
        Threshold of G_M as in ``feature_graph``; used for layers, not for graphs.

    Returns
    -------
    0-d Tensor if X or Y is a Tensor (no gradient), else float
        In [0, 1], 0 for equal portraits; its root is a metric on portraits.

    Raises
    ------
    ValueError
        Fewer than 2 features, all distances 0, or a rule out of range.

    Notes
    -----
    Invariances as for ``spectrum_distance``. O(D · n_edges).

    References
    ----------
    .. [1] J. Bagrow, E. Bollt, "An information-theoretic, all-scales approach to comparing
       networks", Appl. Netw. Sci. 4:45 (2019), doi:10.1007/s41109-019-0156-x.

    Examples
    --------
    >>> from featgraph.graph.csr_graph import FeatureGraph
    >>> path = FeatureGraph.from_edges([(0, 1), (1, 2), (2, 3)])
    >>> star = FeatureGraph.from_edges([(0, 1), (0, 2), (0, 3)])
    >>> portrait_divergence(path, path), round(portrait_divergence(path, star), 3)
    (0.0, 0.522)
    """
    return _run(portrait_recipe(epsilon=epsilon), X, Y)


@takes_any_graph()
def network_portrait(graph: FeatureGraph) -> NDArray[np.int64]:
    """Portrait of a graph: how many nodes have k nodes at distance ℓ.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph; weights are ignored.

    Returns
    -------
    ndarray of int, shape (diameter + 1, n_nodes + 1)
        Entry (ℓ, k); rows add up to n_nodes, row 0 has all nodes at k = 1. The diameter is
        the largest finite distance in hops.

    Examples
    --------
    >>> from featgraph.graph.csr_graph import FeatureGraph
    >>> network_portrait(FeatureGraph.from_edges([(0, 1), (1, 2)]))
    array([[0, 3, 0, 0],
           [0, 2, 1, 0],
           [1, 2, 0, 0]])
    """
    from scipy.sparse.csgraph import shortest_path

    check_pairs(graph.n_nodes, "hops", bytes_per_pair=10)
    # ones instead of weights: an edge between equal neurons has length 0 but is still a hop
    hops = shortest_path(graph.to_scipy(weighted=False), directed=False, unweighted=True)
    n_nodes = graph.n_nodes
    length = int(hops[np.isfinite(hops)].max())
    portrait = np.zeros((length + 1, n_nodes + 1), dtype=np.int64)
    for level in range(length + 1):
        reached = np.sum(hops == level, axis=1)
        portrait[level] = np.bincount(reached, minlength=n_nodes + 1)
    return portrait


def box_count_recipe(*, estimator: EstimatorName = "linkage", n_theta: int = 256) -> Recipe:
    """One curve per layer, mean absolute difference per pair."""
    from featgraph.selfsimilarity.estimators import ESTIMATORS

    choice(estimator, ESTIMATORS, "estimator")
    size = integer(n_theta, "n_theta", least=2)

    def prepare(samples: torch.Tensor, name: str) -> torch.Tensor:
        from featgraph.distances.distance_matrix import feature_distances
        from featgraph.selfsimilarity.grid import theta_grid
        from featgraph.selfsimilarity.numbers import count_boxes

        with naming(name):
            distances = feature_distances(samples.detach().T)
            theta = theta_grid(distances, size)
        counts = count_boxes(distances, theta, estimator=estimator)
        return counts.double().log() / math.log(distances.shape[0])

    def combine(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return (first - second).abs().mean()

    return Recipe(prepare, combine, self_value=0.0, least=1)


def spectrum_recipe(*, epsilon: EpsilonRule = DENSITY) -> Recipe:
    """Sorted eigenvalues per layer, Wasserstein distance per pair."""

    def prepare(samples: torch.Tensor | FeatureGraph, name: str) -> Floats:
        graph = _as_graph(samples, epsilon, name)
        check_pairs(graph.n_nodes, "the Laplacian", bytes_per_pair=32)
        degrees = graph.degrees.astype(np.float64)
        roots = np.divide(1, np.sqrt(degrees), out=np.zeros_like(degrees), where=degrees > 0)
        adjacency = graph.to_scipy(weighted=False).toarray().astype(np.float64)
        laplacian = np.diag((degrees > 0).astype(np.float64))
        laplacian -= roots[:, None] * adjacency * roots[None, :]
        return np.asarray(np.linalg.eigvalsh(laplacian), dtype=np.float64)

    def combine(first: Floats, second: Floats) -> torch.Tensor:
        from scipy.stats import wasserstein_distance

        return torch.tensor(wasserstein_distance(first, second), dtype=torch.float64)

    return Recipe(prepare, combine, self_value=0.0, least=1)


def portrait_recipe(*, epsilon: EpsilonRule = DENSITY) -> Recipe:
    """One distribution over (k, ℓ) per layer, Jensen–Shannon divergence per pair."""

    def prepare(samples: torch.Tensor | FeatureGraph, name: str) -> Floats:
        graph = _as_graph(samples, epsilon, name)
        portrait = network_portrait(graph).astype(np.float64)
        sizes = np.bincount(graph.components)
        ends = portrait @ np.arange(portrait.shape[1]) / float(np.sum(sizes**2))
        return portrait / graph.n_nodes * ends[:, None]

    return Recipe(prepare, _portrait_divergence, self_value=0.0, least=1)


def _portrait_divergence(first: Floats, second: Floats) -> torch.Tensor:
    shape = np.maximum(first.shape, second.shape)
    p, q = (np.pad(side, [(0, n - m) for n, m in zip(shape, side.shape, strict=True)])
            for side in (first, second))  # fmt: skip
    middle = (p + q) / 2
    total = 0.0
    for side in (p, q):
        at = side > 0
        total += float(np.sum(side[at] * np.log2(side[at] / middle[at]))) / 2
    return torch.tensor(min(max(total, 0.0), 1.0), dtype=torch.float64)


def _as_graph(
    samples: torch.Tensor | FeatureGraph, epsilon: EpsilonRule, name: str
) -> FeatureGraph:
    from featgraph.graph.construct import feature_graph
    from featgraph.graph.csr_graph import FeatureGraph

    if isinstance(samples, FeatureGraph):
        return samples
    values = samples.detach()
    if not isinstance(epsilon, int | float):  # all rules but a number follow the scale
        factor = unit_factor(values)
        values = values if factor == 1.0 else values * factor
    with naming(name):
        return feature_graph(values.T, epsilon=epsilon)


def _open_side(side: Any, name: str) -> torch.Tensor | FeatureGraph:
    from featgraph.graph.convert import is_graph, open_graph

    if not is_graph(side):
        return as_samples(side, name)
    with naming(name):
        return open_graph(side)


def _run(recipe: Recipe, X: Any, Y: Any) -> torch.Tensor | float:
    sides = [_open_side(side, name) for side, name in ((X, "X"), (Y, "Y"))]
    combine = recipe.combine
    if combine is None:
        raise RuntimeError("measures of feature networks need a combining step")
    value = combine(recipe.prepare(sides[0], "X"), recipe.prepare(sides[1], "Y"))  # type: ignore[arg-type]
    tensors = [side for side in sides if isinstance(side, torch.Tensor)]
    if len(tensors) == 2:
        value = exact_self(value, tensors[0], tensors[1], recipe.self_value)
    return as_given(value, (X, Y))
