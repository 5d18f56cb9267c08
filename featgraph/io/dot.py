"""Graphviz .dot files: written with every column, and read back."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.convert import GraphLike, open_graph
from featgraph.graph.incoming import RawGraph
from featgraph.io._reader import GraphReader, Table
from featgraph.io._streams import Source, Target, open_target, target_name
from featgraph.io._table import Looks, describe_graph, look_columns, row_texts

__all__ = ["parse_dot", "write_dot"]

_PLUS = r'"\s*\+\s*"'  # joins texts
_QUOTED = rf'"(?:[^"\\]|\\.|{_PLUS})*"|<(?:[^<>]|<[^<>]*>)*>'  # or HTML
_ID = rf"(?:{_QUOTED}|[^\W\d]\w*|-?(?:\.\d+|\d+(?:\.\d*)?))"
_COMMENT = re.compile(  # what never closes ends with the file: no search starts twice
    r"""("(?:[^"\\]|\\.)*(?:"|\Z))|(?://|\#)[^\n]*|/\*.*?(?:\*/|\Z)""", re.DOTALL
)
_HEAD = re.compile(rf"\s*(?i:strict\s+)?((?i:di)?(?i:graph))\b\s*(?:{_ID})?\s*\{{", re.DOTALL)
_TOKEN = re.compile(
    rf"""\s*(?: (?P<mark>[{{}};,]) | (?P<edge>--|->) | (?i:subgraph)\b(?:\s*{_ID})?
      | (?P<key>{_ID})\s*=\s*(?P<value>{_ID})
      | (?P<name>{_ID})(?:\s*:\s*{_ID})*  # a node, perhaps with a port
      | (?P<about>(?:\[(?:{_QUOTED}|[^\]"<])*\]\s*)+)
    )""",
    re.VERBOSE | re.DOTALL,
)
_CELL = re.compile(rf"({_ID})(?:\s*=\s*({_ID}))?", re.DOTALL)
_DEEPEST, _MOST_EDGES = 200, 10_000_000  # groups cost as many edges as pairs of their nodes
_PARTS = re.compile(rf"\\(.)|{_PLUS}", re.DOTALL)
_BARE = re.compile(r"(?!(?:node|edge|(?:di|sub)?graph|strict)\Z)[a-z_]\w*", re.A | re.I)
_ESCAPED = {"n": "\n", "\n": ""}  # Graphviz breaks long lines behind a backslash


def write_dot(graph: GraphLike, path: Target, **options: Any) -> Path:
    """Write a graph for Graphviz: places for ``neato -n``, colours as fill, columns as attributes.

    Parameters
    ----------
    graph : FeatureGraph
        Columns are those of ``write_graphml``.
    path : str, path or open file
        File to write, usually ``.dot``, whole or not at all; packed if it ends in
        ``.gz``, ``.bz2`` or ``.xz``.
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
    about = dict(table.fields)
    if about.get("lengths") == "weight":
        about["lengths"] = "len"
    names = [_quoted(name) for name in table.ids]
    nodes = {**_looks(table.looks, "width"), **table.columns}
    edges = {**_looks(table.edge_looks, "penwidth"), **table.edge_columns}
    if table.weights is not None:
        edges["len" if about.get("lengths") == "len" else "weight"] = table.weights
    with open_target(path) as out:
        out.write("graph G {\nnode [shape=circle, style=filled, fixedsize=true];\n")
        for name, value in about.items():
            out.write(f"{name}={_quoted(str(value))};\n")
        for name, row in zip(names, _rows(nodes, len(names)), strict=True):
            out.write(f"{name} [{row}];\n")
        ends = table.edges.tolist()
        for (i, j), row in zip(ends, _rows(edges, len(ends)), strict=True):
            out.write(f"{names[i]} -- {names[j]} [{row}];\n")
        out.write("}\n")
    return Path(target_name(path))


def _quoted(text: str) -> str:
    return '"' + _escaped(text) + '"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _rows(columns: dict[str, NDArray[Any]], n_rows: int) -> Any:
    # keys in quotes are refused by the reader of Graphviz files for Cytoscape
    keys = [name if _BARE.fullmatch(name) else _quoted(name) for name in columns]
    cells = [(column, f'{key}="', '" ') for key, column in zip(keys, columns.values(), strict=True)]
    return row_texts(cells, n_rows, _escaped)


def _looks(looks: Looks, size: str) -> dict[str, NDArray[Any]]:
    names = {"color": "fillcolor"} if size == "width" else {"shape": "style"}
    plain = look_columns(looks, size)
    if looks.positions is not None:
        rows = looks.positions.tolist()
        words = ["" if x != x else ",".join(map(repr, (x, *rest))) for x, *rest in rows]
        plain = {"pos": np.array(words), **{k: v for k, v in plain.items() if k not in "xyz"}}
    if size == "width" and looks.sizes is not None:
        plain[size] = looks.sizes / 72  # inches of 72 points
    return {names.get(name, name): column for name, column in plain.items()}


def parse_dot(source: Source) -> RawGraph:
    """Read one graph or digraph; subgraphs group, and an edge to one ends at all its nodes."""
    text = _COMMENT.sub(lambda m: m[1] or " " + "\n" * m[0].count("\n"), source.text())
    head = _HEAD.match(text)
    if head is None:
        raise ValueError("expected 'graph' or 'digraph'")
    reader = _Reader()
    reader.directed = len(head[1]) == len("digraph")
    place = head.end()
    while reader.open and (match := _TOKEN.match(text, place)):
        place = match.end()
        reader.take(match)
    if rest := text[place:].lstrip():
        line = text.count("\n", 0, len(text) - len(rest)) + 1
        raise ValueError(f"line {line}: cannot be read: {rest[:40]!r}")
    if reader.open:
        raise ValueError("ends before the last brace closes")
    usual = "len" if "len" in reader.edges.columns else "weight"
    return reader.graph(source.size, titles=(), usual=usual)


@dataclass
class _Braces:
    """What is open between two braces."""

    usual: dict[str, str]  # of edges
    nodes: dict[str, None] = field(default_factory=dict)
    ends: list[dict[str, None]] = field(default_factory=list)  # of the statement at hand
    joined: bool = False  # whether its last end waits for another one
    keyword: str = ""  # graph, node or edge, whose usual values come next


class _Reader(GraphReader):
    def __init__(self) -> None:
        super().__init__()
        self.row: dict[str, int] = {}  # of each node
        self.open = [_Braces({})]

    def take(self, token: re.Match[str]) -> None:
        """Take a mark, a name, the sign of an edge, a setting, or what stands in brackets."""
        now = self.open[-1]
        if token["mark"] == "{":
            self.open.append(_Braces(dict(now.usual)))
            if len(self.open) > _DEEPEST:
                raise ValueError(f"has braces inside of more than {_DEEPEST} braces")
        elif token["edge"]:
            now.joined = True
        elif token["name"]:
            self._take_name(token["name"])
        elif token["about"]:
            pairs = _CELL.findall(token["about"])
            self._finish({_word(key): _word(value) if value else "true" for key, value in pairs})
        elif token["key"] or token["mark"]:
            self._finish({})
            if token["key"]:
                self.fields[_word(token["key"])] = _word(token["value"])
            elif token["mark"] == "}":
                self.open.pop()
                if self.open:
                    self._take_end(now.nodes)

    def _take_name(self, text: str) -> None:
        name = _word(text)
        if text.lower() in ("graph", "node", "edge"):
            self._finish({})
            self.open[-1].keyword = text.lower()
            return
        if name not in self.row:
            self.row[name] = len(self.row)
            self.add_node(name)
        self._take_end({name: None})

    def _take_end(self, nodes: dict[str, None]) -> None:
        """Take a node or a group as the next end of edges, or as a statement of its own."""
        now = self.open[-1]
        if not now.joined:
            self._finish({})
        now.joined = False
        now.nodes |= nodes
        now.ends.append(nodes)

    def _finish(self, told: dict[str, str]) -> None:
        """Take the statement at hand and what is told of it; usual looks of nodes are left out."""
        now = self.open[-1]
        if now.joined:
            raise ValueError("an edge lacks an end")
        if now.keyword == "edge":
            now.usual |= told
        elif len(now.ends) == 1 and not now.keyword:
            if told.get("width"):  # inches of 72 points
                told["size"] = str(72 * float(told.pop("width")))
            for name in now.ends[0]:
                _put(self.nodes, self.row[name], told)
        told = {"shape" if k == "style" else k: text for k, text in (now.usual | told).items()}
        for one, two in itertools.pairwise(now.ends):
            if self.edges.n_rows + len(one) * len(two) > _MOST_EDGES:
                raise ValueError(f"joins groups by more than {_MOST_EDGES} edges")
            for pair in itertools.product(one, two):
                self.add_edge(*pair)
                _put(self.edges, self.edges.n_rows - 1, told)
        now.ends, now.keyword = [], ""


def _word(text: str) -> str:
    if not text.startswith('"'):
        return text[1:-1] if text.startswith("<") else text
    return _PARTS.sub(lambda m: _ESCAPED.get(m[1], m[1] or ""), text[1:-1])


def _put(table: Table, row: int, told: dict[str, str]) -> None:
    """Give a row its values: places, colours and widths as every format knows them."""
    for key, text in told.items():
        filled = key == "fillcolor" or (key == "color" and "fillcolor" not in told)
        if filled and table.put_color(text, row):
            continue
        cells: dict[str, Any] = {"thickness" if key == "penwidth" else key: text}
        if key == "pos" and " " not in text:  # the course of an edge has many points
            cells = dict(zip("xyz", text.strip("!").split(","), strict=False))
        for name, cell in cells.items():
            table.column(name, "guess").add(row, cell)
