"""GML files: bracketed text, read as data and never run."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from featgraph.graph.incoming import RawGraph, attribute_column, take_names, whole_labels
from featgraph.io._looks import hex_channels
from featgraph.io._source import Source

__all__ = ["parse_gml"]

_TOKEN = re.compile(
    r"""\s*(?:\#[^\n]*\n\s*)*(?:
        (?P<real>[+-]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?)
                |[+-](?i:nan|inf|infinity)\b)
      | (?P<key>[A-Za-z_][0-9A-Za-z_]*)
      | (?P<whole>[+-]?[0-9]+)
      | "(?P<string>[^"]*)"
      | (?P<open>\[) | (?P<close>\])
      | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_NUMBER_WORDS = {"nan", "inf", "infinity"}
_LIST_START = "_networkx_list_start"  # networkx begins a list of one item with it
_Pairs = list[tuple[str, Any]]


def parse_gml(source: Source) -> RawGraph:
    """Read the one graph of a GML file; labels where they are distinct, else ids."""
    top = _parse(source.text())
    graphs = [value for key, value in top if key.lower() == "graph" and isinstance(value, list)]
    if len(graphs) != 1:
        raise ValueError(f"must hold 1 'graph [...]', holds {len(graphs)}")
    left_out: dict[str, None] = {}
    nodes, edges = (
        [_record(value, left_out) for key, value in graphs[0] if key == kind and _is_block(value)]
        for kind in ("node", "edge")
    )
    place: dict[Any, int] = {}
    for node in nodes:
        name = node.get("id")
        if name is None or isinstance(name, list) or name in place:
            raise ValueError(f"node needs an id of its own, got {name!r}")
        place[name] = len(place)
    try:
        pairs = [(place[edge["source"]], place[edge["target"]]) for edge in edges]
    except (KeyError, TypeError) as error:
        raise ValueError(f"an edge lacks an end or names no node: {error}") from None
    columns = {key: attribute_column(cells) for key, cells in _table(nodes, {"id"}).items()}
    kept = {key: column for key, column in columns.items() if column is not None}
    left_out |= dict.fromkeys(key for key in columns if key not in kept)
    ids = [str(name) for name in place]
    labels = take_names(kept, ("label", "name"), ids)
    if labels is not ids:
        kept.pop("label" if list(map(str, kept.get("label", ()))) == labels else "name")
    told = ", ".join(map(repr, left_out))
    return RawGraph(
        edges=np.array(pairs, dtype=np.int64).reshape(-1, 2),
        n_nodes=len(nodes),
        directed=any(key == "directed" and value == 1 for key, value in graphs[0]),
        labels=whole_labels(labels),
        edge_values=_table(edges, {"source", "target"}),
        attributes=kept,
        notes=[f"left out {told}: neither a value nor a list of numbers"] if left_out else [],
    )


def _parse(text: str) -> _Pairs:
    """Return the nested lists of a GML file, with a stack instead of recursion."""
    top: _Pairs = []
    stack = [top]
    key: str | None = None
    place = 0
    while True:
        match = _TOKEN.match(text, place)
        if match is None:
            line = text.count("\n", 0, place) + 1
            raise ValueError(f"line {line}: cannot be read: {text[place : place + 40]!r}")
        place, kind = match.end(), match.lastgroup
        if kind == "key" and key is not None and match["key"].lower() in _NUMBER_WORDS:
            kind = "real"
        if kind == "key" and key is None:
            key = match["key"]
        elif kind == "close" and key is None and len(stack) > 1:
            stack.pop()
        elif kind == "end" and key is None and len(stack) == 1:
            return top
        elif key is None or kind in ("key", "close", "end", None):
            line = text.count("\n", 0, place) + 1
            raise ValueError(f"line {line}: expected a {'key' if key is None else 'value'}")
        else:
            value: Any = [] if kind == "open" else _value(kind, match[match.lastgroup or 0])
            stack[-1].append((key, value))
            if kind == "open":
                stack.append(value)
            key = None


def _value(kind: str, word: str) -> Any:
    if kind == "string":
        return html.unescape(word)
    return float(word) if kind == "real" else int(word)


def _is_block(value: Any) -> bool:
    """Tell a bracketed list of pairs from a value."""
    return isinstance(value, list)


def _record(pairs: _Pairs, left_out: dict[str, None]) -> dict[str, Any]:
    """Return a node or an edge: a key that repeats as a list, ``graphics`` as looks."""
    record: dict[str, Any] = {}
    listed: set[str] = set()
    for key, value in pairs:
        if _is_block(value):
            if key == "graphics":
                record |= _graphics(dict(value))
            else:
                left_out[key] = None
        elif value == _LIST_START:
            record[key] = []
            listed.add(key)
        elif key in listed:
            record[key].append(value)
        elif key in record:
            record[key] = [record[key], value]
            listed.add(key)
        else:
            record[key] = value
    return record


def _graphics(drawn: dict[str, Any]) -> dict[str, Any]:
    """Return what Gephi and yEd draw: place, size (of squares and discs), colour, shape."""
    looks: dict[str, Any] = {}
    if "x" in drawn and "y" in drawn:
        looks["position"] = [float(drawn[axis]) for axis in "xyz" if axis in drawn]
    if drawn.get("w") is not None and drawn.get("w") == drawn.get("h"):
        looks["size"] = float(drawn["w"])
    channels = hex_channels(str(drawn.get("fill", "")))
    if channels is not None:
        looks["color"] = channels[:3]
    if "type" in drawn:
        looks["shape"] = str(drawn["type"])
    if "width" in drawn:
        looks["thickness"] = float(drawn["width"])
    return looks


def _table(records: Sequence[dict[str, Any]], own: set[str]) -> dict[str, list[Any]]:
    keys = dict.fromkeys(key for record in records for key in record if key not in own)
    return {key: [record.get(key) for record in records] for key in keys}
