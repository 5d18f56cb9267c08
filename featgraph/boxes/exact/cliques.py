"""Maximal cliques of a relation: the largest possible diameter boxes.

The relation comes as CSR rows of pairs, both directions, no self-pairs. Around one node at a
time the search holds the neighbours as bit sets, so memory is the square of the largest degree,
not of the number of nodes.

Sources: C. Bron & J. Kerbosch (1973), doi:10.1145/362342.362367, with the pivot of E. Tomita,
A. Tanaka & H. Takahashi (2006), doi:10.1016/j.tcs.2006.06.015, each node with its later
neighbours in an order by degree (D. Eppstein, M. Löffler & D. Strash 2010, arXiv:1006.5440).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.exact.clock import Clock
from featgraph.kernels import kernel
from featgraph.kernels.bits import count_bits, lowest_bit, pack_local

__all__ = ["N_COLUMNS", "N_MEMBERS", "Columns", "list_maximal_cliques", "store_clique"]

Ints = NDArray[np.int64]
CHUNK = 2_000_000  # elementary steps between two looks at the clock
# places in what is used: columns, entries of them, steps left
N_COLUMNS, N_MEMBERS, STEPS_LEFT = range(3)


class Columns(NamedTuple):
    """Boxes as columns of a covering problem: box b is ``members[indptr[b]:indptr[b + 1]]``."""

    indptr: Ints
    members: Ints

    @property
    def n_columns(self) -> int:
        """Number of boxes."""
        return self.indptr.size - 1

    @classmethod
    def from_boxes(cls, boxes: Sequence[Ints]) -> Columns:
        """Make columns of the members of each box, one box at least."""
        ends = np.cumsum([0, *(box.size for box in boxes)])
        return cls(ends, np.concatenate(boxes))

    def join(self, others: Columns) -> Columns:
        """Return these boxes with others after them."""
        indptr = np.concatenate((self.indptr, self.indptr[-1] + others.indptr[1:]))
        return Columns(indptr, np.concatenate((self.members, others.members)))

    def strip(self, kept: NDArray[np.bool_]) -> tuple[Columns, NDArray[np.bool_]]:
        """Keep some entries of ``members``; return the boxes that have one, and which these are.

        Examples
        --------
        >>> boxes = Columns(np.array([0, 2, 3]), np.array([4, 7, 1]))
        >>> boxes.strip(boxes.members < 5)[0].indptr, boxes.strip(boxes.members > 5)[1]
        (array([0, 1, 2]), array([ True, False]))
        """
        ends = np.concatenate(([0], np.cumsum(kept)))[self.indptr]
        some = np.diff(ends) > 0
        return Columns(np.concatenate((ends[:1], ends[1:][some])), self.members[kept]), some


@kernel
def _branch_off(
    rows: Ints, inside: Ints, outside: Ints, n_local: int, words: int, branch: Ints
) -> None:
    # Fills branch = inside minus the neighbours of the pivot, the node of inside or outside with
    # most neighbours inside: every maximal clique holds the pivot or a node of branch.
    best = -1
    most = -1
    for u in range(n_local):
        if (inside[u // 63] | outside[u // 63]) >> (u % 63) & 1:
            count = 0
            for w in range(words):
                count += count_bits(inside[w] & rows[u, w])
            if count > most:
                most = count
                best = u
    for w in range(words):
        branch[w] = inside[w] & ~rows[best, w]


@kernel
def _sum_weight(bits: Ints, words: int, weight: Ints) -> int:
    total = 0
    for w in range(words):
        left = bits[w]
        while left:
            bit = left & -left
            total += weight[63 * w + lowest_bit(bit)]
            left ^= bit
    return total


@kernel
def store_clique(
    root: int,
    nodes: Ints,
    chosen: Ints,
    size: int,
    out_indptr: Ints,
    out_members: Ints,
    used: Ints,
) -> bool:
    """Write {root} and ``size`` chosen local nodes as the next column; False without room."""
    if used[N_COLUMNS] + 1 >= out_indptr.size or used[N_MEMBERS] + size + 1 > out_members.size:
        return False
    out_members[used[N_MEMBERS]] = root
    for i in range(size):
        out_members[used[N_MEMBERS] + 1 + i] = nodes[chosen[i]]
    used[N_COLUMNS] += 1
    used[N_MEMBERS] += size + 1
    out_indptr[used[N_COLUMNS]] = used[N_MEMBERS]
    return True


@kernel
def _cliques_at(
    rows: Ints,
    sets: Ints,
    weight: Ints,
    root: int,
    nodes: Ints,
    least: int,
    out_indptr: Ints,
    out_members: Ints,
    used: Ints,
) -> bool:
    # Maximal cliques of {root} with nodes of inside[0], none extensible by outside[0]; weight has
    # one entry more than nodes: the root's. False: no room.
    inside, outside, branch = sets[0], sets[1], sets[2]
    n_local, words = rows.shape
    chosen = np.empty(n_local + 1, dtype=np.int64)
    gathered = np.zeros(n_local + 2, dtype=np.int64)
    gathered[0] = weight[n_local]
    _branch_off(rows, inside[0], outside[0], n_local, words, branch[0])
    depth = 0
    while depth >= 0:
        w = 0
        while w < words and branch[depth, w] == 0:
            w += 1
        if w == words:
            depth -= 1
            continue
        bit = branch[depth, w] & -branch[depth, w]
        v = 63 * w + lowest_bit(bit)
        branch[depth, w] ^= bit
        inside[depth, w] ^= bit
        chosen[depth] = v
        any_in = 0
        any_out = 0
        for x in range(words):
            inside[depth + 1, x] = inside[depth, x] & rows[v, x]
            outside[depth + 1, x] = outside[depth, x] & rows[v, x]
            any_in |= inside[depth + 1, x]
            any_out |= outside[depth + 1, x]
        outside[depth, w] |= bit
        gathered[depth + 1] = gathered[depth] + weight[v]
        used[STEPS_LEFT] -= n_local
        if least > 0:
            reach = gathered[depth + 1] + _sum_weight(inside[depth + 1], words, weight)
            if reach < least:
                continue
        if any_in:
            depth += 1
            _branch_off(rows, inside[depth], outside[depth], n_local, words, branch[depth])
            used[STEPS_LEFT] -= n_local * words
            if used[STEPS_LEFT] < 0:
                return False
        elif not any_out and not store_clique(
            root, nodes, chosen, depth + 1, out_indptr, out_members, used
        ):
            return False
    return True


@kernel
def _enumerate(
    indptr: Ints,
    indices: Ints,
    weight: Ints,
    least: int,
    order: Ints,
    rank: Ints,
    at: Ints,
    out_indptr: Ints,
    out_members: Ints,
    used: Ints,
    budget: int,
) -> bool:
    # Cliques whose first node in `order` is order[i], for i from at[0]; False: no room.
    position = np.full(rank.size, -1, dtype=np.int64)
    stop = used[STEPS_LEFT] - budget
    while at[0] < order.size and used[STEPS_LEFT] > stop:
        root = order[at[0]]
        nodes = indices[indptr[root] : indptr[root + 1]]
        n_local = nodes.size
        words = n_local // 63 + 1
        sets = np.zeros((3, n_local + 2, words), dtype=np.int64)
        own = np.empty(n_local + 1, dtype=np.int64)
        own[n_local] = weight[root]
        reach = weight[root]
        later = 0
        for i in range(n_local):
            own[i] = weight[nodes[i]]
            side = 1
            if rank[nodes[i]] > at[0]:
                side = 0
                later += 1
                reach += own[i]
            sets[side, 0, i // 63] |= 1 << (i % 63)
        used[STEPS_LEFT] -= n_local + 1
        if reach >= least and later > 0:
            rows = np.empty((n_local, words), dtype=np.int64)
            pack_local(indptr, indices, nodes, position, rows)
            used[STEPS_LEFT] -= n_local * words
            if not _cliques_at(rows, sets, own, root, nodes, least, out_indptr, out_members, used):
                return False
        elif (
            reach >= least
            and n_local == 0
            and not store_clique(root, nodes, nodes, 0, out_indptr, out_members, used)
        ):
            return False
        at[0] += 1
    return True


def list_maximal_cliques(
    indptr: Ints,
    indices: Ints,
    clock: Clock,
    *,
    n_columns: int,
    n_members: int,
    weight: Ints | None = None,
    least: int = 0,
    effort: int = 500_000_000,
) -> Columns | None:
    """List all maximal cliques, or those of some weight; None where there are too many.

    Parameters
    ----------
    indptr, indices : ndarray of int64
        Rows of the relation, both directions, no self-pairs.
    clock : Clock
        Looked at between nodes; None is returned when it runs out.
    n_columns, n_members : int
        At most so many cliques, and entries of cliques, are stored.
    weight : ndarray of int64, shape (n_nodes,), optional
        Weights of the nodes, at least 0; default: 0.
    least : int, default=0
        Only cliques of at least this weight are listed.
    effort : int, default=500000000
        Elementary steps after which None is returned, about a second's work.

    Returns
    -------
    Columns or None
        Members of each clique; a node without pairs is a clique.

    Examples
    --------
    >>> path = np.array([0, 1, 3, 4]), np.array([1, 0, 2, 1])
    >>> list_maximal_cliques(*path, Clock(None), n_columns=9, n_members=99).members
    array([0, 1, 2, 1])
    """
    n_nodes = indptr.size - 1
    weight = np.zeros(n_nodes, dtype=np.int64) if weight is None else weight
    order = np.argsort(np.diff(indptr), kind="stable").astype(np.int64)
    rank = np.empty(n_nodes, dtype=np.int64)
    rank[order] = np.arange(n_nodes)
    out_indptr = np.zeros(n_columns + 1, dtype=np.int64)
    members = np.empty(n_members, dtype=np.int64)
    at, used = np.zeros(1, dtype=np.int64), np.array([0, 0, effort], dtype=np.int64)
    while at[0] < n_nodes:
        if clock.expired:
            return None
        if not _enumerate(
            *(indptr, indices, weight, least, order, rank, at, out_indptr, members, used, CHUNK)
        ):
            return None
    return Columns(out_indptr[: used[N_COLUMNS] + 1].copy(), members[: used[N_MEMBERS]].copy())
