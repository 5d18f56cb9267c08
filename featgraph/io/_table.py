"""What every format says about nodes and edges: columns, colours, sizes, places, shapes."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.checks import nearest
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.degrees import EdgeWeight, with_edge_weight
from featgraph.graph.mesoscale import find_communities, find_cores
from featgraph.graph.outgoing import GRAPH_FIELDS
from featgraph.io._reader import RESERVED_PREFIX, color_rows
from featgraph.io._streams import clean_text
from featgraph.io.colors import box_colors, value_colors

if TYPE_CHECKING:
    from featgraph.boxes.cover import BoxCover

__all__ = [
    *("GraphTable", "Looks", "Positions", "box_column", "cell_texts", "color_cells"),
    *("column_keys", "column_kind", "describe_graph", "look_columns", "numbered", "row_texts"),
    "xml_type",
]

#: Coordinates of the nodes; "auto": those of the graph, else a cheap layout; None: none.
Positions = ArrayLike | Literal["auto"] | None

# Names that Gephi's importers, the tables of Cytoscape, or readers of node and edge records take
# for something else; d3 and d7 are the ids under which other programs write labels.
_RESERVED = {
    *("label", "id", "name", "x", "y", "z", "size", "r", "g", "b", "color", "weight"),
    *("source", "target", "type", "directed", "d3", "d7", "start", "end", "timeset", "interval"),
    *("nodelabel", "xpos", "ypos", "zpos", "edgelabel", "edge weight"),
    *("suid", "selected", "shared name", "shared_name"),
}
_WIDEST = 4  # columns of a two-dimensional attribute that are still written
_SPACING = 30.0  # between neighbours, so that nodes of size 4 … 24 have room
_BLOCK = 20_000  # rows that are words at one time
_SMALLEST = sys.float_info.min  # smaller numbers are refused by igraph


@dataclass(frozen=True)
class Looks:
    """How nodes or edges are drawn; None where nothing is said, NaN or "" for single rows."""

    labels: NDArray[Any] | None = None
    colors: NDArray[np.float64] | None = None  # (n_rows, 3), 0 … 255
    alpha: NDArray[np.float64] | None = None  # 0 … 1
    sizes: NDArray[np.float64] | None = None  # diameter of a node, thickness of an edge
    shapes: NDArray[Any] | None = None
    positions: NDArray[np.float64] | None = None  # (n_nodes, 2 or 3)


@dataclass(frozen=True)
class GraphTable:
    """One row per node and one per edge, ready to be written."""

    ids: list[str]
    columns: dict[str, NDArray[Any]]
    looks: Looks
    edges: NDArray[np.int64]  # (n_edges, 2), positions in ids
    edge_columns: dict[str, NDArray[Any]]
    edge_looks: Looks
    weights: NDArray[np.float64] | None
    fields: dict[str, Any]  # what is known of the graph, and which column of edges holds lengths


def describe_graph(
    graph: FeatureGraph,
    cover: BoxCover | None = None,
    covers: Mapping[object, BoxCover] | Iterable[BoxCover] = (),
    positions: Positions = "auto",
    color_by: str | None = None,
    size_by: str | None = None,
    weight: EdgeWeight = "given",
) -> GraphTable:
    """Collect everything about nodes and edges; see ``write_graphml`` for the parameters."""
    listed = list(covers.values()) if isinstance(covers, Mapping) else list(covers)
    every = listed if cover is None or any(c is cover for c in listed) else [cover, *listed]
    known, looks = _split_looks(graph.node_attributes, graph.n_nodes, "size")
    if graph.layer is not None:
        known.setdefault("layer", np.full(graph.n_nodes, graph.layer))
    known.update(degree=graph.degrees, core_number=find_cores(graph))
    for one in every:
        known[box_column(one, graph.n_nodes)] = np.asarray(one.labels)
    plain = cover is None and color_by is None and looks.get("color") is None
    if "community" not in known and (plain or "community" in (color_by, size_by)):
        known["community"] = find_communities(graph)
    if color_by is not None:
        looks["color"], looks["alpha"] = _colors(_named(known, color_by, "color_by")), None
    elif cover is not None:
        looks["color"], looks["alpha"] = box_colors(int(cover.labels.max()) + 1)[cover.labels], None
    elif plain:
        looks["color"] = _colors(known["community"])
    looks["size"] = _sizes(looks.get("size"), known, size_by)
    ids = _node_ids(graph)
    edge_columns, edge_looks = _split_looks(graph.edge_attributes, graph.n_edges, "thickness")
    weights = with_edge_weight(graph, weight).edge_weights
    similar = weight == "similarity" and graph.edge_weights is not None
    if similar:
        edge_columns["distance"] = graph.edge_weights  # type: ignore[assignment]
    fields = {name: getattr(graph, name) for name in GRAPH_FIELDS}
    if graph.weights is not None:
        fields["lengths"] = {"given": "weight", "similarity": "distance"}.get(weight)
    return GraphTable(
        ids=ids,
        columns={_safe_name(name): column for name, column in known.items()},
        looks=_looks(looks, "size", _positions(graph, positions, looks.get("position"))),
        edges=graph.edges,
        edge_columns={_safe_name(name): column for name, column in edge_columns.items()},
        edge_looks=_looks(edge_looks, "thickness"),
        weights=weights,
        fields={name: value for name, value in fields.items() if value is not None},
    )


def _node_ids(graph: FeatureGraph) -> list[str]:
    ids = [clean_text(str(label)) for label in graph.node_labels]
    if len(set(ids)) < len(ids):  # 1 and "1" are two labels and one text
        return [f"{i}: {name}" for i, name in enumerate(ids)]
    return ids


def _safe_name(name: str) -> str:
    taken = name.strip().lower() in _RESERVED or name.startswith(RESERVED_PREFIX)
    return RESERVED_PREFIX + name if taken else name


def _split_looks(
    attributes: Mapping[str, NDArray[Any]], n_rows: int, size: str
) -> tuple[dict[str, NDArray[Any]], dict[str, NDArray[Any] | None]]:
    """Return the columns to be listed, and apart from them what is shown."""
    columns: dict[str, NDArray[Any]] = {}
    looks: dict[str, NDArray[Any] | None] = {}
    for name, array in attributes.items():
        words = name == "color" and array.dtype.kind == "U" and array.ndim == 1
        colors = color_rows(array) if words else None
        whole = array.dtype.kind == "O" and column_kind(array) == "integer"  # with gaps
        plain = array.astype(np.float64) if whole else array if colors is None else colors
        look = "label" if name == "Label" and "label" not in attributes else name  # of Gephi
        if _is_look(look, plain, size):
            looks[look] = plain
        elif array.ndim == 1 or array.shape[1] <= _WIDEST:
            columns |= numbered(name, array)
    return columns, looks


def numbered(name: str, array: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Return an attribute as columns of its name, with numbers where it has several."""
    return {name: array} if array.ndim == 1 else {f"{name}_{k}": c for k, c in enumerate(array.T)}


def _is_look(name: str, array: NDArray[Any], size: str) -> bool:
    if name in ("label", "shape"):
        return array.dtype.kind == "U" and array.ndim == 1
    if name in ("alpha", size):
        return array.dtype.kind in "iuf" and array.ndim == 1
    widths = {"color": (3,), "position": (2, 3)}.get(name, ())
    return array.dtype.kind in "iuf" and array.ndim == 2 and array.shape[1] in widths


def _looks(
    found: Mapping[str, NDArray[Any] | None], size: str, positions: NDArray[Any] | None = None
) -> Looks:
    colors, sizes, alpha = found.get("color"), found.get(size), found.get("alpha")
    return Looks(
        labels=found.get("label"),
        colors=None if colors is None else np.clip(_finite(colors), 0, 255),
        alpha=None if alpha is None else np.clip(_finite(alpha), 0.0, 1.0),
        sizes=None if sizes is None else np.maximum(_finite(sizes), 0.0),
        shapes=found.get("shape"),
        positions=None if positions is None else _finite(positions),
    )


def _finite(values: NDArray[Any]) -> NDArray[np.float64]:
    """Return numbers with NaN in place of infinities, which have no place in a picture."""
    return np.where(np.isfinite(values), values, np.nan).astype(np.float64)


def box_column(cover: BoxCover, n_nodes: int) -> str:
    """Return the name of the column of a covering: ``box_l3``, or ``box_r2`` for balls."""
    if len(cover.labels) != n_nodes:
        raise ValueError(f"cover must label the {n_nodes} nodes of graph, got {len(cover.labels)}")
    return f"box_{'r' if cover.kind == 'radius' else 'l'}{cover.size:g}"


def _named(known: Mapping[str, NDArray[Any]], name: str, argument: str) -> NDArray[Any]:
    if name not in known:
        choices = sorted({*known, "community"})
        raise ValueError(
            f"{argument} must be one of {choices}, got {name!r}{nearest(name, choices)}"
        )
    return known[name]


def _colors(values: NDArray[Any]) -> NDArray[np.int64]:
    """Give whole numbers and words distinct colours, other numbers a scale."""
    if values.dtype.kind == "f":
        return value_colors(values)
    groups, number = np.unique(
        values.astype(str) if values.dtype.kind == "O" else values, return_inverse=True
    )
    return box_colors(groups.size)[number]


def _sizes(
    stored: NDArray[Any] | None, known: Mapping[str, NDArray[Any]], size_by: str | None
) -> NDArray[np.float64]:
    """Scale an attribute to diameters 4 … 24 by area; without a name, keep stored sizes."""
    if size_by is None and stored is not None:
        return stored.astype(np.float64)
    values = _named(known, size_by or "degree", "size_by")
    if values.dtype.kind not in "biuf":
        raise ValueError(f"size_by must name numbers, {size_by!r} holds {values.dtype}")
    numbers = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = numbers.min(), numbers.max()
    share = (numbers - low) / (high - low) if high > low else np.zeros(numbers.size)
    sizes: NDArray[np.float64] = 4.0 + 20.0 * np.sqrt(share)
    return sizes


def _positions(
    graph: FeatureGraph, positions: Positions, stored: NDArray[Any] | None
) -> NDArray[np.float64] | None:
    if positions is None:
        return None
    if isinstance(positions, str):
        if positions != "auto":
            raise ValueError(f'positions must be coordinates, "auto" or None, got {positions!r}')
        stored = _places(graph.node_attributes) if stored is None else stored
        if stored is not None:
            return stored.astype(np.float64)
        return np.round(_SPACING * graph.layout, 3)
    array = np.asarray(positions, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] != graph.n_nodes or array.shape[1] not in (2, 3):
        raise ValueError(
            f"positions must have shape ({graph.n_nodes}, 2) or ({graph.n_nodes}, 3), "
            f"got {array.shape}"
        )
    if not np.isfinite(array).all():
        raise ValueError("positions must be finite")
    return array


def _places(attributes: Mapping[str, NDArray[Any]]) -> NDArray[Any] | None:
    """Return places under other names: pos of networkx and others, x and y of igraph."""
    pos, axes = attributes.get("pos"), [attributes[a] for a in "xy" if a in attributes]
    if pos is not None and _is_look("position", pos, ""):
        return pos
    plain = len(axes) == 2 and all(a.dtype.kind in "iuf" and a.ndim == 1 for a in axes)
    return np.column_stack(axes) if plain else None


def column_keys(names: Iterable[str], owner: str, taken: set[str]) -> list[str]:
    """Return ids that say what columns are called, and are nobody else's; ``taken`` grows.

    Gephi takes ids that differ in capital letters alone for one column, and puts the values of a
    second file into the columns that have its ids.

    Examples
    --------
    >>> column_keys(["Layer", "layer", "a b"], "node", {"layer"})
    ['node_Layer', 'node_node_layer', 'a_b']
    """
    keys = []
    for name in names:
        key = re.sub(r"[^\w.-]", "_", clean_text(name)) or "_"
        while key.lower() in taken:
            key = f"{owner}_{key}"
        taken.add(key.lower())
        keys.append(key)
    return keys


def column_kind(column: NDArray[Any]) -> str:
    """Return "boolean", "integer", "biginteger" (beyond 64 bits), "double" or "string"."""
    kind = column.dtype.kind
    if kind in "Ou":
        known = [value for value in column.tolist() if value is not None]
        if known and all(isinstance(value, bool) for value in known):
            return "boolean"
        small = all(-(2**63) <= value < 2**63 for value in known)
        return "integer" if small else "biginteger"
    return {"b": "boolean", "i": "integer", "f": "double"}.get(kind, "string")


def xml_type(kind: str) -> str:
    """Return how GraphML and GEXF call a kind of columns.

    Neither has a type wider than long that networkx takes, and readers of text take any length.
    """
    return "long" if kind in ("integer", "biginteger") else kind


def cell_texts(column: NDArray[Any]) -> list[str | None]:
    """Return the values as readers of every language understand them; None for no value.

    Examples
    --------
    >>> cell_texts(np.array([0.5, np.nan, -np.inf, 5e-324]))
    ['0.5', None, '-Infinity', '0.0']
    """
    kind, values = column.dtype.kind, column.tolist()
    if kind == "f":
        return [_number_text(value) for value in values]
    if kind == "U":
        return [clean_text(value) or None for value in values]
    if kind in "iu":
        return list(map(str, values))
    words = {True: "true", False: "false", None: None}
    return [words[v] if v is None or isinstance(v, bool) else str(v) for v in values]


def _number_text(value: float) -> str | None:
    if value != value:
        return None
    if abs(value) < _SMALLEST:
        return "0.0"
    return repr(value).replace("inf", "Infinity")


def row_texts(
    columns: Iterable[tuple[NDArray[Any], str, str]], n_rows: int, escape: Callable[[str], str]
) -> Iterator[str]:
    """Yield the cells of each row, each between the two texts that stand beside its column.

    Rows become words in blocks, so that a large table is never held as text.
    """
    listed = list(columns)
    if not listed:
        yield from itertools.repeat("", n_rows)
    for first in range(0, n_rows if listed else 0, _BLOCK):
        block = slice(first, first + _BLOCK)
        pieces = []
        for column, before, after in listed:
            texts = cell_texts(column[block])
            if column.dtype.kind == "U":
                texts = [None if text is None else escape(text) for text in texts]
            pieces.append(["" if t is None else f"{before}{t}{after}" for t in texts])
        yield from map("".join, zip(*pieces, strict=True))


def look_columns(looks: Looks, size: str, *, channels: bool = False) -> dict[str, NDArray[Any]]:
    """Return the looks as columns; colours as ``#rrggbb`` ("" for none) or as ``channels``."""
    found: dict[str, NDArray[Any]] = {}
    if looks.labels is not None:
        found["label"] = looks.labels
    if looks.positions is not None:
        found.update(zip("xyz", looks.positions.T, strict=False))
    for name, column in ((size, looks.sizes), ("alpha", looks.alpha), ("shape", looks.shapes)):
        if column is not None:
            found[name] = column
    if looks.colors is not None:
        cells = color_cells(looks.colors)
        rows = cells.tolist()
        words = ["" if row[0] is None else "#{:02x}{:02x}{:02x}".format(*row) for row in rows]
        found |= zip("rgb", cells.T, strict=True) if channels else {"color": np.array(words)}
    return found


def color_cells(colors: NDArray[np.float64]) -> NDArray[np.object_]:
    """Return colours as whole numbers, None in the rows without one."""
    there = np.isfinite(colors).all(axis=1)
    channels = np.full(colors.shape, None, dtype=object)
    channels[there] = np.rint(colors[there]).astype(np.int64)
    return channels
