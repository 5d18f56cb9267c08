"""Reductions that keep the minimum: what another node or box already takes care of goes.

Clique cover (diameter boxes; the relation R holds every pair that may share a box): if every
node that may share a box with u may also share one with v (N[u] ⊆ N[v]), then v goes: in any
cover of the rest it joins the box of u. A node whose neighbours are a clique (a leaf, say)
removes them all and stays alone, so it is counted as a box of its own.

Set cover (radius boxes; rows are nodes, columns are balls): a column inside another goes, and so
does a row whose columns include all columns of another row. A forced column ends alone with its
only row.

Both are run to the fixpoint. What is left, the kernel, has the same minimum; it is empty of
choices for many real networks. Sources: M. R. Garey & D. S. Johnson (1979) for the dominance
rules of covering; D. Strash & L. Thompson (2022), doi:10.1137/1.9781611977042.4, for clique
covers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes._exact.clock import Clock
from featgraph.boxes._kernel import kernel

__all__ = ["Kernel", "lift_labels", "reduce_cliques", "reduce_set_cover"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
CHUNK = 20_000_000  # elementary steps between two looks at the clock, about 50 ms


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


@kernel
def _dominate(
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
    # queue is a ring of n entries, each node in it at most once; state = head, length, number
    # removed, stamp token. Stops when the queue is empty or the budget of steps is used.
    n = indptr.size - 1
    candidates = np.empty(n, dtype=np.int64)
    steps = 0
    while state[1] > 0 and steps < budget:
        u = queue[state[0]]
        state[0] = (state[0] + 1) % n
        state[1] -= 1
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
            indptr, indices, alive, degree, u, candidates, count, stamp, state[3]
        )
        state[3] = token
        steps += work + indptr[u + 1] - indptr[u] + 1
        for c in range(count):
            v = candidates[c]
            alive[v] = False
            host[v] = u
            removed[state[2]] = v
            state[2] += 1
            steps += indptr[v + 1] - indptr[v]
            for k in range(indptr[v], indptr[v + 1]):
                w = indices[k]
                if alive[w]:
                    degree[w] -= 1
                    if not queued[w]:
                        queued[w] = True
                        queue[(state[0] + state[1]) % n] = w
                        state[1] += 1


class Kernel(NamedTuple):
    """What the clique reductions leave: ``nodes`` stay, a removed node joins its ``host``."""

    nodes: Ints
    removed: Ints
    host: Ints


def reduce_cliques(indptr: Ints, indices: Ints, clock: Clock) -> Kernel:
    """Remove nodes that can always join the box of another; the minimum stays.

    Parameters
    ----------
    indptr, indices : ndarray of int64, shapes (n_nodes + 1,) and (2 n_pairs,)
        The pairs that may share a box, both directions, no self-pairs.
    clock : Clock
        When it runs out the reductions so far are returned; they are valid at any time.

    Returns
    -------
    Kernel
        Nodes left, and the removed ones in order of removal with their hosts.

    Notes
    -----
    The independence number of the pairs stays too, so packing bounds may use the kernel.
    At most O(sum over pairs of degrees) time per round, memory O(n_nodes).

    Examples
    --------
    >>> path = np.array([0, 1, 3, 5, 6]), np.array([1, 0, 2, 1, 3, 2])
    >>> reduce_cliques(*path, Clock(None)).nodes
    array([0, 3])
    """
    n_nodes = indptr.size - 1
    degree = np.diff(indptr)
    alive = np.ones(n_nodes, dtype=np.bool_)
    queue = np.argsort(degree, kind="stable").astype(np.int64)
    queued = np.ones(n_nodes, dtype=np.bool_)
    state = np.array([0, n_nodes, 0, 0], dtype=np.int64)
    removed = np.empty(n_nodes, dtype=np.int64)
    host = np.full(n_nodes, -1, dtype=np.int64)
    stamp = np.zeros(n_nodes, dtype=np.int64)
    while state[1] > 0 and not clock.expired:
        _dominate(indptr, indices, alive, degree, queue, queued, state, removed, host, stamp, CHUNK)
    return Kernel(np.flatnonzero(alive), removed[: state[2]].copy(), host)


def lift_labels(kernel: Kernel, kernel_labels: Ints, n_nodes: int) -> Ints:
    """Give every removed node the box of its host, last removed first.

    Examples
    --------
    >>> kernel = Kernel(np.array([0, 3]), np.array([1, 2]), np.array([-1, 0, 3, -1]))
    >>> lift_labels(kernel, np.array([0, 1]), 4)
    array([0, 0, 1, 1])
    """
    labels = np.full(n_nodes, -1, dtype=np.int64)
    labels[kernel.nodes] = kernel_labels
    for node in kernel.removed[::-1]:
        labels[node] = labels[kernel.host[node]]
    return labels


@kernel
def _push(queue: Ints, queued: Bools, state: Ints, at: int, item: int) -> None:
    # state[at] = head and state[at + 1] = length of a ring that holds each item at most once.
    if not queued[item]:
        queued[item] = True
        queue[(state[at] + state[at + 1]) % queue.size] = item
        state[at + 1] += 1


@kernel
def _pop(queue: Ints, queued: Bools, state: Ints, at: int) -> int:
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
        if back_alive[p]:
            size = back_indptr[p + 1] - back_indptr[p]
            if first < 0 or size < back_indptr[first + 1] - back_indptr[first]:
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
def _reduce_cover(
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
    # Queues of rows (state[0:2]) and columns (state[2:4]); columns first, they are cheaper to drop.
    n = max(rp.size, cp.size)
    out = np.empty(n, dtype=np.int64)
    stamps = (np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64))
    token = 0
    steps = 0
    while (state[1] > 0 or state[3] > 0) and steps < budget:
        if state[3] > 0:
            c = _pop(cq, cin, state, 2)
            if not col_alive[c]:
                continue
            count, token, work = _common(
                cp, ci, col_alive, rp, ri, row_alive, cdeg, c, True, out, stamps, token
            )
            steps += work
            if count > 0 or cdeg[c] == 0:
                col_alive[c] = False
                for k in range(cp[c], cp[c + 1]):
                    row = ci[k]
                    if row_alive[row]:
                        rdeg[row] -= 1
                        _push(rq, rin, state, 0, row)
        else:
            r = _pop(rq, rin, state, 0)
            if not row_alive[r]:
                continue
            count, token, work = _common(
                rp, ri, row_alive, cp, ci, col_alive, rdeg, r, False, out, stamps, token
            )
            steps += work
            for k in range(count):
                row = out[k]
                row_alive[row] = False
                for j in range(rp[row], rp[row + 1]):
                    c = ri[j]
                    if col_alive[c]:
                        cdeg[c] -= 1
                        _push(cq, cin, state, 2, c)


def reduce_set_cover(
    row_indptr: Ints, row_indices: Ints, col_indptr: Ints, col_indices: Ints, clock: Clock
) -> tuple[Ints, Ints]:
    """Remove dominated rows and columns of a set-cover problem; the minimum stays.

    Parameters
    ----------
    row_indptr, row_indices : ndarray of int64
        Columns that cover each row.
    col_indptr, col_indices : ndarray of int64
        The same relation seen from the columns.
    clock : Clock
        When it runs out the reductions so far are returned.

    Returns
    -------
    rows, columns : ndarray of int64
        What is left, ascending. A minimum cover of the rows left by the columns left is a
        minimum cover of all rows.

    Examples
    --------
    >>> balls = np.array([0, 2, 5, 7]), np.array([0, 1, 0, 1, 2, 1, 2])  # a path of 3 nodes, r = 1
    >>> reduce_set_cover(*balls, *balls, Clock(None))
    (array([0]), array([1]))
    """
    n_rows, n_cols = row_indptr.size - 1, col_indptr.size - 1
    row_alive = np.ones(n_rows, dtype=np.bool_)
    col_alive = np.ones(n_cols, dtype=np.bool_)
    row_degree, col_degree = np.diff(row_indptr), np.diff(col_indptr)
    row_queue = np.argsort(row_degree, kind="stable").astype(np.int64)
    col_queue = np.argsort(col_degree, kind="stable").astype(np.int64)
    row_queued = np.ones(n_rows, dtype=np.bool_)
    col_queued = np.ones(n_cols, dtype=np.bool_)
    state = np.array([0, n_rows, 0, n_cols], dtype=np.int64)
    while (state[1] > 0 or state[3] > 0) and not clock.expired:
        _reduce_cover(
            *(row_indptr, row_indices, col_indptr, col_indices, row_alive, col_alive),
            *(row_degree, col_degree, row_queue, col_queue, row_queued, col_queued),
            *(state, CHUNK),
        )
    return np.flatnonzero(row_alive), np.flatnonzero(col_alive)
