#!/bin/sh
# Three libraries, two average clustering coefficients: leaves count as 0 or not at all.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q networkit==11.2.2 networkx==3.6.1 igraph==1.0.0 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import igraph
import networkit
import networkx as nx

edges = [(0, 1), (1, 2), (0, 2), (2, 3), (2, 4)]
plain = nx.Graph(edges)
plain.add_node(5)
net = networkit.Graph(6)
for a, b in edges:
    net.addEdge(a, b)
values = (
    nx.average_clustering(plain),
    networkit.globals.ClusteringCoefficient.sequentialAvgLocal(net),
    igraph.Graph(6, edges).transitivity_avglocal_undirected(),
)
seen = [round(float(v), 3) for v in values]
expected = [0.361, 0.722, 0.722]
print("networkit", version("networkit"))
print('A triangle with two leaves and a lone node: networkx counts leaves as 0, networkit and igraph (by default) leave them out of the mean.')
print("seen:", seen)
sys.exit(seen != expected)
END
