"""Lists of all nodes within a distance, and bounds of diameters, by searches cut off early.

``MassCounter`` keeps, for every node, how many uncovered nodes lie within a number of hops. Two
ways lead to the same numbers: one search from each node newly covered, or 504 of them at once as
bits that spread along the edges. Bits win where balls are large against the graph.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.bits import bits_fit, count_rows, list_bits, spread_bits
from featgraph.boxes.threads import map_ranges
from featgraph.boxes.weighted_search import list_weighted, sweep_weighted
from featgraph.core.resources import check_memory
from featgraph.kernels import kernel, light_kernel
from featgraph.kernels.bits import (
    BLOCK,
    BLOCK_WORDS,
    begin_block,
    copy_row,
    count_bits,
    count_words,
    spread_block,
)
from featgraph.kernels.search import list_ball, measure_depth, widen

__all__ = [
    "MassCounter",
    "count_near",
    "count_sorted",
    "list_near",
    "prefer_bits",
    "probe_balls",
    "profile_balls",
    "sum_distances",
    "sweep_components",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

PROBES = 12  # searches that tell how many edges a ball has


def list_near(
    starts: Ints, stops: Ints, indices: Ints, lengths: Floats | None, size: float
) -> tuple[Ints, Ints, Ints]:
    """Return (starts, stops, indices) of the lists of all other nodes within ``size``."""
    if lengths is not None:
        return list_weighted(starts, stops, indices, lengths, size)
    if size == 1:
        return starts, stops, indices
    n_nodes = len(starts)
    hops = int(size)
    edges, nodes = probe_balls(starts, stops, indices, hops)
    what = f"the lists of all nodes within size {size:g}"
    check_memory(int(2 * nodes * n_nodes), f"a quarter of {what}")  # as few searches tell
    if prefer_bits(n_nodes, indices.size, hops, 2 * edges):  # counted, then listed
        bits = spread_bits(starts, stops, indices, hops)
        masses = count_rows(bits)
        check_memory(8 * int(masses.sum()), what)
        return list_bits(bits, masses)
    counts = count_near(starts, stops, indices, hops)
    check_memory(8 * int(counts.sum()), what)
    bounds = np.zeros(n_nodes + 1, dtype=np.int64)
    np.cumsum(counts, out=bounds[1:])
    found = np.empty(bounds[-1], dtype=np.int64)
    map_ranges(
        lambda low, high: _fill_hops(starts, stops, indices, int(size), low, high, bounds, found),
        n_nodes,
    )
    return bounds[:-1], bounds[1:], found


def probe_balls(starts: Ints, stops: Ints, indices: Ints, hops: int) -> tuple[float, float]:
    """Return the mean number of edges and of nodes that a few searches meet."""
    edges, nodes = profile_balls(starts, stops, indices, hops)
    return float(edges[-1]), float(nodes[-1])


def profile_balls(starts: Ints, stops: Ints, indices: Ints, hops: int) -> tuple[Floats, Floats]:
    """Return the same for every number of hops from 0 to ``hops``, or until nothing is new."""
    n_nodes = len(starts)
    probes = np.unique(np.linspace(0, n_nodes - 1, PROBES).astype(np.int64))
    counts = np.zeros((2, min(hops, n_nodes) + 1), dtype=np.int64)
    last = _profile(starts, stops, indices, probes, counts)
    edges, nodes = np.cumsum(counts[:, : last + 1], axis=1) / probes.size
    return edges, nodes


def prefer_bits(
    n_nodes: int, n_entries: int, hops: int, edges: float, *, same: bool = False
) -> bool:
    """Tell whether spreading bits to all nodes costs less than a search from every node.

    ``same`` tells that the result does not depend on it, as in ``bits_fit``.
    """
    # a word passes an edge in about a quarter of the time that a search looks at one; reading
    # the rows afterwards takes one more round
    words = count_words(n_nodes)
    is_less = words * (hops * n_entries / 4 + n_nodes) < n_nodes * edges
    return is_less and bits_fit(n_nodes, same=same)


def count_near(starts: Ints, stops: Ints, indices: Ints, hops: int) -> Ints:
    """Return the number of other nodes within ``hops`` of each node."""
    counts = np.zeros(len(starts), dtype=np.int64)
    map_ranges(
        lambda low, high: _count_hops(starts, stops, indices, hops, low, high, counts),
        len(starts),
    )
    return counts


def sweep_components(
    starts: Ints, stops: Ints, indices: Ints, lengths: Floats | None, components: Ints
) -> tuple[Ints, float]:
    """Return a middle node of each component, and an upper bound of every diameter.

    From the first node to the farthest, from there to the farthest, back to the middle of that
    path: twice the largest distance from the middle bounds the diameter. O(n_nodes + n_edges).
    """
    n_components = int(components.max()) + 1
    middles = np.empty(n_components, dtype=np.int64)
    firsts = np.full(n_components, len(starts), dtype=np.int64)
    np.minimum.at(firsts, components, np.arange(len(starts), dtype=np.int64))
    if lengths is None:
        bound = float(_sweep_hops(starts, stops, indices, firsts, middles))
    else:
        bound = sweep_weighted(starts, stops, indices, lengths, firsts, middles)
    return middles, bound


@light_kernel
def _profile(starts: Ints, stops: Ints, indices: Ints, sources: Ints, counts: Ints) -> int:
    # Adds up in counts[:, d] the edges that lead to hop d, and the nodes found there. Returns
    # the last hop at which a search found anything.
    seen = np.full(starts.size, -1, dtype=np.int64)
    queue = np.empty(starts.size, dtype=np.int64)
    last = 0
    for source in sources:
        queue[0] = source
        seen[source] = source
        counts[1, 0] += 1
        head, tail, distance = 0, 1, 0
        while head < tail and distance < counts.shape[1] - 1:
            distance += 1
            for u in queue[head:tail]:
                counts[0, distance] += stops[u] - starts[u]
            head, tail = tail, widen(starts, stops, indices, source, head, tail, seen, queue)
            counts[1, distance] += tail - head
        last = max(last, distance)
    return last


@kernel
def count_sorted(rows: Floats, size: float) -> Ints:
    """Return how many entries of each sorted row are at most ``size``."""
    counts = np.empty(rows.shape[0], dtype=np.int64)
    for i in range(rows.shape[0]):
        low, high = 0, rows.shape[1]
        while low < high:
            middle = (low + high) // 2
            if rows[i, middle] <= size:
                low = middle + 1
            else:
                high = middle
        counts[i] = low
    return counts


@kernel
def _count_hops(
    starts: Ints, stops: Ints, indices: Ints, hops: int, low: int, high: int, counts: Ints
) -> None:
    n_nodes = starts.size
    seen = np.full(n_nodes, -1, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    for source in range(low, high):
        counts[source] = list_ball(starts, stops, indices, hops, source, source, seen, queue) - 1


@kernel
def _fill_hops(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    hops: int,
    low: int,
    high: int,
    bounds: Ints,
    found: Ints,
) -> None:
    n_nodes = starts.size
    seen = np.full(n_nodes, -1, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    for source in range(low, high):
        count = list_ball(starts, stops, indices, hops, source, source, seen, queue)
        copy_row(found[bounds[source] :], queue[1:count])


@light_kernel
def _sweep_hops(starts: Ints, stops: Ints, indices: Ints, firsts: Ints, middles: Ints) -> int:
    n_nodes = starts.size
    depth = np.full(n_nodes, -1, dtype=np.int64)
    place = np.empty(n_nodes, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    bound = 0
    for component in range(firsts.size):
        source = firsts[component]
        for turn in range(3):
            queue[0] = source
            depth[source] = 0
            n_met = measure_depth(starts, stops, indices, 1, depth, queue)
            last = queue[n_met - 1]
            farthest = depth[last]
            if turn < 2:
                source = last
            else:
                bound = max(bound, 2 * farthest)
            if turn == 1:  # half the way back, always to the neighbour that was met first
                for k in range(n_met):
                    place[queue[k]] = k
                for _ in range(farthest // 2):
                    first = n_met
                    for k in range(starts[source], stops[source]):
                        if depth[indices[k]] < depth[source]:
                            first = min(first, place[indices[k]])
                    source = queue[first]
            for k in range(n_met):
                depth[queue[k]] = -1
        middles[component] = source
    return bound


WORD_COST = 1.5  # one edge for a whole block against one edge of a search, measured


class MassCounter:
    """Counts uncovered nodes around every node, and tells what that costs.

    Parameters
    ----------
    starts, stops, indices, hops
        Rows of neighbours and reach, as in ``Neighborhoods``.
    """

    def __init__(self, starts: Ints, stops: Ints, indices: Ints, hops: int) -> None:
        self._rows = (starts, stops, indices, hops)
        by_search, _ = probe_balls(starts, stops, indices, hops)
        by_bits = WORD_COST * hops * float((stops - starts).sum()) / BLOCK
        self._use_bits = by_bits < by_search
        self._per_node = min(by_bits, by_search)

    def cost(self, n_uncovered: int) -> float:
        """Return the work of one count, in edges looked at."""
        n_nodes = self._rows[0].size
        rounded = -(-n_uncovered // BLOCK) * BLOCK if self._use_bits else n_uncovered
        return n_nodes + self._per_node * rounded

    def count(self, uncovered: Ints) -> Ints:
        """Return the number of ``uncovered`` nodes (indices) within reach of each node."""
        n_nodes = self._rows[0].size
        total = np.zeros(n_nodes, dtype=np.int64)
        guard = threading.Lock()

        def add(low: int, high: int) -> None:
            own = np.zeros(n_nodes, dtype=np.int64)
            work = _spread_bits if self._use_bits else _search_balls
            work(*self._rows, uncovered[low:high], own)
            with guard:  # whole numbers: their order does not matter
                np.add(total, own, out=total)

        map_ranges(add, uncovered.size, grain=BLOCK if self._use_bits else 1)
        return total


def sum_distances(starts: Ints, stops: Ints, indices: Ints, *, deep: float) -> tuple[Ints, Ints]:
    """Return, for each node, the sum of hops to all nodes it reaches, and their number.

    ``deep`` is about the largest diameter: bits pass all edges once per hop, a search once.
    """
    n_nodes = starts.size
    by_bits = deep * WORD_COST < BLOCK
    work = _spread_distances if by_bits else _search_distances
    sums = np.zeros(n_nodes, dtype=np.int64)
    reached = np.zeros(n_nodes, dtype=np.int64)
    guard = threading.Lock()

    def add(low: int, high: int) -> None:
        own = np.zeros((2, n_nodes), dtype=np.int64)
        work(starts, stops, indices, np.arange(low, high), own)
        with guard:
            np.add(sums, own[0], out=sums)
            np.add(reached, own[1], out=reached)

    map_ranges(add, n_nodes, grain=BLOCK if by_bits else 1)
    return sums, reached - 1


@kernel
def _search_balls(
    starts: Ints, stops: Ints, indices: Ints, hops: int, sources: Ints, masses: Ints
) -> None:
    n_nodes = starts.size
    seen = np.full(n_nodes, -1, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    for source in sources:
        count = list_ball(starts, stops, indices, hops, source, source, seen, queue)
        for k in range(count):
            masses[queue[k]] += 1


@kernel
def _spread_bits(
    starts: Ints, stops: Ints, indices: Ints, hops: int, sources: Ints, masses: Ints
) -> None:
    reach = np.empty((starts.size, BLOCK_WORDS), dtype=np.int64)
    wider = np.empty((starts.size, BLOCK_WORDS), dtype=np.int64)
    for low in range(0, sources.size, BLOCK):
        begin_block(sources, low, reach)
        for _ in range(hops):
            spread_block(starts, stops, indices, reach, wider)
            reach, wider = wider, reach
        for v in range(starts.size):
            for w in range(BLOCK_WORDS):
                masses[v] += count_bits(reach[v, w])


@kernel
def _spread_distances(
    starts: Ints, stops: Ints, indices: Ints, sources: Ints, totals: Ints
) -> None:
    # totals[0, v]: sum of hops from the sources to v; totals[1, v]: how many of them reach v.
    reach = np.empty((starts.size, BLOCK_WORDS), dtype=np.int64)
    wider = np.empty((starts.size, BLOCK_WORDS), dtype=np.int64)
    for low in range(0, sources.size, BLOCK):
        begin_block(sources, low, reach)
        for s in range(low, min(low + BLOCK, sources.size)):
            totals[1, sources[s]] += 1
        distance = 0
        grown = True
        while grown:
            grown = False
            distance += 1
            spread_block(starts, stops, indices, reach, wider)
            for v in range(starts.size):
                count = 0
                for w in range(BLOCK_WORDS):
                    count += count_bits(wider[v, w] & ~reach[v, w])
                totals[0, v] += distance * count
                totals[1, v] += count
                grown = grown or count > 0
            reach, wider = wider, reach


@kernel
def _search_distances(
    starts: Ints, stops: Ints, indices: Ints, sources: Ints, totals: Ints
) -> None:
    n_nodes = starts.size
    depth = np.full(n_nodes, -1, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    for source in sources:
        queue[0] = source
        depth[source] = 0
        count = measure_depth(starts, stops, indices, 1, depth, queue)
        for k in range(count):
            totals[0, source] += depth[queue[k]]
            depth[queue[k]] = -1
        totals[1, source] += count
