"""Networks: clustering, paths, degrees, groups, small worlds."""

from __future__ import annotations

import numpy as np

import featgraph as fg
from benchmarks.peers import definitions
from benchmarks.peers.row import Arrays, Row

KARATE = "karate club"
LEAVES = "a triangle with two leaves and a lone node"


def karate() -> Arrays:
    """Zachary's karate club, with its two sides."""
    graph = fg.datasets.load_karate()
    far = definitions.hops(graph.edges, graph.n_nodes)
    return {"edges": graph.edges, "n": np.array(34), "labels": (far[0] > far[33]).astype(int)}


def leaves() -> Arrays:
    """Nodes that many codes treat apart."""
    return {"edges": np.array([[0, 1], [1, 2], [0, 2], [2, 3], [2, 4]]), "n": np.array(6)}


def complete() -> Arrays:
    """A complete graph."""
    edges = np.array([(i, j) for i in range(12) for j in range(i)])
    return {"edges": edges, "n": np.array(12)}


def graph(given: Arrays) -> fg.FeatureGraph:
    """featgraph's graph of an input."""
    return fg.FeatureGraph.from_edges(given["edges"], n_nodes=int(given["n"]))


def by_definition(*measures):
    """Return measures by the definition."""
    return lambda given: [measure(given["edges"], int(given["n"])) for measure in measures]


def _clustering(given: Arrays) -> float:
    return fg.graph.average_clustering(graph(given))


def _four(given: Arrays) -> list[float]:
    net = graph(given)
    return [
        fg.graph.average_clustering(net),
        fg.graph.average_clustering(net, kind="transitivity"),
        fg.graph.degree_assortativity(net),
        fg.graph.count_hop_distances(net).path_length,
    ]


_FOUR = by_definition(
    definitions.clustering,
    definitions.transitivity,
    definitions.assortativity,
    definitions.path_length,
)
_NX = "import networkx as nx\nG = nx.Graph(); G.add_nodes_from(range(int(n))); G.add_edges_from(edges.tolist())"
_WHAT = "clustering, transitivity, assortativity, mean hops; "
_SMALL = ("numpy==2.2.6", "scipy==1.15.3")


def _ball(net: fg.FeatureGraph, node: int) -> int:
    """Size of the box that holds all within one hop of a node."""
    return int(net.degrees[node]) + 1


ROWS = [
    Row(
        "networkx",
        ("networkx==3.6.1", *_SMALL),
        _WHAT + KARATE,
        karate,
        "value = [nx.average_clustering(G), nx.transitivity(G),\n"
        "    nx.degree_assortativity_coefficient(G), nx.average_shortest_path_length(G)]",
        _four,
        _FOUR,
        prepare=_NX,
    ),
    Row(
        "igraph",
        ("igraph==1.0.0", "numpy==2.2.6"),
        _WHAT + KARATE,
        karate,
        "value = [G.transitivity_avglocal_undirected(mode='zero'), G.transitivity_undirected(),\n"
        "    G.assortativity_degree(), G.average_path_length()]",
        _four,
        _FOUR,
        prepare="import igraph\nG = igraph.Graph(int(n), edges.tolist())",
    ),
    Row(
        "igraph_leaves",
        ("igraph==1.0.0", "numpy==2.2.6"),
        "average clustering as it comes; " + LEAVES,
        leaves,
        "value = G.transitivity_avglocal_undirected()",
        _clustering,
        by_definition(definitions.clustering),
        prepare="import igraph\nG = igraph.Graph(int(n), edges.tolist())",
        note="its default leaves nodes with fewer than two neighbours out of the mean; mode='zero' counts them",
    ),
    Row(
        "networkit_leaves",
        ("networkit==11.2.2", *_SMALL),
        "average clustering; " + LEAVES,
        leaves,
        "value = networkit.globals.ClusteringCoefficient.sequentialAvgLocal(G)",
        _clustering,
        by_definition(definitions.clustering),
        prepare="import networkit\nG = networkit.Graph(int(n))\nfor a, b in edges.tolist():\n    G.addEdge(a, b)",
        note="nodes with fewer than two neighbours are left out of the mean",
    ),
    Row(
        "rustworkx",
        ("rustworkx==0.18.1", "numpy==2.2.6"),
        "transitivity, mean hops; " + KARATE,
        karate,
        "value = [rustworkx.transitivity(G), rustworkx.unweighted_average_shortest_path_length(G)]",
        lambda given: _four(given)[1::2],
        by_definition(definitions.transitivity, definitions.path_length),
        prepare="import rustworkx\nG = rustworkx.PyGraph()\n_ = G.add_nodes_from(list(range(int(n))))\n"
        "_ = G.add_edges_from_no_data([tuple(e) for e in edges.tolist()])",
    ),
    Row(
        "scikit_network",
        ("scikit-network==0.33.5", *_SMALL),
        "clustering coefficient; " + LEAVES,
        leaves,
        "value = get_clustering_coefficient(A)",
        lambda given: fg.graph.average_clustering(graph(given), kind="transitivity"),
        by_definition(definitions.transitivity),
        prepare="from sknetwork.topology import get_clustering_coefficient\nfrom scipy.sparse import coo_matrix\n"
        "both = np.concatenate([edges, edges[:, ::-1]])\n"
        "A = coo_matrix((np.ones(len(both)), both.T), shape=(int(n), int(n))).tocsr()",
    ),
    Row(
        "bctpy",
        ("bctpy==0.6.1", *_SMALL),
        "clustering, efficiency, assortativity; " + KARATE,
        karate,
        "value = [bct.clustering_coef_bu(A).mean(), bct.efficiency_bin(A), bct.assortativity_bin(A, 0)]",
        lambda given: [
            _clustering(given),
            fg.graph.count_hop_distances(graph(given)).efficiency,
            fg.graph.degree_assortativity(graph(given)),
        ],
        by_definition(definitions.clustering, definitions.efficiency, definitions.assortativity),
        prepare="import bct\nA = np.zeros((int(n), int(n)))\nA[edges[:, 0], edges[:, 1]] = A[edges[:, 1], edges[:, 0]] = 1",
    ),
    Row(
        "nx_rustworkx_cutoff",
        ("nx-rustworkx==0.2.1", "networkx==3.6.1", "rustworkx==0.18.1", *_SMALL),
        "nodes within 1 hop of node 0 (`cutoff=1`); " + KARATE,
        karate,
        "value = len(nx.single_source_shortest_path_length(G, 0, cutoff=1, backend='rustworkx'))",
        lambda given: _ball(graph(given), 0),
        lambda given: int((definitions.hops(given["edges"], 34)[0] <= 1).sum()),
        prepare=_NX,
        note="`cutoff` is accepted and not heeded: never dispatch a search of balls to it",
    ),
    Row(
        "small_world_propensity",
        ("small-world-propensity==0.0.19", "scipy", "tqdm"),
        "small-world propensity; a complete graph",
        complete,
        "value = small_world_propensity(A)['SWP'].iloc[0]",
        lambda given: fg.small_world(graph(given), n_references=4, progress=False).propensity,
        lambda given: np.nan,
        prepare="from small_world_propensity import small_world_propensity\nnp.random.seed(0)\n"
        "A = np.ones((12, 12)) - np.eye(12)",
        note="lattice and random graph of its degrees are the graph itself: 0/0, there is no value",
    ),
    Row(
        "python_louvain",
        ("python-louvain==0.16", "networkx==3.6.1", *_SMALL),
        "modularity of two given groups; " + KARATE,
        karate,
        "value = community.modularity(dict(enumerate(labels.tolist())), G)",
        lambda given: fg.graph.measure_modularity(graph(given), given["labels"]),
        lambda given: definitions.modularity(given["edges"], 34, given["labels"]),
        prepare=_NX + "\nimport community",
    ),
    Row(
        "leidenalg",
        ("leidenalg==0.12.0", "igraph==1.0.0", "numpy==2.2.6"),
        "modularity of two given groups; " + KARATE,
        karate,
        "value = leidenalg.ModularityVertexPartition(G, labels.tolist()).modularity",
        lambda given: fg.graph.measure_modularity(graph(given), given["labels"]),
        lambda given: definitions.modularity(given["edges"], 34, given["labels"]),
        prepare="import igraph, leidenalg\nG = igraph.Graph(int(n), edges.tolist())",
    ),
    Row(
        "graph_tool",
        ("graph-tool",),
        "clustering",
        karate,
        "value = 0",
        _clustering,
        by_definition(definitions.clustering),
        note="it is not on PyPI; conda-forge and Debian have it",
    ),
]
