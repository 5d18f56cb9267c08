"""Compiled swapping of edges that keeps every degree, on lists of neighbours or rows of bits.

Rows of the CSR arrays never change their length, so a swap rewrites four entries in place.

Pairs are found by trying nodes until two are joined: no list of edges is kept, and a table of
n²/63 words stays near the processor where a list of edges does not.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels import kernel, light_kernel, light_loop
from featgraph.kernels.bits import count_bits, has_bit, lowest_bit
from featgraph.kernels.random import draw_uniform

__all__ = ["draw_swaps", "join_lasting", "list_rows", "swap_bits", "swap_edges"]

Ints = NDArray[np.int64]


@kernel
def _ring_distance(n_ring: int, one: int, two: int) -> int:
    way = abs(one - two)
    return min(way, n_ring - way)


@kernel
def _lengthens(n_ring: int, a: int, b: int, c: int, d: int) -> bool:
    """Tell whether a–d and c–b together are longer on the ring than a–b and c–d."""
    new = _ring_distance(n_ring, a, d) + _ring_distance(n_ring, c, b)
    return new > _ring_distance(n_ring, a, b) + _ring_distance(n_ring, c, d)


@kernel
def draw_swaps(state: Ints, n_entries: int, n_ring: int, draws: Ints) -> None:
    """Fill ``draws``, shape (n_draws, 3), with two entries and a free number below 2³¹ each.

    With ``n_ring`` nodes on a ring the second is a distance on it, as many tries in every octave:
    near ones shape the end, far ones the start.
    """
    octaves = math.log(max(n_ring / 2, 1.0))
    for row in range(draws.shape[0]):
        draws[row, 0] = int(draw_uniform(state) * n_entries)
        if n_ring > 0:
            far = int(math.exp(draw_uniform(state) * octaves))
            free = int(draw_uniform(state) * 4294967296.0)
            draws[row, 1] = far if free & 1 else -far
            draws[row, 2] = free >> 1
        else:
            draws[row, 1] = int(draw_uniform(state) * n_entries)
            draws[row, 2] = 0


@kernel
def _joined(indptr: Ints, indices: Ints, left: int, right: int) -> bool:
    if indptr[left + 1] - indptr[left] > indptr[right + 1] - indptr[right]:
        left, right = right, left
    for at in range(indptr[left], indptr[left + 1]):  # noqa: SIM110 - any() does not compile
        if indices[at] == right:
            return True
    return False


@kernel
def _swap(indices: Ints, twins: Ints, one: int, two: int) -> None:
    """Exchange the heads of two entries, and of their twins; doing it again undoes it."""
    back_one, back_two = twins[one], twins[two]
    indices[one], indices[two] = indices[two], indices[one]
    indices[back_one], indices[back_two] = indices[back_two], indices[back_one]
    twins[one], twins[back_two] = back_two, one
    twins[two], twins[back_one] = back_one, two


@kernel
def join_lasting(indptr: Ints, indices: Ints, twins: Ints, draws: Ints) -> Ints:
    """Return a number per node, the same for nodes joined by edges that outlast all ``draws``.

    A swap writes to the two entries of its row and to their twins, and what it writes to are
    twins again: all other entries keep their edges, whichever rows are swapped. Not for rings.
    """
    n_nodes = indptr.size - 1
    taken = np.zeros(indices.size, dtype=np.bool_)
    for row in range(draws.shape[0]):
        for side in range(2):
            entry = draws[row, side]
            taken[entry] = taken[twins[entry]] = True
    part = np.full(n_nodes, -1, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    for first in range(n_nodes):
        if part[first] >= 0:
            continue
        queue[0], part[first] = first, first
        head, tail = 0, 1
        while head < tail:
            node = queue[head]
            head += 1
            for k in range(indptr[node], indptr[node + 1]):
                if not taken[k] and part[indices[k]] < 0:
                    part[indices[k]] = first
                    queue[tail] = indices[k]
                    tail += 1
    return part


@kernel
def _meet(
    indptr: Ints,
    indices: Ints,
    one: int,
    two: int,
    stamp: int,
    parts: Ints,
    seen: Ints,
    queues: Ints,
) -> bool:
    """Whether two nodes are connected: searches from both, the one that looked less goes on.

    Nodes of one number in ``parts`` are. ``seen`` holds numbers below ``2 * stamp``; the search
    ends where the two meet, where one is in the part of the other, or where it can go no further.
    """
    if parts[one] == parts[two]:
        return True
    goal, other_goal = parts[two], parts[one]
    queues[0, 0], queues[1, 0] = one, two
    seen[one], seen[two] = 2 * stamp, 2 * stamp + 1
    head, tail, looked = 0, 1, 0
    other_head, other_tail, other_looked = 0, 1, 0
    side = 0
    while head < tail:
        node = queues[side, head]
        head += 1
        looked += indptr[node + 1] - indptr[node]
        for k in range(indptr[node], indptr[node + 1]):
            near = indices[k]
            if parts[near] == goal or seen[near] == 2 * stamp + 1 - side:
                return True
            if seen[near] != 2 * stamp + side:
                seen[near] = 2 * stamp + side
                queues[side, tail] = near
                tail += 1
        if looked > other_looked:
            side = 1 - side
            goal, other_goal = other_goal, goal
            head, other_head = other_head, head
            tail, other_tail = other_tail, tail
            looked, other_looked = other_looked, looked
    return False


@kernel
def swap_edges(
    indptr: Ints,
    indices: Ints,
    twins: Ints,
    tails: Ints,
    draws: Ints,
    n_ring: int,
    connected: bool,
    parts: Ints,
) -> int:
    """Try to swap the entries of each row of ``draws``: a–b and c–d become a–d and c–b.

    Where the first ``n_ring`` nodes stand on a ring, a row names an entry a–b, how many places
    from a to go to d, and which entry of d is d–c; and the two new edges together must not be
    longer on the ring. ``connected`` undoes a swap that takes the graph apart: it does exactly
    where a and c, one of which is in every component, are no longer connected. Nodes of one
    number in ``parts`` are connected throughout. Returns the number of swaps that stay.
    """
    n_nodes = indptr.size - 1
    seen = np.full(n_nodes, -1, dtype=np.int64)
    queues = np.empty((2, n_nodes), dtype=np.int64)
    kept = 0
    for row in range(draws.shape[0]):
        one, two = draws[row, 0], draws[row, 1]
        a, b = tails[one], indices[one]
        if n_ring > 0:
            d = (a + two + n_ring) % n_ring
            back = indptr[d] + ((draws[row, 2] * (indptr[d + 1] - indptr[d])) >> 31)
            c = indices[back]
            if _lengthens(n_ring, a, b, c, d):
                continue
            two = twins[back]
        else:
            c, d = tails[two], indices[two]
        if a in (c, d) or b in (c, d):
            continue
        if _joined(indptr, indices, a, d) or _joined(indptr, indices, c, b):
            continue
        _swap(indices, twins, one, two)
        if connected and not _meet(indptr, indices, a, c, row, parts, seen, queues):
            _swap(indices, twins, one, two)
        else:
            kept += 1
    return kept


@light_kernel
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


@light_loop("n_tries")
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
            if _lengthens(n_ring, a, b, c, d):
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
