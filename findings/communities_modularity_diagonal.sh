#!/bin/sh
# A modularity that halves what lies between nodes and leaves out the nodes themselves.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q communities==3.0.0 networkx==3.6.1 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import networkx as nx
from communities.utilities import modularity, modularity_matrix

graph = nx.Graph([(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5), (2, 3)])
matrix = modularity_matrix(nx.to_numpy_array(graph))
groupings = [set(range(6))], [{0, 1, 2}, {3, 4, 5}]
seen = [
    (round(float(modularity(matrix, groups)), 3), round(nx.community.modularity(graph, groups), 3))
    for groups in groupings
]
expected = [(0.087, 0.0), (0.265, 0.357)]
print("communities", version("communities"))
print('All nodes in one community have modularity 0 by the definition, two triangles with one edge between them 5/14 = 0.357; the package has 0.087 and 0.265: each pair is counted once and the diagonal, which is negative, not at all.')
print("seen:", seen)
sys.exit(seen != expected)
END
