"""Lower bounds of covering problems from regions whose rows are covered exactly.

With feasible prices y of the rows, each column that touches a region has a cost: 1 less what its
rows outside are worth. A cover pays at least the prices outside and the least cost of covering the
region, which is never below the prices inside and often above, because columns are whole. Where
boxes do not fit, as along the rim of a lattice, this is what prices alone miss; on grids such
losses prove domination numbers (D. Gonçalves, A. Pinlou, M. Rao & S. Thomassé 2011,
arXiv:1102.5206). Regions are made of the rows with fewest others around, more and more of
them, as long as sweeps along them are cheap. Where a region is cut, so is the cost of a column.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.exact.cliques import Columns
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.prices import UNIT
from featgraph.boxes.exact.sweeps import sweep_cover, widest_front

__all__ = ["Region", "RegionBound", "bound_by_regions"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
FIRST, GROWTH = 0.12, 1.08  # share of the rows in the first regions, and how the next ones grow
SMOOTHINGS = 12
EFFORT = 100_000_000  # states of the largest regions, some twenty seconds
FLAT = 4  # sizes without gain after which larger regions are not worth their time
CHEAP = 100_000  # states of a sweep that is tried before a circle is opened
CUTS = 3  # times that a region is cut into halves
MOST_ROWS, MOST_PAIRS = 20_000, 20_000_000  # and pairs of rows that share a column


class Region(NamedTuple):
    """Rows in the order of the sweep, what is left of columns there, and the least cost.

    ``traces.members`` are positions in ``rows``; ``owner`` is the column of each trace, whose
    ``costs`` sum with those of its other traces, and prices of its rows in no region, to at most
    one column.
    """

    rows: Ints
    traces: Columns
    costs: Ints
    owner: Ints
    value: int


class RegionBound(NamedTuple):
    """Prices of all rows and the regions in which they are not needed, in units of 2⁻³⁰."""

    prices: Ints
    regions: list[Region]

    @property
    def value(self) -> int:
        """Least cost of a cover."""
        inside = sum(region.value - int(self.prices[region.rows].sum()) for region in self.regions)
        return int(self.prices.sum()) + inside

    @property
    def bound(self) -> int:
        """Number of columns that are needed."""
        return -(-self.value // UNIT)


class _Piece(NamedTuple):
    """A region that is still to be solved; members of traces are rows of the problem."""

    traces: Columns
    costs: Ints
    owner: Ints

    def split(self, label: Ints, prices: Ints) -> tuple[_Piece, Ints]:
        """Split traces by a label of each entry; return them with the label of each.

        A part gets the prices of its rows, and of what the trace costs beyond them its share.
        """
        lengths = np.diff(self.traces.indptr)
        trace = np.repeat(np.arange(lengths.size), lengths)
        order = np.lexsort((label, trace))
        members, trace, label = self.traces.members[order], trace[order], label[order]
        fresh = (np.diff(trace, prepend=-1) != 0) | (np.diff(label, prepend=-1) != 0)
        starts = np.flatnonzero(fresh)
        parent = trace[starts]
        sizes = np.diff(starts, append=members.size)
        whole = np.add.reduceat(prices[self.traces.members], self.traces.indptr[:-1])
        worth = np.add.reduceat(prices[members], starts)
        costs = worth + (self.costs - whole)[parent] * sizes // lengths[parent]
        traces = Columns(np.append(starts, members.size), members)
        return _Piece(traces, costs, self.owner[parent]), label[starts]

    def select(self, chosen: NDArray[np.bool_]) -> _Piece:
        """Keep some traces."""
        traces, _ = self.traces.strip(np.repeat(chosen, np.diff(self.traces.indptr)))
        return _Piece(traces, self.costs[chosen], self.owner[chosen])


def bound_by_regions(
    problem: Any, candidates: list[Floats], enough: int, clock: Clock, *, effort: int = EFFORT
) -> RegionBound | None:
    """Return the best bound of growing regions, or None where rows or columns are too many.

    Parameters
    ----------
    problem : Covering
        Rows, columns.
    candidates : list of ndarray of float, shape (n_rows,)
        Prices, at least 0, made feasible by division; those that prove more at first are kept.
    enough : int
        Stop at this bound.
    clock : Clock
        Deadline.
    effort : int
        Most states of the sweeps along all regions of one size.

    Returns
    -------
    RegionBound or None
        A certificate in whole numbers.

    Examples
    --------
    >>> from featgraph.boxes.exact.set_cover import Covering
    >>> triangle = Covering.from_columns(np.array([0, 2, 4, 6]), np.array([0, 1, 1, 2, 0, 2]), 3)
    >>> bound_by_regions(triangle, [np.full(3, 0.5)], 2, Clock(None)).bound
    2
    """
    boxes = Columns(problem.col_indptr, problem.col_indices)
    lengths = np.diff(boxes.indptr)
    if problem.n_rows > MOST_ROWS or int((lengths**2).sum()) > MOST_PAIRS or not lengths.all():
        return None
    known = [RegionBound(_make_feasible(boxes, prices), []) for prices in candidates]
    ranked = _rank_rows(problem.matrix())
    best = max(known, key=lambda found: found.value)
    size, flat, before = max(1, round(FIRST * ranked.size)), 0, 1
    while flat < FLAT and best.bound < enough and not clock.expired:
        states, gains, complete = 1, False, True
        for at, start in enumerate(known):
            found, steps = _solve_rows(boxes, start.prices, ranked[:size], clock, effort)
            gains = gains or found.value > start.value + UNIT // 100
            known[at] = max(start, found, key=lambda one: one.value)
            states += steps
            complete = complete and sum(one.rows.size for one in found.regions) == size
        if len(known) > 1 and states > effort // 20:
            known = [max(known, key=lambda found: found.value)]
        best = max(best, *known, key=lambda found: found.value)
        if gains:
            flat = 0
        elif not complete or states > effort // 30:
            flat += 1
        rising = states > effort // 30 and 2 * states * states > effort * before
        if size == ranked.size or states > effort or rising:
            break
        size, before = min(ranked.size, round(GROWTH * size) + 1), states
    return best


def _make_feasible(boxes: Columns, prices: Floats) -> Ints:
    """Return whole prices that no box exceeds."""
    whole = np.floor(np.clip(prices, 0.0, 1.0) * UNIT).astype(np.int64)
    heaviest = int(np.add.reduceat(whole[boxes.members], boxes.indptr[:-1]).max(initial=UNIT))
    feasible: Ints = whole * UNIT // heaviest
    return feasible


def _rank_rows(matrix: Any) -> Ints:
    """Return the rows, those first that share columns with few others, or are near such rows."""
    near = matrix @ matrix.T
    near.data[:] = 1.0
    degree = np.asarray(near.sum(axis=1)).reshape(-1)
    lack = np.maximum(0.0, 1.0 - degree / np.median(degree))
    score = lack
    for _ in range(SMOOTHINGS):
        score = lack + (near @ score) / degree
    return np.argsort(-score.round(12), kind="stable").astype(np.int64)


def _solve_rows(
    boxes: Columns, prices: Ints, rows: Ints, clock: Clock, effort: int
) -> tuple[RegionBound, int]:
    """Return the bound of regions of ``rows``, and the states of the sweeps."""
    from scipy.sparse.csgraph import connected_components

    inside = np.zeros(prices.size, dtype=np.bool_)
    inside[rows] = True
    traces, touched = boxes.strip(inside[boxes.members])
    outside = np.where(inside, 0, prices)[boxes.members]
    costs = UNIT - np.add.reduceat(outside, boxes.indptr[:-1])
    piece = _Piece(traces, costs[touched], np.flatnonzero(touched))
    _, adjacent = _join_rows(traces)
    label = np.full(prices.size, -1, dtype=np.int64)
    label[np.unique(traces.members)] = connected_components(adjacent, directed=False)[1]
    first = label[traces.members[traces.indptr[:-1]]]
    waiting = [(piece.select(first == part), 0) for part in range(int(label.max()) + 1)]
    regions, steps = [], 0
    while waiting and not clock.expired:
        piece, cuts = waiting.pop()
        region, work, halves = _solve_piece(piece, prices, clock, effort - steps)
        steps += work
        if region is not None:
            regions.append(region)
        elif cuts < CUTS and steps < effort:
            split, label_of = piece.split(halves, prices)
            waiting += [(split.select(label_of == half), cuts + 1) for half in range(2)]
    return RegionBound(prices, regions), steps


def _join_rows(traces: Columns) -> tuple[Ints, object]:
    """Return the rows of traces, ascending, and the matrix of those that share one."""
    from scipy.sparse import csr_matrix

    rows, places = np.unique(traces.members, return_inverse=True)
    ones = np.ones(places.size)
    shape = (traces.n_columns, rows.size)
    matrix = csr_matrix((ones, places.reshape(-1), traces.indptr), shape=shape)
    adjacent = (matrix.T @ matrix).tocsr()
    adjacent.setdiag(0.0)
    adjacent.eliminate_zeros()
    adjacent.data[:] = 1.0
    return rows, adjacent


def _solve_piece(
    piece: _Piece, prices: Ints, clock: Clock, effort: int
) -> tuple[Region | None, int, Ints]:
    """Return the solved region or None, the states of its sweep, and halves to cut it into.

    Rows stand along the region as the slowest waves of its Laplacian say: from one end to the
    other, or around it, where the circle is opened at its narrowest place.
    """
    rows, adjacent = _join_rows(piece.traces)
    place = np.zeros(prices.size, dtype=np.int64)
    place[rows] = np.arange(rows.size)
    waves = _slowest_waves(adjacent)
    halves = (waves[:, 0] > np.median(waves[:, 0])).astype(np.int64)[place[piece.traces.members]]
    line = _arrange(piece, rows[np.argsort(waves[:, 0], kind="stable")], prices, cut=False)
    circle = _arrange(piece, rows[_open_circle(waves, adjacent)], prices, cut=True)
    wide, narrow = (widest_front(one.traces, rows.size) for one in (line, circle))
    tries = [(line, effort)]
    if 3 * narrow <= 2 * wide:  # but a cut has its price
        tries = [(line, min(effort, CHEAP)), (circle, effort)]
    steps = 0
    for region, most in tries:
        order = region.rows
        found = sweep_cover(region.traces, region.costs, prices[order], clock, effort=most)
        steps += found.steps
        if found.cost is not None:
            return region._replace(value=found.cost), steps, halves
    return None, steps, halves


def _arrange(piece: _Piece, rows: Ints, prices: Ints, *, cut: bool) -> Region:
    """Return a region with its rows in order; ``cut`` parts traces that are at both ends."""
    position = np.zeros(prices.size, dtype=np.int64)
    position[rows] = np.arange(rows.size)
    if cut:
        at, starts = position[piece.traces.members], piece.traces.indptr[:-1]
        span = np.maximum.reduceat(at, starts) - np.minimum.reduceat(at, starts)
        around = np.repeat(2 * span > rows.size, np.diff(piece.traces.indptr))
        piece, _ = piece.split((around & (2 * at >= rows.size)).astype(np.int64), prices)
    at = position[piece.traces.members]
    trace = np.repeat(np.arange(piece.costs.size), np.diff(piece.traces.indptr))
    traces = Columns(piece.traces.indptr, at[np.lexsort((at, trace))])
    return Region(rows, traces, piece.costs, piece.owner, 0)


def _slowest_waves(adjacent: object) -> Floats:
    """Return the two eigenvectors of the Laplacian that follow the constant one."""
    from scipy.sparse.csgraph import laplacian
    from scipy.sparse.linalg import eigsh

    matrix = laplacian(adjacent)
    n_rows = matrix.shape[0]
    if n_rows < 40:
        vectors = np.linalg.eigh(matrix.toarray())[1]
    else:
        start = np.cos(np.arange(n_rows))
        vectors = eigsh(matrix.tocsc(), k=3, sigma=-0.01, which="LM", v0=start)[1]
    waves: Floats = vectors[:, [1, min(2, n_rows - 1)]] if n_rows > 1 else np.zeros((1, 2))
    return waves


def _open_circle(waves: Floats, adjacent: Any) -> Ints:
    """Return rows by angle, from where fewest pairs of adjacent rows are parted."""
    order = np.argsort(np.arctan2(waves[:, 1], waves[:, 0]), kind="stable")
    position = np.empty(order.size, dtype=np.int64)
    position[order] = np.arange(order.size)
    first, last = np.sort(position[np.stack(adjacent.nonzero())], axis=0)
    near = 2 * (last - first) <= order.size
    crossing = np.zeros(order.size + 1)  # pairs across the gap before each position
    np.add.at(crossing, first + 1, np.where(near, 1, -1))
    np.add.at(crossing, last + 1, np.where(near, -1, 1))
    crossing = np.cumsum(crossing)[: order.size] + np.count_nonzero(~near)
    return np.roll(order, -int(np.argmin(crossing)))
