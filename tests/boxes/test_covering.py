"""The front doors: sizes, defaults, options and inputs of every kind."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from featgraph.boxes import BoxCounts, bits, box_counts, box_cover, metric_space
from featgraph.features import FeatureMatrix
from tests.naive import boxes as naive


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'greedy'"):
        box_cover(nx.path_graph(3), 1, method="gredy")
    with pytest.raises(ValueError, match="method must be one of"):
        box_counts(nx.path_graph(3), method="boxes")
    with pytest.raises(TypeError, match="colour"):
        box_cover(nx.path_graph(3), 1, colour=3)


def test_default_sizes_end_at_one_box_per_component():
    counts = box_counts(nx.disjoint_union(nx.path_graph(6), nx.path_graph(3)), rng=0)
    assert counts.sizes.tolist() == [0, 1, 2, 3, 4, 5]
    assert counts.counts[[0, -1]].tolist() == [9, 2]
    assert box_counts(nx.empty_graph(4)).counts.tolist() == [4]
    long = box_counts(nx.path_graph(200), order="index").sizes
    assert long.tolist()[:33] == list(range(33))
    assert np.all(np.diff(long)[33:] <= 1 + long[33:-1] // 16)


def test_sizes_are_sorted_and_distinct():
    counts = box_counts(nx.path_graph(9), sizes=[3, 1, 3], order="index")
    assert counts.sizes.tolist() == [1, 3]
    assert counts.sizes.dtype == np.int64
    assert counts.counts.tolist() == [5, 3]
    with pytest.raises(ValueError, match="sizes must hold at least one"):
        box_counts(nx.path_graph(9), sizes=[])
    with pytest.raises(ValueError, match="size must be a whole number"):
        box_counts(nx.path_graph(9), sizes=[1, -2])
    with pytest.raises(ValueError, match="repeats must be a whole number of at least 1"):
        box_counts(nx.path_graph(9), repeats=0)
    with pytest.raises(ValueError, match="jobs must be a whole number of at least 1"):
        box_counts(nx.path_graph(9), jobs=0)


def test_directed_input_needs_a_word():
    graph = nx.DiGraph([(0, 1), (1, 2)])
    with pytest.raises(ValueError, match="as_undirected=True"):
        box_counts(graph)
    assert box_counts(graph, sizes=[2], as_undirected=True).counts.tolist() == [1]


def test_radius_counts_stand_at_their_diameter():
    counts = box_counts(nx.path_graph(9), sizes=[1, 2], method="memb", rng=0)
    assert counts.diameter_sizes.tolist() == [2, 4]
    assert counts.to_rows()[0]["diameter_size"] == 2


@pytest.mark.parametrize("method", ["greedy", "memb"])
@given(seed=st.integers(0, 10**6), n_nodes=st.integers(1, 12))
def test_lower_bounds_stay_below(method, seed, n_nodes):
    graph = nx.gnp_random_graph(n_nodes, 0.2, seed=seed)
    counts = box_counts(graph, sizes=[0, 1, 2, 3], method=method, rng=0, bounds=True)
    assert np.all(counts.lower_bounds <= counts.counts)
    assert counts.lower_bounds[0] == n_nodes
    assert counts.to_rows()[0]["lower_bound"] == n_nodes


def test_features_in_every_dress():
    values = np.random.default_rng(0).normal(size=(30, 8))
    dist = np.sqrt(((values[:, None] - values[None]) ** 2).sum(-1) / 8)
    runs = [
        box_counts(data, order="index")
        for data in (values, torch.as_tensor(values), FeatureMatrix.from_array(values, layer="fc"))
    ]
    assert [run.layer for run in runs] == [None, None, "fc"]
    assert all(np.array_equal(run.counts, runs[0].counts) for run in runs)
    sizes = runs[0].sizes
    off = dist[~np.eye(30, dtype=bool)]
    np.testing.assert_allclose(sizes[[0, -1]], [off.min(), off.max()], rtol=1e-12)
    np.testing.assert_allclose(np.diff(np.log1p(sizes)), np.log1p(sizes)[1] - np.log1p(sizes)[0])
    for s in range(0, 256, 37):
        twin = naive.greedy(dist.tolist(), sizes[s] * (1 + 1e-12), range(30))
        assert runs[0].counts[s] == max(twin) + 1


def test_radius_methods_cover_features_at_half_the_size():
    line = np.arange(9.0)[:, None]
    counts = box_counts(line, sizes=[2.0, 4.0], method="memb", ties="index")
    assert counts.counts.tolist() == [3, 2]  # balls of radius 1 and 2
    assert counts.diameter_sizes.tolist() == [2.0, 4.0]


def test_equal_features_share_a_box_at_zero():
    counts = box_counts(np.zeros((5, 3)), rng=0)
    assert counts.sizes.tolist() == [0.0]
    assert counts.counts.tolist() == [1]
    twins = np.repeat(np.eye(3), 2, axis=0)
    assert box_counts(twins, sizes=[0.0], rng=0).counts.tolist() == [3]


def test_progress_is_shown_when_asked(capsys):
    box_counts(nx.path_graph(9), sizes=[1, 2], method="cbb", rng=0, progress=True)
    assert "boxes" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_counts_in_files(tmp_path, suffix):
    counts = box_counts(nx.path_graph(9), sizes=[1, 2], rng=3, bounds=True, repeats=2)
    back = BoxCounts.load(counts.save(tmp_path / f"counts{suffix}"))
    assert back.to_rows() == counts.to_rows()
    assert (back.seed, repr(back)) == (3, repr(counts))
    assert back.counts_per_repeat.tolist() == counts.counts_per_repeat.tolist()


def test_counts_refuse_what_does_not_fit():
    ones = np.ones((1, 2), dtype=np.int64)
    with pytest.raises(ValueError, match="sizes must rise"):
        BoxCounts(np.array([2, 1]), ones, "cbb", "diameter", 5)
    with pytest.raises(ValueError, match=r"with n_sizes = 3 as in sizes, got \(1, 2\)"):
        BoxCounts(np.array([1, 2, 3]), ones, "cbb", "diameter", 5)
    with pytest.raises(ValueError, match="kind must be one of"):
        BoxCounts(np.array([1, 2]), ones, "cbb", "ball", 5)
    with pytest.raises(ValueError, match="space must be one of"):
        BoxCounts(np.array([1, 2]), ones, "cbb", "diameter", 5, space="flat")
    with pytest.raises(ValueError, match="lower_bounds must have shape"):
        BoxCounts(np.array([1, 2]), ones, "cbb", "diameter", 5, lower_bounds=np.array([1]))


@pytest.mark.parametrize("door", [box_cover, lambda graph, size: box_counts(graph, sizes=[size])])
def test_warnings_point_at_the_caller(door):
    graph = nx.path_graph(4)
    graph.add_edge(1, 1)
    with pytest.warns(UserWarning, match="self-loop") as caught:
        door(graph, 1)
    assert [warning.filename for warning in caught] == [__file__]


def test_default_sizes_where_ways_of_length_0_go_around_every_length():
    graph = nx.Graph()
    graph.add_weighted_edges_from([(0, 1, 2.0), (0, 2, 0.0), (1, 2, 0.0)])
    counts = box_counts(graph, weight="weight")
    assert counts.sizes.tolist() == [1.0]
    assert counts.counts.tolist() == [1]


def test_default_sizes_of_huge_graphs_end_where_searches_are_long(monkeypatch):
    monkeypatch.setattr(bits, "MOST_BYTES", 0)  # a graph of thousands of nodes counts as huge
    graph = nx.path_graph(300)
    whole = box_counts(graph, rng=0, method="memb")
    monkeypatch.setattr(metric_space, "MOST_LOOKS", 300 * 15)
    with pytest.warns(UserWarning, match="sizes above 4 are left out.*take 'random_sequential'"):
        short = box_counts(graph, rng=0, method="memb")
    assert short.sizes.tolist() == [0, 1, 2, 3, 4]
    assert short.counts[0] == whole.counts[0]
    assert box_counts(graph, sizes=[9], rng=0, method="memb").sizes.tolist() == [9]
    few = box_counts(graph, rng=0, method="random_sequential")
    assert few.counts[-1] == 1
