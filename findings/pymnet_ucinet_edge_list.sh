#!/bin/sh
# An edge list of UCINET that is read as a matrix.
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
import pymnet

text = """dl n=3
format = edgelist1
labels:
a,b,c
data:
1 2 0.5
2 3 0.25
1 3 4
"""
net = pymnet.read_ucinet(iter(text.splitlines(keepends=True)))
seen = sorted((*sorted(edge[:2]), edge[2]) for edge in net.edges)
expected = [("a", "b", 2.0), ("a", "c", 1.0), ("b", "c", 3.0)]
print("pymnet", version("pymnet"))
print("The edges a-b, b-c and a-c of weight 0.5, 0.25 and 4 become 2, 3 and 1, numbers of nodes: an edgelist1 of three columns and as many nodes is read as a matrix, because the question for the format is true for every format (netio.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
