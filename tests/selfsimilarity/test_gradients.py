"""Gradients of SS_rate: gradcheck, dense twins, and descents in true box counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from featgraph.dimension import compare_dimensions
from featgraph.distances import feature_distances, gram
from featgraph.selfsimilarity import (
    _released,
    _steps,
    critical_distances,
    soft,
    soft_caro_wei,
    ss_rate,
    ss_rate_of_distances,
    theta_grid,
)
from tests.naive import distances as naive_distances, selfsimilarity as naive

STEPS = ["paper", "released", "caro_wei", "packing", "linkage", "midpoint"]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads cost more than they give on matrices this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_features(n_nodes: int, n_samples: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n_nodes, n_samples, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize("estimator", STEPS)
@pytest.mark.parametrize("seed", [0, 1])
def test_gradcheck_of_the_exact_integral(estimator: str, seed: int) -> None:
    # TZ and TV move with the features here.
    F = make_features(11, 6, seed).requires_grad_()
    assert torch.autograd.gradcheck(lambda f: ss_rate(f, estimator=estimator), (F,))


@pytest.mark.parametrize("estimator", [*STEPS, "soft_caro_wei"])
def test_gradcheck_with_fixed_thresholds(estimator: str) -> None:
    F = make_features(8, 3).requires_grad_()
    theta = theta_grid(feature_distances(F), 16)
    for factor in (0.9, 1.1):  # the ends inside or outside the distances, not on one
        window = theta.clone()
        window[0], window[-1] = theta[0] / factor, theta[-1] * factor
        window = window.sort().values
        assert torch.autograd.gradcheck(
            lambda f, window=window: ss_rate(f, estimator=estimator, theta=window, softness=0.1),
            (F,),
        )


def test_gradcheck_of_counts() -> None:
    F = make_features(9, 4).requires_grad_()
    theta = theta_grid(feature_distances(F), 12)
    for estimator in ("packing", "linkage"):
        assert torch.autograd.gradcheck(
            lambda f, e=estimator: critical_distances(f, estimator=e), (F,)
        )
    assert torch.autograd.gradcheck(
        lambda f: soft_caro_wei(feature_distances(f), theta, softness=0.1), (F,)
    )


def test_gradient_flows_to_critical_pairs_only() -> None:
    C = feature_distances(make_features(40, 8)).requires_grad_()
    for estimator in ("packing", "linkage"):
        (grad,) = torch.autograd.grad(ss_rate_of_distances(C, estimator=estimator), C)
        assert 0 < int((grad != 0).sum()) <= 39
        assert not grad.tril().any()
    (grad,) = torch.autograd.grad(ss_rate_of_distances(C, estimator="midpoint"), C)
    assert 39 < int((grad != 0).sum()) <= 78


@settings(max_examples=25)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["paper", "released"]),
    st.sampled_from([0.3, 1.0, 20.0]),
    st.floats(-1, 1.5),
)
def test_straight_through_gradient_against_every_pair_and_threshold(
    seed: int, estimator: str, sharpness: float, magnitude: float
) -> None:
    F = torch.from_numpy(np.random.default_rng(seed).normal(size=(20, 5)) * 10**magnitude)
    F.requires_grad_()
    rate = ss_rate(F, estimator=estimator, numerics="released", sharpness=sharpness)
    (grad,) = torch.autograd.grad(rate, F)
    C = feature_distances(F.detach())
    theta = theta_grid(C)
    slopes = naive.released_slopes(C.numpy(), theta.numpy(), estimator, sharpness)
    expected = naive_distances.pull_back(F.detach().numpy(), slopes)
    assert np.linalg.norm(grad.numpy() - expected) <= 1e-4 * np.linalg.norm(expected)


@pytest.mark.parametrize("where", ["main memory", "device"])
@pytest.mark.parametrize("tabulated", [True, False])
def test_straight_through_gradient_of_a_layer(
    where: str, tabulated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if where == "device":
        monkeypatch.setattr(gram, "in_main_memory", lambda tensor: False)
    if not tabulated:
        monkeypatch.setattr(_released, "MAX_KNOTS", 0)
    F = make_features(150, 64).float()
    F[1] = F[0] + 1e-4  # so near that the matrix product alone would lose it
    F.requires_grad_()
    rate = ss_rate(F, numerics="released")
    (grad,) = torch.autograd.grad(rate, F)
    C = feature_distances(F.detach())
    theta = theta_grid(C).double().numpy()  # from the same C: its ends are counted strictly
    slopes = naive.released_slopes(C.double().numpy(), theta, "released")
    expected = naive_distances.pull_back(F.detach().numpy(), slopes)
    assert np.linalg.norm(grad.numpy() - expected) <= 1e-4 * np.linalg.norm(expected)


@pytest.mark.parametrize("scale", ["log1p", "log"])
@pytest.mark.parametrize("estimator", ["released", "caro_wei", "linkage", "soft_caro_wei"])
def test_tensor_operations_give_what_kernels_give(
    estimator: str, scale: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    F = make_features(30, 6).requires_grad_()
    theta = theta_grid(feature_distances(F), 40) * 1.1  # some distances lie outside
    for sizes in (None, theta):
        how = {"estimator": estimator, "scale": scale, "theta": sizes}
        found = []
        for is_main in (True, False):
            for file in (soft, _steps):
                monkeypatch.setattr(file, "in_main_memory", lambda tensor, is_main=is_main: is_main)
            rate = ss_rate(F, **how)
            found.append((rate.detach(), *torch.autograd.grad(rate, F)))
        torch.testing.assert_close(*found, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("gap", [1.0, 1e-3, 0.0])
@pytest.mark.parametrize("ends", ["moving", "fixed"])
def test_way_back_to_features_is_that_through_a_matrix_of_distances(gap: float, ends: str) -> None:
    F = make_features(40, 8)
    F[1] = F[0] + gap * (F[2] - F[0]) / 3  # far, close, and at distance 0
    theta = None if ends == "moving" else theta_grid(feature_distances(F), 64)
    C = feature_distances(F.requires_grad_())
    ss_rate_of_distances(C, theta=theta, n_theta=64, estimator="soft_caro_wei").backward()
    (expected,), F.grad = (F.grad,), None
    ss_rate(F, theta=theta, n_theta=64, estimator="soft_caro_wei").backward()
    torch.testing.assert_close(F.grad, expected, rtol=1e-8, atol=1e-12)


def test_gradients_do_not_depend_on_what_else_was_computed_in_between() -> None:
    layers = [make_features(30, 6, seed).requires_grad_() for seed in (0, 1)]
    expected = []
    for F in layers:
        ss_rate(F, estimator="soft_caro_wei").backward()
        expected.append(F.grad)
        F.grad = None
    rates = [ss_rate(F, estimator="soft_caro_wei") for F in layers]
    for F, rate, grad in zip(layers, rates, expected, strict=True):
        for _ in range(2):  # the second time with logarithms of its own, or without
            F.grad = None
            rate.backward(retain_graph=True)
            assert torch.equal(F.grad, grad)


def test_values_need_no_gradient() -> None:
    F = make_features(60, 6)
    for estimator in STEPS:
        alone = ss_rate(F, estimator=estimator)
        beside = ss_rate(F.clone().requires_grad_(), estimator=estimator)
        torch.testing.assert_close(alone, beside.detach(), rtol=1e-13, atol=0)


def descend(target: float, n_steps: int, **options: Any) -> Iterator[tuple[float, float]]:
    """Move random features by Adam; yield the rate descended on and that of true coverings.

    Both are taken at every tenth step.
    """
    F = make_features(200, 16).requires_grad_()
    optimizer = torch.optim.Adam([F], lr=0.03)
    for step in range(n_steps + 1):
        optimizer.zero_grad()
        rate = ss_rate(F, **options)
        ((rate - target) ** 2).backward()
        if step % 10 == 0:
            yield float(rate.detach()), float(ss_rate(F.detach(), estimator="linkage"))
        optimizer.step()


def test_descent_on_linkage_reaches_its_target() -> None:
    path = list(descend(0.1, 60, estimator="linkage"))
    assert path[0][1] > 0.3
    assert path[-1][1] == pytest.approx(0.1, abs=0.01)


def test_descent_on_packing_reaches_the_target_in_true_counts() -> None:
    # The packing is the lower bound of the bracket, so its own rate falls below first.
    path = list(descend(0.0, 100, estimator="packing"))
    assert path[0][1] > 0.3
    assert min(own for own, _ in path) < 0.06
    assert min(true for _, true in path) < 0.1


def test_descent_on_the_midpoint_reaches_its_target_in_true_counts() -> None:
    F = make_features(48, 12, seed=3).requires_grad_()
    optimizer = torch.optim.Adam([F], lr=0.03)
    for _ in range(80):
        optimizer.zero_grad()
        rate = ss_rate(F, estimator="midpoint")
        ((rate - 0.15) ** 2).backward()
        optimizer.step()
    table = compare_dimensions(F.detach(), curves=("midpoint",), hop_methods=(), rng=0)
    assert table.proven > 0.9
    assert float(rate.detach()) == pytest.approx(0.15, abs=0.01)
    assert table.row("best").ss_rate == pytest.approx(0.15, abs=0.03)


def test_descent_on_the_released_proxy_misses_the_true_counts() -> None:
    path = list(descend(0.1, 150, estimator="released", numerics="released"))
    assert path[-1][0] == pytest.approx(0.1, abs=0.02)
    assert path[-1][1] > 0.25
