"""Null scores and bootstrap intervals: what they must give where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from featgraph.selfsimilarity import (
    bootstrap_ss_rate,
    compare_with_null,
    compare_with_nulls,
    null_scores,
    ss_rate_of_distances,
)
from featgraph.selfsimilarity.null_scores import monte_carlo_p_value


def test_p_values_of_the_null_itself_are_uniform():
    rng = np.random.default_rng(0)
    p_values = [monte_carlo_p_value(rng.normal(), rng.normal(size=19)) for _ in range(2000)]
    # Exact: each of the 20 ranks is as likely; two of them give the smallest p, 0.1.
    assert np.mean(np.isclose(p_values, 0.1)) == pytest.approx(0.1, abs=0.02)
    assert min(p_values) == pytest.approx(0.1)
    assert max(p_values) <= 1.0


def test_gaussian_features_are_no_surprise_and_clusters_are():
    rng = np.random.default_rng(1)
    plain = compare_with_null(rng.normal(size=(40, 16)), n_draws=39, rng=0)
    assert plain.p_value > 0.05
    tight = rng.normal(size=(40, 16))
    tight[:30] *= 0.02
    found = compare_with_null(tight, n_draws=39, rng=0)
    assert found.p_value == pytest.approx(0.05)
    assert found.z_score > 3
    assert found.z_score == pytest.approx((found.rate - found.mean) / found.sd)


def test_draws_are_shared_and_seeded():
    F = np.random.default_rng(2).normal(size=(20, 8))
    rows = compare_with_nulls(F, n_draws=5, rng=3)
    assert [(row.null, row.estimator) for row in rows] == [
        ("gaussian", "released"), ("gaussian", "linkage"),
        ("shuffled", "released"), ("shuffled", "linkage"),
    ]  # fmt: skip
    assert rows == compare_with_nulls(F, n_draws=5, rng=3)
    assert rows[0] == compare_with_null(F, n_draws=5, rng=3)


def test_draws_that_are_not_sorted_are_those_that_are(monkeypatch):
    F = np.maximum(np.random.default_rng(5).normal(size=(90, 3)), 0.0).astype(np.float32)
    rows = compare_with_nulls(F, n_draws=4, rng=0)
    monkeypatch.setattr(null_scores, "SORTED", 0)
    for merged, row in zip(compare_with_nulls(F, n_draws=4, rng=0), rows, strict=True):
        assert merged.mean == pytest.approx(row.mean, abs=1e-7)  # 16,384 bins
        assert merged.rate == row.rate


def test_others_may_look_at_the_draws():
    F, seen = np.random.default_rng(2).normal(size=(20, 8)), []
    (row,) = compare_with_nulls(
        F, nulls=["norms"], estimators=["linkage"], n_draws=3, rng=0,
        watch=lambda null, C: seen.append((null, float(ss_rate_of_distances(C)))),
    )  # fmt: skip
    again = compare_with_null(F, null="norms", n_draws=3, rng=0)
    assert [null for null, _ in seen] == ["norms"] * 3
    assert np.mean([rate for _, rate in seen]) == pytest.approx(again.mean)
    assert row == compare_with_null(F, null="norms", estimator="linkage", n_draws=3, rng=0)


def test_draws_without_any_distance_are_left_out():
    # Two values per node: in a quarter of the draws all three nodes are equal.
    F = np.array([[0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    found = compare_with_null(F, null="shuffled", n_draws=400, rng=0)
    assert found.n_draws == pytest.approx(300, abs=40)
    assert np.isfinite(found.mean)
    assert np.isnan(monte_carlo_p_value(0.2, np.empty(0)))


def test_intervals_narrow_with_samples():
    rng = np.random.default_rng(0)
    nodes = rng.normal(size=(24, 3))  # three latent directions: distances settle with samples
    widths = []
    for n_samples in (8, 512):
        low, high = bootstrap_ss_rate(nodes @ rng.normal(size=(3, n_samples)), rng=0)
        widths.append(high - low)
    assert widths[1] < widths[0] / 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"null": "gauss"}, "did you mean 'gaussian'"),
        ({"n_draws": 1}, "n_draws must be a whole number of at least 2"),
        ({"estimator": "links"}, "estimator must be one of"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        compare_with_null(np.random.default_rng(0).normal(size=(12, 4)), **options)
    with pytest.raises(ValueError, match=r"confidence must lie strictly between 0 and 1"):
        bootstrap_ss_rate(np.eye(9), confidence=2)
