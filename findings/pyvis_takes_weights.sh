#!/bin/sh
# A viewer that takes the weights out of the caller's graph.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q pyvis==0.3.2 networkx==3.6.1
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import networkx as nx
from pyvis.network import Network

graph = nx.Graph()
graph.add_edge("a", "b", weight=0.5)
Network().from_nx(graph)
seen = dict(graph.edges["a", "b"])
expected = {"width": 0.5}
print("pyvis", version("pyvis"))
print('Network.from_nx changes the graph that it is given: the edge has no weight afterwards.')
print("seen:", seen)
sys.exit(seen != expected)
END
