#!/bin/sh
# A connected graph with an algebraic connectivity of 0.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q graph-tiger==0.8.0 networkx==3.6.1 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import networkx
from graph_tiger.measures import run_measure

path = networkx.path_graph(100)
parts = networkx.disjoint_union(path, path)
seen = [abs(float(run_measure(graph, "algebraic_connectivity"))) for graph in (path, parts)]
seen.append(round(float(networkx.algebraic_connectivity(path, seed=0)), 6))
expected = [0.0, 0.0, 0.000987]
print("graph-tiger", version("graph-tiger"), "networkx", version("networkx"))
print("The algebraic connectivity is above 0 where a graph is connected, as the docstring says too. That of a path of 100 nodes is 0.0, as that of two such paths, and 0.000987 by networkx: nearly all measures are rounded to two digits behind the point (measures.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
