"""Pajek .net files: sections of vertices, edges and arcs."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from featgraph.graph.incoming import RawGraph, attribute_column, whole_labels
from featgraph.io._source import Source

__all__ = ["parse_pajek"]

_WORD = re.compile(r'"([^"]*)"|(\S+)')
_SECTIONS = ("*network", "*vertices", "*edges", "*arcs", "*edgeslist", "*arcslist")
_EDGE_WORDS = {"l": "label", "w": "thickness"}  # what follows the weight, by its short name


def parse_pajek(source: Source) -> RawGraph:
    """Read *Vertices, then *Edges, *Arcs, *Edgeslist or *Arcslist; places and shapes too."""
    reader = _Reader()
    section = ""
    for number, line in enumerate(source.text().splitlines(), start=1):
        words = [quoted if mark else bare for quoted, bare, mark in _words(line)]
        if not words or words[0].startswith("%"):
            continue
        try:
            if words[0].startswith("*"):
                section = words[0].lower()
                if section not in _SECTIONS:
                    raise ValueError(f"section {section[:30]!r} is not read")
                if section == "*vertices":
                    source.check_node_count(int(words[1]))
                    reader.names = [str(i + 1) for i in range(int(words[1]))]
            else:
                reader.read(section, words)
        except (ValueError, IndexError) as error:
            told = str(error) if isinstance(error, ValueError) else f"cannot read {line[:60]!r}"
            raise ValueError(f"line {number}: {told}") from None
    return reader.graph()


def _words(line: str) -> list[tuple[str, str, bool]]:
    return [(m[1] or "", m[2] or "", m[1] is not None) for m in _WORD.finditer(line)]


class _Reader:
    def __init__(self) -> None:
        self.names: list[str] = []
        self.looks: dict[int, tuple[list[float], str | None]] = {}
        self.rows: list[tuple[int, int]] = []
        self.weights: list[float] = []
        self.columns: dict[str, dict[int, Any]] = {}
        self.directed = self.timed = False

    def read(self, section: str, words: list[str]) -> None:
        if not section:
            raise ValueError("expected a section like *Vertices first")
        n_numbers = {"*vertices": 1, "*edges": 2, "*arcs": 2}.get(section, len(words))
        numbers = [int(word) for word in words[:n_numbers]]
        if any(not 1 <= number <= len(self.names) for number in numbers):
            raise ValueError(f"names a vertex outside 1 … {len(self.names)}")
        self.timed = self.timed or words[-1].startswith("[")
        if section == "*vertices":
            self._vertex(numbers[0] - 1, words[1:])
            return
        first, *others = numbers
        if not others:
            raise ValueError("an edge needs two ends")
        self.directed = self.directed or section.startswith("*arcs")
        weight = 1.0
        if section in ("*edges", "*arcs") and len(words) > 2 and not words[2].startswith("["):
            weight = float(words[2])
            for key, value in zip(words[3::2], words[4::2], strict=False):
                if key in _EDGE_WORDS:
                    told = value if key == "l" else float(value)
                    self.columns.setdefault(_EDGE_WORDS[key], {})[len(self.rows)] = told
        self.rows.extend((first - 1, other - 1) for other in others)
        self.weights.extend(weight for _ in others)

    def _vertex(self, i: int, words: list[str]) -> None:
        if not words:
            return
        self.names[i] = words[0]
        place: list[float] = []
        for word in words[1:4]:
            try:
                place.append(float(word))
            except ValueError:
                break
        rest = words[1 + len(place) :]
        shape = rest[0] if rest and rest[0].isalpha() and len(rest) % 2 else None
        if len(place) > 1 or shape:
            self.looks[i] = (place, shape)

    def graph(self) -> RawGraph:
        if not self.names:
            raise ValueError("holds no *Vertices")
        n_nodes = len(self.names)
        names = self.names
        if len(set(names)) < n_nodes:
            names = [str(i + 1) for i in range(n_nodes)]
        places, shapes = zip(*(self.looks.get(i, ([], None)) for i in range(n_nodes)), strict=True)
        width = max((len(place) for place in places), default=0)
        told = [[*place, *[0.0] * (width - len(place))] if place else None for place in places]
        columns = {"position": attribute_column(told), "shape": attribute_column(shapes)}
        note = "left out times in brackets: a FeatureGraph holds at one time"
        return RawGraph(
            edges=np.array(self.rows, dtype=np.int64).reshape(-1, 2),
            n_nodes=n_nodes,
            directed=self.directed,
            labels=whole_labels(names),
            edge_values={
                "weight": np.array(self.weights, dtype=np.float64),
                **{
                    name: [values.get(k) for k in range(len(self.rows))]
                    for name, values in self.columns.items()
                },
            },
            attributes={name: column for name, column in columns.items() if column is not None},
            notes=[note] if self.timed else [],
        )
