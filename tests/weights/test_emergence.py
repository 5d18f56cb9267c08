"""Degree of emergence over checkpoints, and networks of weights tracked over a training."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import featgraph as fg
from featgraph.pipeline import AnalysisSettings
from featgraph.weights import measure_emergence
from tests.naive import weights as naive


def build(seed, scale=0.05, width=40):
    net = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
    generator = torch.Generator().manual_seed(seed)
    for layer in (net[0], net[2]):
        layer.weight.data = scale * torch.randn(width, width, generator=generator)
    return net


def test_emergence_equals_its_formula_and_starts_at_0():
    nets = {0: build(0), 5: build(1, 0.07), 9: build(2, 0.03)}
    curve = measure_emergence(nets, n_samples=3)
    spectra = [fg.multifractal_weights(net, n_samples=3) for net in nets.values()]
    alpha0, width = ([getattr(s, name) for s in spectra] for name in ("alpha0", "width"))
    np.testing.assert_allclose(curve.alpha0, alpha0, rtol=1e-12)
    np.testing.assert_allclose(curve.emergence, naive.emergence(alpha0, width), rtol=1e-12)
    assert curve.emergence[0] == 0
    assert (curve.emergence_interval[:, 0] <= curve.emergence).all()
    assert curve.to_rows()[1]["time"] == 5.0


def test_checkpoints_may_come_one_by_one():
    def trained():
        net = build(0)
        yield 0, net
        net[0].weight.data *= 1.5
        yield 1, net

    curve = measure_emergence(trained(), n_samples=2)
    assert curve.emergence[1] != 0


def test_null_models_of_checkpoints_are_kept_in_fields_table_file_and_picture(tmp_path):
    nets = {0: build(0), 1: build(1, 0.07), 2: build(2, 0.03)}
    nulls = ("rows", "gaussian", "untrained")
    curve = measure_emergence(nets, n_samples=3, nulls=nulls)
    rows, gaussian, untrained = curve.nulls
    np.testing.assert_array_equal(rows.emergence, curve.emergence)  # of the rows alone
    np.testing.assert_array_equal(rows.emergence_difference, 0)
    found = [fg.multifractal_weights(n, n_samples=3, nulls=nulls).null("gaussian")
             for n in nets.values()]  # fmt: skip
    alpha0, width = ([getattr(one, name) for one in found] for name in ("alpha0", "width"))
    np.testing.assert_allclose(gaussian.emergence, naive.emergence(alpha0, width), rtol=1e-12)
    np.testing.assert_array_equal(untrained.emergence, 0)  # one twin at all times
    low, high = gaussian.emergence_difference[1:].T
    assert (low <= (curve.emergence - gaussian.emergence)[1:]).all()
    assert (high >= (curve.emergence - gaussian.emergence)[1:]).all()
    row = curve.to_rows()[1]
    assert row["gaussian_emergence"] == gaussian.emergence[1]
    assert row["rows_emergence_difference_low"] == 0
    again = type(curve).load(curve.save(tmp_path / "curve.json"))
    assert again.to_dict() == curve.to_dict()
    assert again.null("gaussian").width.tolist() == gaussian.width.tolist()
    ax = curve.plot()[1]
    assert len(ax.get_legend().get_texts()) == 4
    paths = measure_emergence(nets, variant="paths", n_samples=2, nulls=("rows",))
    assert (paths.null("rows").emergence[1:] != paths.emergence[1:]).all()


def test_bad_checkpoints_are_named():
    with pytest.raises(ValueError, match=r"at 1 parameter '0.weight' is \(30, 30\) where it was"):
        measure_emergence({0: build(0), 1: build(1, width=30)})
    with pytest.raises(ValueError, match="at least two models, got 1"):
        measure_emergence({0: build(0)})
    with pytest.raises(TypeError, match="checkpoints must hold pairs of a time and a model"):
        measure_emergence([build(0), build(1)])
    with pytest.raises(ValueError, match="rising times, got 0 after"):
        measure_emergence([(1, build(0)), (0, build(1))])


def test_a_training_is_tracked_with_the_same_neurons(tmp_path):
    net = build(3)
    tracker = fg.track(net, what="weights", n_samples=2, variants=("released",))
    for epoch in range(3):
        tracker.step(epoch)
        net[2].weight.data *= 1.2
    assert [row["emergence_released"] == 0 for row in tracker.rows] == [True, False, False]
    first, *others = tracker.graphs["weights"].values()
    assert all(graph.node_labels == first.node_labels for graph in others)
    path = tracker.write_gexf(tmp_path / "weights.gexf", color_by="layer")
    back = fg.read_dynamic_gexf(path)
    assert list(back) == [0.0, 1.0, 2.0]
    strengths = [graph.edge_weights.sum() for graph in back.values()]
    assert strengths[2] < strengths[0]  # lengths: the weights grew
    with pytest.raises(ValueError, match="loader must be given to record features"):
        fg.track(net)


def test_options_of_tracked_weights_are_heeded_or_refused():
    tracker = fg.track(build(0), what="weights", layers="2", n_samples=1, variants=("released",))
    (row,) = tracker.record(0)
    assert row["n_nodes"] == 2 * 32  # two layers of the map, not three of the model
    with pytest.raises(ValueError, match="variants must be one of"):
        fg.track(build(0), what="weights", variants=("true",))
    for option in ({"epsilon": 0.5}, {"measures": {"one": lambda *_: 1}}, {"n_references": 0}):
        with pytest.raises(ValueError, match=f"{next(iter(option))} is about features"):
            fg.track(build(0), what="weights", **option)
    with pytest.raises(TypeError, match="fold_batchnorm"):
        fg.track(build(0), what="weights", fold_batchnorm=False)


def test_weights_without_spread_do_not_end_a_training():
    net = build(0)
    for layer in (net[0], net[2]):
        nn.init.constant_(layer.weight, 0.1)
    row = fg.track(net, what="weights", n_samples=1, variants=("released",)).record(0)[0]
    assert np.isnan(row["alpha0_released"])
    assert "no spread" in row["note"]


def test_the_first_weights_with_a_spread_are_those_that_emergence_starts_from():
    net, other = build(0), build(1, 0.07)
    kept = [layer.weight.data for layer in (net[0], net[2])]
    for layer in (net[0], net[2]):
        layer.weight.data = torch.full_like(layer.weight, 0.1)
    tracker = fg.track(net, what="weights", n_samples=2, variants=("released",))
    tracker.step(0)
    for weights in (kept, [other[0].weight.data, other[2].weight.data]):
        net[0].weight.data, net[2].weight.data = weights
        tracker.step()
    curve = measure_emergence({0: build(0), 1: other}, n_samples=2)
    found = [row["emergence_released"] for row in tracker.rows]
    assert np.isnan(found[0])
    np.testing.assert_allclose(found[1:], curve.emergence, rtol=1e-12)


def test_a_report_has_a_section_where_it_is_asked_for(tmp_path):
    net = build(0)
    quick = AnalysisSettings(
        curves=("released",), n_theta=16, n_null=0, n_sweep=0, repeats=1, time_limit=0
    )
    inputs = torch.randn(30, 40, generator=torch.Generator().manual_seed(0))
    how = {"layers": ["0"], "settings": quick}
    report = fg.analyze(net, inputs, weight_network=True, folder=tmp_path / "with", **how)
    assert [one.variant for one in report.weights] == ["released", "paths"]
    page = (tmp_path / "with" / "report.html").read_text(encoding="utf-8")
    assert "The network of the weights" in page
    assert "weights permuted within rows" in page
    assert (tmp_path / "with" / "weights.csv").is_file()
    assert 'href="weights.csv"' in page
    assert report.to_dict()["weights"][0]["width"] == report.weights[0].width
    with pytest.raises(ValueError, match="weight_network=True needs a model, got features"):
        fg.analyze({"a": inputs.T}, weight_network=True, settings=quick)
