#!/bin/sh
# A dynamic network is asked for all of its own time, and its last edge is missing.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q dynetworkx==0.4.2 networkx==3.6.1 numpy==2.2.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
from importlib.metadata import version

import dynetworkx

graph = dynetworkx.ImpulseGraph()
graph.add_edge("a", "b", 0)
graph.add_edge("b", "c", 5)
begin, end = graph.interval()
seen = (begin, end), list(graph.edges(begin=begin, end=end))
expected = (0, 5), [("a", "b", 0)]
print("dynetworkx", version("dynetworkx"))
print("interval() of an ImpulseGraph is (0, 5), the times of its first and last edge; edges(begin=0, end=5) leaves out the last.")
print("seen:", seen)
sys.exit(seen != expected)
END
