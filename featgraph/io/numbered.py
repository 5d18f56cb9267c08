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
_KINDS = ("pattern", "integer", "unsigned-integer", "real", "double")  # of Matrix Market
_SYMMETRIES = ("general", "symmetric", "hermitian")
_PLACE = re.compile(r"[+-]?[\d.]+(?:[eE][+-]?\d+)?")
#: Sections of Pajek, and how many numbers of vertices begin a line; None: all of it.
_SECTIONS = {"*network": 0, "*matrix": 0, "*vertices": 1, "*edges": 2, "*arcs": 2}
_SECTIONS |= {"*edgeslist": None, "*arcslist": None}  # type: ignore[dict-item]


def parse_matrix_market(source: Source) -> RawGraph:
    """Read the adjacency matrix in a Matrix Market file, coordinate format."""
    with source.open() as stream:
        words = stream.readline(1000).decode("latin-1").lower().split()
        if len(words) != 5 or words[:2] != ["%%matrixmarket", "matrix"]:
            raise ValueError("line 1: expected '%%MatrixMarket matrix coordinate FIELD SYMMETRY'")
        if words[2] != "coordinate" or words[3] not in _KINDS or words[4] not in _SYMMETRIES:
            raise ValueError(
                "line 1: a graph is a 'coordinate' matrix of 'pattern', 'integer' or 'real' "
                f"entries, 'general' or 'symmetric'; got {' '.join(words[2:])}"
            )
        lines = (line.split() for line in stream)
        sizes = next((line for line in lines if line and not line[0].startswith(b"%")), [])
        if len(sizes) != 3 or not all(size.isdigit() for size in sizes):
            raise ValueError(f"expected 'rows columns entries', got {b' '.join(sizes)!r:.60}")
        n_nodes, n_columns, n_entries = map(int, sizes)
        if n_nodes != n_columns:
            raise ValueError(f"an adjacency matrix is square, got {n_nodes}×{n_columns}")
        source.check_node_count(n_nodes)
        table = _read_entries(stream, words[3])
    if len(table) != n_entries:
        told = "Truncated file" if len(table) < n_entries else "more than are announced"
        raise ValueError(f"an entry cannot be read ({told}: {len(table)} of {n_entries})")
    rows, columns = table["row"] - 1, table["column"] - 1
    if any(end.size and not 0 <= end.min() <= end.max() < n_nodes for end in (rows, columns)):
        raise ValueError(f"an entry lies outside 1 … {n_nodes}")
    values = np.ones(n_entries) if words[3] == "pattern" else table["value"].copy()
    if words[4] != "general":
        beside = rows != columns
        values = np.concatenate([values, values[beside]])
        ends = (rows, columns[beside]), (columns, rows[beside])
        rows, columns = map(np.concatenate, ends)
    return matrix_graph(rows, columns, values, n_nodes, "weight")


def _read_entries(stream: Any, kind: str) -> NDArray[Any]:
    """Return rows, columns and values as numpy reads them; SciPy runs past the end of some."""
    kinds: list[tuple[str, Any]] = [("row", np.int64), ("column", np.int64), ("value", np.float64)]
    kinds = kinds[: 2 if kind == "pattern" else 3]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numpy's word on empty input
            return np.loadtxt(stream, dtype=kinds, comments="%", ndmin=1, encoding="latin-1")
    except (ValueError, OverflowError) as error:
        raise ValueError(f"an entry cannot be read ({error})") from None


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
    places = [reader.nodes.columns.pop(axis) for axis in "xyz" if axis in reader.nodes.columns]
    if any(any(map(float, column.cells)) for column in places):  # 0 0 stands for none
        reader.nodes.columns |= {column.name: column for column in places}
    reader.nodes.fill("label", reader.labels)
    raw = reader.graph(source.size, titles=("label",))
    return _matrix(reader, raw) if reader.section == "*matrix" else raw


def _matrix(reader: _Pajek, raw: RawGraph) -> RawGraph:
    n_nodes, n_first = raw.n_nodes, reader.n_first  # n_first: of the first of two modes, or 0
    if [len(row) for row in reader.matrix] != [n_nodes - n_first] * (n_first or n_nodes):
        modes = f", of two modes {n_first} rows of {n_nodes - n_first}" if n_first else ""
        raise ValueError(
            f"a matrix of {n_nodes} vertices has as many rows of as many numbers{modes}"
        )
    matrix = np.array(reader.matrix)
    rows, columns = np.nonzero(matrix)
    values, columns = matrix[rows, columns], columns + n_first
    if n_first:
        rows, columns = np.concatenate([rows, columns]), np.concatenate([columns, rows])
        values = np.concatenate([values, values])
    found = matrix_graph(rows, columns, values, n_nodes, "weight")
    return replace(found, labels=raw.labels, attributes=raw.attributes, notes=raw.notes)


class _Pajek(GraphReader):
    def __init__(self) -> None:
        super().__init__()
        self.section = ""
        self.labels: list[str] = []
        self.matrix: list[list[float]] = []
        self.n_first = 0  # vertices of the first of two modes

    def read(self, words: list[str], source: Source) -> None:
        """Take the words of one line."""
        if words[0].startswith("*"):
            self.section = words[0].lower().partition(":")[0]  # *Arcs :2, a second relation
            if self.section not in _SECTIONS:
                raise ValueError(f"section {self.section[:30]!r} is not read")
            if self.section == "*vertices":
                source.check_node_count(int(words[1]))
                self.n_first = int(words[2]) if words[2:] else 0
                self.labels = [str(i + 1) for i in range(int(words[1]))]
                for label in self.labels:
                    self.add_node(label)
        elif not self.section:
            raise ValueError("expected a section like *Vertices first")
        elif self.section == "*matrix":
            self.matrix.append(list(map(float, words)))
        else:
            if words[-1].startswith("["):
                words.pop()
                self.notes = ["left out times in brackets: a FeatureGraph holds at one time"]
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
        bare = len(words) % 2 == 0 and words[:1] != [] and words[0].isalpha()  # without a weight
        told, rest = ("1", words) if bare or not words else (words[0], words[1:])
        for other in others:
            self.add_edge(first, other)
            self.edges.put("weight", float(told))
        if about := dict(zip(rest[::2], rest[1::2], strict=False)):
            self.edges.put("label", about.get("l"))
            self.edges.put_color(about.get("c"))
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
            self.nodes.put("shape", rest.pop(0), row=row)
        about = dict(zip(rest[::2], rest[1::2], strict=False))
        self.nodes.put_color(about.get("ic"), row)  # of the inner
