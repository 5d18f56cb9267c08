"""Models from a text and a file of weights."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from featgraph.models import build_model, load_model, load_weights

CODE = """
import torch
from torch import nn
from sibling import WIDTH

def net(width=WIDTH):
    return nn.Linear(2, width)

def pair():
    return nn.Linear(2, 3), "preprocess"

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 4)

ready = nn.ReLU()
number = 3

def text():
    return "net"

def broken():
    raise RuntimeError("no such thing")
"""


class Bite:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("bitten",)


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sibling.py").write_text("WIDTH = 5\n")
    path = tmp_path / "nets.py"
    path.write_text(CODE)
    return path


def test_factories(file: Path) -> None:
    before = sys.path.copy(), torch.random.get_rng_state()
    assert load_model(f"{file}:net").out_features == 5
    assert load_model(f"{file}:net", width=7).out_features == 7
    assert load_model(f"{file}:pair").out_features == 3
    assert type(load_model(f"{file}:Net")).__name__ == "Net"
    assert isinstance(load_model(f"{file}:ready"), nn.ReLU)
    assert isinstance(load_model("torch.nn:ReLU"), nn.ReLU)
    assert load_model("cnn", n_classes=3).head.out_features == 3
    assert sys.path == before[0]
    assert torch.equal(torch.random.get_rng_state(), before[1])


def test_seed_decides_the_weights(file: Path) -> None:
    one, again, other = (load_model(f"{file}:net", seed=s).weight for s in (1, 1, 2))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("{}:nett", "has no 'nett'; did you mean 'net'"),
        ("{}:number", "must be a function or class, got int"),
        ("{}:text", r"must give a torch.nn.Module, got str"),
        ("{}:broken", "failed with RuntimeError: no such thing"),
        ("{}", "spec of a model must be 'file.py:factory'"),
        ("{}:a b", "spec of a model must be 'file.py:factory'"),
        ("cnnn", "model must be .* got 'cnnn'; did you mean 'cnn'"),
        ("no_such_package:net", "'no_such_package' cannot be imported"),
    ],
)
def test_bad_texts(file: Path, spec: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_model(spec.format(file))


def test_bad_files(file: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no file other.py"):
        load_model("other.py:net")
    file.write_text("import no_such_package\n")
    with pytest.raises(ValueError, match=r"nets.py failed with ModuleNotFoundError: No module"):
        load_model(f"{file}:net")
    file.write_text("def net(:\n")
    with pytest.raises(ValueError, match=r"nets.py failed with SyntaxError"):
        load_model(f"{file}:net")


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".safetensors"])
def test_weights_round_trip(tmp_path: Path, suffix: str) -> None:
    source = build_model("cnn", seed=1)
    path = tmp_path / f"weights{suffix}"
    if suffix == ".safetensors":
        save_file(source.state_dict(), path)
    else:
        torch.save(source.state_dict(), path)
    model = load_model("cnn", weights=path, seed=2)
    for key, value in source.state_dict().items():
        torch.testing.assert_close(model.state_dict()[key], value, rtol=0, atol=0)


@pytest.mark.parametrize("key", ["state_dict", "model_state_dict", "model", "net"])
def test_checkpoints_and_prefixes(tmp_path: Path, key: str) -> None:
    source = nn.DataParallel(nn.Linear(2, 3))
    torch.save({"epoch": 3, key: source.state_dict()}, tmp_path / "c.pt")
    model = load_weights(nn.Linear(2, 3), tmp_path / "c.pt")
    assert torch.equal(model.weight, source.module.weight)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"weight": torch.zeros(3, 2)}, "lacks 'bias' and 0 more names"),
        ({"wait": torch.zeros(3, 2)}, "lacks 'weight' and 1 more names; did you mean 'wait'"),
        (
            {"weight": torch.zeros(3, 2), "bias": torch.zeros(3), "scale": torch.zeros(1)},
            "the model has no 'scale' and 0 more names of the file",
        ),
        ({"weight": torch.zeros(2, 2), "bias": torch.zeros(3)}, r"weight has shape \(2, 2\) in"),
        ({"weight": 3, "bias": 4}, r"must hold a state dict, got a dict of \['bias', 'weight'\]"),
        ([1, 2], "must hold a state dict, got list"),
    ],
)
def test_weights_that_do_not_fit(tmp_path: Path, state: object, message: str) -> None:
    torch.save(state, tmp_path / "w.pt")
    with pytest.raises(ValueError, match=message):
        load_weights(nn.Linear(2, 3), tmp_path / "w.pt")


def test_weights_are_never_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"weight": torch.zeros(3, 2), "bias": Bite()}, tmp_path / "w.pt")
    with pytest.raises(ValueError, match="mkdir' and is refused"):
        load_weights(nn.Linear(2, 3), tmp_path / "w.pt")
    assert not (tmp_path / "bitten").exists()
    with pytest.raises(ValueError, match=r"path of weights must end in .pt, .pth or .safetensors"):
        load_weights(nn.Linear(2, 3), tmp_path / "w.pkl")
    with pytest.raises(FileNotFoundError, match="no file"):
        load_weights(nn.Linear(2, 3), tmp_path / "v.pt")


def test_real_weights(shared_data: Path) -> None:
    weights = shared_data / "weights"
    model = load_model(
        f"{weights / 'nets.py'}:build",
        weights=weights / "resnet20_cifar10.pt",
        name="resnet20_cifar10",
        trained=False,
    )
    trained = load_model(f"{weights / 'nets.py'}:build", name="resnet20_cifar10")
    assert torch.equal(model.linear.weight, trained.linear.weight)
