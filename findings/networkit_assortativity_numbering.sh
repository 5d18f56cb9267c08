#!/bin/sh
# An assortativity that depends on the numbers of the nodes.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q networkit==11.3 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import networkit as nk


def star(hub):
    graph = nk.Graph(5)
    for leaf in range(5):
        if leaf != hub:
            graph.addEdge(hub, leaf)
    degrees = [float(graph.degree(node)) for node in range(5)]
    return str(round(nk.correlation.Assortativity(graph, degrees).run().getCoefficient(), 3))


seen = {hub: star(hub) for hub in (0, 2, 4)}
expected = {0: "nan", 2: "-1.0", 4: "nan"}
print("networkit", version("networkit"))
print("A star of five joins each leaf to the hub, degree assortativity -1 by Newman's definition (each edge in both directions); it is -1 if the hub is node 2 and NaN if it is node 0, the undirected edges being taken in the direction in which they are stored.")
print("seen:", seen)
sys.exit(seen != expected)
END
