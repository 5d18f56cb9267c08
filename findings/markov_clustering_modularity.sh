#!/bin/sh
# A modularity that is below zero for two triangles and their link.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q markov_clustering==0.0.6.dev0 numpy==1.26.4 scipy==1.13.1 networkx==3.4.2 scikit-learn==1.5.2
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import networkx as nx
import numpy as np
from markov_clustering.modularity import modularity

graph = nx.Graph([(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 5), (5, 3)])
matrix = nx.to_numpy_array(graph)
degree, seen = matrix.sum(axis=0), []
for groups in ([(0, 1, 2), (3, 4, 5)], [tuple(range(6))]):
    label = np.array([[node in group for group in groups] for node in graph]).astype(float)
    truth = ((matrix - np.outer(degree, degree) / 14) * (label @ label.T)).sum() / 14
    seen.append((round(float(modularity(np.matrix(matrix), groups)), 3), round(float(truth), 3) + 0.0))
expected = [(-0.449, 0.357), (-2.306, 0.0)]
print("markov_clustering", version("markov_clustering"))
print("Two triangles joined by a link have modularity 0.357, all nodes in one group 0; the package has -0.449 and -2.306: for an undirected matrix it adds rows and columns, so that each degree counts twice and the expected links four times, and it leaves out the pairs of a node with itself (modularity.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
