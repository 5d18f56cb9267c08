"""Binary heaps in arrays: the best entry at place 0, the entries below ``k`` at 2k + 1, 2k + 2.

An array in the order of the heap, best first, is a heap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels.compiler import kernel

__all__ = ["pop_nearest", "push_nearest", "replace_largest", "replace_top"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


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
