"""Training: exact resume, divergence, the log, and the options that change the data."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import Dataset, TensorDataset

from featgraph.core.files import UNFINISHED
from featgraph.features import extract_features
from featgraph.models import load_weights
from featgraph.selfsimilarity import (
    ReleasedGate,
    SelfSimilarityRegularizer,
    TrackingTarget,
    ss_rate,
)
from featgraph.training import (
    TrainingDivergedError,
    TrainingSettings,
    checkpoints,
    load_checkpoint,
    train,
)
from featgraph.training.samples import (
    augment_images,
    iterate_epoch,
    make_generator,
    mix_samples,
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads cost more than they give on networks this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Killed(BaseException):
    """Stands for the end of the process."""


def make_net() -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return nn.Sequential(
            nn.Linear(5, 12),
            nn.BatchNorm1d(12),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(12, 12),
            nn.ReLU(),
            nn.Linear(12, 3),
        )


def make_data(n_samples: int = 76) -> TensorDataset:
    x = torch.randn(n_samples, 5, generator=torch.Generator().manual_seed(1))
    return TensorDataset(x, x[:, :3].argmax(1))


def make_settings() -> TrainingSettings:
    return TrainingSettings(epochs=3, batch_size=16, mixup=0.2, label_smoothing=0.1, lr=0.02)


def run(folder: Any = None, net: nn.Module | None = None, **options: Any) -> tuple[Any, nn.Module]:
    net = make_net() if net is None else net
    gate = ReleasedGate(refresh=1)
    reg = SelfSimilarityRegularizer(
        net, layers=["2", "5"], target=TrackingTarget(0.5), weight=0.1, gate=gate
    )
    given = {"dataset": make_data(), "test": make_data(30), "settings": make_settings(), **options}
    return train(net, regularizer=reg, folder=folder, layers=["2", "5"], **given), net


def same(first: nn.Module, second: nn.Module) -> bool:
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("checkpoint_every", [None, 2])
@pytest.mark.parametrize("n_steps", [0, 1, 4, 5, 7, 14])
def test_a_killed_run_ends_with_the_same_weights(tmp_path, monkeypatch, n_steps, checkpoint_every):
    whole_log, whole = run()
    taken = []
    ordinary = torch.optim.AdamW.step

    def step(self: Any, *arguments: Any) -> Any:
        if len(taken) == n_steps:
            raise Killed("killed")
        taken.append(1)
        return ordinary(self, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", step)
        with pytest.raises(Killed, match="killed"):
            run(tmp_path, checkpoint_every=checkpoint_every)
    log, net = run(tmp_path, checkpoint_every=checkpoint_every)
    assert same(net, whole)
    assert str(log.to_rows()) == str(whole_log.to_rows())
    assert log.rate_rows() == whole_log.rate_rows()


def test_a_run_killed_while_it_writes_keeps_the_older_checkpoint(tmp_path, monkeypatch):
    ordinary, written = torch.save, []

    def save(state: Any, file: Any) -> None:
        written.append(1)
        if len(written) == 2:
            file.write(b"half")
            raise Killed("killed")
        ordinary(state, file)

    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.torch, "save", save)
        with pytest.raises(Killed, match="killed"):
            run(tmp_path)
    assert load_checkpoint(tmp_path / "checkpoint.pt")["epoch"] == 1
    assert same(run(tmp_path)[1], run()[1])


KILLED_IN_THE_MIDDLE = """
import os, sys, torch
from tests.training.test_trainer import run

ordinary, written = torch.save, []

def save(state, file):
    written.append(1)
    if len(written) == int(sys.argv[2]):
        file.write(b"half")
        file.flush()
        os.kill(os.getpid(), 9)
    ordinary(state, file)

torch.set_num_threads(1)
torch.save = save
run(sys.argv[1], checkpoint_every=2)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no such signal")
def test_processes_killed_in_the_middle_of_a_checkpoint(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    for number in ("3", "4"):
        command = [sys.executable, "-c", KILLED_IN_THE_MIDDLE, str(tmp_path), number]
        killed = subprocess.run(command, env=environment, check=False)
        assert killed.returncode == -9
        assert list(tmp_path.glob(f"{UNFINISHED}*"))
    log, net = run(tmp_path, checkpoint_every=2)
    whole_log, whole = run()
    assert same(net, whole)
    assert str(log.rows) == str(whole_log.rows)
    assert not list(tmp_path.glob(f"{UNFINISHED}*"))


def test_the_global_random_state_is_left_alone():
    states = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    run()
    assert torch.equal(states[0], torch.random.get_rng_state())
    assert (states[1] == np.random.get_state()[1]).all()  # noqa: NPY002


def test_the_log_holds_every_epoch_and_is_written(tmp_path):
    log, net = run(tmp_path)
    assert [row.epoch for row in log.rows] == [0, 1, 2, 3]
    assert math.isnan(log.rows[0].loss)
    assert log.rows[-1].loss < log.rows[1].loss
    assert log.rows[-1].test_accuracy > log.rows[0].test_accuracy
    rates = log.rows[-1].rates
    assert set(rates) == {"2", "5"}
    assert all(set(row) == {"released", "linkage"} for row in rates.values())
    assert len(log.trajectory("linkage")["2"]) == 4
    assert (tmp_path / "epochs.csv").read_text().count("\n") == 5
    assert (tmp_path / "ss_rates.csv").read_text().startswith("epoch,layer,released,linkage")
    twin = make_net()
    load_weights(twin, tmp_path / "checkpoint.pt")
    assert same(net, twin)
    torch.load(tmp_path / "checkpoint.pt", weights_only=True)


def test_a_finished_run_is_read_and_other_settings_are_refused(tmp_path):
    log, net = run(tmp_path)
    again, twin = run(tmp_path)
    assert same(net, twin)
    assert str(again.rows) == str(log.rows)
    settings = TrainingSettings(epochs=3, batch_size=16, lr=0.5)
    with pytest.raises(ValueError, match="with another lr, label_smoothing, mixup; give the same"):
        run(tmp_path, settings=settings)
    with pytest.raises(ValueError, match="with another dataset;"):
        run(tmp_path, dataset=make_data(50))
    x, y = make_data().tensors
    for data in (TensorDataset(x - 0.1, y), TensorDataset(x, y.flip(0))):
        with pytest.raises(ValueError, match="with another dataset;"):
            run(tmp_path, dataset=data)
    with pytest.raises(ValueError, match="with another test;"):
        run(tmp_path, test=make_data(31))
    wide = make_net()
    wide[4], wide[6] = nn.Linear(12, 20), nn.Linear(20, 3)
    with pytest.raises(ValueError, match="with another model;"):
        run(tmp_path, net=wide)
    with pytest.raises(ValueError, match="with another .*, regularizer; give"):
        train(make_net(), make_data(), settings=TrainingSettings(epochs=3), folder=tmp_path)
    net = make_net()
    other = SelfSimilarityRegularizer(
        net, layers=["2", "5"], target=TrackingTarget(0.5), weight=0.2, gate=ReleasedGate()
    )
    again = {"test": make_data(30), "settings": make_settings(), "folder": tmp_path}
    with pytest.raises(
        ValueError, match="state must be that of a regulariser with weight 0.2, got 0.1"
    ):
        train(net, make_data(), regularizer=other, **again)
    run(tmp_path, settings=TrainingSettings(epochs=1), resume=False)


def test_a_loss_that_is_not_finite_stops_with_step_and_layer(tmp_path):
    x, y = make_data().tensors
    x = x.clone()
    x[13] = float("nan")
    with pytest.raises(TrainingDivergedError, match=r"the loss is nan at step \d+, first in .*inp"):
        run(dataset=TensorDataset(x, y))

    class Breaks(nn.Module):
        calls = 0

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.calls += self.training
            return x / 0 if self.calls > 6 else x

    net = make_net().append(Breaks())
    with pytest.raises(TrainingDivergedError, match=r"at step 6, first in layer '7'; last") as info:
        run(tmp_path, net=net)
    assert info.value.step == 6
    assert info.value.layer == "7"
    state = load_checkpoint(info.value.checkpoint)
    assert state["step"] == 5
    assert all(torch.isfinite(v).all() for v in state["model"].values())


def test_a_gradient_or_weight_that_is_not_finite_stops(tmp_path):
    net = make_net()
    net[4].weight.register_hook(lambda grad: grad * float("inf"))
    with pytest.raises(
        TrainingDivergedError, match=r"gradient is not finite at step 0, first in layer '4'; no ch"
    ):
        run(net=net)
    settings = TrainingSettings(epochs=2, batch_size=76, lr=1e30, optimizer="sgd", warmup_epochs=0)
    with pytest.raises(TrainingDivergedError, match="not finite|is nan|is inf"):
        train(make_net(), make_data(), settings=settings, estimators=())


def test_every_option_trains():
    for options in (
        {"optimizer": "sgd", "lr": 0.1, "clip_norm": 1.0},
        {"autocast": True, "warmup_epochs": 0.5},
    ):
        settings = TrainingSettings(epochs=4, batch_size=16, **options)
        log = train(
            make_net(), make_data(), settings=settings, estimators=("packing",), measure_every=2
        )
        assert log.rows[-1].loss < log.rows[1].loss
        assert [bool(row.rates) for row in log.rows] == [True, False, True, False, True]
        assert math.isnan(log.rows[-1].test_loss)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 1}, "batch_size must be a whole number of at least 2, got 1"),
        ({"optimizer": "adam"}, "optimizer must be one of .* did you mean 'adamw'"),
        ({"lr": 0}, "lr must be a finite number above 0"),
        ({"label_smoothing": 1.5}, r"label_smoothing must lie in \[0, 1\]"),
        ({"augment": "flip"}, "augment must be one of"),
        ({"mixup": -1}, "mixup must be a finite number of at least 0"),
        ({"clip_norm": 0}, "clip_norm must be a finite number above 0"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
    ],
)
def test_bad_settings(options, message):
    with pytest.raises(ValueError, match=message):
        TrainingSettings(**options)


def test_bad_data_and_files(tmp_path):
    with pytest.raises(ValueError, match="at least two samples"):
        train(make_net(), make_data(1))
    with pytest.raises(ValueError, match="a parameter that requires a gradient"):
        train(nn.ReLU(), make_data())
    torch.save({"weights": torch.zeros(2)}, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match="must be a checkpoint of featgraph"):
        train(make_net(), make_data(), folder=tmp_path)
    (tmp_path / "checkpoint.pt").write_bytes(b"no zip")
    with pytest.raises(ValueError, match=r"checkpoint\.pt"):
        train(make_net(), make_data(), folder=tmp_path)


def test_batches_are_a_function_of_seed_and_epoch():
    class Squares(Dataset[tuple[torch.Tensor, int]]):
        def __len__(self) -> int:
            return 11

        def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
            return torch.tensor(float(index**2)), index

    memory = TensorDataset(torch.arange(11.0) ** 2, torch.arange(11))
    options = {"batch_size": 3, "seed": 5, "epoch": 2}
    for data in (memory, Squares()):
        batches = [y.tolist() for _, y in iterate_epoch(data, **options)]
        assert sorted(y for batch in batches for y in batch) == list(range(11))
        assert [y.tolist() for _, y in iterate_epoch(data, **options, first_step=2)] == batches[2:]
    assert batches == [y.tolist() for _, y in iterate_epoch(memory, **options)]
    assert batches != [y.tolist() for _, y in iterate_epoch(memory, **{**options, "epoch": 3})]


def test_mixup_and_smoothing_are_the_formula():
    x, y = make_data(24).tensors
    settings = TrainingSettings(
        epochs=1, batch_size=24, mixup=0.4, label_smoothing=0.1, lr=1e-3, seed=1
    )
    net = nn.Linear(5, 3)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    log = train(net, TensorDataset(x, y), settings=settings, estimators=())
    twin = nn.Linear(5, 3)
    twin.load_state_dict(before)
    ((inputs, labels),) = iterate_epoch(TensorDataset(x, y), batch_size=24, seed=1, epoch=0)
    mixed, partners, weight = mix_samples(inputs, strength=0.4, generator=make_generator(1, 4, 0))
    logs = twin(mixed).detach().log_softmax(1)
    wanted = weight * nn.functional.one_hot(labels, 3)
    wanted = wanted + (1 - weight) * nn.functional.one_hot(labels[partners], 3)
    smooth = 0.9 * wanted + 0.1 / 3
    assert 0.1 < weight < 0.9
    assert log.rows[1].loss == pytest.approx(float(-(smooth * logs).sum(1).mean()), rel=1e-5)


def test_ss_rate_is_measured_all_over_the_test_data():
    x, y = make_data(200).tensors
    net = make_net()
    log = train(net, make_data(), test=TensorDataset(x, y), n_measured=3, settings=make_settings())
    shown = extract_features(net, x[[0, 100, 199]], layers=["5"])["5"]
    assert log.rows[-1].rates["5"]["linkage"] == float(ss_rate(shown, estimator="linkage"))


def test_augmentation_shifts_and_mirrors():
    images = torch.arange(1.0, 257.0).view(1, 1, 16, 16).repeat(40, 1, 1, 1)
    moved = augment_images(images, torch.Generator().manual_seed(0))
    for image in moved:
        kept = image[0][2:-2, 2:-2]  # a shift by at most 2 leaves the middle
        steps = kept.diff(dim=1).unique().tolist()
        assert steps in ([1.0], [-1.0])
        assert kept.diff(dim=0).unique().tolist() == [16.0]
    assert len({image.sum().item() for image in moved}) > 10


def test_mixing_is_the_formula():
    x = torch.randn(6, 2, 3)
    mixed, partners, weight = mix_samples(
        x, strength=0.4, generator=torch.Generator().manual_seed(0)
    )
    torch.testing.assert_close(mixed, weight * x + (1 - weight) * x[partners])
