"""SS_rate: known answers, slow twins, invariances, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from featgraph.distances import feature_distances
from featgraph.selfsimilarity import (
    _released,
    count_boxes,
    ss_rate,
    ss_rate_of_distances,
    theta_grid,
)
from tests.naive import selfsimilarity as naive

STEPS = ["paper", "released", "caro_wei", "packing", "linkage", "midpoint"]


def published_features() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(128, 64)).astype(np.float32)


@st.composite
def generic_features(draw: st.DrawFn, most: int = 9) -> torch.Tensor:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.integers(3, most)), draw(st.integers(2, 4))
    return torch.from_numpy(rng.normal(size=shape) * 10 ** draw(st.floats(-2, 1)))


def test_known_answers() -> None:
    F = published_features()
    theta = theta_grid(feature_distances(F))
    assert float(theta[0]) == pytest.approx(0.9850168, abs=1e-6)
    assert float(theta[-1]) == pytest.approx(1.9210323, abs=1e-6)
    assert float(ss_rate(F, numerics="released")) == pytest.approx(0.2118025, abs=1e-5)
    assert float(ss_rate(F, estimator="paper")) == pytest.approx(0.63919, abs=1e-4)


def test_known_gradient() -> None:
    F = torch.from_numpy(published_features()).requires_grad_()
    (0.5 * (ss_rate(F, numerics="released") - 0.3) ** 2).backward()
    assert F.grad is not None
    assert float(F.grad.norm()) == pytest.approx(0.01804955, rel=1e-3)


def test_null_values_of_the_literature() -> None:
    rng = np.random.default_rng(0)
    assert float(ss_rate(rng.normal(size=(128, 512)), numerics="released")) == pytest.approx(
        0.19, abs=0.01
    )
    line = np.linspace(0, 1, 128)[:, None] * rng.normal(size=64)
    assert float(ss_rate(line, numerics="released")) == pytest.approx(0.07, abs=0.01)


def test_exact_value_is_the_limit_of_fine_grids() -> None:
    C = feature_distances(published_features().astype(np.float64)[:40])
    levels = torch.linspace(0, 1, 200_001, dtype=torch.float64)
    low, high = torch.log1p(theta_grid(C, 2))
    theta = torch.expm1(low + (high - low) * levels)
    for estimator in STEPS:
        counts = count_boxes(C, theta, estimator=estimator)
        gap = (counts.log() / math.log(len(C)) - (1 - levels)).abs()
        exact = float(ss_rate_of_distances(C, estimator=estimator))
        # 780 steps, each misplaced by at most one of 200 000 grid cells.
        assert exact == pytest.approx(float(2 * torch.trapezoid(gap, levels)), abs=1e-4)


@given(generic_features(), st.sampled_from(STEPS))
def test_exact_integral_agrees_with_pieces(F: torch.Tensor, estimator: str) -> None:
    C = feature_distances(F)
    value = float(ss_rate(F, estimator=estimator))
    assert value == pytest.approx(naive.exact_rate(C.numpy(), estimator), abs=1e-12)
    assert 0 <= value <= 1
    theta = theta_grid(C, 5)
    for window in (theta[1:4], torch.cat([theta[:1] * 0.5, theta[-1:] * 1.5])):
        ends = float(window[0]), float(window[-1])
        assert float(ss_rate(F, estimator=estimator, theta=window)) == pytest.approx(
            naive.exact_rate(C.numpy(), estimator, ends), abs=1e-12
        )


@given(generic_features(), st.sampled_from(["paper", "released"]), st.integers(2, 40))
def test_released_numerics_agree_with_loops(F: torch.Tensor, estimator: str, n_theta: int) -> None:
    C = feature_distances(F)
    theta = theta_grid(C, n_theta).numpy()
    value = float(ss_rate(F, estimator=estimator, numerics="released", n_theta=n_theta))
    assert value == pytest.approx(naive.released_rate(C.numpy(), theta, estimator), abs=1e-12)
    wide = np.array([0.0, *theta[1:-1], 2 * theta[-1]])
    value = ss_rate(F, estimator=estimator, numerics="released", theta=torch.from_numpy(wide))
    expected = naive.released_rate(C.numpy(), wide, estimator)
    assert float(value) == pytest.approx(expected, abs=1e-12)


@given(
    generic_features(most=20), st.integers(2, 300), st.sampled_from([torch.float32, torch.float64])
)
def test_counting_by_buckets(F: torch.Tensor, n_theta: int, dtype: torch.dtype) -> None:
    C = feature_distances(F.to(dtype))
    pairs = np.sort(naive.pairs_of(C.numpy()))
    middle = torch.from_numpy(pairs).to(dtype)
    grids = [theta_grid(C, n_theta), theta_grid(C, n_theta) / 3, middle, middle[:2]]
    grids.append(torch.cat([middle.new_zeros(3), middle[-1:] * 1e6]))
    for theta in grids:
        expected = np.searchsorted(pairs, theta.numpy().astype(pairs.dtype))
        np.testing.assert_array_equal(_released.count_below(C, theta).numpy(), expected)
        on_device = _released._count_below_on_device(C, theta)
        np.testing.assert_array_equal(on_device.numpy(), expected)


def test_duplicated_nodes_are_legal() -> None:
    F = torch.from_numpy(published_features())
    F[1] = F[0]
    F.requires_grad_()
    for estimator in [*STEPS, "soft_caro_wei"]:
        value = ss_rate(F, estimator=estimator)
        (grad,) = torch.autograd.grad(value, F)
        assert 0 <= float(value.detach()) <= 1
        assert bool(torch.isfinite(grad).all())
        assert bool(grad.any())
    value = ss_rate(F, numerics="released")
    (grad,) = torch.autograd.grad(value, F)
    assert bool(torch.isfinite(grad).all())


@pytest.mark.parametrize("estimator", STEPS)
def test_ties_have_the_value_of_their_neighbours(estimator: str) -> None:
    # Points on a lattice: 15 nodes, few distinct distances.
    grid = torch.cartesian_prod(torch.arange(5.0), torch.arange(3.0)).double()
    value = float(ss_rate(grid, estimator=estimator))
    if estimator not in ("packing", "linkage"):  # whose counts depend on how ties are broken
        generator = torch.Generator().manual_seed(0)
        moved = grid + 1e-9 * torch.randn(grid.shape, generator=generator, dtype=torch.float64)
        assert float(ss_rate(moved, estimator=estimator)) == pytest.approx(value, abs=1e-6)
        C = feature_distances(grid).numpy()
        assert value == pytest.approx(naive.exact_rate(C, estimator), abs=1e-9)
    leaf = grid.requires_grad_()
    (grad,) = torch.autograd.grad(ss_rate(leaf, estimator=estimator), leaf)
    assert bool(torch.isfinite(grad).all())


@settings(max_examples=20)
@given(generic_features(), st.integers(0, 2**32 - 1), st.sampled_from([*STEPS, "soft_caro_wei"]))
def test_invariances(F: torch.Tensor, seed: int, estimator: str) -> None:
    rng = np.random.default_rng(seed)
    value = ss_rate(F, estimator=estimator)
    rotation, _ = np.linalg.qr(rng.normal(size=(F.shape[1], F.shape[1])))
    shift = torch.from_numpy(rng.normal(size=F.shape[1]))
    for same in (
        F[rng.permutation(len(F))],
        F[:, rng.permutation(F.shape[1])],
        F @ torch.from_numpy(rotation) + shift,
        torch.cat([F, F], dim=1),
    ):
        torch.testing.assert_close(ss_rate(same, estimator=estimator), value, rtol=1e-7, atol=1e-9)


def test_rounding_of_the_features_does_not_show() -> None:
    """Whatever the processor makes of the last digit: no knot more or less, no jump."""
    generator = torch.Generator().manual_seed(0)
    for _ in range(40):
        F = torch.randn(9, 4, generator=generator, dtype=torch.float64)
        value = ss_rate(F, estimator="soft_caro_wei")
        other = ss_rate(F * (1 + 1e-15), estimator="soft_caro_wei")
        torch.testing.assert_close(other, value, rtol=1e-10, atol=0)


@pytest.mark.parametrize("estimator", STEPS)
def test_common_scaling_is_no_invariance(estimator: str) -> None:
    # log(1 + θ) takes the unit of the activations as its natural length.
    F = published_features()
    assert (
        abs(float(ss_rate(100 * F, estimator=estimator) - ss_rate(F, estimator=estimator))) > 1e-3
    )


@pytest.mark.parametrize("estimator", STEPS)
def test_from_distances_is_the_same(estimator: str) -> None:
    F = published_features()
    C = feature_distances(F)
    assert torch.equal(
        ss_rate_of_distances(C, estimator=estimator), ss_rate(F, estimator=estimator)
    )


@pytest.mark.parametrize("estimator", ["paper", "released"])
def test_fused_path_is_the_same(estimator: str) -> None:
    F = torch.from_numpy(np.random.default_rng(1).normal(size=(150, 70))).requires_grad_()
    fused = ss_rate(F, estimator=estimator, numerics="released")
    plain = ss_rate_of_distances(feature_distances(F), estimator=estimator, numerics="released")
    assert torch.equal(fused, plain)
    (first,), (second,) = torch.autograd.grad(fused, F), torch.autograd.grad(plain, F)
    torch.testing.assert_close(first, second, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("numerics", ["exact", "released"])
def test_bfloat16_and_autocast(numerics: str) -> None:
    F = torch.from_numpy(published_features()).bfloat16().requires_grad_()
    value = ss_rate(F, numerics=numerics)
    value.backward()
    wide = F.detach().float().requires_grad_()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        expected = ss_rate(wide, numerics=numerics)
        expected.backward()
    assert value.dtype == torch.float32
    assert torch.equal(value, expected)
    assert F.grad is not None
    assert F.grad.dtype == torch.bfloat16
    assert torch.equal(F.grad, wide.grad.bfloat16())


def test_bad_input() -> None:
    F = published_features()[:6]
    with pytest.raises(ValueError, match=r"all distances equal 0 \(TZ = TV\)"):
        ss_rate(np.ones((5, 4)))
    with pytest.raises(ValueError, match=r"all distances equal 1 \(TZ = TV\)"):
        ss_rate(np.eye(2), numerics="released")
    with pytest.raises(ValueError, match=r"estimator must be one of .*did you mean 'released'"):
        ss_rate(F, estimator="relesed")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"numerics must be one of .*did you mean 'exact'"):
        ss_rate(F, numerics="exat")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"numerics='released' is defined for .* got 'packing'"):
        ss_rate(F, estimator="packing", numerics="released")
    with pytest.raises(ValueError, match="theta must be a vector"):
        ss_rate(F, theta=torch.tensor(1.0))
    with pytest.raises(ValueError, match="sharpness must be a finite number above 0"):
        ss_rate(F, numerics="released", sharpness=0)
    with pytest.raises(ValueError, match="gain must be a finite number above 0"):
        ss_rate(F, numerics="released", gain=-1)
    with pytest.raises(ValueError, match=r"it covers features; call ss_rate"):
        ss_rate_of_distances(feature_distances(F), estimator="greedy")
    with pytest.raises(ValueError, match=r"estimator 'greedy' has no gradient; detach"):
        ss_rate(torch.from_numpy(F).requires_grad_(), estimator="greedy")
    with pytest.raises(ValueError, match="NaN"):
        ss_rate(np.full((5, 4), np.nan))
    with pytest.raises(ValueError, match="distances must be finite, got inf; squares of large"):
        ss_rate(1e20 * F)
    assert 0 < float(ss_rate(1e20 * F.astype(np.float64))) < 1
