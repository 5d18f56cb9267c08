"""Which activations are caught: calls, members of outputs, the batch axis, what is refused."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from featgraph.distances import stream_distances
from featgraph.features import extract_features
from featgraph.selfsimilarity import SelfSimilarityRegularizer


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def module(forward: Callable[..., object], **children: nn.Module) -> nn.Module:
    model = type("Net", (nn.Module,), {"forward": forward})()
    for name, child in children.items():
        setattr(model, name, child)
    return model


def same(found: Any, expected: Tensor) -> None:
    torch.testing.assert_close(found.values, expected.detach(), rtol=1e-5, atol=1e-6)


# Calls


def six_relus(self: Any, x: Tensor) -> Tensor:
    for layer in self.layers:
        x = self.relu(layer(x))
    return x


def test_every_call_of_a_shared_activation_is_a_layer() -> None:
    widths = [4, 9, 8, 7, 6, 5, 3]
    layers = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(widths))
    model, x = module(six_relus, layers=layers, relu=nn.ReLU()), draw(5, 4)
    expected = {}
    for k, layer in enumerate(layers):
        x_k = torch.relu(layer(draw(5, 4) if k == 0 else x_k))  # noqa: F821
        expected[f"relu#{k}" if k else "relu"] = x_k.T
    for options in ({"layers": "relu"}, {}):
        found = extract_features(model, x, batch_size=3, **options)  # type: ignore[arg-type]
        assert list(found) == list(expected)
        for name, values in expected.items():
            same(found[name], values)
    found = extract_features(model, x, layers=["relu#4", "relu#1"])
    assert list(found) == ["relu#1", "relu#4"]
    same(found["relu#4"], expected["relu#4"])
    assert list(stream_distances(model, x, layers="relu")) == list(expected)
    for calls, name in (("first", "relu"), ("last", "relu#5")):
        same(extract_features(model, x, layers="relu", calls=calls)["relu"], expected[name])  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"layers \['relu#6'\] were never called"):
        extract_features(model, x, layers=["relu", "relu#6", "relu#0"][1:])


def test_every_call_of_a_shared_activation_in_a_convolutional_net() -> None:
    def forward(self: Any, x: Tensor) -> Tensor:
        for conv in self.convs:
            x = self.pool(self.relu(conv(x)))
        return self.relu(self.head(x.flatten(1)))

    convs = nn.ModuleList([nn.Conv2d(1, 4, 3), nn.Conv2d(4, 8, 3)])
    # Registered first, so that no module before it says where channels stand.
    model = module(forward, relu=nn.ReLU(), convs=convs, pool=nn.MaxPool2d(2),
                   head=nn.Linear(32, 6))  # fmt: skip
    x = draw(5, 1, 14, 14)
    found = extract_features(model, x, layers="relu")
    first = torch.relu(convs[0](x))
    second = torch.relu(convs[1](model.pool(first)))
    same(found["relu"], first.mean((2, 3)).T)
    same(found["relu#1"], second.mean((2, 3)).T)
    same(found["relu#2"], torch.relu(model.head(model.pool(second).flatten(1))).T)
    assert [F.reduce for F in found.values()] == ["channels_first", "channels_first", "none"]


def test_calls_that_vary_are_an_error_with_a_way_out() -> None:
    def forward(self: Any, x: Tensor) -> Tensor:
        for _ in range(len(x)):
            x = self.cell(x)
        return x

    model, data = module(forward, cell=nn.Linear(4, 4)), [draw(2, 4), draw(3, 4)]
    with pytest.raises(ValueError, match=r"'cell#2' was called in 1 of 2 batches.*calls='last'"):
        extract_features(model, data, layers="cell")
    assert extract_features(model, data, layers="cell", calls="last")["cell"].n_samples == 5


def test_names_of_a_module_that_stands_several_times_in_a_sequence() -> None:
    act = nn.ReLU()
    model = nn.Sequential(nn.Linear(4, 6), act, nn.Linear(6, 3), act)
    x = draw(5, 4)
    first, second = model[:2](x).T, model(x).T
    for layers, expected in (
        (["1"], {"1": first, "1#1": second}),
        (["3"], {"3": second}),
        (["1", "3"], {"1": first, "3": second}),
        (["1#1"], {"1#1": second}),
    ):
        found = extract_features(model, x, layers=layers)
        assert list(found) == list(expected)
        for name, values in expected.items():
            same(found[name], values)


# Members of outputs, inputs


def test_all_members_of_outputs() -> None:
    lstm = nn.LSTM(3, 6, batch_first=True)
    model, x = module(lambda self, x: self.lstm(x)[0], lstm=lstm), draw(5, 7, 3)
    with pytest.warns(UserWarning, match=r"no batch axis.*\['lstm.1.0', 'lstm.1.1'\]"):
        found = extract_features(model, x, layers="lstm", output="all")
    assert list(found) == ["lstm.0"]
    same(found["lstm.0"], lstm(x)[0].mean(1).T)
    pair = module(lambda self, x: (x, None, {"twice": 2 * x}))
    model = nn.Sequential(pair, module(lambda self, pair: pair[0]))
    found = extract_features(model, draw(5, 4), layers=["0", "1"], output="all")
    assert list(found) == ["0.0", "0.2.twice", "1"]
    same(found["0.2.twice"], 2 * draw(5, 4).T)
    by_call = module(
        lambda self, x: self.pair(self.pair(x)[1])[0], pair=module(lambda s, x: (x, x))
    )
    found = extract_features(by_call, draw(5, 4), layers="pair", output="all")
    assert list(found) == ["pair.0", "pair.1", "pair.0#1", "pair.1#1"]


@pytest.mark.parametrize(
    ("layer", "output", "message"),
    [
        ("0", 2, "output=2 names no member of what layer '0' gives, a tuple of 2"),
        ("0", "state", "output='state' names no member .* a tuple of 2"),
        ("1", 1, "output=1 names no member of what layer '1' gives, a Tensor"),
        ("1", "x", "output='x' names no member .* a Tensor; give output=None"),
    ],
)
def test_members_that_are_not_there(layer: str, output: Any, message: str) -> None:
    model = nn.Sequential(module(lambda s, x: (x, x)), module(lambda s, pair: pair[0]))
    with pytest.raises(ValueError, match=message):
        extract_features(model, draw(5, 4), layers=layer, output=output)
    assert extract_features(model, draw(5, 4), layers="1", output=0)["1"].n_nodes == 4


def test_what_goes_into_a_layer() -> None:
    conv = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Conv2d(4, 6, 3), nn.Flatten(2))
    x = draw(5, 1, 8, 8)
    found = extract_features(conv, x, layers=["0:input", "2:input", "3:input"], reduce={
        "0:input": "flatten"})  # fmt: skip
    same(found["0:input"], x.flatten(1).T)
    same(found["2:input"], conv[:2](x).mean((2, 3)).T)
    same(found["3:input"], conv[:3](x).mean((2, 3)).T)
    tokens = nn.Sequential(nn.Linear(4, 6), nn.GELU(), nn.Linear(6, 3))
    x = draw(5, 3, 4)  # as many tokens as the last map has outputs
    same(extract_features(tokens, x, layers="2:input")["2:input"], tokens[:2](x).mean(1).T)
    reg = SelfSimilarityRegularizer(nn.Sequential(nn.Linear(9, 9), nn.ReLU()), layers="1:input")
    reg._hooks.model(draw(40, 9))
    assert reg().requires_grad
    assert reg.layers == ["1:input"]


# The batch axis: one rule, the same words


def windows(self: Any, x: Tensor) -> Tensor:
    return self.inner(x.reshape(-1, 4, 12)).reshape(len(x), -1)


def experts(self: Any, x: Tensor) -> Tensor:
    return self.inner(x.flatten(0, 1)).unflatten(0, x.shape[:2])


def turned(self: Any, x: Tensor) -> Tensor:
    return self.inner(x.transpose(0, 1)).transpose(0, 1)


@pytest.mark.parametrize(
    ("forward", "shape"),
    [(windows, (24, 4, 9)), (experts, (48, 9)), (turned, (8, 6, 9))],
)
def test_what_extraction_refuses_the_regulariser_refuses(
    forward: Callable[..., object], shape: tuple[int, ...]
) -> None:
    model, x = module(forward, inner=nn.Linear(12, 9)), draw(6, 8, 24)
    if forward is not windows:
        x = x[:, :, :12]
    with pytest.raises(ValueError, match="first axis is not the batch") as refused:
        extract_features(model, x, layers="inner")
    assert f"layer 'inner' gives shape {shape} for a batch of 6 samples" in str(refused.value)
    reg = SelfSimilarityRegularizer(model, layers="inner")
    with pytest.raises(ValueError, match="first axis is not the batch") as again:
        model(x)
    assert str(again.value) == str(refused.value)
    reg.remove()
    model(x)


def test_torch_attention_with_the_batch_second_is_refused_by_both() -> None:
    model = module(lambda self, x: self.head(self.block(x)), head=nn.Linear(12, 9),
                   block=nn.TransformerEncoderLayer(12, 2, 16))  # fmt: skip
    x = draw(7, 5, 12)
    with pytest.raises(ValueError, match="ambiguous.*batch_first=False") as refused:
        extract_features(model, [x], layers="head")
    reg = SelfSimilarityRegularizer(model, layers="head")
    with pytest.raises(ValueError, match="ambiguous.*batch_first=False") as again:
        model(x)
    assert str(again.value) == str(refused.value)
    reg.remove()


def test_as_many_tokens_as_samples_are_no_disguise() -> None:
    hidden = module(turned, inner=nn.Linear(12, 9))
    plain = module(lambda self, x: self.inner(x), inner=nn.Linear(12, 9))
    x = draw(8, 8, 12)
    said = r"layer 'inner' gives shape \(8, 8, 9\) for a batch of 8 samples: its first axis is not"
    with pytest.raises(ValueError, match=said):
        extract_features(hidden, x, layers="inner")
    with pytest.raises(ValueError, match=said):
        extract_features(hidden, [(x, torch.arange(8))], layers="inner")
    reg = SelfSimilarityRegularizer(hidden, layers="inner")
    hidden(x)
    with pytest.raises(ValueError, match=said):
        reg()
    same(extract_features(plain, x, layers="inner")["inner"], plain(x).mean(1).T)
    runs: list[int] = []
    plain.register_forward_hook(lambda *_: runs.append(1))
    reg = SelfSimilarityRegularizer(plain, layers="inner", n_resamples=0)
    for _ in range(3):
        plain(x)
        assert reg().requires_grad
    assert len(runs) == 4  # one on seven samples, once
    assert plain.training


# What is no activation


class Odd(nn.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def forward(self, x: Tensor) -> Any:
        return {
            "nothing": None,
            "words": "words",
            "complex": torch.complex(x, x),
            "sparse": x.to_sparse(),
            "whole": x.long(),
            "truth": x > 0,
        }[self.kind]


ODD = {
    "nothing": "layer 'odd' gives nothing; choose another layer",
    "words": "layer 'odd' gives no Tensor but str; choose another layer",
    "complex": "layer 'odd' gives torch.complex64.*give reduce= a function",
    "sparse": "layer 'odd' gives .*sparse_coo.*give reduce= a function",
    "whole": "layer 'odd' gives torch.int64, whole numbers and no activations",
    "truth": "layer 'odd' gives torch.bool, whole numbers",
}


@pytest.mark.parametrize("kind", ODD)
def test_outputs_that_are_no_activations(kind: str) -> None:
    def forward(self: Any, x: Tensor) -> Tensor:
        self.odd(x)
        return self.act(self.linear(x))

    model = module(forward, odd=Odd(kind), linear=nn.Linear(12, 9), act=nn.ReLU())
    with pytest.raises(ValueError, match=ODD[kind]):
        extract_features(model, draw(5, 12), layers=["odd", "act"])
    reg = SelfSimilarityRegularizer(model, layers="odd")
    with pytest.raises(ValueError, match=ODD[kind]):
        model(draw(40, 12))
    reg.remove()
    with pytest.warns(UserWarning, match=r"left out.*\['odd'\]") as caught:
        assert list(extract_features(model, draw(5, 12), layers="all")) == ["linear", "act"]
    assert len(caught) == 1
    assert caught[0].filename == __file__
    if kind == "complex":
        found = extract_features(model, draw(5, 12), layers="odd", reduce=lambda a, m: a.abs())
        same(found["odd"], (2**0.5 * draw(5, 12).abs()).T)


def test_all_layers_leave_out_what_has_no_clear_layout() -> None:
    def forward(self: Any, x: Tensor) -> Tensor:
        x = self.drop(x) + self.positions(torch.arange(x.shape[1]))
        return self.linear(x)

    model = module(forward, drop=nn.Dropout(), positions=nn.Embedding(9, 12),
                   linear=nn.Linear(12, 9), unused=nn.Linear(2, 2))  # fmt: skip
    x = draw(5, 7, 12)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = extract_features(model, x, layers="all", batch_size=3)
    said = [str(warning.message) for warning in caught]
    assert len(said) == 2
    assert "left out, as they have no batch axis, no clear layout" in said[0]
    assert "['drop', 'positions']" in said[0]
    assert "never called" in said[1]
    assert "['unused']" in said[1]
    same(found["linear"], model.eval()(x).mean(1).T)
