#!/bin/sh
# networkx needs a line for every vertex of a Pajek file, and a shape behind its place.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q networkx==3.6.1
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import networkx as nx

open("few.net", "w").write('*Vertices 3\n1 "a"\n*Edges\n1 2\n2 3\n')
open("places.net", "w").write('*Vertices 2\n1 "a" 0.1 0.2 box\n2 "b" 0.3 0.4\n*Edges\n1 2\n')
try:
    few = list(nx.read_pajek("few.net"))
except ValueError as error:
    few = str(error)
seen = few, dict(nx.read_pajek("places.net").nodes(data=True))
expected = (
    "not enough values to unpack (expected 2, got 1)",
    {"a": {"id": "1", "x": 0.1, "y": 0.2, "shape": "box"}, "b": {"id": "2"}},
)
print("networkx", version("networkx"))
print('read_pajek stops where vertices have no line of their own (Pajek then names them by number), and drops x and y of a vertex without a shape.')
print("seen:", seen)
sys.exit(seen != expected)
END
