#!/bin/sh
# Weights that are summed or not by the order in which two ends are written.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q networkx-gdf==1.5.5 networkx==3.4.2 pandas==2.2.3 numpy==2.2.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import io

from networkx_gdf import read_gdf

nodes = "nodedef>name VARCHAR,age DOUBLE\na,1.5\nb,\n"
edges = "edgedef>node1 VARCHAR,node2 VARCHAR,weight DOUBLE\na,b,2.0\n"
seen = []
for last in ("a,b,3.0\n", "b,a,3.0\n"):
    graph = read_gdf(io.StringIO(nodes + edges + last), multigraph=False)
    seen.append((type(graph).__name__, graph["a"]["b"]["weight"]))
graph = read_gdf(io.StringIO(nodes + edges), fillna=-1)
seen.append(graph.nodes["b"]["age"])
expected = [("Graph", 5.0), ("Graph", 3.0), ""]
print("networkx-gdf", version("networkx-gdf"))
print("multigraph=False is said to sum the weights of repeated edges: of an undirected file with weights 2 and 3 between a and b it makes 5, or 3 if the second is written as b,a, because pairs are grouped by their order and the last group stays. fillna=-1, the value for what is missing, puts empty text in a column of numbers, whatever the value (networkx_gdf.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
