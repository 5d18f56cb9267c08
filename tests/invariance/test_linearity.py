import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.distances import feature_distances
from featgraph.features import FeatureMatrix
from featgraph.invariance import cluster_nodes, compare_training, measure_linearity


def features(seed=0, n_nodes=30, n_samples=50):
    return np.random.default_rng(seed).normal(size=(n_nodes, n_samples))


@pytest.mark.parametrize("rank", [1, 2, 3, 7])
def test_equal_axes_are_counted(rank):
    basis, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(60, rank)))
    basis -= basis.mean(axis=0)
    basis, _ = np.linalg.qr(basis)
    found = measure_linearity(basis @ np.linalg.qr(features(1, 40, rank))[0].T)
    assert found.participation_ratio == pytest.approx(rank)
    assert found.first == pytest.approx(1 / rank)
    assert found.n_axes == int(np.ceil(0.9 * rank - 1e-9))


def test_shares_are_those_of_classical_scaling():
    F = features()
    C = feature_distances(F).numpy()
    centring = np.eye(30) - 1 / 30
    values = np.linalg.eigvalsh(-0.5 * centring @ C**2 @ centring)[::-1]
    found = measure_linearity(F)
    np.testing.assert_allclose(found[:3], values[:3] / values.sum(), rtol=1e-9)
    ratio = values.sum() ** 2 / (values**2).sum()
    assert found.participation_ratio == pytest.approx(ratio, rel=1e-9)


def test_gaussian_clouds_are_isotropic_whatever_their_size():
    for n_nodes, n_samples in ((40, 400), (200, 200), (300, 40)):
        assert measure_linearity(features(1, n_nodes, n_samples)).isotropy == pytest.approx(
            1, abs=0.06
        )


def test_differences_of_means_are_told_apart():
    F = features() - features().mean(axis=1, keepdims=True)
    assert measure_linearity(F).mean_share == pytest.approx(0, abs=1e-12)
    levels = np.repeat(np.arange(30.0)[:, None], 50, axis=1)
    assert measure_linearity(levels).mean_share == pytest.approx(1)
    spread = np.var(levels) / (np.var(levels) + np.var(F - F.mean(axis=0)))
    assert measure_linearity(levels + F).mean_share == pytest.approx(spread)


@given(power=st.integers(-300, 300), shift=st.floats(-2, 2))
def test_unit_and_common_signal_do_not_matter(power, shift):
    F = features()
    moved = (F + shift * np.arange(50)) * 2.0**power  # the same for every neuron
    np.testing.assert_allclose(measure_linearity(moved), measure_linearity(F), rtol=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e200])
def test_equal_neurons_are_refused(value):
    F = FeatureMatrix.from_array(np.full((9, 7), value), layer="fc")
    with pytest.raises(ValueError, match="layer 'fc' must hold different neurons, got 9 equal"):
        measure_linearity(F)


def test_two_neurons_have_one_axis():
    found = measure_linearity(features(0, 2, 5))
    assert found[:4] == pytest.approx((1.0, 0.0, 0.0, 1))


@pytest.mark.parametrize("linkage", ["complete", "single"])
def test_clusters_are_nested_and_within_their_threshold(linkage):
    F = features(2, 40, 6)
    C = feature_distances(F).numpy()
    found = cluster_nodes(F, levels=(0.0, 0.3, 0.6, 1.0), linkage=linkage)
    assert found.thresholds[0] == pytest.approx(C[C > 0].min())
    assert found.thresholds[-1] == pytest.approx(C.max())
    assert found.n_clusters[-1] == 1
    for fine, coarse in zip(found.labels, found.labels[1:], strict=False):
        assert len(set(zip(fine, coarse, strict=True))) == fine.max() + 1
    for theta, labels in zip(found.thresholds, found.labels, strict=True):
        same = labels[:, None] == labels[None, :]
        if linkage == "complete":
            assert C[same].max() <= theta * (1 + 1e-6)
        else:
            assert same[theta * (1 - 1e-6) >= C].all()
        assert (np.diff(np.bincount(labels)) <= 0).all()


def test_bad_levels_are_refused():
    with pytest.raises(ValueError, match="levels must rise strictly"):
        cluster_nodes(features(), levels=(0.5, 0.2))
    with pytest.raises(ValueError, match=r"levels must lie in \[0, 1\], got 1.5"):
        cluster_nodes(features(), levels=(0.5, 1.5))
    with pytest.raises(ValueError, match="must hold different neurons, got 5 equal"):
        cluster_nodes(np.ones((5, 4)))


def test_training_change_holds_both_states():
    change = compare_training(
        {"a": features(0), "b": features(1)}, {"a": features(2), "b": features(3)}
    )
    rows = change.to_rows()
    assert [(row["layer"], row["state"]) for row in rows] == [
        ("a", "untrained"), ("a", "trained"), ("b", "untrained"), ("b", "trained"),
    ]  # fmt: skip
    assert rows[1]["first"] == measure_linearity(features(2)).first


def test_means_can_be_removed_first():
    loud = features(0) + 9 * np.arange(30.0)[:, None]
    (bare,) = compare_training(loud, loud, remove_means=True).layers
    assert bare.before_linearity.mean_share == pytest.approx(0, abs=1e-12)
    assert bare.before_linearity.isotropy > 0.8
    assert compare_training(loud, loud).layers[0].before_linearity.isotropy < 0.2


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ({"fc1": features(0, 31)}, "'fc1' must have the same neurons .* widths 30 and 31"),
        ({"fc1": features(0, 30, 49)}, "'fc1' must see the same samples .* 50 and 49"),
        ({"fc2": features()}, "after must hold the layer 'fc1', got .*'fc2'.*did you mean 'fc2'"),
        ({"fc1": features(), "x": features()}, "before must hold the layer 'x'"),
    ],
)
def test_different_networks_are_refused(after, message):
    with pytest.raises(ValueError, match=message):
        compare_training({"fc1": features()}, after)


def test_many_equal_neurons_are_refused_though_their_mean_is_rounded():
    with pytest.raises(ValueError, match="must hold different neurons, got 20000 equal"):
        measure_linearity(np.full((20_000, 3), 0.1))
    constant = np.outer(np.linspace(0.1, 1e6, 40), np.ones(60))
    with pytest.raises(ValueError, match="must hold different neurons, got 40 equal"):
        compare_training({"fc": constant}, {"fc": constant}, remove_means=True)


@pytest.mark.parametrize("scale", [1e-30, 1e-9])
def test_clusters_of_small_features_follow_the_grid(scale):
    F = scale * features()
    C = feature_distances(F).numpy()
    low, high = C[~np.eye(30, dtype=bool)].min(), C.max()
    found = cluster_nodes(F, levels=(0.0, 0.5, 1.0))
    # so near 0 the grid is even in the distance itself
    np.testing.assert_allclose(found.thresholds, [low, (low + high) / 2, high], rtol=1e-6)
    assert found.n_clusters[[0, 2]].tolist() == [29, 1]
