"""The k-th smallest distance without holding or sorting all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph._blocks import DistanceBlocks
from featgraph.graph._near_pairs import PairTable

__all__ = ["kth_distance", "largest_distance", "nearest_pairs", "pair_values"]

_DIGIT = 16  # bits settled per pass: two passes for float32, four for float64


def largest_distance(source: DistanceBlocks) -> float:
    """Return the largest distance of two nodes."""
    return max(float(block.max()) for _, _, block in source.blocks())


def pair_values(block: NDArray[Any]) -> NDArray[Any]:
    """Return the entries of a block that are pairs i < j, each pair once."""
    n_rows = len(block)
    square = block[:, :n_rows][np.triu_indices(n_rows, 1)]
    return np.concatenate([square, block[:, n_rows:].ravel()])


def kth_distance(source: DistanceBlocks, rank: int) -> float:
    """Return the ``rank``-th smallest distance over all pairs, counted from 1, exactly.

    The bits of a non-negative float, read as an integer, keep its order; so each pass settles
    the next 16 bits by a histogram (radix selection). Two passes over float32, four over
    float64, memory of one block. Near pairs of features are searched for in one pass instead.
    """
    found = source.near.kth(rank) if source.near is not None else None
    if found is not None:
        return found
    width = source.dtype.itemsize * 8
    unsigned = np.dtype(f"u{source.dtype.itemsize}")
    prefix = 0
    for shift in range(width - _DIGIT, -1, -_DIGIT):
        counts = np.zeros(1 << _DIGIT, dtype=np.int64)
        for _, _, block in source.blocks():
            # + 0 turns −0.0, whose bits are those of a huge integer, into 0.0
            bits = (pair_values(block) + 0).view(unsigned)
            if shift + _DIGIT < width:
                bits = bits[(bits >> unsigned.type(shift + _DIGIT)) == unsigned.type(prefix)]
            digits = (bits >> unsigned.type(shift)) & unsigned.type((1 << _DIGIT) - 1)
            counts += np.bincount(digits.astype(np.int64), minlength=1 << _DIGIT)
        below = np.cumsum(counts)
        digit = int(np.searchsorted(below, rank))
        rank -= int(below[digit - 1]) if digit else 0
        prefix = (prefix << _DIGIT) | digit
    value: Any = np.array([prefix], dtype=unsigned).view(source.dtype)[0]
    return float(value)


def nearest_pairs(source: DistanceBlocks, k: int) -> PairTable:
    """Return the pairs i < j in which one is among the ``k`` nearest of the other, sorted.

    Of nodes equally near, those with the smaller numbers are taken. Time O(n_nodes²) per pass,
    memory of one block and O(k · n_nodes).
    """
    n_nodes = source.n_nodes
    if k > n_nodes - 1:
        raise ValueError(
            f"neighbors in epsilon must be at most n_nodes − 1 = {n_nodes - 1}, got {k}"
        )
    if source.near is not None:
        return source.near.neighbors(k)
    lengths = np.full((n_nodes, k), np.inf, dtype=source.dtype)
    others = np.full((n_nodes, k), n_nodes, dtype=np.int64)
    for start, stop, block in source.blocks():
        square = np.arange(stop - start)
        open_block = block.copy()
        open_block[square, square] = np.inf
        for nodes, rows, first in (
            (slice(start, stop), open_block, start),
            (slice(stop, None), open_block[:, stop - start :].T, start),
        ):
            _keep_nearest(lengths[nodes], others[nodes], rows, first)
    own = np.repeat(np.arange(n_nodes), k)
    low, high = np.minimum(own, others.ravel()), np.maximum(own, others.ravel())
    keys, first_at = np.unique(low * n_nodes + high, return_index=True)
    return keys // n_nodes, keys % n_nodes, lengths.ravel()[first_at]


def _keep_nearest(
    lengths: NDArray[Any], others: NDArray[np.int64], rows: NDArray[Any], first: int
) -> None:
    """Merge the columns of ``rows``, nodes from ``first`` on, into the nearest found so far."""
    k = lengths.shape[1]
    if rows.shape[1] > k:  # all that ties with the k-th stays in: the smaller number wins below
        limit = np.partition(rows, k - 1, axis=1)[:, k - 1]
        row, column = (rows <= limit[:, None]).nonzero()
    else:
        row, column = (x.ravel() for x in np.indices(rows.shape))
    row = np.concatenate([row, np.repeat(np.arange(len(lengths)), k)])
    node = np.concatenate([column + first, others.ravel()])
    length = np.concatenate([rows[row[: column.size], column], lengths.ravel()])
    order = np.lexsort((node, length, row))
    starts = np.searchsorted(row[order], np.arange(len(lengths)))
    chosen = order[starts[:, None] + np.arange(k)]
    lengths[:], others[:] = length[chosen], node[chosen]
