"""Persistent homology of a network's weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.core.lazy import need
from featgraph.similarity.diagram import PersistenceDiagrams
from featgraph.similarity.weight_network import WeightGraph

if TYPE_CHECKING:
    from torch import nn

__all__ = ["weight_persistence"]


def weight_persistence(
    model: nn.Module | WeightGraph,
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
    model : Module or WeightGraph
        A network that ``WeightGraph.from_model`` can read, or a graph of your own.
    max_dimension : int, default=1
        Highest homology dimension.
    bias, fold_batchnorm : bool, default=True
        As in ``WeightGraph.from_model``.

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
    some 10⁵ edges. Diagrams do not change when neurons are permuted, all weights are scaled
    alike or signs are flipped; scaling single layers does change them.

    References
    ----------
    .. [1] D. Pérez-Fernández, A. Gutiérrez-Fandiño, J. Armengol-Estapé, M. Villegas,
       "Characterizing and measuring the similarity of neural networks with persistent
       homology", arXiv:2101.07752.

    Examples
    --------
    >>> graph = WeightGraph.from_matrices([[[4.0, 2.0], [1.0, 3.0]]])
    >>> d = weight_persistence(graph)
    >>> d.points[0][:, 1].tolist(), d.points[1].tolist()
    ([1e-06, 0.25, 0.5], [[0.75, inf]])
    """
    graph = model
    if not isinstance(graph, WeightGraph):
        graph = WeightGraph.from_model(graph, bias=bias, fold_batchnorm=fold_batchnorm)
    values = graph.filtration
    if graph.layered or _is_bipartite(graph):
        points = _tree_persistence(graph, values, max_dimension)
    else:
        points = _flag_persistence(graph, values, max_dimension)
    return PersistenceDiagrams(points, "weights", True, graph.source)


def _tree_persistence(
    graph: WeightGraph, values: NDArray[np.float64], top: int
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


def _is_bipartite(graph: WeightGraph) -> bool:
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
    graph: WeightGraph, values: NDArray[np.float64], top: int
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
