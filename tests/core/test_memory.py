"""Requests that would need more than there is are refused, with the size that fits."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

import featgraph as fg
from featgraph import invariance, selfsimilarity, similarity as sim
from featgraph.core.resources import check_pairs
from featgraph.distances import SquaredDistanceSum, feature_distances

CLOUD = np.random.default_rng(0).normal(size=(200, 3))
RING = nx.cycle_graph(200)
REFUSED = {
    "distances": lambda: feature_distances(CLOUD),
    "summed distances": lambda: SquaredDistanceSum().update(CLOUD),
    "feature covering": lambda: fg.box_counts(CLOUD, sizes=[1.0], rng=0),
    "graph of features": lambda: fg.feature_graph(CLOUD),
    "sweep": lambda: fg.epsilon_sweep(CLOUD, progress=False),
    "comparison": lambda: fg.compare_dimensions(CLOUD, progress=False),
    "ss_rate": lambda: fg.ss_rate(CLOUD),
    "critical distances": lambda: selfsimilarity.critical_distances(CLOUD),
    "leverage": lambda: selfsimilarity.measure_leverage(CLOUD),
    "null models": lambda: selfsimilarity.compare_with_nulls(CLOUD),
    "self-similarity": lambda: selfsimilarity.self_similarity_test(CLOUD, rng=0),
    "self-similarity over hops": lambda: selfsimilarity.self_similarity_test(RING, rng=0),
    "clusters": lambda: invariance.cluster_nodes(CLOUD),
    "correlation sum": lambda: invariance.compute_correlation_sum(CLOUD),
    "hops": lambda: sim.network_portrait(fg.graph.as_feature_graph(RING)),
    "rsa": lambda: sim.rsa(CLOUD, CLOUD),
    "cka": lambda: sim.cka(CLOUD, CLOUD, kernel="rbf"),
    "adjacency": lambda: sim.sample_adjacency(CLOUD),
    "homology": lambda: sim.distance_persistence(1 - np.eye(200)),
    "auto": lambda: fg.box_cover(nx.complete_graph(200), 1, method="auto"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_tables_of_all_pairs_are_refused_before_they_are_made(monkeypatch, name):
    monkeypatch.setenv("FEATGRAPH_MEMORY", "1e-7")
    with pytest.raises(MemoryError, match="GiB at hand"):
        REFUSED[name]()


def test_the_message_names_the_size_that_fits(monkeypatch):
    monkeypatch.setenv("FEATGRAPH_MEMORY", str(8 * 1000**2 / 2**30))
    check_pairs(1000, "distances", bytes_per_pair=8)
    with pytest.raises(
        MemoryError, match="distances of 1,001 nodes would take .* at most 1,000 nodes fit; go"
    ):
        check_pairs(1001, "distances", bytes_per_pair=8, remedy="go")
