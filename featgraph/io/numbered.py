"""Formats that announce and number their nodes: Matrix Market, METIS, DIMACS and Pajek."""

from __future__ import annotations

import re
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.incoming import RawGraph, matrix_graph
from featgraph.io._reader import GraphReader
from featgraph.io._streams import Source

__all__ = ["parse_dimacs", "parse_matrix_market", "parse_metis", "parse_pajek", "split_words"]

_WORD = re.compile(r'"([^"]*)"|(\S+)')
_KINDS = {"pattern": 4, "integer": 6, "real": 6}  # of entries, and how short a line of them is
_PLACE = re.compile(r"[+-]?[\d.]+(?:[eE][+-]?\d+)?")
#: Sections of Pajek, and how many numbers of vertices begin a line; None: all of it.
_SECTIONS = {"*network": 0, "*matrix": 0, "*vertices": 1, "*edges": 2, "*arcs": 2}
_SECTIONS |= {"*edgeslist": None, "*arcslist": None}  # type: ignore[dict-item]


def parse_matrix_market(source: Source) -> RawGraph:
    """Read the adjacency matrix in a Matrix Market file, coordinate format."""
    with source.open() as stream:
        number, words = 1, stream.readline(1000).decode("latin-1").lower().split()
        if len(words) != 5 or words[:2] != ["%%matrixmarket", "matrix"]:
            raise ValueError("line 1: expected '%%MatrixMarket matrix coordinate FIELD SYMMETRY'")
        layout, kind, symmetry = words[2:]
        symmetric = symmetry == "symmetric"
        if layout != "coordinate" or kind not in _KINDS or not (symmetric or symmetry == "general"):
            raise ValueError(
                "line 1: a graph is a 'coordinate' matrix of 'pattern', 'integer' or 'real' "
                f"entries, 'general' or 'symmetric'; got {layout} {kind} {symmetry}"
            )
        sizes = ["%"]
        while sizes[:1] == ["%"] or not sizes:
            line = stream.readline().decode("latin-1")
            number, sizes = number + 1, line.replace("%", "% ").split() if line else [""]
        n_nodes, n_entries = _check_sizes(sizes, number, source, kind)
        rows, columns, values = _read_entries(stream, n_entries, kind, n_nodes)
    if symmetric:
        beside = rows != columns
        values = np.concatenate([values, values[beside]])
        rows, columns = (
            np.concatenate([one, two[beside]]) for one, two in ((rows, columns), (columns, rows))
        )
    return matrix_graph(rows, columns, values, n_nodes, "weight")


def _read_entries(stream: Any, n_entries: int, kind: str, n_nodes: int) -> list[NDArray[Any]]:
    """Return rows and columns from 0, and values.

    numpy reads them: SciPy's reader runs past the end of some files that were cut short.
    """
    kinds: list[tuple[str, Any]] = [("row", np.int64), ("column", np.int64), ("value", np.float64)]
    kinds = kinds[: 2 if kind == "pattern" else 3]
    table = np.empty(0, dtype=kinds)
    if n_entries:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # numpy's word on empty input
                table = np.loadtxt(stream, dtype=kinds, comments="%", ndmin=1, encoding="latin-1")
        except (ValueError, OverflowError) as error:
            raise ValueError(f"an entry cannot be read ({error})") from None
    if len(table) != n_entries:
        told = "Truncated file" if len(table) < n_entries else "more than are announced"
        raise ValueError(f"an entry cannot be read ({told}: {len(table)} of {n_entries})")
    ends = [table["row"] - 1, table["column"] - 1]
    if any(end.size and not 0 <= end.min() <= end.max() < n_nodes for end in ends):
        raise ValueError(f"an entry lies outside 1 … {n_nodes}")
    return [*ends, np.ones(n_entries) if kind == "pattern" else table["value"].copy()]


def _check_sizes(sizes: list[str], number: int, source: Source, kind: str) -> tuple[int, int]:
    if len(sizes) != 3 or not all(size.isdecimal() for size in sizes):
        raise ValueError(f"line {number}: expected 'rows columns entries', got {sizes!r:.60}")
    n_rows, n_columns, n_entries = map(int, sizes)
    if n_rows != n_columns:
        raise ValueError(f"line {number}: an adjacency matrix is square, got {n_rows}×{n_columns}")
    source.check_node_count(n_rows)
    # an entry is at least two characters per number: a digit and what separates it
    if n_entries * _KINDS[kind] > source.size + 2:
        raise ValueError(f"line {number}: claims {n_entries} entries, more than the file can hold")
    return n_rows, n_entries


def parse_metis(source: Source) -> RawGraph:
    """Read the neighbours of each vertex, a line each, and weights as the first line says."""
    text = source.text().rstrip("\n").split("\n")
    head, *lines = [line.split() for line in text if not line.lstrip().startswith("%")] or [[]]
    try:
        n_nodes, n_edges = map(int, head[:2])
        sizes, weighted, lengths = map(int, "".join(head[2:3]).zfill(3))
        first = sizes + weighted * int(*head[3:] or ["1"])
    except (ValueError, TypeError):
        raise ValueError(f"expected 'vertices edges [weights]' first, got {head!r:.60}") from None
    source.check_node_count(n_nodes)
    rows = [line[first:] for line in lines]
    ends = [int(word) - 1 for row in rows for word in row[:: 1 + lengths]]
    if any(rows[n_nodes:]) or len(ends) != 2 * n_edges:
        raise ValueError(
            f"announces {n_nodes} vertices and {n_edges} edges, two entries each, and holds "
            f"{len(rows)} lines with {len(ends)} entries"
        )
    if any(not 0 <= end < n_nodes for end in ends):
        raise ValueError(f"names a vertex outside 1 … {n_nodes}")
    values = [float(word) for row in rows for word in row[1::2]] if lengths else [1.0] * len(ends)
    starts = np.repeat(np.arange(len(rows)), [len(row[:: 1 + lengths]) for row in rows])
    return matrix_graph(starts, np.array(ends, dtype=np.int64), values, n_nodes, "weight")


def parse_dimacs(source: Source) -> RawGraph:
    """Read ``p``, the numbers of nodes and edges, then ``e u v`` or arcs ``a u v weight``."""
    reader, n_nodes = GraphReader(), 0
    for number, line in enumerate(source.text().split("\n"), start=1):
        kind, *words = line.split() or ["c"]
        if kind == "p" and not n_nodes:
            n_nodes = int(words[1])
            source.check_node_count(n_nodes)
            for name in range(1, n_nodes + 1):
                reader.add_node(str(name))
        elif kind in ("a", "e"):
            if not all(word.isdecimal() and 0 < int(word) <= n_nodes for word in words[:2]):
                raise ValueError(f"line {number}: names a node outside 1 … {n_nodes}: {line[:60]}")
            reader.directed |= kind == "a"
            reader.add_edge(str(int(words[0])), str(int(words[1])))
            reader.edges.put("weight", float("".join(words[2:3]) or 1))
        elif kind not in ("c", "d", "n", "v", "x"):
            raise ValueError(f"line {number}: expected c, p, e or a, got {line[:60]!r}")
    return reader.graph(source.size, titles=())


def split_words(line: str) -> list[str]:
    """Return the words of a line, some of them in quotes.

    Examples
    --------
    >>> split_words('1 "Ann Lee"')
    ['1', 'Ann Lee']
    """
    return [match[1] or match[2] or "" for match in _WORD.finditer(line)]


def parse_pajek(source: Source) -> RawGraph:
    """Read *Vertices, then *Edges, *Arcs, *Edgeslist, *Arcslist or *Matrix; places, shapes too."""
    reader = _Pajek()
    for number, line in enumerate(source.text().split("\n"), start=1):
        words = split_words(line)
        if not words or line.lstrip().startswith(("%", "/*")):
            continue
        try:
            reader.read(words, source)
        except (ValueError, IndexError) as error:
            told = str(error) if isinstance(error, ValueError) else f"cannot read {line[:60]!r}"
            raise ValueError(f"line {number}: {told}") from None
    if not reader.labels:
        raise ValueError("holds no *Vertices")
    reader.nodes.fill("label", reader.labels)
    raw = reader.graph(source.size, titles=("label",))
    return _matrix(reader, raw) if reader.section == "*matrix" else raw


def _matrix(reader: _Pajek, raw: RawGraph) -> RawGraph:
    n_nodes = raw.n_nodes
    if [len(row) for row in reader.matrix] != [n_nodes] * n_nodes:
        raise ValueError(f"a matrix of {n_nodes} vertices has as many rows of as many numbers")
    matrix = np.array(reader.matrix)
    rows, columns = np.nonzero(matrix)
    found = matrix_graph(rows, columns, matrix[rows, columns], n_nodes, "weight")
    return replace(found, labels=raw.labels, attributes=raw.attributes, notes=raw.notes)


class _Pajek(GraphReader):
    def __init__(self) -> None:
        super().__init__()
        self.section = ""
        self.labels: list[str] = []
        self.matrix: list[list[float]] = []

    def read(self, words: list[str], source: Source) -> None:
        """Take the words of one line."""
        if words[0].startswith("*"):
            self.section = words[0].lower().partition(":")[0]  # *Arcs :2, a second relation
            if self.section not in _SECTIONS:
                raise ValueError(f"section {self.section[:30]!r} is not read")
            if self.section == "*vertices":
                source.check_node_count(int(words[1]))
                self.labels = [str(i + 1) for i in range(int(words[1]))]
                for label in self.labels:
                    self.add_node(label)
        elif not self.section:
            raise ValueError("expected a section like *Vertices first")
        elif self.section == "*matrix":
            self.matrix.append(list(map(float, words)))
        else:
            if words[-1].startswith("[") and not self.notes:
                self.notes.append("left out times in brackets: a FeatureGraph holds at one time")
            n_ends = _SECTIONS[self.section]
            ends = list(map(int, words[:n_ends]))
            if any(not 1 <= end <= len(self.labels) for end in ends):
                raise ValueError(f"names a vertex outside 1 … {len(self.labels)}")
            (self._vertex if n_ends == 1 else self._edges)(ends, words[len(ends) :])

    def _edges(self, ends: list[int], words: list[str]) -> None:
        first, *others = map(str, ends)
        if not others:
            raise ValueError("an edge needs two ends")
        self.directed = self.directed or self.section.startswith("*arcs")
        told = words[0] if words and not words[0].startswith("[") else "1"
        for other in others:
            self.add_edge(first, other)
            self.edges.put("weight", float(told))
        about = dict(zip(words[1::2], words[2::2], strict=False))
        self.edges.put("label", about.get("l"))
        self.edges.put("thickness", about.get("w"), "double")

    def _vertex(self, ends: list[int], words: list[str]) -> None:
        if not words:
            return
        row = ends[0] - 1
        self.labels[row], *rest = words
        for axis in "xyz":
            if not rest or not _PLACE.fullmatch(rest[0]):
                break
            self.nodes.column(axis, "double").add(row, rest.pop(0))
        if rest and rest[0].isalpha() and len(rest) % 2:
            self.nodes.column("shape").add(row, rest[0])
