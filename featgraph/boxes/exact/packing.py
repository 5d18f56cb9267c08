"""Packings: nodes no two of which can share a box, so that each needs a box of its own.

In the relation of pairs that may share a diameter box a packing is an independent set. Sources:
Y. Caro (1979), V. Wei (1981) for Σ 1/(1 + degree); least degree first (M. Halldórsson & J.
Radhakrishnan 1997, doi:10.1007/BF02523693); the nodes outside a packing cover all pairs, so the
search for small covers with weights makes packings larger (S. Cai, K. Su, C. Luo & A. Sattar
2013, doi:10.1613/jair.3907).
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.row_weighting import search_cover
from featgraph.kernels import kernel, light_kernel

__all__ = ["caro_wei", "enlarge_packing", "pack_nodes", "pack_rows"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
LARGEST_SEARCH = 4_000_000  # pairs; a search on more would take more memory than it is worth


def caro_wei(degrees: Ints) -> int:
    """Return Σ 1/(1 + degree) rounded up, in exact arithmetic.

    Examples
    --------
    >>> caro_wei(np.array([1, 2, 1]))
    2
    """
    about = math.fsum(1.0 / (degrees + 1))
    if abs(about - round(about)) > 1e-9 * degrees.size:  # far from where rounding decides
        return math.ceil(about)
    masses, numbers = np.unique(degrees + 1, return_counts=True)
    shares = (Fraction(int(n), int(m)) for m, n in zip(masses, numbers, strict=True))
    return math.ceil(sum(shares, Fraction(0)))


@light_kernel
def _pack_least(
    indptr: Ints, indices: Ints, degree: Ints, heads: Ints, after: Ints, before: Ints
) -> Bools:
    # Free nodes in doubly linked lists by free degree; heads[d] = first node of degree d or -1.
    n_nodes = degree.size
    free = np.ones(n_nodes, dtype=np.bool_)
    packed = np.zeros(n_nodes, dtype=np.bool_)
    for v in range(n_nodes - 1, -1, -1):
        head = heads[degree[v]]
        after[v] = head
        before[v] = -1
        if head >= 0:
            before[head] = v
        heads[degree[v]] = v
    level = 0
    while level < heads.size:
        v = heads[level]
        if v < 0:
            level += 1
            continue
        packed[v] = True
        for j in range(indptr[v] - 1, indptr[v + 1]):
            u = v if j < indptr[v] else indices[j]
            if not free[u]:
                continue
            free[u] = False
            _unlink(u, degree[u], heads, after, before)
            if u == v:
                continue
            for k in range(indptr[u], indptr[u + 1]):
                w = indices[k]
                if free[w]:
                    _unlink(w, degree[w], heads, after, before)
                    degree[w] -= 1
                    head = heads[degree[w]]
                    after[w] = head
                    before[w] = -1
                    if head >= 0:
                        before[head] = w
                    heads[degree[w]] = w
                    level = min(level, degree[w])
    return packed


@kernel
def _unlink(v: int, level: int, heads: Ints, after: Ints, before: Ints) -> None:
    if before[v] >= 0:
        after[before[v]] = after[v]
    else:
        heads[level] = after[v]
    if after[v] >= 0:
        before[after[v]] = before[v]


def pack_nodes(indptr: Ints, indices: Ints) -> Ints:
    """Return nodes of which no two are a pair: always one with fewest free partners is next.

    Parameters
    ----------
    indptr, indices : ndarray of int64
        Rows of the relation, both directions, no self-pairs.

    Returns
    -------
    ndarray of int64
        Packed nodes, ascending. O(pairs) time.

    Examples
    --------
    >>> path = np.array([0, 1, 3, 5, 7, 8]), np.array([1, 0, 2, 1, 3, 2, 4, 3])
    >>> pack_nodes(*path)
    array([0, 2, 4])
    """
    degree = np.diff(indptr)
    heads = np.full(int(degree.max(initial=0)) + 1, -1, dtype=np.int64)
    after, before = np.empty_like(degree), np.empty_like(degree)
    return np.flatnonzero(_pack_least(indptr, indices, degree, heads, after, before))


def enlarge_packing(
    indptr: Ints,
    indices: Ints,
    packed: Ints,
    clock: Clock,
    rng: np.random.Generator,
    *,
    moves: int,
    enough: int,
) -> Ints:
    """Look for a packing of more nodes.

    Parameters
    ----------
    indptr, indices : ndarray of int64
        Rows of the relation.
    packed : ndarray of int64
        A packing.
    clock : Clock
        Deadline.
    rng : numpy Generator
        Gives one seed.
    moves : int
        Stop after so many moves without a gain.
    enough : int
        Stop at so many nodes: a known upper bound.

    Returns
    -------
    ndarray of int64
        The largest packing seen, ascending.

    Examples
    --------
    >>> path = np.array([0, 1, 3, 5, 7, 8]), np.array([1, 0, 2, 1, 3, 2, 4, 3])
    >>> rng = np.random.default_rng(0)
    >>> enlarge_packing(*path, np.array([1, 3]), Clock(None), rng, moves=99, enough=3)
    array([0, 2, 4])
    """
    n_nodes = indptr.size - 1
    ends = np.repeat(np.arange(n_nodes, dtype=np.int64), np.diff(indptr))
    once = ends < indices
    n_pairs = int(once.sum())
    if n_pairs == 0:
        return np.arange(n_nodes, dtype=np.int64)
    if n_pairs > LARGEST_SEARCH or packed.size >= enough:
        return packed
    pairs = np.stack([ends[once], indices[once]], axis=1)
    number = np.full(indices.size, -1, dtype=np.int64)
    number[once] = np.arange(n_pairs)
    twins = np.lexsort((ends, indices))  # entry k of the sorted list is the twin of entry k
    number[~once] = number[twins][~once]
    row_indptr = 2 * np.arange(n_pairs + 1, dtype=np.int64)
    problem = (row_indptr, pairs.ravel(), indptr, number)
    outside = np.ones(n_nodes, dtype=np.bool_)
    outside[packed] = False
    cover = search_cover(
        problem, np.flatnonzero(outside), clock, rng, moves=moves, enough=n_nodes - enough
    )
    inside = np.ones(n_nodes, dtype=np.bool_)
    inside[cover] = False
    return np.flatnonzero(inside)


@kernel
def _pack_rows(row_indptr: Ints, row_indices: Ints, order: Ints, used: Bools) -> Bools:
    packed = np.zeros(order.size, dtype=np.bool_)
    for row in order:
        free = True
        for k in range(row_indptr[row], row_indptr[row + 1]):
            free = free and not used[row_indices[k]]
        if free:
            packed[row] = True
            used[row_indices[row_indptr[row] : row_indptr[row + 1]]] = True
    return packed


def pack_rows(row_indptr: Ints, row_indices: Ints, col_indptr: Ints) -> Ints:
    """Return rows no two of which share a column, those whose columns hold fewest rows first.

    Examples
    --------
    >>> balls = np.array([0, 2, 5, 8, 10]), np.array([0, 1, 0, 1, 2, 1, 2, 3, 2, 3])
    >>> pack_rows(*balls, balls[0])
    array([0, 3])
    """
    masses = np.diff(col_indptr)
    sums = np.concatenate(([0], np.cumsum(masses[row_indices])))
    order = np.argsort(sums[row_indptr[1:]] - sums[row_indptr[:-1]], kind="stable")
    used = np.zeros(masses.size, dtype=np.bool_)
    return np.flatnonzero(_pack_rows(row_indptr, row_indices, order.astype(np.int64), used))
