"""Fractal or not: graphs whose answer is known, intervals, and input without an answer."""

from __future__ import annotations

import math

import networkx as nx
import numba
import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose

from featgraph.boxes import BoxCounts, box_counts
from featgraph.datasets import (
    make_barabasi_albert,
    make_cycle,
    make_flower,
    make_lattice,
    make_song_havlin_makse,
    make_tree,
    make_watts_strogatz,
)
from featgraph.dimension import fractality
from featgraph.dimension.model_selection import size_grid, thin_sizes

FAST = {"method": "greedy", "rng": 0, "jobs": 1, "n_resamples": 60}


COMPILED = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="thousands of nodes need compiled kernels"
)


@COMPILED
@pytest.mark.parametrize("generation", [5, 6])
def test_flower_is_fractal_with_its_exact_dimension(generation):
    # the minimum at 1 + ℓ = 2^k is 2·4^(g−k), so that the slope is exactly 2
    result = fractality(make_flower(2, 2, generation), scale=2, **FAST)
    expected = [2 * 4 ** (generation - k) for k in range(1, result.fit.counts.size + 1)]
    assert result.fit.counts.tolist() == expected
    assert result.verdict == "fractal"
    assert_allclose(result.dimension, 2, rtol=1e-9)


@COMPILED
def test_flower_33_by_balls_is_within_five_per_cent():
    # n_g = (4·6^g + 6)/5 balls of radius (3^k − 1)/2: the offset costs 4 % at these sizes
    result = fractality(make_flower(3, 3, 4), scale=3, method="memb", rng=0, jobs=1)
    assert result.fit.counts.tolist() == [174, 30, 6, 2]
    window = fractality(make_flower(3, 3, 5), scale=3, method="memb", rng=0, jobs=1)
    assert_allclose(window.dimension, math.log(6) / math.log(3), rtol=0.05)


@COMPILED
def test_song_havlin_makse_in_both_modes():
    fractal = fractality(make_song_havlin_makse(2, 1, 5), scale=3, method="memb", rng=0, jobs=1)
    assert fractal.fit.counts[:4].tolist() == [626, 126, 26, 6]
    slope = -np.polyfit(np.log1p([2, 8, 26]), np.log([626, 126, 26]), 1)[0]
    assert_allclose(slope, math.log(5) / math.log(3), rtol=0.03)
    assert fractality(make_song_havlin_makse(2, 1, 4), **FAST).verdict == "fractal"
    small = fractality(make_song_havlin_makse(2, 1, 5, keep=1.0), **FAST)
    assert small.verdict != "fractal"
    assert small.ratio > 1


@COMPILED
@pytest.mark.parametrize(
    ("graph", "known", "loss"),
    [
        (make_cycle(300), 1, 0.06),
        (make_lattice((40, 40)), 2, 0.16),  # greedy covers waste more at larger sizes
        (make_lattice((12, 12, 12)), 3, 0.3),  # and 12 to the side leave little room
    ],
    ids=["cycle", "2d", "3d"],
)
def test_lattices_are_fractal(graph, known, loss):
    result = fractality(graph, **FAST)
    assert result.verdict == "fractal"
    assert (1 - loss) * known < result.dimension < 1.05 * known


@COMPILED
@pytest.mark.parametrize(
    ("graph", "verdict"),
    [
        (make_barabasi_albert(3000, 1, rng=0), "not fractal"),
        (make_barabasi_albert(1000, 2, rng=0), "not fractal"),  # five sizes: its balls decide
        (make_watts_strogatz(2000, 4, 0.1, rng=0), "not fractal"),
        (make_watts_strogatz(2000, 4, 0.01, rng=0), "undecided"),  # a line up to its shortcuts
        (make_tree(9), "not fractal"),
    ],
    ids=["ba1", "ba2", "ws0.1", "ws0.01", "tree"],
)
def test_small_worlds_do_not_come_out_fractal(graph, verdict):
    assert fractality(graph, **FAST).verdict == verdict


def make_counts(sizes, counts, **options):
    return BoxCounts(
        np.asarray(sizes),
        np.atleast_2d(counts),
        "greedy",
        "diameter",
        int(np.ceil(np.max(counts))),
        **options,
    )


@given(dimension=st.floats(0.6, 2.5), n_resamples=st.just(20))
def test_exact_power_law_leaves_no_doubt(dimension, n_resamples):
    sizes = np.array([0, 1, 2, 3, 5, 7, 11, 15, 23, 31])
    counts = 1e6 * (1.0 + sizes) ** -dimension
    result = fractality(make_counts(sizes, counts), n_resamples=n_resamples)
    assert result.verdict == "fractal"
    assert_allclose(result.dimension_interval, dimension, rtol=1e-9)
    assert result.delta_aicc > 10
    assert result.agreement == 1


def test_exact_exponential_is_not_fractal():
    sizes = np.arange(1, 13)
    result = fractality(make_counts(sizes, 1e5 * np.exp(-0.7 * sizes)))
    assert result.verdict == "not fractal"
    assert result.ratio_interval[0] > 1
    assert result.delta_aicc < -10


def test_intervals_widen_with_the_spread_of_runs():
    sizes = np.array([2, 3, 4, 6, 8, 11, 15, 20])
    exact = np.rint(1e5 * (1.0 + sizes) ** -1.5)
    rng = np.random.default_rng(0)
    noisy = np.rint(exact * np.exp(np.abs(rng.normal(scale=0.2, size=(6, sizes.size)))))
    calm = fractality(make_counts(sizes, exact))
    wide = fractality(make_counts(sizes, noisy))
    assert np.ptp(wide.dimension_interval) > 3 * np.ptp(calm.dimension_interval)
    low, high = wide.dimension_interval
    assert low < 1.5 < high


def test_curves_of_several_methods_are_pooled():
    graph = make_flower(2, 2, 4)
    sizes = size_grid(20)
    curves = [
        box_counts(graph, sizes=sizes, method=name, rng=0, jobs=1, progress=False)
        for name in ("greedy", "cbb")
    ]
    both = fractality(curves)
    lowest = np.minimum(curves[0].counts, curves[1].counts)
    kept = np.isin(curves[0].sizes, both.fit.sizes)
    assert both.fit.counts.tolist() == lowest[kept].tolist()


@COMPILED
def test_a_verdict_that_draws_disagree_on_is_withheld():
    graph = make_watts_strogatz(2000, 4, 0.03, rng=0)
    whole = fractality(graph, **FAST)
    result = fractality(whole.counts, rng=0, n_resamples=60)  # without the growth of balls
    assert whole.verdict == "not fractal"
    assert result.ratio > 1
    assert result.agreement < 0.8
    assert result.verdict == "undecided"
    assert "a verdict needs 80%" in result.explanation


def test_disconnected_graph_is_judged_by_its_largest_component():
    graph = nx.disjoint_union(nx.cycle_graph(200), nx.path_graph(50))
    result = fractality(graph, **FAST)
    assert_allclose(result.node_share, 0.8)
    assert result.verdict == "fractal"
    assert_allclose(result.dimension, fractality(nx.cycle_graph(200), **FAST).dimension)


def test_same_seed_same_answer():
    graph = make_barabasi_albert(300, 1, rng=1)
    first, again = (fractality(graph, **{**FAST, "rng": 3}) for _ in range(2))
    assert first.to_rows()[0] == again.to_rows()[0]


def test_window_range_and_texts():
    result = fractality(make_lattice((20, 20)), **FAST)
    low, high = result.window_range
    assert low <= result.dimension <= high
    assert str(result).startswith(result.verdict)
    assert "Fractality(verdict=" in repr(result)


def test_size_grid_and_thinning():
    assert size_grid(10, scale=2) == [1, 3, 7]
    assert size_grid(10, kind="radius", scale=3) == [1, 4]
    kept = thin_sizes(np.arange(40.0))
    assert np.all(np.diff(np.log1p(np.arange(40.0)[kept])) >= math.log(1.3) - 1e-9)
    assert thin_sizes(np.linspace(1, 3, 256), space="metric").size <= 16


@pytest.mark.parametrize(
    "graph",
    [nx.empty_graph(1), nx.empty_graph(5), nx.complete_graph(8), nx.path_graph(3)],
    ids=["single", "edgeless", "complete", "short path"],
)
def test_too_few_sizes_says_how_many_are_needed(graph):
    with pytest.raises(ValueError, match="at least 4 sizes with more than one box.*got [0-3]"):
        fractality(graph, **FAST)


def test_bad_options():
    graph = make_flower(2, 2, 4)
    with pytest.raises(ValueError, match="spacing must be a ratio of at least 1, got 0.5"):
        fractality(graph, spacing=0.5)
    with pytest.raises(ValueError, match="n_resamples must be a whole number of at least 20"):
        fractality(graph, n_resamples=3)
    with pytest.raises(ValueError, match="confidence must lie strictly between"):
        fractality(graph, confidence=1)
    with pytest.raises(ValueError, match="did you mean 'greedy'"):
        fractality(graph, method="gredy")
    with pytest.raises(ValueError, match="counts must hold at least one BoxCounts"):
        fractality([])
    with pytest.raises(ValueError, match="weight must be None or 'ignore'"):
        fractality(graph, weight="distance")
    counts = make_counts([0, 1, 2, 3, 4], [50, 30, 20, 12, 8])
    with pytest.raises(ValueError, match="powers of scale=5"):
        fractality(counts, scale=5)
    with pytest.raises(ValueError, match="one graph and unit, got n_nodes"):
        fractality([counts, make_counts([0, 1], [9, 3])])


@pytest.mark.parametrize("scale", [10**6, 2**62])
def test_a_scale_that_no_size_fits_is_named(scale):
    with pytest.raises(ValueError, match=rf"scale must leave a size of at most .* got {scale}"):
        fractality(make_flower(2, 2, 3), scale=scale, **FAST)
