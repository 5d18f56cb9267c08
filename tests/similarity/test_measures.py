"""What every measure of the table promises: direction, symmetry, invariances, clear errors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from featgraph import similarity
from featgraph.features import FeatureMatrix
from featgraph.similarity import MEASURES, measure_pair
from featgraph.similarity.measures import INVARIANCES

ALL = sorted(MEASURES)
#: With all directions kept svcca would be cca; the few nodes here need more than a tenth of
#: the edges to make a graph with a shape.
OPTIONS = {
    "svcca": {"variance": 0.8},
    "spectrum_distance": {"epsilon": ("density", 0.5)},
    "portrait_divergence": {"epsilon": ("density", 0.5)},
}


def measure(X, Y, name):
    return measure_pair(X, Y, measure=name, **OPTIONS.get(name, {}))


N_SAMPLES = 24


def draw(seed, *, d_x=8, d_y=7, shared=0.7):
    """Two layers that share part of their signal, so that scores are far from 0 and 1."""
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(N_SAMPLES, 3))
    X = shared * base @ rng.normal(size=(3, d_x)) + rng.normal(size=(N_SAMPLES, d_x))
    Y = shared * base @ rng.normal(size=(3, d_y)) + rng.normal(size=(N_SAMPLES, d_y))
    return X + 0.3, Y - 0.2


def transform(name, X, rng):
    d = X.shape[1]
    if name == "permutation":
        return X[:, rng.permutation(d)]
    if name == "orthogonal":
        return X @ np.linalg.qr(rng.normal(size=(d, d)))[0]
    if name == "linear":
        return X @ (np.linalg.qr(rng.normal(size=(d, d)))[0] * rng.uniform(0.5, 2, size=d))
    if name == "scaling":
        return X * rng.uniform(0.1, 10)
    if name == "sample_scaling":
        return X * rng.uniform(0.1, 10, size=(len(X), 1))
    if name == "translation":
        return X + rng.normal(size=d)
    return X + rng.normal(size=(len(X), 1))


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=6)
@given(seed=st.integers(0, 10**6), side=st.booleans())
def test_declared_invariances_hold(name, seed, side):
    X, Y = draw(seed)
    score = measure(X, Y, name)
    rng = np.random.default_rng(seed + 1)
    for invariance in sorted(MEASURES[name].invariances):
        if name == "pwcca" and side:
            continue  # its row states the invariances of X; Y admits all linear maps
        changed = (
            measure(X, transform(invariance, Y, rng), name)
            if side
            else measure(transform(invariance, X, rng), Y, name)
        )
        # 1e-6: √(2 − 2s) and arccos lose half the digits where s is near 1
        np.testing.assert_allclose(changed, score, atol=1e-6, err_msg=invariance)


@pytest.mark.parametrize("name", ALL)
def test_invariances_not_declared_fail(name):
    X, Y = draw(3)
    score = measure(X, Y, name)
    for invariance in set(INVARIANCES) - MEASURES[name].invariances:
        changed = [
            measure(transform(invariance, X, np.random.default_rng(k)), Y, name) for k in range(4)
        ]
        moved = max(abs(value - score) for value in changed)
        assert moved > 1e-9, f"{name} is invariant to {invariance}: say so in the table"


@pytest.mark.parametrize("name", ALL)
def test_permuting_the_samples_of_both_changes_nothing(name):
    X, Y = draw(4)
    order = np.random.default_rng(0).permutation(N_SAMPLES)
    np.testing.assert_allclose(
        measure(X[order], Y[order], name),
        measure(X, Y, name),
        atol=1e-9,  # rounding of sums in another order
    )


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_itself_is_exactly_the_most_similar(name, dtype):
    X = draw(5)[0].astype(dtype)
    row = MEASURES[name]
    best = 1.0 if row.larger_is_more_similar else 0.0
    assert measure(X, X.copy(), name) == best
    tensor = torch.as_tensor(X)
    assert float(measure(tensor, tensor.clone(), name)) == best
    other = measure(X, draw(6)[0].astype(dtype), name)
    assert (other < best) if row.larger_is_more_similar else (other > best)


@pytest.mark.parametrize("name", ALL)
@settings(max_examples=6)
@given(seed=st.integers(0, 10**6))
def test_symmetry_is_as_declared(name, seed):
    X, Y = draw(seed)
    there, back = measure(X, Y, name), measure(Y, X, name)
    if MEASURES[name].symmetric:
        np.testing.assert_allclose(there, back, atol=1e-9)
    else:
        assert abs(there - back) > 1e-9


@pytest.mark.parametrize("name", [name for name in ALL if MEASURES[name].is_metric])
@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_metrics_obey_the_triangle_inequality(name, seed):
    (X, Y), Z = draw(seed), draw(seed + 1)[1]
    xy = measure(X, Y, name)
    yz, xz = measure(Y, Z, name), measure(X, Z, name)
    assert xy >= 0
    assert xz <= xy + yz + 1e-9
    assert xy <= xz + yz + 1e-9


@pytest.mark.parametrize("name", ALL)
def test_result_has_the_kind_of_the_input(name):
    X, Y = draw(7)
    score = measure(X, Y, name)
    assert isinstance(score, float)
    tensor = measure(torch.as_tensor(X), torch.as_tensor(Y), name)
    assert isinstance(tensor, torch.Tensor)
    assert tensor.ndim == 0
    assert float(tensor) == pytest.approx(score, abs=1e-12)
    matrix = measure(FeatureMatrix.from_array(X.T), FeatureMatrix.from_array(Y.T), name)
    assert matrix == pytest.approx(score, abs=1e-12)


@pytest.mark.parametrize("name", [name for name in ALL if MEASURES[name].differentiable])
def test_gradients_match_finite_differences(name):
    X, Y = (torch.as_tensor(side[:12, :4], dtype=torch.float64) for side in draw(8))
    assert torch.autograd.gradcheck(
        lambda a, b: measure(a, b, name),
        (X.requires_grad_(), Y.requires_grad_()),
        atol=1e-5,
    )


@pytest.mark.parametrize("name", ALL)
def test_bad_input_is_named(name):
    X, Y = draw(9)
    if name not in ("box_count_distance", "spectrum_distance", "portrait_divergence"):
        with pytest.raises(ValueError, match="same samples, got 24 and 20 rows"):
            measure(X, Y[:20], name)
    broken = X.copy()
    broken[3, 1] = np.nan
    with pytest.raises(ValueError, match=r"X must be finite, got NaN .* sample 3"):
        measure(broken, Y, name)
    with pytest.raises(ValueError, match="shape \\(n_samples, n_features\\), got \\(24, 8, 1\\)"):
        measure(X[:, :, None], Y, name)
    with pytest.raises(TypeError, match="X must be a FeatureMatrix or an array of real numbers"):
        measure(X.astype(str), Y, name)
    with pytest.raises(TypeError, match="real numbers"):
        measure(X.astype(complex), Y, name)


@pytest.mark.parametrize(
    "name", [name for name in ALL if "translation" in MEASURES[name].invariances]
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_constant_features_are_refused(name, dtype):
    if name == "mutual_knn_euclidean":
        return  # neighbours of equal points are taken by their order, as the docstring says
    X = torch.as_tensor(draw(10)[0], dtype=dtype)
    constant = torch.full_like(X, 0.1)
    with pytest.raises(ValueError, match=r"vary over the samples|tell the samples apart"):
        measure(constant, X, name)
    with pytest.raises(ValueError, match=r"vary over the samples|tell the samples apart"):
        measure(X, constant, name)


def test_unknown_measure_suggests_the_nearest():
    X, Y = draw(0)
    with pytest.raises(ValueError, match=r"measure must be one of .*; did you mean 'cka'\?"):
        measure_pair(X, Y, measure="ckaa")


def test_half_precision_is_accepted():
    X, Y = (torch.as_tensor(side) for side in draw(1))
    score = measure_pair(X.bfloat16(), Y.bfloat16())
    assert score.dtype == torch.float32
    assert float(score) == pytest.approx(float(measure_pair(X, Y)), abs=0.02)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", ALL)
def test_device_gives_the_same_score(name):
    X, Y = (torch.as_tensor(side) for side in draw(2))
    there = measure(X.cuda(), Y.cuda(), name)
    assert float(there) == pytest.approx(float(measure(X, Y, name)), abs=1e-9)
    with pytest.raises(ValueError, match="on one device, got cuda:0 and cpu"):
        measure(X.cuda(), Y, name)


@pytest.mark.parametrize("name", ["cca", "svcca", "pwcca"])
def test_a_decomposition_that_does_not_converge_is_tried_again(name, monkeypatch):
    """What LAPACK gives up on is turned: values and gradients are the same."""
    rng = np.random.default_rng(0)
    X, Y = (torch.as_tensor(rng.normal(size=(40, d))) for d in (5, 4))
    X.requires_grad_()
    measure = getattr(similarity, name)
    plain = measure(X, Y)
    (slope,) = torch.autograd.grad(plain, X)
    svd, calls = torch.linalg.svd, []

    def fails_at_first(matrix, **options):
        calls.append(matrix)
        if len(calls) % 3:
            raise torch.linalg.LinAlgError("did not converge")
        return svd(matrix, **options)

    monkeypatch.setattr(torch.linalg, "svd", fails_at_first)
    again = measure(X, Y)
    assert len(calls) >= 6
    torch.testing.assert_close(again, plain, rtol=1e-12, atol=0)
    torch.testing.assert_close(torch.autograd.grad(again, X)[0], slope, rtol=1e-9, atol=1e-12)
    monkeypatch.setattr(torch.linalg, "svd", lambda *_, **__: svd(torch.full((2, 2), torch.nan)))
    with pytest.raises(torch.linalg.LinAlgError):
        measure(X, Y)
