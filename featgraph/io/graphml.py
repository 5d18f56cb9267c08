"""GraphML that Gephi opens ready-coloured, and that networkx and igraph read as well."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from featgraph.core.files import atomic_path
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.outgoing import GRAPH_FIELDS
from featgraph.graph.strengths import EdgeWeight
from featgraph.io._node_table import (
    NodeTable,
    cell_text,
    column_kind,
    column_rows,
    describe_nodes,
    edge_numbers,
)
from featgraph.io._xml_writer import XmlWriter, clean_text
from featgraph.io.files import read_stored_graph

if TYPE_CHECKING:
    from featgraph.boxes.cover import BoxCover

__all__ = ["read_graphml", "write_graphml"]

_TYPES = {"boolean": "boolean", "integer": "long", "double": "double", "string": "string"}


def write_graphml(
    graph: FeatureGraph,
    path: str | os.PathLike[str],
    *,
    cover: BoxCover | None = None,
    covers: Mapping[Any, BoxCover] | Iterable[BoxCover] = (),
    positions: ArrayLike | None = None,
    color_by: str | None = None,
    size_by: str | None = None,
    weight: EdgeWeight = "given",
) -> Path:
    """Write a graph as GraphML, with colours, sizes and positions that Gephi shows at once.

    Parameters
    ----------
    graph : FeatureGraph
        Every node gets ``degree``, ``core_number``, ``community`` (Leiden), ``layer`` if the
        graph has one, and the graph's own attributes; of two-dimensional ones up to 4 columns
        are written as ``name_0``, ``name_1``, …, wider ones are left out.
    path : str or path
        File to write, whole or not at all.
    cover : BoxCover, optional
        Boxes that give the colours, and the column ``box_l3`` (diameter boxes, ℓ = 3) or
        ``box_r2`` (radius boxes, r = 2).
    covers : mapping or iterable of BoxCover, optional
        More coverings, a column each.
    positions : array-like of float, shape (n_nodes, 2) or (n_nodes, 3), optional
        Where nodes stand, for example from multidimensional scaling; default: the node
        attribute ``position`` if it has this shape. Kept in columns ``position_0``, …; what
        Gephi shows (x, y, z) is centred and scaled so that nodes do not overlap.
    color_by : str, optional
        Column that gives the colours: real numbers get a scale, others a colour per value.
        Default: ``cover``, else the node attribute ``color``, else ``community``.
    size_by : str, optional
        Column that gives the sizes, 4 … 24 by area. Default: the node attribute ``size``, else
        ``degree``.
    weight : {"given", "similarity", "none"}, default="given"
        Edge key ``weight``: the weights of ``graph``, or 1 − distance/ε, which is what Gephi's
        layouts and statistics take a weight for (``distance`` then stands beside it), or none.

    Returns
    -------
    Path
        The path written.

    Raises
    ------
    ValueError
        If a column is unknown, or boxes or positions do not fit the nodes.

    Notes
    -----
    Gephi takes node keys called label, x, y, z, size, r, g, b (whole numbers 0 … 255) and the
    edge key weight for what they say, and also the ids d3 and d7 for labels. So all keys are
    written with names as ids, and an attribute with such a name is called ``attribute_size``.
    Weights of a graph from features are distances. Missing numbers (NaN) have
    no entry. Time and memory O(n_nodes + n_edges).

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "pair.graphml"
    >>> _ = write_graphml(FeatureGraph.from_edges([(0, 1)]), path)
    >>> read_graphml(path).node_attributes["degree"]
    array([1, 1])
    """
    table = describe_nodes(
        graph, cover=cover, covers=covers, positions=positions, color_by=color_by, size_by=size_by
    )
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        xml = XmlWriter(out)
        with xml.element("graphml", {"xmlns": "http://graphml.graphdrawing.org/xmlns"}):
            _write_body(xml, graph, table, weight)
    return Path(path)


def read_graphml(path: str | os.PathLike[str], *, as_undirected: bool = False) -> FeatureGraph:
    """Read a GraphML file with all node attributes; an edge attribute ``weight`` is kept.

    Parameters
    ----------
    path : str or path
        File to read. A document type (``<!DOCTYPE``) is refused: it can define entities.
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
    >>> path = Path(tempfile.mkdtemp()) / "pair.graphml"
    >>> _ = write_graphml(FeatureGraph.from_edges([(0, 1)], weights=[0.5]), path)
    >>> read_graphml(path).edge_weights
    array([0.5])
    """
    return read_stored_graph(path, "graphml", as_undirected)


def _looks(table: NodeTable) -> dict[str, Any]:
    """Return the columns that Gephi shows, by their reserved names."""
    looks: dict[str, Any] = {"label": np.array(table.ids)}
    if table.positions is not None:
        looks.update(zip("xyz", table.positions.T, strict=False))
    if table.sizes is not None:
        looks["size"] = table.sizes
    if table.colors is not None:
        looks.update(zip("rgb", table.colors.T, strict=True))
    return looks


def _key_ids(names: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """Return an id per column that says its name and is no other key's."""
    used, ids = set(taken), {}
    for name in names:
        ids[name] = re.sub(r"[^\w.-]", "_", clean_text(name)) or "_"
        while ids[name] in used:
            ids[name] = f"node_{ids[name]}"
        used.add(ids[name])
    return ids


def _write_body(xml: XmlWriter, graph: FeatureGraph, table: NodeTable, weight: EdgeWeight) -> None:
    fields = {name: getattr(graph, name) for name in GRAPH_FIELDS}
    fields = {name: value for name, value in fields.items() if value is not None}
    columns = {**_looks(table), **table.columns}
    edge_columns = edge_numbers(graph, weight)
    ids = _key_ids(columns, ["weight", "distance", *(f"graph_{name}" for name in fields)])
    for name in fields:
        _write_key(xml, f"graph_{name}", name, "graph", "double" if name == "epsilon" else "string")
    for name, column in columns.items():
        kind = "int" if name in ("r", "g", "b") else _TYPES[column_kind(column)]
        _write_key(xml, ids[name], name, "node", kind)
    for name in edge_columns:
        _write_key(xml, name, name, "edge", "double")
    with xml.element("graph", {"id": "G", "edgedefault": "undirected"}):
        for name, value in fields.items():
            _write_data(xml, f"graph_{name}", value)
        for label, row in zip(table.ids, column_rows(columns), strict=True):
            with xml.element("node", {"id": label}):
                for column, value in zip(columns, row, strict=True):
                    _write_data(xml, ids[column], value)
        for k, (i, j) in enumerate(graph.edges.tolist()):
            with xml.element("edge", {"source": table.ids[i], "target": table.ids[j]}):
                for name, values in edge_columns.items():
                    _write_data(xml, name, values[k])


def _write_key(xml: XmlWriter, key: str, name: str, domain: str, kind: str) -> None:
    xml.leaf("key", {"id": key, "for": domain, "attr.name": name, "attr.type": kind})


def _write_data(xml: XmlWriter, key: str, value: Any) -> None:
    text = cell_text(value)
    if text is not None:
        xml.leaf("data", {"key": key}, text)
