#!/bin/sh
# A visibility graph that keeps the number of edges of the series before.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q ts2vg==1.2.5 numpy==2.2.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import ts2vg

graph = ts2vg.NaturalVG(weighted="slope")
seen = []
for series in [1, 2, 3.5, 1, 0.2], [3, 1, 2, 1, 3, 1, 4, 2]:
    graph.build(series)
    seen.append((graph.n_edges, len(graph.edges), len(graph.weights)))
expected = [(6, 6, 6), (6, 12, 6)]
print("ts2vg", version("ts2vg"))
print("The second series has 12 edges and the graph says 6, the number of the first one; weights has 6 entries for 12 edges: build() does not clear what n_edges keeps (graph/base.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
