"""Core numbers against networkx."""

from __future__ import annotations

import networkx as nx
from hypothesis import given, strategies as st

from featgraph.graph import as_feature_graph, find_cores


@given(st.integers(0, 10**6), st.integers(1, 20), st.floats(0, 1))
def test_agrees_with_networkx(seed, n_nodes, p):
    graph = nx.gnp_random_graph(n_nodes, p, seed=seed)
    assert find_cores(as_feature_graph(graph)).tolist() == list(nx.core_number(graph).values())
