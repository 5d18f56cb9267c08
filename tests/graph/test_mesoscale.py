"""Rich club, census, modularity, spectral gap and the summary row."""

from __future__ import annotations

import math

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.distances import as_distance_matrix
from featgraph.graph import (
    FeatureGraph,
    as_feature_graph,
    count_motifs,
    feature_graph,
    find_communities,
    measure_modularity,
    network_summary,
    rich_club,
    spectral_gap,
)
from featgraph.graph.nulls import EdgeSwapper
from tests.naive import networks as naive

EXTREME = {
    "single": nx.empty_graph(1),
    "edgeless": nx.empty_graph(4),
    "pair": nx.path_graph(2),
    "complete": nx.complete_graph(6),
    "star": nx.star_graph(5),
    "apart": nx.disjoint_union(nx.cycle_graph(5), nx.path_graph(3)),
}
PATTERNS = {
    "path": (1, 1, 2, 2),
    "star": (1, 1, 1, 3),
    "cycle": (2, 2, 2, 2),
    "paw": (1, 2, 2, 3),
    "diamond": (2, 2, 3, 3),
    "clique": (3, 3, 3, 3),
}


@st.composite
def random_graphs(draw):
    n_nodes = draw(st.integers(1, 9))
    density = draw(st.sampled_from([0.2, 0.5, 0.8, 1.0]))
    return nx.gnp_random_graph(n_nodes, density, seed=draw(st.integers(0, 999)))


@given(random_graphs())
def test_motifs_are_those_of_looking_at_every_set(net):
    n, edges = len(net), list(net.edges)
    triads = naive.induced_classes(n, edges, 3)
    expected = [triads.get(key, 0) for key in [(0, 0, 0), (0, 1, 1), (1, 1, 2), (2, 2, 2)]]
    assert list(count_motifs(net).values()) == expected
    fours = naive.induced_classes(n, edges, 4)
    assert count_motifs(net, size=4) == {name: fours.get(key, 0) for name, key in PATTERNS.items()}


def test_motifs_are_those_of_igraph():
    net = nx.gnp_random_graph(80, 0.15, seed=4)
    found = as_feature_graph(net).to_igraph().motifs_randesu(size=4)
    assert sorted(count_motifs(net, size=4).values()) == sorted(x for x in found if x == x)


def test_motif_sizes():
    with pytest.raises(ValueError, match="size must be one of"):
        count_motifs(nx.path_graph(3), size=5)


@given(random_graphs().filter(lambda net: net.number_of_edges() > 0))
def test_rich_club_is_that_by_definition(net):
    club = rich_club(net, n_references=2, rng=0)
    expected = naive.rich_club(len(net), list(net.edges))
    np.testing.assert_allclose(club.coefficients, expected, rtol=1e-12)
    assert club.references.shape == (2, len(expected))


def test_rich_club_is_that_of_networkx_and_its_references_keep_members():
    net = nx.barabasi_albert_graph(120, 4, seed=2)
    club = rich_club(net, n_references=10, rng=0)
    theirs = nx.rich_club_coefficient(net, normalized=False)
    for k, value in theirs.items():
        assert club.coefficients[k] == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(club.references[:, 0], club.coefficients[0], rtol=1e-12)
    assert club.to_rows()[0]["n_members"] == 120


def test_a_planted_club_stands_out():
    net = nx.disjoint_union(nx.complete_graph(8), nx.cycle_graph(80))
    for member in range(8):
        net.add_edges_from((member, 8 + 10 * member + k) for k in range(10))
    club = rich_club(net, rng=0)
    assert club.ratio[10] > 1.2
    assert club.z[10] > 3


def test_rich_club_needs_edges():
    with pytest.raises(ValueError, match="graph must have at least one edge"):
        rich_club(nx.empty_graph(3))


def test_modularity_is_that_of_networkx():
    net = nx.karate_club_graph()
    graph = as_feature_graph(net, weight="ignore")
    labels = find_communities(graph)
    groups = [set(np.flatnonzero(labels == k).tolist()) for k in range(labels.max() + 1)]
    expected = nx.community.modularity(net, groups, weight=None)
    assert measure_modularity(graph, labels) == pytest.approx(expected, rel=1e-12)
    assert math.isnan(measure_modularity(FeatureGraph.from_edges([], n_nodes=2), [0, 1]))
    with pytest.raises(ValueError, match="labels must be one whole number per node"):
        measure_modularity(graph, [0.5] * 34)


@pytest.mark.parametrize("n_nodes", [30, 450])  # all eigenvalues, and the extreme ones
def test_spectral_gap_is_that_of_the_whole_spectrum(n_nodes):
    net = nx.connected_watts_strogatz_graph(n_nodes, 6, 0.3, seed=1)
    found = spectral_gap(net)
    laplacian = np.sort(np.linalg.eigvalsh(nx.normalized_laplacian_matrix(net).toarray()))
    adjacency = np.sort(np.linalg.eigvalsh(nx.to_numpy_array(net)))
    # Lanczos iterations stop at machine precision times the largest eigenvalue
    assert found.laplacian == pytest.approx(laplacian[1], abs=1e-9)
    assert found.mixing == pytest.approx(min(laplacian[1], 2 - laplacian[-1]), abs=1e-9)
    assert found.adjacency == pytest.approx(adjacency[-1] - adjacency[-2], abs=1e-8)


def test_known_spectral_gaps():
    assert spectral_gap(nx.complete_graph(5)).laplacian == pytest.approx(5 / 4)
    assert spectral_gap(nx.complete_bipartite_graph(3, 3)).mixing == pytest.approx(0, abs=1e-12)
    apart = spectral_gap(EXTREME["apart"])
    assert apart.left_out == pytest.approx(3 / 8)
    assert apart.laplacian == pytest.approx(1 - math.cos(2 * math.pi / 5))
    assert math.isnan(spectral_gap(nx.empty_graph(3)).laplacian)


def test_summary_of_extreme_graphs_has_the_same_keys_and_no_error():
    rows = network_summary(EXTREME, n_references=2, rng=0, progress=False)
    assert [row["name"] for row in rows] == list(EXTREME)
    assert len({tuple(row) for row in rows}) == 1
    found = {row["name"]: row for row in rows}
    assert math.isnan(found["single"]["density"])
    assert math.isnan(found["edgeless"]["path_length"])
    assert found["complete"]["clustering"] == 1
    assert found["apart"]["n_components"] == 2
    assert found["star"]["max_core"] == 1


def test_summary_takes_distances_in_place_of_features():
    features = np.random.default_rng(0).normal(size=(24, 6))
    pair = {"F": features, "C": as_distance_matrix(features)}
    rows = network_summary(pair, n_references=0, rng=0, progress=False)
    assert rows[0]["n_edges"] == rows[1]["n_edges"] > 0
    assert rows[0]["epsilon"] == pytest.approx(rows[1]["epsilon"])


def test_summary_of_layers_builds_their_graphs():
    rng = np.random.default_rng(0)
    layers = {name: rng.normal(size=(24, 6)) for name in ("conv", "head")}
    rows = network_summary(layers, n_references=2, rng=0, progress=False)
    alone = network_summary(
        {"conv": feature_graph(layers["conv"])}, n_references=2, rng=0, progress=False
    )
    assert [row["n_components"] for row in rows] == [1, 1]
    for key, value in alone[0].items():
        assert rows[0][key] == value or math.isnan(value), key
    whole = network_summary(feature_graph(layers), n_references=0, progress=False)[0]
    assert 0 < whole["inter_layer_share"] < 1
    assert math.isnan(whole["sigma"])
    assert whole["clustering"] > 0


def test_summary_refuses_what_is_neither():
    with pytest.raises(ValueError, match="graphs must hold at least one graph"):
        network_summary({})
    with pytest.raises(TypeError, match="graph"):
        network_summary("text")


def test_a_summary_without_references_draws_none(monkeypatch):
    graph = nx.disjoint_union(nx.gnp_random_graph(20, 0.2, seed=1), nx.cycle_graph(5))
    drawn = network_summary(graph, n_references=1, tails=False, progress=False)[0]
    monkeypatch.setattr("featgraph.graph.summary.watch_references", None)
    row = network_summary(graph, n_references=0, tails=False, progress=False)[0]
    for name in ("clustering", "path_length", "diameter", "global_efficiency", "local_efficiency"):
        assert row[name] == drawn[name]
    assert np.isnan(row["sigma"])


def draw_counted(monkeypatch, graph, **how):
    """Return the kinds of reference that a summary draws, and its row."""
    kinds, draw = [], EdgeSwapper.draw

    def count(self, kind, *rest):
        kinds.append(kind)
        return draw(self, kind, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(EdgeSwapper, "draw", count)
        row = network_summary(graph, tails=False, progress=False, **how)[0]
    return {kind: kinds.count(kind) for kind in kinds}, row


def test_rich_club_and_small_world_share_references(monkeypatch):
    graph = nx.barabasi_albert_graph(60, 3, seed=1)
    drawn, row = draw_counted(monkeypatch, graph, n_references=4)
    assert drawn == {"random": 4, "lattice": 4}
    seed = np.random.default_rng(0).integers(2**31, size=1).tolist()[0]
    club = rich_club(graph, n_references=4, rng=seed)  # of the same stream, so the same graphs
    large = np.flatnonzero(club.n_members >= 6)
    assert row["rich_club_ratio"] == club.ratio[large[-1]]


def test_a_rich_club_draws_its_own_where_small_world_has_others(monkeypatch):
    apart = nx.disjoint_union(nx.barabasi_albert_graph(30, 3, seed=1), nx.cycle_graph(5))
    assert draw_counted(monkeypatch, apart, n_references=3)[0] == {"random": 6, "lattice": 3}
    tree = nx.random_labeled_tree(30, seed=1)
    assert draw_counted(monkeypatch, tree, n_references=3)[0] == {"random": 4, "lattice": 1}


def test_a_spectral_gap_takes_few_products(monkeypatch):
    from scipy.sparse import linalg

    solve, n_products = linalg.eigsh, []

    def count(matrix, **how):
        n_products.append(0)

        def multiply(vector):
            n_products[-1] += 1
            return matrix @ vector

        return solve(linalg.LinearOperator(matrix.shape, matvec=multiply, dtype=float), **how)

    monkeypatch.setattr(linalg, "eigsh", count)
    found = spectral_gap(nx.barabasi_albert_graph(2000, 5, seed=0))
    assert found.laplacian == pytest.approx(0.41478418123275784, abs=1e-10)  # of all eigenvalues
    assert len(n_products) == 2  # both ends of the walk at once, one end of the adjacency
    assert 100 < sum(n_products) < 400  # 780 to rounding, one end after the other
