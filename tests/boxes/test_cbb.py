"""Compact box burning replayed by its slow twin."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given, strategies as st

from featgraph.boxes import box_cover
from featgraph.boxes.bits import spread_bits
from featgraph.boxes.methods.cbb import _burn, _burn_bits
from featgraph.boxes.metric_space import open_graph_space
from tests.naive import boxes as naive


@given(seed=st.integers(0, 10**6), n_nodes=st.integers(1, 16), size=st.integers(1, 4))
def test_replays_as_the_definition(seed, n_nodes, size):
    graph = nx.gnp_random_graph(n_nodes, 0.2, seed=seed)
    dist = naive.hop_distances(n_nodes, graph.edges)
    rows = open_graph_space(graph, weight=None, as_undirected=False).rows(size)
    draws = np.random.default_rng(seed).random(n_nodes)
    bits = spread_bits(rows.starts, rows.stops, rows.indices, rows.hops)
    state = np.array([seed + 1])
    for labels, order in (_burn(*rows, draws), _burn_bits(bits, state)):
        check_replay(dist, size, labels, order)


def check_replay(dist, size, labels, order):
    place = {int(v): k for k, v in enumerate(order)}
    # the twin's draw takes the candidate that the kernel drew first: equal labels mean that
    # every draw was a candidate and every box ended only when there was none
    expected = naive.cbb(dist, size, lambda candidates: min(candidates, key=place.__getitem__))
    assert labels.tolist() == expected


def test_first_draw_is_uniform():
    star = nx.star_graph(3)
    first = [int(box_cover(star, 1, method="cbb", rng=seed).labels[0] == 0) for seed in range(400)]
    # the hub is in the first box if drawn first (1/4), or drawn after a leaf, its only
    # candidate at size 1: always. A leaf is in it with the hub.
    assert sum(first) == 400
    masses = [box_cover(star, 1, method="cbb", rng=seed).labels[1] == 0 for seed in range(400)]
    # leaf 1 shares the first box if drawn first (1/4) or second after the hub (1/4 * 1/3)
    assert abs(np.mean(masses) - 1 / 3) < 4 * np.sqrt(2 / 9 / 400)
