"""``featgraph layers``, end to end."""

from __future__ import annotations

import json

from featgraph.cli import main
from featgraph.cli.network import show_layers
from featgraph.models import build_model

NET = """
from torch import nn

def build():
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))

def odd():
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(3, 2)
        def forward(self, x, y):
            return self.fc(x + y)
    return Odd()
"""


def run(*words):
    return main(["layers", *map(str, words)])


def test_every_layer_with_its_nodes_and_what_auto_takes(capsys):
    assert run("cnn", "--json") == 0
    rows = json.loads(capsys.readouterr().out)["layers"]
    names = [name for name, _ in build_model("cnn").named_modules() if name]
    assert [row["name"] for row in rows] == names
    nodes = {row["name"]: row["n_nodes"] for row in rows}
    assert (nodes["stages.0"], nodes["stages.1.2"], nodes["head"]) == (32, 64, 10)
    taken = [row["name"] for row in rows if row["is_auto"]]
    assert taken == ["stages.0", "stages.1", "stages.2"]


def test_a_file_and_a_choice_of_layers(tmp_path, capsys):
    (tmp_path / "net.py").write_text(NET)
    assert run(f"{tmp_path / 'net.py'}:build", "--layers", "0:1", "4") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["layer", "type", "parameters", "nodes", "layout", "auto"]
    assert [line.split() for line in lines[1:3]] == [
        ["1", "ReLU", "0", "5", "none", "yes"],
        ["4", "Linear", "15", "3", "none"],
    ]
    assert lines[3] == "auto takes 2 layers: 1, 3"


def test_images_may_be_given(capsys):
    assert run("resnet", "--data", "digits", "--layers", "auto") == 0
    assert "stages.0" not in capsys.readouterr().err


def test_a_model_that_takes_what_nobody_can_guess(tmp_path, capsys):
    (tmp_path / "net.py").write_text(NET)
    assert run(f"{tmp_path / 'net.py'}:odd") == 0
    assert "no input was found that fits the model; give --data" in capsys.readouterr().out


def test_from_python():
    rows = show_layers("mlp", layers=["auto"])["layers"]
    assert all(row["is_auto"] and row["n_nodes"] for row in rows)


def test_an_unknown_layer_is_one_line(capsys):
    assert run("mlp", "--layers", "blok.0") == 2
    assert "matches none" in capsys.readouterr().err
