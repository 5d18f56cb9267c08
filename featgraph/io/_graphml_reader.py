"""GraphML of any program as a graph with all its columns; yEd's drawings included."""

from __future__ import annotations

from featgraph.graph.incoming import RawGraph
from featgraph.io._columns import Column, Table, as_boolean
from featgraph.io._looks import put_color
from featgraph.io._source import Source
from featgraph.io._xml_reader import XmlReader, local_name

__all__ = ["parse_graphml"]

#: Element of a drawing to the columns that its attributes fill.
_DRAWN = {
    "Geometry": (("x", "x", "double"), ("y", "y", "double")),
    "LineStyle": (("thickness", "width", "double"),),
    "Shape": (("shape", "type", "string"),),
}


def parse_graphml(source: Source) -> RawGraph:
    """Read the one graph of a GraphML file."""
    reader = _Reader()
    reader.read(source)
    if not reader.graphs:
        raise ValueError("holds no <graph>")
    return reader.graph(source.size)


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
        self.parts.clear()
        if tag == "data":
            self.key = about.get("key", "")
            return
        tag = local_name(tag)
        if tag in self.tables:
            if self.owner != "graph":
                raise ValueError(
                    f"holds a <{tag}> outside of the graph or inside a {self.owner or '…'}"
                )
            self.open(tag, about)
            if tag == "edge":
                told = about.get("directed")
                self.directed |= self.usual if told is None else as_boolean(told)
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
        elif tag == "data":
            self.key = about.get("key", "")
        elif self.key is not None and self.owner in self.tables:
            self._draw(tag, about)

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
        for name, cell, kind in _DRAWN.get(tag, ()):
            table.put(name, about.get(cell), kind)
        if tag in ("Fill", "LineStyle"):
            put_color(table, about.get("color"))
        elif tag in ("NodeLabel", "EdgeLabel"):
            self.label = tag

    def _take_label(self) -> None:
        now = (self.nodes.n_rows, self.edges.n_rows)
        if now != self.labelled:  # the first of several is the label
            self.tables[self.owner].put("label", "".join(self.parts).strip() or None)
        self.label, self.labelled = "", now

    def end(self, tag: str) -> None:
        tag = local_name(tag) if ":" in tag else tag
        if tag == "data":
            key, self.key = self.key or "", None
            if self.owner in self.tables:
                table = self.tables[self.owner]
                column = table.column(key)
                if column.kind != "drawing":
                    column.add(table.n_rows - 1, "".join(self.parts))
            elif self.owner:
                self.fields[self.about.column(key).name] = "".join(self.parts)
        elif tag == self.owner:
            self.owner = "graph" if tag in self.tables else ""
        elif tag == "default":
            for column in self.declared:
                column.default = "".join(self.parts)
        elif tag == self.label:
            self._take_label()
