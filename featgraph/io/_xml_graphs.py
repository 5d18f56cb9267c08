"""GraphML and GEXF files, parsed only after a look that finds no document type in them."""

from __future__ import annotations

import contextlib
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.incoming import RawGraph, attribute_column, take_names, whole_labels
from featgraph.graph.outgoing import GRAPH_FIELDS

__all__ = ["RESERVED_PREFIX", "check_prolog", "read_gexf", "read_graphml"]

#: An attribute whose name Gephi would take for something else is written with this prefix.
RESERVED_PREFIX = "attribute_"

_TRUE = {"true": True, "1": True, "false": False, "0": False}


def _boolean(text: str) -> bool:
    if text.strip().lower() not in _TRUE:
        raise ValueError(f"expected true or false, got {text[:40]!r}")
    return _TRUE[text.strip().lower()]


_CONVERTERS: dict[str, Callable[[str], Any]] = {
    "boolean": _boolean,
    "int": int,
    "integer": int,
    "long": int,
    "short": int,
    "float": float,
    "double": float,
}


class _RootReached(Exception):
    """Ends the look at a prolog."""


def check_prolog(path: Path) -> None:
    """Refuse a document type: entities in it can fill the memory or read other files.

    The standard puts it before the root element. Both handlers raise, so that nothing after
    them is parsed, the attributes of the root least of all.
    """

    def refuse(*_: object) -> None:
        raise ValueError(
            "declares a document type (<!DOCTYPE …>), which could define entities, and is refused; "
            "remove that line if you trust the file"
        )

    def stop(*_: object) -> None:
        raise _RootReached

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = stop
    with path.open("rb") as stream, contextlib.suppress(_RootReached):
        parser.ParseFile(stream)


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]


class _Table:
    """Node or edge records, turned into columns as they come."""

    def __init__(self) -> None:
        self.columns: dict[str, list[Any]] = {}
        self.n_rows = 0

    def add(self, record: dict[str, Any]) -> None:
        for name, value in record.items():
            self.columns.setdefault(name, [None] * self.n_rows).append(value)
        self.n_rows += 1
        for column in self.columns.values():
            if len(column) < self.n_rows:
                column.append(None)


def _read_elements(
    path: Path,
    read_record: Callable[[Any], dict[str, Any]],
    read_other: Callable[[Any], None],
) -> tuple[_Table, _Table]:
    """Walk through a file and return node and edge records; memory is that of the records."""
    check_prolog(path)
    tables = {"node": _Table(), "edge": _Table()}
    graph: Any = None
    inside = 0
    for event, element in ElementTree.iterparse(path, events=("start", "end")):
        tag = _local(element.tag)
        if event == "start":
            if tag == "graph" and graph is not None:
                raise ValueError("holds more than one <graph>, or one inside another")
            if tag in ("hyperedge", "port") or (tag in tables and inside):
                raise ValueError(f"holds a <{tag}> that is no part of a simple graph")
            graph = element if tag == "graph" else graph
            inside += tag in tables
        elif tag in tables:
            inside -= 1
            tables[tag].add(read_record(element))
            element.clear()
        elif not inside:
            read_other(element)
    if graph is None:
        raise ValueError("holds no <graph>")
    return tables["node"], tables["edge"]


def _value(text: str | None, kind: str, name: str) -> Any:
    try:
        return _CONVERTERS.get(kind, str)(text or "")
    except ValueError:
        raise ValueError(f"attribute {name!r} must be of type {kind}, got {text!r:.60}") from None


def read_graphml(path: Path) -> RawGraph:
    """Read the one graph of a GraphML file."""
    keys: dict[tuple[str, str], tuple[str, str]] = {}
    defaults: dict[str, dict[str, Any]] = {"node": {}, "edge": {}, "graph": {}}
    fields: dict[str, Any] = {}

    def read_data(element: Any, domain: str) -> tuple[str, Any]:
        key = str(element.get("key"))
        name, kind = keys.get((domain, key), (key, "string"))
        return name, _value(element.text, kind, name)

    def read_record(element: Any) -> dict[str, Any]:
        tag = _local(element.tag)
        data = (read_data(child, tag) for child in element if _local(child.tag) == "data")
        ends = {name: element.get(name) for name in ("id", "source", "target", "directed")}
        return {**defaults[tag], **dict(data), **{k: v for k, v in ends.items() if v is not None}}

    def read_other(element: Any) -> None:
        tag = _local(element.tag)
        if tag == "data":
            name, value = read_data(element, "graph")
            fields[name] = value
        elif tag == "graph":
            fields["edgedefault"] = element.get("edgedefault")
        elif tag == "key":
            name = str(element.get("attr.name", element.get("id")))
            kind = str(element.get("attr.type", "string"))
            domains = [d for d in defaults if element.get("for", "all") in (d, "all")]
            for domain in domains:
                keys[domain, str(element.get("id"))] = (name, kind)
                for child in element:
                    if _local(child.tag) == "default":
                        defaults[domain][name] = _value(child.text, kind, name)

    nodes, edges = _read_elements(path, read_record, read_other)
    usual = str(fields.pop("edgedefault") == "directed")
    edges.columns.pop("id", None)
    told = edges.columns.pop("directed", [None] * edges.n_rows)
    return _finish(nodes, edges, [_boolean(usual if d is None else d) for d in told], fields)


def read_gexf(path: Path) -> RawGraph:
    """Read the graph of a GEXF file, colours, sizes and positions included."""
    titles: dict[tuple[str, str], tuple[str, str]] = {}
    defaults: dict[str, dict[str, Any]] = {"node": {}, "edge": {}}
    fields: dict[str, Any] = {}

    def read_record(element: Any) -> dict[str, Any]:
        tag = _local(element.tag)
        record = dict(defaults[tag])
        record.update(element.attrib)
        if "weight" in record:
            record["weight"] = _value(record["weight"], "double", "weight")
        for child in element.iter():
            part = _local(child.tag)
            if part == "attvalue":
                key = str(child.get("for", child.get("id")))
                name, kind = titles.get((tag, key), (key, "string"))
                record[name] = _value(child.get("value"), kind, name)
            elif part == "size":
                record["size"] = _value(child.get("value"), "double", "size")
            elif part in ("position", "color"):
                kind = "double" if part == "position" else "integer"
                axes = "xyz" if part == "position" else "rgb"
                record.update({a: _value(child.get(a), kind, a) for a in axes if child.get(a)})
        return record

    def read_other(element: Any) -> None:
        tag = _local(element.tag)
        if tag == "graph":
            fields["directed"] = element.get("defaultedgetype", "undirected") == "directed"
        elif tag == "attributes":
            domain = str(element.get("class", "node"))
            for child in (c for c in element if _local(c.tag) == "attribute"):
                name, kind = str(child.get("title", child.get("id"))), str(child.get("type"))
                titles[domain, str(child.get("id"))] = (name, kind)
                for default in child:
                    if _local(default.tag) == "default" and domain in defaults:
                        defaults[domain][name] = _value(default.text, kind, name)

    nodes, edges = _read_elements(path, read_record, read_other)
    usual = "directed" if fields.pop("directed") else "undirected"
    edges.columns.pop("id", None)
    told = edges.columns.pop("type", [None] * edges.n_rows)
    return _finish(nodes, edges, [(d or usual) == "directed" for d in told], {})


def _finish(nodes: _Table, edges: _Table, directed: list[bool], fields: dict[str, Any]) -> RawGraph:
    ids = [str(name) for name in nodes.columns.pop("id", [])]
    place = {name: i for i, name in enumerate(ids)}
    if len(place) < nodes.n_rows:
        raise ValueError("every <node> needs an id of its own")
    try:
        ends = [[place[n] for n in edges.columns.pop(end, [])] for end in ("source", "target")]
    except KeyError as error:
        raise ValueError(f"an edge ends in node {error}, which is not there") from None
    names = take_names(nodes.columns, ("name",), ids)
    kept = {name: attribute_column(values) for name, values in nodes.columns.items()}
    return RawGraph(
        edges=np.array(ends, dtype=np.int64).reshape(2, -1).T,
        n_nodes=len(ids),
        directed=any(directed),
        labels=whole_labels(names),
        edge_values=edges.columns,
        attributes=_restore_looks({k: v for k, v in kept.items() if v is not None}, names),
        fields={name: fields[name] for name in GRAPH_FIELDS if name in fields},
    )


def _restore_looks(kept: dict[str, NDArray[Any]], names: Sequence[str]) -> dict[str, NDArray[Any]]:
    """Turn x, y, z and r, g, b into ``position`` and ``color``; drop labels that repeat the id."""
    for name, axes in (("position", ("x", "y", "z")), ("color", ("r", "g", "b"))):
        parts = [kept.pop(axis) for axis in axes if axis in kept and kept[axis].dtype.kind in "iuf"]
        if len(parts) >= 2:
            kept[name] = np.column_stack(parts)
    exact = [f"position_{k}" for k in range(len(kept)) if f"position_{k}" in kept]
    if len(exact) >= 2:  # as featgraph writes them beside the scaled x and y that Gephi shows
        kept["position"] = np.column_stack([kept.pop(axis) for axis in exact])
    if "label" in kept and kept["label"].tolist() == list(names):
        del kept["label"]
    return {name.removeprefix(RESERVED_PREFIX): column for name, column in kept.items()}
