"""memb, max_cover and remcc against their definitions, node by node."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.boxes import box_counts, box_cover, neighborhoods
from featgraph.boxes.centers import join_centers, select_centers
from featgraph.boxes.metric_space import open_graph_space
from featgraph.graph import FeatureGraph
from tests.naive import boxes as naive


def draw(seed, n_nodes):
    graph = nx.gnp_random_graph(n_nodes, 0.18, seed=seed)
    space = open_graph_space(graph, weight=None, as_undirected=False)
    dist = naive.hop_distances(n_nodes, graph.edges)
    return graph, space, dist, np.random.default_rng(seed)


@given(seed=st.integers(0, 10**6), n_nodes=st.integers(1, 16), size=st.integers(1, 3))
def test_lazy_centers_are_those_of_the_definition(seed, n_nodes, size):
    _, space, dist, rng = draw(seed, n_nodes)
    ties = rng.permutation(n_nodes)
    expected, covered_by = naive.best_centers(dist, size, ties.tolist())
    small = sorted(ties.tolist(), key=lambda v: len(naive.ball(dist, v, size)))
    for packed in (True, False):
        space.prefers_bits = lambda size, packed=packed, same=True: packed
        centers, labels = select_centers(space, size, ties)
        assert centers.tolist() == expected
        assert labels.tolist() == covered_by
        centers, _ = select_centers(space, size, ties, small_first=True)
        assert centers.tolist() == naive.best_centers(dist, size, small)[0]


@given(seed=st.integers(0, 10**6), n_nodes=st.integers(1, 16), size=st.integers(1, 3))
def test_remcc_centers_are_those_of_the_definition(seed, n_nodes, size):
    _, space, dist, rng = draw(seed, n_nodes)
    ties = rng.permutation(n_nodes)
    means = naive.mean_distances(dist)
    np.testing.assert_allclose(space.mean_distances, means, rtol=1e-14)
    weights = [max(mean, np.finfo(float).tiny) for mean in means]
    expected = naive.best_centers(dist, size, ties.tolist(), weights, True)[0]
    for packed in (True, False):
        space.prefers_bits = lambda size, packed=packed, same=True: packed
        centers, _ = select_centers(
            space, size, ties, weights=np.array(weights), only_uncovered=True
        )
        assert centers.tolist() == expected


@given(seed=st.integers(0, 10**6), n_nodes=st.integers(1, 16), size=st.integers(1, 3))
def test_members_join_along_falling_distance(seed, n_nodes, size):
    graph, space, dist, rng = draw(seed, n_nodes)
    centers, _ = select_centers(space, size, np.arange(n_nodes))
    choices = np.random.default_rng(seed).random(n_nodes)
    labels = join_centers(
        space, space.rows(size), size, centers, np.random.default_rng(seed)
    ).tolist()
    adjacency = naive.neighbors(n_nodes, graph.edges)
    assert labels == naive.join_centers(adjacency, dist, centers.tolist(), choices.tolist())


@pytest.mark.parametrize("method", ["memb", "remcc"])
@pytest.mark.parametrize("size", [1, 2])
def test_boxes_are_connected(method, size):
    graph = nx.barabasi_albert_graph(60, 2, seed=4)
    for box in box_cover(graph, size, method=method, rng=0).boxes():
        assert nx.is_connected(graph.subgraph(box))


@pytest.mark.parametrize("method", ["memb", "remcc"])
def test_weighted_boxes_are_connected(method):
    graph = nx.barabasi_albert_graph(40, 2, seed=4)
    lengths = np.random.default_rng(0).integers(1, 9, graph.number_of_edges()) / 4
    for (u, v), length in zip(graph.edges, lengths, strict=True):
        graph[u][v]["length"] = length
    cover = box_cover(graph, 1.5, method=method, rng=0, weight="length")
    cover.validate(graph, weight="length")
    assert 1 < cover.n_boxes < 40
    for box in cover.boxes():
        assert nx.is_connected(graph.subgraph(box))


def test_flower_answers():
    graph = FeatureGraph.from_edges(naive.flower(2, 2, 5))
    counts = box_counts(graph, sizes=[1, 2, 4], method="memb", rng=0).counts
    assert counts.tolist() == [172, 44, 12]  # the nodes of generations 4, 3 and 2


def test_max_cover_takes_the_centers_of_memb():
    graph = nx.barabasi_albert_graph(50, 2, seed=1)
    assert box_cover(graph, 1, method="max_cover", rng=3).centers.tolist() == (
        box_cover(graph, 1, method="memb", rng=3).centers.tolist()
    )


def test_refuses_unknown_ties():
    with pytest.raises(ValueError, match="ties must be one of"):
        box_cover(nx.path_graph(5), 1, method="memb", ties="hub")


@pytest.mark.parametrize("hops", [1, 2, 4])
def test_counting_by_bits_and_by_searches_agree(hops):
    graph = FeatureGraph.from_edges(nx.gnp_random_graph(600, 0.006, seed=2).edges, n_nodes=600)
    rows = (graph.indptr[:-1], graph.indptr[1:], graph.indices, hops)
    sources = np.arange(0, 600, 1)[: 600 if hops > 1 else 64]
    by_bits = np.zeros(600, dtype=np.int64)
    by_search = np.zeros(600, dtype=np.int64)
    neighborhoods._spread_bits(*rows, sources, by_bits)
    neighborhoods._search_balls(*rows, sources, by_search)
    assert np.array_equal(by_bits, by_search)
    counter = neighborhoods.MassCounter(*rows)
    assert np.array_equal(counter.count(sources), by_search)


@pytest.mark.parametrize("deep", [1.0, 10.0**6])
def test_sums_of_distances_by_bits_and_by_searches(deep):
    edges = list(nx.gnp_random_graph(70, 0.03, seed=2).edges)
    graph = FeatureGraph.from_edges(edges, n_nodes=70)
    sums, reached = neighborhoods.sum_distances(
        graph.indptr[:-1], graph.indptr[1:], graph.indices, deep=deep
    )
    dist = np.array(naive.hop_distances(70, edges))
    finite = np.isfinite(dist)
    assert np.array_equal(sums, np.where(finite, dist, 0).sum(axis=1))
    assert np.array_equal(reached, finite.sum(axis=1) - 1)
