#!/bin/sh
# A dense matrix with a loop at each node is taken for a Laplacian.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q NetLSD==1.0.2 networkx==3.6.1 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import netlsd
import networkx as nx
import numpy as np
import scipy.sparse

ring = nx.to_numpy_array(nx.cycle_graph(6)) + np.eye(6)
forms = ring, scipy.sparse.csr_array(ring), nx.from_numpy_array(ring)
seen = [round(float(netlsd.heat(form, np.array([10.0]))[0]), 2) for form in forms]
expected = [3671.41, 0.18, 0.18]
print("NetLSD", version("netlsd"))
print("The heat trace of a ring of six with a loop at each node, a share of at most 1, is 3671 as a dense matrix and 0.18 as a sparse one or as a graph: mat_to_laplacian (util.py) subtracts the diagonal of a dense matrix as a row, sees nothing above 0 and returns the matrix as its own Laplacian.")
print("seen:", seen)
sys.exit(seen != expected)
END
