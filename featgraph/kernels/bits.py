"""Sets of nodes as words of 63 bits: counted, looked up, and listed from the lowest bit.

The sign bit stays free, because kernels may not overflow and must do the same uncompiled.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels.compiler import kernel

__all__ = ["WORD", "count_bits", "count_words", "has_bit", "lowest_bit", "pack_local"]

Ints = NDArray[np.int64]

WORD = 63


def count_words(n_nodes: int) -> int:
    """Return the number of words that hold one bit per node."""
    return -(-n_nodes // WORD)


@kernel
def count_bits(word: int) -> int:
    """Return how many bits of a word are set; processors have one instruction for this form."""
    word = int(word)
    word = word - ((word >> 1) & 0x5555555555555555)
    word = (word & 0x3333333333333333) + ((word >> 2) & 0x3333333333333333)
    word = (word + (word >> 4)) & 0x0F0F0F0F0F0F0F0F
    return ((word * 0x0101010101010101) >> 56) & 0xFF


@kernel
def lowest_bit(word: int) -> int:
    """Return the place of the lowest bit that is set; ``word & (word - 1)`` is without it."""
    return count_bits((word & -word) - 1)


@kernel
def has_bit(words: Ints, node: int) -> bool:
    """Tell whether a node is in a set."""
    return bool((words[node // 63] >> (node % 63)) & 1)


@kernel
def pack_local(indptr: Ints, indices: Ints, nodes: Ints, position: Ints, rows: Ints) -> None:
    """Write who of ``nodes`` is joined to whom as rows of words.

    ``indptr`` and ``indices`` are the rows of all nodes; ``position`` is scratch, -1 for each.
    """
    n_local = nodes.size
    for i in range(n_local):
        position[nodes[i]] = i
    for i in range(n_local):
        rows[i, :] = 0
        for k in range(indptr[nodes[i]], indptr[nodes[i] + 1]):
            j = position[indices[k]]
            if j >= 0:
                rows[i, j // 63] |= 1 << (j % 63)
    for i in range(n_local):
        position[nodes[i]] = -1
