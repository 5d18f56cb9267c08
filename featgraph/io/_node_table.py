"""What both Gephi formats say about nodes: columns, colours, sizes and positions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.checks import nearest
from featgraph.graph.communities import find_communities
from featgraph.graph.cores import find_cores
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.strengths import EdgeWeight, with_edge_weight
from featgraph.io._xml_graphs import RESERVED_PREFIX
from featgraph.io._xml_writer import clean_text
from featgraph.io.colors import box_colors, value_colors

if TYPE_CHECKING:
    from featgraph.boxes.cover import BoxCover

__all__ = [
    "NodeTable",
    "cell_text",
    "clean_text",
    "column_kind",
    "column_rows",
    "describe_nodes",
    "edge_numbers",
]

# Names that Gephi's importers, or readers of node and edge records, take for something else; d3
# and d7 are the ids under which other programs write labels.
_RESERVED = {
    *("label", "id", "name", "x", "y", "z", "size", "r", "g", "b", "color", "weight"),
    *("source", "target", "type", "directed", "d3", "d7", "start", "end", "timeset", "interval"),
}
_LOOKS = ("position", "color", "size")  # attributes that are shown, not listed
_WIDEST = 4  # columns of a two-dimensional attribute that are still written


@dataclass(frozen=True)
class NodeTable:
    """One row per node, ready to be written."""

    ids: list[str]
    columns: dict[str, NDArray[Any]]  # of numbers, booleans or strings, shape (n_nodes,)
    colors: NDArray[np.int64] | None  # (n_nodes, 3), 0 … 255
    sizes: NDArray[np.float64] | None
    positions: NDArray[np.float64] | None  # (n_nodes, 2 or 3)


def describe_nodes(
    graph: FeatureGraph,
    *,
    cover: BoxCover | None,
    covers: Mapping[Any, BoxCover] | Iterable[BoxCover],
    positions: ArrayLike | None,
    color_by: str | None,
    size_by: str | None,
) -> NodeTable:
    """Collect everything about the nodes; see ``write_graphml`` for the parameters."""
    listed = list(covers.values()) if isinstance(covers, Mapping) else list(covers)
    every = listed if cover is None or any(c is cover for c in listed) else [cover, *listed]
    known = _attribute_columns(graph)  # a layer or community that is told wins over the computed
    if graph.layer is not None:
        known.setdefault("layer", np.full(graph.n_nodes, graph.layer))
    if "community" not in known:
        known["community"] = find_communities(graph)
    known.update(degree=graph.degrees, core_number=find_cores(graph))
    for one in every:
        known[_box_column(one, graph.n_nodes)] = np.asarray(one.labels)
    colors = _stored_look(graph, "color", 3)
    if color_by is not None:
        colors = _colors(_named(known, color_by, "color_by"))
    elif cover is not None:
        colors = box_colors(int(cover.labels.max()) + 1)[cover.labels]
    elif colors is None:
        colors = _colors(known["community"])
    place = _positions(graph, positions)
    if place is not None:
        known.update({f"position_{k}": place[:, k] for k in range(place.shape[1])})
    return NodeTable(
        ids=_node_ids(graph),
        columns={_safe_name(name): column for name, column in known.items()},
        colors=None if colors is None else np.clip(colors, 0, 255).astype(np.int64),
        sizes=_sizes(graph, known, size_by),
        positions=None if place is None else _spread(place),
    )


def _node_ids(graph: FeatureGraph) -> list[str]:
    ids = [clean_text(str(label)) for label in graph.node_labels]
    if len(set(ids)) < len(ids):  # 1 and "1" are two labels and one text
        return [f"{i}: {name}" for i, name in enumerate(ids)]
    return ids


def _safe_name(name: str) -> str:
    return RESERVED_PREFIX + name if name.lower() in _RESERVED else name


def _attribute_columns(graph: FeatureGraph) -> dict[str, NDArray[Any]]:
    columns: dict[str, NDArray[Any]] = {}
    for name, array in graph.node_attributes.items():
        if name in _LOOKS and _stored_look(graph, name, 3 if name == "color" else None) is not None:
            continue
        if array.ndim == 1:
            columns[name] = array
        elif array.shape[1] <= _WIDEST:
            columns.update({f"{name}_{k}": array[:, k] for k in range(array.shape[1])})
    return columns


def _stored_look(graph: FeatureGraph, name: str, width: int | None) -> NDArray[Any] | None:
    """Return a node attribute that can be shown: colour (n, 3), position (n, 2 or 3), size (n,)."""
    array = graph.node_attributes.get(name)
    if array is None or array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        return None
    if name == "size":
        return array if array.ndim == 1 else None
    fits = array.ndim == 2 and array.shape[1] in ((width,) if width else (2, 3))
    return array if fits else None


def _box_column(cover: BoxCover, n_nodes: int) -> str:
    if len(cover.labels) != n_nodes:
        raise ValueError(f"cover must label the {n_nodes} nodes of graph, got {len(cover.labels)}")
    return f"box_{'r' if cover.kind == 'radius' else 'l'}{cover.size:g}"


def _named(known: Mapping[str, NDArray[Any]], name: str, argument: str) -> NDArray[Any]:
    if name not in known:
        raise ValueError(
            f"{argument} must be one of {sorted(known)}, got {name!r}{nearest(name, list(known))}"
        )
    return known[name]


def _colors(values: NDArray[Any]) -> NDArray[np.int64]:
    """Give whole numbers and words distinct colours, other numbers a scale."""
    if values.dtype.kind == "f":
        return value_colors(values)
    groups, number = np.unique(values, return_inverse=True)
    return box_colors(groups.size)[number]


def _sizes(
    graph: FeatureGraph, known: Mapping[str, NDArray[Any]], size_by: str | None
) -> NDArray[np.float64] | None:
    """Scale an attribute to diameters 4 … 24 by area; without a name, keep stored sizes."""
    if size_by is None:
        stored = _stored_look(graph, "size", None)
        if stored is not None:
            return stored.astype(np.float64)
        size_by = "degree"
    values = _named(known, size_by, "size_by")
    if values.dtype.kind not in "biuf":
        raise ValueError(f"size_by must name numbers, {size_by!r} holds {values.dtype}")
    numbers = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = numbers.min(), numbers.max()
    share = (numbers - low) / (high - low) if high > low else np.zeros(numbers.size)
    sizes: NDArray[np.float64] = 4.0 + 20.0 * np.sqrt(share)
    return sizes


def _positions(graph: FeatureGraph, positions: ArrayLike | None) -> NDArray[Any] | None:
    if positions is None:
        return _stored_look(graph, "position", None)
    array = np.asarray(positions, dtype=np.float64)
    if array.ndim != 2 or array.shape[0] != graph.n_nodes or array.shape[1] not in (2, 3):
        raise ValueError(
            f"positions must have shape ({graph.n_nodes}, 2) or ({graph.n_nodes}, 3), "
            f"got {array.shape}"
        )
    if not np.isfinite(array).all():
        raise ValueError("positions must be finite")
    return array


def _spread(place: NDArray[Any]) -> NDArray[np.float64]:
    """Centre and scale positions so that nodes of size 4 … 24 have room in Gephi's plane."""
    centred = place - (place.max(axis=0) + place.min(axis=0)) / 2
    extent = np.abs(centred).max()
    scaled: NDArray[np.float64] = centred * (30.0 * np.sqrt(len(place)) / extent if extent else 1.0)
    return scaled


def edge_numbers(graph: FeatureGraph, weight: EdgeWeight) -> dict[str, list[float]]:
    """Return what is written about each edge: its weight, and the distance if that is another."""
    weights = with_edge_weight(graph, weight).edge_weights
    columns = {} if weights is None else {"weight": weights.tolist()}
    if weight == "similarity" and graph.edge_weights is not None:
        columns["distance"] = graph.edge_weights.tolist()
    return columns


def column_kind(column: NDArray[Any]) -> str:
    """Return "boolean", "integer", "double" or "string"."""
    return {"b": "boolean", "i": "integer", "u": "integer", "f": "double"}.get(
        column.dtype.kind, "string"
    )


def cell_text(value: Any) -> str | None:
    """Return a value as XML readers of every language understand it; None for "no value"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if value != value:
            return None
        return repr(value).replace("inf", "Infinity")
    return str(value)


def column_rows(columns: Mapping[str, NDArray[Any]]) -> Iterable[Sequence[Any]]:
    """Return the rows of a table as plain Python values."""
    return zip(*(column.tolist() for column in columns.values()), strict=True)
