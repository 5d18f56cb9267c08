"""An option that would do nothing is refused by name; defaults and what is used pass."""

from __future__ import annotations

import numpy as np
import pytest

from featgraph.cli import main
from featgraph.cli.messages import refuse_idle

#: A command line without its idle option, the idle option, and when it does nothing.
IDLE = [
    ("network g.edges", "--epsilon percolation", "with a graph file"),  # also the default
    ("network g.edges", "--layers a", "with a graph file"),
    ("network g.edges", "--together", "with a graph file"),
    ("network g.edges", "--normalize layer", "with a graph file"),
    ("network f.npz", "--as-undirected", "with features"),
    ("export g.edges", "--epsilon mst", "with a graph file"),
    ("export g.edges", "-l a", "with a graph file"),
    ("export f.npz", "--weight length", "with features"),
    ("export f.npz", "--as-undirected", "with features"),
    ("export f.npz", "--method memb", "without --sizes"),
    ("export f.npz --to json", "--weight-as none", "without --to graphml or gexf"),
    ("convert g.edges h.gexf", "--method memb", "without --sizes"),
    ("convert g.edges h.csv", "--color-by degree", "in .csv"),
    ("convert g.edges h.npz", "--size-by degree", "in .npz"),
    ("convert g.edges h.edges", "--layout force", "in .edges"),
    ("convert g.edges h.edges", "--sizes 1", "in .edges"),
    ("fractality g.edges --only verdict", "--radii 1", "with --only verdict"),
    ("fractality g.edges --only flow drawing", "--repeats 9", "with --only flow drawing"),
    ("methods memb", "--long", "with one method"),
    ("layers mlp", "--image-size 9", "without --data"),
    ("weights mlp --sample 0", "--n-samples 3", "with --sample 0"),
    ("train mlp", "--target 0.4", "without --constraint"),
    ("train mlp", "--alpha 1", "without --constraint"),
    ("train mlp", "--gate", "without --constraint"),
    ("train mlp", "--momentum 0.5", "without --optimizer sgd"),
    ("train mlp --inputs f.npz", "--data digits", "with --inputs"),
    ("train mlp --inputs f.npz", "--image-size 9", "with --inputs"),
    ("analyze mlp --data digits", "--baseline-features f.npz", "without --features"),
    ("analyze mlp --data digits", "--max-length 5", "with images"),
    ("analyze mlp --data t.txt", "--image-norm half", "with texts"),
    ("analyze mlp --data t.txt", "--max-length 5", "with token ids"),
    ("analyze mlp --inputs f.npz", "--image-size 9", "with --inputs"),
    ("invariance -f f.npz --spectra none", "--short skip", "with --spectra none"),
    ("invariance -f f.npz --geometry none", "--exclude 2", "with --geometry none"),
    ("invariance -f f.npz", "--units", "with saved features"),
    ("similarity f.npz f.npz", "--reduce flatten", "with saved features"),
    ("similarity f.npz f.npz", "--weights-b f.pt", "with saved features"),
    ("similarity f.npz f.npz", "-d digits", "with saved features"),
    ("analyze -f f.npz", "--weight-network", "with saved features"),
    *(
        (f"{name} -f f.npz", words, "with saved features")
        for name in ("analyze", "invariance")
        for words in ("--weights a.pt", "--option a=1", "--data digits", "--inputs f.npz",
                      "--max-images 9", "--image-size 9", "--tokenizer t")
    ),
    ("analyze -f f.npz", "--device cpu", "with saved features"),
]  # fmt: skip
#: Letters and second names of flags, and the names that messages have.
FULL = {"-l": "--layers", "-d": "--data", "--max-images": "--max-samples"}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "g.edges").write_text("".join(f"{i} {i // 2}\n" for i in range(1, 12)))
    (tmp_path / "t.txt").write_text("1 2 3\n4 5\n")
    np.savez(tmp_path / "f.npz", a=np.eye(12, 5))


@pytest.mark.parametrize(("line", "idle", "when"), IDLE)
def test_an_idle_option_is_refused(line, idle, when, capsys):
    assert main([*line.split(), *idle.split()]) == 2
    flag = FULL.get(idle.split()[0], idle.split()[0])
    said = capsys.readouterr().err
    assert said.startswith(f"featgraph: error: {flag} does nothing {when}")
    assert said.endswith("; leave it out\n")


def test_several_are_named_together(capsys):
    assert main(["network", "g.edges", "--epsilon", "mst", "--together"]) == 2
    assert "--epsilon, --together do nothing with a graph file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        "convert g.edges h.npz --layout mds --sizes 1 --method memb --seed 2",
        "export g.edges --weight ignore --sizes 1 --method memb --seed 2 -o out",
        "export g.edges --seed 3 -o out",
        "convert g.edges - --output-format dot --force",
        "methods --long",
        "convert g.edges h.csv --layout none",
        "fractality g.edges --only flow --jobs 2 -o out",
        "fractality g.edges --only verdict --repeats 1 --jobs 1 -o out",
    ],
)
def test_what_is_used_passes(line):
    assert main([*line.split(), "-q"]) == 0


def test_nothing_is_remembered_of_a_command_line():
    assert main(["network", "g.edges", "--epsilon", "mst"]) == 2
    refuse_idle("now", "--epsilon")
