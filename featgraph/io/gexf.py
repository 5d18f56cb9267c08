"""GEXF 1.3, Gephi's own format: attributes apart from colours, sizes and positions."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import ArrayLike

from featgraph.core.files import atomic_path
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.strengths import EdgeWeight
from featgraph.io._node_table import (
    NodeTable,
    cell_text,
    column_kind,
    column_rows,
    describe_nodes,
    edge_numbers,
)
from featgraph.io._xml_writer import XmlWriter
from featgraph.io.files import read_stored_graph

if TYPE_CHECKING:
    from featgraph.boxes.cover import BoxCover

__all__ = ["NAMESPACES", "TYPES", "read_gexf", "write_gexf", "write_looks"]

NAMESPACES = {
    "xmlns": "http://gexf.net/1.3",
    "xmlns:viz": "http://gexf.net/1.3/viz",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:schemaLocation": "http://gexf.net/1.3 http://gexf.net/1.3/gexf.xsd",
    "version": "1.3",
}
TYPES = {"boolean": "boolean", "integer": "long", "double": "double", "string": "string"}


def write_gexf(
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
    """Write a graph as GEXF 1.3 with viz:color, viz:size and viz:position.

    Parameters
    ----------
    graph : FeatureGraph
        Columns are those of ``write_graphml``.
    path : str or path
        File to write, whole or not at all.
    cover : BoxCover, optional
        Boxes that give the colours, and a column like ``box_l3`` or ``box_r2``.
    covers : mapping or iterable of BoxCover, optional
        More coverings, a column each.
    positions : array-like of float, shape (n_nodes, 2) or (n_nodes, 3), optional
        Where nodes stand, as in ``write_graphml``.
    color_by, size_by : str, optional
        Columns that give colours and sizes, as in ``write_graphml``.
    weight : {"given", "similarity", "none"}, default="given"
        What the weights of edges are, as in ``write_graphml``.

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
    Weights of a graph from features are distances. Missing numbers (NaN) have
    no entry. Layer, ε and its rule stand in the description.

    References
    ----------
    gexf.net/schema.html, version 1.3.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "pair.gexf"
    >>> _ = write_gexf(FeatureGraph.from_edges([(0, 1)]), path)
    >>> read_gexf(path).node_attributes["core_number"]
    array([1, 1])
    """
    table = describe_nodes(
        graph, cover=cover, covers=covers, positions=positions, color_by=color_by, size_by=size_by
    )
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        xml = XmlWriter(out)
        with xml.element("gexf", NAMESPACES):
            _write_meta(xml, graph)
            with xml.element("graph", {"defaultedgetype": "undirected", "mode": "static"}):
                _write_nodes(xml, table)
                _write_edges(xml, graph, table, weight)
    return Path(path)


def read_gexf(path: str | os.PathLike[str], *, as_undirected: bool = False) -> FeatureGraph:
    """Read a GEXF file: node attributes, colours, sizes, positions; edge weights are kept.

    Parameters
    ----------
    path : str or path
        File to read, version 1.1 to 1.3. A document type (``<!DOCTYPE``) is refused.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.

    Returns
    -------
    FeatureGraph
        As ``read_graph`` gives it; ``color`` of shape (n_nodes, 3), ``position`` of shape
        (n_nodes, 2) or (n_nodes, 3) and ``size`` are node attributes.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is broken, declares a document type, or is directed.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "pair.gexf"
    >>> _ = write_gexf(FeatureGraph.from_edges([(0, 1)]), path, positions=[[0, 0], [1, 2]])
    >>> read_gexf(path).node_attributes["position"].tolist()
    [[0.0, 0.0], [1.0, 2.0]]
    """
    return read_stored_graph(path, "gexf", as_undirected)


def _write_meta(xml: XmlWriter, graph: FeatureGraph) -> None:
    epsilon = None if graph.epsilon is None else repr(graph.epsilon)
    told = (("layer", graph.layer), ("epsilon", epsilon), ("rule", graph.epsilon_rule))
    with xml.element("meta"):
        xml.leaf("creator", text="featgraph")
        text = ", ".join(f"{name} {value}" for name, value in told if value is not None)
        xml.leaf("description", text=text)


def _write_nodes(xml: XmlWriter, table: NodeTable) -> None:
    with xml.element("attributes", {"class": "node"}):
        for k, (name, column) in enumerate(table.columns.items()):
            kind = TYPES[column_kind(column)]
            xml.leaf("attribute", {"id": str(k), "title": name, "type": kind})
    with xml.element("nodes", {"count": str(len(table.ids))}):
        for i, row in enumerate(column_rows(table.columns)):
            with xml.element("node", {"id": table.ids[i], "label": table.ids[i]}):
                with xml.element("attvalues"):
                    for k, value in enumerate(row):
                        text = cell_text(value)
                        if text is not None:
                            xml.leaf("attvalue", {"for": str(k), "value": text})
                write_looks(xml, table, i)


def write_looks(xml: XmlWriter, table: NodeTable, i: int) -> None:
    """Write colour, position and size of node ``i``, as far as they are given."""
    if table.colors is not None:
        red, green, blue = map(str, table.colors[i].tolist())
        xml.leaf("viz:color", {"r": red, "g": green, "b": blue})
    if table.positions is not None:
        x, y, z = (*map(repr, table.positions[i].tolist()), "0.0")[:3]
        xml.leaf("viz:position", {"x": x, "y": y, "z": z})
    if table.sizes is not None:
        xml.leaf("viz:size", {"value": repr(float(table.sizes[i]))})


def _write_edges(xml: XmlWriter, graph: FeatureGraph, table: NodeTable, weight: EdgeWeight) -> None:
    columns = edge_numbers(graph, weight)
    weights, distances = columns.get("weight"), columns.get("distance")
    if distances is not None:
        with xml.element("attributes", {"class": "edge"}):
            xml.leaf("attribute", {"id": "distance", "title": "distance", "type": "double"})
    with xml.element("edges", {"count": str(graph.n_edges)}):
        for k, (i, j) in enumerate(graph.edges.tolist()):
            about = {"id": str(k), "source": table.ids[i], "target": table.ids[j]}
            if weights is not None:
                about["weight"] = repr(weights[k])
            if distances is None:
                xml.leaf("edge", about)
                continue
            with xml.element("edge", about), xml.element("attvalues"):
                xml.leaf("attvalue", {"for": "distance", "value": repr(distances[k])})
