"""The distances that kernels see: lists within a size, bounds of diameters, features' spaces."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.boxes import bits, box_counts, box_cover, neighborhoods
from featgraph.boxes.exact.reductions import list_pairs
from featgraph.boxes.feature_space import FeatureSpace
from featgraph.boxes.metric_space import open_graph_space
from featgraph.core import resources
from tests.naive import boxes as naive


def weighted_graph(seed, n_nodes):
    graph = nx.gnp_random_graph(n_nodes, 0.25, seed=seed)
    rng = np.random.default_rng(seed)
    for u, v in graph.edges:
        graph[u][v]["length"] = int(rng.integers(0, 7)) / 4
    return graph


def rows_as_sets(rows, n_nodes):
    return [set(rows.indices[rows.starts[v] : rows.stops[v]].tolist()) for v in range(n_nodes)]


@given(seed=st.integers(0, 10**6), n_nodes=st.integers(1, 15), size=st.integers(1, 4))
def test_lists_hold_the_ball(seed, n_nodes, size):
    graph = nx.gnp_random_graph(n_nodes, 0.2, seed=seed)
    dist = naive.hop_distances(n_nodes, graph.edges)
    rows = open_graph_space(graph, weight=None, as_undirected=False).pairs(size)
    assert rows.hops == 1
    assert rows_as_sets(rows, n_nodes) == [naive.ball(dist, v, size) - {v} for v in range(n_nodes)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("density", [0.0, 0.1, 0.3, 0.9, 1.0])  # looked up below a quarter
def test_pairs_of_features_rise_whatever_their_number(dtype, density):
    points = np.random.default_rng(0).integers(0, 4, (40, 3)).astype(dtype)  # many at one distance
    dist = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    size = float(np.quantile(dist, density))
    indptr, indices = list_pairs(FeatureSpace(dist), size)
    inside = (dist <= size) & ~np.eye(40, dtype=bool)
    assert np.diff(indptr).tolist() == inside.sum(axis=1).tolist()
    assert indices.tolist() == np.nonzero(inside)[1].tolist()


@pytest.mark.parametrize("hops", [1, 2, 5])
def test_bits_hold_the_ball(hops):
    edges = list(nx.gnp_random_graph(1100, 0.002, seed=hops).edges)  # more than two batches
    space = open_graph_space(nx.Graph(edges), weight=None, as_undirected=False)
    n_nodes = space.n_nodes
    lists = neighborhoods.list_near(space.starts, space.stops, space.indices, None, hops)
    counts = neighborhoods.count_near(space.starts, space.stops, space.indices, hops)
    table = bits.spread_bits(space.starts, space.stops, space.indices, hops)
    assert np.array_equal(bits.count_rows(table), counts + 1)
    starts, stops, indices = bits.list_bits(table, counts + 1)
    assert np.array_equal(stops - starts, counts)
    for v in range(0, n_nodes, 97):
        expected = np.sort(lists[2][lists[0][v] : lists[1][v]])
        assert np.array_equal(indices[starts[v] : stops[v]], expected)
    packed = bits.pack_lists(starts, stops, indices)
    assert np.array_equal(packed, table)


@given(seed=st.integers(0, 10**6), n_nodes=st.integers(2, 15), quarters=st.integers(0, 9))
def test_weighted_lists_hold_the_ball(seed, n_nodes, quarters):
    graph = weighted_graph(seed, n_nodes)
    if not graph.number_of_edges():
        return
    weights = {(u, v): length for u, v, length in graph.edges(data="length")}
    dist = naive.weighted_distances(n_nodes, weights)
    space = open_graph_space(graph, weight="length", as_undirected=False)
    rows = space.rows(quarters / 4)
    expected = [naive.ball(dist, v, quarters / 4) - {v} for v in range(n_nodes)]
    assert rows_as_sets(rows, n_nodes) == expected
    np.testing.assert_allclose(space.mean_distances, naive.mean_distances(dist), rtol=1e-12)


@given(seed=st.integers(0, 10**6), n_nodes=st.integers(1, 15))
def test_sweep_bounds_every_diameter(seed, n_nodes):
    graph = nx.gnp_random_graph(n_nodes, 0.15, seed=seed)
    space = open_graph_space(graph, weight=None, as_undirected=False)
    middles, bound = space.diameter_bounds
    dist = np.array(naive.hop_distances(n_nodes, graph.edges))
    largest = dist[np.isfinite(dist)].max()
    assert largest <= bound <= 2 * largest
    assert space.components[middles].tolist() == list(range(len(middles)))


def test_sweep_bounds_weighted_diameters():
    graph = weighted_graph(3, 14)
    weights = {(u, v): length for u, v, length in graph.edges(data="length")}
    dist = np.array(naive.weighted_distances(14, weights))
    space = open_graph_space(graph, weight="length", as_undirected=False)
    middles, bound = space.diameter_bounds
    largest = dist[np.isfinite(dist)].max()
    assert largest <= bound <= 2 * largest * (1 + 1e-9)
    assert space.components[middles].tolist() == list(range(len(middles)))


def test_weighted_sizes_tell_paths_apart():
    graph = nx.Graph()
    graph.add_weighted_edges_from([("a", "b", 0.5), ("b", "c", 0.75)])
    assert box_cover(graph, 1.2, rng=0, weight="weight").n_boxes == 2
    assert box_cover(graph, 1.25, rng=0, weight="weight").n_boxes == 1
    counts = box_counts(graph, weight="weight", rng=0)
    assert counts.space == "weighted"
    assert counts.sizes[0] == 0.5
    assert counts.counts[-1] == 1


def test_weights_need_a_word():
    graph = nx.Graph()
    graph.add_weighted_edges_from([(0, 1, 0.5)])
    with pytest.raises(ValueError, match="carries edge weights"):
        box_cover(graph, 1)
    assert box_cover(graph, 1, weight="ignore").n_boxes == 1


def test_negative_lengths_are_refused():
    graph = nx.Graph()
    graph.add_weighted_edges_from([(0, 1, -0.5)])
    with pytest.raises(ValueError, match="at least 0"):
        box_cover(graph, 1, weight="weight")


@given(seed=st.integers(0, 10**6), n_nodes=st.integers(2, 12))
def test_metric_rows_are_threshold_graphs(seed, n_nodes):
    points = np.random.default_rng(seed).integers(0, 5, size=(n_nodes, 2))
    dist = np.sqrt(((points[:, None] - points[None]) ** 2).sum(-1))
    space = FeatureSpace(dist)
    for theta in (0.0, 1.0, 2.5):
        rows = space.rows(theta)
        expected = [set(np.flatnonzero(dist[v] <= theta)) - {v} for v in range(n_nodes)]
        assert rows_as_sets(rows, n_nodes) == expected
    assert space.diameter_bounds[1] == dist.max()


def test_features_whose_distances_would_not_fit_are_refused(monkeypatch):
    points = np.random.default_rng(0).normal(size=(40, 3))
    monkeypatch.setenv("FEATGRAPH_MEMORY", "1e-6")
    with pytest.raises(MemoryError, match=r"distances of 40 nodes would take .* GiB"):
        box_counts(points, sizes=[1.0])


def test_lists_that_would_not_fit_at_all_are_refused_before_they_are_counted(monkeypatch):
    monkeypatch.setenv("FEATGRAPH_MEMORY", "1e-6")
    for name in ("count_near", "spread_bits"):
        monkeypatch.setattr(neighborhoods, name, None)  # are not reached
    space = open_graph_space(nx.complete_graph(40), weight=None, as_undirected=False)
    with pytest.raises(MemoryError, match="a quarter of the lists of all nodes within size 2"):
        space.pairs(2)


def test_lists_that_would_not_fit_are_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("FEATGRAPH_MEMORY", "1e-6")
    space = open_graph_space(nx.complete_graph(40), weight=None, as_undirected=False)
    with pytest.raises(MemoryError, match=r"would take .* GiB.*greedy, cbb, memb"):
        space.pairs(2)
    monkeypatch.setenv("FEATGRAPH_MEMORY", "much")
    with pytest.raises(ValueError, match="must be a number of GiB"):
        space.pairs(2)
    monkeypatch.delenv("FEATGRAPH_MEMORY")
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemFree:  1000 kB\nMemAvailable:  2000 kB\n")
    monkeypatch.setattr(resources, "MEMINFO", meminfo)
    # memory that holds files read before is at hand
    assert resources.memory_at_hand() == 2000 * 1024
    meminfo.unlink()
    assert resources.memory_at_hand() > 0
    monkeypatch.delattr("os.sysconf")
    assert resources.memory_at_hand() > 0


def test_long_paths_are_searched_not_spread():
    space = open_graph_space(nx.path_graph(20_000), weight=None, as_undirected=False)
    assert not space.is_dense(10_000)
    assert open_graph_space(nx.complete_graph(500), weight=None, as_undirected=False).is_dense(1)
