"""GEXF 1.3 with time: graphs of one set of nodes that change, for Gephi's timeline."""

from __future__ import annotations

import itertools
import math
import operator
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.core.package import caller_level
from featgraph.graph.convert import accept_graph, open_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.io._streams import Source, Target, XmlWriter, broken_file, open_target, target_name
from featgraph.io._table import GraphTable, Positions, cell_texts, column_kind, describe_graph
from featgraph.io._xml_reader import parse_times
from featgraph.io.gexf import NAMESPACES, declare, known_shapes, look_rows, write_meta

__all__ = ["read_dynamic_gexf", "write_dynamic_gexf"]

#: One stretch of time, [start, end]; GEXF 1.3 has closed intervals only.
Span = tuple[float, float]


def write_dynamic_gexf(
    graphs: Mapping[float, FeatureGraph],
    path: Target,
    *,
    end: float | None = None,
    positions: Positions = "auto",
    color_by: str | None = None,
    size_by: str | None = None,
) -> Path:
    """Write graphs at several times as one GEXF file that Gephi's timeline plays.

    Each graph holds from its time to the next one. Edges carry spells, the stretches of time
    in which they exist; degree, core number, community and every node attribute carry one
    value per stretch.

    Parameters
    ----------
    graphs : mapping of float to FeatureGraph, or to graphs of other libraries
        Time (such as the epoch) to graph; at least one, all of the same nodes.
    path : str, path or open file
        File to write, whole or not at all; packed if it ends in ``.gz``, ``.bz2`` or
        ``.xz``.
    end : float or None, default=None
        When the last graph ends; None gives it the length of the stretch before it, or 1.
    positions : array-like of float, shape (n_nodes, 2) or (n_nodes, 3), or None, default="auto"
        Where nodes stand, the same at all times. Default: the attribute ``position`` of the last
        graph, else a cheap layout of all edges together; None writes no places.
    color_by, size_by : str or None, default=None
        Columns of the last graph that give colours and sizes, which do not change in time; None
        means community (``color`` of the last graph, if it has one) and degree. Gephi's
        Appearance panel can use the columns themselves.

    Returns
    -------
    Path
        The path written; of an open file its name.

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
    >>> path = tempfile.mkdtemp() + "/two.gexf"
    >>> first = FeatureGraph.from_edges([(0, 1)], n_nodes=3)
    >>> second = FeatureGraph.from_edges([(0, 1), (1, 2)])
    >>> _ = write_dynamic_gexf({0: first, 5: second}, path)
    >>> [graph.n_edges for graph in read_dynamic_gexf(path).values()]
    [1, 2]
    """
    times, ordered = _check_graphs(graphs)
    spans = _spans(times, end)
    if isinstance(positions, str) and "position" not in ordered[-1].node_attributes:
        every = np.unique(np.concatenate([graph.edges for graph in ordered]), axis=0)
        union = FeatureGraph.from_edges(every, n_nodes=ordered[-1].n_nodes)
        positions = describe_graph(union, positions=positions).looks.positions
    how: dict[str, Any] = {"positions": positions, "color_by": color_by, "size_by": size_by}
    tables = [describe_graph(graph, **how) for graph in ordered]
    for before, after in itertools.pairwise(tables):
        if "community" in before.columns and "community" in after.columns:
            followed = _follow(before.columns["community"], after.columns["community"])
            after.columns["community"] = followed
    last = tables[-1]
    layer = last.fields.get("layer")
    told = f"{len(times)} graphs" + ("" if layer is None else f", layer {layer}")
    fields = {name: value for name, value in last.fields.items() if name != "lengths"}
    about = {
        "defaultedgetype": "undirected",
        "mode": "dynamic",
        "timeformat": "double",
        "timerepresentation": "interval",
        "start": repr(spans[0][0]),
        "end": repr(spans[-1][1]),
    }
    with open_target(path) as out:
        xml = XmlWriter(out)
        with xml.element("gexf", NAMESPACES):
            write_meta(xml, fields, told)
            with xml.element("graph", about):
                _write_body(xml, tables, spans)
    return Path(target_name(path))


def _check_graphs(graphs: Mapping[float, FeatureGraph]) -> tuple[list[float], list[FeatureGraph]]:
    if not graphs:
        raise ValueError("graphs must hold at least one time and its graph, got none")
    for time in graphs:
        if isinstance(time, bool) or not math.isfinite(float(time)):
            raise ValueError(f"times must be finite numbers, got {time!r}")
    times = sorted(graphs)
    ordered = [open_graph(graphs[time], weights=True) for time in times]
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


def _follow(before: NDArray[Any], after: NDArray[Any]) -> NDArray[Any]:
    """Rename communities so that each keeps the number of the one it overlaps most."""
    if before.dtype.kind not in "iu" or after.dtype.kind not in "iu":
        return after
    pairs, sizes = np.unique(np.column_stack([after, before]), axis=0, return_counts=True)
    names: dict[int, int] = {}
    for new, old in pairs[np.argsort(-sizes, kind="stable")].tolist():
        if new not in names and old not in names.values():
            names[new] = old
    others = sorted(set(after.tolist()) - names.keys())
    names |= zip(others, itertools.count(int(max(before.max(), after.max())) + 1))
    return np.array([names[value] for value in after.tolist()], dtype=np.int64)


def _merge(values: Sequence[object], spans: Sequence[Span]) -> Iterator[tuple[Any, Span]]:
    """Yield each value with the stretch of its neighbouring spans; None is no value."""
    for value, run in itertools.groupby(zip(values, spans, strict=True), operator.itemgetter(0)):
        if value is not None:
            stretch = [span for _, span in run]
            yield value, (stretch[0][0], stretch[-1][1])


def _write_body(xml: XmlWriter, tables: Sequence[GraphTable], spans: Sequence[Span]) -> None:
    last, lives = tables[-1], _lives(tables)
    lengths = [{} if t.weights is None else {"distance": t.weights} for t in tables]
    edges = [own | table.edge_columns for own, table in zip(lengths, tables, strict=True)]
    looks, shapes = known_shapes(last.looks, "node")
    node_values = _begin_values(xml, "node", [table.columns | shapes for table in tables])
    edge_values = _begin_values(xml, "edge", edges)
    whole = {"start": repr(spans[0][0]), "end": repr(spans[-1][1])}
    labels = last.ids if last.looks.labels is None else last.looks.labels.tolist()
    with xml.element("nodes", {"count": str(len(last.ids))}):
        rows = look_rows(looks, "node", len(last.ids))
        for i, (name, label, look) in enumerate(zip(last.ids, labels, rows, strict=True)):
            with xml.element("node", {"id": name, "label": label, **whole}):
                _write_values(xml, node_values, [i] * len(tables), spans)
                xml.write(look)
    with xml.element("edges", {"count": str(len(lives))}):
        for k, ((i, j), life) in enumerate(sorted(lives.items())):
            about = {"id": str(k), "source": last.ids[i], "target": last.ids[j]}
            with xml.element("edge", about):
                _write_values(xml, edge_values, life, spans)
                with xml.element("spells"):
                    there = [None if row is None else True for row in life]
                    for _, (start, stop) in _merge(there, spans):
                        xml.leaf("spell", {"start": repr(start), "end": repr(stop)})


def _lives(tables: Sequence[GraphTable]) -> dict[tuple[int, int], list[int | None]]:
    """Return for each edge its row at every time, None where it is not there."""
    lives: dict[tuple[int, int], list[int | None]] = {}
    for t, table in enumerate(tables):
        for row, (i, j) in enumerate(table.edges.tolist()):
            lives.setdefault((i, j), [None] * len(tables))[t] = row
    return lives


_Texts = dict[str, list[list[str | None] | None]]  # by key, the cells at each time


def _begin_values(
    xml: XmlWriter, owner: str, tables: Sequence[Mapping[str, NDArray[Any]]]
) -> _Texts:
    """Declare the columns of all times; return their cells, None for a time that lacks one."""
    kinds, cells = dict[str, str](), []
    for name in dict.fromkeys(name for table in tables for name in table):
        columns = [table.get(name) for table in tables]
        found = {column_kind(column) for column in columns if column is not None}
        if len(found) > 1:  # the one that holds all
            whole = found <= {"integer", "biginteger"}
            real = found <= {"integer", "biginteger", "double"}
            found = {"biginteger" if whole else "double" if real else "string"}
        kinds[name] = found.pop()
        cells.append([None if column is None else cell_texts(column) for column in columns])
    return dict(zip(declare(xml, owner, kinds, mode="dynamic"), cells, strict=True))


def _write_values(
    xml: XmlWriter, columns: _Texts, rows: Sequence[int | None], spans: Sequence[Span]
) -> None:
    """Write the values of one node or edge, whose row may differ from time to time."""
    if not columns:
        return
    with xml.element("attvalues"):
        for key, cells in columns.items():
            values = [
                None if texts is None or row is None else texts[row]
                for texts, row in zip(cells, rows, strict=True)
            ]
            for text, (start, stop) in _merge(values, spans):
                told = {"for": key, "value": text, "start": repr(start), "end": repr(stop)}
                xml.leaf("attvalue", told)


def read_dynamic_gexf(path: Target, *, as_undirected: bool = False) -> dict[float, FeatureGraph]:
    """Read a GEXF file with time as graphs at the times when something changes.

    Parameters
    ----------
    path : str, path or open file
        File to read, version 1.1 to 1.3, of this library or another. A document type
        (``<!DOCTYPE``) is refused.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.

    Returns
    -------
    dict of float to FeatureGraph
        Time to graph, rising; each graph holds from just after its time until the next one, with
        the nodes and edges that are there and the values they have. So an end that belongs to a
        stretch, as in [0, 2], and one that does not give the same graphs; what exists for one
        instant is there at that time and gone at the next number. Dates are seconds since 1970.
        A graph that holds before the first change stands under ``-inf``, or under the start of
        the file. Weights are ``distance`` or ``weight``, where every edge has one.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is broken, static, or directed, or a time is neither a number nor a date.

    Examples
    --------
    >>> import tempfile
    >>> path = tempfile.mkdtemp() + "/one.gexf"
    >>> graph = FeatureGraph.from_edges([(0, 1)]).with_attributes(rate=[0.5, 1.5])
    >>> _ = write_dynamic_gexf({0: graph}, path)
    >>> read_dynamic_gexf(path)[0.0].node_attributes["rate"].tolist()
    [0.5, 1.5]
    """
    source = Source(path)
    with broken_file(source.name):
        found = parse_times(source)
    notes, graphs = dict[str, None](), dict[float, FeatureGraph]()
    for time, raw in found.items():
        lengths = (name for name in ("distance", "weight") if name in raw.edge_values)
        whole = next((name for name in lengths if name not in raw.gaps), "ignore")
        try:
            graphs[time], note = accept_graph(raw, whole, as_undirected)
        except ValueError as error:
            raise ValueError(f"{source.name}: {error}") from None
        notes |= {note: None} if note else {}
    if notes:
        warnings.warn(f"{source.name}: {'; '.join(notes)}", UserWarning, stacklevel=caller_level())
    return graphs
