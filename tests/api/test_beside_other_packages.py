"""Exact values at the places where other packages go astray (docs/beside_others.md)."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch_geometric import transforms

import featgraph as fg
from featgraph import invariance, similarity as sim
from tests.naive.other_packages import hsic_unbiased

SCALES = (1e-8, 1e-3, 1.0, 1e8)
SQUARE = np.random.default_rng(0).random((300, 2))
LEAVES = fg.FeatureGraph.from_edges([(0, 1), (1, 2), (0, 2), (2, 3), (2, 4)], n_nodes=6)


@pytest.mark.parametrize("scale", SCALES)
def test_dimensions_do_not_depend_on_units(scale):
    points, scaled = SQUARE.astype(np.float32), np.float32(scale) * SQUARE.astype(np.float32)
    for estimate in (invariance.estimate_two_nn, invariance.estimate_likelihood_dimension):
        assert estimate(scaled).dimension == pytest.approx(estimate(points).dimension, rel=1e-3)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("estimator", ["biased", "unbiased"])
def test_similarities_do_not_depend_on_units(scale, estimator):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(2, 40, 6)).astype(np.float32)
    for one, two in ((x, y), (x, x)):
        told = sim.cka(np.float32(scale) * one, two, estimator=estimator)
        assert told == pytest.approx(sim.cka(one, two, estimator=estimator), rel=1e-4)
    assert sim.cka(np.float32(scale) * x, x, estimator=estimator) == pytest.approx(1, rel=1e-5)
    assert sim.procrustes(np.float32(scale) * x, x) == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("measure", [sim.cca, sim.svcca, sim.pwcca, sim.rsa, sim.mutual_knn])
def test_rank_and_subspace_measures_do_not_depend_on_units(measure, scale):
    x, y = np.random.default_rng(1).normal(size=(2, 40, 6)).astype(np.float32)
    assert measure(np.float32(scale) * x, y) == pytest.approx(measure(x, y), rel=1e-4)


@pytest.mark.parametrize("scale", SCALES)
def test_the_correlation_dimension_does_not_depend_on_units(scale):
    points = SQUARE.astype(np.float32)
    found, scaled = (
        invariance.measure_correlation_dimension(p, n_resamples=0).dimension
        for p in (points, np.float32(scale) * points)
    )
    assert scaled == pytest.approx(found, rel=1e-3)
    assert found == pytest.approx(2, rel=0.1)


def test_a_point_is_no_neighbor_of_itself():
    apart = 10.0 * np.arange(30)[:, None]
    found = invariance.compute_correlation_sum(apart, radii=np.geomspace(0.01, 0.12, 16))
    closer = found.radii * found.scale < 10
    assert closer.any()
    assert found.values[closer].max() == 0
    assert found.values[-1] == pytest.approx(29 / (30 * 29 / 2))


@pytest.mark.parametrize("moved", [10, 100, 1000])
def test_dimensions_do_not_depend_on_the_place(moved):
    points = SQUARE.astype(np.float32)
    for estimate in (invariance.estimate_two_nn, invariance.estimate_likelihood_dimension):
        there = estimate(points + np.float32(moved)).dimension
        assert there == pytest.approx(estimate(points).dimension, rel=5e-3)


def test_dimensions_rise_with_the_dimension():
    points = np.random.default_rng(5).random((600, 5))
    for estimate in (invariance.estimate_two_nn, invariance.estimate_likelihood_dimension):
        found = [estimate(points[:, :d]).dimension for d in (1, 2, 3)]
        assert found == pytest.approx([1, 2, 3], rel=0.15)


def test_dimensions_of_16_bit_points():
    half = SQUARE.astype(np.float16)
    for estimate in (invariance.estimate_two_nn, invariance.estimate_likelihood_dimension):
        assert estimate(half).dimension == pytest.approx(estimate(SQUARE).dimension, rel=0.02)


@pytest.mark.parametrize("scale", SCALES)
def test_distances_follow_units(scale):
    features = torch.from_numpy(SQUARE.astype(np.float32))
    C = fg.feature_distances(features)
    torch.testing.assert_close(
        fg.feature_distances(scale * features) / scale, C, rtol=1e-4, atol=1e-6
    )


def test_unbiased_terms_above_and_below_the_line():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(20, 6))
    y = np.hstack([x[:, :3] + 0.5 * rng.normal(size=(20, 3)), rng.normal(size=(20, 6))])
    k, m = x @ x.T, y @ y.T
    expected = hsic_unbiased(k, m) / math.sqrt(hsic_unbiased(k, k) * hsic_unbiased(m, m))
    assert sim.cka(x, y, estimator="unbiased") == pytest.approx(expected, rel=1e-9)


def test_a_repeated_point_changes_nothing():
    doubled = np.vstack([SQUARE, SQUARE[:1]])
    for estimate in (invariance.estimate_two_nn, invariance.estimate_likelihood_dimension):
        assert estimate(doubled).dimension == pytest.approx(estimate(SQUARE).dimension, rel=1e-12)


def in_place_net():
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(8, 8), torch.nn.ReLU(inplace=True), torch.nn.Linear(8, 4)
    )


def test_a_layer_before_a_relu_in_place_is_seen_as_it_was():
    x, model = torch.randn(16, 8, generator=torch.Generator().manual_seed(1)), in_place_net()
    found = fg.extract_features(model, x, layers=["0", "2"], progress=False)
    with torch.no_grad():
        first = torch.nn.functional.linear(x, model[0].weight, model[0].bias)
    torch.testing.assert_close(found["0"].values, first.T)
    assert (first < 0).any()


def test_samples_are_compared_and_not_tokens():
    rng = np.random.default_rng(3)
    words = rng.normal(size=(6, 5, 4)).astype(np.float32)

    class Tokens(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.first = torch.nn.Linear(4, 3)

        def forward(self, x):
            return self.first(x).mean(dim=1)

    torch.manual_seed(0)
    model = Tokens()
    found = fg.extract_features(
        model, torch.from_numpy(words), layers=["first"], reduce="tokens", progress=False
    )
    with torch.no_grad():
        means = model.first(torch.from_numpy(words)).mean(dim=1)
    torch.testing.assert_close(found["first"].values, means.T)


def test_leaves_and_lone_nodes_count_as_zero_in_the_mean():
    assert fg.graph.average_clustering(LEAVES) == pytest.approx((1 + 1 + 1 / 6) / 6)
    assert fg.graph.average_clustering(LEAVES, kind="transitivity") == pytest.approx(3 / 8)


def test_a_complete_graph_has_no_small_world_propensity():
    found = fg.small_world(fg.datasets.make_complete(12), n_references=2, progress=False)
    assert math.isnan(found.propensity)
    assert found.explanation


def test_bars_of_length_zero_are_bars():
    points = np.array([0.0, 0.0, 1.0, 3.0])
    bars = sim.distance_persistence(np.abs(points[:, None] - points)).points[0]
    assert sorted(bars[:, 1].tolist()) == [
        0.0,
        1.0,
        2.0,
    ]


def test_distances_with_a_direction_have_no_bars():
    directed = np.array([[0, 1, 5], [2, 0, 1], [3, 4, 0]], dtype=float)
    with pytest.raises(ValueError, match="symmetric"):
        sim.distance_persistence(directed)


def test_loops_on_a_circle_end():
    angle = np.arange(8) * math.pi / 4
    points = np.column_stack([np.cos(angle), np.sin(angle)])
    steps = np.sqrt(((points[:, None] - points) ** 2).sum(axis=2))
    bars = sim.distance_persistence(steps).points[1]
    assert bars.shape == (1, 2)
    # born with the ring of eight sides, filled by the side over three of them
    np.testing.assert_allclose(bars[0], 2 * np.sin([math.pi / 8, 3 * math.pi / 8]), rtol=1e-9)


def test_edges_of_length_zero_join_what_they_join():
    graph = fg.FeatureGraph.from_edges([(0, 1), (1, 2), (2, 3)], weights=[0.0, 1.0, 0.0])
    cover = fg.minimum_box_cover(graph, 0.0, weight="weight", progress=False)
    assert cover.n_boxes == 2
    assert graph.to_scipy().nnz == 6


@pytest.mark.parametrize(
    "measure", [sim.cka, sim.procrustes, sim.cca, sim.svcca, sim.pwcca], ids=lambda m: m.__name__
)
def test_silent_neurons_change_no_similarity(measure):
    x, y = np.random.default_rng(4).normal(size=(2, 40, 6)).astype(np.float32)
    with_silent = np.hstack([x, np.zeros((40, 3), dtype=np.float32)])
    assert measure(with_silent, y) == pytest.approx(measure(x, y), rel=1e-5)


def test_lengths_survive_pyg_when_both_directions_are_averaged():
    graph = fg.FeatureGraph.from_edges([(0, 1), (1, 2)], weights=[0.5, 2.0]).to_pyg()
    kept = transforms.ToUndirected(reduce="mean")(graph.clone()).edge_weight
    assert kept.tolist() == graph.edge_weight.tolist() == [0.5, 0.5, 2.0, 2.0]


def test_silent_neurons_are_at_one_place_and_counted():
    features = np.random.default_rng(4).normal(size=(30, 5)).astype(np.float32)
    features[4:6] = 0
    C = fg.feature_distances(torch.from_numpy(features))
    assert C[4, 5] == 0
    assert (C + torch.eye(30) > 0).sum() == 30 * 30 - 2
    silent = invariance.measure_sparsity(torch.from_numpy(features)).silent_share
    assert silent == pytest.approx(2 / 30)


def test_boxes_are_cut_at_the_end_of_a_path():
    path = fg.FeatureGraph.from_edges([(i, i + 1) for i in range(49)])
    found = [fg.minimum_box_cover(path, size, progress=False).n_boxes for size in (1, 2, 6, 7, 30)]
    assert found == [25, 17, 8, 7, 2]  # 50 nodes in boxes of size + 1, the last one cut


def test_boxes_may_be_cut_apart_by_others():
    star = fg.FeatureGraph.from_edges([(0, leaf) for leaf in range(1, 6)])
    cover = fg.BoxCover(np.array([0, 1, 1, 1, 1, 1]), 2, kind="diameter", method="given")
    cover.validate(star)  # ways go through the hub, which has a box of its own
    with pytest.raises(ValueError, match="size"):
        fg.BoxCover(cover.labels, 1, kind="diameter", method="given").validate(star)


def test_nodes_at_one_place_do_not_spoil_a_drawing():
    path = fg.FeatureGraph.from_edges([(0, 1), (1, 2), (2, 3)], weights=[0.0, 1.0, 0.0])
    for places in (path.layout, fg.plot.layout_graph(path)):
        assert np.isfinite(places).all()
        assert np.ptp(places, axis=0).max() > 0
