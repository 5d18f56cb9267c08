"""What the readers of all formats share: nodes, edges and columns in, one graph out."""

from __future__ import annotations

import operator
from array import array
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.incoming import RawGraph, whole_labels
from featgraph.graph.outgoing import GRAPH_FIELDS
from featgraph.io._columns import Table
from featgraph.io._looks import RESERVED_PREFIX, hex_channels

__all__ = ["GraphReader"]


class GraphReader:
    """Collects what a file says about nodes, edges and the graph."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}  # id to number, in the order of their first appearance
        self._ids, self._pairs = array("i"), array("i")
        self.nodes, self.edges = Table(), Table()
        self.tables = {"node": self.nodes, "edge": self.edges}
        self.fields: dict[str, Any] = {}
        self.notes: list[str] = []
        self.left_out: dict[str, None] = {}
        self.directed = False

    def add_node(self, name: str) -> None:
        """Take a node, to which the values put next belong."""
        codes = self._codes
        self._ids.append(codes.setdefault(name, len(codes)))
        self.nodes.n_rows += 1

    def add_edge(self, source: str, target: str) -> None:
        """Take an edge, to which the values put next belong."""
        codes, pairs = self._codes, self._pairs
        pairs.append(codes.setdefault(source, len(codes)))
        pairs.append(codes.setdefault(target, len(codes)))
        self.edges.n_rows += 1

    def graph(
        self,
        size: int,
        *,
        titles: Sequence[str] = ("name",),
        usual: str = "weight",
        declared: bool = False,
    ) -> RawGraph:
        """Return the graph once a file of this size is read.

        Labels are the first of the columns ``titles`` that names every node differently (igraph
        numbers the ids of a file itself and writes labels as ``name``), else the ids. With
        ``declared``, a node that only edges name is an error.
        """
        labels, ends = self._ends(declared)
        self.nodes.n_rows = len(labels)  # with those that only edges name
        most_cells = 10_000_000 + 50 * size
        nodes, gaps, lost = self.nodes.finish(most_cells)
        edges, edge_gaps, edge_lost = self.edges.finish(most_cells)
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
            n_nodes=len(labels),
            directed=self.directed,
            labels=None if isinstance(labels, range) else labels,
            edge_values=_restore_looks(edges),
            gaps=edge_gaps,
            usual=usual,
            also=("weight",),
            told=self.fields.get("lengths") or None,
            attributes=_restore_looks(nodes, labels),
            fields=known,
            notes=self.notes,
        )

    def _ends(self, declared: bool) -> tuple[Sequence[Hashable], NDArray[np.int64]]:
        """Return the ids, and the ends as positions among them, shape (n_edges, 2).

        Nodes that only edges name are added and noted, or an error where all are ``declared``.
        """
        words, self._codes = list(self._codes), {}  # whose room is needed
        names = whole_labels(words)
        del words
        ids, ends = (np.frombuffer(codes, dtype=np.int32) for codes in (self._ids, self._pairs))
        n_uses = np.bincount(ids, minlength=len(names))
        if n_uses.max(initial=0) > 1:
            twice = names[int(n_uses.argmax())]
            raise ValueError(f"every node needs an id of its own, got {twice} twice")
        late = np.flatnonzero(n_uses == 0)
        if late.size and declared:
            raise ValueError(f"an edge lacks an end or names no node: {names[late[0]]}")
        if late.size:
            told = ", ".join(repr(names[code]) for code in late[:3].tolist())
            self.notes.append(
                f"added {late.size} node{'' if late.size == 1 else 's'} that only edges name "
                f"({told}{', …' if late.size > 3 else ''})"
            )
        order = np.concatenate([ids, late.astype(np.int32)])
        place = np.empty(len(names), dtype=np.int64)
        place[order] = np.arange(order.size)
        if not np.array_equal(order, np.arange(order.size)):
            names = [names[code] for code in order.tolist()]
        if names == list(range(len(names))):
            names = range(len(names))  # which takes no room
        return names, place[ends].reshape(-1, 2)


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
    if (
        "label" in kept
        and names
        and all(map(operator.eq, map(str, names), map(str, kept["label"])))
    ):
        del kept["label"]
    return {name.removeprefix(RESERVED_PREFIX): column for name, column in kept.items()}


def _distinct(column: NDArray[Any]) -> bool:
    names = column if column.dtype.kind in "iU" else list(map(str, column.tolist()))
    return np.unique(names).size == len(column)


def _numbers(column: NDArray[Any]) -> NDArray[Any] | None:
    """Return a column as numbers, NaN where missing; None if it holds anything else."""
    if column.dtype.kind in "bU":
        return None
    return column if column.dtype.kind in "iuf" else column.astype(np.float64)
