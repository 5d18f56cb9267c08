"""``featgraph weights``, end to end."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

import featgraph as fg
from featgraph.cli import main


def read(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_both_analyses_a_graph_and_its_boxes_are_written(tmp_path, capsys):
    out = tmp_path / "out"
    words = ["weights", "mlp", "-o", str(out), "--n-samples", "2", "--sample", "16", "--boxes"]
    assert main([*words, "--nulls", "rows"]) == 0
    assert "α₀" in capsys.readouterr().out
    rows = read(out / "summary.csv")
    assert [row["variant"] for row in rows] == ["released", "released", "paths", "paths"]
    released, permuted = rows[:2]
    assert (released["alpha0"], released["width"]) == (permuted["alpha0"], permuted["width"])
    assert rows[2]["alpha0"] != rows[3]["alpha0"]
    for variant in ("released", "paths"):
        files = {path.name for path in out.rglob("*") if variant in str(path.relative_to(out))}
        assert {"spectrum.csv", "spectrum.json", "spectrum.png"} <= {
            name.removeprefix(f"{variant}--") for name in files
        }
    graph = fg.read_gexf(out / "graph.gexf")
    sizes = np.unique(graph.node_attributes["layer"], return_counts=True)[1]
    assert sizes.max() == 16
    assert int(read(out / "box_counts.csv")[-1]["n_boxes"]) >= 1
    assert read(out / "fractality.csv")


def test_what_cannot_be_measured_is_an_error(tmp_path, capsys):
    assert main(["weights", "mlp", "-o", str(tmp_path / "out"), "--layers", "nothing"]) == 2
    assert "nothing" in capsys.readouterr().err


@pytest.mark.parametrize("variant", ["released", "paths"])
def test_the_command_gives_the_numbers_of_the_library(variant, tmp_path, capsys):
    out = tmp_path / "out"
    words = ["weights", "mlp", "-o", str(out), "--n-samples", "2", "--nulls", "rows", "--json"]
    assert main([*words, "--variant", variant]) == 0
    row = json.loads(capsys.readouterr().out)["weights"][0]
    net = fg.models.build_model("mlp", seed=0)
    found = fg.multifractal_weights(net, variant=variant, n_samples=2, nulls=("rows",))
    assert row["width"] == pytest.approx(found.width, rel=1e-5)


def test_too_few_neurons_are_told_in_flags(tmp_path, capsys):
    words = ["weights", "mlp", "-o", str(tmp_path / "out"), "--sample", "3", "--n-samples", "1"]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "take a larger --sample" in said
    assert "min_edges" not in said
