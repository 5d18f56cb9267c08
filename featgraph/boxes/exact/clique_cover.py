"""Covering a relation by cliques: diameter boxes, one part of the reduced relation at a time.

Covers come out of fractional covers by diving with column generation, as for set partitioning:
R. Sadykov et al. (2019), doi:10.1287/ijoc.2018.0822. Boxes of large shares are taken, those of the
pool lose the nodes that are covered; shares and prices go on from where they stood, and boxes for
what is left join by prices.
"""

from __future__ import annotations

import itertools
import math
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.bits import pack_lists
from featgraph.boxes.exact.cliques import Columns, list_maximal_cliques
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.columns import BoxPool, Hints, OutlierBound, whole_prices
from featgraph.boxes.exact.grown_cliques import grow_heavy
from featgraph.boxes.exact.iterated_greedy import dissolve_boxes, fit_boxes, iterate_boxes
from featgraph.boxes.exact.packing import caro_wei, enlarge_packing, pack_nodes
from featgraph.boxes.exact.prices import UNIT, relax
from featgraph.boxes.exact.reductions import has_dense_rows, restrict_pairs
from featgraph.boxes.exact.set_cover import Covering, CoveringPart
from featgraph.kernels import kernel
from featgraph.kernels.search import label_components

__all__ = ["CliquePart", "dive", "split_relation"]

Ints = NDArray[np.int64]
# passes without gain: covers of 2048 Gaussian nodes shrink by up to 5 % in the first 300, within
# 0.05 s on rows of bits, and by about as much again in a second
QUICK_PASSES, LONG_PASSES = 300, 3_000
PACKING_MOVES = 20_000
ROUNDS = 50  # of prices and dives, where no time limit ends them
FIRST_TURN = 10.0  # seconds of a round without time limit
# Share of pairs above which tabu search makes covers smaller than passes alone in as much time.
# 0.4 s on 2048 Gaussian nodes, share of pairs: boxes after passes, tabu search, both in turn:
# 0.47: 187, 197, 188; 0.64: 123, 129, 124; 0.74: 89, 90, 91; 0.80: 72, 72, 72; 0.87: 52, 50, 50;
# 0.91: 36, 35, 36; 0.95: 21, 20, 20; 0.96: 15, 15, 14
CROWDED = 0.78
MOVES = 500_000  # a box that is not dissolved by then stays
# Part of a round that outliers may take. Every third size from 72 to 215 of 2048 Gaussian nodes, 16
# CPU seconds: a mean of 1.490 with 0.3, 1.459 with 0.5, 1.426 with 0.7, 1.425 with 0.85.
BOUNDS = 0.7
DIVES = 2  # without a smaller cover, before more prices
MOST_BOXES = 6_000  # maximal boxes that are listed outright; a lattice of 50 × 50 has up to 4,900
MOST_MEMBERS = 1_500_000
LISTING = 200_000_000  # steps of such a list, some tenths of a second
TURNS = 60  # steps of the relaxation between two choices of a dive
NOISE = 0.3  # shares are shaken by so much, so that dives differ


class CliquePart:
    """One part of a relation: the best cover by cliques so far and a certified bound.

    Parameters
    ----------
    indptr, indices : ndarray of int64
        Rows of the relation among the nodes of this part, both directions, no self-pairs.
    nodes : ndarray of int64
        Their numbers in the whole.
    """

    def __init__(self, indptr: Ints, indices: Ints, nodes: Ints) -> None:
        self.indptr = indptr
        self.indices = indices
        self.nodes = nodes
        # Nodes with fewest partners first: they have least choice.
        order = np.argsort(np.diff(indptr), kind="stable").astype(np.int64)
        self._take(fit_boxes(indptr, indices, order))
        self.lower = self.certified = 1  # the second one without branch and bound
        self._listed: CoveringPart | None = None  # all boxes, or all that can still matter
        self._pool: BoxPool | None = None
        self._outliers: OutlierBound | None = None
        self._turn = FIRST_TURN
        self._hints: Hints | None = None

    def _take(self, labels: Ints) -> None:
        self.labels, self.upper = labels, int(labels.max()) + 1

    def is_open(self) -> bool:
        """Whether a smaller cover may exist."""
        return self.lower < self.upper

    def take_hints(self, hints: Hints) -> None:
        """Start from what was found at another size."""
        if hints.labels is not None and self.upper > 1:
            labels = np.unique(hints.labels[self.nodes], return_inverse=True)[1]
            self._offer(labels.astype(np.int64).reshape(-1))
        if hints.shares.size:
            self._hints = Hints(None, *hints.restrict(self.nodes), hints.prices[self.nodes])

    def give_hints(self, hints: Hints) -> None:
        """Add the boxes, shares and prices found."""
        if self._pool is not None:
            hints.add(self.nodes, *self._pool.best_boxes(), self._pool.prices)
        elif self._outliers is not None:
            found = self._outliers.give_hints()
            hints.add(self.nodes, found.boxes, found.shares, found.prices)

    @cached_property
    def _bits(self) -> Ints | None:
        if not has_dense_rows(self.indptr, self.indices):
            return None
        return pack_lists(self.indptr[:-1], self.indptr[1:], self.indices)

    @property
    def _is_crowded(self) -> bool:
        return self.indices.size > CROWDED * self.nodes.size**2

    @property
    def weight(self) -> int:
        """Share of the time that this part may take."""
        return self.indices.size

    def start(self) -> None:
        """Bound by the fast packings, unless prices are known that bound better by far."""
        if self.upper > 1 and not (self._is_crowded and self._hints is not None):
            packed = pack_nodes(self.indptr, self.indices)
            self._raise(max(packed.size, caro_wei(np.diff(self.indptr))))

    def pack(self, clock: Clock, rng: np.random.Generator) -> None:
        """Bound by the largest packing that a short search finds."""
        if not self.is_open():
            return
        packed = pack_nodes(self.indptr, self.indices)
        larger = enlarge_packing(
            *(self.indptr, self.indices, packed, clock, rng),
            moves=PACKING_MOVES,
            enough=self.upper,
        )
        self._raise(larger.size)

    def improve(self, clock: Clock, rng: np.random.Generator) -> None:
        """Iterate greedily and bound: over all maximal boxes if they can be listed, or a pool."""
        if self._hints is None:
            self._offer(self._iterate(self.labels, clock.share(0.2), rng, QUICK_PASSES))
        if not self.is_open():
            return
        columns = list_maximal_cliques(
            *(self.indptr, self.indices, clock.share(0.2)),
            n_columns=MOST_BOXES,
            n_members=MOST_MEMBERS,
            effort=LISTING,
        )
        if columns is None:
            self._gather(clock, rng)
        else:
            problem = Covering.from_columns(columns.indptr, columns.members, self.nodes.size)
            self._listed = self._over(problem)
            self._solve(self._listed, clock, rng, exact=False)

    def solve_exact(self, clock: Clock, rng: np.random.Generator) -> None:
        """Close the gap by integer programming over all boxes, or those still useful."""
        near = self.upper - self.lower <= 2 + self.upper // 50
        if self.is_open() and self._pool is not None and near:
            self._list_useful(self._pool, clock)
        if self.is_open() and self._listed is not None:
            self._solve(self._listed, clock.share(0.7), rng, exact=True)
        for _ in range(ROUNDS):
            if self._outliers is None or not self.is_open() or clock.expired:
                break
            self._gather(clock, rng)

    def _open_pool(self, rng: np.random.Generator) -> BoxPool:
        """Return a pool of the boxes of nearby sizes."""
        pool = BoxPool(self.indptr, self.indices, rng)
        if self._hints is not None:
            pool.add(self._hints.boxes, self._hints.shares)
            pool.prices[:] = self._hints.prices
        return pool

    def _gather(self, clock: Clock, rng: np.random.Generator) -> None:
        """Bound by column generation, and dive for covers from its shares."""
        if math.isinf(clock.left()):  # bounds and covers take turns, each longer than the last
            clock, self._turn = Clock(self._turn), 2.0 * self._turn
        if self._outliers is None:
            self._outliers = OutlierBound(self.indptr, self.indices, self._hints)
        outliers = self._outliers
        outliers.improve(self.upper, clock.share(BOUNDS), rng)
        self._raise(outliers.bound)
        if not outliers.holds_all:  # fractional covers without proof are worth less than passes
            part = 0.3 if self._is_crowded else 0.7
            self._offer(self._iterate(self.labels, clock.share(part), rng, LONG_PASSES))
        if self._is_crowded:
            part = 0.3 if outliers.holds_all else 1.0
            self._offer(self._dissolve(self.labels, clock.share(part), rng))
            if not outliers.holds_all:
                return
        if outliers.holds_all and outliers.pool is not None:
            self._pool = outliers.pool
        pool = self._open_pool(rng) if self._pool is None else self._pool
        self._pool = pool
        pool.add_labels(self.labels)
        pool.price(self.upper, clock.share(0.6), exact=outliers.holds_all)
        self._raise(pool.bound)
        idle = 0
        while self.is_open() and idle < DIVES and not clock.expired:
            labels = dive(pool, clock, rng)
            before = self.upper
            self._offer(self._iterate(labels, clock, rng, QUICK_PASSES // 10))
            idle = 0 if self.upper < before else idle + 1

    def _list_useful(self, pool: BoxPool, clock: Clock) -> None:
        """List the boxes that a smaller cover could hold, unless they are too many."""
        useful = pool.list_useful(self.upper, clock.share(0.3))
        if useful is None:
            return
        if np.any(np.diff(useful.row_indptr) == 0):
            self._raise(self.upper)  # a node without useful box: no smaller cover exists
        else:
            self._listed = self._over(useful)
            self._listed.lower, self._listed.certified = self.lower, self.certified

    def _over(self, problem: Covering) -> CoveringPart:
        return CoveringPart(problem, self.nodes, np.arange(problem.n_columns, dtype=np.int64))

    def _solve(
        self, part: CoveringPart, clock: Clock, rng: np.random.Generator, *, exact: bool
    ) -> None:
        """Work on the covering problem over all boxes that are useful."""
        if self.upper < part.upper:
            part.adopt(self.labels)
        if exact:
            part.solve_exact(clock, rng)
        else:
            part.improve(clock, rng)
        if part.upper < self.upper:
            self._take(part.assign())
        self._raise(min(part.certified, self.upper))
        self.lower = max(self.lower, min(part.lower, self.upper))

    def _iterate(self, labels: Ints, clock: Clock, rng: np.random.Generator, passes: int) -> Ints:
        return iterate_boxes(
            *(self.indptr, self.indices, labels, clock, rng),
            passes=10 * passes,
            patience=passes,
            enough=self.lower,
            bits=self._bits,
        )

    def _dissolve(self, labels: Ints, clock: Clock, rng: np.random.Generator) -> Ints:
        if self._bits is None:
            return labels
        return dissolve_boxes(self._bits, labels, clock, rng, moves=MOVES, enough=self.lower)

    def _offer(self, labels: Ints) -> None:
        """Take a cover if it has fewer boxes, or as many: iteration walks along such covers."""
        if int(labels.max()) + 1 <= self.upper:
            self._take(labels)

    def _raise(self, bound: int) -> None:
        self.certified = max(self.certified, bound)
        self.lower = max(self.lower, bound)


@kernel
def _take(indptr: Ints, members: Ints, order: Ints, labels: Ints, next_box: int, most: int) -> int:
    # Labels the nodes of boxes in the given order, skipping those that lost a quarter of their
    # nodes to boxes before them; the first box is always taken. Returns the next free label.
    taken = 0
    for b in order:
        size = indptr[b + 1] - indptr[b]
        fresh = 0
        for k in range(indptr[b], indptr[b + 1]):
            if labels[members[k]] < 0:
                fresh += 1
        if 4 * fresh < 3 * size:
            continue
        for k in range(indptr[b], indptr[b + 1]):
            if labels[members[k]] < 0:
                labels[members[k]] = next_box + taken
        taken += 1
        if taken == most:
            break
    return next_box + taken


def dive(pool: BoxPool, clock: Clock, rng: np.random.Generator, *, part: float = 0.1) -> Ints:
    """Return a cover as box numbers of the nodes.

    Parameters
    ----------
    pool : BoxPool
        Boxes, shares and prices; boxes found on the way do not join it.
    clock : Clock
        Deadline; after it boxes are taken by the shares as they are.
    rng : numpy Generator
        Shakes the shares.
    part : float, default=0.1
        Share of the boxes still needed that are taken before prices are renewed.

    Examples
    --------
    >>> path = np.array([0, 1, 3, 5, 6]), np.array([1, 0, 2, 1, 3, 2])
    >>> pool = BoxPool(*path, np.random.default_rng(0))
    >>> pool.add_labels(np.array([0, 1, 1, 2])), pool.price(3, Clock(None))
    (3, True)
    >>> dive(pool, Clock(None), np.random.default_rng(0)).tolist()
    [0, 0, 1, 1]
    """
    labels = np.full(pool.n_nodes, -1, dtype=np.int64)
    boxes, shares = pool.boxes, pool.shares.copy()
    prices, demand, next_box = pool.prices.copy(), np.ones(pool.n_nodes), 0
    while True:
        order = np.argsort(-shares * (1.0 + NOISE * rng.random(shares.size)), kind="stable")
        most = pool.n_nodes if clock.expired else max(1, int(part * prices.sum()))
        next_box = _take(*boxes, order, labels, next_box, most)
        bare = labels < 0
        if not bare.any():
            return labels
        demand[~bare], prices[~bare] = 0.0, 0.0
        boxes, some = boxes.strip(bare[boxes.members])
        shares = shares[some]
        if clock.expired:
            continue
        relax(*boxes, demand, prices, shares, TURNS)
        whole = whole_prices(boxes, prices)
        grown = pool.grow(grow_heavy(pool.indptr, pool.indices, whole, UNIT))
        if grown:
            fresh = Columns.from_boxes(grown)
            fresh, _ = fresh.strip(bare[fresh.members])
            boxes = boxes.join(fresh)
            shares = np.concatenate((shares, np.zeros(fresh.n_columns)))


def split_relation(indptr: Ints, indices: Ints, nodes: Ints) -> list[CliquePart]:
    """Split the relation among ``nodes`` into parts without pairs between them.

    Nodes without pairs, of which there may be many, are one part together.

    Examples
    --------
    >>> pairs = np.array([0, 1, 2, 2, 3, 4, 4]), np.array([1, 0, 4, 3])
    >>> [part.nodes.tolist() for part in split_relation(*pairs, np.array([0, 1, 2, 3, 4, 5]))]
    [[0, 1], [3, 4], [2, 5]]
    """
    indptr, indices = restrict_pairs(indptr, indices, nodes)
    label = label_components(indptr[:-1], indptr[1:], indices)
    label[np.diff(indptr) == 0] = nodes.size
    label = np.unique(label, return_inverse=True)[1].reshape(-1)
    n_parts = int(label.max(initial=-1)) + 1
    if n_parts == 1:
        return [CliquePart(indptr, indices, nodes)]
    order = np.argsort(label, kind="stable")
    ends = np.searchsorted(label[order], np.arange(n_parts + 1))
    # Nodes part by part: rows of a part are then one stretch, and stay sorted.
    number = np.empty(nodes.size, dtype=np.int64)
    number[order] = np.arange(nodes.size)
    lengths = np.diff(indptr)[order]
    bounds = np.concatenate(([0], np.cumsum(lengths)))
    flat = np.arange(bounds[-1]) + np.repeat(indptr[order] - bounds[:-1], lengths)
    partners = number[indices[flat]]
    parts = []
    for low, high in itertools.pairwise(ends.tolist()):
        rows = bounds[low : high + 1] - bounds[low]
        pairs = partners[bounds[low] : bounds[high]] - low
        parts.append(CliquePart(rows, pairs, nodes[order[low:high]]))
    return parts
