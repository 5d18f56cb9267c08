"""The whole sentence, from features to report."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from featgraph import pipeline
from featgraph.features import FeatureMatrix
from featgraph.graph import FeatureGraph
from featgraph.pipeline import AnalysisSettings, analyze, analyze_layer

QUICK = AnalysisSettings(
    curves=("paper", "released", "linkage", "greedy"), n_theta=12, n_null=3, n_sweep=0, repeats=1
)


@pytest.fixture
def inputs():
    return torch.randn(20, 6, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def net():
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(1)
        return nn.Sequential(nn.Linear(6, 16), nn.Tanh(), nn.Linear(16, 12), nn.Tanh())


def make_layer(seed, n_nodes=16):
    return np.random.default_rng(seed).normal(size=(n_nodes, 8))


def test_one_call_from_model_to_report(net, inputs):
    report = analyze(net, inputs, layers=["0", "2"], baseline=True, settings=QUICK, progress=False)
    assert report.states == ("untrained", "trained")
    assert report.layers == ("0", "2")
    assert len(report.layer_rows()) == 4
    assert not report.is_partial
    item = report.find("0")
    assert item.graph.n_nodes == 16
    assert item.n_samples == 20
    item.cover.validate(item.graph)
    assert item.counts.lower_bounds is not None
    assert (item.counts.lower_bounds <= item.counts.counts).all()


def test_rows_are_those_of_the_stages(net, inputs):
    from featgraph.features import extract_features
    from featgraph.selfsimilarity import ss_rate

    report = analyze(net, inputs, layers=["0"], settings=QUICK, progress=False)
    F = extract_features(net, inputs, layers=["0"])["0"]
    (row,) = report.layer_rows()
    assert row["ss_rate_released"] == pytest.approx(float(ss_rate(F)), rel=1e-6)
    again = analyze_layer(F, settings=QUICK, rng=0)
    assert again.to_rows()[0]["epsilon"] == row["epsilon"]


def test_features_instead_of_a_model():
    features = {"a": make_layer(0), "b": torch.from_numpy(make_layer(1))}
    report = analyze(features, baseline={"a": make_layer(2)}, settings=QUICK, progress=False)
    assert report.planned == (("untrained", "a"), ("trained", "a"), ("trained", "b"))
    named = FeatureMatrix.from_array(make_layer(0), layer="inner")
    assert analyze({"outer": named}, settings=QUICK, progress=False).layers == ("outer",)


def test_a_layer_without_a_name_has_its_place_in_the_report():
    net = nn.Linear(6, 12)
    report = analyze(net, torch.randn(20, 6), layers="all", settings=QUICK, progress=False)
    assert report.layers == ("layer",) == tuple(row["layer"] for row in report.layer_rows())
    assert report.find("layer") is report.analyses[0]
    assert "n_layers=1" in repr(report)


def test_same_seed_same_result_whatever_else_runs():
    first = analyze({"a": make_layer(0), "b": make_layer(1)}, settings=QUICK, progress=False)
    alone = analyze({"b": make_layer(1)}, settings=QUICK, progress=False)
    mine, theirs = first.find("b").to_rows()[0], alone.find("b").to_rows()[0]
    assert {**mine, "seconds": 0} == {**theirs, "seconds": 0}
    other = analyze({"b": make_layer(1)}, settings=QUICK, rng=1, progress=False)
    assert other.find("b").null != alone.find("b").null
    assert 0 < mine["null_p"] <= 1
    assert 0 < mine["shuffled_null_linkage_p"] <= 1
    assert other.provenance.settings["seed"] == 1


def test_new_weights_are_new_and_leave_everything_else_alone(net, inputs):
    state = torch.random.get_rng_state()
    weights = [parameter.clone() for parameter in net.parameters()]
    report = analyze(net, inputs, layers=["2"], baseline=True, settings=QUICK, progress=False)
    assert torch.equal(torch.random.get_rng_state(), state)
    for parameter, before in zip(net.parameters(), weights, strict=True):
        assert torch.equal(parameter, before)
    rows = report.layer_rows()
    assert rows[0]["epsilon"] != rows[1]["epsilon"]


def test_weights_that_nobody_can_renew_are_an_error(inputs):
    class Odd(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(6))

        def forward(self, x):
            return x * self.scale

    with pytest.raises(ValueError, match="cannot draw new weights for '0'.* pass an untrained"):
        analyze(nn.Sequential(Odd()), inputs, layers=["0"], baseline=True, settings=QUICK)


def test_dead_layer_is_left_out_with_its_reason(net, inputs):
    features = {"alive": make_layer(0), "dead": np.zeros((16, 8))}
    report = analyze(features, settings=QUICK, progress=False)
    assert report.layers == ("alive",)
    (skipped,) = report.skipped
    assert (skipped.layer, skipped.state) == ("dead", "trained")
    assert "distance" in skipped.reason
    assert not report.is_partial


def test_layer_that_does_not_fit_into_memory_is_left_out(monkeypatch):
    monkeypatch.setenv("FEATGRAPH_MEMORY", f"{32 * 20**2 / 2**30}")
    features = {"narrow": make_layer(0), "wide": np.random.default_rng(0).normal(size=(300, 8))}
    settings = replace(QUICK, method="greedy")
    report = analyze(features, settings=settings, progress=False)
    assert report.layers == ("narrow",)
    assert "distances of 300 nodes would take" in report.skipped[0].reason


def test_nothing_but_dead_layers_is_an_error():
    with pytest.raises(ValueError, match=r"no layer could be analysed \(dead: "):
        analyze({"dead": np.ones((8, 4))}, settings=QUICK, progress=False)


def test_duplicated_and_silent_neurons_are_fine():
    values = make_layer(0)
    values[3] = values[2]
    values[5:8] = 0.5
    (row,) = analyze({"a": values}, settings=QUICK, progress=False).layer_rows()
    assert row["n_silent"] == 3
    assert 0 <= row["ss_rate_best"] <= 1


@pytest.mark.parametrize("n_nodes", [2, 3])
def test_tiny_layers_do_not_fail(n_nodes):
    features = {"a": make_layer(0, n_nodes), "big": make_layer(1)}
    report = analyze(features, settings=QUICK, progress=False)
    assert "big" in report.layers


def test_wrong_settings_are_errors_at_once():
    with pytest.raises(ValueError, match="did you mean 'greedy'"):
        AnalysisSettings(method="gredy")
    with pytest.raises(ValueError, match="epsilon"):
        AnalysisSettings(epsilon="percolatio")
    with pytest.raises(ValueError, match="n_theta must be a whole number of at least 4, got 2"):
        AnalysisSettings(n_theta=2)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ({"model": nn.Linear(2, 2)}, "data must be given with a model, got None"),
        ({"model": {}}, "features of at least one layer, got none"),
        ({"model": {"a": make_layer(0)}, "baseline": True}, "baseline=True needs a model"),
        ({"model": {"a": make_layer(0)}, "layers": ["b"]}, "layers must match features, got 'b'"),
        ({"model": {"a": np.full((4, 4), np.nan)}}, "(?i)nan|finite"),
    ],
)
def test_bad_input_is_named(call, text):
    with pytest.raises(ValueError, match=text):
        analyze(**call, settings=QUICK, progress=False)


def test_iterators_cannot_be_read_twice(net, inputs):
    batches = iter([inputs])
    with pytest.raises(ValueError, match="read twice"):
        analyze(net, batches, layers=["0"], baseline=True, settings=QUICK, progress=False)


@pytest.fixture
def stopping(monkeypatch):
    """Make the analysis stop with Ctrl-C before layer number ``after``."""

    def arrange(after):
        done = []
        real = pipeline.analyze_layer

        def stop(F, **options):
            if len(done) == after:
                raise KeyboardInterrupt
            done.append(F.layer)
            return real(F, **options)

        monkeypatch.setattr(pipeline, "analyze_layer", stop)
        return done

    return arrange


def test_stopped_run_leaves_a_readable_report_and_goes_on(stopping, tmp_path, monkeypatch):
    features = {name: make_layer(place) for place, name in enumerate("abc")}
    out = tmp_path / "out"
    stopping(2)
    with pytest.raises(KeyboardInterrupt, match=r"2 of 3 layers are finished.*report\.html"):
        analyze(features, settings=QUICK, folder=out, progress=False)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "Partial report." in page
    assert "after 2 of 3 layers" in page
    assert json.loads((out / "report.json").read_text())["partial"] is True
    assert not [path for path in out.rglob("*") if path.name.startswith(".")]

    monkeypatch.undo()
    done = stopping(9)
    report = analyze(features, settings=QUICK, folder=out, progress=False)
    assert done == ["c"]  # the others were read
    assert not report.is_partial
    assert report.layers == ("a", "b", "c")
    assert "Partial report." not in (out / "report.html").read_text(encoding="utf-8")
    whole = analyze(features, settings=QUICK, progress=False)
    for mine, theirs in zip(report.layer_rows(), whole.layer_rows(), strict=True):
        assert {**mine, "seconds": 0} == {**theirs, "seconds": 0}


def test_stopped_while_writing_still_leaves_a_page(tmp_path, monkeypatch):
    from featgraph.report import ReportWriter

    real, calls = ReportWriter._keep, []

    def stop(writer, files):
        calls.append(min(files)[len("figures/trained--")])
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(writer, files)

    monkeypatch.setattr(ReportWriter, "_keep", stop)
    features = {name: make_layer(place) for place, name in enumerate("abc")}
    with pytest.raises(KeyboardInterrupt, match="2 of 3 layers are finished"):
        analyze(features, settings=QUICK, folder=tmp_path, progress=False)
    assert calls == ["a", "b", "b"]
    assert "after 2 of 3 layers" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_other_features_or_settings_are_computed_again(stopping, tmp_path):
    done = stopping(9)
    analyze({"a": make_layer(0)}, settings=QUICK, folder=tmp_path, progress=False)
    analyze({"a": make_layer(0)}, settings=QUICK, folder=tmp_path, progress=False)
    assert done == ["a"]
    analyze({"a": make_layer(1)}, settings=QUICK, folder=tmp_path, progress=False)
    analyze({"a": make_layer(1)}, settings=QUICK, folder=tmp_path, rng=5, progress=False)
    analyze({"a": make_layer(1)}, settings=QUICK, epsilon=2.5, folder=tmp_path, progress=False)
    assert done == ["a"] * 4


def test_layers_of_other_code_are_computed_again(stopping, tmp_path, monkeypatch):
    done = stopping(9)
    analyze({"a": make_layer(0)}, settings=QUICK, folder=tmp_path, progress=False)
    monkeypatch.setattr(pipeline, "hash_sources", lambda: "of other code")
    analyze({"a": make_layer(0)}, settings=QUICK, folder=tmp_path, progress=False)
    assert done == ["a", "a"]


def test_stopped_before_anything_is_plain(stopping, tmp_path):
    stopping(0)
    with pytest.raises(KeyboardInterrupt) as stopped:
        analyze({"a": make_layer(0)}, settings=QUICK, folder=tmp_path, progress=False)
    assert str(stopped.value) == ""


def test_graph_of_a_layer_keeps_where_it_comes_from(net, inputs):
    report = analyze(net, inputs, layers=["0"], settings=QUICK, progress=False)
    graph = report.find("0").graph
    assert isinstance(graph, FeatureGraph)
    assert (graph.layer, graph.source) == ("0", "Sequential")
    assert "percolation" in graph.epsilon_rule
