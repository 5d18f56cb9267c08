"""Spectra of networks of weights: twins, known answers, invariances, null models, bad input."""

from __future__ import annotations

import itertools

import networkx
import numba
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from scipy import stats
from torch import nn

import featgraph as fg
from featgraph.weights.building import draw_null_graph
from featgraph.weights.exponents import count_network, count_paths, fit_own_edges, fit_paths
from featgraph.weights.network import open_network
from tests.naive import weights as naive

Q = [k / 10 for k in range(-30, 31)]


def fill(net, seed=0, std=0.05):
    generator = torch.Generator().manual_seed(seed)
    for parameter in net.parameters():
        parameter.data = std * torch.randn(parameter.shape, generator=generator)
    return net.eval()


def perceptron(seed=0, widths=(20, 24, 18)):
    layers = [nn.Linear(a, b) for a, b in itertools.pairwise(widths)]
    return fill(nn.Sequential(*[x for layer in layers for x in (layer, nn.ReLU())][:-1]), seed)


def outgoing(net):
    layers = [m for m in net if isinstance(m, nn.Linear)]
    return [row for m in layers for row in naive.lengths(m.weight.detach().double().tolist())]


@settings(max_examples=10)
@given(seed=st.integers(0, 10**6), widths=st.lists(st.integers(12, 30), min_size=2, max_size=4))
def test_released_numbers_equal_the_definition(seed, widths):
    net = perceptron(seed, widths)
    tau, alpha, f, alpha0, width, dimensions = naive.released(outgoing(net), Q)
    for subject in (net, fg.weight_graph(net)):
        found = fg.multifractal_weights(subject, sample=None, n_resamples=2)
        np.testing.assert_allclose(found.tau, tau, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.alpha, alpha, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(found.f, f, rtol=1e-7, atol=1e-9)
        assert found.alpha0 == pytest.approx(alpha0, rel=1e-7)
        assert found.width == pytest.approx(width, rel=1e-7)
        np.testing.assert_allclose(found.node_dimensions, dimensions, rtol=1e-9)


def ladder_graph(exponents, longest=40):
    """A node per exponent a with N(r) = r^a at all whole r: r^a − (r−1)^a edges of length r."""
    edges, lengths, node = [], [], len(exponents)
    for k, a in enumerate(exponents):
        for r in range(2, longest + 1):
            for _ in range(r**a - (r - 1) ** a):
                edges.append((k, node))
                lengths.append(float(r))
                node += 1
    depth = np.repeat([0, 1], [len(exponents), node - len(exponents)])
    return fg.FeatureGraph.from_edges(edges, weights=lengths, node_attributes={"depth": depth})


def test_masses_that_are_a_power_of_the_length_are_a_monofractal():
    found = fg.multifractal_weights(ladder_graph([1, 1, 1]), n_resamples=2)
    np.testing.assert_allclose(found.tau, Q, atol=1e-12)  # Z_q = 3 (r/r_max)^q
    np.testing.assert_allclose(found.alpha, 1, atol=1e-10)
    np.testing.assert_allclose(found.f, 0, atol=1e-10)
    np.testing.assert_allclose(found.node_dimensions, 1, atol=1e-12)
    assert found.width == pytest.approx(0, abs=1e-10)
    np.testing.assert_allclose(found.r_squared, 1, atol=1e-9)


def test_masses_of_two_powers_span_both():
    found = fg.multifractal_weights(
        ladder_graph([1, 1, 2]), q=np.linspace(-40, 40, 81), n_resamples=2
    )
    np.testing.assert_allclose(sorted(found.node_dimensions), [1, 1, 2], atol=1e-12)
    # the largest of the powers decides at negative q, the smallest at positive; both at r_max
    assert found.alpha[0] == pytest.approx(2, abs=0.1)
    assert found.alpha[-1] == pytest.approx(1, abs=0.1)
    assert found.width == pytest.approx(1, abs=0.1)


def test_alpha_at_q_0_is_the_mean_node_dimension():
    """So α₀ of the released analysis tells of single neurons: there f is largest, and is 0."""
    found = fg.multifractal_weights(perceptron(3), sample=None, q=[-1e-4, 0, 1e-4], n_resamples=2)
    assert found.alpha.mean() == pytest.approx(found.node_dimensions.mean(), rel=1e-6)
    assert found.f.max() == pytest.approx(0, abs=1e-3)


def test_permuting_weights_within_rows_changes_no_released_number():
    net = perceptron(1, (40, 50, 40))
    found = fg.multifractal_weights(net, nulls=("rows", "gaussian", "untrained"), n_samples=3)
    rows = found.null("rows")
    assert (rows.alpha0, rows.width) == (found.alpha0, found.width)
    assert not rows.differs
    paths = fg.multifractal_weights(net, variant="paths", nulls=("rows",), n_samples=3)
    assert paths.null("rows").alpha0 != paths.alpha0


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="trained networks need compiled kernels")
@pytest.mark.parametrize("kind", ["vit", "cnn", "resmlp"])
def test_a_trained_network_has_the_released_spectrum_of_its_permuted_rows(kind):
    """In every digit, whatever was learned; and paths, by which the two may differ, do differ."""
    net = fg.models.build_model(kind, seed=0)
    untrained = fg.multifractal_weights(net, n_samples=3, min_edges=4)
    fg.models.train_classifier(net, fg.datasets.load_digits("train"), epochs=2, progress=False)
    found = fg.multifractal_weights(net, n_samples=3, min_edges=4, nulls=("rows",))
    assert found.width != pytest.approx(untrained.width, rel=1e-3)  # it was trained
    rows = found.null("rows")
    for name in ("alpha0", "width", "dimensions", "node_dimension", "sample_width"):
        np.testing.assert_array_equal(getattr(rows, name), getattr(found, name))
    paths = fg.multifractal_weights(net, variant="paths", n_samples=3, nulls=("rows",))
    assert paths.null("rows").width != pytest.approx(paths.width, rel=1e-3)


def test_null_models_of_rows_keep_what_they_promise():
    net = perceptron(5, (12, 20, 9))
    graph = fg.weight_graph(net)
    rows, gaussian = (
        draw_null_graph(graph, kind, np.random.default_rng(0)) for kind in ("rows", "gaussian")
    )
    own, permuted, drawn = (1 / one.edge_weights for one in (graph, rows, gaussian))
    for neuron in range(12 + 20):
        row = graph.edges[:, 0] == neuron  # edges out of it: nodes are numbered by depth
        np.testing.assert_allclose(np.sort(permuted[row]), np.sort(own[row]), rtol=1e-12)
        assert np.linalg.norm(drawn[row]) == pytest.approx(np.linalg.norm(own[row]), rel=1e-9)
    assert not np.array_equal(permuted, own)
    first = drawn[graph.edges[:, 0] < 12]
    assert stats.kstest(first / np.sqrt((first**2).mean()), "halfnorm").pvalue > 0.01
    other = perceptron(6, (40, 50, 40))
    found = fg.multifractal_weights(
        perceptron(5, (40, 50, 40)), nulls=("untrained",), twin=other, n_samples=3
    )
    again = fg.multifractal_weights(other, n_samples=3)  # the same neurons by the same seed
    assert found.null("untrained").width == pytest.approx(again.width, rel=1e-12)
    assert found.width != again.width


class Twice(nn.Module):
    """Each pair of neurons is joined by two weights: of one map, or of two that are summed."""

    def __init__(self, way):
        super().__init__()
        self.way = way
        self.first, self.second = nn.Linear(30, 30), nn.Linear(30, 30)
        self.both = nn.Linear(60, 30)
        fill(self)

    def forward(self, x):
        if self.way == "map":
            return self.both(torch.cat([x := torch.relu(self.first(x)), x], dim=-1))
        return self.first(x) + self.second(x)


@pytest.mark.parametrize("way", ["map", "sum"])
def test_of_two_weights_between_two_neurons_the_stronger_counts_in_every_measurement(way):
    net = Twice(way)
    alone = fg.multifractal_weights(net, sample=None, n_resamples=2)
    beside = fg.multifractal_weights(
        net, sample=None, n_resamples=2, nulls=("untrained",), twin=net
    )
    graph = fg.multifractal_weights(fg.weight_graph(net), n_resamples=2)
    np.testing.assert_array_equal(alone.tau, graph.tau)
    np.testing.assert_array_equal(alone.tau, beside.tau)
    assert beside.null("untrained").width == alone.width


def test_measured_nodes_are_those_of_the_whole_graph():
    edges = [(0, 1), *((k, k + 1) for k in range(2, 60))]  # the larger component starts at 2
    graph = fg.FeatureGraph.from_edges(edges, weights=np.ones(len(edges)))
    found = fg.multifractal_weights(graph, variant="paths", n_resamples=2)
    np.testing.assert_array_equal(found.nodes, np.arange(2, 61))


def test_draws_of_neurons_are_fitted_for_a_single_sample_only():
    net = perceptron(4, (40, 60, 40))
    masses = count_network(open_network(net), longest=150, min_edges=10)
    q = np.linspace(-2, 2, 5)
    rng = np.random.default_rng(0)
    one = fit_own_edges(masses, q, n_resamples=20, rng=rng)
    part = fit_own_edges(masses, q, n_resamples=0, rng=rng)
    np.testing.assert_allclose(one.tau, part.tau, rtol=1e-12)
    assert (len(one.measure_draws), len(part.measure_draws)) == (20, 0)


def test_one_network_and_its_permuted_rows_have_the_same_released_intervals():
    net = perceptron(4, (40, 60, 40))
    found = fg.multifractal_weights(net, sample=None, nulls=("rows", "gaussian"), n_resamples=50)
    rows = found.null("rows")
    assert rows.width_interval == found.width_interval
    assert rows.width_difference == rows.alpha0_difference == (0, 0)
    assert found.null("gaussian").differs


def test_null_models_do_not_depend_on_how_many_draws_intervals_take():
    net = perceptron(4, (40, 60, 40))
    few, many = (
        fg.multifractal_weights(net, n_samples=2, sample=None, nulls=("gaussian",), n_resamples=n)
        for n in (2, 9)
    )
    assert few.null("gaussian").width == many.null("gaussian").width


@pytest.mark.parametrize("variant", ["released", "paths"])
def test_the_order_of_neurons_within_layers_does_not_matter(variant):
    net = perceptron(2, (20, 30, 16))
    other = perceptron(2, (20, 30, 16))
    order = torch.randperm(30, generator=torch.Generator().manual_seed(5))
    other[0].weight.data, other[0].bias.data = net[0].weight[order], net[0].bias[order]
    other[2].weight.data = net[2].weight[:, order]
    a, b = (
        fg.multifractal_weights(n, variant=variant, sample=None, n_resamples=2)
        for n in (net, other)
    )
    np.testing.assert_allclose(a.radii, b.radii, rtol=1e-12)
    np.testing.assert_allclose(a.tau, b.tau, rtol=1e-9, atol=1e-12)
    assert a.width == pytest.approx(b.width, rel=1e-9)


@settings(max_examples=8)
@given(seed=st.integers(0, 10**6))
def test_balls_and_exponents_over_paths_equal_the_definition(seed):
    net = perceptron(seed, (5, 7, 4))
    graph = fg.weight_graph(net)
    edges = dict(zip(map(tuple, graph.edges.tolist()), graph.edge_weights.tolist(), strict=True))
    table = naive.shortest_paths(graph.n_nodes, edges)
    found = fg.multifractal_weights(graph, variant="paths", q=[-2, 0, 1, 2], n_resamples=2)
    tau, alpha = naive.path_spectrum(table, found.radii.tolist(), [-2, 0, 1, 2])
    np.testing.assert_allclose(found.tau, tau, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.alpha, alpha, rtol=1e-5)
    assert found.dimensions[2] == found.alpha[2]


@pytest.mark.parametrize("seed", [0, 1])
def test_balls_equal_networkx(seed):
    graph = fg.weight_graph(perceptron(seed, (40, 60, 80, 90)))  # dense: detours are dropped
    twin = graph.to_networkx()
    balls = count_paths(graph, n_centers=None, radii=None, rng=np.random.default_rng(0))
    for node in range(0, graph.n_nodes, 37):
        found = networkx.single_source_dijkstra_path_length(twin, graph.node_labels[node])
        distances = np.array(list(found.values()))
        expected = [(distances <= r).sum() for r in balls.radii]
        np.testing.assert_array_equal(balls.masses[node], expected)


def test_lengths_of_1_give_the_sandbox_method_in_hops():
    karate = fg.datasets.load_karate()
    lengths = np.ones(karate.n_edges)
    graph = fg.FeatureGraph.from_edges(karate.edges, weights=lengths)
    options = {"radii": [1, 2, 3, 4], "q": [-2, 0, 1, 2]}
    hops = fg.multifractal_sandbox(karate, window="all", **options)
    own = fg.multifractal_weights(graph, variant="paths", n_resamples=2, **options)
    np.testing.assert_allclose(own.tau, hops.tau, rtol=1e-12)
    np.testing.assert_allclose(own.dimensions, hops.dimensions, rtol=1e-12)


def test_a_ring_of_equal_weights_is_a_monofractal():
    ring = [(k, (k + 1) % 300) for k in range(300)]
    graph = fg.FeatureGraph.from_edges(ring, weights=np.full(300, 12.5))
    found = fg.multifractal_weights(graph, variant="paths", n_resamples=5)
    assert found.width == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(found.dimensions, 1, atol=0.02)
    assert found.width_interval == pytest.approx((0, 0), abs=1e-9)
    assert found.r_squared.min() > 0.999


def test_a_cascade_of_weights_has_its_analytic_spectrum():
    """Edges of a path whose lengths are products of two factors, as the digits of their number."""
    depth, small, large = 12, 0.3, 0.7
    lengths = np.ones(1)
    for _ in range(depth):
        lengths = np.concatenate([lengths * small, lengths * large])
    path = np.column_stack([np.arange(lengths.size), np.arange(1, lengths.size + 1)])
    graph = fg.FeatureGraph.from_edges(path, weights=lengths * 1e6)
    moments = np.array([0.0, 0.5, 1.0, 2.0, 3.0])
    radii = 1e6 * np.geomspace(2e-4, 0.1, 20)
    balls = count_paths(graph, n_centers=None, radii=radii, rng=np.random.default_rng(0))
    found = fit_paths(balls, moments, n_resamples=2, rng=np.random.default_rng(0))
    for q, tau in zip(moments, found.tau, strict=True):
        low, high = -10.0, 10.0  # 2^(−q)·(small^(−τ) + large^(−τ)) = 1, rising in τ
        for _ in range(80):
            middle = (low + high) / 2
            too_large = 2**-q * (small**-middle + large**-middle) > 1
            low, high = (low, middle) if too_large else (middle, high)
        assert tau == pytest.approx(low, abs=0.08)
    assert found.measures[1] > 0.2


def test_intervals_hold_the_means_and_results_are_kept(tmp_path):
    net = perceptron(4, (40, 60, 40))
    found = fg.multifractal_weights(net, n_samples=5, nulls=("gaussian",))
    low, high = found.width_interval
    assert found.sample_width.min() <= low <= found.width <= high <= found.sample_width.max()
    again = fg.weights.WeightSpectrum.load(found.save(tmp_path / "spectrum.json"))
    assert again.to_dict() == found.to_dict()
    assert again.nulls[0].width == found.nulls[0].width
    assert [row["network"] for row in found.null_rows()] == ["Sequential", "gaussian"]
    assert repr(found).startswith("WeightSpectrum(variant='released', alpha0=")
    same = fg.multifractal_weights(net, n_samples=5, nulls=("gaussian",))
    assert same.to_dict() == found.to_dict()


def test_bad_networks_are_named():
    measure = fg.multifractal_weights
    with pytest.raises(ValueError, match="no neuron has more than 10 outgoing edges .* most is 9"):
        measure(fill(nn.Linear(5, 9)), sample=None)
    constant = nn.Linear(20, 20, bias=False)
    nn.init.constant_(constant.weight, 0.1)
    with pytest.raises(ValueError, match="all usable ones round to 10: the weights have no spread"):
        measure(constant, sample=None)
    nn.init.zeros_(constant.weight)
    with pytest.raises(ValueError, match="no neuron has more than 10 outgoing edges"):
        measure(constant, sample=None)
    with pytest.raises(ValueError, match="weights other than 0"):
        measure(constant, variant="paths", sample=None)
    net = perceptron(0)
    net[0].weight.data[0, 0] = torch.nan
    with pytest.raises(ValueError, match="'0' must have finite weights, got NaN"):
        measure(net)
    with pytest.raises(ValueError, match="variant must be one of"):
        measure(perceptron(0), variant="true")
    with pytest.raises(ValueError, match="did you mean 'gaussian'"):
        measure(perceptron(0), nulls=("gausian",))
    with pytest.raises(ValueError, match="must not hold 'untrained' for a graph"):
        measure(fg.weight_graph(perceptron(0)), nulls=("untrained",))
    with pytest.raises(ValueError, match="radii must be at least 3 rising numbers"):
        measure(perceptron(0), variant="paths", radii=[2, 1, 3])
    with pytest.raises(ValueError, match="q must hold at least 3 moments"):
        measure(perceptron(0), q=[0, 1])
    edges = [(a, b) for a in range(8) for b in range(a)]
    full = fg.FeatureGraph.from_edges(edges, weights=np.full(28, 3.0))
    with pytest.raises(ValueError, match="balls over shortest paths must grow by steps"):
        measure(full, variant="paths")


@pytest.mark.parametrize("variant", ["released", "paths"])
def test_every_measure_has_its_interval_over_samples_and_its_difference_to_null_models(variant):
    net = perceptron(7, (40, 50, 40))
    nulls = ("rows", "gaussian", "untrained")
    found = fg.multifractal_weights(net, variant=variant, n_samples=6, nulls=nulls, q=(0, 1, 2))
    for one in (found, *found.nulls):
        for name in ("alpha0", "width", "node_dimension"):
            low, high = getattr(one, f"{name}_interval")
            assert low < getattr(one, name) < high
        inside = one.dimensions_interval[:, 0] <= one.dimensions
        inside &= one.dimensions <= one.dimensions_interval[:, 1]
        if variant == "released":  # D_0 = τ(0) = 0 always; at q = 1 there is no slope
            assert inside.tolist() == [True, False, True]
            assert np.isnan(one.dimensions[1])
        else:
            assert inside.all()
    per_sample = found.node_dimensions.reshape(6, -1).mean(axis=1) if variant == "paths" else None
    if per_sample is not None:
        assert found.node_dimension == pytest.approx(per_sample.mean(), rel=1e-12)
        low, high = found.node_dimension_interval
        assert per_sample.min() <= low < high <= per_sample.max()
    rows = found.null("rows")
    same = variant == "released"
    for name in ("alpha0", "width", "node_dimension"):
        assert (getattr(rows, f"{name}_difference") == (0, 0)) == same
    assert (rows.dimensions_difference[2] == 0).all() == same
    far = found.null("untrained").dimensions_difference[2]
    table = found.to_rows()[2]
    assert (table["untrained_difference_low"], table["untrained_difference_high"]) == tuple(far)
    row = found.null_rows()[3]
    assert (row["d_2"], row["d_2_difference_low"]) == (
        found.null("untrained").dimensions[2],
        far[0],
    )


def test_intervals_are_the_quantiles_of_means_of_drawn_samples():
    net = perceptron(8, (40, 50, 40))
    found = fg.multifractal_weights(net, n_samples=4, n_resamples=5000, rng=3)
    draws = np.random.default_rng(0).choice(found.sample_width, size=(5000, 4)).mean(axis=1)
    spread = found.sample_width.max() - found.sample_width.min()
    np.testing.assert_allclose(
        found.width_interval, np.quantile(draws, [0.025, 0.975]), atol=0.03 * spread
    )


@pytest.mark.parametrize("variant", ["released", "paths"])
def test_one_network_draws_its_neurons_with_equal_chances(variant):
    """Draws of groups of neurons spread the mean node dimension as draws of neurons do."""
    net = perceptron(9, (40, 60, 40))
    found = fg.multifractal_weights(net, variant=variant, sample=None, n_resamples=2000)
    assert found.node_dimension == pytest.approx(found.node_dimensions.mean(), rel=1e-12)
    draws = np.random.default_rng(0).choice(found.node_dimensions, size=(2000, 140)).mean(axis=1)
    spread = np.ptp(np.quantile(draws, [0.025, 0.975])) * (140 / found.node_dimensions.size) ** 0.5
    assert np.ptp(found.node_dimension_interval) == pytest.approx(spread, rel=0.25)


@settings(max_examples=8)
@given(seed=st.integers(0, 10**6), q=st.lists(st.integers(-4, 4), min_size=3, unique=True))
def test_moments_that_are_not_evenly_spread_equal_the_definition(seed, q):
    net = perceptron(seed, (14, 20, 15))
    moments = sorted(x + 0.25 for x in q)
    tau, *_ = naive.released(outgoing(net), moments)
    found = fg.multifractal_weights(net, sample=None, q=moments, n_resamples=2)
    np.testing.assert_allclose(found.tau, tau, rtol=1e-9, atol=1e-12)
