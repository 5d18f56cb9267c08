import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.features import FeatureMatrix
from featgraph.invariance import compute_spectrum


def test_equals_eigenvalues_of_numpy_covariance():
    features = np.random.default_rng(0).normal(size=(30, 80))
    found = compute_spectrum(features)
    expected = np.sort(np.linalg.eigvalsh(np.cov(features)))[::-1]
    np.testing.assert_allclose(found.values, expected, rtol=1e-10)
    assert found.n_zero == 0


def test_without_centring_it_is_the_formula_as_printed():
    features = np.random.default_rng(0).normal(loc=2.0, size=(12, 40))
    found = compute_spectrum(features, center=False)
    expected = np.sort(np.linalg.eigvalsh(features @ features.T / 39))[::-1]
    np.testing.assert_allclose(found.values, expected, rtol=1e-10)


def test_more_nodes_than_samples_leaves_out_what_the_samples_cannot_resolve():
    features = np.random.default_rng(1).normal(size=(100, 31))
    found = compute_spectrum(features)
    assert (found.n_values, found.n_zero) == (30, 70)
    assert compute_spectrum(features, center=False).n_values == 31


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0.0, 50.0])
def test_numerical_rank_of_a_low_rank_layer_in_its_own_precision(dtype, offset):
    rng = np.random.default_rng(2)
    low = (rng.normal(size=(90, 20)) @ rng.normal(size=(20, 300)) + offset).astype(dtype)
    assert compute_spectrum(low).n_values == 20


def test_dead_and_duplicated_neurons_count_as_zero():
    features = np.random.default_rng(3).normal(size=(40, 200))
    features[7] = 0.0
    features[8] = features[9]
    assert compute_spectrum(features).n_zero == 2


@given(exponent=st.integers(-90, 90), shift=st.floats(-3, 3))
def test_spectrum_scales_with_the_square_of_the_unit(exponent, shift):
    features = np.random.default_rng(4).normal(size=(10, 30))
    one, other = compute_spectrum(features), compute_spectrum((features + shift) * 2.0**exponent)
    # The shift costs a few digits in the mean; the power of two costs none.
    np.testing.assert_allclose(other.values, one.values * 4.0**exponent, rtol=1e-10)
    assert other.participation_ratio == pytest.approx(one.participation_ratio, rel=1e-10)


def test_participation_ratio_counts_equal_axes():
    assert compute_spectrum(np.eye(6)[:, :6], center=False).participation_ratio == pytest.approx(6)


def test_zero_variance_is_refused_and_names_the_layer():
    constant = FeatureMatrix.from_array(np.full((60, 30), 0.1, dtype=np.float32), layer="fc2")
    with pytest.raises(ValueError, match="layer 'fc2' must vary .* zero variance in all 60 nodes"):
        compute_spectrum(constant)


def test_one_sample_is_refused():
    with pytest.raises(ValueError, match="at least 2 samples for a covariance, got 1"):
        compute_spectrum(np.ones((5, 1)))


def test_constant_neurons_have_no_variance_in_any_layout():
    constant = np.full((60, 5), 0.1).T  # as activations are turned: sums run over one long axis
    with pytest.raises(ValueError, match="must vary over the samples, got zero variance in all 5"):
        compute_spectrum(constant[:, np.random.default_rng(0).permutation(60)])
    with pytest.raises(ValueError, match="must vary over the samples, got zero variance in all 5"):
        compute_spectrum(constant)
