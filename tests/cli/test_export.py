"""``featgraph export``, end to end."""

from __future__ import annotations

import csv
import json

import igraph
import networkx as nx
import numpy as np
import pytest

from featgraph.cli import main
from featgraph.graph import FeatureGraph, feature_graph


@pytest.fixture
def values():
    return np.random.default_rng(0).normal(size=(15, 6))


@pytest.fixture
def features(tmp_path, values):
    file = tmp_path / "features.npz"
    np.savez(file, fc1=values, fc2=values[:9])
    return file


def run(*words):
    return main(["export", *map(str, words)])


def test_every_format_of_every_layer(features, tmp_path, values, capsys):
    out = tmp_path / "out"
    formats = ("graphml", "gexf", "json", "csv", "npz")
    assert run(features, "--to", *formats, "--sizes", "1,2", "--out", out) == 0
    wanted = feature_graph(values)
    assert f"15 nodes, {wanted.n_edges} edges" in capsys.readouterr().out
    for name in ("fc1", "fc2"):
        assert {path.name for path in out.glob(f"{name}*")} == {
            f"{name}.graphml",
            f"{name}.gexf",
            f"{name}.json",
            f"{name}.npz",
            f"{name}--nodes.csv",
            f"{name}--edges.csv",
        }
    assert igraph.Graph.Read_GraphML(str(out / "fc1.graphml")).ecount() == wanted.n_edges
    assert nx.read_gexf(out / "fc1.gexf").number_of_edges() == wanted.n_edges
    stored = FeatureGraph.load(out / "fc1.npz")
    np.testing.assert_array_equal(stored.indices, wanted.indices)
    assert "box_l1" in stored.node_attributes
    told = json.loads((out / "fc1.json").read_text())
    assert len(told["links"]) == wanted.n_edges
    assert told["graph"]["epsilon"] == pytest.approx(wanted.epsilon)
    net = nx.node_link_graph(told, edges="links")
    assert net.number_of_edges() == wanted.n_edges
    with (out / "fc1--nodes.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 15
    assert {"id", "box_l1", "box_l2", "mds_0", "mds_1"} <= set(rows[0])


def test_graph_files_pass_through(tmp_path):
    file = tmp_path / "friends.edges"
    file.write_text("ann bob\nbob eve\n")
    out = tmp_path / "out"
    assert run(file, "--to", "csv", "--method", "memb", "--sizes", "1", "--out", out, "-q") == 0
    with (out / "friends--edges.csv").open(newline="") as stream:
        edges = {(row["source"], row["target"]) for row in csv.DictReader(stream)}
    assert edges == {("ann", "bob"), ("bob", "eve")}
    with (out / "friends--nodes.csv").open(newline="") as stream:
        assert {row["box_r1"] for row in csv.DictReader(stream)} == {"0"}


def test_saved_graphs_are_told_from_features(tmp_path):
    file = tmp_path / "graph.npz"
    FeatureGraph.from_edges([(0, 1), (1, 2)]).save(file)
    out = tmp_path / "out"
    assert run(file, "--to", "json", "--out", out, "-q") == 0
    assert len(json.loads((out / "graph.json").read_text())["links"]) == 2


def test_epsilon_reaches_the_graph(features, tmp_path, values):
    out = tmp_path / "out"
    words = ("--epsilon", "density:0.5", "--layers", "fc1", "--to", "npz", "--out", out, "-q")
    assert run(features, *words) == 0
    wanted = feature_graph(values, epsilon=("density", 0.5))
    assert FeatureGraph.load(out / "fc1.npz").n_edges == wanted.n_edges


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["missing.npz"], "missing.npz"),
        (["{good}", "--to", "graphm"], "did you mean 'graphml'?"),
        (["{good}", "--epsilon", "percolaton"], "percolation"),
        (["{good}", "--epsilon", "degree:x"], "RULE:NUMBER"),
        (["{good}", "--layers", "fc3"], "did you mean"),
        (["{bad}"], "bad.npz is not a valid .npz file"),
        (["{good}", "--sizes", "0.5"], "0.5"),
    ],
)
def test_bad_input_is_one_line(features, tmp_path, capsys, words, text):
    bad = tmp_path / "bad.npz"
    bad.write_bytes(b"nothing like it")
    words = [word.format(good=features, bad=bad) for word in words]
    assert run(*words, "--out", tmp_path / "out") == 2
    shown = capsys.readouterr().err
    assert shown.startswith("featgraph: error: ")
    assert shown.count("\n") == 1
    assert text in shown


def test_weights_become_similarities(features, tmp_path, values):
    out = tmp_path / "out"
    words = ("--to", "gexf", "graphml", "--weight-as", "similarity", "--epsilon", "degree:4")
    assert run(features, "--layers", "fc1", *words, "--out", out) == 0
    graph = feature_graph(values, epsilon=("degree", 4))
    for net in (nx.read_gexf(out / "fc1.gexf"), nx.read_graphml(out / "fc1.graphml")):
        for (i, j), length in zip(graph.edges.tolist(), graph.edge_weights.tolist(), strict=True):
            told = net.edges[str(i), str(j)]
            assert told["distance"] == length
            assert told["weight"] == pytest.approx(1 - length / graph.epsilon, rel=1e-9, abs=1e-15)
