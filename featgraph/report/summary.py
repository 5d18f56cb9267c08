"""The findings of a report in plain words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from featgraph.dimension.compare import DimensionComparison
from featgraph.dimension.model_selection import VERDICT_RANGE
from featgraph.report.analysis import LayerAnalysis, NetworkAnalysis

__all__ = [
    "Finding",
    "as_factor",
    "average_rows",
    "count_of",
    "list_cautions",
    "summarize_report",
    "tell_ruled_layers",
    "typical_layer",
]


@dataclass(frozen=True)
class Finding:
    """A question, its answer in a few words, and a sentence or two behind it."""

    question: str
    answer: str
    detail: str


def summarize_report(report: NetworkAnalysis) -> list[Finding]:
    """Return the three or fewer findings at the head of the page."""
    if not report.analyses:
        return []
    last = report.of_state(report.states[-1])
    before = report.of_state(report.states[0]) if len(report.states) > 1 else ()
    findings = [_judge_fractality(last, before), _judge_approximation(last), _judge_rates(report)]
    return [finding for finding in findings if finding is not None]


def typical_layer(report: NetworkAnalysis) -> str | None:
    """Return the layer whose released estimator errs most like the median layer.

    Only layers that every state has are asked, so that before and after can be shown.
    """
    whole = [layer for layer in report.layers if len(report.of_layer(layer)) == len(report.states)]
    found = [report.find(layer) for layer in whole or report.layers]
    items = [item for item in found if item is not None]
    items.sort(key=lambda item: item.released.log_error if item.released else 0.0)
    return items[len(items) // 2].layer if items else None


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
    return f"×{factor:.{2 if factor < 1.995 else 1 if factor < 20 else 0}f}"


def average_rows(
    analyses: Sequence[LayerAnalysis],
) -> list[tuple[str, str, float, float, float, float]]:
    """Return name, role, mean log error, its maximum, mean SS_rate and share inside, per curve."""
    if not analyses:
        return []
    found = []
    every = [row for item in analyses for row in item.comparison.rows]
    for name, role in {row.name: row.role for row in analyses[-1].comparison.rows}.items():
        rows = [row for row in every if row.name == name]
        errors = [row.log_error for row in rows]
        rate, inside = mean_of(row.ss_rate for row in rows), mean_of(row.inside for row in rows)
        found.append((name, role, mean_of(errors), max(errors), rate, inside))
    return sorted(found, key=lambda entry: -entry[2])


def _count_verdicts(analyses: Sequence[LayerAnalysis]) -> dict[str, int]:
    verdicts = [item.verdict for item in analyses]
    return {name: verdicts.count(name) for name in ("fractal", "not fractal", "undecided")}


def _list_verdicts(analyses: Sequence[LayerAnalysis]) -> str:
    """Return a sentence such as "State “trained”: 1 layer fractal, 2 undecided."."""
    counts = [(count, name) for name, count in _count_verdicts(analyses).items() if count]
    (first, verdict), rest = counts[0], counts[1:]
    parts = [f"{count_of(first, 'layer')} {verdict}", *(f"{count} {name}" for count, name in rest)]
    return f"State “{analyses[0].state}”: {', '.join(parts)}."


def _judge_fractality(
    analyses: Sequence[LayerAnalysis], before: Sequence[LayerAnalysis]
) -> Finding:
    number, total = _count_verdicts(analyses), len(analyses)
    answer = (
        "Too small to tell" if number["undecided"] == total else
        "Yes" if number["fractal"] == total else
        "No" if number["not fractal"] == total else
        f"In {number['fractal']} of {total} layers"
    )  # fmt: skip
    sentences = [_list_verdicts(analyses)]
    dimensions = [item.fit.dimension for item in analyses if item.verdict == "fractal" and item.fit]
    if dimensions:
        low, high = min(dimensions), max(dimensions)
        sentences.append(
            f"Box dimension {low:.2f}{'' if len(dimensions) == 1 else f' to {high:.2f}'}."
        )
    undecided = [item for item in analyses if item.verdict == "undecided"]
    if undecided:
        sentences.append(_explain_undecided(undecided))
    if before:
        sentences.append(_list_verdicts(before))
    return Finding("Is it fractal?", answer, " ".join(sentences))


def _explain_undecided(analyses: Sequence[LayerAnalysis]) -> str:
    widest = max(item.span for item in analyses)
    if widest < VERDICT_RANGE:
        return (
            f"Undecided because one box is enough beyond ℓ = {widest}, while a verdict needs sizes "
            f"that span a factor of {VERDICT_RANGE:g}. That is a matter of size, and says nothing "
            "against self-similarity."
        )
    return (
        "Undecided because power law and exponential describe the counts about equally well, or "
        "too few sizes are left."
    )


def _judge_approximation(analyses: Sequence[LayerAnalysis]) -> Finding | None:
    errors = {name: mean for name, _, mean, *_ in average_rows(analyses)}
    if "released" not in errors and "paper" not in errors:
        return None
    lead = "released" if "released" in errors else "paper"
    named = {"released": "The formula behind the published tables", "paper": "Eq. 9 as printed"}
    proven = mean_of(item.comparison.proven for item in analyses)
    least = "smallest number of boxes" if proven == 1 else "best covering found"
    detail = (
        f"{named[lead]} misses the {least} by a factor of {as_factor(errors[lead])[1:]} on average"
    )
    if lead == "released" and "paper" in errors:
        detail += f"; Eq. 9 as printed by {as_factor(errors['paper'])[1:]}"
    if "linkage" in errors:
        detail += f"; complete linkage, a true covering, by {as_factor(errors['linkage'])[1:]}"
    if "midpoint" in errors:
        detail += f"; the midpoint of packing and linkage by {as_factor(errors['midpoint'])[1:]}"
    if proven == 1:
        detail += ". That number is proven at every box size."
        return Finding("How far off is the formula?", f"{as_factor(errors[lead])} off", detail)
    ranges = [_error_range(item.comparison, lead) for item in analyses]
    low, high = (as_factor(mean_of(ends)) for ends in zip(*ranges, strict=True))
    by = low if low == high else f"{low} to {high}"
    detail += (
        f". The smallest number itself is proven at {proven:.1%} of the box sizes; wherever in its "
        f"bracket it lies at the others, the formula misses it by {by.replace('×', '')}."
    )
    return Finding("How far off is the formula?", f"{by} off", detail)


def _error_range(comparison: DimensionComparison, name: str) -> tuple[float, float]:
    """Return the least and largest mean |log N − log N_min| that the bracket leaves open."""
    curve, best = np.log(comparison.curves[name]), np.log(comparison.best)
    lower = np.log(np.maximum(comparison.lower, 1))
    outside = np.maximum(np.maximum(curve - best, lower - curve), 0)
    return float(outside.mean()), float(np.maximum(abs(curve - best), abs(curve - lower)).mean())


def _rates(report: NetworkAnalysis, state: str, name: str) -> dict[str, float]:
    return {
        item.layer: row.ss_rate
        for item in report.of_state(state)
        for row in item.comparison.rows
        if row.name == name and math.isfinite(row.ss_rate)
    }


def _with_spread(values: Iterable[float]) -> str:
    """Write the mean with the standard deviation over the layers, where there are several."""
    found = list(values)
    spread = f" ± {np.std(found, ddof=1):.2f}" if len(found) > 1 else ""
    return f"{mean_of(found):.2f}{spread}".replace("-", "−")


def _judge_rates(report: NetworkAnalysis) -> Finding | None:
    first, last = report.states[0], report.states[-1]
    after, true_after = (_rates(report, last, name) for name in ("released", "best"))
    if not after:
        return None
    over = "the one layer" if len(after) == 1 else "the layers ± standard deviation over them"
    about = f"Mean SS_rate of the released formula over {over}; 0 is a perfect power law."
    beyond = _describe_null(report.of_state(last))
    answer = _with_spread(after.values())
    if first == last:
        counted = f"Counted with real boxes it is {_with_spread(true_after.values())}."
        return Finding("How self-similar?", answer, f"{about} {counted} {beyond}".strip())
    before, true_before = (_rates(report, first, name) for name in ("released", "best"))
    changes = [after[layer] - before[layer] for layer in after if layer in before]
    real = [true_after[layer] - true_before[layer] for layer in true_after if layer in true_before]
    return Finding(
        "What does training change?",
        f"{_with_spread(before.values())} → {answer}",
        f"{about} From {first} to {last} it {_describe_change(changes)}; counted with real boxes "
        f"it {_describe_change(real)}. {beyond}".strip(),
    )


def _describe_change(changes: Sequence[float]) -> str:
    """Return words such as "falls in 5 of 6 layers (change −0.07 ± 0.02)"."""
    if not changes:
        return "cannot be compared"
    change = f"(change {_with_spread(changes)})"
    if abs(mean_of(changes)) < 0.02:
        return f"hardly moves {change}"
    falls = sum(value < 0 for value in changes)
    way, count = ("falls", falls) if 2 * falls >= len(changes) else ("rises", len(changes) - falls)
    return f"{way} in {count} of {count_of(len(changes), 'layer')} {change}"


def _describe_null(analyses: Sequence[LayerAnalysis]) -> str:
    scores = [item.null.z_score for item in analyses if item.null is not None]
    scores = [score for score in scores if math.isfinite(score)]
    if not scores:
        return ""
    far = sum(abs(score) > 2 for score in scores)
    return (
        f"In {far} of {count_of(len(scores), 'layer')} ({analyses[0].state}) it lies more than two "
        "standard deviations from its null model."
    )


def tell_ruled_layers(report: NetworkAnalysis) -> str:
    """Say which SS_rates a handful of neurons makes; nothing where there are none."""
    found = [
        f"{item.layer} ({item.state}) {told.rate:.2f}, {told.rate + told.change:.2f} without up to "
        f"{told.nodes.size} of {item.n_nodes}"
        for item in report.analyses
        if (told := item.leverage) is not None and told.is_ruled_by_few
    ]
    if not found:
        return ""
    of = f"{len(found)} of {count_of(len(report.analyses), 'layer')}"
    return f"a handful of neurons rules SS_rate of {of}: {'; '.join(found)}"


def list_cautions(report: NetworkAnalysis) -> list[str]:
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
    if ruled := tell_ruled_layers(report):
        cautions.append(f"{ruled[0].upper()}{ruled[1:]}.")
    fractal = [item for item in report.analyses if item.verdict == "fractal"]
    lines = [
        item for item in fractal if item.fit and item.fit.interval[0] <= 1 <= item.fit.interval[1]
    ]
    if lines:
        cautions.append(
            f"{count_of(len(lines), 'network')} called fractal with a dimension compatible with 1 "
            f"(first: {lines[0].layer}, {lines[0].state}): neurons strung along a line give a "
            "perfect power law too. A power law alone is not yet a structure within structures."
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
            f"{max(dense):.0%} of all pairs are linked) and the network short across. "
            "Another rule, such as degree:6, gives a sparser network with more box sizes. The θ "
            "curves do not depend on ε."
        )
    few = min((item.n_samples for item in report.analyses), default=0)
    if 0 < few < 100:
        cautions.append(
            f"Distances rest on {few} samples only; another draw would move all numbers."
        )
    return cautions
