"""Heaviest cliques: the boxes that prices on nodes find too cheap.

Branch and bound around one node at a time, with a weighted colouring as bound: nodes without
pairs among each other form a class, a clique holds at most one node of each class. Weights are
whole numbers, so results are exact. Sources: R. Carraghan & P. Pardalos (1990),
doi:10.1016/0167-6377(90)90057-C; E. Tomita & T. Seki (2003), doi:10.1007/3-540-45066-1_22;
weighted classes as in S. Held, W. Cook & E. Sewell (2012), doi:10.1007/s12532-012-0042-3, who
price colour classes the same way.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.exact.cliques import Columns
from featgraph.boxes.exact.clock import Clock
from featgraph.kernels import kernel
from featgraph.kernels.bits import lowest_bit, pack_local

__all__ = ["Heaviest", "find_heavy"]

Ints = NDArray[np.int64]
CHUNK = 2_000_000
# places in the state of a search: next root, weight of the heaviest clique, bound of all others,
# steps left, weight above which cliques are kept
NEXT_ROOT, HEAVIEST, BOUND, STEPS_LEFT, LIMIT = range(5)
N_COLUMNS, N_MEMBERS = range(2)  # places in what is used: columns, and entries of them


class Heaviest(NamedTuple):
    """Cliques heavier than a limit, and a certified bound of the weight of every clique."""

    columns: Columns
    at_most: int


@kernel
def _color(rows: Ints, inside: Ints, weight: Ints, words: int, seq: Ints, bound: Ints) -> int:
    # Nodes of inside class by class into seq; bound[k] = weight of a clique of seq[0..k] at most.
    # Nodes are numbered by falling weight, so the first of a class is its heaviest.
    left = inside[:words].copy()
    free = np.empty(words, dtype=np.int64)
    count = 0
    total = 0
    while True:
        free[:] = left
        first = True
        for w in range(words):
            while free[w]:
                bit = free[w] & -free[w]
                v = (w << 5) + lowest_bit(bit)
                if first:
                    total += weight[v]
                    first = False
                seq[count] = v
                bound[count] = total
                count += 1
                left[w] ^= bit
                free[w] ^= bit
                for x in range(w, words):
                    free[x] &= ~rows[v, x]
        if first:
            return count


@kernel
def _expand(
    rows: Ints, weight: Ints, words: int, base: int, heaviest: int, best: Ints, budget: int
) -> tuple[int, int, int]:
    # Heaviest clique of all local nodes above `heaviest`, with base added. Returns the weight
    # found (or heaviest), the number of its nodes in best, and the steps, -1 if over the budget.
    n_local = weight.size
    inside = np.zeros((n_local + 1, words), dtype=np.int64)
    seq = np.empty((n_local + 1, n_local), dtype=np.int64)
    bound = np.empty((n_local + 1, n_local), dtype=np.int64)
    at = np.empty(n_local + 1, dtype=np.int64)
    gathered = np.empty(n_local + 1, dtype=np.int64)
    chosen = np.empty(n_local + 1, dtype=np.int64)
    for v in range(n_local):
        inside[0, v >> 5] |= 1 << (v & 31)
    at[0] = _color(rows, inside[0], weight, words, seq[0], bound[0]) - 1
    gathered[0] = base
    depth = 0
    size = 0
    steps = n_local * words
    while depth >= 0:
        k = at[depth]
        if k < 0 or gathered[depth] + bound[depth, k] <= heaviest:
            depth -= 1
            continue
        if steps > budget:
            return heaviest, size, -1
        at[depth] -= 1
        v = seq[depth, k]
        inside[depth, v >> 5] ^= 1 << (v & 31)
        chosen[depth] = v
        total = gathered[depth] + weight[v]
        some = 0
        for x in range(words):
            inside[depth + 1, x] = inside[depth, x] & rows[v, x]
            some |= inside[depth + 1, x]
        steps += words
        if some:
            depth += 1
            gathered[depth] = total
            count = _color(rows, inside[depth], weight, words, seq[depth], bound[depth])
            at[depth] = count - 1
            steps += count * words
        elif total > heaviest:
            heaviest = total
            size = depth + 1
            best[:size] = chosen[:size]
    return heaviest, size, steps


@kernel
def _greedy(rows: Ints, weight: Ints, words: int, out: Ints) -> int:
    # Heaviest local node that still fits, again and again; returns how many.
    inside = np.zeros(words, dtype=np.int64)
    for v in range(weight.size):
        inside[v >> 5] |= 1 << (v & 31)
    size = 0
    for w in range(words):
        while inside[w]:
            v = (w << 5) + lowest_bit(inside[w])
            out[size] = v
            size += 1
            for x in range(w, words):
                inside[x] &= rows[v, x]
    return size


@kernel
def _keep(
    root: int, nodes: Ints, clique: Ints, size: int, out: Ints, members: Ints, used: Ints
) -> None:
    # Writes {root} and the local nodes of a clique as the next column, if there is room.
    if used[N_COLUMNS] + 1 < out.size and used[N_MEMBERS] + size + 1 <= members.size:
        members[used[N_MEMBERS]] = root
        for i in range(size):
            members[used[N_MEMBERS] + 1 + i] = nodes[clique[i]]
        used[N_COLUMNS] += 1
        used[N_MEMBERS] += size + 1
        out[used[N_COLUMNS]] = used[N_MEMBERS]


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
        words = (nodes.size >> 5) + 1
        rows = np.empty((nodes.size, words), dtype=np.int64)
        pack_local(indptr, indices, nodes, position, rows)
        clique = np.empty(nodes.size + 1, dtype=np.int64)
        size = _greedy(rows, own, words, clique)
        total = weight[root] + own[clique[:size]].sum()
        steps += indptr[root + 1] - indptr[root] + nodes.size * words
        if total > state[LIMIT]:
            _keep(root, nodes, clique, size, out, members, used)
            state[HEAVIEST] = max(state[HEAVIEST], total)
        if weight[root] + own.sum() <= state[HEAVIEST]:
            continue
        found, size, work = _expand(
            rows, own, words, weight[root], state[HEAVIEST], clique, state[STEPS_LEFT]
        )
        if found > state[HEAVIEST]:
            state[HEAVIEST] = found
            _keep(root, nodes, clique, size, out, members, used)
        if work >= 0:
            state[STEPS_LEFT] -= work
            steps += work
        else:
            steps += max(state[STEPS_LEFT], 0)
            state[STEPS_LEFT] = 0
            whole = np.zeros(words, dtype=np.int64)
            for v in range(nodes.size):
                whole[v >> 5] |= 1 << (v & 31)
            seq = np.empty(nodes.size, dtype=np.int64)
            bound = np.empty(nodes.size, dtype=np.int64)
            count = _color(rows, whole, own, words, seq, bound)
            state[BOUND] = max(state[BOUND], weight[root] + bound[count - 1])


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
