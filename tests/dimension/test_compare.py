"""Exact against approximate: roles, brackets, the table, bad input."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from numpy.testing import assert_allclose

from featgraph.dimension import compare_dimensions, compare_network
from featgraph.selfsimilarity import ss_rate
from tests.naive import dimension as naive, optimum
from tests.naive.distances import pair_distances


def gaussian(n_nodes=48, n_samples=16, seed=0):
    return np.random.default_rng(seed).normal(size=(n_nodes, n_samples))


@pytest.fixture(scope="module")
def table():
    return compare_dimensions(gaussian(), n_theta=64, time_limit=None, rng=0)


def test_every_curve_has_its_row_and_shape(table):
    assert [row.name for row in table.rows] == [*table.curves, "best"]
    for values in table.curves.values():
        assert values.shape == table.theta.shape == (64,)
        assert np.all(values >= 1 - 1e-9)
        assert np.all(values <= table.n_nodes + 1e-9)


def test_bounds_hold_and_coverings_lie_above_them(table):
    for row in table.rows[:-1]:
        values = table.curves[row.name]
        if row.role == "covering":
            assert np.all(values >= table.lower)
        if row.role == "lower bound":
            assert np.all(values <= table.best + 1e-9)
    assert np.all(table.lower <= table.best)


def test_best_is_at_or_below_every_covering(table):
    coverings = [table.curves[row.name] for row in table.rows[:-1] if row.role == "covering"]
    # boxes that fit θ fit every larger θ, so a small covering carries upwards
    assert np.all(table.best <= np.minimum.accumulate(np.min(coverings, axis=0)))
    best = table.row("best")
    assert (best.log_error, best.inside) == (0.0, 1.0)


def test_a_proven_minimum_is_that_of_brute_force():
    features = gaussian(9, 3, seed=5)
    table = compare_dimensions(features, curves=("released",), n_theta=24, hop_methods=(), rng=0)
    assert table.proven == 1.0
    C = pair_distances(features)
    for theta, count in zip(table.theta, table.best, strict=True):
        near = optimum.relation(C, theta * (1 + 1e-12))
        assert optimum.smallest_clique_cover(near) == count


def test_the_optimum_as_a_curve_shares_the_time_limit():
    table = compare_dimensions(
        gaussian(), curves=("released", "optimum"), n_theta=16, hop_methods=(), rng=0
    )
    assert_allclose(table.curves["optimum"], table.best)
    assert table.row("optimum").log_error == 0.0


def test_without_time_the_bracket_is_wider_and_still_holds(table):
    quick = compare_dimensions(gaussian(), n_theta=64, time_limit=0, rng=0)
    assert 0 < quick.proven < table.proven
    assert np.all(quick.lower <= table.lower)
    assert np.all(quick.best >= table.best)


def test_the_printed_formula_is_far_and_linkage_is_near(table):
    assert table.row("paper").log_error > 3 * table.row("linkage").log_error


def test_rows_agree_with_plain_definitions(table):
    row, values = table.row("greedy"), table.curves["greedy"]
    assert_allclose(row.log_error, naive.mean_log_error(values.tolist(), table.best.tolist()))
    assert_allclose(
        row.ss_rate,
        naive.ss_rate_of_curve(table.theta.tolist(), values.tolist(), table.n_nodes),
        rtol=1e-9,
    )
    assert_allclose(table.row("packing").ss_rate, float(ss_rate(gaussian(), estimator="packing")))


def test_hop_space_counts_come_along(table):
    assert [counts.method for counts in table.hop_counts] == ["greedy", "cbb", "memb"]
    assert all(counts.n_nodes == table.n_nodes for counts in table.hop_counts)
    assert table.epsilon > 0


@settings(max_examples=10)
@given(seed=st.integers(0, 10**6), n_nodes=st.integers(6, 14))
def test_order_of_the_nodes_does_not_move_the_certified_bracket(seed, n_nodes):
    features = gaussian(n_nodes, 4, seed)
    order = np.random.default_rng(seed).permutation(n_nodes)
    options = {"curves": ("caro_wei", "linkage"), "n_theta": 16, "hop_methods": (), "rng": 0}
    one = compare_dimensions(features, **options)
    other = compare_dimensions(features[order], **options)
    assert_allclose(one.curves["caro_wei"], other.curves["caro_wei"], rtol=1e-9)
    assert_allclose(one.curves["linkage"], other.curves["linkage"])


def test_same_seed_same_table():
    options = {"n_theta": 16, "hop_methods": ()}
    one = compare_dimensions(gaussian(), rng=3, **options)
    other = compare_dimensions(gaussian(), rng=3, **options)
    for name, values in one.curves.items():
        assert_allclose(values, other.curves[name])


def test_plain_rows_and_text(table):
    rows = table.curve_rows()
    assert len(rows) == 64
    assert set(rows[0]) == {"theta", *table.curves, "best", "lower"}
    assert "released" in str(table)
    assert "minimum proven at" in str(table)
    assert "n_theta=64" in repr(table)
    assert table.to_rows()[0]["name"] == "paper"


def test_few_nodes_give_nan_dimension_but_a_table():
    table = compare_dimensions(np.array([[0.0], [1.0], [3.0]]), n_theta=4, rng=0)
    assert math.isnan(table.row("best").dimension)
    assert table.hop_fits[0] is None


def test_null_models_of_a_network_have_the_grid_and_the_scale_of_its_curves():
    features = np.random.default_rng(0).normal(size=(30, 8))
    features[3] *= 20  # one loud node, which the published grid follows
    how = {"n_theta": 8, "hop_methods": (), "progress": False, "curves": ("released", "linkage")}
    found = compare_network({"a": features}, n_draws=2, grid="quantile", scale="log", **how)["a"]
    rates = {row.name: row.ss_rate for row in found.comparison.rows}
    assert len(found.nulls) == 4
    for null in found.nulls:
        assert null.rate == pytest.approx(rates[null.estimator], rel=1e-9)


def test_bad_input():
    with pytest.raises(ValueError, match="curves must be one of .*'pcking'.*'packing'"):
        compare_dimensions(gaussian(), curves=("pcking", "greedy"))
    with pytest.raises(ValueError, match="time_limit must be a finite number of at least 0"):
        compare_dimensions(gaussian(), time_limit=-1)
    with pytest.raises(ValueError, match="n_theta must be a whole number of at least 4, got 2"):
        compare_dimensions(gaussian(), n_theta=2)
    with pytest.raises(ValueError, match="all distances equal"):
        compare_dimensions(np.ones((5, 3)))


def test_an_interrupted_proof_stops_the_comparison(monkeypatch):
    from featgraph.boxes import minimum

    ordinary = minimum.minimum_box_counts

    def stopped(*data, **options):
        found = ordinary(*data, **options)
        return dataclasses.replace(found, options={**found.options, "interrupted": True})

    monkeypatch.setattr(minimum, "minimum_box_counts", stopped)
    F = np.random.default_rng(0).normal(size=(12, 6))
    with pytest.raises(KeyboardInterrupt):
        compare_dimensions(F, n_theta=8, rng=0, progress=False)
