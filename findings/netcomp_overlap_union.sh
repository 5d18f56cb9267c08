#!/bin/sh
# A vertex and edge overlap that counts unions: a graph overlaps least with itself.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q networkx==2.8.8 numpy==1.26.4 scipy==1.15.3
# It asks for networkx below 2, which no Python since 3.9 can import; what is called here needs nothing that changed.
"$dir/venv/bin/python" -m pip install -q --no-deps NetComp==0.2.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import netcomp
import numpy as np

path = np.eye(4, k=1) + np.eye(4, k=-1)
other = np.ones((4, 4)) - np.eye(4) - path
pairs = (path, path), (path, other)
seen = [(netcomp.vertex_edge_overlap(*pair), netcomp.vertex_edge_distance(*pair)) for pair in pairs]
seen = [tuple(round(float(v), 3) for v in pair) for pair in seen]
expected = [(0.5, 1.0), (0.714, 0.4)]
print("NetComp", version("netcomp"))
print("The overlap of a path with itself is 0.5 and its distance 1.0, that with its complement, which shares no edge, 0.714 and 0.4: vertex_edge_overlap (distance/exact.py) gives V1&V2 and E1&E2 in its docstring and computes V1|V2 and E1|E2.")
print("seen:", seen)
sys.exit(seen != expected)
END
