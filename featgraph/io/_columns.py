"""Attributes of nodes and edges, turned from words into arrays once a file is read."""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.incoming import attribute_column

__all__ = ["Column", "Table", "as_boolean", "typed_column"]

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


def _as_whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        if not (number := float(text)).is_integer():
            raise
        return int(number)  # some programs write 1.0


_WHOLE = dict.fromkeys(("int", "integer", "long", "short", "byte", "biginteger"), (int, _as_whole))
_REAL = dict.fromkeys(("float", "double", "bigdecimal"), (float,))
#: How the words of a type are read; every other type is text.
_CONVERTERS: dict[str, tuple[Callable[[str], Any], ...]] = {
    **_WHOLE,
    **_REAL,
    "boolean": (as_boolean,),
}


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
    """Values of one attribute, each with its row.

    Its kind is a type of GraphML or GEXF, or "value" (values are given as such).
    """

    def __init__(self, name: str, kind: str = "string", default: str | None = None) -> None:
        self.name, self.kind, self.default = name, kind.lower(), default
        self.rows, self.cells = array("i"), list[Any]()
        self.is_number = self.kind in _CONVERTERS

    def add(self, row: int, cell: Any) -> None:
        """Take the value of a row; a number of nothing but blanks is a missing one."""
        if not self.is_number or (cell and not cell.isspace()):
            self.rows.append(row)
            self.cells.append(cell)

    def read(self, cells: list[Any]) -> list[Any]:
        """Return the values that words stand for."""
        if not self.is_number:
            return cells
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
    if all(column.is_number for column in columns):
        return full
    longest = max((len(cell) for cell in full if isinstance(cell, str)), default=-1)
    if longest * n_rows > most_cells:
        raise ValueError(
            f"attribute {columns[0].name!r} has a text of {longest} characters, too long for a "
            f"column of {n_rows} rows"
        )
    return full if longest else []  # blanks are no values


class Table:
    """The columns of nodes or of edges."""

    def __init__(self) -> None:
        self.columns: dict[str, Column] = {}
        self.n_rows = 0

    def column(self, key: str, kind: str = "string") -> Column:
        """Return the column of a key; one that was not declared holds text."""
        return self.columns.get(key) or self.columns.setdefault(key, Column(key, kind))

    def put(self, key: str, cell: Any, kind: str = "string") -> None:
        """Give the newest row a value, if there is one."""
        if cell is not None:
            self.column(key, kind).add(self.n_rows - 1, cell)

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
        found: dict[str, NDArray[Any]] = {}
        gaps: dict[str, int] = {}
        lost: list[str] = []
        for name, columns in same.items():
            full = _join(columns, self.n_rows, most_cells)
            values = full if isinstance(full, np.ndarray) else attribute_column(full)
            if values is not None:
                found[name] = values
                gaps[name] = 0 if values is full else full.count(None)
            elif full:
                lost.append(name)
        return found, {name: lacking for name, lacking in gaps.items() if lacking}, lost
