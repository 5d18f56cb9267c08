"""Order in arrays: binary heaps, and a radix sort of the pairs of a matrix.

A heap has the best entry at place 0 and the entries below ``k`` at 2k + 1, 2k + 2; an array in the
order of the heap, best first, is one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels.compiler import kernel

__all__ = ["pop_nearest", "push_nearest", "replace_largest", "replace_top", "sort_pairs"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
# Of the radix sort: bits of the first digits at most, pairs of a part that fill the first-level
# cache, and bits of a later digit, whose places to write to stay in that cache too.
MOST_FIRST, PART, DIGIT_BITS = 8, 1 << 11, 11


@kernel
def replace_largest(heap: Ints, n_heap: int, key: int) -> None:
    """Put ``key`` in place of the top of a heap that has the largest number on top."""
    parent = 0
    while 2 * parent + 1 < n_heap:
        child = 2 * parent + 1
        if child + 1 < n_heap and heap[child + 1] > heap[child]:
            child += 1
        if heap[child] <= key:
            break
        heap[parent] = heap[child]
        parent = child
    heap[parent] = key


@kernel
def replace_top(heap: Ints, n_heap: int, node: int, score: Floats, rank: Ints) -> None:
    """Put ``node`` in place of the top: largest score first, of equal ones the smallest rank."""
    parent = 0
    while 2 * parent + 1 < n_heap:
        child = 2 * parent + 1
        if child + 1 < n_heap:
            one, two = heap[child], heap[child + 1]
            if score[two] > score[one] or (score[two] == score[one] and rank[two] < rank[one]):
                child += 1
        best = heap[child]
        if score[best] < score[node] or (score[best] == score[node] and rank[best] > rank[node]):
            break
        heap[parent] = best
        parent = child
    heap[parent] = node


@kernel
def push_nearest(keys: Floats, nodes: Ints, n_heap: int, key: float, node: int) -> int:
    """Add a node to a heap that has the smallest key on top; return how many are in it."""
    child = n_heap
    while child > 0 and keys[(child - 1) // 2] > key:
        keys[child] = keys[(child - 1) // 2]
        nodes[child] = nodes[(child - 1) // 2]
        child = (child - 1) // 2
    keys[child] = key
    nodes[child] = node
    return n_heap + 1


@kernel
def pop_nearest(keys: Floats, nodes: Ints, n_heap: int) -> int:
    """Remove the top, which has to be read before; return how many are left."""
    n_heap -= 1
    key, node = keys[n_heap], nodes[n_heap]
    parent = 0
    while 2 * parent + 1 < n_heap:
        child = 2 * parent + 1
        if child + 1 < n_heap and keys[child + 1] < keys[child]:
            child += 1
        if keys[child] >= key:
            break
        keys[parent] = keys[child]
        nodes[parent] = nodes[child]
        parent = child
    keys[parent] = key
    nodes[parent] = node
    return n_heap


@kernel
def sort_pairs(
    bits: NDArray[Any],
    keys: NDArray[Any],
    places: NDArray[Any],
    spare: NDArray[Any],
    others: NDArray[Any],
) -> None:
    """Write bits and place i · D + j of all pairs i < j by rising bits, ties row by row.

    Pairs are dealt out by the first digits of what their bits lie above the least, then each
    part is sorted in the cache. ``spare`` and ``others`` are room of the size of ``keys`` and
    ``places``.
    """
    n_nodes = bits.shape[0]
    low = high = bits[0, 1]
    for i in range(n_nodes - 1):
        row = bits[i, i + 1 :]
        for j in range(row.shape[0]):
            low, high = min(low, row[j]), max(high, row[j])
    n_bits, n_first, span = 1, 1, np.uint64(high) - np.uint64(low)
    while n_bits < 64 and span >> np.uint64(n_bits):
        n_bits += 1
    while n_first < min(n_bits, MOST_FIRST) and keys.shape[0] >> n_first > PART:
        n_first += 1
    shift = np.uint64(n_bits - n_first)
    starts = np.zeros((1 << n_first) + 1, np.int64)
    for i in range(n_nodes - 1):
        row = bits[i, i + 1 :]
        for j in range(row.shape[0]):
            starts[np.uint64(row[j] - low) >> shift] += 1
    _add_up(starts)
    to = starts.copy()
    for i in range(n_nodes - 1):
        row, first = bits[i, i + 1 :], i * n_nodes + i + 1
        for j in range(row.shape[0]):
            digit = np.uint64(row[j] - low) >> shift
            k = np.uint64(to[digit])  # unsigned: no test for indices from the end
            to[digit] += 1
            keys[k], places[k] = row[j], first + j
    n_passes = 2 * -(-(n_bits - n_first) // (2 * DIGIT_BITS))
    width = -(-(n_bits - n_first) // max(n_passes, 1))
    counts = np.empty(1 << width, np.int64)
    for part in range(starts.shape[0] - 1):
        here, room = slice(starts[part], starts[part + 1]), slice(starts[part + 1] - starts[part])
        for k in range(0, n_passes, 2):  # there and back
            one, two = (keys[here], places[here]), (spare[room], others[room])
            _sort_by_digit(one, two, low, k * width, counts)
            _sort_by_digit(two, one, low, (k + 1) * width, counts)


@kernel
def _sort_by_digit(given: Any, sorted_: Any, low: int, shift: int, counts: NDArray[Any]) -> None:
    """Sort keys and places by one digit of what the keys lie above ``low``; ties stay in order."""
    keys, places = given
    to_keys, to_places = sorted_
    right, mask = np.uint64(shift), np.uint64(counts.shape[0] - 1)
    counts[:] = 0
    for k in range(keys.shape[0]):
        counts[(np.uint64(keys[k] - low) >> right) & mask] += 1
    _add_up(counts)
    for k in range(keys.shape[0]):
        digit = (np.uint64(keys[k] - low) >> right) & mask
        to = np.uint64(counts[digit])
        counts[digit] += 1
        to_keys[to], to_places[to] = keys[k], places[k]


@kernel
def _add_up(numbers: NDArray[Any]) -> None:
    """Turn each number into the sum of those before it."""
    total = 0
    for k in range(numbers.shape[0]):
        total, numbers[k] = total + numbers[k], total
