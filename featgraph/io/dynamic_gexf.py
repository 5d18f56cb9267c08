"""GEXF 1.3 with time: graphs of one set of nodes that change, for Gephi's timeline."""

from __future__ import annotations

import itertools
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.core.files import atomic_path
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.io._node_table import (
    NodeTable,
    cell_text,
    column_kind,
    describe_nodes,
)
from featgraph.io._xml_writer import XmlWriter
from featgraph.io.gexf import NAMESPACES, TYPES, write_looks

__all__ = ["read_dynamic_gexf", "write_dynamic_gexf"]

#: One stretch of time, [start, end]; GEXF 1.3 has closed intervals only.
Span = tuple[float, float]


def write_dynamic_gexf(
    graphs: Mapping[float, FeatureGraph],
    path: str | os.PathLike[str],
    *,
    end: float | None = None,
    positions: Any = None,
    color_by: str | None = None,
    size_by: str | None = None,
) -> Path:
    """Write graphs at several times as one GEXF file that Gephi's timeline plays.

    Each graph holds from its time to the next one. Edges carry spells, the stretches of time
    in which they exist; degree, core number, community and every node attribute carry one
    value per stretch.

    Parameters
    ----------
    graphs : mapping of float to FeatureGraph
        Time (such as the epoch) to graph; at least one, all of the same nodes.
    path : str or path
        File to write, whole or not at all.
    end : float or None, default=None
        When the last graph ends; None gives it the length of the stretch before it, or 1.
    positions : array-like of float, shape (n_nodes, 2) or (n_nodes, 3), optional
        Where nodes stand, the same at all times. Default: ``position`` of the last graph.
    color_by, size_by : str or None, default=None
        Columns of the last graph that give colours and sizes, which do not change in time; None
        means community and degree. Gephi's Appearance panel can use the columns themselves.

    Returns
    -------
    Path
        The path written.

    Raises
    ------
    ValueError
        If there is no graph, a time is not finite, ``end`` is not after the last time, or the
        graphs differ in their nodes.

    Notes
    -----
    ``mode="dynamic"``, ``timeformat="double"``, ``timerepresentation="interval"``. Stretches
    touch, [0, 1] and [1, 2]: GEXF 1.3 removed open intervals, and Gephi refuses overlapping
    ones but takes touching ones. Stretches with the same value are written as one. Weights of
    edges are written in the same way, as the column ``distance``. Numbers of communities are
    matched from one graph to the next by their largest overlap, so that colours stay.

    References
    ----------
    gexf.net/dynamics.html, version 1.3.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "two.gexf"
    >>> first = FeatureGraph.from_edges([(0, 1)], n_nodes=3)
    >>> second = FeatureGraph.from_edges([(0, 1), (1, 2)])
    >>> _ = write_dynamic_gexf({0: first, 5: second}, path)
    >>> [graph.n_edges for graph in read_dynamic_gexf(path).values()]
    [1, 2]
    """
    times, ordered = _check_graphs(graphs)
    spans = _spans(times, end)
    tables = [_describe(graph, positions, color_by, size_by) for graph in ordered]
    for before, after in itertools.pairwise(tables):
        after.columns["community"] = _follow(
            before.columns["community"], after.columns["community"]
        )
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        xml = XmlWriter(out)
        about = {
            "defaultedgetype": "undirected",
            "mode": "dynamic",
            "timeformat": "double",
            "timerepresentation": "interval",
            "start": _number(spans[0][0]),
            "end": _number(spans[-1][1]),
        }
        with xml.element("gexf", NAMESPACES):
            with xml.element("meta"):
                xml.leaf("creator", text="featgraph")
                layer = ordered[-1].layer
                told = f"{len(times)} graphs" + ("" if layer is None else f", layer {layer}")
                xml.leaf("description", text=told)
            with xml.element("graph", about):
                _write_nodes(xml, tables, spans)
                _write_edges(xml, ordered, tables[0].ids, spans)
    return Path(path)


def _check_graphs(graphs: Mapping[float, FeatureGraph]) -> tuple[list[float], list[FeatureGraph]]:
    if not graphs:
        raise ValueError("graphs must hold at least one time and its graph, got none")
    for time in graphs:
        if isinstance(time, bool) or not math.isfinite(float(time)):
            raise ValueError(f"times must be finite numbers, got {time!r}")
    times = sorted(graphs)
    ordered = [graphs[time] for time in times]
    for time, graph in zip(times, ordered, strict=True):
        if graph.node_labels != ordered[0].node_labels:
            raise ValueError(
                f"graphs must all have the same nodes, the one at {time:g} has "
                f"{graph.n_nodes} nodes that differ from the {ordered[0].n_nodes} of the first"
            )
    return [float(time) for time in times], ordered


def _spans(times: Sequence[float], end: float | None) -> list[Span]:
    if end is None:
        end = times[-1] + (times[-1] - times[-2] if len(times) > 1 else 1.0)
    if not (math.isfinite(end) and end > times[-1]):
        raise ValueError(f"end must be after the last time {times[-1]:g}, got {end!r}")
    return list(zip(times, [*times[1:], float(end)], strict=True))


def _describe(
    graph: FeatureGraph, positions: Any, color_by: str | None, size_by: str | None
) -> NodeTable:
    return describe_nodes(
        graph, cover=None, covers=(), positions=positions, color_by=color_by, size_by=size_by
    )


def _follow(before: NDArray[Any], after: NDArray[Any]) -> NDArray[Any]:
    """Rename communities so that each keeps the number of the one it overlaps most."""
    if before.dtype.kind not in "iu" or after.dtype.kind not in "iu":
        return after
    pairs, sizes = np.unique(np.column_stack([after, before]), axis=0, return_counts=True)
    names: dict[int, int] = {}
    for k in np.argsort(-sizes, kind="stable"):
        new, old = pairs[k].tolist()
        if new not in names and old not in names.values():
            names[new] = old
    spare = int(max(before.max(), after.max())) + 1
    for new in np.unique(after).tolist():
        if new not in names:
            names[new], spare = spare, spare + 1
    return np.array([names[value] for value in after.tolist()], dtype=np.int64)


def _number(value: float) -> str:
    return repr(float(value))


def _merge(values: Sequence[Any], spans: Sequence[Span]) -> list[tuple[Any, Span]]:
    """Join neighbouring stretches of one value; None is no value."""
    merged: list[tuple[Any, Span]] = []
    for value, (start, stop) in zip(values, spans, strict=True):
        if value is None:
            continue
        if merged and merged[-1][0] == value and merged[-1][1][1] == start:
            merged[-1] = (value, (merged[-1][1][0], stop))
        else:
            merged.append((value, (start, stop)))
    return merged


def _write_attributes(xml: XmlWriter, owner: str, kinds: Mapping[str, str]) -> None:
    with xml.element("attributes", {"class": owner, "mode": "dynamic"}):
        for k, (name, kind) in enumerate(kinds.items()):
            xml.leaf("attribute", {"id": str(k), "title": name, "type": TYPES[kind]})


def _write_values(xml: XmlWriter, k: int, values: Sequence[Any], spans: Sequence[Span]) -> None:
    texts = [None if value is None else cell_text(value) for value in values]
    for text, (start, stop) in _merge(texts, spans):
        told = {"for": str(k), "value": text, "start": _number(start), "end": _number(stop)}
        xml.leaf("attvalue", told)


def _write_nodes(xml: XmlWriter, tables: Sequence[NodeTable], spans: Sequence[Span]) -> None:
    names = list(dict.fromkeys(name for table in tables for name in table.columns))
    kinds = {name: _kind([t.columns[name] for t in tables if name in t.columns]) for name in names}
    _write_attributes(xml, "node", kinds)
    columns = [
        [t.columns[name].tolist() if name in t.columns else None for t in tables] for name in names
    ]
    last = tables[-1]
    with xml.element("nodes", {"count": str(len(last.ids))}):
        for i, name in enumerate(last.ids):
            whole = {"start": _number(spans[0][0]), "end": _number(spans[-1][1])}
            with xml.element("node", {"id": name, "label": name, **whole}):
                with xml.element("attvalues"):
                    for k, column in enumerate(columns):
                        values = [None if part is None else part[i] for part in column]
                        _write_values(xml, k, values, spans)
                write_looks(xml, last, i)


def _kind(columns: Sequence[NDArray[Any]]) -> str:
    """Return the one kind that holds the values of all times."""
    kinds = {column_kind(column) for column in columns}
    if len(kinds) == 1:
        return kinds.pop()
    return "double" if kinds <= {"integer", "double"} else "string"


def _write_edges(
    xml: XmlWriter, graphs: Sequence[FeatureGraph], ids: Sequence[str], spans: Sequence[Span]
) -> None:
    weighted = any(graph.weights is not None for graph in graphs)
    if weighted:
        _write_attributes(xml, "edge", {"distance": "double"})
    lives: dict[tuple[int, int], list[float | None]] = {}
    for t, graph in enumerate(graphs):
        lengths = graph.edge_weights
        for k, (i, j) in enumerate(graph.edges.tolist()):
            life = lives.setdefault((i, j), [None] * len(graphs))
            life[t] = math.nan if lengths is None else float(lengths[k])
    with xml.element("edges", {"count": str(len(lives))}):
        for k, ((i, j), life) in enumerate(sorted(lives.items())):
            present = [None if value is None else True for value in life]
            with xml.element("edge", {"id": str(k), "source": ids[i], "target": ids[j]}):
                if weighted:
                    with xml.element("attvalues"):
                        _write_values(xml, 0, life, spans)
                with xml.element("spells"):
                    for _, (start, stop) in _merge(present, spans):
                        xml.leaf("spell", {"start": _number(start), "end": _number(stop)})


def read_dynamic_gexf(path: str | os.PathLike[str]) -> dict[float, FeatureGraph]:
    """Read a file of :func:`write_dynamic_gexf` as graphs at the times when something changes.

    Parameters
    ----------
    path : str or path
        File to read; ``mode="dynamic"`` with intervals of numbers. A document type
        (``<!DOCTYPE``) is refused.

    Returns
    -------
    dict of float to FeatureGraph
        Time to graph, rising. A time at which nothing changed is not told apart from the one
        before it, and does not come back.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is broken, static, or gives time as dates.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "one.gexf"
    >>> graph = FeatureGraph.from_edges([(0, 1)]).with_attributes(rate=[0.5, 1.5])
    >>> _ = write_dynamic_gexf({0: graph}, path)
    >>> read_dynamic_gexf(path)[0.0].node_attributes["rate"].tolist()
    [0.5, 1.5]
    """
    from featgraph.io._dynamic_reader import read_graphs

    return read_graphs(Path(path))
