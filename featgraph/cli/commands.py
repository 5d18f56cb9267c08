"""The table of commands."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["COMMANDS", "Command"]


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
    "weights": Command("measure_weights", "Is the network of a model's weights multifractal?"),
    "sweep": Command("sweep_epsilon", "Follow the network of a layer while its threshold ε grows."),
    "convert": Command("convert_graph", "Write a graph in another file format, laid out."),
    "export": Command("export_graph", "Write feature networks or a graph for other programs."),
    "invariance": Command("measure_invariance", "Are spectra and dimensions alike in all layers?"),
    "methods": Command("list_methods", "List box-covering methods, their options, and estimators."),
    "doctor": Command("check_installation", "Show versions, devices, caches and known problems."),
}
