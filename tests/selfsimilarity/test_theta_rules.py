"""Quantile grid and logarithmic scale: twins, derivatives, invariance, outliers, bad input."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import nn

from featgraph.distances import feature_distances
from featgraph.selfsimilarity import (
    SelfSimilarityRegularizer,
    compare_with_null,
    soft_caro_wei,
    ss_rate,
    ss_rate_of_distances,
    theta_grid,
)
from tests.naive import selfsimilarity as naive

STEPS = ["paper", "released", "caro_wei", "packing", "linkage", "midpoint"]
EVERY = [*STEPS, "soft_caro_wei"]
RULES: list[dict[str, Any]] = [
    {"grid": "quantile"},
    {"scale": "log"},
    {"grid": "quantile", "scale": "log"},
    {"grid": "quantile", "scale": "log", "quantiles": (0.2, 0.7)},
]
LEVELS = {"log1p": math.log1p, "log": math.log}


def draw_features(n_nodes: int, n_samples: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(n_nodes, n_samples)))


def naive_ends(C: np.ndarray, rule: dict[str, Any]) -> tuple[float, float]:
    pairs = naive.pairs_of(C)
    low, high = pairs.min(), pairs.max()
    if rule.get("grid") == "quantile":
        low, high = np.quantile(pairs, rule.get("quantiles", (0.05, 0.95)))
    if rule.get("scale") == "log" and low == 0:
        low = pairs[pairs > 0].min()
    return float(low), float(high)


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.sampled_from(STEPS), st.sampled_from(RULES), st.booleans())
def test_values_agree_with_pieces(
    seed: int, estimator: str, rule: dict[str, Any], has_copies: bool
) -> None:
    F = draw_features(8, 3, seed)
    if has_copies:
        F[1], F[5] = F[0], F[4]
    C = feature_distances(F)
    ends = naive_ends(C.numpy(), rule)
    level = LEVELS[rule.get("scale", "log1p")]
    expected = naive.exact_rate(C.numpy(), estimator, ends, level)
    assert float(ss_rate(F, estimator=estimator, **rule)) == pytest.approx(expected, abs=1e-12)
    given_ends = torch.tensor(ends, dtype=torch.float64)
    scale = rule.get("scale", "log1p")
    value = ss_rate(F, estimator=estimator, theta=given_ends, scale=scale)
    assert float(value) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("rule", RULES)
def test_theta_grid_is_uniform_between_its_ends(rule: dict[str, Any]) -> None:
    C = feature_distances(draw_features(12, 4))
    theta = theta_grid(C, 9, **rule).numpy()
    np.testing.assert_allclose([theta[0], theta[-1]], naive_ends(C.numpy(), rule), rtol=1e-15)
    levels = [LEVELS[rule.get("scale", "log1p")](t) for t in theta]
    np.testing.assert_allclose(np.diff(levels), np.diff(levels).mean(), rtol=1e-12)


def test_soft_count_on_the_logarithmic_scale_agrees_with_every_pair() -> None:
    C = feature_distances(draw_features(9, 3))
    theta = theta_grid(C, 7, scale="log")
    expected = naive.soft_caro_wei(C.numpy(), theta.numpy(), 0.1, math.log)
    counts = soft_caro_wei(C, theta, softness=0.1, scale="log")
    np.testing.assert_allclose(counts.numpy(), expected, rtol=2e-4)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("estimator", EVERY)
def test_gradcheck(estimator: str, rule: dict[str, Any]) -> None:
    # TZ and TV move with the features, quantiles too.
    F = draw_features(10, 5, 1).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda f: ss_rate(f, estimator=estimator, softness=0.1, **rule), (F,)
    )


@pytest.mark.parametrize("estimator", EVERY)
@pytest.mark.parametrize("grid", ["range", "quantile"])
def test_the_logarithmic_scale_has_no_unit(estimator: str, grid: str) -> None:
    F = draw_features(40, 9, 2)
    F[3] = F[2]
    how: dict[str, Any] = {"estimator": estimator, "grid": grid, "scale": "log"}
    value = float(ss_rate(F, **how))
    for factor in (1e-6, 3.7, 1e5):
        assert float(ss_rate(factor * F, **how)) == pytest.approx(value, abs=1e-9)


def test_searched_coverings_follow_the_rule() -> None:
    F = draw_features(14, 3, 4)
    how: dict[str, Any] = {"grid": "quantile", "scale": "log", "n_theta": 12}
    C = feature_distances(F)
    theta = theta_grid(C, 12, grid="quantile", scale="log").numpy()
    counts = [naive.box_number(C.numpy(), t, "minimum") for t in theta]
    gap = np.log(counts) / math.log(14) - np.linspace(1, 0, 12)
    expected = 2 * np.trapezoid(np.abs(gap), np.linspace(0, 1, 12))
    value = float(ss_rate(F, estimator="optimum", **how))
    assert value == pytest.approx(expected, abs=1e-12)


def test_copies_are_one_node_on_the_logarithmic_scale() -> None:
    C = torch.tensor([[0.0, 0, 1, 4], [0, 0, 1, 4], [1, 1, 0, 4], [4, 4, 4, 0]]).double()
    value = float(ss_rate_of_distances(C, estimator="linkage", scale="log"))
    # Two boxes from θ = 1 to 4, of four nodes: log N is half of log D all along.
    assert value == pytest.approx(0.5, abs=1e-12)
    grad = torch.autograd.functional.jacobian(
        lambda c: ss_rate_of_distances(c, estimator="linkage", scale="log"), C
    )
    assert bool(torch.isfinite(grad).all())


def test_a_loud_neuron_moves_the_range_and_hardly_the_quantiles() -> None:
    F = draw_features(100, 30, 5)
    loud = F.clone()
    loud[7] *= 50
    moved = {
        grid: abs(float(ss_rate(loud, grid=grid, scale="log") - ss_rate(F, grid=grid, scale="log")))
        for grid in ("range", "quantile")
    }
    assert moved["range"] > 0.3
    assert moved["quantile"] < 0.04


def test_the_rule_reaches_nulls_and_the_regularizer() -> None:
    F = draw_features(30, 6)
    how: dict[str, Any] = {"grid": "quantile", "scale": "log"}
    scores = compare_with_null(F, n_draws=4, rng=0, **how)
    assert scores.rate == float(ss_rate(F, **how))
    net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2)).double()
    reg = SelfSimilarityRegularizer(net, weight=1.0, target=0.0, **how)
    assert reg.recipe["numerics"] == "exact"
    inputs = draw_features(40, 4)
    net(inputs)
    term = reg()
    expected = ss_rate(net[1](net[0](inputs)).T, **how) ** 2
    torch.testing.assert_close(term, expected, rtol=1e-12, atol=0)


def test_bad_input() -> None:
    F = draw_features(9, 3)
    with pytest.raises(ValueError, match=r"grid must be one of .*did you mean 'quantile'"):
        ss_rate(F, grid="quantiles")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="scale must be one of"):
        ss_rate(F, scale="ln")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"quantiles must be two rising numbers in \[0, 1\]"):
        theta_grid(feature_distances(F), grid="quantile", quantiles=(0.9, 0.1))
    with pytest.raises(ValueError, match="defined for grid='range' and scale='log1p', got 'range'"):
        ss_rate(F, scale="log", numerics="released")
    with pytest.raises(ValueError, match="theta must be above 0 with scale='log'"):
        ss_rate(F, scale="log", theta=torch.tensor([0.0, 1.0]))
    far = torch.zeros(40, 2)
    far[0] = 1
    with pytest.raises(ValueError, match=r"TZ = TV = 0 with grid='quantile'.*take wider quantiles"):
        ss_rate(far, grid="quantile", quantiles=(0.1, 0.5))
    with pytest.raises(ValueError, match="TZ = TV = 1 with grid='range', scale='log'"):
        theta_grid(feature_distances(far), scale="log")
