"""Leverage: SS_rate without the farthest nodes, against leaving them out by hand."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from featgraph.distances import as_distance_matrix, feature_distances
from featgraph.pipeline import AnalysisSettings, analyze
from featgraph.selfsimilarity import (
    Leverage,
    measure_leverage,
    sensitivity,
    ss_rate,
    ss_rate_of_distances,
)
from featgraph.selfsimilarity._steps import merged_rates


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
        # 65,536 bins, of which few are filled beside loud nodes
        assert found.without_each[k] == pytest.approx(alone, abs=1e-6)
        assert found.without_first[k] == pytest.approx(together, abs=1e-6)


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


@pytest.mark.parametrize("n_draws", [2, 5, 39])
def test_limit_is_that_of_a_prediction_interval(n_draws: int) -> None:
    draws = np.linspace(-1, 1, n_draws)
    limit = stats.t.isf(stats.norm.sf(2.0), n_draws - 1) * np.sqrt(1 + 1 / n_draws)
    limit *= draws.std(ddof=1)
    for factor in (1 - 1e-9, 1 + 1e-9):
        change = np.array([factor * limit])
        one = np.ones(1)
        found = Leverage(
            "released",
            0.0,
            np.array([0]),
            one,
            change,
            change,
            null_rates=draws,
            null_changes=draws,
        )
        assert found.is_ruled_by_few == (factor > 1)


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


def test_analysis_follows_the_rule_of_theta() -> None:
    F = draw_layer(30)
    settings = AnalysisSettings(n_theta=16, n_null=2, n_sweep=0, grid="quantile", scale="log")
    (analysis,) = analyze({"layer": F}, settings=settings).analyses
    (row,) = analysis.to_rows()
    expected = float(ss_rate(F, grid="quantile", scale="log"))
    assert row["ss_rate_released"] == pytest.approx(expected, abs=1e-9)
    with pytest.raises(ValueError, match="scale must be one of"):
        AnalysisSettings(scale="lg")  # type: ignore[arg-type]


@pytest.mark.parametrize("estimator", ["released", "paper"])
def test_draws_in_bins_are_those_without_bins(estimator: str, monkeypatch: Any) -> None:
    how: dict[str, Any] = {"estimator": estimator, "n_draws": 3, "n_largest": 4, "rng": 0}
    fast = measure_leverage(draw_layer(), **how)
    monkeypatch.setattr(sensitivity, "can_merge", lambda *_: False)
    slow = measure_leverage(draw_layer(), **how)
    np.testing.assert_allclose(fast.null_rates, slow.null_rates, atol=1e-5)  # 4,096 bins
    np.testing.assert_allclose(fast.null_changes, slow.null_changes, atol=1e-5)
    np.testing.assert_allclose(fast.without_first, slow.without_first, atol=1e-7)  # 65,536


@given(
    F=arrays(
        np.float64, st.tuples(st.integers(4, 12), st.integers(1, 3)), elements=st.integers(0, 6)
    ),
    n_far=st.integers(0, 3),
    scale=st.sampled_from([1e-6, 1.0, 1e3]),
    dtype=st.sampled_from(["float32", "float64"]),
    estimator=st.sampled_from(["released", "paper"]),
)
def test_merged_pairs_of_few_distances_are_exact(
    F: np.ndarray, n_far: int, scale: float, dtype: str, estimator: str
) -> None:
    """Where all pairs of a bin are equally far apart, merging them changes nothing."""
    assume(len(np.unique(F, axis=0)) > 1)
    C = feature_distances((scale * F).astype(dtype))
    assume(C[~torch.eye(len(C), dtype=torch.bool)].unique().numel() > 1)
    out = np.array(list(itertools.product([False, True], repeat=n_far)), dtype=bool)
    out = out.reshape(2**n_far, n_far)
    far = np.arange(len(F))[::-1][:n_far].copy()
    found = merged_rates(C, far, out, estimator, 1 << 14)
    for row, rate in zip(out, found, strict=True):
        left = np.delete(C.numpy(), far[row], axis=0)
        left = torch.from_numpy(np.delete(left, far[row], axis=1)).double()
        others = left[~torch.eye(len(left), dtype=torch.bool)]
        if others.numel() < 2 or others.min() == others.max():
            assert np.isnan(rate)
        else:  # rounding of distances that are equal: some parts in 10⁸ of the smallest
            expected = float(ss_rate_of_distances(left, estimator=estimator))
            assert rate == pytest.approx(expected, abs=1e-6)


def test_leverage_of_an_analysis_uses_the_draws_of_its_null_model() -> None:
    F = draw_layer(300)
    nulls, found = sensitivity.compare_and_set_aside(F, 3, rng=0)
    alone = measure_leverage(F, n_draws=3, rng=0)
    np.testing.assert_array_equal(found.null_rates, alone.null_rates)
    np.testing.assert_array_equal(found.null_changes, alone.null_changes)
    assert nulls[0].mean == pytest.approx(found.null_rates.mean(), abs=1e-5)
    nulls, found = sensitivity.compare_and_set_aside(F, 0)
    assert (nulls, found.null_rates.size, found.z_score) == ([], 0, None)


def test_the_distances_that_are_given_stay_as_they_are() -> None:
    matrix = as_distance_matrix(np.random.default_rng(0).normal(size=(20, 4)))
    before = matrix.values.clone()
    measure_leverage(matrix)
    assert torch.equal(matrix.values, before)


def test_leverage_is_the_same_on_any_number_of_threads():
    features = np.random.default_rng(3).normal(size=(16, 8))
    before = torch.get_num_threads()
    found = []
    for n_threads in (1, 2, 4):
        torch.set_num_threads(n_threads)
        found.append(measure_leverage(features, n_draws=2, rng=0))
    torch.set_num_threads(before)
    for other in found[1:]:
        for name in ("without_each", "without_first", "null_rates", "null_changes"):
            assert getattr(other, name).tolist() == getattr(found[0], name).tolist()
