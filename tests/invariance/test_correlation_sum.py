import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.features import FeatureMatrix
from featgraph.invariance import compute_correlation_sum, correlation_sum
from featgraph.invariance.correlation_sum import draw_weights, take_points
from featgraph.invariance.near_copies import find_close_pairs, find_distinct
from tests.naive import invariance as naive
from tests.naive.clouds import make_cloud, move


@pytest.mark.parametrize("exclude", [0, 1, 5])
def test_counts_equal_naive(exclude):
    cloud = make_cloud("3-cube", 40)
    radii = np.geomspace(0.05, 2.0, 16)
    weights = draw_weights(40, 3, np.random.default_rng(1))
    found = compute_correlation_sum(cloud, radii=radii, exclude=exclude, weights=weights)
    points = (cloud / found.scale).tolist()
    counts, total = naive.pair_counts(points, radii.tolist(), [1] * 40, exclude)
    assert (found.counts.tolist(), found.n_pairs) == (counts, total)
    for k in range(3):
        counts, total = naive.pair_counts(points, radii.tolist(), weights[:, k].tolist(), exclude)
        assert found.resampled[:, k].tolist() == counts
        assert found.pair_totals[k] == total


def test_all_pairs_are_counted_at_the_largest_default_radius():
    found = compute_correlation_sum(make_cloud("2-sphere", 60))
    assert found.values[-1] == 1.0
    assert found.n_pairs == 60 * 59 // 2
    assert (np.diff(found.counts) >= 0).all()
    steps = np.diff(np.log(found.radii))
    np.testing.assert_allclose(steps, steps[0], rtol=1e-9)


@given(power=st.integers(-200, 200), seed=st.integers(0, 5))
def test_scaled_and_rotated_clouds_have_the_same_curve(power, seed):
    cloud = make_cloud("3-cube", 50)
    one = compute_correlation_sum(cloud)
    other = compute_correlation_sum(move(cloud, seed, scale=2.0**power))
    np.testing.assert_allclose(other.radii, one.radii, rtol=1e-9)
    assert other.scale == pytest.approx(one.scale * 2.0**power, rel=1e-9)
    # A pair may lie exactly at the smallest radius, which is itself a distance.
    assert np.abs(other.counts - one.counts).max() <= 1


def test_order_of_points_matters_only_to_the_theiler_window():
    cloud = make_cloud("square", 80)
    order = np.random.default_rng(0).permutation(80)
    one, other = (compute_correlation_sum(c).counts for c in (cloud, cloud[order]))
    np.testing.assert_array_equal(one, other)


def test_theiler_window_removes_neighbours_in_time():
    # A slow trajectory: successive points are close whatever the dimension of the attractor.
    steps = 0.001 * np.random.default_rng(0).normal(size=(300, 3))
    path = make_cloud("3-cube", 300) + np.cumsum(steps, axis=0)
    path[1::2] = path[::2] + 1e-4
    near = compute_correlation_sum(path)
    apart = compute_correlation_sum(path, radii=near.radii, exclude=1)
    assert near.counts[:20].max() >= 10
    assert apart.counts[:20].max() <= 2
    assert apart.n_pairs == near.n_pairs - 299


def test_feature_matrix_is_read_as_samples_or_nodes():
    features = FeatureMatrix.from_array(np.random.default_rng(0).normal(size=(25, 40)))
    assert take_points(features).shape == (40, 25)
    assert take_points(features, kind="nodes").shape == (25, 40)
    assert take_points(features.values).shape == (25, 40)
    with pytest.raises(ValueError, match="kind must be one of"):
        take_points(features, kind="neurons")


def test_duplicates_are_refused_or_dropped():
    cloud = make_cloud("square", 60)
    doubled = np.concatenate([cloud, cloud[:7]])
    with pytest.raises(ValueError, match="7 duplicates among 67 .* duplicates='drop'"):
        compute_correlation_sum(doubled)
    dropped = compute_correlation_sum(doubled, duplicates="drop")
    np.testing.assert_array_equal(dropped.counts, compute_correlation_sum(cloud).counts)
    with pytest.raises(ValueError, match="at least 20 different ones, got 19"):
        compute_correlation_sum(np.repeat(cloud[:19], 2, axis=0), duplicates="drop")


@pytest.mark.parametrize(
    ("cloud", "message"),
    [
        (np.zeros((30, 4)), "zero variance: 30 copies of one point"),
        (np.random.default_rng(0).normal(size=(19, 2)), "at least 20 points, got 19"),
        (np.zeros(30), "shape \\(n_points, n_features\\), got \\(30,\\)"),
        (np.full((30, 2), np.nan), "must be finite"),
        (np.eye(30), "must lie at different distances"),
        (np.arange(20001.0)[:, None], "at most 20000 for a sum over all pairs, got 20001"),
    ],
)
def test_bad_clouds_are_refused(cloud, message):
    with pytest.raises(ValueError, match=message):
        compute_correlation_sum(cloud)


def test_bad_options_are_refused():
    cloud = make_cloud("square", 40)
    with pytest.raises(ValueError, match="equal steps of log r"):
        compute_correlation_sum(cloud, radii=np.linspace(0.1, 1, 20))
    with pytest.raises(ValueError, match="at least 16 positive numbers"):
        compute_correlation_sum(cloud, radii=np.geomspace(0.1, 1, 9))
    with pytest.raises(ValueError, match="exclude must leave pairs over, got 35 for 40"):
        compute_correlation_sum(cloud, exclude=35)
    with pytest.raises(ValueError, match="weights must have one row for each of 40 points"):
        compute_correlation_sum(cloud, weights=np.ones((39, 2), dtype=np.int64))


@pytest.mark.parametrize("n_points", [20_001, 20_000])
def test_too_many_points_are_refused_before_anything_is_drawn(n_points, monkeypatch):
    monkeypatch.setenv("FEATGRAPH_MEMORY", "0.5")
    monkeypatch.setattr(correlation_sum, "draw_weights", None)
    points = np.random.default_rng(0).normal(size=(n_points, 2))
    with pytest.raises((ValueError, MemoryError), match="20000|3.73 GiB"):
        compute_correlation_sum(points, n_resamples=100)


@given(seed=st.integers(0, 99), n_copies=st.integers(0, 30), width=st.integers(1, 3))
def test_close_pairs_are_those_of_all_pairs(seed, n_copies, width):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(30, width))
    points[:n_copies] = points[rng.integers(30, size=n_copies)] + 0.01 * rng.random()
    apart = np.linalg.norm(points[:, None] - points, axis=2)
    expected = np.argwhere(np.triu(apart <= 0.05, 1)).tolist()
    assert sorted(find_close_pairs(points, 0.05).tolist()) == expected


def test_copies_in_many_dimensions_are_looked_for_without_a_tree(monkeypatch):
    monkeypatch.setattr("scipy.spatial.KDTree", None)
    points = np.random.default_rng(0).normal(size=(3000, 16))
    points[:50] = points[50:100]
    assert find_distinct(points).tolist() == [*range(50), *range(100, 3000)]
    with pytest.raises(TypeError, match="NoneType"):
        find_close_pairs(np.zeros((10, 1)), 1.0)  # all of them close: a tree


def test_whole_numbers_are_counted_alike_in_any_order():
    for seed in range(20):
        rng = np.random.default_rng(seed)
        cloud = rng.permutation(np.argwhere(np.ones((12, 12))))[:60].astype(float)
        one, other = (compute_correlation_sum(part) for part in (cloud, rng.permutation(cloud)))
        np.testing.assert_array_equal(other.counts, one.counts)
