"""Comparison of two layers' feature networks: curves, spectra, portraits."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from featgraph import similarity as sim
from featgraph.graph import FeatureGraph, as_feature_graph
from featgraph.selfsimilarity import ss_rate


@st.composite
def graphs(draw):
    n = draw(st.integers(2, 9))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    pairs = np.argwhere(np.triu(rng.random((n, n)) < draw(st.floats(0, 1)), 1))
    return FeatureGraph.from_edges(pairs.reshape(-1, 2), n_nodes=n)


def slow_portrait(graph):
    """Bagrow and Bollt's definition, by networkx path lengths."""
    paths = dict(nx.all_pairs_shortest_path_length(graph))
    longest = max(max(row.values()) for row in paths.values())
    n = graph.number_of_nodes()
    portrait = [[0] * (n + 1) for _ in range(longest + 1)]
    for row in paths.values():
        for level in range(longest + 1):
            portrait[level][sum(d == level for d in row.values())] += 1
    return portrait


def slow_divergence(first, second):
    sides = []
    for graph in (first, second):
        portrait = slow_portrait(graph)
        n = graph.number_of_nodes()
        paths = sum(len(c) ** 2 for c in nx.connected_components(graph))
        sides.append(
            {
                (level, k): row[k] / n * sum(j * row[j] for j in range(len(row))) / paths
                for level, row in enumerate(portrait)
                for k in range(len(row))
                if row[k]
            }
        )
    total = 0.0
    for key in set(sides[0]) | set(sides[1]):
        p, q = (side.get(key, 0.0) for side in sides)
        for x in (p, q):
            if x > 0:
                total += x * np.log2(2 * x / (p + q)) / 2
    return total


@given(graph=graphs())
def test_portrait_equals_networkx(graph):
    np.testing.assert_array_equal(sim.network_portrait(graph), slow_portrait(graph.to_networkx()))


@given(first=graphs(), second=graphs())
def test_portrait_divergence_equals_slow_twin(first, second):
    ours = sim.portrait_divergence(first, second)
    assert ours == pytest.approx(
        slow_divergence(first.to_networkx(), second.to_networkx()), abs=1e-9
    )
    assert 0 <= ours <= 1
    assert sim.portrait_divergence(first, first) == 0


@settings(max_examples=25)
@given(first=graphs(), second=graphs())
def test_spectrum_distance_equals_networkx_spectra(first, second):
    spectra = []
    for graph in (first, second):
        laplacian = nx.normalized_laplacian_matrix(graph.to_networkx()).toarray()
        spectra.append(np.linalg.eigvalsh(laplacian))
    # quantile functions on a grid that both sizes divide
    n, m = (len(s) for s in spectra)
    wide = [np.repeat(spectra[0], m), np.repeat(spectra[1], n)]
    expected = np.abs(np.sort(wide[0]) - np.sort(wide[1])).mean()
    ours = sim.spectrum_distance(first, second)
    assert ours == pytest.approx(expected, abs=1e-9)
    assert ours <= 1 + 1e-9


def test_known_spectra():
    complete = as_feature_graph(nx.complete_graph(5))
    empty = FeatureGraph.from_edges(np.empty((0, 2), dtype=int), n_nodes=3)
    # K5 has eigenvalues 0 and four times 5/4; isolated nodes 0: all mass moves 1 on average
    assert sim.spectrum_distance(complete, empty) == pytest.approx(1.0)


@settings(max_examples=15)
@given(seed=st.integers(0, 10**6), estimator=st.sampled_from(["linkage", "packing", "released"]))
def test_box_count_distance_bounds_the_difference_of_ss_rates(seed, estimator):
    rng = np.random.default_rng(seed)
    X, Y = rng.normal(size=(20, 12)), rng.normal(size=(20, 15)) ** 3
    gap = abs(float(ss_rate(X.T, estimator=estimator)) - float(ss_rate(Y.T, estimator=estimator)))
    area = sim.box_count_distance(X, Y, estimator=estimator, n_theta=2000)
    assert gap <= 2 * area + 0.01  # the curve is sampled, SS_rate is integrated exactly


def test_samples_may_differ_and_options_are_checked():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(20, 12)), rng.normal(size=(33, 12))
    for function in (sim.box_count_distance, sim.spectrum_distance, sim.portrait_divergence):
        assert function(X, Y) >= 0
    with pytest.raises(ValueError, match="estimator must be one of"):
        sim.box_count_distance(X, Y, estimator="boxes")
    with pytest.raises(ValueError, match="n_theta must be a whole number of at least 2"):
        sim.box_count_distance(X, Y, n_theta=1)
    with pytest.raises(ValueError, match="all distances equal"):
        sim.box_count_distance(np.ones((5, 4)), Y)
