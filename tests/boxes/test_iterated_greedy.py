"""Iterated greedy: valid, never rising, repeatable, and as good as the proven optimum."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from featgraph.boxes import box_cover, minimum_box_cover
from featgraph.boxes.bits import pack_lists
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.iterated_greedy import dissolve_boxes, fit_boxes, iterate_boxes
from tests.naive import boxes as naive_boxes, optimum as naive


@st.composite
def relations(draw, most=12):
    n_nodes = draw(st.integers(1, most))
    pairs = list(itertools.combinations(range(n_nodes), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    near = [set() for _ in range(n_nodes)]
    for u, v in chosen:
        near[u].add(v)
        near[v].add(u)
    return near


def as_rows(near):
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in near])]).astype(np.int64)
    return indptr, np.array([v for row in near for v in sorted(row)], dtype=np.int64)


@settings(max_examples=60)
@given(near=relations(), seed=st.integers(0, 99))
def test_first_fit_equals_its_twin(near, seed):
    order = np.random.default_rng(seed).permutation(len(near))
    assert fit_boxes(*as_rows(near), order).tolist() == naive.fit_boxes(near, order)


def check_boxes(near, labels):
    assert sorted(set(labels.tolist())) == list(range(labels.max() + 1))
    for u, v in itertools.combinations(range(len(near)), 2):
        assert labels[u] != labels[v] or v in near[u]


def as_bits(near):
    indptr, indices = as_rows(near)
    return pack_lists(indptr[:-1], indptr[1:], indices)


@settings(max_examples=40)
@given(near=relations(), seed=st.integers(0, 99))
def test_passes_never_need_more_boxes(near, seed):
    rng = np.random.default_rng(seed)
    rows = as_rows(near)
    labels = fit_boxes(*rows, rng.permutation(len(near)))
    for _ in range(12):
        before = labels.max()
        labels = iterate_boxes(*rows, labels, Clock(None), rng, passes=1, patience=5)
        assert labels.max() <= before
        check_boxes(near, labels)


@settings(max_examples=40)
@given(near=relations(), seed=st.integers(0, 99))
def test_dissolved_boxes_leave_a_cover_of_as_few(near, seed):
    start, rng = np.arange(len(near)), np.random.default_rng(seed)
    labels = dissolve_boxes(as_bits(near), start, Clock(None), rng, moves=200)
    check_boxes(near, labels)
    assert labels.max() + 1 >= naive.smallest_clique_cover(near)
    same = dissolve_boxes(as_bits(near), start, Clock(0.0), rng, moves=200)
    assert same.tolist() == start.tolist()


def test_dissolving_finds_boxes_that_were_planted():
    n_nodes, n_boxes = 120, 8
    rng = np.random.default_rng(0)
    planted = rng.permutation(n_nodes) % n_boxes
    related = np.triu(rng.random((n_nodes, n_nodes)) < 0.6)
    related |= related.T | (planted[:, None] == planted)
    near = [set(np.flatnonzero(row).tolist()) - {v} for v, row in enumerate(related)]
    start = np.array(naive.fit_boxes(near, range(n_nodes)))
    assert start.max() + 1 > n_boxes
    found = [
        dissolve_boxes(
            as_bits(near), start, Clock(None), np.random.default_rng(1), moves=10**5, enough=n_boxes
        )
        for _ in range(2)
    ]
    check_boxes(near, found[0])
    assert found[0].max() + 1 == n_boxes
    np.testing.assert_array_equal(*found)


@settings(max_examples=30)
@given(near=relations(9), size=st.integers(1, 3), reduce=st.booleans())
def test_small_graphs_are_solved(near, size, reduce):
    graph = nx.empty_graph(len(near))
    graph.add_edges_from((u, v) for u in range(len(near)) for v in near[u])
    dist = naive_boxes.hop_distances(len(near), graph.edges)
    expected = naive.smallest_clique_cover(naive.relation(dist, size))
    cover = box_cover(graph, size, method="iterated_greedy", iterations=300, reduce=reduce, rng=0)
    cover.validate(graph)
    assert cover.n_boxes == expected


@pytest.mark.parametrize("reduce", [True, False])
def test_same_seed_same_boxes(reduce):
    graph = nx.gnp_random_graph(80, 0.05, seed=1)
    options = {"iterations": 40, "patience": 40, "reduce": reduce}
    first, second = (
        box_cover(graph, 2, method="iterated_greedy", rng=3, **options) for _ in range(2)
    )
    assert first.labels.tolist() == second.labels.tolist()
    assert first.options["iterations"] == 40


def test_a_lattice_comes_near_its_bound():
    graph = nx.grid_2d_graph(14, 14)
    least = minimum_box_cover(graph, 3, time_limit=5, rng=0).lower_bound
    assert (
        box_cover(graph, 3, method="iterated_greedy", iterations=2000, rng=0).n_boxes <= 1.1 * least
    )


def test_no_passes_and_no_time_still_give_a_cover():
    graph = nx.grid_2d_graph(8, 8)
    for options in ({"iterations": 0}, {"time_limit": 0.0}):
        box_cover(graph, 2, method="iterated_greedy", rng=0, **options).validate(graph)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"iterations": -1}, "iterations must be a whole number of at least 0, got -1"),
        ({"patience": 0}, "patience must be a whole number of at least 1, got 0"),
        ({"time_limit": -2.0}, "time_limit must be a finite number of at least 0, got -2"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        box_cover(nx.path_graph(4), 1, method="iterated_greedy", **options)
