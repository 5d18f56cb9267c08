"""Null models: what they keep and what they break."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st

from featgraph.core.resources import SMALL, small_on_one_thread
from featgraph.features import (
    FeatureMatrix,
    draw_null,
    draw_nulls,
    gaussian_null,
    norms_null,
    shuffled_null,
)
from featgraph.features.null import NULLS, _geometric_median, _orthonormal


def draw(n_nodes: int, n_samples: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_nodes, n_samples)) * rng.uniform(0.1, 3, n_samples) + 2


def spectrum(F: np.ndarray) -> np.ndarray:
    return np.linalg.svd(F - F.mean(0), compute_uv=False)


@given(n_nodes=st.integers(2, 12), n_samples=st.integers(1, 12), seed=st.integers(0, 99))
def test_gaussian_keeps_spectrum_and_mean(n_nodes: int, n_samples: int, seed: int) -> None:
    F = draw(n_nodes, n_samples, seed)
    null = gaussian_null(F, rng=seed).numpy()
    assert null.shape == F.shape
    np.testing.assert_allclose(null.mean(0), F.mean(0), rtol=0, atol=1e-12)
    # Singular values in float64, the zeros of centring included.
    np.testing.assert_allclose(spectrum(null), spectrum(F), rtol=1e-9, atol=1e-9)


def test_gaussian_keeps_the_mean_squared_distance_and_breaks_clusters() -> None:
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(5, 20)) * 10
    F = centers[np.repeat(np.arange(5), 20)] + rng.normal(size=(100, 20))

    def distances(X: np.ndarray) -> np.ndarray:
        return np.sqrt(((X[:, None] - X[None]) ** 2).sum(-1))[np.triu_indices(len(X), 1)]

    null = gaussian_null(F, rng=1).numpy()
    np.testing.assert_allclose(
        (distances(null) ** 2).mean(), (distances(F) ** 2).mean(), rtol=1e-10
    )
    # Two of eleven pairs stand within a cluster; no such gap is left in the null model.
    near = 0.25 * np.median(distances(F))
    assert (distances(F) < near).mean() > 0.15
    assert (distances(null) < near).mean() < 0.02


def test_gaussian_directions_are_uniform() -> None:
    # The first axis of samples has no preferred sign or direction over many draws.
    F = np.outer(np.arange(-2.0, 3.0), [1.0, 0.0, 0.0])
    axes = []
    for seed in range(400):
        null = gaussian_null(F, rng=seed).numpy()
        axes.append(null[4] / np.linalg.norm(null[4]))
    mean = np.mean(axes, axis=0)
    # Standard error of a component is 1/sqrt(3 * 400) = 0.029.
    assert np.abs(mean).max() < 0.12


@given(n_nodes=st.integers(2, 12), n_samples=st.integers(1, 12), seed=st.integers(0, 99))
def test_norms_keeps_how_far_each_node_is_from_the_middle(
    n_nodes: int, n_samples: int, seed: int
) -> None:
    half = draw(n_nodes, n_samples, seed) - 2
    F = np.vstack([half, -half]) + 5  # symmetric: the geometric median is 5
    null, gauss = norms_null(F, rng=seed).numpy() - 5, gaussian_null(F, rng=seed).numpy() - 5
    norms = np.linalg.norm(F - 5, axis=1)
    np.testing.assert_allclose(np.linalg.norm(null, axis=1), norms, rtol=1e-6)
    # Directions are those of the Gaussian null model: each node on the ray of its draw.
    rays = gauss / np.linalg.norm(gauss, axis=1, keepdims=True)
    np.testing.assert_allclose(null, rays * norms[:, None], atol=1e-6)


def test_loud_nodes_do_not_pull_the_middle_away() -> None:
    """Against the definition: no step in any direction has a smaller sum of distances."""
    rng = np.random.default_rng(0)
    F = rng.normal(size=(60, 5)) * np.exp(2 * rng.normal(size=(60, 1)))
    F[0] = 1e5
    middle = _geometric_median(F)

    def total(point: np.ndarray) -> float:
        return float(np.linalg.norm(F - point, axis=1).sum())

    steps = 1e-3 * rng.normal(size=(200, 5))
    assert all(total(middle) <= total(middle + step) for step in steps)
    assert np.linalg.norm(middle) < 3 < np.linalg.norm(F.mean(0))


def test_norms_of_equal_nodes_are_nothing() -> None:
    np.testing.assert_array_equal(norms_null(np.ones((4, 3)), rng=0).numpy(), np.ones((4, 3)))


@given(n_nodes=st.integers(2, 9), n_samples=st.integers(1, 9), seed=st.integers(0, 99))
def test_shuffled_keeps_the_values_of_each_node(n_nodes: int, n_samples: int, seed: int) -> None:
    F = draw(n_nodes, n_samples, seed)
    null = shuffled_null(F, rng=seed).numpy()
    np.testing.assert_array_equal(np.sort(null, axis=1), np.sort(F, axis=1))


def test_shuffled_breaks_correlation() -> None:
    x = np.random.default_rng(0).normal(size=500)
    null = shuffled_null(np.stack([x, x, x]), rng=0).numpy()
    # Standard error of a correlation of 500 pairs is 0.045.
    assert abs(np.corrcoef(null)[0, 1]) < 0.2


@pytest.mark.parametrize("null", NULLS)
def test_seed_decides_and_the_input_stays(null: str) -> None:
    F = FeatureMatrix(torch.from_numpy(draw(5, 7)).float(), layer="fc", reduce="none", source="m")
    before = F.values.clone()
    one, again, other = (draw_null(F, null=null, rng=s) for s in (1, 1, 2))  # type: ignore[arg-type]
    assert torch.equal(one.values, again.values)
    assert not torch.equal(one.values, other.values)
    assert torch.equal(F.values, before)
    assert (one.layer, one.dtype, one.source) == ("fc", torch.float32, f"{null} null of m")


def test_bad_arguments() -> None:
    with pytest.raises(ValueError, match="null must be one of.*did you mean 'gaussian'"):
        draw_null(np.eye(3), null="gausian")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="rng must be a numpy Generator"):
        shuffled_null(np.eye(3), rng="seed")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least 2 nodes"):
        gaussian_null(np.ones((1, 3)))


@pytest.mark.parametrize("null", NULLS)
def test_draws_in_a_row_are_those_drawn_one_by_one(null):
    F = np.random.default_rng(1).normal(size=(9, 5))
    rng = np.random.default_rng(2)
    one_by_one = [draw_null(F, null=null, rng=rng).numpy() for _ in range(3)]
    in_a_row = draw_nulls(F, null=null, rng=2)
    for expected in one_by_one:
        np.testing.assert_allclose(next(in_a_row).numpy(), expected, rtol=1e-12)


def test_small_matrices_hold_threads_back_and_large_ones_do_not():
    seen = []

    @small_on_one_thread
    def look(features):
        seen.append(torch.get_num_threads())

    before = torch.get_num_threads()
    look(np.zeros((SMALL, 2)))
    look(np.zeros((SMALL + 1, 2)))
    assert seen == [1, before]
    assert torch.get_num_threads() == before


@pytest.mark.parametrize("shape", [(160, 80), (120, 80), (119, 80), (40, 40), (6, 4), (2, 1)])
def test_directions_are_those_of_qr_with_a_positive_diagonal(shape):
    drawn = np.random.default_rng(0).normal(size=shape)
    found = _orthonormal(drawn)
    q, r = np.linalg.qr(drawn)
    np.testing.assert_allclose(found, q * np.sign(np.diag(r)), atol=1e-12)
    np.testing.assert_allclose(found.T @ found, np.eye(shape[1]), atol=1e-12)
