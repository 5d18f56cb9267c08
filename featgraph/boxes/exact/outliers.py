"""Bounds from the nodes that fit into fewest boxes: prices of some hundred of them, then of more.

A lower bound for some nodes holds for all. Where most pairs may share a box, no search can say
what the heaviest box is, but nodes far from the others have few partners among each other, and in
a fractional cover most of the prices stand on them. So nodes join by their number of partners,
fewest first, and their prices are proven before more join; boxes, shares and prices go along.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.columns import BoxPool
from featgraph.boxes.exact.hints import Hints
from featgraph.boxes.exact.iterated_greedy import fit_boxes
from featgraph.boxes.exact.relation import restrict_pairs

__all__ = ["FIRST", "OutlierBound"]

Ints = NDArray[np.int64]
# Measured on 2048 Gaussian nodes of 64 samples with 24 to 99 % of all pairs within the size:
FIRST = 64  # nodes to begin with are proven within 0.02 s
GROWTH = 1.4  # times as many nodes at every step raise the bound by 3 to 17 %
ENOUGH = 0.97  # of the fractional cover; 0.93 saves half the time and loses 2 to 4 % of the bound
STEEP = 4.0  # a step takes 5 to 11 times as long as the one before, once it takes 0.05 s


class OutlierBound:
    """A certified bound of the boxes of a relation, raised in steps of ever more nodes.

    Parameters
    ----------
    indptr, indices : ndarray of int64
        Rows of the relation, both directions, no self-pairs.
    hints : Hints, optional
        Boxes, shares and prices to begin with, and how many nodes.
    """

    def __init__(self, indptr: Ints, indices: Ints, hints: Hints | None = None) -> None:
        self.indptr = indptr
        self.indices = indices
        self.n_nodes = indptr.size - 1
        self.bound = 1
        self.pool: BoxPool | None = None
        self.hints = Hints() if hints is None else hints
        self.count = min(max(FIRST, int(self.hints.n_outliers / GROWTH**3)), self.n_nodes)
        self.proven = 0  # nodes whose prices are as good as the step wants them
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
            self.proven = self.count
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
        """Return the boxes, shares and prices found, and how many nodes were proven."""
        found = Hints(prices=np.zeros(self.n_nodes), n_outliers=self.proven)
        if self.pool is not None:
            found.add(self._nodes, *self.pool.best_boxes(), self.pool.prices)
        return found
