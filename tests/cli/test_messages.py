"""Errors speak of flags; mistyped words are answered with the nearest right ones."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from featgraph.cli import main
from featgraph.cli.messages import explain


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ('say weight="length" or weight="ignore"', "say --weight length or --weight ignore"),
        ("say weight='m', or pass as_undirected=True", "say --weight m, or --as-undirected"),
        ('("density", p), ("degree", k) or "mst"', "density:P, degree:K or mst"),
        ("sizes must be at least 0, got -1", "--sizes must be at least 0, got -1"),
        ("layers: 'x' matches none; list_layers(model) lists them",
         "--layers: 'x' matches none; featgraph layers MODEL lists them"),
        ("name another folder, or use force", "name another folder, or use --force"),
        ("take more samples or duplicates='drop'", "take more samples or --duplicates drop"),
        ("take more samples or estimator='biased'", "take more samples"),
        ("gives shapes without a mean; give calls='last' or 'concatenate'",
         "gives shapes without a mean"),
        ("epsilon=0.35 joins 9 pairs", "--epsilon 0.35 joins 9 pairs"),
        ("a weight must be finite", "a weight must be finite"),
        ("'degree' takes a parameter: ('degree', number)",
         "'degree' takes a parameter: degree:NUMBER"),
        ("x.npz: holds ['a']; features are read by load_features",
         "x.npz: holds ['a']; compare, network and analyze --features read features"),
        ("the method counts hops only", "the method counts hops only"),
    ],
)  # fmt: skip
def test_parameters_become_flags(said, shown):
    assert explain(ValueError(said)) == shown


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("boxcver", "did you mean 'boxcover'?"),
        ("boxcover g.edges --sead 3", "there is no option --sead; did you mean '--seed'?"),
        ("boxcover g.edges --reneat=3", "there is no option --reneat; did you mean '--repeats'?"),
        ("network g.edges --normalise node", "did you mean '--normalize'?"),
        ("network g.edges --normalize nodes", "did you mean 'node'?"),
        ("fractality g.edges --only verdct", "did you mean 'verdict'?"),
        ("export f.npz --to grapml", "did you mean 'graphml'?"),
        ("similarity f.npz f.npz --measure ckaa", "did you mean 'cka'?"),
        ("methods memd", "did you mean 'memb'?"),
        ("train mlp --optimizer adam", "did you mean 'adamw'?"),
        ("train mlp --epochs ten", "--epochs"),
        ("train mlp --epochs 0", "--epochs must be a whole number of at least 1"),
        ("train mlp -c linkage --target 3", "--target must lie in [0, 1], got 3"),
        (
            "train mlp -c linkage --alpha=-1",
            "--alpha must be a finite number of at least 0, got -1",
        ),
        ("compare t.npz", "load_features(path, reduce=...) averages activations"),
        ("convert g.edges g.gexf --color-by degre", "--color-by must be one of"),
        ("boxcover", "required: graph"),
        ("boxcover g.edges extra", "too many arguments: 'extra'"),
        ("boxcover .", ". is a folder, not a file"),
        ("boxcover g.edges --sizes 5-1", "--sizes: must rise, by up to 1,000,000 sizes, got '5-1'"),
        ("boxcover g.xyz", "--input-format says another, one of edges, graphml"),
        ("analyze f.npz", "analyze --features read features"),
        ("boxcover g.edges --method", "--method needs a value"),
        ("boxcover g.edges --method-option length", "--method-option must be NAME=VALUE"),
        ("boxcover g.edges --method-option k=1", "k"),
        ("boxcover w.graphml", "--weight weight to use them as lengths or --weight ignore"),
        ("boxcover d.graphml", "--as-undirected"),
        ("boxcover g.edges --sizes=-1", "size must be a whole number of at least 0, got -1"),
        ("network f.npz --epsilon density", "density:P, degree:K, quantile:Q, giant:F"),
        ("network f.npz --layers c", "--layers must match features"),
        ("analyze mlp --data digits --layers nothing", "featgraph layers MODEL lists them"),
        ("boxcover g.edges -o .", "use --force"),
        ("compare f.npz --time-limit soon", "--time-limit: must be seconds"),
    ],
)
def test_what_is_wrong_is_said_in_flags(words, shown, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "g.edges").write_text("a b\nb c\n")
    (tmp_path / "g.xyz").write_text("a b\n")
    np.savez(tmp_path / "f.npz", a=np.eye(6), b=np.eye(5, 6))
    np.savez(tmp_path / "t.npz", a=np.ones((4, 3, 2)))
    net = nx.path_graph(4)
    nx.set_edge_attributes(net, 2.5, "weight")
    nx.write_graphml(net, tmp_path / "w.graphml")
    nx.write_graphml(nx.DiGraph([(0, 1), (1, 2)]), tmp_path / "d.graphml")
    assert main(words.split()) == 2
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("featgraph: error: ")
    assert shown in said
    for python in ("=True", '("', "rng=", "(model)", "as_undirected", "got <"):
        assert python not in said
