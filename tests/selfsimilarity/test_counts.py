"""N_θ of every estimator: slow twins, bounds, identities of the definitions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from featgraph.boxes import minimum
from featgraph.boxes.exact.clock import Clock
from featgraph.distances import feature_distances
from featgraph.selfsimilarity import (
    ESTIMATORS,
    box_number,
    count_boxes,
    critical_distances,
    critical_pairs,
    numbers,
    soft_caro_wei,
    ss_rate,
    theta_grid,
)
from featgraph.selfsimilarity.numbers import formula_count
from tests.naive import selfsimilarity as naive

HARD = ["paper", "released", "caro_wei", "packing", "linkage", "midpoint"]


@st.composite
def features(draw: st.DrawFn, most: int = 9) -> torch.Tensor:
    """Small matrices in float64: generic ones, ones on a lattice with ties, duplicated rows."""
    n_nodes = draw(st.integers(3, most))
    n_samples = draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    F = rng.normal(size=(n_nodes, n_samples))
    kind = draw(st.sampled_from(["generic", "ties", "duplicates"]))
    if kind == "ties":
        F = np.round(F)
    if kind == "duplicates":
        F[1] = F[0]
    if np.ptp(naive.pairs_of(np.abs(F[:, None] - F[None]).sum(-1))) == 0:
        F[0] += 3.0
    return torch.from_numpy(F)


def has_ties(C: torch.Tensor) -> bool:
    pairs = naive.pairs_of(C.numpy())
    return bool(len(set(pairs.tolist())) < len(pairs))


@given(features(), st.sampled_from(HARD))
def test_twins(F: torch.Tensor, estimator: str) -> None:
    C = feature_distances(F)
    if estimator in ("packing", "linkage", "midpoint") and has_ties(C):
        return  # both constructions choose freely between equal distances
    theta = torch.cat([theta_grid(C, 9), C[0, 1:]]).sort().values
    expected = [naive.box_number(C.numpy(), float(t), estimator) for t in theta]
    counts = count_boxes(C, theta, estimator=estimator)
    np.testing.assert_allclose(counts.numpy(), expected, rtol=1e-12)
    assert counts.dtype == torch.float64
    assert torch.equal(counts, box_number(F, theta, estimator=estimator))


@given(features(), st.sampled_from(HARD))
def test_falls_from_all_nodes_to_one_box(F: torch.Tensor, estimator: str) -> None:
    C = feature_distances(F)
    theta = theta_grid(C, 33)
    counts = count_boxes(C, theta, estimator=estimator)
    assert bool((counts.diff() <= 1e-12).all())
    assert counts[-1] == pytest.approx(1)
    if theta[0] > 0:
        below = count_boxes(C, theta[0] * torch.tensor([0.0, 0.9]), estimator=estimator)
        assert below.tolist() == pytest.approx([len(F)] * 2)


@given(features(most=7))
def test_bounds_bracket_the_optimum(F: torch.Tensor) -> None:
    C = feature_distances(F)
    theta = theta_grid(C, 9)
    best = np.array([naive.minimum_cover(C.numpy(), float(t)) for t in theta])
    assert (count_boxes(C, theta, estimator="caro_wei").numpy() <= best + 1e-9).all()
    assert (count_boxes(C, theta, estimator="packing").numpy() <= best).all()
    assert (count_boxes(C, theta, estimator="linkage").numpy() >= best).all()
    middle = count_boxes(C, theta, estimator="midpoint").numpy()
    ends = [count_boxes(C, theta, estimator=one).numpy() for one in ("packing", "linkage")]
    gap = np.log(ends[1] / ends[0])
    assert (np.abs(np.log(middle / best)) <= gap / 2 + 1e-12).all()
    # Balls around the packing of θ/2 are boxes of diameter θ.
    assert (count_boxes(C, theta / 2, estimator="packing").numpy() >= best).all()


@given(features(), st.randoms(use_true_random=False), st.sampled_from(HARD))
def test_order_of_nodes_is_harmless(F: torch.Tensor, random: object, estimator: str) -> None:
    C = feature_distances(F)
    if estimator in ("packing", "linkage", "midpoint") and has_ties(C):
        return
    order = list(range(len(F)))
    random.shuffle(order)  # type: ignore[attr-defined]
    theta = theta_grid(C, 17)
    torch.testing.assert_close(
        count_boxes(C[order][:, order], theta, estimator=estimator),
        count_boxes(C, theta, estimator=estimator),
    )


@given(st.integers(2, 2000), st.floats(0, 1))
def test_released_is_the_mirror_of_paper(n_nodes: int, share: float) -> None:
    p = torch.tensor(share, dtype=torch.float64)
    released = formula_count(p, n_nodes, "released")
    assert float(released) == pytest.approx(
        n_nodes + 1 - float(formula_count(1 - p, n_nodes, "paper"))
    )
    # m is the mean size of a closed neighbourhood.
    m = 1 + (n_nodes - 1) * share
    assert float(released) == pytest.approx(1 + (n_nodes - 1) * (1 - math.log(m, n_nodes)))


@given(features(), st.sampled_from(["packing", "linkage"]))
def test_critical_pairs(F: torch.Tensor, estimator: str) -> None:
    C = feature_distances(F)
    left, right = critical_pairs(C, estimator)
    heights = C[left, right]
    assert bool((left < right).all())
    assert len(set(zip(left.tolist(), right.tolist(), strict=True))) == len(F) - 1
    assert bool((heights.diff() <= 0).all())
    assert heights[0] == C.max()
    assert heights[-1] == naive.pairs_of(C.numpy()).min()
    twin = naive.farthest_first if estimator == "packing" else naive.complete_linkage
    if not has_ties(C):
        np.testing.assert_array_equal(heights.numpy(), np.sort(twin(C.numpy()))[::-1])
    assert torch.equal(critical_distances(F, estimator=estimator), heights)


@given(features())
def test_packing_runs_on_other_devices(F: torch.Tensor) -> None:
    C = feature_distances(F)
    expected = numbers._farthest_first(C)
    assert torch.equal(numbers._farthest_first_on_device(C), expected)


def test_linkage_agrees_with_scipy_heights() -> None:
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    C = feature_distances(np.random.default_rng(0).normal(size=(120, 5)))
    merges = linkage(squareform(C.numpy()), method="complete")
    heights = critical_distances(np.random.default_rng(0).normal(size=(120, 5)))
    np.testing.assert_allclose(heights.numpy()[::-1], merges[:, 2], rtol=1e-12)


@given(features(most=7), st.sampled_from([0.02, 0.3]))
def test_soft_caro_wei_agrees_with_every_pair_at_every_threshold(
    F: torch.Tensor, softness: float
) -> None:
    C = feature_distances(F)
    theta = theta_grid(C, 9)
    expected = naive.soft_caro_wei(C.numpy(), theta.numpy(), softness)
    # Linear interpolation between 20 knots per width.
    counts = soft_caro_wei(C, theta, softness=softness)
    np.testing.assert_allclose(counts.numpy(), expected, rtol=1e-3)


def test_soft_caro_wei_hardens() -> None:
    C = feature_distances(np.random.default_rng(0).normal(size=(40, 3)))
    theta = theta_grid(C, 64)
    hard = count_boxes(C, theta, estimator="caro_wei")
    errors = [
        float((soft_caro_wei(C, theta, softness=s) - hard).abs().mean()) for s in (0.1, 0.01, 0.001)
    ]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.05


def test_table() -> None:
    assert set(HARD) < set(ESTIMATORS)
    for name, row in ESTIMATORS.items():
        assert row.name == name
        assert row.role in ("approximation", "lower bound", "covering")
        assert row.summary
        assert row.source


def test_theta_grid_is_uniform_in_log() -> None:
    C = feature_distances(np.random.default_rng(0).normal(size=(30, 8)).astype(np.float32))
    theta = theta_grid(C)
    assert len(theta) == 256
    assert theta[-1] == C.max()
    assert theta[0] == naive.pairs_of(C.numpy()).min()
    np.testing.assert_allclose(
        theta.numpy(), naive.theta_grid(C.numpy().astype(float), 256), rtol=1e-5
    )
    steps = torch.log1p(theta.double()).diff()
    np.testing.assert_allclose(steps.numpy(), float(steps.mean()), rtol=1e-3)


def test_bad_input() -> None:
    F = np.random.default_rng(0).normal(size=(5, 3))
    C = feature_distances(F)
    with pytest.raises(ValueError, match=r"estimator must be one of .*did you mean 'packing'"):
        box_number(F, estimator="paking")
    with pytest.raises(ValueError, match=r"theta must be a vector of at least 2 rising box sizes"):
        count_boxes(C, torch.tensor([2.0, 1.0]), estimator="paper")
    with pytest.raises(ValueError, match=r"finite and not negative, got \[-1.0, 1.0\]"):
        count_boxes(C, torch.tensor([-1.0, 1.0]), estimator="paper")
    with pytest.raises(ValueError, match=r"it covers features; call box_number"):
        count_boxes(C, theta_grid(C), estimator="greedy")
    with pytest.raises(ValueError, match="n_theta must be a whole number of at least 2"):
        theta_grid(C, 1)
    with pytest.raises(ValueError, match=r"all distances equal 0 \(TZ = TV\)"):
        theta_grid(torch.zeros(4, 4))
    with pytest.raises(ValueError, match=r"estimator must be one of \['linkage', 'packing'\]"):
        critical_distances(F, estimator="paper")
    with pytest.raises(ValueError, match="softness must be a finite number above 0"):
        soft_caro_wei(C, theta_grid(C), softness=0)
    for softness in (8e-221, 5e-324):
        with pytest.raises(ValueError, match=r"softness must be at least 1e-06, got"):
            soft_caro_wei(C, theta_grid(C), softness=softness)


def test_optimum_keeps_its_time_limit(
    monkeypatch: pytest.MonkeyPatch, counted_seconds: float
) -> None:
    clocks: list[Any] = []
    monkeypatch.setattr(minimum, "Clock", lambda limit: clocks.append(Clock(limit)) or clocks[-1])
    F = torch.randn(150, 64, generator=torch.Generator().manual_seed(0))
    counts = box_number(F, estimator="optimum", time_limit=0.5)
    assert 0.5 <= clocks[0].looks * counted_seconds < 1  # 256 θ
    assert counts[-1] == 1
    assert bool((counts >= box_number(F, estimator="packing")).all())
    assert 0 < float(ss_rate(F, estimator="optimum", n_theta=8, time_limit=0)) < 1


@settings(max_examples=8)
@given(features(most=7))
def test_coverings_by_boxes(F: torch.Tensor) -> None:
    C = feature_distances(F)
    theta = theta_grid(C, 5)
    least = [naive.minimum_cover(C.numpy(), float(t)) for t in theta]
    assert box_number(F, theta, estimator="optimum").tolist() == least
    greedy = box_number(F, theta, estimator="greedy")
    assert bool((greedy >= torch.tensor(least)).all())
    assert bool((greedy.diff() <= 0).all())
    # Repeated thresholds are answered one by one.
    twice = theta.repeat_interleave(2)
    assert torch.equal(box_number(F, twice, estimator="greedy"), greedy.repeat_interleave(2))


def test_rate_of_coverings_lies_at_that_of_its_counts() -> None:
    F = np.random.default_rng(0).normal(size=(30, 6))
    theta = theta_grid(feature_distances(F), 32)
    levels = torch.log1p(theta)
    x = (levels - levels[0]) / (levels[-1] - levels[0])
    counts = box_number(F, theta, estimator="greedy")
    gap = (counts.log() / math.log(30) - (1 - x)).abs()
    expected = float(2 * torch.trapezoid(gap, x))
    assert float(ss_rate(F, estimator="greedy", theta=theta)) == pytest.approx(expected)
    assert float(ss_rate(F, estimator="greedy", n_theta=32)) == pytest.approx(expected)
