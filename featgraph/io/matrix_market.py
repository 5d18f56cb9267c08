"""Matrix Market files: an adjacency matrix, read by SciPy once its header is believed."""

from __future__ import annotations

from typing import Any

from featgraph.graph.incoming import RawGraph, matrix_graph
from featgraph.io._source import Source

__all__ = ["parse_matrix_market"]


def parse_matrix_market(source: Source) -> RawGraph:
    """Read the adjacency matrix in a Matrix Market file, coordinate format."""
    from scipy.io import mmread

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
    n_nodes = _check_sizes(sizes.split(), number, source, 2 if kind == "pattern" else 3)
    with source.open() as stream:
        try:
            matrix: Any = mmread(stream)
        except (ValueError, OverflowError, TypeError) as error:
            told = str(error)
            if "out of bounds" in told:
                raise ValueError(f"an entry lies outside 1 … {n_nodes} ({told})") from None
            raise ValueError(f"an entry cannot be read ({told})") from None
    return matrix_graph(matrix.row, matrix.col, matrix.data, n_nodes, "weight")


def _check_sizes(sizes: list[str], number: int, source: Source, width: int) -> int:
    if len(sizes) != 3 or not all(size.isdecimal() for size in sizes):
        raise ValueError(f"line {number}: expected 'rows columns entries', got {sizes!r:.60}")
    n_rows, n_columns, n_entries = map(int, sizes)
    if n_rows != n_columns:
        raise ValueError(f"line {number}: an adjacency matrix is square, got {n_rows}×{n_columns}")
    source.check_node_count(n_rows)
    # an entry is at least two characters per number: a digit and what separates it
    if n_entries * 2 * width > source.size + 2:
        raise ValueError(f"line {number}: claims {n_entries} entries, more than the file can hold")
    return n_rows
