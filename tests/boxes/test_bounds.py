"""Lower bounds: below every optimum, above every packing, and never rising with size."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from featgraph.boxes import box_lower_bound, box_lower_bounds, minimum_box_cover
from featgraph.boxes.bounds import EFFORTS, bound_sizes
from tests.naive import boxes as naive_boxes, optimum as naive

KINDS = ("diameter", "radius")


@st.composite
def relations(draw, most=8):
    n_nodes = draw(st.integers(1, most))
    pairs = list(itertools.combinations(range(n_nodes), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    graph = nx.empty_graph(n_nodes)
    graph.add_edges_from(chosen)
    return graph


@settings(max_examples=40)
@given(graph=relations(), size=st.integers(0, 3), kind=st.sampled_from(KINDS))
def test_bounds_stand_between_packings_and_the_optimum(graph, size, kind):
    dist = naive_boxes.hop_distances(graph.number_of_nodes(), graph.edges)
    near = naive.relation(dist, size)
    apart = naive.relation(dist, size if kind == "diameter" else 2 * size)
    solve = naive.smallest_clique_cover if kind == "diameter" else naive.smallest_ball_cover
    bounds = {
        effort: box_lower_bound(graph, size, kind=kind, effort=effort, rng=0) for effort in EFFORTS
    }
    assert bounds["optimum"] == solve(near)
    assert all(bound <= bounds["optimum"] for bound in bounds.values())
    assert bounds["count"] >= naive.caro_wei(apart)
    assert bounds["lp_dual"] >= naive.largest_packing(apart)
    if kind == "diameter":
        assert bounds["packing"] >= naive.caro_wei(near)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("effort", sorted(EFFORTS))
def test_bounds_never_rise_and_stay_below_the_optimum(kind, effort):
    graph = nx.gnp_random_graph(40, 0.08, seed=4)
    sizes = range(7)
    bounds = box_lower_bounds(graph, sizes, kind=kind, effort=effort, rng=0)
    optima = [minimum_box_cover(graph, size, kind=kind, rng=0).n_boxes for size in sizes]
    assert np.all(np.diff(bounds) <= 0)
    assert np.all(bounds <= optima)
    assert bounds[0] == 40
    assert bounds[-1] >= nx.number_connected_components(graph)
    if effort == "optimum":
        assert bounds.tolist() == optima


def test_trees_are_packed_as_tightly_as_they_are_covered():
    tree = nx.random_labeled_tree(60, seed=1)
    for radius in (1, 2, 3):
        balls = minimum_box_cover(tree, radius, kind="radius", rng=0).n_boxes
        assert box_lower_bound(tree, 2 * radius, rng=0) == balls
        assert minimum_box_cover(tree, 2 * radius, rng=0).n_boxes == balls


def test_a_larger_effort_pays():
    grid = nx.grid_2d_graph(9, 9)
    bounds = [box_lower_bound(grid, 2, effort=effort, rng=0) for effort in ("count", "lp_dual")]
    assert bounds[0] < bounds[1]


def test_weights_and_features():
    path = nx.path_graph(5)
    nx.set_edge_attributes(path, 0.5, "length")
    assert box_lower_bound(path, 1.0, weight="length", effort="lp_dual") == 2
    line = np.arange(6.0)[:, None]
    assert box_lower_bounds(line, [0.5, 1, 5]).tolist() == [6, 3, 1]


def test_without_time_or_memory_a_bound_still_comes(monkeypatch):
    graph = nx.grid_2d_graph(15, 15)
    quick = box_lower_bounds(graph, [2, 3], time_limit=0, rng=0)
    assert quick.tolist() == sorted(quick, reverse=True)
    assert quick[-1] > 1
    monkeypatch.setenv("FEATGRAPH_MEMORY", "0.000001")
    assert box_lower_bounds(graph, [2, 3], rng=0)[0] == box_lower_bound(graph, 2, effort="count")
    with pytest.raises(MemoryError, match="more than the 1e-06 GiB"):
        box_lower_bound(graph, 2)


def test_names_are_checked():
    with pytest.raises(ValueError, match="effort must be one of .*did you mean 'packing'"):
        box_lower_bound(nx.path_graph(3), 1, effort="packings")
    with pytest.raises(ValueError, match="kind must be one of"):
        box_lower_bounds(nx.path_graph(3), [1], kind="ball")


def test_a_space_is_bounded_without_a_generator():
    from featgraph.boxes.metric_space import open_graph_space

    space = open_graph_space(nx.cycle_graph(12), weight=None, as_undirected=False)
    assert bound_sizes(space, [1.0, 2.0, 3.0], "diameter").tolist() == [6, 4, 3]
