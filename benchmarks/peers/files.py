"""Files: what other readers make of a GraphML file of featgraph."""

from __future__ import annotations

import io

import numpy as np

import featgraph as fg
from benchmarks.peers.row import Arrays, Row

CPU = ("numpy==2.2.6", "scipy==1.15.3")
WHAT = (
    "nodes, edges, sum of a whole-number column, sum of the weights of a file that featgraph wrote"
)


def written() -> Arrays:
    """A weighted graph of six nodes with a column of whole numbers, as bytes of GraphML."""
    edges = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 0)]
    graph = fg.FeatureGraph.from_edges(edges, n_nodes=6, weights=[0.5, 1.0, 1.5, 2.0, 2.5])
    fg.write_graphml(graph.with_attributes(whole=np.arange(6)), out := io.BytesIO(), positions=None)
    return {"stored": np.frombuffer(out.getvalue(), dtype=np.uint8)}


def _ours(given: Arrays) -> list[float]:
    graph = fg.read_graph(io.BytesIO(given["stored"].tobytes()), format="graphml")
    whole = graph.node_attributes["whole"].sum()
    return [graph.n_nodes, graph.n_edges, float(whole), float(graph.edge_weights.sum())]


def _truth(given: Arrays) -> list[float]:
    return [6, 5, 15, 7.5]


_SAVE = "open('a.graphml', 'wb').write(stored.tobytes())\n"


def _row(name: str, packages: tuple[str, ...], prepare: str, peer: str, note: str = "") -> Row:
    return Row(name, packages, WHAT, written, peer, _ours, _truth, _SAVE + prepare, note)


ROWS = [
    _row(
        "read_networkx",
        ("networkx==3.6.1", *CPU),
        "import networkx as nx",
        "G = nx.read_graphml('a.graphml')\nvalue = [len(G), G.number_of_edges(),\n"
        "    sum(v for _, v in G.nodes(data='whole')), sum(w for *_, w in G.edges(data='weight'))]",
    ),
    _row(
        "read_igraph",
        ("igraph==1.0.0", "numpy==2.2.6"),
        "import igraph",
        "G = igraph.Graph.Read_GraphML('a.graphml')\n"
        "value = [G.vcount(), G.ecount(), sum(G.vs['whole']), sum(G.es['weight'])]",
    ),
    _row(
        "read_networkit",
        ("networkit==11.2.2", *CPU),
        "import networkit",
        "G = networkit.readGraph('a.graphml', networkit.Format.GraphML)\n"
        "value = [G.numberOfNodes(), G.numberOfEdges(), np.nan, G.totalEdgeWeight()]",
        note="columns of nodes are not read",
    ),
    _row(
        "read_rustworkx",
        ("rustworkx==0.18.1", "numpy==2.2.6"),
        "import rustworkx",
        "G = rustworkx.read_graphml('a.graphml')[0]\nvalue = [G.num_nodes(), G.num_edges(),\n"
        "    sum(n['whole'] for n in G.nodes()), sum(e['weight'] for e in G.edges())]",
    ),
    _row(
        "read_scikit_network",
        ("scikit-network==0.33.5", *CPU),
        "from sknetwork.data import from_graphml",
        "G = from_graphml('a.graphml', weight_key='weight')\nA = G.adjacency\n"
        "value = [A.shape[0], A.nnz / 2, np.sum(G.node_attribute.whole), A.sum() / 2]",
    ),
    _row(
        "read_pygraphml",
        ("pygraphml==2.4.2", "networkx==3.6.1", "matplotlib", "numpy==2.2.6"),
        "from pygraphml import GraphMLParser",
        "G = GraphMLParser().parse('a.graphml')\nvalue = [len(G.nodes()), len(G.edges()),\n"
        "    sum(float(n['whole']) for n in G.nodes()), sum(float(e['weight']) for e in G.edges())]",
        note="values are text under the ids of keys, which featgraph names after the columns",
    ),
]
