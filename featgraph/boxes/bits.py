"""Who is within the size of whom, as rows of bits: n²/8 bytes, and faster than searches.

Bits spread along the edges, one hop per round: a node's row is cut together from those of its
neighbours, 63 nodes per step, and the rows of one size continue those of the size before. A box
then grows by cutting the set of nodes still
allowed by each member's row, 63 nodes per step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.threads import map_ranges
from featgraph.core.resources import memory_at_hand
from featgraph.kernels import light_kernel
from featgraph.kernels.bits import WORD, count_bits, count_words, lowest_bit

__all__ = ["bits_fit", "count_rows", "list_bits", "pack_lists", "spread_bits"]

Ints = NDArray[np.int64]

MOST_BYTES = 2**26  # 22 thousand nodes
ROOM = 1 / 16  # of the memory at hand: two or three tables are held at a time


def bits_fit(n_nodes: int, *, same: bool = False) -> bool:
    """Tell whether rows of bits for all nodes are a small table.

    A result that depends on the table must not depend on the machine; where it is the ``same``
    without bits, a table is small that takes little of the memory at hand.
    """
    n_bytes = 8 * n_nodes * count_words(n_nodes)
    return n_bytes <= MOST_BYTES or (same and n_bytes <= ROOM * memory_at_hand())


def spread_bits(
    starts: Ints, stops: Ints, indices: Ints, hops: int, bits: Ints | None = None
) -> Ints:
    """Return bits of shape (n_nodes, n_words): bit u of row v if u is within ``hops`` of v.

    ``bits`` continues from the bits of fewer hops: then ``hops`` are those to add.
    """
    n_nodes = starts.size
    if bits is None:
        bits = np.zeros((n_nodes, count_words(n_nodes)), dtype=np.int64)
        nodes = np.arange(n_nodes)
        bits[nodes, nodes // WORD] = np.left_shift(np.int64(1), nodes % WORD)
    for _ in range(hops):
        bits = _widen_all(starts, stops, indices, bits)
    return bits


def _widen_all(starts: Ints, stops: Ints, indices: Ints, old: Ints) -> Ints:
    new = np.empty_like(old)
    map_ranges(lambda low, high: _widen(starts, stops, indices, low, high, old, new), starts.size)
    return new


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


@light_kernel
def _widen(
    starts: Ints, stops: Ints, indices: Ints, low: int, high: int, old: Ints, new: Ints
) -> None:
    for v in range(low, high):
        for w in range(old.shape[1]):
            new[v, w] = old[v, w]
        for k in range(starts[v], stops[v]):
            u = indices[k]
            for w in range(old.shape[1]):
                new[v, w] |= old[u, w]


@light_kernel
def _pack(starts: Ints, stops: Ints, indices: Ints, low: int, high: int, bits: Ints) -> None:
    for v in range(low, high):
        bits[v, v // 63] |= np.int64(1) << (v % 63)
        for k in range(starts[v], stops[v]):
            u = indices[k]
            bits[v, u // 63] |= np.int64(1) << (u % 63)


@light_kernel
def count_rows(bits: Ints) -> Ints:
    """Return how many bits are set in each row."""
    counts = np.zeros(bits.shape[0], dtype=np.int64)
    for v in range(bits.shape[0]):
        for w in range(bits.shape[1]):
            counts[v] += count_bits(bits[v, w])
    return counts


@light_kernel
def _list(bits: Ints, bounds: Ints, low: int, high: int, indices: Ints) -> None:
    for v in range(low, high):
        place = bounds[v]
        for w in range(bits.shape[1]):
            word = bits[v, w]
            while word:
                u = 63 * w + lowest_bit(word)
                word &= word - 1
                if u != v:
                    indices[place] = u
                    place += 1
