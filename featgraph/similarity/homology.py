"""Persistent homology of a layer's distances as ε grows, and of a network's weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from featgraph.core.checks import naming
from featgraph.core.package import need
from featgraph.core.resources import check_pairs
from featgraph.features.feature_matrix import FeatureMatrix
from featgraph.graph.convert import as_feature_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.similarity.diagrams import PersistenceDiagrams
from featgraph.weights.building import weight_graph

if TYPE_CHECKING:
    from torch import nn

__all__ = ["distance_persistence", "weight_persistence"]

Floats: TypeAlias = NDArray[np.float64]
#: Filtration value of the strongest edge, above 0 as in the published code.
SMALLEST = 1e-6


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


def _check_distances(given: torch.Tensor | NDArray[Any] | FeatureMatrix) -> Floats:
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


def _components(matrix: Floats, limit: float) -> Floats:
    from featgraph.graph.epsilon import minimum_spanning_tree

    tree = minimum_spanning_tree(matrix)
    deaths = np.sort(np.asarray(tree.edge_weights, dtype=np.float64))
    deaths = np.where(deaths <= limit, deaths, np.inf)
    return np.column_stack([np.zeros(len(deaths)), deaths])


def _holes(matrix: Floats, limit: float, top: int) -> dict[int, Floats]:
    need("gudhi", extra="topology")
    from gudhi.sklearn.rips_persistence import RipsPersistence

    dimensions = range(1, top + 1)
    rips = RipsPersistence(list(dimensions), threshold=limit, input_type="full distance matrix")
    (found,) = rips.fit_transform([matrix])
    pairs = (np.asarray(points, dtype=np.float64).reshape(-1, 2) for points in found)
    return dict(zip(dimensions, pairs, strict=True))


def weight_persistence(
    model: nn.Module | FeatureGraph,
    *,
    max_dimension: int = 1,
    bias: bool = True,
    fold_batchnorm: bool = True,
) -> PersistenceDiagrams:
    """Persistence diagrams of the weights of a network, strong connections first.

    An edge e of the graph of weights enters at f(e) = max(1 − |w|/M, 10⁻⁶), M the largest
    |w| of the whole network. Dimension 0 tells at which strength units join, dimension 1 when
    loops close.

    Parameters
    ----------
    model : Module, FeatureGraph or graph of another library
        A network that :func:`featgraph.weight_graph` can read, with keys and values joined to
        their own heads and sums by edges of weight 1; or a graph with lengths 1/|w|.
    max_dimension : int, default=1
        Highest homology dimension.
    bias : bool, default=True
        Whether biases are nodes of their own.
    fold_batchnorm : bool, default=True
        Whether batch norms (with running statistics) are folded in.

    Returns
    -------
    PersistenceDiagrams
        Values in (0, 1]; the component that never dies is left out (``reduced``).

    Raises
    ------
    ImportError
        If the graph has triangles and gudhi is not installed; the message names the extra.
    ValueError
        If the units cannot be followed, a weight is not finite, or all are 0.

    Notes
    -----
    A graph without triangles (every plain MLP or convolutional network, where edges join
    neighbouring layers only; more generally every bipartite graph) has no 2-simplices, so
    H₀ = {(0, f(e)) : e in a minimum spanning tree}, H₁ = {(f(e), ∞) : all other edges} and
    nothing above: exact, O(n_edges log n_edges), millions of edges in seconds. Skip
    connections that close triangles go to the flag complex of gudhi, exact as well, up to
    some 10⁵ edges. A weight of 0 is no connection: what nothing joins never dies. Diagrams do
    not change when neurons are permuted, all weights are scaled alike or signs are flipped;
    scaling single layers does change them.

    References
    ----------
    .. [1] D. Pérez-Fernández, A. Gutiérrez-Fandiño, J. Armengol-Estapé, M. Villegas,
       "Characterizing and measuring the similarity of neural networks with persistent
       homology", arXiv:2101.07752.

    Examples
    --------
    >>> d = weight_persistence(weight_graph([[[4.0, 2.0], [1.0, 3.0]]]))
    >>> d.points[0][:, 1].tolist(), d.points[1].tolist()
    ([1e-06, 0.25, 0.5], [[0.75, inf]])
    """
    from torch import nn

    if isinstance(model, nn.Module):
        graph = weight_graph(
            model, biases=bias, fold_batchnorm=fold_batchnorm, attention="heads", sums=True
        )
    else:
        with naming("model"):
            graph = as_feature_graph(model, weight="weight")
    values = _filter(graph)
    if _is_bipartite(graph):
        points = _tree_persistence(graph, values, max_dimension)
    else:
        points = _flag_persistence(graph, values, max_dimension)
    return PersistenceDiagrams(points, "weights", True, graph.source)


def _filter(graph: FeatureGraph) -> Floats:
    """Value at which each edge enters: max(1 − |w|/M, 10⁻⁶), the strongest first."""
    strengths = graph.edge_attributes.get("strength")
    if strengths is None:
        lengths = graph.edge_weights
        if lengths is None or not lengths.size or not lengths.min() > 0:
            raise ValueError("model must have edges of lengths above 0, which are 1/|w|")
        strengths = 1 / lengths
    return np.asarray(np.maximum(1 - strengths / strengths.max(), SMALLEST))


def _tree_persistence(graph: FeatureGraph, values: Floats, top: int) -> dict[int, Floats]:
    """Without triangles: a tree edge joins two components, any other edge closes a loop."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import minimum_spanning_tree

    left, right = graph.edges.astype(np.int32).T  # SciPy before 1.16 takes no other
    matrix = csr_array((values, (left, right)), shape=(graph.n_nodes,) * 2)
    tree = np.sort(minimum_spanning_tree(matrix).data)
    n_endless = graph.n_nodes - len(tree) - 1  # components beyond the one that is left out
    deaths = np.concatenate([tree, np.full(n_endless, np.inf)])
    points = {0: np.column_stack([np.zeros(len(deaths)), deaths])}
    if top >= 1:
        births = np.sort(values)
        # The values of the tree are among all values; of equal ones as many go as the tree has.
        first = np.searchsorted(births, tree, side="left")
        rank = np.arange(len(tree)) - np.searchsorted(tree, tree, side="left")
        births = np.delete(births, first + rank)
        points[1] = np.column_stack([births, np.full(len(births), np.inf)])
    for dimension in range(2, top + 1):
        points[dimension] = np.empty((0, 2))
    return points


def _is_bipartite(graph: FeatureGraph) -> bool:
    """Whether the units have two sides with edges only between them (then: no triangles)."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    # The double cover joins u⁺v⁻ and u⁻v⁺: an odd cycle, and only that, connects u⁺ with u⁻.
    n = graph.n_nodes
    starts, ends = graph.edges.T
    rows, columns = np.concatenate([starts, starts + n]), np.concatenate([ends + n, ends])
    cover = csr_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(2 * n, 2 * n))
    labels = connected_components(cover, directed=False)[1]
    return bool((labels[:n] != labels[n:]).all())


def _flag_persistence(graph: FeatureGraph, values: Floats, top: int) -> dict[int, Floats]:
    gudhi = need("gudhi", extra="topology")
    complex_: Any = gudhi.SimplexTree()
    # Edges first: inserting them gives their ends the value of the edge, whatever it was before.
    complex_.insert_batch(graph.edges.T.astype(np.int32), values)
    for vertex in range(graph.n_nodes):
        complex_.insert([vertex], 0.0)
    complex_.expansion(top + 1)
    complex_.compute_persistence(
        homology_coeff_field=2, persistence_dim_max=complex_.dimension() <= top
    )
    points = {
        dimension: np.asarray(
            complex_.persistence_intervals_in_dimension(dimension), dtype=np.float64
        ).reshape(-1, 2)
        for dimension in range(top + 1)
    }
    endless = np.flatnonzero(np.isinf(points[0][:, 1]))
    points[0] = np.delete(points[0], endless[:1], axis=0)
    return points
