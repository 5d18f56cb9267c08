import math
import warnings

import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.invariance import (
    compute_correlation_sum,
    fit_correlation_dimension,
    measure_correlation_dimension,
)
from featgraph.invariance.correlation_dimension import longest_plateau
from tests.naive import invariance as naive
from tests.naive.clouds import CLOUDS, make_cloud, move


@pytest.mark.parametrize("name", CLOUDS)
def test_known_dimension(name):
    _, dim, shortfall = CLOUDS[name]
    fit = measure_correlation_dimension(make_cloud(name, 1000), n_resamples=0)
    assert fit.has_plateau
    assert dim * (1 - shortfall) < fit.dimension < dim * 1.06


@pytest.mark.parametrize("name", ["swiss roll", "3-cube", "5-sphere"])
@pytest.mark.parametrize("scale", [1e-8, 3.0, 1e12])
def test_scaled_moved_and_rotated_clouds_have_the_same_dimension(name, scale):
    cloud = make_cloud(name, 400)
    one = measure_correlation_dimension(cloud, n_resamples=0)
    other = measure_correlation_dimension(move(cloud, scale=scale), n_resamples=0)
    assert other.dimension == pytest.approx(one.dimension, rel=1e-6)
    np.testing.assert_allclose(other.window, one.window, rtol=1e-6)


def test_interval_holds_the_true_dimension_of_most_spheres():
    inside = 0
    for seed in range(20):
        fit = measure_correlation_dimension(
            make_cloud("2-sphere", 150, seed), n_resamples=40, rng=seed
        )
        inside += fit.interval[0] < 2 < fit.interval[1]
    assert inside >= 17


def test_agrees_with_correlation_integral_of_scikit_dimension():
    skdim = pytest.importorskip("skdim")
    for name in ("square", "2-sphere", "3-torus"):
        cloud = make_cloud(name, 1000)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = skdim.id.CorrInt().fit(cloud).dimension_
        ours = measure_correlation_dimension(cloud, n_resamples=0).dimension
        # Theirs rests on the 10th and 20th neighbour alone, ours on a range of radii.
        assert ours == pytest.approx(theirs, rel=0.08)


@given(
    steps=st.lists(st.integers(0, 60), min_size=12, max_size=26),
    least=st.sampled_from([1, 20]),
    growth=st.sampled_from([1.5, 4.0]),
)
def test_longest_plateau_equals_naive(steps, least, growth):
    counts = 5.0 + np.cumsum(np.asarray(steps, dtype=np.float64))
    x = 0.2 * np.arange(counts.size)
    arguments = (2, 0.1, least, counts[-1] - 3, growth)
    found = longest_plateau(x, counts, *arguments)
    assert tuple(found) == naive.plateau(x.tolist(), counts.tolist(), *arguments)


def test_plateau_of_an_exact_power_law_is_all_of_it():
    x = 0.1 * np.arange(60)
    counts = np.floor(30 * np.exp(2 * x))
    first, last = longest_plateau(x, counts, 2, 0.1, 20.0, counts[-1], 10.0)
    assert (first, last) == (0, 59)


def test_two_tight_clusters_have_no_plateau_above_their_own_size():
    rng = np.random.default_rng(0)
    cloud = np.concatenate([rng.normal(size=(60, 20)), rng.normal(size=(60, 20)) + 40])
    fit = measure_correlation_dimension(cloud, n_resamples=0)
    # The radii fitted never reach from one cluster to the other.
    assert fit.window[1] < 0.5


def test_a_curve_that_bends_everywhere_says_so():
    # A geometric sequence: every decade of r adds the same number of points.
    fit = measure_correlation_dimension((0.8 ** np.arange(150))[:, None], n_resamples=0)
    assert not fit.has_plateau
    assert math.isfinite(fit.dimension)


def test_given_window_is_used():
    total = compute_correlation_sum(make_cloud("square", 300))
    fit = fit_correlation_dimension(total, window=(0.1, 0.3))
    assert 0.1 <= fit.window[0] < fit.window[1] <= 0.3
    slope = naive.line(
        np.log(total.radii[fit.in_window]).tolist(), np.log(total.values[fit.in_window]).tolist()
    )
    assert fit.dimension == pytest.approx(slope, rel=1e-9)
    # The fitted line passes through the curve.
    np.testing.assert_allclose(
        fit.predict(total.radii[fit.in_window]), total.values[fit.in_window], rtol=0.1
    )
    with pytest.raises(ValueError, match="at least 5 radii in the window .* got 0"):
        fit_correlation_dimension(total, window=(1e-9, 1e-8))


def test_local_slopes_scatter_around_the_dimension():
    fit = measure_correlation_dimension(make_cloud("circle", 600), n_resamples=0)
    inside = fit.local_slopes[fit.in_window]
    assert np.nanmedian(inside) == pytest.approx(fit.dimension, rel=0.05)
    assert np.isnan(fit.local_slopes[:2]).all()


def test_ceiling_grows_with_the_number_of_points():
    assert measure_correlation_dimension(
        make_cloud("square", 100), n_resamples=0
    ).ceiling == pytest.approx(4.0)


def test_same_seed_gives_the_same_interval():
    cloud = make_cloud("square", 80)
    intervals = {measure_correlation_dimension(cloud, n_resamples=8, rng=3).interval for _ in "ab"}
    assert len(intervals) == 1
    assert measure_correlation_dimension(cloud, n_resamples=0).interval is None


def test_too_few_points_for_a_window_are_refused():
    with pytest.raises(ValueError, match="use more points"):
        measure_correlation_dimension(make_cloud("square", 20), n_resamples=0)
    with pytest.raises(ValueError, match="confidence must lie strictly"):
        measure_correlation_dimension(make_cloud("square", 60), confidence=0)
    with pytest.raises(ValueError, match="tolerance must be a finite number above 0"):
        measure_correlation_dimension(make_cloud("square", 60), tolerance=0)
