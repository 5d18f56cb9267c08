"""Nodes, edges and their attributes, turned from words into arrays while a file is read."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.incoming import attribute_column

__all__ = ["Column", "Names", "Table", "as_boolean"]

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
#: How the values of a type are read; every other type is text.
_CONVERTERS: dict[str, Callable[[str], Any]] = {**_WHOLE, **_REAL, "boolean": as_boolean}


class Column:
    """Values of one attribute; words become arrays block by block."""

    def __init__(self, name: str, kind: str = "string", default: str | None = None) -> None:
        self.name, self.kind, self.default = name, kind, default
        self.rows = array("q")
        self.texts: list[str] = []
        self._blocks: list[Any] = []
        self._shared: dict[str, str] = {}

    def add(self, row: int, text: str) -> None:
        """Take the value of a row; an empty number is a missing one."""
        if text or self.kind not in _CONVERTERS:
            self.rows.append(row)
            self.texts.append(text)

    def flush(self) -> None:
        """Turn the words read so far into an array."""
        if self.texts:
            self._blocks.append(self._convert(self.texts))
            self.texts.clear()

    def _convert(self, texts: list[str]) -> Any:
        reader = _CONVERTERS.get(self.kind)
        if reader is None:  # as objects: one long text would widen every row
            share = self._shared.setdefault
            texts = [share(t, t) for t in texts] if len(self._shared) < _MOST_SHARED else texts
            return np.array(texts, dtype=object)
        values: list[Any] = []
        try:
            values.extend(map(reader, texts))
        except ValueError:
            raise ValueError(
                f"attribute {self.name!r} must be of type {self.kind}, "
                f"got {texts[len(values)]!r:.60}"
            ) from None
        return attribute_column(values)

    def finish(self, n_rows: int, most_cells: int) -> tuple[NDArray[Any] | None, int]:
        """Return the values of all rows, and how many rows have none."""
        values, gaps = self._fill(n_rows)
        if values is None or self.kind in _CONVERTERS:
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

    def _fill(self, n_rows: int) -> tuple[NDArray[Any] | None, int]:
        self.flush()
        rows = np.frombuffer(self.rows, dtype=np.int64)
        filler = None if self.default in (None, "") else self._convert([str(self.default)])
        if not self._blocks:  # nothing but the default, which then takes no room
            told = None if filler is None else np.broadcast_to(filler, (n_rows,))
            return told, 0 if told is not None else n_rows
        values = _join(self._blocks)
        if rows.size == n_rows and np.array_equal(rows, np.arange(n_rows)):
            return values, 0
        gaps = 0 if filler is not None else n_rows - np.unique(rows).size
        if filler is None and not gaps:
            filler = values[:1]
        if filler is None:
            nothing = "" if self.kind not in _CONVERTERS else None  # None: a gap among whole ones
            filler = np.array([np.nan]) if values.dtype.kind == "f" else np.array([nothing], object)
        full = np.broadcast_to(filler, (n_rows,)).astype(np.result_type(filler, values))
        full[rows] = values
        return full, gaps


def _join(blocks: list[NDArray[Any]]) -> NDArray[Any]:
    if len({block.dtype.kind for block in blocks}) > 1:  # some whole numbers beyond 64 bits
        whole = attribute_column([value for block in blocks for value in block.tolist()])
        return blocks[0] if whole is None else whole
    return np.concatenate(blocks)


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

    def put(self, key: str, text: str | None, kind: str = "string") -> None:
        """Give the newest row a value, if there is one."""
        if text is not None:
            self.column(key, kind).add(self.n_rows - 1, text)

    def flush(self) -> None:
        """Turn the words read so far into arrays."""
        for column in self.columns.values():
            column.flush()

    def finish(self, most_cells: int) -> tuple[dict[str, NDArray[Any]], dict[str, int]]:
        """Return the columns by name, and how many rows have no value where some have none."""
        self.flush()
        held = sum(len(column.rows) > 0 for column in self.columns.values()) * self.n_rows
        if held > most_cells:
            raise ValueError(
                f"spreads few values over a table of {held} cells; a file of this length may "
                f"have {most_cells}"
            )
        found: dict[str, NDArray[Any]] = {}
        gaps: dict[str, int] = {}
        for column in self.columns.values():
            values, lacking = column.finish(self.n_rows, most_cells)
            if values is not None and column.name in found:
                values, lacking = _merge(found[column.name], values)
            if values is not None:
                found[column.name] = values
                gaps[column.name] = lacking
        return found, {name: lacking for name, lacking in gaps.items() if lacking}


def _merge(first: NDArray[Any], second: NDArray[Any]) -> tuple[NDArray[Any] | None, int]:
    """Join two columns of one name, as writers make them of whole and real numbers."""

    def known(value: Any) -> Any:
        return None if value == "" or value != value else value

    pairs = zip(map(known, first.tolist()), map(known, second.tolist()), strict=True)
    both = [two if one is None else one for one, two in pairs]
    return attribute_column(both), both.count(None)


class Names:
    """Ids of nodes and ends of edges; while all are written like whole numbers, as numbers."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.ends: list[str] = []
        self._ids: list[NDArray[np.int64]] = []
        self._ends: list[NDArray[np.int64]] = []
        self._codes: dict[str, int] | None = None

    def flush(self) -> None:
        """Turn the words read so far into numbers."""
        for texts, blocks in ((self.ids, self._ids), (self.ends, self._ends)):
            if texts:
                blocks.append(self._encode(texts))
                texts.clear()

    def _encode(self, texts: list[str]) -> NDArray[np.int64]:
        if self._codes is None:
            try:
                numbers = np.array(list(map(int, texts)), dtype=np.int64)
                if list(map(str, numbers.tolist())) == texts:
                    return numbers
            except (ValueError, OverflowError):
                pass
            self._codes = {}
            for blocks in (self._ids, self._ends):
                blocks[:] = [self._encode(list(map(str, block.tolist()))) for block in blocks]
        codes = self._codes
        return np.array([codes.setdefault(text, len(codes)) for text in texts], dtype=np.int64)

    def finish(self, notes: list[str]) -> tuple[Sequence[Hashable], NDArray[np.int64]]:
        """Return the ids, and the ends as positions among them, shape (n_edges, 2)."""
        self.flush()
        nothing = np.empty(0, dtype=np.int64)
        ids, ends = (np.concatenate(b) if b else nothing for b in (self._ids, self._ends))
        self._ids, self._ends = [], []
        plain = self._codes is None and np.array_equal(ids, np.arange(ids.size))
        if plain and (not ends.size or 0 <= ends.min() <= ends.max() < ids.size):
            return range(ids.size), ends.reshape(-1, 2)
        names: Sequence[Hashable] = list(self._codes or ())
        words, self._codes = self._codes is not None, None  # whose room is needed
        if not words:
            known, codes = np.unique(np.concatenate([ids, ends]), return_inverse=True)
            names, ids, ends = known.tolist(), codes[: ids.size], codes[ids.size :]
        place = np.full(len(names), -1, dtype=np.int64)
        place[ids] = np.arange(ids.size)
        if np.count_nonzero(place >= 0) < ids.size:
            raise ValueError("every <node> needs an id of its own")
        late = np.flatnonzero(place < 0)
        if late.size:
            first = {code: k for k, code in reversed(list(enumerate(ends.tolist())))}
            late = np.array(sorted(late.tolist(), key=first.__getitem__), dtype=np.int64)
            place[late] = np.arange(ids.size, ids.size + late.size)
            told = ", ".join(repr(names[code]) for code in late[:3].tolist())
            notes.append(
                f"added {late.size} node{'' if late.size == 1 else 's'} that only edges name "
                f"({told}{', …' if late.size > 3 else ''})"
            )
        order = np.concatenate([ids, late])
        return [names[code] for code in order.tolist()], place[ends].reshape(-1, 2)
