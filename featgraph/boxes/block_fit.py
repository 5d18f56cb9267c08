"""First-fit boxes of 504 nodes at a time, for sizes whose balls are large against the graph."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.metric_space import HopSpace, MetricSpace, Neighborhoods
from featgraph.kernels import light_kernel
from featgraph.kernels.bits import BLOCK, BLOCK_WORDS, WORD, begin_block, spread_block

__all__ = ["fit_blocks", "prefer_blocks"]

Ints = NDArray[np.int64]


def prefer_blocks(space: MetricSpace, size: float) -> bool:
    """Tell whether ``fit_blocks`` costs less than a search from every node."""
    if not isinstance(space, HopSpace):
        return False
    # A search looks at the edges and nodes of a ball; a block at all edges and nodes once per
    # hop, and each node at about half of some 5 n / (nodes in a ball) boxes.
    edges, nodes = space.probe(size)
    shared = (size * (space.indices.size + space.n_nodes) + 2 * space.n_nodes) / BLOCK
    return edges + nodes > shared + 2 * space.n_nodes / nodes


def fit_blocks(
    rows: Neighborhoods, order: Ints, sizes: Ints, note: Callable[[float], None] | None = None
) -> tuple[Ints, Ints]:
    """Return labels of shape (n_nodes, n_sizes) and the number of boxes of each size (rising).

    The same boxes again, for hops: 504 nodes of the order spread as bits, and a box admits
    those of them that reach all its members. O(n_nodes · (hops · n_edges + n_nodes · n_sizes)
    / 504) time beside the boxes looked at, O(n_nodes · n_sizes) memory, whatever the sizes.
    """
    n_nodes = order.size
    labels = np.full((n_nodes, sizes.size), -1, dtype=np.int64)
    n_boxes = np.zeros(sizes.size, dtype=np.int64)
    words = np.empty((3, n_nodes, BLOCK_WORDS), dtype=np.int64)
    for low in range(0, n_nodes, BLOCK):
        _fit_block(rows.starts, rows.stops, rows.indices, order, sizes, low, labels, n_boxes, words)
        if note is not None:
            note(min(low + BLOCK, n_nodes) / n_nodes)
    return labels, n_boxes


@light_kernel
def _fit_block(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    order: Ints,
    sizes: Ints,
    low: int,
    labels: Ints,
    n_boxes: Ints,
    words: Ints,
) -> None:
    # Places order[low : low + 504]. Bit i of admits[b]: node order[low + i] is within the size
    # of all members of box b.
    reach, wider, admits = words[0], words[1], words[2]
    begin_block(order, low, reach)
    hops = 0
    for s in range(sizes.size):
        while hops < sizes[s]:
            spread_block(starts, stops, indices, reach, wider)
            reach, wider = wider, reach
            hops += 1
        admits[: n_boxes[s]] = -1
        for k in range(low):
            box = labels[order[k], s]
            for w in range(BLOCK_WORDS):
                admits[box, w] &= reach[order[k], w]
        for i in range(min(BLOCK, order.size - low)):
            node, word, bit = order[low + i], i // WORD, np.int64(1) << (i % WORD)
            box = 0
            while box < n_boxes[s] and admits[box, word] & bit == 0:
                box += 1
            if box == n_boxes[s]:
                n_boxes[s] += 1
                admits[box] = -1
            for w in range(BLOCK_WORDS):
                admits[box, w] &= reach[node, w]
            labels[node, s] = box
