import warnings

import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.features import FeatureMatrix
from featgraph.invariance import (
    NearCopiesWarning,
    compute_correlation_sum,
    estimate_likelihood_dimension,
    estimate_two_nn,
    measure_released_dimension,
)
from featgraph.invariance.nearest import neighbor_distances
from tests.naive import invariance as naive
from tests.naive.clouds import CLOUDS, make_cloud, move


@pytest.mark.parametrize("name", CLOUDS)
def test_known_dimension(name):
    _, dim, shortfall = CLOUDS[name]
    cloud = make_cloud(name, 1000)
    # Four standard errors of 1000 ratios, and the edges.
    assert dim * (0.84 - shortfall) < estimate_two_nn(cloud).dimension < dim * 1.16
    assert dim * (0.95 - shortfall) < estimate_likelihood_dimension(cloud).dimension < dim * 1.06


def test_intervals_hold_the_true_dimension():
    inside = [0, 0]
    for seed in range(40):
        cloud = make_cloud("2-sphere", 200, seed)
        for k, found in enumerate((estimate_two_nn(cloud), estimate_likelihood_dimension(cloud))):
            inside[k] += found.interval[0] < 2 < found.interval[1]
    # 95 % nominal: at least 34 of 40 with probability 0.99.
    assert min(inside) >= 34


def test_two_nn_equals_naive():
    cloud = make_cloud("3-cube", 40)
    logs = naive.neighbor_ratios(cloud.tolist())
    kept = logs[:36]
    expected = 35 / (sum(kept) + 4 * kept[-1])
    assert estimate_two_nn(cloud).dimension == pytest.approx(expected, rel=1e-9)
    assert estimate_two_nn(cloud, discard=0.0).dimension == pytest.approx(39 / sum(logs), rel=1e-9)


@pytest.mark.parametrize("k", [3, 8])
def test_likelihood_equals_naive(k):
    cloud = make_cloud("3-cube", 40)
    expected = naive.likelihood_dimension(cloud.tolist(), k)
    found = estimate_likelihood_dimension(cloud, n_neighbors=k)
    assert found.dimension == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_released_equals_naive(scale):
    cloud = scale * make_cloud("3-cube", 60)
    expected = naive.released_dimension(cloud.tolist())
    assert measure_released_dimension(cloud).dimension == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["square", "3-torus"])
def test_agrees_with_scikit_dimension(name):
    skdim = pytest.importorskip("skdim")
    cloud = make_cloud(name, 500)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = skdim.id.TwoNN(discard_fraction=0.1).fit(cloud).dimension_
        likelihood = skdim.id.MLE().fit(cloud, n_neighbors=20).dimension_
    assert estimate_two_nn(cloud, method="fit").dimension == pytest.approx(fit, rel=1e-9)
    found = estimate_likelihood_dimension(cloud, n_neighbors=20)
    assert found.dimension == pytest.approx(likelihood, rel=1e-9)


@given(power=st.integers(-300, 300), seed=st.integers(0, 3))
def test_unit_place_and_rotation_do_not_matter(power, seed):
    cloud = make_cloud("swiss roll", 60)
    moved = move(cloud, seed, scale=2.0**power)
    for estimate in (estimate_two_nn, estimate_likelihood_dimension):
        one, other = estimate(cloud).dimension, estimate(moved).dimension
        assert other == pytest.approx(one, rel=1e-8)


def test_the_released_recipe_depends_on_the_unit():
    cloud = make_cloud("3-cube", 640)
    found = [measure_released_dimension(side * cloud).dimension for side in (1, 3)]
    # The true dimension is 3 in both; the recipe gives about 1.7 and 2.7.
    assert found[0] < 2.2
    assert found[1] > 2.4


def test_the_released_recipe_gives_up_quietly():
    cloud = make_cloud("3-cube", 60)
    assert measure_released_dimension(1e-5 * cloud).dimension == 0.0
    assert measure_released_dimension(1e3 * cloud).dimension == 0.0
    with pytest.raises(ValueError, match="at least 30 for 29 neighbours, got 29"):
        measure_released_dimension(cloud[:29])


def test_the_released_recipe_draws_3000_points():
    cloud = make_cloud("square", 3010)
    one, same, other = (measure_released_dimension(cloud, rng=seed).dimension for seed in (1, 1, 2))
    assert one == same != other


def test_duplicates_are_left_out():
    cloud = make_cloud("square", 100)
    doubled = np.concatenate([cloud, cloud[:30]])
    assert estimate_two_nn(doubled) == estimate_two_nn(cloud)
    with pytest.raises(ValueError, match="at least 21 different ones for n_neighbors=20, got 20"):
        estimate_likelihood_dimension(np.repeat(cloud[:20], 3, axis=0))


def test_nodes_or_samples_of_features():
    features = FeatureMatrix.from_array(make_cloud("square", 90).T.copy())
    assert estimate_two_nn(features).dimension == pytest.approx(2, abs=0.7)
    with pytest.raises(ValueError, match="at least 20 points, got 2"):
        estimate_two_nn(features, kind="nodes")


def test_a_lattice_is_refused():
    grid = np.stack(np.meshgrid(np.arange(6.0), np.arange(6.0)), axis=-1).reshape(-1, 2)
    with pytest.raises(ValueError, match="must not lie on a lattice"):
        estimate_two_nn(grid)


def test_bad_options_are_refused():
    cloud = make_cloud("square", 40)
    with pytest.raises(ValueError, match="method must be one of"):
        estimate_two_nn(cloud, method="linear")
    with pytest.raises(ValueError, match=r"discard must lie in \[0, 1\), got 1"):
        estimate_two_nn(cloud, discard=1)
    with pytest.raises(ValueError, match="n_neighbors must be a whole number of at least 3"):
        estimate_likelihood_dimension(cloud, n_neighbors=2)
    with pytest.raises(ValueError, match="confidence must lie strictly"):
        estimate_likelihood_dimension(cloud, confidence=1)


@pytest.mark.parametrize("n_features", [3, 12])
@pytest.mark.parametrize("kind", ["spread", "whole", "far"])
def test_distances_to_the_nearest_equal_a_full_sort(n_features, kind):
    cloud = np.random.default_rng(2).normal(size=(200, n_features))
    if kind == "whole":
        cloud = np.round(cloud / 3)  # many points in one place, many equal distances
    elif kind == "far":
        cloud = 1e-4 * cloud + 1e4
    apart = np.sqrt(((cloud[:, None] - cloud) ** 2).sum(axis=2))
    np.fill_diagonal(apart, np.inf)
    expected = np.sort(apart, axis=1)[:, :4]
    np.testing.assert_allclose(neighbor_distances(cloud, 4), expected, rtol=1e-12)


@pytest.mark.parametrize("noise", [0.0, 1e-9, 1e-7, 3e-7])
@pytest.mark.parametrize("n_features", [8, 300])
def test_near_copies_count_once(n_features: int, noise: float) -> None:
    """The same samples measured again differ by rounding: they say nothing of the dimension."""
    rng = np.random.default_rng(0)
    cloud = rng.normal(size=(600, 5)) @ rng.normal(size=(5, n_features))
    again = cloud[::20] * (1 + noise * rng.normal(size=(30, n_features)))
    both = np.vstack([cloud, again])
    with warnings.catch_warnings(record=True) as notes:
        warnings.simplefilter("always")
        for estimate in (estimate_two_nn, estimate_likelihood_dimension):
            assert estimate(both).dimension == pytest.approx(estimate(cloud).dimension, rel=1e-6)
        sums = [compute_correlation_sum(one, duplicates="drop", rng=0) for one in (both, cloud)]
    said = [str(note.message).partition(",")[0] for note in notes]
    assert said == ["30 of 630 points are near copies"] * (3 if noise else 0)  # not of equal points
    assert all(note.category is NearCopiesWarning for note in notes)
    with pytest.raises(ValueError, match="must all differ, got 30 duplicates among 630"):
        compute_correlation_sum(both, rng=0)
    np.testing.assert_allclose(sums[0].counts, sums[1].counts, rtol=1e-3)


def test_points_that_a_shift_makes_equal_are_copies() -> None:
    cloud = np.random.default_rng(0).normal(size=(200, 3))
    tiny = np.array([[1e-33, 0.0, 0.0], [-1e-33, 0.0, 0.0]])
    with_one, with_two = np.vstack([cloud, tiny[:1]]), np.vstack([cloud, tiny])
    for estimate in (estimate_two_nn, estimate_likelihood_dimension):
        assert estimate(with_two).dimension == pytest.approx(estimate(with_one).dimension)
    alone = 1e-33 * np.random.default_rng(1).normal(size=(300, 1))
    assert estimate_two_nn(alone).dimension == pytest.approx(1, abs=0.2)
