#!/bin/sh
# Distances of a graph as it was before an edge was added.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q netcenlib==0.2.2 networkx==3.6.1 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import netcenlib
import networkx as nx

graph = nx.path_graph(5)
before = netcenlib.lin_centrality(graph)[0]
graph.add_edge(0, 4)
seen = [round(float(v), 3) for v in (before, netcenlib.lin_centrality(graph)[0], netcenlib.lin_centrality(graph.copy())[0])]
expected = [1.6, 1.6, 2.667]
print("netcenlib", version("netcenlib"))
print("lin_centrality of the end of a path of five is 16/10; once an edge has closed the path to a ring it is 16/6 for a copy and still 16/10 for the graph itself: common/nx_cached.py keeps distances by the identity of a graph that can change.")
print("seen:", seen)
sys.exit(seen != expected)
END
