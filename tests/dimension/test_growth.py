"""Growth of balls: exact masses, and the networks whose construction decides the answer."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
from numpy.testing import assert_allclose

from featgraph.datasets import (
    make_barabasi_albert,
    make_cycle,
    make_flower,
    make_lattice,
    make_path,
    make_song_havlin_makse,
    make_watts_strogatz,
)
from featgraph.dimension import BallGrowth, fractality, measure_growth

FAST = {"rng": 0, "jobs": 1, "n_resamples": 40, "progress": False}


def test_a_ring_grows_by_two_nodes_a_hop():
    found = measure_growth(make_cycle(61), rng=0)
    assert_allclose(found.masses, 1 + 2 * np.arange(31), rtol=1e-12)
    assert_allclose(found.path_length, 15.5, rtol=1e-12)
    # (2r + 1) nodes and r + 1/2: exactly one dimension at every radius.
    assert_allclose(found.slopes, 1.0, rtol=1e-12)
    assert found.tendency == "fractal"


def test_masses_agree_with_networkx():
    graph = nx.connected_watts_strogatz_graph(40, 4, 0.3, seed=1)
    lengths = dict(nx.all_pairs_shortest_path_length(graph))
    found = measure_growth(graph, rng=0)
    expected = [
        np.mean([sum(d <= r for d in row.values()) for row in lengths.values()])
        for r in found.radii
    ]
    assert_allclose(found.masses, expected, rtol=1e-12)
    assert_allclose(found.path_length, nx.average_shortest_path_length(graph), rtol=1e-12)


def test_random_centres_agree_with_all():
    graph = make_lattice((30, 30), periodic=True)  # every node sees the same
    every, some = measure_growth(graph, rng=0), measure_growth(graph, n_sources=50, rng=0)
    assert_allclose(some.masses, every.masses, rtol=1e-12)


SMALL = {
    "tree by preference": lambda seed: make_barabasi_albert(300, 1, rng=seed),
    "Barabási–Albert": lambda seed: make_barabasi_albert(400, 2, rng=seed),
    "Erdős–Rényi": lambda seed: nx.gnp_random_graph(400, 0.01, seed=seed),
    "Watts–Strogatz": lambda seed: make_watts_strogatz(300, 4, 0.1, rng=seed),
    "(1, 3)-flower": lambda seed: make_flower(1, 3, 5),
    "hubs attract": lambda seed: make_song_havlin_makse(2, 1, 4, keep=1.0, rng=seed),
}
FRACTAL = {
    "(2, 2)-flower": lambda seed: make_flower(2, 2, 4),
    "(2, 3)-flower": lambda seed: make_flower(2, 3, 4),
    "hubs repel": lambda seed: make_song_havlin_makse(3, 1, 3, rng=seed),
    "grid": lambda seed: make_lattice((16, 16)),
    "ring": lambda seed: make_watts_strogatz(240, 4, 0.0, rng=seed),
    "random tree": lambda seed: nx.random_labeled_tree(300, seed=seed),
}


@pytest.mark.parametrize("name", SMALL)
def test_small_worlds_are_decided(name):
    found = fractality(SMALL[name](3), **FAST)
    assert found.verdict == "not fractal"
    assert found.growth.tendency == "small world"
    assert "small world" in found.explanation
    assert found.fit.verdict == found.verdict


@pytest.mark.parametrize("name", FRACTAL)
def test_fractal_networks_are_decided(name):
    found = fractality(FRACTAL[name](3), **FAST)
    assert found.verdict == "fractal"
    assert found.growth.tendency == "fractal"


def test_rewiring_a_grid_is_a_transition():
    """A ring of 1000: with more and more edges rewired it goes one way, and never back."""
    order = {"fractal": 0, "unclear": 1, "small world": 2}
    shares = (0.0, 0.003, 0.01, 0.03, 0.1, 0.5)
    found = [measure_growth(make_watts_strogatz(1000, 4, p, rng=1), rng=0) for p in shares]
    steps = [order[one.tendency] for one in found]
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (0, 2)
    assert (np.diff([one.path_length for one in found]) < 0).all()


def test_counts_alone_have_no_growth():
    from featgraph.boxes import box_counts

    counts = box_counts(make_lattice((12, 12)), rng=0, progress=False)
    assert fractality(counts, n_resamples=20).growth is None


def test_tiny_graphs_and_bad_input(tmp_path):
    two = measure_growth(make_path(2), rng=0)
    assert two.slopes.size == 0
    assert math.isnan(two.first_slope)
    star = measure_growth(nx.star_graph(30), rng=0)
    assert star.tendency == "small world"
    again = BallGrowth.load(star.save(tmp_path / "growth.json"))
    assert again.tendency == star.tendency
    with pytest.raises(ValueError, match="graph must have edges to measure distances"):
        measure_growth(nx.empty_graph(3))
    with pytest.raises(ValueError, match="n_references must be a whole number of at least 1"):
        measure_growth(make_path(5), n_references=0)
