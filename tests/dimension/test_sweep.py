"""ε sweeps: what must rise, what is marked, what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from featgraph.dimension import EpsilonSweep, epsilon_sweep
from featgraph.graph import choose_epsilon, feature_graph


def features(n_nodes=40, n_samples=8, seed=0):
    return np.random.default_rng(seed).normal(size=(n_nodes, n_samples))


@pytest.fixture(scope="module")
def sweep():
    return epsilon_sweep(features(), n_steps=8, n_references=2, rng=0, progress=False)


def test_measures_are_those_of_the_graphs(sweep):
    for at, epsilon in enumerate(sweep.epsilons.tolist()):
        graph = feature_graph(features(), epsilon=epsilon)
        n_pairs = 40 * 39 / 2
        assert sweep.measures["density"][at] == pytest.approx(graph.n_edges / n_pairs)
        assert sweep.measures["n_components"][at] == graph.n_components


def test_density_and_the_giant_rise_and_components_fall(sweep):
    assert np.all(np.diff(sweep.epsilons) > 0)
    for name, sign in (("density", 1), ("giant_share", 1), ("n_components", -1)):
        assert np.all(sign * np.diff(sweep.measures[name]) >= 0)
    assert sweep.measures["density"][-1] >= 0.5


def test_percolation_is_a_step_and_is_marked(sweep):
    assert sweep.percolation in sweep.epsilons
    rows = sweep.to_rows()
    for row in rows:
        assert row["percolates"] == (row["n_components"] == 1)
    assert "at the threshold of percolation" in sweep.describe(sweep.percolation)


def test_undefined_measures_are_nan(sweep):
    # half of all pairs joined: a diameter of 2 or 3 leaves too few sizes to fit
    assert math.isnan(sweep.measures["dimension"][-1])
    assert sweep.verdicts[-1] == "no fit"


def test_same_seed_same_sweep(sweep):
    again = epsilon_sweep(features(), n_steps=8, n_references=2, rng=0, progress=False)
    np.testing.assert_array_equal(again.measures["sigma"], sweep.measures["sigma"])


def test_given_thresholds():
    matrix = features()
    from featgraph.distances import feature_distances

    low = choose_epsilon(feature_distances(matrix), ("degree", 1))
    found = epsilon_sweep(matrix, epsilons=[low / 100, low], n_references=0, progress=False)
    assert found.measures["density"][0] == 0
    assert math.isnan(found.measures["sigma"][1])
    assert found.verdicts[0] == "no fit"
    for bad in ([], [0.0, 1.0], [2.0, 1.0], [math.nan]):
        with pytest.raises(ValueError, match="epsilons must be finite, rising and above 0"):
            epsilon_sweep(matrix, epsilons=bad)


def test_constant_features_have_no_threshold():
    with pytest.raises(ValueError, match="all distances are 0"):
        epsilon_sweep(np.ones((4, 3)))


def test_written_and_read_back(sweep, tmp_path):
    again = EpsilonSweep.load(sweep.save(tmp_path / "sweep.json"))
    for name, values in sweep.measures.items():
        np.testing.assert_array_equal(again.measures[name], values)
    assert again.verdicts == sweep.verdicts
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(ValueError, match="bad.json must hold a saved EpsilonSweep"):
        EpsilonSweep.load(tmp_path / "bad.json")


def test_sigma_is_left_out_where_it_is_too_dense_and_says_so(sweep):
    dense = sweep.measures["density"] >= 0.25
    assert dense.any()
    assert np.isnan(sweep.measures["sigma"][dense]).all()
    notes = np.array([row["sigma_note"] for row in sweep.to_rows()])
    np.testing.assert_array_equal(notes == "too dense", dense)
    assert set(notes[~dense]) <= {"", "undefined"}


def test_references_move_no_box(sweep):
    alone = epsilon_sweep(features(), n_steps=8, n_references=0, rng=0, progress=False)
    np.testing.assert_array_equal(alone.measures["dimension"], sweep.measures["dimension"])


def test_the_picture_says_too_dense(sweep):
    from featgraph.plot import plot_epsilon_sweep

    _, axes = plot_epsilon_sweep(sweep)
    words = [[text.get_text() for text in ax.texts] for ax in axes]
    assert "too dense" in words[1]
    assert "too dense" not in words[0] + words[2]
