"""What a graph of another library says, before any rule of FeatureGraph is applied."""

from __future__ import annotations

import numbers
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.outgoing import GRAPH_FIELDS

__all__ = [
    "RawGraph",
    "attribute_column",
    "choose_reader",
    "fold_directions",
    "take_names",
    "whole_labels",
]


@dataclass
class RawGraph:
    """Edges as rows of node indices, each undirected edge once, and what hangs on them."""

    edges: NDArray[np.int64]
    n_nodes: int
    directed: bool
    labels: Sequence[Hashable] | None = None
    edge_values: Mapping[str, Any] = field(default_factory=dict)  # one per edge, None = missing
    edge_names: Sequence[str] = ()  # for messages, where edge_values does not hold all
    usual: str = "weight"  # the name under which this library keeps weights
    attributes: dict[str, NDArray[Any]] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)


def choose_reader(graph: Any) -> Callable[[Any, str | None], RawGraph]:
    """Return the reader for ``graph``, importing none of the libraries."""
    roots = {base.__module__.split(".")[0] for base in type(graph).__mro__}
    if "networkx" in roots and hasattr(graph, "adj"):
        return _from_networkx
    if "igraph" in roots and hasattr(graph, "vcount"):
        return _from_igraph
    if "torch_geometric" in roots and hasattr(graph, "edge_index"):
        return _from_pyg
    if "scipy" in roots and hasattr(graph, "tocoo"):
        return _from_scipy
    hint = ""
    if isinstance(graph, np.ndarray):
        hint = "; an adjacency matrix goes in as scipy.sparse.csr_array(matrix)"
    raise TypeError(
        "graph must be a FeatureGraph, networkx graph, igraph.Graph, torch_geometric Data or "
        f"scipy sparse matrix, got {type(graph).__name__}{hint}"
    )


def attribute_column(values: Sequence[Any]) -> NDArray[Any] | None:
    """Return attribute values as an array of numbers, booleans or strings; else None.

    Missing numbers become NaN, missing strings "".

    Examples
    --------
    >>> attribute_column([1, None]), attribute_column(["a", None]), attribute_column([{}, {}])
    (array([ 1., nan]), array(['a', ''], dtype='<U1'), None)
    """
    missing = [value is None for value in values]
    if all(missing):
        return None
    if any(isinstance(value, str) for value in values):
        values = ["" if value is None else str(value) for value in values]
    elif any(missing) and all(isinstance(value, numbers.Real | None) for value in values):
        values = [np.nan if value is None else float(value) for value in values]
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, OverflowError):
        return None
    return array if array.dtype.kind in "biufU" and array.ndim in (1, 2) else None


_WHOLE = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)


def whole_labels(names: Sequence[str]) -> Sequence[Hashable]:
    """Return labels from a text file: as integers if every one is written like an integer.

    Examples
    --------
    >>> whole_labels(["0", "12"]), whole_labels(["0", "012"])
    ([0, 12], ['0', '012'])
    """
    return [int(name) for name in names] if all(map(_WHOLE.fullmatch, names)) else names


def take_names(
    columns: dict[str, list[Any]], titles: Sequence[str], ids: Sequence[str]
) -> Sequence[str]:
    """Take the first of these columns that names every node differently, else the ids.

    igraph numbers the ids of a file itself and writes the labels of its vertices as ``name``.
    """
    for title in titles:
        told = columns.get(title, [None])
        if len(told) == len(ids) and None not in told and len(set(map(str, told))) == len(told):
            return [str(name) for name in columns.pop(title)]
    return ids


def _columns(table: dict[str, Sequence[Any]]) -> dict[str, NDArray[Any]]:
    columns = {name: attribute_column(values) for name, values in table.items()}
    return {name: column for name, column in columns.items() if column is not None}


def fold_directions(
    rows: NDArray[np.int64], columns: NDArray[np.int64], values: NDArray[Any], n_nodes: int
) -> tuple[bool, NDArray[np.int64], NDArray[Any]]:
    """Return whether entries (i, j) differ from entries (j, i), and the edges without the mirror.

    Directed entries all stay; of symmetric ones the triangle i ≤ j, so that what is still
    there twice was there twice before.
    """
    there, back = rows * n_nodes + columns, columns * n_nodes + rows
    plain = values.size == 0 or bool(np.all(values == values[0]))
    if plain:
        same = np.array_equal(np.sort(there), np.sort(back))
    else:
        first, second = np.lexsort((values, there)), np.lexsort((values, back))
        same = np.array_equal(there[first], back[second])
        same = same and np.array_equal(values[first], values[second], equal_nan=True)
    keep = rows <= columns if same else np.ones(rows.size, dtype=bool)
    return not same, np.column_stack([rows[keep], columns[keep]]), values[keep]


def _from_networkx(graph: Any, weight: str | None) -> RawGraph:
    names = list(graph)
    number = {name: i for i, name in enumerate(names)}
    rows = list(graph.edges(data=True))
    pairs = [(number[a], number[b]) for a, b, _ in rows]
    asked = "weight" if weight is None else weight
    nodes = [data for _, data in graph.nodes(data=True)]
    keys = dict.fromkeys(key for data in nodes for key in data if type(key) is str)
    return RawGraph(
        edges=np.array(pairs, dtype=np.int64).reshape(-1, 2),
        n_nodes=len(names),
        directed=graph.is_directed(),
        labels=names,
        edge_values={asked: [data.get(asked) for _, _, data in rows]},
        edge_names=sorted({str(key) for _, _, data in rows for key in data}),
        attributes=_columns({key: [data.get(key) for data in nodes] for key in keys}),
        fields={key: graph.graph[key] for key in GRAPH_FIELDS if key in graph.graph},
    )


def _from_igraph(graph: Any, _: str | None) -> RawGraph:
    table = {key: graph.vs[key] for key in graph.vs.attributes()}
    names = table.get("name")
    labels = None
    if names is not None and _distinct(names):
        labels = names
        del table["name"]
    return RawGraph(
        edges=np.array(graph.get_edgelist(), dtype=np.int64).reshape(-1, 2),
        n_nodes=graph.vcount(),
        directed=graph.is_directed(),
        labels=labels,
        edge_values={key: graph.es[key] for key in graph.es.attributes()},
        attributes=_columns(table),
        fields={key: graph[key] for key in GRAPH_FIELDS if key in graph.attributes()},
    )


def _distinct(names: Sequence[Any]) -> bool:
    try:
        return None not in names and len(set(names)) == len(names)
    except TypeError:
        return False


def _from_pyg(data: Any, weight: str | None) -> RawGraph:
    import torch

    if data.edge_index is None:
        raise ValueError("a torch_geometric Data needs edge_index to be a graph, got none")
    n_nodes = int(data.num_nodes or 0)
    rows, columns = data.edge_index.detach().cpu().numpy().astype(np.int64)
    asked = "edge_weight" if weight in (None, "weight") else str(weight)
    found = data.get(asked)
    values = np.ones(rows.size)
    if isinstance(found, torch.Tensor) and found.numel() == rows.size:
        values = found.detach().cpu().double().numpy().reshape(-1)
    else:
        found = None
    directed, edges, values = fold_directions(rows, columns, values, n_nodes)
    table: dict[str, Any] = {}
    for key, value in data.to_dict().items():
        if isinstance(value, torch.Tensor) and data.is_node_attr(key) and not value.is_complex():
            small = value.dtype in (torch.bfloat16, torch.float16)
            array = (value.float() if small else value).detach().cpu().numpy()
            table["activations" if key == "x" else key] = array
        elif isinstance(value, list) and len(value) == n_nodes and key != "labels":
            table[key] = value
    names = data.get("labels")
    named = isinstance(names, list) and len(names) == n_nodes and _distinct(names)
    return RawGraph(
        edges=edges,
        n_nodes=n_nodes,
        directed=directed,
        labels=names if named else None,
        edge_values={} if found is None else {asked: values, "weight": values},
        edge_names=[key for key in data.keys() if data.is_edge_attr(key)],  # noqa: SIM118
        usual="edge_weight",
        attributes=_columns(table),
        fields={key: data[key] for key in GRAPH_FIELDS if key in data},
    )


def _from_scipy(matrix: Any, _: str | None) -> RawGraph:
    if len(matrix.shape) != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"an adjacency matrix must be square, got shape {matrix.shape}")
    entries = matrix.tocoo(copy=True)
    values = np.asarray(entries.data)
    if values.dtype.kind not in "biuf":
        raise ValueError(f"an adjacency matrix must hold numbers, got {values.dtype}")
    rows, columns = (np.asarray(side, dtype=np.int64) for side in (entries.row, entries.col))
    # A stored zero on the diagonal is what setdiag(0) leaves behind, no self-loop.
    keep = (values != 0) if np.isin(values, (0, 1)).all() else (values != 0) | (rows != columns)
    directed, edges, values = fold_directions(
        rows[keep], columns[keep], values[keep].astype(np.float64), matrix.shape[0]
    )
    return RawGraph(
        edges=edges,
        n_nodes=int(matrix.shape[0]),
        directed=directed,
        edge_values={"weight": values, "distance": values},
    )
