"""Nodes and edges without looks: rows for tables, JSON for d3 and networkx, lists of edges."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featgraph.core.files import write_text
from featgraph.io.tables import write_rows

if TYPE_CHECKING:
    from featgraph.boxes.cover import BoxCover
    from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["box_column", "edge_rows", "node_rows", "write_edges", "write_node_link"]


def box_column(cover: BoxCover) -> str:
    """Return the name of the column of a covering: ``box_l3``, or ``box_r2`` for balls."""
    return f"box_{'r' if cover.kind == 'radius' else 'l'}{cover.size:g}"


def node_rows(graph: FeatureGraph, covers: Iterable[BoxCover] = ()) -> list[dict[str, Any]]:
    """Return one row per node: its label as ``id``, its attributes, and its box of each covering.

    Attributes of several columns are ``name_0``, ``name_1``, …
    """
    columns: dict[str, list[Any]] = {"id": _labels(graph)}
    for name, values in graph.node_attributes.items():
        if values.ndim == 1:
            columns[name] = values.tolist()
        else:
            columns.update({f"{name}_{k}": part.tolist() for k, part in enumerate(values.T)})
    columns.update({box_column(cover): cover.labels.tolist() for cover in covers})
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def edge_rows(graph: FeatureGraph) -> list[dict[str, Any]]:
    """Return one row per edge: ``source``, ``target``, and ``weight`` where edges have one."""
    names = _labels(graph)
    rows: list[dict[str, Any]] = [
        {"source": names[i], "target": names[j]} for i, j in graph.edges.tolist()
    ]
    if graph.edge_weights is not None:
        for row, weight in zip(rows, graph.edge_weights.tolist(), strict=True):
            row["weight"] = weight
    return rows


def _labels(graph: FeatureGraph) -> list[int | str]:
    return [
        label if isinstance(label, int) and not isinstance(label, bool) else str(label)
        for label in graph.node_labels
    ]


def write_node_link(
    graph: FeatureGraph, path: str | os.PathLike[str], covers: Iterable[BoxCover] = ()
) -> Path:
    """Write nodes and links as one JSON object, which d3 and ``nx.node_link_graph`` read."""
    values = {
        "directed": False,
        "graph": {"layer": graph.layer, "epsilon": graph.epsilon, "source": graph.source},
        "nodes": node_rows(graph, covers),
        "links": edge_rows(graph),
    }
    return write_text(path, json.dumps(values) + "\n")


def write_edges(graph: FeatureGraph, path: str | os.PathLike[str]) -> Path:
    """Write a line per edge: ``.csv`` with titles, else two names and perhaps a weight.

    Raises
    ------
    ValueError
        If the graph holds what a list of edges cannot: nodes without edges, labels that are
        alike as text, or, in a file without titles, labels with spaces.
    """
    alone = int((graph.degrees == 0).sum())
    if alone:
        raise ValueError(
            f"{alone} node{'' if alone == 1 else 's'} without edges have no place in a list of "
            "edges; write .npz, .graphml or .gexf instead"
        )
    names = [str(name) for name in graph.node_labels]
    if len(set(names)) < len(names):
        raise ValueError("labels differ as values but not as text; write .npz or .graphml instead")
    rows = edge_rows(graph)
    if Path(path).suffix == ".csv":
        return write_rows(rows, path)
    spaced = next((name for name in names if not name or any(c.isspace() for c in name)), None)
    if spaced is not None:
        raise ValueError(f"an edge list cannot hold the label {spaced!r}; write .csv or .graphml")
    return write_text(path, "".join(f"{' '.join(map(str, row.values()))}\n" for row in rows))
