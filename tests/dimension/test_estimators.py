"""The estimators for scikit-learn keep its rules and give what the functions give."""

from __future__ import annotations

import warnings

import networkx as nx
import numpy as np
import pytest
from sklearn.cluster import DBSCAN
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import check_estimator

from featgraph.boxes import box_counts
from featgraph.dimension import BoxDimension, fit_dimension
from featgraph.graph import FeatureNetwork, feature_graph


@pytest.fixture
def points():
    return np.random.default_rng(0).normal(size=(60, 5))


@pytest.mark.parametrize("estimator", [FeatureNetwork(), BoxDimension()], ids=repr)
def test_all_checks_of_scikit_learn_hold(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of checks that need other settings of scipy
        results = check_estimator(estimator, on_skip=None)
    assert {row["status"] for row in results} <= {"passed", "skipped"}
    assert len(results) > 35


def test_the_network_is_that_of_feature_graph(points):
    network = FeatureNetwork().fit(points)
    graph = feature_graph(points)
    np.testing.assert_array_equal(network.graph_.edges, graph.edges)
    assert network.epsilon_ == pytest.approx(graph.epsilon, rel=1e-12)
    links = network.transform(points)
    np.testing.assert_allclose(links.toarray(), graph.to_scipy().toarray(), rtol=1e-12)
    assert links.nnz == 2 * graph.n_edges + graph.n_nodes  # distances of 0 are stored


@pytest.mark.parametrize("rule", ["mst", ("neighbors", 3)])
def test_rules_that_choose_single_edges_are_refused(points, rule):
    with pytest.raises(ValueError, match="epsilon must be a threshold or a rule for one"):
        FeatureNetwork(rule).fit(points)


def test_the_dimension_of_points_and_of_graphs(points):
    fitted = BoxDimension(random_state=0).fit(points)
    assert fitted.counts_.space == "metric"
    assert (fitted.dimension_, fitted.verdict_) == (fitted.fit_.dimension, fitted.fit_.verdict)
    graph = nx.random_labeled_tree(300, seed=0)
    by_estimator = BoxDimension("memb", metric="precomputed", random_state=0).fit(
        nx.to_scipy_sparse_array(graph)
    )
    seed = np.random.RandomState(0).randint(2**31 - 1)
    counts = box_counts(graph, method="memb", rng=int(seed))
    np.testing.assert_array_equal(by_estimator.counts_.counts, counts.counts)
    assert by_estimator.dimension_ == fit_dimension(counts).dimension


def test_one_pipeline_from_rows_to_d_b():
    line = np.arange(100.0)[:, None]
    box = BoxDimension("optimum", metric="precomputed", window=(1, 9), random_state=0)
    # the least number of boxes of a path is 100 / (ℓ + 1), rounded up
    fitted = make_pipeline(FeatureNetwork(1.5), box).fit(line)[-1]
    assert fitted.counts_.counts.tolist()[:5] == [100, 50, 34, 25, 20]
    assert fitted.dimension_ == pytest.approx(1.0, abs=0.05)


@pytest.mark.filterwarnings("ignore:Precomputed sparse input was not sorted")
def test_other_estimators_take_the_network():
    X = np.array([[0.0], [0.0], [0.1], [5.0], [5.1]])
    links = FeatureNetwork(0.5).fit_transform(X)
    labels = DBSCAN(eps=0.5, min_samples=2, metric="precomputed").fit_predict(links)
    assert labels.tolist() == [0, 0, 0, 1, 1]


def test_a_graph_must_be_square(points):
    with pytest.raises(ValueError, match=r"X must be square .* got shape \(60, 5\)"):
        BoxDimension(metric="precomputed").fit(points)
    with pytest.raises(ValueError, match="metric must be one of"):
        BoxDimension(metric="cosine").fit(points)


@pytest.mark.parametrize("scale", [1e-300, 1e-8, 1e300])
def test_networks_do_not_depend_on_units(points, scale):
    graph = FeatureNetwork().fit(points).graph_
    np.testing.assert_array_equal(FeatureNetwork().fit(scale * points).graph_.edges, graph.edges)


def test_parameters_and_rows_are_named(points):
    with pytest.raises(ValueError, match="repeats must be a whole number of at least 1, got 0"):
        BoxDimension(repeats=0).fit(points)
    with pytest.raises(ValueError, match=r"random_state must be .* at least 0, got -1"):
        BoxDimension(random_state=-1).fit(points)
    hidden = np.ma.masked_array(points, mask=points > 1)
    with pytest.raises(ValueError, match="X must hold real numbers, got a masked array"):
        FeatureNetwork().fit(hidden)
