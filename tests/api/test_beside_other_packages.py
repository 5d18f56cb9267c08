"""Exact values at the places where other packages go astray (docs/beside_others.md)."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

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


def test_silent_neurons_have_no_direction():
    rows = np.random.default_rng(4).normal(size=(30, 5)).astype(np.float32)
    silent = rows.copy()
    silent[4:6] = 0
    told = sim.mutual_knn(silent, silent, n_neighbors=3)
    assert told == pytest.approx(1.0)


@pytest.mark.parametrize("n_nodes", [50, 64, 81, 97])
def test_boxes_that_the_end_cuts_count_once(n_nodes):
    sizes = [0, 1, 2, 3, 6, 8]
    counts = fg.minimum_box_counts(fg.datasets.make_path(n_nodes), sizes=sizes, progress=False)
    assert counts.counts.tolist() == [-(-n_nodes // (size + 1)) for size in sizes]


def test_balls_of_a_radius_hold_no_more_than_that_radius():
    graph = fg.datasets.make_path(6)
    assert fg.minimum_box_counts(graph, sizes=[1], kind="radius", progress=False).counts[0] == 2


@pytest.mark.parametrize("exponent", [2.5, 6.0, 12.0])
def test_exponents_are_those_of_the_density(exponent):
    draws = 1 - np.random.default_rng(5).random(4000)
    fit = fg.graph.fit_tail(draws ** (-1 / (exponent - 1)), discrete=False)
    tail = np.sort(draws ** (-1 / (exponent - 1)))
    tail = tail[tail >= fit.x_min]
    assert fit.exponent == pytest.approx(1 + tail.size / np.log(tail / fit.x_min).sum(), rel=1e-6)
