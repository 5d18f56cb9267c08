"""``featgraph methods``: the tables of methods and estimators, and one method in full."""

from __future__ import annotations

import textwrap
from typing import Annotated, Any

from cyclopts import Parameter

from featgraph.cli.options import MethodName
from featgraph.cli.screen import LOUD, Screen

__all__ = ["list_methods"]


def list_methods(
    method: Annotated[MethodName | None, Parameter(help="Show this method in full.")] = None,
    /,
    *,
    long: bool = False,
    screen: Screen = LOUD,
) -> dict[str, Any]:
    """List box-covering methods, their options, and estimators.

    Parameters
    ----------
    long
        With source, cost and advice for each.

    Examples
    --------
    featgraph methods
    featgraph methods memb
    featgraph methods --long
    """
    from featgraph.boxes.methods import METHODS
    from featgraph.selfsimilarity.estimators import ESTIMATORS

    chosen = [METHODS[method]] if method is not None else list(METHODS.values())
    long = long or method is not None
    if method is None:
        screen.say("Box-covering methods (--method):\n")
    for row in chosen:
        screen.say(_entry(row.name, f"[{row.box}] {row.summary}"))
        if long:
            doi = f", doi:{row.doi}" if row.doi else ""
            screen.say(_entry("", f"{row.source}{doi}"))
            screen.say(_entry("", f"cost: {row.cost}; use it: {row.advice}"))
    estimators = [] if method is not None else list(ESTIMATORS.values())
    if estimators:
        screen.say("\nEstimators of the number of boxes over θ (--curves):\n")
    for estimator in estimators:
        screen.say(_entry(estimator.name, f"[{estimator.role}] {estimator.summary}"))
        if long:
            screen.say(_entry("", estimator.source))
    about = ("name", "box", "summary", "source", "doi", "cost", "advice")
    return {
        "methods": [{key: getattr(row, key) for key in about} for row in chosen],
        "estimators": [
            {key: getattr(row, key) for key in ("name", "role", "summary", "source")}
            for row in estimators
        ],
    }


def _entry(name: str, text: str) -> str:
    indent = " " * 22
    lines = textwrap.wrap(text, 76 - 20, break_long_words=False)
    return f"  {name:<20}" + f"\n{indent}".join(lines)
