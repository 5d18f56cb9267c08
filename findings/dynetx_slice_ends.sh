#!/bin/sh
# dynetx says of a slice that its interactions end before they begin.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q dynetx==0.3.2
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import dynetx
import networkx as nx

graph = dynetx.DynGraph()
graph.add_interaction("a", "b", t=0, e=3)
try:
    copy = nx.Graph(graph).number_of_edges()
except nx.NetworkXError as error:
    copy = str(error)
seen = graph.interactions(), graph.time_slice(0).interactions(), copy
expected = (
    [("a", "b", {"t": [[0, 2]]})],
    [("a", "b", {"t": [[0, -1]]})],
    "Input is not a correct NetworkX graph.",
)
print("dynetx", version("dynetx"))
print('interactions() of time_slice(0) gives the span [0, -1] for an interaction that lasts from 0 to 2, and networkx cannot copy the graph.')
print("seen:", seen)
sys.exit(seen != expected)
END
