"""Every object that a plot function can draw draws itself by ``plot()``."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

import featgraph as fg
from featgraph import plot
from featgraph.core.notebook import Drawing
from featgraph.models import build_model
from featgraph.pipeline import AnalysisSettings
from featgraph.training import TrainingSettings

PICTURES = sorted(name for name in plot.__all__ if name.startswith("plot_"))


def faces(one: Any) -> Iterator[Any]:
    """Yield an object, and the tables that it makes of itself, which plot functions may take."""
    yield one
    for name in dir(type(one)):
        if name == "rows" or name.endswith("_rows"):
            table = getattr(one, name)
            yield table() if callable(table) else table


def find_pictures(one: Any) -> list[str]:
    """Return the plot functions that draw an object, or one of its tables, or take it named."""
    found = []
    for name in PICTURES:
        for given in (part for face in faces(one) for part in (face, {"one": face})):
            try:
                getattr(plot, name)(given)
            except Exception:
                continue
            found.append(name)
            break
    return found


@pytest.fixture(scope="module")
def runs() -> dict[str, Any]:
    """Return results that take a training or an analysis."""
    digits = fg.datasets.load_digits("test").take(60)
    net = build_model("mlp", widths=(8, 8))
    once = TrainingSettings(epochs=1)
    log = fg.train(net, digits, settings=once, estimators=["released"], progress=False)
    untested = fg.train(net, digits, settings=once, estimators=[], progress=False)
    features = {"a": np.random.default_rng(0).normal(size=(12, 5))}
    quick = AnalysisSettings(n_theta=8, n_null=2, n_sweep=2)
    report = fg.analyze(features, settings=quick, progress=False)
    compared = fg.compare_network(features, n_theta=8, n_draws=2, progress=False)
    return {
        "training.TrainingLog": log,
        "a log without test": untested,
        "report.Report": report,
        "report.LayerAnalysis": report.analyses[0],
        "dimension.ComparedLayer": compared["a"],
    }


@pytest.mark.usefixtures("elsewhere")
def test_whatever_can_be_drawn_draws_itself(objects, runs):
    n_drawn = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, one in (objects | runs).items():
            if isinstance(one, tuple):  # a pair of numbers is drawn as if it were degrees
                continue
            if found := find_pictures(one):
                drawn = one.plot() if hasattr(one, "plot") else None
                assert isinstance(drawn, Drawing), f"{name} has no plot(), but {found}"
                assert isinstance(drawn.fig, Figure), name
                n_drawn += 1
    assert n_drawn > 25


def test_what_holds_a_comparison_draws_it(runs):
    for name in ("report.LayerAnalysis", "dimension.ComparedLayer"):
        title = runs[name].plot().axes.get_title(loc="left")
        assert title == runs[name].comparison.plot().axes.get_title(loc="left"), name


def test_a_log_shows_what_was_measured(runs):
    assert runs["a log without test"].plot().axes.get_ylabel() == "training loss (nats)"
    with pytest.raises(ValueError, match="rows must hold at least one measurement"):
        plot.plot_rate_trajectories(runs["a log without test"])
    (axes, *_) = plot.plot_rate_trajectories(runs["training.TrainingLog"])[1:]
    assert axes.get_ylabel().startswith("SS_rate")


def test_a_report_without_a_layer_has_no_picture():
    from featgraph.report import Report, describe_run

    empty = Report("Nothing yet", "net", (), (), (), describe_run("analyze", {}))
    with pytest.raises(ValueError, match="report must hold a finished layer"):
        empty.plot()
