"""GEXF 1.1 to 1.3 as one graph with all its columns, colours, sizes, places and shapes."""

from __future__ import annotations

import json

from featgraph.graph.incoming import RawGraph
from featgraph.io._columns import Column
from featgraph.io._looks import put_color
from featgraph.io._source import Source
from featgraph.io._xml_reader import XmlReader

__all__ = ["KEYWORD", "TIMES", "GexfReader", "parse_gexf"]

#: Begins the keywords in which featgraph says what the weights are and where the graph is from.
KEYWORD = "featgraph "
#: Attributes that say when an element exists, in GEXF 1.1 to 1.3.
TIMES = frozenset(
    ("start", "end", "startopen", "endopen", "timestamp", "timestamps", "intervals", "slices")
)
_OWN = {"node": {"id"}, "edge": {"id", "source", "target", "type"}}
_NESTED = (
    "holds a <node> that is no part of a simple graph, but nested: <{}> inside a <{}>; write the "
    "inner graphs to files of their own"
)


def parse_gexf(source: Source) -> RawGraph:
    """Read the graph of a GEXF file; one that changes is read as all its times at once."""
    reader = GexfReader()
    reader.read(source)
    if reader.timed:
        reader.notes.append(
            "holds a graph that changes in time, here all its times at once and the last values: "
            "read_dynamic_gexf gives the graph at each time"
        )
    return reader.raw_graph(source)


class GexfReader(XmlReader):
    """Collects what a GEXF file says, without regard to time."""

    def __init__(self) -> None:
        super().__init__()
        self.edges.columns["weight"] = Column("weight", "double", "1.0")
        self.timed = False
        self.about: dict[str, str] | None = None  # attributes of the <graph>
        self.usual = "undirected"
        self.domain = "node"  # of the <attributes> that are open
        self.declared: Column | None = None

    def start(self, tag: str, about: dict[str, str]) -> None:
        if tag == "attvalue":
            self._value(about)
        elif tag in self.tables:
            self._open(tag, about)
        elif self.owner:
            self._look(tag, about)
        elif tag == "attributes":
            self.domain = about.get("class", "node")
        elif tag == "attribute" and self.domain in self.tables:
            name = about.get("title", about.get("id", ""))
            self.declared = Column(name, about.get("type", "string"))
            self.tables[self.domain].columns[f"for {about.get('id')}"] = self.declared
        elif tag == "graph":
            if self.about is not None:
                raise ValueError("holds more than one <graph>: write each to a file of its own")
            self.about = about
            self.usual = about.get("defaultedgetype", self.usual)

    def raw_graph(self, source: Source) -> RawGraph:
        """Return the graph once the file is read."""
        if self.about is None:
            raise ValueError("holds no <graph>")
        if not len(self.edges.columns["weight"].rows):
            del self.edges.columns["weight"]
        return self.graph(source)

    def _open(self, tag: str, about: dict[str, str]) -> None:
        if self.owner:
            raise ValueError(_NESTED.format(tag, self.owner))
        if tag == "node":
            self.add_node(about["id"])
        else:
            self.add_edge(about["source"], about["target"])
            self.directed |= about.get("type", self.usual) == "directed"
        self.owner = tag
        table = self.tables[tag]
        for name, text in about.items():
            if name in TIMES:
                self.timed = True
            elif name not in _OWN[tag] and ":" not in name:
                table.put(name, text)

    def _value(self, about: dict[str, str]) -> None:
        if not self.owner:
            raise ValueError("holds an <attvalue> outside of nodes and edges")
        table = self.tables[self.owner]
        key = about.get("for", about.get("id", ""))  # "id" in GEXF 1.1
        column = table.columns.get(f"for {key}") or table.column(key)
        column.add(table.n_rows - 1, about.get("value", ""))
        self.timed = self.timed or not TIMES.isdisjoint(about)

    def _look(self, tag: str, about: dict[str, str]) -> None:
        table = self.tables[self.owner]
        if tag == "color":
            put_color(table, about.get("hex"))
            for channel in "rgb":
                table.put(channel, about.get(channel), "integer")
            table.put("alpha", about.get("a"), "double")
        elif tag == "position":
            for axis in "xyz":
                table.put(axis, about.get(axis), "double")
        elif tag in ("size", "thickness"):
            table.put(tag, about.get("value"), "double")
        elif tag == "shape":
            table.put(tag, about.get("value"))
        elif tag in ("nodes", "edges"):
            raise ValueError(_NESTED.format(tag, self.owner))
        elif tag in ("spell", "slice"):
            self.timed = True

    def end(self, tag: str) -> None:
        if tag == self.owner:
            self.owner = ""
        elif tag == "default" and self.declared is not None:
            self.declared.default = self.text
        elif tag == "keywords" and self.text.startswith(KEYWORD):
            told = json.loads(self.text.removeprefix(KEYWORD))
            self.fields.update(told if isinstance(told, dict) else {})
