"""``featgraph train``: the files it writes, going on, and what it refuses."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from featgraph.cli import main
from featgraph.cli.train import read_target
from featgraph.selfsimilarity import CosineTarget, LinearTarget, TrackingTarget
from featgraph.training import load_checkpoint


@pytest.fixture
def images(tmp_path):
    rng = np.random.default_rng(0)
    path = tmp_path / "images.npz"
    pixels = rng.integers(0, 255, size=(90, 8, 8), dtype=np.uint8)
    np.savez(path, images=pixels, labels=np.arange(90) % 3)
    return str(path)


def test_a_run_writes_log_pictures_and_checkpoint_and_goes_on(tmp_path, images, capsys):
    out = tmp_path / "run"
    words = ["train", "mlp", "--option", "widths=(16, 16)", "--data", images, "-o", str(out)]
    words += ["--epochs", "2", "--constraint", "linkage", "--target", "0.4..0.2", "--alpha", "0.1"]
    assert main([*words, "--batch-size", "36"]) == 0
    shown = capsys.readouterr()
    assert "test accuracy" in shown.out
    names = {path.name for path in out.iterdir()}
    assert {"checkpoint.pt", "epochs.csv", "ss_rates.csv", "test_accuracy.png"} <= names
    assert {"loss.svg", "ss_rates.png", "featgraph.json"} <= names
    assert load_checkpoint(out / "checkpoint.pt")["regularizer"]["step"] == 4
    head = (out / "ss_rates.csv").read_text(encoding="utf-8").splitlines()[0]
    assert head == "epoch,layer,released,packing,linkage"
    assert main([*words, "--batch-size", "36", "--quiet"]) == 0
    assert main([*words, "--batch-size", "24"]) == 2
    assert "is of a run with another batch_size" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--target", "1.4"], "target must lie in [0, 1], got 1.4"),
        (["--target", "a..b"], "--target must be a number, START..END"),
        (["--target", "0.2..1.5"], "end must lie in [0, 1], got 1.5"),
        (["--layers", "block.0"], "matches none"),
        (["--constraint", "linkag"], "did you mean 'linkage'"),
        (["--optimizer", "adam"], "did you mean 'adamw'"),
        (["--alpha", "-1"], "--alpha must be a finite number of at least 0"),
        (["--data", "nowhere.npz"], "no"),
        (["--device", "abacus"], "device must be usable here, got 'abacus'"),
    ],
)
def test_what_is_refused(words, message, tmp_path, images, capsys):
    command = ["train", "mlp", "--data", images, "-o", str(tmp_path / "run"), "-c", "linkage"]
    assert main([*command, *words]) == 2
    assert message in capsys.readouterr().err


def test_a_target_follows_an_unconstrained_run(tmp_path, images, capsys):
    words = ["train", "mlp", "--data", images, "--option", "widths=(16, 16)", "-q"]
    words += ["--batch-size", "36", "--epochs", "2"]
    plain, out = tmp_path / "plain", tmp_path / "run"
    assert main([*words, "-o", str(plain)]) == 0
    track = ["--target", f"track:{plain}"]
    assert main([*words, "-o", str(out), "-c", "packing", *track]) == 0
    state = load_checkpoint(out / "checkpoint.pt")["regularizer"]
    kind, fixed = state["options"]["target of layer 'blocks.0'"]
    with (plain / "ss_rates.csv").open(encoding="utf-8") as stream:
        rates = [float(r["packing"]) for r in csv.DictReader(stream) if r["layer"] == "blocks.0"]
    assert (kind, fixed["steps_per_epoch"]) == ("TrackingTarget", 2)
    assert fixed["trajectory"]["blocks.0"] == rates
    assert len(rates) == 3
    assert main([*words, "-o", str(tmp_path / "a"), "-c", "caro_wei", *track]) == 2
    assert "must hold a column 'caro_wei'" in capsys.readouterr().err
    assert main([*words, "-o", str(tmp_path / "a"), "-c", "paper", "--target", "track:none"]) == 2
    assert "takes the folder of an earlier featgraph train" in capsys.readouterr().err
    lines = (plain / "ss_rates.csv").read_text("utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("1,")]
    (plain / "ss_rates.csv").write_text("\n".join(kept), encoding="utf-8")
    assert main([*words, "-o", str(tmp_path / "a"), "-c", "packing", *track]) == 2
    assert "must hold every epoch, got epoch 2 of layer" in capsys.readouterr().err


def test_the_log_holds_the_estimator_in_the_loss(tmp_path, images):
    out = tmp_path / "run"
    words = ["train", "mlp", "--data", images, "-o", str(out), "--epochs", "1", "-q"]
    assert main([*words, "-c", "caro_wei", "--option", "widths=(16, 16)"]) == 0
    head = (out / "ss_rates.csv").read_text(encoding="utf-8").splitlines()[0]
    assert head == "epoch,layer,released,packing,linkage,caro_wei"


def test_targets_are_read():
    assert read_target("0.25", 10) == 0.25
    assert type(read_target("0.1..0.2", 10)) is LinearTarget
    assert type(read_target("linear:0.1..0.2", 10)) is LinearTarget
    assert type(read_target("cosine:0.1..0.2", 10)) is CosineTarget
    assert type(read_target("track", 10)) is TrackingTarget
