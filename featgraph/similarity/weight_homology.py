"""Persistent homology of a network's weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import naming
from featgraph.core.package import need
from featgraph.graph.convert import as_feature_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.similarity.diagram import PersistenceDiagrams
from featgraph.weights.building import weight_graph

if TYPE_CHECKING:
    from torch import nn

__all__ = ["weight_persistence"]

#: Filtration value of the strongest edge, above 0 as in the published code.
SMALLEST = 1e-6


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


def _filter(graph: FeatureGraph) -> NDArray[np.float64]:
    """Value at which each edge enters: max(1 − |w|/M, 10⁻⁶), the strongest first."""
    strengths = graph.edge_attributes.get("strength")
    if strengths is None:
        lengths = graph.edge_weights
        if lengths is None or not lengths.size or not lengths.min() > 0:
            raise ValueError("model must have edges of lengths above 0, which are 1/|w|")
        strengths = 1 / lengths
    values: NDArray[np.float64] = np.maximum(1 - strengths / strengths.max(), SMALLEST)
    return values


def _tree_persistence(
    graph: FeatureGraph, values: NDArray[np.float64], top: int
) -> dict[int, NDArray[np.float64]]:
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


def _flag_persistence(
    graph: FeatureGraph, values: NDArray[np.float64], top: int
) -> dict[int, NDArray[np.float64]]:
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
