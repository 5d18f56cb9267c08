"""Edge lists: two names a line, with or without titles and further columns."""

from __future__ import annotations

import ast
import csv
import io
import itertools
import re
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from featgraph.graph.incoming import RawGraph, whole_labels
from featgraph.io._reader import GraphReader, typed_column
from featgraph.io._streams import Source
from featgraph.io.numbered import split_words

__all__ = ["edge_table_graph", "parse_edge_list", "read_table"]

# Titles of the two ends, as Gephi, igraph and users of pandas write them: "Source", "from_node",
# "Node 1", "id_a".
_OF = "(node|vertex|id|nodeid|name|label)?"
_SOURCE = re.compile(rf"(source|from|src|start|origin|parent){_OF}|(node|vertex|id|end)(1|a)|u|i")
_TARGET = re.compile(rf"(target|to|dst|destination|end|child){_OF}|(node|vertex|id|end)(2|b)|v|j")
_MARKS = ("\t", ";", "|", ",")  # a comma may stand for the point of a number
#: A name of digits that is no whole number, or another one than its value: 007, +1, -0.
_NAME = re.compile(r"[ \t\n,;|](?:\+|-?0\d|-0(?![.\d]))")
_WHOLE = re.compile(r"([+-]?\d+(\.0)?)?")
_COMMA = re.compile(r"\A([+-]?\d+),(\d+)\Z")
_INDEX = {"", "unnamed: 0"}  # titles of the numbers that pandas writes before the columns
#: An edge as networkx writes it: two ends, and what it knows of the edge in Python's words.
_TOLD = re.compile(r"(\S.*?[\s,;|].*?)[\s,;|]+(\{.*)")
#: What KONECT and SNAP say of a graph in a comment.
_KIND = re.compile(r"^(?:%\s*(sym|asym|bip)\s+[a-z]+\s*|#\s*(Directed) graph\b.*)$", re.MULTILINE)
_Rows = list[tuple[int, list[str]]]


def parse_edge_list(source: Source) -> RawGraph:
    """Read ``u v`` or ``u v weight`` per line, or any columns under titles."""
    text = source.text()
    _, first = next(_lines(text), (0, ""))
    if not first:
        raise ValueError("holds no edges")
    kind = _KIND.search(text[:4000])
    if kind and kind[1] == "bip":
        raise ValueError("is bipartite, and its two sides share their numbers (a file of KONECT)")
    if _TOLD.match(first):
        raw = edge_table_graph(_table(_dictionary_rows(text, source.suffix)))
    else:
        raw = _plain_graph(text, source.suffix, kind is not None and kind[1] is not None)
    raw.directed |= kind is not None and kind[1] != "sym"
    return raw


def _plain_graph(text: str, suffix: str, timed: bool) -> RawGraph:
    """Return the graph of a table, perhaps under titles in its first line."""
    separator = _separator(text, suffix)
    number, titles = next(_rows(text, separator))
    words = titles[0] and not any(map(_is_number, titles))
    body = text.split("\n", number - (not words))[-1]  # without comments above
    above = titles if words else _titles_above(text, separator, len(titles))
    why, raw = "numbers" if words else "", _whole_numbers(body, separator, len(titles))
    if raw is None:
        rows = list(_rows(text, separator))
        if all(len(cells) > 2 and not cells[-1] for _, cells in rows):
            rows = [(number, cells[:-1]) for number, cells in rows]  # each ends in a separator
        why = _titles_for(rows)
        if not why and above and (len(above) > 3 or None not in _known_ends(above)):
            titles, why = above, "comment"
            rows.insert(0, (0, titles))
        elif not why:
            names = ["source", "target", "weight", *(["time"] if timed else [])]
            _check_rows(rows, len(names))
            rows.insert(0, (0, names[: len(rows[0][1])]))
        if len(rows) == 1:
            raise ValueError("holds no edges")
        raw = edge_table_graph(_table(rows))
    elif len(above) == 3:
        raw.also = (above[2].lower(), above[2])
    if why and not all(end is not None and end.isalnum() for end in _known_ends(titles)):
        below = ": below it stand numbers" if why == "numbers" else ""
        where = "the comment above" if why == "comment" else "line 1"
        raw.notes.insert(0, f"took {where} for titles, {', '.join(map(repr, titles))}{below}")
    return raw


def read_table(source: Source) -> dict[str, list[str]]:
    """Return the columns of a table of text under the titles in its first line."""
    text = source.text()
    if next(_lines(text), None) is None:
        raise ValueError("holds no line of titles")
    separator = _separator(text, source.suffix)
    rows = list(_rows(text, separator))
    if any(map(_is_number, rows[0][1])) and (
        above := _titles_above(text, separator, len(rows[0][1]))
    ):
        rows.insert(0, (0, above))
    return _table(rows)


def _titles_above(text: str, separator: str | None, n_columns: int) -> list[str]:
    """Return the words of the comment just above the first line if there is one per column."""
    above = ""
    for match in re.finditer(r" *([#%]?[^\n]*)\n", text):
        if match[1][:1] not in ("", "#", "%"):
            break
        above = match[1].lstrip("#% ") or above
    cells = next(_rows(above, separator), (0, []))[1]
    return [] if len(cells) != n_columns or any(map(_is_number, cells)) else cells


def _table(rows: _Rows) -> dict[str, list[str]]:
    """Return columns under the titles in the first row; a title that repeats gets a number."""
    (_, titles), *others = rows
    for number, cells in others:
        if len(cells) != len(titles):
            raise ValueError(
                f"line {number}: has {len(cells)} columns, lines before it {len(titles)}"
            )
    names = [t if titles.index(t) == k else f"{t} {k + 1}" for k, t in enumerate(titles)]
    return {name: [cells[k] for _, cells in others] for k, name in enumerate(names)}


def _lines(text: str, row: Sequence[int] = ()) -> Iterator[tuple[int, str]]:
    """Yield number and content of each line that is neither empty nor a comment (# or %).

    While there is a ``row`` that goes on, no line is either.
    """
    for number, match in enumerate(re.finditer(r"[^\n]*\n?", text), start=1):
        line = match[0]
        if row or (line.strip() and line.lstrip(" ")[0] not in "#%"):
            yield number, line


def _rows(text: str, separator: str | None) -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells of each line; a cell in quotes may go on in the next line."""
    if separator is None:
        for number, line in _lines(text):
            yield number, split_words(line) if '"' in line else line.split()
        return
    row = list[int]()  # its lines

    def lines() -> Iterator[str]:
        for number, line in _lines(text, row):
            row.append(number)
            yield line

    for cells in csv.reader(lines(), delimiter=separator, skipinitialspace=True):
        if any(cells):
            words = [cell.strip() for cell in cells]
            comma = separator == ";"
            yield row[0], [_COMMA.sub(r"\1.\2", word) for word in words] if comma else words
        row.clear()


def _dictionary_rows(text: str, suffix: str) -> _Rows:
    """Return the two ends and all values of each line, under titles in line 0."""
    lines = list[tuple[int, str, str]]()
    for number, line in _lines(text):
        match = _TOLD.match(line)
        lines.append((number, match[1], match[2]) if match else (number, line.strip(), "{}"))
    cut = "\n".join(ends for _, ends, _ in lines)
    rows, found = _rows(cut, _separator(cut, suffix)), []
    for (number, _, told), (_, cells) in zip(lines, rows, strict=True):
        try:
            about = {str(key): str(value) for key, value in ast.literal_eval(told).items()}
        except (SyntaxError, ValueError, TypeError, AttributeError, MemoryError, RecursionError):
            raise ValueError(f"line {number}: expected a dictionary, got {told[:60]!r}") from None
        found.append((number, cells, about))
    names = list(dict.fromkeys(name for *_, about in found for name in about))
    filled = [(n, cells + [about.get(name, "") for name in names]) for n, cells, about in found]
    return [(0, ["source", "target", *names]), *filled]


def _separator(text: str, suffix: str) -> str | None:
    """Return what separates columns: white space unless the suffix or two lines say otherwise."""
    heads = {mark: list(itertools.islice(_rows(text, mark), 2)) for mark in (None, *_MARKS)}
    words = [cells for _, cells in heads.pop(None)]
    marks = [mark for mark, head in heads.items() if head and len(head[0][1]) > 1]
    if suffix == ".tsv" and "\t" in marks:
        return "\t"
    blank = {len(cells) for cells in words} in ({2}, {3})
    blank = blank and all(cells[0][-1:] not in (",", ";", "|") for cells in words)
    if suffix != ".csv" and blank and not any(c in _MARKS for cells in words for c in cells):
        return None
    return next((mark for mark in marks if len(heads[mark][-1][1]) > 1), (*marks, None)[0])


def _check_rows(rows: _Rows, most: int) -> None:
    """Refuse rows without titles that are no ends and, perhaps, weights."""
    for number, cells in rows:
        if not 2 <= len(cells) <= most or "" in cells[:2] or "{}" in cells:
            told = " ".join(cells)[:60]
            cure = "; name more columns in a line above" if len(cells) > most else ""
            raise ValueError(f"line {number}: expected 'u v' or 'u v weight', got {told!r}{cure}")
        if 2 < len(cells) == len(rows[0][1]) and not _is_number(cells[2]):
            raise ValueError(
                f"line {number}: the third column must be a weight, got {cells[2][:60]!r}"
            )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _known_ends(titles: Iterable[str]) -> list[str | None]:
    """Return the first titles that name the source and the target."""
    plain = {title: re.sub(r"[\W_]+", "", title.lower()) for title in titles}
    return [
        next((title for title, name in plain.items() if known.fullmatch(name)), None)
        for known in (_SOURCE, _TARGET)
    ]


def _titles_for(rows: _Rows) -> str:
    """Tell why line 1 holds titles: as words over "numbers", or as "known" ones; "" if not."""
    (_, first), *others = rows
    below = [cells for _, cells in others]
    if not any(map(_is_number, first)) and {len(cells) for cells in below} == {len(first)}:
        numbers = [all(map(_is_number, column)) for column in zip(*below, strict=True)]
        if all(numbers[:2]) or any(numbers[2:]):
            return "numbers"
    ends = _known_ends(first)
    places = [first.index(end) for end in ends if end is not None]
    named = any(cells[k] in ends for cells in below for k in places if k < len(cells))
    return "known" if len(places) == 2 and not named else ""


def _whole_numbers(text: str, separator: str | None, n_columns: int) -> RawGraph | None:
    """Return the graph if numpy reads the table as whole numbers and weights, else None.

    numpy reads a million rows in a fraction of a second; whatever it stumbles over goes through
    the readable parser, which says where the trouble is.
    """
    if n_columns not in (2, 3) or (_may_name(text) and _NAME.search(f"\n{text}")):
        return None
    kinds: list[tuple[str, Any]] = [("u", np.int64), ("v", np.int64), ("w", np.float64)]
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
    ends = np.column_stack([table["u"], table["v"]])
    high = int(ends.max())
    if ends.min() >= 0 and high < 4 * ends.size + 1000:  # numbers that need no sorting
        used = np.zeros(high + 1, dtype=bool)
        used[ends] = True
        labels, places = np.flatnonzero(used), (np.cumsum(used) - 1)[ends]
    else:
        labels, places = np.unique(ends, return_inverse=True)
    names = None if labels.size == high + 1 and labels[0] == 0 else labels.tolist()
    values = {"weight": table["w"].copy()} if n_columns == 3 else {}
    return RawGraph(places.reshape(-1, 2), labels.size, False, names, values)


def _may_name(text: str) -> bool:
    """Tell, in a fraction of the time, whether a name of digits may be no number."""
    codes = np.frombuffer(f"\n{text}\n".encode(), dtype=np.uint8)
    digit = codes - np.uint8(48) < 10
    zeros = (codes[1:-1] == ord("0")) & digit[2:] & ~digit[:-2] & (codes[:-2] != ord("."))
    return "+" in text or "-0" in text or bool(zeros.any())


def edge_table_graph(
    columns: Mapping[str, Sequence[object]], nodes: Mapping[str, Sequence[object]] | None = None
) -> RawGraph:
    """Return the graph of a table of edges, and of a table of nodes if there is one.

    Ends stand under titles such as Source and Target, else in the first two columns; weights
    under Weight, else in the third of three columns, if it holds numbers. Type says Directed or
    Undirected; Id, and a first column without a title, as pandas writes row numbers, is left out.
    """
    first, ends = next(iter(columns), ""), _known_ends(columns)
    if first.lower() in _INDEX and len(columns) > 2:
        if None in ends and not all(_WHOLE.fullmatch(str(cell)) for cell in columns[first]):
            raise ValueError(
                "the table has names in an untitled first column, as a matrix of all pairs has; "
                f"one of edges needs titles such as source and target, got {list(columns)[:6]}"
            )
        columns = dict(itertools.islice(columns.items(), 1, None))
    titles = {title.lower(): title for title in columns}
    if None in ends and {"id", "label"} <= titles.keys():
        raise ValueError("is a table of nodes, with Id and Label: read_tables takes it as nodes=")
    if len(columns) < 2:
        raise ValueError(f"a table of edges needs columns for both ends, got {list(columns)}")
    source, target = (end or own for end, own in zip(ends, columns, strict=False))
    rest = {title: cells for title, cells in columns.items() if title not in (source, target)}
    kinds = {str(kind).lower() for kind in rest.pop(titles.get("type", ""), ())}
    rest.pop(titles.get("id", ""), None)
    usual = titles.get("weight", next(iter(rest)) if len(columns) == 3 and rest else "weight")
    reader = GraphReader()
    reader.directed = "directed" in kinds
    about = dict(nodes or {})
    named = [name for name in about if name.lower() == "id"] or [*about, ""]
    ids = about.pop(named[0], ())
    sources, targets, names = _as_names(columns[source], columns[target], ids)
    if "" in names:
        raise ValueError(f"row {names.index('') + 1} of the nodes lacks an id")
    for name in _in_order([sources, targets]) if nodes is None else names:
        reader.add_node(name)
    for row, pair in enumerate(zip(sources, targets, strict=True), start=1):
        if "" in pair:
            raise ValueError(f"row {row} of the edges lacks an end")
        reader.add_edge(*pair)
    for title, cells in about.items():
        reader.nodes.fill(title, typed_column(cells))
    for title, cells in rest.items():
        typed = typed_column(cells)
        numbers = all(isinstance(value, int | float | None) for value in typed)
        is_weight = title == usual and (numbers or title.lower() == "weight")
        reader.edges.fill("weight" if is_weight else title, typed)
    raw = reader.graph(sys.maxsize, titles=())
    raw.also = (usual.lower(), usual)
    return raw


def _as_names(*columns: Sequence[Any]) -> list[list[str]]:
    """Return columns of ids as text, "" where one is missing.

    Whole numbers that were written as real ones, as pandas does in a column with gaps, are whole
    if all are: beside 1.5 or a word 2.0 stays 2.0, in every column.
    """
    texts = [
        ["" if cell is None or cell != cell else str(cell) for cell in cells] for cells in columns
    ]
    names = set().union(*texts)
    if not any(name.endswith(".0") for name in names) or not all(map(_WHOLE.fullmatch, names)):
        return texts
    return [[name.removesuffix(".0") for name in column] for column in texts]


def _in_order(columns: Sequence[Sequence[str]]) -> Iterable[str]:
    """Return the ids in rising order if they are whole numbers, else as they appear."""
    names = list(dict.fromkeys(itertools.chain.from_iterable(zip(*columns, strict=True))))
    numbers = whole_labels(names)
    return names if numbers is names else map(str, sorted(numbers))  # type: ignore[type-var]
