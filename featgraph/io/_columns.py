"""Nodes, edges and their attributes, turned from words into arrays while a file is read."""

from __future__ import annotations

import itertools
import re
from array import array
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.incoming import attribute_column, whole_labels

__all__ = ["Column", "Names", "Table", "as_boolean", "typed_column"]

_TRUE = {"true": True, "1": True, "false": False, "0": False}


def as_boolean(text: str) -> bool:
    """Return the truth value that XML writes as true, false, 1 or 0.

    Examples
    --------
    >>> as_boolean("True"), as_boolean("0")
    (True, False)
    """
    try:
        return _TRUE[text.strip().lower()]
    except KeyError:
        raise ValueError(f"expected true or false, got {text[:40]!r}") from None


_WHOLE = dict.fromkeys(("int", "integer", "long", "short", "byte", "biginteger"), int)
_REAL = dict.fromkeys(("float", "double", "bigdecimal"), float)
_MOST_SHARED = 10_000  # distinct texts of a column that are kept once
#: How the words of a type are read; every other type but "value" and "guess" is text.
_CONVERTERS: dict[str, Callable[[str], Any]] = {**_WHOLE, **_REAL, "boolean": as_boolean}


def typed_column(cells: Sequence[Any]) -> list[Any]:
    """Return the cells of a column of text as numbers or truth values, if all of them are such.

    Examples
    --------
    >>> typed_column(["1", ""]), typed_column(["0.5", "2"]), typed_column(["x", ""])
    ([1, None], [0.5, 2.0], ['x', None])
    """
    known = [None if cell is None or cell == "" else cell for cell in cells]
    if any(not isinstance(cell, str | None) for cell in known):
        return known
    truth = {"true": True, "false": False}
    for read in (int, float, lambda cell: truth[cell.lower()]):
        try:
            return [None if cell is None else read(cell) for cell in known]
        except (ValueError, KeyError):
            continue
    return known


class Column:
    """Values of one attribute, which become arrays block by block.

    Its kind is a type of GraphML or GEXF; or "value" (values are given as such) or "guess"
    (numbers where every word is one).
    """

    def __init__(self, name: str, kind: str = "string", default: str | None = None) -> None:
        self.name, self.kind, self.default = name, kind, default
        self.rows = array("q")
        self.cells: list[Any] = []
        self._blocks: list[NDArray[Any]] = []
        self._shared: dict[str, str] = {}

    def add(self, row: int, cell: Any) -> None:
        """Take the value of a row; an empty number is a missing one."""
        if cell or self.kind not in _CONVERTERS:
            self.rows.append(row)
            self.cells.append(cell)

    def flush(self) -> None:
        """Turn the cells read so far into an array."""
        if self.cells:
            self._blocks.append(self._convert(self.cells))
            self.cells.clear()

    def _convert(self, cells: list[Any]) -> NDArray[Any]:
        reader = _CONVERTERS.get(self.kind)
        if self.kind == "value":
            column = attribute_column(cells)
            if column is not None and column.dtype.kind in "iuf" and column.ndim == 1:
                return column
        if reader is None:  # as objects: one long text would widen every row
            if self.kind != "value" and len(self._shared) < _MOST_SHARED:
                cells = [self._shared.setdefault(cell, cell) for cell in cells]
            return _objects(cells)
        values: list[Any] = []
        try:
            values.extend(map(reader, cells))
        except ValueError:
            raise ValueError(
                f"attribute {self.name!r} must be of type {self.kind}, "
                f"got {cells[len(values)]!r:.60}"
            ) from None
        return attribute_column(values)  # type: ignore[return-value]

    def finish(self, n_rows: int, most_cells: int) -> tuple[NDArray[Any] | None, int]:
        """Return the values of all rows, and how many rows have none."""
        self.flush()
        blocks = self._blocks
        if self.kind == "guess" or (blocks and len({block.dtype.kind for block in blocks}) > 1):
            return self._fill_mixed(n_rows)
        if self.kind == "value" and blocks and blocks[0].dtype.kind == "O":
            return self._fill_mixed(n_rows)
        values, gaps = self._fill(n_rows)
        if values is None or self.kind in _CONVERTERS or self.kind == "value":
            return values, gaps
        longest = max(map(len, values[:1] if values.strides == (0,) else values), default=0)
        if not longest:  # blanks are no values
            return None, n_rows
        if longest * n_rows > most_cells:
            raise ValueError(
                f"attribute {self.name!r} has a text of {longest} characters, too long for a "
                f"column of {n_rows} rows"
            )
        return values.astype(f"U{longest}"), gaps

    def _fill_mixed(self, n_rows: int) -> tuple[NDArray[Any] | None, int]:
        """Return values of several kinds, as lists or whole numbers beyond 64 bits are."""
        told = None if self.default in (None, "") else self._convert([self.default]).tolist()[0]
        full: list[Any] = [told] * n_rows
        values = (value for block in self._blocks for value in block.tolist())
        for row, value in zip(self.rows, values, strict=True):
            full[row] = value
        full = typed_column(full) if self.kind == "guess" else full
        return attribute_column(full), sum(value is None for value in full)

    def _fill(self, n_rows: int) -> tuple[NDArray[Any] | None, int]:
        rows = np.frombuffer(self.rows, dtype=np.int64)
        filler = None if self.default in (None, "") else self._convert([str(self.default)])
        if not self._blocks:  # nothing but the default, which then takes no room
            told = None if filler is None else np.broadcast_to(filler, (n_rows,))
            return told, 0 if told is not None else n_rows
        values = np.concatenate(self._blocks)
        if rows.size == n_rows and np.array_equal(rows, np.arange(n_rows)):
            return values, 0
        gaps = 0 if filler is not None else n_rows - np.unique(rows).size
        if filler is None and not gaps:
            filler = values[:1]
        if filler is None:
            nothing = "" if values.dtype.kind == "O" and self.kind not in _CONVERTERS else None
            filler = np.array([np.nan]) if values.dtype.kind == "f" else _objects([nothing])
        full = np.broadcast_to(filler, (n_rows,)).astype(np.result_type(filler, values))
        full[rows] = values
        return full, gaps


def _objects(cells: Sequence[Any]) -> NDArray[Any]:
    """Return cells as they are: rows that are lists, too, are one cell each."""
    column = np.empty(len(cells), dtype=object)
    for k, cell in enumerate(cells):
        column[k] = cell
    return column


class Table:
    """The columns of nodes or of edges."""

    def __init__(self) -> None:
        self.columns: dict[str, Column] = {}
        self.n_rows = 0

    def column(self, key: str, kind: str = "string") -> Column:
        """Return the column of a key; one that was not declared holds text."""
        found = self.columns.get(key)
        if found is None:
            found = self.columns[key] = Column(key, kind)
        return found

    def put(self, key: str, cell: Any, kind: str = "string") -> None:
        """Give the newest row a value, if there is one."""
        if cell is not None:
            self.column(key, kind).add(self.n_rows - 1, cell)

    def flush(self) -> None:
        """Turn the words read so far into arrays."""
        for column in self.columns.values():
            column.flush()

    def finish(self, most_cells: int) -> tuple[dict[str, NDArray[Any]], dict[str, int], list[str]]:
        """Return columns by name, how many rows have no value in each, and what cannot be one."""
        held = sum(len(column.rows) > 0 for column in self.columns.values()) * self.n_rows
        if held > most_cells:
            raise ValueError(
                f"spreads few values over a table of {held} cells; a file of this length may "
                f"have {most_cells}"
            )
        found: dict[str, NDArray[Any]] = {}
        gaps: dict[str, int] = {}
        lost: list[str] = []
        for column in self.columns.values():
            values, lacking = column.finish(self.n_rows, most_cells)
            if values is not None and column.name in found:
                values, lacking = _merge(found[column.name], values)
            if values is not None:
                found[column.name] = values
                gaps[column.name] = lacking
            elif lacking < self.n_rows:
                lost.append(column.name)
        return found, {name: lacking for name, lacking in gaps.items() if lacking}, lost


def _merge(first: NDArray[Any], second: NDArray[Any]) -> tuple[NDArray[Any] | None, int]:
    """Join two columns of one name, as writers make them of whole and real numbers."""

    def known(value: Any) -> Any:
        return None if value == "" or value != value else value

    pairs = zip(map(known, first.tolist()), map(known, second.tolist()), strict=True)
    both = [two if one is None else one for one, two in pairs]
    return attribute_column(both), both.count(None)


_WHOLE_NAME = re.compile(r"0|-?[1-9][0-9]{0,17}", re.ASCII)


class Names:
    """Ids of nodes and ends of edges; while all are written like whole numbers, as numbers."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.ends: list[str] = []
        self._codes: dict[str, int] | None = None
        self._ids, self._ends = array("q"), array("q")

    def flush(self) -> None:
        """Turn the words read so far into numbers."""
        whole = _WHOLE_NAME.fullmatch
        if self._codes is None and not all(map(whole, itertools.chain(self.ids, self.ends))):
            codes = self._codes = {}
            for numbers in (self._ids, self._ends):
                words = map(str, numbers)
                numbers[:] = array("q", [codes.setdefault(word, len(codes)) for word in words])
        for texts, numbers in ((self.ids, self._ids), (self.ends, self._ends)):
            if self._codes is None:
                numbers.extend(map(int, texts))
            else:
                codes = self._codes
                numbers.extend([codes.setdefault(text, len(codes)) for text in texts])
            texts.clear()

    def finish(self, notes: list[str] | None) -> tuple[Sequence[Hashable], NDArray[np.int64]]:
        """Return the ids, and the ends as positions among them, shape (n_edges, 2).

        Nodes that only edges name are added and noted; without notes they are an error.
        """
        self.flush()
        ids, ends = (np.frombuffer(codes, dtype=np.int64) for codes in (self._ids, self._ends))
        usual = self._codes is None and np.array_equal(ids, np.arange(ids.size))
        if usual and (not ends.size or 0 <= ends.min() <= ends.max() < ids.size):
            return range(ids.size), ends.reshape(-1, 2)  # which takes no room
        if self._codes is None:
            known, codes = np.unique(np.concatenate([ids, ends]), return_inverse=True)
            names: Sequence[Hashable] = known.tolist()
            ids, ends = codes[: ids.size], codes[ids.size :]
        else:
            names, self._codes = whole_labels(list(self._codes)), {}  # whose room is needed
        place = np.full(len(names), -1, dtype=np.int64)
        place[ids] = np.arange(ids.size)
        late = ends[place[ends] < 0]
        late = late[np.sort(np.unique(late, return_index=True)[1])]  # as they first appear
        if ids.size + late.size > len(names):
            twice = int(np.flatnonzero(np.bincount(ids) > 1)[0])
            raise ValueError(f"every node needs an id of its own, got {names[twice]} twice")
        if late.size and notes is None:
            raise ValueError(f"an edge lacks an end or names no node: {names[late[0]]}")
        if late.size and notes is not None:
            told = ", ".join(repr(names[code]) for code in late[:3].tolist())
            notes.append(
                f"added {late.size} node{'' if late.size == 1 else 's'} that only edges name "
                f"({told}{', …' if late.size > 3 else ''})"
            )
            place[late] = np.arange(ids.size, ids.size + late.size)
        if late.size or not np.array_equal(ids, np.arange(ids.size)):
            names = [names[code] for code in np.concatenate([ids, late]).tolist()]
        return names, place[ends].reshape(-1, 2)
