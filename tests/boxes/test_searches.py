"""mcwr, merge, annealing, obca, evolution, swarm and fnb against their slow twins."""

from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.boxes import bits, box_counts, box_cover, box_diameters, cover_hubs
from featgraph.boxes.candidate_boxes import Table, overlap_boxes
from featgraph.boxes.methods import annealing, fnb, mcwr, merge, obca, swarm
from featgraph.boxes.metric_space import open_graph_space
from tests.naive import box_searches as naive, boxes as plain

graphs = given(seed=st.integers(0, 10**6), n_nodes=st.integers(1, 14), size=st.integers(1, 4))


def draw(seed, n_nodes):
    graph = nx.gnp_random_graph(n_nodes, 0.2, seed=seed)
    space = open_graph_space(graph, weight=None, as_undirected=False)
    dist = plain.hop_distances(n_nodes, graph.edges)
    return graph, space, dist, np.random.default_rng(seed)


def rank_of(order):
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return rank


@pytest.mark.parametrize("table", ["rows", "bits"])
@graphs
def test_mcwr_steps_are_those_of_the_definition(table, seed, n_nodes, size):
    _, space, dist, rng = draw(seed, n_nodes)
    ties, draws, p = rng.permutation(n_nodes), rng.random((n_nodes, 2)), 0.5
    masses = np.array([len(plain.ball(dist, v, size)) for v in range(n_nodes)])
    if table == "rows":
        centers = mcwr._mix(*space.rows(size), masses, ties, p, draws).tolist()
    else:
        centers = mcwr._mix_bits(space.bits(size), masses, ties, p, draws).tolist()
    # replay: in each step the centre is the one of largest mass, or one that covers something
    uncovered = set(range(n_nodes))
    for k, center in enumerate(centers):
        mass = {
            v: len(plain.ball(dist, v, size) & uncovered)
            for v in range(n_nodes)
            if v not in centers[:k]
        }
        share = sum(m > 0 for m in mass.values()) / len(mass)
        if draws[k, 0] * (p + (1 - p) * share) < p:
            assert center == max((v for v in ties.tolist() if v in mass), key=mass.__getitem__)
        else:
            assert mass[center] > 0
        uncovered -= plain.ball(dist, center, size)
    assert not uncovered


def test_mcwr_with_certainty_is_memb():
    graph = nx.barabasi_albert_graph(60, 2, seed=3)
    one = box_cover(graph, 1, method="mcwr", p=1.0, rng=1)
    other = box_cover(graph, 1, method="memb", ties="random", rng=1)
    assert one.centers.tolist() == other.centers.tolist()
    with pytest.raises(ValueError, match="p must lie in"):
        box_cover(graph, 1, method="mcwr", p=1.5)


@graphs
def test_merge_level_equals_twin(seed, n_nodes, size):
    _, space, dist, rng = draw(seed, n_nodes)
    labels = np.arange(n_nodes)
    for level in range(1, size + 1):
        rows = space.pairs(level)
        draws = rng.random((labels.max() + 1, 2))
        merged = merge._merge(rows.starts, rows.stops, rows.indices, labels, draws)
        expected, _ = naive.merge(dist, level, labels.tolist(), draws.tolist())
        assert merged.tolist() == expected
        table = bits.pack_lists(rows.starts, rows.stops, rows.indices)
        assert merge._merge_bits(table, labels, draws).tolist() == expected
        labels = np.unique(merged, return_inverse=True)[1]


def test_merged_covers_are_nested_and_counted_in_one_run():
    graph = nx.gnp_random_graph(40, 0.07, seed=2)
    space = open_graph_space(graph, weight=None, as_undirected=False)
    labels = np.arange(40)
    rng = np.random.default_rng(5)
    for level in (1, 2, 3):
        finer, labels = labels, merge.merge_level(space, level, labels, rng)
        for box in range(finer.max() + 1):
            assert np.unique(labels[finer == box]).size == 1
    counts = box_counts(graph, sizes=[0, 2, 5, 30], method="merge", rng=1).counts
    assert counts[0] == 40
    assert counts[-1] == nx.number_connected_components(graph)
    assert np.all(np.diff(counts) <= 0)


@graphs
def test_shaking_equals_twin(seed, n_nodes, size):
    graph, space, dist, rng = draw(seed, n_nodes)
    before = box_cover(graph, size, rng=seed).labels
    lists, rows = space.pairs(size), space.neighbors(size)
    n_moves, n_splits = 6, 2
    draws = rng.random((2 * (n_moves + n_splits), 2))
    args = (rows.starts, rows.stops, rows.indices, before, n_moves, n_splits, draws)
    listed, nothing = lists[:3], np.empty(0, dtype=np.int64)
    one = annealing._shake(*listed, nothing.reshape(0, 0), *args).tolist()
    other = annealing._shake(nothing, nothing, nothing, bits.pack_lists(*listed), *args).tolist()
    adjacency = plain.neighbors(n_nodes, graph.edges)
    expected = naive.shake(
        adjacency, dist, size, before.tolist(), n_moves, n_splits, draws.tolist()
    )
    assert one == other == expected


def test_annealing_is_never_worse_than_its_start():
    graph = nx.gnp_random_graph(60, 0.05, seed=1)
    start = box_cover(graph, 2, method="annealing", steps=0, rng=3).n_boxes
    assert start == box_cover(graph, 2, method="merge", rng=3).n_boxes
    assert box_cover(graph, 2, method="annealing", steps=15, moves=50, rng=3).n_boxes <= start


@graphs
def test_obca_equals_twin(seed, n_nodes, size):
    graph, space, dist, rng = draw(seed, n_nodes)
    rows = space.pairs(size)
    seeds, rank = rng.permutation(n_nodes), rank_of(rng.permutation(n_nodes))
    lists = (rows.starts, rows.stops, rows.indices)
    nothing = np.empty(0, dtype=np.int64)
    expected, kept = naive.obca(dist, size, seeds.tolist(), rank.tolist())
    for table in (
        Table(*lists, np.zeros((0, 0), dtype=np.int64)),
        Table(nothing, nothing, nothing, bits.pack_lists(*lists)),
    ):
        bounds, members, times = overlap_boxes(table, seeds, rank)
        grown = [set(members[a:b].tolist()) for a, b in pairwise(bounds)]
        assert grown == expected
    left = obca._drop_redundant(bounds, members, times)
    assert [box for box, stays in zip(grown, left, strict=True) if stays] == kept
    cover = box_cover(graph, size, method="obca", rng=seed)
    if cover.overlaps is not None:
        first = {}
        indptr, inside = cover.overlaps
        for box in range(cover.n_boxes):
            for v in inside[indptr[box] : indptr[box + 1]].tolist():
                first.setdefault(v, box)
        assert cover.labels.tolist() == [first[v] for v in range(n_nodes)]


@graphs
def test_flight_equals_twin(seed, n_nodes, size):
    graph, space, dist, rng = draw(seed, n_nodes)
    lists, rows = space.pairs(size), space.neighbors(size)
    covers = [box_cover(graph, size, rng=k).labels.copy() for k in range(3)]
    speed, draws = rng.integers(0, 2, n_nodes), rng.random((n_nodes, 5))
    labels, twin, slow = covers[0].copy(), covers[0].tolist(), speed.tolist()
    args = (lists.starts, lists.stops, lists.indices, rows.starts, rows.stops, rows.indices)
    count = swarm._fly(*args, labels, speed, covers[1], covers[2], 1.494, draws)
    adjacency = plain.neighbors(n_nodes, graph.edges)
    best, top = covers[1].tolist(), covers[2].tolist()
    expected = naive.fly(adjacency, dist, size, twin, slow, best, top, 1.494, draws.tolist())
    assert (count, labels.tolist(), speed.tolist()) == (expected, twin, slow)


def test_evolution_equals_twin():
    graph = nx.gnp_random_graph(30, 0.09, seed=4)
    dist = plain.hop_distances(30, graph.edges)
    rng = np.random.default_rng(8)
    vectors = rng.random((5, 30))

    def worth(vector):
        return max(plain.greedy(dist, 2, np.argsort(vector, kind="stable").tolist())) + 1

    for _ in range(4):
        mutants = np.empty_like(vectors)
        for i in range(5):
            others = [j for j in range(5) if j != i]
            a, b, c = rng.choice(others, size=3, replace=False)
            mutants[i] = vectors[a] + 0.9 * (vectors[b] - vectors[c])
        mask = rng.random(vectors.shape) < 0.85
        mask[np.arange(5), rng.integers(30, size=5)] = True
        for i, rival in enumerate(np.where(mask, mutants, vectors)):
            if worth(rival) < worth(vectors[i]):
                vectors[i] = rival
    best = min(worth(vector) for vector in vectors)
    cover = box_cover(graph, 2, method="evolution", population=5, generations=4, rng=8)
    assert cover.n_boxes == best


@pytest.mark.parametrize("method", ["evolution", "swarm"])
def test_populations_find_the_best_path(method):
    assert box_cover(nx.path_graph(20), 3, method=method, rng=0).n_boxes == 5


@pytest.mark.parametrize(
    ("method", "option", "rule"),
    [
        ("evolution", {"population": 3}, "population must be a whole number of at least 4"),
        ("evolution", {"crossover": 2}, "crossover must lie in"),
        ("swarm", {"particles": 0}, "particles must be a whole number of at least 1"),
        ("annealing", {"temperature": 0}, "temperature must be a finite number above 0"),
        ("annealing", {"cooling": 1.1}, "cooling must lie in"),
        ("sampling", {"boxes": "small"}, "boxes must be one of"),
        ("sampling", {"strategy": "last"}, "strategy must be one of"),
        ("sketch", {"k": 1}, "k must be a whole number of at least 2"),
        ("auto", {"kind": "ball"}, "kind must be one of"),
        ("best", {"kind": "ball"}, "kind must be one of"),
        ("best", {"time_limit": -1}, "time_limit must be a finite number"),
    ],
)
def test_options_are_checked(method, option, rule):
    with pytest.raises(ValueError, match=rule):
        box_cover(nx.path_graph(12), 2, method=method, **option)


@graphs
def test_fnb_hubs_are_those_of_the_definition(seed, n_nodes, size):
    graph, space, dist, rng = draw(seed, n_nodes)
    hubs = rng.permutation(n_nodes)
    taken = fnb._take_hubs(*space.rows(size), hubs, space.components)
    assert taken.tolist() == naive.hubs_within(dist, size, hubs.tolist())
    cover = box_cover(graph, size, method="fnb", rng=seed)
    degrees = [graph.degree(c) for c in cover.centers.tolist()]
    assert degrees == sorted(degrees, reverse=True) or cover.n_boxes == len(set(space.components))


def test_hubs_of_a_given_number():
    graph = nx.disjoint_union(nx.barabasi_albert_graph(30, 2, seed=0), nx.path_graph(5))
    with pytest.raises(ValueError, match=r"n_boxes must be from 2 .* to 35"):
        cover_hubs(graph, 1)
    spans = []
    for n_boxes in (2, 4, 8, 35):
        cover = cover_hubs(graph, n_boxes, rng=0)
        assert cover.n_boxes == n_boxes
        cover.validate(graph)
        for box in cover.boxes():
            assert nx.is_connected(graph.subgraph(box))
        spans.append(box_diameters(graph, cover).mean())
    assert spans == sorted(spans, reverse=True)
    assert spans[-1] == 0


def test_weighted_hubs():
    graph = nx.path_graph(4)
    nx.set_edge_attributes(graph, {(0, 1): 1.0, (1, 2): 5.0, (2, 3): 2.0}, "length")
    cover = cover_hubs(graph, 2, rng=0, weight="length")
    assert sorted(map(sorted, cover.boxes())) == [[0, 1], [2, 3]]
    assert cover.size == 2.0


@graphs
def test_box_diameters_equal_twin(seed, n_nodes, size):
    graph, _, dist, _ = draw(seed, n_nodes)
    cover = box_cover(graph, size, rng=seed)
    expected = [max(dist[u][v] for u in box for v in box) for box in cover.boxes()]
    assert box_diameters(graph, cover).tolist() == expected
