"""Renormalisation, the box tree, and the analysis of boxes."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.boxes import BoxCover, analyze_boxes, box_cover, renormalization_flow, renormalize
from featgraph.graph import FeatureGraph
from tests.naive import boxes as naive


@given(seed=st.integers(0, 10**6), n_nodes=st.integers(1, 15), size=st.integers(0, 3))
def test_edges_are_those_between_boxes(seed, n_nodes, size):
    graph = nx.gnp_random_graph(n_nodes, 0.2, seed=seed)
    cover = box_cover(graph, size, rng=seed)
    small = renormalize(graph, cover)
    expected = nx.quotient_graph(graph, [set(box) for box in cover.boxes()], relabel=True)
    assert small.n_nodes == cover.n_boxes
    assert {tuple(edge) for edge in small.edges.tolist()} == {
        tuple(sorted(edge)) for edge in expected.edges
    }
    assert small.node_attributes["mass"].tolist() == cover.masses.tolist()


def test_flower_renormalises_to_the_flower_before():
    graph = FeatureGraph.from_edges(naive.flower(2, 2, 4))
    small = renormalize(graph, box_cover(graph, 1, method="memb", rng=0))
    before = FeatureGraph.from_edges(naive.flower(2, 2, 3))
    assert small.n_nodes == before.n_nodes == 44
    assert "center" in small.node_attributes


def test_weights_keep_the_shortest_edge():
    graph = nx.Graph()
    graph.add_weighted_edges_from([(0, 1, 1.0), (0, 2, 3.0), (1, 3, 2.0), (2, 3, 1.0)])
    cover = BoxCover(np.array([0, 0, 1, 1]), 1.0, "diameter", "greedy")
    small = renormalize(graph, cover, weight="weight")
    assert small.edge_weights.tolist() == [2.0]
    assert renormalize(graph, cover, weight="ignore").weights is None


def test_flow_ends_at_one_node_per_component():
    graph = nx.disjoint_union(nx.path_graph(30), nx.cycle_graph(9))
    flow = renormalization_flow(graph, 1, rng=0)
    assert flow.graphs[-1].n_nodes == 2
    assert flow.graphs[-1].n_edges == 0
    assert flow.n_steps == len(flow.covers) == len(flow.graphs) - 1
    assert np.bincount(flow.labels(flow.n_steps)).tolist() in ([30, 9], [9, 30])
    assert flow.labels(0).tolist() == list(range(39))
    for step, cover in enumerate(flow.covers):
        cover.validate(flow.graphs[step])
    with pytest.raises(ValueError, match="step must be from 0"):
        flow.labels(99)
    assert renormalization_flow(graph, 1, max_steps=1, rng=0).n_steps == 1
    assert renormalization_flow(nx.empty_graph(3), 1).n_steps == 0


def test_refusals():
    with pytest.raises(ValueError, match="size must be at least 1"):
        renormalization_flow(nx.path_graph(3), 0)
    with pytest.raises(ValueError, match="max_steps must be at least 1"):
        renormalization_flow(nx.path_graph(3), 1, max_steps=0)
    cover = BoxCover(np.array([0, 0]), 1, "diameter", "greedy")
    with pytest.raises(ValueError, match="cover must be of the graph's 3 nodes"):
        renormalize(nx.path_graph(3), cover)
    with pytest.raises(ValueError, match="cover must be of the graph's 3 nodes"):
        analyze_boxes(nx.path_graph(3), cover)


@given(seed=st.integers(0, 10**6), n_nodes=st.integers(1, 15))
def test_compactness_equals_networkx(seed, n_nodes):
    graph = nx.gnp_random_graph(n_nodes, 0.2, seed=seed)
    cover = box_cover(graph, 2, rng=seed)
    found = analyze_boxes(graph, cover)
    expected = [nx.is_connected(graph.subgraph(box)) for box in cover.boxes()]
    assert found.connected.tolist() == expected
    assert found.overlap == 1.0
    inside = [cover.labels[u] == cover.labels[v] for u, v in graph.edges]
    if inside:
        assert math.isclose(found.internal_edges, sum(inside) / len(inside))
    else:
        assert math.isnan(found.internal_edges)


def test_overlapping_boxes_are_judged_whole():
    overlaps = (np.array([0, 2, 4]), np.array([0, 1, 1, 2]))
    cover = BoxCover(np.array([0, 0, 1]), 1, "diameter", "obca", overlaps=overlaps)
    found = analyze_boxes(nx.path_graph(3), cover)
    assert found.compactness == 1.0
    assert math.isclose(found.overlap, 4 / 3)
