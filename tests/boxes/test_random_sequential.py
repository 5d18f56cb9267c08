"""Random sequential covering against its slow twin."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.boxes import box_cover
from featgraph.boxes.methods.random_sequential import _grow
from featgraph.boxes.metric_space import open_graph_space
from tests.naive import boxes as naive


@given(
    seed=st.integers(0, 10**6),
    n_nodes=st.integers(1, 16),
    size=st.integers(1, 4),
    from_covered=st.booleans(),
)
def test_equals_twin(seed, n_nodes, size, from_covered):
    graph = nx.gnp_random_graph(n_nodes, 0.2, seed=seed)
    seeds = np.random.default_rng(seed).permutation(n_nodes)
    rows = open_graph_space(graph, weight=None, as_undirected=False).rows(size)
    labels, centers = _grow(*rows, seeds, from_covered)
    dist = naive.hop_distances(n_nodes, graph.edges)
    expected = naive.random_sequential(dist, size, seeds.tolist(), from_covered)
    assert (labels.tolist(), centers.tolist()) == expected


def test_any_seed_may_lie_in_an_older_box():
    cover = box_cover(nx.path_graph(40), 1, method="random_sequential", seeds="any", rng=1)
    assert (cover.labels[cover.centers] != np.arange(cover.n_boxes)).any()


def test_cluster_growing_is_the_same_with_uncovered_seeds():
    graph = nx.gnp_random_graph(30, 0.1, seed=1)
    one, other = (
        box_cover(graph, 1, method="cluster_growing", rng=5),
        box_cover(graph, 1, method="random_sequential", rng=5),
    )
    assert one.labels.tolist() == other.labels.tolist()


def test_refuses_unknown_seeds():
    with pytest.raises(ValueError, match="seeds must be one of"):
        box_cover(nx.path_graph(5), 1, method="random_sequential", seeds="all")
