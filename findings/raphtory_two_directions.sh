#!/bin/sh
# In one graph paths go against the edges in one function and not in the other.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q raphtory==0.17.0
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
from importlib.metadata import version

import raphtory
from raphtory import algorithms

graph = raphtory.Graph()
for source, target in (("a", "b"), ("c", "b")):
    graph.add_edge(0, source, target)
path = algorithms.single_source_shortest_path(graph, "a")["c"]["path"]
between = algorithms.betweenness_centrality(graph, normalized=False)["b"]
seen = [node.name for node in path], between["betweenness_centrality"]
expected = ["a", "b", "c"], 0.0
print("raphtory", version("raphtory"))
print("The edges a -> b and c -> b: the shortest path from a to c is [a, b, c], while the betweenness of b is 0, as if it were on no path.")
print("seen:", seen)
sys.exit(seen != expected)
END
