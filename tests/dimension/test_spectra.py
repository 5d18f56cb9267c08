"""Box masses and sandboxes: flat spectra, bifractal flowers, D_0, twins, bad input."""

from __future__ import annotations

import math

import networkx as nx
import numba
import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose

from featgraph.boxes import box_counts
from featgraph.datasets import make_flower, make_lattice, make_path
from featgraph.dimension import ball_masses, multifractal_boxes, multifractal_sandbox
from featgraph.dimension.fit import fit_curve
from featgraph.dimension.multifractal import measure_moments
from featgraph.graph import FeatureGraph
from tests.naive import fractality as naive

COMPILED = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="thousands of nodes need compiled kernels"
)


@given(
    n_nodes=st.integers(1, 9),
    pairs=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), max_size=14),
    radii=st.lists(st.integers(0, 6), min_size=1, max_size=4, unique=True),
)
def test_balls_equal_their_twin(n_nodes, pairs, radii):
    edges = [(i, j) for i, j in pairs if i < j < n_nodes]
    distinct = sorted(set(edges))
    graph = FeatureGraph.from_edges(np.array(distinct).reshape(-1, 2), n_nodes=n_nodes)
    neighbours = [graph.neighbors(i).tolist() for i in range(n_nodes)]
    found = ball_masses(graph, np.array(sorted(radii)))
    assert found.tolist() == naive.ball_masses(neighbours, sorted(radii))


@given(
    masses=st.lists(st.integers(1, 50), min_size=1, max_size=8),
    q=st.lists(st.floats(-8, 8), min_size=1, max_size=4, unique=True),
)
def test_moments_equal_their_twin(masses, q):
    moments = np.array(sorted(q))
    sums, means = measure_moments(np.array(masses) / sum(masses), moments)
    assert_allclose(sums, [naive.log_partition_sum(masses, x) for x in moments], atol=1e-9)
    # the second is the derivative of the first
    step = 1e-5
    ahead, _ = measure_moments(np.array(masses) / sum(masses), moments + step)
    behind, _ = measure_moments(np.array(masses) / sum(masses), moments - step)
    assert_allclose(means, (ahead - behind) / (2 * step), rtol=1e-5, atol=1e-6)


def test_balls_of_a_torus_have_exact_masses():
    masses = ball_masses(make_lattice((30, 30), periodic=True), np.arange(1, 8))
    radii = np.arange(1, 8)
    assert_allclose(masses, np.tile(2 * radii**2 + 2 * radii + 1, (900, 1)))


def test_monofractal_lattices_have_flat_spectra():
    plane = multifractal_sandbox(make_lattice((40, 40), periodic=True), window=(4, 38))
    assert plane.width < 1e-9
    assert_allclose(plane.dimensions, 2, rtol=0.02)  # (1 + 2r)² + 1 is not quite a square
    space = multifractal_sandbox(make_lattice((20, 20, 20), periodic=True), n_centers=20,
                                 radii=[3, 4, 5, 6, 7, 8, 9])  # fmt: skip
    assert_allclose(space.dimensions, 3, rtol=0.03)
    assert_allclose(space.f, space.alpha, rtol=1e-9)  # one strength, on a support of all


@COMPILED
def test_flower_is_bifractal():
    # Furuya & Yakubo: D_q = 2 for q < 2, q/(q − 1) beyond; finite sizes round the corner
    graph = make_flower(2, 2, 6)
    sand = multifractal_sandbox(graph, scale=2, window=(4, 32))
    boxes = multifractal_boxes(graph, method="memb", scale=2, window=(4, 32), repeats=2)
    for spectrum in (sand, boxes):
        assert_allclose([spectrum.dimension(q) for q in (-3, 0, 1)], 2, rtol=0.09)
        assert_allclose(spectrum.dimension(5), 5 / 4, rtol=0.13)
        assert spectrum.width > 0.8
        assert np.all(np.diff(spectrum.dimensions) < 1e-9)  # D_q never rises with q


def test_zeroth_dimension_is_the_box_dimension():
    graph = make_flower(2, 2, 5)
    sizes = [1, 2, 3, 5, 7, 11, 15]
    spectrum = multifractal_boxes(
        graph, q=[0, 1, 2], sizes=sizes, method="greedy", order="index", repeats=1, window="all"
    )
    counts = box_counts(graph, sizes=sizes, method="greedy", order="index", progress=False)
    usable = counts.counts > 1
    fit = fit_curve(
        counts.sizes[usable].astype(float), counts.counts[usable].astype(float), window="all"
    )
    assert_allclose(spectrum.dimension(0), fit.dimension, rtol=1e-9)
    assert_allclose(spectrum.dimension_error[0], fit.standard_error, rtol=1e-9)


def test_identities_of_the_spectrum():
    spectrum = multifractal_sandbox(make_flower(2, 3, 4), rng=1)
    assert_allclose(spectrum.f, spectrum.q * spectrum.alpha - spectrum.tau, atol=1e-9)
    away = spectrum.q != 1
    assert_allclose(
        spectrum.tau[away], (spectrum.q[away] - 1) * spectrum.dimensions[away], atol=1e-9
    )
    one = np.flatnonzero(spectrum.q == 1)
    assert_allclose(spectrum.f[one], spectrum.alpha[one], atol=1e-9)
    assert np.all(spectrum.dimension_error >= 0)
    assert len(spectrum.to_rows()) == spectrum.q.size
    assert "MultifractalSpectrum(method='sandbox'" in repr(spectrum)


def test_seed_and_centres():
    graph = make_flower(2, 2, 5)
    first, again = (multifractal_sandbox(graph, n_centers=100, rng=4) for _ in range(2))
    assert_allclose(first.dimensions, again.dimensions, rtol=0)
    assert_allclose(first.dimension_error, again.dimension_error, rtol=0)


def test_largest_component_is_analysed():
    graph = nx.disjoint_union(nx.cycle_graph(120), nx.path_graph(30))
    spectrum = multifractal_sandbox(graph, window=(2, 40))
    assert (spectrum.n_nodes, spectrum.node_share) == (120, 0.8)
    assert_allclose(spectrum.dimension(0), 1, rtol=1e-9)  # M = 2r + 1


@pytest.mark.parametrize("measure", [multifractal_boxes, multifractal_sandbox])
@pytest.mark.parametrize(
    "graph",
    [nx.empty_graph(1), nx.empty_graph(4), nx.complete_graph(6)],
    ids=["single", "edgeless", "complete"],
)
def test_too_few_sizes_say_how_many_are_needed(measure, graph):
    with pytest.raises(ValueError, match="sizes must hold at least 4 with more than one box"):
        measure(graph)


def test_bad_options():
    path = make_path(60)
    with pytest.raises(ValueError, match="q must hold at least one finite number"):
        multifractal_sandbox(path, q=[math.nan])
    with pytest.raises(ValueError, match="window must hold at least 4 sizes"):
        multifractal_sandbox(path, window=(2, 4))
    with pytest.raises(ValueError, match="did you mean 'memb'"):
        multifractal_boxes(path, method="mamb")
    with pytest.raises(ValueError, match="method must be one of"):
        multifractal_boxes(path, method="fuzzy")
    with pytest.raises(ValueError, match="n_centers must be a whole number of at least 1"):
        multifractal_sandbox(path, n_centers=0)
    with pytest.raises(ValueError, match=r"q must lie in \[-5, 5\], got 9"):
        multifractal_sandbox(path).dimension(9)
