"""Degrees, strengths and tails: agreement with networkx and the powerlaw package, known laws."""

from __future__ import annotations

import math
import warnings

import networkx as nx
import numpy as np
import pytest
from scipy.special import zeta

from featgraph.graph import (
    FeatureGraph,
    as_feature_graph,
    degree_assortativity,
    degree_statistics,
    edge_strengths,
    fit_tail,
    node_strengths,
    with_edge_weight,
)

powerlaw = pytest.importorskip("powerlaw")


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_assortativity_is_that_of_networkx(seed):
    net = nx.gnp_random_graph(60, 0.1, seed=seed)
    expected = nx.degree_pearson_correlation_coefficient(net)
    # a quotient of sums in another order
    assert degree_assortativity(as_feature_graph(net)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("net", [nx.cycle_graph(5), nx.empty_graph(3), nx.complete_graph(4)])
def test_assortativity_of_equal_degrees_is_undefined(net):
    assert math.isnan(degree_assortativity(as_feature_graph(net)))


def weighted_path():
    return FeatureGraph.from_edges([(0, 1), (1, 2), (2, 3)], weights=[0.5, 1.0, 0.0], epsilon=2.0)


def test_strengths_grow_as_distances_shrink():
    graph = weighted_path()
    assert edge_strengths(graph).tolist() == [0.75, 0.5, 1.0]
    assert node_strengths(graph).tolist() == [0.75, 1.25, 1.5, 1.0]
    assert node_strengths(graph, weight="given").tolist() == [0.5, 1.5, 1.0, 0.0]
    assert node_strengths(graph, weight="none").tolist() == [1, 2, 2, 1]
    np.testing.assert_array_equal(with_edge_weight(graph, "similarity").edges, graph.edges)
    assert with_edge_weight(graph, "none").weights is None


def test_strengths_need_distances():
    graph = FeatureGraph.from_edges([(0, 1)], weights=[-1.0])
    with pytest.raises(ValueError, match="weights must be distances of at least 0, got -1"):
        edge_strengths(graph)
    with pytest.raises(ValueError, match="did you mean 'similarity'"):
        node_strengths(graph, weight="similrity")


def test_a_power_law_is_found_with_its_exponent():
    rng = np.random.default_rng(1)
    sample = (1 - rng.random(2000)) ** (-1 / 1.8)
    fit = fit_tail(sample)
    assert fit.exponent == pytest.approx(2.8, abs=4 * fit.standard_error)
    assert fit.rivals["exponential"].ratio > 0
    assert fit.verdict == "power law"


def test_an_exponential_is_not_taken_for_a_power_law():
    fit = fit_tail(np.random.default_rng(0).exponential(size=2000))
    assert fit.rivals["exponential"].ratio < 0
    assert fit.verdict != "power law"


def test_steep_tails_are_not_cut_at_the_bound_of_the_package():
    sample = (1 - np.random.default_rng(0).random(1000)) ** (-1 / 3.5)
    assert fit_tail(sample).exponent == pytest.approx(4.5, abs=0.5)


def fit_of_the_package(values, x_min):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        ranges = {"alpha": [1.0, None]}
        return powerlaw.Fit(values, discrete=True, xmin=x_min, verbose=0, parameter_ranges=ranges)


def test_discrete_fits_are_those_of_the_package_where_it_reaches_the_maximum():
    degrees = as_feature_graph(nx.barabasi_albert_graph(600, 3, seed=2)).degrees
    ours = fit_tail(degrees)
    theirs = fit_of_the_package(degrees, ours.x_min)
    assert ours.discrete
    assert ours.exponent == pytest.approx(theirs.power_law.alpha, rel=1e-4)
    assert ours.distance == pytest.approx(theirs.power_law.D, rel=1e-3)
    ratio, p_value = theirs.distribution_compare("power_law", "exponential")
    assert ours.rivals["exponential"] == pytest.approx((ratio, p_value), rel=1e-3)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_steep_tails_of_whole_numbers_reach_the_maximum_of_the_likelihood(seed):
    degrees = as_feature_graph(nx.gnp_random_graph(400, 0.4, seed=seed)).degrees
    ours = fit_tail(degrees)
    tail = degrees[degrees >= ours.x_min]
    exponents = np.arange(1.05, 120, 0.01)
    likelihoods = -exponents * np.log(tail).mean() - np.log(zeta(exponents, ours.x_min))
    assert ours.exponent == pytest.approx(exponents[likelihoods.argmax()], abs=0.01)


@pytest.mark.parametrize("least", [10**5, 10**8])
def test_tails_steeper_than_zeta_can_be_computed_for_take_the_steepest(least):
    fit = fit_tail(least + np.random.default_rng(0).poisson(3, size=200))
    assert fit.exponent == pytest.approx(1 + 600 / math.log(least), rel=0.02)
    assert fit.verdict != "power law"


def test_samples_without_a_tail_have_no_fit():
    for sample in ([3] * 20, [1, 2, 3], [], [0, 0]):
        fit = fit_tail(sample)
        assert math.isnan(fit.exponent)
        assert fit.verdict == "undecided"
    short = fit_tail(np.arange(1, 30))
    assert short.verdict == "undecided"


def test_bad_samples():
    with pytest.raises(ValueError, match="values must be finite and at least 0"):
        fit_tail([1, -1])
    with pytest.raises(ValueError, match="whole numbers if discrete=True"):
        fit_tail([1.5, 2], discrete=True)


@pytest.mark.parametrize("net", [nx.empty_graph(1), nx.empty_graph(3), nx.complete_graph(5)])
def test_statistics_of_extreme_graphs(net):
    result = degree_statistics(net)
    assert result.distribution[1].sum() == pytest.approx(1)
    assert result.strengths is None
    assert result.degree_tail.verdict == "undecided"
    assert result.to_rows()[0]["max_degree"] == max(dict(net.degree).values())


def test_statistics_of_a_weighted_graph():
    result = degree_statistics(weighted_path())
    assert result.strengths.tolist() == [0.75, 1.25, 1.5, 1.0]
    values, shares = result.distribution
    assert (values.tolist(), shares.tolist()) == ([1, 2], [0.5, 0.5])
    assert "strength_tail_verdict" in result.to_rows()[0]
    assert degree_statistics(weighted_path(), weight="none").strengths is None


@pytest.mark.parametrize("scale", [1e-20, 1e20])
def test_the_unit_of_a_sample_does_not_matter(scale):
    pytest.importorskip("powerlaw")
    sample = np.random.default_rng(0).lognormal(size=600)
    one, other = fit_tail(sample), fit_tail(scale * sample)
    assert not other.discrete
    assert other.exponent == pytest.approx(one.exponent, rel=1e-9)
    assert other.x_min == pytest.approx(scale * one.x_min, rel=1e-9)
    for name, test in one.rivals.items():
        assert other.rivals[name].ratio == pytest.approx(test.ratio, abs=1e-6)
    rates = [fit.parameters["exponential"]["Lambda"] for fit in (one, other)]
    assert scale * rates[1] == pytest.approx(rates[0], rel=1e-6)
