#!/bin/sh
# Of distances that differ by direction ripser and gudhi each take one half, and not the same.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q ripser==0.6.15 gudhi==3.13.0 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import gudhi
import numpy as np
import ripser

d = np.array([[0, 1, 5], [2, 0, 1], [3, 4, 0]], dtype=float)
tree = gudhi.RipsComplex(distance_matrix=d).create_simplex_tree(max_dimension=1)
tree.persistence()
bars = ripser.ripser(d, distance_matrix=True, maxdim=0)["dgms"][0], tree.persistence_intervals_in_dimension(0)
seen = [[end for _, end in diagram[:2].tolist()] for diagram in bars]
expected = [[1.0, 1.0], [2.0, 3.0]]
print("ripser", version("ripser"))
print('Vietoris-Rips bars of one matrix of directed distances: ripser takes what stands above the diagonal, gudhi what stands below, neither says so.')
print("seen:", seen)
sys.exit(seen != expected)
END
