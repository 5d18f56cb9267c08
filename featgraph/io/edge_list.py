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
from numpy.typing import NDArray

from featgraph.graph.incoming import RawGraph, whole_labels
from featgraph.io._columns import typed_column
from featgraph.io._reader import GraphReader
from featgraph.io._source import Source
from featgraph.io.pajek import split_words

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
_COMMA = re.compile(r"([+-]?\d+),(\d+)\Z")
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
    ends = _known_ends(titles)
    usual = all(end is not None and end.isalnum() for end in ends)  # and needs no note
    over_numbers = titles[0] and not any(map(_is_number, titles))
    body = text.split("\n", first[0])[-1] if over_numbers else text
    plain = _plain_table(body, separator, len(titles))
    notes = []
    if plain is not None:
        labels, places = np.unique(plain[0], return_inverse=True)
        values = {} if plain[1] is None else {"weight": plain[1]}
        raw = RawGraph(places.reshape(-1, 2), labels.size, False, labels.tolist(), values)
        is_title = over_numbers
    else:
        rows = _rows(text, separator)
        usual = usual or rows[0][0] == 0  # titles that stand in no line
        over_numbers = _is_title(rows)
        is_title = over_numbers or _holds_ends(rows)
        if not is_title:
            _check_rows(rows)
            rows.insert(0, (0, ["source", "target", "weight"][: len(rows[0][1])]))
        if len(rows) == 1:
            raise ValueError("holds no edges")
        raw = edge_table_graph(_table(rows))
    if is_title and not usual:
        why = ": below it stand numbers" if over_numbers else ""
        notes.append(f"took line 1 for titles, {', '.join(map(repr, titles))}{why}")
    raw.notes = notes + raw.notes
    return raw


def read_table(source: Source) -> dict[str, list[str]]:
    """Return the columns of a table of text under the titles in its first line."""
    text = source.text()
    if next(_lines(text), None) is None:
        raise ValueError("holds no line of titles")
    return _table(_rows(text, _separator(text, source.suffix)))


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


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield number and content of each line that is neither empty nor a comment (# or %)."""
    for number, line in enumerate(io.StringIO(text), start=1):
        content = line.strip(" \n")
        if content.strip() and content[0] not in "#%":
            yield number, content


def _rows(text: str, separator: str | None) -> _Rows:
    numbers, lines = zip(*_lines(text), strict=True)
    rows = [row for row in zip(numbers, _split(lines, separator), strict=False) if any(row[1])]
    if all(len(cells) > 2 and not cells[-1] for _, cells in rows):  # each line ends in a separator
        rows = [(number, cells[:-1]) for number, cells in rows]
    return _name_cells(rows)


def _name_cells(rows: _Rows) -> _Rows:
    """Return rows in which networkx wrote what it knows of an edge as a dictionary as columns."""
    if not any(len(cells) > 2 and cells[2].startswith("{") for _, cells in rows):
        return rows
    told = [_read_dictionary(number, " ".join(cells[2:])) for number, cells in rows]
    names = list(dict.fromkeys(name for about in told for name in about))
    titles = ["source", "target", *names]
    return [(0, titles)] + [
        (number, [*cells[:2], *(about.get(name, "") for name in names)])
        for (number, cells), about in zip(rows, told, strict=True)
    ]


def _read_dictionary(number: int, text: str) -> dict[str, str]:
    try:
        return {str(k): str(v) for k, v in dict(ast.literal_eval(text or "{}")).items()}
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        raise ValueError(f"line {number}: expected a dictionary, got {text[:60]!r}") from None


def _split(lines: Any, separator: str | None) -> Iterator[list[str]]:
    if separator is not None:
        for cells in csv.reader(lines, delimiter=separator, skipinitialspace=True):
            yield [
                _COMMA.sub(r"\1.\2", c.strip()) if separator == ";" else c.strip() for c in cells
            ]
        return
    for line in lines:
        parts = [word for word, _ in split_words(line)] if line[0] == '"' else line.split()
        yield parts


def _separator(text: str, suffix: str) -> str | None:
    """Return what separates columns: white space unless the suffix or the lines say otherwise."""
    head = [line for _, line in itertools.islice(_lines(text), 2)]
    if suffix == ".tsv" and "\t" in head[0]:
        return "\t"
    if head[0].rstrip().endswith("}"):  # a dictionary of networkx, whose commas separate nothing
        return None
    words = [line.split() for line in head]
    blank = all(len(parts) in (2, 3) and parts[0][-1] not in ",;|" for parts in words)
    if suffix != ".csv" and blank and not any(p in _MARKS for parts in words for p in parts):
        return None
    marks = [mark for mark in _MARKS if mark in head[0]]
    return next((mark for mark in marks if mark in head[-1]), marks[0] if marks else None)


def _check_rows(rows: _Rows) -> None:
    """Refuse rows without titles that are no ends and, perhaps, weights."""
    for number, cells in rows:
        if len(cells) not in (2, 3) or "" in cells[:2]:
            told = " ".join(cells)[:60]
            cure = "; name more columns in a line above" if len(cells) > 3 else ""
            raise ValueError(f"line {number}: expected 'u v' or 'u v weight', got {told!r}{cure}")
        if len(cells) == 3 == len(rows[0][1]) and not _is_number(cells[2]):
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


def _holds_ends(rows: _Rows) -> bool:
    """Tell whether line 1 has known titles, which are no names of nodes in lines below."""
    (_, titles), *others = rows
    ends = _known_ends(titles)
    places = [titles.index(end) for end in ends if end is not None]
    return len(places) == 2 and not any(
        cells[k] in ends for _, cells in others for k in places if k < len(cells)
    )


def _is_title(rows: _Rows) -> bool:
    """Tell whether line 1 has words alone, some where every other line has numbers."""
    (_, first), *others = rows
    uneven = any(len(cells) != len(first) for _, cells in others)
    if not others or uneven or any(map(_is_number, first)):
        return False
    titled = [
        not _is_number(name) and all(_is_number(cells[k]) for _, cells in others)
        for k, name in enumerate(first)
    ]
    return all(titled[:2]) or any(titled[2:])


def _plain_table(
    text: str, separator: str | None, n_columns: int
) -> tuple[NDArray[np.int64], NDArray[np.float64] | None] | None:
    """Return ends and weights if numpy reads the table as whole numbers and weights, else None.

    numpy reads a million rows in a fraction of a second; whatever it stumbles over goes through
    the readable parser, which says where the trouble is.
    """
    if n_columns not in (2, 3) or _NAME.search(text) or _NAME.match(f"\n{text[:3]}"):
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


def edge_table_graph(
    columns: Mapping[str, Sequence[Any]], nodes: Mapping[str, Sequence[Any]] | None = None
) -> RawGraph:
    """Return the graph of a table of edges, and of a table of nodes if there is one.

    Ends stand under titles such as Source and Target, else in the first two columns; weights
    under Weight, else in the third of three columns, if it holds numbers. Type says Directed or
    Undirected; Id, and a first column without a title, as pandas writes row numbers, is left out.
    """
    first = next(iter(columns), "")
    if first.lower() in _INDEX and len(columns) > 2:
        if not all(_WHOLE.fullmatch(str(cell)) for cell in columns[first]):
            _check_ends(columns)
        columns = dict(itertools.islice(columns.items(), 1, None))
    titles = {title.lower(): title for title in columns}
    if len(columns) < 2:
        raise ValueError(f"a table of edges needs columns for both ends, got {list(columns)}")
    first_two = itertools.islice(columns, 2)
    ends = [known or own for known, own in zip(_known_ends(columns), first_two, strict=True)]
    rest = {title: columns[title] for title in columns if title not in ends}
    kinds = {str(kind).lower() for kind in rest.pop(titles.get("type", ""), ())}
    rest.pop(titles.get("id", ""), None)
    values = {title: typed_column(cells) for title, cells in rest.items()}
    usual = titles.get("weight", next(iter(rest)) if len(columns) == 3 and rest else "weight")
    if usual in values and all(isinstance(v, int | float | None) for v in values[usual]):
        values = {"weight" if key == usual else key: cells for key, cells in values.items()}
    reader = GraphReader()
    reader.directed = "directed" in kinds
    sources, targets, names = _as_names(*(columns[end] for end in ends), _node_ids(nodes))
    pairs = list(zip(sources, targets, strict=True))
    if "" in names:
        raise ValueError(f"row {names.index('') + 1} of the nodes lacks an id")
    for name in _in_order(pairs) if nodes is None else names:
        reader.add_node(name)
    for row, pair in enumerate(pairs, start=1):
        if "" in pair:
            raise ValueError(f"row {row} of the edges lacks an end")
        reader.add_edge(*pair)
    others = {k: v for k, v in (nodes or {}).items() if v is not _node_ids(nodes)}
    for table, typed in (
        (reader.edges, values),
        (reader.nodes, {title: typed_column(cells) for title, cells in others.items()}),
    ):
        for title, cells in typed.items():
            for row, cell in enumerate(cells):
                if cell is not None:
                    table.column(title, "value").add(row, cell)
    raw = reader.graph(sys.maxsize, titles=())
    raw.also = (usual.lower(), usual)
    return raw


def _check_ends(columns: Mapping[str, Sequence[Any]]) -> None:
    """Refuse a matrix of all pairs, whose rows are named in a column without a title."""
    if None in _known_ends(columns):
        raise ValueError(
            f"has names in a first column without a title, as a matrix of all pairs has; a table "
            f"of edges needs titles such as source and target, got {list(columns)[:6]}"
        )


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


def _in_order(pairs: Sequence[tuple[str, str]]) -> Iterable[str]:
    """Return the ids in rising order if they are whole numbers, else as they appear."""
    names = list(dict.fromkeys(itertools.chain.from_iterable(pairs)))
    numbers = whole_labels(names)
    return names if numbers is names else map(str, sorted(numbers))  # type: ignore[type-var]


def _node_ids(nodes: Mapping[str, Sequence[Any]] | None) -> Sequence[Any]:
    if not nodes:
        return ()
    return nodes[next((name for name in nodes if name.lower() == "id"), next(iter(nodes)))]
