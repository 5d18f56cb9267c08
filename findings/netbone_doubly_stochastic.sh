#!/bin/sh
# Doubly stochastic scores that add up to anything but one.
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
import numpy as np

with contextlib.redirect_stdout(io.StringIO()):
    import netbone

graph = nx.complete_graph(5)
for weight, (i, j) in enumerate(graph.edges, start=1):
    graph.edges[i, j]["weight"] = weight
truth = nx.to_numpy_array(graph)
for _ in range(1000):
    truth /= truth.sum(axis=1, keepdims=True)
    truth /= truth.sum(axis=0, keepdims=True)
scored = netbone.doubly_stochastic(graph).graph
found = nx.to_numpy_array(scored, nodelist=sorted(scored), weight="score")
seen = [[round(float(value), 2) for value in matrix.sum(axis=1)] for matrix in (truth, found)]
turned = nx.relabel_nodes(graph, {node: 4 - node for node in graph})
try:
    netbone.doubly_stochastic(turned)
    seen.append("no error")
except Exception as error:
    seen.append(type(error).__name__)
expected = [[1.0] * 5, [1.0, 1.93, 1.99, 1.93, 1.0], "NetworkXError"]
print("netbone", version("netbone"))
print("Slater (2009) scales the matrix of weights until each row and column adds up to 1; the scores of a complete graph of five add up to 1.0, 1.93, 1.99, 1.93 and 1.0 by node, and with the same nodes numbered the other way round it ends in an error: only the half of the matrix is scaled that holds each link as its two ends were written, and a link whose first end is the larger one is dropped (doubly_stochastic.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
