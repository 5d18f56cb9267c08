"""Point clouds: known dimensions, isometric embedding, noise, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from featgraph.datasets import POINT_CLOUDS, make_point_cloud


@pytest.mark.parametrize("name", sorted(POINT_CLOUDS))
def test_clouds_are_centred_of_unit_size_and_repeat(name: str) -> None:
    points = make_point_cloud(name, 60, n_samples=32, noise=0.0, rng=3)
    assert points.shape == (60, 32)
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-12)
    assert np.square(points).sum(axis=1).mean() == pytest.approx(1, rel=1e-12)
    np.testing.assert_array_equal(
        points, make_point_cloud(name, 60, n_samples=32, noise=0.0, rng=3)
    )
    assert not np.array_equal(points, make_point_cloud(name, 60, n_samples=32, noise=0.0, rng=4))


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("cantor_dust", {"n_axes": 6, "ratio": 1 / 3}, 6 * math.log(2) / math.log(3)),
        ("sierpinski_gasket", {}, math.log(3) / math.log(2)),
        ("sierpinski_carpet", {}, math.log(8) / math.log(3)),
        ("cascade", {"n_axes": 2, "weight": 0.5}, 2.0),  # even mass: a square
        ("levy_dust", {"n_axes": 3, "tail": 1.2}, 1.2),
        ("tree", {"n_branches": 3, "ratio": 1 / 3}, 1.0),
        ("torus", {}, 2.0),
        ("cube", {}, 3.0),
        ("ball", {}, None),
    ],
)
def test_dimensions_of_the_textbook(name: str, options: dict, expected: float | None) -> None:
    row = POINT_CLOUDS[name]
    found = row.dimension(**{**row.options, **options})
    assert found == (None if expected is None else pytest.approx(expected))


def test_cantor_digits_are_those_of_the_set() -> None:
    points = make_point_cloud(
        "cantor_dust", 400, n_axes=1, ratio=1 / 3, n_samples=1, noise=0, rng=0
    )
    x = (points[:, 0] - points.min()) / np.ptp(points)
    # The middle third is empty, and so is the middle ninth of either side.
    for low, high in ((1 / 3, 2 / 3), (1 / 9, 2 / 9), (7 / 9, 8 / 9)):
        assert not ((x > low + 1e-3) & (x < high - 1e-3)).any()


def test_carpet_and_gasket_have_their_holes() -> None:
    """In a space of their own dimension the turn is none, so that holes can be looked at."""
    points = make_point_cloud("sierpinski_carpet", 2000, n_samples=2, noise=0, rng=0)
    x = (points - points.min(axis=0)) / np.ptp(points, axis=0)
    assert not (np.abs(x - 0.5) < 0.15).all(axis=1).any()
    points = make_point_cloud("sierpinski_gasket", 2000, n_samples=2, noise=0, rng=0)
    x = (points - points.min(axis=0)) / np.ptp(points, axis=0)
    center = np.array([0.5, 1 / 3])  # of the empty triangle
    assert np.hypot(*(x - center).T).min() > 0.1


def test_aggregate_is_of_touching_discs() -> None:
    points = make_point_cloud("aggregate", 80, n_samples=2, noise=0, rng=0)
    apart = pdist(points)
    nearest = apart.min()
    square = np.full((80, 80), np.inf)
    square[np.triu_indices(80, 1)] = apart
    gaps = np.minimum(square, square.T).min(axis=1)
    # Everyone touches someone; nobody overlaps by more than the tolerance of a touch.
    np.testing.assert_allclose(gaps, nearest, rtol=0.11)


def test_tree_is_nearly_ultrametric_in_many_dimensions() -> None:
    points = make_point_cloud("tree", 24, n_samples=4096, ratio=0.5, noise=0, rng=0)
    C = np.zeros((24, 24))
    C[np.triu_indices(24, 1)] = pdist(points)
    C += C.T
    two_of_three = np.maximum(C[:, None, :], C[None, :, :])  # d(i, j) ≤ max(d(i, k), d(k, j))
    assert (C[:, :, None] <= 1.1 * two_of_three.transpose(0, 1, 2)).all()


def test_noise_has_the_length_asked_for() -> None:
    quiet = make_point_cloud("plane", 300, n_samples=200, noise=0.0, rng=1)
    loud = make_point_cloud("plane", 300, n_samples=200, noise=0.1, rng=1)
    length = np.sqrt(np.square(loud - quiet).sum(axis=1).mean())
    assert length == pytest.approx(0.1, rel=0.02)  # 60 000 numbers
    # Without noise the turn keeps the rank, and so all distances, of the plane.
    assert np.linalg.matrix_rank(quiet) == 2


def test_bad_input() -> None:
    with pytest.raises(ValueError, match=r"name must be one of .*did you mean 'cantor_dust'"):
        make_point_cloud("cantor")
    with pytest.raises(ValueError, match="option of 'plane' must be one of"):
        make_point_cloud("plane", ratio=2)
    with pytest.raises(ValueError, match="n_samples must be at least 3 for 'cantor_dust', got 2"):
        make_point_cloud("cantor_dust", n_samples=2)
    with pytest.raises(ValueError, match=r"ratio must be in \(0, 0\.5\), got 0\.6"):
        make_point_cloud("cantor_dust", ratio=0.6)
    with pytest.raises(ValueError, match="n_axes must be a whole number of at least 1"):
        make_point_cloud("cascade", n_axes=0)
    with pytest.raises(ValueError, match=r"weight must lie in \[0, 1\]"):
        make_point_cloud("cascade", weight=2)
    with pytest.raises(ValueError, match="tail must be a finite number above 0"):
        make_point_cloud("levy_dust", tail=0)
    with pytest.raises(ValueError, match="n_branches must be a whole number of at least 2"):
        make_point_cloud("tree", n_branches=1)
    with pytest.raises(ValueError, match="spectrum must be one of"):
        make_point_cloud("gaussian", spectrum="pink")
