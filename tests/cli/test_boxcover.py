"""``featgraph boxcover``, end to end."""

from __future__ import annotations

import csv
import itertools
import json
import subprocess
import sys

import networkx as nx
import pytest

from featgraph.boxes.methods import memb
from featgraph.cli import main
from featgraph.cli.options import read_sizes


@pytest.fixture
def path_graph(tmp_path):
    file = tmp_path / "path.edges"
    nx.write_edgelist(nx.path_graph(60), file, data=False)
    return file


def run(*words):
    return main(["boxcover", *map(str, words)])


def read(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_known_answer_is_printed_and_written(path_graph, tmp_path, capsys):
    out = tmp_path / "out"
    sizes = "0-4,6,8,12,20"
    options = ["--bounds", "--repeats", 20, "--jobs", 2]
    assert run(path_graph, "--sizes", sizes, "--out", out, *options) == 0
    shown = capsys.readouterr().out
    assert "60 nodes, 59 edges, 1 component" in shown
    assert "d_B = " in shown
    rows = read(out / "counts.csv")
    exact = {size: -(-60 // (size + 1)) for size in read_sizes(sizes)}
    for row in rows:
        assert int(row["lower_bound"]) <= exact[int(row["size"])] <= int(row["n_boxes"])
    assert json.loads((out / "fit.json").read_text())["method"] == "greedy"
    assert (out / "counts.png").stat().st_size > 1000
    assert (out / "counts.svg").exists()


def test_optimum_shows_what_it_has_proven(path_graph, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(path_graph, "--method", "optimum", "--sizes", "0-4,59", "--out", out) == 0
    assert "at least" in capsys.readouterr().out
    rows = read(out / "counts.csv")
    assert [row["lower_bound"] for row in rows] == [row["n_boxes"] for row in rows]


def test_boxes_of_one_size_are_drawn_and_valid(path_graph, tmp_path):
    out = tmp_path / "out"
    assert run(path_graph, "--sizes", "0-3", "--draw", 3, "--out", out, "-q", "-m", "memb") == 0
    boxes = {row["node"]: row["box"] for row in read(out / "boxes.csv")}
    assert len(boxes) == 60
    net = nx.read_graphml(out / "graph.graphml")
    assert net.number_of_nodes() == 60
    assert (out / "boxes.png").exists()


def test_boxes_become_nodes_until_one_is_left(path_graph, tmp_path):
    out = tmp_path / "out"
    words = ("--sizes", "0-3", "--renormalize", 1, "--out", out, "-q", "-m", "memb")
    assert run(path_graph, *words) == 0
    rows = read(out / "box_tree.csv")
    assert len(rows) == 60
    steps = [name for name in rows[0] if name.startswith("step_")]
    boxes = [len({row[step] for row in rows}) for step in steps]
    assert boxes[-1] == 1
    assert boxes == sorted(boxes, reverse=True)
    for finer, coarser in itertools.pairwise(steps):  # a box stays whole
        assert len({(row[finer], row[coarser]) for row in rows}) == len({r[finer] for r in rows})
    for name in ("renormalization", "box_tree"):
        assert (out / f"{name}.png").stat().st_size > 1000
        assert (out / f"{name}.svg").exists()


def test_too_few_sizes_give_no_dimension_but_a_table(path_graph, tmp_path, capsys):
    assert run(path_graph, "--sizes", "1,2", "--out", tmp_path / "out") == 0
    assert "no dimension: counts must hold at least 4 sizes" in capsys.readouterr().out
    assert not (tmp_path / "out" / "fit.json").exists()


def test_quiet_is_silent(path_graph, tmp_path, capsys):
    assert run(path_graph, "--sizes", "0-5", "--out", tmp_path / "out", "--quiet") == 0
    assert capsys.readouterr() == ("", "")


def test_weights_are_lengths_when_named(tmp_path, capsys):
    net = nx.path_graph(20)
    nx.set_edge_attributes(net, 0.5, "length")
    file = tmp_path / "net.graphml"
    nx.write_graphml(net, file)
    out = tmp_path / "out"
    assert run(file, "--weight", "length", "--sizes", "0.5,1,2,4", "--out", out) == 0
    counts = {float(row["size"]): int(row["n_boxes"]) for row in read(out / "counts.csv")}
    assert counts[0.5] >= 10  # two nodes of a path in each box
    assert counts[4.0] >= 3


def test_weighted_and_directed_graphs_ask_what_to_do(tmp_path, capsys):
    file = tmp_path / "weighted.graphml"
    net = nx.path_graph(4)
    nx.set_edge_attributes(net, 2.5, "weight")
    nx.write_graphml(net, file)
    assert run(file, "--out", tmp_path / "out") == 2
    assert "--weight ignore" in capsys.readouterr().err
    assert run(file, "--weight", "ignore", "--sizes", "1", "--out", tmp_path / "out", "-q") == 0
    directed = tmp_path / "directed.graphml"
    nx.write_graphml(nx.DiGraph([(0, 1), (1, 2)]), directed)
    assert run(directed, "--out", tmp_path / "two") == 2
    assert "--as-undirected" in capsys.readouterr().err
    words = (directed, "--as-undirected", "--sizes", "1", "-q", "--out", tmp_path / "two")
    assert run(*words) == 0


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["missing.edges"], "missing.edges"),
        (["{graph}", "--method", "gredy"], "did you mean 'greedy'?"),
        (["{graph}", "--sizes", "one"], "must be a number, got 'one'"),
        (["{graph}", "--sizes", "0.5"], "0.5"),
        (["{graph}", "--sizes=-1"], "-1"),
        (["{graph}", "--renormalize", "0"], "must be at least 1, or no nodes merge, got '0'"),
        (["{graph}", "--repeats", "0"], "must be a whole number ≥ 1"),
        (["{graph}", "--seed", "x"], "must be a whole number ≥ 0"),
        (["{bad}"], "bad.npz"),
        (["{bomb}"], "bomb.graphml"),
    ],
)
def test_bad_input_is_one_line(path_graph, tmp_path, capsys, words, text):
    bad, bomb = tmp_path / "bad.npz", tmp_path / "bomb.graphml"
    bad.write_bytes(b"PK\x03\x04 not really")
    bomb.write_text('<!DOCTYPE x [<!ENTITY a "aaaa">]><graphml>&a;</graphml>')
    names = {"graph": path_graph, "bad": bad, "bomb": bomb}
    words = [word.format(**names) for word in words]
    assert run(*words, "--out", tmp_path / "out") == 2
    shown = capsys.readouterr().err
    assert shown.startswith("featgraph: error: ")
    assert shown.count("\n") == 1
    assert text in shown


def test_what_does_not_fit_is_refused_in_one_line(path_graph, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FEATGRAPH_MEMORY", "0.000001")  # GiB
    assert run(path_graph, "--method", "optimum", "--sizes", "3", "--out", tmp_path / "out") == 2
    shown = capsys.readouterr().err
    assert shown.startswith("featgraph: error: ")
    assert shown.count("\n") == 1
    assert "GiB" in shown or "MiB" in shown or "memory" in shown


def test_folder_of_others_is_left_alone(path_graph, tmp_path, capsys):
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "thesis.tex").write_text("mine")
    assert run(path_graph, "--sizes", "0-5", "--out", out) == 2
    assert "must be new, empty or an earlier boxcover" in capsys.readouterr().err
    assert [path.name for path in out.iterdir()] == ["thesis.tex"]
    assert run(path_graph, "--sizes", "0-5", "--out", out, "--force", "-q") == 0
    assert run(path_graph, "--sizes", "0-5", "--out", out, "-q") == 0  # now it is its own
    assert (out / "thesis.tex").read_text() == "mine"


def test_a_stopped_run_goes_on(path_graph, tmp_path, capsys, monkeypatch):
    words = (path_graph, "--sizes", "1-5", "-m", "memb", "--seed", 4, "--jobs", 1, "-q", "--out")
    assert run(*words, tmp_path / "whole") == 0
    real, calls = memb.solve, []

    def solve(*values, **options):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*values, **options)

    monkeypatch.setattr(memb, "solve", solve)
    out = tmp_path / "out"
    assert run(*words, out) == 130
    shown = capsys.readouterr().err
    assert shown.startswith("featgraph: stopped: the same command goes on from there")
    assert (out / "checkpoint.json").exists()
    assert run(*words, out) == 0
    assert len(calls) == 3 + 3
    assert read(out / "counts.csv") == read(tmp_path / "whole" / "counts.csv")
    assert not (out / "checkpoint.json").exists()


def test_a_damaged_checkpoint_is_one_line(path_graph, tmp_path, capsys):
    out = tmp_path / "out"
    assert run(path_graph, "--sizes", "1-5", "-q", "--out", out) == 0
    (out / "checkpoint.json").write_text("{")
    assert run(path_graph, "--sizes", "1-5", "-q", "--out", out) == 2
    shown = capsys.readouterr().err
    assert "delete it or name another" in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "sizes"), [("3", [3]), ("0-2", [0, 1, 2]), ("1,2, 4-5", [1, 2, 4, 5]), ("0.5", [0.5])]
)
def test_sizes_are_read(text, sizes):
    assert read_sizes(text) == sizes


@pytest.mark.parametrize("text", ["5-1", "0-100000000000", "1,3-2"])
def test_ranges_that_fall_or_never_end_are_refused(text):
    with pytest.raises(ValueError, match=r"must rise, by up to 1,000,000 sizes, got '[\d-]+'"):
        read_sizes(text)


def test_a_small_graph_needs_no_large_library(tmp_path):
    edges = tmp_path / "path.edges"
    edges.write_text("".join(f"{k} {k + 1}\n" for k in range(30)))
    words = ["boxcover", str(edges), "-o", str(tmp_path / "out")]
    for more in ([], ["--pictures", "none", "--force"]):
        code = (
            f"import sys; from featgraph.cli.entry import main; main({words + more})\n"
            "large = {'torch', 'scipy', 'numba', 'networkx', 'igraph', 'matplotlib'}\n"
            "print(large & set(sys.modules))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert done.stdout.endswith("set()\n" if more else "{'matplotlib'}\n")


@pytest.mark.parametrize(
    ("words", "suffixes"),
    [
        ((), {".png", ".svg"}),
        (("--pictures", "pdf", "png"), {".pdf", ".png"}),
        (("--pictures", "svg", "svg"), {".svg"}),
        (("--pictures", "none"), set()),
    ],
)
@pytest.mark.parametrize("command", ["boxcover", "fractality", "network"])
def test_pictures_are_of_the_formats_asked_for(path_graph, tmp_path, command, words, suffixes):
    out = tmp_path / "out"
    assert main([command, str(path_graph), "--out", str(out), *words]) == 0
    found = {path.suffix for path in out.iterdir()} & {".pdf", ".png", ".svg"}
    assert found == suffixes
    assert {path.suffix for path in out.iterdir()} >= {".csv", ".json"}


def test_no_pictures_beside_a_format_are_refused(path_graph, tmp_path, capsys):
    assert run(path_graph, "--out", tmp_path / "out", "--pictures", "none", "png") == 2
    assert "--pictures none excludes formats, got none png" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
