"""Heavy cliques found quickly: from each node the heaviest that still fits, again and again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.exact.cliques import Columns
from featgraph.boxes.exact.relation import has_dense_rows
from featgraph.kernels import kernel
from featgraph.kernels.bits import lowest_bit, pack_local

__all__ = ["grow_heavy"]

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
        left[:] = rows[v]
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
