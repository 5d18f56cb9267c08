"""What the readers of all formats share: nodes, edges and columns in, one graph out."""

from __future__ import annotations

import contextlib
import operator
import re
from array import array
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.incoming import RawGraph, attribute_column, whole_labels
from featgraph.graph.outgoing import GRAPH_FIELDS

__all__ = [
    *("RESERVED_PREFIX", "Column", "GraphReader", "Table", "as_boolean", "color_channels"),
    *("color_rows", "typed_column"),
]

#: An attribute whose name Gephi would take for something else is written with this prefix.
RESERVED_PREFIX = "attribute_"
_HEX = re.compile(r"#?([0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
_RGB = re.compile(r"rgba?\((\d+), *(\d+), *(\d+)(?:, *(\d*\.?\d+))?\)")
#: 007 and 1_000 are names; float() takes them for numbers.
_NUMBER = re.compile(
    r"[+-]?(?:(?:(?!0\d+\Z)\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|nan)", re.I | re.A
)
_WHOLE = re.compile(r"[+-]?\d+")
_TIMED = re.compile(r"(?:interval|timestamp)(\w+)map")  # a type of Gephi, with a value all the same
_TRUTH = {"true": True, "false": False, "1": True, "0": False}


def as_boolean(text: str) -> bool:
    """Return the truth value that XML writes as true, false, 1 or 0.

    Examples
    --------
    >>> as_boolean("True"), as_boolean("0")
    (True, False)
    """
    if text.strip().lower() not in _TRUTH:
        raise ValueError(f"expected true or false, got {text[:40]!r}")
    return _TRUTH[text.strip().lower()]


def _as_whole(text: str) -> int:
    number = float(text)
    if not number.is_integer():
        raise ValueError(f"expected a whole number, got {text[:40]!r}")
    return int(number)  # some programs write 1.0


def _as_real(text: str) -> float:
    """Return a number, perhaps in the hexadecimal digits of graph-tool."""
    return float.fromhex(text) if "0x" in text.lower() else float(text)


#: How the words of a type are read, and how if they are written oddly; every other type is text.
_CONVERTERS: dict[str, tuple[Callable[[str], Any], ...]] = {
    **dict.fromkeys(("int", "integer", "long", "short", "byte", "biginteger"), (int, _as_whole)),
    **dict.fromkeys(("float", "double", "bigdecimal"), (float, _as_real)),
    "boolean": (as_boolean,),
}


def typed_column(cells: Sequence[Any]) -> list[Any]:
    """Return the cells of a column of text as numbers or truth values, if all of them are such.

    Examples
    --------
    >>> typed_column(["1", ""]), typed_column(["0.5", "2"]), typed_column(["007", ""])
    ([1, None], [0.5, 2.0], ['007', None])
    """
    known = [None if cell is None or cell == "" else cell for cell in cells]
    words = [cell for cell in known if cell is not None]
    if not all(isinstance(word, str) for word in words):
        return known
    kind = "string"
    if all(map(_NUMBER.fullmatch, words)):
        kind = "long" if all(map(_WHOLE.fullmatch, words)) else "double"
    elif all(word.lower() in ("true", "false") for word in words):
        kind = "boolean"
    read = _CONVERTERS.get(kind, (str,))[0]
    return [None if cell is None else read(cell) for cell in known]


class Column:
    """Values of one attribute, each with its row.

    Its kind is a type of GraphML or GEXF, or "guess" (words of whatever type they look like); what
    is of any other kind is a value already.
    """

    def __init__(self, name: str, kind: str = "string", default: str | None = None) -> None:
        kind = _TIMED.sub(r"\1", kind.lower())
        self.name, self.kind, self.default = name, kind.removeprefix("vector_"), default
        self.rows, self.cells = array("i"), list[Any]()
        self.is_number = self.kind in _CONVERTERS
        self.is_list = self.is_number and kind != self.kind  # of graph-tool

    def add(self, row: int, cell: Any) -> None:
        """Take the value of a row; a number that is blank, null or None is a missing one."""
        if not self.is_number or (cell and not cell.isspace() and cell not in ("null", "None")):
            self.rows.append(row)
            self.cells.append(cell)

    def read(self, cells: list[Any]) -> list[Any]:
        """Return the values that words stand for."""
        if not self.is_number:
            return typed_column(cells) if self.kind == "guess" else cells
        if self.is_list:
            return [Column(self.name, self.kind).read(cell.split(",")) for cell in cells]
        for convert in _CONVERTERS[self.kind]:
            values: list[Any] = []
            with contextlib.suppress(ValueError):
                values.extend(map(convert, cells))
                return values
        raise ValueError(
            f"attribute {self.name!r} must be of type {self.kind}, got {cells[len(values)]!r:.60}"
        )


def _join(columns: Sequence[Column], n_rows: int, most_cells: int) -> Any:
    """Return the values of all rows in columns of one name, as a list if they are no array.

    Writers make two columns of whole and real numbers; values of the first one count.
    """
    told = [column.read([column.default])[0] for column in columns if column.default]
    if told and not any(column.cells for column in columns):
        return np.broadcast_to(np.array(told[:1]), (n_rows,))  # which takes no room
    full = told[:1] * n_rows or [None] * n_rows
    for column in reversed(columns):
        for row, cell in zip(column.rows, column.read(column.cells), strict=True):
            full[row] = cell
    longest = max((len(cell) for cell in full if isinstance(cell, str)), default=-1)
    if longest * n_rows > most_cells:
        raise ValueError(
            f"attribute {columns[0].name!r} has a text of {longest} characters, too long for a "
            f"column of {n_rows} rows"
        )
    empty = longest == 0 or full.count(None) == n_rows
    return [] if empty else full  # blanks are no values


class Table:
    """The columns of nodes or of edges."""

    def __init__(self) -> None:
        self.columns: dict[str, Column] = {}
        self.n_rows = 0

    def column(self, key: str, kind: str = "string") -> Column:
        """Return the column of a key; one that was not declared holds text."""
        return self.columns.get(key) or self.columns.setdefault(key, Column(key, kind))

    def put(self, key: str, cell: Any, kind: str = "string", row: int | None = None) -> None:
        """Give a row, by default the newest, a value, if there is one."""
        if cell is not None:
            self.column(key, kind).add(self.n_rows - 1 if row is None else row, cell)

    def put_color(self, text: str | None, row: int | None = None) -> bool:
        """Give a row, by default the newest, a colour, and tell whether the text is one."""
        channels = color_channels(text or "")
        for name, value in zip("rgb", channels, strict=False):
            self.put(name, str(value), "integer", row)
        if len(channels) == 4:
            self.put("alpha", repr(channels[3] / 255), "double", row)
        return bool(channels)

    def fill(self, key: str, cells: Iterable[Any]) -> None:
        """Give rows their values, from the first row on; None is no value."""
        column = self.column(key)
        for row, cell in enumerate(cells):
            if cell is not None:
                column.add(row, cell)

    def finish(self, most_cells: int) -> tuple[dict[str, NDArray[Any]], dict[str, int], list[str]]:
        """Return columns by name, how many rows have no value in each, and what cannot be one."""
        same: dict[str, list[Column]] = {}
        for column in self.columns.values():
            if column.cells or column.default:
                same.setdefault(column.name, []).append(column)
        held = sum(any(c.cells for c in columns) for columns in same.values()) * self.n_rows
        if held > most_cells:
            raise ValueError(
                f"spreads few values over a table of {held} cells; a file of this length may "
                f"have {most_cells}"
            )
        found, gaps, lost = dict[str, NDArray[Any]](), dict[str, int](), list[str]()
        for name, columns in same.items():
            full = _join(columns, self.n_rows, most_cells)
            values = full if isinstance(full, np.ndarray) else attribute_column(full)
            if values is not None:
                found[name] = values
                if values is not full and None in full:
                    gaps[name] = full.count(None)
            elif full:
                lost.append(name)
        return found, gaps, lost


class GraphReader:
    """Collects what a file says about nodes, edges and the graph."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}  # id to number, in the order of their first appearance
        self.node_codes, self.end_codes = array("i"), array("i")
        self.nodes, self.edges = Table(), Table()
        self.tables = {"node": self.nodes, "edge": self.edges}
        self.fields: dict[str, Any] = {}
        self.notes: list[str] = []
        self.left_out: dict[str, None] = {}
        self.directed = False

    def add_node(self, name: str) -> None:
        """Take a node, to which the values put next belong."""
        codes = self.codes
        self.node_codes.append(codes.setdefault(name, len(codes)))
        self.nodes.n_rows += 1

    def add_edge(self, source: str, target: str) -> None:
        """Take an edge, to which the values put next belong."""
        codes, pairs = self.codes, self.end_codes
        pairs.append(codes.setdefault(source, len(codes)))
        pairs.append(codes.setdefault(target, len(codes)))
        self.edges.n_rows += 1

    def graph(
        self,
        size: int,
        *,
        titles: Sequence[str] = ("name",),
        usual: str = "weight",
        declared: bool = False,
    ) -> RawGraph:
        """Return the graph once a file of this size is read.

        Labels are the first of the columns ``titles`` that names every node differently (igraph
        numbers the ids of a file itself and writes labels as ``name``), else the ids. With
        ``declared``, a node that only edges name is an error.
        """
        labels, ends = self._ends(declared)
        self.nodes.n_rows = len(labels)  # with those that only edges name
        most_cells = 10_000_000 + 50 * size
        nodes, gaps, lost = self.nodes.finish(most_cells)
        edges, edge_gaps, edge_lost = self.edges.finish(most_cells)
        for title in titles:
            if title not in nodes or title in gaps:
                continue
            words = nodes[title].astype(str)
            if np.unique(words).size == len(words):
                column = nodes.pop(title)
                whole = column.dtype.kind in "iuO"
                labels = column.tolist() if whole else whole_labels(words.tolist())
                break
        known = {name: self.fields[name] for name in GRAPH_FIELDS if self.fields.get(name)}
        if "epsilon" in known:
            known["epsilon"] = float(known["epsilon"])
        if every := dict.fromkeys([*self.left_out, *lost, *edge_lost]):
            told = ", ".join(repr(name.removeprefix(RESERVED_PREFIX)) for name in every)
            self.notes.append(f"left out {told}: neither a value nor a list of numbers")
        return RawGraph(
            edges=ends,
            n_nodes=len(labels),
            directed=self.directed,
            labels=None if isinstance(labels, range) else labels,
            edge_values=_restore_looks(edges),
            gaps=edge_gaps,
            usual=usual,
            also=("weight",),
            told=self.fields.get("lengths") or None,
            attributes=_restore_looks(nodes, labels),
            fields=known,
            notes=self.notes,
        )

    def _ends(self, declared: bool) -> tuple[Sequence[Hashable], NDArray[np.int64]]:
        """Return the ids, and the ends as positions among them, shape (n_edges, 2).

        Nodes that only edges name are added and noted, or an error where all are ``declared``.
        """
        words, self.codes = list(self.codes), {}  # whose room is needed
        names = whole_labels(words)
        del words
        both = self.node_codes, self.end_codes
        ids, ends = (np.frombuffer(codes, dtype=np.int32) for codes in both)
        n_uses = np.bincount(ids, minlength=len(names))
        if n_uses.max(initial=0) > 1:
            twice = names[int(n_uses.argmax())]
            raise ValueError(f"every node needs an id of its own, got {twice} twice")
        late = np.flatnonzero(n_uses == 0)
        if late.size and declared:
            raise ValueError(f"an edge lacks an end or names no node: {names[late[0]]}")
        if late.size:
            told = ", ".join(repr(names[code]) for code in late[:3].tolist())
            self.notes.append(
                f"added {late.size} node{'' if late.size == 1 else 's'} that only edges name "
                f"({told}{', …' if late.size > 3 else ''})"
            )
        order = np.concatenate([ids, late.astype(np.int32)])
        place = np.empty(len(names), dtype=np.int64)
        place[order] = np.arange(order.size)
        if not np.array_equal(order, np.arange(order.size)):
            names = [names[code] for code in order.tolist()]
        if names == list(range(len(names))):
            names = range(len(names))  # which takes no room
        return names, place[ends].reshape(-1, 2)


def color_channels(text: str) -> list[int]:
    """Return red, green, blue (and opacity) of a colour, 0 … 255, or nothing.

    It is ``#rgb``, ``#rrggbb``, ``#rrggbbaa``, ``rgb(…)``, ``rgba(…)`` or a name of the web.

    Examples
    --------
    >>> color_channels("#ff8000"), color_channels("rgba(255, 136, 0, 0.5)"), color_channels("Red")
    ([255, 128, 0], [255, 136, 0, 128], [255, 0, 0])
    """
    text = text.strip().lower()
    if match := _RGB.fullmatch(text):
        red, green, blue, alpha = match.groups()
        return [int(red), int(green), int(blue), *([round(255 * float(alpha))] if alpha else [])]
    if text.isalpha():
        from matplotlib.colors import CSS4_COLORS

        text = str(CSS4_COLORS.get(text, text))
    match = _HEX.fullmatch(text)
    digits = match[1] if match else ""
    wide = digits if len(digits) > 4 else "".join(2 * digit for digit in digits)
    return [int(wide[k : k + 2], 16) for k in range(0, len(wide), 2)]


def color_rows(words: NDArray[Any]) -> NDArray[Any] | None:
    """Return the colours of words, shape (n_rows, 3), NaN for blanks; None if some are none.

    Examples
    --------
    >>> color_rows(np.array(["red", ""])).tolist(), color_rows(np.array(["red", "warm"]))
    ([[255.0, 0.0, 0.0], [nan, nan, nan]], None)
    """
    listed = [color_channels(word)[:3] for word in words.tolist()]
    if not all(told or not word for told, word in zip(listed, words.tolist(), strict=True)):
        return None
    return np.array([told or (np.nan,) * 3 for told in listed])


def _restore_looks(
    columns: dict[str, NDArray[Any]], names: Sequence[object] = ()
) -> dict[str, NDArray[Any]]:
    """Turn x, y, z and r, g, b into ``position`` and ``color``; drop labels that repeat the id."""
    kept = dict(columns)
    for name, axes in (("position", "xyz"), ("color", "rgb")):
        used = [axis for axis in axes if axis in kept and kept[axis].dtype.kind not in "bU"]
        if used in (list(axes), ["x", "y"]):
            parts = [kept.pop(axis) for axis in used]
            rows = np.column_stack(
                [p.astype(np.float64) if p.dtype == object else p for p in parts]
            )
            if used == ["x", "y", "z"]:  # a place without a height lies in the plane
                rows[np.isnan(rows[:, 2]) & ~np.isnan(rows[:, :2]).any(axis=1), 2] = 0.0
            kept[name] = rows
    words = kept.get("color")
    if words is not None and words.dtype.kind == "U":
        named = any(word and not word.startswith(("#", "rgb")) for word in words.tolist())
        colors = None if named else color_rows(words)
        if colors is not None:
            kept["color"] = colors
    told = map(str, kept.get("label", ()))
    if names and "label" in kept and all(map(operator.eq, map(str, names), told)):
        del kept["label"]
    taken = {name for name in kept if not name.startswith(RESERVED_PREFIX)}
    plain = {name: name.removeprefix(RESERVED_PREFIX) for name in kept.keys() - taken}
    return {
        name if plain.get(name) in taken else plain.get(name, name): kept[name] for name in kept
    }
