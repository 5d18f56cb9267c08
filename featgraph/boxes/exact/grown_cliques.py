"""Cliques found quickly: heavy ones from each node, and maximal ones out of smaller ones."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.exact.cliques import Columns
from featgraph.boxes.exact.reductions import has_dense_rows
from featgraph.kernels import kernel
from featgraph.kernels.bits import copy_row, lowest_bit, pack_local

__all__ = ["extend_cliques", "grow_heavy"]

Ints = NDArray[np.int64]


@kernel
def _grow_heavy(
    indptr: Ints, indices: Ints, weight: Ints, limit: int, out: Ints, members: Ints
) -> int:
    # From each node with weight: the heaviest node that still fits, again and again. Cliques above
    # the limit are written as columns; returns how many.
    stamp = np.full(weight.size, -1, dtype=np.int64)
    left = np.empty(weight.size, dtype=np.int64)
    count = 0
    for root in range(weight.size):
        if weight[root] == 0:
            continue
        total = weight[root]
        at = out[count]
        if at + indptr[root + 1] - indptr[root] + 1 > members.size or count + 1 == out.size:
            break
        members[at] = root
        at += 1
        n_left = 0
        best = -1
        for k in range(indptr[root], indptr[root + 1]):
            v = indices[k]
            if weight[v] > 0:
                left[n_left] = v
                n_left += 1
                if best < 0 or weight[v] > weight[best]:
                    best = v
        while best >= 0:
            members[at] = best
            at += 1
            total += weight[best]
            token = root * weight.size + best
            for k in range(indptr[best], indptr[best + 1]):
                stamp[indices[k]] = token
            kept = 0
            best = -1
            for i in range(n_left):
                v = left[i]
                if stamp[v] == token:
                    left[kept] = v
                    kept += 1
                    if best < 0 or weight[v] > weight[best]:
                        best = v
            n_left = kept
        if total > limit:
            count += 1
            out[count] = at
    return count


@kernel
def _grow_heavy_bits(
    indptr: Ints, indices: Ints, weight: Ints, nodes: Ints, limit: int, out: Ints, members: Ints
) -> int:
    # The same as _grow_heavy: among rows of bits in order of falling weight the lowest bit is the
    # heaviest node.
    place = np.full(weight.size, -1, dtype=np.int64)
    words = nodes.size // 63 + 1
    rows = np.empty((nodes.size, words), dtype=np.int64)
    pack_local(indptr, indices, nodes, place, rows)
    for i in range(nodes.size):
        place[nodes[i]] = i
    left = np.empty(words, dtype=np.int64)
    count = 0
    for root in range(weight.size):
        if place[root] < 0:
            continue
        at = out[count]
        if at + indptr[root + 1] - indptr[root] + 1 > members.size or count + 1 == out.size:
            break
        v = place[root]
        copy_row(left, rows[v])
        members[at] = root
        at += 1
        total = weight[root]
        w = 0
        while w < words:
            if left[w] == 0:
                w += 1
                continue
            v = 63 * w + lowest_bit(left[w])
            members[at] = nodes[v]
            at += 1
            total += weight[nodes[v]]
            for x in range(w, words):
                left[x] &= rows[v, x]
        if total > limit:
            count += 1
            out[count] = at
    return count


def grow_heavy(indptr: Ints, indices: Ints, weight: Ints, limit: int) -> Columns:
    """Return cliques heavier than ``limit`` that grow from each node by the heaviest that fits.

    Examples
    --------
    >>> path = np.array([0, 1, 3, 4]), np.array([1, 0, 2, 1])
    >>> grow_heavy(*path, np.array([3, 4, 5]), 8).members
    array([1, 2, 2, 1])
    """
    out = np.zeros(weight.size + 1, dtype=np.int64)
    members = np.empty(min(indices.size + weight.size, 20_000_000), dtype=np.int64)
    if has_dense_rows(indptr, indices):
        nodes = np.argsort(-weight, kind="stable")[: np.count_nonzero(weight)].astype(np.int64)
        count = _grow_heavy_bits(indptr, indices, weight, nodes, limit, out, members)
    else:
        count = _grow_heavy(indptr, indices, weight, limit, out, members)
    return Columns(out[: count + 1].copy(), members[: out[count]].copy())


@kernel
def _extend(
    indptr: Ints, indices: Ints, col_indptr: Ints, members: Ints, rank: Ints, out: Ints
) -> Ints:
    # Every box, less members that do not fit to those before, grows to a maximal one, by
    # candidates of least rank. out is long enough for boxes of the largest degree; returns where
    # each one ends.
    ends = np.zeros(col_indptr.size, dtype=np.int64)
    tally = np.zeros(rank.size, dtype=np.int64)
    used = 0
    for c in range(col_indptr.size - 1):
        box = members[col_indptr[c] : col_indptr[c + 1]]
        tally[:] = 0
        size = 0
        grown = False
        while True:
            for v in box:
                if tally[v] == size:
                    out[used] = v
                    used += 1
                    size += 1
                    tally[v] = -1
                    for k in range(indptr[v], indptr[v + 1]):
                        tally[indices[k]] += 1
            if grown:
                break
            first = box[0]
            row = indices[indptr[first] : indptr[first + 1]]
            box = row[tally[row] == size]
            box = box[np.argsort(rank[box])]
            grown = True
        out[ends[c] : used].sort()
        ends[c + 1] = used
    return ends


@kernel
def _extend_bits(
    bits: Ints, degrees: Ints, col_indptr: Ints, members: Ints, rank: Ints, out: Ints
) -> Ints:
    # The same as _extend, with rows as bits.
    words = bits.shape[1]
    ends = np.zeros(col_indptr.size, dtype=np.int64)
    allowed = np.empty(words, dtype=np.int64)
    used = 0
    for c in range(col_indptr.size - 1):
        box = members[col_indptr[c] : col_indptr[c + 1]]
        copy_row(allowed, bits[box[0]])
        allowed[box[0] // 63] |= 1 << (box[0] % 63)
        grown = False
        while True:
            for v in box:
                if (allowed[v // 63] >> (v % 63)) & 1:
                    out[used] = v
                    used += 1
                    for w in range(words):
                        allowed[w] &= bits[v, w]
                    allowed[v // 63] &= ~(1 << (v % 63))
            if grown:
                break
            box = np.empty(degrees[box[0]], dtype=np.int64)
            count = 0
            for w in range(words):
                left = allowed[w]
                while left:
                    box[count] = 63 * w + lowest_bit(left)
                    left &= left - 1
                    count += 1
            box = box[:count]
            box = box[np.argsort(rank[box])]
            grown = True
        out[ends[c] : used].sort()
        ends[c + 1] = used
    return ends


def extend_cliques(
    indptr: Ints, indices: Ints, bits: Ints | None, cliques: Columns, rank: Ints
) -> list[Ints]:
    """Return each clique grown to a maximal one, candidates of least rank first, members ascending.

    Members that do not fit to those before them are left out. ``bits`` are the rows as bits, where
    these are the better table; the result is the same.

    Examples
    --------
    >>> path = np.array([0, 1, 3, 4]), np.array([1, 0, 2, 1])
    >>> extend_cliques(*path, None, Columns(np.array([0, 1, 2]), np.array([0, 2])), np.arange(3))
    [array([0, 1]), array([1, 2])]
    """
    degrees = np.diff(indptr)
    widest = int(degrees.max(initial=0)) + 1
    found = []
    for low in range(0, cliques.n_columns, 1000):  # less memory than for all at once
        bounds = cliques.indptr[low : low + 1001]
        out = np.empty((bounds.size - 1) * widest, dtype=np.int64)
        boxes = (bounds, cliques.members, rank, out)
        if bits is None:
            ends = _extend(indptr, indices, *boxes)
        else:
            ends = _extend_bits(bits, degrees, *boxes)
        found += [out[i:j] for i, j in itertools.pairwise(ends.tolist())]
    return found
