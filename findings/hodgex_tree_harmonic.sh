#!/bin/sh
# A flow on a tree with a part that runs around loops.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q hodgex==0.1.0 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
import scipy.sparse as sp
from hodgex.laplacian import hodge_decompose_edge

seen = []
rng = np.random.default_rng(0)
for n_nodes in (10, 100):
    links = np.arange(n_nodes - 1)
    ends = np.concatenate([links, links + 1])
    signs = np.repeat([-1.0, 1.0], len(links))
    boundary = sp.csr_matrix((signs, (ends, np.tile(links, 2))), shape=(n_nodes, len(links)))
    flow = rng.normal(size=len(links))
    no_triangles = sp.csr_matrix((len(links), 0))
    harmonic = hodge_decompose_edge(flow, boundary, no_triangles)[2]
    potential = np.concatenate([[0], np.cumsum(flow)])
    exact = np.linalg.norm(boundary.T @ potential - flow)
    share = np.linalg.norm(harmonic) / np.linalg.norm(flow)
    seen.append((n_nodes, bool(share > 0.05), bool(exact > 1e-9)))
expected = [(10, False, False), (100, True, False)]
print("hodgex", version("hodgex"))
print("A path has no loops, so that any flow on it is a gradient and its harmonic part is 0; of a path of ten nodes it is, of one of 100 it is about 0.15 of a random flow, because lsqr, which fits the potential, stops after twice as many steps as there are nodes, unheeded, and all that is left over is called harmonic (laplacian.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
