#!/bin/sh
# networkit wants the nodes of a GraphML file before its edges.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q networkit==11.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import networkit as nk

open("a.graphml", "w").write("""<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<graph id="G" edgedefault="undirected"><edge source="a" target="b"/><node id="a"/><node id="b"/></graph></graphml>""")
try:
    seen = nk.readGraph("a.graphml", nk.Format.GraphML).numberOfEdges()
except OSError as error:
    seen = str(error)
expected = "a.graphml is not a valid Format.GraphML file: 'a'"
print("networkit", version("networkit"))
print('readGraph calls a GraphML file invalid whose edges stand before the nodes; the schema allows any order.')
print("seen:", seen)
sys.exit(seen != expected)
END
