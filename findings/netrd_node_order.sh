#!/bin/sh
# A graph that lies at the largest distance from itself.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q netrd==0.3.0 networkx==3.6.1 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import netrd
import networkx as nx

graph, again = nx.Graph(), nx.Graph()
graph.add_nodes_from([0, 1, 2, 3])
again.add_nodes_from([2, 0, 3, 1])
for one in (graph, again):
    one.add_edges_from([(0, 1), (1, 2), (2, 3)])
kinds = netrd.distance.Hamming, netrd.distance.DeltaCon, netrd.distance.JaccardDistance
seen = [nx.utils.graphs_equal(graph, again), *(round(float(kind().dist(graph, again)), 2) for kind in kinds)]
expected = [True, 1.0, 1.03, 0.5]
print("netrd", version("netrd"))
print('A path 0-1-2-3 and the same nodes and edges added in another order are one graph to networkx; their Hamming distance is 1.0 and DeltaCon 1.03, because nodes are matched by the order in which they came in, and JaccardDistance 0.5, because an edge is written from its earlier node to its later one.')
print("seen:", seen)
sys.exit(seen != expected)
END
