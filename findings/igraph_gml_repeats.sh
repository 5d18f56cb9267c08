#!/bin/sh
# igraph keeps the last of the values that networkx writes for a list in GML.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q igraph==1.0.0 networkx==3.6.1
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import igraph
import networkx as nx

graph = nx.Graph()
graph.add_node(0, v=[1, 2, 3])
nx.write_gml(graph, "a.gml")
seen = nx.read_gml("a.gml").nodes["0"]["v"], igraph.Graph.Read_GML("a.gml").vs["v"]
expected = [1, 2, 3], [3.0]
print("igraph", version("igraph"))
print('write_gml of networkx repeats the key of a list; Read_GML keeps the last value only, without a word.')
print("seen:", seen)
sys.exit(seen != expected)
END
