"""The findings in plain words say what the numbers say."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from featgraph.report.folder import file_key
from featgraph.report.summary import (
    as_factor,
    average_rows,
    list_cautions,
    summarize_report,
    typical_layer,
)
from featgraph.selfsimilarity import NullComparison


def with_fit(item, verdict):
    from featgraph.dimension import DimensionFit

    fit = DimensionFit(
        dimension=1.5,
        standard_error=0.1,
        interval=(1.3, 1.7),
        confidence=0.95,
        window=(1.0, 9.0),
        intercept=3.0,
        sizes=np.array([1.0, 2, 4, 9]),
        counts=np.array([20.0, 9, 4, 2]),
        rmse_power=0.1,
        rmse_exponential=0.2,
        weights={"power": 0.9, "exponential": 0.05, "both": 0.05},
        verdict=verdict,
        explanation="because",
    )
    return replace(item, fit=fit)


def answers(report):
    return {finding.question: finding for finding in summarize_report(report)}


def retold(report, verdicts):
    """The report with the verdicts of its trained layers replaced."""
    told = iter(verdicts)
    items = [
        with_fit(item, next(told)) if item.state == "trained" else item for item in report.analyses
    ]
    return replace(report, analyses=tuple(items))


def test_verdicts_are_counted(report):
    assert answers(retold(report, ["fractal", "fractal"]))["Is it fractal?"].answer == "Yes"
    assert answers(retold(report, ["not fractal"] * 2))["Is it fractal?"].answer == "No"
    mixed = answers(retold(report, ["fractal", "undecided"]))["Is it fractal?"]
    assert mixed.answer == "In 1 of 2 layers"
    assert "State “trained”: 1 layer fractal, 1 undecided." in mixed.detail
    assert "Box dimension 1.50." in mixed.detail


def test_undecided_says_why(report):
    finding = answers(retold(report, ["undecided"] * 2))["Is it fractal?"]
    assert finding.answer == "Too small to tell"
    assert "factor of 8" in finding.detail


def test_factors_come_from_the_mean_log_error(report):
    trained = report.of_state("trained")
    wanted = np.mean([item.comparison.row("released").log_error for item in trained])
    assert answers(report)["How far off is the formula?"].answer == f"{as_factor(wanted)} off"
    averages = {entry[0]: entry for entry in average_rows(trained)}
    assert averages["released"][2] == pytest.approx(wanted, rel=1e-12)
    assert averages["best"][2] == 0


def test_the_smallest_number_is_named_only_where_it_is_proven(report):
    question = "How far off is the formula?"
    assert "misses the smallest number of boxes by" in answers(report)[question].detail
    assert "That number is proven at every box size." in answers(report)[question].detail


def test_what_is_not_proven_is_a_range(report):
    def weaken(item):
        best = item.comparison.best
        return replace(item, comparison=replace(item.comparison, lower=np.maximum(best / 2, 1)))

    finding = answers(replace(report, analyses=tuple(map(weaken, report.analyses))))[
        "How far off is the formula?"
    ]
    low, high = [], []
    for item in report.of_state("trained"):
        curve, best = (
            np.log(values) for values in (item.comparison.curves["released"], item.comparison.best)
        )
        bracket = np.linspace(np.maximum(best - np.log(2), 0), best, 2001)
        errors = np.abs(curve - bracket)
        low.append(errors.min(axis=0).mean())
        high.append(errors.max(axis=0).mean())
    wanted = f"{as_factor(np.mean(low))} to {as_factor(np.mean(high))} off"
    assert finding.answer == wanted
    assert "misses the best covering found by" in finding.detail
    assert "The smallest number itself is proven at " in finding.detail


def test_a_range_that_rounds_to_one_number_is_that_number(report):
    def weaken(item):
        best = item.comparison.best
        return replace(item, comparison=replace(item.comparison, lower=best * (1 - 1e-9)))

    finding = answers(replace(report, analyses=tuple(map(weaken, report.analyses))))[
        "How far off is the formula?"
    ]
    factor = finding.answer.removesuffix(" off").removeprefix("×")
    assert f"the formula misses it by {factor}." in finding.detail
    assert float(factor) > 1


def test_rates_before_and_after_with_their_spread(report):
    finding = answers(report)["What does training change?"]
    rates = {
        state: [i.comparison.row("released").ss_rate for i in report.of_state(state)]
        for state in report.states
    }
    assert finding.answer == " → ".join(
        f"{np.mean(rates[state]):.2f} ± {np.std(rates[state], ddof=1):.2f}"
        for state in ("untrained", "trained")
    )
    change = np.subtract(rates["trained"], rates["untrained"])
    wanted = f"(change {np.mean(change):.2f} ± {np.std(change, ddof=1):.2f})".replace("-", "−")
    assert wanted in finding.detail


def test_one_layer_has_no_spread(report):
    alone = replace(report, analyses=report.analyses[:2], planned=report.planned[:2])
    assert "±" not in answers(alone)["What does training change?"].answer


def test_null_models_are_counted(report):
    far = NullComparison("gaussian", "released", 0.25, 0.2, 0.01, 5.0, 0.2, 9)
    items = tuple(replace(item, null=far) for item in report.analyses)
    finding = answers(replace(report, analyses=items))["What does training change?"]
    assert "In 2 of 2 layers (trained) it lies more than two standard" in finding.detail


def test_silent_neurons_are_a_caution(report):
    items = (replace(report.analyses[0], n_silent=7), *report.analyses[1:])
    cautions = list_cautions(replace(report, analyses=items))
    assert any("7 of 24" in text for text in cautions)
    assert any("10 samples only" in text for text in cautions)


def test_lines_are_not_sold_as_fractals(report):
    told = retold(report, ["fractal", "fractal"])
    items = tuple(
        replace(item, fit=replace(item.fit, dimension=1.02, interval=(0.9, 1.1)))
        if item.verdict == "fractal"
        else item
        for item in told.analyses
    )
    assert any("along a line" in text for text in list_cautions(replace(told, analyses=items)))
    assert not any("along a line" in text for text in list_cautions(told))


def test_factor_of_nothing_is_a_dash():
    assert as_factor(math.nan) == "–"
    assert as_factor(math.log(1.999)) == "×2.0"


def test_typical_layer_is_one_that_every_state_has(report):
    assert typical_layer(report) in report.layers
    only = replace(report, analyses=report.analyses[:3])  # the last trained layer is missing
    assert typical_layer(only) == "fc1"
    assert typical_layer(replace(report, analyses=())) is None


def test_file_names_are_safe_and_distinct():
    names = ["a/b", "a:b", "../../etc/passwd", "a b", "ünicode", "", "." * 80, "x" * 100 + "1"]
    names += ["fc", "Fc", "FC"]
    keys = {file_key("trained", name).lower() for name in names}  # as some file systems do
    assert len(keys) == len(names)
    for key in keys:
        assert "/" not in key
        assert not key.startswith(".")
        assert len(key) < 150
