"""Flowers and Song-Havlin-Makse graphs: counts, diameters and structure as published."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from featgraph.datasets import make_flower, make_song_havlin_makse
from tests.naive import graphs as naive


def diameter(graph):
    return naive.diameter(graph.n_nodes, graph.edges.tolist())


def isomorphic(graph, other):
    return nx.is_isomorphic(graph.to_networkx(), other)


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
        ("shm_g4_m2_x1_keep0.0", make_song_havlin_makse(2, 1, 4)),
        ("shm_g4_m2_x1_keep1.0", make_song_havlin_makse(2, 1, 4, keep=1.0)),
    ):
        other = nx.read_edgelist(shared_data / "networks" / f"{name}.edges", nodetype=int)
        hashes = []
        for one in (graph.to_networkx(), other):
            nx.set_node_attributes(one, dict(one.degree), "degree")
            hashes.append(nx.weisfeiler_lehman_graph_hash(one, node_attr="degree", iterations=4))
        assert hashes[0] == hashes[1], name


BAD = [
    (lambda: make_flower(3, 2, 1), "u must be at most v, got u=3, v=2"),
    (lambda: make_flower(1, 1, 1), "v must be a whole number of at least 2, got 1"),
    (lambda: make_flower(2, 2, 0), "generation must be a whole number of at least 1"),
    (lambda: make_flower(2, 2, 10**6), r"flower\(2, 2\) of generation 1000000 would have"),
    (lambda: make_song_havlin_makse(1, 2, 3), "x must be at most m, got x=2, m=1"),
    (lambda: make_song_havlin_makse(1, 1, 3, keep=2), r"keep must lie in \[0, 1\], got 2"),
    (lambda: make_song_havlin_makse(1, 1, 99), "would have .* edges"),
]


@pytest.mark.parametrize(("make", "message"), BAD)
def test_bad_parameters(make, message):
    with pytest.raises(ValueError, match=message):
        make()
