"""The page: every number of the analysis as text, put into HTML templates."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from featgraph.boxes import METHODS
from featgraph.features.null import NULLS
from featgraph.plot.style import PROVEN, series_style
from featgraph.report.analysis import LayerAnalysis, NetworkAnalysis, view_weights
from featgraph.report.figures import LINKS_KEPT, keeps_all_links
from featgraph.report.summary import (
    as_factor,
    average_rows,
    count_of,
    list_cautions,
    summarize_report,
    typical_layer,
)
from featgraph.selfsimilarity import ESTIMATORS
from featgraph.selfsimilarity.null_scores import NullComparison

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = ["anchor", "build_page", "build_view", "linked", "number"]

_ROLES = {"approximation": "formula", "lower bound": "lower bound", "covering": "true covering"}


def build_view(report: NetworkAnalysis, *, graphs: str = "thinned") -> dict[str, Any]:
    """Return what the templates show; nothing in it is HTML, and nothing is computed in them."""
    from featgraph import __version__

    layers = [
        {"name": layer, "items": [view_layer(item, graphs) for item in report.of_layer(layer)]}
        for layer in report.layers
    ]
    shown = None
    if (name := typical_layer(report)) is not None and (item := report.find(name)) is not None:
        shown = view_layer(item, graphs)
    nulls = [item.null for item in report.analyses if item.null is not None]
    samples = {item.n_samples for item in report.analyses}
    last = report.of_state(report.states[-1]) if report.states else ()
    return {
        "report": report,
        "version": __version__,
        "n_done": len(report.analyses) + len(report.skipped),
        "n_samples": samples.pop() if len(samples) == 1 else None,
        "findings": summarize_report(report),
        "cautions": list_cautions(report),
        "bounds": any(item.counts.lower_bounds is not None for item in report.analyses),
        "several": len(report.states) > 1,
        "layers": layers,
        "shown": shown,
        "estimators": _view_estimators(last),
        "sources": _view_sources(last),
        "null": NULLS[nulls[-1].null] if nulls else None,
        "n_draws": nulls[-1].n_draws if nulls else None,
        "p_floor": number(2 / (nulls[-1].n_draws + 1), 3) if nulls else None,
        "weights": view_weights(report.weights),
        "graphs": graphs,
        "links_kept": f"{LINKS_KEPT:,}",
        "settings": ", ".join(
            f"{name} = {'none' if value is None else value}"
            for name, value in report.provenance.settings.items()
        ),
    }


def number(value: float | None, digits: int = 2) -> str:
    """Write a number, an en dash where there is none.

    Examples
    --------
    >>> number(-1.234), number(None)
    ('−1.23', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def sentence(text: str) -> str:
    """Return the words as a sentence: a capital letter in front, a full stop behind."""
    return f"{text[:1].upper()}{text[1:]}."


def view_layer(item: LayerAnalysis, graphs: str) -> dict[str, Any]:
    """Return one layer in one state as text."""
    best, released, graph, fit = item.comparison.row("best"), item.released, item.graph, item.fit
    found = {(row.null, row.estimator): row for row in item.other_nulls}
    nulls = [item.null, found.get(("shuffled", "released")), found.get(("gaussian", "linkage"))]
    whole = keeps_all_links(graph, graphs)
    sweep = item.sweep is not None and graph.epsilon is not None
    return {
        "key": item.key,
        "layer": item.layer,
        "state": item.state,
        "verdict": item.verdict,
        "kind": item.verdict.replace(" ", "-"),
        "why": sentence(item.explanation),
        "n_nodes": graph.n_nodes,
        "n_silent": item.n_silent,
        "n_edges": graph.n_edges,
        "n_parts": graph.n_components,
        "epsilon": number(graph.epsilon, 4),
        "rule": graph.epsilon_rule,
        "dimension": number(item.dimension),
        "interval": ""
        if fit is None
        else f"[{number(fit.interval[0])}, {number(fit.interval[1])}]",
        "theta_dimension": number(best.dimension),
        "released": number(None if released is None else released.ss_rate, 3),
        "best": number(best.ss_rate, 3),
        "off": as_factor(math.nan if released is None else released.log_error),
        "nulls": [_view_null(row) for row in nulls],
        "proven": f"{item.comparison.proven:.1%}",
        "n_boxes": item.cover.n_boxes,
        "size": f"{'r' if item.cover.kind == 'radius' else 'ℓ'} = {item.cover.size:g}",
        "sweep": item.sweep.describe(graph.epsilon) if sweep else "",  # type: ignore[union-attr, arg-type]
        "whole": whole,
        "graph": f"graphs/{item.key}{'' if whole else '--thinned'}.graphml.gz",
    }


def _view_null(row: NullComparison | None) -> tuple[str, str]:
    """Return z-score and p-value; the smallest p that the draws can give reads "at most"."""
    if row is None:
        return "–", ""
    least = row.p_value <= 2 / (row.n_draws + 1)
    return number(row.z_score, 1), f"p {'≤' if least else '='} {number(row.p_value)}"


def _view_estimators(analyses: Sequence[LayerAnalysis]) -> list[list[str]]:
    """Return one row per curve, the worst first, averaged over the layers."""
    proven = all(item.comparison.proven == 1 for item in analyses)
    return [
        [
            PROVEN if name == "best" and proven else series_style(name).label,
            _ROLES[role],
            as_factor(mean),
            as_factor(worst),
            f"{inside:.0%}",
            number(rate, 3),
        ]
        for name, role, mean, worst, rate, inside in average_rows(analyses)
    ]


def _view_sources(analyses: Sequence[LayerAnalysis]) -> list[tuple[str, str]]:
    """Return each curve and the covering of hops, and who published how it is counted."""
    if not analyses:
        return []
    names = [row.name for row in analyses[-1].comparison.rows if row.name != "best"]
    methods = {
        name: f"{row.source}, doi:{row.doi}" if row.doi else row.source
        for name, row in METHODS.items()
    }
    estimators = {name: row.source for name, row in ESTIMATORS.items()}
    method = analyses[-1].counts.method
    return [
        *((series_style(name).label, (methods | estimators)[name]) for name in names),
        (f"boxes over hops ({method})", methods[method]),
    ]


def linked(text: str) -> Markup:
    """Return text of anybody as HTML, in which DOI and arXiv numbers are links.

    Examples
    --------
    >>> print(linked("A & B, doi:10.1/a_b, arXiv:2507.17785, Eq. 9"))  # doctest: +ELLIPSIS
    A &amp; B, <a href="https://doi.org/10.1/a_b">doi:10.1/a_b</a>, <a href="https://arxiv.org/...
    """
    from markupsafe import Markup, escape

    html = re.sub(
        r"doi:(10\.[^\s,;&]*[^\s,;&.])",
        r'<a href="https://doi.org/\1">doi:\1</a>',
        str(escape(text)),
    )
    html = re.sub(
        r"(?<![\w/.])arXiv:(\d{4}\.\d{4,5})",
        r'<a href="https://arxiv.org/abs/\1">arXiv:\1</a>',
        html,
    )
    return Markup(html)


def anchor(title: str) -> str:
    """Return the id of a title: small letters, digits and hyphens.

    Examples
    --------
    >>> anchor("Is the network of a layer fractal?")
    'is-the-network-of-a-layer-fractal'
    """
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


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
