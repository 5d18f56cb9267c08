"""The frame of the command line: help, lazy loading, errors in one line."""

from __future__ import annotations

import subprocess
import sys

import pytest

from featgraph.cli import main
from featgraph.cli.commands import COMMANDS
from featgraph.cli.options import read_epsilon

HEAVY = {"torch", "torch_geometric", "igraph", "matplotlib", "numba", "scipy", "networkx", "numpy"}


def run_python(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


def test_help_is_quick_and_loads_nothing_heavy():
    loaded = run_python(
        "import sys; from featgraph.cli import main; main(['--help']); "
        "print('LOADED', *sys.modules)"
    )
    assert "usage: featgraph COMMAND" in loaded
    names = set(loaded.split("LOADED")[1].split())
    assert not HEAVY & names
    assert len(names) < 250  # what start-up costs, whatever the machine; torch alone is 1000
    run = [sys.executable, "-m", "featgraph", "--help"]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout in loaded


@pytest.mark.parametrize("name", ["boxcover", "export", "compare"])
def test_help_of_a_command_loads_no_other(name):
    loaded = run_python(
        f"import sys; from featgraph.cli import main; main(['{name}', '--help']); "
        "print('LOADED', *sys.modules)"
    ).split("LOADED")[1]
    assert not {"torch", "igraph", "matplotlib", "numba"} & set(loaded.split())


def test_overview_names_every_command(capsys):
    assert main([]) == 0
    shown = capsys.readouterr().out
    for command in COMMANDS.values():
        assert f"  {command.name}" in shown
        assert command.summary in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_typed_arguments(name, capsys):
    import argparse
    import inspect

    assert main([name, "--help"]) == 0
    assert f"usage: featgraph {name}" in capsys.readouterr().out
    add_arguments, function = COMMANDS[name].load()
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    parameters = inspect.signature(function).parameters
    if any(entry.kind is inspect.Parameter.VAR_KEYWORD for entry in parameters.values()):
        return  # a command with commands of its own passes their arguments on
    declared = {action.dest for action in parser._actions} - {"help"}
    assert declared == set(parameters)
    for parameter in parameters.values():
        default = parser.get_default(parameter.name)
        if parameter.default not in (inspect.Parameter.empty, None):
            assert default == parameter.default, parameter.name


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
        from featgraph.cli import methods

        def fail(**options):
            raise error

        monkeypatch.setattr(methods, "list_methods", fail)

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

    from featgraph.cli import methods

    def warn(**options):
        warnings.warn("two self-loops left out", UserWarning, stacklevel=2)
        warnings.warn("old", DeprecationWarning, stacklevel=2)
        return 0

    monkeypatch.setattr(methods, "list_methods", warn)
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
