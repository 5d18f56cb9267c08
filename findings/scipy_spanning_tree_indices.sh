#!/bin/sh
# One function of csgraph refuses what its siblings take.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q scipy==1.15.3 numpy==2.2.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys

import numpy as np
import scipy
from scipy.sparse import csgraph, csr_array

graph = csr_array(np.array([[0, 1.0, 3], [0, 0, 2], [0, 0, 0]]))
graph.indices, graph.indptr = (part.astype(np.int64) for part in (graph.indices, graph.indptr))
seen = {}
for name in ("connected_components", "shortest_path", "reverse_cuthill_mckee", "minimum_spanning_tree"):
    try:
        getattr(csgraph, name)(graph)
        seen[name] = "runs"
    except ValueError as error:
        seen[name] = str(error)
expected = dict.fromkeys(seen, "runs") | {"minimum_spanning_tree": "Buffer dtype mismatch, expected 'const ITYPE_t' but got 'long'"}
print("scipy", scipy.__version__)
print("A graph with 64-bit indices goes through components, paths and orderings; minimum_spanning_tree stops at its buffer.")
print("seen:", seen)
sys.exit(seen != expected)
END
