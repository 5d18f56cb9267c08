"""Covering problems (rows are nodes, columns are boxes) and how they are solved.

Reductions, parts, a search for small covers, prices that prove bounds, columns that no better
cover can hold struck out, and HiGHS for what is still open.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.highs import choose_columns, price_rows
from featgraph.boxes.exact.packing import pack_rows
from featgraph.boxes.exact.prices import (
    UNIT,
    Certificate,
    ascend_prices,
    certify,
    relax,
    weigh_boxes,
)
from featgraph.boxes.exact.reductions import reduce_set_cover
from featgraph.boxes.exact.regions import RegionBound, bound_by_regions
from featgraph.boxes.exact.row_weighting import cover_by_gain, search_cover

__all__ = ["Covering", "CoveringPart", "split_covering"]

Ints = NDArray[np.int64]
QUICK_MOVES = 2_000
LONG_MOVES = 100_000
MOST_MOVES = 3_000_000  # on a lattice of 50 × 50 covers still shrink after a million
RELAXATIONS, TURNS = 20, 500  # looks at the bound, and steps of the relaxation before each
LARGEST_PROGRAMME = 3_000_000  # entries; beyond it HiGHS needs minutes to look at the problem


class Covering(NamedTuple):
    """Columns of each row and rows of each column, both as CSR."""

    row_indptr: Ints
    row_indices: Ints
    col_indptr: Ints
    col_indices: Ints

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return self.row_indptr.size - 1

    @property
    def n_columns(self) -> int:
        """Number of columns."""
        return self.col_indptr.size - 1

    @classmethod
    def from_columns(cls, indptr: Ints, indices: Ints, n_rows: int) -> Covering:
        """Build both directions from the rows of each column."""
        from scipy.sparse import csc_matrix

        data = np.ones(indices.size, dtype=np.int8)
        matrix = csc_matrix((data, indices, indptr), shape=(n_rows, indptr.size - 1))
        return cls.from_matrix(matrix)

    @classmethod
    def from_matrix(cls, matrix: Any) -> Covering:
        """Build both directions from a sparse matrix, rows by columns."""
        rows, columns = matrix.tocsr(), matrix.tocsc()
        arrays = (rows.indptr, rows.indices, columns.indptr, columns.indices)
        return cls(*(array.astype(np.int64, copy=False) for array in arrays))

    def matrix(self) -> Any:
        """Return the covering matrix as scipy CSR of floats."""
        from scipy.sparse import csr_matrix

        data = np.ones(self.row_indices.size)
        shape = (self.n_rows, self.n_columns)
        return csr_matrix((data, self.row_indices, self.row_indptr), shape=shape)

    def restrict(self, rows: Ints, columns: Ints) -> Covering:
        """Keep some rows and columns, renumbered in the order given."""
        return Covering.from_matrix(self.matrix()[rows][:, columns])


def split_covering(problem: Covering, clock: Clock) -> list[CoveringPart]:
    """Reduce a covering problem and split it into parts that share no column.

    Examples
    --------
    >>> edges = Covering.from_columns(np.array([0, 2, 4]), np.array([0, 1, 2, 3]), 4)
    >>> [(part.rows.tolist(), part.columns.tolist()) for part in split_covering(edges, Clock(None))]
    [([0], [0]), ([2], [1])]
    """
    from scipy.sparse import bmat
    from scipy.sparse.csgraph import connected_components

    rows, columns = reduce_set_cover(*problem, clock)
    matrix = problem.matrix()[rows][:, columns].tocsr()
    _, label = connected_components(bmat([[None, matrix], [matrix.T, None]]), directed=False)
    row_label, column_label = label[: rows.size], label[rows.size :]
    row_order = np.argsort(row_label, kind="stable")
    column_order = np.argsort(column_label, kind="stable")
    n_parts = int(row_label.max(initial=-1)) + 1
    row_ends = np.searchsorted(row_label[row_order], np.arange(n_parts + 1))
    column_ends = np.searchsorted(column_label[column_order], np.arange(n_parts + 1))
    parts = []
    for part in range(n_parts):
        own_rows = row_order[row_ends[part] : row_ends[part + 1]]
        own_columns = column_order[column_ends[part] : column_ends[part + 1]]
        if own_rows.size == 1 and own_columns.size == 1:
            one = np.array([0, 1], dtype=np.int64)
            zero = np.zeros(1, dtype=np.int64)
            small = Covering(one, zero, one, zero)
        else:
            small = Covering.from_matrix(matrix[own_rows][:, own_columns])
        parts.append(CoveringPart(small, rows[own_rows], columns[own_columns]))
    return parts


class CoveringPart:
    """One part of a covering problem: the best cover so far and a certified bound.

    Parameters
    ----------
    problem : Covering
        Rows and columns of this part.
    rows, columns : ndarray of int64
        Their numbers in the whole problem.
    """

    def __init__(self, problem: Covering, rows: Ints, columns: Ints) -> None:
        self.problem = problem
        self.rows = rows
        self.columns = columns
        self.chosen = cover_by_gain(*problem)
        self.lower = self.certified = 1  # the second one without branch and bound
        self._certificate: Certificate | None = None
        self._prices: list[NDArray[np.float64]] = []  # the simplest ones, and the best
        self.regions: RegionBound | None = None

    @property
    def upper(self) -> int:
        """Number of columns of the best cover."""
        return self.chosen.size

    def is_open(self) -> bool:
        """Whether a smaller cover may exist."""
        return self.lower < self.upper

    @property
    def weight(self) -> int:
        """Share of the time that this part may take."""
        return self.problem.row_indices.size

    def start(self) -> None:
        """Bound by a packing and by the simplest prices: each row's share of a largest column."""
        if self.upper > 1:
            packed = pack_rows(*self.problem[:3])
            self.lower = self.certified = max(self.lower, packed.size)
            self._certify(ascend_prices(*self.problem, self.upper, Clock(0.0)))

    def pack(self, clock: Clock, rng: np.random.Generator) -> None:
        """Bound by prices from subgradient steps; they never prove less than a packing can."""
        del rng
        if self.is_open():
            self._certify(ascend_prices(*self.problem, self.upper, clock))

    def improve(self, clock: Clock, rng: np.random.Generator) -> None:
        """Search for small covers and for good prices until they meet or both stall."""
        self._search(clock, rng, QUICK_MOVES)
        most = float(self.upper)  # no prices prove more
        if self.is_open():
            start = ascend_prices(*self.problem, self.upper, clock.share(0.5))
            self._certify(start)
            most = self._relax(start, clock.share(0.3))
        if self.is_open():
            self._solve_regions(clock.share(0.4))
        if self.lower < min(most, self.upper) and self.weight <= LARGEST_PROGRAMME:
            prices = None if clock.expired else price_rows(self.problem.matrix(), clock.share(0.5))
            if prices is not None:
                self._certify(prices)
        if self.is_open():
            self._search(clock, rng, LONG_MOVES)

    def solve_exact(self, clock: Clock, rng: np.random.Generator) -> None:
        """Search on where the gap is wide, then ask HiGHS for a better cover or a proof."""
        if self.upper - self.lower > 1:
            self._search(clock.share(0.5), rng, MOST_MOVES)
        if not self.is_open() or self.weight > LARGEST_PROGRAMME or clock.expired:
            return
        keep = self.useful_columns()
        matrix = self.problem.matrix()[:, keep]
        if np.any(np.diff(matrix.indptr) == 0):
            # some row has no column left: no better cover exists
            self.lower = self.certified = self.upper
            return
        choice = choose_columns(matrix, clock)
        if choice.chosen is not None and choice.chosen.size < self.upper:
            self.chosen = keep[choice.chosen]
        # The bound speaks of the kept columns only; a better cover would consist of them.
        self.lower = max(self.lower, min(choice.bound, self.upper))

    def adopt(self, labels: Ints) -> None:
        """Take a cover given as a box number per row, if columns can hold those boxes.

        Each box goes into a column that holds all of it; a box that no column holds leaves the
        cover as it was.
        """
        rows = np.argsort(labels, kind="stable")
        ends = np.searchsorted(labels[rows], np.arange(int(labels.max()) + 2))
        chosen = set()
        for box in range(ends.size - 1):
            members = rows[ends[box] : ends[box + 1]]
            lists = [self._columns_of(row) for row in members]
            columns, times = np.unique(np.concatenate(lists), return_counts=True)
            holding = columns[times == members.size]
            if not holding.size:
                return
            chosen.add(int(holding[0]))
        if len(chosen) < self.upper:
            self.chosen = np.array(sorted(chosen), dtype=np.int64)

    def assign(self) -> Ints:
        """Return a chosen column for every row, numbered from 0, each in use."""
        labels = np.full(self.problem.n_rows, -1, dtype=np.int64)
        for column in self.chosen[::-1]:
            bounds = self.problem.col_indptr[column : column + 2]
            labels[self.problem.col_indices[bounds[0] : bounds[1]]] = column
        return np.unique(labels, return_inverse=True)[1].astype(np.int64).reshape(-1)

    def _columns_of(self, row: int) -> Ints:
        bounds = self.problem.row_indptr[row : row + 2]
        return self.problem.row_indices[bounds[0] : bounds[1]]

    def useful_columns(self) -> Ints:
        """Return the columns that a cover smaller than the best could hold.

        A cover with column c costs at least the value of the prices plus the reduced cost of c.
        """
        if self._certificate is None:
            return np.arange(self.problem.n_columns, dtype=np.int64)
        room = (self.upper - 1) * UNIT - self._certificate.value
        return np.flatnonzero(self._certificate.reduced_costs <= room)

    def _certify(self, prices: NDArray[np.float64]) -> None:
        found = certify(prices, self.problem.col_indptr, self.problem.col_indices)
        if self._certificate is None or found.value > self._certificate.value:
            self._certificate = found
            self._prices = [*self._prices[:1], prices]
        self.certified = max(self.certified, min(found.bound, self.upper))
        self.lower = max(self.lower, self.certified)

    def _solve_regions(self, clock: Clock) -> None:
        """Raise the bound where boxes, being whole, do not fit."""
        self.regions = bound_by_regions(self.problem, self._prices, self.upper, clock)
        if self.regions is not None:
            self.certified = max(self.certified, min(self.regions.bound, self.upper))
            self.lower = max(self.lower, self.certified)

    def _relax(self, prices: NDArray[np.float64], clock: Clock) -> float:
        """Go on from prices by primal-dual steps; return what no prices can exceed."""
        boxes = self.problem[2:]
        shares, least = np.zeros(self.problem.n_columns), float(self.upper)
        for _ in range(RELAXATIONS):
            if not self.is_open() or self.lower >= least or clock.expired:
                break
            least = relax(*boxes, np.ones(prices.size), prices, shares, TURNS)
            self._certify(prices / weigh_boxes(*boxes, prices).max(initial=1e-9))
        return least

    def _search(self, clock: Clock, rng: np.random.Generator, moves: int) -> None:
        if self.is_open():
            self.chosen = search_cover(
                self.problem, self.chosen, clock, rng, moves=moves, enough=self.lower
            )
