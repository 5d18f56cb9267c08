#!/bin/sh
# A block model whose small edges are larger than asked for.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q hypernetx==2.4.3 networkx==3.6.1 numpy==2.2.6 pandas==2.3.3 scipy==1.15.3 scikit-learn==1.7.2
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import random

import numpy as np
from hypernetx.algorithms.generation.generative_models import chung_lu_hypergraph, dcsbm_hypergraph

random.seed(0)
degrees = dict.fromkeys(range(20), 10)
sizes = {f"{block}{edge}": size for block in range(10) for edge, size in zip("abc", (16, 2, 2))}
groups = dict.fromkeys(degrees, 0), {edge: int(edge[0]) for edge in sizes}
models = lambda: chung_lu_hypergraph(degrees, sizes), lambda: dcsbm_hypergraph(degrees, sizes, *groups, np.full((1, 10), 20))
seen = []
for draw in models:
    graphs = [draw() for _ in range(20)]
    small = [graph.size(edge) if edge in graph.edges else 0 for graph in graphs for edge in sizes if sizes[edge] == 2]
    seen.append(round(float(np.mean(small)), 1))
expected = [2.0, 5.9]
print("hypernetx", version("hypernetx"))
print("Edges of two nodes have 2.0 nodes on average as chung_lu_hypergraph draws them and 5.9 as dcsbm_hypergraph does, for probabilities that are the same: a pair that was turned down is drawn again instead of the next one, because the step to the next stands inside the condition (generative_models.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
