"""GraphML of any program as a graph with all its columns; yEd's drawings included."""

from __future__ import annotations

from featgraph.graph.incoming import RawGraph
from featgraph.io._columns import Column, Table, as_boolean
from featgraph.io._looks import put_color
from featgraph.io._source import Source
from featgraph.io._xml_reader import XmlReader

__all__ = ["parse_graphml"]


def parse_graphml(source: Source) -> RawGraph:
    """Read the one graph of a GraphML file."""
    reader = _Reader()
    reader.read(source)
    if not reader.graphs:
        raise ValueError("holds no <graph>")
    return reader.graph(source)


class _Reader(XmlReader):
    def __init__(self) -> None:
        super().__init__()
        self.graphs = 0
        self.usual = False  # whether edges are directed that do not say so
        self.about = Table()  # columns of the graph itself
        self.key: str | None = None
        self.label = ""  # the element with a label that is open
        self.labelled = (0, 0)  # what was labelled last
        self.declared: list[Column] = []  # columns of the <key> that is open

    def start(self, tag: str, about: dict[str, str]) -> None:
        if self.label:  # its text ends where the description of its place begins
            self._take_label()
        if tag == "data":
            self.key = about.get("key", "")
        elif tag in self.tables:
            self._open(tag, about)
        elif tag == "key":
            self._declare(about)
        elif tag == "graph":
            if self.graphs:
                raise ValueError(
                    "holds more than one <graph>, or one inside another (a nested graph): write "
                    "each to a file of its own (in yEd: ungroup)"
                )
            self.graphs, self.owner = 1, "graph"
            self.usual = about.get("edgedefault") == "directed"
        elif tag == "hyperedge":
            raise ValueError("holds a <hyperedge>, which is no edge between two nodes")
        elif tag == "port" and not self.notes:
            self.notes.append("left out <port> elements: edges end at nodes")
        elif self.key is not None and self.owner in self.tables:
            self._draw(tag, about)

    def _open(self, tag: str, about: dict[str, str]) -> None:
        if self.owner != "graph":
            raise ValueError(
                f"holds a <{tag}> outside of the graph or inside a {self.owner or '…'}"
            )
        self.owner = tag
        if tag == "node":
            self.add_node(about["id"])
        else:
            self.add_edge(about["source"], about["target"])
            told = about.get("directed")
            self.directed |= self.usual if told is None else as_boolean(told)

    def _declare(self, about: dict[str, str]) -> None:
        key, domain = about.get("id", ""), about.get("for", "all")
        drawn = "yfiles.type" in about  # a drawing, read by its elements
        name, kind = about.get("attr.name", key), about.get("attr.type", "string")
        self.declared = []
        for owner, table in (*self.tables.items(), ("graph", self.about)):
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
        now = (self.nodes.n_rows, self.edges.n_rows)
        if now != self.labelled:  # the first of several is the label
            self.tables[self.owner].put("label", self.text.strip() or None)
        self.label, self.labelled = "", now

    def end(self, tag: str) -> None:
        if tag == "data":
            key, self.key = self.key or "", None
            if self.owner in self.tables:
                table = self.tables[self.owner]
                column = table.column(key)
                if column.kind != "drawing":
                    column.add(table.n_rows - 1, self.text)
            elif self.owner:
                self.fields[self.about.column(key).name] = self.text
        elif tag == self.owner:
            self.owner = "graph" if tag in self.tables else ""
        elif tag == "default":
            for column in self.declared:
                column.default = self.text
        elif tag == self.label:
            self._take_label()
