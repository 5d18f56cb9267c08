"""Smallest covers against brute force, known answers, and what a time limit may change."""

from __future__ import annotations

import csv
import itertools

import networkx as nx
import numba
import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from featgraph.boxes import (
    box_counts,
    box_cover,
    minimum,
    minimum_box_counts,
    minimum_box_cover,
)
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.problem import CliqueProblem, run_parts
from featgraph.datasets import make_flower
from featgraph.distances import feature_distances
from tests.naive import boxes as naive_boxes, optimum as naive

KINDS = ("diameter", "radius")
COMPILED = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="takes minutes in plain Python")


def brute_force(dist, size, kind):
    near = naive.relation(dist, size)
    solve = naive.smallest_clique_cover if kind == "diameter" else naive.smallest_ball_cover
    return solve(near)


def check_against_brute_force(graph):
    n_nodes = graph.number_of_nodes()
    dist = naive_boxes.hop_distances(n_nodes, graph.edges)
    finite = {int(d) for row in dist for d in row if d != naive_boxes.INF}
    for kind, size in itertools.product(KINDS, sorted(finite)):
        cover = minimum_box_cover(graph, size, kind=kind, rng=0)
        cover.validate(graph)
        expected = brute_force(dist, size, kind)
        assert (cover.n_boxes, cover.lower_bound) == (expected, expected), (graph.edges, size, kind)


@pytest.mark.parametrize("n_nodes", [1, 2, 3, 4, 5, 6])
def test_all_small_graphs(n_nodes):
    for graph in nx.graph_atlas_g():
        if graph.number_of_nodes() == n_nodes:
            check_against_brute_force(graph)


@pytest.mark.parametrize(
    "every", [10, pytest.param(1, marks=pytest.mark.slow)], ids=["sample", "all"]
)
def test_graphs_of_seven_nodes(every):
    graphs = [graph for graph in nx.graph_atlas_g() if graph.number_of_nodes() == 7]
    for graph in graphs[::every]:
        check_against_brute_force(graph)


@st.composite
def relations(draw, most=9):
    n_nodes = draw(st.integers(1, most))
    pairs = list(itertools.combinations(range(n_nodes), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    graph = nx.empty_graph(n_nodes)
    graph.add_edges_from(chosen)
    return graph


@settings(max_examples=60)
@given(graph=relations(), size=st.integers(0, 3), kind=st.sampled_from(KINDS))
def test_drawn_graphs(graph, size, kind):
    dist = naive_boxes.hop_distances(graph.number_of_nodes(), graph.edges)
    cover = minimum_box_cover(graph, size, kind=kind, rng=0)
    assert cover.n_boxes == cover.lower_bound == brute_force(dist, size, kind)
    cover.validate(graph)


@settings(max_examples=40)
@given(
    graph=relations(7),
    lengths=st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.7, 1.5]), min_size=21, max_size=21),
    size=st.sampled_from([0.0, 0.1, 0.3, 0.6, 0.9, 2.0]),
    kind=st.sampled_from(KINDS),
)
def test_weighted_graphs(graph, lengths, size, kind):
    weights = dict(zip(graph.edges, lengths, strict=False))
    nx.set_edge_attributes(graph, weights, "length")
    dist = naive_boxes.weighted_distances(graph.number_of_nodes(), weights)
    # sums of decimal lengths in another order differ in the last bit; those still count
    cover = minimum_box_cover(graph, size, kind=kind, weight="length", rng=0)
    near = [[round(d, 9) for d in row] for row in dist]
    assert cover.n_boxes == cover.lower_bound == brute_force(near, size, kind)
    cover.validate(graph, weight="length")


@pytest.mark.parametrize("kind", KINDS)
def test_features_without_a_graph(kind):
    features = torch.randn(9, 4, generator=torch.Generator().manual_seed(2))
    distances = feature_distances(features)
    table = distances.tolist()
    for theta in np.quantile(distances[distances > 0], [0.0, 0.2, 0.5, 0.8, 1.0]).tolist():
        cover = minimum_box_cover(features, theta, kind=kind, rng=0)
        assert cover.n_boxes == cover.lower_bound == brute_force(table, theta, kind)


KNOWN = [
    (nx.karate_club_graph(), [34, 20, 4, 2, 2, 1], [34, 4, 2, 1]),
    (nx.petersen_graph(), [10, 5, 1], [10, 3, 1]),
    (nx.hypercube_graph(4), [16, 8, 4, 2, 1], [16, 4, 2, 2, 1]),
    (nx.grid_2d_graph(5, 5), [25, 13, 7, 5, 4, 3, 2, 2, 1], [25, 7, 4, 2, 1]),
    (nx.balanced_tree(2, 4), [31, 21, 9, 9, 4, 4, 2, 2, 1], [31, 9, 4, 2, 1]),
    (nx.complete_graph(7), [7, 1], [7, 1]),
    (nx.star_graph(8), [9, 8, 1], [9, 1]),
    (
        nx.path_graph(16),
        [-(-16 // (size + 1)) for size in range(16)],
        [-(-16 // (2 * radius + 1)) for radius in range(9)],
    ),
    (
        nx.cycle_graph(13),
        [-(-13 // (size + 1)) for size in range(6)] + [1],
        [-(-13 // (2 * radius + 1)) for radius in range(7)],
    ),
]


@pytest.mark.parametrize("case", KNOWN, ids=lambda case: str(case[0].number_of_nodes()))
def test_known_answers(case):
    graph, diameter, radius = case
    for kind, counts in (("diameter", diameter), ("radius", radius)):
        for size, count in enumerate(counts):
            cover = minimum_box_cover(graph, size, kind=kind, weight="ignore", rng=0)
            assert (cover.n_boxes, cover.lower_bound) == (count, count), (size, kind)


def test_a_flower_needs_fewer_diameter_boxes_than_balls():
    graph = make_flower(2, 2, 3)
    assert minimum_box_cover(graph, 2, rng=0).n_boxes == 10
    assert minimum_box_cover(graph, 1, kind="radius", rng=0).n_boxes == 12


def test_boxes_never_cross_components():
    graph = nx.disjoint_union_all([nx.path_graph(4), nx.path_graph(3), nx.empty_graph(1)])
    cover = minimum_box_cover(graph, 1, rng=0)
    assert (cover.n_boxes, cover.lower_bound) == (5, 5)
    assert minimum_box_cover(nx.empty_graph(3000), 2, rng=0).n_boxes == 3000
    thousand = nx.disjoint_union_all([nx.path_graph(3)] * 300)
    assert minimum_box_cover(thousand, 1, rng=0).n_boxes == 600


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(3))
def test_bound_and_heuristics_stand_on_either_side(kind, seed):
    graph = nx.gnp_random_graph(60, 0.06, seed=seed)
    for size in (1, 2, 3):
        best = minimum_box_cover(graph, size, kind=kind, rng=0)
        assert best.is_optimal
        if kind == "diameter":
            others = [box_cover(graph, size, method="iterated_greedy", iterations=20, rng=1)]
            others += [box_cover(graph, size, method=name, rng=1) for name in ("greedy", "cbb")]
        else:
            others = [box_cover(graph, size, method="memb", rng=1)]
        assert all(best.n_boxes <= other.n_boxes for other in others)


@pytest.mark.parametrize("kind", KINDS)
def test_without_time_a_cover_and_a_bound_come_at_once(kind):
    graph = nx.grid_2d_graph(12, 12)
    cover = minimum_box_cover(graph, 2, kind=kind, time_limit=0, rng=0)
    cover.validate(graph)
    least = minimum_box_cover(graph, 2, kind=kind, time_limit=2, rng=0).n_boxes
    assert 1 <= cover.lower_bound <= least <= cover.n_boxes < 60


@COMPILED
def test_a_time_limit_is_kept(monkeypatch, counted_seconds):
    clocks = []
    monkeypatch.setattr(minimum, "Clock", lambda limit: clocks.append(Clock(limit)) or clocks[-1])
    graph = nx.grid_2d_graph(40, 40)
    cover = minimum_box_cover(graph, 2, time_limit=0.2, rng=0)
    assert 0.2 <= clocks[0].looks * counted_seconds < 0.4
    cover.validate(graph)
    assert cover.lower_bound < cover.n_boxes
    assert not cover.is_optimal


@pytest.mark.parametrize("kind", KINDS)
def test_ctrl_c_returns_the_best_so_far(monkeypatch, kind):
    from featgraph.boxes.exact import clique_cover, set_cover

    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(clique_cover.CliquePart, "improve", interrupt)
    monkeypatch.setattr(set_cover.CoveringPart, "improve", interrupt)
    graph = nx.grid_2d_graph(9, 9)
    cover = minimum_box_cover(graph, 2, kind=kind, rng=0)
    assert cover.options["interrupted"] is True
    cover.validate(graph)
    assert 1 <= cover.lower_bound <= cover.n_boxes


def test_a_bound_by_branch_and_bound_says_what_is_certified_without(monkeypatch):
    graph = nx.complement(nx.mycielski_graph(4))  # 4 boxes; fractions of boxes add up to 2.9
    assert "certified_bound" not in minimum_box_cover(graph, 1, rng=0).options  # swept as a whole
    monkeypatch.setattr("featgraph.boxes.exact.set_cover.bound_by_regions", lambda *_: None)
    cover = minimum_box_cover(graph, 1, rng=0)
    assert (cover.n_boxes, cover.lower_bound) == (4, 4)
    assert cover.options["certified_bound"] == 3
    counts = minimum_box_counts(graph, sizes=[0, 1], rng=0)
    assert counts.lower_bounds.tolist() == [11, 4]
    assert counts.options["certified_bounds"] == [11, 3]
    plain = minimum_box_counts(nx.path_graph(9), sizes=[0, 1, 2])
    assert plain.proven.all()
    assert "certified_bounds" not in plain.options


def test_same_seed_same_cover():
    graph = nx.gnp_random_graph(70, 0.07, seed=3)
    for kind in KINDS:
        first, second = (minimum_box_cover(graph, 2, kind=kind, rng=5) for _ in range(2))
        assert first.labels.tolist() == second.labels.tolist()
    assert first.seed == 5


def test_it_is_a_method_too():
    graph = nx.relabel_nodes(nx.cycle_graph(9), lambda v: f"n{v}")
    cover = box_cover(graph, 2, method="optimum", rng=0)
    assert cover.method == "optimum"
    assert cover.is_optimal
    assert sorted(name for box in cover.boxes() for name in box) == sorted(graph)
    assert box_cover(graph, 1, method="optimum", kind="radius", rng=0).centers.size == 3
    counts = box_counts(graph, method="optimum", rng=0)  # with the bounds that it proved
    assert counts.lower_bounds.tolist() == counts.counts.tolist() == [9, 5, 3, 3, 1]


def test_a_relation_can_be_given_directly():
    near = [{1}, {0, 2}, {1}, set()]
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in near])])
    indices = np.array([v for row in near for v in sorted(row)])
    for rows, n_boxes in (((indptr, indices), 3), ((np.zeros(4, dtype=np.int64), indices[:0]), 3)):
        problem, rng = CliqueProblem(*rows, Clock(None)), np.random.default_rng(0)
        assert not run_parts(problem.parts, Clock(None), rng)
        cover = problem.cover(rng)
        assert cover.lower_bound == cover.n_boxes == n_boxes


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "radios"}, "kind must be one of .*did you mean 'radius'"),
        ({"time_limit": -1}, "time_limit must be a finite number of at least 0, got -1"),
        ({"size": -1}, "size must be a whole number of at least 0, got -1"),
        ({"size": 0.5}, "size must be a whole number of at least 0, got 0.5"),
    ],
)
def test_bad_arguments_are_named(options, message):
    size = options.pop("size", 1)
    with pytest.raises(ValueError, match=message):
        minimum_box_cover(nx.path_graph(4), size, **options)


def test_pairs_that_would_not_fit_are_refused(monkeypatch):
    monkeypatch.setenv("FEATGRAPH_MEMORY", "0.000001")
    with pytest.raises(MemoryError, match="the lists of all nodes|the pairs within size 3"):
        minimum_box_cover(nx.grid_2d_graph(20, 20), 3)


def test_no_stage_starts_without_time(monkeypatch):
    from featgraph.boxes.exact import clique_cover

    def fail(*args, **kwargs):
        raise AssertionError("no time is left")

    monkeypatch.setattr(clique_cover.CliquePart, "improve", fail)
    monkeypatch.setattr(clique_cover.CliquePart, "solve_exact", fail)
    cover = minimum_box_cover(nx.grid_2d_graph(9, 9), 2, time_limit=0, rng=0)
    assert cover.lower_bound > 1


def test_a_part_without_gap_is_left_alone():
    class Done:
        upper, lower, weight = 1, 1, 1

        def start(self):
            self.started = True

        def is_open(self):
            return False

    part = Done()
    assert run_parts([part], None, None) is False
    assert part.started


@COMPILED
def test_published_minima_of_tiny_graphs(shared_data):
    graphs = {
        "karate": nx.karate_club_graph(),
        "petersen": nx.petersen_graph(),
        "florentine": nx.florentine_families_graph(),
        "dodecahedral": nx.dodecahedral_graph(),
        "icosahedral": nx.icosahedral_graph(),
        "K33": nx.complete_bipartite_graph(3, 3),
        "barbell_5_3": nx.barbell_graph(5, 3),
        "lollipop_5_4": nx.lollipop_graph(5, 4),
        "grid_4x4": nx.grid_2d_graph(4, 4),
        "grid_6x6": nx.grid_2d_graph(6, 6),
        "binary_tree_h3": nx.balanced_tree(2, 3),
        "cube_Q3": nx.hypercube_graph(3),
        "flower_1_2_g3": make_flower(1, 2, 3),
        "flower_2_2_g3": make_flower(2, 2, 3),
    }
    with open(shared_data / "tiny_exact_box_counts.csv", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["graph"] in graphs]
    assert rows
    for row in rows:
        kind = "radius" if row["kind"].startswith("ball") else "diameter"
        size = int(row["size_inclusive"])
        cover = minimum_box_cover(graphs[row["graph"]], size, kind=kind, weight="ignore", rng=0)
        assert cover.n_boxes == cover.lower_bound == int(row["N_B_exact"]), row


BEST_KNOWN = {
    ("dol", "diameter"): {2: 13, 3: 6, 4: 4, 5: 2},
    ("pol", "diameter"): {2: 12, 3: 5, 4: 2},
    ("cel", "diameter"): {2: 29, 3: 15, 4: 7, 5: 5, 6: 3},
    ("phd", "diameter"): {2: 245, 3: 176, 4: 96, 6: 53, 8: 33, 10: 20, 12: 12},
    ("ful", "diameter"): {2: 337, 3: 294, 4: 70, 5: 53, 6: 27, 8: 10, 10: 5, 12: 2},
    ("dol", "radius"): {1: 14, 2: 4, 3: 2},
    ("cel", "radius"): {1: 29, 2: 7, 3: 3},
    ("phd", "radius"): {1: 245, 2: 96, 3: 53, 4: 33, 5: 20, 6: 12},
    ("ful", "radius"): {1: 346, 2: 71, 3: 27},
}


@COMPILED
@pytest.mark.parametrize(("name", "kind"), BEST_KNOWN)
def test_best_known_counts_of_real_networks_are_proven(shared_data, name, kind):
    from featgraph.io import read_graph

    graph = read_graph(shared_data / "networks" / f"{name}.edges")
    for size, count in BEST_KNOWN[name, kind].items():
        cover = minimum_box_cover(graph, size, kind=kind, rng=0)
        assert (cover.n_boxes, cover.lower_bound) == (count, count), size
        if kind == "diameter":
            assert (
                box_cover(graph, size, method="iterated_greedy", iterations=500, rng=0).n_boxes
                == count
            )
