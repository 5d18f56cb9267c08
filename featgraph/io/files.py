"""Graph files of other programs, read with care."""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

from numpy.typing import NDArray

from featgraph.core.arrays import read_npz
from featgraph.core.checks import choice
from featgraph.core.package import caller_level
from featgraph.graph.convert import accept_graph, as_feature_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.incoming import RawGraph, expand_rows, matrix_graph
from featgraph.io._source import Source, Target, broken_file

__all__ = ["GRAPH_FORMATS", "read_graph"]

#: Format to the suffixes that choose it.
GRAPH_FORMATS: dict[str, tuple[str, ...]] = {
    "edges": (".edges", ".edgelist", ".txt", ".csv", ".tsv"),
    "graphml": (".graphml",),
    "gexf": (".gexf",),
    "gml": (".gml",),
    "pajek": (".net",),
    "mtx": (".mtx",),
    "npz": (".npz",),
    "cyjs": (".cyjs",),
    "dot": (".dot", ".gv"),
}
_PARSERS = {
    "edges": ("edge_list", "parse_edge_list"),
    "graphml": ("_graphml_reader", "parse_graphml"),
    "gexf": ("_gexf_reader", "parse_gexf"),
    "gml": ("gml", "parse_gml"),
    "pajek": ("pajek", "parse_pajek"),
    "mtx": ("matrix_market", "parse_matrix_market"),
    "cyjs": ("cytoscape", "parse_cytoscape"),
    "dot": ("dot", "parse_dot"),
}


def read_graph(
    path: Target,
    *,
    weight: str | None = None,
    as_undirected: bool = False,
    format: str | None = None,  # noqa: A002
) -> FeatureGraph:
    """Read a graph file; nothing in it is executed, and no header is believed unchecked.

    Parameters
    ----------
    path : str, path or open file
        The suffix chooses the format: edge list (.edges, .edgelist, .txt, .csv, .tsv), GraphML
        (.graphml), GEXF (.gexf), GML (.gml), Pajek (.net), Matrix Market (.mtx), Cytoscape
        (.cyjs), Graphviz (.dot, .gv), NumPy archive (.npz, from ``FeatureGraph.save`` or
        ``scipy.sparse.save_npz``); .gz may follow all but the last. An open file needs
        ``format`` unless its name ends so.
    weight : str, optional
        Name of the edge attribute to keep as weights, or "ignore" for hops. The third column of
        an edge list, the numbers of Pajek and of a matrix are called "weight". Default: a file
        with weights other than 1 is refused, because distances would be ambiguous; files of
        featgraph say themselves what their weights are.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions; of two opposite weights the smaller stays.
    format : str, optional
        One of "edges", "graphml", "gexf", "gml", "pajek", "mtx", "cyjs", "dot", "npz", whatever
        the suffix.

    Returns
    -------
    FeatureGraph
        Labels are those of the file (ids where there are no distinct labels), as integers if
        all are written like integers. Numbers, booleans and strings on nodes and edges become
        attributes; whole numbers stay whole, a missing one is None.
        ``source`` is the name of the file unless the file says another.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DamagedFileError
        If the file is broken (the message names file, line where known, and rule), declares an
        XML document type, holds a pickle or claims more than it holds; a ``ValueError``.
    ValueError
        If the format is unknown, or the graph is directed or carries weights without a word
        about it, or has no nodes.

    Warns
    -----
    UserWarning
        Once, if self-loops, repeated edges or attributes of other kinds are left out, nodes are
        added that only edges name, a line is taken for titles, or a graph changes in time.

    Notes
    -----
    Edge list: ``u v`` or ``u v weight`` per line, split at white space, commas, semicolons or
    tabs; empty lines and lines that start with # or % are skipped. Line 1 holds titles if they
    are known ones (``Source,Target,Weight``) or words where numbers stand in all other lines;
    under titles Type and Weight are what Gephi takes them for. A million edges between whole
    numbers take about a second, between words about five.

    GraphML labels are the attribute ``name`` where it is distinct (igraph), else ids; GML labels
    are ``label`` where distinct; GEXF labels are ids, and a weight left out is 1. x, y, z and
    r, g, b become ``position`` and ``color``, what yEd, GML and Pajek draw too, with ``size``,
    ``shape``, ``alpha`` and, of edges, ``thickness``; NaN and "" where nothing is said. Repeated
    entries of a matrix are summed. XML is read in one pass, in memory of at most about three
    times the file.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "friends.edges"
    >>> _ = path.write_text("# who knows whom\\nann bob\\nbob eve\\n")
    >>> read_graph(path).node_labels
    ('ann', 'bob', 'eve')
    """
    result, note = _read(path, format, weight, as_undirected)
    if note:
        warnings.warn(note, UserWarning, stacklevel=caller_level())
    return result


def read_stored_graph(path: Target, format: str, as_undirected: bool) -> FeatureGraph:  # noqa: A002
    """Read a GraphML or GEXF file and keep the edge attribute ``weight`` if there is one."""
    result, note = _read(path, format, None, as_undirected, keep="weight")
    if note:
        warnings.warn(note, UserWarning, stacklevel=caller_level())
    return result


def _read(
    target: Target,
    format: str | None,  # noqa: A002
    weight: str | None,
    as_undirected: bool,
    keep: str = "",
) -> tuple[FeatureGraph, str]:
    """Read a graph; whatever a broken file raises becomes one line that names the file."""
    source = Source(target)
    kind = _choose_format(source, format)
    with broken_file(source.name):
        raw = _read_npz(source, weight) if kind == "npz" else _parse(source, kind)
    if isinstance(raw, FeatureGraph):
        return as_feature_graph(raw, weight=weight), ""
    raw.fields.setdefault("source", source.name)
    weight = keep if keep in raw.edge_values else weight
    try:
        graph, note = accept_graph(raw, weight, as_undirected)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{source.name}: {error}") from None
    return graph, note and f"{source.name}: {note}"


def _choose_format(source: Source, format: str | None) -> str:  # noqa: A002
    if format is not None:
        return choice(format, GRAPH_FORMATS, "format")
    for name, suffixes in GRAPH_FORMATS.items():
        if source.suffix in suffixes:
            return name
    known = [suffix for suffixes in GRAPH_FORMATS.values() for suffix in suffixes]
    raise ValueError(
        f"path must end in one of {', '.join(known)} (.gz may follow), got {source.name!r}; "
        f"or say format= one of {', '.join(GRAPH_FORMATS)}"
    )


def _parse(source: Source, kind: str) -> RawGraph:
    """Return the graph of a text file; only the reader of its format is loaded."""
    module, function = _PARSERS[kind]
    graph: RawGraph = getattr(import_module(f"featgraph.io.{module}"), function)(source)
    return graph


def _read_npz(source: Source, weight: str | None) -> RawGraph | FeatureGraph:
    arrays = read_npz(source.path())
    if "about" in arrays:
        return FeatureGraph.load(source.path())
    return _matrix_from_arrays(arrays, source, weight)


def _matrix_from_arrays(
    arrays: dict[str, NDArray[Any]], source: Source, weight: str | None
) -> RawGraph:
    """Return the graph in a file of ``scipy.sparse.save_npz``; SciPy itself never sees it."""
    try:
        kind = arrays["format"].item()
        kind = kind.decode("ascii") if isinstance(kind, bytes) else str(kind)
        shape, data = arrays["shape"].tolist(), arrays["data"]
        if not isinstance(shape, list) or len(shape) != 2 or shape[0] != shape[1]:
            raise ValueError(f"an adjacency matrix must be square, got shape {shape}")
        n_nodes = int(shape[0])
        source.check_node_count(n_nodes)
        if kind == "coo":
            rows, columns = arrays["row"], arrays["col"]
        elif kind in ("csr", "csc"):
            columns = arrays["indices"]
            rows = expand_rows(arrays["indptr"], columns, data.size, n_nodes, n_nodes)
        else:
            raise ValueError(f"sparse format {kind[:20]!r} is not read: csr, csc and coo are")
    except KeyError as error:
        raise ValueError(
            f"holds {sorted(arrays)[:8]}, neither a saved FeatureGraph nor a scipy sparse matrix "
            f"(no {error}); features are read by load_features"
        ) from None
    rows, columns = (columns, rows) if kind == "csc" else (rows, columns)
    return matrix_graph(rows, columns, data, n_nodes, weight)
