"""Smallest counts over many sizes: against brute force, within a time limit, on every space."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from featgraph.boxes import box_counts, minimum_box_counts, minimum_box_cover, minimum_counts
from featgraph.boxes.metric_space import open_graph_space
from tests.naive import boxes as naive_boxes, optimum as naive

SMALLEST = {
    "diameter": naive.smallest_clique_cover,
    "radius": naive.smallest_ball_cover,
}


@pytest.mark.parametrize("kind", SMALLEST)
@settings(max_examples=30)
@given(n_nodes=st.integers(1, 8), seed=st.integers(0, 10**6), density=st.floats(0.05, 0.6))
def test_counts_are_those_of_brute_force(n_nodes, seed, density, kind):
    graph = nx.gnp_random_graph(n_nodes, density, seed=seed)
    dist = naive_boxes.hop_distances(n_nodes, graph.edges)
    counts = minimum_box_counts(graph, kind=kind, rng=0)
    assert counts.proven.all()
    for size, count in zip(counts.sizes, counts.counts, strict=True):
        assert count == SMALLEST[kind](naive.relation(dist, size))
    assert counts.counts[-1] == nx.number_connected_components(graph)
    assert np.count_nonzero(counts.counts == counts.counts[-1]) == 1


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_features_and_weights(seed):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(8, 3))
    distances = np.linalg.norm(points[:, None] - points[None], axis=2) / np.sqrt(3)
    sizes = np.sort(distances[np.triu_indices(8, 1)]) * (1 + 1e-9)
    counts = minimum_box_counts(points, sizes=sizes)
    expected = [naive.smallest_clique_cover(naive.relation(distances, size)) for size in sizes]
    assert counts.space == "metric"
    assert counts.counts.tolist() == expected
    graph = nx.Graph()
    graph.add_weighted_edges_from(
        (a, b, float(distances[a, b])) for a, b in itertools.combinations(range(8), 2)
    )
    along = minimum_box_counts(graph, sizes=sizes, weight="weight")
    assert along.space == "weighted"
    assert along.counts.tolist() == expected  # no path is shorter than a straight line


def test_radius_boxes_of_features_have_diameters_as_sizes():
    points = np.random.default_rng(2).normal(size=(14, 3))
    sizes = np.linspace(0.2, 3.0, 6)
    counts = minimum_box_counts(points, sizes=sizes, kind="radius")
    singles = [minimum_box_cover(points, size / 2, kind="radius").n_boxes for size in sizes]
    assert counts.counts.tolist() == singles


def test_sizes_between_equal_counts_are_not_worked_on(monkeypatch):
    asked = []
    answer = minimum_counts.solve_exact

    def spy(space, size, *rest, **hints):
        asked.append(size)
        return answer(space, size, *rest, **hints)

    monkeypatch.setattr(minimum_counts, "solve_exact", spy)
    counts = minimum_box_counts(nx.path_graph(60), sizes=range(59))
    assert counts.proven.all()
    assert counts.counts.tolist() == [-(-60 // (size + 1)) for size in range(59)]
    assert len(asked) == len(set(asked)) < 30


@pytest.mark.parametrize("time_limit", [0, 0.3])
def test_a_time_limit_leaves_a_bracket_that_holds(time_limit):
    points = np.random.default_rng(0).normal(size=(60, 30))
    short = minimum_box_counts(points, time_limit=time_limit, rng=0)
    whole = minimum_box_counts(points, sizes=short.sizes[::16], time_limit=20, rng=0)
    assert np.all(short.lower_bounds <= short.counts)
    assert np.all(np.diff(short.counts) <= 0)
    assert np.all(np.diff(short.lower_bounds) <= 0)
    assert np.all(short.counts[::16] >= whole.lower_bounds)
    assert np.all(short.lower_bounds[::16] <= whole.counts)
    assert short.proven.mean() < 1


def test_bounds_lie_below_other_methods_and_agree_with_their_own():
    graph = nx.barabasi_albert_graph(120, 2, seed=1)
    counts = minimum_box_counts(graph, rng=0)
    greedy = box_counts(graph, sizes=counts.sizes, rng=0)
    assert np.all(counts.counts <= greedy.counts)
    assert not greedy.proven.any()
    singles = [minimum_box_cover(graph, size, rng=0).n_boxes for size in counts.sizes.tolist()]
    assert counts.counts.tolist() == singles


def test_what_the_counts_say_of_themselves(tmp_path):
    counts = minimum_box_counts(nx.path_graph(9), time_limit=None, rng=3)
    assert (counts.method, counts.kind, counts.space, counts.seed) == (
        "optimum", "diameter", "hop", 3,
    )  # fmt: skip
    loaded = type(counts).load(counts.save(tmp_path / "counts.json"))
    assert loaded.proven.all()


def test_bad_input():
    graph = nx.path_graph(4)
    with pytest.raises(ValueError, match="kind must be one of"):
        minimum_box_counts(graph, kind="square")
    with pytest.raises(ValueError, match="time_limit must be a finite number of at least 0"):
        minimum_box_counts(graph, time_limit=-1)
    with pytest.raises(ValueError, match="sizes must hold at least one size"):
        minimum_box_counts(graph, sizes=[])
    with pytest.raises(ValueError, match="size must be a whole number"):
        minimum_box_counts(graph, sizes=[0.5])


@pytest.mark.parametrize("looks", [0, 4])
def test_an_interruption_leaves_the_best_bracket_so_far(monkeypatch, looks):
    answer, asked = minimum_counts.solve_exact, []

    def interrupt(space, size, *rest, **hints):
        if len(asked) == looks:
            raise KeyboardInterrupt
        asked.append(size)
        return answer(space, size, *rest, **hints)

    monkeypatch.setattr(minimum_counts, "solve_exact", interrupt)
    graph = nx.path_graph(40)
    if looks == 0:  # nothing is known yet
        with pytest.raises(KeyboardInterrupt):
            minimum_box_counts(graph)
    else:
        counts = minimum_box_counts(graph, sizes=range(30))
        assert counts.options["interrupted"] is True
        least = -(-40 // (counts.sizes + 1))
        assert np.all((counts.lower_bounds <= least) & (least <= counts.counts))
        assert set(asked) <= set(counts.sizes[counts.proven].tolist())


def test_time_goes_where_brackets_close_most():
    brackets = minimum_counts.Brackets(
        open_graph_space(nx.path_graph(40), weight=None, as_undirected=False), 9
    )
    brackets.visits[[0, 8]] = 1
    brackets.seconds[[0, 8]] = 0.1
    brackets.upper[:], brackets.lower[:] = 20, 10
    assert brackets.most_rewarding() == 4  # in the middle it helps most others
    brackets.visits[4], brackets.seconds[[4, 8]] = 1, 1.0
    assert brackets.most_rewarding() == 2  # as wide, but quicker than those beyond
    brackets.lower[1:4] = 20
    assert brackets.most_rewarding() == 6
    brackets.lower[4:] = 20
    brackets.visits[0] = minimum_counts.MOST_VISITS
    assert brackets.most_rewarding() != 0


def test_progress_shows_the_bracket_close(capsys):
    minimum_box_counts(nx.path_graph(9), sizes=[1, 2], progress=True)
    shown = capsys.readouterr().err
    assert "sizes proven" in shown
    assert "found / certified 1.000" in shown


def test_hints_of_other_sizes_change_no_truth():
    points = np.random.default_rng(3).normal(size=(90, 12))
    sizes = np.linspace(0.9, 1.4, 6)
    counts = minimum_box_counts(points, sizes=sizes, time_limit=60, rng=0)
    singles = [minimum_box_cover(points, size, time_limit=60, rng=1) for size in sizes]
    assert counts.proven.all()
    assert counts.counts.tolist() == [cover.n_boxes for cover in singles]


@pytest.mark.parametrize("kind", SMALLEST)
def test_copies_of_a_neuron_are_one(monkeypatch, kind):
    rng = np.random.default_rng(4)
    points = rng.normal(size=(9, 3)).astype(np.float32)
    owner = np.concatenate([np.arange(9), rng.integers(0, 9, 20_000)])
    few = minimum_box_counts(points, sizes=np.linspace(0, 3, 8), kind=kind)
    monkeypatch.setenv("FEATGRAPH_MEMORY", "0.01")  # 20,009² distances would take 9 GiB
    many = points[owner]
    counts = minimum_box_counts(many, sizes=np.linspace(0, 3, 8), kind=kind)
    assert counts.counts.tolist() == few.counts.tolist()
    assert counts.n_nodes == 20_009
    cover = minimum_box_cover(many, 0.8, kind=kind)
    assert cover.n_boxes == minimum_box_cover(points, 0.8, kind=kind).n_boxes
    assert cover.labels.tolist() == cover.labels[:9][owner].tolist()
    if kind == "radius":
        assert set(cover.centers) <= set(range(9))
    all_sizes = minimum_box_counts(many, kind=kind).sizes
    assert all_sizes[0] == 0.0  # the distance of copies
    assert minimum_box_counts(many[[0, 9 + int(np.flatnonzero(owner[9:] == 0)[0])]]).counts[0] == 1


def test_default_sizes_that_get_no_time_are_left_out(monkeypatch, counted_seconds):
    asked = []
    answer = minimum_counts.solve_exact

    def spy(space, size, *rest, **hints):
        asked.append(size)
        return answer(space, size, *rest, **hints)

    monkeypatch.setattr(minimum_counts, "solve_exact", spy)
    graph = nx.barabasi_albert_graph(60, 1, seed=0)
    counts = minimum_box_counts(graph, time_limit=counted_seconds / 2)  # less than one look
    assert asked == [0]
    assert counts.sizes.tolist() == [0]
    named = minimum_box_counts(graph, sizes=range(4), time_limit=counted_seconds / 2)
    assert named.sizes.tolist() == [0, 1, 2, 3]
    assert named.counts.tolist() == [60, 60, 60, 60]
    assert named.lower_bounds.tolist() == [60, 1, 1, 1]


def test_no_time_is_one_quick_look_at_each_size(monkeypatch):
    asked = []
    answer = minimum_counts.solve_exact

    def spy(space, size, *rest, **hints):
        asked.append(size)
        return answer(space, size, *rest, **hints)

    monkeypatch.setattr(minimum_counts, "solve_exact", spy)
    points = np.random.default_rng(0).normal(size=(60, 30))
    counts = minimum_box_counts(points, sizes=np.linspace(1.2, 1.7, 9), time_limit=0)
    assert not counts.proven.all()
    assert len(asked) == len(set(asked))


def test_sizes_whose_pairs_do_not_fit_are_bracketed_by_the_others(monkeypatch):
    answer = minimum_counts.solve_exact

    def small_memory(space, size, *rest, **hints):
        if size in (2, 3):
            raise MemoryError("too many pairs")
        return answer(space, size, *rest, **hints)

    monkeypatch.setattr(minimum_counts, "solve_exact", small_memory)
    with pytest.warns(UserWarning, match="not worked on: too many pairs"):
        counts = minimum_box_counts(nx.path_graph(10), sizes=range(1, 5))
    assert counts.counts.tolist() == [5, 5, 5, 2]
    assert counts.lower_bounds.tolist() == [5, 2, 2, 2]
    with pytest.raises(MemoryError, match="too many pairs"):
        minimum_box_counts(nx.path_graph(10), sizes=[2])
