"""The findings of a report in plain words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from featgraph.dimension.model_selection import VERDICT_RANGE
from featgraph.report.layer_analysis import LayerAnalysis
from featgraph.report.report import Report

__all__ = ["Finding", "average_rows", "list_cautions", "summarize_report"]


@dataclass(frozen=True)
class Finding:
    """A question, its answer in a few words, and a sentence or two behind it."""

    question: str
    answer: str
    detail: str


def summarize_report(report: Report) -> list[Finding]:
    """Return the three or fewer findings at the head of the page."""
    if not report.analyses:
        return []
    last = report.of_state(report.states[-1])
    findings = [_judge_fractality(last), _judge_approximation(last), _judge_rates(report)]
    return [finding for finding in findings if finding is not None]


def count_of(number: int, noun: str) -> str:
    """Return ``"1 layer"`` or ``"3 layers"``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def mean_of(values: Iterable[float]) -> float:
    """Return the mean of the finite values, nan if there is none."""
    finite = [value for value in values if math.isfinite(value)]
    return sum(finite) / len(finite) if finite else math.nan


def as_factor(log_error: float) -> str:
    """Write a mean |log N − log N_best| as the factor it stands for.

    Examples
    --------
    >>> as_factor(0.0), as_factor(0.9)
    ('×1.00', '×2.5')
    """
    if not math.isfinite(log_error):
        return "–"
    factor = math.exp(log_error)
    return (
        f"×{factor:.2f}"
        if factor < 1.995
        else f"×{factor:.1f}"
        if factor < 20
        else f"×{factor:.0f}"
    )


def average_rows(
    analyses: Sequence[LayerAnalysis],
) -> list[tuple[str, str, float, float, float, float]]:
    """Return name, role, mean log error, its maximum, mean SS_rate and share inside, per curve."""
    if not analyses:
        return []
    found = []
    for row in analyses[-1].comparison.rows:
        rows = [
            other for item in analyses for other in item.comparison.rows if other.name == row.name
        ]
        errors = [other.log_error for other in rows]
        found.append(
            (
                row.name,
                row.role,
                mean_of(errors),
                max(errors),
                mean_of(other.ss_rate for other in rows),
                mean_of(other.inside for other in rows),
            )
        )
    return sorted(found, key=lambda entry: -entry[2])


def _judge_fractality(analyses: Sequence[LayerAnalysis]) -> Finding:
    question = "Is it fractal?"
    total = len(analyses)
    number = {
        verdict: sum(item.verdict == verdict for item in analyses)
        for verdict in ("fractal", "not fractal", "undecided")
    }
    state = f"{analyses[0].state} network"
    if number["undecided"] == total:
        return Finding(question, "Too small to tell", _explain_undecided(analyses, state))
    decided = []
    if number["fractal"]:
        decided.append(f"{count_of(number['fractal'], 'layer')} fractal")
    if number["not fractal"]:
        decided.append(f"{count_of(number['not fractal'], 'layer')} not")
    if number["undecided"]:
        decided.append(f"{number['undecided']} undecided")
    answer = (
        "Yes" if number["fractal"] == total else "No" if number["not fractal"] == total else
        f"In {number['fractal']} of {total} layers"
    )  # fmt: skip
    dimensions = [item.fit.dimension for item in analyses if item.verdict == "fractal" and item.fit]
    detail = f"{state[0].upper()}{state[1:]}: {', '.join(decided)}."
    if dimensions:
        low, high = min(dimensions), max(dimensions)
        both = f"{low:.2f}" if len(dimensions) == 1 else f"{low:.2f} to {high:.2f}"
        detail += f" Box dimension {both}."
    if number["undecided"]:
        undecided = [item for item in analyses if item.verdict == "undecided"]
        detail += " " + _explain_undecided(undecided, "the others")
    return Finding(question, answer, detail)


def _explain_undecided(analyses: Sequence[LayerAnalysis], who: str) -> str:
    widest = max(item.span for item in analyses)
    subject = f"{who[0].upper()}{who[1:]}"
    if widest < VERDICT_RANGE:
        across = f"{widest + 1} hops" if widest else "1 hop"
        return (
            f"{subject}: at most {across} across, while a verdict needs box sizes that span a "
            f"factor of {VERDICT_RANGE:g}. That speaks of size, not against self-similarity."
        )
    return (
        f"{subject}: power law and exponential describe the counts about equally well, or too "
        "few sizes are left."
    )


def _judge_approximation(analyses: Sequence[LayerAnalysis]) -> Finding | None:
    errors = {name: mean for name, _, mean, *_ in average_rows(analyses)}
    if "released" not in errors and "paper" not in errors:
        return None
    lead = "released" if "released" in errors else "paper"
    named = {"released": "The formula behind the published tables", "paper": "Eq. 9 as printed"}
    detail = (
        f"{named[lead]} misses the best true covering by a factor of "
        f"{as_factor(errors[lead])[1:]} on average"
    )
    if lead == "released" and "paper" in errors:
        detail += f"; Eq. 9 as printed by {as_factor(errors['paper'])[1:]}"
    if "linkage" in errors:
        detail += f"; complete linkage, a true covering, by {as_factor(errors['linkage'])[1:]}"
    bracket = mean_of(
        float(np.mean(np.log(item.comparison.best / item.comparison.lower))) for item in analyses
    )
    detail += (
        f". The true minimum is certified to lie within a factor of {as_factor(bracket)[1:]} below "
        "that covering."
    )
    return Finding("How far off is the formula?", f"{as_factor(errors[lead])} off", detail)


def _rates(report: Report, state: str, name: str) -> list[float]:
    return [
        row.ss_rate
        for item in report.of_state(state)
        for row in item.comparison.rows
        if row.name == name
    ]


def _judge_rates(report: Report) -> Finding | None:
    first, last = report.states[0], report.states[-1]
    after = mean_of(_rates(report, last, "released"))
    if not math.isfinite(after):
        return None
    true_after = mean_of(_rates(report, last, "best"))
    beyond = _describe_null(report.of_state(last))
    if first == last:
        detail = (
            "Mean SS_rate of the released formula over the layers, 0 being a perfect power law; "
            f"counted with real boxes {true_after:.2f}. {beyond}"
        )
        return Finding("How self-similar?", f"{after:.2f}", detail.strip())
    before = mean_of(_rates(report, first, "released"))
    true_before = mean_of(_rates(report, first, "best"))
    change, true_change = after - before, true_after - true_before
    if abs(true_change) < 0.02:
        counted = f"hardly moves ({true_before:.2f} to {true_after:.2f})"
    else:
        way = "" if change * true_change > 0 else ", the other way"
        counted = f"goes from {true_before:.2f} to {true_after:.2f}{way}"
    detail = (
        f"Mean SS_rate of the released formula, {first} to {last}; 0 is a perfect power law. "
        f"Counted with real boxes it {counted}. {beyond}"
    )
    return Finding("What does training change?", f"{before:.2f} → {after:.2f}", detail.strip())


def _describe_null(analyses: Sequence[LayerAnalysis]) -> str:
    scores = [item.null.z for item in analyses if item.null is not None]
    scores = [score for score in scores if math.isfinite(score)]
    if not scores:
        return ""
    far = sum(abs(score) > 2 for score in scores)
    return (
        f"{far} of {count_of(len(scores), f'{analyses[0].state} layer')} differ from null models "
        "by more than two standard deviations."
    )


def list_cautions(report: Report) -> list[str]:
    """Return what this particular run asks the reader to keep in mind."""
    cautions = []
    silent = [item for item in report.analyses if item.n_silent > 0]
    if silent:
        worst = max(silent, key=lambda item: item.n_silent / item.graph.n_nodes)
        cautions.append(
            f"Silent neurons: in {count_of(len(silent), 'network')} some neurons give the same "
            f"value for every sample (most in {worst.layer}, {worst.state}: {worst.n_silent} of "
            f"{worst.graph.n_nodes}). They lie at one point or close together and count as "
            "one box at small θ."
        )
    rules = {item.graph.epsilon_rule for item in report.analyses}
    if any(rule is not None and "percolation" in rule for rule in rules):
        dense = [
            2 * item.graph.n_edges / (item.graph.n_nodes * (item.graph.n_nodes - 1))
            for item in report.analyses
        ]
        cautions.append(
            "The rule “percolation” takes the smallest ε that leaves no neuron alone. A few "
            f"outlying neurons then make everybody else dense (here {min(dense):.0%} to "
            f"{max(dense):.0%} of all pairs are linked) and the network short across. The "
            "θ curves do not depend on ε."
        )
    few = min((item.n_samples for item in report.analyses), default=0)
    if 0 < few < 100:
        cautions.append(
            f"Distances rest on {few} samples only; another draw would move all numbers."
        )
    return cautions
