"""Sketches against sorted balls, and covers that are nearly those of memb."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.boxes import box_cover
from featgraph.boxes.methods.sketch import build_sketches
from featgraph.boxes.metric_space import open_graph_space
from featgraph.graph import FeatureGraph
from tests.naive import box_searches as naive, boxes as plain


@given(
    seed=st.integers(0, 10**6),
    n_nodes=st.integers(1, 16),
    size=st.integers(1, 4),
    k=st.integers(2, 6),
)
def test_sketches_hold_the_smallest_ranks(seed, n_nodes, size, k):
    graph = nx.gnp_random_graph(n_nodes, 0.2, seed=seed)
    dist = plain.hop_distances(n_nodes, graph.edges)
    rng = np.random.default_rng(seed)
    by_rank = rng.permutation(n_nodes)[: rng.integers(1, n_nodes + 1)]
    rows = open_graph_space(graph, weight=None, as_undirected=False).rows(size)
    sketches, held = build_sketches(rows, by_rank, k)
    found = [sketches[v, : held[v]].tolist() for v in range(n_nodes)]
    assert found == naive.sketches(dist, size, by_rank.tolist(), k)


@given(seed=st.integers(0, 10**6), n_nodes=st.integers(2, 16), size=st.integers(1, 3))
def test_large_sketches_are_exact(seed, n_nodes, size):
    graph = nx.gnp_random_graph(n_nodes, 0.2, seed=seed)
    dist = plain.hop_distances(n_nodes, graph.edges)
    cover = box_cover(graph, size, method="sketch", k=n_nodes + 1, rng=seed)
    uncovered = set(range(n_nodes))
    for center in cover.centers.tolist():
        gains = [len(plain.ball(dist, v, size) & uncovered) for v in range(n_nodes)]
        if cover.n_boxes > nx.number_connected_components(graph):
            assert gains[center] == max(gains)
        uncovered -= plain.ball(dist, center, size)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_nearly_as_good_as_memb(size):
    graph = nx.barabasi_albert_graph(800, 2, seed=0)
    memb = box_cover(graph, size, method="memb", rng=0).n_boxes
    cover = box_cover(graph, size, method="sketch", k=8, rng=0)
    cover.validate(graph)
    assert cover.n_boxes <= 1.15 * memb + 4


def test_flower_answers():
    graph = FeatureGraph.from_edges(plain.flower(2, 2, 5))
    assert [box_cover(graph, r, method="sketch", rng=0).n_boxes for r in (1, 2)] == [172, 44]


def test_refuses_what_does_not_fit(monkeypatch):
    monkeypatch.setenv("FEATGRAPH_MEMORY", "1e-6")
    with pytest.raises(MemoryError, match="sketches of 16 nodes for 200 nodes"):
        box_cover(nx.cycle_graph(200), 3, method="sketch")
