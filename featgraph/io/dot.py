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
from featgraph.io._source import Source, Target, open_target, written
from featgraph.io._table import Looks, describe_graph, look_columns, row_texts

__all__ = ["parse_dot", "write_dot"]

_TOKEN = re.compile(
    r"""\s*(?:(?://|\#)[^\n]*\n\s*|/\*.*?\*/\s*)*(?:
        (?P<edge>--|->) | (?P<mark>[{}\[\];,=:]) | "(?P<quoted>(?:[^"\\]|\\.)*)"
      | (?P<word>-?[^\W\d]\w*|-?(?:\.\d+|\d+(?:\.\d*)?)) | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)


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
    if looks.sizes is not None:  # inches of 72 points
        found[size] = looks.sizes / 72 if size == "width" else looks.sizes
    if looks.shapes is not None:
        found["shape" if size == "width" else "style"] = looks.shapes
    return found


def parse_dot(source: Source) -> RawGraph:
    """Read one graph or digraph; subgraphs only group: their nodes and edges are read."""
    reader = _Reader(_tokens(source.text()))
    reader.read()
    for table in reader.tables.values():
        for column in table.columns.values():
            column.cells = typed_column(column.cells)
    usual = "len" if "len" in reader.edges.columns else "weight"
    return reader.graph(source.size, titles=(), usual=usual)


def _tokens(text: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    place = 0
    while not found or found[-1][0] != "end":
        match = _TOKEN.match(text, place)
        if match is None:
            line = text.count("\n", 0, place) + 1
            raise ValueError(f"line {line}: cannot be read: {text[place : place + 40]!r}")
        place, kind = match.end(), str(match.lastgroup)
        word = match[kind]
        if kind == "quoted":
            word = re.sub(r"\\(.)", lambda m: {"n": "\n"}.get(m[1], m[1]), word, flags=re.DOTALL)
        found.append((kind, word))
    return found


class _Reader(GraphReader):
    """Walks through the statements of a graph."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        super().__init__()
        self.tokens, self.at = tokens, 0
        self.place: dict[str, int] = {}

    def is_mark(self, mark: str) -> bool:
        return self.tokens[self.at] == ("mark", mark)

    def take(self) -> str:
        """Return the next name or value and step over it."""
        kind, word = self.tokens[self.at]
        if kind not in ("word", "quoted"):
            raise ValueError(f"expected a name, got {word or 'the end'!r}")
        self.at += 1
        return word

    def read(self) -> None:
        words = [word.lower() for _, word in self.tokens[:2]]
        kind = words[1] if words[0] == "strict" else words[0]
        if kind not in ("graph", "digraph"):
            raise ValueError("expected 'graph' or 'digraph'")
        self.directed = kind == "digraph"
        self.at = next((k for k, t in enumerate(self.tokens) if t == ("mark", "{")), -1)
        depth = 0
        while self.tokens[self.at][0] != "end":
            depth += self.is_mark("{") - self.is_mark("}")
            if self.tokens[self.at][0] == "mark":
                self.at += 1
            else:
                self.statement()
        if depth:
            raise ValueError("ends before the last brace closes")

    def statement(self) -> None:
        kind, word = self.tokens[self.at]
        names = [self.take()]
        if kind == "word" and word.lower() == "subgraph":
            self.at += self.tokens[self.at][0] in ("word", "quoted")
            return
        if kind == "word" and word.lower() in ("graph", "node", "edge"):
            self.attributes()  # defaults of the drawing
            return
        if self.is_mark("="):  # an attribute of the graph
            self.at += 1
            self.fields[names[0]] = self.take()
            return
        self.port()
        while self.tokens[self.at][0] == "edge":
            self.at += 1
            if self.is_mark("{") or self.tokens[self.at][1].lower() == "subgraph":
                raise ValueError("an edge to a subgraph is not read; name its nodes")
            names.append(self.take())
            self.port()
        told = self.attributes()
        for name in names:
            if name not in self.place:
                self.place[name] = len(self.place)
                self.add_node(name)
        if len(names) == 1:
            _put(self.nodes, self.place[names[0]], told)
        for pair in itertools.pairwise(names):
            self.add_edge(*pair)
            _put(self.edges, self.edges.n_rows - 1, told)

    def port(self) -> None:
        while self.is_mark(":"):
            self.at += 1
            self.take()

    def attributes(self) -> dict[str, str]:
        told: dict[str, str] = {}
        while self.is_mark("["):
            self.at += 1
            while not self.is_mark("]"):
                if self.is_mark(",") or self.is_mark(";"):
                    self.at += 1
                    continue
                key, told_value = self.take(), "true"
                if self.is_mark("="):
                    self.at += 1
                    told_value = self.take()
                told[key] = told_value
            self.at += 1
        return told


def _put(table: Table, row: int, told: dict[str, str]) -> None:
    """Give a row its values: places, colours and widths as every format knows them."""
    for key, text in told.items():
        channels = hex_channels(text) if key in ("color", "fillcolor") else None
        cells: dict[str, Any] = {"thickness" if key == "penwidth" else key: text}
        if key == "pos":
            cells = dict(zip("xyz", text.strip("!").split(","), strict=False))
        elif channels is not None:
            cells = dict(zip("rgb", map(str, channels), strict=False))
        elif key == "width":  # inches of 72 points
            cells = {"size": str(72 * float(text))}
        for name, cell in cells.items():
            table.column(name, "value").add(row, cell)
