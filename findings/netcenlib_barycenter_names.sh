#!/bin/sh
# A centrality that adds up the names of the nodes.
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

path = nx.path_graph(4)
moved = nx.relabel_nodes(path, {node: node + 10 for node in path})
seen = [sorted({round(v, 4) for v in netcenlib.barycenter_centrality(graph).values()}) for graph in (path, moved)]
try:
    netcenlib.barycenter_centrality(nx.relabel_nodes(path, str))
except TypeError as error:
    seen.append(str(error)[:23])
expected = [[0.1667], [0.0217], "unsupported operand typ"]
print("netcenlib", version("netcenlib"))
print("barycenter_centrality of a path of four is one over the sum of distances, 1/6 at the ends and 1/4 between; the package has 1/6 at all four, 1/46 once the nodes are called 10 to 13 and an error for text, because it adds the keys of the distances.")
print("seen:", seen)
sys.exit(seen != expected)
END
