"""The k-th smallest distance without holding or sorting all of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph._blocks import DistanceBlocks

__all__ = ["kth_distance", "largest_distance", "pair_values"]

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
    float64, memory of one block.
    """
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
