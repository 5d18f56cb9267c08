#!/bin/sh
# networkx loses the nodes and edges of subgraphs in Graphviz files.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q networkx==3.6.1 pydot==4.0.1
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import networkx as nx

open("a.dot", "w").write("graph { a -- b; subgraph cluster_one { c -- d; e; } }")
graph = nx.nx_pydot.read_dot("a.dot")
seen = sorted(graph), [tuple(sorted(edge)) for edge in graph.edges()]
expected = ["a", "b"], [("a", "b")]
print("networkx", version("networkx"))
print('nx_pydot.read_dot drops nodes and edges that stand only inside a subgraph, without a word.')
print("seen:", seen)
sys.exit(seen != expected)
END
