"""Graph files of other programs, read with care."""

from __future__ import annotations

import warnings
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from featgraph.core.arrays import read_npz
from featgraph.core.checks import choice
from featgraph.core.package import caller_level
from featgraph.graph.convert import GraphLike, accept_graph, as_feature_graph, open_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.incoming import RawGraph, expand_rows, matrix_graph
from featgraph.io._streams import Source, Target, broken_file, plain_suffix, target_name

__all__ = ["read_gexf", "read_graph", "read_graphml", "write_graph"]

#: Format to the module and the function that read it, and the suffixes that choose it.
_FORMATS = {
    "edges": ("edge_list", "parse_edge_list", ".edges .edgelist .txt .csv .tsv .ncol"),
    "graphml": ("_xml_reader", "parse_xml", ".graphml"),
    "gexf": ("_xml_reader", "parse_xml", ".gexf"),
    "gml": ("gml", "parse_gml", ".gml"),
    "pajek": ("numbered", "parse_pajek", ".net"),
    "mtx": ("numbered", "parse_matrix_market", ".mtx"),
    "npz": ("", "", ".npz"),
    "cyjs": ("cytoscape", "parse_json", ".cyjs"),
    "json": ("cytoscape", "parse_json", ".json"),
    "dot": ("dot", "parse_dot", ".dot .gv"),
    "metis": ("numbered", "parse_metis", ".metis .graph"),
    "dimacs": ("numbered", "parse_dimacs", ".col .dimacs .clq"),
}
#: Suffix to the module and the function that write it.
_WRITERS = {
    ".graphml": ("graphml", "write_graphml"),
    ".gexf": ("gexf", "write_gexf"),
    ".cyjs": ("cytoscape", "write_cytoscape"),
    ".dot": ("dot", "write_dot"),
}
#: What to do with formats that are not read; every function takes graphs of other libraries.
_CURES = {
    "read_tables reads it": ".parquet",
    "read it by igraph and pass the graph": ".lgl .dl .graphmlz .graphdb",
    "read it by networkx and pass the graph": ".g6 .s6 .leda .gw .adjlist",
    "save it as .graphml in graph-tool": ".gt",
    "save it as .graphml or .cyjs in Cytoscape": ".sif .xgmml .cys .cx .cx2 .nnf",
    "save it as .gexf or .graphml in Gephi": ".gephi .gdf .vna .tlp",
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
        The suffix chooses the format: edge list (.edges, .edgelist, .txt, .csv, .tsv, .ncol, and
        KONECT's out.*), GraphML (.graphml), GEXF (.gexf), GML (.gml), Pajek (.net), Matrix Market
        (.mtx), JSON (.json, and Cytoscape's .cyjs), Graphviz (.dot, .gv), METIS (.metis, .graph),
        DIMACS (.col, .dimacs, .clq), NumPy archive (.npz, from ``FeatureGraph.save`` or
        ``scipy.sparse.save_npz``); .gz, .bz2 or .xz may follow all but the last. An open file
        needs ``format`` unless its name ends so; a named pipe is read once.
    weight : str, optional
        Name of the edge attribute to keep as weights, or "ignore" for hops. The third column of
        an edge list, the numbers of Pajek, METIS, DIMACS and a matrix are called "weight".
        Default: a file with weights other than 1 is refused, because distances would be
        ambiguous; files of featgraph say themselves what their weights are.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions; of two opposite weights the smaller stays.
    format : str, optional
        One of "edges", "graphml", "gexf", "gml", "pajek", "mtx", "cyjs", "json", "dot", "metis",
        "dimacs", "npz", or a suffix above without its dot ("csv"), whatever the name.

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
    return _read(path, format, weight, as_undirected)


def read_graphml(path: Target, *, as_undirected: bool = False) -> FeatureGraph:
    """Read a GraphML file, with the edge attribute ``weight`` as weights if there is one.

    Parameters
    ----------
    path : str, path or open file
        File to read, perhaps packed (``.gz``, ``.bz2``, ``.xz``).
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.

    Returns
    -------
    FeatureGraph
        As ``read_graph`` gives it.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is broken, declares a document type, or is directed.

    Examples
    --------
    >>> import tempfile
    >>> path = tempfile.mkdtemp() + "/pair.graphml"
    >>> _ = write_graph(FeatureGraph.from_edges([(0, 1)], weights=[0.5]), path)
    >>> read_graphml(path).edge_weights
    array([0.5])
    """
    return _read(path, "graphml", None, as_undirected, keep="weight")


def read_gexf(path: Target, *, as_undirected: bool = False) -> FeatureGraph:
    """Read a GEXF file, 1.1 to 1.3, with the edge attribute ``weight`` as weights if it is there.

    Parameters
    ----------
    path, as_undirected
        As in ``read_graphml``.

    Returns
    -------
    FeatureGraph
        As ``read_graph`` gives it, all times at once; see ``read_dynamic_gexf``.

    Raises
    ------
    FileNotFoundError, ValueError
        As in ``read_graphml``.

    Examples
    --------
    >>> import tempfile
    >>> path = tempfile.mkdtemp() + "/pair.gexf"
    >>> _ = write_graph(FeatureGraph.from_edges([(0, 1)]), path, positions=[[0, 0], [1, 2]])
    >>> read_gexf(path).node_attributes["position"].tolist()
    [[0.0, 0.0], [1.0, 2.0]]
    """
    return _read(path, "gexf", None, as_undirected, keep="weight")


def _read(
    target: Target,
    format: str | None,  # noqa: A002
    weight: str | None,
    as_undirected: bool,
    keep: str = "",
) -> FeatureGraph:
    """Read a graph; whatever a broken file raises becomes one line that names the file."""
    source = Source(target)
    kind = _choose_format(source, format)
    with broken_file(source.name):
        raw = _read_npz(source, weight) if kind == "npz" else _load(*_FORMATS[kind][:2])(source)
    if isinstance(raw, FeatureGraph):
        return as_feature_graph(raw, weight=weight)
    raw.fields.setdefault("source", source.name)
    weight = keep if keep in raw.edge_values else weight
    if kind == "gexf" and weight == "weight":  # left out where all are 1
        raw.edge_values = {"weight": np.ones(len(raw.edges)), **raw.edge_values}
    try:
        graph, note = accept_graph(raw, weight, as_undirected)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{source.name}: {error}") from None
    if note:
        warnings.warn(f"{source.name}: {note}", UserWarning, stacklevel=caller_level())
    return graph


def _choose_format(source: Source, format: str | None) -> str:  # noqa: A002
    if format in _FORMATS:
        return format
    suffix = source.suffix if format is None else f".{format}"
    for name, (*_, suffixes) in _FORMATS.items():
        if suffix in suffixes.split():
            return name
    if format is not None:
        return choice(format, _FORMATS, "format")
    if source.name.startswith("out."):
        return "edges"  # a file of KONECT
    known = " ".join(suffixes for *_, suffixes in _FORMATS.values()).replace(" ", ", ")
    cure = f"say format= one of {', '.join(_FORMATS)}"
    cure = next((told for told, unread in _CURES.items() if source.suffix in unread.split()), cure)
    raise ValueError(
        f"path must end in one of {known} (.gz, .bz2 or .xz may follow), got {source.name!r}; "
        f"{cure}"
    )


def _load(module: str, function: str) -> Any:
    """Return a reader or a writer; only the module of its format is loaded."""
    return getattr(import_module(f"featgraph.io.{module}"), function)


def _read_npz(source: Source, weight: str | None) -> RawGraph | FeatureGraph:
    """Return a graph that was saved, or that of ``scipy.sparse.save_npz``, unseen by SciPy."""
    arrays = read_npz(source.path())
    if "about" in arrays:
        return FeatureGraph.load(source.path())
    try:
        kind = arrays["format"].item()
        kind = kind.decode("ascii") if isinstance(kind, bytes) else str(kind)
        shape = arrays["shape"].ravel().tolist()
        if len(shape) != 2 or shape[0] != shape[1]:
            raise ValueError(f"an adjacency matrix must be square, got shape {shape}")
        n_nodes = int(shape[0])
        source.check_node_count(n_nodes)
        data = arrays["data"]
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


def write_graph(
    graph: GraphLike,
    path: Target,
    *,
    format: str | None = None,  # noqa: A002
    **options: Any,
) -> Path:
    """Write a graph in the format that the name of the file says.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph.
    path : str, path or open file
        Ends in .graphml, .gexf, .cyjs (Cytoscape), .dot (Graphviz), each perhaps with .gz, .bz2
        or .xz behind it, or in .npz (the graph alone, as ``FeatureGraph.save`` writes it).
    format : str, optional
        "graphml", "gexf", "cyjs", "dot" or "npz", whatever the name.
    **options
        What ``write_graphml`` takes: ``cover``, ``covers``, ``positions``, ``color_by``,
        ``size_by``, ``weight``.

    Returns
    -------
    Path
        The path written; of an open file its name.

    Raises
    ------
    ValueError
        If the suffix or the format is unknown, or an option does not fit the graph.

    Examples
    --------
    >>> import io, networkx
    >>> _ = write_graph(networkx.path_graph(2), out := io.BytesIO(), format="gexf")
    >>> out.getvalue()[:5]
    b'<?xml'
    """
    name = target_name(path)
    suffix = plain_suffix(name) if format is None else f".{format}"
    choice(suffix, (*_WRITERS, ".npz"), "suffix of the path" if format is None else "format")
    if suffix == ".npz":
        return open_graph(graph, weights=True).save(name)
    written: Path = _load(*_WRITERS[suffix])(graph, path, **options)
    return written
