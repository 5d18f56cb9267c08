"""GML and Pajek files: bracketed or sectioned text, read as data and never run."""

from __future__ import annotations

import html
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np

from featgraph.graph.incoming import RawGraph, attribute_column, take_names, whole_labels
from featgraph.io._edge_lists import check_node_count, read_text

__all__ = ["read_gml", "read_pajek"]

_TOKEN = re.compile(
    r"""\s*(?:\#[^\n]*\n\s*)*(?:
        (?P<real>[+-]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?
                       |NAN\b|INF\b))
      | (?P<key>[A-Za-z_][0-9A-Za-z_]*)
      | (?P<whole>[+-]?[0-9]+)
      | "(?P<string>[^"]*)"
      | (?P<open>\[) | (?P<close>\])
      | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_Pairs = list[tuple[str, Any]]


def _parse_gml(text: str) -> _Pairs:
    """Return the nested lists of a GML file, with a stack instead of recursion."""
    top: _Pairs = []
    stack = [top]
    key: str | None = None
    place = 0
    while True:
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(
                f"line {_line(text, place)}: cannot be read: {text[place : place + 40]!r}"
            )
        place, kind = match.end(), match.lastgroup
        if kind == "key" and key is None:
            key = match["key"]
        elif kind == "close" and key is None and len(stack) > 1:
            stack.pop()
        elif kind == "end" and key is None and len(stack) == 1:
            return top
        elif key is None or kind in ("key", "close", "end", None):
            raise ValueError(
                f"line {_line(text, place)}: expected a {'key' if key is None else 'value'}"
            )
        else:
            value: Any
            if kind == "open":
                value = []
                stack[-1].append((key, value))
                stack.append(value)
            else:
                stack[-1].append((key, _gml_value(kind, match[kind])))
            key = None


def _gml_value(kind: str, word: str) -> Any:
    if kind == "string":
        return html.unescape(word)
    return float(word) if kind == "real" else int(word)


def _line(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1


def read_gml(path: Path) -> RawGraph:
    """Read the one graph of a GML file; labels where they are distinct, else ids."""
    top = _parse_gml(read_text(path))
    graphs = [value for key, value in top if key.lower() == "graph" and isinstance(value, list)]
    if len(graphs) != 1:
        raise ValueError(f"must hold 1 'graph [...]', holds {len(graphs)}")
    nodes = [dict(value) for key, value in graphs[0] if key == "node" and isinstance(value, list)]
    edges = [dict(value) for key, value in graphs[0] if key == "edge" and isinstance(value, list)]
    place: dict[Hashable, int] = {}
    for node in nodes:
        if not isinstance(node.get("id"), int) or node["id"] in place:
            raise ValueError(f"node needs an id of its own, a whole number, got {node.get('id')!r}")
        place[node["id"]] = len(place)
    try:
        pairs = [(place[edge["source"]], place[edge["target"]]) for edge in edges]
    except KeyError as error:
        raise ValueError(f"an edge lacks an end or names no node: {error}") from None
    keys = dict.fromkeys(key for node in nodes for key in node if key != "id")
    table = {key: [node.get(key) for node in nodes] for key in keys}
    labels = take_names(table, ("label", "name"), [str(number) for number in place])
    columns = {key: attribute_column(values) for key, values in table.items()}
    return RawGraph(
        edges=np.array(pairs, dtype=np.int64).reshape(-1, 2),
        n_nodes=len(nodes),
        directed=any(key == "directed" and value == 1 for key, value in graphs[0]),
        labels=whole_labels(labels),
        edge_values={
            key: [edge.get(key) for edge in edges]
            for key in sorted({key for edge in edges for key in edge} - {"source", "target"})
        },
        attributes={key: column for key, column in columns.items() if column is not None},
    )


_PAJEK_WORD = re.compile(r'"([^"]*)"|(\S+)')


def _words(line: str) -> list[str]:
    return [match[1] if match[1] is not None else match[2] for match in _PAJEK_WORD.finditer(line)]


def read_pajek(path: Path) -> RawGraph:
    """Read a Pajek .net file: *Vertices, then *Edges, *Arcs, *Edgeslist or *Arcslist."""
    names: list[str] = []
    rows: list[tuple[int, int]] = []
    weights: list[float] = []
    section, directed = "", False
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        content = line.strip()
        if not content or content.startswith("%"):
            continue
        try:
            if content.startswith("*"):
                section = content.split()[0].lower()
                if section == "*vertices":
                    n_nodes = int(content.split()[1])
                    check_node_count(n_nodes, path)
                    names = [str(i + 1) for i in range(n_nodes)]
                elif section not in ("*network", "*edges", "*arcs", "*edgeslist", "*arcslist"):
                    raise ValueError(f"section {section[:30]!r} is not read")
                directed = directed or section.startswith("*arcs")
            else:
                _pajek_row(_words(content), section, names, rows, weights)
        except (ValueError, IndexError) as error:
            reason = (
                str(error) if isinstance(error, ValueError) else f"cannot read {content[:60]!r}"
            )
            raise ValueError(f"line {number}: {reason}") from None
    if not names:
        raise ValueError("holds no *Vertices")
    if len(set(names)) < len(names):
        names = [str(i + 1) for i in range(len(names))]
    return RawGraph(
        edges=np.array(rows, dtype=np.int64).reshape(-1, 2),
        n_nodes=len(names),
        directed=directed,
        labels=whole_labels(names),
        edge_values={"weight": weights},
    )


def _pajek_row(
    words: list[str],
    section: str,
    names: list[str],
    rows: list[tuple[int, int]],
    weights: list[float],
) -> None:
    if not section:
        raise ValueError("expected a section like *Vertices first")
    n_numbers = {"*vertices": 1, "*edges": 2, "*arcs": 2}.get(section, len(words))
    numbers = [int(word) for word in words[:n_numbers]]
    if any(not 1 <= number <= len(names) for number in numbers):
        raise ValueError(f"names a vertex outside 1 … {len(names)}")
    if section == "*vertices":
        names[numbers[0] - 1] = words[1] if len(words) > 1 else words[0]
        return
    first, *others = numbers
    if not others:
        raise ValueError("an edge needs two ends")
    rows.extend((first - 1, other - 1) for other in others)
    weighted = section in ("*edges", "*arcs") and len(words) > 2
    weights.extend(float(words[2]) if weighted else 1.0 for _ in others)
