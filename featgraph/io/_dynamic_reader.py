"""GEXF with time, versions 1.1 to 1.3, as a graph for each time at which something changes."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.incoming import RawGraph, attribute_column
from featgraph.io._gexf_reader import TIMES, GexfReader
from featgraph.io._source import Source
from featgraph.io._xml_reader import local_name

__all__ = ["length_column", "parse_dynamic_gexf"]

#: From just after the start until the end; of equal ends the instant itself.
Span = tuple[float, float]
_ALWAYS = (-math.inf, math.inf)
_INTERVAL = re.compile(r"[\[(]([^\[\]()]*)[\])]")


def parse_dynamic_gexf(source: Source) -> tuple[dict[float, RawGraph], list[str]]:
    """Return the graph at every time when something changes, and notes on what was left out."""
    reader = _Reader()
    reader.read(source)
    raw = reader.raw_graph(source)
    lives = reader.lives["node"]
    lives += [[_ALWAYS] for _ in range(raw.n_nodes - len(lives))]  # those that only edges name
    if (reader.about or {}).get("mode") != "dynamic" and not reader.timed:
        raise ValueError('holds no <graph mode="dynamic">; read_gexf reads static ones')
    raw.told = None
    notes, raw.notes = raw.notes, []
    found = {time: reader.at(raw, time) for time in reader.times()}
    graphs = {time: there for time, there in found.items() if there is not None}
    if not graphs:
        raise ValueError("holds no node at any time")
    return graphs, notes


def length_column(raw: RawGraph) -> str:
    """Return the name of the weights that every edge has, or "ignore"."""
    for name in ("distance", "weight"):
        values = raw.edge_values.get(name)
        if values is not None and len(values) and None not in list(values):
            return name
    return "ignore"


class _Reader(GexfReader):
    """What never changes goes into the tables, everything else beside its stretch of time."""

    def __init__(self) -> None:
        super().__init__()
        self.lives: dict[str, list[list[Span]]] = {"node": [], "edge": []}
        self.outer: list[Span] = []  # of the open element, where it has no spells
        self.values: dict[str, dict[str, list[tuple[int, Span, Any]]]] = {"node": {}, "edge": {}}

    def start(self, tag: str, about: dict[str, str]) -> None:
        if self.owner and local_name(tag) in ("spell", "slice"):
            self.lives[self.owner][-1] += _spans(about)
        super().start(tag, about)

    def open(self, tag: str, about: dict[str, str]) -> None:
        super().open(tag, about)
        self.lives[tag].append([])
        self.outer = _spans(about) if not TIMES.isdisjoint(about) else [_ALWAYS]

    def end(self, tag: str) -> None:
        if local_name(tag) == self.owner and not self.lives[self.owner][-1]:
            self.lives[self.owner][-1] = self.outer
        super().end(tag)

    def value(self, about: dict[str, str]) -> None:
        if TIMES.isdisjoint(about):
            super().value(about)
            return
        self.timed = True
        table, column = self.tables[self.owner], self.column_of(about)
        word = about.get("value") or None
        value = None if word is None else column.read([word])[0]
        for span in _spans(about):
            row = (table.n_rows - 1, span, value)
            self.values[self.owner].setdefault(column.name, []).append(row)

    def times(self) -> Sequence[float]:
        """Return the times at which a graph begins, rising."""
        spans = {span for lives in self.lives.values() for life in lives for span in life}
        for columns in self.values.values():
            spans |= {span for rows in columns.values() for _, span, _ in rows}
        moments = {start for start, end in spans if start == end}
        changes = {time for span in spans for time in span}
        if any(start < end and (start, end) != _ALWAYS for start, end in spans):
            changes |= {math.nextafter(moment, math.inf) for moment in moments}
        outer = _spans(self.about or {})
        first, last = outer[0] if outer else _ALWAYS
        changes = {time for time in changes if first <= time < last or time == last in moments}
        changes = {time for time in changes if math.isfinite(time)}
        early = any(start == -math.inf for life in self.lives["edge"] for start, _ in life)
        if math.isfinite(first):
            changes.add(first)
        elif early and changes:
            changes.add(-math.inf)
        return sorted(changes) or [0.0]

    def at(self, raw: RawGraph, time: float) -> RawGraph | None:
        """Return the part of the graph that is there at a time; None if no node is."""
        nodes, edges = (
            np.array([_holds(life, time) for life in lives], dtype=bool)
            for lives in self.lives.values()
        )
        if not nodes.any():
            return None
        edges &= nodes[raw.edges].all(axis=1)
        names = raw.labels or range(raw.n_nodes)
        told = self._columns("node", time, raw.attributes, nodes)
        arrays = {k: attribute_column(v) if isinstance(v, list) else v for k, v in told.items()}
        return replace(
            raw,
            edges=(np.cumsum(nodes) - 1)[raw.edges[edges]],
            n_nodes=int(nodes.sum()),
            labels=[names[i] for i in np.flatnonzero(nodes).tolist()],
            edge_values=self._columns("edge", time, raw.edge_values, edges),
            gaps={name: n for name, n in raw.gaps.items() if name not in self.values["edge"]},
            attributes={name: array for name, array in arrays.items() if array is not None},
        )

    def _columns(
        self, owner: str, time: float, static: Mapping[str, NDArray[Any]], mask: NDArray[np.bool_]
    ) -> dict[str, Any]:
        """Return the columns that hold at a time, those that change as lists."""
        found: dict[str, Any] = {name: array[mask] for name, array in static.items()}
        for name, rows in self.values[owner].items():
            always = static[name].tolist() if name in static else [None] * mask.size
            column = [None if value != value else value for value in always]
            for row, span, value in rows:
                if _holds([span], time):
                    column[row] = value
            found[name] = [column[i] for i in np.flatnonzero(mask).tolist()]
        return found


def _holds(life: Sequence[Span], time: float) -> bool:
    return any(start <= time < end or start == end == time for start, end in life)


def _spans(about: Mapping[str, str]) -> list[Span]:
    """Return the stretches of time that the attributes of an element tell."""
    told = about.get("timestamps", about.get("timestamp"))
    if told is not None:
        return [(_time(word), _time(word)) for word in _words(told)]
    if "intervals" in about:
        found = []
        for inner in _INTERVAL.findall(about["intervals"]):
            ends = inner.split(",")
            if len(ends) != 2:
                raise ValueError(f"intervals must be pairs of times, got {inner[:40]!r}")
            found.append((_time(ends[0]), _time(ends[1])))
        return found
    start = about.get("start") or about.get("startopen")
    end = about.get("end") or about.get("endopen")
    span = (_time(start) if start else -math.inf, _time(end) if end else math.inf)
    if span[0] > span[1]:
        raise ValueError(f"a stretch of time ends at {end} before it starts at {start}")
    if span[0] == span[1] and ("startopen" in about or "endopen" in about):
        return []  # an open stretch of no length
    return [span]


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,;<>\[\]]+", text) if word]


def _time(text: str) -> float:
    """Return a time as a number; a date in seconds since 1970, of universal time."""
    text = text.strip()
    try:
        time = float(text)
    except ValueError:
        pass
    else:
        if abs(time) >= 2**53 and text.lstrip("+-").isdecimal() and int(time) != int(text):
            raise ValueError(f"the time {text} is too large to be told from {int(time)}")
        return time
    try:
        date = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise ValueError(f"a time must be a number or a date, got {text[:40]!r}") from None
    zone = date.tzinfo or datetime.timezone.utc
    return date.replace(tzinfo=zone).timestamp()
