#!/bin/sh
# networkx reads no Cytoscape.js element without the keys name and value.
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

elements = {"nodes": [{"data": {"id": "a"}}], "edges": []}
graph = {"data": [], "directed": False, "multigraph": False, "elements": elements}
try:
    seen = list(nx.cytoscape_graph(graph))
except KeyError as error:
    seen = repr(error)
expected = "KeyError('value')"
print("networkx", version("networkx"))
print("cytoscape_graph stops with KeyError 'value' at a node that has only an id, as Cytoscape.js asks.")
print("seen:", seen)
sys.exit(seen != expected)
END
