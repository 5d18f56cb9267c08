"""The folder: complete, claimed, and kept through interruptions."""

from __future__ import annotations

import csv
import json
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from featgraph.report import ReportWriter, claim_folder
from featgraph.report.folder import MANIFEST
from featgraph.report.layer_analysis import LayerAnalysis


@pytest.fixture(scope="module")
def folder(report, tmp_path_factory):
    path = tmp_path_factory.mktemp("report")
    report.write(path)
    return path


def test_all_files_are_there(report, folder):
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    wanted = {"report.html", "layers.csv", "curves.csv", "report.json", MANIFEST}
    wanted |= {f"figures/{name}.{end}" for name in ("ss_rate", "mds") for end in ("png", "svg")}
    for item in report.analyses:
        wanted |= {f"graphs/{item.key}.{end}" for end in ("graphml", "gexf")}
        for name in ("theta", "counts", "graph", "sweep"):
            wanted |= {f"figures/{item.key}--{name}.{end}" for end in ("png", "svg")}
    assert names == wanted
    assert set(json.loads((folder / MANIFEST).read_text())["files"]) == wanted - {MANIFEST}


def test_tables_hold_the_numbers(report, folder):
    with (folder / "layers.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["state"], row["layer"]) for row in rows] == [
        (item.state, item.layer) for item in report.analyses
    ]
    for row, item in zip(rows, report.analyses, strict=True):
        wanted = item.comparison.row("released").ss_rate
        assert float(row["ss_rate_released"]) == pytest.approx(wanted, rel=1e-9)
    with (folder / "curves.csv").open(newline="", encoding="utf-8") as stream:
        curves = list(csv.DictReader(stream))
    first = report.analyses[0]
    found = [
        float(row["n_boxes"])
        for row in curves
        if (row["state"], row["layer"], row["curve"]) == (first.state, first.layer, "best")
    ]
    np.testing.assert_allclose(found, first.comparison.best, rtol=1e-9)


def test_json_is_strict_json(report, folder):
    def refuse(name):
        raise AssertionError(name)

    text = (folder / "report.json").read_text(encoding="utf-8")
    values = json.loads(text, parse_constant=refuse)
    assert values["partial"] is False
    assert len(values["layers"]) == len(report.analyses)
    assert values["provenance"]["settings"]["seed"] == 0


def test_graph_files_carry_the_boxes(report, folder):
    import networkx as nx

    item = report.analyses[0]
    net = nx.read_graphml(folder / "graphs" / f"{item.key}.graphml")
    assert net.number_of_nodes() == item.graph.n_nodes
    assert net.number_of_edges() == item.graph.n_edges


def test_own_folder_is_refreshed_and_stale_files_go(report, tmp_path):
    report.write(tmp_path)
    mine = tmp_path / "figures" / "my notes.txt"
    mine.write_text("keep")
    fewer = replace(report, analyses=report.of_state("trained"), planned=(("trained", "fc1"),) * 2)
    fewer.write(tmp_path)
    names = {path.name for path in (tmp_path / "graphs").iterdir()}
    assert names == {f"{i.key}.{end}" for i in fewer.analyses for end in ("graphml", "gexf")}
    assert mine.read_text() == "keep"


def test_foreign_folder_is_refused(report, tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(ValueError, match="must be new, empty or an earlier report"):
        report.write(tmp_path)
    report.write(tmp_path, force=True)
    assert (tmp_path / "thesis.tex").read_text() == "mine"


def test_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(ValueError, match="must be a folder, got the file"):
        claim_folder(tmp_path / "out")


def test_what_killed_runs_left_unfinished_goes(tmp_path):
    code = "from featgraph.core.files import atomic_path\nimport os\n"
    code += "with atomic_path('{}') as path:\n    path.write_text('half')\n    os._exit(9)"
    for name in ("table.csv", "steps/one.json"):
        subprocess.run([sys.executable, "-c", code.format(tmp_path / name)], check=False)
    assert len(list(tmp_path.rglob("*.*"))) == 2
    claim_folder(tmp_path / "steps")  # holds nothing else
    (tmp_path / ".featgraphics").touch()
    claim_folder(tmp_path, force=True)
    names = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert names == {"featgraph.json", ".featgraphics"}


def test_manifest_cannot_reach_outside(report, tmp_path):
    outside = tmp_path / "outside.txt"
    outside.write_text("keep")
    inside = tmp_path / "report"
    claim_folder(inside)
    values = json.loads((inside / MANIFEST).read_text())
    values["files"] = ["../outside.txt", str(outside)]
    (inside / MANIFEST).write_text(json.dumps(values))
    report.write(inside)
    assert outside.read_text() == "keep"


def test_part_comes_back_as_it_was(report, tmp_path):
    for item in report.analyses:
        back = LayerAnalysis.load(item.save(tmp_path / f"{item.key}.npz"))
        mine, theirs = item.to_rows()[0], back.to_rows()[0]
        assert mine.keys() == theirs.keys()
        for name, value in mine.items():
            if isinstance(value, float) and math.isnan(value):
                assert math.isnan(theirs[name])
            else:
                assert theirs[name] == value
        np.testing.assert_array_equal(back.positions, item.positions)
        np.testing.assert_array_equal(back.cover.labels, item.cover.labels)
        np.testing.assert_array_equal(back.graph.indices, item.graph.indices)
        for name, curve in item.comparison.curves.items():
            np.testing.assert_array_equal(back.comparison.curves[name], curve)


@pytest.mark.parametrize("damage", [b"", b"{}", b"PK\x03\x04 broken"])
def test_damaged_part_is_computed_again(report, tmp_path, damage):
    item = replace(report.analyses[0], fingerprint="f")
    writer = ReportWriter(tmp_path)
    writer.save(item)
    assert writer.load(item.key, fingerprint="f") is not None
    (tmp_path / "parts" / f"{item.key}.npz").write_bytes(damage)
    assert writer.load(item.key, fingerprint="f") is None


def test_part_of_other_settings_is_not_taken(report, tmp_path):
    item = replace(report.analyses[0], fingerprint="one")
    writer = ReportWriter(tmp_path)
    writer.save(item)
    assert writer.load(item.key, fingerprint="two") is None
    assert writer.load("missing", fingerprint="one") is None


def test_layers_are_drawn_once(report, tmp_path, monkeypatch):
    from featgraph.report import writer as module

    drawn = []
    draw = module.draw_layer_figures
    monkeypatch.setattr(
        module, "draw_layer_figures", lambda item: drawn.append(item.key) or draw(item)
    )
    writer = ReportWriter(tmp_path)
    for count in range(1, 3):
        writer.write(replace(report, analyses=report.analyses[:count]))
    assert drawn == [item.key for item in report.analyses[:2]]
