"""``featgraph methods``: the tables of methods and estimators, and one method in full."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from featgraph.cli.idle import refuse_idle
from featgraph.cli.options import MethodName
from featgraph.cli.output import LOUD, Screen

if TYPE_CHECKING:
    from featgraph.boxes import Method

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
    from featgraph.boxes import METHODS, describe_method
    from featgraph.selfsimilarity import ESTIMATORS

    if method is not None:
        refuse_idle("with one method, which is shown in full", "--long")
        screen.say(describe_method(method))
        return {"methods": [_tabulate(METHODS[method])]}
    screen.say("Box-covering methods (--method):\n")
    for row in METHODS.values():
        _show(row.name, f"[{row.box}] {row.summary}", screen)
        if long:
            doi = f", doi:{row.doi}" if row.doi else ""
            _show("", f"{row.source}{doi}", screen)
            _show("", f"cost: {row.cost}; use it: {row.advice}", screen)
    screen.say("\nEstimators of the number of boxes over θ (--curves):\n")
    for estimator in ESTIMATORS.values():
        _show(estimator.name, f"[{estimator.role}] {estimator.summary}", screen)
        if long:
            _show("", estimator.source, screen)
    about = ("name", "role", "summary", "source")
    return {
        "methods": [_tabulate(row) for row in METHODS.values()],
        "estimators": [{key: getattr(row, key) for key in about} for row in ESTIMATORS.values()],
    }


def _show(name: str, text: str, screen: Screen) -> None:
    lines = textwrap.wrap(text, 58, break_long_words=False)
    screen.say(f"  {name:<20}" + f"\n{' ' * 22}".join(lines))


def _tabulate(row: Method) -> dict[str, Any]:
    about = ("name", "box", "summary", "source", "doi", "cost", "advice")
    told = ("name", "type", "default", "meaning", "rule")
    options = [{key: getattr(option, key) for key in told} for option in row.options]
    return {**{key: getattr(row, key) for key in about}, "options": options}
