"""Local search for small covers: weights on rows that are hard to cover.

Rows are nodes, columns are boxes; a cover is a set of columns that holds every row. As soon as a
cover is found one column is dropped, and the search swaps columns until every row is covered
again, or gives up. A row that stays uncovered gains weight, so the search is driven out of local
optima. Source: C. Gao, T. Weise & J. Li (2015), doi:10.1016/j.ins.2014.08.073 (row weighting
local search); first cover by the largest gain (V. Chvátal 1979, doi:10.1287/moor.4.3.233).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.exact.clock import Clock
from featgraph.kernels import kernel
from featgraph.kernels.bits import copy_row

__all__ = ["cover_by_gain", "search_cover"]

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
CHUNK = 3_000_000  # elementary steps between two looks at the clock
# places in the state of a search: columns of the cover, of the smallest one, moves since then,
# moves, random number, column just added, uncovered rows, columns and idle moves to stop at
N_MEMBERS, BEST_COUNT, STALLED, MOVE, RANDOM, TABU, N_BARE, ENOUGH, PATIENCE = range(9)


@kernel
def _gain_cover(
    row_indptr: Ints,
    row_indices: Ints,
    col_indptr: Ints,
    col_indices: Ints,
    gain: Ints,
    heads: Ints,
    following: Ints,
) -> Bools:
    # Columns in lists by gain; gains only fall, so a stale one moves to a lower list. O(entries).
    n_rows = row_indptr.size - 1
    covered = np.zeros(n_rows, dtype=np.bool_)
    chosen = np.zeros(gain.size, dtype=np.bool_)
    for c in range(gain.size - 1, -1, -1):
        following[c] = heads[gain[c]]
        heads[gain[c]] = c
    left = n_rows
    level = heads.size - 1
    while left > 0 and level > 0:
        c = heads[level]
        if c < 0:
            level -= 1
            continue
        heads[level] = following[c]
        if gain[c] < level:
            following[c] = heads[gain[c]]
            heads[gain[c]] = c
            continue
        chosen[c] = True
        for k in range(col_indptr[c], col_indptr[c + 1]):
            row = col_indices[k]
            if not covered[row]:
                covered[row] = True
                left -= 1
                for j in range(row_indptr[row], row_indptr[row + 1]):
                    gain[row_indices[j]] -= 1
    return chosen


def cover_by_gain(row_indptr: Ints, row_indices: Ints, col_indptr: Ints, col_indices: Ints) -> Ints:
    """Return columns chosen one by one, each with most rows not covered so far.

    Parameters
    ----------
    row_indptr, row_indices, col_indptr, col_indices : ndarray of int64
        Columns of each row, rows of each column.

    Returns
    -------
    ndarray of int64
        Chosen columns, ascending.

    Examples
    --------
    >>> balls = np.array([0, 2, 5, 7]), np.array([0, 1, 0, 1, 2, 1, 2])
    >>> cover_by_gain(*balls, *balls)
    array([1])
    """
    gain = np.diff(col_indptr)
    heads = np.full(int(gain.max(initial=0)) + 1, -1, dtype=np.int64)
    following = np.full(gain.size, -1, dtype=np.int64)
    chosen = _gain_cover(row_indptr, row_indices, col_indptr, col_indices, gain, heads, following)
    return np.flatnonzero(chosen)


@kernel
def _switch_column(
    c: int,
    joins: bool,
    rp: Ints,
    ri: Ints,
    cp: Ints,
    ci: Ints,
    chosen: Bools,
    times: Ints,
    total: Ints,
    weight: Ints,
    score: Ints,
    fresh: Bools,
) -> None:
    # Column c joins or leaves the cover. score of a column: weight of the rows that it alone covers
    # (chosen), or would newly cover (not chosen); that of c itself keeps its value and changes its
    # meaning. total[row] adds up the chosen columns of a row: with one of them it is that one.
    # Columns whose score changes are fresh, they may be added again; one that left is not.
    chosen[c] = joins
    fresh[c] = fresh[c] and joins
    for k in range(cp[c], cp[c + 1]):
        row = ci[k]
        change = weight[row]
        if joins:
            change = -change
        else:
            times[row] -= 1
            total[row] -= c
        if times[row] == 0:
            for j in range(rp[row], rp[row + 1]):
                other = ri[j]
                if other != c:
                    score[other] += change
                    fresh[other] = True
        elif times[row] == 1:
            score[total[row]] += change
        if joins:
            times[row] += 1
            total[row] += c


@kernel
def _recount(c: int, cp: Ints, ci: Ints, times: Ints, bare: Ints, place: Ints, n_bare: int) -> int:
    # Brings the list of uncovered rows up to date for the rows of c.
    for k in range(cp[c], cp[c + 1]):
        row = ci[k]
        if times[row] == 0 and place[row] < 0:
            place[row] = n_bare
            bare[n_bare] = row
            n_bare += 1
        elif times[row] > 0 and place[row] >= 0:
            n_bare -= 1
            last = bare[n_bare]
            bare[place[row]] = last
            place[last] = place[row]
            place[row] = -1
    return n_bare


@kernel
def _least_loss(members: Ints, n_members: int, score: Ints, moved: Ints, tabu: int) -> int:
    # Position of the chosen column that loses least, the longest unmoved first.
    best = -1
    for i in range(n_members):
        c = members[i]
        if c == tabu and n_members > 1:
            continue
        if best < 0:
            best = i
            continue
        other = members[best]
        if score[c] < score[other] or (score[c] == score[other] and moved[c] < moved[other]):
            best = i
    return best


@kernel
def _most_gain(
    row: int, rp: Ints, ri: Ints, score: Ints, moved: Ints, fresh: Bools, only_fresh: bool
) -> int:
    # Column of an uncovered row that gains most, the longest unmoved first, or -1.
    best = -1
    for j in range(rp[row], rp[row + 1]):
        c = ri[j]
        if only_fresh and not fresh[c]:
            continue
        tie = best >= 0 and score[c] == score[best]
        if best < 0 or score[c] > score[best] or (tie and moved[c] < moved[best]):
            best = c
    return best


@kernel
def _search_columns(
    rp: Ints,
    ri: Ints,
    cp: Ints,
    ci: Ints,
    arrays: tuple[Ints, ...],
    marks: tuple[Bools, Bools],
    members: Ints,
    place: Ints,
    best: Bools,
    state: Ints,
    budget: int,
) -> None:
    times, total, weight, score, moved, bare = arrays
    chosen, fresh = marks
    steps = 0
    while steps < budget and (state[STALLED] < state[PATIENCE] or state[N_BARE] == 0):
        swap = state[N_BARE] > 0
        if not swap:
            copy_row(best, chosen)
            state[BEST_COUNT] = state[N_MEMBERS]
            state[STALLED] = 0
            steps += best.size
            if state[BEST_COUNT] <= state[ENOUGH]:
                break
        i = _least_loss(members, state[N_MEMBERS], score, moved, state[TABU])
        c = members[i]
        state[N_MEMBERS] -= 1
        members[i] = members[state[N_MEMBERS]]
        _switch_column(c, False, rp, ri, cp, ci, chosen, times, total, weight, score, fresh)
        state[N_BARE] = _recount(c, cp, ci, times, bare, place, state[N_BARE])
        moved[c] = state[MOVE]
        steps += state[N_MEMBERS] + 4 * (cp[c + 1] - cp[c])
        if not swap:
            continue
        state[RANDOM] = state[RANDOM] * 48271 % 2147483647  # Lehmer's generator
        row = bare[state[RANDOM] % state[N_BARE]]
        c = _most_gain(row, rp, ri, score, moved, fresh, True)
        if c < 0:
            c = _most_gain(row, rp, ri, score, moved, fresh, False)
        _switch_column(c, True, rp, ri, cp, ci, chosen, times, total, weight, score, fresh)
        state[N_BARE] = _recount(c, cp, ci, times, bare, place, state[N_BARE])
        members[state[N_MEMBERS]] = c
        state[N_MEMBERS] += 1
        moved[c] = state[MOVE]
        state[TABU] = c
        state[MOVE] += 1
        state[STALLED] += 1
        steps += 4 * (cp[c + 1] - cp[c])
        for k in range(state[N_BARE]):
            row = bare[k]
            weight[row] += 1
            steps += rp[row + 1] - rp[row]
            for j in range(rp[row], rp[row + 1]):
                score[ri[j]] += 1


def search_cover(
    problem: tuple[Ints, Ints, Ints, Ints],
    start: Ints,
    clock: Clock,
    rng: np.random.Generator,
    *,
    moves: int,
    enough: int = 1,
) -> Ints:
    """Look for a smaller cover than ``start`` by swapping columns.

    Parameters
    ----------
    problem : four ndarray of int64
        row_indptr, row_indices, col_indptr, col_indices.
    start : ndarray of int64
        Columns of a cover.
    clock : Clock
        Deadline; looked at about every ten milliseconds.
    rng : numpy Generator
        Gives one seed.
    moves : int
        Stop after so many moves without a smaller cover.
    enough : int, default=1
        Stop at a cover of so many columns: a lower bound.

    Returns
    -------
    ndarray of int64
        Columns of the smallest cover seen, ascending.

    Examples
    --------
    >>> balls = np.array([0, 2, 5, 7]), np.array([0, 1, 0, 1, 2, 1, 2])
    >>> rng = np.random.default_rng(0)
    >>> search_cover((*balls, *balls), np.arange(3), Clock(None), rng, moves=9)
    array([1])
    """
    rp, ri, cp, ci = problem
    n_rows, n_cols = rp.size - 1, cp.size - 1
    chosen = np.zeros(n_cols, dtype=np.bool_)
    fresh = np.ones(n_cols, dtype=np.bool_)
    times, total = np.zeros(n_rows, dtype=np.int64), np.zeros(n_rows, dtype=np.int64)
    weight = np.ones(n_rows, dtype=np.int64)
    score = np.diff(cp)
    moved = np.zeros(n_cols, dtype=np.int64)
    for c in start:
        _switch_column(c, True, rp, ri, cp, ci, chosen, times, total, weight, score, fresh)
    members = np.zeros(n_cols, dtype=np.int64)
    members[: start.size] = start
    place = np.full(n_rows, -1, dtype=np.int64)
    bare = np.zeros(n_rows, dtype=np.int64)
    best = chosen.copy()
    seed = int(rng.integers(1, 2147483647))
    state = np.array([start.size, start.size, 0, 1, seed, -1, 0, enough, moves], dtype=np.int64)
    arrays = (times, total, weight, score, moved, bare)
    while (
        state[BEST_COUNT] > enough
        and (state[STALLED] < moves or state[N_BARE] == 0)
        and not clock.expired
    ):
        _search_columns(rp, ri, cp, ci, arrays, (chosen, fresh), members, place, best, state, CHUNK)
    return np.flatnonzero(best)
