"""Boxes placed 504 nodes at a time are the boxes of one search per node."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given, strategies as st

from featgraph.boxes import box_counts
from featgraph.boxes.methods.greedy import fit_blocks, fit_nodes, prefer_blocks
from featgraph.boxes.metric_space import HopSpace
from featgraph.datasets import make_barabasi_albert
from featgraph.graph import as_feature_graph


@given(n_nodes=st.integers(1, 60), share=st.floats(0.01, 0.4), seed=st.integers(0, 99))
def test_blocks_give_the_boxes_of_searches(n_nodes, share, seed):
    space = HopSpace(as_feature_graph(nx.gnp_random_graph(n_nodes, share, seed=seed)))
    order = np.random.default_rng(seed).permutation(n_nodes)
    sizes = np.array([0, 1, 2, 3, 5, 9])
    one, two = (fit(space.rows(9), order, sizes) for fit in (fit_nodes, fit_blocks))
    assert np.array_equal(one[0], two[0])
    assert np.array_equal(one[1], two[1])


def test_blocks_continue_the_boxes_of_blocks_before():
    graph = make_barabasi_albert(1300, 3, rng=0)  # three blocks
    rows, order = HopSpace(graph).rows(4), np.random.default_rng(0).permutation(1300)
    sizes, told = np.array([1, 3, 4]), []
    one, two = fit_nodes(rows, order, sizes), fit_blocks(rows, order, sizes, told.append)
    assert np.array_equal(one[0], two[0])
    assert np.array_equal(one[1], two[1])
    assert len(told) == 3
    assert told[-1] == 1


def test_no_size_is_searched_from_every_node_where_balls_are_large(monkeypatch):
    graph = make_barabasi_albert(1500, 5, rng=0)
    space, searched = HopSpace(graph), []
    monkeypatch.setattr(
        "featgraph.boxes.methods.greedy.fit_nodes",
        lambda rows, order, sizes, note: searched.extend(sizes) or fit_nodes(rows, order, sizes),
    )
    counts = box_counts(graph, method="greedy", rng=0, progress=False)
    left = [size for size in counts.sizes if space.trivial_cover(size) is None]
    assert searched == [size for size in left if not prefer_blocks(space, size)]
    assert max(searched) <= 2
    assert len(left) > len(searched)
