"""Edge lists: two names a line, with or without titles and further columns."""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.incoming import RawGraph, attribute_column, whole_labels
from featgraph.io._columns import Names
from featgraph.io._source import Source

__all__ = ["edge_table_graph", "parse_edge_list", "split_table", "typed_column"]

# Titles of the two ends, as Gephi, igraph and users of pandas write them.
_SOURCES = {"source", "from", "src", "u", "node1", "node_1", "nodea", "i", "id1", "fromnodeid"}
_TARGETS = {"target", "to", "dst", "v", "node2", "node_2", "nodeb", "j", "id2", "tonodeid"}
_Rows = list[tuple[int, list[str]]]


def parse_edge_list(source: Source) -> RawGraph:
    """Read ``u v`` or ``u v weight`` per line, or any columns under titles."""
    text = source.text()
    first = next(_lines(text), None)
    if first is None:
        raise ValueError("holds no edges")
    separator = _separator(first[1], source.suffix)
    width = len(_split(first[1], separator))
    plain = _plain_table(text, separator, width)
    notes: list[str] = []
    if plain is None and not any(map(_is_number, _split(first[1], separator))):
        titles = _split(first[1], separator)
        plain = _plain_table(text.split("\n", first[0])[-1], separator, width)
        if plain is not None and not _known_titles(titles):
            notes.append(_title_note(titles))
    if plain is not None:
        labels, pairs, weights = plain
        values = {} if weights is None else {"weight": weights}
        return RawGraph(pairs, len(labels), False, labels, values, notes=notes)
    return _text_graph(text, separator)


def _text_graph(text: str, separator: str | None) -> RawGraph:
    """Return the graph of a table that holds words, or more than ends and weights."""
    notes: list[str] = []
    titles, rows = split_table(text, separator)
    if not rows:
        raise ValueError("holds no edges")
    if titles is None and _is_title(rows):
        titles = rows.pop(0)[1]
        notes.append(_title_note(titles))
    if titles is None:
        titles = ["source", "target", "weight"][: len(rows[0][1])]
        _check_widths(rows)
    columns = dict(zip(titles, zip(*(cells for _, cells in rows), strict=True), strict=True))
    raw = edge_table_graph(columns)
    raw.notes[:0] = notes
    return raw


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield number and content of each line that is neither empty nor a comment (# or %)."""
    for number, line in enumerate(io.StringIO(text), start=1):
        content = line.strip(" \r\n")
        if content.strip() and content[0] not in "#%":
            yield number, content


def _split(line: str, separator: str | None) -> list[str]:
    if separator is None:
        parts = line.split()
        # networkx.write_edgelist writes the attributes of an edge without any as {}
        return parts[:2] if len(parts) > 2 and "".join(parts[2:]) == "{}" else parts
    return [part.strip() for part in next(csv.reader([line], delimiter=separator))]


def _separator(line: str, suffix: str) -> str | None:
    """Return what separates columns: white space unless the suffix or the line says otherwise."""
    if suffix == ".tsv":
        return "\t" if "\t" in line else None
    parts = line.split()
    if suffix != ".csv" and len(parts) in (2, 3) and parts[0][-1] not in ",;":
        return None
    return next((mark for mark in (",", ";", "\t") if mark in line), None)


def split_table(text: str, separator: str | None) -> tuple[list[str] | None, _Rows]:
    """Return the titles, if the first line has those of an edge list, and the numbered rows."""
    rows = [(number, _split(line, separator)) for number, line in _lines(text)]
    titles = rows.pop(0)[1] if rows and _known_titles(rows[0][1]) else None
    for number, cells in rows:
        if titles is not None and len(cells) != len(titles):
            raise ValueError(
                f"line {number}: has {len(cells)} columns, the titles are {len(titles)}"
            )
    return titles, rows


def _check_widths(rows: _Rows) -> None:
    width = len(rows[0][1])
    for number, cells in rows:
        if len(cells) not in (2, 3) or "" in cells[:2]:
            told = " ".join(cells)[:60]
            raise ValueError(f"line {number}: expected 'u v' or 'u v weight', got {told!r}")
        if len(cells) != width:
            raise ValueError(f"line {number}: has {len(cells)} columns, lines before it {width}")
        if width == 3 and not _is_number(cells[2]):
            raise ValueError(
                f"line {number}: the third column must be a weight, got {cells[2][:60]!r}"
            )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _known_titles(titles: Sequence[str]) -> bool:
    names = [title.lower() for title in titles]
    return not _SOURCES.isdisjoint(names) and not _TARGETS.isdisjoint(names)


def _is_title(rows: _Rows) -> bool:
    """Tell whether line 1 has words where every other line has numbers."""
    (_, first), *others = rows
    if not others or any(len(cells) != len(first) for _, cells in others):
        return False
    titled = [
        not _is_number(name) and all(_is_number(cells[k]) for _, cells in others)
        for k, name in enumerate(first)
    ]
    return all(titled[:2]) or any(titled[2:])


def _title_note(titles: Sequence[str]) -> str:
    return f"took line 1 for titles, {', '.join(map(repr, titles))}: below it stand numbers"


_Table = tuple[Sequence[Any], NDArray[np.int64], NDArray[np.float64] | None]


def _plain_table(text: str, separator: str | None, n_columns: int) -> _Table | None:
    """Return the table if numpy reads it as whole numbers (and weights), else None.

    numpy reads a million rows in a fraction of a second; whatever it stumbles over goes through
    the readable parser, which says where the trouble is.
    """
    if n_columns not in (2, 3):
        return None
    kinds: list[tuple[str, Any]] = [("u", np.int64), ("v", np.int64), ("w", np.float64)]
    if "#" in text or "%" in text:
        text = re.sub(r"(?m)^[ \t]*[#%].*$", "", text)
        if "#" in text or "%" in text:
            return None  # part of a label
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # numpy's word on empty input or odd numbers
            table = np.loadtxt(
                io.StringIO(text),
                dtype=kinds[:n_columns],
                comments=None,
                delimiter=separator,
                ndmin=1,
            )
    except (ValueError, OverflowError, Warning):
        return None
    names, pairs = _number(np.column_stack([table["u"], table["v"]]))
    return names, pairs, table["w"].copy() if n_columns == 3 else None


def _number(pairs: NDArray[np.int64]) -> tuple[list[int], NDArray[np.int64]]:
    """Return the distinct ids in rising order, and the pairs as positions among them."""
    low, high = int(pairs.min()), int(pairs.max())
    if low >= 0 and high < 4 * pairs.size + 64:  # dense ids: a table instead of a sort
        present = np.zeros(high + 1, dtype=bool)
        present[pairs.ravel()] = True
        names = np.flatnonzero(present)
        return names.tolist(), (np.cumsum(present) - 1)[pairs]
    names, places = np.unique(pairs, return_inverse=True)
    return names.tolist(), places.reshape(pairs.shape)


def edge_table_graph(
    columns: Mapping[str, Sequence[Any]], nodes: Mapping[str, Sequence[Any]] | None = None
) -> RawGraph:
    """Return the graph of a table of edges, and of a table of nodes if there is one.

    Ends stand under titles such as Source and Target, else in the first two columns; weights
    under Weight, else in the third of three columns, if it holds numbers. Type says Directed or
    Undirected; Id is left out.
    """
    titles = {title.lower(): title for title in columns}
    ends = [
        next((titles[name] for name in titles if name in known), list(columns)[k])
        for k, known in enumerate((_SOURCES, _TARGETS))
    ]
    rest = {title: columns[title] for title in columns if title not in ends}
    kinds = {str(kind).lower() for kind in rest.pop(titles.get("type", ""), ())}
    rest.pop(titles.get("id", ""), None)
    values = {title: typed_column(cells) for title, cells in rest.items()}
    usual = titles.get("weight", next(iter(rest)) if len(columns) == 3 and rest else "weight")
    if usual in values and all(isinstance(v, int | float | None) for v in values[usual]):
        values = {"weight" if key == usual else key: cells for key, cells in values.items()}
    names = Names()
    names.ids = [str(name) for name in _node_ids(nodes)]
    names.ends = [
        str(end) for pair in zip(*(columns[e] for e in ends), strict=True) for end in pair
    ]
    if "" in names.ends:
        raise ValueError(f"row {names.ends.index('') // 2 + 1} of the edges lacks an end")
    listed = bool(names.ids)
    notes: list[str] = []
    labels, pairs = names.finish(notes)
    if not listed and all(isinstance(label, int) for label in labels):  # in rising order
        order = np.argsort(np.asarray(labels, dtype=object), kind="stable")
        labels, pairs = [labels[i] for i in order.tolist()], np.argsort(order)[pairs]
    attributes = _node_columns(nodes, len(labels))
    return RawGraph(
        edges=pairs,
        n_nodes=len(labels),
        directed="directed" in kinds,
        labels=whole_labels([str(label) for label in labels]),
        edge_values=values,
        also=(usual.lower(), usual),
        attributes=attributes,
        notes=notes if listed else [],
    )


def _node_ids(nodes: Mapping[str, Sequence[Any]] | None) -> Sequence[Any]:
    if nodes is None:
        return ()
    title = next((name for name in nodes if name.lower() == "id"), next(iter(nodes), None))
    return () if title is None else nodes[title]


def _node_columns(
    nodes: Mapping[str, Sequence[Any]] | None, n_nodes: int
) -> dict[str, NDArray[Any]]:
    columns = {}
    for title, cells in (nodes or {}).items():
        if cells is not _node_ids(nodes):
            more = [None] * (n_nodes - len(cells))
            columns[title] = attribute_column([*typed_column(cells), *more])
    return {name: column for name, column in columns.items() if column is not None}


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
