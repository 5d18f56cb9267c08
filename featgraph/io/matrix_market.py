"""Matrix Market files: an adjacency matrix, read once its header is believed."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.incoming import RawGraph, matrix_graph
from featgraph.io._source import Source

__all__ = ["parse_matrix_market"]


def parse_matrix_market(source: Source) -> RawGraph:
    """Read the adjacency matrix in a Matrix Market file, coordinate format."""
    with source.open() as stream:
        number, words = 1, stream.readline(1000).decode("latin-1").lower().split()
        if len(words) != 5 or words[:2] != ["%%matrixmarket", "matrix"]:
            raise ValueError("line 1: expected '%%MatrixMarket matrix coordinate FIELD SYMMETRY'")
        layout, kind, symmetry = words[2:]
        if (
            layout != "coordinate"
            or kind not in ("pattern", "integer", "real")
            or symmetry not in ("general", "symmetric")
        ):
            raise ValueError(
                "line 1: a graph is a 'coordinate' matrix of 'pattern', 'integer' or 'real' "
                f"entries, 'general' or 'symmetric'; got {layout} {kind} {symmetry}"
            )
        sizes = "%"
        while sizes.startswith("%") or (not sizes.strip() and number < source.size):
            number, sizes = number + 1, stream.readline().decode("latin-1")
            if not sizes:
                break
        n_nodes, n_entries = _check_sizes(sizes.split(), number, source, kind)
        rows, columns, values = _read_entries(stream, n_entries, kind, n_nodes)
    if symmetry == "symmetric":
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
    kinds = [("row", np.int64), ("column", np.int64)]
    kinds += [] if kind == "pattern" else [("value", np.float64)]  # type: ignore[list-item]
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
    if n_entries * (4 if kind == "pattern" else 6) > source.size + 2:
        raise ValueError(f"line {number}: claims {n_entries} entries, more than the file can hold")
    return n_rows, n_entries
