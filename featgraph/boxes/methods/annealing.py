"""Simulated annealing of a merged cover: nodes move, boxes split and merge.

The start is the cover of ``merge``. In each step a copy of it is shaken: up to ``moves`` times a
random box takes over a node next to it that is within ``size`` of all its members and not alone
in its own box; up to ``splits`` times a random node of a random box of several gets a box of its
own; then every box may merge once, as in ``merge``. The copy replaces the cover if it has no more
boxes, or else with probability exp(−Δ / T), Δ the boxes more. T falls by ``cooling`` from step to
step. The best cover met is returned; the publication returns the last one, which may be worse.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.candidate_boxes import open_table
from featgraph.boxes.methods.merge import merge_level, solve as solve_merge
from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.kernels import kernel
from featgraph.kernels.bits import has_bit

__all__ = ["solve"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def solve(
    space: MetricSpace,
    size: float,
    rng: np.random.Generator,
    *,
    moves: int,
    splits: int,
    steps: int,
    temperature: float,
    cooling: float,
) -> RawCover:
    """Return the best cover met on the way."""
    labels = best = solve_merge(space, size, rng).labels
    if best.max() == space.components.max():
        return RawCover(best)  # one box per component
    table, graph = open_table(space, size), space.neighbors(size)
    for step in range(steps):
        draws = rng.random((2 * (moves + splits), 2))
        shaken = _shake(
            *table, graph.starts, graph.stops, graph.indices, labels, moves, splits, draws
        )  # fmt: skip
        merged = merge_level(space, size, shaken, rng)
        more = int(merged.max() - labels.max())
        if more <= 0 or rng.random() < np.exp(-more / (temperature * cooling**step)):
            labels = merged
            if labels.max() < best.max():
                best = labels
    return RawCover(best)


@kernel
def _shake(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    bits: Ints,
    graph_starts: Ints,
    graph_stops: Ints,
    graph_indices: Ints,
    before: Ints,
    n_moves: int,
    n_splits: int,
    draws: Floats,
) -> Ints:
    # Members of a box are chained both ways, from first[box] along after[]. Of the nodes next
    # to a box the search for one that may move starts at a random place.
    n_nodes = before.size
    labels: Ints = before.copy()
    n_boxes = labels.max() + 1
    masses = np.zeros(n_nodes, dtype=np.int64)
    first = np.full(n_nodes, -1, dtype=np.int64)
    after = np.full(n_nodes, -1, dtype=np.int64)
    ahead = np.full(n_nodes, -1, dtype=np.int64)
    for v in range(n_nodes):
        _put_in(v, labels[v], labels, masses, first, after, ahead)
    seen = np.full(n_nodes, -1, dtype=np.int64)
    rim = np.empty(n_nodes, dtype=np.int64)
    common = np.empty(bits.shape[1], dtype=np.int64)
    done = 0
    for trial in range(2 * n_moves):
        if done == n_moves:
            break
        box = int(draws[trial, 0] * n_boxes)
        n_rim = _list_rim(
            box, trial, graph_starts, graph_stops, graph_indices, labels, masses, first, after,
            seen, rim,
        )  # fmt: skip
        if bits.size:
            _cut(box, bits, first, after, common)
        offset = int(draws[trial, 1] * n_rim)
        for r in range(n_rim):
            v = rim[(offset + r) % n_rim]
            if bits.size:
                fits = has_bit(common, v)
            else:
                n_near = 0
                for k in range(starts[v], stops[v]):
                    if labels[indices[k]] == box:
                        n_near += 1
                fits = n_near == masses[box]
            if fits:
                _take_out(v, labels, masses, first, after, ahead)
                _put_in(v, box, labels, masses, first, after, ahead)
                done += 1
                break
    _split(n_boxes, n_splits, draws[2 * n_moves :], labels, masses, first, after, ahead)
    return labels


@kernel
def _split(
    n_boxes: int,
    n_splits: int,
    draws: Floats,
    labels: Ints,
    masses: Ints,
    first: Ints,
    after: Ints,
    ahead: Ints,
) -> None:
    # Random nodes of random boxes get boxes of their own.
    done = 0
    for trial in range(2 * n_splits):
        box = int(draws[trial, 0] * n_boxes)
        if done < n_splits and masses[box] > 1:
            v = first[box]
            for _ in range(int(draws[trial, 1] * masses[box])):
                v = after[v]
            _take_out(v, labels, masses, first, after, ahead)
            _put_in(v, n_boxes, labels, masses, first, after, ahead)
            n_boxes += 1
            done += 1


@kernel
def _cut(box: int, bits: Ints, first: Ints, after: Ints, common: Ints) -> None:
    # common: the nodes within the size of all members of the box.
    v = first[box]
    for w in range(common.size):
        common[w] = bits[v, w]
    v = after[v]
    while v >= 0:
        for w in range(common.size):
            common[w] &= bits[v, w]
        v = after[v]


@kernel
def _list_rim(
    box: int,
    stamp: int,
    starts: Ints,
    stops: Ints,
    indices: Ints,
    labels: Ints,
    masses: Ints,
    first: Ints,
    after: Ints,
    seen: Ints,
    rim: Ints,
) -> int:
    # Nodes next to a box that are not alone in theirs; returns how many.
    n_rim = 0
    u = first[box]
    while u >= 0:
        for k in range(starts[u], stops[u]):
            v = indices[k]
            if labels[v] != box and seen[v] != stamp and masses[labels[v]] > 1:
                seen[v] = stamp
                rim[n_rim] = v
                n_rim += 1
        u = after[u]
    return n_rim


@kernel
def _put_in(
    node: int, box: int, labels: Ints, masses: Ints, first: Ints, after: Ints, ahead: Ints
) -> None:
    labels[node] = box
    masses[box] += 1
    ahead[node] = -1
    after[node] = first[box]
    if first[box] >= 0:
        ahead[first[box]] = node
    first[box] = node


@kernel
def _take_out(node: int, labels: Ints, masses: Ints, first: Ints, after: Ints, ahead: Ints) -> None:
    masses[labels[node]] -= 1
    if ahead[node] >= 0:
        after[ahead[node]] = after[node]
    else:
        first[labels[node]] = after[node]
    if after[node] >= 0:
        ahead[after[node]] = ahead[node]
