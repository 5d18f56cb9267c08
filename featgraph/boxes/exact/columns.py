"""A pool of boxes for relations with too many maximal boxes to list, filled by prices.

The linear programme over the boxes in the pool gives prices; boxes whose members are priced
above 1 in all join the pool until there is none. With w the largest price of any box, prices
divided by w are feasible, so their sum bounds the number of boxes from below at every turn
(A. Farley 1990, doi:10.1287/opre.38.5.922). Column generation for colouring, the same problem on
the other pairs: A. Mehrotra & M. Trick (1996), doi:10.1287/ijoc.8.4.344.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.exact.cliques import Columns, list_maximal_cliques
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.highs import price_rows
from featgraph.boxes.exact.lp_dual import UNIT
from featgraph.boxes.exact.max_weight_clique import find_heavy
from featgraph.boxes.exact.set_cover import Covering
from featgraph.kernels import kernel

__all__ = ["BoxPool"]

Ints = NDArray[np.int64]


@kernel
def _extend(
    indptr: Ints, indices: Ints, col_indptr: Ints, members: Ints, rank: Ints, out: Ints
) -> Ints:
    # Every box grows to a maximal one, by candidates of least rank. out is long enough for boxes
    # of the largest degree; returns where each one ends.
    n_nodes = rank.size
    ends = np.zeros(col_indptr.size, dtype=np.int64)
    tally = np.zeros(n_nodes, dtype=np.int64)
    candidates = np.empty(n_nodes, dtype=np.int64)
    used = 0
    for c in range(col_indptr.size - 1):
        box = members[col_indptr[c] : col_indptr[c + 1]]
        tally[:] = 0
        for v in box:
            out[used] = v
            used += 1
            for k in range(indptr[v], indptr[v + 1]):
                tally[indices[k]] += 1
        count = 0
        first = box[0]
        for k in range(indptr[first], indptr[first + 1]):
            if tally[indices[k]] == box.size:
                candidates[count] = indices[k]
                count += 1
        order = candidates[:count][np.argsort(rank[candidates[:count]])]
        size = box.size
        for v in order:
            if tally[v] == size:
                out[used] = v
                used += 1
                size += 1
                for k in range(indptr[v], indptr[v + 1]):
                    tally[indices[k]] += 1
        ends[c + 1] = used
    return ends


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
        self.bound = 1
        self._boxes: dict[bytes, Ints] = {}
        self._prices = np.zeros(self.n_nodes, dtype=np.int64)  # feasible once divided by _heaviest
        self._heaviest = UNIT

    def add(self, columns: Columns) -> int:
        """Add boxes, grown to maximal ones; return how many are new."""
        rank = self.rng.permutation(self.n_nodes)
        widest = int(np.diff(self.indptr).max(initial=0)) + 1
        out = np.empty(columns.n_columns * widest, dtype=np.int64)
        ends = _extend(self.indptr, self.indices, columns.indptr, columns.members, rank, out)
        before = len(self._boxes)
        for c in range(columns.n_columns):
            box = np.sort(out[ends[c] : ends[c + 1]])
            self._boxes.setdefault(box.tobytes(), box)
        return len(self._boxes) - before

    def add_labels(self, labels: Ints) -> int:
        """Add the boxes of a cover."""
        order = np.argsort(labels, kind="stable").astype(np.int64)
        return self.add(Columns(np.concatenate(([0], np.cumsum(np.bincount(labels)))), order))

    def covering(self) -> Covering:
        """Return the covering problem over the boxes of the pool."""
        boxes = list(self._boxes.values())
        indptr = np.concatenate(([0], np.cumsum([box.size for box in boxes])))
        return Covering.from_columns(indptr, np.concatenate(boxes), self.n_nodes)

    def price(self, upper: int, clock: Clock) -> bool:
        """Fill the pool by prices; return whether the bound is as good as prices can make it.

        Parameters
        ----------
        upper : int
            Number of boxes of a known cover; the work ends where the bound reaches it.
        clock : Clock
            Deadline.
        """
        while self.bound < upper and not clock.expired:
            prices = price_rows(self.covering().matrix(), clock)
            if prices is None:
                return False
            whole = np.floor(np.clip(prices, 0.0, 1.0) * UNIT).astype(np.int64)
            heavy = find_heavy(self.indptr, self.indices, whole, UNIT, clock)
            self._prove(whole, heavy.at_most)
            # no bound from prices can exceed the programme over the pool, rounded up
            if self.add(heavy.columns) == 0 or self.bound >= -(-int(whole.sum()) // UNIT):
                return True
        return self.bound >= upper

    def list_useful(self, upper: int, clock: Clock) -> Covering | None:
        """Return the problem over all boxes that a cover smaller than ``upper`` could hold.

        With feasible prices of sum z, a cover that holds a box of price p needs at least
        z + 1 − p boxes. None where the boxes are too many to list.
        """
        total, unit = int(self._prices.sum()), self._heaviest
        least = max(0, total + 2 * unit - upper * unit)
        columns = list_maximal_cliques(
            self.indptr,
            self.indices,
            clock,
            n_columns=30_000,
            n_members=2_000_000,
            weight=self._prices,
            least=least,
        )
        if columns is None:
            return None
        return Covering.from_columns(columns.indptr, columns.members, self.n_nodes)

    def _prove(self, prices: Ints, heaviest: int) -> None:
        """Keep the prices with the best sum over the heaviest box."""
        if int(prices.sum()) * self._heaviest > int(self._prices.sum()) * heaviest:
            self._prices, self._heaviest = prices, heaviest
            self.bound = max(self.bound, -(-int(prices.sum()) // heaviest))
