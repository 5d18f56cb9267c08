"""Rules for ε against brute force over all thresholds, ties and precision included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.distances import gram
from featgraph.graph import _blocks, choose_epsilon, minimum_spanning_tree
from featgraph.graph._blocks import StoredBlocks, StreamedBlocks, kth_distance
from featgraph.graph.epsilon import EPSILON_RULES, describe_rule, find_epsilon, span_tree
from tests.naive import graphs as naive

torch = pytest.importorskip("torch")


@st.composite
def distance_matrices(draw, dtype=None):
    """Few distinct values, so that ties are the rule; zeros are duplicated neurons."""
    n_nodes = draw(st.integers(2, 9))
    values = st.sampled_from([0.0, 0.1, 0.5, 1.0, 1.5, 3.0]) | st.floats(0, 9, width=32)
    size = n_nodes * (n_nodes - 1) // 2
    upper = draw(st.lists(values, min_size=size, max_size=size).filter(any))
    matrix = np.zeros((n_nodes, n_nodes), dtype=dtype or draw(st.sampled_from(["f4", "f8"])))
    matrix[np.triu_indices(n_nodes, 1)] = upper
    return matrix + matrix.T


def just_above(matrix):
    return lambda value: float(np.nextafter(matrix.dtype.type(value), matrix.dtype.type(np.inf)))


def brute_force(matrix, reached):
    return naive.smallest_epsilon(matrix.tolist(), reached, just_above(matrix))


def largest_share(n_nodes, edges):
    labels = naive.components(n_nodes, edges)
    return max(labels.count(label) for label in labels)


@given(distance_matrices())
def test_percolation_is_the_smallest_that_connects(matrix):
    n_nodes = len(matrix)
    expected = brute_force(matrix, lambda edges: max(naive.components(n_nodes, edges)) == 0)
    assert choose_epsilon(matrix) == expected
    assert choose_epsilon(matrix, "mst") == expected


@given(distance_matrices(), st.integers(1, 20))
def test_giant_is_the_smallest_that_holds_the_share(matrix, twentieths):
    n_nodes = len(matrix)
    needed = max(2, -(-twentieths * n_nodes // 20))
    expected = brute_force(matrix, lambda edges: largest_share(n_nodes, edges) >= needed)
    assert choose_epsilon(matrix, ("giant", twentieths / 20)) == expected


@given(distance_matrices(), st.integers(1, 20))
def test_density_is_the_smallest_that_reaches_it(matrix, twentieths):
    n_pairs = len(matrix) * (len(matrix) - 1) // 2
    expected = brute_force(matrix, lambda edges: 20 * len(edges) >= twentieths * n_pairs)
    assert choose_epsilon(matrix, ("density", twentieths / 20)) == expected


@given(distance_matrices(), st.data())
def test_degree_is_the_smallest_that_reaches_it(matrix, data):
    n_nodes = len(matrix)
    quarters = data.draw(st.integers(1, 4 * (n_nodes - 1)))
    expected = brute_force(matrix, lambda edges: 8 * len(edges) >= quarters * n_nodes)
    assert choose_epsilon(matrix, ("degree", quarters / 4)) == expected


@given(distance_matrices(), st.integers(1, 20))
def test_quantile_is_that_of_numpy(matrix, twentieths):
    pairs = matrix[np.triu_indices(len(matrix), 1)].astype(float)
    expected = np.quantile(pairs, twentieths / 20)
    if expected == 0:
        with pytest.raises(ValueError, match="that many pairs of nodes are identical"):
            choose_epsilon(matrix, ("quantile", twentieths / 20))
    else:
        # both interpolate between the same two distances, in another order of operations
        np.testing.assert_allclose(
            choose_epsilon(matrix, ("quantile", twentieths / 20)), expected, rtol=1e-12
        )


@given(distance_matrices(), st.data())
def test_kth_distance_is_that_of_a_sort(matrix, data):
    pairs = np.sort(matrix[np.triu_indices(len(matrix), 1)])
    rank = data.draw(st.integers(1, pairs.size))
    assert kth_distance(StoredBlocks(matrix), rank) == pairs[rank - 1]


def test_negative_zero_is_the_smallest_distance():
    matrix = np.array([[0.0, -0.0, 1.0], [-0.0, 0.0, 2.0], [1.0, 2.0, 0.0]])
    assert kth_distance(StoredBlocks(matrix), 1) == 0.0


@given(distance_matrices())
def test_the_tree_is_minimal(matrix):
    tree = minimum_spanning_tree(matrix)
    assert tree.n_components == 1
    assert tree.n_edges == len(matrix) - 1
    assert sorted(tree.edge_weights.tolist()) == naive.tree_lengths(matrix.tolist())
    i, j = tree.edges.T
    np.testing.assert_array_equal(tree.edge_weights, matrix[i, j].astype(float))


@pytest.mark.parametrize("rule", ["percolation", ("giant", 0.4), ("density", 0.2), ("degree", 3)])
def test_rules_follow_scale_and_ignore_the_order_of_nodes(rule):
    points = np.random.default_rng(3).normal(size=(40, 5))
    matrix = np.linalg.norm(points[:, None] - points, axis=2)
    epsilon = choose_epsilon(matrix, rule)
    order = np.random.default_rng(4).permutation(40)
    assert choose_epsilon(matrix[np.ix_(order, order)], rule) == epsilon
    assert choose_epsilon(matrix * 4, rule) == 4 * epsilon  # a power of two changes no digit


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_blocks_streamed_from_features_give_the_same_answers(monkeypatch, dtype):
    monkeypatch.setattr(_blocks, "_BLOCK_NUMBERS", 200)
    monkeypatch.setattr(gram, "BLOCK_ELEMENTS", 200)
    features = torch.randn(50, 8, generator=torch.Generator().manual_seed(0), dtype=dtype)
    features[10:14] = features[13] + 100.0  # equal rows, far from the others
    streamed = StreamedBlocks(features, scaled=True)
    whole = (torch.cdist(features.double(), features.double()) / 8**0.5).to(dtype)
    # float32 distances agree to the rounding of one operation
    rtol = 1e-6 if dtype == torch.float32 else 1e-12
    for start, stop, block in streamed.blocks():
        np.testing.assert_allclose(block, whole[start:stop, start:], rtol=rtol, atol=1e-6)
    assert all(b.dtype == streamed.dtype for _, _, b in streamed.blocks())
    assert len(list(streamed.blocks())) > 1
    for name, parameter in (("percolation", 0), ("giant", 0.5), ("density", 0.1), ("degree", 4)):
        expected = find_epsilon(StoredBlocks(whole.numpy()), name, parameter)
        np.testing.assert_allclose(
            find_epsilon(streamed, name, parameter), expected, rtol=rtol, atol=1e-6
        )
    np.testing.assert_array_equal(span_tree(streamed)[1][:3], np.zeros(3))  # exact for equal rows


def test_tensors_and_arrays_agree():
    matrix = torch.cdist(torch.eye(4), torch.eye(4))
    assert choose_epsilon(matrix) == choose_epsilon(matrix.numpy())
    assert choose_epsilon(matrix.requires_grad_()) == choose_epsilon(matrix.detach().numpy())


@pytest.mark.parametrize("rule", ["percolation", ("density", 0.5), 0.3, "mst"])
def test_constant_features_have_no_threshold(rule):
    with pytest.raises(ValueError, match=r"all distances are 0 \(constant or identical features\)"):
        choose_epsilon(np.zeros((3, 3)), rule)


BAD_RULES = [
    ("percolate", "rule must be a number above 0.*got 'percolate'; did you mean 'percolation'"),
    ("density", r"rule must be a number.*'density' takes a parameter: \('density', number\)"),
    (("densty", 0.5), "did you mean 'density'"),
    (("percolation", 0.5), "rule must be a number above 0"),
    (("density", 0.5, 1), "rule must be a number above 0"),
    (None, "rule must be a number above 0.*got None"),
    (0, "rule must be a finite number above 0, got 0"),
    (-1.5, "rule must be a finite number above 0, got -1.5"),
    (float("nan"), "rule must be a finite number above 0, got nan"),
    (True, "rule must be a finite number above 0, got True"),
    (("density", 0), "density in rule must be a finite number above 0, got 0"),
    (("density", 1.5), "density in rule must be at most 1, got 1.5"),
    (("quantile", "half"), "quantile in rule must be a finite number above 0, got 'half'"),
    (("giant", 2), "giant in rule must be at most 1, got 2"),
    (("degree", 3), r"degree in epsilon must be at most n_nodes − 1 = 2, got 3"),
]


@pytest.mark.parametrize(("rule", "message"), BAD_RULES)
def test_bad_rules_are_refused(rule, message):
    with pytest.raises(ValueError, match=message):
        choose_epsilon(1 - np.eye(3), rule)


BAD_DISTANCES = [
    (np.zeros((2, 3)), "distances must be square, shape .*, of at least 2 nodes, got shape"),
    (np.zeros((1, 1)), "distances must be square, shape .*, of at least 2 nodes"),
    (np.array([[0, np.nan], [np.nan, 0]]), "distances must be finite and at least 0"),
    (np.array([[0, -1.0], [-1.0, 0]]), "distances must be finite and at least 0"),
    (np.array([[0, 1.0], [2.0, 0]]), "distances must be symmetric"),
    (np.array([[0, 1e-9], [2e-9, 0]]), "distances must be symmetric"),
]


@pytest.mark.parametrize(("matrix", "message"), BAD_DISTANCES)
def test_bad_distances_are_refused(matrix, message):
    with pytest.raises(ValueError, match=message):
        choose_epsilon(matrix)


def test_distances_are_real_numbers():
    with pytest.raises(
        TypeError, match="distances must be an array of real numbers, got an array of complex"
    ):
        choose_epsilon(np.eye(2) * 1j)


def test_rules_are_described_in_a_word():
    assert describe_rule(("degree", 8)) == "degree=8"
    assert {describe_rule((name, 0.5)).split("=")[0] for name in ("density", "giant")} == {
        "density",
        "giant",
    }
    rules = {"percolation", "mst", "density", "degree", "quantile", "giant", "neighbors"}
    assert set(EPSILON_RULES) == rules
