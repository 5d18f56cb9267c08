import sys

import numpy as np
import pytest

from featgraph.features import FeatureMatrix
from featgraph.invariance import GeometricInvariance, embed_points, measure_geometric_invariance
from tests.naive.clouds import make_cloud, move


def layer(name, seed=0, *, n_samples=250, scale=1.0):
    """F of a layer whose samples lie on a cloud of known dimension."""
    cloud = move(make_cloud(name, n_samples, 0), seed, scale=scale, extra=5)
    return np.ascontiguousarray(cloud.T)


def test_the_same_shape_in_other_units_is_perfectly_invariant():
    layers = {f"layer{k}": layer("2-sphere", k, scale=10.0**k) for k in range(3)}
    result = measure_geometric_invariance(layers, n_resamples=20, rng=0)
    assert result.delta == pytest.approx(0.0, abs=1e-6)
    assert result.interval == pytest.approx((0.0, 0.0), abs=1e-6)
    for row in result.layers:
        assert row.dimension == pytest.approx(2, rel=0.1)
        assert row.two_nn.dimension == pytest.approx(2, rel=0.25)
        assert row.likelihood.dimension == pytest.approx(2, rel=0.1)


def test_delta_is_the_range_over_the_mean():
    layers = {"flat": layer("square"), "solid": layer("5-sphere")}
    result = measure_geometric_invariance(layers, n_resamples=30, rng=0)
    low, high = result.dimensions
    assert result.delta == pytest.approx((high - low) / ((high + low) / 2))
    assert result.delta == pytest.approx(3 / 3.5, rel=0.15)
    assert 0.5 < result.interval[0] < result.delta < result.interval[1]
    assert result.noise_floor < 0.3


def test_layers_of_different_width_are_welcome_and_of_different_samples_refused():
    wide = np.vstack([layer("square"), np.zeros((40, 250))])
    result = measure_geometric_invariance({"a": layer("square"), "b": wide}, n_resamples=0)
    assert result.delta == pytest.approx(0.0, abs=1e-9)
    assert result.interval is None
    assert result.noise_floor is None
    with pytest.raises(ValueError, match="same samples in every layer"):
        measure_geometric_invariance({"a": layer("square"), "b": layer("square", n_samples=240)})


def test_released_variant_without_umap():
    layers = {"a": layer("3-cube"), "b": layer("3-cube", scale=10.0)}
    result = measure_geometric_invariance(layers, variant="released", embedding="none")
    # The same shape: the released recipe sees two dimensions.
    assert result.delta > 0.2
    assert result.layers[0].correlation is None
    assert result.interval is None
    given_up = {"a": layer("3-cube"), "b": layer("3-cube", scale=1e-6)}
    result = measure_geometric_invariance(given_up, variant="released", embedding="none")
    assert result.dimensions[1] == 0.0
    assert result.delta == 0.0


def test_nodes_as_points():
    features = make_cloud("2-sphere", 120).T.copy().T
    result = measure_geometric_invariance({"a": features}, kind="nodes", n_resamples=0)
    assert result.dimensions[0] == pytest.approx(2, rel=0.15)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.ones((8, 60)), "layer 'fc': its points must differ, got zero variance"),
        (np.tile(layer("square", n_samples=30), 2), "layer 'fc': points must all differ, got 30"),
        (layer("square", n_samples=19), "layer 'fc': its points must hold at least 20"),
    ],
)
def test_bad_layers_are_refused_by_name(features, message):
    with pytest.raises(ValueError, match=message):
        measure_geometric_invariance({"fc": FeatureMatrix.from_array(features)})


def test_fewer_samples_than_neighbors_are_refused_before_umap_is_needed():
    with pytest.raises(ValueError, match="'a': points must number more than n_neighbors=40"):
        measure_geometric_invariance(
            {"a": layer("square", n_samples=40)}, variant="paper", n_neighbors=40
        )
    with pytest.raises(ValueError, match=r"more than n_components \+ 1 = 31, got 25"):
        embed_points(layer("square", n_samples=25).T)


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="variant must be one of .*'full', 'paper', 'released'"):
        measure_geometric_invariance({"a": layer("square")}, variant="tail")
    with pytest.raises(ValueError, match="embedding must be one of"):
        measure_geometric_invariance({"a": layer("square")}, embedding="pca")
    with pytest.raises(ValueError, match="confidence must lie strictly"):
        measure_geometric_invariance({"a": layer("square")}, confidence=0)


def test_saved_result_reads_back(tmp_path):
    layers = {"a": layer("square"), "b": layer("3-cube")}
    result = measure_geometric_invariance(layers, n_resamples=5, rng=0)
    loaded = GeometricInvariance.load(result.save(tmp_path / "geometry.json"))
    assert repr(loaded) == repr(result)
    assert loaded.to_rows() == result.to_rows()
    assert loaded.interval == result.interval
    released = measure_geometric_invariance(layers, variant="released", embedding="none")
    again = GeometricInvariance.load(released.save(tmp_path / "released.json"))
    assert again.delta == released.delta


@pytest.mark.filterwarnings("ignore:Tensorflow not installed:ImportWarning")
def test_umap_is_seeded_and_keeps_a_line_a_line():
    pytest.importorskip("umap")
    features = layer("segment", n_samples=80)
    one, same = (embed_points(features.T, n_components=2, n_neighbors=10) for _ in "ab")
    np.testing.assert_array_equal(one, same)
    result = measure_geometric_invariance(
        {"a": features}, variant="paper", n_components=2, n_neighbors=10, n_resamples=0
    )
    assert 0.5 < result.dimensions[0] < 2


def test_without_umap_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ImportError, match=r"pip install 'featgraph\[umap\]'"):
        embed_points(layer("square").T)
