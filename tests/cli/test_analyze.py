"""``featgraph analyze`` and ``featgraph demo``, end to end."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from featgraph.cli import main

NET = """
from torch import nn

def build(width=12):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.ReLU(), nn.Linear(width, 10))

def broken():
    raise RuntimeError("no such luck")
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "net.py").write_text(NET)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 255, size=(20, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "images.npz", images=images)
    net = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 10))
    save_file(net.state_dict(), tmp_path / "net.safetensors")
    torch.save(net.state_dict(), tmp_path / "net.pt")
    np.savez(tmp_path / "features.npz", fc1=rng.normal(size=(14, 6)), fc2=rng.normal(size=(9, 6)))
    return tmp_path


def run(folder, *words):
    words = [str(word).format(here=folder) for word in words]
    return main(["analyze", *words, "--n-theta", "8", "--out", str(folder / "out")])


def told(folder):
    return json.loads((folder / "out" / "report.json").read_text())


@pytest.mark.parametrize("weights", ["net.pt", "net.safetensors"])
def test_model_with_weights_against_its_untrained_twin(folder, weights, capsys):
    words = ["{here}/net.py:build", "--weights", f"{{here}}/{weights}", "--layers", "1", "3"]
    assert run(folder, *words, "--data", "{here}/images.npz") == 0
    shown = capsys.readouterr().out
    assert "What does training change?" in shown
    assert str(folder / "out" / "report.html") in shown
    rows = told(folder)["layers"]
    assert {(row["state"], row["layer"]) for row in rows} == {
        (state, layer) for state in ("untrained", "trained") for layer in ("1", "3")
    }
    assert told(folder)["provenance"]["command"].startswith("featgraph")


def test_factory_options_and_no_weights(folder):
    words = ["{here}/net.py:build", "--option", "width=7", "--layers", "1", "-q"]
    assert run(folder, *words, "--data", "{here}/images.npz") == 0
    (row,) = told(folder)["layers"]
    assert (row["n_nodes"], row["state"]) == (7, "as built")


def test_saved_features_with_a_baseline(folder):
    file = "{here}/features.npz"
    assert run(folder, "--features", file, "--baseline-features", file, "-q") == 0
    rows = told(folder)["layers"]
    assert [row["state"] for row in rows] == ["untrained", "trained"] * 2
    assert rows[0]["ss_rate_released"] == rows[1]["ss_rate_released"]


def test_second_run_takes_what_the_first_one_found(folder):
    words = ("--features", "{here}/features.npz", "--layers", "fc2", "-q")
    assert run(folder, *words) == 0
    first = told(folder)["layers"]
    assert run(folder, *words) == 0
    assert told(folder)["layers"] == first  # the seconds too: nothing was computed again


def test_flags_of_the_report_reach_it(folder):
    words = ("--features", "{here}/features.npz", "--layers", "fc2", "--null-draws", "3", "-q")
    assert run(folder, *words, "--standalone", "--graphs", "none", "--vector") == 0
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert 'src="figures/' not in page
    assert not (folder / "out" / "graphs").exists()
    assert list((folder / "out" / "figures").glob("*--theta.svg"))
    assert told(folder)["provenance"]["settings"]["n_null"] == 3


def test_no_draws_leave_the_null_models_out(folder):
    words = ("--features", "{here}/features.npz", "--layers", "fc2", "--null-draws")
    assert run(folder, *words, "0", "-q") == 0
    (row,) = told(folder)["layers"]
    assert not [name for name in row if "null_" in name and row[name] is not None]
    assert run(folder, *words, "1", "-q") == 2


@pytest.mark.parametrize(("address", "extra"), [("tcp://nowhere:1", "cluster"), ("ray", "ray")])
def test_cluster_that_is_not_installed_is_one_line(folder, capsys, monkeypatch, address, extra):
    for name in ("distributed", "ray"):
        monkeypatch.setitem(sys.modules, name, None)
    assert run(folder, "--features", "{here}/features.npz", "--cluster", address) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("featgraph: error: ")
    assert f"featgraph[{extra}]" in line


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "give either a model"),
        (["--features", "{here}/features.npz", "--jobs", "0"], "must be a whole number ≥ 1"),
        (["mlp", "--features", "{here}/features.npz"], "give either a model"),
        (["mlp"], "give one of --data, with images"),
        (["mpl", "--data", "digits"], "did you mean 'mlp'?"),
        (["{here}/no.py:build", "--data", "digits"], "no.py"),
        (["{here}/net.py:buidl", "--data", "digits"], "did you mean 'build'?"),
        (["{here}/net.py:broken", "--data", "digits"], "no such luck"),
        (["{here}/net.py:build", "--option", "width", "--data", "digits"], "NAME=VALUE"),
        (["mlp", "--data", "{here}/no-images.npz"], "no-images.npz"),
        (["mlp", "--data", "{here}/features.npz"], "must hold an array 'images'"),
        (["mlp", "--data", "digits", "--layers", "block.0"], "did you mean"),
        (["mlp", "--data", "digits", "--method", "gredy"], "did you mean 'greedy'?"),
        (["mlp", "--data", "digits", "--epsilon", "percolate"], "percolation"),
        (["mlp", "--data", "digits", "--image-norm", "imagenet"], "one per channel"),
        (["mlp", "--weights", "{here}/net.pt", "--data", "digits"], "does not fit"),
        (["--features", "{here}/evil.pt"], "evil.pt"),
        (["--features", "{here}/dead.npz"], "no layer could be analysed"),
    ],
)
def test_bad_input_is_one_line(folder, capsys, words, text):
    class Evil:
        def __reduce__(self):
            return (print, ("executed",))

    torch.save({"layer": Evil()}, folder / "evil.pt")
    np.savez(folder / "dead.npz", fc1=np.zeros((6, 4)))
    assert run(folder, *words) == 2
    out, err = capsys.readouterr()
    assert "executed" not in out
    assert err.splitlines()[-1].startswith("featgraph: error: ")
    assert text in err.splitlines()[-1]
    assert "Traceback" not in err


def test_stopped_run_says_what_is_saved(folder, capsys, monkeypatch):
    from featgraph import pipeline

    real, done = pipeline.analyze_layer, []

    def stop(F, **options):
        if done:
            raise KeyboardInterrupt
        done.append(F)
        return real(F, **options)

    monkeypatch.setattr(pipeline, "analyze_layer", stop)
    assert run(folder, "--features", "{here}/features.npz", "-q") == 130
    shown = capsys.readouterr().err
    assert "1 of 2 layers are finished" in shown
    assert "report.html" in shown
    page = (folder / "out" / "report.html").read_text(encoding="utf-8")
    assert "Partial report." in page


def test_demo_names_are_those_of_the_models():
    from featgraph.cli import analyze
    from featgraph.models import MODELS

    assert set(MODELS) == set(analyze._NAMES)


def test_demo_holds_its_folder_while_it_trains(tmp_path, monkeypatch):
    import featgraph.models as models
    from featgraph.core.files import LOCK, FolderLock

    def stop(*given, **options):
        assert (tmp_path / "out" / LOCK).exists()
        raise ValueError("enough")

    monkeypatch.setattr(models, "train_classifier", stop)
    assert main(["demo", "--quick", "-o", str(tmp_path / "out"), "-q"]) == 2
    FolderLock(tmp_path / "out").release()  # free again


@pytest.mark.slow
def test_demo_end_to_end(tmp_path, capsys):
    out = tmp_path / "report"
    assert main(["demo", "--quick", "--out", str(out), "--model", "cnn"]) == 0
    shown = capsys.readouterr().out
    assert "handwritten digits" in shown
    assert str(out / "report.html") in shown
    values = json.loads((out / "report.json").read_text())
    assert {row["state"] for row in values["layers"]} == {"untrained", "trained"}
    assert len(list((out / "graphs").glob("*.graphml.gz"))) == len(values["layers"])
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "x").write_text("")
    assert main(["demo", "--quick", "--out", str(tmp_path / "foreign")]) == 2
