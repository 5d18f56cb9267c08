"""MDS against what is known about it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from featgraph.distances import feature_distances
from featgraph.plot import align_positions, scale_distances
from featgraph.plot.mds import half_width, scale_features


def spread(points):
    return squareform(pdist(points))


def test_points_of_the_plane_come_back():
    points = np.random.default_rng(0).normal(size=(20, 2))
    positions, share = scale_distances(spread(points))
    np.testing.assert_allclose(spread(positions), spread(points), atol=1e-9)
    assert share == pytest.approx(1.0, abs=1e-12)


def test_classical_answer_is_principal_components():
    points = np.random.default_rng(1).normal(size=(30, 6)) * [5, 3, 1, 1, 1, 1]
    positions, share = scale_distances(spread(points))
    centered = points - points.mean(axis=0)
    singular = np.linalg.svd(centered, compute_uv=False)
    np.testing.assert_allclose(np.linalg.norm(positions, axis=0), singular[:2], rtol=1e-9)
    assert share == pytest.approx((singular[:2] ** 2).sum() / (singular**2).sum(), rel=1e-9)


@pytest.mark.parametrize("method", ["metric", "nonmetric"])
def test_iterated_answers_lower_the_stress(method):
    points = np.random.default_rng(2).normal(size=(25, 8))
    wanted = spread(points)
    first, _ = scale_distances(wanted)
    found, _ = scale_distances(wanted, method=method)
    again, _ = scale_distances(wanted, method=method)
    np.testing.assert_array_equal(found, again)
    if method == "metric":
        assert ((spread(found) - wanted) ** 2).sum() < ((spread(first) - wanted) ** 2).sum()


@pytest.mark.parametrize("method", ["classical", "metric", "nonmetric"])
def test_equal_points_lie_on_one_another(method):
    positions, share = scale_distances(np.zeros((4, 4)), method=method)
    assert not positions.any()
    assert share == 1.0


def test_two_nodes_and_more_components_than_there_are():
    positions, _ = scale_distances([[0.0, 2.0], [2.0, 0.0]], n_components=3)
    assert positions.shape == (2, 3)
    assert abs(positions[0, 0] - positions[1, 0]) == pytest.approx(2.0)


def test_alignment_keeps_distances():
    rng = np.random.default_rng(3)
    points, target = rng.normal(size=(10, 2)), rng.normal(size=(10, 2))
    np.testing.assert_allclose(spread(align_positions(points, target)), spread(points))
    assert np.linalg.norm(align_positions(points, target) - target) <= np.linalg.norm(
        points - target
    )


def test_refuses_bad_input():
    with pytest.raises(ValueError, match=r"must be square.* got shape \(2, 3\)"):
        scale_distances(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="leave unreachable nodes out"):
        scale_distances([[0.0, np.inf], [np.inf, 0.0]])
    with pytest.raises(ValueError, match="method must be one of"):
        scale_distances(np.zeros((2, 2)), method="smacof")
    with pytest.raises(ValueError, match="same shape"):
        align_positions(np.zeros((2, 2)), np.zeros((3, 2)))


@pytest.mark.parametrize("shape", [(12, 5), (5, 12), (6, 6), (4, 1)])
def test_positions_of_features_are_those_of_their_distances(shape):
    F = np.random.default_rng(3).normal(size=shape)
    expected, share = scale_distances(feature_distances(F).numpy())
    positions, kept = scale_features(F)
    np.testing.assert_allclose(positions, expected, atol=1e-7)  # roots of rounding
    assert kept == pytest.approx(share, rel=1e-9)


def test_equal_features_stand_on_one_point():
    positions, share = scale_features(np.ones((4, 3)))
    assert not positions.any()
    assert share == 1.0


@pytest.mark.parametrize("method", ["classical", "metric", "nonmetric"])
@pytest.mark.parametrize("scale", [2.0**-60, 2.0**60])
def test_places_grow_with_the_unit(method, scale):
    C = spread(np.random.default_rng(0).normal(size=(12, 5)))
    expected = scale_distances(C, method=method)[0]
    found = scale_distances(scale * C, method=method)[0]
    np.testing.assert_array_equal(found, scale * expected)
    assert half_width(found) == scale * half_width(expected)
