"""GraphML that Gephi opens ready-coloured, and that networkx and igraph read as well."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.convert import takes_any_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.outgoing import EdgeWeight
from featgraph.io._streams import (
    Target,
    XmlWriter,
    escape_text,
    escape_value,
    open_target,
    target_name,
)
from featgraph.io._table import (
    GraphTable,
    Positions,
    column_keys,
    column_kind,
    describe_graph,
    look_columns,
    row_texts,
    xml_type,
)

if TYPE_CHECKING:
    from featgraph.boxes.cover import BoxCover

__all__ = ["write_graphml"]


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
        File to write, whole or not at all; packed if it ends in ``.gz``, ``.bz2`` or
        ``.xz``.
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
    edge key weight for what they say, some more names (xpos, nodelabel, edge weight, …), and
    the ids d3 and d7 for labels. So all keys are written with names as ids, and an attribute with
    such a name is called ``attribute_size``.
    Colours, sizes, places, shapes and labels that were read are what is written. Missing values
    have no entry, and a column without any value is left out; infinities are written as
    Infinity, numbers below 2.3e-308 as 0 (igraph refuses them). The graph says which edge key
    holds lengths, so ``read_graph`` needs no word about them. Time O(n_nodes + n_edges).

    Examples
    --------
    >>> import tempfile
    >>> from featgraph.io import read_graphml
    >>> path = tempfile.mkdtemp() + "/pair.graphml"
    >>> _ = write_graphml(FeatureGraph.from_edges([(0, 1)]), path)
    >>> read_graphml(path).node_attributes["degree"]
    array([1, 1])
    """
    table = describe_graph(graph, cover, covers, positions, color_by, size_by, weight)
    with open_target(path) as out:
        xml = XmlWriter(out)
        with xml.element("graphml", {"xmlns": "http://graphml.graphdrawing.org/xmlns"}):
            _write_body(xml, table)
    return Path(target_name(path))


def _write_body(xml: XmlWriter, table: GraphTable) -> None:
    fields = {f"graph_{name}": value for name, value in table.fields.items()}
    nodes = {"label": np.array(table.ids), **look_columns(table.looks, "size", channels=True)}
    edges = {} if table.weights is None else {"weight": table.weights}
    edges |= look_columns(table.edge_looks, "thickness", channels=True)
    taken = {*fields, "weight"}
    for key in fields:
        kind = "double" if key == "graph_epsilon" else "string"
        _write_key(xml, key, key.removeprefix("graph_"), "graph", kind)
    node_cells = _declare(xml, "node", nodes | table.columns, taken)
    edge_cells = _declare(xml, "edge", edges | table.edge_columns, taken - {"weight"})
    names = [escape_value(name) for name in table.ids]
    with xml.element("graph", {"id": "G", "edgedefault": "undirected"}):
        for key, value in fields.items():
            xml.leaf("data", {"key": key}, str(value))
        for name, row in zip(names, row_texts(node_cells, len(names), escape_text), strict=True):
            xml.write(f'<node id="{name}">\n{row}</node>\n')
        rows = row_texts(edge_cells, len(table.edges), escape_text)
        for (i, j), row in zip(table.edges.tolist(), rows, strict=True):
            xml.write(f'<edge source="{names[i]}" target="{names[j]}">\n{row}</edge>\n')


def _declare(
    xml: XmlWriter, owner: str, columns: Mapping[str, NDArray[Any]], taken: set[str]
) -> list[tuple[NDArray[Any], str, str]]:
    """Write the keys of columns; return the columns and what stands around each of their cells."""
    cells = []
    keys = column_keys(columns, owner, taken)
    for key, (name, column) in zip(keys, columns.items(), strict=True):
        kind = "int" if name in ("r", "g", "b") else xml_type(column_kind(column))
        _write_key(xml, key, name, owner, kind)
        cells.append((column, f'<data key="{escape_value(key)}">', "</data>\n"))
    return cells


def _write_key(xml: XmlWriter, key: str, name: str, domain: str, kind: str) -> None:
    xml.leaf("key", {"id": key, "for": domain, "attr.name": name, "attr.type": kind})
