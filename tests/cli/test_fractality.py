"""``featgraph fractality``, end to end."""

from __future__ import annotations

import csv
import json

import networkx as nx
import numba
import pytest

import featgraph.cli.fractality
from featgraph.cli import main
from featgraph.cli.fractality import PARTS
from featgraph.datasets import make_barabasi_albert, make_flower

pytestmark = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="hundreds of nodes many times need compiled kernels"
)


def write(graph, path):
    nx.write_edgelist(graph.to_networkx(), path, data=False)
    return path


@pytest.fixture
def flower(tmp_path):
    return write(make_flower(2, 2, 5), tmp_path / "flower.edges")


def run(*words):
    return main(["fractality", *map(str, words)])


def read(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_flower_is_fractal_and_everything_is_written(flower, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(flower, "--scale", 2, "--radii", "1,2", "--jobs", 1, "--out", out) == 0
    shown = capsys.readouterr().out
    assert "flower: 684 nodes, 1,024 edges, 1 component" in shown
    assert "verdict: fractal" in shown
    assert "d_B = 2.000" in shown
    (row,) = read(out / "summary.csv")
    assert row["verdict"] == "fractal"
    assert float(row["dimension"]) == pytest.approx(2, abs=1e-6)
    assert float(row["sandbox_D0"]) == pytest.approx(2, abs=0.3)
    assert float(row["scale_invariance"]) > 0.8
    assert json.loads((out / "flower--fit.json").read_text())["verdict"] == "fractal"
    assert int(read(out / "flower--counts.csv")[0]["n_boxes"]) == 2 * 4**4
    spectra = read(out / "flower--multifractal.csv")
    assert {row["masses"] for row in spectra} == {"sandbox", "boxes"}
    flow = read(out / "flower--flow.csv")
    assert {row["size"] for row in flow} == {"1.0", "2.0"}
    for part in ("fractality", "multifractal", "flow", "renormalization", "box_tree"):
        assert (out / f"flower--{part}.png").stat().st_size > 1000
        assert (out / f"flower--{part}.svg").exists()


def test_several_graphs_are_one_table(flower, tmp_path, capsys):
    tree = write(make_barabasi_albert(1500, 1, rng=0), tmp_path / "tree.edges")
    out = tmp_path / "out"
    words = ("--only", "verdict", "--method", "greedy", "--jobs", 1, "-q", "--out", out)
    assert run(flower, tree, *words) == 0
    assert capsys.readouterr() == ("", "")
    rows = read(out / "summary.csv")
    assert [row["name"] for row in rows] == ["flower", "tree"]
    assert rows[1]["verdict"] == "not fractal"
    assert not list(out.glob("*--flow.csv"))


def test_a_stopped_run_keeps_the_rows_of_finished_graphs(flower, tmp_path, monkeypatch):
    small = write(make_flower(2, 2, 4), tmp_path / "small.edges")
    judge = featgraph.cli.fractality._judge

    def stop(net, *rest):
        if net.n_nodes < 684:
            raise KeyboardInterrupt
        return judge(net, *rest)

    monkeypatch.setattr("featgraph.cli.fractality._judge", stop)
    out = tmp_path / "out"
    words = ("--only", "verdict", "--method", "greedy", "--out", out, "-q")
    assert run(flower, small, *words) == 130
    assert [row["name"] for row in read(out / "summary.csv")] == ["flower"]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_alone_writes_its_own_files(part, flower, tmp_path):
    out = tmp_path / "out"
    radii = ("--radii", 2) if part in ("flow", "drawing") else ()
    assert run(flower, "--only", part, *radii, "--out", out, "-q") == 0
    names = {path.name.partition("--")[2] for path in out.glob("flower--*.png")}
    pictures = {"drawing": {"renormalization.png", "box_tree.png"}}
    assert names == pictures.get(part, {f"{part.replace('verdict', 'fractality')}.png"})


def test_the_largest_component_is_judged_and_named(tmp_path, capsys):
    file = tmp_path / "parts.graphml"
    nx.write_graphml(nx.disjoint_union(nx.path_graph(90), nx.path_graph(10)), file)
    out = tmp_path / "out"
    assert run(file, "--only", "verdict", "--out", out) == 0
    assert "largest component, 90.0% of the nodes" in capsys.readouterr().out
    (row,) = read(out / "summary.csv")
    assert float(row["node_share"]) == pytest.approx(0.9)
    assert row["n_nodes"] == "100"


@pytest.mark.parametrize("graph", [nx.empty_graph(3), nx.path_graph(2), nx.star_graph(30)])
def test_small_graphs_have_no_verdict_and_no_error(graph, tmp_path, capsys):
    file = tmp_path / "small.graphml"
    nx.write_graphml(graph, file)
    assert run(file, "--out", tmp_path / "out") == 0
    shown = capsys.readouterr().out
    assert "no verdict: counts must hold at least 4 sizes" in shown
    assert "no spectrum: " in shown
    assert read(tmp_path / "out" / "summary.csv")[0]["verdict"] == "undecided"


def test_what_is_not_feasible_is_left_out_aloud(flower, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("featgraph.cli.fractality._MOST_VISITS", 100_000)
    monkeypatch.setattr("featgraph.cli.fractality._MOST_DRAWN", 600)
    out = tmp_path / "out"
    assert run(flower, "--method", "greedy", "--out", out) == 0
    shown = capsys.readouterr().out
    assert "--only flow computes them" in shown
    assert "--only drawing draws it" in shown
    assert not (out / "flower--flow.csv").exists()
    assert run(flower, "--only", "flow", "--out", out, "-q") == 0
    assert (out / "flower--flow.csv").exists()


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["missing.edges"], "missing.edges"),
        (["{flower}", "--only", "verdikt"], "did you mean 'verdict'?"),
        (["{flower}", "--method", "fuzzy"], "--method must be one of"),
        (["{flower}", "--radii", "0,1"], "must be whole numbers of at least 1"),
        (["{flower}", "--radii", "1.5"], "must be whole numbers of at least 1"),
        (["{flower}", "--scale", "1"], "must be a whole number ≥ 2"),
        (["{flower}", "{flower}"], "names of their own, got flower, flower"),
        ([], "required: graph"),
    ],
)
def test_bad_input_is_one_line(words, text, flower, tmp_path, capsys):
    words = [word.format(flower=flower) for word in words]
    assert run(*words, "--out", tmp_path / "out") == 2
    shown = capsys.readouterr().err
    assert shown.startswith("featgraph: error: ")
    assert shown.count("\n") == 1
    assert text in shown
    assert not (tmp_path / "out").exists()
