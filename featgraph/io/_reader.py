"""What the readers of all formats share: nodes, edges and columns in, one graph out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.incoming import RawGraph, whole_labels
from featgraph.graph.outgoing import GRAPH_FIELDS
from featgraph.io._columns import Names, Table
from featgraph.io._looks import RESERVED_PREFIX, hex_channels
from featgraph.io._source import Source

__all__ = ["GraphReader"]


class GraphReader:
    """Collects what a file says about nodes, edges and the graph."""

    def __init__(self) -> None:
        self.names = Names()
        self.nodes, self.edges = Table(), Table()
        self.tables = {"node": self.nodes, "edge": self.edges}
        self.fields: dict[str, Any] = {}
        self.notes: list[str] = []
        self.left_out: dict[str, None] = {}
        self.directed = False

    def add_node(self, name: str) -> None:
        """Take a node, to which the values put next belong."""
        self.names.ids.append(name)
        self.nodes.n_rows += 1

    def add_edge(self, source: str, target: str) -> None:
        """Take an edge, to which the values put next belong."""
        self.names.ends += (source, target)
        self.edges.n_rows += 1

    def flush(self) -> None:
        """Turn the words read so far into arrays."""
        self.names.flush()
        self.nodes.flush()
        self.edges.flush()

    def graph(
        self,
        source: Source,
        *,
        titles: Sequence[str] = ("name",),
        usual: str = "weight",
        declared: bool = False,
    ) -> RawGraph:
        """Return the graph once the file is read.

        Labels are the first of the columns ``titles`` that names every node differently (igraph
        numbers the ids of a file itself and writes labels as ``name``), else the ids. With
        ``declared``, a node that only edges name is an error.
        """
        ids, ends = self.names.finish(None if declared else self.notes)
        self.nodes.n_rows = len(ids)  # with those that only edges name
        most_cells = 10_000_000 + 50 * source.size
        nodes, gaps, lost = self.nodes.finish(most_cells)
        edges, edge_gaps, edge_lost = self.edges.finish(most_cells)
        labels = None if isinstance(ids, range) else ids
        for title in titles:
            if title in nodes and title not in gaps and _distinct(nodes[title]):
                told = nodes.pop(title).tolist()
                labels = told if isinstance(told[0], int) else whole_labels(list(map(str, told)))
                break
        known = {name: self.fields[name] for name in GRAPH_FIELDS if self.fields.get(name)}
        if "epsilon" in known:
            known["epsilon"] = float(known["epsilon"])
        if self.left_out or lost or edge_lost:
            every = dict.fromkeys([*self.left_out, *lost, *edge_lost])
            told = ", ".join(repr(name.removeprefix(RESERVED_PREFIX)) for name in every)
            self.notes.append(f"left out {told}: neither a value nor a list of numbers")
        return RawGraph(
            edges=ends,
            n_nodes=len(ids),
            directed=self.directed,
            labels=labels,
            edge_values=_restore_looks(edges),
            gaps=edge_gaps,
            usual=usual,
            also=("weight",),
            told=self.fields.get("lengths") or None,
            attributes=_restore_looks(nodes, labels or ids),
            fields=known,
            notes=self.notes,
        )


def _restore_looks(
    columns: dict[str, NDArray[Any]], names: Sequence[Any] = ()
) -> dict[str, NDArray[Any]]:
    """Turn x, y, z and r, g, b into ``position`` and ``color``; drop labels that repeat the id."""
    kept = dict(columns)
    for name, axes in (("position", "xyz"), ("color", "rgb")):
        parts = {axis: _numbers(kept[axis]) for axis in axes if axis in kept}
        used = [axis for axis in axes if parts.get(axis) is not None]
        if used == list(axes) or used == ["x", "y"]:
            rows = np.column_stack([parts[axis] for axis in used])  # type: ignore[misc]
            if used == ["x", "y", "z"]:  # a place without a height lies in the plane
                flat = np.isnan(rows[:, 2]) & ~np.isnan(rows[:, :2]).any(axis=1)
                rows[flat, 2] = 0.0
            kept[name] = rows
            kept = {key: column for key, column in kept.items() if key not in used}
    words = kept.get("color")
    if words is not None and words.dtype.kind == "U":
        channels = [hex_channels(word) or word for word in words.tolist()]
        if all(isinstance(told, list) or not told for told in channels):
            nothing = [np.nan] * 3
            kept["color"] = np.array([told[:3] if told else nothing for told in channels])
    if "label" in kept and len(names) and _same_words(kept["label"], names):
        del kept["label"]
    return {name.removeprefix(RESERVED_PREFIX): column for name, column in kept.items()}


def _distinct(column: NDArray[Any]) -> bool:
    names = column if column.dtype.kind in "iU" else list(map(str, column.tolist()))
    return np.unique(names).size == len(column)


def _same_words(column: NDArray[Any], names: Sequence[Any]) -> bool:
    blocks = (slice(first, first + 10_000) for first in range(0, len(names), 10_000))
    return all(list(map(str, column[b].tolist())) == list(map(str, names[b])) for b in blocks)


def _numbers(column: NDArray[Any]) -> NDArray[Any] | None:
    """Return a column as numbers, NaN where missing; None if it holds anything else."""
    if column.dtype.kind in "bU":
        return None
    return column if column.dtype.kind in "iuf" else column.astype(np.float64)
