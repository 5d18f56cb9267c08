"""Heaviest cliques: the boxes that prices on nodes find too cheap.

Branch and bound around one node at a time. Nodes without pairs among each other form a class, a
clique holds at most one node of each class; the weight of a node is split among several classes,
so that each class holds nodes of one weight. Weights are whole numbers, so results are exact.
Sources: R. Carraghan & P. Pardalos (1990),
doi:10.1016/0167-6377(90)90057-C; E. Tomita & T. Seki (2003), doi:10.1007/3-540-45066-1_22;
split weights: S. Held, W. Cook & E. Sewell (2012), doi:10.1007/s12532-012-0042-3, who price
colour classes the same way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.exact.cliques import N_COLUMNS, N_MEMBERS, Columns, store_clique
from featgraph.boxes.exact.clock import Clock
from featgraph.kernels import kernel
from featgraph.kernels.bits import copy_row, lowest_bit, pack_local

__all__ = ["Heaviest", "find_heavy"]

Ints = NDArray[np.int64]
CHUNK = 2_000_000
# places in the state of a search: next root, weight of the heaviest clique, bound of all others,
# steps left, weight above which cliques are kept
NEXT_ROOT, HEAVIEST, BOUND, STEPS_LEFT, LIMIT = range(5)


class Heaviest(NamedTuple):
    """Cliques heavier than a limit, and a certified bound of the weight of every clique."""

    columns: Columns
    at_most: int


@kernel
def _branch(
    rows: Ints,
    inside: Ints,
    weight: Ints,
    words: int,
    slack: int,
    work: tuple[Ints, ...],
    out: Ints,
) -> int:
    # Writes nodes of inside such that every clique heavier than slack holds one of them; returns
    # how many. Classes of nodes without pairs among each other pay for a clique what their
    # lightest node has left, and all of them have that much less: a clique of nodes that have
    # nothing left weighs what was paid at most.
    left, free, rest = work
    copy_row(left, inside[:words])
    for w in range(words):
        bits = left[w]
        while bits:
            v = 63 * w + lowest_bit(bits)
            rest[v] = weight[v]
            bits &= bits - 1
    paid = 0
    while True:
        copy_row(free, left)
        count = 0
        low = slack + 1
        for w in range(words):
            while free[w]:
                bit = free[w] & -free[w]
                v = 63 * w + lowest_bit(bit)
                out[count] = v
                count += 1
                low = min(low, rest[v])
                free[w] ^= bit
                for x in range(w, words):
                    free[x] &= ~rows[v, x]
        if count == 0:
            return 0
        paid += low
        if paid > slack:
            break
        for i in range(count):
            v = out[i]
            rest[v] -= low
            if rest[v] == 0:
                left[v // 63] ^= 1 << (v % 63)
    count = 0
    for i in range(63 * words - 1, -1, -1):  # light nodes first: those written last are tried first
        if left[i // 63] >> (i % 63) & 1:
            out[count] = i
            count += 1
    return count


@kernel
def _expand(
    rows: Ints, weight: Ints, words: int, base: int, heaviest: int, best: Ints, budget: int
) -> tuple[int, int, int]:
    # Heaviest clique of all local nodes above `heaviest`, with base added. Returns the weight
    # found (or heaviest), the number of its nodes in best, and the steps, -1 if over the budget.
    n_local = weight.size
    inside = np.zeros((n_local + 1, words), dtype=np.int64)
    branch = np.empty((n_local + 1, n_local), dtype=np.int64)
    at = np.empty(n_local + 1, dtype=np.int64)
    gathered = np.empty(n_local + 1, dtype=np.int64)
    chosen = np.empty(n_local + 1, dtype=np.int64)
    words_left, words_free = np.empty(words, dtype=np.int64), np.empty(words, dtype=np.int64)
    work = (words_left, words_free, np.empty(n_local, dtype=np.int64))
    for v in range(n_local):
        inside[0, v // 63] |= 1 << (v % 63)
    at[0] = _branch(rows, inside[0], weight, words, heaviest - base, work, branch[0]) - 1
    gathered[0] = base
    depth = 0
    size = 0
    steps = n_local * words
    while depth >= 0:
        k = at[depth]
        if k < 0:
            depth -= 1
            continue
        if steps > budget:
            return heaviest, size, -1
        at[depth] -= 1
        v = branch[depth, k]
        inside[depth, v // 63] ^= 1 << (v % 63)
        chosen[depth] = v
        total = gathered[depth] + weight[v]
        some = 0
        for x in range(words):
            inside[depth + 1, x] = inside[depth, x] & rows[v, x]
            some |= inside[depth + 1, x]
        steps += words
        if total > heaviest:  # a clique already, whatever may join it
            heaviest = total
            size = depth + 1
            copy_row(best, chosen[:size])
        if some:
            depth += 1
            gathered[depth] = total
            at[depth] = (
                _branch(rows, inside[depth], weight, words, heaviest - total, work, branch[depth])
                - 1
            )
            steps += n_local * words
    return heaviest, size, steps


@kernel
def _bound(rows: Ints, weight: Ints, words: int) -> int:
    # What the classes of _branch pay until no node has anything left.
    rest = weight.copy()
    left = np.zeros(words, dtype=np.int64)
    free = np.empty(words, dtype=np.int64)
    members = np.empty(weight.size, dtype=np.int64)
    for v in range(weight.size):
        left[v // 63] |= 1 << (v % 63)
    paid = 0
    while True:
        copy_row(free, left)
        count = 0
        low = 0
        for w in range(words):
            while free[w]:
                v = 63 * w + lowest_bit(free[w])
                low = rest[v] if count == 0 else min(low, rest[v])
                members[count] = v
                count += 1
                free[w] &= free[w] - 1
                for x in range(w, words):
                    free[x] &= ~rows[v, x]
        if count == 0:
            return paid
        paid += low
        for v in members[:count]:
            rest[v] -= low
            if rest[v] == 0:
                left[v // 63] ^= 1 << (v % 63)


@kernel
def _greedy(rows: Ints, weight: Ints, words: int, out: Ints) -> int:
    # Heaviest local node that still fits, again and again; returns how many.
    inside = np.zeros(words, dtype=np.int64)
    for v in range(weight.size):
        inside[v // 63] |= 1 << (v % 63)
    size = 0
    for w in range(words):
        while inside[w]:
            v = 63 * w + lowest_bit(inside[w])
            out[size] = v
            size += 1
            for x in range(w, words):
                inside[x] &= rows[v, x]
    return size


@kernel
def _search_roots(
    indptr: Ints,
    indices: Ints,
    weight: Ints,
    order: Ints,
    rank: Ints,
    state: Ints,
    out: Ints,
    members: Ints,
    used: Ints,
    budget: int,
) -> None:
    # Around each root: its later neighbours with weight. Without steps left only the bound is
    # taken.
    position = np.full(rank.size, -1, dtype=np.int64)
    steps = 0
    while state[NEXT_ROOT] < order.size and steps < budget:
        root = order[state[NEXT_ROOT]]
        row = indices[indptr[root] : indptr[root + 1]]
        nodes = row[(rank[row] > state[NEXT_ROOT]) & (weight[row] > 0)]
        nodes = nodes[np.argsort(-weight[nodes], kind="mergesort")]
        state[NEXT_ROOT] += 1
        own = weight[nodes]
        words = nodes.size // 63 + 1
        rows = np.empty((nodes.size, words), dtype=np.int64)
        pack_local(indptr, indices, nodes, position, rows)
        clique = np.empty(nodes.size + 1, dtype=np.int64)
        size = _greedy(rows, own, words, clique)
        total = weight[root] + own[clique[:size]].sum()
        steps += indptr[root + 1] - indptr[root] + nodes.size * words
        if total > state[LIMIT]:
            store_clique(root, nodes, clique, size, out, members, used)
            state[HEAVIEST] = max(state[HEAVIEST], total)
        if weight[root] + own.sum() <= state[HEAVIEST]:
            continue
        found, size, work = _expand(
            rows, own, words, weight[root], state[HEAVIEST], clique, state[STEPS_LEFT]
        )
        if found > state[HEAVIEST]:
            state[HEAVIEST] = found
            store_clique(root, nodes, clique, size, out, members, used)
        if work >= 0:
            state[STEPS_LEFT] -= work
            steps += work
        else:
            steps += max(state[STEPS_LEFT], 0)
            state[STEPS_LEFT] = 0
            state[BOUND] = max(state[BOUND], weight[root] + _bound(rows, own, words))


def find_heavy(
    indptr: Ints,
    indices: Ints,
    weight: Ints,
    limit: int,
    clock: Clock,
    *,
    effort: int = 400_000_000,
) -> Heaviest:
    """Find cliques heavier than ``limit``, the heaviest among them if the effort allows.

    Parameters
    ----------
    indptr, indices : ndarray of int64
        Rows of the relation, both directions, no self-pairs.
    weight : ndarray of int64, shape (n_nodes,)
        Weights, at least 0.
    limit : int
        Only heavier cliques are reported.
    clock : Clock
        Deadline.
    effort : int, default=400000000
        Elementary steps of the exact search; beyond it only bounds are taken.

    Returns
    -------
    Heaviest
        Cliques, and a number that no clique's weight exceeds, at least ``limit``.

    Examples
    --------
    >>> path = np.array([0, 1, 3, 4]), np.array([1, 0, 2, 1])
    >>> found = find_heavy(*path, np.array([3, 4, 5]), 8, Clock(None))
    >>> np.sort(found.columns.members), found.at_most
    (array([1, 2]), 9)
    """
    heavy = np.flatnonzero(weight > 0)
    order = heavy[np.argsort(np.diff(indptr)[heavy], kind="stable")]
    rank = np.full(weight.size, -1, dtype=np.int64)
    rank[order] = np.arange(order.size)
    out = np.zeros(2 * order.size + 2, dtype=np.int64)
    members = np.empty(min(4 * indices.size + 2 * order.size, 20_000_000), dtype=np.int64)
    used = np.zeros(2, dtype=np.int64)
    state = np.array([0, limit, limit, effort, limit], dtype=np.int64)
    while state[NEXT_ROOT] < order.size and not clock.expired:
        _search_roots(indptr, indices, weight, order, rank, state, out, members, used, CHUNK)
    at_most = int(max(state[HEAVIEST], state[BOUND]))
    if state[NEXT_ROOT] < order.size:
        at_most = int(
            max(at_most, _trivial_bound(indptr, indices, weight, order[state[NEXT_ROOT] :]))
        )
    columns = Columns(out[: used[N_COLUMNS] + 1].copy(), members[: used[N_MEMBERS]].copy())
    return Heaviest(columns, at_most)


def _trivial_bound(indptr: Ints, indices: Ints, weight: Ints, roots: Ints) -> int:
    """Return the largest weight of a root with all its neighbours."""
    sums = np.concatenate(([0], np.cumsum(weight[indices])))
    around = weight + sums[indptr[1:]] - sums[indptr[:-1]]
    return int(around[roots].max())
