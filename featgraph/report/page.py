"""The page: a view of the analysis, put into HTML templates."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from featgraph.report.network_analysis import NetworkAnalysis
from featgraph.report.summary import count_of
from featgraph.report.view import anchor, build_view, linked, number

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["build_page"]


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("featgraph.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(anchor=anchor, count_of=count_of, linked=linked, number=number)
    return environment


def build_page(
    report: NetworkAnalysis,
    pictures: Mapping[str, str],
    *,
    inside: Mapping[str, str] | None = None,
    graphs: str = "thinned",
    vector: bool = False,
) -> str:
    """Return a report as one HTML document.

    Parameters
    ----------
    report : Report or NetworkAnalysis
        What was found; all of its text is escaped.
    pictures : mapping of str to str
        Name of a figure to its address: a file beside the page, or ``data:``. Missing ones are
        left out of the page, and headings that would stand alone with them.
    inside : mapping of str to str, optional
        Other addresses of the pictures in the first sections, so that these do without the files.
    graphs : {"thinned", "whole", "none"}, default="thinned"
        Which graph files stand beside the page.
    vector : bool, default=False
        Whether SVG files stand beside it.

    Returns
    -------
    str
        HTML with its style inside; links lead within the page, to the files beside it, and to the
        papers. The few lines of script only sort and search the table, and open all layers for
        printing.

    Examples
    --------
    >>> from featgraph.report import Report, describe_run
    >>> empty = Report("Nothing yet", "net", (), (), (), describe_run("analyze", {}))
    >>> "<title>Nothing yet</title>" in build_page(empty, {})
    True
    """
    template = _environment().get_template("page.html")
    first = {**pictures, **(inside or {})}
    view = build_view(report, graphs=graphs)
    return template.render(view, pictures=first, layer_pictures=pictures, vector=vector)
