#!/bin/sh
# The in-degree of a directed hypergraph counts what leaves.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q hypergraphx==1.8.0 xgi==0.10.2 networkx==3.6.1 numpy==2.2.6 scipy==1.15.3 pandas==2.3.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import hypergraphx
import networkx as nx
import xgi
from hypergraphx.measures.directed import in_degree, out_degree

arcs = [(0, 1), (0, 2), (0, 3)]
one = hypergraphx.DirectedHypergraph([((i,), (j,)) for i, j in arcs])
two, three = xgi.DiHypergraph([({i}, {j}) for i, j in arcs]), nx.DiGraph(arcs)
seen = [
    (in_degree(one, 0), out_degree(one, 0)),
    (two.nodes.in_degree.asdict()[0], two.nodes.out_degree.asdict()[0]),
    (three.in_degree(0), three.out_degree(0)),
]
expected = [(3, 0), (0, 3), (0, 3)]
print("hypergraphx", version("hypergraphx"), "xgi", version("xgi"))
print("Three hyperedges from node 0 to one other node each are three arcs: in-degree 0 and out-degree 3 in xgi and networkx. hypergraphx has 3 and 0: its in_degree counts the hyperedges that have the node among their sources (degree.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
