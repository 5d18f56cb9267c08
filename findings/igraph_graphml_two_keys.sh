#!/bin/sh
# igraph refuses what networkx writes for a column of whole and real numbers.
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
graph.add_node("a", v=1)
graph.add_node("b", v=2.5)
nx.write_graphml(graph, "a.graphml")
try:
    seen = igraph.Graph.Read_GraphML("a.graphml").vs["v"]
except igraph.InternalError as error:
    seen = "Duplicate attribute name found: 'v'" in str(error)
expected = True
print("igraph", version("igraph"))
print('write_graphml of networkx declares two keys with one attr.name for a column of whole and real numbers; Read_GraphML refuses the file.')
print("seen:", seen)
sys.exit(seen != expected)
END
