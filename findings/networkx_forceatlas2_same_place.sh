#!/bin/sh
# Two nodes at one place take all other nodes with them.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q networkx==3.6.1 numpy==2.2.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import networkx as nx
import numpy as np

graph = nx.path_graph(4)
places = {0: (0.0, 0.0), 1: (0.0, 0.0), 2: (1.0, 0.0), 3: (2.0, 1.0)}
start = {node: np.array(place) for node, place in places.items()}
drawn = {
    name: layout(graph, pos=dict(start), seed=0)
    for name, layout in (("forceatlas2", nx.forceatlas2_layout), ("spring", nx.spring_layout))
}
seen = {name: int(np.isnan(list(found.values())).any(axis=1).sum()) for name, found in drawn.items()}
expected = {"forceatlas2": 4, "spring": 0}
print("networkx", version("networkx"))
print("forceatlas2_layout of a path whose first two nodes start at one place: all four nodes end at NaN; spring_layout parts them.")
print("seen:", seen)
sys.exit(seen != expected)
END
