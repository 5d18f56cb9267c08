"""Capture: the right numbers from any module, and no trace left in it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset

from featgraph.datasets import load_digits
from featgraph.features import extract_features, iterate_features
from featgraph.features.capture import GrowingRows
from featgraph.features.running import placed_on
from featgraph.models import MODELS, build_model


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def module(forward: Callable[..., object], **children: nn.Module) -> nn.Module:
    """A module with the given children whose forward is ``forward(self, ...)``."""
    model = type("Net", (nn.Module,), {"forward": forward})()
    for name, child in children.items():
        setattr(model, name, child)
    return model


def cnn() -> nn.Module:
    return build_model("cnn", seed=3)


def state(model: nn.Module) -> tuple[object, ...]:
    """Everything that a run must leave as it was."""
    hooks = [
        (len(m._forward_hooks), len(m._forward_pre_hooks), len(m._backward_hooks), m.training)
        for m in model.modules()
    ]
    tensors = [t.clone() for t in model.state_dict().values()]
    return hooks, tensors, [p.requires_grad for p in model.parameters()]


def same(left: tuple[Any, ...], right: tuple[Any, ...]) -> bool:
    equal = all(torch.equal(a, b) for a, b in zip(left[1], right[1], strict=True))
    return left[0] == right[0] and equal and left[2] == right[2]


# The numbers


def test_features_are_the_means_of_the_activations() -> None:
    model, x = cnn().eval(), draw(7, 1, 8, 8)
    with torch.no_grad():
        first = model.stages[0](x)
        second = model.stages[1](first)
    features = extract_features(model, x, layers=["stages.0", "stages.1"])
    for name, activation in (("stages.0", first), ("stages.1", second)):
        torch.testing.assert_close(
            features[name].values, activation.mean((2, 3)).T, rtol=1e-6, atol=1e-7
        )  # float32 sums of at most 64 numbers in another order
    assert features["stages.1"].layer == "stages.1"
    assert features["stages.1"].source == "SmallCNN"


@pytest.mark.parametrize("name", MODELS)
def test_batches_do_not_matter(name: str) -> None:
    model, x = build_model(name), load_digits("test").images[:50]
    whole = extract_features(model, x, batch_size=50)
    parts = extract_features(model, x, batch_size=17)
    for layer, F in whole.items():
        assert F.n_samples == 50
        # BLAS may sum in another order for another batch size.
        torch.testing.assert_close(F.values, parts[layer].values, rtol=1e-4, atol=1e-5)


def test_iterate_yields_the_same_batch_by_batch() -> None:
    model, x = cnn(), draw(10, 1, 8, 8)
    parts = [batch["stages.2"].values for batch in iterate_features(model, x, batch_size=4)]
    assert [part.shape[1] for part in parts] == [4, 4, 2]
    whole = extract_features(model, x, batch_size=4)["stages.2"].values
    torch.testing.assert_close(torch.cat(parts, 1), whole, rtol=0, atol=0)


def test_activation_overwritten_in_place_later() -> None:
    linear = nn.Linear(4, 5)
    model = nn.Sequential(linear, nn.ReLU(inplace=True), nn.Linear(5, 2))
    x = draw(6, 4)
    F = extract_features(model, x, layers="0")["0"]
    torch.testing.assert_close(F.values, linear(x).detach().T, rtol=0, atol=0)
    assert (F.values < 0).any()


def test_views_do_not_share_memory_with_activations() -> None:
    def forward(self: nn.Module, x: torch.Tensor) -> torch.Tensor:
        tokens = self.norm(x)
        kept = tokens.clone()
        tokens.zero_()
        return kept

    model = module(forward, norm=nn.LayerNorm(4))
    for reduce in ("cls", "tokens", "flatten"):
        F = extract_features(model, draw(3, 5, 4), layers="norm", reduce=reduce)["norm"]
        assert F.values.abs().sum() > 0.1


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_precision_of_the_model(dtype: torch.dtype) -> None:
    model = nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2)).to(dtype)
    F = extract_features(model, draw(5, 4))["1"]
    assert F.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)


def test_features_carry_no_gradient() -> None:
    assert not extract_features(cnn(), draw(2, 1, 8, 8))["stages.0"].values.requires_grad


# Modules called several times


def loop(self: nn.Module, x: torch.Tensor) -> torch.Tensor:
    for _ in range(3):
        x = self.cell(x)
    return x


@pytest.mark.parametrize("calls", ["first", "last", "mean", "concatenate"])
def test_module_called_three_times(calls: str) -> None:
    cell = nn.Linear(4, 4)
    x = draw(6, 4)
    with torch.no_grad():
        one = cell(x)
        two, three = cell(one), cell(cell(one))
    expected = {
        "first": one,
        "last": three,
        "mean": (one + two + three) / 3,
        "concatenate": torch.cat([one, two, three], 1),
    }[calls]
    F = extract_features(module(loop, cell=cell), x, layers="cell", calls=calls)["cell"]  # type: ignore[arg-type]
    torch.testing.assert_close(F.values, expected.T, rtol=1e-6, atol=1e-7)


def test_mean_over_calls_of_different_width_is_an_error() -> None:
    def forward(self: nn.Module, x: torch.Tensor) -> torch.Tensor:
        self.act(x)
        return self.act(x[:, :2])

    with pytest.raises(ValueError, match="layer 'act' gives different shapes.*calls='last'"):
        extract_features(module(forward, act=nn.ReLU()), draw(3, 4), layers="act", calls="mean")


def test_shared_module_under_its_second_name() -> None:
    act = nn.ReLU()
    model = nn.Sequential(nn.Linear(4, 4), act, nn.Linear(4, 3), act)
    F = extract_features(model, draw(5, 4), layers="3")["3"]
    assert F.n_nodes == 3


# Outputs that are no Tensor


def test_tuple_and_dict_outputs() -> None:
    def forward(self: nn.Module, x: torch.Tensor) -> object:
        return {"note": "text", "state": [self.pair(x)]}

    pair = module(lambda self, x: (x, 2 * x))
    model = nn.Sequential(module(forward, pair=pair))
    x = draw(5, 4)
    for layer in ("0", "0.pair"):
        F = extract_features(model, x, layers=layer)[layer]
        torch.testing.assert_close(F.values, x.T, rtol=0, atol=0)
    F = extract_features(model, x, layers="0.pair", output=1)["0.pair"]
    torch.testing.assert_close(F.values, 2 * x.T, rtol=0, atol=0)
    F = extract_features(model, x, layers="0", output="state")["0"]
    torch.testing.assert_close(F.values, x.T, rtol=0, atol=0)
    for output in (2, "nothing"):
        with pytest.raises(ValueError, match=f"output={output!r} names no member.*layer '0.pair'"):
            extract_features(model, x, layers="0.pair", output=output)


def test_recurrent_net_gives_its_outputs() -> None:
    model = module(lambda self, x: self.lstm(x)[0], lstm=nn.LSTM(3, 6, batch_first=True))
    F = extract_features(model, draw(5, 7, 3), layers="lstm")["lstm"]
    assert (F.n_nodes, F.n_samples, F.reduce) == (6, 5, "tokens")


def test_output_without_a_tensor_is_an_error() -> None:
    model = module(lambda self, x: (self.text(x), x)[1], text=module(lambda self, x: "words"))
    with pytest.raises(ValueError, match="layer 'text' gives no Tensor but str"):
        extract_features(model, draw(3, 4), layers="text")


# Layouts


def test_activations_take_the_layout_of_what_stands_before() -> None:
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(2), nn.Linear(36, 6), nn.GELU())
    features = extract_features(model, draw(5, 1, 8, 8), layers=["1", "4"])
    assert {k: (F.n_nodes, F.reduce) for k, F in features.items()} == {
        "1": (4, "channels_first"),
        "4": (6, "tokens"),
    }


def test_ambiguous_layout_is_an_error_and_a_mapping_settles_it() -> None:
    model = nn.Sequential(nn.Identity(), nn.Flatten(), nn.Linear(16, 3))
    x = draw(5, 4, 2, 2)
    with pytest.raises(ValueError, match=r"layer '0' gives shape \(5, 4, 2, 2\).*ambiguous"):
        extract_features(model, x, layers=["0", "2"])
    features = extract_features(model, x, layers=["0", "2"], reduce={"0": "channels_first"})
    assert (features["0"].n_nodes, features["2"].reduce) == (4, "none")
    with pytest.raises(ValueError, match=r"reduce: '3' is none of the chosen layers"):
        extract_features(model, x, layers=["0"], reduce={"3": "tokens"})
    with pytest.raises(ValueError, match=r"reduce\['0'\] must be one of"):
        extract_features(model, x, layers=["0"], reduce={"0": "token"})  # type: ignore[dict-item]


def test_sequence_first_input_is_not_taken_for_a_batch() -> None:
    lstm = nn.LSTM(3, 6)
    model = module(lambda self, x: self.head(self.lstm(x)[0]), lstm=lstm, head=nn.Linear(6, 2))
    x = draw(7, 5, 3)
    for layer in ("lstm", "head"):
        with pytest.raises(ValueError, match="ambiguous.*made with batch_first=False"):
            extract_features(model, [x], layers=layer)
        F = extract_features(model, [x], layers=layer, reduce="sequence_first")[layer]
        assert F.n_samples == 5


def test_windows_are_not_taken_for_samples() -> None:
    def forward(self: nn.Module, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x.reshape(-1, 2)).reshape(len(x), -1)

    with pytest.raises(ValueError, match="layer 'linear'.*for a batch of 5 samples"):
        extract_features(module(forward, linear=nn.Linear(2, 3)), draw(5, 4), layers="linear")


# Data


class Endless(IterableDataset[torch.Tensor]):
    def __iter__(self) -> Iterator[torch.Tensor]:
        for k in range(10**6):
            yield draw(4, seed=k)


def test_every_kind_of_data_gives_the_same() -> None:
    x = draw(6, 4)
    model = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2))
    expected = extract_features(model, x)["1"].values
    labels = torch.zeros(6)
    kinds: list[object] = [
        x.numpy(),
        [x],
        [x[:4], x[4:]],
        (part for part in (x[:2], x[2:])),
        [x.numpy()],
        [(x, labels)],
        [[x[:3], labels[:3]], [x[3:], labels[3:]]],
        [((x,), labels)],
        [{"input": x, "labels": labels}],
        [{"picture": x, "labels": labels}],
        [({"input": x}, labels)],
        TensorDataset(x, labels),
        DataLoader(TensorDataset(x, labels), batch_size=4),
        DataLoader(x, batch_size=4),  # type: ignore[arg-type]
    ]
    for data in kinds:
        F = extract_features(model, data)["1"]
        torch.testing.assert_close(F.values, expected, rtol=1e-6, atol=1e-7)
    taken = extract_features(model, Endless(), batch_size=3, max_batches=2)["1"]
    assert taken.n_samples == 6


def test_several_inputs_and_keywords() -> None:
    model = module(lambda self, a, *, b: self.linear(a + b), linear=nn.Linear(4, 3))
    a, b = draw(5, 4), draw(5, 4, seed=1)
    expected = model.linear(a + b).detach().T
    F = extract_features(model, [{"a": a, "b": b, "label": a}], layers="linear")["linear"]
    torch.testing.assert_close(F.values, expected, rtol=0, atol=0)
    F = extract_features(
        model, [(a, b)], layers="linear", forward=lambda m, batch: m(batch[0], b=batch[1])
    )["linear"]
    torch.testing.assert_close(F.values, expected, rtol=0, atol=0)


@pytest.mark.parametrize(
    "data", [[], torch.zeros(0, 4), DataLoader(TensorDataset(torch.zeros(0, 4))), iter(())]
)
def test_empty_data_is_an_error(data: object) -> None:
    with pytest.raises(ValueError, match="data must hold at least one batch of samples, got none"):
        extract_features(nn.Sequential(nn.Linear(4, 3)), data)


@pytest.mark.parametrize("pack", [lambda x: x, lambda x: (x, x[:, 0]), lambda x: {"input": x}])
def test_batches_without_samples_are_passed_over(pack: Callable[..., object]) -> None:
    model, x = nn.Sequential(nn.Linear(4, 3)), draw(5, 4)
    batches = [pack(x[:0]), pack(x[:3]), pack(x[3:3]), pack(x[3:])]
    F = extract_features(model, batches, layers="all")["0"]
    torch.testing.assert_close(F.values, model(x).detach().T)
    with pytest.raises(ValueError, match="at least one batch of samples, got none"):
        extract_features(model, [pack(x[:0])], layers="all")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"x": 3}, "a dict must hold Tensors or arrays with one row per sample"),
        (3, "data must be a DataLoader.*got int"),
        ("digits", "got str"),
        (["digits"], "a batch must be a Tensor.*got str"),
        ([("digits", 3)], "batches of data must start with their input.*got str"),
        ([()], "a batch must be a Tensor.*got tuple"),
    ],
)
def test_data_of_other_kinds(data: object, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        extract_features(nn.Sequential(nn.Linear(4, 3)), data)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1"),
        ({"max_batches": 0}, "max_batches must be a whole number"),
        ({"calls": "all"}, "calls must be one of"),
        ({"reduce": "token"}, "reduce must be one of.*did you mean 'tokens'"),
        ({"layers": "layer9"}, "'layer9' matches none"),
        ({"device": "cuda:99"}, "device must be usable here, got 'cuda:99'"),
        ({"device": "abacus"}, "device must be usable here, got 'abacus'"),
    ],
)
def test_bad_options(options: dict[str, Any], message: str) -> None:
    model = nn.Sequential(nn.Linear(4, 3))
    with pytest.raises(ValueError, match=message):
        extract_features(model, draw(2, 4), **options)


def test_model_must_be_a_module() -> None:
    with pytest.raises(TypeError, match=r"model must be a torch.nn.Module, got function"):
        extract_features(draw, draw(2, 4))  # type: ignore[arg-type]


# Errors name the layer


def test_layer_never_called() -> None:
    model = module(lambda self, x: self.a(x), a=nn.Linear(4, 3), b=nn.Linear(4, 3))
    with pytest.raises(ValueError, match=r"layers \['b'\] were never called"):
        extract_features(model, draw(2, 4), layers=["a", "b"])
    with pytest.warns(UserWarning, match=r"left out: \['b'\]") as caught:
        assert list(extract_features(model, draw(2, 4), layers="all")) == ["a"]
    assert caught[0].filename == __file__


def test_rules_that_leave_nothing_say_why() -> None:
    with pytest.raises(ValueError, match=r"\['0'\] were never called.*or have fewer than two"):
        extract_features(nn.Sequential(nn.Linear(4, 1)), draw(5, 4), layers="all")
    turned = nn.Sequential(nn.LSTM(4, 3))
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(ValueError, match=r"none .*has features; the first: layer '0' gives shape"),
    ):
        extract_features(turned, draw(6, 5, 4), layers="all")


def test_layer_called_in_some_batches_only() -> None:
    def forward(self: nn.Module, x: torch.Tensor) -> torch.Tensor:
        return self.a(x) if len(x) == 3 else self.b(x)

    model = module(forward, a=nn.Linear(4, 3), b=nn.Linear(4, 3))
    with pytest.raises(ValueError, match=r"layers \['a'\] were never called"):
        extract_features(model, draw(5, 4), layers="a", batch_size=3)
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(ValueError, match=r"layer.* \['a'\] were never called|'a' was called in 1"),
    ):
        extract_features(model, draw(5, 4), layers="all", batch_size=3)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_not_finite_names_the_layer(value: float) -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 3))
    with torch.no_grad():
        model[2].bias[1] = value
    assert extract_features(model, draw(2, 4), layers="1")["1"].n_nodes == 3
    with pytest.raises(ValueError, match="features of layer '2' must be finite, got 2 NaN"):
        extract_features(model, draw(2, 4), layers=["1", "2"])


def test_one_node_names_the_layer() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 1))
    with pytest.raises(ValueError, match="features of layer '1' must have at least 2 nodes"):
        extract_features(model, draw(2, 4), layers="1")


def test_number_of_nodes_that_changes() -> None:
    model = nn.Sequential(nn.Identity())
    with pytest.raises(ValueError, match="layer '0' has 4 nodes in the first batch and 6 in a"):
        extract_features(model, [draw(3, 4), draw(3, 6)])


# No trace is left


@pytest.mark.parametrize("training", [True, False])
def test_model_is_left_as_it_was(training: bool) -> None:
    model = cnn().train(training)
    model.stages[1].train(not training)
    model.stages[0][0].weight.requires_grad_(False)
    before = state(model)
    extract_features(model, draw(5, 1, 8, 8))
    assert same(state(model), before)
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("error", [RuntimeError("broken"), KeyboardInterrupt("stop")])
def test_model_is_left_as_it_was_after_an_error(error: BaseException) -> None:
    def forward(self: nn.Module, x: torch.Tensor) -> torch.Tensor:
        x = self.cnn.stages(x)
        if len(x) == 2:  # the second batch
            raise error
        return x

    model = module(forward, cnn=cnn())
    model.train()
    before = state(model)
    with pytest.raises(type(error), match=str(error)):
        extract_features(model, draw(5, 1, 8, 8), layers="cnn.stages.*", batch_size=3)
    assert same(state(model), before)
    assert torch.is_grad_enabled()


def test_error_inside_a_hook_leaves_no_trace() -> None:
    model = nn.Sequential(nn.Dropout(), nn.Identity(), nn.BatchNorm2d(4))
    before = state(model)
    with pytest.raises(ValueError, match="ambiguous"):
        extract_features(model, draw(5, 4, 3, 3), layers="0")
    assert same(state(model), before)


def test_abandoned_iteration_leaves_no_trace() -> None:
    model = cnn()
    before = state(model)
    batches = iterate_features(model, draw(9, 1, 8, 8), batch_size=3)
    next(batches)
    assert same(state(model), before)  # between two batches
    batches.close()
    assert same(state(model), before)


def test_hooks_and_overridden_modes_of_others_stay() -> None:
    class Merging(nn.Linear):
        def train(self, mode: bool = True) -> Merging:
            raise RuntimeError("merges weights")

    model = nn.Sequential(Merging(4, 4), nn.ReLU())
    seen: list[int] = []
    handle = model[1].register_forward_hook(lambda *_: seen.append(1))
    extract_features(model, draw(2, 4), layers="1")
    assert seen == [1]
    assert len(model[1]._forward_hooks) == 1
    handle.remove()


def test_evaluation_mode_is_used() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.9), nn.BatchNorm1d(4), nn.Linear(4, 2))
    x = draw(8, 4)
    F = extract_features(model, x, layers="2")["2"]
    expected = model[0](x) / (1 + model[2].eps) ** 0.5
    torch.testing.assert_close(F.values, expected.detach().T, rtol=1e-5, atol=1e-6)


def test_global_random_state_stays() -> None:
    before = torch.random.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    data = load_digits("test").take(10)
    extract_features(build_model("mlp", seed=5), data)
    after = torch.random.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    assert torch.equal(before[0], after[0])
    assert before[1] == after[1]


# Wrappers


def test_data_parallel_and_compiled_models() -> None:
    net, x = cnn(), draw(4, 1, 8, 8)
    expected = extract_features(net, x)["stages.0"].values

    class OptimizedModule(nn.Module):  # as torch.compile wraps a network
        def __init__(self, model: nn.Module) -> None:
            super().__init__()
            self._orig_mod = model

    for model in (nn.DataParallel(net), OptimizedModule(nn.DataParallel(net))):
        F = extract_features(model, x)["stages.0"]
        torch.testing.assert_close(F.values, expected, rtol=0, atol=0)


def test_transformer_of_torch_runs_its_layers_in_evaluation() -> None:
    # The fused fast path of evaluation mode must not bypass hooked layers.
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = nn.TransformerEncoder(layer, 2)
    x = draw(3, 5, 8)
    features = extract_features(model, x, layers=["layers.0", "layers.1.linear2"])
    model.eval()
    expected = model.layers[0](x).mean(1).T
    torch.testing.assert_close(features["layers.0"].values, expected, rtol=1e-4, atol=1e-5)


def test_device_is_put_back_and_must_be_one() -> None:
    moved = []

    class Recorder(nn.Linear):
        def to(self, *devices: Any, **_: Any) -> Recorder:
            moved.extend(str(device) for device in devices)
            return self

    with pytest.raises(RuntimeError, match="inside"), placed_on(Recorder(2, 3), "cpu"):
        raise RuntimeError("inside")
    assert moved == ["cpu", "cpu"]
    with (
        pytest.raises(ValueError, match="got 'meta', which would drop"),
        placed_on(nn.Linear(2, 3), "meta"),
    ):
        pass
    spread = nn.ModuleList([nn.Linear(2, 3), nn.Linear(2, 3, device="meta")])
    with (
        pytest.raises(ValueError, match=r"model spread over \['cpu', 'meta'\]"),
        placed_on(spread, "cpu"),
    ):
        pass


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_gives_the_same_and_the_model_returns() -> None:
    model, x = cnn(), draw(9, 1, 8, 8)
    expected = extract_features(model, x)
    on_gpu = extract_features(model, x, device="cuda", batch_size=4)
    assert next(model.parameters()).device.type == "cpu"
    for name, F in expected.items():
        assert on_gpu[name].device.type == "cpu"
        torch.testing.assert_close(on_gpu[name].values, F.values, rtol=1e-3, atol=1e-4)


# Real networks


def real_net(shared_data: Any, name: str) -> tuple[nn.Module, Any]:
    import importlib.util

    spec = importlib.util.spec_from_file_location("nets", shared_data / "weights" / "nets.py")
    assert spec is not None
    assert spec.loader is not None
    nets = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(nets)
    with torch.random.fork_rng(devices=[]):
        return nets.build(name)


@pytest.mark.parametrize(
    ("name", "images", "layers"),
    [
        ("resnet20_cifar10", "cifar10_test2000", ["layer1", "layer2", "layer3"]),
        ("cct4_cifar10", "cifar10_test2000", [f"blocks.{k}" for k in range(4)]),
        ("mlp6x200_mnist", "mnist_test10000", ["2", "4", "6", "8", "10"]),
        ("conv_small_mnist", "mnist_test10000", ["1", "3", "6"]),
    ],
)
def test_real_networks(shared_data: Any, name: str, images: str, layers: list[str]) -> None:
    net, preprocess = real_net(shared_data, name)
    with np.load(shared_data / "images" / f"{images}.npz") as arrays:
        x = preprocess(arrays["images"][:24])
    features = extract_features(net, x, batch_size=10)
    assert list(features) == layers
    caught: dict[str, torch.Tensor] = {}
    handles = [
        net.get_submodule(layer).register_forward_hook(
            lambda m, i, o, layer=layer: caught.__setitem__(layer, o)
        )
        for layer in layers
    ]
    with torch.no_grad():
        net(x)
    for handle in handles:
        handle.remove()
    for layer, F in features.items():
        a = caught[layer]
        expected = a.mean((2, 3)) if a.ndim == 4 else a.mean(1) if a.ndim == 3 else a
        torch.testing.assert_close(F.values, expected.T,
                                   rtol=1e-4, atol=1e-4)  # fmt: skip


@pytest.mark.filterwarnings("ignore")  # torch says that its quantisation will move
def test_statically_quantised_layers_give_the_numbers_they_stand_for() -> None:
    from torch.ao import quantization

    if "onednn" not in torch.backends.quantized.supported_engines:
        pytest.skip("this torch has no onednn")
    engine = torch.backends.quantized.engine
    torch.backends.quantized.engine = "onednn"
    try:
        parts = [quantization.QuantStub(), nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten()]
        net = nn.Sequential(*parts, nn.Linear(288, 4), quantization.DeQuantStub()).eval()
        net.qconfig = quantization.get_default_qconfig("onednn")
        data = torch.rand(5, 3, 8, 8, generator=torch.Generator().manual_seed(0))
        prepared = quantization.prepare(net)
        prepared(data)
        quantised = quantization.convert(prepared)
        F = extract_features(quantised, data, progress=False)
        wanted = quantised[:3](data).dequantize().mean((2, 3)).T
    finally:
        torch.backends.quantized.engine = engine
    assert list(F) == ["2"]
    assert torch.equal(F["2"].values, wanted)


def test_an_exported_program_is_told_from_its_model() -> None:
    program = torch.export.export(nn.Linear(3, 2), (torch.ones(2, 3),))
    with pytest.raises(TypeError, match="got ExportedProgram; pass the model that was exported"):
        extract_features(program, torch.ones(2, 3), progress=False)


@pytest.mark.parametrize("width", [3, 40_000])
def test_growing_rows_are_the_parts_joined(width):
    """Small ones, and those that get pages of their own."""
    rng = torch.Generator().manual_seed(0)
    parts = [torch.randn(n, width, generator=rng) for n in (2, 0, 1, 9, 3)]
    parts.append(torch.randn(2, width, generator=rng, dtype=torch.float64))
    first = parts[0].clone()
    rows = GrowingRows()
    for part in parts:
        rows.add(part)
    assert rows.n_parts == 6
    assert torch.equal(rows.take(), torch.cat(parts))
    assert torch.equal(parts[0], first)
