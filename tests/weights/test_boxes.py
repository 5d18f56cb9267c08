"""Boxes on networks of weights, by lengths 1/|w|: proven minima and verdicts that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from torch import nn

import featgraph as fg
from tests.naive import boxes as naive, optimum


def stack(matrices):
    """A network of linear maps with these weights, shapes (n_out, n_in)."""
    net = nn.Sequential(*[nn.Linear(m.shape[1], m.shape[0], bias=False) for m in matrices])
    for layer, matrix in zip(net, matrices, strict=True):
        layer.weight.data = torch.as_tensor(matrix, dtype=torch.float64)
    return net


def path(lengths):
    """One neuron per layer: the network is a path of these lengths."""
    return fg.weight_graph(stack([np.full((1, 1), 1 / length) for length in lengths]))


@pytest.mark.parametrize("size", [0, 3.9, 4, 8, 20, 41, 400])
def test_the_minimum_of_a_chain_of_equal_weights_is_known(size):
    graph = path([4.0] * 63)  # 64 neurons; a box of size ℓ holds ℓ/4 + 1 of them
    found = fg.minimum_box_counts(graph, weight="length", sizes=[size], time_limit=20)
    minimum = math.ceil(64 / (size // 4 + 1))
    assert found.counts.tolist() == found.lower_bounds.tolist() == [minimum]


@settings(max_examples=15)
@given(lengths=st.lists(st.integers(1, 9), min_size=2, max_size=14), size=st.integers(0, 30))
def test_the_minimum_of_a_chain_of_unequal_weights_equals_filling_boxes_from_one_end(lengths, size):
    places, n_boxes, start = np.cumsum([0, *lengths]).tolist(), 0, -math.inf
    for place in places:
        if place - start > size:
            n_boxes, start = n_boxes + 1, place
    # whole lengths have weights that are no whole numbers: a little room for rounding
    found = fg.minimum_box_counts(path(lengths), weight="length", sizes=[size + 1e-6], time_limit=9)
    assert found.counts.tolist() == found.lower_bounds.tolist() == [n_boxes]


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10**6), share=st.floats(0.05, 0.95))
def test_the_minimum_of_a_dense_network_equals_trying_all(seed, share):
    rng = np.random.default_rng(seed)
    graph = fg.weight_graph(stack([rng.normal(size=(4, 3)), rng.normal(size=(3, 4))]))
    edges = dict(zip(map(tuple, graph.edges.tolist()), graph.edge_weights.tolist(), strict=True))
    table = naive.weighted_distances(graph.n_nodes, edges)
    apart = sorted({d for row in table for d in row if 0 < d < math.inf})
    size = apart[int(share * len(apart))] * (1 + 1e-9)
    found = fg.minimum_box_counts(graph, weight="length", sizes=[size], time_limit=9)
    expected = optimum.smallest_clique_cover(optimum.relation(table, size))
    assert found.counts.tolist() == found.lower_bounds.tolist() == [expected]


def test_a_chain_is_fractal_of_dimension_1():
    counts = fg.box_counts(path([4.0] * 255), weight="length", rng=0)
    found = fg.fractality(counts, rng=0)
    assert found.verdict == "fractal"
    assert found.dimension == pytest.approx(1, abs=0.12)


def test_a_network_that_branches_at_every_layer_is_not_fractal():
    tree = [0.25 * np.kron(np.eye(2**k), np.ones((2, 1))) for k in range(9)]
    graph = fg.weight_graph(stack(tree))
    assert (graph.n_nodes, graph.n_edges) == (1023, 1022)  # a weight of 0 joins nothing
    counts = fg.box_counts(graph, weight="length", sizes=np.arange(4, 80, 4), rng=0)
    assert fg.fractality(counts, rng=0).verdict == "not fractal"


def test_the_verdict_follows_the_lengths_not_the_hops():
    """Lengths that grow by a factor from layer to layer leave a chain no power law."""
    lengths = 1.25 ** np.arange(60)
    counts = fg.box_counts(path(lengths), weight="length", rng=0)
    assert fg.fractality(counts, rng=0).verdict != "fractal"
    hops = fg.box_counts(path(lengths), weight="ignore", rng=0)
    assert fg.fractality(hops, rng=0).verdict == "fractal"
