"""FeatureGraph to networkx, igraph, PyTorch Geometric and SciPy, and the weights handed out."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import nearest
from featgraph.core.values import take_as, to_array, to_tensor
from featgraph.graph._csr_arrays import number_edges

__all__ = [
    "EDGE_WEIGHTS",
    "GRAPH_FIELDS",
    "EdgeWeight",
    "choose_weights",
    "strengths_of",
    "to_igraph",
    "to_networkx",
    "to_pyg",
    "to_scipy",
]

EdgeWeight = Literal["given", "similarity", "none"]
EDGE_WEIGHTS: dict[str, str] = {
    "given": "the weights of the graph: distances, if it comes from features",
    "similarity": "1 − distance/ε in (0, 1]: near neurons are strongly joined",
    "none": "no weights",
}


def choose_weights(
    weights: NDArray[Any] | None, epsilon: float | None, weight: str
) -> NDArray[Any] | None:
    """Return weights as they are, as similarities, or None."""
    if weight == "given" or weights is None:
        return weights
    return None if weight == "none" else strengths_of(weights, epsilon)


def strengths_of(weights: NDArray[Any], epsilon: float | None) -> NDArray[np.float64]:
    """Return 1 − distance/ε of each distance; ε is longer than the longest of them."""
    if weights.size == 0:
        return np.ones(0)
    if weights.min() < 0:
        raise ValueError(
            f"weights must be distances of at least 0, got {weights.min():g}; "
            'a weight that is a strength already needs no conversion: "given"'
        )
    beyond = float(np.nextafter(weights.max(), np.inf))  # no edge is of similarity 0
    strengths: NDArray[np.float64] = 1.0 - weights / max(epsilon or 0.0, beyond)
    return strengths


GRAPH_FIELDS = ("epsilon", "epsilon_rule", "layer", "source")


class CsrGraph(Protocol):
    """What is read of a FeatureGraph."""

    @property
    def indptr(self) -> NDArray[np.int64]: ...
    @property
    def indices(self) -> NDArray[np.int64]: ...
    @property
    def weights(self) -> NDArray[Any] | None: ...
    @property
    def labels(self) -> tuple[Hashable, ...] | None: ...
    @property
    def node_attributes(self) -> Mapping[str, NDArray[Any]]: ...
    @property
    def edge_attributes(self) -> Mapping[str, NDArray[Any]]: ...
    @property
    def n_nodes(self) -> int: ...
    @property
    def node_labels(self) -> tuple[Hashable, ...]: ...
    @property
    def degrees(self) -> NDArray[np.int64]: ...
    @property
    def edges(self) -> NDArray[np.int64]: ...
    @property
    def edge_weights(self) -> NDArray[Any] | None: ...


#: What a Data itself means by these names.
_OF_DATA = {"adj_t", "edge_attr", "edge_index", "edge_weight", "num_edges", "num_nodes"}


def _fields(graph: CsrGraph) -> dict[str, Any]:
    values = {name: getattr(graph, name) for name in GRAPH_FIELDS}
    return {name: value for name, value in values.items() if value is not None}


def to_networkx(graph: CsrGraph) -> Any:
    """Return a ``networkx.Graph`` with labels, attributes and weights."""
    import networkx

    names = graph.node_labels
    result = networkx.Graph(**_fields(graph))
    result.add_nodes_from(names)
    for key, array in graph.node_attributes.items():
        told = zip(names, array.tolist(), strict=True)
        networkx.set_node_attributes(result, {n: v for n, v in told if v is not None}, key)
    pairs = [(names[i], names[j]) for i, j in graph.edges.tolist()]
    result.add_edges_from(pairs)
    for key, array in _edge_columns(graph).items():
        told = zip(pairs, array.tolist(), strict=True)
        networkx.set_edge_attributes(result, {e: v for e, v in told if v is not None}, key)
    return result


def _edge_columns(graph: CsrGraph) -> dict[str, NDArray[Any]]:
    """Return the attributes of the edges, the weights among them."""
    weights = graph.edge_weights
    return dict(graph.edge_attributes) | ({} if weights is None else {"weight": weights})


def _node_columns(graph: CsrGraph, taken: Collection[str]) -> dict[str, NDArray[Any]]:
    """Return the attributes of the nodes; a name that means something else begins with node_."""
    columns = graph.node_attributes.items()
    return {f"node_{key}" if key in taken else key: array for key, array in columns}


def to_igraph(graph: CsrGraph) -> Any:
    """Return an ``igraph.Graph`` with labels as ``name``, attributes and weights."""
    import igraph

    result = igraph.Graph(n=graph.n_nodes, edges=graph.edges)
    for key, value in _fields(graph).items():
        result[key] = value
    for key, array in _node_columns(graph, () if graph.labels is None else ("name",)).items():
        result.vs[key] = array.tolist()
    if graph.labels is not None:
        result.vs["name"] = list(graph.labels)
    for key, array in _edge_columns(graph).items():
        result.es[key] = array.tolist()
    return result


def to_scipy(graph: CsrGraph, weighted: bool | None) -> Any:
    """Return the adjacency matrix as a ``scipy.sparse.csr_array``."""
    from scipy.sparse import csr_array

    if weighted and graph.weights is None:
        raise ValueError("weighted=True, but this graph has no weights")
    weights = None if weighted is False else graph.weights
    ones = np.ones(graph.indices.size, dtype=np.int64)
    arrays = (
        ones if weights is None else weights.copy(),
        graph.indices.copy(),
        graph.indptr.copy(),
    )
    return csr_array(arrays, shape=(graph.n_nodes, graph.n_nodes))


def to_pyg(graph: CsrGraph, features: object, y: object, weights: NDArray[Any] | None) -> Any:
    """Return a ``torch_geometric.data.Data`` with ``edge_index`` in both directions."""
    import torch
    from torch_geometric.data import Data

    rows = np.repeat(np.arange(graph.n_nodes), graph.degrees)
    result = Data(edge_index=torch.from_numpy(np.stack([rows, graph.indices])))
    result.num_nodes = graph.n_nodes
    if weights is not None:
        result.edge_weight = torch.from_numpy(weights.copy())
    about = _fields(graph) | ({} if graph.labels is None else {"labels": list(graph.labels)})
    for key, array in _node_columns(graph, _OF_DATA | about.keys()).items():
        listed = array.dtype.kind in "UO" or array.dtype == np.uint64
        result[key] = array.tolist() if listed else torch.tensor(array)
    for key, array in graph.edge_attributes.items():
        if array.dtype.kind not in "UO" and array.dtype != np.uint64:
            name = f"edge_{key.removeprefix('edge_')}"
            both_ways = array[number_edges(graph.indptr, graph.indices)]
            result[f"{name}_" if name in _OF_DATA else name] = torch.tensor(both_ways)
    for key, value in about.items():
        result[key] = value
    if features is None:
        features = graph.node_attributes.get("activations")
    if features is not None:
        inner = getattr(features, "values", None)  # of a FeatureMatrix; a Tensor has a method
        given = features if inner is None or callable(inner) else inner
        x = take_as(to_tensor, given, "features", "an array of real numbers")
        if x.ndim == 0 or x.shape[0] != graph.n_nodes:
            raise ValueError(
                f"features must have one row per node ({graph.n_nodes}), got {tuple(x.shape)}"
            )
        result.x = x if x.ndim > 1 else x[:, None]
    if y is not None:
        result.y, names = _targets(graph, y)
        if names is not None:
            result.y_names = names
    return result


def _targets(graph: CsrGraph, y: Any) -> tuple[object, list[str] | None]:
    """Return one number per node as a tensor, and the names of classes given as words."""
    import torch

    if isinstance(y, str):
        if y not in graph.node_attributes:
            known = sorted(graph.node_attributes)
            raise ValueError(
                f"y must name a node attribute, one of {known}, got {y!r}{nearest(y, known)}"
            )
        y = graph.node_attributes[y]
    values = getattr(y, "labels", y)
    if hasattr(values, "detach"):
        values = take_as(to_array, values, "y", "an array of classes or numbers")
    values = np.asarray(values)
    if values.ndim == 0 or values.shape[0] != graph.n_nodes:
        raise ValueError(f"y must have one value per node ({graph.n_nodes}), got {values.shape}")
    if values.dtype.kind not in "US":
        return torch.tensor(values), None
    names, number = np.unique(values, return_inverse=True)
    return torch.from_numpy(number.reshape(values.shape)), [str(name) for name in names]
