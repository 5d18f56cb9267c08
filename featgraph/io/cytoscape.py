"""Graphs in JSON: elements of Cytoscape.js, written and read; what others write, read."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from featgraph.graph.convert import GraphLike, open_graph
from featgraph.graph.incoming import RawGraph
from featgraph.io._reader import RESERVED_PREFIX, GraphReader
from featgraph.io._streams import Source, Target, open_target, target_name
from featgraph.io._table import column_kind, describe_graph, look_columns

__all__ = ["parse_json", "write_cytoscape"]

_OWN = {"id", "source", "target", "SUID", "shared_name", "selected"}
_AXES = ("x", "y")
_NOT_FINITE = {"NaN", "Infinity", "-Infinity"}  # as Cytoscape writes them
_INNER = ("attributes", "metadata")  # what graphology and the JSON Graph Format know of an element


def write_cytoscape(graph: GraphLike, path: Target, **options: Any) -> Path:
    """Write a graph as Cytoscape.js JSON, places and all columns included.

    Parameters
    ----------
    graph : FeatureGraph
        Columns are those of ``write_graphml``; colours stand in ``color`` as ``#rrggbb``, which
        a passthrough mapping of Cytoscape takes.
    path : str, path or open file
        File to write, usually ``.cyjs``, whole or not at all; packed if it ends in
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
    JSON has neither NaN nor infinity: such values are left out. The y axis of Cytoscape points
    down, so y is written with the other sign and read back with it; a third coordinate is a
    column, ``z``. Cytoscape calls a network that has no layer like its file, and takes numbers for
    real ones unless ``columnTypes`` says that a column is of whole ones.

    Examples
    --------
    >>> import io, networkx
    >>> _ = write_cytoscape(networkx.path_graph(2), out := io.StringIO())
    >>> sorted(json.loads(out.getvalue())["elements"])
    ['edges', 'nodes']
    """
    graph = open_graph(graph, weights=True)
    table = describe_graph(graph, **options)
    looks = look_columns(replace(table.looks, positions=None), "size")
    places = table.looks.positions
    about = looks if places is None else looks | dict(zip("z", places.T[2:], strict=False))
    about |= {RESERVED_PREFIX + n if n == "value" else n: c for n, c in table.columns.items()}
    nodes = _records(about, len(table.ids))
    lengths = {} if table.weights is None else {"weight": table.weights}
    between = lengths | look_columns(table.edge_looks, "thickness") | table.edge_columns
    edges = _records(between, len(table.edges))
    elements: dict[str, list[Any]] = {"nodes": [], "edges": []}
    spots = [()] * len(nodes) if places is None else places[:, :2].tolist()
    for name, data, spot in zip(table.ids, nodes, spots, strict=True):
        element: dict[str, Any] = {"data": {"id": name, "name": name, "value": name, **data}}
        if spot and all(map(math.isfinite, spot)):
            element["position"] = {"x": spot[0], "y": -spot[1]}
        elements["nodes"].append(element)
    for k, ((i, j), data) in enumerate(zip(table.edges.tolist(), edges, strict=True)):
        ends = {"id": f"e{k}", "source": table.ids[i], "target": table.ids[j]}
        elements["edges"].append({"data": {**ends, **data}})
    whole = {
        "format_version": "1.0",
        "generated_by": "featgraph",
        "columnTypes": {"node": _whole_columns(about), "edge": _whole_columns(between)},
        "data": ({"name": graph.layer} if graph.layer else {}) | table.fields,
        "elements": elements,
    }
    with open_target(path) as out:
        json.dump(whole, out, ensure_ascii=False, allow_nan=False)
    return Path(target_name(path))


def _whole_columns(columns: Mapping[str, NDArray[Any]]) -> list[dict[str, str]]:
    names = [name for name, column in columns.items() if column_kind(column) == "integer"]
    return [{"columnName": name, "type": "Long"} for name in names]


def _records(columns: Mapping[str, NDArray[Any]], n_rows: int) -> list[dict[str, object]]:
    records: list[dict[str, Any]] = [{} for _ in range(n_rows)]
    for name, column in columns.items():
        for record, value in zip(records, column.tolist(), strict=True):
            there = value not in (None, "")
            if there and (not isinstance(value, float) or math.isfinite(value)):
                record[name] = value
    return records


def parse_json(source: Source) -> RawGraph:
    """Read elements of Cytoscape.js, nodes and links of networkx, d3 or graphology, or JGF."""
    whole = json.loads(source.text())
    if isinstance(whole, list) and all("data" in one for one in whole if isinstance(one, dict)):
        whole = {"elements": whole}
    whole = whole if isinstance(whole, dict) else {}
    if isinstance(whole.get("graphs"), list) and len(whole["graphs"]) == 1:
        whole = {"graph": whole["graphs"][0]}
    rooms = [whole.get("elements"), whole.get("graph"), whole]
    rooms = [r for r in rooms if isinstance(r, list) or (isinstance(r, dict) and "nodes" in r)]
    inner = rooms[0] if rooms and rooms[0] else {}
    if isinstance(inner, list):
        ends = ["source" in _told(element) for element in inner]
        inner = {
            "nodes": [element for element, end in zip(inner, ends, strict=True) if not end],
            "edges": list(itertools.compress(inner, ends)),
        }
    nodes, edges = inner.get("nodes"), inner.get("links", inner.get("edges", []))
    jgf = inner is whole.get("graph")
    if isinstance(nodes, dict):
        nodes = [{"id": name, **about} for name, about in nodes.items()]
    if not isinstance(nodes, list) or not isinstance(edges, list) or "adjacency" in whole:
        raise ValueError(
            "holds no 'elements', as Cytoscape.js writes nodes and edges, nor a list of 'nodes' "
            "and one of 'links' or 'edges'"
        )
    reader = GraphReader()
    for told in (whole.get("graph"), whole.get("data")):
        reader.fields |= told if isinstance(told, dict) else {}
    directed = inner.get("directed", whole.get("directed", jgf))  # the default of JGF
    graphology = isinstance(whole.get("options"), dict)
    if graphology:
        directed = whole["options"].get("type") != "undirected"
    reader.directed = directed is True and not all(_told(e).get("undirected") for e in edges)
    _take(reader, nodes, edges, graphology)
    first = _told(*nodes[:1] or [{}])
    numbered = "id" not in first or "SUID" in first  # by networkx, rustworkx or Cytoscape
    return reader.graph(source.size, titles=("name",) if numbered else ())


def _told(element: object) -> dict[str, object]:
    """Return what is known of a node or an edge."""
    if not isinstance(element, dict):
        raise ValueError(f"expected an object for each node and edge, got {element!r:.60}")
    if isinstance(element.get("data"), dict):  # Cytoscape.js; rustworkx has ids outside
        outside = ("id", "key", "source", "target")
        return {key: element[key] for key in outside if key in element} | dict(element["data"])
    told = {key: value for key, value in element.items() if key not in _INNER}
    for key in _INNER:
        told |= element[key] if isinstance(element.get(key), dict) else {}
    return told


def _end(end: Any) -> str:
    """Return the id of an end, which d3 turns into the node itself while it draws."""
    return str(end["id"] if isinstance(end, dict) else end)


def _take(reader: GraphReader, nodes: list[Any], edges: list[Any], graphology: bool) -> None:
    missing = "null" if graphology else None  # as Gephi writes it
    told = [_told(element) for element in nodes]
    names = [str(one.get("id", one.get("key", row))) for row, one in enumerate(told)]
    own = set(_OWN)  # and what repeats it: networkx asks for name and value, graphology for key
    for key in ("name", "value", "key"):
        if [str(one.get(key)) for one in told] == names:
            own.add(key)
    for element, one, name in zip(nodes, told, names, strict=True):
        reader.add_node(name)
        place = element.get("position")
        placed = isinstance(place, dict) and {"x", "y"} <= place.keys()
        for key, value in one.items():
            if key not in own and value != missing:
                reader.nodes.put(RESERVED_PREFIX + key if placed and key in _AXES else key, value)
        if placed:
            reader.nodes.put("x", float(place["x"]))
            reader.nodes.put("y", -float(place["y"]))
    for one in map(_told, edges):
        if "source" not in one and {"from", "to"} <= one.keys():  # vis.js
            one["source"], one["target"] = one.pop("from"), one.pop("to")
        try:
            reader.add_edge(_end(one["source"]), _end(one["target"]))
        except KeyError as error:
            raise ValueError(f"an element lacks {error}") from None
        for key, value in one.items():
            if key not in _OWN and value != missing and not (graphology and key == "key"):
                reader.edges.put(key, value)
    for column in itertools.chain(reader.nodes.columns.values(), reader.edges.columns.values()):
        words = {cell for cell in column.cells if isinstance(cell, str)}
        if words and words <= _NOT_FINITE:
            column.cells = [float(c) if isinstance(c, str) else c for c in column.cells]
