"""What every method of METHODS must keep to, before any method is looked at by itself."""

from __future__ import annotations

import itertools
import random

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from featgraph.boxes import box_counts, box_cover
from featgraph.boxes.methods import METHODS
from tests.naive import boxes as naive

# searches that would take long on many graphs: fewer rounds show the same promises
QUICK = {
    "auto": {},
    "best": {"time_limit": 0.02},
    "annealing": {"moves": 20, "steps": 3},
    "evolution": {"population": 4, "generations": 2},
    "iterated_greedy": {"iterations": 30},
    "swarm": {"particles": 2, "steps": 3},
}
COVERING = sorted(name for name, row in METHODS.items() if row.box != "none")


@st.composite
def graphs(draw, most=11):
    """Small graphs: empty, single, disconnected, complete, paths, cycles, stars, random."""
    n_nodes = draw(st.integers(1, most))
    shape = draw(st.sampled_from(["any", "any", "any", "empty", "complete", "path", "star"]))
    pairs = [(i, j) for i in range(n_nodes) for j in range(i)]
    if shape == "any" and pairs:
        edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=2 * n_nodes))
    else:
        edges = {
            "any": [],
            "empty": [],
            "complete": pairs,
            "path": [(i, i + 1) for i in range(n_nodes - 1)],
            "star": [(0, i) for i in range(1, n_nodes)],
        }[shape]
    return n_nodes, sorted(edges)


def as_networkx(n_nodes, edges):
    graph = nx.empty_graph(n_nodes)
    graph.add_edges_from(edges)
    return graph


def check(cover, dist, size):
    labels = cover.labels.tolist()
    assert sorted(set(labels)) == list(range(cover.n_boxes))
    assert len(labels) == len(dist)
    boxes = [[v for v, label in enumerate(labels) if label == box] for box in range(cover.n_boxes)]
    if cover.overlaps is not None:
        indptr, members = cover.overlaps
        wide = [members[indptr[b] : indptr[b + 1]].tolist() for b in range(cover.n_boxes)]
        assert all(set(box) <= set(more) for box, more in zip(boxes, wide, strict=True))
        boxes = wide
    for box, members in enumerate(boxes):
        if cover.kind == "radius":
            assert all(dist[cover.centers[box]][v] <= size for v in members)
        else:
            assert all(dist[u][v] <= size for u in members for v in members)


@pytest.mark.parametrize("method", COVERING)
@settings(max_examples=25)
@given(graph=graphs(), size=st.integers(0, 5), seed=st.integers(0, 3))
def test_boxes_keep_their_promise(method, graph, size, seed):
    n_nodes, edges = graph
    dist = naive.hop_distances(n_nodes, edges)
    cover = box_cover(
        as_networkx(n_nodes, edges), size, method=method, rng=seed, **QUICK.get(method, {})
    )
    check(cover, dist, size)
    apart = size if cover.kind == "diameter" else 2 * size
    assert naive.packing_bound(dist, apart) <= cover.n_boxes <= n_nodes
    cover.validate(as_networkx(n_nodes, edges))
    again = box_cover(
        as_networkx(n_nodes, edges), size, method=method, rng=seed, **QUICK.get(method, {})
    )
    assert again.labels.tolist() == cover.labels.tolist()


@pytest.mark.parametrize("method", COVERING)
def test_sizes_without_work(method):
    graph = nx.disjoint_union_all([nx.path_graph(4), nx.path_graph(3), nx.empty_graph(1)])
    assert box_cover(graph, 0, method=method, rng=0, **QUICK.get(method, {})).n_boxes == 8
    for beyond in (4, 9, 10**9):
        cover = box_cover(graph, beyond, method=method, rng=0, **QUICK.get(method, {}))
        assert cover.boxes() == [[0, 1, 2, 3], [4, 5, 6], [7]]
        cover.validate(graph)
    assert (
        box_cover(nx.empty_graph(1), 3, method=method, rng=0, **QUICK.get(method, {})).n_boxes == 1
    )
    assert (
        box_cover(nx.empty_graph(5), 3, method=method, rng=0, **QUICK.get(method, {})).n_boxes == 5
    )


@pytest.mark.parametrize("method", COVERING)
def test_labels_of_nodes_are_only_names(method):
    plain = nx.convert_node_labels_to_integers(nx.karate_club_graph())
    names = {v: f"member {chr(200 - v)}" for v in plain}
    named = nx.relabel_nodes(plain, names)
    first = box_cover(plain, 2, method=method, rng=1, weight="ignore", **QUICK.get(method, {}))
    second = box_cover(named, 2, method=method, rng=1, weight="ignore", **QUICK.get(method, {}))
    assert second.boxes() == [[names[v] for v in box] for box in first.boxes()]


@pytest.mark.parametrize("method", COVERING)
def test_permuted_nodes_give_a_valid_cover(method):
    graph = nx.gnp_random_graph(24, 0.12, seed=5)
    order = np.random.default_rng(2).permutation(24).tolist()
    shuffled = nx.Graph()
    shuffled.add_nodes_from(order)
    shuffled.add_edges_from(graph.edges)
    for size in (1, 2):
        cover = box_cover(shuffled, size, method=method, rng=0, **QUICK.get(method, {}))
        assert sorted(v for box in cover.boxes() for v in box) == list(range(24))
        cover.validate(shuffled)


@pytest.mark.parametrize("method", COVERING)
def test_counts_repeat_and_do_not_depend_on_threads(method):
    graph = nx.gnp_random_graph(30, 0.1, seed=3)
    runs = [
        box_counts(
            graph,
            sizes=[1, 2, 3],
            method=method,
            repeats=2,
            rng=4,
            jobs=jobs,
            **QUICK.get(method, {}),
        )
        for jobs in (1, 2, None)
    ]
    assert all(np.array_equal(runs[0].counts_per_repeat, r.counts_per_repeat) for r in runs)
    assert runs[0].counts.tolist() == runs[0].counts_per_repeat.min(axis=0).tolist()


@pytest.mark.parametrize("method", COVERING)
def test_features_are_covered_without_a_graph(method):
    values = np.random.default_rng(0).normal(size=(20, 3))
    sizes = (
        None if method not in ("auto", "best", "iterated_greedy", "optimum") else [0.3, 0.9, 5.0]
    )
    counts = box_counts(values, sizes=sizes, method=method, rng=0, **QUICK.get(method, {}))
    assert counts.space == "metric"
    if counts.kind == "diameter":  # at half the largest distance a ball need not hold all
        assert counts.counts[-1] == 1
    assert np.array_equal(counts.diameter_sizes, counts.sizes)
    dist = np.sqrt(((values[:, None] - values[None]) ** 2).sum(-1) / 3)
    for theta, count in list(zip(counts.sizes, counts.counts, strict=True))[::51]:
        assert naive.packing_bound(dist.tolist(), theta * (1 + 1e-9)) <= count <= 20


@pytest.mark.parametrize("method", COVERING)
@settings(max_examples=15)
@given(graph=graphs(), size=st.integers(0, 12), data=st.data())
def test_weighted_boxes_keep_their_promise(method, graph, size, data):
    n_nodes, edges = graph
    lengths = data.draw(st.lists(st.integers(0, 6), min_size=len(edges), max_size=len(edges)))
    weights = {edge: length / 4 for edge, length in zip(edges, lengths, strict=True)}
    dist = naive.weighted_distances(n_nodes, weights)
    graph = as_networkx(n_nodes, [])
    graph.add_weighted_edges_from([(u, v, w) for (u, v), w in weights.items()], weight="length")
    if not edges:
        return  # nothing that could carry a length
    cover = box_cover(
        graph, size / 4, method=method, rng=0, weight="length", **QUICK.get(method, {})
    )
    check(cover, dist, size / 4)
    cover.validate(graph, weight="length")


@pytest.mark.parametrize("method", COVERING)
@pytest.mark.parametrize("size", [-1, 1.5, "two", None, float("nan"), True])
def test_sizes_in_hops_are_whole(method, size):
    with pytest.raises((ValueError, TypeError), match="size must be a (whole )?number"):
        box_cover(nx.path_graph(3), size, method=method)


@pytest.mark.parametrize("method", COVERING)
def test_hundreds_of_components(method):
    graph = nx.disjoint_union_all([nx.path_graph(3)] * 150 + [nx.empty_graph(60)])
    cover = box_cover(graph, 1, method=method, rng=0, **QUICK.get(method, {}))
    cover.validate(graph)
    fewest = 210 if cover.kind == "radius" else 360
    assert fewest <= cover.n_boxes <= 360
    assert box_cover(graph, 2, method=method, rng=0, **QUICK.get(method, {})).n_boxes == 210


def draw_graph(draw):
    """Draw up to 12 nodes in any mixture of paths, trees, rings, dense and empty parts."""
    n_nodes, density = draw.randint(1, 12), draw.choice([0, 0.1, 0.2, 0.35, 0.6, 1])
    pairs = itertools.combinations(range(n_nodes), 2)
    edges = {pair for pair in pairs if draw.random() < density}
    if draw.random() < 0.5:
        edges |= {(draw.randrange(v), v) for v in range(1, n_nodes) if draw.random() < 0.9}
    order = draw.sample(range(n_nodes), n_nodes)
    return n_nodes, [(order[u], order[v]) for u, v in sorted(edges)]


def cover_all_ways(graph, dist, size, draw, **options):
    """Cover by every method in every shape, check each cover, and return how many there were."""
    counts = {"diameter": [], "radius": []}
    for method in COVERING:
        kinds = ({},)
        if any(option.name == "kind" for option in METHODS[method].options):
            kinds = ({"kind": "diameter"}, {"kind": "radius"})
        for kind in kinds:
            quick = {**QUICK.get(method, {}), **kind, **options}
            seed = draw.randrange(2**32)
            cover = box_cover(graph, size, method=method, rng=seed, **quick)
            check(cover, dist, size)
            counts[cover.kind].append((cover.n_boxes, method))
    for found in counts.values():  # the proven minimum is among them
        assert min(found)[0] == next(n_boxes for n_boxes, method in found if method == "optimum")
    return sum(map(len, counts.values()))


def cover_drawn_graphs(seed, n_graphs):
    """Cover drawn graphs in hops and in lengths that floats hold exactly."""
    draw, n_covers = random.Random(seed), 0
    for _ in range(n_graphs):
        n_nodes, edges = draw_graph(draw)
        size, graph = draw.randint(0, 5), as_networkx(n_nodes, edges)
        n_covers += cover_all_ways(graph, naive.hop_distances(n_nodes, edges), size, draw)
        if edges:
            weights = {edge: draw.randint(0, 6) / 4 for edge in edges}
            nx.set_edge_attributes(graph, weights, "length")
            dist, size = naive.weighted_distances(n_nodes, weights), draw.randint(0, 12) / 4
            n_covers += cover_all_ways(graph, dist, size, draw, weight="length")
    return n_covers


def test_drawn_graphs_in_all_ways():
    assert cover_drawn_graphs(0, 6) > 200


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(1, 11))
def test_many_drawn_graphs_in_all_ways(seed):
    assert cover_drawn_graphs(seed, 240) > 10_000
