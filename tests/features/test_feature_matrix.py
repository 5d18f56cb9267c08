"""FeatureMatrix and the front door as_feature_matrix."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch

from featgraph.distances import feature_distances
from featgraph.features import FeatureMatrix, as_feature_matrix
from featgraph.selfsimilarity import ss_rate

RNG = np.random.default_rng(0)


def test_repr_fits_one_line_and_tells_what_made_it() -> None:
    F = FeatureMatrix(torch.zeros(3, 4), layer="layer3", reduce="tokens", source="vit")
    assert repr(F) == (
        "FeatureMatrix(n_nodes=3, n_samples=4, dtype=float32, layer='layer3', reduce='tokens', "
        "source='vit')"
    )


def test_is_frozen() -> None:
    F = FeatureMatrix(torch.zeros(3, 4))
    with pytest.raises(dataclasses.FrozenInstanceError, match="layer"):
        F.layer = "other"  # type: ignore[misc]


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4), (), (2, 3, 4, 5)])
def test_wrong_dimensionality_names_the_rule_and_the_remedy(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"must have shape \(D, B\), nodes × samples.*reduce="):
        as_feature_matrix(np.zeros(shape))


@pytest.mark.parametrize("shape", [(1, 5), (0, 5), (5, 0)])
def test_too_few_nodes_or_samples(shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="at least 2 nodes and 1 sample"):
        FeatureMatrix(torch.zeros(shape), layer="fc")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_not_finite_names_the_layer_and_the_place(value: float) -> None:
    array = RNG.normal(size=(3, 4))
    array[2, 1] = value
    with pytest.raises(ValueError, match=r"layer 'stages.2' must be finite.*node 2, sample 1"):
        FeatureMatrix.from_array(array, layer="stages.2")


def test_infinities_that_cancel_are_found() -> None:
    with pytest.raises(ValueError, match="2 NaN or infinite values"):
        as_feature_matrix(np.array([[np.inf, 0.0], [-np.inf, 0.0]]))


def test_values_whose_sum_overflows_are_finite() -> None:
    huge = torch.full((2, 2), 3e38)
    assert as_feature_matrix(huge).n_nodes == 2


def test_constant_and_duplicated_rows_are_legal() -> None:
    assert as_feature_matrix(np.ones((3, 4))).n_samples == 4
    assert as_feature_matrix(np.ones((2, 1))).n_samples == 1


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (torch.float32, torch.float32),
        (torch.float64, torch.float64),
        (torch.float16, torch.float32),
        (torch.bfloat16, torch.float32),
        (torch.int64, torch.float64),
        (torch.uint8, torch.float64),
        (torch.bool, torch.float64),
    ],
)
def test_precision_of_tensors(dtype: torch.dtype, expected: torch.dtype) -> None:
    assert as_feature_matrix(torch.ones(2, 3, dtype=dtype)).dtype == expected


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">i2", "f2", "?", "longdouble"])
def test_precision_and_byte_order_of_arrays(dtype: str) -> None:
    array = np.array([[0, 1, 1], [1, 0, 1]], dtype=dtype)
    F = as_feature_matrix(array[:, ::-1])
    assert F.dtype in (torch.float32, torch.float64)
    np.testing.assert_array_equal(F.numpy(), [[1, 1, 0], [1, 0, 1]])


@pytest.mark.parametrize(
    "array",
    [np.array([["a", "b"], ["c", "d"]]), np.ones((2, 2), complex), np.array([[None, {}]] * 2)],
)
def test_what_is_no_number_is_refused(array: np.ndarray) -> None:
    with pytest.raises(TypeError, match="features must be .* an array of real numbers, got an arr"):
        as_feature_matrix(array)


def test_other_kinds_are_refused() -> None:
    for tensor in (torch.ones(2, 2, dtype=torch.complex64), torch.eye(3).to_sparse()):
        with pytest.raises(TypeError, match="features must be .* an array of real numbers"):
            as_feature_matrix(tensor)
    with pytest.raises(TypeError, match="float32 or float64, got torch.float16"):
        FeatureMatrix(torch.ones(2, 2, dtype=torch.float16))


def test_gradient_passes_the_front_door_and_not_from_array() -> None:
    x = torch.randn(4, 5, generator=torch.Generator().manual_seed(0), requires_grad=True)
    as_feature_matrix(x * 2).values.sum().backward()
    torch.testing.assert_close(x.grad, torch.full((4, 5), 2.0), rtol=0, atol=0)
    assert not FeatureMatrix.from_array(x).values.requires_grad


def test_front_door_neither_copies_nor_changes() -> None:
    F = FeatureMatrix(torch.zeros(2, 3))
    assert as_feature_matrix(F) is F
    assert as_feature_matrix(F.values).values is F.values
    array = np.zeros((2, 3))
    assert np.shares_memory(as_feature_matrix(array).numpy(), array)


def test_read_only_arrays_are_copied() -> None:
    array = np.zeros((2, 3))
    array.flags.writeable = False
    assert as_feature_matrix(array).n_nodes == 2


def test_to_keeps_what_made_it() -> None:
    F = FeatureMatrix(torch.ones(2, 3), layer="a", reduce="cls", source="m").to(dtype=torch.float64)
    assert (F.dtype, F.layer, F.reduce, F.source) == (torch.float64, "a", "cls", "m")


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_save_and_load(tmp_path, suffix: str) -> None:  # type: ignore[no-untyped-def]
    values = RNG.normal(size=(5, 3)).astype(np.float32)
    F = FeatureMatrix.from_array(values, layer="b.0", reduce="tokens", source="m")
    G = FeatureMatrix.load(F.save(tmp_path / f"deep/F{suffix}"))
    assert repr(G) == repr(F)
    np.testing.assert_array_equal(G.numpy(), values)


def test_save_and_load_without_a_name(tmp_path) -> None:  # type: ignore[no-untyped-def]
    G = FeatureMatrix.load(FeatureMatrix(torch.eye(3)).save(tmp_path / "F.npz"))
    assert (G.layer, G.reduce, G.source) == (None, None, None)


def test_save_refuses_other_suffixes(tmp_path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=r"path must end in .npz or .safetensors"):
        FeatureMatrix(torch.eye(3)).save(tmp_path / "F.pkl")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor])
def test_distances_in_place_of_features_are_told(kind: Any) -> None:
    C = feature_distances(torch.randn(6, 3, generator=torch.Generator().manual_seed(0))).numpy()
    with pytest.warns(UserWarning, match=r"or as_distance_matrix\(F\), for an adjacency") as told:
        assert as_feature_matrix(kind(C)).n_nodes == 6
    assert told[0].filename == __file__
    with pytest.warns(UserWarning, match="as distances are"):
        ss_rate(kind(C))
    # Features that are not distances pass: signs, other diagonals, no symmetry, all zero.
    for other in (-C, C + np.eye(6), np.triu(C), np.zeros((6, 6)), C[:, :5]):
        as_feature_matrix(kind(other))
