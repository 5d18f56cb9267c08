"""Overlapping boxes that nothing can be added to: what sampling, HALO and OBCA share.

Boxes come as ``members[bounds[b]:bounds[b + 1]]``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.metric_space import MetricSpace
from featgraph.kernels import kernel
from featgraph.kernels.bits import has_bit, lowest_bit
from featgraph.kernels.random import draw_uniform

__all__ = [
    "Table",
    "join_proposals",
    "open_table",
    "overlap_boxes",
    "propose_boxes",
]

Ints = NDArray[np.int64]
Boxes = tuple[Ints, Ints]


class Table(NamedTuple):
    """Who is within the size: lists of other nodes, or rows of bits with the lists left empty."""

    starts: Ints
    stops: Ints
    indices: Ints
    bits: Ints


def open_table(space: MetricSpace, size: float, *, bits: bool = False) -> Table:
    """Return the table that suits the size; ``bits`` wherever they are made sooner than lists."""
    empty = np.empty(0, dtype=np.int64)
    if space.is_dense(size) or (bits and space.prefers_bits(size)):
        return Table(empty, empty, empty, space.bits(size))
    rows = space.pairs(size)
    return Table(rows.starts, rows.stops, rows.indices, np.empty((0, 0), dtype=np.int64))


def propose_boxes(
    table: Table, seeds: Ints, n_boxes: int, rng: np.random.Generator, *, prefer_uncovered: bool
) -> Boxes:
    """Return boxes that nothing can be added to, at least ``n_boxes`` and enough to cover all.

    The seed of a box is the first node of ``seeds`` that no proposal holds yet, or a random
    node when there is none. Then random nodes within the size of all members join (those that
    no proposal holds first, if ``prefer_uncovered``), until there is none.
    """
    state = rng.integers(1, 2**63, size=1)
    bounds, members = _propose(*table, seeds, n_boxes, prefer_uncovered, state)
    return bounds, members


def overlap_boxes(table: Table, seeds: Ints, rank: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the boxes of OBCA before redundant ones go, and how many boxes hold each node.

    Seeds are the nodes of ``seeds`` that no box holds yet. The nodes around a seed are gone
    through from those held least often, of equals by ``rank``; each joins if it is within the
    size of all that joined before.
    """
    if table.bits.size:
        bounds, members, times = _overlap_bits(table.bits, seeds, rank)
    else:
        bounds, members, times = _overlap_lists(*table[:3], seeds, rank)
    return bounds, members, times


def join_proposals(one: Boxes, other: Boxes) -> Boxes:
    """Return the boxes of both, ``one`` first."""
    bounds = np.concatenate([one[0], one[0][-1] + other[0][1:]])
    return bounds, np.concatenate([one[1], other[1]])


@kernel
def _list_near(node: int, starts: Ints, stops: Ints, indices: Ints, bits: Ints, out: Ints) -> int:
    # The other nodes within the size, from lists or from bits; returns how many.
    count = 0
    if bits.size == 0:
        for k in range(starts[node], stops[node]):
            out[count] = indices[k]
            count += 1
        return count
    for w in range(bits.shape[1]):
        word = bits[node, w]
        while word:
            v = 63 * w + lowest_bit(word)
            word &= word - 1
            if v != node:
                out[count] = v
                count += 1
    return count


@kernel
def _join_box(
    node: int,
    first: int,
    n_members: int,
    members: Ints,
    near: Ints,
    base: int,
    starts: Ints,
    stops: Ints,
    indices: Ints,
    bits: Ints,
    allowed: Ints,
) -> int:
    # node joins the box members[first:n_members]; returns the new n_members. Who fits next is
    # in allowed (bits), or has a count in near of base plus the number of members (lists).
    members[n_members] = node
    if bits.size == 0:
        for k in range(starts[node], stops[node]):
            near[indices[k]] = max(near[indices[k]], base) + 1
    elif n_members == first:
        for w in range(allowed.size):
            allowed[w] = bits[node, w]
    else:
        for w in range(allowed.size):
            allowed[w] &= bits[node, w]
    return n_members + 1


@kernel
def _propose(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    bits: Ints,
    seeds: Ints,
    n_wanted: int,
    prefer_uncovered: bool,
    state: Ints,
) -> tuple[Ints, Ints]:
    # A random one of those that still fit is the first that fits in a random order of all.
    n_nodes = seeds.size
    held = np.zeros(n_nodes, dtype=np.bool_)
    near = np.zeros(n_nodes, dtype=np.int64)
    allowed = np.empty(bits.shape[1], dtype=np.int64)
    ball = np.empty(n_nodes, dtype=np.int64)
    bounds = np.zeros(max(n_wanted, n_nodes) + 1, dtype=np.int64)
    members = np.empty(4 * n_nodes, dtype=np.int64)
    n_boxes, n_members, next_seed, base = 0, 0, 0, 0
    while True:
        while next_seed < n_nodes and held[seeds[next_seed]]:
            next_seed += 1
        if next_seed < n_nodes:
            node = seeds[next_seed]
        elif n_boxes < n_wanted:
            node = int(draw_uniform(state) * n_nodes)
        else:
            break
        if n_members + n_nodes > members.size:
            members = np.concatenate((members, np.empty(members.size, dtype=np.int64)))
        first = n_members
        n_members = _join_box(node, first, n_members, members, near, base, starts, stops, indices,
                         bits, allowed)  # fmt: skip
        n_ball = _list_near(node, starts, stops, indices, bits, ball)
        n_new = n_ball
        if prefer_uncovered:  # those that no proposal holds to the front
            n_new = 0
            for k in range(n_ball):
                if not held[ball[k]]:
                    ball[k], ball[n_new] = ball[n_new], ball[k]
                    n_new += 1
        for k in range(n_ball):
            last = n_new if k < n_new else n_ball
            place = k + int(draw_uniform(state) * (last - k))
            v = ball[place]
            ball[place] = ball[k]
            if has_bit(allowed, v) if allowed.size else near[v] - base == n_members - first:
                n_members = _join_box(v, first, n_members, members, near, base, starts, stops,
                                 indices, bits, allowed)  # fmt: skip
        for k in range(first, n_members):
            held[members[k]] = True
        base += n_members - first + 1
        n_boxes += 1
        bounds[n_boxes] = n_members
    return bounds[: n_boxes + 1].copy(), members[:n_members].copy()


@kernel
def _sort_keys(ball: Ints, n_ball: int, times: Ints, rank: Ints, by_rank: Ints) -> None:
    # ball[:n_ball]: those held least often first, of equals by rank.
    n_nodes = times.size
    for k in range(n_ball):
        ball[k] = times[ball[k]] * n_nodes + rank[ball[k]]
    if n_ball > 24:
        ball[:n_ball].sort()
    else:
        for k in range(1, n_ball):
            key, place = ball[k], k
            while place > 0 and ball[place - 1] > key:
                ball[place] = ball[place - 1]
                place -= 1
            ball[place] = key
    for k in range(n_ball):
        ball[k] = by_rank[ball[k] % n_nodes]


@kernel
def _sort_places(
    row: Ints, seed: int, times: Ints, by_rank: Ints, places: Ints, ball: Ints, n_ball: int
) -> None:
    # The same by counting, through all nodes in order of rank: quicker where balls are large.
    most = 0
    for k in range(n_ball):
        places[times[ball[k]] + 1] += 1
        most = max(most, times[ball[k]])
    for t in range(most + 1):
        places[t + 1] += places[t]
    for v in by_rank:
        if v != seed and has_bit(row, v):
            ball[places[times[v]]] = v
            places[times[v]] += 1
    places[: most + 2] = 0


@kernel
def _overlap_lists(
    starts: Ints, stops: Ints, indices: Ints, seeds: Ints, rank: Ints
) -> tuple[Ints, Ints, Ints]:
    # Boxes of OBCA, and how many boxes hold each node. near[v] - base counts the members of the
    # box at hand that are within the size of v.
    n_nodes = seeds.size
    times = np.zeros(n_nodes, dtype=np.int64)
    near = np.zeros(n_nodes, dtype=np.int64)
    bounds = np.zeros(n_nodes + 1, dtype=np.int64)
    members = np.empty(4 * n_nodes, dtype=np.int64)
    ball = np.empty(n_nodes, dtype=np.int64)
    by_rank = np.empty(n_nodes, dtype=np.int64)
    by_rank[rank] = np.arange(n_nodes)
    n_members, n_boxes, base = 0, 0, 0
    for seed in seeds:
        if times[seed] > 0:
            continue
        if n_members + n_nodes > members.size:
            members = np.concatenate((members, np.empty(members.size, dtype=np.int64)))
        n_ball = stops[seed] - starts[seed]
        for k in range(n_ball):
            ball[k] = indices[starts[seed] + k]
            near[ball[k]] = base + 1
        _sort_keys(ball, n_ball, times, rank, by_rank)
        first = n_members
        members[n_members] = seed
        n_members += 1
        for k in range(n_ball):
            v = ball[k]
            if near[v] - base == n_members - first:
                members[n_members] = v
                n_members += 1
                for e in range(starts[v], stops[v]):
                    near[indices[e]] = max(near[indices[e]], base) + 1
        for k in range(first, n_members):
            times[members[k]] += 1
        base += n_members - first + 1
        n_boxes += 1
        bounds[n_boxes] = n_members
    return bounds[: n_boxes + 1].copy(), members[:n_members].copy(), times


@kernel
def _overlap_bits(bits: Ints, seeds: Ints, rank: Ints) -> tuple[Ints, Ints, Ints]:
    # The same from rows of bits; allowed are the nodes within the size of all members.
    n_nodes, n_words = bits.shape
    times = np.zeros(n_nodes, dtype=np.int64)
    allowed = np.empty(n_words, dtype=np.int64)
    bounds = np.zeros(n_nodes + 1, dtype=np.int64)
    members = np.empty(4 * n_nodes, dtype=np.int64)
    ball = np.empty(n_nodes, dtype=np.int64)
    by_rank = np.empty(n_nodes, dtype=np.int64)
    by_rank[rank] = np.arange(n_nodes)
    places = np.zeros(n_nodes + 2, dtype=np.int64)
    n_members, n_boxes = 0, 0
    for seed in seeds:
        if times[seed] > 0:
            continue
        if n_members + n_nodes > members.size:
            members = np.concatenate((members, np.empty(members.size, dtype=np.int64)))
        n_ball = _list_near(seed, seeds, seeds, seeds, bits, ball)
        if 8 * n_ball < n_nodes:
            _sort_keys(ball, n_ball, times, rank, by_rank)
        else:
            _sort_places(bits[seed], seed, times, by_rank, places, ball, n_ball)
        first = n_members
        members[n_members] = seed
        n_members += 1
        for w in range(n_words):
            allowed[w] = bits[seed, w]
        for k in range(n_ball):
            v = ball[k]
            if has_bit(allowed, v):
                members[n_members] = v
                n_members += 1
                for w in range(n_words):
                    allowed[w] &= bits[v, w]
        for k in range(first, n_members):
            times[members[k]] += 1
        n_boxes += 1
        bounds[n_boxes] = n_members
    return bounds[: n_boxes + 1].copy(), members[:n_members].copy(), times
