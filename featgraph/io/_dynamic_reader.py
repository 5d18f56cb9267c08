"""Reading GEXF with time back into graphs."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np

from featgraph.graph.csr_graph import FeatureGraph
from featgraph.io._xml_graphs import check_prolog

__all__ = ["read_graphs"]

_NUMBERS = {"integer": int, "long": int, "float": float, "double": float}


def read_graphs(path: Path) -> dict[float, FeatureGraph]:
    """Return the graph at every time when a spell or a value begins."""
    try:
        return _read(path)
    except FileNotFoundError:
        raise
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"path {path.name!r} is no dynamic GEXF file: {reason}") from error


def _read(path: Path) -> dict[float, FeatureGraph]:
    check_prolog(path)
    root = ElementTree.parse(path).getroot()
    graph = root.find("{*}graph")
    if graph is None or graph.get("mode") != "dynamic":
        raise ValueError('holds no <graph mode="dynamic">; read_gexf reads static ones')
    formats = graph.get("timeformat", "double"), graph.get("timerepresentation", "interval")
    if formats not in (("double", "interval"), ("integer", "interval")):
        raise ValueError(f"times must be intervals of numbers, got {formats[0]}, {formats[1]}")
    kinds = {owner: _attributes(graph, owner) for owner in ("node", "edge")}
    nodes = [
        (node.attrib["id"], _values(node, kinds["node"])) for node in graph.findall(".//{*}node")
    ]
    place = {name: i for i, (name, _) in enumerate(nodes)}
    if len(place) < len(nodes) or not nodes:
        raise ValueError(f"ids of nodes must differ and be at least one, got {len(nodes)} nodes")
    edges = [
        (
            (place[edge.attrib["source"]], place[edge.attrib["target"]]),
            _spells(edge),
            _values(edge, kinds["edge"]).get("distance", []),
        )
        for edge in graph.findall(".//{*}edge")
    ]
    first = float(graph.get("start", "-inf"))
    times = {start for _, spells, _ in edges for start, _ in spells} | {
        start for _, values in nodes for rows in values.values() for start, _, _ in rows
    }
    times |= {first} if math.isfinite(first) else set()
    times |= {stop for _, spells, _ in edges for _, stop in spells} - {
        float(graph.get("end", "inf"))
    }
    found = sorted(time for time in times if math.isfinite(time)) or [0.0]
    return {time: _at(time, nodes, edges) for time in found}


def _attributes(graph: Any, owner: str) -> dict[str, tuple[str, str]]:
    """Return id to (title, type) of the columns of nodes or edges."""
    return {
        row.attrib["id"]: (row.attrib["title"], row.attrib["type"])
        for block in graph.findall("{*}attributes")
        if block.get("class") == owner
        for row in block.findall("{*}attribute")
    }


def _span(element: Any) -> tuple[float, float]:
    return float(element.get("start", "-inf")), float(element.get("end", "inf"))


def _spells(element: Any) -> list[tuple[float, float]]:
    spells = [_span(spell) for spell in element.findall(".//{*}spell")]
    return spells or [_span(element)]


def _values(element: Any, kinds: dict[str, tuple[str, str]]) -> dict[str, list[Any]]:
    """Return title to (start, end, value) of one node or edge."""
    found: dict[str, list[Any]] = {}
    for row in element.findall(".//{*}attvalue"):
        title, kind = kinds[row.attrib["for"]]
        text = row.attrib["value"]
        value: Any = text == "true" if kind == "boolean" else _NUMBERS.get(kind, str)(text)
        found.setdefault(title, []).append((*_span(row), value))
    return found


def _at(time: float, nodes: list[Any], edges: list[Any]) -> FeatureGraph:
    """Return the graph that holds just after ``time``."""
    pairs, lengths = [], []
    for pair, spells, values in edges:
        if any(start <= time < stop for start, stop in spells):
            pairs.append(pair)
            lengths.append(_now(values, time))
    titles = dict.fromkeys(title for _, values in nodes for title in values)
    columns = {
        title: _column([_now(values.get(title, []), time) for _, values in nodes])
        for title in titles
    }
    names = [name for name, _ in nodes]
    numbered = names == [str(i) for i in range(len(names))]
    weighted = bool(lengths) and all(length is not None for length in lengths)
    return FeatureGraph.from_edges(
        np.array(pairs, dtype=np.int64).reshape(-1, 2),
        n_nodes=len(nodes),
        weights=lengths if weighted else None,
        labels=None if numbered else names,
        node_attributes={title: column for title, column in columns.items() if column is not None},
    )


def _now(values: list[Any], time: float) -> Any:
    return next((value for start, stop, value in values if start <= time < stop), None)


def _column(values: list[Any]) -> Any:
    known = [value for value in values if value is not None]
    if not known:
        return None
    if len(known) == len(values):
        return np.array(values)
    if isinstance(known[0], str):
        return np.array(["" if value is None else value for value in values])
    return np.array([math.nan if value is None else float(value) for value in values])
