"""GraphML that Gephi opens ready-coloured, and that networkx and igraph read as well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.convert import takes_any_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.outgoing import GRAPH_FIELDS, EdgeWeight
from featgraph.io._source import Target
from featgraph.io._table import (
    GraphTable,
    Looks,
    Positions,
    color_channels,
    column_kind,
    describe_graph,
    row_texts,
)
from featgraph.io._target import open_target, written
from featgraph.io._xml import XmlWriter, clean_text, escape_text, escape_value
from featgraph.io.files import read_stored_graph

if TYPE_CHECKING:
    from featgraph.boxes.cover import BoxCover

__all__ = ["read_graphml", "write_graphml"]

TYPES = {
    "boolean": "boolean",
    "integer": "long",
    "biginteger": "long",  # the format has no wider type, and readers of text take any length
    "double": "double",
    "string": "string",
}


@takes_any_graph(weights=True)
def write_graphml(
    graph: FeatureGraph,
    path: Target,
    *,
    cover: BoxCover | None = None,
    covers: Mapping[Any, BoxCover] | Iterable[BoxCover] = (),
    positions: Positions = "auto",
    color_by: str | None = None,
    size_by: str | None = None,
    weight: EdgeWeight = "given",
) -> Path:
    """Write a graph as GraphML, with colours, sizes and positions that Gephi shows at once.

    Parameters
    ----------
    graph : FeatureGraph
        Every node gets ``degree``, ``core_number``, ``layer`` if the graph has one, and the
        graph's own attributes; of two-dimensional ones up to 4 columns are written as
        ``name_0``, ``name_1``, …, wider ones are left out. Attributes of edges likewise.
    path : str, path or open file
        File to write, whole or not at all; packed with gzip if it ends in ``.gz``.
    cover : BoxCover, optional
        Boxes that give the colours, and the column ``box_l3`` (diameter boxes, ℓ = 3) or
        ``box_r2`` (radius boxes, r = 2).
    covers : mapping or iterable of BoxCover, optional
        More coverings, a column each.
    positions : array-like of float, shape (n_nodes, 2) or (n_nodes, 3), or None, default="auto"
        Where nodes stand, written as they are (Gephi's unit is about a point on the screen).
        Default: the node attribute ``position``, else a cheap layout (``graph.layout``); None
        writes no places.
    color_by : str, optional
        Column that gives the colours: real numbers get a scale, others a colour per value.
        Default: ``cover``, else the node attribute ``color``, else ``community`` (Leiden), which
        is computed and written only where colours come from it.
    size_by : str, optional
        Column that gives the sizes, 4 … 24 by area. Default: the node attribute ``size``, else
        ``degree``.
    weight : {"given", "similarity", "none"}, default="given"
        Edge key ``weight``: the weights of ``graph``, or 1 − distance/ε, which is what Gephi's
        layouts and statistics take a weight for (``distance`` then stands beside it), or none.

    Returns
    -------
    Path
        The path written; of an open file its name.

    Raises
    ------
    ValueError
        If a column is unknown, or boxes or positions do not fit the nodes.

    Notes
    -----
    Gephi takes node keys called label, x, y, z, size, r, g, b (whole numbers 0 … 255) and the
    edge key weight for what they say, and also the ids d3 and d7 for labels. So all keys are
    written with names as ids, and an attribute with such a name is called ``attribute_size``.
    Colours, sizes, places, shapes and labels that were read are what is written. Missing values
    have no entry, and a column without any value is left out; infinities are written as
    Infinity, numbers below 2.3e-308 as 0 (igraph refuses them). The graph says which edge key
    holds lengths, so ``read_graph`` needs no word about them. Time O(n_nodes + n_edges).

    Examples
    --------
    >>> import tempfile
    >>> path = tempfile.mkdtemp() + "/pair.graphml"
    >>> _ = write_graphml(FeatureGraph.from_edges([(0, 1)]), path)
    >>> read_graphml(path).node_attributes["degree"]
    array([1, 1])
    """
    table = describe_graph(
        graph,
        cover=cover,
        covers=covers,
        positions=positions,
        color_by=color_by,
        size_by=size_by,
        weight=weight,
    )
    with open_target(path) as out:
        xml = XmlWriter(out)
        with xml.element("graphml", {"xmlns": "http://graphml.graphdrawing.org/xmlns"}):
            _write_body(xml, graph, table)
    return written(path)


def read_graphml(path: Target, *, as_undirected: bool = False) -> FeatureGraph:
    """Read a GraphML file with all node attributes; an edge attribute ``weight`` is kept.

    Parameters
    ----------
    path : str, path or open file
        File to read, packed with gzip if it ends in ``.gz``. A document type (``<!DOCTYPE``)
        is refused: it can define entities.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.

    Returns
    -------
    FeatureGraph
        As ``read_graph`` gives it.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is broken, declares a document type, or is directed.

    Examples
    --------
    >>> import tempfile
    >>> path = tempfile.mkdtemp() + "/pair.graphml"
    >>> _ = write_graphml(FeatureGraph.from_edges([(0, 1)], weights=[0.5]), path)
    >>> read_graphml(path).edge_weights
    array([0.5])
    """
    return read_stored_graph(path, "graphml", as_undirected)


def _look_columns(table: GraphTable, looks: Looks, size: str) -> dict[str, NDArray[Any]]:
    """Return the columns that Gephi shows, by their reserved names."""
    found: dict[str, NDArray[Any]] = {}
    if looks.labels is not None:
        found["label"] = looks.labels
    elif looks is table.looks:
        found["label"] = np.array(table.ids)
    if looks.positions is not None:
        found.update(zip("xyz", looks.positions.T, strict=False))
    if looks.colors is not None:
        found.update(zip("rgb", color_channels(looks.colors).T, strict=True))
    for name, column in (("alpha", looks.alpha), (size, looks.sizes), ("shape", looks.shapes)):
        if column is not None:
            found[name] = column
    return found


def _key_ids(names: Iterable[str], prefix: str, taken: set[str]) -> dict[str, str]:
    """Return an id per column that says its name and is no other key's; ``taken`` grows."""
    ids = {}
    for name in names:
        ids[name] = re.sub(r"[^\w.-]", "_", clean_text(name)) or "_"
        while ids[name] in taken:
            ids[name] = f"{prefix}_{ids[name]}"
        taken.add(ids[name])
    return ids


def _write_body(xml: XmlWriter, graph: FeatureGraph, table: GraphTable) -> None:
    fields = {name: getattr(graph, name) for name in GRAPH_FIELDS} | {"lengths": table.lengths}
    fields = {f"graph_{name}": value for name, value in fields.items() if value is not None}
    columns = {**_look_columns(table, table.looks, "size"), **table.columns}
    edges = {} if table.weights is None else {"weight": table.weights}
    edges |= {**_look_columns(table, table.edge_looks, "thickness"), **table.edge_columns}
    taken = {*fields, "weight"}
    ids = _key_ids(columns, "node", taken)
    edge_ids = _key_ids(edges, "edge", taken - {"weight"})
    for key in fields:
        kind = "double" if key == "graph_epsilon" else "string"
        _write_key(xml, key, key.removeprefix("graph_"), "graph", kind)
    for name, column in columns.items():
        kind = "int" if name in ("r", "g", "b") else TYPES[column_kind(column)]
        _write_key(xml, ids[name], name, "node", kind)
    for name, column in edges.items():
        kind = "int" if name in ("r", "g", "b") else TYPES[column_kind(column)]
        _write_key(xml, edge_ids[name], name, "edge", kind)
    names = [escape_value(name) for name in table.ids]
    with xml.element("graph", {"id": "G", "edgedefault": "undirected"}):
        for key, value in fields.items():
            xml.leaf("data", {"key": key}, str(value))
        for name, row in zip(names, _rows(columns, ids, len(names)), strict=True):
            xml.write(f'<node id="{name}">\n{row}</node>\n')
        rows = _rows(edges, edge_ids, len(table.edges))
        for (i, j), row in zip(table.edges.tolist(), rows, strict=True):
            xml.write(f'<edge source="{names[i]}" target="{names[j]}">\n{row}</edge>\n')


def _rows(columns: Mapping[str, NDArray[Any]], ids: Mapping[str, str], n_rows: int) -> Any:
    cells = [
        (column, f'<data key="{escape_value(ids[name])}">', "</data>\n")
        for name, column in columns.items()
    ]
    return row_texts(cells, n_rows, escape_text)


def _write_key(xml: XmlWriter, key: str, name: str, domain: str, kind: str) -> None:
    xml.leaf("key", {"id": key, "for": domain, "attr.name": name, "attr.type": kind})
