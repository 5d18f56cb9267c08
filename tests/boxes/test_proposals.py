"""Sampling and HALO: boxes proposed and boxes chosen."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.boxes import box_cover
from featgraph.boxes.bits import pack_lists
from featgraph.boxes.candidate_boxes import Table, propose_boxes
from featgraph.boxes.greedy_set_cover import choose_boxes
from featgraph.boxes.metric_space import open_graph_space
from tests.naive import box_searches as naive, boxes as plain


def as_sets(boxes):
    bounds, members = boxes
    return [set(members[a:b].tolist()) for a, b in pairwise(bounds)]


@given(
    seed=st.integers(0, 10**6),
    n_nodes=st.integers(1, 14),
    size=st.integers(1, 3),
    prefer=st.booleans(),
    packed=st.booleans(),
)
def test_proposals_are_maximal_and_cover_all(seed, n_nodes, size, prefer, packed):
    graph = nx.gnp_random_graph(n_nodes, 0.2, seed=seed)
    dist = plain.hop_distances(n_nodes, graph.edges)
    rng = np.random.default_rng(seed)
    rows = open_graph_space(graph, weight=None, as_undirected=False).pairs(size)
    seeds = rng.permutation(n_nodes)
    nothing = np.empty(0, dtype=np.int64)
    table = Table(rows.starts, rows.stops, rows.indices, nothing.reshape(0, 0))
    if packed:
        table = Table(nothing, nothing, nothing, pack_lists(*table[:3]))
    boxes = propose_boxes(table, seeds, 5, rng, prefer_uncovered=prefer)
    held = set()
    for k, box in enumerate(as_sets(boxes)):
        assert all(dist[u][v] <= size for u in box for v in box)
        outside = set(range(n_nodes)) - box
        assert not [v for v in outside if all(dist[u][v] <= size for u in box)]
        fresh = [v for v in seeds.tolist() if v not in held]
        if fresh:
            assert boxes[1][boxes[0][k]] == fresh[0]
        held |= box
    assert held == set(range(n_nodes))
    assert len(boxes[0]) - 1 >= 5


@pytest.mark.parametrize(
    ("strategy", "twin"),
    [("big_first", naive.choose_big_first), ("small_first", naive.choose_small_first)],
)
@given(seed=st.integers(0, 10**6), n_nodes=st.integers(1, 12), n_boxes=st.integers(1, 12))
def test_choice_equals_twin(strategy, twin, seed, n_nodes, n_boxes):
    rng = np.random.default_rng(seed)
    sets = [
        set(rng.permutation(n_nodes)[: rng.integers(1, n_nodes + 1)].tolist())
        for _ in range(n_boxes)
    ]
    sets.append(set(range(n_nodes)) - set().union(*sets) or {0})
    lists = [sorted(box) for box in sets]
    boxes = np.concatenate([[0], np.cumsum([len(b) for b in lists])]), np.concatenate(lists)
    chosen, labels = choose_boxes(boxes, n_nodes, strategy)
    assert chosen.tolist() == twin(sets, n_nodes)
    expected = [next(k for k, b in enumerate(chosen) if v in sets[b]) for v in range(n_nodes)]
    assert labels.tolist() == expected


@pytest.mark.parametrize("strategy", ["big_first", "small_first"])
@pytest.mark.parametrize("boxes", ["maximal", "random_sequential"])
def test_sampling_in_all_ways(boxes, strategy):
    graph = nx.barabasi_albert_graph(60, 1, seed=2)
    cover = box_cover(
        graph, 1, method="sampling", boxes=boxes, strategy=strategy, n_samples=3, rng=0
    )
    assert cover.kind == ("radius" if boxes == "random_sequential" else "diameter")
    cover.validate(graph)


def test_more_samples_need_fewer_boxes():
    graph = nx.gnp_random_graph(120, 0.03, seed=2)
    counts = [
        np.mean(
            [box_cover(graph, 3, method="sampling", n_samples=n, rng=k).n_boxes for k in range(5)]
        )
        for n in (1, 30)
    ]
    assert counts[1] < counts[0]


def test_halo_at_odd_and_even_sizes():
    graph = nx.barabasi_albert_graph(80, 1, seed=2)
    counts = [box_cover(graph, size, method="halo", rng=0).n_boxes for size in (1, 2, 3, 4)]
    assert counts == sorted(counts, reverse=True)
