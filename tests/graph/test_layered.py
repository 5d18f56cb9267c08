"""The graph over all layers: nodes, edges between layers, normalisation, rules, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from featgraph.boxes import box_cover
from featgraph.graph import (
    FeatureGraph,
    _blocks,
    connect_layers,
    construct,
    feature_graph,
    spread_over_layers,
)

torch = pytest.importorskip("torch")
FeatureMatrix = pytest.importorskip("featgraph.features.feature_matrix").FeatureMatrix
DistanceMatrix = pytest.importorskip("featgraph.distances").DistanceMatrix


def layers(sizes=(12, 20, 8), n_samples=6, seed=0):
    rng = np.random.default_rng(seed)
    return {f"block.{k}": rng.normal(size=(n, n_samples)) for k, n in enumerate(sizes)}


def test_it_is_the_graph_of_all_rows_with_the_layer_on_every_node():
    features = layers()
    graph = feature_graph(features, epsilon=("density", 0.2))
    stacked = feature_graph(np.concatenate(list(features.values())), epsilon=("density", 0.2))
    np.testing.assert_array_equal(graph.indices, stacked.indices)
    np.testing.assert_array_equal(graph.weights, stacked.weights)
    assert np.unique(graph.node_attributes["layer"]).tolist() == list(features)
    assert graph.node_attributes["neuron"].tolist() == [*range(12), *range(20), *range(8)]
    assert graph.node_attributes["depth"].tolist() == [0] * 12 + [1] * 20 + [2] * 8
    assert graph.node_labels[12] == "block.1:0"
    assert graph.layer is None


def test_connectivity_counts_edges_between_layers():
    graph = feature_graph(layers(), epsilon=("density", 0.2))
    found = connect_layers(graph)
    number = graph.node_attributes["depth"]
    expected = np.zeros((3, 3), dtype=int)
    for i, j in graph.edges.tolist():
        expected[number[i], number[j]] += 1
        if number[i] != number[j]:
            expected[number[j], number[i]] += 1
    np.testing.assert_array_equal(found.edges, expected)
    assert found.n_nodes.tolist() == [12, 20, 8]
    assert np.triu(found.n_pairs).sum() == 40 * 39 // 2
    between = expected[0, 1] + expected[0, 2] + expected[1, 2]
    assert found.inter_share == pytest.approx(between / graph.n_edges)
    assert found.expected_share == pytest.approx((12 * 20 + 12 * 8 + 20 * 8) / 780)
    assert len(found.to_rows()) == 6
    np.testing.assert_array_equal(found.density, found.density.T)


def test_layers_stand_in_order_of_depth_not_of_the_alphabet():
    features = dict(zip("zab", layers().values(), strict=True))
    assert connect_layers(feature_graph(features)).layers == ("z", "a", "b")


def test_boxes_spread_over_layers():
    graph = feature_graph(layers(), epsilon=("degree", 6))
    cover = box_cover(graph, 2, rng=0)
    rows = spread_over_layers(graph, cover.labels)
    assert len(rows) == cover.n_boxes
    assert sum(row["n_nodes"] for row in rows) == 40
    assert max(row["n_layers"] for row in rows) > 1
    for row in rows:
        assert (row["entropy"] == 0) == (row["n_layers"] == 1)


@pytest.mark.parametrize("rule", [("neighbors", 3), ("degree", 4), "percolation", "mst", 1.2])
def test_streaming_changes_nothing(rule, monkeypatch):
    features = layers()
    whole = feature_graph(features, epsilon=rule)
    monkeypatch.setattr(construct, "_WHOLE_BYTES", 0)
    monkeypatch.setattr(_blocks, "_BLOCK_NUMBERS", 300)
    streamed = feature_graph(features, epsilon=rule)
    np.testing.assert_array_equal(streamed.indices, whole.indices)
    # float64 distances by two routes
    np.testing.assert_allclose(streamed.weights, whole.weights, rtol=1e-10)
    assert streamed.epsilon == pytest.approx(whole.epsilon, rel=1e-10)


def test_everyone_has_k_neighbours_and_epsilon_holds_them_all():
    graph = feature_graph(layers(), epsilon=("neighbors", 3))
    assert graph.degrees.min() >= 3
    assert graph.epsilon_rule == "neighbors=3"
    assert graph.edge_weights.max() < graph.epsilon
    assert feature_graph(layers(), epsilon=graph.epsilon).n_edges >= graph.n_edges


@pytest.mark.parametrize("stored", [False, True])
def test_too_many_edges_are_refused_before_they_are_made(monkeypatch, stored):
    monkeypatch.setattr(construct, "_WHOLE_BYTES", 0)
    monkeypatch.setattr(construct, "_edges_below", None)  # is not reached
    distances = torch.full((40, 40), 2.0).fill_diagonal_(0.0)
    moments = torch.zeros(40), torch.ones(40), torch.zeros(40, dtype=torch.bool)
    features = DistanceMatrix(distances, 3, *moments) if stored else layers()
    monkeypatch.setenv("FEATGRAPH_MEMORY", str(50 * 84 / 2**30))
    said = r"joins about 7.8e\+02 pairs of 40 nodes, which would take .*; at most 50 edges fit"
    with pytest.raises(MemoryError, match=said):
        feature_graph(features, epsilon=100.0)


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 1.7, 3.0])
def test_edges_are_counted_before_they_are_listed(monkeypatch, epsilon):
    points = np.random.default_rng(0).normal(size=(40, 5))
    source = construct.StoredBlocks(cdist(points, points))
    monkeypatch.setattr(_blocks, "_BLOCK_NUMBERS", 300)  # seven rows at a time
    listed = construct._edges_below(source, epsilon)[1].size
    assert construct._estimate_edges(source, epsilon) == listed


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (("density", 0.25), r"epsilon=\('density', 0.25\) joins about 2e\+02 pairs of 40 nodes"),
        (("quantile", 0.25), r"epsilon=\('quantile', 0.25\) joins about 2e\+02"),
        (("degree", 5), r"epsilon=\('degree', 5\) joins about 1e\+02"),
    ],
)
def test_rules_that_say_how_many_edges_they_make_are_refused_before_any_distance(
    monkeypatch, rule, said
):
    monkeypatch.setattr(construct, "_WHOLE_BYTES", 0)
    monkeypatch.setenv("FEATGRAPH_MEMORY", str(50 * 84 / 2**30))
    monkeypatch.setattr(construct, "find_epsilon", None)  # is not reached
    with pytest.raises(MemoryError, match=said):
        feature_graph(layers(), epsilon=rule)


def test_normalisation_takes_scales_away():
    features = layers((10, 10))
    features["block.1"] = 50 * features["block.1"] + 3
    apart = connect_layers(feature_graph(features, epsilon=("degree", 4)))
    assert apart.edges[0, 1] == 0
    assert apart.edges[1, 1] == 0
    for how in ("layer", "node"):
        shifted = {name: values - values.mean() for name, values in features.items()}
        mixed = connect_layers(feature_graph(shifted, epsilon=("degree", 4), normalize=how))
        assert mixed.edges[0, 1] > 0
    features["block.0"][3] = 7.0  # constant neurons have no deviation to divide by
    graph = feature_graph(features, epsilon=("degree", 4), normalize="node")
    assert graph.n_nodes == 20
    assert graph.node_attributes["mean_activation"][3] == 7.0  # attributes are as given


def test_bad_input():
    with pytest.raises(ValueError, match="at least one layer, got an empty mapping"):
        feature_graph({})
    features = layers()
    features["block.1"] = features["block.1"][:, :3]
    with pytest.raises(ValueError, match=r"from the same samples, got .*'block.1': 3"):
        feature_graph(features)
    with pytest.raises(ValueError, match="normalize must be one of"):
        feature_graph(layers(), normalize="layers")
    with pytest.raises(ValueError, match="neighbors in epsilon must be a whole number"):
        feature_graph(layers(), epsilon=("neighbors", 0))
    with pytest.raises(ValueError, match="at most n_nodes − 1 = 39"):
        feature_graph(layers(), epsilon=("neighbors", 40))
    with pytest.raises(ValueError, match="must have a node attribute 'layer'"):
        connect_layers(FeatureGraph.from_edges([(0, 1)]))
    with pytest.raises(ValueError, match="groups must be 40 whole numbers"):
        spread_over_layers(feature_graph(layers()), [0.5] * 40)


def test_precisions_are_brought_together():
    features = {"a": np.ones((2, 3), dtype=np.float32), "b": np.zeros((2, 3))}
    graph = feature_graph(features, epsilon=2.0)
    assert graph.n_edges == 6
    source = {"a": FeatureMatrix.from_array(np.arange(6.0).reshape(2, 3), source="net")}
    assert feature_graph({**source}, epsilon=1.0).source == "net"


def test_edgeless_layers_have_no_share():
    graph = FeatureGraph.from_edges([], n_nodes=2).with_attributes(layer=["a", "b"])
    assert np.isnan(connect_layers(graph).inter_share)
