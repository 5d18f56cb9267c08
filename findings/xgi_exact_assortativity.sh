#!/bin/sh
# An exact assortativity that is another quantity than its own samples.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q xgi==0.10.2 networkx==3.6.1 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
import xgi

edges = [[0, 1], [2, 3], [0, 4], [0, 1, 2, 3, 4, 5], [5, 6], [0, 6], [0, 5]]
graph = xgi.Hypergraph(edges)
degree = graph.degree()
pairs, weights = [], []
for edge in edges:
    for i in edge:
        for j in edge:
            if i != j:
                pairs.append((degree[i], degree[j]))
                weights.append(1 / (len(edge) * (len(edge) - 1)))
covariance = np.cov(np.transpose(pairs), aweights=weights, ddof=0)
exact = xgi.degree_assortativity(graph, exact=True)
drawn = xgi.degree_assortativity(graph, num_samples=100_000, seed=0)
seen = [round(float(v), 2) for v in (exact, drawn, covariance[0, 1] / covariance[0, 0])]
expected = [-0.26, -0.42, -0.42]
print("xgi", version("xgi"))
print("Samples draw an edge and then two of its nodes, as Chodrow (2020) defines it, and tend to -0.42; exact=True, said to go over all edges instead of samples, gives -0.26, because every pair of nodes weighs the same and an edge of six has fifteen (assortativity.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
