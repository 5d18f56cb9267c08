"""GEXF 1.1 to 1.3 as one graph with all its columns, colours, sizes, places and shapes."""

from __future__ import annotations

import json

from featgraph.graph.incoming import RawGraph
from featgraph.io._columns import Column
from featgraph.io._looks import put_color
from featgraph.io._source import Source
from featgraph.io._xml_reader import XmlReader, local_name

__all__ = ["KEYWORD", "TIMES", "GexfReader", "parse_gexf"]

#: Begins the keywords in which featgraph says what the weights are and where the graph is from.
KEYWORD = "featgraph "
#: Attributes that say when an element exists, in GEXF 1.1 to 1.3.
TIMES = frozenset(
    ("start", "end", "startopen", "endopen", "timestamp", "timestamps", "intervals", "slices")
)
_OWN = {"id", "source", "target", "type"} | TIMES
#: Element of a node or an edge to the columns that its attributes fill.
_LOOKS = {
    "color": (*((c, c, "integer") for c in "rgb"), ("alpha", "a", "double")),
    "position": tuple((axis, axis, "double") for axis in "xyz"),
    "size": (("size", "value", "double"),),
    "thickness": (("thickness", "value", "double"),),
    "shape": (("shape", "value", "string"),),
}
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
        self.parts.clear()
        tag = local_name(tag) if ":" in tag else tag
        if tag == "attvalue":
            self.value(about)
        elif tag in self.tables or (tag in ("nodes", "edges") and self.owner):
            if self.owner:
                raise ValueError(_NESTED.format(tag, self.owner))
            self.open(tag, about)
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
        if not self.edges.columns["weight"].cells:
            del self.edges.columns["weight"]
        return self.graph(source.size)

    def open(self, tag: str, about: dict[str, str]) -> None:
        super().open(tag, about)
        if tag == "edge":
            self.directed |= about.get("type", self.usual) == "directed"
        self.timed = self.timed or not TIMES.isdisjoint(about)
        table = self.tables[tag]
        for name, text in about.items():
            if name not in _OWN and ":" not in name and not (tag == "node" and name == "type"):
                table.put(name, text)

    def column_of(self, about: dict[str, str]) -> Column:
        """Return the column to which a value of the open element belongs."""
        if not self.owner:
            raise ValueError("holds an <attvalue> outside of nodes and edges")
        table, key = self.tables[self.owner], about.get("for", about.get("id", ""))
        return table.columns.get(f"for {key}") or table.column(key)  # "id" in GEXF 1.1

    def value(self, about: dict[str, str]) -> None:
        """Take a value of the open element."""
        column = self.column_of(about)
        column.add(self.tables[self.owner].n_rows - 1, about.get("value", ""))
        self.timed = self.timed or not TIMES.isdisjoint(about)

    def _look(self, tag: str, about: dict[str, str]) -> None:
        table = self.tables[self.owner]
        if tag == "color":
            put_color(table, about.get("hex"))
        for name, cell, kind in _LOOKS.get(tag, ()):
            table.put(name, about.get(cell), kind)
        self.timed = self.timed or tag in ("spell", "slice")

    def end(self, tag: str) -> None:
        if tag == self.owner:
            self.owner = ""
            return
        tag = local_name(tag)
        if tag == self.owner:
            self.owner = ""
        elif tag == "default" and self.declared is not None:
            self.declared.default = "".join(self.parts)
        elif tag == "keywords" and (text := "".join(self.parts)).startswith(KEYWORD):
            told = json.loads(text.removeprefix(KEYWORD))
            self.fields.update(told if isinstance(told, dict) else {})
