"""What networks may be shown by the command line: arrays, token ids, texts, scaled images."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest
import torch

import featgraph as fg
from featgraph.cli import main
from featgraph.models import load_model
from featgraph.models.guarded_import import import_beside_torchvision

NETS = """
import torch
from torch import nn

class Scaled(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.act = nn.Linear(5, 12), nn.ReLU()

    def forward(self, values, *, scale):
        return self.act(self.first(values * scale[:, None]))

class Words(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.first, self.act = nn.Embedding(30, 8), nn.Linear(8, 12), nn.ReLU()

    def forward(self, input_ids):
        return self.act(self.first(self.table(input_ids).mean(1)))

def pixels():
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 10))
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    (tmp_path / "nets.py").write_text(NETS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def analyze(*words):
    quick = ["--n-theta", "8", "--null-draws", "2", "--time-limit", "0", "--out", "out", "--quiet"]
    return main(["analyze", *words, *quick])


def rates(here):
    rows = json.loads((here / "out" / "report.json").read_text())["layers"]
    return {(row["state"], row["layer"]): row["ss_rate_released"] for row in rows}


def expect(F):
    return pytest.approx(float(fg.ss_rate(F, estimator="released", n_theta=8)), rel=1e-4)


def test_arrays_are_inputs_by_their_names(here):
    rng = np.random.default_rng(0)
    values, scale = rng.normal(size=(30, 5)), rng.random(30)
    np.savez("inputs.npz", values=values, scale=scale, labels=np.zeros(30, int))
    words = ("--inputs", "inputs.npz", "--layers", "act", "--no-baseline")  # there is none
    assert analyze("nets.py:Scaled", *words) == 0
    net = load_model("nets.py:Scaled")
    with torch.no_grad():
        seen = net(torch.tensor(values).float(), scale=torch.tensor(scale).float())
    assert rates(here) == {("as built", "act"): expect(seen.T)}


def test_one_array_is_the_input(here):
    values = np.random.default_rng(0).normal(size=(30, 1, 8, 8)).astype(np.float32)
    np.save("inputs.npy", values)
    assert analyze("nets.py:pixels", "--inputs", "inputs.npy", "--max-samples", "20") == 0
    with torch.no_grad():
        seen = load_model("nets.py:pixels")[:3](torch.tensor(values[:20]))
    assert rates(here)[("as built", "2")] == expect(seen.T)


def test_lines_of_token_ids(here, capsys):
    ids = np.random.default_rng(0).integers(1, 30, size=(24, 4))
    (here / "ids.txt").write_text("\n".join(" ".join(map(str, row)) for row in ids))
    assert analyze("nets.py:Words", "--data", "ids.txt", "--layers", "act") == 0
    with torch.no_grad():
        seen = load_model("nets.py:Words")(torch.tensor(ids))
    assert rates(here) == {("as built", "act"): expect(seen.T)}
    assert main(["layers", "nets.py:Words", "--data", "ids.txt"]) == 0
    assert "ids.txt is read as token ids" in capsys.readouterr().out


def test_images_of_arrays_are_scaled(here):
    images = np.random.default_rng(0).integers(0, 255, size=(20, 16, 12), dtype=np.uint8)
    np.savez("images.npz", images=images)
    scaled = fg.datasets.load_npz_images("images.npz", size=8).images
    for words in ([], ["--stream"]):
        out = ["--out", "out" + "".join(words)]
        shown = ["--data", "images.npz", "--image-size", "8"]
        assert analyze("nets.py:pixels", *shown, *words, *out) == 0
    with torch.no_grad():
        seen = load_model("nets.py:pixels")[:3](scaled)
    assert rates(here)[("as built", "2")] == expect(seen.T)
    assert analyze("nets.py:pixels", "--data", "images.npz", "--out", "other") != 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give one of --data, with images"),
        (["--data", "digits", "--inputs", "x.npz"], "give one of --data, with images"),
        (["--data", "texts.txt"], "--tokenizer must name a folder for the texts of texts.txt"),
        (["--data", "texts.txt", "--tokenizer", "."], "no tokenizer in ."),
        (["--inputs", "none.npz"], "no"),
        (["--data", "x.npy"], "--data takes images or texts, got 'x.npy'; arrays go to --inputs"),
    ],
)
def test_bad_sources_are_errors_of_one_line(here, capsys, words, message):
    (here / "texts.txt").write_text("some words\n")
    assert analyze("nets.py:pixels", *words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_folder_of_transformers(here):
    if importlib.util.find_spec("transformers") is None:
        pytest.skip("transformers is not installed")
    transformers = import_beside_torchvision("transformers", extra="transformers")
    config = transformers.BertConfig(
        vocab_size=30, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=24,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(3)
        transformers.BertModel(config).save_pretrained("bert")
    ids = np.random.default_rng(0).integers(1, 30, size=(40, 4))
    (here / "ids.txt").write_text("\n".join(" ".join(map(str, row)) for row in ids))
    assert analyze("hf:bert", "--data", "ids.txt", "--layers", "encoder.layer.1") == 0
    found = rates(here)
    for state, pretrained in (("trained", True), ("untrained", False)):
        model = load_model("bert", pretrained=pretrained).eval()
        with torch.no_grad():
            seen = model(torch.tensor(ids)).last_hidden_state.mean(1)
        assert found[(state, "encoder.layer.1")] == expect(seen.T)
    words = ["--data", "ids.txt", "--layers", "encoder.layer.1", "--no-baseline", "--force"]
    assert analyze("bert", *words) == 0
    assert set(rates(here)) == {("trained", "encoder.layer.1")}


@pytest.mark.filterwarnings("ignore")
def test_training_on_arrays_with_labels(here, capsys):
    if importlib.util.find_spec("transformers") is None:
        pytest.skip("transformers is not installed")
    transformers = import_beside_torchvision("transformers", extra="transformers")
    config = transformers.BertConfig(
        vocab_size=30, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=24, architectures=["BertForSequenceClassification"],
    )  # fmt: skip
    transformers.BertForSequenceClassification(config).save_pretrained("bert")
    ids = np.random.default_rng(0).integers(1, 30, size=(60, 4))
    np.savez("tokens.npz", input_ids=ids, labels=ids[:, 0] % 2)
    words = ["bert", "--inputs", "tokens.npz", "--epochs", "2", "--batch-size", "16", "-o", "run"]
    assert main(["train", *words, "--constraint", "linkage", "--quiet"]) == 0
    assert (here / "run" / "epochs.csv").read_text().count("\n") == 4
    np.savez("plain.npz", input_ids=ids, others=ids)
    assert main(["train", "bert", "--inputs", "plain.npz", "-o", "other"]) == 2
    assert "--inputs must hold an array 'labels' to train on" in capsys.readouterr().err
