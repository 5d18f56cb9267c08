"""FeatureGraph: the graph that every later stage works on, as two integer arrays."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.package import caller_level
from featgraph.core.result import Result
from featgraph.graph._csr_arrays import (
    assemble_csr,
    check_attributes,
    check_csr,
    check_labels,
    check_nodes,
    check_weights,
    number_edges,
)
from featgraph.graph.layout import place_nodes
from featgraph.graph.outgoing import choose_weights, to_igraph, to_networkx, to_pyg, to_scipy
from featgraph.kernels.search import label_components

__all__ = ["FeatureGraph"]

_TABLES = ("node_attributes", "edge_attributes")


@dataclass(frozen=True, repr=False, eq=False)
class FeatureGraph(Result):
    """An undirected simple graph in compressed sparse row (CSR) form.

    Neighbours of node i are ``indices[indptr[i]:indptr[i + 1]]``, in rising order; each edge
    stands twice, once per end. Arrays are shared, not copied: treat them as read-only.

    Parameters
    ----------
    indptr : ndarray of int64, shape (n_nodes + 1,)
        Where the neighbours of each node start.
    indices : ndarray of int64, shape (2 n_edges,)
        Neighbours, rising within each row, no self-loops, symmetric.
    weights : ndarray of float64, shape (2 n_edges,), optional
        Finite weight of each entry of ``indices``, equal in both directions: for G_M the
        distance C_ij. None means unweighted.
    labels : tuple of hashables, length n_nodes, optional
        Distinct names of the nodes; None stands for 0 … n_nodes − 1.
    node_attributes : mapping of str to ndarray, shapes (n_nodes,) or (n_nodes, k)
        What else is known about the nodes: numbers, booleans or strings; whole numbers and
        truth values with gaps as objects, None where missing.
    epsilon : float, optional
        Threshold in the unit of the distances: an edge is a distance *below* ε.
    epsilon_rule : str, optional
        How ε was chosen.
    layer, source : str, optional
        Layer the graph comes from; model or file it comes from.
    edge_attributes : mapping of str to ndarray, shapes (n_edges,) or (n_edges, k)
        What else is known about the edges, in the order of ``edges``.

    Raises
    ------
    ValueError
        If there is no node, or an array breaks one of the rules above.

    Notes
    -----
    Construction checks everything in O(n_nodes + n_edges).

    Examples
    --------
    >>> graph = FeatureGraph.from_edges([(0, 1), (1, 2)], n_nodes=4)
    >>> graph
    FeatureGraph(n_nodes=4, n_edges=2)
    >>> graph.degrees
    array([1, 2, 1, 0])
    >>> graph.n_components
    2
    """

    _picture: ClassVar = "plot_graph"
    _shown: ClassVar = ("n_nodes", "n_edges", "weighted", "layer", "epsilon", "epsilon_rule")
    __networkx_backend__: ClassVar = "featgraph"

    indptr: NDArray[np.int64]
    indices: NDArray[np.int64]
    weights: NDArray[np.float64] | None = None
    labels: tuple[Hashable, ...] | None = None
    node_attributes: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    epsilon: float | None = None
    epsilon_rule: str | None = None
    layer: str | None = None
    source: str | None = None
    edge_attributes: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        indptr, indices = check_csr(self.indptr, self.indices)
        n_nodes = indptr.size - 1
        put = object.__setattr__  # the one place where a frozen field is normalised
        put(self, "indptr", indptr)
        put(self, "indices", indices)
        put(self, "weights", check_weights(self.weights, indptr, indices))
        put(self, "labels", check_labels(self.labels, n_nodes))
        nodes = check_attributes(self.node_attributes, n_nodes)
        edges = check_attributes(self.edge_attributes, indices.size // 2, "edge")
        put(self, "node_attributes", MappingProxyType(nodes))
        put(self, "edge_attributes", MappingProxyType(edges))
        put(self, "epsilon", None if self.epsilon is None else float(self.epsilon))
        for name in ("epsilon_rule", "layer", "source"):
            if not isinstance(getattr(self, name), str | None):
                raise TypeError(f"{name} must be a string or None, got {getattr(self, name)!r}")

    def __getstate__(self) -> dict[str, object]:
        # a proxy itself is not picklable
        return self.__dict__ | {name: dict(getattr(self, name)) for name in _TABLES}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state | {name: MappingProxyType(state[name]) for name in _TABLES})

    @classmethod
    def from_edges(
        cls,
        edges: Any,
        *,
        n_nodes: int | None = None,
        weights: ArrayLike | None = None,
        labels: Sequence[Hashable] | None = None,
        node_attributes: Mapping[str, Any] | None = None,
        **fields: Any,
    ) -> FeatureGraph:
        """Build a graph from pairs of node indices, each edge given once or twice.

        Parameters
        ----------
        edges : array-like of int, shape (n_rows, 2)
            Node indices from 0; order and direction do not matter.
        n_nodes : int, optional
            Number of nodes, for isolated ones at the end; default: the number of ``labels``,
            else the largest index + 1.
        weights : array-like of float, shape (n_rows,), optional
            Weight of each row; of rows for the same pair the smallest stays.
        labels : sequence of hashables, optional
            Names of the nodes.
        node_attributes : mapping of str to array-like, optional
            Arrays of shape (n_nodes,) or (n_nodes, k).
        **fields
            ``epsilon``, ``epsilon_rule``, ``layer``, ``source``, ``edge_attributes``.

        Returns
        -------
        FeatureGraph
            Self-loops and doubled edges are left out, with one warning.

        Raises
        ------
        ValueError
            If an index is negative, a fraction or beyond ``n_nodes``, or shapes disagree.

        Examples
        --------
        >>> FeatureGraph.from_edges([(0, 1), (1, 2)], weights=[0.5, 2.0]).weights
        array([0.5, 0.5, 2. , 2. ])
        """
        if n_nodes is None and labels is not None:
            n_nodes = len(labels)
        built = assemble_csr(edges, weights=weights, n_nodes=n_nodes)
        if built.note:
            warnings.warn(built.note, UserWarning, stacklevel=caller_level())
        return cls(
            built.indptr,
            built.indices,
            built.weights,
            None if labels is None else tuple(labels),
            {} if node_attributes is None else node_attributes,
            **fields,
        )

    @property
    def n_nodes(self) -> int:
        """Number of nodes, isolated ones included."""
        return self.indptr.size - 1

    @property
    def n_edges(self) -> int:
        """Number of undirected edges."""
        return self.indices.size // 2

    @property
    def weighted(self) -> bool | None:
        """True for a graph with weights, else None."""
        return None if self.weights is None else True

    @property
    def degrees(self) -> NDArray[np.int64]:
        """Number of neighbours of each node, shape (n_nodes,)."""
        return np.diff(self.indptr)

    @property
    def node_labels(self) -> tuple[Hashable, ...]:
        """Label of each node; 0 … n_nodes − 1 where none were given."""
        return tuple(range(self.n_nodes)) if self.labels is None else self.labels

    @cached_property
    def components(self) -> NDArray[np.int64]:
        """Number of the connected component of each node, shape (n_nodes,), 0 that of node 0."""
        return label_components(self.indptr[:-1], self.indptr[1:], self.indices)

    @cached_property
    def layout(self) -> NDArray[np.float64]:
        """Where the nodes may stand, shape (n_nodes, 2): see ``place_nodes``; computed once."""
        return place_nodes(self.to_scipy(), self.components, weighted=self.weights is not None)

    @property
    def n_components(self) -> int:
        """Number of connected components."""
        return int(self.components.max()) + 1

    @property
    def edges(self) -> NDArray[np.int64]:
        """Each edge once as (i, j) with i < j, shape (n_edges, 2), sorted."""
        rows = np.repeat(np.arange(self.n_nodes), self.degrees)
        once = rows < self.indices
        return np.column_stack([rows[once], self.indices[once]])

    @property
    def edge_weights(self) -> NDArray[np.float64] | None:
        """Weight of each row of ``edges``, shape (n_edges,); None if unweighted."""
        if self.weights is None:
            return None
        return self.weights[np.repeat(np.arange(self.n_nodes), self.degrees) < self.indices]

    def neighbors(self, node: int) -> NDArray[np.int64]:
        """Return the neighbours of the node with index ``node``, rising.

        Examples
        --------
        >>> FeatureGraph.from_edges([(0, 1), (1, 2)]).neighbors(1)
        array([0, 2])
        """
        if not 0 <= node < self.n_nodes:
            raise ValueError(f"node must be an index from 0 to {self.n_nodes - 1}, got {node!r}")
        return self.indices[self.indptr[node] : self.indptr[node + 1]]

    def subgraph(self, nodes: ArrayLike) -> FeatureGraph:
        """Return the graph induced on ``nodes``, in the order given.

        Parameters
        ----------
        nodes : array-like of int (distinct indices) or of bool, shape (n_nodes,)
            Nodes to keep.

        Returns
        -------
        FeatureGraph
            Labels are those of the nodes in this graph, so results can be told apart.

        Raises
        ------
        ValueError
            If a node is out of range, named twice, or none is left.

        Examples
        --------
        >>> FeatureGraph.from_edges([(0, 1), (1, 2)]).subgraph([2, 1]).node_labels
        (2, 1)
        """
        keep = check_nodes(nodes, self.n_nodes)
        matrix = self.to_scipy(weighted=False)
        # the data are numbers of edges, so that a weight of 0 survives the slicing
        matrix.data = number_edges(self.indptr, self.indices) + 1
        part = matrix[keep][:, keep]
        part.sort_indices()
        names, lengths = self.node_labels, self.edge_weights
        upper = np.repeat(np.arange(keep.size), np.diff(part.indptr)) < part.indices
        rows = part.data[upper] - 1
        return replace(
            self,
            indptr=part.indptr,
            indices=part.indices,
            weights=None if lengths is None else lengths[part.data - 1],
            labels=tuple(names[i] for i in keep.tolist()),
            node_attributes={name: a[keep] for name, a in self.node_attributes.items()},
            edge_attributes={name: a[rows] for name, a in self.edge_attributes.items()},
        )

    def giant_component(self) -> FeatureGraph:
        """Return the largest connected component (the first one of equals).

        Examples
        --------
        >>> FeatureGraph.from_edges([(0, 1), (2, 3), (3, 4)]).giant_component().node_labels
        (2, 3, 4)
        """
        return self.subgraph(self.components == np.bincount(self.components).argmax())

    def with_attributes(self, **arrays: ArrayLike) -> FeatureGraph:
        """Return the same graph with node attributes added or replaced.

        Examples
        --------
        >>> graph = FeatureGraph.from_edges([(0, 1)]).with_attributes(box=[0, 0])
        >>> graph.node_attributes["box"]
        array([0, 0])
        """
        attributes: dict[str, Any] = {**self.node_attributes, **arrays}
        return replace(self, node_attributes=attributes)

    def without_weights(self) -> FeatureGraph:
        """Return the same graph, unweighted: every edge is one hop."""
        return self if self.weights is None else replace(self, weights=None)

    def is_directed(self) -> bool:
        """Return False, as networkx asks before it hands a graph to its functions."""
        return False

    def is_multigraph(self) -> bool:
        """Return False: between two nodes stands one edge or none."""
        return False

    def to_scipy(self, *, weighted: bool | None = None) -> Any:
        """Return the adjacency matrix, a symmetric ``scipy.sparse.csr_array``.

        ``weighted=None`` (default) stores the weights if there are any, else ones of int64;
        edges of weight 0 stay stored entries. Labels and attributes are not in a matrix.

        Examples
        --------
        >>> FeatureGraph.from_edges([(0, 1)]).to_scipy().toarray()
        array([[0, 1],
               [1, 0]])
        """
        return to_scipy(self, weighted)

    def to_networkx(self) -> Any:
        """Return a ``networkx.Graph``; weights as edge attribute ``weight``.

        Examples
        --------
        >>> sorted(FeatureGraph.from_edges([(0, 1), (1, 2)]).to_networkx().edges)
        [(0, 1), (1, 2)]
        """
        return to_networkx(self)

    def to_igraph(self) -> Any:
        """Return an ``igraph.Graph``; labels as attribute ``name``, weights as ``weight``.

        Examples
        --------
        >>> FeatureGraph.from_edges([(0, 1), (1, 2)]).to_igraph().ecount()
        2
        """
        return to_igraph(self)

    def to_pyg(self, features: object = None, *, y: object = None, weight: str = "given") -> Any:
        """Return a ``torch_geometric.data.Data``, each edge in both directions.

        Parameters
        ----------
        features : Tensor, ndarray or FeatureMatrix, shape (n_nodes, k), optional
            Node features ``x``; default: node attribute ``activations`` if there is one.
        y : BoxCover, str or array-like, shape (n_nodes,), optional
            What to learn: boxes, the name of a node attribute, or one value per node. Words
            become numbers, their names stand in ``y_names``.
        weight : {"given", "similarity", "none"}, default="given"
            ``edge_weight``: the weights, 1 − distance/ε (what convolutions want), or none.

        Returns
        -------
        torch_geometric.data.Data
            ``edge_index`` of shape (2, 2 n_edges), ``edge_weight`` if weighted, ``num_nodes``,
            ``x``, numeric node attributes as tensors, others and the labels as lists, numeric
            edge attributes as ``edge_`` and their name.

        Examples
        --------
        >>> FeatureGraph.from_edges([(0, 1), (1, 2)]).to_pyg().edge_index.shape
        torch.Size([2, 4])
        """
        return to_pyg(self, features, y, choose_weights(self.weights, self.epsilon, weight))

    def _columns(self) -> Mapping[str, object]:
        columns: dict[str, Any] = {"node": list(self.node_labels), "degree": self.degrees}
        return columns | {k: v for k, v in self.node_attributes.items() if v.ndim == 1}

    @classmethod
    def _from_old(cls, about: dict[str, Any], arrays: dict[str, Any]) -> dict[str, Any]:
        columns = arrays | about.pop("objects", {})
        for table, prefix in zip(_TABLES, ("attribute/", "edge/"), strict=True):
            mine = [name for name in columns if name.startswith(prefix)]
            about[table] = {name.removeprefix(prefix): columns.pop(name) for name in mine}
        return {**about, **columns}
