"""GEXF 1.3, Gephi's own format: attributes apart from colours, sizes and positions."""

from __future__ import annotations

import itertools
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.core.package import caller_level
from featgraph.graph.convert import takes_any_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.outgoing import EdgeWeight
from featgraph.io._streams import (
    Target,
    XmlWriter,
    clean_text,
    escape_value,
    open_target,
    target_name,
)
from featgraph.io._table import (
    GraphTable,
    Looks,
    Positions,
    cell_texts,
    color_cells,
    column_keys,
    column_kind,
    describe_graph,
    row_texts,
    xml_type,
)
from featgraph.io._xml_reader import KEYWORD

if TYPE_CHECKING:
    from featgraph.boxes.cover import BoxCover

__all__ = ["NAMESPACES", "declare", "known_shapes", "look_rows", "write_gexf", "write_meta"]

NAMESPACES = {
    "xmlns": "http://gexf.net/1.3",
    "xmlns:viz": "http://gexf.net/1.3/viz",
    "version": "1.3",
}
#: The shapes that the format knows; others stay a column called shape.
_SHAPES = {
    "node": {"", "disc", "square", "triangle", "diamond", "image"},
    "edge": {"", "solid", "dotted", "dashed", "double"},
}


@takes_any_graph(weights=True)
def write_gexf(
    graph: FeatureGraph,
    path: Target,
    *,
    cover: BoxCover | None = None,
    covers: Mapping[object, BoxCover] | Iterable[BoxCover] = (),
    positions: Positions = "auto",
    color_by: str | None = None,
    size_by: str | None = None,
    weight: EdgeWeight = "given",
) -> Path:
    """Write a graph as GEXF 1.3 with viz:color, viz:size and viz:position.

    Parameters
    ----------
    graph : FeatureGraph
        Columns are those of ``write_graphml``.
    path : str, path or open file
        File to write, whole or not at all; packed if it ends in ``.gz``, ``.bz2`` or
        ``.xz``.
    cover, covers, positions, color_by, size_by, weight
        As in ``write_graphml``.

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
    Gephi drops edges of weight 0 (neurons that are alike) when it opens a file, of which a warning
    tells; ``weight="similarity"`` keeps them. Looks, missing values and infinities are written as
    in ``write_graphml``. Layer, ε and its rule stand in the description and, with the meaning of
    the weights, in the keywords.

    References
    ----------
    gexf.net/schema.html, version 1.3.

    Examples
    --------
    >>> import tempfile
    >>> from featgraph.io import read_gexf
    >>> path = tempfile.mkdtemp() + "/pair.gexf"
    >>> _ = write_gexf(FeatureGraph.from_edges([(0, 1)]), path)
    >>> read_gexf(path).node_attributes["core_number"]
    array([1, 1])
    """
    table = describe_graph(graph, cover, covers, positions, color_by, size_by, weight)
    if table.weights is not None:
        _say_what_gephi_drops(table.weights)
    with open_target(path) as out:
        xml = XmlWriter(out)
        with xml.element("gexf", NAMESPACES):
            write_meta(xml, table.fields)
            with xml.element("graph", {"defaultedgetype": "undirected", "mode": "static"}):
                _write_body(xml, table)
    return Path(target_name(path))


def _say_what_gephi_drops(weights: NDArray[np.float64]) -> None:
    n_zero = int((weights.astype(np.float32) == 0).sum())  # weights of Gephi have 32 bits
    if n_zero:
        warnings.warn(
            f"{n_zero} of {weights.size} edges have weight 0, and Gephi drops those when it opens "
            "the file; similarities as weights keep them",
            UserWarning,
            stacklevel=caller_level(),
        )


def write_meta(xml: XmlWriter, fields: Mapping[str, object], told: str = "") -> None:
    """Write who made the file and what the graph is, for people and for ``read_gexf``."""
    shown = ("layer", "epsilon", "epsilon_rule")
    told = told or ", ".join(f"{name} {fields[name]}" for name in shown if name in fields)
    with xml.element("meta"):
        xml.leaf("creator", text="featgraph")
        if fields:
            xml.leaf("keywords", text=KEYWORD + json.dumps(fields, ensure_ascii=False))
        xml.leaf("description", text=told)


def declare(xml: XmlWriter, owner: str, kinds: Mapping[str, str], **about: str) -> list[str]:
    """Write names and kinds of the columns of nodes or edges; return the ids of the columns."""
    keys = column_keys(kinds, owner, set())
    if keys:
        with xml.element("attributes", {"class": owner, **about}):
            for key, (name, kind) in zip(keys, kinds.items(), strict=True):
                xml.leaf("attribute", {"id": key, "title": name, "type": xml_type(kind)})
    return keys


def known_shapes(looks: Looks, owner: str) -> tuple[Looks, dict[str, NDArray[Any]]]:
    """Return looks that the format knows; shapes that it does not know are a column."""
    if looks.shapes is None or set(looks.shapes.tolist()) <= _SHAPES[owner]:
        return looks, {}
    return replace(looks, shapes=None), {"shape": looks.shapes}


def _write_body(xml: XmlWriter, table: GraphTable) -> None:
    nodes = _begin_rows(xml, "node", table.columns, table.looks, len(table.ids))
    edges = _begin_rows(xml, "edge", table.edge_columns, table.edge_looks, len(table.edges))
    names = [escape_value(name) for name in table.ids]
    labels = table.ids if table.looks.labels is None else table.looks.labels.tolist()
    with xml.element("nodes", {"count": str(len(names))}):
        for name, label, row in zip(names, labels, nodes, strict=True):
            xml.write(f'<node id="{name}" label="{_label(label)}">\n{row}</node>\n')
    with xml.element("edges", {"count": str(len(table.edges))}):
        for about, row in zip(_edge_abouts(names, table), edges, strict=True):
            xml.write(f"<edge {about}>\n{row}</edge>\n" if row else f"<edge {about}/>\n")


def _begin_rows(
    xml: XmlWriter, owner: str, columns: Mapping[str, NDArray[Any]], looks: Looks, n_rows: int
) -> Iterator[str]:
    """Declare columns; return an iterator over what stands inside each node or edge."""
    looks, shapes = known_shapes(looks, owner)
    columns = {**columns, **shapes}
    keys = declare(xml, owner, {name: column_kind(column) for name, column in columns.items()})
    befores = [f'<attvalue for="{key}" value="' for key in keys]
    cells = zip(columns.values(), befores, itertools.repeat('"/>\n'), strict=False)
    rows = row_texts(cells, n_rows, escape_value)
    return (
        (f"<attvalues>\n{row}</attvalues>\n" if row else "") + look
        for row, look in zip(rows, look_rows(looks, owner, n_rows), strict=True)
    )


def _label(label: str) -> str:
    return escape_value(clean_text(label))


def _edge_abouts(names: Sequence[str], table: GraphTable) -> Iterator[str]:
    """Yield the attributes of each edge element."""
    weights = None if table.weights is None else cell_texts(table.weights)
    labels = None if table.edge_looks.labels is None else table.edge_looks.labels.tolist()
    for k, (i, j) in enumerate(table.edges.tolist()):
        about = f'id="{k}" source="{names[i]}" target="{names[j]}"'
        if weights is not None:
            about += f' weight="{weights[k]}"'
        if labels is not None and labels[k]:
            about += f' label="{_label(labels[k])}"'
        yield about


def look_rows(looks: Looks, owner: str, n_rows: int) -> Iterator[str]:
    """Yield the viz elements of each node or edge, as far as they are given."""
    pieces: list[Iterable[str]] = [itertools.repeat("", n_rows)]
    if looks.colors is not None:
        shades = [] if looks.alpha is None else [looks.alpha]
        pieces.append(_elements("color", "rgba", [*color_cells(looks.colors).T, *shades], 3))
    if looks.positions is not None:
        pieces.append(_elements("position", "xyz", looks.positions.T, looks.positions.shape[1]))
    size = "size" if owner == "node" else "thickness"
    for tag, column in ((size, looks.sizes), ("shape", looks.shapes)):
        if column is not None:
            pieces.append(_elements(tag, ["value"], [column], 1))
    return map("".join, zip(*pieces, strict=True))


def _elements(
    tag: str, names: Sequence[str], columns: Iterable[NDArray[Any]], least: int
) -> Iterator[str]:
    """Yield a viz element for each row; nothing for those that lack one of the first ``least``."""
    for row in zip(*map(cell_texts, columns), strict=True):
        cells = zip(names, row, strict=False)
        told = "".join(f' {name}="{cell}"' for name, cell in cells if cell is not None)
        yield "" if None in row[:least] else f"<viz:{tag}{told}/>\n"
