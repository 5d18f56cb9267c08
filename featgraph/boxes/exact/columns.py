"""A pool of boxes for relations with too many maximal boxes to list, filled by prices.

Fractional covers by the boxes of the pool give prices; boxes whose members are priced above 1 in
all join the pool until there is none. With w the largest price of any box, prices divided by w are
feasible, so their sum bounds the number of boxes from below at every turn (A. Farley 1990,
doi:10.1287/opre.38.5.922). Column generation for colouring, the same problem on the other pairs:
A. Mehrotra & M. Trick (1996), doi:10.1287/ijoc.8.4.344.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.bits import pack_lists
from featgraph.boxes.exact.cliques import Columns, list_maximal_cliques
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.grown_cliques import grow_heavy
from featgraph.boxes.exact.lp_dual import UNIT
from featgraph.boxes.exact.max_weight_clique import find_heavy
from featgraph.boxes.exact.relation import has_dense_rows
from featgraph.boxes.exact.relaxation import relax, weigh_boxes
from featgraph.boxes.exact.set_cover import Covering
from featgraph.kernels import kernel
from featgraph.kernels.bits import lowest_bit

__all__ = ["BoxPool", "whole_prices"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
TURNS = 60  # steps of the relaxation between two looks for boxes
EFFORT = 400_000_000  # steps per second of an exact search for the heaviest box
LISTING = 200_000_000  # steps of a list of all boxes that matter
MOST_KEPT = 4  # boxes per node that are handed on


@kernel
def _extend(
    indptr: Ints, indices: Ints, col_indptr: Ints, members: Ints, rank: Ints, out: Ints
) -> Ints:
    # Every box, less members that do not fit to those before, grows to a maximal one, by
    # candidates of least rank. out is long enough for boxes of the largest degree; returns where
    # each one ends.
    ends = np.zeros(col_indptr.size, dtype=np.int64)
    tally = np.zeros(rank.size, dtype=np.int64)
    used = 0
    for c in range(col_indptr.size - 1):
        box = members[col_indptr[c] : col_indptr[c + 1]]
        tally[:] = 0
        size = 0
        grown = False
        while True:
            for v in box:
                if tally[v] == size:
                    out[used] = v
                    used += 1
                    size += 1
                    tally[v] = -1
                    for k in range(indptr[v], indptr[v + 1]):
                        tally[indices[k]] += 1
            if grown:
                break
            first = box[0]
            row = indices[indptr[first] : indptr[first + 1]]
            box = row[tally[row] == size]
            box = box[np.argsort(rank[box])]
            grown = True
        ends[c + 1] = used
    return ends


@kernel
def _extend_bits(
    bits: Ints, degrees: Ints, col_indptr: Ints, members: Ints, rank: Ints, out: Ints
) -> Ints:
    # The same as _extend, with rows as bits.
    words = bits.shape[1]
    ends = np.zeros(col_indptr.size, dtype=np.int64)
    allowed = np.empty(words, dtype=np.int64)
    used = 0
    for c in range(col_indptr.size - 1):
        box = members[col_indptr[c] : col_indptr[c + 1]]
        allowed[:] = bits[box[0]]
        allowed[box[0] // 63] |= 1 << (box[0] % 63)
        grown = False
        while True:
            for v in box:
                if (allowed[v // 63] >> (v % 63)) & 1:
                    out[used] = v
                    used += 1
                    for w in range(words):
                        allowed[w] &= bits[v, w]
                    allowed[v // 63] &= ~(1 << (v % 63))
            if grown:
                break
            box = np.empty(degrees[box[0]], dtype=np.int64)
            count = 0
            for w in range(words):
                left = allowed[w]
                while left:
                    box[count] = 63 * w + lowest_bit(left)
                    left &= left - 1
                    count += 1
            box = box[:count]
            box = box[np.argsort(rank[box])]
            grown = True
        ends[c + 1] = used
    return ends


def whole_prices(boxes: Columns, prices: Floats) -> Ints:
    """Return prices in whole units at which none of the boxes costs more than one column."""
    heaviest = weigh_boxes(*boxes, prices).max(initial=1e-9)
    whole: Ints = np.floor(np.clip(prices / heaviest, 0.0, 1.0) * UNIT).astype(np.int64)
    return whole


class BoxPool:
    """Maximal boxes gathered so far, and the bound that pricing has proven.

    Parameters
    ----------
    indptr, indices : ndarray of int64
        Rows of the relation, both directions, no self-pairs.
    rng : numpy Generator
        Decides how boxes grow to maximal ones.
    """

    def __init__(self, indptr: Ints, indices: Ints, rng: np.random.Generator) -> None:
        self.indptr = indptr
        self.indices = indices
        self.rng = rng
        self.n_nodes = indptr.size - 1
        self._bits = None
        if has_dense_rows(indptr, indices):
            self._bits = pack_lists(indptr[:-1], indptr[1:], indices)
        self.bound = 1
        self.boxes = Columns(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64))
        self.shares = np.zeros(0)
        self.prices = np.zeros(self.n_nodes)
        self._known: set[bytes] = set()
        self._proven = np.zeros(self.n_nodes, dtype=np.int64)  # feasible once divided by _heaviest
        self._heaviest = UNIT
        self._slack = 0.3  # exact searches look for boxes priced above 1 + slack

    def grow(self, columns: Columns) -> list[Ints]:
        """Return each box grown to a maximal one, members ascending."""
        rank = self.rng.permutation(self.n_nodes)
        degrees = np.diff(self.indptr)
        widest = int(degrees.max(initial=0)) + 1
        found = []
        for low in range(0, columns.n_columns, 1000):  # less memory than for all at once
            bounds = columns.indptr[low : low + 1001]
            out = np.empty((bounds.size - 1) * widest, dtype=np.int64)
            boxes = (bounds, columns.members, rank, out)
            if self._bits is None:
                ends = _extend(self.indptr, self.indices, *boxes)
            else:
                ends = _extend_bits(self._bits, degrees, *boxes)
            found += [np.sort(out[i:j]) for i, j in itertools.pairwise(ends.tolist())]
        return found

    def add(self, columns: Columns, shares: Floats | None = None) -> int:
        """Add boxes, grown to maximal ones, with shares (default: 0); return how many are new."""
        grown = self.grow(columns)
        given = np.zeros(len(grown)) if shares is None else shares
        new: dict[bytes, float] = {}
        for box, share in zip(grown, given.tolist(), strict=True):
            key = box.tobytes()
            if key not in self._known:
                new[key] = new.get(key, 0.0) + share
        self._known.update(new)
        if new:
            found = [np.frombuffer(key, dtype=np.int64) for key in new]
            self.boxes = self.boxes.join(Columns.from_boxes(found))
            self.shares = np.concatenate((self.shares, np.fromiter(new.values(), np.float64)))
        return len(new)

    def add_labels(self, labels: Ints) -> int:
        """Add the boxes of a cover."""
        order = np.argsort(labels, kind="stable").astype(np.int64)
        return self.add(Columns(np.concatenate(([0], np.cumsum(np.bincount(labels)))), order))

    def price(self, upper: int, clock: Clock, *, enough: float = 1.0, exact: bool = True) -> bool:
        """Fill the pool by prices; return whether the bound is as good as prices can make it.

        Parameters
        ----------
        upper : int
            Number of boxes of a known cover; the work ends where the bound reaches it.
        clock : Clock
            Deadline.
        enough : float, default=1.0
            Share of the fractional cover at which the bound is good enough.
        exact : bool, default=True
            Search for the heaviest box where growing finds few; else stop there, without a bound.
        """
        if not self.prices.any():
            self.prices[:] = self.n_nodes / max(1, self.boxes.members.size)
        demand = np.ones(self.n_nodes)
        many = self.n_nodes // 16 + 1
        new = many
        while self.bound < upper and not clock.expired:
            least = relax(*self.boxes, demand, self.prices, self.shares, TURNS)
            # no bound from prices can exceed a fractional cover, rounded up
            if self.bound >= enough * least:
                return True
            whole = whole_prices(self.boxes, self.prices)
            quick = self.add(grow_heavy(self.indptr, self.indices, whole, UNIT)) if new else 0
            if quick < many:
                if not exact:
                    return False
                quick += self._search(whole, clock)
            new = quick
        return self.bound >= upper

    @property
    def certificate(self) -> tuple[Ints, int]:
        """Whole prices of the nodes, and a number that the price of no box exceeds."""
        return self._proven, self._heaviest

    def _search(self, whole: Ints, clock: Clock) -> int:
        """Look for boxes priced above 1 + slack, and prove a bound; return how many are new."""
        limit = UNIT + int(self._slack * UNIT)
        effort = int(EFFORT * min(1.0, 0.2 * clock.left()))
        heavy = find_heavy(self.indptr, self.indices, whole, limit, clock, effort=effort)
        self._prove(whole, heavy.at_most)
        new = self.add(heavy.columns)
        if heavy.at_most == limit:
            self._slack = 0.5 * self._slack if self._slack > 0.02 else 0.0
        elif new == 0:
            self._slack = 2.0 * self._slack + 0.02
        return new

    def list_useful(self, upper: int, clock: Clock) -> Covering | None:
        """Return the problem over all boxes that a cover smaller than ``upper`` could hold.

        With feasible prices of sum z, a cover that holds a box of price p needs at least
        z + 1 − p boxes. None where the boxes are too many to list.
        """
        total, unit = int(self._proven.sum()), self._heaviest
        least = max(0, total + 2 * unit - upper * unit)
        columns = list_maximal_cliques(
            self.indptr,
            self.indices,
            clock,
            n_columns=30_000,
            n_members=2_000_000,
            weight=self._proven,
            least=least,
            effort=LISTING,
        )
        if columns is None:
            return None
        return Covering.from_columns(columns.indptr, columns.members, self.n_nodes)

    def best_boxes(self) -> tuple[Columns, Floats]:
        """Return the boxes with the largest prices, and their shares."""
        costs = weigh_boxes(*self.boxes, self.prices)
        kept = np.sort(np.argsort(-costs, kind="stable")[: MOST_KEPT * self.n_nodes])
        lengths = np.diff(self.boxes.indptr)
        inside = np.zeros(lengths.size, dtype=np.bool_)
        inside[kept] = True
        members = self.boxes.members[np.repeat(inside, lengths)]
        ends = np.concatenate(([0], np.cumsum(lengths[kept])))
        return Columns(ends, members), self.shares[kept]

    def _prove(self, prices: Ints, heaviest: int) -> None:
        """Keep the prices with the best sum over the heaviest box."""
        if int(prices.sum()) * self._heaviest > int(self._proven.sum()) * heaviest:
            self._proven, self._heaviest = prices, heaviest
            self.bound = max(self.bound, -(-int(prices.sum()) // heaviest))
