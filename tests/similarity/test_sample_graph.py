"""Graph-based similarity: graphs of samples, LSim, label motifs, class modularity, matching."""

from __future__ import annotations

from fractions import Fraction

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from featgraph import similarity as sim
from featgraph.features import FeatureMatrix
from featgraph.similarity.neighbors import neighbor_lists
from tests.naive import similarity as naive


@st.composite
def samples(draw, *, count=1):
    n = draw(st.integers(4, 12))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    layers = [rng.normal(size=(n, draw(st.integers(2, 5)))) for _ in range(count)]
    top_k = draw(st.one_of(st.none(), st.integers(1, n - 1)))
    return (*layers, top_k)


@given(case=samples())
def test_adjacency_equals_naive(case):
    X, top_k = case
    ours = sim.sample_adjacency(X, top_k=top_k)
    np.testing.assert_allclose(ours.numpy(), naive.adjacency(X, top_k), atol=1e-12)
    assert torch.equal(ours, ours.T)
    assert not ours.diagonal().any()


@given(case=samples(count=2))
def test_lsim_equals_naive(case):
    X, Y, top_k = case
    assert sim.lsim(X, Y, top_k=top_k) == pytest.approx(naive.lsim(X, Y, top_k), abs=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equal_cosines_of_whole_numbers_are_taken_in_order(dtype):
    wrong = 0
    for seed in range(20):
        X = np.random.default_rng(seed).integers(0, 4, size=(40, 5))
        X[(X == 0).all(axis=1)] = 1
        inner = (X @ X.T).tolist()

        def place(i, inner=inner):
            others = (j for j in range(40) if j != i)
            cosines = {j: Fraction(inner[i][j] ** 2, inner[i][i] * inner[j][j]) for j in others}
            return sorted(cosines, key=lambda j: (-cosines[j], j))

        near = [place(i)[:10] for i in range(40)]
        kept = np.zeros((40, 40))
        for row, chosen in zip(kept, near, strict=True):
            row[chosen] = 1
        found = sim.sample_adjacency(torch.as_tensor(X).to(dtype), top_k=10) > 0
        wrong += not np.array_equal(found, (kept + kept.T) * inner > 0)
        lists = neighbor_lists(torch.as_tensor(X).to(dtype), 10, "cosine")
        wrong += lists.tolist() != [sorted(row) for row in near]
    assert wrong <= 2  # of 40: rounding may yet split what is equal


def test_lsim_is_the_published_mean_of_row_cosines():
    """Three samples in the plane at 0°, 60° and 90°, against the same turned to 0°, 90°, 60°."""
    X = np.array([[1, 0], [0.5, np.sqrt(3) / 2], [0, 1]])
    Y = X[[0, 2, 1]]
    a, b, c = 0.5, np.sqrt(3) / 2, 0.0  # cosines 1–2, 2–3, 1–3
    rows = (
        (a * c + c * a) / (a * a + c * c),
        (a * c + b * b) / np.sqrt((a * a + b * b) * (c * c + b * b)),
        (c * a + b * b) / np.sqrt((c * c + b * b) * (a * a + b * b)),
    )
    assert sim.lsim(X, Y) == pytest.approx(np.mean(rows), abs=1e-12)


def test_lsim_is_not_invariant_to_translation():
    X = np.random.default_rng(0).normal(size=(20, 4))
    assert sim.lsim(X, X + 3) < 0.9
    assert sim.cka(X, X + 3) == pytest.approx(1.0)


def test_dead_samples_stay_isolated_with_a_warning():
    X = np.random.default_rng(1).normal(size=(6, 3))
    dead = X.copy()
    dead[2] = 0
    with pytest.warns(UserWarning, match="Y holds 1 samples whose features are all zero .* 2") as w:
        score = sim.lsim(X, dead)
    assert w[0].filename == __file__
    with pytest.warns(UserWarning, match="all zero"):
        assert sim.lsim(dead, dead * 2) == pytest.approx(1.0)
    assert score == pytest.approx(naive.lsim(X, dead))


def test_bad_sizes_are_named():
    X = np.random.default_rng(0).normal(size=(5, 3))
    with pytest.raises(ValueError, match="top_k must be less than the number of samples, got 5"):
        sim.lsim(X, X, top_k=5)
    with pytest.raises(ValueError, match="top_k must be a whole number of at least 1, got 0"):
        sim.sample_adjacency(X, top_k=0)
    with pytest.raises(ValueError, match="at least 3 samples .* only neighbour"):
        sim.lsim(X[:2], X[:2])


def test_sample_graph_feeds_the_other_stages():
    from featgraph.boxes import box_counts

    F = FeatureMatrix.from_array(np.random.default_rng(2).normal(size=(6, 40)), layer="conv")
    graph = sim.sample_graph(F, top_k=3)
    adjacency = sim.sample_adjacency(F, top_k=3).numpy()
    assert graph.layer == "conv"
    assert graph.n_nodes == 40
    assert graph.n_edges == np.sum(np.triu(adjacency > 0))
    cosine = sim.sample_adjacency(F).numpy()
    for (i, j), weight in zip(graph.edges, graph.edge_weights, strict=True):
        assert weight == pytest.approx(1 - cosine[i, j])
    counts = box_counts(graph, sizes=[0, 1, 2], weight="ignore", rng=0)
    assert counts.counts[0] == 40
    assert (np.diff(counts.counts) < 0).all()


@settings(max_examples=25)
@given(case=samples(), seed=st.integers(0, 1000))
def test_label_motifs_equal_naive(case, seed):
    X, top_k = case
    labels = np.random.default_rng(seed).integers(3, size=len(X))
    ours = sim.count_label_motifs(X, labels, top_k=top_k or 2)
    assert [ours.n_same, ours.n_pair, ours.n_distinct] == naive.label_motifs(X, labels, top_k or 2)
    assert ours.n_triangles == sum(naive.label_motifs(X, labels, top_k or 2))
    if ours.n_triangles:
        assert sum(ours.shares) == pytest.approx(1.0)


@settings(max_examples=25)
@given(case=samples(), seed=st.integers(0, 1000))
def test_class_modularity_equals_naive_and_networkx(case, seed):
    X, top_k = case
    X = np.abs(X)  # all cosines positive
    labels = np.random.default_rng(seed).integers(3, size=len(X))
    adjacency = np.array(naive.adjacency(X, top_k))
    ours = sim.class_modularity(X, labels, top_k=top_k)
    assert ours == pytest.approx(naive.modularity(adjacency.tolist(), labels), abs=1e-12)
    graph = nx.from_numpy_array(adjacency)
    classes = [set(np.flatnonzero(labels == c).tolist()) for c in np.unique(labels)]
    assert ours == pytest.approx(nx.community.modularity(graph, classes), abs=1e-12)


def test_modularity_says_what_it_does_with_negative_cosines():
    X = np.array([[1.0, 0], [1, 0.1], [-1, 0.2], [-1, 0.1]])
    with pytest.warns(UserWarning, match="4 pairs of samples have a negative cosine"):
        assert sim.class_modularity(X, ["a", "a", "b", "b"], top_k=None) == pytest.approx(0.5)
    with pytest.raises(ValueError, match=r"one class per sample of X, shape \(4,\), got \(3,\)"):
        sim.class_modularity(X, [0, 0, 1], top_k=1)
    opposite = np.array([[1.0, 0], [-1, 0], [0.0, 0]])
    with (
        pytest.warns(UserWarning, match="negative|zero"),
        pytest.raises(ValueError, match="edge of positive cosine, got none"),
    ):
        sim.class_modularity(opposite, [0, 0, 1], top_k=None)


def test_layer_matching_of_known_tables():
    same = sim.match_layers(np.eye(6), rng=0)
    assert (same.accuracy, same.mean_offset) == (1.0, 0.0)
    assert same.p_value == pytest.approx(1 / 1000, abs=2.1e-3)  # 1 of 720 relabellings
    assert same.baseline == pytest.approx(1 / 6, abs=0.03)
    one_column = np.zeros((6, 6))
    one_column[:, 2] = 1
    stuck = sim.match_layers(one_column, rng=0)
    assert stuck.accuracy == pytest.approx(1 / 6)
    assert stuck.p_value == 1.0
    distances = 1 - np.eye(6)
    assert sim.match_layers(distances, larger_is_more_similar=False, rng=0).accuracy == 1.0
    assert sim.match_layers(np.eye(3), rng=5).p_value == sim.match_layers(np.eye(3), rng=5).p_value


def test_layer_matching_refuses_tables_it_cannot_match():
    with pytest.raises(ValueError, match=r"square with at least 2 layers.*\(2, 3\)"):
        sim.match_layers(np.ones((2, 3)))
    with pytest.raises(ValueError, match="must be finite"):
        sim.match_layers([[1.0, np.nan], [0.0, 1.0]])
