"""``featgraph compare``, end to end."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from featgraph.cli import main


@pytest.fixture
def features(tmp_path):
    rng = np.random.default_rng(0)
    file = tmp_path / "features.npz"
    np.savez(file, **{"blocks.0": rng.normal(size=(20, 8)), "head": rng.normal(size=(12, 8))})
    return file


def run(*words):
    return main(["compare", *map(str, words)])


def test_table_picture_and_curves(features, tmp_path, capsys):
    out = tmp_path / "out"
    words = ("--curves", "released", "linkage", "greedy", "--n-theta", 12, "--out", out)
    assert run(features, *words) == 0
    shown = capsys.readouterr().out
    assert "blocks.0: 20 nodes, 8 samples" in shown
    assert "released" in shown
    with (out / "blocks.0--curves.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 12
    for row in rows:
        assert float(row["lower"]) <= float(row["best"]) <= float(row["linkage"])
    with (out / "head--estimators.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["name"] for row in rows] == ["released", "linkage", "greedy", "best"]
    # Gaussian noise beside itself; coverings searched at every θ have no null model.
    assert all(float(row["gaussian_p"]) > 0.05 for row in rows[:2])
    assert all(abs(float(row["shuffled_z"])) < 4 for row in rows[:2])
    assert all(row["gaussian_z"] == row["shuffled_p"] == "" for row in rows[2:])
    assert "z (Gauss)" in shown
    assert (out / "blocks.0--theta.png").exists()
    assert (out / "head--theta.svg").exists()


def test_layers_are_chosen_by_glob(features, tmp_path):
    out = tmp_path / "out"
    words = ("--layers", "blocks.*", "--curves", "linkage", "--n-theta", 8, "--out", out, "-q")
    assert run(features, *words) == 0
    assert not list(out.glob("head*"))


def test_a_layer_of_equal_distances_is_left_out(tmp_path, capsys):
    file, out = tmp_path / "features.npz", tmp_path / "out"
    rng = np.random.default_rng(0)
    np.savez(file, dead=np.ones((6, 4)), head=rng.normal(size=(12, 8)))
    assert run(file, "--curves", "linkage", "--n-theta", 8, "--out", out) == 0
    shown = capsys.readouterr().out
    assert "left out: dead: all distances equal 0" in shown
    assert "head: 12 nodes, 8 samples" in shown


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["missing.npz"], "missing.npz"),
        (["{good}", "--layers", "blocks.1"], "did you mean 'blocks.0'?"),
        (["{good}", "--curves", "relased"], "did you mean 'released'?"),
        (["{good}", "--n-theta", "3"], "must be a whole number ≥ 4"),
        (["{corrupt}"], "corrupt.npz"),
        (["{pickle}"], "pickle.npy"),
        (["{nan}"], "nan"),
        (["{flat}"], "at least 2 nodes"),
        (["{equal}"], "distance"),
    ],
)
def test_bad_input_is_one_line(features, tmp_path, capsys, words, text):
    files = {name: tmp_path / f"{name}.npz" for name in ("corrupt", "nan", "flat", "equal")}
    files["corrupt"].write_bytes(b"PK\x03\x04 nonsense")
    np.savez(files["nan"], layer=np.array([[np.nan, 1], [2, 3]]))
    np.savez(files["flat"], layer=np.ones((1, 4)))
    np.savez(files["equal"], layer=np.ones((6, 4)))
    files["pickle"] = tmp_path / "pickle.npy"
    np.save(files["pickle"], np.array([object()]), allow_pickle=True)
    files["good"] = features
    words = [word.format(**files) for word in words]
    assert run(*words, "--out", tmp_path / "out", "-q") == 2
    shown = capsys.readouterr().err
    assert shown.startswith("featgraph: error: ")
    assert shown.count("\n") == 1
    assert text.lower() in shown.lower()
