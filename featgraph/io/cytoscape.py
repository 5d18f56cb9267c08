"""Cytoscape.js JSON (.cyjs): elements with data and places, as Cytoscape opens and saves them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from featgraph.graph.convert import open_graph
from featgraph.graph.incoming import RawGraph
from featgraph.graph.outgoing import GRAPH_FIELDS
from featgraph.io._columns import Table
from featgraph.io._reader import GraphReader
from featgraph.io._source import Source, Target
from featgraph.io._table import Looks, describe_graph, look_columns
from featgraph.io._target import open_target, written

__all__ = ["parse_cytoscape", "write_cytoscape"]

_OWN = {"id", "source", "target", "SUID", "shared_name", "selected"}


def write_cytoscape(graph: Any, path: Target, **options: Any) -> Path:
    """Write a graph as Cytoscape.js JSON, places and all columns included.

    Parameters
    ----------
    graph : FeatureGraph
        Columns are those of ``write_graphml``; colours stand in ``color`` as ``#rrggbb``, which
        a passthrough mapping of Cytoscape takes.
    path : str, path or open file
        File to write, usually ``.cyjs``, whole or not at all; packed if it ends in ``.gz``.
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
    down, so y is written with the other sign and read back with it.

    Examples
    --------
    >>> import io, networkx
    >>> _ = write_cytoscape(networkx.path_graph(2), out := io.StringIO())
    >>> sorted(json.loads(out.getvalue())["elements"])
    ['edges', 'nodes']
    """
    graph = open_graph(graph, weights=True)
    table = describe_graph(graph, **options)
    looks, edge_looks = table.looks, table.edge_looks
    nodes = _records(
        _labels(looks) | look_columns(looks, "size", places=False) | table.columns, len(table.ids)
    )
    lengths = {} if table.weights is None else {"weight": table.weights}
    between = lengths | _labels(edge_looks) | look_columns(edge_looks, "thickness")
    edges = _records(between | table.edge_columns, len(table.edges))
    elements: dict[str, list[Any]] = {"nodes": [], "edges": []}
    places = None if table.looks.positions is None else table.looks.positions.tolist()
    for i, (name, data) in enumerate(zip(table.ids, nodes, strict=True)):
        element: dict[str, Any] = {"data": {"id": name, "name": name, "value": name, **data}}
        if places is not None and all(map(math.isfinite, places[i])):
            element["position"] = {"x": places[i][0], "y": -places[i][1]}
        elements["nodes"].append(element)
    for k, ((i, j), data) in enumerate(zip(table.edges.tolist(), edges, strict=True)):
        ends = {"id": f"e{k}", "source": table.ids[i], "target": table.ids[j]}
        elements["edges"].append({"data": {**ends, **data}})
    fields = {name: getattr(graph, name) for name in GRAPH_FIELDS} | {"lengths": table.lengths}
    about = {name: value for name, value in fields.items() if value is not None}
    whole = {
        "format_version": "1.0",
        "generated_by": "featgraph",
        "data": {"name": graph.layer or "graph", **about},
        "elements": elements,
    }
    with open_target(path) as out:
        json.dump(whole, out, ensure_ascii=False, allow_nan=False)
    return written(path)


def _labels(looks: Looks) -> dict[str, NDArray[Any]]:
    return {} if looks.labels is None else {"label": looks.labels}


def _records(columns: Mapping[str, NDArray[Any]], n_rows: int) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = [{} for _ in range(n_rows)]
    for name, column in columns.items():
        for record, value in zip(records, column.tolist(), strict=True):
            there = value not in (None, "")
            if there and (not isinstance(value, float) or math.isfinite(value)):
                record[name] = value
    return records


def parse_cytoscape(source: Source) -> RawGraph:
    """Read the elements of a Cytoscape.js file, in two lists or in one."""
    whole = json.loads(source.text())
    whole = whole if isinstance(whole, dict) else {"elements": whole or None}
    elements = whole.get("elements")
    if isinstance(elements, list):
        elements = {
            "nodes": [item for item in elements if "source" not in item.get("data", {})],
            "edges": [item for item in elements if "source" in item.get("data", {})],
        }
    if not isinstance(elements, dict):
        raise ValueError("holds no 'elements', as Cytoscape.js writes nodes and edges")
    reader = GraphReader()
    reader.directed = whole.get("directed") is True  # as networkx says it
    reader.fields = whole["data"] if isinstance(whole.get("data"), dict) else {}
    nodes, edges = elements.get("nodes", ()), elements.get("edges", ())
    try:
        _take_nodes(reader, nodes)
        for element in edges:
            data = element["data"]
            reader.add_edge(str(data["source"]), str(data["target"]))
            _put(reader.edges, data, _OWN)
    except (KeyError, TypeError) as error:
        raise ValueError(f"an element lacks {error}") from None
    return reader.graph(source.size, titles=())


def _take_nodes(reader: GraphReader, nodes: Sequence[Any]) -> None:
    data = [element["data"] for element in nodes]
    # networkx asks for name and value
    own = {k for k in ("name", "value") if all(str(d.get(k)) == str(d["id"]) for d in data)}
    for element in nodes:
        reader.add_node(str(element["data"]["id"]))
        _put(reader.nodes, element["data"], own | _OWN)
        place = element.get("position")
        if isinstance(place, dict) and {"x", "y"} <= place.keys():
            reader.nodes.put("x", float(place["x"]), "value")
            reader.nodes.put("y", -float(place["y"]), "value")


def _put(table: Table, data: Mapping[str, Any], own: set[str]) -> None:
    for key, value in data.items():
        if key not in own:
            table.put(key, value, "value")
