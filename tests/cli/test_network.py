"""``featgraph network``, ``sweep`` and ``convert``, end to end."""

from __future__ import annotations

import csv
import io
import json

import networkx as nx
import numpy as np
import pytest

from featgraph.cli import main
from featgraph.io import read_graph


@pytest.fixture
def ring(tmp_path):
    file = tmp_path / "ring.edges"
    nx.write_edgelist(nx.connected_watts_strogatz_graph(60, 6, 0.1, seed=1), file, data=False)
    return file


@pytest.fixture
def features(tmp_path):
    rng = np.random.default_rng(0)
    file = tmp_path / "layers.npz"
    np.savez(file, conv=rng.normal(size=(24, 6)), head=rng.normal(size=(16, 6)))
    return file


def run(*words):
    return main([*map(str, words)])


def read(path):
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_a_graph_is_measured_and_drawn(ring, tmp_path, capsys):
    out = tmp_path / "out"
    assert run("network", ring, "--out", out, "--references", 3) == 0
    said = capsys.readouterr().out
    assert "σ" in said
    assert "a small world: σ = " in said
    (row,) = read(out / "summary.csv")
    assert (row["name"], row["n_nodes"], row["n_edges"]) == ("ring", "60", "180")
    assert float(row["sigma"]) > 2
    names = {path.name for path in out.iterdir()}
    assert {"ring--degrees.png", "ring--small_world.svg", "ring--rich_club.csv"} <= names
    world = json.loads((out / "ring--small_world.json").read_text())
    assert world["sigma"] == pytest.approx(float(row["sigma"]), rel=1e-5)  # one and the same
    assert sum(int(r["count"]) for r in read(out / "ring--motifs.csv") if r["size"] == "3") == 34220


def test_layers_one_by_one_and_together(features, tmp_path, capsys):
    assert run("network", features, "--out", tmp_path / "a", "--references", 1) == 0
    assert [row["name"] for row in read(tmp_path / "a" / "summary.csv")] == ["conv", "head"]
    words = ("--together", "--epsilon", "neighbors:3", "--normalize", "node", "-q")
    assert run("network", features, "--out", tmp_path / "b", "--references", 1, *words) == 0
    (row,) = read(tmp_path / "b" / "summary.csv")
    assert row["n_nodes"] == "40"
    assert 0 < float(row["inter_layer_share"]) < 1
    assert len(read(tmp_path / "b" / "layers--layers.csv")) == 3
    assert (tmp_path / "b" / "layers--layers.png").exists()


def test_a_graph_without_edges_has_a_row(tmp_path):
    file = tmp_path / "empty.graphml"
    nx.write_graphml(nx.empty_graph(3), file)
    assert run("network", file, "--out", tmp_path / "out", "-q") == 0
    assert read(tmp_path / "out" / "summary.csv")[0]["n_components"] == "3"


def test_a_sweep_is_tabled_and_drawn(features, tmp_path, capsys):
    out = tmp_path / "out"
    assert run("sweep", features, "--layers", "conv", "-n", 4, "--references", 1, "--out", out) == 0
    assert "percolation" in capsys.readouterr().out
    rows = read(out / "conv--sweep.csv")
    assert [row["percolates"] for row in rows] == sorted(row["percolates"] for row in rows)
    assert (out / "conv--sweep.png").exists()


@pytest.mark.parametrize("suffix", [".graphml", ".gexf", ".npz", ".edges", ".csv.gz"])
def test_a_graph_goes_from_format_to_format(suffix, ring, tmp_path):
    target = tmp_path / f"out{suffix}"
    words = () if suffix in (".edges", ".csv.gz") else ("--layout", "mds", "--sizes", 2)
    assert run("convert", ring, target, *words, "-q") == 0
    before, after = read_graph(ring), read_graph(target)
    pairs = [
        {frozenset(str(net.node_labels[k]) for k in edge) for edge in net.edges.tolist()}
        for net in (before, after)
    ]
    assert pairs[0] == pairs[1]


@pytest.mark.parametrize("suffix", [".cyjs", ".dot", ".graphml.gz"])
def test_more_formats_are_written(suffix, ring, tmp_path):
    target = tmp_path / f"out{suffix}"
    assert run("convert", ring, target, "-q") == 0
    assert read_graph(target).node_attributes["position"].shape == (60, 2)


def test_a_graph_goes_through_pipes(ring, tmp_path, monkeypatch, capsysbinary):
    with ring.open("rb") as stream:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(stream))
        words = ("--input-format", "edges", "--output-format", "gexf")
        assert run("convert", "-", "-", *words) == 0
    written = io.BytesIO(capsysbinary.readouterr().out)
    assert read_graph(written, format="gexf").n_nodes == read_graph(ring).n_nodes
    assert run("convert", "-", tmp_path / "out.gexf") == 2
    assert b"give --input-format" in capsysbinary.readouterr().err


def test_looks_are_chosen(ring, tmp_path):
    target = tmp_path / "out.gexf"
    words = ("--layout", "force", "--color-by", "community", "--size-by", "core_number", "-q")
    assert run("convert", ring, target, *words, "-q") == 0
    attributes = read_graph(target).node_attributes
    assert attributes["position"].shape == (60, 2)
    community = attributes["community"]
    for group in np.unique(community):
        assert len(np.unique(attributes["color"][community == group], axis=0)) == 1


def test_weights_become_similarities(tmp_path):
    source = tmp_path / "pair.csv"
    source.write_text("source,target,weight\na,b,0.5\nb,c,2.0\n")
    target = tmp_path / "pair.graphml"
    assert run("convert", source, target, "--weight", "weight", "--weight-as", "similarity") == 0
    written = read_graph(target, weight="weight").edge_weights
    assert written.tolist() == pytest.approx([0.75, 0.0], abs=1e-15)
    assert written[1] > 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("convert", "{ring}", "out.xyz"), "output must end in one of .graphml"),
        (("convert", "{ring}", "out.npz.gz"), "all but .npz can have .gz"),
        (("convert", "{ring}", "out.gexf", "--output-format", "npz"), "all but .npz can"),
        (("convert", "{ring}", "{ring}"), "is there already; --force replaces it"),
        (("convert", "{ring}", "x.gexf", "--layout", "forse"), "did you mean 'force'"),
        (("network", "{ring}", "--references", "-1"), "must be a whole number"),
        (("sweep", "{ring}"), "ring.edges"),
        (("sweep", "x.npz", "--steps", "1"), "must be a whole number ≥ 2"),
    ],
)
def test_errors_are_one_line(words, message, ring, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(*(word.format(ring=ring) for word in words)) == 2
    shown = capsys.readouterr().err
    assert message in shown
    assert shown.count("\n") == 1


def test_nodes_without_edges_are_not_lost_silently(tmp_path, capsys):
    net = nx.path_graph(3)
    net.add_node("alone")
    nx.write_graphml(net, tmp_path / "in.graphml")
    assert run("convert", tmp_path / "in.graphml", tmp_path / "out.edges") == 2
    assert "1 node without edges" in capsys.readouterr().err
