"""GraphML and GEXF of any program: one graph with all columns and looks, or one for each time."""

from __future__ import annotations

import datetime
import itertools
import json
import math
import re
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from xml.parsers import expat

from featgraph.graph.incoming import RawGraph
from featgraph.io._reader import RESERVED_PREFIX, Column, GraphReader, Table, as_boolean
from featgraph.io._streams import Source

__all__ = ["KEYWORD", "parse_times", "parse_xml"]

#: Begins the keywords in which featgraph says what the weights are and where the graph is from.
KEYWORD = "featgraph "
#: Attributes that say when an element exists, in GEXF 1.1 to 1.3.
_TIMES = frozenset(
    ("start", "end", "startopen", "endopen", "timestamp", "timestamps", "intervals", "slices")
)
_OWN = {"id", "source", "target", "type", "directed"} | _TIMES
#: Elements of a drawing in GEXF, and of yEd, to the columns that their attributes fill.
_LOOKS = {
    "color": (*((c, c, "integer") for c in "rgb"), ("alpha", "a", "double")),
    "position": tuple((axis, axis, "double") for axis in "xyz"),
    "size": (("size", "value", "double"),),
    "thickness": (("thickness", "value", "double"),),
    "shape": (("shape", "value", "string"),),
    "LineStyle": (("thickness", "width", "double"),),
    "Shape": (("shape", "type", "string"),),
}
_FIRST = {"color": "r", "position": "x"}  # what elements of a drawing fill first
_HEX = {"color": "hex", "Fill": "color", "LineStyle": "color"}
#: A stretch from just after its start until its end; of equal ends the instant itself.
Span = tuple[float, float]
_ALWAYS = (-math.inf, math.inf)


def parse_xml(source: Source) -> RawGraph:
    """Read the one graph of a file; one that changes is read as all its times at once."""
    reader = _Reader(source)
    if reader.times:
        reader.notes.append(
            "holds a graph that changes in time, here all its times at once and the last values: "
            "read_dynamic_gexf gives the graph at each time"
        )
    return reader.graph(source.size)


class _Reader(GraphReader):
    """Takes the elements of a file one by one; prefixes of names are of no account.

    A document type is refused before anything in it is read: entities can fill the memory or read
    other files.
    """

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.parts: list[str] = []  # text since the last element began
        self.n_graphs, self.about = 0, dict[str, str]()  # attributes of the <graph>
        self.owner = ""  # the innermost that is open of graph, node and edge
        self.key = ""  # of the <data> that is open
        self.label = False  # whether a label of yEd is open, which tells its place behind its text
        self.domain = "node"  # of the <attributes> that are open
        self.declared: list[Column] = []  # columns of the <key> or <attribute> that is open
        self.known = Table()  # columns of the graph itself
        # What elements say of their times, by kind and row, and values, by column and number of
        # the cell: their own attributes, then those of each spell.
        self.times: dict[tuple[str | Column, int], list[dict[str, str]]] = {}
        self.is_gexf = False

        def refuse(*_: object) -> None:
            raise ValueError(
                "declares a document type (<!DOCTYPE …>), which could define entities, and is "
                "refused; remove that line if you trust the file"
            )

        parser = expat.ParserCreate(source.encoding)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = refuse
        parser.StartElementHandler, parser.EndElementHandler = self.start, self.end
        parser.CharacterDataHandler = self.parts.append
        with source.open() as stream:
            try:
                parser.ParseFile(stream)
            except expat.ExpatError:
                stream.seek(parser.ErrorByteIndex)
                if stream.read(1) >= b"\x80":
                    source.text()  # which says what to do where this is no UTF-8
                raise
        if not self.n_graphs:
            raise ValueError("holds no <graph>")
        for table in self.tables.values() if self.is_gexf else ():
            self._part_names(table)
        if self.is_gexf and not self.edges.columns["weight"].cells:
            del self.edges.columns["weight"]

    def _part_names(self, table: Table) -> None:
        """Tell attributes from what elements say of their own under the same name."""
        timed = {of for of, _ in self.times}
        for key, column in list(table.columns.items()):
            own = table.columns.get(_FIRST.get(column.name, column.name))
            if own is None or not own.cells or not key.startswith("for "):
                continue
            if column in timed:  # what holds at a time comes before what holds always
                table.columns = {key: column, **table.columns}
            else:
                column.name = RESERVED_PREFIX + column.name

    def start(self, tag: str, about: dict[str, str]) -> None:
        """Take the start of an element."""
        if not self.label:
            self.parts.clear()
        tag = tag.rpartition(":")[2]
        if tag == "data":
            self.key = about.get("key", "")
        elif tag == "attvalue":
            self.value(about)
        elif tag in self.tables:
            self.open(tag, about)
        elif tag in ("graph", "nodes", "edges") and (self.owner in self.tables or tag == "graph"):
            if self.n_graphs:
                raise ValueError(
                    "holds more than one <graph>, or one inside another (a nested graph): write "
                    "each to a file of its own (in yEd: ungroup)"
                )
            self.n_graphs, self.about, self.owner = 1, about, "graph"
        elif tag == "hyperedge":
            raise ValueError("holds a <hyperedge>, which is no edge between two nodes")
        elif tag == "port" and not self.notes:
            self.notes.append("left out <port> elements: edges end at nodes")
        elif self.owner in self.tables:
            self.look(tag, about)
        elif tag == "attributes":
            self.domain = about.get("class", "node")
        elif tag in ("key", "attribute"):
            self.declare(tag, about)
        elif tag == "gexf" and not self.is_gexf:
            self.is_gexf = True
            self.edges.columns["weight"] = Column("weight", "double", "1.0")

    def open(self, tag: str, about: dict[str, str]) -> None:
        """Take a node or an edge, to which everything belongs until it ends."""
        if self.owner != "graph":
            raise ValueError(
                f"holds a <{tag}> that is no part of a simple graph, but outside of it or nested "
                f"inside a {self.owner or '…'}; write inner graphs to files of their own"
            )
        self.owner, table = tag, self.tables[tag]
        try:
            if tag == "node":
                self.add_node(about["id"])
            else:
                self.add_edge(about["source"], about["target"])
                usual = self.about.get("edgedefault", self.about.get("defaultedgetype"))
                told = about.get("directed")
                directed = about.get("type", usual) == "directed"
                self.directed |= directed if told is None else as_boolean(told)
        except KeyError as error:
            name = error.args[0]
            told = "an id of its own" if name == "id" else f"an attribute {name!r}"
            raise ValueError(f"every <{tag}> needs {told}") from None
        if self.is_gexf:
            for name, text in about.items():
                if name not in _OWN and ":" not in name:
                    table.put(name, text)
            if not _TIMES.isdisjoint(about):
                self.times[tag, table.n_rows - 1] = [about]

    def declare(self, tag: str, about: dict[str, str]) -> None:
        """Take the name and the type of an attribute."""
        key, domain = about.get("id", ""), about.get("for", "all")
        name = about.get("attr.name", about.get("title", key))
        kind = about.get("attr.type", about.get("type", "string"))
        if "yfiles.type" in about:  # a drawing, read by its elements
            kind = "drawing"
        if (key, name) == ("edgelabel", "Edge Label"):  # of Gephi
            name = "label"
        if tag == "attribute":
            key, domain = f"for {key}", self.domain
            name = "weight" if (domain, name) == ("edge", "Weight") else name  # of Gephi
        self.declared = []
        for owner, table in (*self.tables.items(), ("graph", self.known)):
            if domain in (owner, "all"):
                column, before = Column(name, kind), table.columns.get(key)
                if before:  # declared behind its values
                    column.rows, column.cells = before.rows, before.cells
                table.columns[key] = column
                self.declared.append(column)

    def value(self, about: dict[str, str]) -> None:
        """Take an <attvalue> of the open element."""
        if self.owner not in self.tables:
            raise ValueError("holds an <attvalue> outside of nodes and edges")
        table, key = self.tables[self.owner], about.get("for", about.get("id", ""))
        column = table.columns.get(f"for {key}") or table.column(key)  # "id" in GEXF 1.1
        self._add(column, about.get("value", ""), about)

    def _add(self, column: Column, text: str, about: dict[str, str]) -> None:
        """Give the open element a value, which may hold at some times only."""
        if not _TIMES.isdisjoint(about):
            self.times[column, len(column.cells)] = [about]
        column.add(self.tables[self.owner].n_rows - 1, text)

    def look(self, tag: str, about: dict[str, str]) -> None:
        """Take places, colours, sizes, shapes and widths, as far as an element tells them."""
        table = self.tables[self.owner]
        if tag == "Geometry":  # of yEd, whose x and y are the corner at the top left
            for axis, side in (("x", "width"), ("y", "height")):
                corner = float(about.get(axis) or "nan")
                table.put(axis, corner + float(about.get(side) or 0) / 2)
        if tag in _HEX:
            table.put_color(about.get(_HEX[tag]))
        for name, cell, kind in _LOOKS.get(tag, ()):
            if cell in about:
                self._add(table.column(name, kind), about[cell], about)
        self.label = self.label or tag in ("NodeLabel", "EdgeLabel")
        if tag in ("spell", "slice"):
            self.times.setdefault((self.owner, table.n_rows - 1), [{}]).append(about)

    def end(self, tag: str) -> None:
        """Take the end of an element."""
        tag, text = tag.rpartition(":")[2], "".join(self.parts)
        table = self.tables.get(self.owner)
        if tag == "data" and table:
            column = table.column(self.key)
            if column.kind != "drawing":
                column.add(table.n_rows - 1, text)
        elif tag == "data" and self.owner:
            self.fields[self.known.column(self.key).name] = text
        elif tag == self.owner:
            self.owner = "graph" if table else ""
        elif tag in ("NodeLabel", "EdgeLabel") and table:
            self.label = False
            rows = table.column("label").rows
            if not rows or rows[-1] < table.n_rows - 1:  # the first of several is the label
                table.put("label", text.strip() or None)
        elif tag == "default":
            for column in self.declared:
                column.default = text
        elif tag == "keywords" and text.startswith(KEYWORD):
            told = json.loads(text.removeprefix(KEYWORD))
            self.fields.update(told if isinstance(told, dict) else {})


def parse_times(source: Source) -> dict[float, RawGraph]:
    """Read the graph at every time when something changes."""
    reader = _Reader(source)
    about = reader.about
    if about.get("mode") not in ("dynamic", "slice") and not reader.times:
        raise ValueError('holds no <graph mode="dynamic">; read_gexf reads static ones')
    named = about.get("timezone")
    zone = zoneinfo.ZoneInfo(named) if named else datetime.timezone.utc
    told: dict[Any, list[Span]] = {}
    for where, (own, *spells) in reader.times.items():
        spans = [span for one in spells for span in _read_spans(one, zone)]
        told[where] = spans or (_read_spans(own, zone) if own else [])
    every = set(itertools.chain.from_iterable(told.values()))
    moments = {start for start, end in every if start == end}
    changes = {time for span in every for time in span if math.isfinite(time)}
    if any(start < end and (start, end) != _ALWAYS for start, end in every):
        changes |= {math.nextafter(moment, math.inf) for moment in moments}
    starts, ends = zip(*(_read_spans(about, zone) or [_ALWAYS]), strict=True)
    first, last = min(starts), max(ends)
    changes = {time for time in changes if first <= time < last or time == last in moments}
    times = sorted({first, *changes}) if changes or math.isfinite(first) else [0.0]
    found = {}
    for time in times:
        part = _part(reader, told, time)
        if part.nodes.n_rows and (part.edges.n_rows or time > -math.inf):
            found[time] = part.graph(source.size)
    if not found:
        raise ValueError("holds no node at any time")
    return found


def _part(reader: _Reader, told: Mapping[Any, list[Span]], time: float) -> GraphReader:
    """Return what is there at a time."""
    part = GraphReader()
    part.directed, part.notes = reader.directed, list(reader.notes)
    part.fields = {name: value for name, value in reader.fields.items() if name != "lengths"}
    names, gone, ends = list(reader.codes), set[str](), iter(reader.end_codes)
    rows = {"node": zip(reader.node_codes, strict=True), "edge": zip(ends, ends, strict=True)}
    for owner, table in reader.tables.items():
        kept: dict[int, int] = {}
        add: Callable[..., None] = part.add_node if owner == "node" else part.add_edge
        for row, codes in enumerate(rows[owner]):
            named = [names[code] for code in codes]
            if _holds(told.get((owner, row), [_ALWAYS]), time) and gone.isdisjoint(named):
                kept[row] = len(kept)
                add(*named)
            elif owner == "node":
                gone.update(named)
        for key, column in table.columns.items():
            copy = part.tables[owner].columns[key] = Column(
                column.name, column.kind, column.default
            )
            for k, (row, cell) in enumerate(zip(column.rows, column.cells, strict=True)):
                if row in kept and _holds(told.get((column, k), [_ALWAYS]), time):
                    copy.add(kept[row], cell)
    return part


def _holds(life: Sequence[Span], time: float) -> bool:
    for start, end in life:  # noqa: SIM110 (any() takes three times as long)
        if start <= time < end or start == end == time:
            return True
    return False


def _read_spans(about: Mapping[str, str], zone: datetime.tzinfo) -> list[Span]:
    """Return the stretches of time that the attributes of an element tell; all time for none."""
    told = about.get("timestamps", about.get("timestamp", about.get("intervals")))
    if told is not None:
        times = [_time(word, zone) for word in re.split(r"[\s,;<>()\[\]]+", told) if word]
        if "intervals" not in about:
            return [(time, time) for time in times]
        if len(times) % 2:
            raise ValueError(f"intervals must be pairs of times, got {told[:40]!r}")
        return list(zip(times[::2], times[1::2], strict=True))
    known = {key: text for key, text in about.items() if text != "None"}  # of networkx
    start = known.get("start") or known.get("startopen")
    end = known.get("end") or known.get("endopen")
    span = (_time(start, zone) if start else -math.inf, _time(end, zone) if end else math.inf)
    if span[0] > span[1]:
        raise ValueError(f"a stretch of time ends at {end} before it starts at {start}")
    if span[0] == span[1] and ("startopen" in about or "endopen" in about):
        return []  # an open stretch of no length
    return [span]


def _time(text: str, zone: datetime.tzinfo) -> float:
    """Return a time as a number; a date in seconds since 1970, in this zone if it names none."""
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
    return date.replace(tzinfo=date.tzinfo or zone).timestamp()
