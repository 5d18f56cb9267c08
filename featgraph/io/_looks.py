"""Colours, sizes, places and shapes: how files spell them, and how a graph holds them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.incoming import RawGraph, take_names, whole_labels
from featgraph.graph.outgoing import GRAPH_FIELDS
from featgraph.io._columns import Names, Table
from featgraph.io._source import Source

__all__ = ["RESERVED_PREFIX", "finish_graph", "hex_channels", "most_cells", "put_color"]

#: An attribute whose name Gephi would take for something else is written with this prefix.
RESERVED_PREFIX = "attribute_"

_HEX = re.compile(r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")


def hex_channels(text: str) -> list[int] | None:
    """Return red, green, blue (and opacity) of ``#rgb``, ``#rrggbb``, ``#rrggbbaa``, else None.

    Examples
    --------
    >>> hex_channels("#ff8000"), hex_channels("#f80"), hex_channels("red")
    ([255, 128, 0], [255, 136, 0], None)
    """
    if not _HEX.fullmatch(text.strip()):
        return None
    digits = text.strip()[1:]
    wide = digits if len(digits) > 4 else "".join(2 * digit for digit in digits)
    return [int(wide[k : k + 2], 16) for k in range(0, len(wide), 2)]


def put_color(table: Table, text: str | None) -> None:
    """Give the newest row of a table a colour written in hexadecimal digits."""
    channels = None if text is None else hex_channels(text)
    for name, value in zip("rgb", channels or (), strict=False):
        table.put(name, str(value), "integer")
    if channels is not None and len(channels) == 4:
        table.put("alpha", repr(channels[3] / 255), "double")


def most_cells(source: Source) -> int:
    """Return how many cells a table in a file of this length may have."""
    return 10_000_000 + 50 * source.size


def finish_graph(
    source: Source,
    names: Names,
    tables: dict[str, Table],
    directed: bool,
    fields: dict[str, Any],
    notes: list[str],
) -> RawGraph:
    """Return the graph that a file of tables describes."""
    ids, ends = names.finish(notes)
    tables["node"].n_rows = len(ids)  # with those that only edges name
    nodes, gaps = tables["node"].finish(most_cells(source))
    edges, edge_gaps = tables["edge"].finish(most_cells(source))
    labels = take_names({k: v for k, v in nodes.items() if k not in gaps}, ("name",), ids)
    if labels is not ids:
        del nodes["name"]
        labels = whole_labels(labels)
    known = {name: fields[name] for name in GRAPH_FIELDS if fields.get(name) not in (None, "")}
    if "epsilon" in known:
        known["epsilon"] = float(known["epsilon"])
    return RawGraph(
        edges=ends,
        n_nodes=len(ids),
        directed=directed,
        labels=None if isinstance(labels, range) else labels,
        edge_values=restore_looks(edges),
        gaps=edge_gaps,
        told=fields.get("lengths") or None,
        attributes=restore_looks(nodes, labels),
        fields=known,
        notes=notes,
    )


def restore_looks(
    columns: dict[str, NDArray[Any]], names: Sequence[Any] = ()
) -> dict[str, NDArray[Any]]:
    """Turn x, y, z and r, g, b into ``position`` and ``color``; drop labels that repeat the id."""
    kept = dict(columns)
    for name, axes in (("position", "xyz"), ("color", "rgb")):
        parts = {axis: _numbers(kept[axis]) for axis in axes if axis in kept}
        used = [axis for axis in axes if parts.get(axis) is not None]
        if used == list(axes) or used == ["x", "y"]:
            kept[name] = np.column_stack([parts[axis] for axis in used])  # type: ignore[misc]
            kept = {key: column for key, column in kept.items() if key not in used}
    if "label" in kept and names and _same_words(kept["label"], names):
        del kept["label"]
    return {name.removeprefix(RESERVED_PREFIX): column for name, column in kept.items()}


def _same_words(column: NDArray[Any], names: Sequence[Any]) -> bool:
    blocks = (slice(first, first + 10_000) for first in range(0, len(names), 10_000))
    return all(column[block].tolist() == list(map(str, names[block])) for block in blocks)


def _numbers(column: NDArray[Any]) -> NDArray[Any] | None:
    """Return a column as numbers, NaN where missing; None if it holds anything else."""
    if column.dtype.kind in "bU":
        return None
    return column if column.dtype.kind in "iuf" else column.astype(np.float64)
