"""Whatever the terminal is, a command ends well, writes its files, and says what fits."""

from __future__ import annotations

import contextlib
import errno
import io
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from featgraph.cli import main
from featgraph.cli.entry import COMMANDS
from featgraph.cli.output import format_table
from tests.cli.test_entry import run_python

#: A small run of every command that makes tables, and the keys of its JSON document.
RUNS = {
    "methods": ("methods", {"methods", "estimators"}),
    "layers": ("layers mlp", {"layers"}),
    "boxcover": ("boxcover g.edges --bounds --repeats 2 --jobs 1 -o out", {"counts", "fit"}),
    "fractality": ("fractality g.edges --only verdict multifractal flow -o out", {"graphs"}),
    "network": ("network g.edges --references 2 -o out", {"networks"}),
    "weights": (
        "weights mlp --variant released --nulls rows --n-samples 2 -o out",
        {"weights"},
    ),
    "convert": ("convert g.edges h.graphml --force", {"files"}),
    "export": ("export f.npz --to csv json -o out", {"files"}),
    "compare": ("compare f.npz --n-theta 8 --null-draws 2 -o out", {"layers"}),
    "sweep": ("sweep f.npz --steps 3 --references 0 -o out", {"layers"}),
    "similarity": ("similarity f.npz f.npz --measure cka -o out", {"cka"}),
    "invariance": (
        "invariance -f wide.npz --bootstrap 0 -o out",
        {"scale", "sigma", "geometry", "delta"},
    ),
    "analyze": (
        "analyze -f f.npz --layers a --n-theta 8 --null-draws 2 -o out",
        {"findings", "layers", "skipped"},
    ),
    "train": (
        "train mlp --option widths=(8,) --epochs 1 --batch-size 256 -o out",
        {"epochs", "ss_rates"},
    ),
    "doctor": ("doctor", {"checks"}),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    (tmp_path / "g.edges").write_text("".join(f"{i} {i // 2}\n" for i in range(1, 40)))
    np.savez(tmp_path / "f.npz", a=rng.normal(size=(12, 5)), b=rng.normal(size=(9, 5)))
    wide = {name: rng.normal(size=(60, 64)) @ rng.normal(size=(64, 90)) for name in "ab"}
    np.savez(tmp_path / "wide.npz", **wide)
    return tmp_path


class Kept(io.BytesIO):
    """Bytes that outlive the stream around them."""

    def close(self):
        """Stay open."""


@contextlib.contextmanager
def streams(monkeypatch, encoding):
    """Give the process an output and an error stream of some encoding; yield what they get."""
    out, err = Kept(), Kept()
    with monkeypatch.context() as patch:
        for name, raw in (("stdout", out), ("stderr", err)):
            patch.setattr(sys, name, io.TextIOWrapper(raw, encoding, write_through=True))
        yield out, err


@pytest.mark.parametrize("name", RUNS)
def test_any_encoding_and_width_and_json(name, folder, monkeypatch):
    line, keys = RUNS[name]
    monkeypatch.setattr("featgraph.plot.files.save_figure", lambda *given, **options: [])
    monkeypatch.setenv("COLUMNS", "20")
    with streams(monkeypatch, "ascii") as (out, err):
        assert main(line.split()) == 0, err.getvalue()
        assert sys.stdout.errors == "strict"  # put back
    assert out.getvalue().isascii()
    monkeypatch.delenv("COLUMNS")
    with streams(monkeypatch, "cp1252") as (out, _):
        assert main([*line.split(), "--json"]) == 0
    told = json.loads(out.getvalue().decode("cp1252"), parse_constant=pytest.fail)
    assert set(told) == keys


def test_every_command_with_tables_is_run_here():
    assert set(COMMANDS) - set(RUNS) == {"demo"}  # it shows what analyze shows


@pytest.mark.parametrize("name", ["", *COMMANDS])
@pytest.mark.parametrize(("encoding", "width"), [("ascii", "80"), ("cp1252", "20")])
def test_help_shows_on_any_terminal(name, encoding, width, monkeypatch):
    monkeypatch.setenv("COLUMNS", width)
    with streams(monkeypatch, encoding) as (out, err):
        assert main([name, "--help"] if name else []) == 0, err.getvalue()
    lines = out.getvalue().decode(encoding).splitlines()
    assert lines
    shown = [line for line in lines if "featgraph " not in line]  # examples are to be copied
    assert max(map(len, shown)) <= int(width)


@pytest.mark.parametrize("words", ["methods --long", "network g.edges --references 2 -o out"])
def test_tables_fit_eighty_columns(words, folder, capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    assert main(words.split()) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_what_does_not_fit_stands_below():
    rows = [{"name": "a", **{f"x{k}": 10.0**k for k in range(6)}}]
    columns = {"name": "name", **{f"x{k}": f"column {k}" for k in range(6)}}
    text = format_table(rows, columns, width=30)
    assert max(map(len, text.splitlines())) <= 30
    assert [block.split()[0] for block in text.split("\n\n")] == ["name"] * 3
    for k in range(6):
        assert f"column {k}" in text
    assert format_table(rows, columns, width=1).count("\n\n") == 5  # never narrower than two
    assert format_table([], {}, width=1) == ""


class Closed(io.StringIO):
    """A pipe whose reader is gone."""

    def write(self, text):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def test_a_reader_that_leaves_costs_no_results(folder, monkeypatch):
    monkeypatch.setattr(sys, "stdout", Closed())
    assert main(["boxcover", "g.edges", "--sizes", "0-3", "-o", "out"]) == 0
    assert (folder / "out" / "counts.csv").is_file()


def test_closed_streams_cost_no_results(folder, monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["boxcover", "g.edges", "--sizes", "0-3", "-o", "out"]) == 0
    assert (folder / "out" / "counts.csv").is_file()
    assert main(["boxcover", "nowhere.edges"]) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes of this kind")
def test_the_process_ends_quietly_when_its_reader_leaves():
    command = f"{sys.executable} -m featgraph methods --long | head -n 1"
    ran = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert ran.stdout == "Box-covering methods (--method):\n"
    assert ran.stderr == ""


@pytest.mark.parametrize(
    ("environment", "words", "shown"),
    [
        ({"PYTHONIOENCODING": "cp1252"}, "methods", b"boxes over ? (--curves)"),
        ({"PYTHONIOENCODING": "ascii"}, "methods", b"boxes over ? (--curves)"),
        (
            {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
            "boxcover g.edges -m memb -o out",
            b"? = 2r",  # the script ℓ
        ),
    ],
)
def test_the_process_says_what_its_locale_can(environment, words, shown, folder):
    root = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), *sys.path]))
    env = {**os.environ, "PYTHONPATH": root, **environment}
    command = [sys.executable, "-m", "featgraph", *words.split()]
    ran = subprocess.run(command, capture_output=True, env=env, check=False)
    assert ran.returncode == 0, ran.stderr
    assert shown in ran.stdout
    assert (folder / "out" / "counts.csv").is_file() == ("out" in words)


def test_graph_commands_need_no_torch(folder):
    lines = (
        "methods memb",
        "boxcover g.edges --sizes 0-3 --draw 2 --renormalize 1 -q",
        "network g.edges --references 1 -q",
        "fractality g.edges --only verdict flow drawing --radii 1 -q",
        "convert g.edges g.graphml --layout force --sizes 1 -q",
        "convert g.edges h.npz --layout mds -q",
        "convert g.edges h.csv -q",
        "export g.edges --to graphml gexf json csv npz --sizes 1 -q",
    )
    said = run_python(
        "import sys\nfrom featgraph.cli import main\n"
        f"for line in {lines!r}:\n"
        "    assert main(line.split()) == 0, line\n"
        "    print('torch' in sys.modules, line)\n"
    )
    assert [line.split()[0] for line in said.splitlines() if line[:4] in ("True", "Fals")] == [
        "False"
    ] * len(lines), said


@pytest.mark.parametrize("name", ["boxcover", "analyze"])
def test_sigterm_ends_a_command_as_ctrl_c_does(name, folder, monkeypatch, capsys):
    """What is finished is kept, also where the command says so in an exception of its own."""

    def stop(*given, **options):
        os.kill(os.getpid(), signal.SIGTERM)
        raise RuntimeError("the signal came to nothing")

    counting = "boxes.box_counts" if name == "boxcover" else "report.settings.minimum_box_counts"
    monkeypatch.setattr(f"featgraph.{counting}", stop)
    before = signal.getsignal(signal.SIGTERM)
    assert main(RUNS[name][0].split()) == 143
    assert capsys.readouterr().err.startswith("featgraph: stopped")
    assert signal.getsignal(signal.SIGTERM) == before
    assert (folder / "out" / "featgraph.json").is_file()
    assert not list(folder.rglob(".featgraph-unfinished-*"))
