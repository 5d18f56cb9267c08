"""Persistent homology of weights and of distances, against twins, gudhi and known answers."""

from __future__ import annotations

import importlib.util
import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import nn

from featgraph import similarity as sim
from featgraph.distances import feature_distances
from featgraph.features import FeatureMatrix
from featgraph.graph import FeatureGraph, feature_graph
from featgraph.similarity.diagrams import landscape_curve, silhouette_curve
from featgraph.similarity.homology import _filter, _flag_persistence, _tree_persistence
from featgraph.weights import weight_graph
from tests.naive import homology as naive

HAS_GUDHI = importlib.util.find_spec("gudhi") is not None
needs_gudhi = pytest.mark.skipif(not HAS_GUDHI, reason="needs the extra 'topology'")


@st.composite
def stacks(draw):
    """Weights of a small stack of layers, with zeros and ties."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    widths = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    whole = draw(st.booleans())
    matrices, biases = [], []
    for before, after in itertools.pairwise(widths):
        weights = rng.normal(size=(after, before))
        matrices.append(np.round(2 * weights) if whole else weights)
        biases.append(rng.normal(size=after) if draw(st.booleans()) else None)
    if not any(np.any(m) for m in matrices):
        matrices[0][0, 0] = 1.0
    return matrices, biases


def as_edges(graph):
    """Value at which each edge enters: 1 − |w|/M, at least 10⁻⁶."""
    strengths = 1 / graph.edge_weights
    values = np.maximum(1 - strengths / strengths.max(), 1e-6)
    return dict(zip(map(tuple, graph.edges.tolist()), values.tolist(), strict=True))


def read(model, **options):
    """The network of a model as homology takes it."""
    options = {"biases": True, "attention": "heads", "sums": True, **options}
    return weight_graph(model, **options)


def strengths_of(graph):
    return np.sort(1 / graph.edge_weights)


def joined(pairs, strengths, n_nodes):
    return FeatureGraph.from_edges(pairs, weights=1 / np.asarray(strengths), n_nodes=n_nodes)


def as_lists(points):
    return {k: [tuple(p) for p in v.tolist()] for k, v in points.items()}


@settings(max_examples=40)
@given(stack=stacks())
def test_tree_route_equals_the_reduced_boundary_matrix(stack):
    graph = weight_graph(stack[0], biases=stack[1])
    diagrams = sim.weight_persistence(graph, max_dimension=2)
    slow = naive.flag_persistence(graph.n_nodes, as_edges(graph), 2)
    slow[0].remove((0.0, math.inf))  # the one component that never dies
    assert as_lists(diagrams.points) == slow


@needs_gudhi
@settings(max_examples=30)
@given(stack=stacks())
def test_both_routes_agree_on_stacks(stack):
    graph = weight_graph(stack[0], biases=stack[1])
    ours = _tree_persistence(graph, _filter(graph), 1)
    theirs = _flag_persistence(graph, _filter(graph), 1)
    for dimension in (0, 1):
        np.testing.assert_array_equal(
            np.sort(ours[dimension], axis=0), np.sort(theirs[dimension], axis=0)
        )


@needs_gudhi
@settings(max_examples=25)
@given(n=st.integers(3, 8), seed=st.integers(0, 10**6))
def test_graphs_with_triangles_equal_naive(n, seed):
    rng = np.random.default_rng(seed)
    pairs = [p for p in itertools.combinations(range(n), 2) if rng.random() < 0.7] or [(0, 1)]
    graph = joined(pairs, rng.uniform(0.1, 1, len(pairs)), n)
    diagrams = sim.weight_persistence(graph, max_dimension=2)
    slow = naive.flag_persistence(n, as_edges(graph), 2)
    slow[0].remove((0.0, math.inf))
    for dimension, points in as_lists(diagrams.points).items():
        np.testing.assert_allclose(np.reshape(points, (-1, 2)),
                                   np.reshape(slow[dimension], (-1, 2)), rtol=1e-12)  # fmt: skip


def test_a_skip_over_one_layer_needs_gudhi(monkeypatch):
    import sys

    graph = joined([[0, 1], [1, 2], [0, 2]], np.ones(3), 3)
    monkeypatch.setitem(sys.modules, "gudhi", None)
    with pytest.raises(ImportError, match=r"featgraph\[topology\]"):
        sim.weight_persistence(graph)
    even = joined([[0, 1], [1, 2], [2, 3], [0, 3]], np.ones(4), 4)
    assert len(sim.weight_persistence(even).points[1]) == 1  # no triangle: no gudhi needed


class Residual(nn.Module):
    def __init__(self, shortcut=False):
        super().__init__()
        self.stem = nn.Conv2d(1, 3, 3, padding=1, bias=False)
        self.conv = nn.Conv2d(3, 3, 3, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(3)
        self.conv2 = nn.Conv2d(3, 3, 1, bias=False)
        self.shortcut = nn.Conv2d(3, 3, 1, bias=False) if shortcut else nn.Identity()
        self.head = nn.Linear(3, 2)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        y = self.conv2(torch.relu(self.bn(self.conv(x)))) + self.shortcut(x)
        return self.head(torch.relu(y).mean((2, 3)))


def build(module, seed=0):
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    for buffer in module.buffers():
        if buffer.is_floating_point():
            buffer.data = torch.rand(buffer.shape, generator=generator) + 0.5
    return module.eval()


def test_units_of_an_mlp():
    net = build(nn.Sequential(nn.Flatten(), nn.Linear(6, 4), nn.ReLU(), nn.Dropout(),
                              nn.Linear(4, 3)))  # fmt: skip
    graph = read(net)
    matrices = [net[1].weight.detach().numpy(), net[4].weight.detach().numpy()]
    biases = [net[1].bias.detach().numpy(), net[4].bias.detach().numpy()]
    expected = weight_graph(matrices, biases=biases)
    assert graph.n_nodes == expected.n_nodes == 6 + 4 + 3 + 7
    np.testing.assert_allclose(strengths_of(graph), strengths_of(expected), rtol=1e-12)
    for dimension, points in sim.weight_persistence(net).points.items():
        np.testing.assert_array_equal(points, sim.weight_persistence(expected).points[dimension])
    assert read(net, biases=False).n_nodes == 13
    assert read(net[4]).n_nodes == 4 + 3 + 3  # a dense head alone


def test_channels_and_flattened_images_follow_the_stated_rule():
    net = build(nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                              nn.Linear(3 * 4, 2)))  # fmt: skip
    graph = read(net, biases=False)
    assert (graph.n_nodes, graph.n_edges) == (2 + 3 + 2, 6 + 6)
    kernels = net[0].weight.detach().double().flatten(2).norm(dim=2).flatten()
    dense = net[4].weight.detach().double().reshape(2, 3, 4).norm(dim=2).flatten()
    expected = torch.cat([kernels, dense]).numpy()
    np.testing.assert_allclose(strengths_of(graph), np.sort(expected), rtol=1e-12)


def test_grouped_convolutions_join_their_own_group_only():
    net = build(nn.Sequential(nn.Conv2d(4, 4, 3, groups=4, bias=False),
                              nn.Conv2d(4, 6, 1, groups=2, bias=False)))  # fmt: skip
    graph = read(net)
    assert graph.n_edges == 4 + 6 * 2
    np.testing.assert_allclose(
        np.sort(1 / graph.edge_weights[:4]),
        np.sort(net[0].weight.detach().double().flatten(1).norm(dim=1)),
    )


def test_batch_norm_is_folded_like_torch_folds_it():
    net = build(nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(),
                              nn.Conv2d(3, 2, 1)))  # fmt: skip
    fused = torch.nn.utils.fusion.fuse_conv_bn_eval(net[0].double(), net[1].double())
    folded = read(net.double())
    bare = read(nn.Sequential(fused, nn.ReLU(), net[3]))
    np.testing.assert_allclose(folded.weights, bare.weights, rtol=1e-12)
    raw = read(net, fold_batchnorm=False)
    plain = read(nn.Sequential(net[0], nn.ReLU(), net[3]))
    np.testing.assert_array_equal(raw.weights, plain.weights)


def test_residual_blocks_add_edges_of_weight_one():
    net = build(Residual())
    graph = read(net, biases=False, fold_batchnorm=False)
    # input 1, stem 3, conv 3, conv2 (= the sum) 3, head 2
    assert graph.n_nodes == 12
    assert graph.n_edges == 3 + 9 + 9 + 3 + 6
    assert np.sum(graph.edge_weights == 1.0) == 3


def test_two_linear_maps_summed_share_their_units():
    net = build(Residual(shortcut=True))
    graph = read(net, biases=False, fold_batchnorm=False)
    assert graph.n_nodes == 12
    assert graph.n_edges == 3 + 9 + 9 + 9 + 6


@needs_gudhi
def test_residual_networks_equal_naive():
    graph = read(build(Residual()))
    slow = naive.flag_persistence(graph.n_nodes, as_edges(graph), 1)
    slow[0].remove((0.0, math.inf))
    ours = sim.weight_persistence(build(Residual()))
    for dimension, points in as_lists(ours.points).items():
        np.testing.assert_allclose(points, slow[dimension], rtol=1e-12)


@pytest.mark.parametrize("part", ["attention", "transpose", "branch"])
def test_what_cannot_be_followed_is_named(part):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(4, 4)

        def forward(self, x):
            x = self.first(x)
            if part == "attention":
                return (x @ x.transpose(1, 2)).softmax(-1) @ x
            if part == "transpose":
                return self.first(x.transpose(0, 1))
            return x if x.sum() > 0 else -x

    words = {"attention": "'matmul'", "transpose": "'transpose'", "branch": "control"}
    with pytest.raises(ValueError, match=rf"cannot be followed through .*{words[part]}.*its head"):
        read(Net())


def test_bad_weights_are_named():
    net = build(nn.Sequential(nn.Linear(3, 2)))
    net[0].weight.data[0, 0] = torch.nan
    with pytest.raises(ValueError, match="layer '0' must have finite weights"):
        sim.weight_persistence(net)
    with pytest.raises(ValueError, match="must hold a linear or convolutional layer"):
        read(nn.Sequential(nn.ReLU()))
    with pytest.raises(ValueError, match="weights other than 0"):
        sim.weight_persistence(weight_graph([np.zeros((2, 2))]))
    with pytest.raises(ValueError, match="matrices must chain: 5 inputs follow 2 outputs"):
        weight_graph([np.ones((2, 3)), np.ones((1, 5))])
    with pytest.raises(ValueError, match="biases must hold 1 items, got 2"):
        weight_graph([np.ones((2, 3))], biases=[None, None])
    with pytest.raises(ValueError, match="biases must hold one number per output"):
        weight_graph([np.ones((2, 3))], biases=[np.ones(3)])
    for lengths, words in (([-1.0], "must have edges of lengths above 0"), (None, "unweighted")):
        graph = FeatureGraph.from_edges([(0, 1)], weights=lengths)
        with pytest.raises(ValueError, match=f"model.* {words}"):
            sim.weight_persistence(graph)


@settings(max_examples=10)
@given(seed=st.integers(0, 1000))
def test_diagrams_ignore_neuron_order_scale_and_sign(seed):
    rng = np.random.default_rng(seed)
    W1, W2 = rng.normal(size=(5, 4)), rng.normal(size=(3, 5))
    base = sim.weight_persistence(weight_graph([W1, W2]))
    order, signs = rng.permutation(5), rng.choice([-1, 1], size=5)
    changed = [W1[order] * signs[:, None] * 3, W2[:, order] * signs * 3]
    moved = sim.weight_persistence(weight_graph(changed))
    for dimension in (0, 1):
        np.testing.assert_allclose(moved.points[dimension], base.points[dimension], rtol=1e-12)
    for kind in ("landscape", "silhouette", "heat"):
        assert sim.persistence_distance(base, moved, kind=kind) == pytest.approx(0, abs=1e-9)
    layer = sim.weight_persistence(weight_graph([W1 * 3, W2 / 3]))
    assert sim.persistence_distance(base, layer) > 1e-4


@st.composite
def clouds(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    points = rng.uniform(0, 1, size=(draw(st.integers(0, 9)), 2))
    points.sort(axis=1)
    if draw(st.booleans()):
        points = np.round(points, 1)
    return points


@settings(max_examples=40)
@given(first=clouds(), second=clouds(), kind=st.sampled_from(["landscape", "silhouette"]))
def test_curve_distances_equal_naive(first, second, kind):
    a, b = (sim.PersistenceDiagrams({0: p}) for p in (first, second))
    lists = [naive.clean([tuple(p) for p in side.tolist()], 0.01, 1.0) for side in (first, second)]
    ours = sim.persistence_distance(a, b, kind=kind)
    assert ours == pytest.approx(naive.curve_distance(*lists, kind), rel=1e-9, abs=1e-9)
    assert ours == sim.persistence_distance(b, a, kind=kind)


@settings(max_examples=30)
@given(first=clouds(), second=clouds())
def test_heat_distance_equals_naive(first, second):
    a, b = (sim.PersistenceDiagrams({0: p}) for p in (first, second))
    lists = [naive.clean([tuple(p) for p in side.tolist()], 0.01, 1.0) for side in (first, second)]
    ours = sim.persistence_distance(a, b, kind="heat")
    assert ours == pytest.approx(naive.heat_distance(*lists), rel=1e-6, abs=1e-9)


@needs_gudhi
@settings(max_examples=20)
@given(points=clouds().filter(len))
def test_curves_equal_gudhi(points):
    representations = pytest.importorskip("gudhi.representations")
    points = points[points[:, 0] < points[:, 1]]
    if len(points):
        grid = np.linspace(0, 1, 50)
        theirs = representations.Landscape(
            num_landscapes=1, resolution=50, sample_range=[0, 1], keep_endpoints=True
        ).fit_transform([points])[0]
        # gudhi multiplies by √2
        np.testing.assert_allclose(landscape_curve(points, grid), theirs / 2**0.5, atol=1e-12)
        theirs = representations.Silhouette(
            weight=lambda p: p[1] - p[0], resolution=50, sample_range=[0, 1], keep_endpoints=True
        ).fit_transform([points])[0]
        np.testing.assert_allclose(silhouette_curve(points, grid), theirs / 2**0.5, atol=1e-12)


def test_distance_of_two_tents_is_known():
    a = sim.PersistenceDiagrams({0: np.array([[0.0, 0.5]]), 1: np.empty((0, 2))})
    b = sim.PersistenceDiagrams({0: np.array([[0.0, 1.0]]), 1: np.empty((0, 2))})
    # ∫(2u)² over a quarter + ∫u² over a half = 1/16
    assert sim.persistence_distance(a, b) == pytest.approx(0.25, abs=1e-4)
    assert sim.persistence_distance(a, b, kind="silhouette") == pytest.approx(0.25, abs=1e-4)


def test_short_lives_go_before_endless_ones_end():
    d = sim.PersistenceDiagrams({1: np.array([[0.995, np.inf], [0.2, 0.205], [0.3, 0.32]])})
    assert d.clean().points[1].tolist() == [[0.3, 0.32], [0.995, 1.0]]
    with pytest.raises(ValueError, match="infinity must be at least every birth"):
        d.clean(infinity=0.5)
    assert d.clean(infinity=None).points[1][-1, 1] == 0.995


def test_diagrams_check_and_keep_their_points(tmp_path):
    with pytest.raises(ValueError, match="birth ≤ death"):
        sim.PersistenceDiagrams({0: np.array([[1.0, 0.5]])})
    a = sim.PersistenceDiagrams({0: np.array([[0.0, 0.5]])})
    b = sim.PersistenceDiagrams({0: np.array([[0.0, 0.5]]), 1: np.empty((0, 2))})
    with pytest.raises(ValueError, match=r"same homology dimensions, got \(0,\) and \(0, 1\)"):
        sim.persistence_distance(a, b)
    with pytest.raises(ValueError, match="kind must be one of"):
        sim.persistence_distance(a, a, kind="bottleneck")
    with pytest.raises(ValueError, match=r"must end in \.npz or \.json"):
        a.save(tmp_path / "d.txt")
    for name in ("d.npz", "d.json"):
        loaded = sim.PersistenceDiagrams.load(b.save(tmp_path / name))
        assert loaded.dimensions == (0, 1)
        assert loaded.points[1].shape == (0, 2)
        assert loaded.reduced
    old = {"H0": b.points[0], "kind": np.array("weights"), "source": np.array(""), "reduced": True}
    np.savez(tmp_path / "old.npz", **old)
    assert sim.PersistenceDiagrams.load(tmp_path / "old.npz").source is None
    with pytest.raises(ValueError, match=r"dimension must be one of \[0\], got 1"):
        a.betti([0.5], dimension=1)


@settings(max_examples=15)
@given(seed=st.integers(0, 1000), n=st.integers(2, 12))
def test_first_betti_numbers_are_those_of_the_feature_network(seed, n):
    F = FeatureMatrix.from_array(np.random.default_rng(seed).normal(size=(n, 4)), layer="x")
    C = feature_distances(F)
    diagrams = sim.distance_persistence(F, max_dimension=0)
    levels = np.quantile(C.numpy()[np.triu_indices(n, 1)], [0, 0.2, 0.5, 1.0])
    expected = [feature_graph(F, epsilon=float(e)).n_components for e in levels]
    assert diagrams.betti(levels).tolist() == expected
    assert diagrams.source == "x"


@needs_gudhi
@settings(max_examples=15)
@given(seed=st.integers(0, 1000), n=st.integers(2, 9), share=st.sampled_from([0.3, 0.6, None]))
def test_rips_persistence_equals_naive(seed, n, share):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n, 3))
    C = np.linalg.norm(points[:, None] - points, axis=2)
    C = (C + C.T) / 2
    limit = None if share is None else float(np.quantile(C, share)) or 1.0
    edges = {p: C[p] for p in itertools.combinations(range(n), 2) if limit is None or C[p] <= limit}
    slow = naive.flag_persistence(n, edges, 2)
    slow[0].remove((0.0, math.inf))
    ours = sim.distance_persistence(C, max_dimension=2, max_epsilon=limit)
    for dimension in range(3):
        np.testing.assert_allclose(
            ours.points[dimension], np.reshape(slow[dimension], (-1, 2)), rtol=1e-9
        )


@needs_gudhi
@pytest.mark.parametrize("limit", [None, 1.2])
def test_rips_persistence_equals_the_simplex_tree_of_gudhi(limit):
    import gudhi

    C = feature_distances(torch.randn(60, 5, generator=torch.Generator().manual_seed(0))).numpy()
    tree = gudhi.RipsComplex(distance_matrix=C, max_edge_length=limit or C.max())
    tree = tree.create_simplex_tree(max_dimension=2)
    tree.compute_persistence()
    expected = np.sort(tree.persistence_intervals_in_dimension(1), axis=0)
    found = sim.distance_persistence(C, max_epsilon=limit).points[1]
    assert len(found) > 10
    np.testing.assert_array_equal(np.sort(found, axis=0), expected)


def test_loops_need_gudhi(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "gudhi", None)
    with pytest.raises(ImportError, match=r"featgraph\[topology\]"):
        sim.distance_persistence(1 - np.eye(3))


@needs_gudhi
def test_a_circle_has_one_loop_and_a_sphere_one_void():
    angles = 2 * np.pi * np.arange(12) / 12
    circle = np.column_stack([np.cos(angles), np.sin(angles)])
    C = np.linalg.norm(circle[:, None] - circle, axis=2)
    d = sim.distance_persistence((C + C.T) / 2)
    assert len(d.points[1]) == 1
    assert d.points[1][0, 0] == pytest.approx(2 * np.sin(np.pi / 12))
    assert d.betti([0.6, 1.0, 1.9], dimension=1).tolist() == [1, 1, 0]
    octahedron = np.concatenate([np.eye(3), -np.eye(3)])
    C = np.linalg.norm(octahedron[:, None] - octahedron, axis=2)
    d = sim.distance_persistence(C, max_dimension=2)
    np.testing.assert_allclose(d.points[2], [[2**0.5, 2.0]])


def test_bad_distances_are_named():
    with pytest.raises(ValueError, match=r"must be square.* 2 nodes, got shape \(3, 4\)"):
        sim.distance_persistence(np.ones((3, 4)))
    with pytest.raises(ValueError, match="symmetric with a zero diagonal"):
        sim.distance_persistence(np.ones((3, 3)))
    with pytest.raises(ValueError, match="finite and at least 0"):
        sim.distance_persistence(np.array([[0, -1.0], [-1.0, 0]]))


@pytest.mark.slow
def test_five_million_edges():
    rng = np.random.default_rng(0)
    shapes = [(1000, 2000), (1500, 1000), (1000, 1500)]
    graph = weight_graph([rng.normal(size=shape) for shape in shapes])
    diagrams = sim.weight_persistence(graph)
    assert len(diagrams.points[0]) + len(diagrams.points[1]) == 5_000_000


@needs_gudhi
def test_curves_have_the_shape_of_gudhi_and_the_height_of_the_definition():
    from gudhi.representations import Landscape, Silhouette

    rng = np.random.default_rng(0)
    births = rng.random(40)
    bars = np.column_stack([births, births + 0.1 + rng.random(40)])
    grid = np.linspace(0, 2, 50)
    options = {"resolution": 50, "sample_range": [0, 2], "keep_endpoints": True}
    makers = (
        (landscape_curve, Landscape(num_landscapes=1, **options)),
        (silhouette_curve, Silhouette(weight=lambda bar: bar[1] - bar[0], **options)),
    )
    for curve, maker in makers:  # gudhi 3.13 multiplies by the root of two
        ours, theirs = curve(bars, grid), maker.fit_transform([bars])[0]
        np.testing.assert_allclose(ours / ours.max(), theirs / theirs.max(), rtol=1e-12)
        assert curve(np.array([[0.0, 2.0]]), np.array([1.0])).tolist() == [1.0]
