"""The fit: exact slopes, window choice, model weights, verdicts, bad input."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose

from featgraph.boxes import BoxCounts
from featgraph.dimension import DimensionFit, fit_dimension
from featgraph.dimension.fit import _student_quantile, fit_curve
from tests.naive import dimension as naive

SIZES = np.array([0, 1, 2, 3, 4, 6, 8, 11, 15, 19], dtype=np.float64)


def make_counts(sizes, counts, **options):
    return BoxCounts(
        sizes=np.asarray(sizes),
        counts_per_repeat=np.atleast_2d(np.asarray(counts, dtype=np.int64)),
        method="greedy",
        kind=options.pop("kind", "diameter"),
        n_nodes=int(np.max(counts)),
        **options,
    )


@given(dimension=st.floats(0.3, 5.0), scale=st.floats(20.0, 1e6))
def test_power_law_is_recovered(dimension, scale):
    counts = scale * (1 + SIZES) ** -dimension
    if np.sum(counts > 1) < 4:
        return
    fit = fit_curve(SIZES, counts)
    assert_allclose(fit.dimension, dimension, rtol=1e-9)  # exact data, rounding only
    assert fit.rmse_power < 1e-9


@given(
    noise=st.lists(st.floats(-0.3, 0.3), min_size=10, max_size=10),
    dimension=st.floats(0.5, 3.0),
)
def test_auto_window_is_the_best_of_all_windows(noise, dimension):
    counts = 1e6 * (1 + SIZES) ** -dimension * np.exp(noise)
    fit = fit_curve(SIZES, counts)
    _, _, score = naive.best_window(SIZES.tolist(), counts.tolist())
    inside = naive.fit_line(
        [float(x) for x in np.log1p(fit.sizes[fit.in_window])],
        [float(y) for y in np.log(fit.counts[fit.in_window])],
    )
    # two windows may tie, so the scores are compared, and the slope with its own window
    assert_allclose(naive.relative_error(*inside), score, rtol=1e-6)
    assert_allclose(-fit.dimension, inside[0], rtol=1e-6)
    assert_allclose(fit.standard_error, inside[1], rtol=1e-5, atol=1e-9)


def test_interval_matches_scipy():
    from scipy import stats

    rng = np.random.default_rng(0)
    counts = 1e4 * (1 + SIZES) ** -1.7 * np.exp(rng.normal(scale=0.1, size=SIZES.size))
    fit = fit_curve(SIZES, counts, window="all", confidence=0.9)
    line = stats.linregress(np.log1p(SIZES), np.log(counts))
    half = stats.t.ppf(0.95, SIZES.size - 2) * line.stderr
    assert_allclose(fit.dimension, -line.slope, rtol=1e-12)
    assert_allclose(fit.interval, (-line.slope - half, -line.slope + half), rtol=1e-9)


def test_radius_boxes_stand_at_twice_their_radius():
    radii = np.array([0, 1, 2, 4, 8, 16])
    counts = np.rint(1e6 / (1 + 2 * radii) ** 2)
    fit = fit_dimension(make_counts(radii, counts, kind="radius"), window="all")
    assert_allclose(fit.sizes, 2 * radii)
    assert_allclose(fit.dimension, 2, rtol=1e-4)  # counts are rounded to whole boxes


def test_sizes_with_one_box_are_left_out():
    fit = fit_dimension(make_counts([0, 1, 2, 3, 4, 5], [64, 16, 7, 4, 1, 1]))
    assert_allclose(fit.sizes, [0, 1, 2, 3])


def test_known_verdicts():
    sizes = np.arange(0.0, 17.0)
    assert fit_curve(sizes, 1e5 * (1 + sizes) ** -2.0).verdict == "fractal"
    assert fit_curve(sizes, 1e5 * np.exp(-0.6 * sizes)).verdict == "not fractal"
    few = fit_curve(sizes[:5], 1e5 * (1 + sizes[:5]) ** -2.0)
    assert few.verdict == "undecided"
    assert "needs 5 sizes and a factor of 8" in few.explanation


def test_model_weights_sum_to_one_and_follow_the_data():
    sizes = np.arange(0.0, 17.0)
    fit = fit_curve(sizes, 1e5 * np.exp(-0.6 * sizes))
    assert_allclose(sum(fit.weights.values()), 1, rtol=1e-12)
    assert fit.weights["power"] < 1e-6
    assert fit.ratio > 10


def test_four_points_have_no_weights_but_a_slope():
    fit = fit_curve(np.arange(4.0), 100 * (1 + np.arange(4.0)) ** -1.0)
    assert all(np.isnan(weight) for weight in fit.weights.values())
    assert_allclose(fit.dimension, 1, rtol=1e-9)


@pytest.mark.parametrize("n_nodes", [60, 240])
def test_path_has_dimension_one(n_nodes):
    from featgraph.boxes import box_counts

    divisors = [0, 1, 2, 3, 5, 9, 11]  # box lengths ℓ + 1 that divide the number of nodes
    graph = nx.path_graph(n_nodes)
    counts = box_counts(graph, sizes=divisors, method="greedy", order="index")
    assert counts.counts.tolist() == [n_nodes // (size + 1) for size in divisors]
    assert_allclose(fit_dimension(counts).dimension, 1, rtol=1e-9)


def test_saved_fit_comes_back(tmp_path):
    fit = fit_curve(SIZES, 1e4 * (1 + SIZES) ** -1.5)
    fit.save(tmp_path / "fit.json")
    again = DimensionFit.load(tmp_path / "fit.json")
    assert repr(again) == repr(fit)
    assert_allclose(again.counts, fit.counts)
    assert_allclose(again.predict(SIZES), fit.predict(SIZES))


def test_load_refuses_another_file(tmp_path):
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(ValueError, match="x.json must hold a saved DimensionFit"):
        DimensionFit.load(tmp_path / "x.json")


def test_bad_input():
    counts = make_counts([0, 1, 2], [9, 3, 1])
    with pytest.raises(ValueError, match="at least 4 sizes with more than one box.*got 2"):
        fit_dimension(counts)
    curve = 1e4 * (1 + SIZES) ** -1.5
    with pytest.raises(ValueError, match=r"window must be one of .*'auot'.*did you mean 'auto'"):
        fit_curve(SIZES, curve, window="auot")
    with pytest.raises(ValueError, match="window must hold at least 4 sizes.*got 2"):
        fit_curve(SIZES, curve, window=(1, 2))
    with pytest.raises(ValueError, match="confidence must lie strictly between 0 and 1"):
        fit_curve(SIZES, curve, confidence=1.0)


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 30, 251])
@pytest.mark.parametrize("confidence", [0.01, 0.5, 0.95, 0.999])
def test_the_quantile_is_that_of_scipy(freedom: int, confidence: float) -> None:
    from scipy.stats import t

    expected = t.ppf(0.5 + confidence / 2, freedom)
    assert _student_quantile(confidence, freedom) == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("scale", [1e4, 1e16, 1e30])
def test_an_exponential_is_one_in_any_unit(scale):
    steps = np.arange(1.0, 30.0)
    noise = 0.05 * np.random.default_rng(0).normal(size=steps.size)
    found = fit_curve(scale * steps, 5000 * np.exp(noise - 0.2 * steps))
    assert found.verdict == "not fractal"
    assert found.rmse_exponential == pytest.approx(np.std(noise), rel=0.1)
