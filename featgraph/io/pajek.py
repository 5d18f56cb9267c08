"""Pajek .net files: sections of vertices, edges and arcs."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from featgraph.graph.incoming import RawGraph, matrix_graph, whole_labels
from featgraph.io._reader import GraphReader
from featgraph.io._source import Source

__all__ = ["parse_pajek", "split_words"]

_WORD = re.compile(r'"([^"]*)"|(\S+)')
_SECTIONS = ("*network", "*vertices", "*edges", "*arcs", "*edgeslist", "*arcslist", "*matrix")


def split_words(line: str) -> list[tuple[str, bool]]:
    """Return the words of a line, and of each whether it stands in quotes.

    Examples
    --------
    >>> split_words('1 "Ann Lee"')
    [('1', False), ('Ann Lee', True)]
    """
    return [(m[1] or m[2] or "", m[1] is not None) for m in _WORD.finditer(line)]


def parse_pajek(source: Source) -> RawGraph:
    """Read *Vertices, then *Edges, *Arcs, *Edgeslist, *Arcslist or *Matrix; places, shapes too."""
    reader = _Reader()
    for number, line in enumerate(source.text().splitlines(), start=1):
        words = split_words(line)
        if not words or (words[0][0].startswith(("%", "/*")) and not words[0][1]):
            continue
        try:
            reader.read([word for word, _ in words], source)
        except (ValueError, IndexError) as error:
            told = str(error) if isinstance(error, ValueError) else f"cannot read {line[:60]!r}"
            raise ValueError(f"line {number}: {told}") from None
    if not reader.labels:
        raise ValueError("holds no *Vertices")
    if reader.section == "*matrix":
        return _matrix(reader)
    for row, label in enumerate(reader.labels):
        reader.nodes.column("label").add(row, label)
    return reader.graph(source.size, titles=("label",))


def _matrix(reader: _Reader) -> RawGraph:
    n_nodes = len(reader.labels)
    if [len(row) for row in reader.matrix] != [n_nodes] * n_nodes:
        raise ValueError(f"a matrix of {n_nodes} vertices has as many rows of as many numbers")
    matrix = np.array(reader.matrix)
    rows, columns = np.nonzero(matrix)
    graph = matrix_graph(rows, columns, matrix[rows, columns], n_nodes, "weight")
    distinct = len(set(reader.labels)) == n_nodes
    return replace(graph, labels=whole_labels(reader.labels) if distinct else None)


class _Reader(GraphReader):
    def __init__(self) -> None:
        super().__init__()
        self.section = ""
        self.labels: list[str] = []
        self.matrix: list[list[float]] = []

    def read(self, words: list[str], source: Source) -> None:
        """Take the words of one line."""
        if words[0].startswith("*"):
            self.section = words[0].lower()
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
            n_ends = {"*vertices": 1, "*edges": 2, "*arcs": 2}.get(self.section, len(words))
            ends = list(map(int, words[:n_ends]))
            if any(not 1 <= end <= len(self.labels) for end in ends):
                raise ValueError(f"names a vertex outside 1 … {len(self.labels)}")
            (self._vertex if n_ends == 1 else self._edges)(ends, words[n_ends:])

    def _edges(self, ends: list[int], words: list[str]) -> None:
        first, *others = map(str, ends)
        if not others:
            raise ValueError("an edge needs two ends")
        self.directed = self.directed or self.section.startswith("*arcs")
        told = words[0] if words and not words[0].startswith("[") else "1"
        for other in others:
            self.add_edge(first, other)
            self.edges.put("weight", float(told), "value")
        about = dict(zip(words[1::2], words[2::2], strict=False))
        self.edges.put("label", about.get("l"))
        if "w" in about:
            self.edges.put("thickness", float(about["w"]), "value")

    def _vertex(self, ends: list[int], words: list[str]) -> None:
        if not words:
            return
        self.labels[ends[0] - 1] = words[0]
        looks: dict[str, float | str] = {}
        for axis, word in zip("xyz", words[1:4], strict=False):
            try:
                looks[axis] = float(word)
            except ValueError:
                break
        rest = words[1 + len(looks) :]
        if rest and rest[0].isalpha() and len(rest) % 2:
            looks["shape"] = rest[0]
        for key, value in looks.items():
            self.nodes.column(key, "value").add(ends[0] - 1, value)
