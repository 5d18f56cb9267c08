"""``featgraph methods``: the tables of methods and estimators."""

from __future__ import annotations

import argparse
import textwrap

from featgraph.cli.printing import say

__all__ = ["add_arguments", "list_methods"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("--long", action="store_true", help="with source, cost and advice for each")


def list_methods(*, long: bool = False) -> int:
    """Print the box-covering methods and the estimators of N_θ, and return 0."""
    from featgraph.boxes.methods import METHODS
    from featgraph.selfsimilarity.estimators import ESTIMATORS

    say("Box-covering methods (--method):\n")
    for method in METHODS.values():
        _entry(method.name, f"[{method.box}] {method.summary}")
        if long:
            doi = f", doi:{method.doi}" if method.doi else ""
            _entry("", f"{method.source}{doi}")
            _entry("", f"cost: {method.cost}; use it: {method.advice}")
    say("\nEstimators of the number of boxes over θ (--curves):\n")
    for row in ESTIMATORS.values():
        _entry(row.name, f"[{row.role}] {row.summary}")
        if long:
            _entry("", row.source)
    return 0


def _entry(name: str, text: str) -> None:
    indent = " " * 22
    lines = textwrap.wrap(text, 76, break_long_words=False)
    say(f"  {name:<20}" + f"\n{indent}".join(lines))
