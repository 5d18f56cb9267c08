"""C of Eq. 8: accuracy, symmetry, gradients, precisions, devices other than main memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from featgraph.distances import feature_distances, gram
from featgraph.distances.distance_matrix import pair_distances
from featgraph.features import FeatureMatrix
from tests.naive import distances as naive

# Above 128 · 128 · 64 operations the matrix product is used, below the plain differences.
LARGE, SMALL = (200, 40), (20, 12)
# Relative error promised by the documentation.
RTOL = {torch.float32: 2e-5, torch.float64: 1e-11}

matrices = hnp.arrays(
    np.float64,
    st.tuples(st.integers(2, 9), st.integers(1, 6)),
    elements=st.sampled_from([0.0, 1.0, -1.0, 2.5, 1e3, 1e3 + 1e-3]),
)


def hard_features(shape: tuple[int, int]) -> np.ndarray:
    """Rows far from the origin; some equal, some equal up to 1e-6."""
    rng = np.random.default_rng(0)
    F = rng.normal(size=shape) * 10 + 1e3
    F[1] = F[0]
    F[3] = F[2] * (1 + 1e-6)
    F[5] = F[4] + 1e-3 * rng.normal(size=shape[1])
    return F


@pytest.fixture(params=["main memory", "device"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run on both implementations: compiled loops, and the tensor code other devices use."""
    if request.param == "device":
        monkeypatch.setattr(gram, "in_main_memory", lambda tensor: False)
    return str(request.param)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [SMALL, LARGE])
@pytest.mark.parametrize("block_size", [None, 64, 7])
def test_agrees_with_differences_in_double(
    shape: tuple[int, int], dtype: torch.dtype, block_size: int | None, path: str
) -> None:
    F = torch.from_numpy(hard_features(shape)).to(dtype)
    C = feature_distances(F, block_size=block_size)
    assert C.dtype == dtype
    assert torch.equal(C, C.T)
    assert not C.diagonal().any()
    assert C[0, 1] == 0
    np.testing.assert_allclose(C.numpy(), naive.pair_distances(F), rtol=RTOL[dtype])


def test_many_close_pairs(path: str) -> None:
    # One far row drags the mean away: all others are close against their norms.
    rng = np.random.default_rng(1)
    F = rng.normal(size=LARGE).astype(np.float32)
    F[0] = 1e5
    np.testing.assert_allclose(
        feature_distances(F).numpy(), naive.pair_distances(F), rtol=RTOL[torch.float32]
    )


@given(matrices)
def test_small_matrices(F: np.ndarray) -> None:
    C = feature_distances(F).numpy()
    np.testing.assert_allclose(C, naive.pair_distances(F), rtol=1e-12)
    np.testing.assert_array_equal(C == 0, (F[:, None] == F[None]).all(-1))


def test_unscaled_is_the_plain_norm() -> None:
    F = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    assert feature_distances(F, scaled=False)[0, 1] == 5
    torch.testing.assert_close(feature_distances(F)[0, 1], torch.tensor(5 / 2**0.5))


@pytest.mark.parametrize("shape", [SMALL, LARGE])
def test_gradient_against_loops(shape: tuple[int, int], path: str) -> None:
    F = torch.from_numpy(hard_features(shape)).requires_grad_()
    slopes = np.random.default_rng(2).normal(size=(shape[0], shape[0]))
    (feature_distances(F) * torch.from_numpy(slopes)).sum().backward()
    expected = naive.pull_back(F.detach().numpy(), slopes)
    assert F.grad is not None
    # The close pairs have unit slopes like all others: errors are absolute.
    np.testing.assert_allclose(F.grad.numpy(), expected, atol=1e-9)


@pytest.mark.parametrize("shape", [SMALL, LARGE])
def test_gradient_of_near_rows_in_single_precision(shape: tuple[int, int], path: str) -> None:
    F = torch.from_numpy(hard_features(shape)).float().requires_grad_()
    feature_distances(F).sum().backward()
    ones = np.ones((shape[0], shape[0]))
    expected = naive.pull_back(F.detach().numpy(), ones)
    assert F.grad is not None
    # Each pair pushes with at most 1/√B; float32 sums of 2 D of them.
    np.testing.assert_allclose(F.grad.numpy(), expected, atol=1e-5 * 2 * shape[0] ** 0.5)


def test_gradcheck() -> None:
    F = torch.randn(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.autograd.gradcheck(feature_distances, (F.requires_grad_(),))


def test_gradient_at_equal_rows_is_zero() -> None:
    F = torch.ones(4, 3, requires_grad=True)
    feature_distances(F).sum().backward()
    assert F.grad is not None
    assert not F.grad.any()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_computed_in_single(dtype: torch.dtype) -> None:
    F = torch.randn(LARGE, generator=torch.Generator().manual_seed(0)).to(dtype)
    C = feature_distances(F)
    assert C.dtype == torch.float32
    assert torch.equal(C, feature_distances(F.float()))


def test_autocast_changes_nothing() -> None:
    F = torch.randn(LARGE, generator=torch.Generator().manual_seed(0), requires_grad=True)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        C = feature_distances(F)
        C.sum().backward()
    first, F.grad = F.grad, None
    plain = feature_distances(F)
    plain.sum().backward()
    assert C.dtype == torch.float32
    assert torch.equal(C, plain)
    assert first is not None
    assert torch.equal(first, F.grad)


def test_reduced_matmul_precision_is_refused_and_put_back() -> None:
    F = torch.randn(256, 4096, generator=torch.Generator().manual_seed(0))
    plain = feature_distances(F)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        assert torch.equal(feature_distances(F), plain)
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)


@pytest.mark.skipif(
    not hasattr(torch.backends.cuda.matmul, "fp32_precision"), reason="torch before 2.9"
)
def test_reduced_precision_of_one_backend_is_refused_and_put_back() -> None:
    F = torch.randn(256, 4096, generator=torch.Generator().manual_seed(0))
    plain = feature_distances(F)
    backend = torch.backends.mkldnn.matmul
    before = backend.fp32_precision
    backend.fp32_precision = "bf16"
    try:
        assert torch.equal(feature_distances(F), plain)
        assert backend.fp32_precision == "bf16"
    finally:
        backend.fp32_precision = before


def test_accepts_feature_matrix_and_strided_tensors() -> None:
    F = torch.randn(40, 300, generator=torch.Generator().manual_seed(0)).T
    C = feature_distances(F)
    torch.testing.assert_close(C, feature_distances(FeatureMatrix(F.contiguous())))
    np.testing.assert_allclose(C.numpy(), naive.pair_distances(F), rtol=2e-5)


def test_constant_features_have_distance_zero() -> None:
    assert not feature_distances(np.full((300, 60), 7.25)).any()


@pytest.mark.parametrize(
    ("features", "options", "message"),
    [
        (np.zeros((1, 3)), {}, "at least 2 nodes"),
        (np.array([[0.0], [np.nan]]), {}, "NaN"),
        (np.zeros((2, 2, 2)), {}, "shape"),
        (np.zeros((3, 2)), {"block_size": 0}, "block_size must be a whole number of at least 1"),
    ],
)
def test_bad_input(features: np.ndarray, options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        feature_distances(features, **options)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [SMALL, LARGE])
@pytest.mark.parametrize("share", [0.02, 1.0])  # by differences, and by a matrix of weights
def test_gradient_of_some_distances_is_that_through_all_of_them(shape, dtype, share) -> None:
    F = torch.from_numpy(hard_features(shape)).to(dtype).requires_grad_()
    C = feature_distances(F)
    rng = np.random.default_rng(1)
    left, right = np.triu_indices(shape[0], 1)
    some = rng.permutation(len(left))[: max(6, int(share * len(left)))]
    places = torch.from_numpy(left[some] * shape[0] + right[some])
    slopes = torch.from_numpy(rng.normal(size=len(some))).to(dtype)
    heights = C.detach().flatten()[places]
    found = pair_distances(F, places, heights)
    assert torch.equal(found, heights)
    (direct,) = torch.autograd.grad(found, F, slopes)
    (expected,) = torch.autograd.grad(C.flatten()[places], F, slopes)
    assert (direct - expected).norm() <= RTOL[dtype] * expected.norm()
