"""The pairs that may share a box as CSR rows, and reductions that keep the minimum.

What another node or box already takes care of goes.

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

from featgraph.boxes.bits import bits_fit, pack_lists
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.domination import (
    COLUMNS,
    LENGTH,
    N_REMOVED,
    ROWS,
    dominate_bits,
    dominate_nodes,
    reduce_cover,
)
from featgraph.boxes.feature_space import FeatureSpace
from featgraph.boxes.metric_space import MetricSpace
from featgraph.core.resources import check_memory
from featgraph.kernels import light_kernel
from featgraph.kernels.bits import count_words
from featgraph.kernels.search import invert_rows

__all__ = [
    "Kernel",
    "add_self_pairs",
    "has_dense_rows",
    "lift_labels",
    "list_pairs",
    "reduce_cliques",
    "reduce_set_cover",
    "restrict_pairs",
]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
CHUNK = 20_000_000  # elementary steps between two looks at the clock, about 50 ms
_REMEDY = (
    "take a method that never lists pairs (greedy, cbb, memb, random_sequential), or a smaller size"
)


def list_pairs(space: MetricSpace, size: float) -> tuple[Ints, Ints]:
    """Return (indptr, indices) of all pairs within ``size``, rows sorted, no self-pairs.

    Raises
    ------
    MemoryError
        If the pairs and what is made of them would not fit; nothing large is allocated then.
    """
    rows = space.pairs(size)
    n_pairs = int((rows.stops - rows.starts).sum())
    check_memory(32 * n_pairs, f"the pairs within size {size:g}", remedy=_REMEDY)
    if isinstance(space, FeatureSpace) and 4 * n_pairs > space.n_nodes**2:
        return space.sorted_pairs(size)  # of 2048 nodes 5 ms; inverting takes 10 to 40
    # The relation is symmetric: what holds a node is what it holds, and comes out sorted.
    return invert_rows(rows.starts, rows.stops, rows.indices, rows.starts.size)


def add_self_pairs(indptr: Ints, indices: Ints) -> tuple[Ints, Ints]:
    """Return the rows with every node in its own row: balls instead of neighbours.

    Examples
    --------
    >>> add_self_pairs(np.array([0, 1, 2]), np.array([1, 0]))
    (array([0, 2, 4]), array([0, 1, 0, 1]))
    """
    nodes = np.arange(indptr.size - 1, dtype=np.int64)
    owners = np.repeat(nodes, np.diff(indptr))
    before = np.bincount(owners[indices < owners], minlength=nodes.size)
    places = indptr[:-1] + before
    return indptr + np.arange(indptr.size), np.insert(indices, places, nodes)


def has_dense_rows(indptr: Ints, indices: Ints) -> bool:
    """Tell whether the rows have more entries than words as bits, which then take less time.

    Examples
    --------
    >>> has_dense_rows(np.array([0, 1, 3, 4]), np.array([1, 0, 2, 1]))
    True
    """
    n_nodes = indptr.size - 1
    return bits_fit(n_nodes) and indices.size >= n_nodes * count_words(n_nodes)


def restrict_pairs(indptr: Ints, indices: Ints, nodes: Ints) -> tuple[Ints, Ints]:
    """Return the rows among ``nodes`` (ascending), renumbered from 0.

    Examples
    --------
    >>> restrict_pairs(np.array([0, 1, 3, 4]), np.array([1, 0, 2, 1]), np.array([1, 2]))
    (array([0, 1, 2]), array([1, 0]))
    """
    if nodes.size == indptr.size - 1:
        return indptr, indices
    number = np.full(indptr.size - 1, -1, dtype=np.int64)
    number[nodes] = np.arange(nodes.size)
    bounds = np.zeros(nodes.size + 1, dtype=np.int64)
    _restrict(indptr, indices, nodes, number, bounds, bounds[:0])
    partners = np.empty(bounds[-1], dtype=np.int64)
    _restrict(indptr, indices, nodes, number, bounds, partners)
    return bounds, partners


@light_kernel
def _restrict(
    indptr: Ints, indices: Ints, nodes: Ints, number: Ints, bounds: Ints, partners: Ints
) -> None:
    # Fills bounds, and partners too if there is room: nothing of the size of all pairs besides.
    end = 0
    for i in range(nodes.size):
        for k in range(indptr[nodes[i]], indptr[nodes[i] + 1]):
            partner = number[indices[k]]
            if partner >= 0:
                if partners.size > 0:
                    partners[end] = partner
                end += 1
        bounds[i + 1] = end


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
    if has_dense_rows(indptr, indices) and not clock.expired:
        bits = pack_lists(indptr[:-1], indptr[1:], indices)
        left = np.bitwise_or.reduce(bits, axis=0)
        while state[LENGTH] > 0 and not clock.expired:
            dominate_bits(bits, left, degree, queue, queued, state, removed, host, CHUNK)
        alive[removed[: state[N_REMOVED]]] = False
    stamp = np.zeros(n_nodes, dtype=np.int64)
    while state[LENGTH] > 0 and not clock.expired:
        dominate_nodes(
            indptr, indices, alive, degree, queue, queued, state, removed, host, stamp, CHUNK
        )
        indptr, indices = _compact(indptr, indices, alive, alive, degree)
    return Kernel(np.flatnonzero(alive), removed[: state[N_REMOVED]].copy(), host)


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
    state = np.array([0, n_rows, 0, n_cols, 0], dtype=np.int64)
    rows, columns = (row_indptr, row_indices), (col_indptr, col_indices)
    while (state[ROWS + 1] > 0 or state[COLUMNS + 1] > 0) and not clock.expired:
        reduce_cover(
            *(*rows, *columns, row_alive, col_alive, row_degree, col_degree),
            *(row_queue, col_queue, row_queued, col_queued, state, CHUNK),
        )
        rows = _compact(*rows, row_alive, col_alive, row_degree)
        columns = _compact(*columns, col_alive, row_alive, col_degree)
    return np.flatnonzero(row_alive), np.flatnonzero(col_alive)


def _compact(
    indptr: Ints, indices: Ints, alive: Bools, partner_alive: Bools, degree: Ints
) -> tuple[Ints, Ints]:
    """Drop dead entries once they are the greater part; rows keep their numbers."""
    if 2 * int(degree[alive].sum()) > indices.size:
        return indptr, indices
    owners = np.repeat(np.arange(indptr.size - 1), np.diff(indptr))
    kept = alive[owners] & partner_alive[indices]
    counts = np.bincount(owners[kept], minlength=indptr.size - 1)
    return np.concatenate(([0], np.cumsum(counts))), indices[kept]
