"""Smallest covers by balls on graphs of small treewidth: twins, known answers, limits."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from featgraph.boxes import minimum_box_counts, minimum_box_cover
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.narrow_graphs import find_centers
from featgraph.datasets import make_cycle, make_flower, make_path, make_tree
from featgraph.graph import FeatureGraph, as_feature_graph
from tests.naive.optimum import smallest_ball_cover


def balls(graph: FeatureGraph, radius: int) -> list[set[int]]:
    lengths = dict(nx.all_pairs_shortest_path_length(graph.to_networkx(), cutoff=radius))
    return [set(lengths[v]) for v in range(graph.n_nodes)]


def draw_narrow(n_nodes: int, width: int, share: float, seed: int) -> FeatureGraph:
    """Return parts of a random k-tree: its treewidth is at most ``width``."""
    rng = np.random.default_rng(seed)
    edges = [(u, v) for u in range(width) for v in range(u)]
    cliques = [tuple(range(width))]
    for v in range(width, n_nodes):
        clique = cliques[rng.integers(len(cliques))]
        edges += [(v, u) for u in clique]
        cliques += [(*clique[:k], *clique[k + 1 :], v) for k in range(width)]
    graph = nx.empty_graph(n_nodes)
    graph.add_edges_from(edge for edge in edges if edge[0] < n_nodes and rng.random() < share)
    return as_feature_graph(graph)


@settings(max_examples=150)
@given(
    n_nodes=st.integers(2, 14),
    width=st.integers(1, 4),
    share=st.sampled_from([0.5, 0.8, 1.0]),
    radius=st.integers(1, 4),
    seed=st.integers(0, 10**6),
)
def test_as_few_as_by_trying_all(
    n_nodes: int, width: int, share: float, radius: int, seed: int
) -> None:
    graph = draw_narrow(n_nodes, min(width, n_nodes - 1), share, seed)
    centers = find_centers(graph, radius, Clock(None))
    if centers is None:  # the order may be wider than the graph, but not up to a width of 2
        assert width > 2
        return
    near = balls(graph, radius)
    assert set().union(*(near[v] for v in centers)) == set(range(n_nodes))
    assert centers.size == smallest_ball_cover(near)


@pytest.mark.parametrize("radius", [1, 2, 3, 7])
def test_paths_and_cycles(radius: int) -> None:
    for n_nodes in (3, 20, 21, 50):
        expected = -(-n_nodes // (2 * radius + 1))
        for graph in (make_path(n_nodes), make_cycle(n_nodes)):
            centers = find_centers(graph, radius, Clock(None))
            assert centers is not None
            assert centers.size == expected


@pytest.mark.parametrize(
    ("u", "v", "generation", "radius", "n_boxes"),
    [(2, 2, 5, 1, 172), (2, 2, 5, 3, 44), (2, 2, 5, 7, 12), (3, 3, 3, 1, 30)],
)
def test_flowers_are_proven(u: int, v: int, generation: int, radius: int, n_boxes: int) -> None:
    """One ball per node of an earlier generation: what the construction needs."""
    graph = make_flower(u, v, generation)
    found = minimum_box_cover(graph, radius, kind="radius", time_limit=None, rng=0)
    assert (found.n_boxes, found.lower_bound) == (n_boxes, n_boxes)
    assert "certified_bound" not in (found.options or {})
    near = balls(graph, radius)
    for box, center in enumerate(found.centers):
        assert set(np.flatnonzero(found.labels == box).tolist()) <= near[center]


def test_counts_of_a_flower_over_all_sizes() -> None:
    counts = minimum_box_counts(make_flower(2, 2, 4), kind="radius", time_limit=None, rng=0,
                                progress=False)  # fmt: skip
    np.testing.assert_array_equal(counts.counts, counts.lower_bounds)


def test_wide_graphs_and_little_time_are_left_to_others() -> None:
    grid = as_feature_graph(nx.convert_node_labels_to_integers(nx.grid_2d_graph(6, 6)))
    assert find_centers(grid, 1, Clock(None)) is None
    assert find_centers(make_cycle(9), 60, Clock(None)) is None  # 121³ entries
    assert find_centers(make_tree(3), 60, Clock(None)) is not None  # 121²
    assert find_centers(make_flower(2, 2, 3), 1, Clock(0.0)) is None
    alone = FeatureGraph.from_edges(np.array([[0, 1]]), n_nodes=4)
    assert find_centers(alone, 2, Clock(None)).tolist() in ([0, 2, 3], [1, 2, 3])


def test_ctrl_c_gives_the_bracket_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("featgraph.boxes.exact.problem.find_centers", stopped)
    found = minimum_box_cover(make_flower(2, 2, 4), 1, kind="radius", time_limit=None, rng=0)
    assert found.lower_bound < found.n_boxes
