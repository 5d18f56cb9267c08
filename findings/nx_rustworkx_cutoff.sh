#!/bin/sh
# A networkx backend accepts cutoff and does not heed it.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q nx-rustworkx==0.2.1 networkx==3.6.1 rustworkx==0.18.1 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import networkx as nx

path = nx.path_graph(6)
own = nx.single_source_shortest_path_length(path, 0, cutoff=1)
dispatched = nx.single_source_shortest_path_length(path, 0, cutoff=1, backend="rustworkx")
seen = len(own), len(dispatched)
expected = 2, 6
print("nx-rustworkx", version("nx-rustworkx"))
print("single_source_shortest_path_length(path of 6, 0, cutoff=1): networkx finds 2 nodes, the same call with backend='rustworkx' all 6.")
print("seen:", seen)
sys.exit(seen != expected)
END
