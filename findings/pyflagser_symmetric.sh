#!/bin/sh
# A ring of four nodes has five loops.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q pyflagser==0.4.7 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
from importlib.metadata import version

import numpy as np
from pyflagser import flagser_unweighted

ring = np.array([[0, 1, 0, 1], [1, 0, 1, 0], [0, 1, 0, 1], [1, 0, 1, 0]])
triangle = 1 - np.eye(3)
seen = [
    [flagser_unweighted(matrix, directed=directed)["betti"] for directed in (True, False)]
    for matrix in (ring, triangle)
]
expected = [[[1, 5], [1, 1]], [[1, 0, 2], [1, 0, 0]]]
print("pyflagser", version("pyflagser"))
print("By default an edge in a symmetric matrix is two edges that close a loop: a ring of four nodes has Betti numbers (1, 5) and a triangle (1, 0, 2).")
print("seen:", seen)
sys.exit(seen != expected)
END
