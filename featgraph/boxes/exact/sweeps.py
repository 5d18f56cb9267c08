"""Cheapest covers of narrow regions, exactly, by dynamic programming along an order of the rows.

Rows are retired in order. A state is the set of later rows that are covered already, and its cost;
the first row that is not covered takes one of its columns. Rows hold a bit from the first row that
shares a column with them until they are retired, so regions may be as long as they like if few rows
are open at a time (frontier methods; states of set covering as in D. Bergman, A. Cire, W.-J. van
Hoeve & J. Hooker 2016, doi:10.1007/978-3-319-42849-9). Two rules strike out states: one that holds
a row more at no more cost, and a cost above that of covering all open rows from the best state.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.exact.cliques import Columns
from featgraph.boxes.exact.clock import Clock
from featgraph.kernels import kernel
from featgraph.kernels.bits import WORD, lowest_bit

__all__ = ["Sweep", "sweep_cover", "widest_front"]

Ints = NDArray[np.int64]
MOST_STATES = 1 << 19  # of one row: 40 MiB with their table
PRIME, FACTOR = 2147483647, 48271  # hashing without overflow: Lehmer's generator


class Sweep(NamedTuple):
    """Least cost (None: too wide, too much work or out of time) and the states looked at."""

    cost: int | None
    steps: int


class _Plan(NamedTuple):
    """Entries of columns row by row: what a column covers after a row, as bits of open rows."""

    bit: Ints  # of each row
    opens: Ints  # the row at which each row opens
    after: Ints  # for each entry, in the order of the columns
    row_indptr: Ints
    entries: Ints  # of each row, numbers of entries
    column: Ints  # of each entry


@kernel
def _assign_places(indptr: Ints, members: Ints, opens: Ints, places: Ints) -> int:
    # Where each row opens, and its place among the open rows; returns the most that are open.
    n_rows = places.size
    opens[:] = np.arange(n_rows)
    for c in range(indptr.size - 1):
        for k in range(indptr[c], indptr[c + 1]):
            opens[members[k]] = min(opens[members[k]], members[indptr[c]])
    order = np.argsort(opens, kind="mergesort")
    free = np.empty(n_rows, dtype=np.int64)
    n_free = 0
    most = 0
    at = 0
    for row in range(n_rows):
        while at < n_rows and opens[order[at]] <= row:
            if n_free > 0:
                n_free -= 1
                places[order[at]] = free[n_free]
            else:
                places[order[at]] = most
                most += 1
            at += 1
        free[n_free] = places[row]
        n_free += 1
    return most


def widest_front(columns: Columns, n_rows: int) -> int:
    """Return how many rows are open at a time, at most.

    Examples
    --------
    >>> widest_front(Columns(np.array([0, 2, 4, 6]), np.array([0, 1, 1, 2, 2, 3])), 4)
    2
    """
    opens, places = np.zeros((2, n_rows), dtype=np.int64)
    return int(_assign_places(*columns, opens, places))


@kernel
def _mask_after(indptr: Ints, members: Ints, bit: Ints, after: Ints) -> None:
    for c in range(indptr.size - 1):
        mask = 0
        for k in range(indptr[c + 1] - 1, indptr[c] - 1, -1):
            after[k] = mask
            mask |= bit[members[k]]


def _plan(columns: Columns, n_rows: int) -> _Plan | None:
    opens, places = np.zeros((2, n_rows), dtype=np.int64)
    if _assign_places(*columns, opens, places) > WORD:
        return None
    bit = np.left_shift(np.int64(1), places)
    after = np.zeros(columns.members.size, dtype=np.int64)
    _mask_after(*columns, bit, after)
    entries = np.argsort(columns.members, kind="stable").astype(np.int64)
    counts = np.bincount(columns.members, minlength=n_rows)
    column = np.repeat(np.arange(columns.n_columns), np.diff(columns.indptr))
    return _Plan(bit, opens, after, np.concatenate(([0], np.cumsum(counts))), entries, column)


@kernel
def _find_place(table: Ints, keys: Ints, key: int) -> int:
    at = (key % PRIME) * FACTOR % PRIME & (table.size - 1)
    while table[at] >= 0 and keys[table[at]] != key:
        at = (at + 1) & (table.size - 1)
    return int(at)


@kernel
def _best_state(keys: Ints, costs: Ints, count: int, worth: Ints) -> int:
    # The state of least cost, less what its open rows are worth.
    best = 0
    least = 0
    for i in range(count):
        value = costs[i]
        left = keys[i]
        while left:
            value -= worth[lowest_bit(left)]
            left &= left - 1
        if i == 0 or value < least:
            best = i
            least = value
    return best


@kernel
def _cost_of_all(
    row: int,
    key: int,
    cost: int,
    is_open: int,
    row_at: Ints,
    worth: Ints,
    columns: tuple[Ints, Ints, Ints],
    plan: tuple[Ints, Ints, Ints, Ints, Ints],
) -> int:
    # Cost of a state once columns cover all open rows, each with least cost less worth gained.
    indptr, members, column_costs = columns
    bit, after, row_indptr, entries, column = plan
    while is_open & ~key:
        other = row_at[lowest_bit(is_open & ~key)]
        best_value = 0
        best_mask = -1
        best_cost = 0
        for e in range(row_indptr[other], row_indptr[other + 1]):
            c = column[entries[e]]
            k = indptr[c]
            if members[k] > row:
                continue
            while members[k] < row:
                k += 1
            mask = after[k] | bit[members[k]]
            value = column_costs[c]
            left = mask & ~key
            while left:
                value -= worth[lowest_bit(left)]
                left &= left - 1
            if best_mask < 0 or value < best_value:
                best_value = value
                best_mask = mask
                best_cost = column_costs[c]
        key |= best_mask
        cost += best_cost
    return cost


@kernel
def _choices(
    row: int, column_costs: Ints, after: Ints, row_indptr: Ints, entries: Ints, column: Ints
) -> tuple[Ints, Ints]:
    # Columns of a row that no cheaper one holds, as bits of later rows and costs.
    low, high = row_indptr[row], row_indptr[row + 1]
    masks = np.empty(high - low, dtype=np.int64)
    costs = np.empty(high - low, dtype=np.int64)
    count = 0
    for e in range(low, high):
        mask, cost = after[entries[e]], column_costs[column[entries[e]]]
        useful = True
        for f in range(low, high):
            other, price = after[entries[f]], column_costs[column[entries[f]]]
            if mask & ~other == 0 and price <= cost:
                same = mask == other and price == cost
                useful = useful and (f == e or (same and f > e))
        if useful:
            masks[count] = mask
            costs[count] = cost
            count += 1
    return masks[:count], costs[:count]


@kernel
def _retire(
    keys: Ints,
    costs: Ints,
    count: int,
    own: int,
    price: int,
    masks: Ints,
    mask_costs: Ints,
    most: int,
    new_keys: Ints,
    new_costs: Ints,
    table: Ints,
) -> int:
    # States after a row: those that hold its bit lose it, the others take a column. None costs
    # more than `most`. Returns their number, -1 if there is no room.
    table[:] = -1
    n_new = 0
    for i in range(count):
        held = keys[i] & own
        for j in range(1 if held else masks.size):
            key = keys[i] ^ own if held else keys[i] | masks[j]
            cost = costs[i] - price if held else costs[i] + mask_costs[j] - price
            if cost > most:
                continue
            at = _find_place(table, new_keys, key)
            if table[at] >= 0:
                new_costs[table[at]] = min(new_costs[table[at]], cost)
            elif n_new == new_keys.size or 2 * n_new >= table.size:
                return -1
            else:
                table[at] = n_new
                new_keys[n_new] = key
                new_costs[n_new] = cost
                n_new += 1
    return n_new


@kernel
def _keep_useful(keys: Ints, costs: Ints, count: int, table: Ints, is_open: int) -> int:
    # Strikes out states that another one with one more row undercuts; returns how many are left.
    useful = np.ones(count, dtype=np.bool_)
    for i in range(count):
        left = is_open & ~keys[i]
        while left and useful[i]:
            at = _find_place(table, keys, keys[i] | (left & -left))
            left &= left - 1
            useful[i] = table[at] < 0 or costs[table[at]] > costs[i]
    kept = 0
    for i in range(count):
        if useful[i]:
            keys[kept] = keys[i]
            costs[kept] = costs[i]
            kept += 1
    return kept


def sweep_cover(
    columns: Columns, costs: Ints, prices: Ints, clock: Clock, *, effort: int = 100_000_000
) -> Sweep:
    """Return the least cost of columns that cover all rows.

    Parameters
    ----------
    columns : Columns
        Rows of each column, ascending; rows are numbered in the order of the sweep, and each has
        a column.
    costs : ndarray of int64
        Cost of each column, at least 0.
    prices : ndarray of int64, shape (n_rows,)
        What a covered row is worth. Any numbers give the same answer; those of a good dual solution
        strike out most states.
    clock : Clock
        Looked at once per row.
    effort : int, default=100000000
        Give up after so many states, about ten seconds.

    Returns
    -------
    Sweep
        Time O(states · columns of a row); up to 2^(rows open at a time) states per row.

    Examples
    --------
    >>> path = Columns(np.array([0, 2, 4, 6]), np.array([0, 1, 1, 2, 2, 3]))
    >>> sweep_cover(path, np.array([3, 1, 3]), np.ones(4, dtype=np.int64), Clock(None)).cost
    6
    """
    plan = _plan(columns, prices.size)
    if plan is None:
        return Sweep(None, 0)
    tables = plan.bit, plan.after, plan.row_indptr, plan.entries, plan.column
    old = np.zeros(MOST_STATES, dtype=np.int64), np.zeros(MOST_STATES, dtype=np.int64)
    new = np.empty_like(old[0]), np.empty_like(old[1])
    table = np.empty(2 * MOST_STATES, dtype=np.int64)
    row_at, worth = np.zeros(WORD, dtype=np.int64), np.zeros(WORD, dtype=np.int64)
    waiting = np.argsort(plan.opens, kind="stable")
    bounds = np.searchsorted(plan.opens[waiting], np.arange(prices.size + 1))
    count, steps, is_open = 1, 0, 0
    for row in range(prices.size):
        for other in waiting[bounds[row] : bounds[row + 1]]:
            place = int(plan.bit[other]).bit_length() - 1
            row_at[place], worth[place] = other, prices[other]
            is_open |= int(plan.bit[other])
        best = _best_state(*old, count, worth)
        start = int(old[0][best]), int(old[1][best])
        whole = _cost_of_all(row, *start, is_open, row_at, worth, (*columns, costs), tables)
        own, price = int(plan.bit[row]), int(prices[row])
        masks, mask_costs = _choices(row, costs, *tables[1:])
        size = 64
        while size < 2 * count:
            size *= 2
        n_new = -1
        while n_new < 0 and size < 2 * table.size:
            most = whole - price
            n_new = _retire(*(*old, count, own, price, masks, mask_costs, most, *new, table[:size]))
            size *= 4
        steps += max(n_new, count)
        if n_new < 0 or steps > effort or clock.expired:
            return Sweep(None, steps)
        is_open ^= own
        used = min(size // 4, table.size)
        count = _keep_useful(*new, n_new, table[:used], is_open)
        old, new = new, old
    return Sweep(int(old[1][:count].min()) + int(prices.sum()), steps)
