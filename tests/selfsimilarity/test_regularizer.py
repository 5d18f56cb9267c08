"""The loss term: its value, its hooks, its targets, and what it does with difficult layers."""

from __future__ import annotations

import copy
import io
import os
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from featgraph.distances import as_distance_matrix
from featgraph.features import extract_features
from featgraph.models import build_model
from featgraph.selfsimilarity import (
    CosineTarget,
    LinearTarget,
    ReleasedGate,
    SelfSimilarityRegularizer,
    TrackingTarget,
    ss_rate,
)

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads cost more than they give on matrices this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_net(seed: int = 0, width: int = 12) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return nn.Sequential(
            nn.Linear(6, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 3)
        )


def make_inputs(n_samples: int = 40, seed: int = 1) -> torch.Tensor:
    return torch.randn(n_samples, 6, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("estimator", ["released", "packing", "linkage", "caro_wei"])
def test_the_term_is_the_formula(estimator):
    net, x = make_net(), make_inputs()
    reg = SelfSimilarityRegularizer(net, target=0.1, weight=0.5, factor=0.5, estimator=estimator)
    net(x)
    term = reg()
    layer = reg.records[0].layer
    F = extract_features(net, x, layers=[layer])[layer]
    numerics = "released" if estimator == "released" else "exact"
    rate = ss_rate(F, estimator=estimator, numerics=numerics)
    torch.testing.assert_close(term, 0.25 * (rate - 0.1) ** 2)
    term.backward()
    assert net[0].weight.grad is not None


def test_all_layers_are_averaged_and_one_is_drawn_by_the_generator():
    net, x = make_net(), make_inputs()
    every = SelfSimilarityRegularizer(net, weight=1.0, draw="all")
    net(x)
    mean = every()
    assert [record.layer for record in every.records] == ["1", "3"]
    rates = [record.ss_rate for record in every.records]
    assert mean.item() == pytest.approx(sum((r - 0.3) ** 2 for r in rates) / 2, rel=1e-5)
    every.remove()

    def drawn(seed: int) -> list[str]:
        generator = torch.Generator().manual_seed(seed)
        one = SelfSimilarityRegularizer(net, generator=generator)
        names = []
        for _ in range(12):
            net(x)
            one()
            names.append(one.records[0].layer)
        one.remove()
        return names

    state = torch.random.get_rng_state()
    assert drawn(3) == drawn(3) != drawn(4)
    assert set(drawn(3)) == {"1", "3"}
    assert torch.equal(state, torch.random.get_rng_state())


def test_evaluation_costs_nothing():
    net, x = make_net(), make_inputs()
    reg = SelfSimilarityRegularizer(net)
    net.eval()
    net(x)
    assert not reg._hooks.caught
    assert reg().item() == 0.0
    assert reg.step == 0
    net.train()
    with pytest.raises(ValueError, match=r"needs a forward pass .* before each call, got none"):
        reg()


class Idle(nn.Module):
    """A layer that is never called beside one that is."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.idle = nn.Linear(6, 12), nn.Linear(6, 12)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.used(x)


@pytest.mark.parametrize(
    ("net", "layers", "why"),
    [
        (nn.Sequential(nn.Linear(6, 1)), "all", r"layers \['0'\] give nothing"),
        (Idle(), ["idle"], r"layers \['idle'\] give nothing"),
        (nn.Sequential(nn.Unflatten(1, (1, 6)), nn.LSTM(6, 9)), ["all", "!0"], "layer '1' gives"),
    ],
)
@pytest.mark.filterwarnings("ignore:layers left out")
def test_a_forward_pass_that_gave_nothing_is_not_called_missing(net, layers, why):
    reg = SelfSimilarityRegularizer(net, layers=layers)
    net(torch.randn(5, 6))
    with pytest.raises(ValueError, match=f"and none is left: {why}.*; choose other layers"):
        reg()


def test_an_in_place_activation_does_not_overwrite_what_was_heard():
    net = nn.Sequential(nn.Linear(6, 12), nn.ReLU(inplace=True), nn.Linear(12, 3))
    reg = SelfSimilarityRegularizer(net, layers="0", weight=1.0)
    x = make_inputs()
    net(x)
    reg()
    F = net[0](x).detach().T
    assert reg.records[0].ss_rate == pytest.approx(float(ss_rate(F, numerics="released")), rel=1e-5)


def test_targets_by_layer_schedule_and_callable():
    net, x = make_net(), make_inputs()

    def targets(target: object, n_steps: int = 3) -> list[float]:
        reg = SelfSimilarityRegularizer(net, target=target, draw="all")
        seen = []
        for _ in range(n_steps):
            net(x)
            reg()
            seen.append([record.target for record in reg.records])
        reg.remove()
        return seen

    assert targets({"1": 0.2, "3": 0.4}, 1) == [[0.2, 0.4]]
    assert [row[0] for row in targets(LinearTarget(0.0, 0.4, n_steps=2))] == [0.0, 0.2, 0.4]
    assert LinearTarget(0.0, 0.4, n_steps=4 * 10**6).value(10**6, "", 0.0) == 0.1  # long runs
    assert [row[1] for row in targets(CosineTarget(0.4, 0.0, n_steps=2))] == pytest.approx(
        [0.4, 0.2, 0.0]
    )
    assert targets(lambda step, layer: 0.1 * step if layer == "1" else 0.9, 2) == [
        [0.0, 0.9],
        [0.1, 0.9],
    ]
    rates = {"1": [0.2, 0.4], "3": [0.5]}
    tracked = targets(TrackingTarget(0.5, trajectory=rates, steps_per_epoch=2))
    assert [row[0] for row in tracked] == pytest.approx([0.2, 0.2, 0.3])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": 1.5}, r"target must lie in \[0, 1\], got 1.5"),
        ({"target": -0.1}, r"target must lie in \[0, 1\], got -0.1"),
        ({"target": {"1": 0.2, "4": 0.2}}, "target must hold one entry for each of the layers"),
        ({"target": LinearTarget, "layers": "5"}, "layers: '5' matches none"),
        ({"layers": ["0", "linear"]}, "layers: 'linear' matches none of the 5 layers"),
        ({"weight": -1.0}, "weight must be a finite number of at least 0"),
        ({"estimator": "greedy"}, "estimator must be one of"),
        ({"estimator": "packin"}, "did you mean 'packing'"),
        ({"draw": "some"}, r"draw must be one of \['all', 'one'\]"),
        ({"reduce": "middle"}, "reduce must be one of"),
        ({"n_resamples": -1}, "n_resamples must be a whole number"),
        ({"n_theta": 1}, "n_theta must be a whole number of at least 2"),
        ({"estimator": "linkage", "numerics": "released"}, "numerics='released' is defined for"),
    ],
)
def test_bad_options_leave_no_hooks(options, message):
    net = make_net()
    with pytest.raises(ValueError, match=message):
        SelfSimilarityRegularizer(net, **options)
    assert not any(module._forward_hooks for module in net.modules())


def test_a_target_function_that_leaves_its_range():
    net = make_net()
    reg = SelfSimilarityRegularizer(net, target=lambda step, layer: 2.0)
    net(make_inputs())
    with pytest.raises(ValueError, match=r"target at step 0 must lie in \[0, 1\], got 2.0"):
        reg()


def test_layers_of_few_nodes_are_refused_by_name_and_left_out_by_rule():
    net, x = make_net(), make_inputs()
    named = SelfSimilarityRegularizer(net, layers=["1", "4"])
    net(x)
    with pytest.raises(ValueError, match="at least 8 nodes: layer '4' has 3 nodes"):
        named()
    named.remove()
    by_rule = SelfSimilarityRegularizer(net, layers="all")
    net(x)
    with pytest.warns(UserWarning, match="left out: layer '4' has 3 nodes"):
        by_rule()
    assert by_rule.layers == ["0", "1", "2", "3"]


def test_a_constant_layer_is_counted_and_gives_zero():
    net, x = make_net(), make_inputs()
    reg = SelfSimilarityRegularizer(net, layers="1", weight=1.0)
    net(x)
    assert reg().item() > 0
    with torch.no_grad():
        net[0].bias.fill_(-100.0)  # every unit is dead from now on
    for repeat in range(2):
        net(x)
        if repeat == 0:
            with pytest.warns(UserWarning, match="layer '1' is constant at step 1"):
                term = reg()
        else:
            term = reg()
        term.backward()
        assert term.item() == 0.0
        assert reg.records[0].ss_rate is None
        assert torch.isfinite(net[0].weight.grad).all()
    assert reg.n_constant == {"1": 2}


def test_small_batches_work_and_warn_once_with_an_interval():
    net = make_net()
    reg = SelfSimilarityRegularizer(net, weight=1.0)
    net(make_inputs(5))
    with pytest.warns(
        UserWarning, match=r"5 samples for the 12 nodes .* interval of SS_rate"
    ) as seen:
        assert reg().item() > 0
    assert seen[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net(make_inputs(5))
        reg()


@pytest.mark.parametrize("value", [float("nan"), 1e25])  # the square overflows float32
def test_activations_without_distances_give_a_nan_term_and_name_the_layer(value):
    net = make_net()
    reg = SelfSimilarityRegularizer(net)
    x = make_inputs()
    x[3, 2] = value
    net(x)
    assert torch.isnan(reg())
    assert reg.records[0].layer in ("1", "3")


def test_the_state_goes_on_where_it_was():
    def run(reg: SelfSimilarityRegularizer, net: nn.Module, n_steps: int) -> list[tuple]:
        seen = []
        for _ in range(n_steps):
            net(make_inputs())
            term = reg().item()
            seen.append((term, reg.records[0]))
            reg.end_epoch()
        return seen

    def make(net: nn.Module) -> SelfSimilarityRegularizer:
        return SelfSimilarityRegularizer(net, target=TrackingTarget(0.5), gate=ReleasedGate())

    net = make_net()
    whole = make(net)
    first, state = run(whole, net, 3), None
    state = copy.deepcopy(whole.state_dict())
    rest = run(whole, net, 4)
    whole.remove()
    resumed = make(net)
    resumed.load_state_dict(state)
    assert run(resumed, net, 4) == rest != first
    resumed.remove()
    other = SelfSimilarityRegularizer(net, layers="0")
    with pytest.raises(ValueError, match=r"state must be that of the layers \['0'\]"):
        other.load_state_dict(state)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"target": LinearTarget(0.4, 0.1, n_steps=9)},
            "target of layer '1' .*'end': 0.1.*'end': 0.2",
        ),
        ({"target": CosineTarget(0.4, 0.2, n_steps=9)}, "target of .*CosineTarget.*LinearTarget"),
        ({"gate": None}, r"with gate None, got \[0.05, 3\]"),
        ({"gate": ReleasedGate(refresh=5)}, r"with gate \[0.05, 5\], got \[0.05, 3\]"),
        ({"n_theta": 64}, "with n_theta 64, got 256"),
    ],
)
def test_the_state_of_other_options_is_refused(change, message):
    options = {"target": LinearTarget(0.4, 0.2, n_steps=9), "gate": ReleasedGate(), "n_theta": 256}
    as_read = {"weight": np.float64(1e-4), "n_theta": np.int64(256)}
    written = io.BytesIO()
    state = SelfSimilarityRegularizer(make_net(), **options | as_read).state_dict()
    torch.save(state, written)
    written.seek(0)
    state = torch.load(written, weights_only=True)
    SelfSimilarityRegularizer(make_net(), **options).load_state_dict(state)
    with pytest.raises(ValueError, match=message):
        SelfSimilarityRegularizer(make_net(), **options | change).load_state_dict(state)


def test_a_warning_that_is_switched_off_stays_off_in_a_run_that_goes_on():
    net = make_net()
    state = SelfSimilarityRegularizer(net, layers="1").state_dict()  # has not warned yet
    assert not state["has_warned"]
    quiet = SelfSimilarityRegularizer(net, layers="1", n_resamples=0)
    quiet.load_state_dict(state)
    net(make_inputs(4))
    quiet()  # warnings are errors here
    loud = SelfSimilarityRegularizer(net, layers="1")
    loud.load_state_dict(state)
    net(make_inputs(4))
    with pytest.warns(UserWarning, match="the batch holds 4 samples"):
        loud()
    with pytest.raises(ValueError, match="n_resamples must be 0 for no warning, or at least 2"):
        SelfSimilarityRegularizer(net, layers="1", n_resamples=1)


def test_calls_keep_their_names_targets_and_draws_in_a_run_that_goes_on():
    net, act = make_net(), nn.ReLU()
    twice = nn.Sequential(net[0], act, net[2], act, net[4])
    options = {"layers": "1", "target": {"1": TrackingTarget(0.5)}, "weight": 1.0}

    def run(reg, n_steps):
        seen = []
        for _ in range(n_steps):
            twice(make_inputs())
            seen.append((reg().item(), reg.records[0]))
        return seen

    whole = SelfSimilarityRegularizer(twice, **options)
    run(whole, 3)
    state = copy.deepcopy(whole.state_dict())
    rest = run(whole, 5)
    assert {record.layer for _, record in rest} == {"1", "1#1"}
    whole.remove()
    resumed = SelfSimilarityRegularizer(twice, **options | {"target": {"1": TrackingTarget(0.5)}})
    resumed.load_state_dict(state)
    assert run(resumed, 5) == rest


def test_the_released_gate_opens_while_the_rate_stands_still():
    net, x = make_net(), make_inputs()
    reg = SelfSimilarityRegularizer(net, layers="1", weight=1.0, gate=ReleasedGate(refresh=2))
    net(x)
    assert reg().item() == 0.0
    reg.end_epoch()
    net(x)
    assert reg().item() > 0.0
    assert reg.records[0].gate == pytest.approx(1.0)
    with torch.no_grad():
        net[0].weight.mul_(3.0)
    net(x)
    reg()
    assert reg.records[0].gate == 0.0


def test_layouts_of_the_small_networks():
    x = torch.rand(64, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    for name in ("mlp", "cnn", "resmlp", "mixer", "vit"):
        net = build_model(name)
        reg = SelfSimilarityRegularizer(net, weight=1.0, draw="all")
        net(x)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            term = reg()
        features = extract_features(net, x) if name != "cnn" else None
        for record in reg.records:
            assert 0 < record.ss_rate < 1
            if features is not None:
                rate = ss_rate(features[record.layer], numerics="released")
                assert record.ss_rate == pytest.approx(float(rate), rel=1e-4)
        term.backward()


def test_two_processes_give_the_value_and_gradient_of_one(tmp_path):
    worker = Path(__file__).with_name("two_processes.py")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"}
    environment |= {"MASTER_ADDR": "localhost", "MASTER_PORT": "0"}
    processes = [
        subprocess.Popen(
            [sys.executable, str(worker), str(tmp_path)],
            env={**environment, "RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        said = [process.communicate(timeout=1800)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], "\n".join(said)
    found = torch.load(tmp_path / "rank0.pt", weights_only=True)
    other = torch.load(tmp_path / "rank1.pt", weights_only=True)
    net = make_net()
    reg = SelfSimilarityRegularizer(net, weight=1.0, estimator="linkage")
    for step in range(4):
        net.zero_grad()
        net(make_inputs(seed=step))
        term = reg()
        term.backward()
        for one in (found, other):
            torch.testing.assert_close(one["terms"][step], term.detach())
        assert found["layers"][step] == other["layers"][step] == reg.records[0].layer
        for name, parameter in net.named_parameters():
            expected = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            torch.testing.assert_close(found["gradients"][step][name], expected)
    x = torch.randn(31, 6, generator=torch.Generator().manual_seed(9))
    F = extract_features(net, x, layers=["1"])["1"]
    whole = as_distance_matrix(F.values.double())
    for one in (found, other):
        streamed = one["streamed"]
        assert streamed["n_samples"] == 31
        # Activations are float32.
        torch.testing.assert_close(streamed["distances"], whole.values, rtol=1e-5, atol=0)
        torch.testing.assert_close(streamed["mean"], whole.mean)
        torch.testing.assert_close(streamed["deviation"], whole.deviation)
        assert torch.equal(streamed["is_silent"], whole.is_silent)
    assert other["said"] == found["said"].removeprefix("process 1: ") != found["said"]
