"""A layer by its distances alone: every stage gives what it gives for the features."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import featgraph as fg
from featgraph.distances import as_distance_matrix
from featgraph.features import FeatureMatrix
from featgraph.pipeline import AnalysisSettings
from featgraph.selfsimilarity import compare_with_null, compare_with_nulls


@pytest.fixture
def features() -> FeatureMatrix:
    """Return 40 nodes, two of them equal and one silent, over 90 samples."""
    values = np.random.default_rng(0).normal(size=(40, 90)) * np.linspace(1, 4, 40)[:, None]
    values[1] = values[0]
    values[2] = 0.5
    return FeatureMatrix.from_array(values, layer="conv", source="net")


def test_it_keeps_what_is_known_of_the_features(features):
    C = as_distance_matrix(features)
    assert repr(C) == (
        "DistanceMatrix(n_nodes=40, n_samples=90, dtype=float64, layer='conv', source='net')"
    )
    assert as_distance_matrix(C) is C
    assert torch.equal(C.values, fg.feature_distances(features))
    assert C.is_silent.nonzero().flatten().tolist() == [2]
    with pytest.raises(TypeError, match="features must be a FeatureMatrix, a DistanceMatrix or an"):
        as_distance_matrix("layer")  # type: ignore[arg-type]
    listed = as_distance_matrix(features.values.tolist())  # type: ignore[arg-type]
    assert torch.equal(listed.values, C.values)


@pytest.mark.parametrize("rule", ["percolation", ("degree", 4), "mst", 3.0])
@pytest.mark.parametrize("scaled", [True, False])
def test_the_graph_is_that_of_the_features(features, rule, scaled):
    graph = fg.feature_graph(features, epsilon=rule, scaled=scaled)
    other = fg.feature_graph(as_distance_matrix(features), epsilon=rule, scaled=scaled)
    assert np.array_equal(graph.edges, other.edges)
    # Unscaled distances are C times √B here, and never divided there.
    np.testing.assert_allclose(other.weights, graph.weights, rtol=1e-12)
    for name in ("neuron", "mean_activation", "std_activation"):
        # The same sums in another order.
        np.testing.assert_allclose(
            graph.node_attributes[name], other.node_attributes[name], rtol=1e-12
        )
    assert (graph.layer, graph.source) == (other.layer, other.source)


def test_later_stages_give_the_same(features):
    C = as_distance_matrix(features)
    sizes = np.linspace(0.5, 6, 12)
    counts = [fg.box_counts(x, sizes=sizes, rng=0, progress=False) for x in (features, C)]
    assert np.array_equal(counts[0].counts, counts[1].counts)
    tables = [fg.compare_dimensions(x, n_theta=16, rng=0, progress=False) for x in (features, C)]
    assert tables[0].rows == tables[1].rows
    sweeps = [
        fg.epsilon_sweep(x, n_steps=3, n_references=1, scaled=False, progress=False)
        for x in (features, C)
    ]
    np.testing.assert_allclose(sweeps[0].epsilons, sweeps[1].epsilons, rtol=1e-12)


@pytest.mark.parametrize("n_samples", [6, 90])
def test_gaussian_null_needs_the_spectrum_alone(features, n_samples):
    F = FeatureMatrix(features.values[:, :n_samples])
    found = [
        compare_with_null(x, estimator="linkage", n_draws=199, rng=0)
        for x in (F, as_distance_matrix(F))
    ]
    assert found[0].rate == pytest.approx(found[1].rate, rel=1e-12)
    # Two samples of 199 draws of one distribution: means differ by 0.1 sd (one sigma), sds by 7 %.
    assert abs(found[0].mean - found[1].mean) < 0.4 * found[0].sd
    assert found[1].sd == pytest.approx(found[0].sd, rel=0.3)


def test_what_needs_activations_says_so(features):
    C = as_distance_matrix(features)
    with pytest.raises(ValueError, match=r"must not hold .shuffled. for a DistanceMatrix"):
        compare_with_nulls(C, nulls=("gaussian", "shuffled"), n_draws=2)
    with pytest.raises(ValueError, match="normalize must be 'none' for distances"):
        fg.feature_graph(C, normalize="node")
    with pytest.raises(TypeError, match="got DistanceMatrix"):
        fg.ss_rate(C)


def test_an_analysis_of_distances_leaves_out_the_shuffled_null_and_says_why(features):
    settings = AnalysisSettings(n_theta=16, n_null=2, n_sweep=2)
    whole = fg.analyze({"conv": features}, settings=settings, progress=False)
    report = fg.analyze(
        {"conv": as_distance_matrix(features)}, settings=settings, progress=False, title="mine"
    )
    (row,), (other,) = whole.layer_rows(), report.layer_rows()
    assert any("shuffled" in name for name in row)
    assert not any("shuffled" in name for name in other)
    assert "shuffled activations" in report.notes[-1]
    assert whole.notes == ()
    # Draws of the null model are others where the spectrum comes from distances.
    drawn = {"leverage_z", "ruled_by_few"}
    same = [name for name in other if "null" not in name and name not in drawn | {"seconds"}]
    assert {name: row[name] for name in same} == {name: other[name] for name in same}
