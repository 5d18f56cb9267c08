"""The order of all pairs of a distance matrix in main memory: a radix sort."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels import kernel

__all__ = ["sort_pairs"]

Values: TypeAlias = NDArray[Any]
# Sorting: bits of the first digits at most, pairs of a part that fill the first-level cache, and
# bits of a later digit, whose places to write to stay in that cache too.
MOST_FIRST, PART, DIGIT_BITS = 8, 1 << 11, 11


@kernel
def sort_pairs(bits: Values, keys: Values, places: Values, spare: Values, others: Values) -> None:
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
def _sort_by_digit(given: Any, sorted_: Any, low: int, shift: int, counts: Values) -> None:
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
def _add_up(numbers: Values) -> None:
    """Turn each number into the sum of those before it."""
    total = 0
    for k in range(numbers.shape[0]):
        total, numbers[k] = total + numbers[k], total
