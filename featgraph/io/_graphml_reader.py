"""GraphML of any program as a graph with all its columns; yEd's drawings included."""

from __future__ import annotations

from typing import Any

from featgraph.graph.incoming import RawGraph
from featgraph.io._columns import Column, Names, Table, as_boolean
from featgraph.io._looks import finish_graph, put_color
from featgraph.io._source import Source
from featgraph.io._xml import XmlReader, walk_xml

__all__ = ["parse_graphml"]


def parse_graphml(source: Source) -> RawGraph:
    """Read the one graph of a GraphML file."""
    reader = _Reader()
    walk_xml(source, reader)
    if not reader.graphs:
        raise ValueError("holds no <graph>")
    return finish_graph(
        source, reader.names, reader.tables, reader.directed, reader.fields, reader.notes
    )


class _Reader(XmlReader):
    def __init__(self) -> None:
        super().__init__()
        self.names = Names()
        self.tables = {"node": Table(), "edge": Table()}
        self.fields: dict[str, Any] = {}
        self.notes: list[str] = []
        self.directed = self.usual = False
        self.graphs = 0
        self.keys: dict[str, Table] = {"graph": Table()}
        self.owner = ""  # what a <data> now belongs to
        self.key: str | None = None
        self.label = ""  # the element with a label that is open
        self.declared: list[Column] = []  # columns of the <key> that is open

    def flush(self) -> None:
        self.names.flush()
        for table in self.tables.values():
            table.flush()

    def start(self, tag: str, about: dict[str, str]) -> None:
        if self.label:  # its text ends where the description of its place begins
            self._take_label()
        if tag == "data":
            self.key = about.get("key", "")
        elif tag == "node":
            self._open(tag, "graph")
            self.names.ids.append(_need(about, tag, "id"))
        elif tag == "edge":
            self._open(tag, "graph")
            self.names.ends += (_need(about, tag, "source"), _need(about, tag, "target"))
            told = about.get("directed")
            self.directed |= self.usual if told is None else as_boolean(told)
        elif tag == "key":
            self._declare(about)
        elif tag == "graph":
            self._open_graph(about)
        elif tag == "hyperedge":
            raise ValueError("holds a <hyperedge>, which is no edge between two nodes")
        elif tag == "port" and not self.notes:
            self.notes.append("left out <port> elements: edges end at nodes")
        elif self.key is not None and self.owner in self.tables:
            self._draw(tag, about)

    def _open(self, tag: str, inside: str) -> None:
        if self.owner != inside:
            raise ValueError(
                f"holds a <{tag}> outside of the graph or inside a {self.owner or '…'}"
            )
        self.owner = tag
        self.tables[tag].n_rows += 1

    def _open_graph(self, about: dict[str, str]) -> None:
        if self.graphs:
            raise ValueError(
                "holds more than one <graph>, or one inside another (a nested graph): write each "
                "to a file of its own (in yEd: ungroup)"
            )
        self.graphs, self.owner = 1, "graph"
        self.usual = about.get("edgedefault") == "directed"

    def _declare(self, about: dict[str, str]) -> None:
        key, domain = about.get("id", ""), about.get("for", "all")
        drawn = "yfiles.type" in about  # a drawing, read by its elements
        name, kind = about.get("attr.name", key), about.get("attr.type", "string")
        self.declared = []
        for owner, table in (*self.tables.items(), *self.keys.items()):
            if domain in (owner, "all"):
                table.columns[key] = Column(name, "drawing" if drawn else kind)
                self.declared.append(table.columns[key])

    def _draw(self, tag: str, about: dict[str, str]) -> None:
        """Take places, colours, shapes and widths from what yEd draws."""
        table = self.tables[self.owner]
        if tag == "Geometry":
            table.put("x", about.get("x"), "double")
            table.put("y", about.get("y"), "double")
        elif tag in ("Fill", "LineStyle"):
            put_color(table, about.get("color"))
            table.put("thickness", about.get("width"), "double")
        elif tag == "Shape":
            table.put("shape", about.get("type"))
        elif tag in ("NodeLabel", "EdgeLabel"):
            self.label = tag

    def _take_label(self) -> None:
        self.label = ""
        self.tables[self.owner].put("label", self.text.strip() or None)

    def end(self, tag: str) -> None:
        if tag == "data":
            key, self.key = self.key or "", None
            if self.owner in self.tables:
                table = self.tables[self.owner]
                column = table.column(key)
                if column.kind != "drawing":
                    column.add(table.n_rows - 1, self.text)
            elif self.owner:
                column = self.keys["graph"].column(key)
                self.fields[column.name] = self.text
        elif tag == self.owner:
            self.owner = "graph" if tag in self.tables else ""
        elif tag == "default":
            for column in self.declared:
                column.default = self.text
        elif tag == self.label:
            self._take_label()


def _need(about: dict[str, str], tag: str, name: str) -> str:
    try:
        return about[name]
    except KeyError:
        told = "an id of its own" if name == "id" else f"an attribute {name!r}"
        raise ValueError(f"every <{tag}> needs {told}") from None
