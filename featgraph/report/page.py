"""The whole page: one file that needs nothing from outside."""

from __future__ import annotations

from importlib.resources import files

from featgraph.report.figures import typical_layer
from featgraph.report.markup import Markup, element, join
from featgraph.report.report import Report
from featgraph.report.sections import Pictures, build_contents, build_sections

__all__ = ["build_page"]


def build_page(report: Report, pictures: Pictures) -> str:
    """Return a report as one HTML document.

    Parameters
    ----------
    report : Report
        The report; all of its text is escaped.
    pictures : mapping of str to bytes
        Name of a figure to its SVG; missing ones are left out of the page.

    Returns
    -------
    str
        HTML with style and pictures inside and no script; links lead within the page, to the files
        beside it, and to the paper.

    Examples
    --------
    >>> from featgraph.report import Report, describe_run
    >>> empty = Report("Nothing yet", "net", (), (), (), describe_run("analyze", {}))
    >>> "<title>Nothing yet</title>" in build_page(empty, {})
    True
    """
    from featgraph import __version__

    style = files("featgraph.report").joinpath("page.css").read_text(encoding="utf-8")
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="generator", content=f"featgraph {__version__}"),
        element("title", report.title),
        element("style", Markup(style)),
    )
    sections = build_sections(report, pictures, typical_layer(report))
    body = element(
        "body",
        build_contents(sections),
        element("main", sections),
        element("footer", f"Written by featgraph {__version__}, {report.provenance.started}."),
    )
    return join(Markup("<!DOCTYPE html>\n"), element("html", head, body, lang="en")) + "\n"
