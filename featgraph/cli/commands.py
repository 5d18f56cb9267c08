"""The table of commands: names and one line each, importing none of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

__all__ = ["COMMANDS", "Command"]


@dataclass(frozen=True)
class Command:
    """One command: ``featgraph NAME`` runs ``function`` of ``featgraph.cli.NAME``.

    The file holds ``add_arguments(parser)`` and the function; each argument of the parser
    is a keyword of the function, so the command can be called from Python as well.
    """

    name: str
    function: str
    summary: str

    def load(self) -> tuple[Callable[..., None], Callable[..., int]]:
        """Import the command's file; return ``add_arguments`` and the function."""
        module = import_module(f"featgraph.cli.{self.name}")
        return module.add_arguments, getattr(module, self.function)


_ROWS = (
    Command("demo", "run_demo", "train a small net on handwritten digits and report on its layers"),
    Command("analyze", "analyze_network", "report on the layers of a model, or on saved features"),
    Command("train", "train_network", "train a classifier, with or without the constraint"),
    Command("boxcover", "cover_graph", "cover a graph file with boxes and fit its dimension"),
    Command("fractality", "judge_graphs", "is a graph fractal? verdict, spectrum, renormalisation"),
    Command("compare", "compare_features", "true box counts against their approximations, over θ"),
    Command("similarity", "compare_networks", "compare two networks layer by layer"),
    Command("network", "describe_network", "small world, degrees, groups of a graph or of layers"),
    Command("sweep", "sweep_epsilon", "what becomes of the network while its threshold ε grows"),
    Command("convert", "convert_graph", "a graph from one file format to another, laid out"),
    Command("export", "export_graph", "write a feature network or a graph for other programs"),
    Command("invariance", "measure_invariance", "are spectra and dimensions alike in all layers?"),
    Command("methods", "list_methods", "list box-covering methods and estimators"),
)

COMMANDS: dict[str, Command] = {row.name: row for row in _ROWS}
