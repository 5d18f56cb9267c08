"""Graphs on the standard input: every command that reads a graph file takes ``-`` for one."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import os
import subprocess
import sys
import threading

import networkx as nx
import pytest

from featgraph.boxes.methods import memb
from featgraph.cli import main
from featgraph.cli.inputs import read_graphs
from featgraph.io import files, read_graph

#: A run of every command that takes a graph, and where its JSON document counts boxes or edges.
RUNS = {
    "boxcover": ("boxcover - --sizes 0-2 -o out", lambda told: told["counts"][0]["n_boxes"] == 34),
    "fractality": (
        "fractality - --only verdict -o out",
        lambda told: (
            (told["graphs"][0]["name"], told["graphs"][0]["n_edges"]) == ("standard input", 78)
        ),
    ),
    "network": (
        "network - --references 0 -o out",
        lambda told: (
            (told["networks"][0]["name"], told["networks"][0]["n_edges"]) == ("standard input", 78)
        ),
    ),
    "export": ("export - --to json -o out", lambda told: told["files"][0]["n_edges"] == 78),
    "convert": ("convert - out.gexf --force", lambda told: told["files"][0]["n_edges"] == 78),
}
_karate = nx.Graph(nx.karate_club_graph().edges)
EDGES = "\n".join(f"{u} {v}" for u, v in _karate.edges).encode()
GML = "\n".join(nx.generate_gml(_karate)).encode()


@pytest.fixture
def pipe(monkeypatch, tmp_path):
    """Return a function that runs a command on some bytes; it stands in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(given, words):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given)))
        return main(words.split())

    return run


def run_process(given, words):
    """Run a command as a shell does, with a pipe before it."""
    ran = subprocess.run(
        [sys.executable, "-m", "featgraph", *words.split()],
        input=given,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.decode()


@pytest.mark.parametrize(("given", "kind"), [(EDGES, "edges"), (gzip.compress(GML), "gml")])
@pytest.mark.parametrize("name", RUNS)
def test_a_graph_comes_from_the_standard_input(name, given, kind, pipe, capsys, tmp_path):
    words, holds = RUNS[name]
    assert pipe(given, f"{words} --input-format {kind} --json") == 0
    assert holds(json.loads(capsys.readouterr().out))
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith("-")]
    assert pipe(given, f"{words} --input-format {kind}") == 0
    if name in ("boxcover", "fractality"):
        assert capsys.readouterr().out.startswith("standard input: 34 nodes, 78 edges, 1 component")


def test_a_pipe_of_processes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = run_process(bz2.compress(GML), "boxcover - --input-format gml")
    assert said.startswith("standard input: 34 nodes, 78 edges, 1 component")
    gexf = run_process(EDGES, "convert - - --input-format edges --output-format gexf")
    told = run_process(gexf.encode(), "network - --input-format gexf --json")
    assert json.loads(told)["networks"][0]["n_edges"] == 78
    assert (tmp_path / "featgraph-boxcover" / "counts.csv").is_file()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes of this kind")
def test_a_pipe_with_a_name_is_read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = run_process(EDGES, "boxcover /dev/stdin --input-format edges")
    assert said.startswith("stdin: 34 nodes, 78 edges")
    os.mkfifo("g.edges")
    writer = threading.Thread(target=(tmp_path / "g.edges").write_bytes, args=[EDGES])
    writer.start()
    assert read_graph("g.edges").n_edges == 78
    writer.join()


def test_the_graph_says_where_it_comes_from(pipe, tmp_path):
    assert pipe(EDGES, "export - --input-format edges --to npz") == 0
    (file,) = (tmp_path / "featgraph-export").glob("*.npz")
    assert read_graph(file).source == "standard input"


def test_one_of_several_graphs_comes_from_the_standard_input(pipe, tmp_path, capsys):
    words = "fractality - more.edges --only drawing --radii 1 --json --input-format edges"
    (tmp_path / "more.edges").write_bytes(EDGES)
    assert pipe(EDGES, words) == 0
    rows = json.loads(capsys.readouterr().out)["graphs"]
    assert [row["name"] for row in rows] == ["standard input", "more"]


@pytest.mark.parametrize(("kind", "start"), [("csv", b"source,target\n0,1\n"), ("edges", b"0 1\n")])
def test_an_edge_list_goes_to_the_standard_output(kind, start, pipe, capsysbinary, tmp_path):
    words = f"--input-format txt --output-format {kind} --layout none"  # a suffix is a format, too
    assert pipe(EDGES, f"convert - - {words}") == 0
    written = capsysbinary.readouterr().out
    assert written.startswith(start)
    assert pipe(EDGES, f"convert - out.txt {words}") == 0
    assert (tmp_path / "out.txt").read_bytes() == written
    assert read_graph(io.BytesIO(written), format=kind).n_edges == 78


def test_the_format_goes_before_the_suffix(pipe, tmp_path):
    (tmp_path / "karate.dat").write_bytes(GML)
    assert pipe(b"", "boxcover karate.dat --sizes 1 --input-format gml -o out") == 0


def test_a_run_that_was_stopped_goes_on_with_the_same_bytes(pipe, monkeypatch, capsys):
    words = "boxcover - --input-format edges --method memb --sizes 1-5 --jobs 1 -o out"
    calls = []

    def solve(*given, **options):
        calls.append(given)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return whole(*given, **options)

    whole = memb.solve
    monkeypatch.setattr(memb, "solve", solve)
    assert pipe(EDGES, words) == 130
    assert "the same command goes on from there" in capsys.readouterr().err
    assert pipe(gzip.compress(EDGES), words) == 0  # packed otherwise, the same graph
    assert len(calls) == 5 + 1  # the stopped one again


@pytest.mark.parametrize(
    ("given", "words", "shown"),
    [
        (EDGES, "boxcover -", "standard input has no name that says its format; give --input-for"),
        (b"", "boxcover - --input-format gml", "standard input is empty"),
        (EDGES, "boxcover - --input-format gml", "standard input: line 1: "),
        (EDGES, "boxcover - --input-format gmll", "--input-format must be one of cyjs"),
        (EDGES, "boxcover - --input-format npz", "standard input: must be a file of its own"),
        (EDGES, "boxcover - - --input-format edges", "too many arguments: '-'"),
        (EDGES, "fractality - - --input-format edges", "the standard input (-) can be read once"),
        (b"0 1\n1 2 3 4", "network - --input-format edges", "standard input: line 2"),
        (
            gzip.compress(EDGES)[:-9],
            "network - --input-format edges",
            "standard input: not a sound",
        ),
        (EDGES, "convert - - --input-format edges --output-format gexf --json", "leave it out"),
        (b"\xe9 b", "network - --input-format csv", "`iconv -f WINDOWS-1252 -t UTF-8` turns it\n"),
        (EDGES, "compare -", "FEATURES cannot be -, which is a graph on the standard input"),
        (EDGES, "sweep -", "FEATURES cannot be -"),
        (EDGES, "similarity - -", "A cannot be -"),
        (EDGES, "invariance -f -", "--features cannot be -"),
        (EDGES, "analyze --features -", "--features cannot be -"),
        (EDGES, "boxcover - --input-format edges -o -", "--out cannot be -"),
        (
            EDGES,
            "fractality - --mehtod memb",
            "there is no option --mehtod; did you mean '--method'",
        ),
        (EDGES, "convert - --layuot none", "there is no option --layuot; did you mean '--layout'"),
    ],
)
def test_errors_are_one_line(given, words, shown, pipe, capsys, tmp_path):
    assert pipe(given, words) == 2
    said = capsys.readouterr()
    assert shown in said.err
    assert said.err.count("\n") == 1
    assert not said.out
    assert not list(tmp_path.iterdir())


def test_a_terminal_and_a_closed_input_are_refused(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    for stream in (Terminal(), None):
        monkeypatch.setattr("sys.stdin", stream)
        with pytest.raises(ValueError, match="nothing is piped into it"):
            read_graphs(["-"], "edges")


def test_the_help_names_every_format(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "300")
    assert main(["boxcover", "--help"]) == 0
    told = capsys.readouterr().out.partition("does not say it: ")[2].partition(";")[0]
    told = " ".join(told.split()).replace(" or ", ", ").split(", ")
    assert set(told) == set(files._FORMATS)
