"""The table of commands, and the application that Cyclopts makes of them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from cyclopts import App

__all__ = ["COMMANDS", "Command", "build_app", "read_docstring"]


class Command(NamedTuple):
    """One command: ``featgraph NAME`` calls ``function`` of ``featgraph.cli.NAME``.

    The function's signature and numpydoc docstring are all that there is to a command: flags,
    defaults, help and completion come from them.
    """

    function: str
    summary: str
    #: Whether several processes may share its work under ``torchrun``.
    shared: bool = False


COMMANDS: dict[str, Command] = {
    "demo": Command("run_demo", "Train a small net on handwritten digits and report on it."),
    "layers": Command("show_layers", "List the layers of a model, and what auto takes."),
    "analyze": Command("analyze_network", "Report on the layers of a model or of features.", True),
    "train": Command("train_network", "Train a classifier with or without the constraint.", True),
    "boxcover": Command("cover_graph", "Cover a graph file with boxes and fit its dimension."),
    "fractality": Command("judge_graphs", "Is a graph fractal? Verdict, spectra, renormalisation."),
    "compare": Command("compare_features", "Compare true box counts with their approximations."),
    "similarity": Command("compare_networks", "Compare two networks layer by layer."),
    "network": Command("describe_network", "Small world, degrees, groups of a graph or of layers."),
    "sweep": Command("sweep_epsilon", "Follow the network of a layer while its threshold ε grows."),
    "convert": Command("convert_graph", "Write a graph in another file format, laid out."),
    "export": Command("export_graph", "Write feature networks or a graph for other programs."),
    "invariance": Command("measure_invariance", "Are spectra and dimensions alike in all layers?"),
    "methods": Command("list_methods", "List box-covering methods, their options, and estimators."),
    "doctor": Command("check_installation", "Show versions, devices, caches and known problems."),
}

_HELP = (
    "Feature networks of trained models: build them, cover them with boxes, measure their "
    "fractal dimension. Start with: featgraph demo"
)
_EPILOGUE = (
    "'featgraph COMMAND --help' shows the flags of one command, --debug where an error arose. "
    "--install-completion sets up completion for bash, zsh or fish."
)


def build_app(chosen: str | None = None) -> App:
    """Return the application; only the file of the ``chosen`` command is imported.

    Examples
    --------
    >>> build_app().name
    ('featgraph',)
    """
    from cyclopts import App, Parameter

    app = App(
        name="featgraph",
        help=_HELP,
        help_epilogue=_EPILOGUE,
        help_format="plaintext",
        usage="Usage: featgraph COMMAND [OPTIONS]",
        version=_version,
        version_flags=["--version", "-V"],
        default_parameter=Parameter(negative=(), show_default=_worth_showing, allow_repeating=True),
    )
    app.register_install_completion_command()
    for place, (name, row) in enumerate(COMMANDS.items()):
        app.command(
            f"featgraph.cli.{name}:{row.function}",
            name=name,
            help=None if name == chosen else row.summary,
            sort_key=place,
        )
    if chosen in COMMANDS:
        command = app[chosen]
        text, examples = read_docstring(command.default_command)
        command.help = text
        command.help_epilogue = "\n".join(["Examples:", "", *(f"  {line}" for line in examples)])
    return app


def _version() -> str:
    from featgraph import __version__

    return f"featgraph {__version__}"


def _worth_showing(value: Any) -> str | None:
    if value is None or value is False or value == ():
        return None
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def read_docstring(function: Callable[..., Any] | None) -> tuple[str, list[str]]:
    """Return the text of a command's docstring, a line per paragraph, and its examples.

    Examples
    --------
    >>> from featgraph.cli.methods import list_methods
    >>> text, examples = read_docstring(list_methods)
    >>> examples[0]
    'featgraph methods'
    """
    doc, _, examples = (inspect.getdoc(function) or "").partition("Examples\n--------\n")
    text = doc.partition("Parameters\n----------\n")[0].strip()
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    return "\n\n".join(paragraphs), [line.strip() for line in examples.splitlines() if line.strip()]
