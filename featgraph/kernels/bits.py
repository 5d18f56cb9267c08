"""Sets of nodes as words of 63 bits: counted, looked up, and listed from the lowest bit.

The sign bit stays free, because kernels may not overflow and must do the same uncompiled.
A block is 504 searches at once: bit s of ``reach[v]`` tells whether source s is within the hops
so far. Its 8 words are one or two vector instructions per edge, so that a hop of all searches
costs little more than one look at every edge.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels.compiler import kernel, light_kernel

__all__ = [
    "BLOCK",
    "BLOCK_WORDS",
    "WORD",
    "begin_block",
    "copy_row",
    "count_bits",
    "count_words",
    "has_bit",
    "lowest_bit",
    "pack_local",
    "pack_neighbors",
    "rows_of_bits_pay",
    "spread_block",
]

Ints = NDArray[np.int64]

WORD = 63


def count_words(n_nodes: int) -> int:
    """Return the number of words that hold one bit per node."""
    return -(-n_nodes // WORD)


@light_kernel
def copy_row(target: NDArray[Any], source: NDArray[Any]) -> None:
    """Copy numbers to the start of a row; an assignment of slices takes a second to compile."""
    for k in range(source.size):
        target[k] = source[k]


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


def rows_of_bits_pay(n_nodes: int, n_entries: int, *, times: int = 1) -> bool:
    """Tell whether rows of bits have at most ``times`` as many words as there are neighbours."""
    return n_nodes * count_words(n_nodes) <= times * n_entries


def pack_neighbors(indptr: Ints, indices: Ints) -> Ints:
    """Return lists of neighbours as rows of bits, shape (n_nodes, n_words)."""
    bits = np.zeros((indptr.size - 1, count_words(indptr.size - 1)), dtype=np.int64)
    _write_neighbors(indptr, indices, bits)
    return bits


@light_kernel
def _write_neighbors(indptr: Ints, indices: Ints, bits: Ints) -> None:
    for u in range(indptr.size - 1):
        for k in range(indptr[u], indptr[u + 1]):
            bits[u, indices[k] // WORD] |= np.int64(1) << (indices[k] % WORD)


BLOCK_WORDS = 8
BLOCK = BLOCK_WORDS * WORD


@light_kernel
def begin_block(sources: Ints, low: int, reach: Ints) -> None:
    """Write zero hops from ``sources[low:low + 504]`` into ``reach``, shape (n_nodes, 8)."""
    reach[:] = 0
    for s in range(low, min(low + BLOCK, sources.size)):
        reach[sources[s], (s - low) // WORD] |= np.int64(1) << ((s - low) % WORD)


@light_kernel
def spread_block(starts: Ints, stops: Ints, indices: Ints, reach: Ints, wider: Ints) -> None:
    """Write what is within one hop more of the sources into ``wider``."""
    for v in range(starts.size):
        for w in range(BLOCK_WORDS):
            wider[v, w] = reach[v, w]
        for k in range(starts[v], stops[v]):
            u = indices[k]
            for w in range(BLOCK_WORDS):
                wider[v, w] |= reach[u, w]
