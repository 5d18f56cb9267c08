"""What a graph of another library says, before any rule of FeatureGraph is applied."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from featgraph.core.values import take_as, to_whole_array
from featgraph.graph._csr_arrays import attribute_column
from featgraph.graph.outgoing import GRAPH_FIELDS

__all__ = [
    "RawGraph", "attribute_column", "choose_reader", "expand_rows", "matrix_graph", "told_columns",
    "whole_labels",
]  # fmt: skip


@dataclass
class RawGraph:
    """Edges as rows of node indices, each undirected edge once, and what hangs on them."""

    edges: NDArray[np.int64]
    n_nodes: int
    directed: bool
    labels: Sequence[Hashable] | None = None
    edge_values: Mapping[str, Any] = field(default_factory=dict)  # one per edge, None = missing
    gaps: Mapping[str, int] = field(default_factory=dict)  # edges without a value, by column
    usual: str = "weight"  # the name under which weights stand here
    also: Sequence[str] = ()  # names that mean the usual weights too
    refusal: str = ""  # what to say where nobody says what the weights are
    told: str | None = None  # the lengths, where a file itself says which column they are
    attributes: Mapping[str, NDArray[Any] | None] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)  # what was decided or left out on the way


_TEMPORAL = {"dynetx", "networkx_temporal"}
_MATRIX = "an adjacency matrix goes in as scipy.sparse.csr_array"
_PAIRS = "FeatureGraph.from_edges(graph.{}, n_nodes=graph.{}()) makes a graph of it"
_FEATURES = "feature_graph makes a graph of it, and box_counts takes it as it is"

#: What makes a graph of things that are none, by the names of their types, then of their libraries.
_CURES = {
    "ndarray": f"{_MATRIX}(matrix), rows of two ends as FeatureGraph.from_edges(edges)",
    **dict.fromkeys(
        ("list", "tuple", "set", "dict", "generator", "EdgeView", "AdjacencyView"),
        "edges, or neighbours by node, go in as networkx.Graph(edges)",
    ),
    **dict.fromkeys(("str", "PurePath"), "read_graph(path) reads a file"),
    **dict.fromkeys(("FeatureMatrix", "DistanceMatrix"), _FEATURES),
    "HeteroData": "HeteroData.to_homogeneous() makes one graph of it",
    "TemporalData": "Data(edge_index=torch.stack([data.src, data.dst])) has all its times at once",
    "Tensor": f"{_MATRIX}(matrix.numpy()), a sparse one as torch_geometric's Data(adj_t=matrix.t())"
    ", an edge_index as Data(edge_index=edge_index)",
    "torch_geometric": "dataset[0] is the first graph of a dataset",
    "torch_sparse": "it goes in as SparseTensor.to_scipy()",
    **dict.fromkeys(("polars", "pyarrow"), "featgraph.io.read_tables(table) reads edges"),
    "pandas": "featgraph.io.read_tables(frame) reads edges, networkx.from_pandas_adjacency(frame) "
    "an adjacency matrix",
    "sparse": "it goes in as graph.to_scipy_sparse()",
    "graphblas": "it goes in as graphblas.io.to_scipy_sparse(matrix)",
    "nx_parallel": "graph.graph_object is the networkx graph in it",
    "rustworkx": _PAIRS.format("edge_list()", "num_nodes"),
    "graph_tool": _PAIRS.format("get_edges()", "num_vertices"),
    "networkit": "networkit.nxadapter.nk2nx(graph) makes a graph of it",
    "dgl": "torch_geometric.utils.from_dgl(graph) makes a graph of it",
    "xgi": "xgi.to_graph(hypergraph) joins all nodes of an edge, xgi.to_bipartite_graph its edges",
}


def choose_reader(graph: Any) -> Callable[[Any, str | None], RawGraph]:
    """Return the reader for ``graph``, importing none of the libraries."""
    kinds = type(graph).__mro__
    roots = [base.__module__.split(".")[0] for base in kinds]
    if _TEMPORAL.intersection(roots):
        raise TypeError(
            f"graph must be one graph, got a {type(graph).__name__} with a graph for each time: "
            "pass one snapshot, such as networkx.Graph(graph.time_slice(t).edges()) of dynetx or "
            "graph.slice(attr=...)[k] of networkx-temporal"
        )
    if "networkx" in roots and hasattr(graph, "adj"):
        return _from_networkx
    if "igraph" in roots and hasattr(graph, "vcount"):
        return _from_igraph
    names = [base.__name__ for base in kinds]
    if "torch_geometric" in roots and "Data" in names:
        return _from_pyg
    if "scipy" in roots and hasattr(graph, "tocoo"):
        return _from_scipy
    cure = next((_CURES[name] for name in [*names, *roots] if name in _CURES), "")
    raise TypeError(
        "graph must be a FeatureGraph, networkx graph, igraph.Graph, torch_geometric Data or "
        f"scipy sparse matrix, got {names[0]}{cure and f'; {cure}'}"
    )


_WHOLE = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)


def whole_labels(names: Sequence[str]) -> Sequence[Hashable]:
    """Return labels from a text file: as integers if every one is written like an integer.

    Examples
    --------
    >>> whole_labels(["0", "12"]), whole_labels(["0", "012"])
    ([0, 12], ['0', '012'])
    """
    return [int(name) for name in names] if all(map(_WHOLE.fullmatch, names)) else names


def told_columns(table: Mapping[str, Any]) -> dict[str, NDArray[Any] | None]:
    """Return attributes that have a value as columns, None for what cannot be one."""
    told = {k: values for k, values in table.items() if any(v is not None for v in values)}
    return {name: attribute_column(values) for name, values in told.items()}


def _fold_directions(
    rows: NDArray[np.int64], columns: NDArray[np.int64], values: NDArray[Any], n_nodes: int
) -> tuple[bool, NDArray[np.bool_]]:
    """Return whether entries (i, j) differ from entries (j, i), and which entries are the edges.

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
    return not same, rows <= columns if same else np.ones(rows.size, dtype=bool)


def _from_networkx(graph: Any, _: str | None) -> RawGraph:
    names = list(graph)
    number = {name: i for i, name in enumerate(names)}
    rows = [(a, b, _drawn(data)) for a, b, data in graph.edges(data=True)]
    pairs = [(number[a], number[b]) for a, b, _ in rows]
    nodes = [_drawn(data) for _, data in graph.nodes(data=True)]
    return RawGraph(
        edges=np.array(pairs, dtype=np.int64).reshape(-1, 2),
        n_nodes=len(names),
        directed=graph.is_directed(),
        labels=names,
        edge_values=_by_key([data for _, _, data in rows]),
        attributes=told_columns(_by_key(nodes)),
        fields=_fields(graph.graph),
    )


def _fields(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a FeatureGraph that a graph tells; others mean more by these names."""
    words = {key: about[key] for key in GRAPH_FIELDS if isinstance(about.get(key), str)}
    epsilon = about.get("epsilon")
    real = isinstance(epsilon, SupportsFloat) and getattr(epsilon, "ndim", 0) == 0
    return words | {"epsilon": epsilon if real else None}


def _drawn(data: Mapping[Any, Any]) -> Mapping[Any, Any]:
    """Return what is known of a node or an edge, with columns of what nx.read_gexf calls viz."""
    viz = data.get("viz")
    if not isinstance(viz, dict):
        return data
    told = {key: viz[key] for key in ("size", "thickness", "shape") if key in viz}
    color, place = viz.get("color") or {}, viz.get("position") or {}
    if {"r", "g", "b"} <= color.keys():
        told["color"] = [color[channel] for channel in "rgb"]
    if color.get("a") is not None:
        told["alpha"] = color["a"]
    if {"x", "y"} <= place.keys():
        told["position"] = [place[axis] for axis in "xyz" if axis in place]
    return told | {key: value for key, value in data.items() if key != "viz"}


def _by_key(rows: Sequence[Mapping[object, object]]) -> dict[str, Sequence[object]]:
    keys = dict.fromkeys(key for row in rows for key in row if type(key) is str)
    return {key: [row.get(key) for row in rows] for key in keys}


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
        attributes=told_columns(table),
        fields=_fields({key: graph[key] for key in graph.attributes()}),
    )


def _distinct(names: Sequence[Any]) -> bool:
    try:
        return None not in names and len(set(names)) == len(names)
    except TypeError:
        return False


def _ends(data: Any) -> tuple[Any, NDArray[np.int64], NDArray[np.int64], int]:
    """Return a Data with an edge_index, both rows of that, and the number of nodes."""
    if data.edge_index is None and "adj_t" in data:  # of the transform ToSparseTensor
        from torch_geometric.utils import to_edge_index

        ends, lengths = to_edge_index(data.adj_t)
        data = copy.copy(data)
        data.num_nodes = data.adj_t.size(0)
        data.edge_index, data.edge_weight, data.adj_t = ends.flip(0), lengths, None
    if data.edge_index is None:
        raise ValueError("a torch_geometric Data needs edge_index to be a graph, got none")
    words = "whole numbers of shape (2, n_edges)"
    pairs = take_as(to_whole_array, data.edge_index, "edge_index", words)
    if pairs.ndim != 2 or len(pairs) != 2:
        raise ValueError(f"edge_index must be {words}, got shape {pairs.shape}")
    for key in ("edge_weight", "edge_attr"):
        given = data.get(key)
        if given is not None and given.shape[:1] != pairs.shape[1:]:
            told = f"one row per edge ({pairs.shape[1]}), got shape {tuple(given.shape)}"
            raise ValueError(f"{key} must have {told}")
    n_nodes = data.num_nodes
    return data, *pairs, int(pairs.max(initial=-1) + 1 if n_nodes is None else n_nodes)


def _from_pyg(data: Any, weight: str | None) -> RawGraph:
    import torch

    data, rows, columns, n_nodes = _ends(data)
    on_edges: dict[str, NDArray[Any]] = {}
    table: dict[str, Any] = {}
    for key, value in data.to_dict().items():
        if key == "edge_index":
            continue
        if isinstance(value, torch.Tensor) and value.ndim > 0 and not value.is_complex():
            small = value.dtype in (torch.bfloat16, torch.float16)
            array = (value.float() if small else value).detach().cpu().numpy()
            if len(array) == rows.size and (key == "weight" or data.is_edge_attr(key)):
                on_edges[key] = array.reshape(rows.size, int(np.prod(array.shape[1:])))
            elif data.is_node_attr(key):
                table["activations" if key == "x" else key] = array
        elif isinstance(value, list) and len(value) == n_nodes and key != "labels":
            table[key] = value
    usual, refusal = _usual_weight(on_edges)
    values = {  # of several columns each one by its number
        name: column for key, array in on_edges.items() for name, column in _numbered(key, array)
    }
    if weight not in values and weight in on_edges:
        shape = on_edges[weight].shape
        raise ValueError(
            f"weight={weight!r} must be one number per edge, {weight!r} has shape {shape}: "
            f'say weight="{weight}_0" … "{weight}_{shape[1] - 1}" for one of its columns'
        )
    name = weight if weight in values else usual
    chosen = np.ones(rows.size) if weight == "ignore" else values.get(name, np.ones(rows.size))
    directed, keep = _fold_directions(rows, columns, chosen.astype(np.float64), n_nodes)
    names = data.get("labels")
    named = isinstance(names, list) and len(names) == n_nodes and _distinct(names)
    return RawGraph(
        edges=np.column_stack([rows, columns])[keep],
        n_nodes=n_nodes,
        directed=directed,
        labels=names if named else None,
        edge_values={key: column[keep] for key, column in values.items()},
        usual=usual,
        also=("weight",),
        refusal=refusal,
        attributes=told_columns(table),
        fields=_fields(data.to_dict()),
    )


def _numbered(key: str, array: NDArray[Any]) -> list[tuple[str, NDArray[Any]]]:
    names = [key] if array.shape[1] == 1 else [f"{key}_{k}" for k in range(array.shape[1])]
    return list(zip(names, array.T, strict=True))


def _usual_weight(on_edges: Mapping[str, NDArray[Any]]) -> tuple[str, str]:
    """Return the name under which these attributes of edges keep one weight each.

    Real numbers in ``edge_attr`` are lengths, whole ones, zeros and ones are kinds of edges.
    Where there are several columns of real numbers, nobody knows which: they are refused.
    """
    for name in ("edge_weight", "weight", "edge_attr"):
        attr = on_edges.get(name)
        if attr is None:
            continue
        kinds = attr.dtype.kind != "f" or bool(np.isin(attr, (0, 1)).all())
        if attr.shape[1] == 1 and not (kinds and name == "edge_attr"):
            return name, ""
        if not kinds:
            return "edge_weight", (
                f"graph carries {attr.shape[1]} columns of {name}; say which holds the lengths, "
                f'weight="{name}_0" … "{name}_{attr.shape[1] - 1}", or weight="ignore" for hops'
            )
    return "edge_weight", ""


def _from_scipy(matrix: Any, weight: str | None) -> RawGraph:
    if len(matrix.shape) != 2 or matrix.shape[0] != matrix.shape[1]:
        raise ValueError(f"an adjacency matrix must be square, got shape {matrix.shape}")
    if matrix.format in ("csr", "csc", "bsr"):
        # SciPy itself follows these arrays without a look, wherever they point
        height = matrix.blocksize[0] if matrix.format == "bsr" else 1
        n_rows = matrix.shape[0] // height
        expand_rows(matrix.indptr, matrix.indices, len(matrix.data), n_rows, n_rows)
    entries = matrix.tocoo(copy=True)
    return matrix_graph(entries.row, entries.col, entries.data, matrix.shape[0], weight)


def expand_rows(
    indptr: Any, indices: Any, n_entries: int, n_rows: int, n_columns: int
) -> NDArray[np.int64]:
    """Return the row of each entry of a compressed matrix, after a check of its arrays."""
    starts, columns = np.asarray(indptr), np.asarray(indices)
    for name, array in (("indptr", starts), ("indices", columns)):
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise ValueError(f"{name} must be one-dimensional with integers, got {array.dtype}")
    if starts.size != n_rows + 1:
        raise ValueError(f"indptr must have {n_rows + 1} entries, got {starts.size}")
    starts = starts.astype(np.int64)
    if starts[0] != 0 or np.any(starts[1:] < starts[:-1]) or starts[-1] != columns.size:
        raise ValueError(
            f"indptr must rise from 0 to the length of indices ({columns.size}), "
            f"got {starts[0]} … {starts[-1]}; matrix.prune() drops spare room"
        )
    if n_entries != columns.size:
        raise ValueError(f"data must be as long as indices ({columns.size}), got {n_entries}")
    if columns.size and not 0 <= columns.min() <= columns.max() < n_columns:
        raise ValueError(
            f"indices must lie in 0 … {n_columns - 1}, got {columns.min()} … {columns.max()}"
        )
    return np.repeat(np.arange(n_rows), np.diff(starts))


def matrix_graph(
    rows: Any, columns: Any, values: Any, n_nodes: int, weight: str | None
) -> RawGraph:
    """Return the graph whose adjacency matrix has these entries; repeats are summed, as in SciPy.

    A stored zero is an edge of length 0, but on the diagonal (``setdiag(0)`` leaves it there),
    and but in a matrix of zeros and ones of which nobody says that it holds weights.
    """
    from scipy.sparse import coo_array

    values = np.asarray(values)
    if values.dtype.kind not in "biuf":
        raise ValueError(f"an adjacency matrix must hold numbers, got {values.dtype}")
    sides = [np.asarray(side) for side in (rows, columns)]
    for name, side in zip(("row", "col"), sides, strict=True):
        if side.shape != values.shape or values.ndim != 1 or side.dtype.kind not in "iu":
            raise ValueError(f"{name} must hold one integer per entry, got shape {side.shape}")
        if side.size and not 0 <= side.min() <= side.max() < n_nodes:
            raise ValueError(
                f"{name} must lie in 0 … {n_nodes - 1}, got {side.min()} … {side.max()}"
            )
    notes = []
    if values.dtype.kind != "b":  # sums of small integers would wrap around
        values = values.astype(np.float64)
    summed = coo_array((values, tuple(sides)), shape=(n_nodes, n_nodes)).tocsr().tocoo()
    if summed.nnz < values.size:
        notes.append(
            f"summed {values.size - summed.nnz} repeated entries of the matrix, as SciPy does"
        )
    values = np.asarray(summed.data)
    one, two = (np.asarray(side, dtype=np.int64) for side in (summed.row, summed.col))
    keep = (values != 0) | (one != two)
    if weight is None and np.isin(values, (0, 1)).all():
        lost = int((keep & (values == 0)).sum())
        keep = values != 0
        if lost:
            notes.append(
                f"left out {lost} stored zeros of a matrix of zeros and ones; "
                'weight="weight" takes them for edges of length 0'
            )
    one, two, lengths = one[keep], two[keep], values[keep].astype(np.float64)
    chosen = np.ones(lengths.size) if weight == "ignore" else lengths
    directed, keep = _fold_directions(one, two, chosen, n_nodes)
    return RawGraph(
        np.column_stack([one, two])[keep],
        n_nodes,
        directed,
        edge_values={"weight": lengths[keep]},
        also=("distance",),
        notes=notes,
    )
