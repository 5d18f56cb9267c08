#!/bin/sh
# The strongest link of a triangle, first by one backbone and last by another.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q networkx==2.8.8 numpy==1.26.4 scipy==1.13.0 pandas==2.2.2 igraph==0.10.2 python-louvain==0.16 statsmodels==0.14.2 matplotlib==3.8.4 seaborn==0.13.2 tqdm==4.70.1
"$dir/venv/bin/python" -m pip install -q --no-deps netbone==0.2.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import contextlib
import io

import networkx as nx

with contextlib.redirect_stdout(io.StringIO()):
    import netbone

graph = nx.Graph()
graph.add_weighted_edges_from([("a", "b", 9), ("b", "c", 4), ("a", "c", 1)])
seen = []
for backbone, key in ((netbone.betweenness, "weighted-betweenness"), (netbone.high_salience_skeleton, "salience")):
    values = nx.get_edge_attributes(backbone(graph).graph, key)
    seen.append([round(float(values[edge]), 2) for edge in graph.edges])
near = nx.Graph()
near.add_weighted_edges_from([(i, j, 1 / weight) for i, j, weight in graph.edges(data="weight")])
truth = nx.edge_betweenness_centrality(near, weight="weight")
seen.append([round(truth[edge], 2) for edge in graph.edges])
expected = [[0.0, 0.67, 0.67], [1.0, 0.0, 1.0], [0.67, 0.0, 0.67]]
print("netbone", version("netbone"))
print("Of links of weight 9, 1 and 4 in a triangle the salience is 1, 0 and 1, with distances of one over the weight; the backbone of betweenness gives 0, 0.67 and 0.67 and drops the strongest link first, because it takes weights for distances as they are. With one over the weight it would be 0.67, 0 and 0.67.")
print("seen:", seen)
sys.exit(seen != expected)
END
