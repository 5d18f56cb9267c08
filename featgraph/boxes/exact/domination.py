"""Kernels that find what another node, row or column already takes care of.

A set is looked for in others by counting: a token marks its entries, and another set holds it
if as many of its entries carry the token as the set is large. Candidates must share the scarcest
entry. While they are many, each further entry strikes out those that lack it; once they are
fewer than the entries left, they are looked at one by one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels import kernel, light_kernel
from featgraph.kernels.bits import lowest_bit

__all__ = [
    "COLUMNS",
    "LENGTH",
    "N_REMOVED",
    "ROWS",
    "dominate_bits",
    "dominate_nodes",
    "reduce_cover",
]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
# places in the state of dominate_nodes: head and length of the ring, nodes removed, stamp token
HEAD, LENGTH, N_REMOVED, TOKEN = range(4)
# in that of reduce_cover: where the rings of rows and of columns have head and length, and
# whether rows are worked off
ROWS, COLUMNS, ON_ROWS = 0, 2, 4


@kernel
def _holds_all(row: Ints, stamp: Ints, token: int, needed: int) -> bool:
    # Whether at least `needed` entries of a row carry the token.
    left = row.size
    for k in range(row.size):
        if stamp[row[k]] == token:
            needed -= 1
        left -= 1
        if needed > left:
            return False
        if needed <= 0:
            return True
    return needed <= 0


@kernel
def _keep_stamped(candidates: Ints, count: int, stamp: Ints, token: int) -> int:
    kept = 0
    for c in range(count):
        if stamp[candidates[c]] == token:
            candidates[kept] = candidates[c]
            kept += 1
    return kept


@kernel
def _filter_superset(
    indptr: Ints,
    indices: Ints,
    alive: Bools,
    degree: Ints,
    u: int,
    candidates: Ints,
    count: int,
    stamp: Ints,
    token: int,
) -> tuple[int, int, int]:
    # Keeps the candidates v with N[u] in N[v]. While they are many, each alive neighbour of u
    # strikes out those that are not its neighbours; few are looked at one by one.
    steps = 0
    k = indptr[u]
    while k < indptr[u + 1] and count > indptr[u + 1] - k:
        w = indices[k]
        k += 1
        if not alive[w]:
            continue
        token += 1
        stamp[w] = token
        for j in range(indptr[w], indptr[w + 1]):
            stamp[indices[j]] = token
        steps += indptr[w + 1] - indptr[w] + count
        count = _keep_stamped(candidates, count, stamp, token)
    token += 1
    stamp[u] = token
    for j in range(indptr[u], indptr[u + 1]):
        if alive[indices[j]]:
            stamp[indices[j]] = token
    kept = 0
    for c in range(count):
        v = candidates[c]
        row = indices[indptr[v] : indptr[v + 1]]
        steps += row.size
        if _holds_all(row, stamp, token, degree[u]):
            candidates[kept] = v
            kept += 1
    return kept, token, steps


@light_kernel
def dominate_nodes(
    indptr: Ints,
    indices: Ints,
    alive: Bools,
    degree: Ints,
    queue: Ints,
    queued: Bools,
    state: Ints,
    removed: Ints,
    host: Ints,
    stamp: Ints,
    budget: int,
) -> None:
    """Remove nodes v with N[u] in N[v] until the queue is empty or the budget of steps is used.

    queue is a ring of n entries, each node in it at most once.
    """
    n = indptr.size - 1
    candidates = np.empty(n, dtype=np.int64)
    steps = 0
    while state[LENGTH] > 0 and steps < budget:
        u = queue[state[HEAD]]
        state[HEAD] = (state[HEAD] + 1) % n
        state[LENGTH] -= 1
        queued[u] = False
        if not alive[u] or degree[u] == 0:
            continue
        count = 0
        for k in range(indptr[u], indptr[u + 1]):
            v = indices[k]
            if alive[v] and degree[v] >= degree[u]:
                candidates[count] = v
                count += 1
        count, token, work = _filter_superset(
            indptr, indices, alive, degree, u, candidates, count, stamp, state[TOKEN]
        )
        state[TOKEN] = token
        steps += work + indptr[u + 1] - indptr[u] + 1
        for c in range(count):
            v = candidates[c]
            alive[v] = False
            host[v] = u
            removed[state[N_REMOVED]] = v
            state[N_REMOVED] += 1
            steps += indptr[v + 1] - indptr[v]
            for k in range(indptr[v], indptr[v + 1]):
                w = indices[k]
                if alive[w]:
                    degree[w] -= 1
                    if not queued[w]:
                        queued[w] = True
                        queue[(state[HEAD] + state[LENGTH]) % n] = w
                        state[LENGTH] += 1


@light_kernel
def dominate_bits(
    bits: Ints,
    alive: Ints,
    degree: Ints,
    queue: Ints,
    queued: Bools,
    state: Ints,
    removed: Ints,
    host: Ints,
    budget: int,
) -> None:
    """Do the same as ``dominate_nodes`` with rows and ``alive`` as bits, own bits included."""
    n, words = bits.shape
    steps = 0
    while state[LENGTH] > 0 and steps < budget:
        u = queue[state[HEAD]]
        state[HEAD] = (state[HEAD] + 1) % n
        state[LENGTH] -= 1
        queued[u] = False
        if not (alive[u // 63] >> (u % 63)) & 1:
            continue
        first = state[N_REMOVED]
        own = bits[u] & alive
        for w in range(words):
            left = own[w]
            while left:
                v = 63 * w + lowest_bit(left)
                left &= left - 1
                if v == u or degree[v] < degree[u]:
                    continue
                x = 0
                while x < words and own[x] & ~bits[v, x] == 0:
                    x += 1
                steps += x + 2
                if x == words:
                    removed[state[N_REMOVED]] = v
                    state[N_REMOVED] += 1
        for c in range(first, state[N_REMOVED]):
            v = removed[c]
            alive[v // 63] ^= 1 << (v % 63)
            host[v] = u
            for w in range(words):
                left = bits[v, w] & alive[w]
                while left:
                    near = 63 * w + lowest_bit(left)
                    left &= left - 1
                    degree[near] -= 1
                    steps += 2
                    if not queued[near]:
                        queued[near] = True
                        queue[(state[HEAD] + state[LENGTH]) % n] = near
                        state[LENGTH] += 1
        steps += words


@kernel
def _enqueue(queue: Ints, queued: Bools, state: Ints, at: int, item: int) -> None:
    # A ring that holds each item at most once: state[at] is its head, state[at + 1] its length.
    if not queued[item]:
        queued[item] = True
        queue[(state[at] + state[at + 1]) % queue.size] = item
        state[at + 1] += 1


@kernel
def _dequeue(queue: Ints, queued: Bools, state: Ints, at: int) -> int:
    item = int(queue[state[at]])
    state[at] = (state[at] + 1) % queue.size
    state[at + 1] -= 1
    queued[item] = False
    return item


@kernel
def _common(
    indptr: Ints,
    indices: Ints,
    alive: Bools,
    back_indptr: Ints,
    back_indices: Ints,
    back_alive: Bools,
    degree: Ints,
    back_degree: Ints,
    u: int,
    one: bool,
    out: Ints,
    stamps: tuple[Ints, Ints],
    token: int,
) -> tuple[int, int, int]:
    # Items other than u that share every partner of u (`one`: the first found is enough), drawn
    # from u's partner of least degree. stamps: one entry per item, one per partner. Returns
    # their number in out, the token and the steps.
    stamp, back_stamp = stamps
    first = -1
    for k in range(indptr[u], indptr[u + 1]):
        p = indices[k]
        if back_alive[p] and (first < 0 or back_degree[p] < back_degree[first]):
            first = p
    if first < 0:
        return 0, token, 1
    count = 0
    for k in range(back_indptr[first], back_indptr[first + 1]):
        v = back_indices[k]
        if v != u and alive[v] and degree[v] >= degree[u]:
            out[count] = v
            count += 1
    steps = indptr[u + 1] - indptr[u] + 1
    k = indptr[u]
    while k < indptr[u + 1] and count > indptr[u + 1] - k:
        p = indices[k]
        k += 1
        if p == first or not back_alive[p]:
            continue
        token += 1
        for j in range(back_indptr[p], back_indptr[p + 1]):
            stamp[back_indices[j]] = token
        steps += back_indptr[p + 1] - back_indptr[p] + count
        count = _keep_stamped(out, count, stamp, token)
    token += 1
    for j in range(indptr[u], indptr[u + 1]):
        if back_alive[indices[j]]:
            back_stamp[indices[j]] = token
    kept = 0
    for c in range(count):
        v = out[c]
        row = indices[indptr[v] : indptr[v + 1]]
        steps += row.size
        if _holds_all(row, back_stamp, token, degree[u]):
            out[kept] = v
            kept += 1
            if one:
                break
    return kept, token, steps


@kernel
def reduce_cover(
    rp: Ints,
    ri: Ints,
    cp: Ints,
    ci: Ints,
    row_alive: Bools,
    col_alive: Bools,
    rdeg: Ints,
    cdeg: Ints,
    rq: Ints,
    cq: Ints,
    rin: Bools,
    cin: Bools,
    state: Ints,
    budget: int,
) -> None:
    """Remove dominated rows and columns until the rings are empty or the budget is used.

    One of the rings of rows and of columns is worked off to the end, because a removal puts a
    whole row or column of the other kind back into line.
    """
    n = max(rp.size, cp.size)
    out = np.empty(n, dtype=np.int64)
    stamps = (np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64))
    token = 0
    steps = 0
    while (state[ROWS + 1] > 0 or state[COLUMNS + 1] > 0) and steps < budget:
        if state[(ROWS if state[ON_ROWS] else COLUMNS) + 1] == 0:
            state[ON_ROWS] = 1 - state[ON_ROWS]
        if state[ON_ROWS] == 0:
            c = _dequeue(cq, cin, state, COLUMNS)
            if not col_alive[c]:
                continue
            count, token, work = _common(
                cp, ci, col_alive, rp, ri, row_alive, cdeg, rdeg, c, True, out, stamps, token
            )
            steps += work
            if count > 0 or cdeg[c] == 0:
                col_alive[c] = False
                steps += cp[c + 1] - cp[c]
                for k in range(cp[c], cp[c + 1]):
                    row = ci[k]
                    if row_alive[row]:
                        rdeg[row] -= 1
                        _enqueue(rq, rin, state, ROWS, row)
        else:
            r = _dequeue(rq, rin, state, ROWS)
            if not row_alive[r]:
                continue
            count, token, work = _common(
                rp, ri, row_alive, cp, ci, col_alive, rdeg, cdeg, r, False, out, stamps, token
            )
            steps += work
            for k in range(count):
                row = out[k]
                row_alive[row] = False
                steps += rp[row + 1] - rp[row]
                for j in range(rp[row], rp[row + 1]):
                    c = ri[j]
                    if col_alive[c]:
                        cdeg[c] -= 1
                        _enqueue(cq, cin, state, COLUMNS, c)
