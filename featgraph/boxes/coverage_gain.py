"""How many uncovered nodes lie within a number of hops of every node.

Two ways to the same numbers: one search from each uncovered node, or 504 of them at once as
bits that spread along the edges. Bits win where balls are large against the graph.
"""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.neighborhoods import probe_balls
from featgraph.boxes.threads import map_ranges
from featgraph.kernels import kernel
from featgraph.kernels.bits import BLOCK, BLOCK_WORDS, begin_block, count_bits, spread_block
from featgraph.kernels.search import list_ball, measure_depth

__all__ = ["MassCounter", "sum_distances"]

Ints = NDArray[np.int64]

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
