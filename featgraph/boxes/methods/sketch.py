"""Sketches: balls known by a few random members each, for graphs of millions of nodes.

Uncovered nodes get random ranks. The sketch of a node holds the ``k`` smallest ranks within
``size`` of it, and is the merger of its neighbours' sketches, hop by hop: no ball is ever listed.
The k-th smallest rank tells how many uncovered nodes the ball holds; how many of the k get covered
later tells how that number falls. The next centre is the node with the largest such estimate. When
the best estimate rests on fewer than k/4 nodes, new ranks are drawn among the nodes left. Balls of
fewer than ``k`` uncovered nodes are counted exactly. Boxes are connected.

The time does not depend on the size of the balls. Marking what a centre covers stops where an older
centre is as near, so that all centres together cost O(size · n_edges).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.centers import join_centers
from featgraph.boxes.metric_space import MetricSpace, Neighborhoods, RawCover
from featgraph.boxes.threads import map_ranges
from featgraph.core.resources import check_memory
from featgraph.kernels import kernel
from featgraph.kernels.search import invert_rows
from featgraph.kernels.sorting import replace_top

__all__ = ["solve"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_NO_CENTER = 2**62  # distance of a node that no centre reaches


def solve(space: MetricSpace, size: float, rng: np.random.Generator, *, k: int) -> RawCover:
    """Return the boxes around the centres that sketches find."""
    rows = space.rows(size)
    centers = _select(rows, k, rng)
    return RawCover(join_centers(space, rows, size, centers, rng), centers)


def _select(rows: Neighborhoods, k: int, rng: np.random.Generator) -> Ints:
    n_nodes = rows.starts.size
    check_memory(24 * n_nodes * k, f"sketches of {k} nodes for {n_nodes} nodes")
    ties = rng.permutation(n_nodes)
    place = np.empty(n_nodes, dtype=np.int64)
    place[ties] = np.arange(n_nodes)
    central = np.full(n_nodes, _NO_CENTER, dtype=np.int64)
    centers: list[Ints] = []
    while True:
        uncovered = np.flatnonzero(central == _NO_CENTER)
        if uncovered.size == 0:
            return np.concatenate(centers)
        by_rank = rng.permutation(uncovered)
        sketches, held = build_sketches(rows, by_rank, k)
        scale = np.ones(n_nodes)
        full = held == k
        scale[full] = (k - 1) * (uncovered.size / (sketches[full, -1] + 1.0)) / k
        order = ties[np.argsort(-(held * scale)[ties], kind="stable")]
        heap = order[held[order] > 0]
        first = k * np.arange(n_nodes)
        bounds, holders = invert_rows(first, first + held, sketches.ravel(), uncovered.size)
        del sketches
        centers.append(
            _choose(*rows, by_rank, bounds, holders, held, scale, heap, place, central, k)
        )


def build_sketches(rows: Neighborhoods, by_rank: Ints, k: int) -> tuple[Ints, Ints]:
    """Return the ``k`` smallest ranks within reach of each node, rising, and how many there are.

    ``by_rank`` lists the nodes that have a rank: the first has rank 0.
    """
    n_nodes = rows.starts.size
    sketches = np.empty((n_nodes, k), dtype=np.int64)
    wider = np.empty((n_nodes, k), dtype=np.int64)
    held = np.zeros(n_nodes, dtype=np.int64)
    more = np.empty(n_nodes, dtype=np.int64)
    sketches[by_rank, 0] = np.arange(by_rank.size)
    held[by_rank] = 1
    for _ in range(rows.hops):

        def widen(
            low: int,
            high: int,
            old: Ints = sketches,
            n_old: Ints = held,
            new: Ints = wider,
            n_new: Ints = more,
        ) -> None:
            _unite(rows.starts, rows.stops, rows.indices, old, n_old, new, n_new, low, high)

        map_ranges(widen, n_nodes)
        same = np.array_equal(held, more) and all(
            np.array_equal(sketches[held > j, j], wider[held > j, j]) for j in range(k)
        )
        sketches, wider, held, more = wider, sketches, more, held
        if same:
            break  # components smaller than the reach
    return sketches, held


@kernel
def _unite(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    old: Ints,
    n_old: Ints,
    new: Ints,
    n_new: Ints,
    low: int,
    high: int,
) -> None:
    # new[v]: smallest k of the union of old[v] and the old sketches of v's neighbours.
    k = old.shape[1]
    one = np.empty(k, dtype=np.int64)
    two = np.empty(k, dtype=np.int64)
    for v in range(low, high):
        n_one = n_old[v]
        for j in range(n_one):
            one[j] = old[v, j]
        for e in range(starts[v], stops[v]):
            u = indices[e]
            if n_old[u] == 0 or (n_one == k and old[u, 0] > one[k - 1]):
                continue
            i, j, n_two = 0, 0, 0
            while n_two < k and (i < n_one or j < n_old[u]):
                if j == n_old[u] or (i < n_one and one[i] <= old[u, j]):
                    if j < n_old[u] and one[i] == old[u, j]:
                        j += 1
                    two[n_two] = one[i]
                    i += 1
                else:
                    two[n_two] = old[u, j]
                    j += 1
                n_two += 1
            one, two = two, one
            n_one = n_two
        for j in range(n_one):
            new[v, j] = one[j]
        n_new[v] = n_one


@kernel
def _choose(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    hops: int,
    by_rank: Ints,
    bounds: Ints,
    holders: Ints,
    left: Ints,
    scale: Floats,
    heap: Ints,
    place: Ints,
    central: Ints,
    k: int,
) -> Ints:
    # left[v]: uncovered nodes in the sketch of v; left × scale estimates those in its ball. The
    # heap may hold old, larger scores, so it is put right at the top until the top is.
    n_nodes = central.size
    rank = np.full(n_nodes, -1, dtype=np.int64)
    for r in range(by_rank.size):
        rank[by_rank[r]] = r
    shown = left * scale
    centers = np.empty(n_nodes, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    n_heap, n_centers, n_left = heap.size, 0, by_rank.size
    while n_left > 0 and n_heap > 0:
        top = heap[0]
        score = left[top] * scale[top]
        if score != shown[top]:
            shown[top] = score
            if left[top] == 0:
                n_heap -= 1
                top = heap[n_heap]
            replace_top(heap, n_heap, top, shown, place)
            continue
        if scale[top] > 1.0 and 4 * left[top] < k and n_centers > 0:
            break  # too few to tell: sketch again
        n_heap -= 1
        replace_top(heap, n_heap, heap[n_heap], shown, place)
        centers[n_centers] = top
        n_centers += 1
        n_left -= _cover(
            top, starts, stops, indices, hops, bounds, holders, left, rank, central, queue
        )
    chosen: Ints = centers[:n_centers].copy()
    return chosen


@kernel
def _cover(
    center: int,
    starts: Ints,
    stops: Ints,
    indices: Ints,
    hops: int,
    bounds: Ints,
    holders: Ints,
    left: Ints,
    rank: Ints,
    central: Ints,
    queue: Ints,
) -> int:
    # Marks what the centre covers, no farther than it is nearer than older centres, and takes
    # the covered nodes out of all sketches; returns how many were uncovered.
    n_covered = 0
    queue[0] = center
    central[center] = 0
    head, tail = 0, 1
    while head < tail:
        u = queue[head]
        head += 1
        r = rank[u]
        if r >= 0:
            rank[u] = -1
            n_covered += 1
            for h in range(bounds[r], bounds[r + 1]):
                left[holders[h]] -= 1
        if central[u] < hops:
            for e in range(starts[u], stops[u]):
                v = indices[e]
                if central[v] > central[u] + 1:
                    central[v] = central[u] + 1
                    queue[tail] = v
                    tail += 1
    return n_covered
