"""Edge lists: two names a line, with or without titles and further columns."""

from __future__ import annotations

import csv
import io
import itertools
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.incoming import RawGraph, attribute_column
from featgraph.io._columns import Names, typed_column
from featgraph.io._source import Source
from featgraph.io.pajek import split_words

__all__ = ["edge_table_graph", "parse_edge_list", "read_table"]

# Titles of the two ends, as Gephi, igraph and users of pandas write them.
_SOURCES = {"source", "from", "src", "u", "node1", "node_1", "nodea", "i", "id1", "fromnodeid"}
_TARGETS = {"target", "to", "dst", "v", "node2", "node_2", "nodeb", "j", "id2", "tonodeid"}
_MARKS = (",", ";", "\t", "|")
_INDEX = {"", "unnamed: 0"}  # titles of the numbers that pandas writes before the columns
_Rows = list[tuple[int, list[str]]]


def parse_edge_list(source: Source) -> RawGraph:
    """Read ``u v`` or ``u v weight`` per line, or any columns under titles."""
    text = source.text()
    first = next(_lines(text), None)
    if first is None:
        raise ValueError("holds no edges")
    separator = _separator(text, source.suffix)
    titles = next(_split([first[1]], separator))
    known = _known_titles(titles)
    plain = None if known else _plain_table(text, separator, len(titles))
    over_numbers = titles[0] and not any(map(_is_number, titles))
    if plain is None and over_numbers:
        plain = _plain_table(text.split("\n", first[0])[-1], separator, len(titles))
    if plain is None:
        return _text_graph(text, separator, titles if known else None)
    pairs, weights = plain
    labels, ends = _number(pairs)
    values = {} if weights is None else {"weight": weights}
    notes = [_title_note(titles)] if over_numbers and not known else []
    return RawGraph(ends, len(labels), False, labels, values, notes=notes)


def _text_graph(text: str, separator: str | None, titles: list[str] | None) -> RawGraph:
    """Return the graph of a table that holds words, or more than ends and weights."""
    notes: list[str] = []
    rows = _rows(text, separator)
    if titles is not None:
        rows = _under_titles(rows)
    elif _is_title(rows):
        titles = rows.pop(0)[1]
        notes.append(_title_note(titles))
    else:
        titles = ["source", "target", "weight"][: len(rows[0][1])]
        _check_widths(rows)
    if not rows:
        raise ValueError("holds no edges")
    raw = edge_table_graph(_columns(titles, rows))
    raw.notes[:0] = notes
    return raw


def read_table(source: Source) -> dict[str, list[str]]:
    """Return the columns of a table of text under the titles in its first line."""
    text = source.text()
    if next(_lines(text), None) is None:
        raise ValueError("holds no line of titles")
    rows = _rows(text, _separator(text, source.suffix))
    return _columns(rows[0][1], _under_titles(rows))


def _columns(titles: list[str], rows: _Rows) -> dict[str, list[str]]:
    names = [t if titles.index(t) == k else f"{t} {k + 1}" for k, t in enumerate(titles)]
    return {name: [cells[k] for _, cells in rows] for k, name in enumerate(names)}


def _under_titles(rows: _Rows) -> _Rows:
    (_, titles), *others = rows
    for number, cells in others:
        if len(cells) != len(titles):
            raise ValueError(
                f"line {number}: has {len(cells)} columns, the titles are {len(titles)}"
            )
    return others


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield number and content of each line that is neither empty nor a comment (# or %)."""
    for number, line in enumerate(io.StringIO(text), start=1):
        content = line.strip(" \n")
        if content.strip() and content[0] not in "#%":
            yield number, content


def _rows(text: str, separator: str | None) -> _Rows:
    numbers, lines = zip(*_lines(text), strict=True)
    return list(zip(numbers, _split(lines, separator), strict=False))


def _split(lines: Any, separator: str | None) -> Iterator[list[str]]:
    if separator is not None:
        for cells in csv.reader(lines, delimiter=separator, skipinitialspace=True):
            yield list(map(str.strip, cells))
        return
    for line in lines:
        parts = [word for word, _ in split_words(line)] if line[0] == '"' else line.split()
        # networkx.write_edgelist writes the attributes of an edge without any as {}
        yield parts[:2] if len(parts) > 2 and "".join(parts[2:]) == "{}" else parts


def _separator(text: str, suffix: str) -> str | None:
    """Return what separates columns: white space unless the suffix or the lines say otherwise."""
    head = [line for _, line in itertools.islice(_lines(text), 2)]
    if suffix == ".tsv" and "\t" in head[0]:
        return "\t"
    words = [line.split() for line in head]
    blank = all(len(parts) in (2, 3) and parts[0][-1] not in ",;|" for parts in words)
    if suffix != ".csv" and blank and not any(p in _MARKS for parts in words for p in parts):
        return None
    marks = [mark for mark in _MARKS if mark in head[0]]
    return next((mark for mark in marks if mark in head[-1]), marks[0] if marks else None)


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


def _plain_table(
    text: str, separator: str | None, n_columns: int
) -> tuple[NDArray[np.int64], NDArray[np.float64] | None] | None:
    """Return ends and weights if numpy reads the table as whole numbers and weights, else None.

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
    weights = table["w"].copy() if n_columns == 3 else None
    return np.column_stack([table["u"], table["v"]]), weights


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
    Undirected; Id, and a first column without a title, as pandas writes row numbers, is left out.
    """
    if next(iter(columns), "").lower() in _INDEX and len(columns) > 2:
        columns = dict(itertools.islice(columns.items(), 1, None))
    titles = {title.lower(): title for title in columns}
    if len(columns) < 2:
        raise ValueError(f"a table of edges needs columns for both ends, got {list(columns)}")
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
    first, second = (map(str, columns[end]) for end in ends)
    names.ends = list(itertools.chain.from_iterable(zip(first, second, strict=True)))
    if "" in names.ends:
        raise ValueError(f"row {names.ends.index('') // 2 + 1} of the edges lacks an end")
    listed = bool(names.ids)
    notes: list[str] = []
    ids, pairs = names.finish(notes)
    labels = list(ids)
    if not listed and all(isinstance(label, int) for label in labels):  # in rising order
        order = np.argsort(np.asarray(labels, dtype=object), kind="stable")
        labels, pairs = [labels[i] for i in order.tolist()], np.argsort(order)[pairs]
    return RawGraph(
        edges=pairs,
        n_nodes=len(labels),
        directed="directed" in kinds,
        labels=labels,
        edge_values=values,
        also=(usual.lower(), usual),
        attributes=_node_columns(nodes, len(labels)),
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
