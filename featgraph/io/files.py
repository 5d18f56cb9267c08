"""Graph files of other programs, read with care."""

from __future__ import annotations

import os
import warnings
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.parsers import expat

from numpy.typing import NDArray

from featgraph.core.arrays import read_npz
from featgraph.core.checks import choice
from featgraph.graph.convert import accept_graph, as_feature_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.incoming import RawGraph, expand_rows, matrix_graph
from featgraph.graph.storage import decode_graph
from featgraph.io._edge_lists import check_node_count, read_edge_list, read_matrix_market
from featgraph.io._text_graphs import read_gml, read_pajek
from featgraph.io._xml_graphs import read_gexf, read_graphml

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
}


def read_graph(
    path: str | os.PathLike[str],
    *,
    weight: str | None = None,
    as_undirected: bool = False,
    format: str | None = None,  # noqa: A002
) -> FeatureGraph:
    """Read a graph file; nothing in it is executed, and no header is believed unchecked.

    Parameters
    ----------
    path : str or path
        The suffix chooses the format: edge list (.edges, .edgelist, .txt, .csv, .tsv), GraphML
        (.graphml), GEXF (.gexf), GML (.gml), Pajek (.net), MatrixMarket (.mtx), NumPy archive
        (.npz, from ``FeatureGraph.save`` or ``scipy.sparse.save_npz``).
    weight : str, optional
        Name of the edge attribute to keep as weights, or "ignore" for hops. The third column of
        an edge list, the numbers of Pajek and of a matrix are called "weight". Default: a file
        with weights other than 1 is refused, because distances would be ambiguous.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions; of two opposite weights the smaller stays.
    format : str, optional
        One of "edges", "graphml", "gexf", "gml", "pajek", "mtx", "npz", whatever the suffix.

    Returns
    -------
    FeatureGraph
        Labels are those of the file (ids where there are no distinct labels), as integers if
        all are written like integers. Numbers, booleans and strings on nodes become attributes.
        ``source`` is the name of the file unless the file says another.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the format is unknown, the file is broken (the message names file, line where known,
        and rule), declares an XML document type, holds a pickle, claims more than it holds, is
        directed or carries weights without a word about it, or has no nodes.

    Warns
    -----
    UserWarning
        Once, if self-loops or repeated edges are left out.

    Notes
    -----
    Edge list: ``u v`` or ``u v weight`` per line, split at white space, commas, semicolons or
    tabs; empty lines and lines that start with # or % are skipped; a first line of titles such
    as ``source,target,weight`` too. Edges have no direction. A million edges between whole
    numbers take about a second, between words about five.

    GraphML labels are the attribute ``name`` where it is distinct (igraph), else ids; GML labels
    are ``label`` where distinct; GEXF labels are ids. x, y, z and r, g, b become the attributes
    ``position`` and ``color``.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "friends.edges"
    >>> _ = path.write_text("# who knows whom\\nann bob\\nbob eve\\n")
    >>> read_graph(path).node_labels
    ('ann', 'bob', 'eve')
    """
    path = Path(path)
    reader = _READERS[_choose_format(path, format)]
    result, note = _read(path, lambda: reader(path, weight, as_undirected))
    if note:
        warnings.warn(f"{path.name}: {note}", UserWarning, stacklevel=2)
    return result


def read_stored_graph(
    path: str | os.PathLike[str],
    name: str,
    as_undirected: bool,
) -> FeatureGraph:
    """Read a GraphML or GEXF file and keep the edge attribute ``weight`` if there is one."""
    path = Path(path)

    def accept() -> tuple[FeatureGraph, str]:
        raw = _XML_READERS[name](path)
        values = raw.edge_values.get("weight")
        raw.fields.setdefault("source", path.name)
        return accept_graph(raw, None if values is None else "weight", as_undirected)

    result, note = _read(path, accept)
    if note:
        warnings.warn(f"{path.name}: {note}", UserWarning, stacklevel=3)
    return result


def _read(path: Path, accept: Callable[[], tuple[FeatureGraph, str]]) -> tuple[FeatureGraph, str]:
    """Call ``accept`` and turn whatever a broken file raises into one line that names it."""
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    try:
        return accept()
    except (ElementTree.ParseError, expat.ExpatError, ValueError, TypeError) as error:
        told = str(error)
        told = told if path.name in told else f"{path.name}: {told}"
        raise ValueError(" ".join(told.split())) from None
    except RecursionError:
        raise ValueError(f"{path.name}: nested too deeply to be a graph") from None


def _choose_format(path: Path, format: str | None) -> str:  # noqa: A002
    if format is not None:
        return choice(format, GRAPH_FORMATS, "format")
    for name, suffixes in GRAPH_FORMATS.items():
        if path.suffix.lower() in suffixes:
            return name
    known = [suffix for suffixes in GRAPH_FORMATS.values() for suffix in suffixes]
    raise ValueError(
        f"path must end in one of {', '.join(known)}, got {path.name!r}; "
        f"or say format= one of {', '.join(GRAPH_FORMATS)}"
    )


_Reader = Callable[[Path, str | None, bool], tuple[FeatureGraph, str]]


def _reader(read: Callable[[Path], RawGraph]) -> _Reader:
    def read_and_accept(
        path: Path, weight: str | None, as_undirected: bool
    ) -> tuple[FeatureGraph, str]:
        raw = read(path)
        raw.fields.setdefault("source", path.name)
        return accept_graph(raw, weight, as_undirected)

    return read_and_accept


def _read_npz_graph(
    path: Path, weight: str | None, as_undirected: bool
) -> tuple[FeatureGraph, str]:
    arrays = read_npz(path)
    if "about" in arrays:
        return as_feature_graph(decode_graph(arrays, path.name), weight=weight), ""
    raw = _matrix_from_arrays(arrays, path, weight)
    raw.fields["source"] = path.name
    return accept_graph(raw, weight, as_undirected)


def _matrix_from_arrays(
    arrays: dict[str, NDArray[Any]], path: Path, weight: str | None
) -> RawGraph:
    """Return the graph in a file of ``scipy.sparse.save_npz``; SciPy itself never sees it."""
    try:
        kind = arrays["format"].item()
        kind = kind.decode("ascii") if isinstance(kind, bytes) else str(kind)
        shape, data = arrays["shape"].tolist(), arrays["data"]
        if not isinstance(shape, list) or len(shape) != 2 or shape[0] != shape[1]:
            raise ValueError(f"an adjacency matrix must be square, got shape {shape}")
        n_nodes = int(shape[0])
        check_node_count(n_nodes, path)
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


_XML_READERS = {"graphml": read_graphml, "gexf": read_gexf}
_READERS: dict[str, _Reader] = {
    "edges": _reader(read_edge_list),
    "graphml": _reader(read_graphml),
    "gexf": _reader(read_gexf),
    "gml": _reader(read_gml),
    "pajek": _reader(read_pajek),
    "mtx": _reader(read_matrix_market),
    "npz": _read_npz_graph,
}
