"""Graphviz .dot files: written with every column, and read back."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.convert import open_graph
from featgraph.graph.incoming import RawGraph
from featgraph.graph.outgoing import GRAPH_FIELDS
from featgraph.io._columns import Table, typed_column
from featgraph.io._looks import hex_channels
from featgraph.io._reader import GraphReader
from featgraph.io._source import Source, Target
from featgraph.io._table import Looks, describe_graph, look_columns, row_texts
from featgraph.io._target import open_target, written

__all__ = ["parse_dot", "write_dot"]

_QUOTED = r'"(?:[^"\\]|\\.)*"|<(?:[^<>]|<[^<>]*>)*>'  # or HTML
_ID = rf"(?:{_QUOTED}|[^\W\d]\w*|-?(?:\.\d+|\d+(?:\.\d*)?))"
_END = rf"{_ID}(?:\s*:\s*{_ID})*"  # a node, perhaps with a port
_COMMENT = re.compile(  # what never closes ends with the file: no search starts twice
    r"""("(?:[^"\\]|\\.)*(?:"|\Z))|(?://|\#)[^\n]*|/\*.*?(?:\*/|\Z)""", re.DOTALL
)
_HEAD = re.compile(rf"\s*(?i:strict\s+)?((?i:di)?(?i:graph))\b\s*(?:{_ID})?\s*\{{", re.DOTALL)
_STATEMENT = re.compile(
    rf"""\s*(?: (?P<mark>[{{}};,]) | (?i:subgraph)\b(?:\s*{_ID})?
      | (?P<key>{_ID})\s*=\s*(?P<value>{_ID})
      | (?P<chain>{_END}(?:\s*(?:--|->)\s*(?!(?i:subgraph)\b){_END})*)
        \s*(?P<about>(?:\[(?:{_QUOTED}|[^\]"<])*\]\s*)*)(?P<loose>--|->)?
    )""",
    re.VERBOSE | re.DOTALL,
)
_TO_SUBGRAPH = "an edge to a subgraph is not read; name its nodes"
_CELL = re.compile(rf"({_ID})(?:\s*=\s*({_ID}))?", re.DOTALL)
_ESCAPED = {"n": "\n", "\n": ""}  # Graphviz breaks long lines behind a backslash
_NAME = re.compile(rf"(?:\A|--|->)\s*({_ID})(?:\s*:\s*{_ID})*", re.DOTALL)


def write_dot(graph: Any, path: Target, **options: Any) -> Path:
    """Write a graph for Graphviz: places for ``neato -n``, colours as fill, columns as attributes.

    Parameters
    ----------
    graph : FeatureGraph
        Columns are those of ``write_graphml``.
    path : str, path or open file
        File to write, usually ``.dot``, whole or not at all; packed if it ends in ``.gz``.
    **options
        ``cover``, ``covers``, ``positions``, ``color_by``, ``size_by``, ``weight``, as in
        ``write_graphml``.

    Returns
    -------
    Path
        The path written; of an open file its name.

    Notes
    -----
    Lengths stand in ``len``, which ``neato`` draws to; Graphviz takes ``weight`` for a strength.

    Examples
    --------
    >>> import io, networkx
    >>> _ = write_dot(networkx.path_graph(2), out := io.StringIO(), color_by="degree")
    >>> print(out.getvalue().splitlines()[-2])
    "0" -- "1" [];
    """
    graph = open_graph(graph, weights=True)
    table = describe_graph(graph, **options)
    about = {name: getattr(graph, name) for name in GRAPH_FIELDS} | {"lengths": table.lengths}
    if about["lengths"] == "weight":
        about["lengths"] = "len"
    names = [_quoted(name) for name in table.ids]
    nodes = {**_looks(table.looks, "width"), **table.columns}
    edges = {**_looks(table.edge_looks, "penwidth"), **table.edge_columns}
    if table.weights is not None:
        edges["len" if table.lengths == "weight" else "weight"] = table.weights
    with open_target(path) as out:
        out.write("graph G {\nnode [shape=circle, style=filled, fixedsize=true];\n")
        for name, value in about.items():
            if value is not None:
                out.write(f"{name}={_quoted(str(value))};\n")
        for name, row in zip(names, _rows(nodes, len(names)), strict=True):
            out.write(f"{name} [{row}];\n")
        ends = table.edges.tolist()
        for (i, j), row in zip(ends, _rows(edges, len(ends)), strict=True):
            out.write(f"{names[i]} -- {names[j]} [{row}];\n")
        out.write("}\n")
    return written(path)


def _quoted(text: str) -> str:
    return '"' + _escaped(text) + '"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _rows(columns: dict[str, NDArray[Any]], n_rows: int) -> Any:
    cells = [(column, f'{_quoted(name)}="', '" ') for name, column in columns.items()]
    return row_texts(cells, n_rows, _escaped)


def _looks(looks: Looks, size: str) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {}
    if looks.labels is not None:
        found["label"] = looks.labels
    if looks.positions is not None:
        rows = looks.positions.tolist()
        words = ["" if x != x else ",".join(map(repr, (x, *rest))) for x, *rest in rows]
        found["pos"] = np.array(words)
    plain = look_columns(looks, size, places=False)
    if "color" in plain:
        found["fillcolor" if size == "width" else "color"] = plain["color"]
    if "alpha" in plain:
        found["alpha"] = plain["alpha"]
    if looks.sizes is not None:  # inches of 72 points
        found[size] = looks.sizes / 72 if size == "width" else looks.sizes
    if looks.shapes is not None:
        found["shape" if size == "width" else "style"] = looks.shapes
    return found


def parse_dot(source: Source) -> RawGraph:
    """Read one graph or digraph; subgraphs only group: their nodes and edges are read."""
    text = _COMMENT.sub(lambda m: m[1] or " " + "\n" * m[0].count("\n"), source.text())
    head = _HEAD.match(text)
    if head is None:
        raise ValueError("expected 'graph' or 'digraph'")
    reader, number = GraphReader(), dict[str, int]()
    reader.directed = len(head[1]) == len("digraph")
    place, usual_edges = head.end(), [dict[str, str]()]  # of each brace that is open
    while usual_edges and (match := _STATEMENT.match(text, place)):
        place = match.end()
        if match["mark"] == "{":
            usual_edges.append(dict(usual_edges[-1]))
        elif match["mark"] == "}":
            usual_edges.pop()
        elif match["key"]:
            reader.fields[_word(match["key"])] = _word(match["value"])
        elif match["chain"] and match["chain"].lower() not in ("graph", "node", "edge"):
            if match["loose"]:
                raise ValueError(_TO_SUBGRAPH)
            chain = list(map(_word, _NAME.findall(match["chain"])))
            _take(reader, number, chain, _told(match["about"]), usual_edges[-1])
        elif match["chain"] and match["chain"].lower() == "edge":
            usual_edges[-1].update(_told(match["about"]))
    rest = text[place:].lstrip()
    if rest.startswith(("--", "->")):
        raise ValueError(_TO_SUBGRAPH)
    if rest:
        line = text.count("\n", 0, len(text) - len(rest)) + 1
        raise ValueError(f"line {line}: cannot be read: {rest[:40]!r}")
    if usual_edges:
        raise ValueError("ends before the last brace closes")
    for table in reader.tables.values():
        for column in table.columns.values():
            column.cells = typed_column(column.cells)
    usual = "len" if "len" in reader.edges.columns else "weight"
    return reader.graph(source.size, titles=(), usual=usual)


def _word(text: str) -> str:
    if not text.startswith('"'):
        return text[1:-1] if text.startswith("<") else text
    return re.sub(r"\\(.)", lambda m: _ESCAPED.get(m[1], m[1]), text[1:-1], flags=re.DOTALL)


def _told(about: str) -> dict[str, str]:
    """Return what stands in brackets behind a node or an edge."""
    return {_word(k): _word(v) if v else "true" for k, v in _CELL.findall(about)}


def _take(
    reader: GraphReader,
    number: dict[str, int],
    names: list[str],
    told: dict[str, str],
    usual: dict[str, str],
) -> None:
    """Take one node, or the edges, with what is usual, between each node of a chain and the next.

    The usual looks of nodes are left out.
    """
    for name in names:
        if name not in number:
            number[name] = len(number)
            reader.add_node(name)
    if len(names) == 1:
        _put(reader.nodes, number[names[0]], told)
    told = {"shape" if k == "style" else k: text for k, text in (usual | told).items()}
    for pair in itertools.pairwise(names):
        reader.add_edge(*pair)
        _put(reader.edges, reader.edges.n_rows - 1, told)


def _put(table: Table, row: int, told: dict[str, str]) -> None:
    """Give a row its values: places, colours and widths as every format knows them."""
    for key, text in told.items():
        channels = hex_channels(text) if key in ("color", "fillcolor") else None
        cells: dict[str, Any] = {"thickness" if key == "penwidth" else key: text}
        if key == "pos" and " " not in text:  # the course of an edge has many points
            cells = dict(zip("xyz", text.strip("!").split(","), strict=False))
        elif channels is not None:
            cells = dict(zip("rgb", map(str, channels), strict=False))
        elif key == "width":
            cells = {"size": str(72 * float(text))} if text else {}  # inches of 72 points
        for name, cell in cells.items():
            table.column(name, "value").add(row, cell)
