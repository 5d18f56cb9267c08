#!/bin/sh
# A mean path length that counts paths of a node to itself.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q pathpy2==2.2.0 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import pathpy
from pathpy.algorithms import shortest_paths

triangle, alone = pathpy.Network(), pathpy.Network()
for ends in ("ab", "bc", "ca"):
    triangle.add_edge(*ends)
alone.add_edge("a", "b")
alone.add_edge("c", "d")
seen = [round(float(shortest_paths.avg_path_length(graph)), 3) for graph in (triangle, alone)]
expected = [0.667, float("inf")]
print("pathpy2", version("pathpy2"))
print("All nodes of a triangle are one step apart, and avg_path_length is 0.667: it is the mean of the whole matrix of distances with the zeros of its diagonal, (n - 1) / n of the mean.")
print("seen:", seen)
sys.exit(seen != expected)
END
