"""The experiments gbs-sanity and homology-mnist, shrunk until they take seconds."""

from __future__ import annotations

import csv
import dataclasses

import numpy as np
import pytest

from benchmarks.reproduce import gbs_sanity, homology_mnist
from benchmarks.reproduce.__main__ import main
from benchmarks.reproduce.homology_mnist import describe_distances


def read(path):
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def tiny(monkeypatch):
    size = dataclasses.replace(gbs_sanity._SIZES["quick"], epochs=1, n_train=128, n_images=30)
    monkeypatch.setitem(gbs_sanity._SIZES, "quick", size)
    size = dataclasses.replace(homology_mnist._SIZES["quick"], epochs=1, n_train=128)
    monkeypatch.setitem(homology_mnist._SIZES, "quick", size)


def test_gbs_sanity_writes_what_it_found(tiny, tmp_path, capsys):
    out = tmp_path / "gbs"
    assert main(["gbs-sanity", "--scale", "quick", "--seeds", "3", "-o", str(out)]) == 0
    assert "GBS, full graph" in capsys.readouterr().out
    rows = read(out / "accuracy.csv")
    assert {row["measure"] for row in rows} >= {"GBS, full graph", "GBS, top 5", "CKA"}
    for row in rows:
        assert 0 <= float(row["accuracy"]) <= 1
        assert float(row["by chance"]) == pytest.approx(1 / 6, abs=0.03)
        assert row["pairs"] == "6"
        assert float(row["standard error"]) >= 0
    assert len(read(out / "layers.csv")) == 6
    for name in ("accuracy.png", "mlp-lsim.png", "README.md", "weights/mlp-0.safetensors"):
        assert (out / name).exists()
    before = (out / "accuracy.csv").read_text()
    (out / "steps" / "match-mlp-auto.json").unlink()  # weights are taken over, matches found again
    gbs_sanity.run(out, scale="quick", seeds=3, progress=False)
    assert (out / "accuracy.csv").read_text() == before


def test_gbs_sanity_refuses_unknown_nets(tmp_path):
    with pytest.raises(ValueError, match="nets must be one of .*did you mean 'cnn'"):
        gbs_sanity.run(tmp_path / "x", nets=["cnnn"])
    with pytest.raises(ValueError, match="seeds must be a whole number of at least 2"):
        gbs_sanity.run(tmp_path / "x", seeds=1)


def test_homology_writes_what_it_found(tiny, tmp_path):
    out = tmp_path / "homology"
    page = homology_mnist.run(out, scale="quick", vary=["width", "labels"], progress=False)
    assert "Homology of weights" in page.read_text()
    rows = read(out / "separation.csv")
    assert [(row["varied"], row["distance"]) for row in rows] == [
        (name, kind) for name in ("width", "labels") for kind in homology_mnist.KINDS
    ]
    for row in rows:
        assert float(row["separation"]) == pytest.approx(
            float(row["between"]) / float(row["within"]), rel=1e-4
        )
    assert (out / "labels-heat.png").exists()
    with pytest.raises(ValueError, match="vary must be one of"):
        homology_mnist.run(out, vary=["height"])


def test_distances_of_known_networks():
    """Settings at 0 and 10, repetitions at 0, 1, 2 beside them, on a line."""
    places = np.add.outer([0.0, 10.0], [0.0, 1.0, 2.0])
    flat = places.ravel()
    blocks = np.abs(np.subtract.outer(flat, flat)).reshape(2, 3, 2, 3)
    found = describe_distances(blocks)
    assert found["matrix"] == [[0.0, 1.0], [1.0, 0.0]]
    assert found["largest"] == 10.0
    assert found["within"] == pytest.approx(4 / 3)
    assert found["between"] == pytest.approx(10.0)
    assert found["separation"] == pytest.approx(7.5)
