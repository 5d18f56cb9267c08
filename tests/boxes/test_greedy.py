"""Greedy covering against its slow twin, networkx's colouring and known answers."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.boxes import box_counts, box_cover
from featgraph.boxes.methods import METHODS, greedy
from featgraph.boxes.methods.greedy import fit_bits, fit_lists, fit_nodes
from featgraph.boxes.metric_space import open_graph_space
from featgraph.boxes.node_orders import NO_BITS, fit_dsatur, order_smallest_last
from tests.naive import boxes as naive


@given(seed=st.integers(0, 10**6), n_nodes=st.integers(1, 14), size=st.integers(0, 5))
def test_equals_twin_in_any_order(seed, n_nodes, size):
    graph = nx.gnp_random_graph(n_nodes, 0.2, seed=seed)
    order = np.random.default_rng(seed).permutation(n_nodes)
    dist = naive.hop_distances(n_nodes, graph.edges)
    cover = box_cover(graph, size, order=order)
    if 0 < size < 2 * n_nodes:
        expected = naive.greedy(dist, size, order.tolist())
        boxes = sorted(map(sorted, cover.boxes()))
        twin = [[v for v in range(n_nodes) if expected[v] == b] for b in range(max(expected) + 1)]
        assert boxes == sorted(twin)


@given(seed=st.integers(0, 10**6), n_nodes=st.integers(1, 14), size=st.integers(1, 4))
def test_all_tables_give_the_same_boxes(seed, n_nodes, size):
    graph = nx.gnp_random_graph(n_nodes, 0.2, seed=seed)
    order = np.random.default_rng(seed).permutation(n_nodes)
    space = open_graph_space(graph, weight=None, as_undirected=False)
    rows, lists = space.rows(size), space.pairs(size)
    expected = naive.greedy(naive.hop_distances(n_nodes, graph.edges), size, order.tolist())
    walked, _ = fit_nodes(rows, order, np.array([rows.hops]))
    assert walked[:, 0].tolist() == expected
    assert fit_lists(lists, order).tolist() == expected
    assert fit_bits(space.bits(size), order).tolist() == expected


@pytest.mark.parametrize("nodes_at_once", [1, 7, 60])
def test_nodes_placed_in_parts_get_the_same_boxes(monkeypatch, nodes_at_once):
    graph = nx.gnp_random_graph(60, 0.05, seed=2)
    rows = open_graph_space(graph, weight=None, as_undirected=False).rows(4)
    order, sizes = np.random.default_rng(0).permutation(60), np.array([1, 2, 4])
    monkeypatch.setattr(greedy, "FIRST_NODES", nodes_at_once)
    monkeypatch.setattr(greedy, "CHUNK", 0.0)
    heard = []
    labels, n_boxes = fit_nodes(rows, order, sizes, heard.append)
    dist = naive.hop_distances(60, graph.edges)
    twins = [naive.greedy(dist, int(size), order.tolist()) for size in sizes]
    assert labels.T.tolist() == twins
    assert n_boxes.tolist() == [max(twin) + 1 for twin in twins]
    assert heard == sorted(heard)
    assert len(heard) >= 60 // nodes_at_once
    assert heard[-1] == 1.0


@given(seed=st.integers(0, 10**6), n_nodes=st.integers(1, 14), size=st.integers(1, 4))
def test_orders_by_size_equal_twins(seed, n_nodes, size):
    graph = nx.gnp_random_graph(n_nodes, 0.2, seed=seed)
    ties = np.random.default_rng(seed).permutation(n_nodes)
    dist = naive.hop_distances(n_nodes, graph.edges)
    space = open_graph_space(graph, weight=None, as_undirected=False)
    for bits in (NO_BITS, space.bits(size)):
        order = order_smallest_last(*space.rows(size), ties, bits=bits)
        assert order.tolist() == naive.smallest_last(dist, size, ties.tolist())
        labels = fit_dsatur(*space.rows(size), ties, bits=bits)
        assert labels.tolist() == naive.dsatur(dist, size, ties.tolist())


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("strategy", ["largest_first", "smallest_last", "DSATUR"])
def test_networkx_colours_the_auxiliary_graph_alike(size, strategy):
    graph = nx.gnp_random_graph(40, 0.07, seed=size)
    auxiliary = nx.empty_graph(40)
    dist = dict(nx.all_pairs_shortest_path_length(graph))
    auxiliary.add_edges_from(
        (u, v) for u in graph for v in graph if u < v and dist[u].get(v, 99) > size
    )
    colors = nx.greedy_color(auxiliary, strategy=strategy)
    order = list(colors)  # in the order of colouring
    cover = box_cover(graph, size, order=order)
    assert cover.labels.tolist() == [colors[v] for v in range(40)]


@pytest.mark.parametrize("n_nodes", [1, 2, 7, 24])
@pytest.mark.parametrize("size", [0, 1, 2, 5, 23])
def test_path_in_order_is_best(n_nodes, size):
    cover = box_cover(nx.path_graph(n_nodes), size, order="index")
    assert cover.n_boxes == -(-n_nodes // (size + 1))


@pytest.mark.parametrize("order", METHODS["greedy"].options[0].choices)
def test_one_pass_counts_equal_single_covers(order):
    graph = nx.gnp_random_graph(40, 0.06, seed=7)
    counts = box_counts(graph, sizes=range(8), order=order, rng=0, repeats=2)
    assert counts.counts_per_repeat.shape == (2, 8)
    if order == "index":
        singles = [box_cover(graph, size, order="index").n_boxes for size in range(8)]
        assert counts.counts.tolist() == singles


def test_star_and_complete():
    assert box_cover(nx.star_graph(8), 1, rng=0).n_boxes == 8
    assert box_cover(nx.star_graph(8), 2, rng=0).n_boxes == 1
    assert box_cover(nx.complete_graph(8), 1, rng=0).n_boxes == 1


def test_degree_takes_the_rim_first():
    cover = box_cover(nx.star_graph(3), 1, order="degree", rng=0)
    assert cover.masses.tolist() == [2, 1, 1]  # the hub, last, joins the first leaf
    assert cover.labels[0] == 0


def test_unreachable_nodes_never_share_a_box():
    graph = nx.disjoint_union_all([nx.path_graph(4), nx.path_graph(3), nx.empty_graph(1)])
    for order in METHODS["greedy"].options[0].choices:
        assert box_cover(graph, 1, order=order, rng=0).n_boxes >= 5
    assert box_cover(graph, 1, order="index").n_boxes == 5


@pytest.mark.parametrize("order", [[0, 1], [0, 0, 1], [1, 2, 3], "sideways"])
def test_refuses_orders_that_are_none(order):
    with pytest.raises(ValueError, match="order must"):
        box_cover(nx.path_graph(3), 1, order=order)
