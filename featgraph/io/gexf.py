"""GEXF 1.3, Gephi's own format: attributes apart from colours, sizes and positions."""

from __future__ import annotations

import itertools
import json
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

__all__ = ["NAMESPACES", "look_rows", "write_gexf", "write_meta"]

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
    table = describe_graph(
        graph,
        cover=cover,
        covers=covers,
        positions=positions,
        color_by=color_by,
        size_by=size_by,
        weight=weight,
    )
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


def _write_body(xml: XmlWriter, table: GraphTable) -> None:
    columns = {
        "node": _all_columns(table.columns, table.looks, "node"),
        "edge": _all_columns(table.edge_columns, table.edge_looks, "edge"),
    }
    for owner, listed in columns.items():  # both before the nodes: the schema wants it so
        if listed:
            with xml.element("attributes", {"class": owner}):
                keys = column_keys(listed, owner, set())
                for key, (name, column) in zip(keys, listed.items(), strict=True):
                    kind = xml_type(column_kind(column))
                    xml.leaf("attribute", {"id": key, "title": name, "type": kind})
    names = [escape_value(name) for name in table.ids]
    labels = table.ids if table.looks.labels is None else table.looks.labels.tolist()
    with xml.element("nodes", {"count": str(len(names))}):
        inner = _inner_rows(columns["node"], table.looks, "node", len(names))
        for name, label, row in zip(names, labels, inner, strict=True):
            xml.write(f'<node id="{name}" label="{_label(label)}">\n{row}</node>\n')
    with xml.element("edges", {"count": str(len(table.edges))}):
        inner = _inner_rows(columns["edge"], table.edge_looks, "edge", len(table.edges))
        for about, row in zip(_edge_abouts(names, table), inner, strict=True):
            xml.write(f"<edge {about}>\n{row}</edge>\n" if row else f"<edge {about}/>\n")


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


def _all_columns(
    columns: Mapping[str, NDArray[Any]], looks: Looks, owner: str
) -> dict[str, NDArray[Any]]:
    """Return the columns, with shapes that the format does not know among them."""
    if looks.shapes is None or _known_shapes(looks, owner):
        return dict(columns)
    return {**columns, "shape": looks.shapes}


def _known_shapes(looks: Looks, owner: str) -> bool:
    return looks.shapes is not None and set(looks.shapes.tolist()) <= _SHAPES[owner]


def _inner_rows(
    columns: Mapping[str, NDArray[Any]], looks: Looks, owner: str, n_rows: int
) -> Iterator[str]:
    """Yield what stands inside each node or edge."""
    cells = [
        (column, f'<attvalue for="{key}" value="', '"/>\n')
        for key, column in zip(column_keys(columns, owner, set()), columns.values(), strict=True)
    ]
    values = row_texts(cells, n_rows, escape_value)
    for row, look in zip(values, look_rows(looks, owner, n_rows), strict=True):
        yield (f"<attvalues>\n{row}</attvalues>\n" if row else "") + look


def look_rows(looks: Looks, owner: str, n_rows: int) -> Iterator[str]:
    """Yield the viz elements of each node or edge, as far as they are given."""
    pieces: list[Iterable[str]] = [itertools.repeat("", n_rows)]
    if looks.colors is not None:
        pieces.append(map(_color, color_cells(looks.colors).tolist(), _cells(looks.alpha)))
    if looks.positions is not None:
        pieces.append(map(_place, zip(*map(cell_texts, looks.positions.T), strict=True)))
    if looks.sizes is not None:
        pieces.append(_valued("size" if owner == "node" else "thickness", looks.sizes))
    if looks.shapes is not None and _known_shapes(looks, owner):
        pieces.append(_valued("shape", looks.shapes))
    return map("".join, zip(*pieces, strict=True))


def _valued(tag: str, column: NDArray[Any]) -> Iterable[str]:
    texts = cell_texts(column)
    return ("" if text is None else f'<viz:{tag} value="{text}"/>\n' for text in texts)


def _cells(column: NDArray[Any] | None) -> Iterable[str | None]:
    return itertools.repeat(None) if column is None else cell_texts(column)


def _color(channels: Sequence[int | None], alpha: str | None) -> str:
    red, green, blue = channels
    if red is None:
        return ""
    shade = "" if alpha is None else f' a="{alpha}"'
    return f'<viz:color r="{red}" g="{green}" b="{blue}"{shade}/>\n'


def _place(texts: Sequence[str | None]) -> str:
    if None in texts:
        return ""
    told = " ".join(f'{axis}="{text}"' for axis, text in zip("xyz", texts, strict=False))
    return f"<viz:position {told}/>\n"
