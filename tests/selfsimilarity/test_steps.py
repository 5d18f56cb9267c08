"""The order of all pairs and complete linkage, against NumPy and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from featgraph.distances import feature_distances
from featgraph.selfsimilarity import (
    ESTIMATORS,
    critical_distances,
    critical_pairs,
    ss_rate,
    ss_rate_of_distances,
)
from featgraph.selfsimilarity._kernels import integrate_steps, slope_nodes
from featgraph.selfsimilarity._steps import _order_pairs, count_steps
from featgraph.selfsimilarity.numbers import linkage_heights


def draw(kind: str, dtype: type, n_nodes: int = 60) -> np.ndarray:
    rng = np.random.default_rng(3)
    points = rng.normal(size=(n_nodes, 5))
    points = {
        "plain": points,
        "ties": points.round(),
        "copies": np.repeat(points[: n_nodes // 2], 2, axis=0),
        "one far": points * np.where(np.arange(n_nodes) == 7, 1e6, 1.0)[:, None],
        "tiny": points * 1e-30,
    }[kind]
    apart = np.abs(points[:, None] - points[None]).max(axis=2)
    return apart.astype(dtype)


KINDS = ["plain", "ties", "copies", "one far", "tiny"]


@pytest.mark.parametrize("n_nodes", [60, 200])  # one part, and several that are sorted alone
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_pairs_come_by_rising_distance_and_ties_row_by_row(kind, dtype, n_nodes):
    C = draw(kind, dtype, n_nodes)
    left, right = np.triu_indices(len(C), 1)
    order = C[left, right].argsort(kind="stable")
    places, heights = _order_pairs(torch.from_numpy(C))
    np.testing.assert_array_equal(places.numpy(), (left * len(C) + right)[order])
    np.testing.assert_array_equal(heights.numpy(), C[left, right][order])


@pytest.mark.parametrize("n_nodes", [2, 3])
def test_two_and_three_nodes_have_an_order(n_nodes):
    C = draw("plain", np.float32, n_nodes)
    places, heights = _order_pairs(torch.from_numpy(C))
    assert len(places) == n_nodes * (n_nodes - 1) // 2
    assert (heights.diff() >= 0).all()


@pytest.mark.parametrize("kind", KINDS)
def test_linkage_merges_at_the_heights_of_scipy(kind):
    C = draw(kind, np.float64)
    left, right = critical_pairs(torch.from_numpy(C), "linkage")
    heights = linkage(squareform(C), method="complete")[:, 2]
    np.testing.assert_array_equal(C[left, right][::-1], heights)
    np.testing.assert_array_equal(linkage_heights(torch.from_numpy(C)), heights)
    assert (left < right).all()
    assert len({(int(i), int(j)) for i, j in zip(left, right, strict=True)}) == len(C) - 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
def test_pair_of_a_merge_parts_the_clusters_that_it_joins(kind, dtype):
    C = draw(kind, dtype)
    left, right = (part.tolist() for part in critical_pairs(torch.from_numpy(C), "linkage"))
    clusters = [{i} for i in range(len(C))]
    for i, j in zip(reversed(left), reversed(right), strict=True):
        one, other = (next(c for c in clusters if node in c) for node in (i, j))
        assert one is not other
        assert C[i, j] == C[np.ix_(sorted(one), sorted(other))].max()
        clusters = [c for c in clusters if c is not one and c is not other] + [one | other]


def test_a_distance_of_minus_zero_is_zero():
    C = draw("copies", np.float32)
    twin = np.where(C == 0, np.float32(-0.0), C)
    for estimator in ("linkage", "packing", "released", "caro_wei"):
        rates = [
            ss_rate_of_distances(torch.from_numpy(one), estimator=estimator) for one in (C, twin)
        ]
        assert rates[0] == pytest.approx(float(rates[1]), rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("estimator", [e for e, row in ESTIMATORS.items() if row.differentiable])
def test_gradient_is_that_through_all_distances(estimator, dtype):
    F = torch.randn(150, 64, generator=torch.Generator().manual_seed(0), dtype=dtype)
    F[1], F[3] = F[0], F[2] + 1e-4  # a copy, and a neighbour that the matrix product would lose
    F.requires_grad_()
    for _ in range(2):  # the second time in room that the first has left
        direct = torch.autograd.grad(3 * ss_rate(F, estimator=estimator), F)[0]
    rate = ss_rate_of_distances(feature_distances(F), estimator=estimator)
    expected = torch.autograd.grad(3 * rate, F)[0]
    rtol = 1e-5 if dtype == torch.float32 else 1e-11
    assert (direct - expected).norm() <= rtol * expected.norm()


def test_caro_wei_counts_are_those_of_the_definition():
    C = draw("plain", np.float64, 30)
    steps = count_steps(torch.from_numpy(C), "caro_wei")
    counts = np.exp(np.log(30) * (1 - steps.exponents(slice(None)).numpy()))
    for theta in (0.0, *steps.heights.numpy()[::29]):
        degree = (theta >= C).sum(axis=1) - 1
        below = int((steps.heights.numpy() <= theta).sum())
        np.testing.assert_allclose(counts[below], (1 / (1 + degree)).sum(), rtol=1e-12)


def test_a_far_node_is_the_first_critical_distance():
    C = draw("one far", np.float64)
    features = torch.zeros(len(C), 2, dtype=torch.float64)
    features[:, 0] = torch.arange(len(C))
    features[7, 1] = 1e6
    heights = critical_distances(features)
    assert heights[0] == pytest.approx(1e6 / np.sqrt(2), rel=1e-3)
    assert heights[1] == pytest.approx((len(C) - 1) / np.sqrt(2), rel=1e-3)


ODD = [np.inf, -np.inf, np.nan]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("where", ["levels", "exponents"])
@pytest.mark.parametrize("step", [0, 20, 49])
def test_sums_over_steps_keep_infinity_and_nan(step, where, odd):
    rng = np.random.default_rng(0)
    given = {"levels": rng.random(50), "exponents": rng.random(51), "heights": rng.random(50)}
    given[where][step] = odd
    slopes, expected = np.empty(50), np.empty(50)
    with np.errstate(invalid="ignore"):
        found = integrate_steps(*given.values(), slopes, 0.1, 0.9, 1.0)
        plain = integrate_steps.__wrapped__(*given.values(), expected, 0.1, 0.9, 1.0)
    np.testing.assert_allclose(found, plain, rtol=1e-12)
    np.testing.assert_allclose(slopes, expected, rtol=1e-12)
    assert not np.isfinite(found).all()


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_over_levels_keep_infinity_and_nan(odd, dtype):
    rng = np.random.default_rng(0)
    levels, grad = rng.random((9, 9)).astype(dtype), rng.normal(size=(9, 13)).astype(dtype)
    numbers, lengths = (dtype(0), dtype(10), dtype(1.5)), (np.expm1(levels), dtype(1), True)
    grad[4, 5:8] = odd
    slopes, expected = np.empty_like(levels), np.empty_like(levels)
    with np.errstate(invalid="ignore"):
        found = slope_nodes(levels, *numbers, grad, *lengths, slopes)
        plain = slope_nodes.__wrapped__(levels, *numbers, grad, *lengths, expected)
    assert not np.isfinite(found).any()
    np.testing.assert_allclose(found, plain)
    np.testing.assert_allclose(slopes, expected, rtol=1e-5, atol=1e-5)
