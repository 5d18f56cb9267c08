"""Graphs with known answers: counts, diameters and structure as published."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from featgraph.datasets import graphs
from featgraph.datasets.graphs import (
    load_karate,
    make_complete,
    make_cycle,
    make_flower,
    make_lattice,
    make_path,
    make_petersen,
    make_song_havlin_makse,
    make_star,
    make_tree,
)
from featgraph.datasets.random_graphs import _attach, make_barabasi_albert, make_watts_strogatz
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


@pytest.mark.parametrize(
    ("u", "v", "diameters"), [(2, 2, [2, 4, 8, 16]), (2, 3, [2, 6, 13, 27]), (1, 2, [1, 2, 3, 4])]
)
def test_flowers_have_the_published_sizes(u, v, diameters):
    w = u + v
    for generation, expected in enumerate(diameters, start=1):
        flower = make_flower(u, v, generation)
        assert flower.n_edges == w**generation
        assert flower.n_nodes == ((w - 2) * w**generation + w) // (w - 1)
        assert flower.n_components == 1
        if u > 1 or generation <= 2:
            assert diameter(flower) == expected


@pytest.mark.parametrize(("u", "v", "generation"), [(1, 2, 3), (2, 2, 3), (2, 3, 2), (1, 3, 2)])
def test_flowers_by_replacing_edges_one_by_one(u, v, generation):
    n_nodes, edges = naive.flower_edges(u, v, generation)
    other = nx.Graph(edges)
    assert len(other) == n_nodes
    assert isomorphic(make_flower(u, v, generation), other)


def test_the_largest_published_flower_diameter():
    assert make_flower(2, 3, 5).to_igraph().diameter() == 55


@pytest.mark.parametrize("m", [1, 2, 3])
def test_song_havlin_makse_grows_as_published(m):
    n_nodes, apart, close = 2, 1, 1
    for generation in range(4):
        fractal = make_song_havlin_makse(m, 1, generation)
        hubs = make_song_havlin_makse(m, 1, generation, keep=1.0)
        assert fractal.n_nodes == hubs.n_nodes == n_nodes
        for tree in (fractal, hubs):
            assert (tree.n_edges, tree.n_components) == (n_nodes - 1, 1)
        assert fractal.to_igraph().diameter() == apart
        assert hubs.to_igraph().diameter() == close
        # with m = x = 1 every leaf ends a bridge, none is left to stand out
        n_nodes, apart = (2 * m + 1) * n_nodes - 2 * m, 3 * apart + (2 if m > 1 else 0)
        close += 2


def test_song_havlin_makse_with_more_bridges():
    graph = make_song_havlin_makse(3, 2, 3)
    assert graph.n_edges == (2 * 3 + 2) ** 3
    assert graph.n_components == 1


def test_song_havlin_makse_in_between_is_random_and_repeatable():
    first = make_song_havlin_makse(2, 1, 4, keep=0.5, rng=1)
    again = make_song_havlin_makse(2, 1, 4, keep=0.5, rng=1)
    other = make_song_havlin_makse(2, 1, 4, keep=0.5, rng=2)
    np.testing.assert_array_equal(first.indices, again.indices)
    assert not np.array_equal(first.indices, other.indices)
    assert (first.n_nodes, first.n_components) == (626, 1)


def test_published_files_are_isomorphic(shared_data):
    for name, graph in (
        ("flower_2_2_g4", make_flower(2, 2, 4)),
        ("flower_2_3_g5", make_flower(2, 3, 5)),
        ("grid_50x50", make_lattice((50, 50))),
        ("shm_g4_m2_x1_keep0.0", make_song_havlin_makse(2, 1, 4)),
        ("shm_g4_m2_x1_keep1.0", make_song_havlin_makse(2, 1, 4, keep=1.0)),
    ):
        other = nx.read_edgelist(shared_data / "networks" / f"{name}.edges", nodetype=int)
        mine = graph.to_networkx()
        hashes = []
        for one in (mine, other):
            nx.set_node_attributes(one, dict(one.degree), "degree")
            hashes.append(nx.weisfeiler_lehman_graph_hash(one, node_attr="degree", iterations=4))
        assert hashes[0] == hashes[1], name


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


def test_large_graphs_are_fast_enough_to_be_made_here():
    assert make_lattice((400, 400)).n_edges == 2 * 400 * 399
    assert make_flower(2, 2, 8).n_edges == 4**8


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
    (lambda: make_flower(3, 2, 1), "u must be at most v, got u=3, v=2"),
    (lambda: make_flower(1, 1, 1), "v must be a whole number of at least 2, got 1"),
    (lambda: make_flower(2, 2, 0), "generation must be a whole number of at least 1"),
    (lambda: make_flower(2, 2, 10**6), r"flower\(2, 2\) of generation 1000000 would have"),
    (lambda: make_song_havlin_makse(1, 2, 3), "x must be at most m, got x=2, m=1"),
    (lambda: make_song_havlin_makse(1, 1, 3, keep=2), r"keep must lie in \[0, 1\], got 2"),
    (lambda: make_song_havlin_makse(1, 1, 99), "would have .* edges"),
    (lambda: make_tree(-1), "height must be a whole number of at least 0, got -1"),
    (lambda: make_tree(10**6), "tree would have"),
    (lambda: make_barabasi_albert(3, 3), "n_nodes must be above m=3, got 3"),
    (lambda: make_watts_strogatz(10, 3, 0.1), "k must be even and n_nodes at least 2k, got k=3"),
    (lambda: make_watts_strogatz(7, 4, 0.1), "k must be even and n_nodes at least 2k"),
    (lambda: make_watts_strogatz(10, 4, 1.5), r"p must lie in \[0, 1\], got 1.5"),
]


@pytest.mark.parametrize(("make", "message"), BAD)
def test_bad_parameters(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_every_generator_says_what_it_made():
    made = [make_path(3), make_star(3), make_flower(2, 2, 2), make_tree(2), make_petersen()]
    assert len({graph.source for graph in made}) == len(made)
    assert all(name in dir(graphs) for name in graphs.__all__)
