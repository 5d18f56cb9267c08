"""GML files: bracketed text, read as data and never run, one node or edge at a time."""

from __future__ import annotations

import html
import re
from typing import Any

from featgraph.graph.incoming import RawGraph
from featgraph.io._reader import RESERVED_PREFIX, GraphReader, Table
from featgraph.io._streams import Source

__all__ = ["parse_gml"]

_SPACE = r"\s*(?:\#[^\n]*\n\s*)*"
_PAIR = re.compile(
    rf"""{_SPACE}(?: (?P<key>[A-Za-z_][0-9A-Za-z_]*) {_SPACE} (?:
        (?P<real>[+-]?(?:(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][+-]?[0-9]+)?
                |(?i:nan|inf|infinity)\b))
      | (?P<whole>[+-]?[0-9]+) | (?P<word>(?<=\s)[A-Za-z]\w*) | "(?P<string>[^"]*)" | (?P<open>\[)
    ) | (?P<close>\]) | (?P<end>\Z) )""",
    re.VERBOSE,
)
_LIST_START = "_networkx_list_start"  # networkx begins a list of one item with it
_BIG = re.compile(r"-?[1-9][0-9]{9,999}")
_NAMED = {"id", "source", "target", "label"}  # whose values some write without quotes
_LOOKS = {*"xyzrgb", "alpha", "size", "shape", "thickness"}
_Pairs = list[tuple[str, Any]]


def parse_gml(source: Source) -> RawGraph:
    """Read the one graph of a GML file; labels where they are distinct, else ids."""
    reader = _Reader()
    _parse(source.text(), reader)
    if reader.graphs != 1:
        raise ValueError(f"must hold 1 'graph [...]', holds {reader.graphs}")
    return reader.graph(source.size, titles=("label", "name"), declared=True)


def _parse(text: str, reader: _Reader) -> None:
    """Hand each block that closes to ``reader``; a stack takes the place of recursion."""
    stack: list[tuple[str, _Pairs]] = [("", [])]
    place = 0
    while match := _PAIR.match(text, place):
        place, kind, key = match.end(), str(match.lastgroup), match["key"]
        if kind == "open":
            stack.append((key, []))
        elif kind == "close" and len(stack) > 1:
            name, pairs = stack.pop()
            if not reader.take([outer for outer, _ in stack[1:]], name, pairs):
                stack[-1][1].append((name, pairs))
        elif kind == "end" and len(stack) == 1:
            return
        elif kind in ("close", "end") or (kind == "word" and key not in _NAMED):
            place = match.start()
            break
        else:
            stack[-1][1].append((key, _value(kind, match[kind])))
    line = text.count("\n", 0, place) + 1
    told = repr(text[place : place + 40].strip()) if text[place:].strip() else "the end"
    raise ValueError(f"line {line}: expected a key and its value, got {told}")


def _value(kind: str, word: str) -> object:
    if kind == "string":
        # whole numbers beyond 32 bits have to be strings in this format
        big = _BIG.fullmatch(word) and not -(2**31) <= int(word) < 2**31
        return int(word) if big else html.unescape(word)
    if kind == "word":  # an id without quotes
        return word
    return float(word) if kind == "real" else int(word)


class _Reader(GraphReader):
    graphs = 0

    def take(self, outside: list[str], block: str, pairs: _Pairs) -> bool:
        """Take a block once it closes, and tell whether it is a node, an edge or the graph."""
        if not outside and block.lower() == "graph":
            self.graphs += 1
            self.directed = ("directed", 1) in pairs
            if ("Creator", "Gephi") in pairs:
                self._take_as_gephi_means()
            return True
        block = block.lower()
        if len(outside) != 1 or outside[0].lower() != "graph" or block not in self.tables:
            return False
        told: dict[str, list[Any]] = {}
        for key, value in pairs:
            told.setdefault(key, []).append(value)
        if block == "node":
            name = _name(told.pop("id", []), "node needs an id of its own")
            if told.get("label") == [name]:
                told["label"] = [name]  # one text in memory instead of two
            self.add_node(name)
        else:
            ends = (told.pop(end, []) for end in ("source", "target"))
            self.add_edge(*(_name(end, "an edge lacks an end or names no node:") for end in ends))
        for key, values in told.items():
            self._put(self.tables[block], key, values)
        return True

    def _take_as_gephi_means(self) -> None:
        """Take quotes off numbers, and value for the weight."""
        for table in self.tables.values():
            for key, column in table.columns.items():
                if column.kind == "string" and key != "label":
                    column.kind = "guess"
        if weights := self.edges.columns.pop("value", None):
            weights.name = "weight"
            self.edges.columns["weight"] = weights

    def _put(self, table: Table, key: str, values: list[object]) -> None:
        """Give the newest row the value of a key, a list where the key repeats."""
        if isinstance(values[-1], list):
            if key == "graphics":
                _draw(table, dict(values[-1]))
            else:
                self.left_out[key] = None
            return
        if key == "fill" and table.put_color(str(values[-1])):  # of an edge of Gephi
            return
        begun = values[0] == _LIST_START
        key = RESERVED_PREFIX + key if key in _LOOKS else key  # which draw nothing here
        table.put(key, values[begun:] if begun or len(values) > 1 else values[0])


def _name(values: list[object], rule: str) -> str:
    if len(values) != 1 or isinstance(values[0], list):
        raise ValueError(f"{rule} got {', '.join(map(repr, values)) or None}")
    return str(values[0])


def _draw(table: Table, drawn: dict[str, Any]) -> None:
    """Take what Gephi and yEd draw: place, size (of squares and discs), colour, shape."""
    if isinstance(drawn.get("center"), list):
        drawn = drawn | dict(drawn["center"])
    if "x" in drawn and "y" in drawn:
        for axis in "xyz":
            table.put(axis, drawn.get(axis))
    if drawn.get("w") is not None and drawn.get("w") == drawn.get("h"):
        table.put("size", float(drawn["w"]))
    table.put_color(str(drawn.get("fill", "")))
    table.put("shape", drawn.get("type"))
    table.put("thickness", drawn.get("width"))
