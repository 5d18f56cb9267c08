"""The frame of the command line: help, lazy loading, errors in one line."""

from __future__ import annotations

import importlib
import re
import shlex
import subprocess
import sys
from functools import partial
from pathlib import Path

import networkx as nx
import pytest

from featgraph.cli import main
from featgraph.cli.entry import COMMANDS, build_app, read_docstring
from featgraph.cli.messages import FLAGS, protect_hyphens
from featgraph.cli.options import read_epsilon

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"torch", "torch_geometric", "igraph", "matplotlib", "numba", "scipy", "networkx", "numpy"}


def run_python(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


ENDS = (KeyboardInterrupt(), ["exit functions", 130]), (ValueError("a"), [])


@pytest.mark.parametrize(("stop", "ends"), ENDS)
def test_only_the_program_ends_the_interpreter(stop, ends, monkeypatch):
    from featgraph.cli import entry

    ended = []

    def dispatch(words):
        raise stop

    monkeypatch.setattr(entry, "_dispatch", dispatch)
    monkeypatch.setattr(entry.os, "_exit", ended.append)
    clean = partial(ended.append, "exit functions")  # else files and semaphores are left
    monkeypatch.setattr(entry.atexit, "_run_exitfuncs", clean)
    monkeypatch.setattr(sys, "argv", ["featgraph", "methods"])
    status = main()  # a function, whose caller goes on
    assert (status, ended) == (ends[-1] if ends else 2, [])
    assert entry.run_program() == status
    assert ended == ends


def test_help_is_light():
    loaded = run_python(
        "import sys; from featgraph.cli import main; main(['--help']); "
        "print('LOADED', *sys.modules)"
    )
    assert "Usage: featgraph COMMAND" in loaded
    assert not HEAVY & set(loaded.split("LOADED")[1].split())


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_loads_nothing_that_computes(name):
    loaded = run_python(
        f"import sys; from featgraph.cli import main; main(['{name}', '--help']); "
        "print('LOADED', *sys.modules)"
    ).split("LOADED")[1]
    assert not {"torch", "igraph", "matplotlib", "numba", "scipy"} & set(loaded.split())


@pytest.mark.parametrize(
    ("name", "unused"),
    [
        ("boxcover", {"torch", "torch_geometric", "numba", "igraph", "networkx", "scipy.stats"}),
        ("convert", {"torch", "torch_geometric", "numba", "networkx", "scipy.optimize"}),
        ("fractality", {"torch", "torch_geometric", "networkx", "numba", "scipy.optimize"}),
        ("network", {"torch", "torch_geometric", "networkx"}),
    ],
)
def test_a_small_graph_file_starts_what_it_needs(tmp_path, name, unused):
    graph = tmp_path / "karate.edges"
    nx.write_edgelist(nx.karate_club_graph(), graph, data=False)
    words = [name, str(graph), "--quiet"]
    out = [str(tmp_path / "out.gexf")] if name == "convert" else ["-o", str(tmp_path / "o")]
    words += out
    words += ["--references", "2"] if name == "network" else []
    loaded = run_python(
        f"import sys; from featgraph.cli import main; print(main({words!r})); "
        "print('LOADED', *sys.modules)"
    )
    status, modules = loaded.split("LOADED")
    assert status == "0\n"
    assert not unused & set(modules.split())


def test_a_command_leaves_pyplot_alone_until_somebody_uses_it(tmp_path):
    graph = tmp_path / "karate.edges"
    nx.write_edgelist(nx.karate_club_graph(), graph, data=False)
    words = ["featgraph", "network", str(graph), "--quiet", "-o", str(tmp_path / "o")]
    said = run_python(
        f"import sys; sys.argv = {words!r}\n"
        "from featgraph.cli.entry import run_program\n"
        "print(run_program(), 'igraph' in sys.modules, sys.modules['matplotlib.pyplot'])\n"
        "import matplotlib.pyplot as plt; from matplotlib.pyplot import figure\n"
        "print(len(plt.figure().axes), plt.figure is figure)"
    )
    assert said.split("\n") == ["0 True <module 'matplotlib.pyplot'>", "0 True", ""]


def test_overview_names_every_command(capsys):
    assert main([]) == 0
    shown = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert f" {name} " in shown
        assert command.summary.split()[0] in shown


def function_of(name):
    module, function = COMMANDS[name].function.split(":")
    return getattr(importlib.import_module(f"featgraph.cli.{module}"), function)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_docstring_of_a_command_is_its_help(name, capsys):
    assert main([name, "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f"Usage: featgraph {name}" in shown
    text, examples = read_docstring(function_of(name))
    assert text.split("\n")[0] == COMMANDS[name].summary
    for paragraph in text.split("\n\n"):
        assert " ".join(paragraph.split()) in shown
    assert examples
    for line in examples:
        assert line in shown


def example_lines():
    return [line for name in COMMANDS for line in read_docstring(function_of(name))[1]]


@pytest.mark.parametrize("line", example_lines())
def test_examples_of_the_help_are_commands(line):
    program, name, *words = shlex.split(line)
    assert program == "featgraph"
    function, bound, _ = build_app(name).parse_args(
        protect_hyphens([name, *words]), exit_on_error=False, print_error=False
    )
    assert function is function_of(name)
    assert bound.arguments or not words


def documented_lines():
    """Yield every command line that README and guide show."""
    names = "|".join(COMMANDS)
    shown = re.compile(
        rf"(?:^ *featgraph|-m featgraph|\| featgraph|`(?:featgraph)?) ?((?:{names}) [^`\n|]+)", re.M
    )
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        for match in shown.finditer(page.read_text(encoding="utf-8")):
            if "--help" not in match[1]:
                yield page.name, match[1].partition("  #")[0].strip()


@pytest.mark.parametrize(("page", "line"), [*documented_lines()])
def test_command_lines_of_the_docs_are_commands(page, line):
    words = protect_hyphens(shlex.split(line))
    app = build_app(words[0])
    assert app.parse_args(words, exit_on_error=False, print_error=False)[0] == function_of(words[0])


def flags_of(name):
    """Yield name, letters and meaning of every flag of a command."""
    for argument in build_app(name)[name].assemble_argument_collection(parse_docstring=True):
        if argument.parse and argument.names and argument.names[0].startswith("-"):
            letters = tuple(name for name in argument.names if len(name) == 2)
            yield argument.names[0], letters, " ".join((argument.parameter.help or "").split())


def all_flags():
    """Return letters, meanings and commands of every flag."""
    found = {}
    for name in COMMANDS:
        for flag, letters, meaning in flags_of(name):
            row = found.setdefault(flag, ([], [], []))
            row[0].append(letters)
            row[1].append(meaning)
            row[2].append(name)
    return found


def test_every_flag_has_one_letter_and_one_meaning():
    letters = {}
    for flag, (found, meanings, commands) in all_flags().items():
        assert len(set(found)) == 1, (flag, commands, found)
        assert len(set(meanings)) == 1, (flag, commands, meanings)
        assert meanings[0], f"{flag} of {commands[0]} has no help"
        for letter in found[0]:
            assert letters.setdefault(letter, flag) == flag


def test_the_guide_shows_every_flag():
    text = (ROOT / "docs" / "guide" / "command_line.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(--[\w-]+)`.*?\| (.*?) \| .*?\|$", text, re.M))
    flags = {flag: meanings[0].rstrip(".") for flag, (_, meanings, _) in all_flags().items()}
    assert rows == flags


def test_flags_of_messages_are_flags():
    assert set(FLAGS.values()) <= set(all_flags())


def test_version(capsys):
    import featgraph

    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"featgraph {featgraph.__version__}\n"


def test_unknown_command_suggests_the_nearest(capsys):
    assert main(["boxcver"]) == 2
    shown = capsys.readouterr().err
    assert "did you mean 'boxcover'?" in shown
    assert shown.count("\n") == 1


def test_usage_error_is_one_line(capsys):
    assert main(["boxcover"]) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("featgraph: error: ")
    assert "featgraph boxcover --help" in shown
    assert shown.count("\n") == 1


@pytest.fixture
def failing(monkeypatch):
    """Make the command 'methods' raise whatever a test wants."""

    def arrange(error):
        from featgraph.cli import doctor

        def fail(**options):
            raise error

        monkeypatch.setattr(doctor, "list_methods", fail)

    return arrange


@pytest.mark.parametrize(
    ("error", "status", "text"),
    [
        (ValueError("two\nlines"), 2, "featgraph: error: two lines\n"),
        (KeyError("no such key"), 2, "featgraph: error: no such key\n"),
        (FileNotFoundError(2, "No such file", "a.txt"), 2, "a.txt: no such file\n"),
        (RuntimeError("odd"), 1, "featgraph: error: RuntimeError: odd (--debug shows where)\n"),
        (KeyboardInterrupt("3 of 4 layers"), 130, "featgraph: stopped: 3 of 4 layers\n"),
        (KeyboardInterrupt(), 130, "featgraph: stopped\n"),
        (BrokenPipeError(), 0, ""),
    ],
)
def test_errors_become_one_line(failing, capsys, error, status, text):
    failing(error)
    assert main(["methods"]) == status
    assert capsys.readouterr().err.endswith(text)


def test_debug_shows_the_traceback(failing):
    failing(ValueError("why"))
    with pytest.raises(ValueError, match="why"):
        main(["methods", "--debug"])


def test_warnings_become_notes(monkeypatch, capsys):
    import warnings

    def warn(**options):
        warnings.warn("two self-loops left out", UserWarning, stacklevel=2)
        warnings.warn("old", DeprecationWarning, stacklevel=2)
        return 0

    monkeypatch.setattr("featgraph.cli.doctor.list_methods", warn)
    assert main(["methods"]) == 0
    assert capsys.readouterr().err == "featgraph: note: two self-loops left out\n"


def test_methods_are_listed(capsys):
    from featgraph.boxes.methods import METHODS
    from featgraph.selfsimilarity.estimators import ESTIMATORS

    assert main(["methods", "--long"]) == 0
    shown = capsys.readouterr().out
    for name in [*METHODS, *ESTIMATORS]:
        assert f"\n  {name} " in shown


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.25", 0.25), ("mst", "mst"), ("density:0.1", ("density", 0.1)), ("1e-3", 0.001)],
)
def test_epsilon_is_read(text, value):
    assert read_epsilon(text) == value
