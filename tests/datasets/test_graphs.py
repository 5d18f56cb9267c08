"""Plain graphs against networkx and published diameters."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from featgraph.datasets import (
    load_karate,
    make_barabasi_albert,
    make_complete,
    make_cycle,
    make_flower,
    make_lattice,
    make_path,
    make_petersen,
    make_song_havlin_makse,
    make_star,
    make_tree,
    make_watts_strogatz,
)
from tests.naive import graphs as naive


def diameter(graph):
    return naive.diameter(graph.n_nodes, graph.edges.tolist())


def isomorphic(graph, other):
    return nx.is_isomorphic(graph.to_networkx(), other)


@pytest.mark.parametrize("n_nodes", [1, 2, 3, 6])
def test_simple_families(n_nodes):
    assert isomorphic(make_path(n_nodes), nx.path_graph(n_nodes))
    assert isomorphic(make_star(n_nodes), nx.star_graph(n_nodes - 1))
    assert isomorphic(make_complete(n_nodes), nx.complete_graph(n_nodes))
    if n_nodes >= 3:
        assert isomorphic(make_cycle(n_nodes), nx.cycle_graph(n_nodes))


def test_single_graphs():
    assert isomorphic(make_petersen(), nx.petersen_graph())
    karate = load_karate()
    assert isomorphic(karate, nx.karate_club_graph())
    assert karate.weights is None
    assert karate.node_attributes["club"][0] == "Mr. Hi"


@pytest.mark.parametrize(("height", "branching"), [(0, 2), (4, 2), (3, 3), (5, 1)])
def test_trees(height, branching):
    tree = make_tree(height, branching=branching)
    assert isomorphic(tree, nx.balanced_tree(branching, height))
    assert diameter(tree) == (height if branching == 1 else 2 * height)


@pytest.mark.parametrize("shape", [(5, 5), (2, 3, 4), (1, 4), (2, 2, 2, 2), (3,)])
@pytest.mark.parametrize("periodic", [False, True])
def test_lattices_agree_with_networkx(shape, periodic):
    graph = make_lattice(shape, periodic=periodic)
    wraps = [periodic and side > 2 for side in shape]
    assert isomorphic(graph, nx.grid_graph(shape[::-1], periodic=wraps[::-1]))
    steps = np.abs(np.diff(graph.node_attributes["position"][graph.edges], axis=1))[:, 0]
    assert ((steps == 0).sum(axis=1) == len(shape) - 1).all()


def test_a_lattice_may_wrap_along_one_axis():
    assert isomorphic(
        make_lattice((3, 4), periodic=(False, True)), nx.grid_graph([4, 3], (True, False))
    )


def test_every_generator_says_what_it_made():
    made = [make_path(3), make_star(3), make_complete(3), make_tree(2), make_petersen()]
    assert len({graph.source for graph in made}) == len(made)


def test_a_large_lattice_is_made_at_once():
    assert make_lattice((400, 400)).n_edges == 2 * 400 * 399


BAD = [
    (lambda: make_path(0), "n_nodes must be a whole number of at least 1, got 0"),
    (lambda: make_cycle(2), "n_nodes must be a whole number of at least 3, got 2"),
    (lambda: make_lattice(()), "shape must have at least 1 axis"),
    (lambda: make_lattice((3, 0)), "shape must be a whole number of at least 1, got 0"),
    (
        lambda: make_lattice((3, 3), periodic=(True,)),
        r"periodic must have one entry per axis \(2\)",
    ),
    (lambda: make_lattice((10**6, 10**6)), r"would have 2e\+12 edges, more than"),
    (lambda: make_complete(10**6), r"complete\(1000000\) would have 5e\+11 edges"),
    (lambda: make_tree(-1), "height must be a whole number of at least 0, got -1"),
    (lambda: make_tree(10**6), "tree would have"),
]


@pytest.mark.parametrize(("make", "message"), BAD)
def test_bad_parameters(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: make_path(10**6),
        lambda: make_cycle(10**6),
        lambda: make_star(10**6),
        lambda: make_complete(2000),
        lambda: make_tree(20),
        lambda: make_lattice((1000, 1000)),
        lambda: make_flower(2, 2, 10),
        lambda: make_song_havlin_makse(2, 1, 9),
        lambda: make_barabasi_albert(10**6, 2, rng=0),
        lambda: make_watts_strogatz(10**6, 4, 0.1, rng=0),
    ],
)
def test_a_graph_that_does_not_fit_is_refused_before_it_is_made(make, monkeypatch):
    monkeypatch.setenv("FEATGRAPH_MEMORY", "0.05")
    # large whole numbers are named as the argument at fault
    with pytest.raises(
        (MemoryError, ValueError), match=r"edges, would take 0\.\d+ GiB, .* choose fewer"
    ):
        make()
