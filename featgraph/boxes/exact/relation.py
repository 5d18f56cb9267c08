"""The pairs that may share a box, as CSR rows, from any space."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.bits import bits_fit
from featgraph.boxes.metric_space import MetricSpace
from featgraph.core.memory import check_memory
from featgraph.kernels import light_kernel
from featgraph.kernels.bits import count_words
from featgraph.kernels.sorting import invert_rows

__all__ = ["add_self_pairs", "has_dense_rows", "list_pairs", "restrict_pairs"]

Ints = NDArray[np.int64]
_REMEDY = (
    "take a method that never lists pairs (greedy, cbb, memb, random_sequential), or a smaller size"
)


def list_pairs(space: MetricSpace, size: float) -> tuple[Ints, Ints]:
    """Return (indptr, indices) of all pairs within ``size``, rows sorted, no self-pairs.

    Raises
    ------
    MemoryError
        If the pairs and what is made of them would not fit; nothing large is allocated then.
    """
    rows = space.pairs(size)
    n_pairs = int((rows.stops - rows.starts).sum())
    check_memory(32 * n_pairs, f"the pairs within size {size:g}", remedy=_REMEDY)
    # The relation is symmetric: what holds a node is what it holds, and comes out sorted.
    return invert_rows(rows.starts, rows.stops, rows.indices, rows.starts.size)


def add_self_pairs(indptr: Ints, indices: Ints) -> tuple[Ints, Ints]:
    """Return the rows with every node in its own row: balls instead of neighbours.

    Examples
    --------
    >>> add_self_pairs(np.array([0, 1, 2]), np.array([1, 0]))
    (array([0, 2, 4]), array([0, 1, 0, 1]))
    """
    nodes = np.arange(indptr.size - 1, dtype=np.int64)
    owners = np.repeat(nodes, np.diff(indptr))
    before = np.bincount(owners[indices < owners], minlength=nodes.size)
    places = indptr[:-1] + before
    return indptr + np.arange(indptr.size), np.insert(indices, places, nodes)


def has_dense_rows(indptr: Ints, indices: Ints) -> bool:
    """Tell whether the rows have more entries than words as bits, which then take less time.

    Examples
    --------
    >>> has_dense_rows(np.array([0, 1, 3, 4]), np.array([1, 0, 2, 1]))
    True
    """
    n_nodes = indptr.size - 1
    return bits_fit(n_nodes) and indices.size >= n_nodes * count_words(n_nodes)


def restrict_pairs(indptr: Ints, indices: Ints, nodes: Ints) -> tuple[Ints, Ints]:
    """Return the rows among ``nodes`` (ascending), renumbered from 0.

    Examples
    --------
    >>> restrict_pairs(np.array([0, 1, 3, 4]), np.array([1, 0, 2, 1]), np.array([1, 2]))
    (array([0, 1, 2]), array([1, 0]))
    """
    if nodes.size == indptr.size - 1:
        return indptr, indices
    number = np.full(indptr.size - 1, -1, dtype=np.int64)
    number[nodes] = np.arange(nodes.size)
    bounds = np.zeros(nodes.size + 1, dtype=np.int64)
    _restrict(indptr, indices, nodes, number, bounds, bounds[:0])
    partners = np.empty(bounds[-1], dtype=np.int64)
    _restrict(indptr, indices, nodes, number, bounds, partners)
    return bounds, partners


@light_kernel
def _restrict(
    indptr: Ints, indices: Ints, nodes: Ints, number: Ints, bounds: Ints, partners: Ints
) -> None:
    # Fills bounds, and partners too if there is room: nothing of the size of all pairs besides.
    end = 0
    for i in range(nodes.size):
        for k in range(indptr[nodes[i]], indptr[nodes[i] + 1]):
            partner = number[indices[k]]
            if partner >= 0:
                if partners.size > 0:
                    partners[end] = partner
                end += 1
        bounds[i + 1] = end
