"""``featgraph similarity``, end to end."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
import torch

from featgraph.cli import main
from featgraph.similarity import cka


def run(*words):
    return main(["similarity", *map(str, words)])


@pytest.fixture
def features(tmp_path):
    rng = np.random.default_rng(0)
    files = []
    for name, seed in (("a", 1), ("b", 2)):
        rng = np.random.default_rng(seed)
        files.append(tmp_path / f"{name}.npz")
        np.savez(files[-1], fc1=rng.normal(size=(6, 20)), fc2=rng.normal(size=(5, 20)))
    return files


def test_files_of_features(features, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(*features, "--measure", "cka", "spectrum_distance", "--out", out) == 0
    shown = capsys.readouterr().out
    assert "cka (larger is more similar), 20 samples" in shown
    assert "spectrum_distance (smaller is more similar)" in shown
    assert "layers matched to the one at the same depth" in shown
    with (out / "cka.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    with np.load(features[0]) as a, np.load(features[1]) as b:
        expected = cka(a["fc1"].T, b["fc2"].T)
    assert float(rows[1]["cka"]) == pytest.approx(expected)
    assert (out / "cka.png").exists()
    assert (
        json.loads((out / "spectrum_distance.json").read_text())["larger_is_more_similar"] is False
    )


def test_networks_and_the_triangle(tmp_path, capsys):
    nets = tmp_path / "nets.py"
    nets.write_text(
        "from torch import nn\n"
        "def build(width=12):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.ReLU(),"
        " nn.Linear(width, 10))\n"
    )
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 12), torch.nn.ReLU(),
                              torch.nn.Linear(12, 10))  # fmt: skip
    torch.save(net.state_dict(), tmp_path / "first.pt")
    out = tmp_path / "out"
    spec = f"{nets}:build"
    words = ("--data", "digits", "--max-images", 60, "--layers", "1", "2", "--triangle")
    assert run(spec, spec, "-w", tmp_path / "first.pt", *words, "--out", out) == 0
    shown = capsys.readouterr().out
    assert "barrier_aligned" in shown
    for name in ("cka.json", "procrustes.csv", "lsim.svg", "triangle.csv", "triangle.png"):
        assert (out / name).exists()
    assert json.loads((out / "triangle.json").read_text())["source_a"] == "first"
    assert run(spec, spec, *words, "--option", "width=9", "--out", out, "-q") == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("mlp", "x.npz"), "must both be networks or both be files"),
        (("mlp", "mlp"), "give one of --data, with images"),
        (("mlp", "mlp", "--measure", "ckaa"), "did you mean 'cka'"),
        (("x.npz", "y.npz"), "x.npz"),
        (("mlp", "mlp", "--data", "digits", "--layers", "nothing"), "'nothing'"),
    ],
)
def test_bad_input_is_one_line(words, message, capsys, tmp_path):
    assert run(*words, "--out", tmp_path / "out") == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.count("\n") == 1


def test_the_triangle_needs_networks(features, tmp_path, capsys):
    assert run(*features, "--triangle", "--out", tmp_path / "out") == 2
    assert "--triangle needs two networks" in capsys.readouterr().err
