"""Fuzzy counts against their definition and published values."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.boxes import box_counts, box_cover
from featgraph.graph import FeatureGraph
from tests.naive import box_searches as naive, boxes as plain


@given(seed=st.integers(0, 10**6), n_nodes=st.integers(1, 14))
def test_equals_twin(seed, n_nodes):
    graph = nx.gnp_random_graph(n_nodes, 0.2, seed=seed)
    dist = plain.hop_distances(n_nodes, graph.edges)
    found = box_counts(graph, sizes=[0, 1, 2, 5, 40], method="fuzzy").counts
    expected = [naive.fuzzy(dist, size) for size in (0, 1, 2, 5, 40)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@given(seed=st.integers(0, 10**6), n_nodes=st.integers(2, 12))
def test_weighted_and_metric_equal_twins(seed, n_nodes):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n_nodes, 2))
    dist = np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1) / 2)
    expected = [naive.fuzzy(dist.tolist(), size) for size in (0.5, 1.5)]
    np.testing.assert_allclose(
        box_counts(points, sizes=[0.5, 1.5], method="fuzzy").counts, expected, rtol=1e-9
    )
    graph = nx.complete_graph(n_nodes)
    lengths = {(u, v): int(rng.integers(1, 9)) / 4 for u, v in graph.edges}
    nx.set_edge_attributes(graph, lengths, "length")
    table = plain.weighted_distances(n_nodes, lengths)
    expected = [naive.fuzzy(table, size) for size in (0.5, 1.5)]
    found = box_counts(graph, sizes=[0.5, 1.5], method="fuzzy", weight="length").counts
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_complete_graph_gives_e():
    assert math.isclose(
        box_counts(nx.complete_graph(5), sizes=[1], method="fuzzy").counts[0], math.e
    )


def test_published_value_of_dolphins(shared_data):
    edges = np.loadtxt(shared_data / "networks" / "dol.edges", dtype=int)
    found = box_counts(FeatureGraph.from_edges(edges), sizes=[2], method="fuzzy").counts[0]
    np.testing.assert_allclose(found, 6.55142909, rtol=1e-8)


def test_front_doors():
    graph = nx.path_graph(9)
    counts = box_counts(graph, sizes=[1, 2], method="fuzzy", repeats=2)
    assert counts.kind == "none"
    assert counts.counts_per_repeat.dtype == np.float64
    with pytest.raises(ValueError, match="counts without making boxes; use box_counts"):
        box_cover(graph, 1, method="fuzzy")
    with pytest.raises(ValueError, match="needs a method that makes boxes"):
        box_counts(graph, sizes=[1], method="fuzzy", bounds=True)
