"""Edge lists and MatrixMarket files: tables of numbers, read by numpy where they are plain."""

from __future__ import annotations

import csv
import io
import itertools
import re
import warnings
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.incoming import RawGraph, matrix_graph

__all__ = ["check_node_count", "read_edge_list", "read_matrix_market", "read_text"]

_WHOLE = re.compile(r"[+-]?[0-9]+")
# Column titles that make a first line a header, as Gephi, igraph and pandas users write them.
_TITLES = (
    {"source", "from", "src", "u", "node1", "node_1", "nodea", "i", "id1", "fromnodeid"},
    {"target", "to", "dst", "v", "node2", "node_2", "nodeb", "j", "id2", "tonodeid"},
)


def read_text(path: Path) -> str:
    """Return the text of a UTF-8 file, or say that it is none."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 text (byte {error.start})") from None
    if "\0" in text:
        raise ValueError("holds NUL characters: binary data, not text")
    return text


def check_node_count(n_nodes: int, path: Path) -> None:
    """Refuse a header that claims more nodes than a file of this length makes plausible.

    Beyond a million isolated nodes, each node is expected to cost at least one byte.
    """
    most = 1_000_000 + path.stat().st_size
    if not 0 < n_nodes <= most:
        raise ValueError(
            f"claims {n_nodes} nodes; a file of this length may have from 1 to {most} of them"
        )


def _rows(text: str) -> Iterator[tuple[int, str]]:
    """Yield number and content of each line that is neither empty nor a comment (# or %)."""
    for number, line in enumerate(io.StringIO(text), start=1):
        content = line.strip()
        if content and content[0] not in "#%":
            yield number, content


def _split(line: str, separator: str | None) -> list[str]:
    if separator is None:
        return line.split()
    return [part.strip() for part in next(csv.reader([line], delimiter=separator))]


def _separator(line: str, suffix: str) -> str | None:
    """Return what separates columns: white space unless the suffix or the line says otherwise."""
    if suffix == ".tsv":
        return "\t"
    parts = line.split()
    if suffix != ".csv" and len(parts) in (2, 3) and parts[0][-1] not in ",;":
        return None
    return next((mark for mark in (",", ";", "\t") if mark in line), None)


def read_edge_list(path: Path) -> RawGraph:
    """Read ``u v`` or ``u v weight`` per line."""
    text = read_text(path)
    first = next(_rows(text), None)
    if first is None:
        raise ValueError("holds no edges")
    separator = _separator(first[1], path.suffix.lower())
    titles = [part.lower() for part in _split(first[1], separator)]
    header = len(titles) > 1 and titles[0] in _TITLES[0] and titles[1] in _TITLES[1]
    body = text
    if header:
        body = "\n" * first[0] + text.split("\n", first[0])[-1]
        first = next(_rows(body), None)
        if first is None:
            raise ValueError("holds no edges")
    plain = _plain_table(body, separator, len(_split(first[1], separator)))
    if plain is None:
        labels, pairs, weights = _parse_rows(body, separator)
    else:
        labels, pairs, weights = plain
    return RawGraph(
        edges=pairs,
        n_nodes=len(labels),
        directed=False,
        labels=labels,
        edge_values={} if weights is None else {"weight": weights},
    )


_Table = tuple[list[Hashable], NDArray[np.int64], NDArray[np.float64] | None]


def _plain_table(text: str, separator: str | None, n_columns: int) -> _Table | None:
    """Return the table if numpy reads it as whole numbers (and weights), else None.

    numpy reads a million rows in a tenth of a second; whatever it stumbles over goes through
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


def _number(pairs: NDArray[np.int64]) -> tuple[list[Hashable], NDArray[np.int64]]:
    """Return the distinct ids in rising order, and the pairs as positions among them."""
    low, high = int(pairs.min()), int(pairs.max())
    if low >= 0 and high < 4 * pairs.size + 64:  # dense ids: a table instead of a sort
        present = np.zeros(high + 1, dtype=bool)
        present[pairs.ravel()] = True
        names = np.flatnonzero(present)
        return names.tolist(), (np.cumsum(present) - 1)[pairs]
    names, places = np.unique(pairs, return_inverse=True)
    return names.tolist(), places.reshape(pairs.shape)


def _parse_rows(text: str, separator: str | None) -> _Table:
    ends: list[tuple[str, str]] = []
    weights: list[float] = []
    width = 0
    for number, line in _rows(text):
        parts = _split(line, separator)
        if len(parts) > 2 and "".join(parts[2:]) == "{}":  # networkx.write_edgelist, no data
            parts = parts[:2]
        if len(parts) not in (2, 3) or "" in parts[:2]:
            raise ValueError(f"line {number}: expected 'u v' or 'u v weight', got {line[:60]!r}")
        if width and len(parts) != width:
            raise ValueError(f"line {number}: has {len(parts)} columns, lines before it {width}")
        width = len(parts)
        ends.append((parts[0], parts[1]))
        if width == 3:
            try:
                weights.append(float(parts[2]))
            except ValueError:
                raise ValueError(
                    f"line {number}: the third column must be a weight, got {parts[2][:60]!r}"
                ) from None
    flat: list[Any] = list(itertools.chain.from_iterable(ends))
    if all(_WHOLE.fullmatch(name) for name in flat):
        flat = [int(name) for name in flat]
        names: list[Hashable] = sorted(set(flat))
    else:
        names = list(dict.fromkeys(flat))
    place = {name: i for i, name in enumerate(names)}
    pairs = np.array([place[name] for name in flat], dtype=np.int64).reshape(-1, 2)
    return names, pairs, np.array(weights) if width == 3 else None


def read_matrix_market(path: Path) -> RawGraph:
    """Read the adjacency matrix in a MatrixMarket file, coordinate format."""
    text = read_text(path)
    banner, _, rest = text.partition("\n")
    words = banner.lower().split()
    if len(words) != 5 or words[:2] != ["%%matrixmarket", "matrix"]:
        raise ValueError("line 1: expected '%%MatrixMarket matrix coordinate FIELD SYMMETRY'")
    layout, kind, symmetry = words[2:]
    if (
        layout != "coordinate"
        or kind not in ("pattern", "integer", "real")
        or symmetry not in ("general", "symmetric")
    ):
        raise ValueError(
            "line 1: a graph is a 'coordinate' matrix of 'pattern', 'integer' or 'real' entries, "
            f"'general' or 'symmetric'; got {layout} {kind} {symmetry}"
        )
    number, sizes = next(_rows("\n" + rest), (2, ""))
    if not re.fullmatch(r"[0-9]+\s+[0-9]+\s+[0-9]+", sizes):
        raise ValueError(f"line {number}: expected 'rows columns entries', got {sizes[:60]!r}")
    n_rows, n_columns, n_entries = map(int, sizes.split())
    if n_rows != n_columns:
        raise ValueError(f"line {number}: an adjacency matrix is square, got {n_rows}×{n_columns}")
    check_node_count(n_rows, path)
    width = 2 if kind == "pattern" else 3
    # an entry is at least two characters per number: a digit and what separates it
    if n_entries * 2 * width > path.stat().st_size + 2:
        raise ValueError(f"line {number}: claims {n_entries} entries, more than the file can hold")
    body = text.split("\n", number)[-1] if number <= text.count("\n") else ""
    return _matrix_graph(body, n_rows, n_entries, width, symmetry == "symmetric")


def _matrix_graph(body: str, n_nodes: int, n_entries: int, width: int, symmetric: bool) -> RawGraph:
    kinds: list[tuple[str, Any]] = [("u", np.int64), ("v", np.int64), ("w", np.float64)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore" if n_entries == 0 else "error")
            table = np.loadtxt(io.StringIO(body), dtype=kinds[:width], comments="%", ndmin=1)
    except (ValueError, OverflowError, Warning) as error:
        raise ValueError(f"an entry cannot be read ({error})") from None
    if len(table) != n_entries:
        raise ValueError(f"claims {n_entries} entries, holds {len(table)}")
    rows, columns = table["u"] - 1, table["v"] - 1
    values = table["w"] if width == 3 else np.ones(n_entries)
    if n_entries and (
        min(rows.min(), columns.min()) < 0 or max(rows.max(), columns.max()) >= n_nodes
    ):
        raise ValueError(f"an entry lies outside 1 … {n_nodes}")
    if symmetric:
        off = rows != columns
        rows, columns = np.r_[rows, columns[off]], np.r_[columns, rows[off]]
        values = np.r_[values, values[off]]
    return matrix_graph(rows, columns, values, n_nodes, "weight")
