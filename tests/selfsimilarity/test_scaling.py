"""The test of self-similarity: verdicts on known clouds, invariances, slow twins, bad input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from featgraph.datasets import make_barabasi_albert, make_flower, make_lattice, make_point_cloud
from featgraph.distances import as_distance_matrix, feature_distances
from featgraph.selfsimilarity import SelfSimilarityTest, self_similarity_test
from featgraph.selfsimilarity._scaling import find_widest_window, measure_octaves
from tests.naive import selfsimilarity as naive

QUICK = {"n_draws": 39, "rng": 0}
FRACTALS: list[tuple[str, dict[str, Any]]] = [
    ("cantor_dust", {"n_axes": 2, "ratio": 0.2}),
    ("cantor_dust", {"n_axes": 6}),
    ("sierpinski_gasket", {}),
    ("sierpinski_carpet", {}),
    ("cascade", {}),
    ("aggregate", {}),
    ("levy_dust", {}),
    ("tree", {}),
]
NULLS: list[tuple[str, dict[str, Any]]] = [
    ("gaussian", {}),
    ("gaussian", {"spectrum": "exponential", "rate": 3.0}),
    ("gaussian", {"spectrum": "power", "rate": 3.0}),
    ("heavy_tailed", {}),
    ("heavy_tailed", {"tail": 1.5}),
    ("ball", {}),
    ("sphere", {}),
    ("relu", {}),
    ("clusters", {"n_clusters": 2}),
    ("clusters", {"n_clusters": 8}),
]


@pytest.mark.parametrize(("name", "options"), FRACTALS)
def test_fractals_are_found(name: str, options: dict[str, Any]) -> None:
    found = self_similarity_test(make_point_cloud(name, 256, rng=1, **options), **QUICK)
    assert found.verdict == "self-similar"
    assert found.n_scales >= 5


@pytest.mark.parametrize(("name", "options"), NULLS)
def test_noise_is_not(name: str, options: dict[str, Any]) -> None:
    found = self_similarity_test(make_point_cloud(name, 256, rng=1, **options), **QUICK)
    assert found.verdict != "self-similar"


@pytest.mark.parametrize("law", ["lognormal", "loud", "silent"])
def test_norms_alone_make_no_fractal(law: str) -> None:
    """Independent directions span many scales by their norms: the spectrum does not explain it."""
    rng = np.random.default_rng(0)
    norms = {
        "lognormal": np.exp(rng.normal(size=256)),
        "loud": np.where(np.arange(256) < 100, 4.0 ** (np.arange(256) / 10), 1.0),
        "silent": np.exp(-6 * rng.uniform(size=256)),
    }[law]
    found = self_similarity_test(rng.normal(size=(256, 64)) * norms[:, None], **QUICK)
    assert found.p_values["gaussian"] == 1 / 40
    assert found.verdict == "not self-similar"
    assert found.p_value == found.p_values["norms"] > 0.05
    assert "norms of nodes" in found.explanation


def test_a_fractal_with_loud_nodes_is_still_one() -> None:
    """Three nodes far away change the spectrum and the norms, not how the others lie."""
    F = make_point_cloud("cantor_dust", 256, n_axes=2, rng=0)
    F[:3] *= [[30.0], [20.0], [10.0]]
    found = self_similarity_test(F, **QUICK)
    assert found.verdict == "self-similar"
    # Of two null models with the same p-value the one that keeps more is spoken of.
    assert found.p_values == {"gaussian": 1 / 40, "norms": 1 / 40}
    assert "spectrum, norms of nodes and size" in found.explanation


@pytest.mark.parametrize(("name", "whole"), [("line", 1), ("plane", 2), ("torus", 2), ("cube", 3)])
def test_smooth_sets_have_a_whole_dimension(name: str, whole: int) -> None:
    found = self_similarity_test(make_point_cloud(name, 400, rng=0), **QUICK)
    assert found.verdict == "self-similar"
    assert found.whole_dimension == whole
    assert found.dimension == pytest.approx(whole, abs=0.5 if whole == 3 else 0.3)


@pytest.mark.parametrize(
    ("name", "options", "dimension"),
    [
        ("cantor_dust", {"n_axes": 3}, 3 * math.log(2) / math.log(3)),
        ("sierpinski_gasket", {}, math.log2(3)),
        ("tree", {}, math.log(2) / math.log(1 / 0.6)),
    ],
)
def test_dimensions_of_fractals(name: str, options: dict[str, Any], dimension: float) -> None:
    found = self_similarity_test(make_point_cloud(name, 400, rng=2, **options), **QUICK)
    assert found.dimension == pytest.approx(dimension, rel=0.1)
    assert found.interval[0] < found.dimension < found.interval[1]
    assert found.box_interval[0] <= found.box_dimension <= found.box_interval[1]
    assert found.whole_dimension is None or abs(dimension - found.whole_dimension) < 0.2


def test_points_on_a_line_at_powers_have_known_octaves() -> None:
    """Exact: at 2^k − 1 the boxes of a full binary ultrametric are its 2^m subtrees."""
    n_nodes, levels = 64, 6
    C = np.zeros((n_nodes, n_nodes))
    for i in range(n_nodes):
        for j in range(n_nodes):
            C[i, j] = 0.0 if i == j else 3.0 ** (i ^ j).bit_length()
    counts = 2 ** np.arange(1, levels)
    found = measure_octaves(torch.from_numpy(C), counts)
    expected = (levels - np.arange(1, levels)) * math.log(3)
    np.testing.assert_allclose(found.low, expected, rtol=1e-12)
    np.testing.assert_allclose(found.high, expected, rtol=1e-12)


def test_octaves_agree_with_slow_twins() -> None:
    F = np.random.default_rng(0).normal(size=(18, 3))
    C = feature_distances(torch.from_numpy(F))
    counts = np.array([2, 4, 8])
    found = measure_octaves(C, counts)
    packing = sorted(naive.farthest_first(C.numpy()), reverse=True)
    linkage = sorted(naive.complete_linkage(C.numpy()), reverse=True)
    np.testing.assert_allclose(found.low, [math.log(packing[n - 1]) for n in counts], rtol=1e-9)
    np.testing.assert_allclose(found.high, [math.log(linkage[n - 1]) for n in counts], rtol=1e-9)


def test_widest_window_against_a_loop_over_windows() -> None:
    rng = np.random.default_rng(5)
    found, draws = -np.sort(rng.normal(size=6)), -np.sort(rng.normal(size=(30, 6)), axis=1)
    found[4:] -= 9.0
    p_value, first, last = find_widest_window(found, draws)
    every = [found, *draws]
    best = []
    for one in every:
        scores = {}
        for a in range(6):
            for b in range(a + 3, 6):
                widths = [x[a] - x[b] for x in every]
                scores[a, b] = (one[a] - one[b] - np.mean(widths)) / np.std(widths)
        best.append(max(scores.values()))
        if one is found:
            assert (first, last) == max(scores, key=lambda key: scores[key])
    assert p_value == pytest.approx(np.mean(np.array(best) >= best[0] - 1e-12))


def test_a_gaussian_cloud_is_ranked_evenly() -> None:
    """Under its own null model the p-value is uniform: exchangeable with the draws."""
    values = []
    for seed in range(40):
        F = make_point_cloud("gaussian", 64, n_samples=16, spectrum="power", rate=2.5, rng=seed)
        values.append(self_similarity_test(F, n_draws=19, rng=seed).p_value)
    # 40 uniform values: a mean of 0.5 with standard error 0.046.
    assert 0.35 < np.mean(values) < 0.65
    assert np.mean(np.array(values) <= 0.1) < 0.3


def test_scale_rotation_shift_and_order_do_not_matter() -> None:
    F = make_point_cloud("cantor_dust", 100, n_samples=20, rng=0)
    rng = np.random.default_rng(0)
    turn, _ = np.linalg.qr(rng.normal(size=(20, 20)))
    plain = self_similarity_test(F, n_draws=19, rng=0)
    for other in (1e4 * F, F @ turn + rng.normal(size=20), F[:, rng.permutation(20)]):
        found = self_similarity_test(other, n_draws=19, rng=0)
        assert found.verdict == plain.verdict
        assert found.p_value == plain.p_value
        assert found.n_scales == pytest.approx(plain.n_scales, abs=1e-9)
        assert found.dimension == pytest.approx(plain.dimension, abs=1e-9)
        np.testing.assert_allclose(found.slopes, plain.slopes, rtol=1e-9)
    found = self_similarity_test(F[rng.permutation(100)], n_draws=19, rng=0)
    assert (found.verdict, found.p_value) == (plain.verdict, plain.p_value)
    assert found.dimension == pytest.approx(plain.dimension, abs=1e-9)
    distances = self_similarity_test(as_distance_matrix(F), n_draws=19, rng=0)
    assert distances.verdict == plain.verdict
    np.testing.assert_allclose(distances.slopes, plain.slopes, rtol=1e-9)


def test_graphs() -> None:
    flower = self_similarity_test(make_flower(2, 2, 4), n_draws=19, rng=0)
    lattice = self_similarity_test(make_lattice((16, 16)), n_draws=19, rng=0)
    small_world = self_similarity_test(make_barabasi_albert(300, 2, rng=0), n_draws=19, rng=0)
    assert flower.verdict == lattice.verdict == "self-similar"
    assert small_world.verdict != "self-similar"
    assert "same degrees" in lattice.explanation


def test_copies_count_once() -> None:
    F = make_point_cloud("cantor_dust", 100, n_samples=20, rng=0)
    plain = self_similarity_test(F, n_draws=19, rng=0)
    doubled = self_similarity_test(np.repeat(F, 2, axis=0), n_draws=19, rng=0)
    assert (doubled.n_nodes, doubled.n_distinct) == (200, 100)
    assert (doubled.verdict, doubled.p_value) == (plain.verdict, plain.p_value)
    np.testing.assert_allclose(doubled.slopes, plain.slopes, rtol=1e-9)


def test_a_file_gives_it_back(tmp_path: Any) -> None:
    found = self_similarity_test(make_point_cloud("plane", 64, rng=0), n_draws=19, rng=0)
    for suffix in ("json", "npz"):
        again = SelfSimilarityTest.load(found.save(tmp_path / f"test.{suffix}"))
        assert again.to_rows() == found.to_rows()
        np.testing.assert_array_equal(again.theta_low, found.theta_low)


def test_few_nodes_and_bad_input() -> None:
    found = self_similarity_test(make_point_cloud("cantor_dust", 40, rng=0), n_draws=19, rng=0)
    assert found.verdict == "undecided"
    assert "40 different nodes span" in found.explanation
    assert math.isnan(found.p_value)
    assert found.dimension > 0
    two = self_similarity_test(np.array([[0.0], [1.0], [5.0]]), n_draws=19, rng=0)
    assert two.verdict == "undecided"
    narrow = self_similarity_test(make_point_cloud("sphere", 128, rng=0), n_draws=19, rng=0)
    assert narrow.verdict == "undecided"
    assert "a power law needs 5" in narrow.explanation
    with pytest.raises(ValueError, match=r"all distances equal 0 \(TZ = TV\)"):
        self_similarity_test(np.ones((80, 3)))
    with pytest.raises(ValueError, match="all distances equal"):
        self_similarity_test(np.eye(80))
    with pytest.raises(ValueError, match="n_draws must be a whole number of at least 19"):
        self_similarity_test(np.eye(80), n_draws=5)
