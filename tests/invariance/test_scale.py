import functools

import numpy as np
import pytest

from featgraph.features import FeatureMatrix
from featgraph.invariance import ScaleInvariance, measure_scale_invariance


@functools.lru_cache(maxsize=64)
def layer(exponent, seed, *, n_nodes=120, n_samples=300):
    """Features whose covariance has a Pareto spectrum of known exponent."""
    rng = np.random.default_rng(seed)
    variances = (np.arange(1, n_nodes + 1) / n_nodes) ** (-1 / (exponent - 1))
    basis, _ = np.linalg.qr(rng.normal(size=(n_nodes, n_nodes)))
    # Orthogonal samples: the sample covariance is the intended one, not a noisy copy.
    scores = rng.normal(size=(n_samples, n_nodes))
    scores, _ = np.linalg.qr(scores - scores.mean(axis=0))
    return basis @ (np.sqrt(variances)[:, None] * scores.T)


def bare(layers, **options):
    return measure_scale_invariance(layers, **{"n_resamples": 0, "rivals": ()} | options)


@pytest.mark.parametrize("exponent", [1.8, 2.5, 4.0])
@pytest.mark.parametrize("variant", ["paper", "released", "tail"])
def test_known_exponent_of_a_layer(exponent, variant):
    result = bare({"fc": layer(exponent, seed=1)}, variant=variant)
    # 120 equally spaced quantiles: less noise than a random sample, but the ends are cut off.
    assert result.exponents[0] == pytest.approx(exponent, rel=0.08)


def test_sigma_is_the_population_standard_deviation():
    layers = {f"layer{k}": layer(gamma, seed=k) for k, gamma in enumerate((2.0, 2.5, 3.0))}
    result = bare(layers)
    assert result.sigma == pytest.approx(np.std(result.exponents))
    assert result.sigma == pytest.approx(np.std([2.0, 2.5, 3.0]), rel=0.15)
    assert [row["layer"] for row in result.to_rows()] == ["layer0", "layer1", "layer2"]


def test_equal_layers_lie_at_the_noise_floor_and_the_interval_reaches_zero():
    layers = {f"layer{k}": layer(2.5, seed=k) for k in range(3)}
    result = measure_scale_invariance(layers, n_resamples=60, rivals=(), rng=0)
    low, high = result.interval
    assert low == 0.0 < high
    assert result.sigma < result.noise_floor
    assert low <= result.sigma <= high


def test_layers_far_apart_have_an_interval_away_from_zero():
    layers = {f"layer{k}": layer(gamma, seed=k) for k, gamma in enumerate((1.6, 3.0, 6.0))}
    result = measure_scale_invariance(layers, variant="paper", n_resamples=100, rivals=(), rng=0)
    low, high = result.interval
    assert 0.5 < low < result.sigma < high
    assert not result.is_self_similar


@pytest.mark.parametrize("variant", ["paper", "tail"])
def test_unit_and_rotation_of_the_neurons_do_not_matter(variant):
    features = layer(2.2, seed=3)
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(120, 120)))
    one, other = (bare(f, variant=variant).exponents[0] for f in (features, 1e3 * turn @ features))
    assert other == pytest.approx(one, rel=1e-6)


def test_rank_deficient_layers_work_and_say_so():
    features = np.random.default_rng(0).normal(size=(200, 81)).astype(np.float32)
    for variant in ("paper", "tail", "released"):
        row = bare(features, variant=variant).to_rows()[0]
        assert row["n_zero"] == 200 - row["n_eigenvalues"]
        # Without centring (paper) 81 samples span 81 directions, with it 80.
        assert row["n_eigenvalues"] == (81 if variant == "paper" else 80)


def test_released_keeps_the_leading_half_of_wide_layers():
    features = np.random.default_rng(0).normal(size=(1001, 120))
    assert bare(features, variant="released").to_rows()[0]["n_eigenvalues"] == 60
    assert bare(features, variant="tail").to_rows()[0]["n_eigenvalues"] == 119


def test_released_drops_eigenvalues_in_absolute_size():
    assert bare(layer(2.5, seed=1), variant="released").to_rows()[0]["n_eigenvalues"] == 120
    with pytest.raises(ValueError, match="at least 50 positive eigenvalues .* got 0"):
        bare(1e-6 * layer(2.5, seed=1), variant="released")


def test_layers_of_different_width_are_welcome():
    result = bare({"a": layer(2.5, 1, n_nodes=60), "b": layer(2.5, 2, n_nodes=150)})
    assert result.sigma < 0.2


def test_layers_of_different_samples_are_refused():
    layers = {"a": layer(2.0, 1), "b": layer(2.0, 1, n_samples=290)}
    with pytest.raises(ValueError, match="same samples in every layer, got .*'b': 290"):
        bare(layers)


def test_too_few_eigenvalues_are_refused_or_skipped():
    layers = {"narrow": layer(2.0, 1, n_nodes=32), "wide": layer(2.0, 2)}
    with pytest.raises(ValueError, match="'narrow' must have at least 50 .* got 32 .*short='skip'"):
        bare(layers)
    with pytest.warns(UserWarning, match="'narrow' .* it is left out"):
        result = bare(layers, short="skip")
    assert [row.layer for row in result.layers] == ["wide"]
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(ValueError, match="got none among"),
    ):
        bare({"narrow": layers["narrow"]}, short="skip")


def test_zero_variance_and_isotropic_layers_are_refused_by_name():
    with pytest.raises(ValueError, match="layer 'dead' must vary"):
        bare({"dead": np.zeros((80, 100))})
    even, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(300, 80)))
    even -= even.mean(axis=0)
    even, _ = np.linalg.qr(even)
    with pytest.raises(ValueError, match="layer 'even': values must differ by more than rounding"):
        bare({"even": even.T})


def test_sequences_take_their_names_from_the_features():
    one = FeatureMatrix.from_array(layer(2.0, 1), layer="conv")
    assert [row.layer for row in bare([one, layer(2.5, 2)]).layers] == ["conv", "layer 1"]
    with pytest.raises(ValueError, match="each layer once, got 'conv' twice"):
        bare([one, one])
    with pytest.raises(ValueError, match="at least one layer, got none"):
        bare([])


def test_saved_result_reads_back(tmp_path):
    result = measure_scale_invariance({"a": layer(2.5, 1), "b": layer(2.0, 2)}, n_resamples=5,
                                      rivals=(), rng=0)  # fmt: skip
    loaded = ScaleInvariance.load(result.save(tmp_path / "scale.json"))
    assert repr(loaded) == repr(result)
    assert loaded.to_rows() == result.to_rows()
    np.testing.assert_array_equal(
        loaded.layers[0].spectrum.values, result.layers[0].spectrum.values
    )
    (tmp_path / "other.json").write_text('{"kind": "Report"}')
    with pytest.raises(ValueError, match="must hold a saved ScaleInvariance"):
        ScaleInvariance.load(tmp_path / "other.json")


def test_confidence_outside_its_range_is_refused():
    with pytest.raises(ValueError, match="confidence must lie strictly between 0 and 1"):
        bare(layer(2.0, 1), confidence=1.0)
