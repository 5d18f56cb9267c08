"""Tables of nodes and edges: CSV for Gephi's import wizard, Parquet, Arrow and data frames."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from featgraph.core.checks import ArgumentError, choice, naming
from featgraph.core.files import DamagedFileError, atomic_path
from featgraph.core.package import caller_level, need
from featgraph.core.values import describe
from featgraph.graph.convert import accept_graph, open_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.io._source import Source, Target
from featgraph.io._table import GraphTable, cell_texts, column_kind, describe_graph, look_columns
from featgraph.io._target import open_target
from featgraph.io.edge_list import edge_table_graph, read_table

__all__ = ["graph_tables", "read_tables", "write_tables"]

_Columns = dict[str, Any]


def graph_tables(graph: Any, **options: Any) -> tuple[_Columns, _Columns]:
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
    labels = table.ids if table.looks.labels is None else table.looks.labels
    nodes: _Columns = {"Id": table.ids, "Label": labels}
    nodes |= {**look_columns(table.looks, "size"), **table.columns}
    return nodes, _edge_table(table)


def _edge_table(table: GraphTable) -> _Columns:
    ends = table.edges
    edges: _Columns = {
        "Source": [table.ids[i] for i in ends[:, 0].tolist()],
        "Target": [table.ids[j] for j in ends[:, 1].tolist()],
        "Type": ["Undirected"] * len(ends),
    }
    if table.weights is not None:
        edges["Weight"] = table.weights
    if table.edge_looks.labels is not None:
        edges["Label"] = table.edge_looks.labels
    return {**edges, **look_columns(table.edge_looks, "thickness"), **table.edge_columns}


def write_tables(graph: Any, nodes: Target | None, edges: Target, **options: Any) -> None:
    """Write a table of nodes and one of edges, as CSV or Parquet.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph; columns are those of ``graph_tables``.
    nodes : path, open file, or None
        Where the table of nodes goes; None writes none, and nodes without edges are lost.
    edges : path or open file
        Where the table of edges goes. Paths end in .csv (.gz may follow) or .parquet; open files
        get CSV.
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
    suffix = ".csv" if hasattr(target, "write") else _suffix(target, name)
    if suffix == ".parquet":
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


def _parquet_cells(values: Any) -> Any:
    """Return a column as lists; whole numbers beyond 64 bits as words, which are read back."""
    if not isinstance(values, np.ndarray):
        return values
    return cell_texts(values) if column_kind(values) == "biginteger" else values.tolist()


def _suffix(target: Any, name: str) -> str:
    path = Path(target)
    plain = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return choice(plain.suffix.lower(), (".csv", ".parquet"), f"suffix of {name}")


def read_tables(
    edges: Any,
    nodes: Any = None,
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
    import warnings

    columns = _columns(edges, "edges"), None if nodes is None else _columns(nodes, "nodes")
    files = [Path(table).name for table in (edges, nodes) if isinstance(table, str | Path)]
    with naming(" and ".join(files) or "edges"):
        graph, note = accept_graph(edge_table_graph(*columns), weight, as_undirected)
    if note:
        warnings.warn(note, UserWarning, stacklevel=caller_level())
    return graph


def _columns(table: Any, argument: str) -> Mapping[str, Sequence[Any]]:
    """Return the columns of any table as lists, None for missing cells."""
    if isinstance(table, Mapping):
        for name, values in table.items():
            if isinstance(values, str | bytes) or not isinstance(values, Iterable):
                told = f"{argument} must hold a list of cells under {name!r}"
                raise ArgumentError(f"{told}, got {describe(values)}")
        return {str(name): list(values) for name, values in table.items()}
    if hasattr(table, "to_pydict"):  # pyarrow
        found: Mapping[str, Sequence[Any]] = table.to_pydict()
        return found
    if hasattr(table, "to_dict") and hasattr(table, "columns"):  # pandas, polars
        return {str(name): _cells(table[name]) for name in table.columns}
    source = Source(table)
    if source.suffix == ".parquet":
        return _read_parquet(source.path())
    try:
        return read_table(source)
    except ValueError as error:
        raise ValueError(f"{source.name}: {error}") from None


def _read_parquet(path: Path) -> Mapping[str, Sequence[Any]]:
    parquet = need("pyarrow.parquet", extra="frames")
    try:
        read: Mapping[str, Sequence[Any]] = parquet.ParquetFile(path).read().to_pydict()
    except Exception as error:  # pyarrow raises whatever its reader stumbles over
        raise DamagedFileError(path, "", f"is no sound Parquet file: {error}") from error
    return read


def _cells(column: Any) -> list[Any]:
    values = column.to_list()
    missing = column.isna() if hasattr(column, "isna") else [v is None or v != v for v in values]
    return [None if gap else value for value, gap in zip(values, missing, strict=True)]
