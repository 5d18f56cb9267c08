"""G_M from features: strict threshold, attributes, rules, bounded memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.graph import _blocks, construct, feature_graph
from tests.naive import graphs as naive

torch = pytest.importorskip("torch")
FeatureMatrix = pytest.importorskip("featgraph.features.feature_matrix").FeatureMatrix

RULES = ["percolation", ("density", 0.2), ("degree", 3.0), ("quantile", 0.1), ("giant", 0.6), 0.9]


def features(n_nodes=30, n_samples=6, seed=0):
    return np.random.default_rng(seed).normal(size=(n_nodes, n_samples))


def distances(matrix, scaled=True):
    whole = np.sqrt(((matrix[:, None] - matrix) ** 2).sum(axis=2))
    return whole / np.sqrt(matrix.shape[1]) if scaled else whole


@given(st.integers(0, 10**6), st.floats(0.2, 3.0), st.booleans())
def test_edges_are_the_pairs_below_epsilon(seed, epsilon, scaled):
    matrix = features(9, 3, seed)
    graph = feature_graph(matrix, epsilon=epsilon, scaled=scaled)
    expected = distances(matrix, scaled)
    assert [tuple(e) for e in graph.edges.tolist()] == naive.edges_below(expected, epsilon)
    i, j = graph.edges.T
    # two routes to the same float64 distance: differences here, differences or a product there
    np.testing.assert_allclose(graph.edge_weights, expected[i, j], rtol=1e-10)


def test_the_threshold_is_strict():
    line = np.array([[0.0], [1.0], [3.0]])
    assert feature_graph(line, epsilon=2.0).n_edges == 1
    assert feature_graph(line, epsilon=np.nextafter(2.0, 3.0)).n_edges == 2
    assert feature_graph(line.astype(np.float32), epsilon=np.nextafter(2.0, 3.0)).n_edges == 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_the_rules_promise(dtype):
    matrix = features().astype(dtype)
    n_pairs = 30 * 29 // 2
    assert feature_graph(matrix).n_components == 1
    tree = feature_graph(matrix, epsilon="mst")
    assert (tree.n_edges, tree.n_components) == (29, 1)
    assert feature_graph(matrix, epsilon=("density", 0.2)).n_edges == round(0.2 * n_pairs)
    assert feature_graph(matrix, epsilon=("degree", 3)).n_edges == 45
    sizes = np.bincount(feature_graph(matrix, epsilon=("giant", 0.6)).components)
    assert sizes.max() >= 18
    assert feature_graph(matrix, epsilon=("density", 1)).n_edges == n_pairs


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_epsilon_kept_rebuilds_the_graph(rule, dtype):
    matrix = features().astype(dtype)
    graph = feature_graph(matrix, epsilon=rule)
    again = feature_graph(matrix, epsilon=graph.epsilon)
    np.testing.assert_array_equal(again.indices, graph.indices)
    assert again.epsilon == graph.epsilon
    assert again.epsilon_rule == "given"


@pytest.mark.parametrize("rule", [*RULES, "mst"])
def test_blocks_change_nothing(rule, monkeypatch):
    matrix = features(60, 5)
    whole = feature_graph(matrix, epsilon=rule)
    monkeypatch.setattr(construct, "_WHOLE_BYTES", 0)
    monkeypatch.setattr(_blocks, "_BLOCK_NUMBERS", 300)
    streamed = feature_graph(matrix, epsilon=rule)
    np.testing.assert_array_equal(streamed.indices, whole.indices)
    # float64 distances by two routes
    np.testing.assert_allclose(streamed.weights, whole.weights, rtol=1e-10)


ROWS = np.random.default_rng(0)
HARD = {
    "codes": ROWS.integers(0, 2, size=(90, 6)).astype(float),
    "counts": ROWS.integers(0, 3, size=(90, 4)).astype(float),
    "copies": np.vstack([ROWS.normal(size=(6, 20))] * 15),
    "loud": ROWS.normal(size=(90, 20)) * np.where(np.arange(90) < 80, 1.0, 1e6)[:, None],
    "small": 1e-20 * ROWS.normal(size=(90, 20)),
    "single": ROWS.normal(size=(90, 20)).astype(np.float32),
}


@pytest.mark.parametrize("name", HARD)
def test_rules_reach_their_target_though_distances_are_computed_again(name, monkeypatch):
    monkeypatch.setattr(construct, "_WHOLE_BYTES", 0)
    graphs = {
        rule: feature_graph(HARD[name], epsilon=rule)
        for rule in ("percolation", *((kind, x) for kind in ("density", "degree", "giant")
                                      for x in (0.02, 0.1, 0.6, 1.0)))
    }  # fmt: skip
    assert graphs.pop("percolation").n_components == 1
    for (kind, least), graph in graphs.items():
        reached = {
            "density": graph.n_edges / (90 * 89 / 2),
            "degree": graph.degrees.mean(),
            "giant": np.bincount(graph.components).max() / 90,
        }[kind]
        assert reached >= least


def test_a_loud_neuron_does_not_round_the_distances_of_the_others(monkeypatch):
    quiet = 1e-8 * ROWS.normal(size=(20, 6))
    matrix = np.vstack([quiet, np.full((1, 6), 1e6)])
    monkeypatch.setattr(construct, "_WHOLE_BYTES", 0)
    nearest = feature_graph(matrix, epsilon=("neighbors", 3))
    expected = np.linalg.norm(np.diff(matrix[nearest.edges], axis=1)[:, 0], axis=1) / np.sqrt(6)
    np.testing.assert_allclose(nearest.edge_weights, expected, rtol=1e-12)


def test_attributes_and_origin():
    matrix = FeatureMatrix.from_array(features(5, 4), layer="layer2.1", source="resnet")
    graph = feature_graph(matrix, epsilon=("density", 0.5))
    assert (graph.layer, graph.source, graph.epsilon_rule) == ("layer2.1", "resnet", "density=0.5")
    attributes = graph.node_attributes
    assert attributes["neuron"].tolist() == [0, 1, 2, 3, 4]
    values = matrix.numpy()
    # sums in another order
    np.testing.assert_allclose(attributes["mean_activation"], values.mean(axis=1), rtol=1e-12)
    np.testing.assert_allclose(attributes["std_activation"], values.std(axis=1), rtol=1e-12)


def test_arrays_tensors_and_matrices_are_the_same():
    matrix = features(8, 3)
    graphs = [
        feature_graph(given)
        for given in (
            matrix,
            torch.from_numpy(matrix),
            torch.from_numpy(matrix).requires_grad_(),
            FeatureMatrix.from_array(matrix),
        )
    ]
    for graph in graphs[1:]:
        np.testing.assert_array_equal(graph.indices, graphs[0].indices)


def test_duplicated_neurons_are_joined_at_distance_zero():
    matrix = features(6, 4)
    matrix[3] = matrix[0]
    graph = feature_graph(matrix)
    assert graph.n_components == 1
    assert graph.edge_weights[graph.edges.tolist().index([0, 3])] == 0.0


def test_constant_features_name_the_layer():
    matrix = FeatureMatrix.from_array(np.ones((4, 3)), layer="layer4")
    with pytest.raises(ValueError, match="layer 'layer4': all distances are 0"):
        feature_graph(matrix)


def test_bad_features_and_rules():
    with pytest.raises(ValueError, match="features must be finite"):
        feature_graph(np.array([[0.0, np.nan], [1.0, 2.0]]))
    with pytest.raises(ValueError, match="at least 2 nodes and 1 sample"):
        feature_graph(np.zeros((1, 3)))
    with pytest.raises(ValueError, match=r"features must have shape \(D, B\)"):
        feature_graph(np.zeros((2, 3, 4)))
    with pytest.raises(ValueError, match="did you mean 'percolation'"):
        feature_graph(features(), epsilon="percolatoin")
