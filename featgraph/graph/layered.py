"""Several layers in one graph: their neurons as nodes, and who is joined with whom."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.graph.convert import takes_any_graph
from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["LayerConnectivity", "connect_layers", "describe_features", "spread_over_layers"]

Normalization = Literal["none", "layer", "node"]


@dataclass(frozen=True)
class Nodes:
    """Features ready to be joined, and what is known about each row."""

    values: Any  # Tensor, shape (n_nodes, n_samples), or DistanceMatrix
    attributes: dict[str, NDArray[Any]]
    labels: tuple[str, ...] | None
    layer: str | None
    source: str | None


def describe_features(features: Any, *, normalize: Normalization = "none") -> Nodes:
    """Return the rows of one F, or of a mapping from layers to F one below the other."""
    from featgraph.distances.distance_matrix import DistanceMatrix
    from featgraph.features.feature_matrix import as_feature_matrix

    if isinstance(features, DistanceMatrix):
        if normalize != "none":
            raise ValueError(
                f"normalize must be 'none' for distances, which are measured, got {normalize!r}"
            )
        columns = _columns(features.mean, features.deviation)
        return Nodes(features, columns, None, features.layer, features.source)
    if not isinstance(features, Mapping):
        matrix = as_feature_matrix(features)
        values = matrix.values.detach()
        return Nodes(
            _normalize(values, normalize), _activations(values), None, matrix.layer, matrix.source
        )
    if not features:
        raise ValueError("features must hold at least one layer, got an empty mapping")
    matrices = {str(name): as_feature_matrix(matrix) for name, matrix in features.items()}
    n_samples = {name: matrix.n_samples for name, matrix in matrices.items()}
    if len(set(n_samples.values())) > 1:
        raise ValueError(
            f"features of all layers must come from the same samples, got {n_samples} samples"
        )
    return _stack(matrices, normalize)


def _stack(matrices: Mapping[str, Any], normalize: Normalization) -> Nodes:
    import torch

    parts = [matrix.values.detach() for matrix in matrices.values()]
    kind = torch.float64 if any(part.dtype == torch.float64 for part in parts) else torch.float32
    values = torch.cat([_normalize(part.to(kind), normalize) for part in parts])
    sizes = [len(part) for part in parts]
    columns = [_activations(part) for part in parts]
    attributes = {key: np.concatenate([each[key] for each in columns]) for key in columns[0]}
    attributes["layer"] = np.repeat(np.array(list(matrices)), sizes)
    attributes["depth"] = np.repeat(np.arange(len(sizes)), sizes)
    rows = zip(attributes["layer"].tolist(), attributes["neuron"].tolist(), strict=True)
    sources = {matrix.source for matrix in matrices.values()}
    source = sources.pop() if len(sources) == 1 else None
    return Nodes(values, attributes, tuple(f"{layer}:{k}" for layer, k in rows), None, source)


def _activations(values: Any) -> dict[str, NDArray[Any]]:
    wide = values.double()
    return _columns(wide.mean(dim=1), wide.std(dim=1, correction=0))


def _columns(mean: Any, deviation: Any) -> dict[str, NDArray[Any]]:
    return {
        "neuron": np.arange(len(mean)),
        "mean_activation": mean.cpu().numpy(),
        "std_activation": deviation.cpu().numpy(),
    }


def _normalize(values: Any, how: Normalization) -> Any:
    if how == "none":
        return values
    wide = values.double()
    spread = wide.std(dim=1, correction=0, keepdim=True)
    if how == "layer":
        scale = spread.square().mean().sqrt()
        return (wide / scale).to(values.dtype) if scale > 0 else values
    # a constant neuron has only rounding to be divided by its deviation
    flat = spread <= 1e-12 * wide.abs().amax(dim=1, keepdim=True)
    centered = (wide - wide.mean(dim=1, keepdim=True)) / spread.masked_fill(flat, 1.0)
    return centered.masked_fill(flat, 0.0).to(values.dtype)


@dataclass(frozen=True, repr=False, eq=False)
class LayerConnectivity(Result):
    """How many edges run between the layers of a graph.

    Attributes
    ----------
    layers : tuple of str, length k
        Layers in order of depth.
    n_nodes : ndarray of int64, shape (k,)
        Nodes in each layer.
    edges : ndarray of int64, shape (k, k)
        Edges between two layers, symmetric; the diagonal holds those inside a layer, once.
    """

    _picture: ClassVar = "plot_layer_matrix"
    _shown: ClassVar = ("n_layers", "inter_share")
    _rules: ClassVar = {
        "n_nodes": Rule("n_layers", least=0),
        "edges": Rule("n_layers n_layers", least=0),
    }

    layers: tuple[str, ...]
    n_nodes: NDArray[np.int64]
    edges: NDArray[np.int64]

    @property
    def n_pairs(self) -> NDArray[np.int64]:
        """Pairs of nodes between two layers, shape (k, k)."""
        pairs = np.outer(self.n_nodes, self.n_nodes)
        np.fill_diagonal(pairs, self.n_nodes * (self.n_nodes - 1) // 2)
        return pairs

    @property
    def density(self) -> NDArray[np.float64]:
        """Share of the pairs between two layers that are edges, shape (k, k); nan without pairs."""
        pairs = self.n_pairs
        share = np.full(pairs.shape, np.nan)
        np.divide(self.edges, pairs, out=share, where=pairs > 0)
        return share

    @property
    def inter_share(self) -> float:
        """Share of all edges that join two layers; nan without edges."""
        return _share_between(self.edges)

    @property
    def expected_share(self) -> float:
        """Inter-layer share that edges between random pairs of nodes would have."""
        return _share_between(self.n_pairs)

    def _columns(self) -> Mapping[str, object]:
        one, other = np.triu_indices(len(self.layers))
        return {
            "layer": [self.layers[i] for i in one],
            "other": [self.layers[j] for j in other],
            "n_edges": self.edges[one, other],
            "n_pairs": self.n_pairs[one, other],
            "density": self.density[one, other],
        }


def _share_between(table: NDArray[np.int64]) -> float:
    total = int(np.triu(table).sum())
    return float(np.triu(table, 1).sum()) / total if total else math.nan


@takes_any_graph()
def connect_layers(graph: FeatureGraph) -> LayerConnectivity:
    """Count the edges between the layers of a graph over several layers.

    Parameters
    ----------
    graph : FeatureGraph
        Graph with a node attribute ``layer``, as ``feature_graph`` makes it from a mapping;
        layers stand in order of the attribute ``depth`` if there is one, else of first nodes.

    Returns
    -------
    LayerConnectivity
        Edges and densities between layers, and the share of edges that join two.

    Raises
    ------
    ValueError
        If nodes have no attribute ``layer``.

    Notes
    -----
    Time and memory O(n_edges).

    Examples
    --------
    >>> conv, head = np.array([[0.0, 0.1], [0.2, 0.1]]), np.array([[0.1, 0.0], [5.0, 5.0]])
    >>> from featgraph.graph.construct import feature_graph
    >>> graph = feature_graph({"conv": conv, "head": head}, epsilon=1.0)
    >>> connectivity = connect_layers(graph)
    >>> connectivity.edges.tolist(), round(connectivity.inter_share, 3)
    ([[1, 2], [2, 0]], 0.667)
    """
    names, number = layer_numbers(graph)
    k = len(names)
    ends = number[graph.edges]
    table = np.bincount(ends[:, 0] * k + ends[:, 1], minlength=k * k).reshape(k, k)
    both = table + table.T
    np.fill_diagonal(both, np.diagonal(table))
    return LayerConnectivity(names, np.bincount(number, minlength=k), both)


def layer_numbers(graph: FeatureGraph) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the layers in order of depth, and for each node the place of its layer."""
    if "layer" not in graph.node_attributes or graph.node_attributes["layer"].ndim != 1:
        known = ", ".join(graph.node_attributes) or "none"
        raise ValueError(
            f"graph must have a node attribute 'layer', there is: {known}; "
            "feature_graph({name: F, ...}) makes a graph over several layers"
        )
    layer = graph.node_attributes["layer"]
    names, first, number = np.unique(layer, return_index=True, return_inverse=True)
    depth = graph.node_attributes.get("depth", np.arange(graph.n_nodes))
    order = np.lexsort((first, depth[first]))
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    places: NDArray[np.int64] = rank[number]
    return tuple(str(name) for name in names[order]), places


@takes_any_graph()
def spread_over_layers(graph: FeatureGraph, groups: ArrayLike) -> list[dict[str, Any]]:
    """Return how each group of nodes (boxes, communities) spreads over the layers.

    Parameters
    ----------
    graph : FeatureGraph
        Graph with a node attribute ``layer``.
    groups : array-like of int, shape (n_nodes,)
        Group of each node, from 0; for example ``box_cover(graph, 2).labels``.

    Returns
    -------
    list of dict
        One row per group: ``group``, ``n_nodes``, ``n_layers`` it reaches, ``main_layer`` and
        ``main_share`` (share of its nodes there), ``entropy`` of its layers in bits (0: one layer).

    Raises
    ------
    ValueError
        If there is no attribute ``layer`` or not one group per node.

    Notes
    -----
    Time and memory O(n_nodes).

    Examples
    --------
    >>> graph = FeatureGraph.from_edges([(0, 1), (1, 2)]).with_attributes(layer=["a", "a", "b"])
    >>> rows = spread_over_layers(graph, [0, 0, 0])
    >>> rows[0]["n_layers"], rows[0]["main_layer"], round(rows[0]["entropy"], 3)
    (2, 'a', 0.918)
    """
    names, number = layer_numbers(graph)
    labels = np.asarray(groups)
    if labels.shape != (graph.n_nodes,) or labels.dtype.kind not in "iu" or labels.min() < 0:
        raise ValueError(
            f"groups must be {graph.n_nodes} whole numbers from 0, one per node, "
            f"got shape {labels.shape} of {labels.dtype}"
        )
    k = len(names)
    table = np.bincount(labels * k + number, minlength=(int(labels.max()) + 1) * k).reshape(-1, k)
    rows = []
    for group, counts in enumerate(table):
        size = int(counts.sum())
        if size == 0:
            continue
        share = counts[counts > 0] / size
        rows.append(
            {
                "group": group,
                "n_nodes": size,
                "n_layers": int(share.size),
                "main_layer": names[int(counts.argmax())],
                "main_share": float(counts.max() / size),
                "entropy": abs(float(-(share * np.log2(share)).sum())),
            }
        )
    return rows
