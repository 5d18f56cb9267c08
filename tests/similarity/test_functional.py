"""Predictive divergence, linear paths, neuron alignment, pruning, the triangle, cross views."""

from __future__ import annotations

import copy
import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from scipy.spatial.distance import jensenshannon
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from featgraph import similarity as sim
from featgraph.features import extract_features
from featgraph.selfsimilarity import ss_rate
from featgraph.similarity.interpolation import estimate_batchnorm


def fill(net, seed):
    generator = torch.Generator().manual_seed(seed)
    for parameter in net.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    for name, buffer in net.named_buffers():
        if buffer.is_floating_point():
            spread = torch.rand(buffer.shape, generator=generator)
            buffer.data = spread + 0.5 if "var" in name else spread
    return net.eval()


def build_mlp(seed, width=9):
    return fill(
        nn.Sequential(nn.Linear(6, width), nn.ReLU(), nn.Linear(width, 7), nn.ReLU(),
                      nn.Linear(7, 3)), seed)  # fmt: skip


def build_cnn(seed):
    return fill(
        nn.Sequential(nn.Conv2d(1, 5, 3, padding=1), nn.BatchNorm2d(5), nn.ReLU(),
                      nn.Conv2d(5, 6, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                      nn.Linear(6 * 4, 8), nn.ReLU(), nn.Linear(8, 3)), seed)  # fmt: skip


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.conv1 = nn.Conv2d(4, 5, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(5)
        self.conv2 = nn.Conv2d(5, 4, 1)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = torch.relu(self.stem(x))
        x = torch.relu(x + self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return self.head(x.mean((2, 3)))


GENERATOR = torch.Generator().manual_seed(5)
VECTORS = TensorDataset(torch.randn(60, 6, generator=GENERATOR), torch.arange(60) % 3)
IMAGES = TensorDataset(torch.randn(24, 1, 6, 6, generator=GENERATOR), torch.arange(24) % 3)


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), classes=st.integers(2, 6), zeros=st.booleans())
def test_divergence_equals_scipy(seed, classes, zeros):
    rng = np.random.default_rng(seed)
    P, Q = rng.dirichlet(np.ones(classes), 8), rng.dirichlet(np.ones(classes), 8)
    if zeros:
        P[:, 0], Q[0, 1] = 0, 0
        P, Q = P / P.sum(1, keepdims=True), Q / Q.sum(1, keepdims=True)
    expected = np.mean(jensenshannon(P, Q, axis=1, base=2) ** 2)
    assert sim.predictive_divergence(P, Q) == pytest.approx(expected, abs=1e-12)
    assert sim.predictive_divergence(Q, P) == pytest.approx(expected, abs=1e-12)
    assert sim.predictive_divergence(P, P) == 0.0


def test_divergence_of_scores_and_its_gradient():
    rng = np.random.default_rng(0)
    A, B = (torch.as_tensor(rng.normal(size=(5, 3))).requires_grad_() for _ in range(2))
    scores = sim.predictive_divergence(A, B, from_logits=True)
    shares = sim.predictive_divergence(A.softmax(1), B.softmax(1))
    assert scores.item() == pytest.approx(shares.item(), rel=1e-12)
    assert torch.autograd.gradcheck(
        lambda a, b: sim.predictive_divergence(a, b, from_logits=True), (A, B)
    )
    certain = torch.eye(2)
    assert float(sim.predictive_divergence(certain, certain.flip(1))) == 1.0


def test_divergence_refuses_what_is_no_distribution():
    P = np.full((2, 2), 0.5)
    with pytest.raises(ValueError, match=r"Q must hold probabilities, .* from_logits=True"):
        sim.predictive_divergence(P, np.array([[1.0, 2.0], [0.5, 0.5]]))
    with pytest.raises(ValueError, match="P must hold probabilities"):
        sim.predictive_divergence(np.array([[1.5, -0.5], [0.5, 0.5]]), P)
    with pytest.raises(ValueError, match="same classes, got 2 and 3"):
        sim.predictive_divergence(P, np.full((2, 3), 1 / 3))


def test_linear_path_ends_are_the_networks_themselves():
    a, b = build_mlp(0), build_mlp(1)
    path = sim.interpolate_linear(a, b, VECTORS, n_alphas=5)
    inputs, labels = VECTORS.tensors
    for end, net in ((0, a), (-1, b)):
        with torch.no_grad():
            scores = net(inputs)
        expected = nn.functional.cross_entropy(scores, labels).item()
        assert path.losses[end] == pytest.approx(expected, rel=1e-6)
        assert path.accuracies[end] == (scores.argmax(1) == labels).double().mean().item()
    middle = sim.mix_networks(a, b, 0.5)
    for mixed, x, y in zip(middle.parameters(), a.parameters(), b.parameters(), strict=True):
        torch.testing.assert_close(mixed, (x + y) / 2)
    assert path.to_rows()[0]["alpha"] == 0.0


def test_barrier_is_the_largest_height_over_the_chord():
    alphas = np.array([0.0, 0.5, 1.0])
    path = sim.LinearPath(alphas, np.array([1.0, 5.0, 3.0]), np.array([0.9, 0.4, 0.7]))
    assert path.barrier == 3.0
    assert path.accuracy_drop == pytest.approx(0.4)
    same = build_mlp(0)
    flat = sim.interpolate_linear(same, copy.deepcopy(same), VECTORS, n_alphas=4)
    assert flat.barrier == pytest.approx(0.0, abs=1e-6)


def test_paths_refuse_what_they_cannot_join():
    wide = build_mlp(1, width=12)
    with pytest.raises(ValueError, match=r"first parameter that differs is '0.weight', .*9, 6"):
        sim.interpolate_linear(build_mlp(0), wide, VECTORS)
    for pair in ((build_mlp(0), build_mlp(0)[:2]), (build_mlp(0)[:2], build_mlp(0))):
        with pytest.raises(ValueError, match="'2.weight' of Sequential has no counterpart"):
            sim.interpolate_linear(*pair, VECTORS)
    with pytest.raises(ValueError, match="got no labels"):
        sim.interpolate_linear(build_mlp(0), build_mlp(1), VECTORS.tensors[0])
    with pytest.raises(ValueError, match="n_alphas must be a whole number of at least 2"):
        sim.interpolate_linear(build_mlp(0), build_mlp(1), VECTORS, n_alphas=1)
    with pytest.raises(ValueError, match=r"alpha must lie in \[0, 1\]"):
        sim.mix_networks(build_mlp(0), build_mlp(1), 1.5)
    broken = build_mlp(0)
    broken[4].bias.data[0] = torch.nan
    with pytest.raises(ValueError, match="must give finite scores, got NaN or infinity for 60"):
        sim.interpolate_linear(broken, build_mlp(1), VECTORS, n_alphas=2)
    flat = nn.Sequential(nn.Linear(6, 1))
    with pytest.raises(ValueError, match=r"scores of shape .* got \(60, 1\)"):
        sim.interpolate_linear(flat, flat, VECTORS, n_alphas=2)


def test_batch_norm_statistics_are_those_of_the_data():
    net = build_cnn(0)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    mixed = copy.deepcopy(net)
    estimate_batchnorm(mixed, [IMAGES.tensors])
    activation = net[0](IMAGES.tensors[0]).detach()
    torch.testing.assert_close(mixed[1].running_mean, activation.mean((0, 2, 3)))
    torch.testing.assert_close(
        mixed[1].running_var, activation.transpose(0, 1).flatten(1).var(dim=1)
    )
    assert mixed[1].momentum == 0.1
    assert not any(module.training for module in mixed.modules())
    path = sim.interpolate_linear(net, build_cnn(1), IMAGES, reestimate_batchnorm=True, n_alphas=3)
    assert path.reestimated
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())


def permute(net, seed):
    """The same function with shuffled hidden units, made by hand."""
    generator = torch.Generator().manual_seed(seed)
    shuffled = copy.deepcopy(net)
    state = shuffled.state_dict()
    if isinstance(net, Residual):
        stream, inner = (
            torch.randperm(4, generator=generator),
            torch.randperm(5, generator=generator),
        )
        for name in ("stem.weight", "stem.bias", "conv2.weight", "conv2.bias"):
            state[name] = state[name][stream]
        for name in ("conv1.weight", "conv1.bias", "bn1.weight", "bn1.bias", "bn1.running_mean",
                     "bn1.running_var"):  # fmt: skip
            state[name] = state[name][inner]
        state["conv1.weight"] = state["conv1.weight"][:, stream]
        state["conv2.weight"] = state["conv2.weight"][:, inner]
        state["head.weight"] = state["head.weight"][:, stream]
    elif isinstance(net[0], nn.Conv2d):
        one, two, three = (torch.randperm(n, generator=generator) for n in (5, 6, 8))
        for name in ("0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var"):
            state[name] = state[name][one]
        state["3.weight"], state["3.bias"] = state["3.weight"][two][:, one], state["3.bias"][two]
        dense = state["7.weight"].reshape(8, 6, 4)[three][:, two].reshape(8, 24)
        state["7.weight"], state["7.bias"] = dense, state["7.bias"][three]
        state["9.weight"] = state["9.weight"][:, three]
    else:
        one, two = torch.randperm(9, generator=generator), torch.randperm(7, generator=generator)
        state["0.weight"], state["0.bias"] = state["0.weight"][one], state["0.bias"][one]
        state["2.weight"], state["2.bias"] = state["2.weight"][two][:, one], state["2.bias"][two]
        state["4.weight"] = state["4.weight"][:, two]
    shuffled.load_state_dict(state)
    return shuffled


@pytest.mark.parametrize("build", [build_mlp, build_cnn, lambda seed: fill(Residual(), seed)])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_alignment_undoes_a_permutation(build, seed):
    net = build(seed)
    shuffled = permute(net, seed + 10)
    inputs = VECTORS.tensors[0] if isinstance(net, nn.Sequential) and isinstance(
        net[0], nn.Linear) else IMAGES.tensors[0]  # fmt: skip
    torch.testing.assert_close(shuffled(inputs), net(inputs), rtol=1e-4, atol=1e-4)
    found = sim.align_neurons(net, shuffled, rng=seed)
    assert found.matching_after == pytest.approx(1.0, abs=1e-6)
    assert found.matching_before < 0.9
    for name, value in found.model.state_dict().items():
        torch.testing.assert_close(value, net.state_dict()[name])


@pytest.mark.parametrize("scale", [1e-10, 1e10])
def test_alignment_knows_no_unit_of_the_weights(scale):
    net = build_mlp(0)
    for parameter in net.parameters():
        parameter.data *= scale
    found = sim.align_neurons(net, permute(net, 3))
    assert found.matching_after == pytest.approx(1.0, abs=1e-6)
    assert found.matching_before == pytest.approx(
        sim.align_neurons(build_mlp(0), permute(build_mlp(0), 3)).matching_before, abs=1e-6
    )


@pytest.mark.parametrize("build", [build_mlp, build_cnn, lambda seed: fill(Residual(), seed)])
def test_alignment_keeps_the_function_and_never_matches_worse(build):
    a, b = build(0), build(1)
    found = sim.align_neurons(a, b, rng=0)
    inputs = VECTORS.tensors[0] if build is build_mlp else IMAGES.tensors[0]
    torch.testing.assert_close(found.model(inputs), b(inputs), rtol=1e-4, atol=1e-4)
    assert found.matching_after >= found.matching_before
    for order in found.permutations:
        assert sorted(order.tolist()) == list(range(len(order)))
    assert "NeuronAlignment(n_groups=" in repr(found)


def test_alignment_lowers_the_barrier_of_a_shuffled_twin():
    net = build_mlp(0)
    shuffled = permute(net, 3)
    inputs = VECTORS.tensors[0]
    with torch.no_grad():  # labels that the network knows
        known = TensorDataset(inputs, net(inputs).argmax(1))
    bare = sim.interpolate_linear(net, shuffled, known, n_alphas=5)
    aligned = sim.interpolate_linear(net, shuffled, known, n_alphas=5, align=True)
    assert bare.barrier > 0.05
    assert aligned.barrier == pytest.approx(0.0, abs=1e-5)
    assert aligned.aligned


def test_alignment_of_one_layer_moves_nothing():
    net = fill(nn.Linear(3, 2), 0)
    assert sim.align_neurons(net, fill(nn.Linear(3, 2), 1)).permutations == ()


@settings(max_examples=20)
@given(sparsity=st.floats(0, 0.99), seed=st.integers(0, 100), ties=st.booleans())
def test_pruning_takes_exactly_the_weakest(sparsity, seed, ties):
    net = build_mlp(seed)
    if ties:
        for parameter in net.parameters():
            parameter.data = parameter.data.round()
    pruned = sim.prune_globally(net, sparsity)
    whole = torch.cat([net[k].weight.flatten() for k in (0, 2, 4)]).detach()
    left = torch.cat([pruned[k].weight.flatten() for k in (0, 2, 4)]).detach()
    gone = (left != whole) | (whole == 0)
    count = round(sparsity * len(whole))
    assert int((left == 0).sum()) == max(count, int((whole == 0).sum()))
    if count < len(whole) and gone.any() and (~gone).any():
        assert whole[gone].abs().max() <= whole[~gone].abs().min() + 1e-12
    assert torch.equal(pruned[0].bias, net[0].bias)


def test_pruning_refuses_what_is_out_of_range():
    for sparsity in (1.0, -0.1, math.nan):
        with pytest.raises(ValueError, match=r"sparsity must (lie in \[0, 1\)|be a number), got"):
            sim.prune_globally(build_mlp(0), sparsity)
    with pytest.raises(ValueError, match="layer to prune, got none"):
        sim.prune_globally(nn.ReLU(), 0.5)
    with pytest.raises(ValueError, match="sparsities must rise"):
        sim.sweep_pruning(build_mlp(0), build_mlp(1), VECTORS, sparsities=(0.5, 0.2))
    broken = build_mlp(0)
    broken[2].weight.data[0, 0] = torch.nan
    with pytest.raises(ValueError, match="layer '2' must have finite weights"):
        sim.prune_globally(broken, 0.5)


def test_sweep_equals_its_parts():
    a, b = build_mlp(0), build_mlp(1)
    sweep = sim.sweep_pruning(a, b, VECTORS, sparsities=(0.0, 0.6), layers=["1", "3"])
    pruned = sim.prune_globally(a, 0.6), sim.prune_globally(b, 0.6)
    inputs, labels = VECTORS.tensors
    with torch.no_grad():
        accuracy = (pruned[0](inputs).argmax(1) == labels).double().mean().item()
    assert sweep.accuracy_a[1] == accuracy
    before, after = (extract_features(net, inputs, layers=["1", "3"]) for net in (a, pruned[0]))
    other = extract_features(pruned[1], inputs, layers=["1", "3"])
    assert sweep.own_a[0].tolist() == pytest.approx([1.0, 1.0], abs=1e-12)
    for k, layer in enumerate(("1", "3")):
        own = sim.cka(before[layer], after[layer])
        assert sweep.own_a[1, k] == pytest.approx(own, abs=1e-5)  # float32 against float64
        rate = float(ss_rate(after[layer], estimator="linkage"))
        assert sweep.ss_rate_a[1, k] == pytest.approx(rate, abs=1e-6)
        assert np.isfinite(sweep.dimension_a[1, k])
    cross = np.mean([sim.cka(after[k], other[k]) for k in ("1", "3")])
    assert sweep.cross[1] == pytest.approx(cross, abs=1e-5)
    rows = sweep.to_rows()
    assert rows[1]["ss_rate_a"] == pytest.approx(sweep.ss_rate_a[1].mean())


def test_sweep_survives_silenced_layers_and_missing_labels():
    a, b = build_mlp(0), build_mlp(1)
    for net in (a, b):
        net[2].bias.data.fill_(-1e6)  # nothing passes the second ReLU
    sweep = sim.sweep_pruning(a, b, VECTORS.tensors[0], sparsities=(0.0, 0.9), layers=["1", "3"])
    assert np.isnan(sweep.accuracy_a).all()
    assert np.isnan(sweep.own_a[:, 1]).all()
    assert np.isnan(sweep.ss_rate_b[:, 1]).all()


def test_triangle_holds_the_three_views(tmp_path):
    a, b = build_mlp(0), build_mlp(1)
    loader = DataLoader(VECTORS, batch_size=16, shuffle=True, generator=torch.Generator())
    views = sim.triangle(
        a, b, loader, layers=["1", "3"], sparsities=(0.0, 0.5), n_alphas=3, names=("A", "B")
    )
    expected = sim.similarity_matrix(a, b, VECTORS, layers=["1", "3"])
    np.testing.assert_allclose(views.static.cka.values, expected.values, atol=1e-5)
    shapes = sim.similarity_matrix(a, b, VECTORS, layers=["1", "3"], measure="procrustes")
    np.testing.assert_allclose(views.static.procrustes.values, shapes.values, atol=1e-5)
    gap = expected.values - shapes.values
    assert len(views.static.divergent) == int((np.abs(gap) > 0.15).sum())
    inputs, _ = VECTORS.tensors
    with torch.no_grad():
        divergence = sim.predictive_divergence(a(inputs), b(inputs), from_logits=True)
    assert views.functional.divergence == pytest.approx(float(divergence), abs=1e-6)
    path = sim.interpolate_linear(a, b, VECTORS, n_alphas=3)
    np.testing.assert_allclose(views.functional.path.losses, path.losses, rtol=1e-5)
    assert views.functional.aligned_path.aligned
    assert views.n_samples == 60
    assert views.functional.note == ""
    rows = views.to_rows()
    assert {row["view"] for row in rows} == {"static", "functional", "sparsity"}
    assert {"a": "A", "b": "B"}.items() <= views.summary().items()
    assert "Triangle(source_a='A', source_b='B', cka=" in repr(views)
    assert '"divergence"' in views.save(tmp_path / "t.json").read_text()


def test_triangle_of_different_architectures_says_what_is_missing():
    wide = build_mlp(1, width=12)
    views = sim.triangle(build_mlp(0), wide, VECTORS, layers=["1"], sparsities=(0.0,))
    assert views.functional.path is None
    assert "first parameter that differs is '0.weight'" in views.functional.note
    other = fill(nn.Sequential(nn.Linear(6, 9), nn.ReLU(), nn.Linear(9, 4)), 2)
    views = sim.triangle(build_mlp(0), other, VECTORS, layers=["1"], sparsities=(0.0,))
    assert views.functional.divergence is None
    assert "no divergence: 3 and 4 classes" in views.functional.note
    assert "divergence" not in repr(views)
    unlabelled = sim.triangle(
        build_mlp(0), build_mlp(1), VECTORS.tensors[0], layers=["1"], sparsities=(0.0,)
    )
    assert "no labels" in unlabelled.functional.note
    assert unlabelled.functional.accuracy_a is None


def test_triangle_of_a_network_with_itself():
    net = build_cnn(0)
    views = sim.triangle(
        net, net, IMAGES, layers=["2", "4"], sparsities=(0.0, 0.5), n_alphas=3, reduce="flatten"
    )
    assert views.static.cka.values.diagonal() == pytest.approx(1.0, abs=1e-6)
    assert views.functional.divergence == 0.0
    assert views.functional.agreement == 1.0
    assert views.functional.path.barrier == pytest.approx(0.0, abs=1e-6)
    assert views.sparsity.cross == pytest.approx(1.0, abs=1e-6)


def test_views_of_known_tables():
    places = np.random.default_rng(0).normal(size=(8, 2))
    apart = np.linalg.norm(places[:, None] - places, axis=2)
    noise = np.random.default_rng(1).normal(size=(8, 8))
    views = sim.correlate_views(
        {"near": -apart, "square": -(apart**2), "noise": noise + noise.T}, n_resamples=300, rng=0
    )
    by_name = {(row.first, row.second): row for row in views.correlations}
    assert by_name["near", "square"].correlation == pytest.approx(1.0)
    assert by_name["near", "square"].interval == pytest.approx((1.0, 1.0))
    low, high = by_name["near", "noise"].interval
    assert low < 0 < high
    assert views.to_rows()[0]["n_pairs"] == 28
    pearson = sim.correlate_views(
        {"near": -apart, "square": -(apart**2)}, method="pearson", n_resamples=50, rng=0
    )
    upper = np.triu_indices(8, 1)
    expected = np.corrcoef(apart[upper], apart[upper] ** 2)[0, 1]
    assert pearson.correlations[0].correlation == pytest.approx(expected)


def test_intervals_resample_models_not_pairs():
    """Over drawn sets of 8 unrelated models 95 % intervals must cover 0 almost always."""
    rng = np.random.default_rng(3)
    covered = []
    for _ in range(40):
        a, b = (rng.normal(size=(8, 2)) for _ in range(2))
        tables = {name: -np.linalg.norm(x[:, None] - x, axis=2) for name, x in (("a", a), ("b", b))}
        low, high = sim.correlate_views(tables, n_resamples=99, rng=0).correlations[0].interval
        covered.append(low <= 0 <= high)
    assert np.mean(covered) > 0.85  # 40 draws: standard error 0.035


def test_cross_views_of_networks():
    models = {f"{k}": build_mlp(k) for k in range(4)}
    models["wide"] = build_mlp(9, width=12)
    views = sim.cross_view_correlations(
        models,
        VECTORS,
        views=("cka", "lsim", "predictive", "connectivity", "aligned_connectivity", "pruned"),
        layers=["1", "3"],
        n_resamples=50,
    )
    assert views.models == ("0", "1", "2", "3", "wide")
    for i, j in itertools.combinations(range(4), 2):
        a, b = models[str(i)], models[str(j)]
        table = sim.similarity_matrix(a, b, VECTORS, layers=["1", "3"]).values
        assert views.tables["cka"][i, j] == pytest.approx(table.diagonal().mean(), abs=1e-6)
        barrier = sim.interpolate_linear(a, b, VECTORS).barrier
        assert views.tables["connectivity"][i, j] == pytest.approx(-barrier, rel=1e-5)
    assert np.isnan(views.tables["connectivity"][:4, 4]).all()
    row = next(r for r in views.correlations if (r.first, r.second) == ("cka", "connectivity"))
    assert row.n_pairs == 6
    assert "CrossViews(n_models=5" in repr(views)


def test_cross_views_need_enough_models():
    with pytest.raises(ValueError, match="at least 4 networks for correlations, got 1"):
        sim.cross_view_correlations({"a": build_mlp(0)}, VECTORS)
    with pytest.raises(ValueError, match="views must be one of .*did you mean 'cka'"):
        sim.cross_view_correlations({"a": build_mlp(0)}, VECTORS, views=("cca",))
    with pytest.raises(ValueError, match="at least 2 views, got 1"):
        sim.correlate_views({"a": np.eye(4)})
    with pytest.raises(ValueError, match="at least 4 models"):
        sim.correlate_views({"a": np.eye(3), "b": np.eye(3)})
    with pytest.raises(ValueError, match="table 'b' must be symmetric"):
        sim.correlate_views({"a": np.eye(4), "b": np.triu(np.ones((4, 4)))})
    with pytest.raises(ValueError, match="models must hold 4 names, got 1"):
        sim.correlate_views({"a": np.eye(4), "b": np.eye(4)}, models=["x"])
