"""Small world: agreement with networkx and igraph, known graphs, references, bad input."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy.sparse.csgraph import shortest_path

from featgraph.graph import (
    FeatureGraph,
    SmallWorld,
    as_feature_graph,
    average_clustering,
    clustering,
    count_hop_distances,
    local_clustering,
    local_efficiency,
    nulls,
    rewire_graph,
    small_world,
    smallworld,
)
from featgraph.graph.nulls import EdgeSwapper
from tests.naive import networks as naive


@st.composite
def small_graphs(draw):
    n_nodes = draw(st.integers(1, 9))
    pairs = [(i, j) for i in range(n_nodes) for j in range(i)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return FeatureGraph.from_edges(edges, n_nodes=n_nodes)


@given(small_graphs())
def test_clustering_paths_and_efficiencies_are_those_by_definition(graph):
    n, edges = graph.n_nodes, graph.edges.tolist()
    triangles = naive.triangles(n, edges)
    pairs = [k * (k - 1) / 2 for k in graph.degrees.tolist()]
    expected = [t / p if p else 0.0 for t, p in zip(triangles, pairs, strict=True)]
    np.testing.assert_allclose(local_clustering(graph), expected, rtol=1e-12)
    assert count_hop_distances(graph).pairs.tolist() == naive.hop_pairs(n, edges)
    # the same sum in another order
    assert local_efficiency(graph) == pytest.approx(naive.local_efficiency(n, edges), rel=1e-12)


@pytest.mark.parametrize("p", [0.012, 0.035, 0.3])  # lists; rows of bits; these in few hops
def test_values_are_those_of_networkx_and_igraph(p):
    net = nx.gnp_random_graph(150, p, seed=0)  # more nodes than bits in two words
    graph = as_feature_graph(net)
    own = graph.to_igraph()
    hops = count_hop_distances(graph)
    # one sum each, in another order
    assert average_clustering(graph) == pytest.approx(nx.average_clustering(net), rel=1e-12)
    assert average_clustering(graph, kind="transitivity") == pytest.approx(
        own.transitivity_undirected(), rel=1e-12
    )
    assert hops.path_length == pytest.approx(own.average_path_length(), rel=1e-12)
    assert hops.diameter == own.diameter()
    assert hops.efficiency == pytest.approx(nx.global_efficiency(net), rel=1e-12)
    assert local_efficiency(graph) == pytest.approx(nx.local_efficiency(net), rel=1e-12)


def test_long_paths_need_many_levels():
    hops = count_hop_distances(as_feature_graph(nx.path_graph(200)))
    assert hops.pairs.tolist() == [0] + [2 * (200 - d) for d in range(1, 200)]


@pytest.mark.parametrize("kind", ["random", "lattice"])
@given(graph=small_graphs(), seed=st.integers(0, 99))
def test_references_are_simple_and_keep_every_degree(kind, graph, seed):
    # FeatureGraph itself refuses loops, doubles and one-way edges
    other = rewire_graph(graph, kind=kind, swaps_per_edge=5, rng=seed)
    np.testing.assert_array_equal(other.degrees, graph.degrees)
    if graph.n_components == 1:
        assert other.n_components == 1


@pytest.mark.parametrize("ring", [False, True])
@pytest.mark.parametrize("connected", [False, True])
@given(graph=small_graphs(), seed=st.integers(1, 99), n_draws=st.integers(1, 12))
def test_swaps_are_those_of_the_slow_twin(graph, seed, n_draws, ring, connected):
    from featgraph.graph._swap_kernels import draw_swaps, join_lasting, swap_edges

    if graph.n_edges < 2 or graph.degrees.min() == 0:
        return
    start = EdgeSwapper.start(graph, connected=connected)
    draws = np.empty((n_draws, 3), dtype=np.int64)
    n_ring = graph.n_nodes if ring else 0
    draw_swaps(np.array([seed]), graph.indices.size, n_ring, draws)
    indices = start.indices.copy()
    arrays = (start.indptr, indices, start.twins.copy(), start.tails, draws)
    parts = np.arange(graph.n_nodes) if ring else join_lasting(*arrays[:3], draws)
    kept = swap_edges(*arrays, n_ring, start.connected, parts)
    entries = list(zip(start.tails.tolist(), start.indices.tolist(), strict=True))
    expected = naive.swap_all(entries, draws.tolist(), n_ring, start.connected)
    assert (list(zip(start.tails.tolist(), indices.tolist(), strict=True)), kept) == expected


def test_few_swaps_of_a_sparse_graph_need_a_search(monkeypatch):
    from featgraph.datasets import make_barabasi_albert
    from featgraph.graph import _swap_kernels

    shares, join = [], _swap_kernels.join_lasting

    def watch(*arrays):
        parts = join(*arrays)
        shares.append(np.bincount(parts).max() / parts.size)
        return parts

    monkeypatch.setattr(_swap_kernels, "join_lasting", watch)
    graph = make_barabasi_albert(2000, 3, rng=0)
    with_parts = rewire_graph(graph, rng=0)
    assert 40 < len(shares) < 90  # five swaps per edge, an eighth of the edges at a time
    assert min(shares) > 0.95  # all others are searched one by one
    monkeypatch.setattr(nulls, "_LEAST_ENTRIES", 1 << 60)
    np.testing.assert_array_equal(rewire_graph(graph, rng=0).indices, with_parts.indices)


@pytest.mark.parametrize(("large", "n_lattices"), [(10_000, 4), (100, 2)])
def test_of_large_graphs_two_lattices_are_drawn(large, n_lattices, monkeypatch):
    for module in (nulls, smallworld):
        monkeypatch.setattr(module, "MANY_EDGES", large)
    found = small_world(nx.connected_watts_strogatz_graph(60, 4, 0.1, seed=0), n_references=4)
    assert (found.random.n_references, found.lattice.n_references) == (4, n_lattices)
    assert ("of 120 edges at most 2 lattices" in found.explanation) == (n_lattices == 2)


def test_of_large_graphs_the_explanation_names_the_sample(monkeypatch):
    for module in (clustering, smallworld):
        monkeypatch.setattr(module, "EXACT_NODES", 50)
        monkeypatch.setattr(module, "SOURCES", 40)
    found = small_world(nx.connected_watts_strogatz_graph(60, 4, 0.1, seed=0), n_references=1)
    assert "paths begin at 40 of 60 nodes" in found.explanation


@pytest.mark.parametrize("ring", [False, True])
@given(graph=small_graphs(), seed=st.integers(1, 99))
def test_swaps_of_bits_are_those_of_the_slow_twin(graph, seed, ring):
    from featgraph.graph._swap_kernels import swap_bits
    from featgraph.kernels.bits import pack_neighbors

    n_nodes, connected = graph.n_nodes, graph.n_components == 1
    complete = 2 * graph.n_edges == n_nodes * (n_nodes - 1)
    if graph.n_edges < 2 or graph.degrees.min() == 0 or complete:
        return
    n_ring = n_nodes if ring else 0
    bits = pack_neighbors(graph.indptr, graph.indices)
    kept = swap_bits(bits, graph.degrees, 12, np.array([seed]), n_ring, connected)
    rows = bits[:, 0].tolist()
    found = [{b for b in range(n_nodes) if rows[a] >> b & 1} for a in range(n_nodes)]
    edges = graph.edges.tolist()
    assert (found, kept) == naive.swap_pairs(n_nodes, edges, 12, seed, n_ring, connected)


@pytest.mark.parametrize("kind", ["random", "lattice"])
def test_lists_and_rows_of_bits_give_references_of_one_law(kind, monkeypatch):
    graph = as_feature_graph(nx.connected_watts_strogatz_graph(120, 8, 0.1, seed=1))
    means = []
    for dense in (False, True):
        monkeypatch.setattr(nulls, "rows_of_bits_pay", lambda *_, dense=dense: dense)
        others = [rewire_graph(graph, kind=kind, rng=seed) for seed in range(6)]
        means.append(np.mean([average_clustering(other) for other in others]))
    # sd of a mean of six: 0.004 (random, about 0.05) and 0.006 (lattice, about 0.55)
    assert means[0] == pytest.approx(means[1], abs=0.03)


def test_more_than_half_of_all_pairs_are_rewired_by_those_not_joined():
    graph = as_feature_graph(nx.complement(nx.circulant_graph(70, [1, 2])))
    other = rewire_graph(graph, rng=0)
    np.testing.assert_array_equal(other.degrees, graph.degrees)
    missing = nx.complement(other.to_networkx()).edges
    kept = sum((b - a) % 70 in (1, 2, 68, 69) for a, b in missing)
    assert kept < 0.2 * len(missing)  # 6 % by chance
    assert average_clustering(other) < 1


def test_random_references_lose_clustering_and_lattices_gain_it():
    graph = as_feature_graph(nx.connected_watts_strogatz_graph(200, 8, 0.3, seed=1))
    own = average_clustering(graph)
    loose = average_clustering(rewire_graph(graph, rng=0))
    tight = average_clustering(rewire_graph(graph, kind="lattice", rng=0))
    assert loose < 0.1 < own < 0.5 < tight


def test_a_ring_of_neighbours_is_a_lattice_and_its_shortcuts_make_a_small_world():
    ring = small_world(nx.watts_strogatz_graph(70, 8, 0.0), n_references=2, rng=0)
    small = small_world(nx.connected_watts_strogatz_graph(70, 8, 0.1, seed=0), n_references=2)
    chance = small_world(nx.gnm_random_graph(70, 280, seed=0), n_references=2, rng=0)
    assert ring.clustering == pytest.approx(9 / 14, rel=1e-12)  # 3(k − 2) / 4(k − 1), k = 8
    assert ring.omega < -0.4 < small.omega < chance.omega
    assert small.omega_prime > max(ring.omega_prime, chance.omega_prime)
    assert small.sigma > 2 > chance.sigma
    assert small.propensity > 0.6 > chance.propensity
    assert small.explanation.startswith("a small world")
    assert small.sigma_interval[0] <= small.sigma <= small.sigma_interval[1]


def test_sigma_is_close_to_that_of_networkx():
    net = nx.connected_watts_strogatz_graph(40, 6, 0.2, seed=3)
    ours = small_world(net, n_references=12, clustering="transitivity", rng=0)
    theirs = nx.sigma(net, niter=2, nrand=4, seed=1)
    # both are means over random references: 4 of theirs scatter by a tenth
    assert ours.sigma == pytest.approx(theirs, rel=0.25)


def test_same_seed_same_answer_and_no_global_state():
    net = nx.connected_watts_strogatz_graph(60, 6, 0.2, seed=3)
    np.random.seed(3)  # noqa: NPY002 - the legacy state is what must not move
    before = np.random.get_state()[2]  # noqa: NPY002
    rows = [small_world(net, n_references=3, rng=5).to_rows()[0] for _ in range(2)]
    assert rows[0] == rows[1]
    assert np.random.get_state()[2] == before  # noqa: NPY002


def test_disconnected_graphs_are_compared_by_the_largest_component():
    net = nx.disjoint_union(nx.connected_watts_strogatz_graph(60, 6, 0.2, seed=3), nx.path_graph(4))
    net.add_node("alone")
    whole = small_world(net, n_references=4, rng=0)
    part = small_world(net.subgraph(range(60)), n_references=4, rng=0)
    assert whole.sigma == part.sigma
    assert whole.left_out == pytest.approx(5 / 65)
    assert whole.global_efficiency == pytest.approx(nx.global_efficiency(net), rel=1e-12)
    assert whole.global_efficiency < part.global_efficiency


@pytest.mark.parametrize(
    "net", [nx.complete_graph(6), nx.star_graph(5), nx.path_graph(2), nx.path_graph(3)]
)
def test_graphs_that_cannot_be_rewired_have_no_sigma(net):
    result = small_world(net, n_references=2, rng=0)
    assert math.isnan(result.sigma)
    assert math.isnan(result.omega)
    assert math.isnan(result.propensity)
    assert "no two edges can be swapped" in result.explanation
    assert result.path_length == pytest.approx(nx.average_shortest_path_length(net))


def test_graphs_without_triangles_by_their_degrees_have_no_sigma():
    result = small_world(nx.path_graph(30), n_references=2, rng=0)
    assert math.isnan(result.sigma)
    assert "no triangles" in result.explanation


@pytest.mark.parametrize("n_nodes", [1, 4])
def test_graphs_without_edges_are_refused(n_nodes):
    with pytest.raises(ValueError, match="graph must have at least one edge"):
        small_world(FeatureGraph.from_edges([], n_nodes=n_nodes))


def test_bad_arguments():
    with pytest.raises(ValueError, match="n_references must be a whole number of at least 1"):
        small_world(nx.path_graph(4), n_references=0)
    with pytest.raises(ValueError, match="did you mean 'average'"):
        small_world(nx.path_graph(4), clustering="averge")
    with pytest.raises(ValueError, match="kind must be one of"):
        rewire_graph(FeatureGraph.from_edges([(0, 1)]), kind="latice")
    with pytest.raises(ValueError, match="swaps_per_edge must be a finite number above 0"):
        rewire_graph(FeatureGraph.from_edges([(0, 1)]), swaps_per_edge=0)


def test_results_are_written_and_read_back(tmp_path):
    result = small_world(nx.connected_watts_strogatz_graph(30, 4, 0.2, seed=3), n_references=2)
    again = SmallWorld.load(result.save(tmp_path / "world.json"))
    assert again.to_rows()[0] == result.to_rows()[0]
    assert again.explanation == result.explanation
    (tmp_path / "bad.json").write_text('{"sigma": 1}')
    with pytest.raises(ValueError, match="bad.json: omega is missing"):
        SmallWorld.load(tmp_path / "bad.json")


@pytest.mark.parametrize(
    "made",
    [
        nx.barabasi_albert_graph(700, 3, seed=0),  # balls grow fast: many sources at once
        nx.disjoint_union(nx.gnm_random_graph(600, 900, seed=1), nx.path_graph(40)),
        nx.convert_node_labels_to_integers(nx.grid_2d_graph(25, 25)),
    ],
)
def test_hops_from_many_sources_are_those_of_scipy(made):
    graph = as_feature_graph(made)
    hops = shortest_path(graph.to_scipy(), unweighted=True)
    hops = hops[np.isfinite(hops) & (hops > 0)].astype(int)
    assert count_hop_distances(graph).pairs.tolist() == np.bincount(hops).tolist()
