"""Bounds from a pool of boxes, for relations with too many maximal boxes to list.

Fractional covers by the boxes of the pool give prices; boxes whose members are priced above 1 in
all join the pool until there is none. With w the largest price of any box, prices divided by w are
feasible, so their sum bounds the number of boxes from below at every turn (A. Farley 1990,
doi:10.1287/opre.38.5.922). Column generation for colouring, the same problem on the other pairs:
A. Mehrotra & M. Trick (1996), doi:10.1287/ijoc.8.4.344.

A lower bound for some nodes holds for all. Where most pairs may share a box, no search can say
what the heaviest box is, but nodes far from the others have few partners among each other, and in
a fractional cover most of the prices stand on them. So these outliers join by their number of
partners, fewest first, and their prices are proven before more join; boxes, shares and prices go
along, as they do from one size to the next: relations of larger sizes hold smaller ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.bits import pack_lists
from featgraph.boxes.exact.cliques import Columns, list_maximal_cliques
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.grown_cliques import extend_cliques, grow_heavy
from featgraph.boxes.exact.iterated_greedy import fit_boxes
from featgraph.boxes.exact.max_weight_clique import find_heavy
from featgraph.boxes.exact.prices import UNIT, relax, weigh_boxes
from featgraph.boxes.exact.reductions import has_dense_rows, restrict_pairs
from featgraph.boxes.exact.set_cover import Covering

__all__ = ["FIRST", "BoxPool", "Hints", "OutlierBound", "whole_prices"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
# Steps of the relaxation between two looks for boxes: 30 to 240 prove the same within a second.
TURNS = 60
EFFORT = 400_000_000  # steps per second of an exact search for the heaviest box
LISTING = 200_000_000  # steps of a list of all boxes that matter
MOST_KEPT = 4  # boxes per node that are handed on
# Measured on 2048 Gaussian nodes of 64 samples with 24 to 99 % of all pairs within the size:
FIRST = 64  # nodes to begin with are proven within 0.02 s
GROWTH = 1.4  # times as many nodes at every step raise the bound by 3 to 17 %
ENOUGH = 0.97  # of the fractional cover; 0.93 saves half the time and loses 2 to 4 % of the bound
STEEP = 4.0  # a step takes 5 to 11 times as long as the one before, once it takes 0.05 s


def whole_prices(boxes: Columns, prices: Floats) -> Ints:
    """Return prices in whole units at which none of the boxes costs more than one column."""
    heaviest = weigh_boxes(*boxes, prices).max(initial=1e-9)
    whole: Ints = np.floor(np.clip(prices / heaviest, 0.0, 1.0) * UNIT).astype(np.int64)
    return whole


@dataclass
class Hints:
    """A cover that holds at this size too, and boxes with shares and prices of a size nearby.

    ``labels`` and ``prices`` have an entry for each node of the whole; boxes need not be boxes at
    this size, they are repaired.
    """

    labels: Ints | None = None
    boxes: Columns = field(
        default_factory=lambda: Columns(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64))
    )
    shares: Floats = field(default_factory=lambda: np.zeros(0))
    prices: Floats = field(default_factory=lambda: np.zeros(0))

    def restrict(self, nodes: Ints) -> tuple[Columns, Floats]:
        """Return what the boxes hold of ``nodes``, in numbers of these, and their shares.

        Examples
        --------
        >>> hints = Hints(None, Columns(np.array([0, 2, 3]), np.array([4, 7, 1])), np.ones(2))
        >>> hints.restrict(np.array([4, 7]))[0].members
        array([0, 1])
        """
        position = np.full(int(nodes.max(initial=0)) + 1, -1, dtype=np.int64)
        position[nodes] = np.arange(nodes.size)
        members = self.boxes.members
        near = members < position.size
        found = np.where(near, position[np.where(near, members, 0)], -1)
        boxes, some = self.boxes._replace(members=found).strip(found >= 0)
        return boxes, self.shares[some]

    def add(self, nodes: Ints, boxes: Columns, shares: Floats, prices: Floats) -> None:
        """Add boxes over ``nodes`` given in numbers of these."""
        self.boxes = self.boxes.join(boxes._replace(members=nodes[boxes.members]))
        self.shares = np.concatenate((self.shares, shares))
        self.prices[nodes] = prices


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
        return extend_cliques(self.indptr, self.indices, self._bits, columns, rank)

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


class OutlierBound:
    """A certified bound of the boxes of a relation, raised in steps of ever more nodes.

    Parameters
    ----------
    indptr, indices : ndarray of int64
        Rows of the relation, both directions, no self-pairs.
    hints : Hints, optional
        Boxes, shares and prices to begin with.
    """

    def __init__(self, indptr: Ints, indices: Ints, hints: Hints | None = None) -> None:
        self.indptr = indptr
        self.indices = indices
        self.n_nodes = indptr.size - 1
        self.bound = 1
        self.pool: BoxPool | None = None
        self.hints = Hints() if hints is None else hints
        self.count = min(FIRST, self.n_nodes)
        self._nodes = np.empty(0, dtype=np.int64)
        self._order = np.argsort(np.diff(indptr), kind="stable").astype(np.int64)

    @property
    def holds_all(self) -> bool:
        """Whether all nodes have joined."""
        return self.count == self.n_nodes

    def improve(self, upper: int, clock: Clock, rng: np.random.Generator) -> None:
        """Raise the bound until it is ``upper``, or the next step would not be done in time."""
        while self.bound < upper and not clock.expired:
            begin = clock.left()
            pool = self._open(rng) if self.pool is None else self.pool
            done = pool.price(upper, clock, enough=1.0 if self.holds_all else ENOUGH)
            self.bound = max(self.bound, pool.bound)
            if not done:
                return
            if self.bound >= upper or self.holds_all:
                return
            if STEEP * (begin - clock.left()) > clock.left():
                return
            self.hints = self.give_hints()
            self.count = min(int(GROWTH * self.count), self.n_nodes)
            self.pool = None

    def _open(self, rng: np.random.Generator) -> BoxPool:
        """Return a pool of ``count`` nodes, with what is known of fewer."""
        self._nodes = np.sort(self._order[: self.count])
        rows = restrict_pairs(self.indptr, self.indices, self._nodes)
        self.pool = BoxPool(*rows, rng)
        if self.hints.shares.size:
            self.pool.add(*self.hints.restrict(self._nodes))
            self.pool.prices[:] = self.hints.prices[self._nodes]
        by_degree = np.argsort(np.diff(rows[0]), kind="stable").astype(np.int64)
        self.pool.add_labels(fit_boxes(*rows, by_degree))
        return self.pool

    def give_hints(self) -> Hints:
        """Return the boxes, shares and prices found."""
        if self.pool is None and self.hints.shares.size:
            return self.hints
        found = Hints(prices=np.zeros(self.n_nodes))
        if self.pool is not None:
            found.add(self._nodes, *self.pool.best_boxes(), self.pool.prices)
        return found
