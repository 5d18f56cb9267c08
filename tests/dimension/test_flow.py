"""Renormalisation flows: exact flowers, the score, twins, bad input."""

from __future__ import annotations

import networkx as nx
import numba
import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose

from featgraph.datasets import (
    make_barabasi_albert,
    make_flower,
    make_song_havlin_makse,
    make_watts_strogatz,
)
from featgraph.dimension import analyze_flow, score_invariance
from featgraph.dimension.flow import degree_distance
from featgraph.graph import FeatureGraph, measure_modularity
from tests.naive import fractality as naive

COMPILED = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="thousands of nodes need compiled kernels"
)

DEGREES = st.lists(st.integers(0, 9), min_size=1, max_size=12).filter(any)


@given(first=DEGREES, other=DEGREES)
def test_degree_distance_equals_its_twin(first, other):
    found = degree_distance(np.array(first), np.array(other))
    assert_allclose(found, naive.half_wasserstein(first, other), atol=1e-9)
    assert -1e-12 <= found <= 1


@given(st.data())
def test_modularity_equals_its_twin(data):
    edges = data.draw(
        st.sets(st.tuples(st.integers(0, 5), st.integers(0, 5)).filter(lambda e: e[0] < e[1]),
                min_size=1)
    )  # fmt: skip
    labels = data.draw(st.lists(st.integers(0, 2), min_size=6, max_size=6))
    graph = FeatureGraph.from_edges(sorted(edges), n_nodes=6)
    found = measure_modularity(graph, np.array(labels))
    assert_allclose(found, naive.modularity(6, sorted(edges), labels), atol=1e-9)


def test_a_flower_becomes_the_flower_before():
    flow = analyze_flow(make_flower(2, 2, 5), sizes=[1], rng=0)
    for step, generation in ((1, 4), (2, 3)):
        before = make_flower(2, 2, generation)
        assert flow.steps[step].n_nodes == before.n_nodes
        assert flow.steps[step].n_edges == before.n_edges
        assert sorted(flow.degrees[1.0, step]) == sorted(before.degrees)


@COMPILED
def test_score_is_high_for_fractals_and_low_for_small_worlds():
    scores = {
        "flower": analyze_flow(make_flower(2, 2, 6)).score,
        "shm": analyze_flow(make_song_havlin_makse(2, 1, 4)).score,
        "ba": analyze_flow(make_barabasi_albert(1500, 2, rng=0)).score,
        "ws": analyze_flow(make_watts_strogatz(1500, 4, 0.1, rng=0)).score,
    }
    assert min(scores["flower"], scores["shm"]) > 0.85
    assert scores["ba"] < 0.25
    assert scores["ws"] < 0.5


@COMPILED
def test_hubs_take_over_in_a_small_world_only():
    network = analyze_flow(make_barabasi_albert(1500, 2, rng=0), sizes=[1]).steps
    flower = analyze_flow(make_flower(2, 2, 6), sizes=[1]).steps
    assert network[2].hub_share > 0.7
    assert flower[2].hub_share < 0.15
    assert network[2].clustering > network[0].clustering + 0.3


def test_tables_and_sizes():
    flow = analyze_flow(make_flower(2, 2, 4), sizes=[2, 1, 2], max_steps=1)
    assert flow.sizes == [1.0, 2.0]
    assert [row["step"] for row in flow.to_rows()] == [0, 1, 0, 1]
    assert "FlowAnalysis(n_steps=" in repr(flow)
    same = analyze_flow(make_flower(2, 2, 4), sizes=[1, 2], max_steps=1)
    assert same.to_rows() == flow.to_rows()


def test_a_star_collapses_at_once_and_has_no_score():
    flow = analyze_flow(nx.star_graph(30), sizes=[1])
    assert [step.n_nodes for step in flow.steps] == [31, 1]
    assert np.isnan(flow.score)
    assert np.isnan(score_invariance([]))


def test_largest_component_and_complete_graph():
    flow = analyze_flow(nx.disjoint_union(nx.cycle_graph(30), nx.empty_graph(10)), sizes=[1])
    assert_allclose(flow.node_share, 0.75)
    assert analyze_flow(nx.complete_graph(6), sizes=[1]).steps[-1].n_nodes == 1


def test_bad_input():
    with pytest.raises(ValueError, match="graph must have at least one edge"):
        analyze_flow(nx.empty_graph(4))
    with pytest.raises(ValueError, match="sizes must hold at least one box size"):
        analyze_flow(nx.path_graph(4), sizes=[])
    with pytest.raises(ValueError, match="sizes must be a whole number of at least 1"):
        analyze_flow(nx.path_graph(4), sizes=[0])
