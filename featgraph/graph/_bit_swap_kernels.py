"""Compiled swapping of edges that keeps every degree, on rows of bits of dense graphs.

Pairs are found by trying nodes until two are joined: no list of edges is kept, and a table of
n²/63 words stays near the processor where a list of edges does not.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels import kernel
from featgraph.kernels.bits import count_bits, has_bit, lowest_bit
from featgraph.kernels.random import draw_uniform
from featgraph.kernels.rings import lengthens

__all__ = ["list_rows", "swap_bits"]

Ints = NDArray[np.int64]


@kernel
def list_rows(bits: Ints, indices: Ints) -> None:
    """Write the neighbours of all nodes, rising, one row after the other."""
    end = 0
    for u in range(bits.shape[0]):
        for w in range(bits.shape[1]):
            word = bits[u, w]
            while word:
                indices[end] = 63 * w + lowest_bit(word)
                word &= word - 1
                end += 1


@kernel
def _flip(bits: Ints, one: int, two: int) -> None:
    bits[one, two // 63] ^= np.int64(1) << (two % 63)
    bits[two, one // 63] ^= np.int64(1) << (one % 63)


@kernel
def _flip_all(bits: Ints, a: int, b: int, c: int, d: int) -> None:
    _flip(bits, a, b)
    _flip(bits, c, d)
    _flip(bits, a, d)
    _flip(bits, c, b)


@kernel
def _meet_in_bits(bits: Ints, one: int, two: int, sets: Ints) -> bool:
    """Whether two nodes are connected; most in a dense graph share a neighbour."""
    for w in range(bits.shape[1]):
        if bits[one, w] & bits[two, w]:
            return True
    # Loops over words, not assignments of rows, which take seconds to compile.
    seen, now, fresh = sets[0], sets[1], sets[2]
    for w in range(bits.shape[1]):
        seen[w], now[w] = 0, bits[one, w]
    while not has_bit(seen, two):
        for w in range(bits.shape[1]):
            fresh[w] = 0
        grew = False
        for v in range(bits.shape[1]):
            word = now[v] & ~seen[v]
            seen[v] |= now[v]
            while word:
                node = 63 * v + lowest_bit(word)
                word &= word - 1
                grew = True
                for w in range(bits.shape[1]):
                    fresh[w] |= bits[node, w]
        if not grew:
            return False
        now, fresh = fresh, now
    return True


@kernel
def _draw_pair(bits: Ints, joined: bool, state: Ints) -> tuple[int, int]:
    """Return two distinct nodes that are joined, or not, all such pairs alike."""
    n_nodes = bits.shape[0]
    while True:
        one = int(draw_uniform(state) * n_nodes)
        two = int(draw_uniform(state) * n_nodes)
        if one != two and has_bit(bits[one], two) == joined:
            return one, two


@kernel
def _draw_neighbor(bits: Ints, node: int, degree: int, state: Ints) -> int:
    """Return a neighbour of a node, all alike."""
    rank = int(draw_uniform(state) * degree)
    place = 0
    n_set = count_bits(bits[node, 0])
    while n_set <= rank:
        rank -= n_set
        place += 1
        n_set = count_bits(bits[node, place])
    word = bits[node, place]
    for _ in range(rank):
        word &= word - 1
    return 63 * place + lowest_bit(word)


@kernel
def swap_bits(
    bits: Ints, degrees: Ints, n_tries: int, state: Ints, n_ring: int, connected: bool
) -> int:
    """Try ``n_tries`` swaps: a–b and c–d become a–d and c–b. Return the number that stay.

    Where more than half of all pairs are joined, a–b and c–d are pairs that are not: swaps in
    the complement. Where the first ``n_ring`` nodes stand on a ring, d is near a and c one of
    its neighbours, and the two new edges together must not be longer on the ring. ``connected``
    undoes a swap that takes the graph apart: a and c are then no longer connected.
    """
    n_nodes = bits.shape[0]
    n_ends = 0
    for u in range(n_nodes):
        n_ends += degrees[u]
    sparse = 2 * n_ends <= n_nodes * (n_nodes - 1)
    joined = sparse or n_ring > 0
    sets = np.empty((3, bits.shape[1]), dtype=np.int64)
    octaves = math.log(max(n_ring / 2, 1.0))
    kept = 0
    for _ in range(n_tries):
        a, b = _draw_pair(bits, joined, state)
        if n_ring > 0:
            far = int(math.exp(draw_uniform(state) * octaves))
            d = (a + (far if draw_uniform(state) < 0.5 else -far) + n_ring) % n_ring
            c = _draw_neighbor(bits, d, degrees[d], state)
            if lengthens(n_ring, a, b, c, d):
                continue
        else:
            c, d = _draw_pair(bits, joined, state)
        if a in (c, d) or b in (c, d):
            continue
        if has_bit(bits[a], d) == joined or has_bit(bits[c], b) == joined:
            continue
        _flip_all(bits, a, b, c, d)
        if connected and not _meet_in_bits(bits, a, c, sets):
            _flip_all(bits, a, b, c, d)
        else:
            kept += 1
    return kept
