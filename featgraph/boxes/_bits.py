"""Who is within the size of whom, as rows of bits: n²/8 bytes, and faster than searches.

Bits of 504 sources at a time spread along the edges, one hop per round: that costs a few
nanoseconds per edge and round for all 504. A box then grows by cutting the set of nodes still
allowed by each member's row, 63 nodes per step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes._kernel import kernel
from featgraph.boxes._threads import map_ranges

__all__ = ["bits_fit", "count_bits", "count_words", "list_bits", "pack_lists", "spread_bits"]

Ints = NDArray[np.int64]

WORD = 63  # bits per number; the sign bit stays free because kernels may not overflow
MOST_BYTES = 2**26  # 22 thousand nodes


def count_words(n_nodes: int) -> int:
    """Return the numbers that a row of bits takes."""
    return -(-n_nodes // WORD)


def bits_fit(n_nodes: int) -> bool:
    """Tell whether rows of bits for all nodes are a small table."""
    return 8 * n_nodes * count_words(n_nodes) <= MOST_BYTES


def spread_bits(starts: Ints, stops: Ints, indices: Ints, hops: int) -> Ints:
    """Return bits of shape (n_nodes, n_words): bit u of row v if u is within ``hops`` of v."""
    n_nodes = starts.size
    bits = np.zeros((n_nodes, count_words(n_nodes)), dtype=np.int64)
    map_ranges(
        lambda low, high: _spread(starts, stops, indices, hops, low, high, bits),
        n_nodes,
        grain=8 * WORD,
    )
    return bits


def pack_lists(starts: Ints, stops: Ints, indices: Ints) -> Ints:
    """Return lists of other nodes as rows of bits; each node is in its own row."""
    n_nodes = starts.size
    bits = np.zeros((n_nodes, count_words(n_nodes)), dtype=np.int64)
    map_ranges(lambda low, high: _pack(starts, stops, indices, low, high, bits), n_nodes)
    return bits


def list_bits(bits: Ints, counts: Ints) -> tuple[Ints, Ints, Ints]:
    """Return rows of bits as lists of other nodes (starts, stops, indices), rising.

    ``counts`` holds how many bits are set in each row, its own included.
    """
    bounds = np.zeros(counts.size + 1, dtype=np.int64)
    np.cumsum(counts - 1, out=bounds[1:])
    indices = np.empty(bounds[-1], dtype=np.int64)
    map_ranges(lambda low, high: _list(bits, bounds, low, high, indices), counts.size)
    return bounds[:-1], bounds[1:], indices


@kernel
def _spread(
    starts: Ints, stops: Ints, indices: Ints, hops: int, low: int, high: int, bits: Ints
) -> None:
    # Columns of the sources low … high - 1, eight words at a time; distances are symmetric.
    n_nodes = starts.size
    reach = np.empty((n_nodes, 8), dtype=np.int64)
    wider = np.empty((n_nodes, 8), dtype=np.int64)
    for first in range(low, high, 504):
        reach[:] = 0
        last = min(first + 504, high)
        for s in range(first, last):
            reach[s, (s - first) // 63] |= np.int64(1) << ((s - first) % 63)
        for _ in range(hops):
            for v in range(n_nodes):
                for w in range(8):
                    wider[v, w] = reach[v, w]
                for k in range(starts[v], stops[v]):
                    u = indices[k]
                    for w in range(8):
                        wider[v, w] |= reach[u, w]
            reach, wider = wider, reach
        first_word = first // 63
        n_words = min(8, bits.shape[1] - first_word)
        for v in range(n_nodes):
            for w in range(n_words):
                bits[v, first_word + w] = reach[v, w]


@kernel
def _pack(starts: Ints, stops: Ints, indices: Ints, low: int, high: int, bits: Ints) -> None:
    for v in range(low, high):
        bits[v, v // 63] |= np.int64(1) << (v % 63)
        for k in range(starts[v], stops[v]):
            u = indices[k]
            bits[v, u // 63] |= np.int64(1) << (u % 63)


@kernel
def count_bits(bits: Ints) -> Ints:
    """Return how many bits are set in each row."""
    counts = np.zeros(bits.shape[0], dtype=np.int64)
    for v in range(bits.shape[0]):
        for w in range(bits.shape[1]):
            word = bits[v, w]
            word = (word & 0x5555555555555555) + ((word >> 1) & 0x5555555555555555)
            word = (word & 0x3333333333333333) + ((word >> 2) & 0x3333333333333333)
            word = (word + (word >> 4)) & 0x0F0F0F0F0F0F0F0F
            word = word + (word >> 8)
            word = word + (word >> 16)
            counts[v] += (word + (word >> 32)) & 0x7F
    return counts


@kernel
def _list(bits: Ints, bounds: Ints, low: int, high: int, indices: Ints) -> None:
    for v in range(low, high):
        place = bounds[v]
        for w in range(bits.shape[1]):
            word = bits[v, w]
            u = 63 * w
            while word:
                while word & 0xFF == 0:
                    word >>= 8
                    u += 8
                if word & 1 and u != v:
                    indices[place] = u
                    place += 1
                word >>= 1
                u += 1
