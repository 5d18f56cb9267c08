"""Leverage: SS_rate without the farthest nodes, against leaving them out by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from featgraph.distances import as_distance_matrix
from featgraph.pipeline import AnalysisSettings, analyze
from featgraph.selfsimilarity import Leverage, measure_leverage, sensitivity, ss_rate


def draw_layer(n_nodes: int = 60, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n_nodes, 20))


def make_loud(F: np.ndarray) -> np.ndarray:
    loud = F.copy()
    loud[[7, 11]] *= [[30.0], [20.0]]
    return loud


@pytest.mark.parametrize(
    "how", [{}, {"estimator": "midpoint", "scale": "log"}, {"grid": "quantile"}]
)
def test_values_are_those_of_the_features_left(how: dict[str, Any]) -> None:
    F = make_loud(draw_layer())
    found = measure_leverage(F, n_largest=4, **how)
    norms = np.linalg.norm(F - F.mean(axis=0), axis=1)
    far = np.argsort(-norms)[:4]
    np.testing.assert_array_equal(found.nodes, far)
    middle = np.sort(norms)[29]  # the lower of the two middle ones, as torch has it
    np.testing.assert_allclose(found.norms, norms[far] / middle, rtol=1e-9)
    assert found.rate == pytest.approx(float(ss_rate(F, **how)), abs=1e-12)
    for k in range(4):
        alone = float(ss_rate(np.delete(F, far[k], axis=0), **how))
        together = float(ss_rate(np.delete(F, far[: k + 1], axis=0), **how))
        assert found.without_each[k] == pytest.approx(alone, abs=1e-9)
        assert found.without_first[k] == pytest.approx(together, abs=1e-9)


def test_distances_tell_the_same_and_a_shift_does_not_matter() -> None:
    F = make_loud(draw_layer())
    found = measure_leverage(F, n_largest=3)
    for same in (as_distance_matrix(F), F + np.linspace(-9, 9, 20)):
        other = measure_leverage(same, n_largest=3)
        np.testing.assert_array_equal(other.nodes, found.nodes)
        np.testing.assert_allclose(other.without_first, found.without_first, rtol=1e-9)


def test_two_loud_neurons_are_told_from_none() -> None:
    F = draw_layer()
    quiet, loud = (measure_leverage(X, n_draws=19, rng=0) for X in (F, make_loud(F)))
    assert not quiet.is_ruled_by_few
    assert loud.is_ruled_by_few
    assert loud.change < -0.3
    assert loud.n_moving <= 2
    assert not measure_leverage(make_loud(F)).is_ruled_by_few  # without draws nothing is claimed
    robust = measure_leverage(make_loud(F), grid="quantile", scale="log", quantiles=(0.1, 0.9))
    assert abs(robust.change) < 0.1


def test_few_nodes_and_equal_distances() -> None:
    corner = np.eye(3)  # without any one of them a single distance is left
    found = measure_leverage(np.vstack([corner, 5 * corner[:1]]), n_largest=2)
    assert np.isnan(found.without_first[1])
    assert np.isfinite(found.change)
    with pytest.raises(ValueError, match="at least 3 nodes to set one aside, got 2"):
        measure_leverage(np.eye(2))
    with pytest.raises(ValueError, match="n_largest must be at most n_nodes − 2 = 2, got 3"):
        measure_leverage(np.vstack([corner, 5 * corner[:1]]), n_largest=3)


def test_a_file_gives_it_back(tmp_path: Any) -> None:
    found = measure_leverage(draw_layer(), n_draws=3, rng=0)
    again = Leverage.load(found.save(tmp_path / "leverage.npz"))
    np.testing.assert_array_equal(again.without_first, found.without_first)
    assert (again.change, again.z_score) == (found.change, found.z_score)


def test_analysis_shows_and_warns_of_it() -> None:
    F = draw_layer(40)
    quick = AnalysisSettings(n_theta=16, n_null=9, n_sweep=0, time_limit=1.0)
    layers = {"quiet": F, "loud": make_loud(draw_layer(40, 1))}
    with pytest.warns(UserWarning, match=r"rules SS_rate of 1 of 2 layers: loud \(trained\) 0\.\d"):
        report = analyze(layers, settings=quick)
    rows = {item.layer: item.to_rows()[0] for item in report.analyses}
    assert rows["loud"]["ruled_by_few"]
    assert not rows["quiet"]["ruled_by_few"]
    assert rows["loud"]["leverage"] < -0.2
    assert rows["loud"]["leverage_n_nodes"] <= 2


def test_analysis_follows_the_ladder() -> None:
    F = draw_layer(30)
    settings = AnalysisSettings(n_theta=16, n_null=2, n_sweep=0, grid="quantile", scale="log")
    (analysis,) = analyze({"layer": F}, settings=settings).analyses
    (row,) = analysis.to_rows()
    expected = float(ss_rate(F, grid="quantile", scale="log"))
    assert row["ss_rate_released"] == pytest.approx(expected, abs=1e-9)
    with pytest.raises(ValueError, match="scale must be one of"):
        AnalysisSettings(scale="lg")  # type: ignore[arg-type]


@pytest.mark.parametrize("estimator", ["released", "paper"])
def test_null_draws_in_bins_are_those_without_bins(estimator: str, monkeypatch: Any) -> None:
    how: dict[str, Any] = {"estimator": estimator, "n_draws": 3, "n_largest": 4, "rng": 0}
    fast = measure_leverage(draw_layer(), **how)
    monkeypatch.setattr(sensitivity, "_is_published", lambda *_: False)
    slow = measure_leverage(draw_layer(), **how)
    np.testing.assert_allclose(fast.null_rates, slow.null_rates, atol=1e-4)  # 16,384 bins
    np.testing.assert_allclose(fast.null_changes, slow.null_changes, atol=1e-4)


def test_the_distances_that_are_given_stay_as_they_are() -> None:
    matrix = as_distance_matrix(np.random.default_rng(0).normal(size=(20, 4)))
    before = matrix.values.clone()
    measure_leverage(matrix)
    assert torch.equal(matrix.values, before)
