#!/bin/sh
# A failed call that leaves networkx with another graph class.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q pymnet==1.0.0 networkx==3.6.1 numpy==2.2.6 matplotlib==3.10.7
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import networkx
import pymnet
from pymnet import nx

net = pymnet.MultilayerNetwork(aspects=0)
net[0, 1] = net[2, 3] = 1
try:
    nx.diameter(net)
except networkx.NetworkXError:
    pass
graph = networkx.Graph()
graph.add_node("a", colour="red")
seen = networkx.Graph.__name__, dict(graph.nodes["a"])
expected = ("MonoplexGraphNetworkxView", {})
print("pymnet", version("pymnet"), "networkx", version("networkx"))
print("After pymnet.nx.diameter of a network in two parts, which networkx refuses, networkx.Graph is a class of pymnet for the whole process, and drops attributes of nodes without a word: it is set back only where a call succeeds (nxwrap.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
