"""``featgraph invariance``: tables, pictures and one-line errors."""

from __future__ import annotations

import csv
import json
import sys

import numpy as np
import pytest

from featgraph.cli import main
from featgraph.features import FeatureMatrix, save_features


@pytest.fixture
def saved(tmp_path):
    rng = np.random.default_rng(0)
    layers = {
        f"layer{k}": FeatureMatrix.from_array(
            rng.normal(size=(64, 64)) @ rng.normal(size=(64, 120)), layer=f"layer{k}"
        )
        for k in range(2)
    }
    return save_features(layers, tmp_path / "features.npz")


def run(*words):
    return main(["invariance", *map(str, words)])


def test_tables_and_pictures_of_saved_features(saved, tmp_path, capsys):
    out = tmp_path / "out"
    assert run("--features", saved, "--out", out, "--bootstrap", 5, "--quiet") == 0
    assert capsys.readouterr().out == ""
    with (out / "scale.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["layer"] for row in rows] == ["layer0", "layer1"]
    assert float(rows[0]["exponent"]) > 1
    names = {path.name for path in out.iterdir()}
    assert {
        "geometry.csv", "scale.json", "spectra.png", "exponents.svg", "correlation.png",
        "dimensions.png", "provenance.json",
    } <= names  # fmt: skip
    settings = json.loads((out / "provenance.json").read_text())["settings"]
    assert settings == {"scale": "tail", "geometry": "full", "seed": 0}
    # A second run with less to measure takes its own stale files away.
    assert run("-f", saved, "-o", out, "--geometry", "none", "--bootstrap", 0, "-q") == 0
    assert not (out / "geometry.csv").exists()


def test_a_small_model_on_digits(tmp_path, capsys):
    words = ["mlp", "--data", "digits", "--max-images", 120, "--spectra", "none"]
    assert run(*words, "--out", tmp_path / "out", "--bootstrap", 2) == 0
    printed = capsys.readouterr().out
    assert "blocks.0" in printed
    assert "Δ = " in printed


def test_one_layer_has_no_spread(saved, tmp_path, capsys):
    words = ["-f", saved, "-l", "layer1", "-o", tmp_path / "out", "--bootstrap", 0]
    assert run(*words, "--geometry", "none") == 0
    assert "one layer: σ needs at least two" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["mlp"], "give one of --data, with images"),
        ([], "give either a model (and --data) or --features"),
        (["mlp", "-d", "digits", "--spectra", "none", "--geometry", "none"], "nothing is left"),
        (["mlp", "-d", "digits", "--spectra", "tails"], "did you mean 'tail'"),
        (["cnn", "-d", "digits"], "'stages.0' must have at least 50 positive eigenvalues"),
    ],
)
def test_bad_input_is_one_line_and_status_2(words, message, tmp_path, capsys):
    assert run(*words, "--out", tmp_path / "out", "--quiet") == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_missing_umap_is_named(saved, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    status = run("-f", saved, "--geometry", "paper", "--spectra", "none", "-o", tmp_path / "o")
    assert status == 2
    assert "pip install 'featgraph[umap]'" in capsys.readouterr().err
