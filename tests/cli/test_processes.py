"""Commands in several processes, started as a user starts them."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from featgraph.cli import main
from featgraph.training import _run, load_checkpoint

ROOT = Path(__file__).resolve().parents[2]
NET = ["mlp", "--option", "widths=(24, 16)"]

pytestmark = pytest.mark.skipif(
    not (torch.distributed.is_available() and torch.distributed.is_gloo_available()),
    reason="no gloo in this torch",
)


def run_together(words: list[str]) -> subprocess.CompletedProcess[str]:
    """Run a command in two processes under torchrun."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    return subprocess.run(
        [*launcher, "-m", "featgraph", *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=1800,
    )


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def assert_same_tables(one: Path, other: Path) -> None:
    """Compare two tables; numbers may differ by the rounding of float32 activations."""
    left, right = read_rows(one), read_rows(other)
    assert len(left) == len(right) > 0
    for row, twin in zip(left, right, strict=True):
        # Draws of the null model are others where the spectrum comes from distances.
        drawn = ("seconds", "leverage_z", "ruled_by_few")
        names = [name for name in twin if "null" not in name and name not in drawn]
        assert set(names) <= set(row)
        for name in names:
            try:
                assert float(twin[name]) == pytest.approx(float(row[name]), rel=2e-5), name
            except ValueError:
                assert twin[name] == row[name], name


def test_two_processes_write_the_report_of_one(tmp_path):
    # Without a search until a time is up, whose boxes depend on the load of the machine.
    words = ["analyze", *NET, "--data", "digits", "--n-theta", "32", "--quiet"]
    words += ["--method", "greedy", "--time-limit", "0"]
    together, streamed, alone = (tmp_path / name for name in ("together", "streamed", "alone"))
    assert main([*words, "-o", str(alone)]) == 0
    assert main([*words, "--stream", "-o", str(streamed)]) == 0
    ran = run_together([*words, "-o", str(together)])
    assert ran.returncode == 0, ran.stderr
    assert (together / "report.html").is_file()
    for folder in (together, streamed):
        assert_same_tables(alone / "layers.csv", folder / "layers.csv")
        assert_same_tables(alone / "curves.csv", folder / "curves.csv")
        notes = json.loads((folder / "report.json").read_text(encoding="utf-8"))["notes"]
        assert "shuffled activations" in notes[-1]
    assert {row["n_samples"] for row in read_rows(together / "layers.csv")} == {"360"}


def test_an_image_that_one_process_cannot_read_stops_both(tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    pixels = np.random.default_rng(0).integers(256, size=(8, 8), dtype=np.uint8)
    for k in range(6):
        Image.fromarray(pixels + np.uint8(k)).save(images / f"{k}.png")
    (images / "3.png").write_bytes(b"no image")  # an odd place: in the share of process 1
    words = ["analyze", *NET, "--option", "image_shape=(3, 8, 8)", "--data", str(images)]
    ran = run_together([*words, "--quiet", "-o", str(tmp_path / "report")])
    assert ran.returncode != 0
    said = [line for line in ran.stderr.splitlines() if line.startswith("featgraph: error")]
    assert any("3.png is not a sound image" in line for line in said), ran.stderr
    assert not (tmp_path / "report" / "report.html").exists()


TRAINING = ["train", *NET, "--data", "digits", "--epochs", "2", "--constraint", "linkage"]
TRAINING += ["--alpha", "1.0", "--lr", "0.002", "--quiet"]


def read_weights(folder: Path) -> dict[str, torch.Tensor]:
    """Return the weights of the last checkpoint."""
    weights: dict[str, torch.Tensor] = load_checkpoint(folder / "checkpoint.pt")["model"]
    return weights


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """Return the folder of the training by one process."""
    folder = tmp_path_factory.mktemp("training") / "alone"
    assert main([*TRAINING, "-o", str(folder)]) == 0
    return folder


def test_two_processes_train_the_network_of_one(tmp_path, alone):
    # 1437 images in batches of 64: the last one has 29, which two processes share unequally.
    together = tmp_path / "together"
    ran = run_together([*TRAINING, "-o", str(together)])
    assert ran.returncode == 0, ran.stderr
    weights = read_weights(alone)
    for name, values in read_weights(together).items():
        # 46 steps of AdamW, each with sums of float32 in another order.
        torch.testing.assert_close(values, weights[name], rtol=2e-3, atol=2e-4)
    rows, others = read_rows(alone / "epochs.csv"), read_rows(together / "epochs.csv")
    for column in ("step", "loss", "accuracy", "term", "test_loss", "test_accuracy"):
        left, right = ([float(row[column]) for row in table] for table in (rows, others))
        np.testing.assert_allclose(right, left, rtol=5e-3, err_msg=column)


def test_two_processes_go_on_where_one_was_stopped(tmp_path, monkeypatch, alone):
    stopped = tmp_path / "stopped"
    save = _run.save_checkpoint

    def save_and_stop(*arguments):
        save(*arguments)
        raise KeyboardInterrupt

    words = [*TRAINING, "--checkpoint-every", "7", "-o", str(stopped)]
    monkeypatch.setattr(_run, "save_checkpoint", save_and_stop)
    assert main(words) == 130
    assert load_checkpoint(stopped / "checkpoint.pt")["step"] == 7
    ran = run_together(words)
    assert ran.returncode == 0, ran.stderr
    assert load_checkpoint(stopped / "checkpoint.pt")["step"] == 46
    weights = read_weights(alone)
    for name, values in read_weights(stopped).items():
        torch.testing.assert_close(values, weights[name], rtol=2e-3, atol=2e-4)


LATE = """
import os

from torch import nn


class Late(nn.Sequential):
    steps = 0

    def forward(self, x):
        if self.training:
            self.steps += 1
            if self.steps == 4 and os.environ["RANK"] == "1":
                x = x * float("nan")
        return super().forward(x)


def build():
    return Late(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))
"""


def test_a_loss_that_is_not_finite_in_one_process_stops_both(tmp_path):
    (tmp_path / "late.py").write_text(LATE)
    words = ["train", f"{tmp_path / 'late.py'}:build", "--data", "digits", "--epochs", "1"]
    ran = run_together([*words, "--quiet", "-o", str(tmp_path / "out")])
    assert ran.returncode != 0
    said = [line for line in ran.stderr.splitlines() if line.startswith("featgraph: error")]
    assert said, ran.stderr
    assert all("the loss is nan" in line and "step 3" in line for line in said)


def test_more_processes_than_a_batch_has_samples_for_are_refused(tmp_path):
    words = ["train", *NET, "--data", "digits", "--batch-size", "3", "--quiet"]
    ran = run_together([*words, "-o", str(tmp_path / "out")])
    assert ran.returncode != 0
    assert "--batch-size must be at least 2 for each of 2 processes, got 3" in ran.stderr


def test_what_works_alone_says_so(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    features = tmp_path / "F.npz"
    features.touch()
    assert main(["analyze", "--features", str(features)]) == 2
    assert "--features are there already" in capsys.readouterr().err
    assert main(["methods"]) == 2
    assert "featgraph methods runs in one process: start it without torchrun" in (
        capsys.readouterr().err
    )
