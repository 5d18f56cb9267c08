"""Covers out of fractional covers: boxes of large shares are taken, the rest is priced again.

Diving with column generation, as for set partitioning: R. Sadykov et al. (2019),
doi:10.1287/ijoc.2018.0822. The boxes of the pool lose the nodes that are covered; shares and prices
go on from where they stood, and boxes for what is left join by prices.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.exact.cliques import Columns
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.columns import BoxPool, whole_prices
from featgraph.boxes.exact.grown_cliques import grow_heavy
from featgraph.boxes.exact.lp_dual import UNIT
from featgraph.boxes.exact.relaxation import relax
from featgraph.kernels import kernel

__all__ = ["dive"]

Ints = NDArray[np.int64]
TURNS = 60
NOISE = 0.3  # shares are shaken by so much, so that dives differ


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
