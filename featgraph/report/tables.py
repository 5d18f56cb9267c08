"""The tables of the page."""

from __future__ import annotations

import math
from collections.abc import Sequence

from featgraph.plot.style import PROVEN, series_style
from featgraph.report.layer_analysis import LayerAnalysis
from featgraph.report.markup import Markup, element, join
from featgraph.report.report import Report
from featgraph.report.summary import as_factor, average_rows

__all__ = ["build_estimator_table", "build_layer_table"]

#: d_B with its subscript.
DIMENSION = join("d", element("sub", "B"))
_ROLES = {"approximation": "formula", "lower bound": "lower bound", "covering": "true covering"}


def number(value: float | None, digits: int = 2) -> str:
    """Write a number, an en dash where there is none."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.{digits}f}".replace("-", "−")


def build_table(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    text_columns: int = 1,
    row_classes: Sequence[str | None] = (),
) -> Markup:
    """Return a table that scrolls sideways on narrow screens; leading columns hold text."""
    kinds = ["text" if place < text_columns else None for place in range(len(heads))]
    head = [
        element("th", text, class_=kind, scope="col")
        for text, kind in zip(heads, kinds, strict=True)
    ]
    body = [
        element(
            "tr",
            *(element("td", cell, class_=kind) for cell, kind in zip(row, kinds, strict=True)),
            class_=row_classes[place] if place < len(row_classes) else None,
        )
        for place, row in enumerate(rows)
    ]
    table = element("table", element("thead", element("tr", *head)), element("tbody", *body))
    return element("div", table, class_="scroll", tabindex=0)


def verdict_chip(analysis: LayerAnalysis) -> Markup:
    """Return the verdict as a labelled chip; its reason shows on hovering."""
    kind = analysis.verdict.replace(" ", "-")
    return element("span", analysis.verdict, class_=f"chip {kind}", title=analysis.explanation)


def build_layer_table(report: Report) -> Markup:
    """Return one row per layer and state."""
    several = len(report.states) > 1
    heads = ["layer", "state", "verdict", "neurons", "links", "ε", join(DIMENSION, " [95 %]")]
    heads += ["SS_rate, released", "SS_rate, true boxes", "released off by"]
    heads += ["z (p) of null model", "z (p), shuffled", "z (p), true boxes"]
    rows, classes = [], []
    for layer in report.layers:
        shown = [report.find(layer, state) for state in report.states]
        found = [item for item in shown if item is not None]
        for place, item in enumerate(found):
            classes.append("first" if several and place == 0 else None)
            rows.append(_layer_cells(item, name=layer if place == 0 else ""))
    table = build_table(heads, rows, text_columns=3, row_classes=classes)
    return element("div", table, id="layers")


def _layer_cells(item: LayerAnalysis, *, name: str) -> list[str]:
    curves = {row.name: row for row in item.comparison.rows}
    released = curves.get("released")
    fit = item.fit
    dimension = "–"
    if fit is not None:
        dimension = f"{fit.dimension:.2f} [{fit.interval[0]:.2f}, {fit.interval[1]:.2f}]"
    return [
        element("a", element("code", name), href=f"#{item.key}") if name else "",
        item.state,
        verdict_chip(item),
        str(item.graph.n_nodes),
        f"{item.graph.n_edges:,}",
        number(item.graph.epsilon, 3),
        dimension,
        number(None if released is None else released.ss_rate, 3),
        number(curves["best"].ss_rate, 3),
        as_factor(math.nan if released is None else released.log_error),
        *_null_cells(item),
    ]


def _null_cells(item: LayerAnalysis) -> list[str]:
    """Return z-score and p-value: released formula twice, then true boxes."""
    found = {(row.null, row.estimator): row for row in item.other_nulls}
    shown = [item.null, found.get(("shuffled", "released")), found.get(("gaussian", "linkage"))]
    return [
        "–" if row is None else f"{number(row.z_score, 1)} ({number(row.p_value, 2)})"
        for row in shown
    ]


def build_estimator_table(analyses: Sequence[LayerAnalysis]) -> Markup:
    """Return one row per curve, the worst first, averaged over the layers."""
    heads = ["N by", "what it is", "off by", "worst layer", "within bounds", "SS_rate"]
    proven = all(item.comparison.proven == 1 for item in analyses)
    rows = [
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
    return build_table(heads, rows, text_columns=2)
