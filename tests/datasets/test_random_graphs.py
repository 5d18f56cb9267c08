"""Random graphs: their slow twin, and what their definition fixes."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from featgraph.datasets import make_barabasi_albert, make_watts_strogatz
from featgraph.datasets.graph_models import _attach
from tests.naive import graphs as naive


@pytest.mark.parametrize(("n_nodes", "m"), [(2, 1), (30, 1), (30, 3), (5, 4)])
def test_barabasi_albert_equals_its_twin(n_nodes, m):
    rng = np.random.default_rng(0)
    draws = rng.random(100 * n_nodes)
    ends = np.empty(2 * m * (n_nodes - m), dtype=np.int64)
    assert _attach(n_nodes, m, draws, ends) >= 0
    assert ends.reshape(-1, 2).tolist() == [
        list(edge) for edge in naive.preferential_edges(n_nodes, m, draws)
    ]


def test_barabasi_albert():
    graph = make_barabasi_albert(2000, 3, rng=0)
    assert (graph.n_edges, graph.n_components) == (3 * 1997, 1)
    assert graph.degrees.min() == 3
    assert graph.degrees.max() > 60  # a hub: Poisson degrees of mean 6 stay below 25
    np.testing.assert_array_equal(make_barabasi_albert(2000, 3, rng=0).indices, graph.indices)


def test_too_few_draws_are_told():
    assert _attach(10, 2, np.zeros(0), np.empty(32, dtype=np.int64)) == -1


@pytest.mark.parametrize("p", [0.0, 0.1, 1.0])
@pytest.mark.parametrize(("n_nodes", "k"), [(8, 4), (50, 6)])
def test_watts_strogatz(n_nodes, k, p):
    graph = make_watts_strogatz(n_nodes, k, p, rng=0)
    assert graph.n_edges == n_nodes * k // 2
    ring = nx.watts_strogatz_graph(n_nodes, k, 0)
    n_kept = len({tuple(e) for e in graph.edges.tolist()} & {tuple(sorted(e)) for e in ring.edges})
    assert (n_kept == graph.n_edges) == (p == 0)
    again = make_watts_strogatz(n_nodes, k, p, rng=0)
    np.testing.assert_array_equal(again.indices, graph.indices)


BAD = [
    (lambda: make_barabasi_albert(3, 3), "n_nodes must be above m=3, got 3"),
    (lambda: make_watts_strogatz(10, 3, 0.1), "k must be even and n_nodes at least 2k, got k=3"),
    (lambda: make_watts_strogatz(7, 4, 0.1), "k must be even and n_nodes at least 2k"),
    (lambda: make_watts_strogatz(10, 4, 1.5), r"p must lie in \[0, 1\], got 1.5"),
]


@pytest.mark.parametrize(("make", "message"), BAD)
def test_bad_parameters(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("seed", [18, 0, 1, 2])
def test_the_smallest_watts_strogatz_graphs_end(seed):
    """Three rewired edges can leave the fourth no place; then all are drawn anew."""
    graph = make_watts_strogatz(4, 2, 1.0, rng=seed)
    assert (graph.n_nodes, graph.n_edges) == (4, 4)


def test_a_search_without_end_is_given_up(monkeypatch):
    monkeypatch.setattr("featgraph.datasets.graph_models._N_ROUNDS", 1)
    with pytest.raises(ValueError, match="found no simple graph for n_nodes=4, k=2, p=1 in 1"):
        make_watts_strogatz(4, 2, 1.0, rng=18)
