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

from featgraph.report import LayerAnalysis, ReportWriter, claim_folder
from featgraph.report.figures import render_layer
from featgraph.report.folder import MANIFEST


@pytest.fixture(scope="module")
def folder(report, tmp_path_factory):
    path = tmp_path_factory.mktemp("report")
    report.write(path)
    return path


def test_all_files_are_there(report, folder):
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    wanted = {"report.html", "layers.csv", "curves.csv", "report.json", MANIFEST}
    wanted |= {f"figures/{name}.png" for name in ("ss_rate", "mds")}
    for item in report.analyses:
        wanted.add(f"graphs/{item.key}.graphml.gz")
        for name in ("theta", "counts", "graph", "sweep"):
            wanted.add(f"figures/{item.key}--{name}.png")
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

    from featgraph.io import read_graph

    item = report.analyses[0]
    path = folder / "graphs" / f"{item.key}.graphml.gz"
    net = nx.read_graphml(path)
    assert net.number_of_nodes() == item.graph.n_nodes
    assert net.number_of_edges() == item.graph.n_edges
    for _, _, edge in net.edges(data=True):  # near neurons attract each other in Gephi
        share = 1 - edge["distance"] / item.graph.epsilon
        assert edge["weight"] == pytest.approx(share, abs=1e-5)
        assert edge["weight"] > 0
    back = read_graph(path)
    np.testing.assert_array_equal(back.edges, item.graph.edges)
    np.testing.assert_allclose(back.weights, item.graph.weights, rtol=1e-5)  # six digits
    np.testing.assert_allclose(back.epsilon, item.graph.epsilon, rtol=1e-5)


def test_options_change_what_is_written(report, tmp_path):
    few = replace(report, analyses=report.analyses[:1], planned=report.planned[:1])
    key = few.analyses[0].key
    page = few.write(tmp_path / "a", standalone=True, vector=True, graphs="none")
    source = page.read_text(encoding="utf-8")
    assert 'src="figures/' not in source
    assert "GraphML" not in source
    assert (tmp_path / "a" / "figures" / f"{key}--theta.svg").exists()
    assert not (tmp_path / "a" / "graphs").exists()
    with pytest.raises(ValueError, match=r"graphs must be one of \['none'.*got 'thin'"):
        few.write(tmp_path / "b", graphs="thin")


def test_dense_graphs_are_thinned_and_say_so(report, tmp_path, monkeypatch):
    from featgraph.io import read_graph
    from featgraph.report import figures, page as page_module

    for module in (figures, page_module):
        monkeypatch.setattr(module, "LINKS_KEPT", 30)
    monkeypatch.setattr(figures.thin_graph, "__defaults__", (30,))
    few = replace(report, analyses=report.analyses[:1], planned=report.planned[:1])
    item = few.analyses[0]
    assert item.graph.n_edges > 30
    page = few.write(tmp_path).read_text(encoding="utf-8")
    text = " ".join(page.split())
    assert (
        "thinned: the file holds the 30 shortest edges that keep its parts together, out of "
        f"{item.graph.n_edges}" in text
    )
    thin = read_graph(tmp_path / "graphs" / f"{item.key}--thinned.graphml.gz")
    assert (thin.n_edges, thin.n_components) == (30, item.graph.n_components)
    few.write(tmp_path, graphs="whole")
    assert [path.name for path in (tmp_path / "graphs").iterdir()] == [f"{item.key}.graphml.gz"]


def test_thinned_graph_is_a_tree_and_the_shortest_links():
    import networkx as nx

    from featgraph.report.figures import thin_graph

    rng = np.random.default_rng(0)
    net = nx.gnp_random_graph(30, 0.5, seed=1)
    for u, v in net.edges:
        net[u][v]["weight"] = float(rng.random())
    edges = np.array(net.edges)
    weights = [net[u][v]["weight"] for u, v in net.edges]
    from featgraph.graph import FeatureGraph

    thin = thin_graph(FeatureGraph.from_edges(edges, n_nodes=30, weights=weights), 60)
    tree = {tuple(sorted(pair)) for pair in nx.minimum_spanning_edges(net, data=False)}
    rest = sorted(
        set(map(tuple, map(sorted, net.edges))) - tree, key=lambda e: net.edges[e]["weight"]
    )
    assert set(map(tuple, thin.edges.tolist())) == tree | set(rest[: 60 - len(tree)])


def test_own_folder_is_refreshed_and_stale_files_go(report, tmp_path):
    report.write(tmp_path)
    mine = tmp_path / "figures" / "my notes.txt"
    mine.write_text("keep")
    fewer = replace(report, analyses=report.of_state("trained"), planned=(("trained", "fc1"),) * 2)
    fewer.write(tmp_path)
    names = {path.name for path in (tmp_path / "graphs").iterdir()}
    assert names == {f"{i.key}.graphml.gz" for i in fewer.analyses}
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


def change_picture(record, picture):
    picture.write_bytes(b"changed")


def lose_picture(record, picture):
    picture.unlink()


def cut_record(record, picture):
    record.write_bytes(record.read_bytes()[:-9])


def mix_record(record, picture):
    record.write_text('{"files": ["figures"]}')


def name_file_outside(record, picture):
    values = json.loads(record.read_text())
    values["files"] = {"../other.txt": "0"}
    record.write_text(json.dumps(values))


@pytest.mark.parametrize(
    "damage", [None, change_picture, lose_picture, cut_record, mix_record, name_file_outside]
)
def test_pictures_of_an_earlier_run_are_kept_if_they_are_whole(
    report, tmp_path, monkeypatch, damage
):
    item = replace(report.analyses[0], fingerprint="f")
    first = ReportWriter(tmp_path)
    first.save(item)
    first.add(item)
    first.close()
    if damage is not None:
        record = tmp_path / "parts" / f"{item.key}.json"
        damage(record, tmp_path / "figures" / f"{item.key}--graph.png")
    drawn = []
    monkeypatch.setattr(
        "featgraph.report.report.render_layer", lambda item, **_: drawn.append(item.key) or {}
    )
    second = ReportWriter(tmp_path)
    assert second.load(item.key, fingerprint="f") is not None
    second.add(item)
    assert drawn == ([] if damage is None else [item.key])


@pytest.mark.parametrize("wanted", [{"vector": True}, {"graphs": "whole"}])
def test_pictures_of_other_wishes_are_drawn_again_once(report, tmp_path, wanted, monkeypatch):
    item = replace(report.analyses[0], fingerprint="f")
    first = ReportWriter(tmp_path)
    first.save(item)
    first.add(item)
    first.close()
    second = ReportWriter(tmp_path, **wanted)
    second.load(item.key, fingerprint="f")
    second.add(item)
    second.close()
    names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    for name, content in render_layer(item, **second.wanted).items():
        assert name in names
        assert (tmp_path / name).read_bytes() == content
    drawn = []
    monkeypatch.setattr("featgraph.report.report.render_layer", lambda item, **_: drawn.append(1))
    third = ReportWriter(tmp_path, **wanted)
    third.load(item.key, fingerprint="f")
    third.add(item)
    assert not drawn


def test_workers_draw_what_shows_several_layers(report, folder, tmp_path, monkeypatch):
    monkeypatch.setattr("featgraph.report.report.render_picture", None)  # in this process
    writer = ReportWriter(tmp_path, jobs=2)
    writer.write(report)
    for name in ("ss_rate.png", "mds.png"):
        drawn = (tmp_path / "figures" / name).read_bytes()
        assert drawn == (folder / "figures" / name).read_bytes()


def test_layers_are_drawn_once(report, tmp_path, monkeypatch):
    from featgraph.report import figures as module

    drawn = []
    draw = module.draw_layer_figures
    monkeypatch.setattr(
        module, "draw_layer_figures", lambda item: drawn.append(item.key) or draw(item)
    )
    writer = ReportWriter(tmp_path)
    for count in range(1, 3):
        writer.write(replace(report, analyses=report.analyses[:count]))
    assert drawn == [item.key for item in report.analyses[:2]]


def test_pictures_of_another_process_are_taken(report, tmp_path, monkeypatch):
    item = report.analyses[0]
    files = render_layer(item, vector=True)
    assert {name.rpartition(".")[2] for name in files} == {"png", "svg", "gz"}
    expected = {"figures/{}--theta.png", "figures/{}--graph.svg", "graphs/{}.graphml.gz"}
    assert {name.format(item.key) for name in expected} <= set(files)
    monkeypatch.setattr("featgraph.report.report.render_layer", None)  # none is drawn here
    writer = ReportWriter(tmp_path)
    writer.save(item, files)
    writer.add(item)
    for name, content in files.items():
        assert (tmp_path / name).read_bytes() == content
