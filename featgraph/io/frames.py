"""Tables of nodes and edges for data frames, Gephi's wizard, d3 and people; lists of edges."""

from __future__ import annotations

import csv
import json
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from featgraph.core.checks import ArgumentError, choice, naming
from featgraph.core.files import DamagedFileError, atomic_path, write_text
from featgraph.core.package import caller_level, need
from featgraph.core.values import describe
from featgraph.graph.convert import GraphLike, accept_graph, open_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.outgoing import GRAPH_FIELDS
from featgraph.io._streams import Source, Target, broken_file, open_target, plain_suffix
from featgraph.io._table import (
    box_column,
    cell_texts,
    column_kind,
    describe_graph,
    look_columns,
    numbered,
)
from featgraph.io.edge_list import edge_table_graph, read_table
from featgraph.io.tables import format_rows, json_value

if TYPE_CHECKING:
    from featgraph.boxes.cover import BoxCover

__all__ = [
    *("edge_rows", "graph_tables", "node_rows", "read_tables", "with_boxes", "write_edges"),
    *("write_node_link", "write_tables"),
]

_Columns = dict[str, Any]


def graph_tables(graph: GraphLike, **options: Any) -> tuple[_Columns, _Columns]:
    """Return nodes and edges as two tables of columns, as pandas, polars and Arrow take them.

    Parameters
    ----------
    graph : FeatureGraph
        Columns are those of ``write_graphml``.
    **options
        ``cover``, ``covers``, ``positions``, ``color_by``, ``size_by``, ``weight``, as in
        ``write_graphml``.

    Returns
    -------
    nodes : dict of str to ndarray or list
        ``Id``, ``Label``, ``x``, ``y``, ``size``, ``color`` (``#rrggbb``), then the columns.
    edges : dict of str to ndarray or list
        ``Source``, ``Target``, ``Type``, ``Weight`` if the graph has weights, then the columns.

    Examples
    --------
    >>> nodes, edges = graph_tables(FeatureGraph.from_edges([(0, 1)]), positions=None)
    >>> edges["Source"], nodes["degree"].tolist()
    (['0'], [1, 1])
    """
    table = describe_graph(open_graph(graph, weights=True), **options)
    looks = look_columns(table.looks, "size")
    nodes: _Columns = {"Id": table.ids, "Label": looks.pop("label", table.ids), **looks}
    ends = ([table.ids[i] for i in side.tolist()] for side in table.edges.T)
    edges: _Columns = dict(zip(("Source", "Target"), ends, strict=True))
    edges["Type"] = ["Undirected"] * len(table.edges)
    if table.weights is not None:
        edges["Weight"] = table.weights
    looks = look_columns(table.edge_looks, "thickness")
    edges |= {name.capitalize() if name == "label" else name: v for name, v in looks.items()}
    return nodes | table.columns, edges | table.edge_columns


def write_tables(graph: GraphLike, nodes: Target | None, edges: Target, **options: Any) -> None:
    """Write a table of nodes and one of edges, as CSV or Parquet.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph; columns are those of ``graph_tables``.
    nodes : path, open file, or None
        Where the table of nodes goes; None writes none, and nodes without edges are lost.
    edges : path or open file
        Where the table of edges goes. Paths end in .csv (.gz, .bz2 or .xz may follow) or
        .parquet; open files get CSV.
    **options
        As in ``graph_tables``.

    Raises
    ------
    ValueError
        If a path ends in anything else.

    Notes
    -----
    Parquet needs pyarrow, of the extra "frames"; nothing else is needed for CSV.

    Examples
    --------
    >>> import io
    >>> graph = FeatureGraph.from_edges([(0, 1)], weights=[0.5])
    >>> write_tables(graph, None, out := io.StringIO())
    >>> out.getvalue().splitlines()
    ['Source,Target,Type,Weight', '0,1,Undirected,0.5']
    """
    targets = {"nodes": nodes, "edges": edges}.items()
    for columns, (name, target) in zip(graph_tables(graph, **options), targets, strict=True):
        if target is not None:
            _write_columns(columns, target, name)


def _write_columns(columns: _Columns, target: Target, name: str) -> None:
    suffix = ".csv" if hasattr(target, "write") else plain_suffix(str(target))
    if choice(suffix, (".csv", ".parquet"), f"suffix of {name}") == ".parquet":
        pyarrow, parquet = need("pyarrow", extra="frames"), need("pyarrow.parquet", extra="frames")
        listed = {name: _parquet_cells(values) for name, values in columns.items()}
        with atomic_path(target) as temporary:  # type: ignore[arg-type]
            parquet.write_table(pyarrow.table(listed), temporary)
        return
    texts = [
        cell_texts(values) if isinstance(values, np.ndarray) else values
        for values in columns.values()
    ]
    with open_target(target) as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(zip(*texts, strict=True))


def _parquet_cells(values: object) -> object:
    """Return a column as lists; whole numbers beyond 64 bits as words, which are read back."""
    if not isinstance(values, np.ndarray):
        return values
    return cell_texts(values) if column_kind(values) == "biginteger" else values.tolist()


def read_tables(
    edges: object,
    nodes: object = None,
    *,
    weight: str | None = None,
    as_undirected: bool = False,
) -> FeatureGraph:
    """Read a graph from a table of edges and, if there is one, a table of nodes.

    Parameters
    ----------
    edges : path, data frame, Arrow table or mapping of str to sequence
        Ends under Source and Target (or from and to, u and v, …), else in the first two columns.
        Type, Id and Weight are what Gephi takes them for, other columns attributes of edges.
    nodes : path, data frame, Arrow table or mapping, optional
        Ids under Id, else in the first column; other columns are attributes of nodes.
    weight : str, optional
        Column to keep as weights, or "ignore"; as in ``read_graph``.
    as_undirected : bool, default=False
        Read directed edges by forgetting directions.

    Returns
    -------
    FeatureGraph
        With nodes in the order of their table, else of their numbers or first edges.

    Raises
    ------
    ValueError
        If the tables are broken, directed, or carry weights without a word about them.

    Examples
    --------
    >>> read_tables({"from": ["a", "b"], "to": ["b", "c"]}, {"Id": ["c", "b", "a"]}).node_labels
    ('c', 'b', 'a')
    """
    columns = _columns(edges, "edges"), None if nodes is None else _columns(nodes, "nodes")
    files = [Path(table).name for table in (edges, nodes) if isinstance(table, str | Path)]
    with naming(" and ".join(files) or "edges"):
        graph, note = accept_graph(edge_table_graph(*columns), weight, as_undirected)
    if note:
        warnings.warn(note, UserWarning, stacklevel=caller_level())
    return graph


def _columns(table: Any, argument: str) -> Mapping[str, Sequence[object]]:
    """Return the columns of any table as lists, None for missing cells."""
    if isinstance(table, Mapping):
        for name, values in table.items():
            if isinstance(values, str | bytes) or not isinstance(values, Iterable):
                told = f"{argument} must hold a list of cells under {name!r}"
                raise ArgumentError(f"{told}, got {describe(values)}")
        listed = {str(name): list(values) for name, values in table.items()}
        lengths = {name: len(cells) for name, cells in listed.items()}
        if len(set(lengths.values())) > 1:
            raise ArgumentError(f"{argument} must have columns of one length, got {lengths}")
        return listed
    if hasattr(table, "to_pydict"):  # pyarrow
        found: Mapping[str, Sequence[Any]] = table.to_pydict()
        return found
    if hasattr(table, "to_dict") and hasattr(table, "columns"):  # pandas, polars
        return _frame_columns(table, argument)
    if isinstance(table, str) and not table:
        raise ArgumentError(f"{argument} must not be empty")
    if not (isinstance(table, str | os.PathLike) or hasattr(table, "read")):
        words = "a path, an open file, a data frame, an Arrow table or a mapping of columns"
        raise ArgumentError(f"{argument} must be {words}, got {describe(table)}")
    source = Source(table)
    if source.suffix == ".parquet":
        return _read_parquet(source.path())
    with broken_file(source.name):
        return read_table(source)


def _frame_columns(frame: Any, argument: str) -> Mapping[str, Sequence[object]]:
    """Return the columns of a data frame, names of its rows among them."""
    titles, index = list(frame.columns), getattr(frame, "index", None)
    if len(set(map(str, titles))) < len(titles):
        raise ArgumentError(f"{argument} must have columns of different names, got {titles}")
    numbered = index is None or index.dtype.kind in "iu"
    # three rows of two ends and a weight may be numbered like their columns
    if index is not None and list(index) == titles and len(titles) > 3 * numbered:
        raise ArgumentError(
            f"{argument} must have a row for each edge, got a matrix of all pairs; "
            "networkx.from_pandas_adjacency(frame) makes a graph of it"
        )
    if index is not None and (any(index.names) or not numbered):
        frame = frame.reset_index(names="" if index.names == [None] else None)
    return {str(name): _cells(frame[name]) for name in frame.columns}


def _read_parquet(path: Path) -> Mapping[str, Sequence[object]]:
    parquet = need("pyarrow.parquet", extra="frames")
    try:
        read: Mapping[str, Sequence[Any]] = parquet.ParquetFile(path).read().to_pydict()
    except Exception as error:  # pyarrow raises whatever its reader stumbles over
        raise DamagedFileError(path, "", f"is no sound Parquet file: {error}") from error
    return read


def _cells(column: Any) -> list[object]:
    values = [v.tolist() if isinstance(v, np.ndarray) else v for v in column.to_list()]
    missing = column.isna() if hasattr(column, "isna") else [v is None or v != v for v in values]
    return [None if gap else value for value, gap in zip(values, missing, strict=True)]


def with_boxes(graph: FeatureGraph, covers: Iterable[BoxCover]) -> FeatureGraph:
    """Return the graph with a column of boxes for each covering."""
    n_nodes = graph.n_nodes
    return graph.with_attributes(**{box_column(cover, n_nodes): cover.labels for cover in covers})


def node_rows(graph: FeatureGraph, covers: Iterable[BoxCover] = ()) -> list[dict[str, Any]]:
    """Return one row per node: its label as ``id``, its attributes, and its box of each covering.

    Attributes of several columns are ``name_0``, ``name_1``, …
    """
    columns: dict[str, list[Any]] = {"id": _labels(graph)}
    for name, values in with_boxes(graph, covers).node_attributes.items():
        columns |= {key: part.tolist() for key, part in numbered(name, values).items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def edge_rows(graph: FeatureGraph) -> list[dict[str, Any]]:
    """Return one row per edge: ``source``, ``target``, and ``weight`` where edges have one."""
    names = _labels(graph)
    rows: list[dict[str, Any]] = [
        {"source": names[i], "target": names[j]} for i, j in graph.edges.tolist()
    ]
    if graph.edge_weights is not None:
        for row, weight in zip(rows, graph.edge_weights.tolist(), strict=True):
            row["weight"] = weight
    return rows


def _labels(graph: FeatureGraph) -> list[int | str]:
    return [
        label if isinstance(label, int) and not isinstance(label, bool) else str(label)
        for label in graph.node_labels
    ]


def write_node_link(
    graph: FeatureGraph, path: str | os.PathLike[str], covers: Iterable[BoxCover] = ()
) -> Path:
    """Write nodes and links as one JSON object, which d3 and ``nx.node_link_graph`` read.

    Values that JSON does not know (NaN, infinities) and missing ones are left out.
    """
    about: dict[str, Any] = {name: getattr(graph, name) for name in GRAPH_FIELDS}
    about["lengths"] = None if graph.weights is None else "weight"
    rows = {"nodes": node_rows(graph, covers), "links": edge_rows(graph)}
    whole: dict[str, Any] = {"directed": False, "multigraph": False, "graph": _known(about)}
    whole |= {name: list(map(_known, listed)) for name, listed in rows.items()}
    return write_text(path, json.dumps(whole, allow_nan=False) + "\n")


def _known(row: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in json_value(row).items() if value is not None}


def write_edges(graph: FeatureGraph, path: Target, *, titles: bool) -> None:
    """Write a line per edge: as CSV with titles, else two names and perhaps a weight.

    Raises
    ------
    ValueError
        If the graph holds what a list of edges cannot: nodes without edges, labels that are
        alike as text, or, in a file without titles, labels with spaces.
    """
    alone = int((graph.degrees == 0).sum())
    if alone:
        raise ValueError(
            f"{alone} node{'' if alone == 1 else 's'} without edges have no place in a list of "
            "edges; write .npz, .graphml or .gexf instead"
        )
    names = [str(name) for name in graph.node_labels]
    if len(set(names)) < len(names):
        raise ValueError("labels differ as values but not as text; write .npz or .graphml instead")
    rows = edge_rows(graph)
    spaced = next((name for name in names if not name or any(c.isspace() for c in name)), None)
    if spaced is not None and not titles:
        raise ValueError(f"an edge list cannot hold the label {spaced!r}; write .csv or .graphml")
    lines = (f"{' '.join(map(str, row.values()))}\n" for row in rows)
    with open_target(path) as stream:
        stream.write(format_rows(rows, ".csv") if titles else "".join(lines))
