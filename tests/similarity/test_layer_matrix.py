"""Layer × layer matrices: one pass, exact whatever the batches, names in every message."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from featgraph import similarity as sim
from featgraph.features import extract_features
from featgraph.similarity._moments import LinearMoments
from featgraph.similarity._streams import CkaStream, HeldPairs, scale_layers
from tests.naive import similarity as naive


def build_net(seed, width=7):
    generator = torch.Generator().manual_seed(seed)
    net = nn.Sequential(nn.Linear(5, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(),
                        nn.Linear(width, 3))  # fmt: skip
    for parameter in net.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator)
    return net.double()


LAYERS = ["1", "3", "4"]
DATA = torch.randn(45, 5, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
NETS = build_net(0), build_net(1, width=6)


@pytest.mark.parametrize("measure", sorted(sim.MEASURES))
def test_matrix_equals_the_measure_of_every_pair(measure):
    options = {"epsilon": ("density", 0.5)} if "epsilon" in _options(measure) else {}
    table = sim.similarity_matrix(*NETS, DATA, measure=measure, layers=LAYERS, **options)
    left, right = (extract_features(net, DATA, layers=LAYERS) for net in NETS)
    assert table.layers_a == table.layers_b == tuple(LAYERS)
    assert table.n_samples == 45
    for i, a in enumerate(LAYERS):
        for j, b in enumerate(LAYERS):
            expected = sim.measure_pair(left[a], right[b], measure=measure, **options)
            assert table.values[i, j] == pytest.approx(expected, abs=1e-9)


def _options(measure):
    return ("epsilon",) if measure in ("spectrum_distance", "portrait_divergence") else ()


@pytest.mark.parametrize("measure", sorted(sim.MEASURES))
def test_diagonal_of_a_network_with_itself_is_exact(measure):
    net = build_net(0).float()
    options = {"epsilon": ("density", 0.5)} if "epsilon" in _options(measure) else {}
    table = sim.similarity_matrix(
        net, net, DATA.float(), measure=measure, layers=LAYERS, batch_size=10, **options
    )
    best = 1.0 if table.larger_is_more_similar else 0.0
    assert table.values.diagonal().tolist() == [best] * 3
    if sim.MEASURES[measure].symmetric:
        np.testing.assert_allclose(table.values, table.values.T, atol=1e-6)  # float32


@pytest.mark.parametrize("estimator", ["biased", "unbiased"])
@pytest.mark.parametrize("route", ["kernels", "sums"])
@settings(max_examples=12)
@given(cuts=st.lists(st.integers(1, 44), unique=True, max_size=6), same=st.booleans())
def test_batches_do_not_matter_to_linear_cka(estimator, route, cuts, same):
    stream = CkaStream.limit
    batches = torch.tensor_split(DATA, sorted(cuts))
    nets = (NETS[0], NETS[0]) if same else NETS
    try:
        CkaStream.limit = lambda self, *_: 1 if route == "sums" else float("inf")
        table = sim.similarity_matrix(*nets, list(batches), layers=LAYERS, estimator=estimator)
    finally:
        CkaStream.limit = stream
    left, right = (extract_features(net, DATA, layers=LAYERS) for net in nets)
    for i, a in enumerate(LAYERS):
        for j, b in enumerate(LAYERS):
            whole = naive.cka(
                left[a].numpy().T, right[b].numpy().T, unbiased=estimator == "unbiased"
            )
            assert table.values[i, j] == pytest.approx(whole, abs=1e-9)


def test_offsets_do_not_eat_the_digits_of_the_sums():
    """float32 features around 1000 with spread 1, in batches."""
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(600, 8)) + 1000).astype(np.float32)
    Y = (X[:, :5] + 0.5 * rng.normal(size=(600, 5))).astype(np.float32)
    for unbiased in (False, True):
        moments = LinearMoments([8], [5], unbiased=unbiased)
        for rows in np.array_split(np.arange(600), 7):
            moments.update([torch.as_tensor(X[rows])], [torch.as_tensor(Y[rows])])
        exact = sim.cka(X, Y, estimator="unbiased" if unbiased else "biased")
        # the data hold 1000 to 6e-5, so 1e-4 of the spread is all there is
        assert moments.cka().item() == pytest.approx(exact, abs=1e-4)


def test_minibatch_estimator_uses_the_batches_of_the_loader():
    loader = DataLoader(TensorDataset(DATA, torch.zeros(45)), batch_size=9)
    table = sim.similarity_matrix(*NETS, loader, layers=LAYERS, estimator="minibatch")
    left, right = (extract_features(net, DATA, layers=LAYERS) for net in NETS)
    expected = sim.cka(left["1"].values.T, right["4"].values.T, estimator="minibatch", batch_size=9)
    assert table.values[0, 2] == pytest.approx(float(expected), rel=1e-9)
    with pytest.warns(UserWarning, match="3 samples in batches under 4 were left out"):
        sim.similarity_matrix(*NETS, DATA, layers=LAYERS, estimator="minibatch", batch_size=14)
    with pytest.raises(ValueError, match="at least 4 samples are needed .* got 0"):
        sim.similarity_matrix(*NETS, DATA, layers=LAYERS, estimator="minibatch", batch_size=3)


def test_shuffling_loaders_show_both_networks_the_same_samples():
    loader = DataLoader(
        TensorDataset(DATA), batch_size=8, shuffle=True, generator=torch.Generator()
    )
    table = sim.similarity_matrix(NETS[0], build_net(0), loader, layers=LAYERS)
    np.testing.assert_allclose(table.values.diagonal(), 1.0, rtol=1e-12)


def test_flattened_and_pooled_features_of_convolutions():
    net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU())
    images = torch.randn(12, 1, 6, 6, generator=torch.Generator().manual_seed(1))
    pooled = sim.similarity_matrix(net, net, images, layers=["0", "1"])
    flat = sim.similarity_matrix(net, net, images, layers=["0", "1"], reduce="flatten")
    with torch.no_grad():
        X, Y = net[0](images), net(images)
    assert flat.values[0, 1] == pytest.approx(float(sim.cka(X.flatten(1), Y.flatten(1))), abs=1e-5)
    means = X.mean((2, 3)), Y.mean((2, 3))
    assert pooled.values[0, 1] == pytest.approx(float(sim.cka(*means)), abs=1e-5)


def test_models_are_left_as_they_were():
    net = nn.Sequential(nn.Linear(5, 4), nn.Dropout(), nn.BatchNorm1d(4)).double().train()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    sim.similarity_matrix(net, net, DATA, layers=["0", "2"])
    assert all(module.training for module in net.modules())
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())
    assert not any(module._forward_hooks for module in net.modules())


def test_bad_calls_name_the_layer_and_the_remedy():
    with pytest.raises(ValueError, match=r"'nothing'"):
        sim.similarity_matrix(*NETS, DATA, layers=["nothing"])
    with pytest.raises(ValueError, match="measure must be one of"):
        sim.similarity_matrix(*NETS, DATA, measure="similarity", layers=LAYERS)
    constant = build_net(0)
    constant[0].weight.data.zero_()
    for kwargs in ({}, {"estimator": "minibatch"}, {"measure": "procrustes"}):
        with pytest.raises(ValueError, match=r"layer '1' must vary over the samples"):
            sim.similarity_matrix(constant, NETS[1], DATA, layers=LAYERS, **kwargs)
    broken = build_net(0)
    broken[2].bias.data[0] = torch.nan
    with pytest.raises(ValueError, match=r"(?i)nan.*'3'|'3'.*nan"):
        sim.similarity_matrix(NETS[1], broken, DATA, layers=["3"])
    with pytest.raises(ValueError, match="at least 4 samples"):
        sim.similarity_matrix(*NETS, DATA[:3], layers=LAYERS, estimator="unbiased")
    with pytest.raises(ValueError, match="at least one batch"):
        sim.similarity_matrix(*NETS, [], layers=LAYERS)


def test_sums_refuse_a_constant_layer_too():
    moments = LinearMoments([2], [2])
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        moments.update([torch.randn(5, 2, generator=generator)], [torch.full((5, 2), 0.1)])
    with pytest.raises(ValueError, match=r"Y\[0\] must vary over the samples"):
        moments.cka()


def test_compare_layers_takes_features_that_are_there(tmp_path):
    left, right = (extract_features(net, DATA, layers=LAYERS) for net in NETS)
    table = sim.compare_layers(left, right, measure="lsim")
    again = sim.similarity_matrix(*NETS, DATA, measure="lsim", layers=LAYERS)
    np.testing.assert_allclose(table.values, again.values, rtol=1e-12)
    path = table.save(tmp_path / "table.json")
    loaded = sim.SimilarityMatrix.load(path)
    np.testing.assert_array_equal(loaded.values, table.values)
    assert loaded.layers_a == table.layers_a
    assert dict(loaded.options) == {"top_k": None}
    assert loaded.source_a == "Sequential"
    assert table.to_rows()[1] == {
        "layer_a": "1", "layer_b": "3", "lsim": pytest.approx(table.values[0, 1])
    }  # fmt: skip
    short = {"1": left["1"], "x": DATA[:9]}
    with pytest.raises(ValueError, match=r"45 in layer '1' and 9 in layer 'x'"):
        sim.compare_layers(short)
    with pytest.raises(TypeError, match="features_a must be a mapping to .*, got a Tensor"):
        sim.compare_layers(DATA)
    with pytest.raises(ValueError, match="at least one layer"):
        sim.compare_layers({})


def test_matching_takes_a_matrix_with_its_direction():
    table = sim.similarity_matrix(
        NETS[0], build_net(0), DATA, measure="procrustes_distance", layers=LAYERS
    )
    assert sim.match_layers(table, rng=0).accuracy == 1.0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("estimator", ["biased", "unbiased", "minibatch"])
def test_cuda_gives_the_same_matrix(estimator):
    cpu = sim.similarity_matrix(*NETS, DATA, layers=LAYERS, estimator=estimator)
    gpu = sim.similarity_matrix(*NETS, DATA, layers=LAYERS, estimator=estimator, device="cuda")
    np.testing.assert_allclose(gpu.values, cpu.values, atol=1e-9)


def test_layers_are_brought_near_one_when_they_are_taken():
    given = {"a": 1000 * torch.ones(3, 2), "b": torch.ones(3, 2)}
    ((scaled, none),) = scale_layers(iter([(given, None)]), any_scale=True)
    assert none is None
    assert list(scaled) == ["a", "b"]
    assert 0.5 < float(scaled["a"].max()) <= 2
    assert torch.equal(
        scaled["a"] * 2 ** round(np.log2(1000 / float(scaled["a"][0, 0]))), given["a"]
    )
    assert scaled["a"] is not scaled["a"]  # none is kept
    assert scaled["b"] is given["b"]


@pytest.mark.parametrize("order", ["C", "F", "reversed", "read-only", "record", "big-endian"])
def test_arrays_of_single_precision_are_compared_in_double(order):
    X = (np.random.default_rng(0).normal(size=(30, 4)) + 100).astype(np.float32)
    given = {
        "C": X,
        "F": np.asfortranarray(X),
        "reversed": X[::-1].copy()[::-1],
        "read-only": np.frombuffer(X.tobytes(), np.float32).reshape(30, 4),
        "record": np.rec.fromarrays([X, X > 0], names="values,sign", formats="4f4,4?")["values"],
        "big-endian": X.astype(">f4"),
    }[order]
    Y = np.cos(X.astype(float))
    whole = sim.compare_layers({"a": X.astype(float)}, {"b": Y}, measure="cka").values
    np.testing.assert_allclose(
        sim.compare_layers({"a": given}, {"b": Y}, measure="cka").values, whole, rtol=1e-13
    )
    single = sim.compare_layers({"a": given}, {"b": Y.astype(np.float32)}, measure="cka").values
    np.testing.assert_allclose(
        single, sim.cka(X.astype(float), Y.astype(np.float32).astype(float)), rtol=1e-13
    )
    assert np.array_equal(given, X)


def test_batches_are_held_once(monkeypatch):
    """Parts that come in batches are neither kept nor joined at the end."""
    joined = []
    cat = torch.cat
    monkeypatch.setattr(
        torch, "cat", lambda parts, *a, **k: joined.append(1) or cat(parts, *a, **k)
    )
    held, rows = HeldPairs(), torch.arange(24.0).reshape(12, 2)
    for low, high in ((0, 5), (5, 6), (6, 12)):
        held.add({"a": rows[low:high]}, {"b": rows[low:high].double()})
    first, second = held.take()
    assert held.n_samples == 12
    assert torch.equal(first["a"], rows)
    assert torch.equal(second["b"], rows.double())
    assert not joined
